// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of the calls that an endpoint begins with: VERSION, FEATURES, the ids, and its RX and TX buffers.
// Source: FF-A, "Setup and discovery interfaces", with the differences that `profile` names.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/rxtx_calls.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/sim/machine.hpp>
#include <vmsg/sim/memory_map.hpp>

namespace vmsg::sim::detail {

constexpr answer version_answer_of(ffa::version v) { return {ffa::encode(ffa::version_answer{v}), 1}; }
constexpr answer no_version() { return {ffa::encode_unknown_function(), 1}; }

// The version that both would use if the caller wanted `v`, and what it is told.
constexpr answer answer_version(machine& m, partition& p, const ffa::call_frame& frame) {
    ffa::version_call call = *ffa::decode_version(frame);
    const std::uint32_t flags = ffa::word_in(frame, 2);
    if (m.rules.newest < ffa::version::v1_3)
        call.query = ffa::version_query::negotiate;
    else if (flags > 2)
        return no_version();
    if (call.query == ffa::version_query::negotiated)
        return p.version_known ? version_answer_of(p.version) : no_version();
    if (!ffa::is_valid(call.requested)) return no_version();
    if (!ffa::is_compatible(call.requested, m.rules.newest))
        return m.rules.strict_version ? no_version() : version_answer_of(m.rules.newest);
    if (call.query == ffa::version_query::compatible) return version_answer_of(m.rules.newest);
    if (p.version_locked && call.requested != p.version) return no_version();
    p.version = call.requested;
    p.version_known = true;
    return version_answer_of(m.rules.newest);
}

constexpr bool supports(const machine& m, const partition& p, ffa::function_id id) {
    return (p.secure() ? m.rules.secure : m.rules.normal_world).has(id);
}

constexpr answer answer_feature(ffa::features_answer a) { return {ffa::encode(a), 4}; }

constexpr bool is_memory_send(ffa::function_id id) {
    const ffa::function_id wide = ffa::form_64(id);
    return wide == ffa::function_id::mem_share_64 || wide == ffa::function_id::mem_lend_64 ||
           wide == ffa::function_id::mem_donate_64;
}

constexpr answer answer_function_feature(const machine& m, const partition& p, const ffa::features_call& call) {
    const auto id = static_cast<ffa::function_id>(call.subject);
    if (!supports(m, p, id)) return refuse(ffa::error::not_supported);
    if (ffa::form_64(id) == ffa::function_id::rxtx_map_64)
        return answer_feature(ffa::answer_of(
            ffa::rxtx_map_features{0x1000, static_cast<std::uint16_t>(m.rules.max_buffer_pages)}, p.version));
    if (ffa::form_64(id) == ffa::function_id::mem_retrieve_req_64) {
        const bool understands = (call.properties & ffa::understands_ns_bit) != 0;
        if (p.version >= ffa::version::v1_1 && !understands) return refuse(ffa::error::not_supported);
        return answer_feature({m.rules.memory_features | (m.rules.dynamic_buffers ? 1u : 0u), 0});
    }
    if (is_memory_send(id)) return answer_feature({m.rules.dynamic_buffers ? 1u : 0u, 0});
    return answer_feature({});
}

constexpr answer answer_features(const machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::features_call call = *ffa::decode_features(frame);
    if (ffa::is_function(call)) return answer_function_feature(m, p, call);
    if (!supports(m, p, ffa::function_id::notification_get)) return refuse(ffa::error::not_supported);
    switch (call.subject) {
    case 1: return answer_feature({m.rules.npi, 0});
    case 2: return p.secure() ? refuse(ffa::error::not_supported) : answer_feature({m.rules.sri, 0});
    case 4:
        if (m.rules.newest < ffa::version::v1_3) break;
        return answer_feature(ffa::answer_of(ffa::notification_features{true, true}));
    default: break;
    }
    return refuse(ffa::error::not_supported);
}

constexpr answer answer_id(ffa::endpoint_id id) { return {ffa::encode(ffa::id_answer{id}), 3}; }

constexpr bool overlap(std::uint64_t a, std::uint64_t b, std::uint64_t length) {
    return a < b ? b - a < length : a - b < length;
}

constexpr answer map_buffers(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::rxtx_map_call call = *ffa::decode_rxtx_map(frame);
    if (p.box.mapped) return refuse(ffa::error::denied);
    if (call.pages == 0 || call.pages > m.rules.max_buffer_pages) return refuse(ffa::error::invalid_parameters);
    const std::uint64_t length = call.pages * ffa::page_size;
    if (call.tx % ffa::page_size != 0 || call.rx % ffa::page_size != 0 || overlap(call.tx, call.rx, length))
        return refuse(ffa::error::invalid_parameters);
    if (touches_device(m, p.id(), call.tx, length) || touches_device(m, p.id(), call.rx, length))
        return refuse(ffa::error::invalid_parameters);
    const auto tx_bytes = memory_of(m, p.id(), call.tx, length);
    const auto rx_bytes = memory_of(m, p.id(), call.rx, length);
    if (!tx_bytes || !rx_bytes) return refuse(ffa::error::no_memory);
    p.box = {*tx_bytes, *rx_bytes, true, false};
    return granted();
}

// Only the caller with id 0 may act for a virtual machine, and not in this manager.
constexpr answer unmap_buffers(machine& m, partition& p, const ffa::call_frame& frame) {
    if (ffa::decode_rxtx_unmap(frame)->forwarded_for != ffa::endpoint_id{} || !p.box.mapped)
        return refuse(ffa::error::invalid_parameters);
    if (m.rules.unmap_refuses_owned_rx && p.box.rx_full) return refuse(ffa::error::denied);
    p.box = {};
    return granted();
}

constexpr bool release_rx(machine& m, partition& p) {
    if (!p.box.mapped || !p.box.rx_full) return false;
    if (m.rules.release_needs_notification_get && (p.notes.rx_full_spm || p.notes.rx_full_hyp)) return false;
    p.box.rx_full = false;
    return true;
}

constexpr answer answer_rx_release(machine& m, partition& p, const ffa::call_frame& frame) {
    if (ffa::decode_rx_release(frame)->forwarded_for != ffa::endpoint_id{})
        return refuse(ffa::error::invalid_parameters);
    return release_rx(m, p) ? granted() : refuse(ffa::error::denied);
}

// A hypervisor wants the RX buffer of a virtual machine for itself.
constexpr answer answer_rx_acquire(machine& m, partition& p, const ffa::call_frame& frame) {
    if (p.id() != ffa::hypervisor_id) return refuse(ffa::error::not_supported);
    partition* const vm = m.find(ffa::decode_rx_acquire(frame)->vm);
    if (vm == nullptr || vm->secure()) return refuse(ffa::error::invalid_parameters);
    if (!vm->box.mapped || vm->box.rx_full) return refuse(ffa::error::denied);
    vm->box.rx_full = true;
    return granted();
}

// Whether `p` can be given something in RX by the call `on` of `caller`.
constexpr bool rx_free(machine& m, const partition& p, ffa::function_id on, ffa::endpoint_id caller) {
    if (!p.box.mapped || p.box.rx_full) return false;
    return !m.faults.strike(fault_kind::rx_full, on, caller);
}

// Fills RX from `used` on with zeroes, so that nothing of an earlier message reaches the reader, and hands it over.
constexpr void hand_over_rx(partition& p, std::size_t used) {
    for (std::size_t i = used; i < p.box.rx.size(); ++i) p.box.rx[i] = 0;
    p.box.rx_full = true;
}

} // namespace vmsg::sim::detail
