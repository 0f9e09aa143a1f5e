// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Bus addresses: how a driver names memory that it has shared. Source: FF-A bus: area id above, offset below; the
// boundary is bit 56 in rfc2025 and bit 48 later.

#include <cstdint>

#include <vmsg/quirk.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg {

/// An address in the memory that the device can see: area id and offset in one 64-bit number.
enum class bus_address : std::uint64_t {};

/// The largest offset inside an area.
template <revision R>
inline constexpr std::uint64_t max_area_offset = (std::uint64_t{1} << constants_of<R>.area_shift) - 1;

/// The area that an address lies in. No area has the id 0.
template <revision R> constexpr std::uint16_t area_of(bus_address address) {
    return static_cast<std::uint16_t>(static_cast<std::uint64_t>(address) >> constants_of<R>.area_shift);
}

/// Bytes from the start of the area.
template <revision R> constexpr std::uint64_t offset_of(bus_address address) {
    return static_cast<std::uint64_t>(address) & max_area_offset<R>;
}

/// The address of `offset` in area `area_id`. `invalid_argument` if one of them is too wide for the revision.
template <revision R> constexpr result<bus_address> make_bus_address(std::uint16_t area_id, std::uint64_t offset) {
    if (area_id > constants_of<R>.max_area_id || offset > max_area_offset<R>) return errc::invalid_argument;
    return bus_address{std::uint64_t{area_id} << constants_of<R>.area_shift | offset};
}

/// The same for a peer with quirks: with `area_16_48_with_6_byte_header` the area id stands where the later revisions
/// have it.
template <revision R>
constexpr result<bus_address> make_bus_address(std::uint16_t area_id, std::uint64_t offset, const quirk_set& quirks) {
    if (quirks.has(quirk::area_16_48_with_6_byte_header)) return make_bus_address<revision::oasis_v1>(area_id, offset);
    return make_bus_address<R>(area_id, offset);
}

} // namespace vmsg
