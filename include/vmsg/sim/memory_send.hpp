// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of sending memory: FFA_MEM_SHARE, LEND and DONATE, whole or in fragments, and FFA_MEM_RECLAIM.

#include <cstddef>
#include <cstdint>
#include <optional>

#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/sim/memory_map.hpp>

namespace vmsg::sim::detail {

constexpr answer refuse(errc why) { return refuse(ffa::error_of(why)); }

constexpr share* find_share(machine& m, ffa::memory_handle handle) {
    for (share& s : m.shares)
        if (s.state != share_state::empty && s.sent.handle == handle) return &s;
    return nullptr;
}

// Forgets a transaction, but not where its regions go.
constexpr void discard(share& s) {
    const auto regions = s.regions;
    s = {};
    s.regions = regions;
}

constexpr void clear_memory(const machine& m, const share& s) {
    for (std::uint32_t i = 0; i < s.have; ++i) {
        const ffa::memory_region& r = s.regions[i];
        const std::uint64_t length = r.page_count * ffa::page_size;
        const memory_area* const area = area_of(m, s.origin, r.address, length);
        const auto bytes = area == nullptr ? result<byte_span>{errc::bad_value} : part_of(*area, r.address, length);
        for (std::uint8_t& byte : bytes.value_or({})) byte = 0;
    }
}

// Where a memory call has its descriptor, `call.fragment_length` bytes, as a private copy.
template <class Call> constexpr result<byte_view> descriptor_of(machine& m, const partition& p, const Call& call) {
    result<byte_span> buffer{p.box.tx};
    if (call.address != 0 || call.page_count != 0) {
        if (!m.rules.dynamic_buffers) return errc::bad_value;
        buffer = memory_of(m, p.id(), call.address, call.page_count * ffa::page_size);
        if (!buffer) return errc::bad_value;
    }
    const std::size_t length = call.fragment_length;
    if (length == 0 || length > call.total_length || length > buffer->size()) return errc::bad_value;
    if (length > m.scratch.size()) return errc::no_memory;
    return private_copy(m, *buffer).first(length);
}

// The area of pages that `p` may send: its own, normal memory, and not yet sent to anybody. Null if it may not.
constexpr const memory_area* sendable(const machine& m, const partition& p, const ffa::memory_region& r) {
    const std::uint64_t length = r.page_count * ffa::page_size;
    const memory_area* const area = owned(m, p.id(), r.address, length);
    return area == nullptr || area->device || is_sent(m, p.id(), r.address, length, false) ? nullptr : area;
}

// All regions of a transaction are known by the addresses of one endpoint, from which the memory came.
constexpr result<void> add_regions(const machine& m, const partition& p, share& s, const ffa::memory_regions& regions) {
    if (const auto counted = s.tally.add(regions); !counted) return counted.error();
    for (std::size_t i = 0; i < regions.size(); ++i) {
        const ffa::memory_region r = regions[i];
        const memory_area* const area = sendable(m, p, r);
        if (area == nullptr) return errc::denied;
        if (s.have == 0) s.origin = area->owner;
        if (s.origin != area->owner) return errc::denied;
        s.regions[s.have++] = r;
    }
    return {};
}

// What the sender is told: it is all there, or the next fragment is wanted.
constexpr answer sent_so_far(const machine& m, share& s) {
    if (!s.tally.complete()) {
        const auto more = ffa::mem_send_answer{ffa::mem_send_answer::kind::more, s.sent.handle, s.received, {}};
        return {ffa::encode(more), 5};
    }
    s.state = share_state::sent;
    if ((s.sent.flags & ffa::memory_flags::zero) != ffa::memory_flags::none) clear_memory(m, s);
    return {ffa::encode(ffa::mem_send_answer{ffa::mem_send_answer::kind::done, s.sent.handle, 0, {}}), 4};
}

// Whether each receiver exists and may have memory of `p`.
constexpr errc check_receivers(machine& m, const partition& p, const ffa::memory_descriptor& d, bool fragmented) {
    for (std::size_t i = 0; i < d.receivers.size(); ++i) {
        const partition* const to = m.find(d.receivers[i].receiver);
        if (to == nullptr) return errc::bad_value;
        if (p.secure() && !to->secure()) return errc::denied;
        if (fragmented && to->secure() && m.rules.fragments == fragment_rule::not_to_secure) return errc::not_supported;
    }
    return errc::none;
}

// A free entry for a transaction of this size, or null.
constexpr share* room_for(machine& m, const ffa::memory_descriptor& d) {
    share* free = nullptr;
    std::size_t used = 0;
    for (share& s : m.shares) {
        if (s.state != share_state::empty)
            ++used;
        else if (free == nullptr)
            free = &s;
    }
    if (m.rules.max_shares != 0 && used >= m.rules.max_shares) return nullptr;
    if (m.rules.max_share_pages != 0 && d.page_count > m.rules.max_share_pages) return nullptr;
    return free != nullptr && d.region_count <= free->regions.size() ? free : nullptr;
}

constexpr void begin(machine& m, const partition& p, share& s, ffa::memory_operation op,
                     const ffa::memory_descriptor& d) {
    discard(s);
    s.state = share_state::incomplete;
    s.operation = op;
    s.owner = s.origin = p.id();
    s.sent = d.transaction;
    s.sent.handle = m.reserved_handle != ffa::invalid_handle ? m.reserved_handle : new_handle(m);
    s.borrower_count = d.receivers.size();
    for (std::size_t i = 0; i < s.borrower_count; ++i) s.given[i] = d.receivers[i];
    s.page_count = d.page_count;
    s.region_count = d.region_count;
    s.tally = ffa::memory_tally{d};
}

constexpr answer answer_mem_send(machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::mem_send_call call = *ffa::decode_mem_send(frame);
    const auto copy = descriptor_of(m, p, call);
    if (!copy) return refuse(copy.error());
    const bool fragmented = call.fragment_length != call.total_length;
    if (fragmented && m.rules.fragments == fragment_rule::none) return refuse(ffa::error::not_supported);
    const auto d = ffa::decode_memory_descriptor(*copy, call.total_length, p.version, ffa::reserved_bits::zero);
    if (!d) return refuse(d.error());
    if (const auto good = ffa::validate_memory_send(*d, call.operation, p.id(), p.version, max_borrowers); !good)
        return refuse(good.error());
    if (const errc why = check_receivers(m, p, *d, fragmented); why != errc::none) return refuse(why);
    share* const s = room_for(m, *d);
    if (s == nullptr) return refuse(ffa::error::no_memory);
    begin(m, p, *s, call.operation, *d);
    s->received = call.fragment_length;
    if (const auto added = add_regions(m, p, *s, d->regions); !added) {
        discard(*s);
        return refuse(added.error());
    }
    return sent_so_far(m, *s);
}

constexpr answer answer_frag_tx(machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::mem_frag_tx call = *ffa::decode_mem_frag_tx(frame);
    share* const s = find_share(m, call.handle);
    if (s == nullptr || s->state != share_state::incomplete || s->owner != p.id())
        return refuse(ffa::error::invalid_parameters);
    errc why = errc::bad_value;
    if (call.endpoint == ffa::endpoint_id{} && call.length <= p.box.tx.size()) {
        const byte_view copy = private_copy(m, p.box.tx).first(call.length);
        const auto regions = ffa::decode_memory_fragment(copy, ffa::reserved_bits::zero);
        why = regions ? add_regions(m, p, *s, *regions).error() : regions.error();
    }
    if (why != errc::none) { // nothing is left of a transaction that failed
        discard(*s);
        return refuse(why);
    }
    s->received += call.length;
    return sent_so_far(m, *s);
}

constexpr bool anybody_has(const share& s) {
    for (std::size_t i = 0; i < s.borrower_count; ++i)
        if (s.borrowers[i].retrieved) return true;
    return false;
}

constexpr answer answer_reclaim(machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::mem_reclaim_call call = *ffa::decode_mem_reclaim(frame);
    share* const s = find_share(m, call.handle);
    if (s == nullptr || s->state != share_state::sent || s->owner != p.id() ||
        (call.flags & ~ffa::memory_flags::send_mask) != ffa::memory_flags::none)
        return refuse(ffa::error::invalid_parameters);
    if (anybody_has(*s)) return refuse(ffa::error::denied);
    if ((call.flags & ffa::memory_flags::zero) != ffa::memory_flags::none) clear_memory(m, *s);
    discard(*s);
    return granted();
}

// A borrower has given the memory back.
constexpr void give_back(share& s, borrower& b) {
    b = {};
    if (s.orphan && !anybody_has(s)) discard(s);
}

// A partition that starts anew has lost what it had retrieved, and gets back what it had sent, once nobody has it.
constexpr void forget_memory(machine& m, const partition& p) {
    for (share& s : m.shares) {
        if (s.state == share_state::empty || s.state == share_state::donated) continue;
        if (s.owner == p.id()) s.orphan = true;
        if (borrower* const b = borrower_of(s, p.id())) give_back(s, *b);
        if (s.orphan && !anybody_has(s)) discard(s);
    }
}

constexpr bool is_memory_call(ffa::function_id id) {
    const std::uint32_t n = static_cast<std::uint32_t>(id) & 0xffff;
    return (n >= 0x71 && n <= 0x77 && n != 0x75) || n == 0x7a || n == 0x7b;
}

} // namespace vmsg::sim::detail
