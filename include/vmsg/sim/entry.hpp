// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How the manager enters a partition, and what the partition may leave with.

#include <cstddef>
#include <cstdint>
#include <optional>

#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/plain_direct.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/sim/machine.hpp>
#include <vmsg/sim/memory_send.hpp>
#include <vmsg/sim/setup.hpp>

namespace vmsg::sim::detail {

// Registers of a direct message that arrive between these two.
constexpr std::size_t carried(const machine& m, const partition& a, const partition& b, ffa::function_id id) {
    const bool both_extended = extended(a) && extended(b);
    if (id == ffa::function_id::msg_send_direct_req2 || id == ffa::function_id::msg_send_direct_resp2)
        return both_extended ? m.rules.carried_registers : 8;
    const bool wide = ffa::is_64_bit(id) && a.version >= ffa::version::v1_3 && b.version >= ffa::version::v1_3;
    return wide ? 18 : 8;
}

// What arrives: the same call, without the hint, upper halves that mean nothing, and what is not carried.
constexpr ffa::call_frame delivered(const ffa::call_frame& sent, std::size_t registers) {
    const ffa::function_id id = ffa::function_of(sent);
    ffa::call_frame made;
    made.x[0] = static_cast<std::uint64_t>(id);
    for (std::size_t i = 1; i < registers; ++i) made.x[i] = ffa::is_64_bit(id) ? sent.x[i] : ffa::word_in(sent, i);
    made.x[1] = ffa::word_in(sent, 1);
    return made;
}

/// `p` starts anew: it has no buffers, no notifications and no version; what it had retrieved is given back.
constexpr void restart(machine& m, partition& p) {
    forget_memory(m, p);
    reset(p);
    ++p.epoch;
    ++m.generation;
    ffa::call_frame told;
    if (p.config.on_restart) p.config.on_restart(told);
}

// Whether the response in `frame` is one to the request that `p` has. An error if it is not.
constexpr std::optional<ffa::error> bad_response(const machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    const ffa::endpoint_pair ends = ffa::endpoints_in(frame.x[1]);
    const bool response2 = id == ffa::function_id::msg_send_direct_resp2;
    if (!p.work.is_request()) return ffa::error::denied;
    if (ends.src != p.id()) return ffa::error::invalid_parameters;
    if (ends.dst != p.work.caller) return ffa::error::denied;
    const bool request2 = p.work.request == ffa::function_id::msg_send_direct_req2;
    if (response2 != request2 || ffa::is_64_bit(id) != ffa::is_64_bit(p.work.request)) return m.rules.mixed_pair;
    if (response2) return std::nullopt;
    if (ffa::word_in(frame, 2) != 0) return ffa::error::invalid_parameters;
    if (ffa::is_64_bit(id) && p.version >= ffa::version::v1_3) return std::nullopt;
    return extended_arguments(m, p, frame) ? std::optional{ffa::error::invalid_parameters} : std::nullopt;
}

// The exit with a response.
constexpr answer leave_with_response(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    const partition* const requester = m.find(p.work.caller);
    const std::size_t registers = requester == nullptr ? 8 : carried(m, p, *requester, id);
    answer a{delivered(frame, registers), ffa::is_64_bit(id) ? std::size_t{18} : std::size_t{8}};
    if (id == ffa::function_id::msg_send_direct_resp2) a.frame.x[2] = a.frame.x[3] = 0;
    p.work = {};
    p.state = partition_state::waiting;
    return a;
}

constexpr answer leave_with_wait(machine& m, partition& p, const ffa::call_frame& frame) {
    if (!ffa::decode_msg_wait(frame)->retain_rx) static_cast<void>(release_rx(m, p));
    p.work = {};
    p.state = partition_state::waiting;
    return {ffa::encode(ffa::msg_wait_call{}), 8};
}

constexpr answer leave_with_yield(partition& p, const ffa::call_frame& frame) {
    p.state = partition_state::yielded;
    p.work.resume_by = {p.id(), 0};
    p.work.interruptions = 0;
    return {ffa::encode(ffa::yield_call{p.work.resume_by, ffa::decode_yield(frame)->timeout}), 4};
}

// Whether the call in `frame` is one that leaves the partition, if it is in order.
constexpr bool is_exit(const machine& m, const partition& p, const ffa::call_frame& frame) {
    switch (ffa::form_64(ffa::function_of(frame))) {
    case ffa::function_id::msg_wait_64:
    case ffa::function_id::yield_64:
    case ffa::function_id::msg_send_direct_resp_64:
    case ffa::function_id::msg_send_direct_resp2: return true;
    case ffa::function_id::error_64: return m.rules.forwards_error_reply && p.work.is_request();
    default: return false;
    }
}

// What the partition's call in `frame` means for who entered it; nothing if the partition is to be entered again, with
// the answer that is then in `frame`.
inline std::optional<answer> leave(machine& m, partition& p, ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    const ffa::function_id wide = ffa::form_64(id);
    if (!is_exit(m, p, frame)) {
        m.execute(m, p, frame);
        return std::nullopt;
    }
    count_call(p, id);
    if (wide == ffa::function_id::msg_wait_64) {
        if (extended_arguments(m, p, frame))
            put_answer(m, p, frame, refuse(ffa::error::invalid_parameters));
        else if (p.work.is_request())
            put_answer(m, p, frame, refuse(ffa::error::denied));
        else
            return leave_with_wait(m, p, frame);
        return std::nullopt;
    }
    if (wide == ffa::function_id::yield_64) return leave_with_yield(p, frame);
    if (wide == ffa::function_id::error_64) {
        p.work = {};
        p.state = partition_state::waiting;
        return refuse(ffa::error_in(frame));
    }
    const auto why = bad_response(m, p, frame);
    if (!why) return leave_with_response(m, p, frame);
    put_answer(m, p, frame, refuse(*why));
    return std::nullopt;
}

// Lets `p` run from `frame` on until it leaves. A partition that never does is stopped, and its requester gets ABORTED.
inline answer run_until_exit(machine& m, partition& p, ffa::call_frame frame) {
    p.state = partition_state::running;
    p.wake = false;
    const std::uint32_t epoch = p.epoch;
    for (std::uint32_t i = 0; i < m.entry_limit; ++i) {
        p.config.entry(frame);
        if (p.epoch != epoch) return refuse(ffa::error::aborted); // started anew meanwhile
        if (const auto done = leave(m, p, frame)) return *done;
    }
    p.work = {};
    p.state = partition_state::stopped;
    return refuse(ffa::error::aborted);
}

// Some managers wake a partition for what is pending before they give it a request. One that yields meanwhile goes on
// until it waits; one that never does is stopped.
inline void wake_first(machine& m, partition& p) {
    const engagement request = p.work;
    p.work = {};
    p.work.caller = request.caller;
    ffa::call_frame frame = ffa::encode(ffa::interrupt_call{{}, m.rules.npi});
    static_cast<void>(run_until_exit(m, p, frame));
    for (std::uint32_t i = 1; i < m.entry_limit && p.state == partition_state::yielded; ++i)
        static_cast<void>(run_until_exit(m, p, ffa::encode_success()));
    if (p.state == partition_state::yielded) p.state = partition_state::stopped;
    p.work = request;
}

/// Enters `p` for the caller in `p.work`: with its request or FFA_RUN, or with what its FFA_YIELD is answered.
inline answer enter(machine& m, partition& p) {
    if (p.state == partition_state::yielded) return run_until_exit(m, p, ffa::encode_success());
    const std::uint32_t epoch = p.epoch;
    if (m.rules.interrupts_before_request && p.wake && p.work.is_request()) wake_first(m, p);
    if (p.epoch != epoch || p.state == partition_state::stopped) return refuse(ffa::error::aborted);
    return run_until_exit(m, p, p.work.entry);
}

} // namespace vmsg::sim::detail
