// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From an address in a register or a descriptor to memory of this process: only inside what was registered, and only
// for an endpoint that has access to it.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/result.hpp>
#include <vmsg/sim/machine.hpp>

namespace vmsg::sim::detail {

/// The `length` bytes from `address` on as far as they lie inside `area`, or `bad_value`.
constexpr result<byte_span> part_of(const memory_area& area, std::uint64_t address, std::uint64_t length) {
    const std::uint64_t offset = address - area.address; // huge for an address below the area
    if (offset > area.memory.size() || length > area.memory.size() - offset) return errc::bad_value;
    return area.memory.drop(static_cast<std::size_t>(offset)).first(static_cast<std::size_t>(length));
}

constexpr const memory_area* area_of(const machine& m, ffa::endpoint_id owner, std::uint64_t address,
                                     std::uint64_t length) {
    for (std::size_t i = 0; i < m.area_count; ++i)
        if (m.areas[i].owner == owner && part_of(m.areas[i], address, length)) return &m.areas[i];
    return nullptr;
}

/// Whether a region overlaps these bytes.
constexpr bool touches(const ffa::memory_region& r, std::uint64_t address, std::uint64_t length) {
    const std::uint64_t size = r.page_count * ffa::page_size;
    return address < r.address ? r.address - address < length : address - r.address < size;
}

constexpr bool touches(const share& s, std::uint64_t address, std::uint64_t length) {
    for (std::uint32_t i = 0; i < s.have; ++i)
        if (touches(s.regions[i], address, length)) return true;
    return false;
}

/// Whether all of these bytes are in one region of the share.
constexpr bool contains(const share& s, std::uint64_t address, std::uint64_t length) {
    for (std::uint32_t i = 0; i < s.have; ++i) {
        const ffa::memory_region& r = s.regions[i];
        const std::uint64_t size = r.page_count * ffa::page_size;
        if (address >= r.address && address - r.address <= size && length <= size - (address - r.address)) return true;
    }
    return false;
}

/// What has become of the share at `id`, or null if it is no receiver.
constexpr borrower* borrower_of(share& s, ffa::endpoint_id id) {
    for (std::size_t i = 0; i < s.borrower_count; ++i)
        if (s.given[i].receiver == id) return &s.borrowers[i];
    return nullptr;
}
constexpr bool has_retrieved(const share& s, ffa::endpoint_id id) {
    for (std::size_t i = 0; i < s.borrower_count; ++i)
        if (s.given[i].receiver == id) return s.borrowers[i].retrieved;
    return false;
}

/// The donation that was the last of these bytes, which are known by the addresses of `origin`; or null. Handles count
/// up, and nobody can donate what it does not own.
constexpr const share* last_donation(const machine& m, ffa::endpoint_id origin, std::uint64_t address,
                                     std::uint64_t length) {
    const share* last = nullptr;
    for (const share& s : m.shares) {
        if (s.state != share_state::donated || s.origin != origin || !touches(s, address, length)) continue;
        if (last == nullptr || s.sent.handle > last->sent.handle) last = &s;
    }
    return last;
}

/// The area of memory that was given to `id` for good, or null.
constexpr const memory_area* donated_to(const machine& m, ffa::endpoint_id id, std::uint64_t address,
                                        std::uint64_t length) {
    for (const share& s : m.shares) {
        if (s.state != share_state::donated || s.given[0].receiver != id || !contains(s, address, length)) continue;
        if (last_donation(m, s.origin, address, length) == &s) return area_of(m, s.origin, address, length);
    }
    return nullptr;
}

/// The area that `id` owns and in which these bytes are, or null.
constexpr const memory_area* owned(const machine& m, ffa::endpoint_id id, std::uint64_t address, std::uint64_t length) {
    if (const memory_area* const area = donated_to(m, id, address, length)) return area;
    return last_donation(m, id, address, length) == nullptr ? area_of(m, id, address, length) : nullptr;
}

/// Whether an owner has given it away: to anybody, or so that the owner itself has no access.
constexpr bool is_sent(const machine& m, ffa::endpoint_id owner, std::uint64_t address, std::uint64_t length,
                       bool exclusively) {
    for (const share& s : m.shares) {
        if (s.state != share_state::sent && s.state != share_state::incomplete) continue;
        if (s.owner != owner || (exclusively && s.operation == ffa::memory_operation::share)) continue;
        if (touches(s, address, length)) return true;
    }
    return false;
}

/// The bytes that `id` can access: its own, or what it has retrieved. `bad_value` for anything else.
constexpr result<byte_span> memory_of(const machine& m, ffa::endpoint_id id, std::uint64_t address,
                                      std::uint64_t length) {
    if (const memory_area* const area = owned(m, id, address, length))
        return is_sent(m, id, address, length, true) ? result<byte_span>{errc::bad_value}
                                                     : part_of(*area, address, length);
    for (const share& s : m.shares) {
        if (s.state != share_state::sent || !contains(s, address, length)) continue;
        if (!has_retrieved(s, id)) continue;
        if (const memory_area* const area = area_of(m, s.origin, address, length))
            return part_of(*area, address, length);
    }
    return errc::bad_value;
}

/// Whether a part of these bytes is registered as device memory of `id`.
constexpr bool touches_device(const machine& m, ffa::endpoint_id id, std::uint64_t address, std::uint64_t length) {
    for (std::size_t i = 0; i < m.area_count; ++i) {
        const memory_area& a = m.areas[i];
        if (a.owner != id || !a.device) continue;
        if (address < a.address ? a.address - address < length : address - a.address < a.memory.size()) return true;
    }
    return false;
}

} // namespace vmsg::sim::detail
