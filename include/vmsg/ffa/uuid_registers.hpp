// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A UUID in the registers of FF-A calls, of which there is one right order, and the wrong one that is met. Source:
// FF-A; SMCCC, "UUID": x2 and x3, or w1 to w4, are little-endian loads of the bytes in the order of the text form.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::ffa {

/// The UUID in two 64-bit registers: the inverse of `uuid::low` and `uuid::high`.
constexpr uuid uuid_of(std::uint64_t low, std::uint64_t high) {
    uuid made;
    store_le(made.bytes, low);
    store_le(made.bytes + 8, high);
    return made;
}

/// Word `i` of the four that carry a UUID in 32-bit calls.
constexpr std::uint32_t uuid_word(const uuid& id, std::size_t i) {
    VMSG_ASSERT(i < 4);
    return load_le<std::uint32_t>(id.bytes + 4 * i);
}

/// The UUID with the bytes of each of its four words in reverse. Hafnium's manifest 1.1 takes a UUID as text and packs
/// it in this way: a partition that is declared so answers to this UUID and not to the one in its manifest.
constexpr uuid word_swapped(const uuid& id) {
    uuid made;
    for (std::size_t i = 0; i < 16; ++i) made.bytes[i] = id.bytes[i ^ 3];
    return made;
}

/// How a UUID that was met compares with the one that was looked for.
enum class uuid_match : std::uint8_t {
    different,
    same,
    swapped, ///< the same with swapped words: the manifest of the partition needs the other order
};
constexpr uuid_match compare(const uuid& found, const uuid& wanted) {
    if (found == wanted) return uuid_match::same;
    return found == word_swapped(wanted) ? uuid_match::swapped : uuid_match::different;
}

namespace detail {

// w1 to w4.
constexpr void put_uuid_words(call_frame& frame, const uuid& id) {
    for (std::size_t i = 0; i < 4; ++i) frame.x[1 + i] = uuid_word(id, i);
}
constexpr uuid uuid_words_in(const call_frame& frame) { return uuid_of(words_in(frame, 1), words_in(frame, 3)); }

} // namespace detail

} // namespace vmsg::ffa
