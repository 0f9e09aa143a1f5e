// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Which call it is, whether this endpoint may make it now, and who answers it.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/console.hpp>
#include <vmsg/sim/direct_calls.hpp>
#include <vmsg/sim/discovery.hpp>
#include <vmsg/sim/indirect_calls.hpp>
#include <vmsg/sim/machine.hpp>
#include <vmsg/sim/memory_receive.hpp>
#include <vmsg/sim/memory_send.hpp>
#include <vmsg/sim/notification_calls.hpp>
#include <vmsg/sim/setup.hpp>

namespace vmsg::sim::detail {

inline answer answer_console(const machine& m, const partition& p, const ffa::call_frame& frame) {
    const auto call = ffa::decode_console_log(frame, p.version);
    if (!call) return refuse(ffa::error::invalid_parameters);
    if (m.hooks.console != nullptr) m.hooks.console(m.hooks.context, p.id(), call->characters());
    return granted();
}

// The calls that leave a partition, made where there is nothing to leave: inside its entry, or by one that was never
// entered. The manager cannot hold the caller up: FFA_MSG_WAIT says INTERRUPT if there is something to do, and
// otherwise that the wait was interrupted.
constexpr answer answer_exit(machine& m, partition& p, const ffa::call_frame& frame) {
    if (p.state == partition_state::running) return refuse(ffa::error::denied);
    const ffa::function_id wide = ffa::form_64(ffa::function_of(frame));
    if (wide == ffa::function_id::yield_64) return granted();
    if (wide != ffa::function_id::msg_wait_64) return refuse(ffa::error::denied);
    if (extended_arguments(m, p, frame)) return refuse(ffa::error::invalid_parameters);
    if (!ffa::decode_msg_wait(frame)->retain_rx) static_cast<void>(release_rx(m, p));
    if (!p.notes.pending()) return refuse(ffa::error::interrupted);
    return {ffa::encode(ffa::interrupt_call{{}, m.rules.npi}), 3};
}

inline answer answer_setup(machine& m, partition& p, const ffa::call_frame& frame) {
    using enum ffa::function_id;
    switch (ffa::function_of(frame)) {
    case version: return answer_version(m, p, frame);
    case features: return answer_features(m, p, frame);
    case id_get: return answer_id(p.id());
    case spm_id_get: return answer_id(m.own_id);
    case rxtx_map:
    case rxtx_map_64: return map_buffers(m, p, frame);
    case rxtx_unmap: return unmap_buffers(m, p, frame);
    case rx_release: return answer_rx_release(m, p, frame);
    case rx_acquire: return answer_rx_acquire(m, p, frame);
    case partition_info_get: return answer_partition_info(m, p, frame);
    case partition_info_get_regs: return answer_partition_info_regs(m, p, frame);
    case console_log:
    case console_log_64: return answer_console(m, p, frame);
    default: return refuse(ffa::error::not_supported);
    }
}

inline answer answer_notification(machine& m, partition& p, const ffa::call_frame& frame) {
    using enum ffa::function_id;
    switch (ffa::function_of(frame)) {
    case notification_bitmap_create: return answer_bitmap_create(m, p, frame);
    case notification_bitmap_destroy: return answer_bitmap_destroy(m, p, frame);
    case notification_bind: return answer_bind(m, p, frame);
    case notification_unbind: return answer_unbind(m, p, frame);
    case notification_set: return answer_set(m, p, frame);
    case notification_get: return answer_get(m, p, frame);
    case notification_info_get:
    case notification_info_get_64: return answer_info_get(m, frame);
    default: return answer_setup(m, p, frame);
    }
}

inline answer answer_memory(machine& m, partition& p, const ffa::call_frame& frame) {
    using enum ffa::function_id;
    switch (ffa::function_of(frame)) {
    case mem_share:
    case mem_share_64:
    case mem_lend:
    case mem_lend_64:
    case mem_donate:
    case mem_donate_64: return answer_mem_send(m, p, frame);
    case mem_frag_tx: return answer_frag_tx(m, p, frame);
    case mem_reclaim: return answer_reclaim(m, p, frame);
    case mem_retrieve_req:
    case mem_retrieve_req_64: return answer_retrieve(m, p, frame);
    case mem_frag_rx: return answer_frag_rx(m, p, frame);
    case mem_relinquish: return answer_relinquish(m, p);
    default: return answer_notification(m, p, frame);
    }
}

inline answer answer_call(machine& m, partition& p, const ffa::call_frame& frame) {
    using enum ffa::function_id;
    switch (ffa::function_of(frame)) {
    case msg_send_direct_req:
    case msg_send_direct_req_64:
    case msg_send_direct_req2: return answer_direct_request(m, p, frame);
    case run:
    case run_64:
        if (extended_arguments(m, p, frame)) return refuse(ffa::error::invalid_parameters);
        return answer_run(m, p, frame);
    case msg_wait:
    case msg_wait_64:
    case yield:
    case yield_64:
    case msg_send_direct_resp:
    case msg_send_direct_resp_64:
    case msg_send_direct_resp2: return answer_exit(m, p, frame);
    case msg_send2: return answer_send2(m, p, frame);
    default: return answer_memory(m, p, frame);
    }
}

// The handle by which an operation is resumed: the one that it is about, or will be.
constexpr ffa::memory_handle handle_of(machine& m, const partition& p, const ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    if (is_memory_send(id)) return new_handle(m);
    const bool in_buffer = ffa::form_64(id) == ffa::function_id::mem_retrieve_req_64 || //
                           id == ffa::function_id::mem_relinquish;
    if (!in_buffer) return static_cast<ffa::memory_handle>(ffa::words_in(frame, 1));
    const std::size_t offset = id == ffa::function_id::mem_relinquish ? 0 : 8;
    if (p.box.tx.empty()) return ffa::invalid_handle;
    return static_cast<ffa::memory_handle>(load_le<std::uint64_t>(private_copy(m, p.box.tx).data() + offset));
}

// FFA_MEM_OP_PAUSE in place of the answer, `times` times.
constexpr answer pause(machine& m, partition& p, const ffa::call_frame& frame, std::uint32_t times) {
    const ffa::memory_handle handle = handle_of(m, p, frame);
    p.paused = {true, handle, frame, times == for_ever ? for_ever : times - 1};
    return {ffa::encode(ffa::mem_op_pause{handle}), 3};
}

inline answer answer_resume(machine& m, partition& p, const ffa::call_frame& frame) {
    if (ffa::decode_mem_op_resume(frame)->handle != p.paused.handle) return refuse(ffa::error::invalid_parameters);
    if (p.paused.left != 0) {
        if (p.paused.left != for_ever) --p.paused.left;
        return {ffa::encode(ffa::mem_op_pause{p.paused.handle}), 3};
    }
    p.paused.open = false;
    m.reserved_handle = is_memory_send(ffa::function_of(p.paused.call)) ? p.paused.handle : ffa::invalid_handle;
    const answer a = answer_call(m, p, p.paused.call);
    m.reserved_handle = ffa::invalid_handle;
    return a;
}

// Whether it is a call of FF-A at all: anything else is answered as SMCCC says, without FFA_ERROR.
constexpr bool is_ffa(const ffa::call_frame& frame) {
    const auto id = static_cast<std::uint32_t>(ffa::form_64(ffa::function_of(frame)));
    return id >= 0xc400'0060 && id <= 0xc400'00ef;
}

inline answer answer_permitted(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::function_id id = ffa::function_of(frame);
    const bool is_version = id == ffa::function_id::version;
    if (m.rules.version_first && !p.secure() && !p.version_known && !is_version)
        return refuse(ffa::error::not_supported);
    if (!is_version && m.rules.locks_version) p.version_locked = true;
    if (const auto f = m.faults.strike(fault_kind::refuse, id, p.id()))
        return is_version ? no_version() : refuse(f->code);
    if (p.paused.open && id == ffa::function_id::mem_op_resume) return answer_resume(m, p, frame);
    if (!supports(m, p, id)) return refuse(ffa::error::not_supported);
    if (is_memory_call(id)) {
        if (const auto f = m.faults.strike_run(fault_kind::pause, id, p.id())) return pause(m, p, frame, f->times);
    }
    return answer_call(m, p, frame);
}

inline void dispatch(machine& m, partition& p, ffa::call_frame& frame) {
    if (!is_ffa(frame)) {
        frame.x[0] = ~std::uint64_t{0};
        return;
    }
    const ffa::call_frame call = frame;
    count_call(p, ffa::function_of(call));
    put_answer(m, p, frame, answer_permitted(m, p, call));
    if (m.hooks.called != nullptr) m.hooks.called(m.hooks.context, p.id(), call, frame);
}

} // namespace vmsg::sim::detail
