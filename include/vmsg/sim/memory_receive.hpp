// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of receiving memory: FFA_MEM_RETRIEVE_REQ with its response in one or more fragments, and
// FFA_MEM_RELINQUISH.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/sim/memory_send.hpp>
#include <vmsg/sim/setup.hpp>

namespace vmsg::sim::detail {

// What a borrower gets: what it asks for where that is less than it was given, and a default for what nobody said.
constexpr ffa::memory_access granted_access(const ffa::memory_access& asked, const ffa::memory_access& given) {
    using enum ffa::memory_permissions;
    ffa::memory_access a = given;
    ffa::memory_permissions data =
        (asked.permissions & data_mask) != unspecified ? asked.permissions & data_mask : given.permissions & data_mask;
    if (data == unspecified) data = read_write;
    const auto code = asked.permissions & instruction_mask;
    a.permissions = data | (code != unspecified ? code : not_executable);
    return a;
}

constexpr bool is_read_only(const ffa::memory_access& a) {
    return (a.permissions & ffa::memory_permissions::data_mask) == ffa::memory_permissions::read_only;
}

constexpr ffa::memory_access access_for(const ffa::memory_accesses& all, ffa::endpoint_id id) {
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].receiver == id) return all[i];
    return {};
}

// The descriptor of the response says what was sent, of what type it is, and whether it comes from the normal world.
constexpr ffa::memory_transaction response_of(const share& s) {
    ffa::memory_transaction t = s.sent;
    t.attributes = ffa::normal_memory;
    if (!ffa::is_secure(s.origin)) t.attributes = t.attributes | ffa::memory_attributes::non_secure;
    t.flags = ffa::type_of(s.operation) | (s.sent.flags & ffa::memory_flags::zero);
    return t;
}

constexpr ffa::memory_regions regions_of(const share& s) { return {s.regions.data(), s.have}; }

constexpr answer fill_rx(partition& p, share& s, borrower& b, const ffa::memory_access& access) {
    const auto written = ffa::encode_memory_descriptor(p.box.rx, p.version, response_of(s),
                                                       ffa::memory_accesses{&access, 1}, regions_of(s));
    if (!written) return refuse(ffa::error::no_memory);
    hand_over_rx(p, written->fragment_length);
    b.retrieved = true;
    b.version = p.version;
    b.have = b.last_length = written->fragment_length;
    b.complete = written->fragment_length == written->total_length;
    if (s.operation == ffa::memory_operation::donate) s.state = share_state::donated;
    return {ffa::encode(ffa::mem_retrieve_answer{written->total_length, written->fragment_length}), 3};
}

constexpr answer answer_retrieve(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::mem_retrieve_call call = *ffa::decode_mem_retrieve(frame);
    const auto copy = descriptor_of(m, p, call);
    if (!copy) return refuse(copy.error());
    if (call.fragment_length != call.total_length) return refuse(ffa::error::invalid_parameters);
    const auto d = ffa::decode_memory_descriptor(*copy, call.total_length, p.version, ffa::reserved_bits::zero);
    if (!d) return refuse(d.error());
    share* const s = find_share(m, d->transaction.handle);
    if (s == nullptr || s->state != share_state::sent) return refuse(ffa::error::invalid_parameters);
    if (const auto good = ffa::validate_memory_retrieve(*d, s->as_sent(), p.id(), p.version); !good)
        return refuse(good.error());
    borrower* const b = borrower_of(*s, p.id());
    if (b == nullptr || b->retrieved) return refuse(ffa::error::denied);
    if (!rx_free(m, p, ffa::function_of(frame), p.id())) return refuse(ffa::error::busy);
    const auto flags = d->transaction.flags;
    const auto access = granted_access(access_for(d->receivers, p.id()), access_for(s->as_sent().receivers, p.id()));
    const bool clears =
        (flags & (ffa::memory_flags::zero | ffa::memory_flags::zero_after_relinquish)) != ffa::memory_flags::none;
    if (clears && is_read_only(access)) return refuse(ffa::error::denied);
    b->clear_after = (flags & ffa::memory_flags::zero_after_relinquish) != ffa::memory_flags::none;
    if ((flags & ffa::memory_flags::zero) != ffa::memory_flags::none) clear_memory(m, *s);
    return fill_rx(p, *s, *b, access);
}

// The fragment at the next offset; managers that allow it repeat the last one.
constexpr answer answer_frag_rx(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::mem_frag_rx call = *ffa::decode_mem_frag_rx(frame);
    share* const s = find_share(m, call.handle);
    borrower* const b = s == nullptr ? nullptr : borrower_of(*s, p.id());
    if (b == nullptr || !b->retrieved || call.endpoint != ffa::endpoint_id{})
        return refuse(ffa::error::invalid_parameters);
    const auto header = static_cast<std::uint32_t>(ffa::memory_regions_offset(b->version, 1));
    const bool again = m.rules.retransmits_fragments && call.offset + b->last_length == b->have && call.offset != 0;
    if (!again && (b->complete || call.offset != b->have)) return refuse(ffa::error::invalid_parameters);
    if (call.offset < header) return refuse(ffa::error::invalid_parameters); // the first one comes with the response
    if (!rx_free(m, p, ffa::function_of(frame), p.id())) return refuse(ffa::error::busy);
    const std::size_t first = (call.offset - header) / 16;
    const auto written = ffa::encode_memory_fragment(p.box.rx, regions_of(*s).drop(first));
    hand_over_rx(p, written.length);
    b->have = call.offset + written.length;
    b->last_length = written.length;
    b->complete = first + written.region_count == s->region_count;
    return {ffa::encode(ffa::mem_frag_tx{call.handle, written.length, {}}), 5};
}

constexpr answer answer_relinquish(machine& m, partition& p) {
    if (!p.box.mapped) return refuse(ffa::error::invalid_parameters);
    const auto r = ffa::decode_memory_relinquish(private_copy(m, p.box.tx));
    if (!r || r->endpoint != p.id()) return refuse(ffa::error::invalid_parameters);
    share* const s = find_share(m, r->handle);
    borrower* const b = s == nullptr ? nullptr : borrower_of(*s, p.id());
    if (b == nullptr || !b->complete || s->state != share_state::sent) return refuse(ffa::error::invalid_parameters);
    const bool clears = (r->flags & ffa::memory_flags::zero) != ffa::memory_flags::none;
    if (clears && s->operation == ffa::memory_operation::share) return refuse(ffa::error::invalid_parameters);
    if (clears || b->clear_after) clear_memory(m, *s);
    give_back(*s, *b);
    return granted();
}

} // namespace vmsg::sim::detail
