// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `word_image`: a message as the 14 register values in which a direct FF-A message carries it (x4..x17).
// Source: FF-A, FFA_MSG_SEND_DIRECT_REQ2: 112 bytes of payload, word i is the little-endian load of bytes 8i to 8i+7.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>

namespace vmsg {

namespace detail {

/// Whether the bytes from `from` on that 14 words stand for are all zero.
constexpr bool zero_words(const std::uint64_t* words, std::size_t from) {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < 14; ++i) {
        if (8 * i + 8 <= from) continue;
        seen |= 8 * i >= from ? words[i] : words[i] >> (8 * (from % 8));
    }
    return seen == 0;
}

/// Adds `value` at byte `Offset` of little-endian words that are still zero there.
template <std::size_t Offset, std::unsigned_integral T>
VMSG_INLINE constexpr void put_in(std::uint64_t* words, T value) {
    constexpr std::size_t word = Offset / 8;
    constexpr std::size_t shift = 8 * (Offset % 8);
    words[word] |= std::uint64_t{value} << shift;
    if constexpr (shift + 8 * sizeof(T) > 64) words[word + 1] |= std::uint64_t{value} >> (64 - shift);
}

/// The value at byte `Offset` of little-endian words.
template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr T get_from(const std::uint64_t* words) {
    constexpr std::size_t word = Offset / 8;
    constexpr std::size_t shift = 8 * (Offset % 8);
    std::uint64_t value = words[word] >> shift;
    if constexpr (shift + 8 * sizeof(T) > 64) value |= words[word + 1] << (64 - shift);
    return static_cast<T>(value);
}

} // namespace detail

namespace wire {

/// Adds integers at constant offsets to words that are zero there. `Size` bytes at most.
template <std::size_t Size> class word_sink {
public:
    VMSG_INLINE constexpr explicit word_sink(std::uint64_t* to) : to_(to) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr void put(T value) {
        static_assert(Offset + sizeof(T) <= Size);
        detail::put_in<Offset>(to_, value);
    }
    template <std::size_t Offset, std::size_t Length> VMSG_INLINE constexpr void zero() {}

private:
    std::uint64_t* to_;
};

/// Reads integers at constant offsets from the 14 words of a direct message.
class word_source {
public:
    VMSG_INLINE constexpr explicit word_source(const std::uint64_t* from) : from_(from) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr T get() const {
        static_assert(Offset + sizeof(T) <= 112);
        return detail::get_from<Offset, T>(from_);
    }

private:
    const std::uint64_t* from_;
};

} // namespace wire

/// 14 register values, all zero at first. Values, not memory: fields are placed and found with shifts, so that neither
/// the byte order of the host nor its alignment rules matter, and no narrow store is read back as a wide one.
class word_image {
public:
    static constexpr std::size_t size = 14;        ///< words
    static constexpr std::size_t size_bytes = 112; ///< bytes of message that they carry

    VMSG_INLINE constexpr word_image() = default;

    VMSG_INLINE constexpr std::uint64_t& operator[](std::size_t i) {
        VMSG_ASSERT(i < size);
        return words_[i];
    }
    VMSG_INLINE constexpr const std::uint64_t& operator[](std::size_t i) const {
        VMSG_ASSERT(i < size);
        return words_[i];
    }

    /// Adds `value` at byte `Offset`, where the image is still zero.
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr void put(T value) {
        static_assert(Offset + sizeof(T) <= size_bytes);
        detail::put_in<Offset>(words_, value);
    }
    template <std::size_t Offset, std::size_t Length> VMSG_INLINE constexpr void zero() {}

    /// The value at byte `Offset`.
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr T get() const {
        static_assert(Offset + sizeof(T) <= size_bytes);
        return detail::get_from<Offset, T>(words_);
    }

    /// Whether the bytes from `from` on are all zero.
    constexpr bool zero_from(std::size_t from) const { return detail::zero_words(words_, from); }

    friend constexpr bool operator==(const word_image&, const word_image&) = default;

private:
    std::uint64_t words_[size]{};
};

namespace detail {

/// Adds the little-endian words that the bytes make to `words`, which are zero.
template <class Words> constexpr void load_words(Words&& words, byte_view bytes) {
    const std::size_t whole = bytes.size() / 8;
    const std::size_t rest = bytes.size() % 8;
    for (std::size_t i = 0; i < whole; ++i) words[i] = load_le<std::uint64_t>(bytes.data() + 8 * i);
    if (whole != 0 && rest != 0)
        words[whole] = load_le<std::uint64_t>(bytes.data() + bytes.size() - 8) >> (8 * (8 - rest));
    else
        for (std::size_t i = 0; i < rest; ++i) words[whole] |= std::uint64_t{bytes[i]} << (8 * i);
}

/// Writes as many bytes of the words as there is room for.
template <class Words> constexpr void store_words(byte_span to, const Words& words) {
    const std::size_t whole = to.size() / 8;
    for (std::size_t i = 0; i < whole; ++i) store_le(to.data() + 8 * i, std::uint64_t{words[i]});
    for (std::size_t i = 8 * whole; i < to.size(); ++i)
        to[i] = static_cast<std::uint8_t>(words[whole] >> (8 * (i - 8 * whole)));
}

} // namespace detail

/// The bytes of an image; `to` has room for all 112.
constexpr void to_bytes(const word_image& image, std::uint8_t* to) {
    detail::store_words({to, word_image::size_bytes}, image);
}

/// The image of at most 112 bytes, zero after them.
constexpr word_image from_bytes(byte_view bytes) {
    VMSG_ASSERT(bytes.size() <= word_image::size_bytes);
    word_image image;
    detail::load_words(image, bytes);
    return image;
}

} // namespace vmsg
