// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of direct messages and of FFA_RUN: who may be entered, and what a requester gets in the meantime.
// A partition that was interrupted or has yielded is resumed by the FFA_RUN that names the right target; until then
// every request to it is BUSY.

#include <cstddef>
#include <cstdint>
#include <optional>

#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/plain_direct.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/sim/discovery.hpp>
#include <vmsg/sim/entry.hpp>
#include <vmsg/sim/machine.hpp>

namespace vmsg::sim::detail {

constexpr bool is_direct2(ffa::function_id id) { return id == ffa::function_id::msg_send_direct_req2; }

// By which methods the service `wanted` of `p` can be reached; of any service if it is nil. Nothing if `p` does not
// have it and the manager looks.
constexpr std::optional<ffa::partition_properties> service_methods(const machine& m, const partition& p,
                                                                   const uuid& wanted) {
    for (std::size_t i = 0; !wanted.is_nil() && i < p.config.service_count; ++i)
        if (p.config.services[i].protocol == wanted) return p.config.services[i].properties;
    if (!wanted.is_nil() && !m.rules.delivers_unknown_service) return std::nullopt;
    return properties_of(p);
}

// Why a direct request cannot be delivered, apart from BUSY; nothing if it can. `to` may be null.
constexpr std::optional<ffa::error> objection(const machine& m, const partition& from, const partition* to,
                                              const ffa::call_frame& frame) {
    using enum ffa::partition_properties;
    const ffa::function_id id = ffa::function_of(frame);
    const ffa::endpoint_pair ends = ffa::endpoints_in(frame.x[1]);
    if (is_direct2(id) && !extended(from) && m.rules.direct2_needs_v1_2) return ffa::error::not_supported;
    if (ends.src != from.id() || to == nullptr || to == &from) return ffa::error::invalid_parameters;
    if (from.secure() && !to->secure()) return ffa::error::invalid_parameters;
    if (!is_direct2(id) && ffa::word_in(frame, 2) != 0) return ffa::error::invalid_parameters;
    const auto able = service_methods(m, *to, is_direct2(id) ? ffa::uuid_of(frame.x[2], frame.x[3]) : uuid{});
    if (!able) return ffa::error::invalid_parameters;
    const auto can_send = properties_of(from);
    if (from.secure() && !ffa::has(can_send, is_direct2(id) ? sends_direct2 : sends_direct)) return ffa::error::denied;
    if (!ffa::has(*able, is_direct2(id) ? receives_direct2 : receives_direct)) return m.rules.unsupported_method;
    if (is_direct2(id) && m.rules.direct2_needs_v1_2 && !extended(*to)) return m.rules.unsupported_method;
    return std::nullopt;
}

// The answer that a requester gets for now, while `p` is not done.
constexpr answer interruption_answer(const partition& p) {
    if (p.work.interruption == ffa::function_id::yield) return {ffa::encode(ffa::yield_call{p.work.resume_by}), 4};
    return {ffa::encode(ffa::interrupt_call{p.work.resume_by}), 3};
}

// Lets scripted interruptions come before `p` is entered, if there are any for this call.
constexpr bool interrupted(machine& m, partition& p, ffa::function_id on) {
    auto f = m.faults.strike_run(fault_kind::interrupt, on, p.work.caller);
    p.work.interruption = ffa::function_id::interrupt;
    if (!f) {
        f = m.faults.strike_run(fault_kind::yield, on, p.work.caller);
        p.work.interruption = ffa::function_id::yield;
    }
    if (!f) return false;
    p.work.interruptions = f->times - (f->times == for_ever ? 0 : 1); // this answer is the first
    if (f->names.endpoint != ffa::endpoint_id{}) p.work.resume_by = f->names;
    p.state = partition_state::preempted;
    return true;
}

// Enters `p` for `caller` with `entry`, unless a fault comes before it.
inline answer engage(machine& m, partition& p, ffa::endpoint_id caller, ffa::function_id on,
                     const ffa::call_frame& entry, ffa::function_id request) {
    p.work = {};
    p.work.caller = caller;
    p.work.request = request;
    p.work.resume_by = {p.id(), 0};
    p.work.entry = entry;
    if (m.faults.strike(fault_kind::restart, on, caller)) {
        restart(m, p);
        return refuse(ffa::error::aborted);
    }
    if (interrupted(m, p, on)) return interruption_answer(p);
    return enter(m, p);
}

inline answer answer_direct_request(machine& m, partition& from, const ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    partition* const to = m.find(ffa::endpoints_in(frame.x[1]).dst);
    if (const auto why = objection(m, from, to, frame)) return refuse(*why);
    if (to->state != partition_state::waiting || !to->config.entry) return refuse(ffa::error::busy);
    if (m.faults.strike(fault_kind::zero_response, id, from.id())) {
        const auto direct2 = ffa::encode_direct_response(to->id(), from.id(), word_image{});
        if (is_direct2(id)) return {direct2, 18};
        ffa::plain_direct_message none{ffa::direct_kind::response, ffa::form_of(frame), to->id(), from.id()};
        return {ffa::encode(none, from.version), 8};
    }
    return engage(m, *to, from.id(), id, delivered(frame, carried(m, from, *to, id)), id);
}

// The partition that the FFA_RUN of `caller` for `who` resumes, or null.
constexpr partition* resumable(machine& m, ffa::endpoint_id caller, ffa::target who) {
    for (partition& p : m.partitions()) {
        const bool open = p.state == partition_state::preempted || p.state == partition_state::yielded;
        if (open && p.work.caller == caller && p.work.resume_by == who) return &p;
    }
    return nullptr;
}

// FFA_RUN resumes what this caller was interrupted in. The normal world can also run a partition that waits.
inline answer answer_run(machine& m, partition& from, const ffa::call_frame& frame) {
    const ffa::run_call call = *ffa::decode_run(frame);
    if (partition* const p = resumable(m, from.id(), call.who)) {
        if (p->work.interruptions != 0) {
            if (p->work.interruptions != for_ever) --p->work.interruptions;
            return interruption_answer(*p);
        }
        return enter(m, *p);
    }
    partition* const p = m.find(call.who.endpoint);
    if (p == nullptr || p == &from || call.who.vcpu >= p->config.execution_contexts)
        return refuse(ffa::error::invalid_parameters);
    if (from.secure()) return refuse(ffa::error::denied);
    if (p->state != partition_state::waiting || !p->config.entry) return refuse(ffa::error::busy);
    return engage(m, *p, from.id(), ffa::function_id::run, ffa::encode(ffa::run_call{call.who}), ffa::function_id{});
}

} // namespace vmsg::sim::detail
