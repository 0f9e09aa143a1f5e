// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of notifications. There are global ones only: managers have given up those of single vCPUs.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/notification_info.hpp>
#include <vmsg/sim/machine.hpp>

namespace vmsg::sim::detail {

// Tells the world outside that `p` has something to do.
inline void became_pending(machine& m, partition& p, bool interrupt) {
    p.wake = true;
    p.notes.told = false;
    if (m.hooks.pending != nullptr) m.hooks.pending(m.hooks.context, p.id(), interrupt);
}

constexpr notification_set& set_from(partition& receiver, const partition& sender) {
    return sender.secure() ? receiver.notes.from_secure : receiver.notes.from_normal;
}

constexpr answer answer_bitmap_create(machine& m, const partition& p, const ffa::call_frame& frame) {
    const auto call = *ffa::decode_notification_bitmap_create(frame);
    if (p.id() != ffa::hypervisor_id) return refuse(ffa::error::not_supported);
    partition* const vm = m.find(call.vm);
    if (vm == nullptr || vm->secure()) return refuse(ffa::error::invalid_parameters);
    if (vm->notes.created) return refuse(ffa::error::denied);
    vm->notes.created = true;
    return granted();
}

constexpr answer answer_bitmap_destroy(machine& m, const partition& p, const ffa::call_frame& frame) {
    const auto call = *ffa::decode_notification_bitmap_destroy(frame);
    if (p.id() != ffa::hypervisor_id) return refuse(ffa::error::not_supported);
    partition* const vm = m.find(call.vm);
    if (vm == nullptr || vm->secure()) return refuse(ffa::error::invalid_parameters);
    if (!vm->notes.created || vm->notes.pending()) return refuse(ffa::error::denied);
    vm->notes = {};
    return granted();
}

// A virtual machine has its bitmaps from whoever made it; the kernel without a hypervisor has to ask for its own.
constexpr bool has_notifications(const machine& m, const partition& p) {
    const bool asks = m.rules.needs_bitmap_create && p.id() == ffa::hypervisor_id;
    return (!asks || p.notes.created) && ffa::has(properties_of(p), ffa::partition_properties::notifications);
}

constexpr answer answer_bind(machine& m, partition& p, const ffa::call_frame& frame) {
    const auto call = *ffa::decode_notification_bind(frame);
    const partition* const sender = m.find(call.sender);
    if (call.receiver != p.id() || call.sender == p.id() || sender == nullptr || ffa::word_in(frame, 2) != 0 ||
        call.bits == 0)
        return refuse(ffa::error::invalid_parameters);
    if (!has_notifications(m, p)) return refuse(ffa::error::not_supported);
    notification_set& set = set_from(p, *sender);
    if ((set.pending & call.bits) != 0) return refuse(ffa::error::denied);
    for (std::size_t i = 0; i < 64; ++i)
        if ((call.bits & set.bound) >> i & 1 && set.sender[i] != call.sender) return refuse(ffa::error::denied);
    for (std::size_t i = 0; i < 64; ++i)
        if (call.bits >> i & 1) set.sender[i] = call.sender;
    set.bound |= call.bits;
    return granted();
}

// Whether all of `bits` are bound to `sender`.
constexpr bool bound_to(const notification_set& set, ffa::endpoint_id sender, std::uint64_t bits) {
    for (std::size_t i = 0; i < 64; ++i)
        if (bits >> i & 1 && (!(set.bound >> i & 1) || set.sender[i] != sender)) return false;
    return true;
}

constexpr answer answer_unbind(machine& m, partition& p, const ffa::call_frame& frame) {
    const auto call = *ffa::decode_notification_unbind(frame);
    const partition* const sender = m.find(call.sender);
    if (call.receiver != p.id() || sender == nullptr || ffa::word_in(frame, 2) != 0 || call.bits == 0)
        return refuse(ffa::error::invalid_parameters);
    notification_set& set = set_from(p, *sender);
    if ((set.pending & call.bits) != 0 || !bound_to(set, call.sender, call.bits)) return refuse(ffa::error::denied);
    set.bound &= ~call.bits;
    return granted();
}

inline answer answer_set(machine& m, partition& p, const ffa::call_frame& frame) {
    const auto call = *ffa::decode_notification_set(frame);
    partition* const receiver = m.find(call.receiver);
    const std::uint32_t flags = ffa::word_in(frame, 2);
    const std::uint32_t allowed = p.secure() ? 2 : 0; // delayed interrupts are for secure partitions
    if (call.sender != p.id() || receiver == nullptr || receiver == &p || (flags & ~allowed) != 0 || call.bits == 0)
        return refuse(ffa::error::invalid_parameters);
    notification_set& set = set_from(*receiver, p);
    if (!bound_to(set, p.id(), call.bits)) return refuse(ffa::error::denied);
    if (m.faults.strike(fault_kind::lose_notification, ffa::function_id::notification_set, p.id())) return granted();
    set.pending |= call.bits;
    became_pending(m, *receiver, !call.delay_sri);
    return granted();
}

constexpr std::uint64_t take_if(bool wanted, std::uint64_t& bits) {
    const std::uint64_t had = wanted ? bits : 0;
    if (wanted) bits = 0;
    return had;
}
constexpr std::uint32_t take_if(bool wanted, bool& flag) {
    const bool had = wanted && flag;
    if (had) flag = false;
    return had ? ffa::rx_full_bit : 0;
}

constexpr answer answer_get(machine& m, partition& p, const ffa::call_frame& frame) {
    using enum ffa::notification_sources;
    const auto call = *ffa::decode_notification_get(frame);
    const std::uint32_t flags = ffa::word_in(frame, 2);
    const std::uint32_t allowed = p.id() == ffa::hypervisor_id ? 5 : 0xf; // nobody above it has the other two
    if (call.receiver != p.id() || call.vcpu >= p.config.execution_contexts || (flags & ~allowed) != 0)
        return refuse(ffa::error::invalid_parameters);
    if (!has_notifications(m, p)) return refuse(ffa::error::not_supported);
    ffa::notification_get_answer a;
    a.secure_partitions = take_if(ffa::has(call.sources, secure_partitions), p.notes.from_secure.pending);
    a.vms = take_if(ffa::has(call.sources, vms), p.notes.from_normal.pending);
    a.spm = take_if(ffa::has(call.sources, spm), p.notes.rx_full_spm);
    a.hypervisor = take_if(ffa::has(call.sources, hypervisor), p.notes.rx_full_hyp);
    if (!p.notes.pending()) p.wake = false;
    return {ffa::encode(a), 8};
}

constexpr answer answer_info_get(machine& m, const ffa::call_frame& frame) {
    ffa::notification_info_get_answer a;
    a.width = ffa::decode_notification_info_get(frame)->width;
    for (partition& p : m.partitions()) {
        if (p.notes.told || !p.notes.pending()) continue;
        if (!a.add({p.id(), 0, {}})) {
            a.more = true;
            break;
        }
        p.notes.told = true;
    }
    if (a.count == 0) return refuse(ffa::error::no_data);
    return {ffa::encode(a), 8};
}

} // namespace vmsg::sim::detail
