// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/frame.hpp>

#include "support/check.hpp"

#include <utility>

using namespace vmsg;

namespace {

// Byte i is i + 1.
constexpr void fill(std::uint8_t (&bytes)[112]) {
    for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<std::uint8_t>(i + 1);
}

// Whether a value at byte `Offset` of the image is where it is in the bytes, and nothing else is.
template <class T, std::size_t Offset> constexpr bool puts_at() {
    std::uint8_t bytes[112]{};
    T value{};
    for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | std::uint64_t{0x81 + i} << 8 * i);
    store_le(bytes + Offset, value);
    word_image image;
    image.put<Offset>(value);
    return image == from_bytes(bytes) && image.get<Offset, T>() == value;
}
template <class T, std::size_t... Offset> constexpr bool puts_at_all(std::index_sequence<Offset...>) {
    // The last word and the two before it, so that all places in a word and across two occur, and the end.
    return (true && ... && puts_at<T, 112 - sizeof(T) - Offset>());
}

template <class T, std::size_t... Offset> constexpr bool gets_at_all(std::index_sequence<Offset...>) {
    std::uint8_t bytes[112]{};
    fill(bytes);
    const word_image image = from_bytes(bytes);
    return (true && ... && (image.get<Offset, T>() == load_le<T>(bytes + Offset)));
}

constexpr bool every_size_round_trips() {
    std::uint8_t bytes[112]{};
    fill(bytes);
    for (std::size_t size = 0; size <= 112; ++size) {
        std::uint8_t back[112]{};
        for (auto& byte : back) byte = 0xa5;
        to_bytes(from_bytes({bytes, size}), back);
        for (std::size_t i = 0; i < 112; ++i)
            if (back[i] != (i < size ? bytes[i] : 0)) return false;
    }
    return true;
}

constexpr bool sees_every_byte() {
    for (std::size_t at = 0; at < 112; ++at) {
        std::uint8_t bytes[112]{};
        bytes[at] = 0x80;
        const word_image image = from_bytes(bytes);
        for (std::size_t from = 0; from <= 120; ++from)
            if (image.zero_from(from) != (from > at)) return false;
    }
    return word_image{}.zero_from(0);
}

constexpr bool words_are_little_endian_loads() {
    std::uint8_t bytes[112]{};
    fill(bytes);
    const word_image image = from_bytes(bytes);
    return image[0] == 0x0807060504030201 && image[13] == 0x706f6e6d6c6b6a69;
}

constexpr bool words_can_be_set() {
    word_image image;
    image[13] = 5;
    return image[13] == 5 && image[0] == 0 && image != word_image{} && !image.zero_from(104) && image.zero_from(105);
}

constexpr bool zero_changes_nothing() {
    word_image image;
    image.zero<0, 112>();
    return image == word_image{};
}

} // namespace

TEST_CASE("a word is the little-endian load of eight bytes") {
    CX_CHECK(words_are_little_endian_loads());
    CX_CHECK(words_can_be_set());
    CX_CHECK(zero_changes_nothing());
}

TEST_CASE("a word image holds integers at any offset, also across words") {
    using last_words = std::make_index_sequence<24>;
    CX_CHECK(puts_at_all<std::uint8_t>(last_words{}));
    CX_CHECK(puts_at_all<std::uint16_t>(last_words{}));
    CX_CHECK(puts_at_all<std::uint32_t>(last_words{}));
    CX_CHECK(puts_at_all<std::uint64_t>(last_words{}));
    CX_CHECK(gets_at_all<std::uint8_t>(last_words{}));
    CX_CHECK(gets_at_all<std::uint16_t>(last_words{}));
    CX_CHECK(gets_at_all<std::uint32_t>(last_words{}));
    CX_CHECK(gets_at_all<std::uint64_t>(last_words{}));
}

TEST_CASE("bytes and words are the same, zero after the message") { CX_CHECK(every_size_round_trips()); }

TEST_CASE("zero_from sees every byte of the padding") { CX_CHECK(sees_every_byte()); }
