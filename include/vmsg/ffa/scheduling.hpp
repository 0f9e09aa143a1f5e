// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Who runs: FFA_MSG_WAIT, FFA_RUN, FFA_YIELD, FFA_INTERRUPT and FFA_NORMAL_WORLD_RESUME as data. Source: FF-A, "CPU
// cycle management interfaces". The 64-bit forms are of FF-A 1.3.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// FFA_MSG_WAIT: the caller has nothing to do. The answer is what it is entered with: FFA_RUN, a direct request,
/// FFA_INTERRUPT. As an answer to FFA_RUN it says that the partition waits.
struct msg_wait_call {
    bool retain_rx{}; ///< w2 bit 0, from FF-A 1.2 on: the caller keeps a full RX buffer; without it, RX is released
    form width{};
    friend bool operator==(const msg_wait_call&, const msg_wait_call&) = default;
};
constexpr call_frame encode(const msg_wait_call& c) {
    call_frame frame = detail::frame_of(in_form(function_id::msg_wait, c.width));
    frame.x[2] = c.retain_rx ? 1 : 0;
    return frame;
}
constexpr result<msg_wait_call> decode_msg_wait(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::msg_wait)) return errc::bad_type;
    return msg_wait_call{(frame.x[2] & 1) != 0, form_of(frame)};
}

/// FFA_RUN: gives the processor to a partition, or back to one that was interrupted or yielded. The answer is what that
/// one calls next: FFA_MSG_WAIT, FFA_YIELD, a direct response; or FFA_INTERRUPT, FFA_ERROR.
struct run_call {
    target who{}; ///< to resume: what the INTERRUPT or YIELD said (`resumption_of`), whoever was called at first
    form width{};
    friend bool operator==(const run_call&, const run_call&) = default;
};
constexpr call_frame encode(const run_call& c) {
    call_frame frame = detail::frame_of(in_form(function_id::run, c.width));
    frame.x[1] = to_register(c.who);
    return frame;
}
constexpr result<run_call> decode_run(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::run)) return errc::bad_type;
    return run_call{target_in(frame.x[1]), form_of(frame)};
}

/// FFA_YIELD: the caller lets others run. As an answer it says who does, and that FFA_RUN has to resume it.
struct yield_call {
    target who{};            ///< zero in the call of a partition
    std::uint64_t timeout{}; ///< w2 lower, w3 upper half; in nanoseconds, 0: none. Hint to the scheduler
    form width{};
    friend bool operator==(const yield_call&, const yield_call&) = default;
};
constexpr call_frame encode(const yield_call& c) {
    call_frame frame = detail::frame_of(in_form(function_id::yield, c.width));
    frame.x[1] = to_register(c.who);
    detail::put_words(frame, 2, c.timeout);
    return frame;
}
constexpr result<yield_call> decode_yield(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::yield)) return errc::bad_type;
    return yield_call{target_in(frame.x[1]), words_in(frame, 2), form_of(frame)};
}

/// FFA_INTERRUPT: as an answer, the call is not done because `who` was preempted; as an entry, there is an interrupt
/// for the partition that is entered.
struct interrupt_call {
    target who{};          ///< not necessarily the one that was called
    std::uint32_t intid{}; ///< 0: not said
    form width{};
    friend bool operator==(const interrupt_call&, const interrupt_call&) = default;
};
constexpr call_frame encode(const interrupt_call& c) {
    call_frame frame = detail::frame_of(in_form(function_id::interrupt, c.width));
    frame.x[1] = to_register(c.who);
    frame.x[2] = c.intid;
    return frame;
}
constexpr result<interrupt_call> decode_interrupt(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::interrupt)) return errc::bad_type;
    return interrupt_call{target_in(frame.x[1]), word_in(frame, 2), form_of(frame)};
}

/// Whom FFA_RUN has to resume after this answer: the target in an FFA_INTERRUPT or FFA_YIELD, which may be another
/// partition than the one that was called. `bad_type` for any other answer.
constexpr result<target> resumption_of(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::interrupt) && !detail::is_either(frame, function_id::yield))
        return errc::bad_type;
    return target_in(frame.x[1]);
}

/// FFA_NORMAL_WORLD_RESUME: the secure world gives the processor back to a preempted normal world.
struct normal_world_resume_call {
    form width{};
    friend bool operator==(const normal_world_resume_call&, const normal_world_resume_call&) = default;
};
constexpr call_frame encode(const normal_world_resume_call& c) {
    return detail::frame_of(in_form(function_id::normal_world_resume, c.width));
}
constexpr result<normal_world_resume_call> decode_normal_world_resume(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::normal_world_resume)) return errc::bad_type;
    return normal_world_resume_call{form_of(frame)};
}

} // namespace vmsg::ffa
