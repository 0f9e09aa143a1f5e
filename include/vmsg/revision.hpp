// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The three published wire revisions of virtio-msg and the constants in which they differ.

#include <cstddef>
#include <cstdint>

namespace vmsg {

/// A wire revision. All of them call themselves transport revision 1, so the number on the wire cannot tell them apart:
/// a revision is configuration, or is recognised from the shape of the first frames.
enum class revision : std::uint8_t {
    rfc2025,  ///< Linux RFC of July 2025: 6-byte header without token
    oasis_v1, ///< OASIS submission of January 2026: 8-byte header with token
    oasis_v2, ///< OASIS text v2 and FF-A bus ALP2 of May 2026: the current one
};

inline constexpr revision newest_revision = revision::oasis_v2;

/// What a revision fixes outside its message layouts.
struct revision_constants {
    std::uint8_t header_size;         ///< bytes
    std::uint8_t area_shift;          ///< a bus address is area id << area_shift | offset
    std::uint16_t max_area_id;        ///< areas are 1..max_area_id
    std::uint16_t min_max_msg_size;   ///< bytes; the least maximum that a bus may advertise
    std::uint16_t ffa_max_msg_size;   ///< bytes; the maximum of the FF-A bus
    std::uint16_t max_max_msg_size;   ///< bytes; the most that `msg_size` can say
    std::uint32_t bus_version;        ///< FF-A bus version of the VERSION exchange
    std::uint32_t transport_revision; ///< revision number of the VERSION exchange
    bool has_token;                   ///< requests are told apart by a token
};

/// The constants of `R`. Source: the headers of the three revisions; least maximum: OASIS "MUST be at least 52", before
/// that the longest fixed message (the 44 of those texts cannot carry a GET_VQUEUE response of 48).
template <revision R> inline constexpr revision_constants constants_of{};
template <>
inline constexpr revision_constants constants_of<revision::rfc2025>{
    .header_size = 6,
    .area_shift = 56,
    .max_area_id = 0xff,
    .min_max_msg_size = 44,
    .ffa_max_msg_size = 44,
    .max_max_msg_size = 0xffff,
    .bus_version = 1,
    .transport_revision = 1,
    .has_token = false,
};
template <>
inline constexpr revision_constants constants_of<revision::oasis_v1>{
    .header_size = 8,
    .area_shift = 48,
    .max_area_id = 0xffff,
    .min_max_msg_size = 48,
    .ffa_max_msg_size = 104,
    .max_max_msg_size = 0xffff,
    .bus_version = 0x0001'0000,
    .transport_revision = 1,
    .has_token = true,
};
template <>
inline constexpr revision_constants constants_of<revision::oasis_v2>{
    .header_size = 8,
    .area_shift = 48,
    .max_area_id = 0xffff,
    .min_max_msg_size = 52,
    .ffa_max_msg_size = 104,
    .max_max_msg_size = 0xffff,
    .bus_version = 0x0001'0000,
    .transport_revision = 1,
    .has_token = true,
};

/// The constants of a revision that is known only at run time.
constexpr const revision_constants& constants(revision r) {
    switch (r) {
    case revision::rfc2025: return constants_of<revision::rfc2025>;
    case revision::oasis_v1: return constants_of<revision::oasis_v1>;
    default: return constants_of<revision::oasis_v2>;
    }
}

template <revision R> inline constexpr std::size_t header_size = constants_of<R>.header_size;

} // namespace vmsg
