// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The attributes of an area in AREA_SHARE in the words of FF-A memory sharing. Source: FF-A bus, "sharing_attrs", whose
// bits 4 to 10 are those of the FF-A memory region attributes.

#include <cstdint>

#include <vmsg/ffa/memory.hpp>
#include <vmsg/message/ffa_bus.hpp>

namespace vmsg {

/// How memory with these attributes is sent. The type has to be one (`legal`).
constexpr ffa::memory_operation memory_operation_of(area_attrs attrs) {
    switch (attrs & area_attrs::type_mask) {
    case area_attrs::lend: return ffa::memory_operation::lend;
    case area_attrs::donate: return ffa::memory_operation::donate;
    default: return ffa::memory_operation::share;
    }
}

/// Before oasis_v2 attributes are nothing but a type.
constexpr bool says_more_than_type(area_attrs attrs) { return (attrs & area_attrs::type_mask) != attrs; }

/// What the device side may do. Memory of which nothing is said can be written: it is there for virtqueues.
constexpr ffa::memory_permissions memory_permissions_of(area_attrs attrs) {
    const bool read_only = says_more_than_type(attrs) && (attrs & area_attrs::writeable) == area_attrs{};
    return read_only ? ffa::memory_permissions::read_only : ffa::memory_permissions::read_write;
}

/// What the manager is told, or reports, of shared memory; without the NS bit. `unspecified` if nothing is said.
constexpr ffa::memory_attributes memory_attributes_of(area_attrs attrs) {
    using enum ffa::memory_attributes;
    const auto all = static_cast<ffa::memory_attributes>(static_cast<std::uint32_t>(attrs) >> 4 & 0xffff);
    const bool said = (all & type_mask) != unspecified;
    return said ? all & (shareability_mask | cacheability_mask | type_mask) : unspecified;
}

static_assert(memory_attributes_of(area_attrs::usual) == ffa::normal_memory);
static_assert(memory_attributes_of(area_attrs::lend) == ffa::memory_attributes::unspecified);

} // namespace vmsg
