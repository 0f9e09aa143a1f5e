// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The calls of FF-A memory sharing and their answers as data. Source: FF-A Memory Management Protocol, FFA_MEM_DONATE
// to FFA_MEM_FRAG_TX. A handle takes two registers, its low half the one with the lower number. MEM_PERM_GET and SET:
// `memory_permission_calls.hpp`.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

namespace detail {

constexpr void put_handle(call_frame& frame, std::size_t i, memory_handle h) {
    put_words(frame, i, static_cast<std::uint64_t>(h));
}
constexpr memory_handle handle_in(const call_frame& frame, std::size_t i) {
    return static_cast<memory_handle>(words_in(frame, i));
}

constexpr call_frame handle_frame(function_id function, memory_handle h) {
    call_frame frame = frame_of(function);
    put_handle(frame, 1, h);
    return frame;
}

// Where a descriptor is: lengths in w1 and w2, and a buffer in x3 and w4 unless it is the TX buffer.
template <class Call> constexpr void put_descriptor(call_frame& frame, const Call& c) {
    frame.x[1] = c.total_length;
    frame.x[2] = c.fragment_length;
    frame.x[3] = c.address;
    frame.x[4] = c.page_count;
}
template <class Call> constexpr void get_descriptor(const call_frame& frame, Call& c) {
    c.total_length = word_in(frame, 1);
    c.fragment_length = word_in(frame, 2);
    c.address = wide_in(frame, 3);
    c.page_count = word_in(frame, 4);
    c.width = form_of(frame);
}
// A 32-bit call has no room for an address above 4 GiB.
template <class Call> constexpr function_id descriptor_call(const Call& c, function_id id) {
    return in_form(id, c.address >> 32 != 0 ? form::smc64 : c.width);
}

} // namespace detail

/// FFA_MEM_SHARE, FFA_MEM_LEND, FFA_MEM_DONATE: send memory to others.
struct mem_send_call {
    memory_operation operation{};
    std::uint32_t total_length{};    ///< bytes of the whole descriptor
    std::uint32_t fragment_length{}; ///< bytes of it that the buffer has
    std::uint64_t address{};         ///< of the buffer; 0: the TX buffer, which is all that some managers take
    std::uint32_t page_count{};      ///< 4 KiB pages of that buffer; 0: the TX buffer
    form width{};                    ///< an address above 4 GiB is sent in the 64-bit form in any case
    friend bool operator==(const mem_send_call&, const mem_send_call&) = default;
};
constexpr call_frame encode(const mem_send_call& c) {
    const function_id id = c.operation == memory_operation::share  ? function_id::mem_share
                           : c.operation == memory_operation::lend ? function_id::mem_lend
                                                                   : function_id::mem_donate;
    call_frame frame = detail::frame_of(detail::descriptor_call(c, id));
    detail::put_descriptor(frame, c);
    return frame;
}
/// `bad_type` if it is another call.
constexpr result<mem_send_call> decode_mem_send(const call_frame& frame) {
    mem_send_call c;
    switch (function_of(frame)) {
    case function_id::mem_share:
    case function_id::mem_share_64: c.operation = memory_operation::share; break;
    case function_id::mem_lend:
    case function_id::mem_lend_64: c.operation = memory_operation::lend; break;
    case function_id::mem_donate:
    case function_id::mem_donate_64: c.operation = memory_operation::donate; break;
    default: return errc::bad_type;
    }
    detail::get_descriptor(frame, c);
    return c;
}

/// FFA_MEM_RETRIEVE_REQ: have access to memory that was sent; the descriptor has no regions.
struct mem_retrieve_call {
    std::uint32_t total_length{};    ///< bytes of the descriptor
    std::uint32_t fragment_length{}; ///< the same: a request is in one piece
    std::uint64_t address{};         ///< of the buffer; 0: the TX buffer
    std::uint32_t page_count{};      ///< 4 KiB pages of that buffer; 0: the TX buffer
    form width{};                    ///< an address above 4 GiB is sent in the 64-bit form in any case
    friend bool operator==(const mem_retrieve_call&, const mem_retrieve_call&) = default;
};
constexpr call_frame encode(const mem_retrieve_call& c) {
    call_frame frame = detail::frame_of(detail::descriptor_call(c, function_id::mem_retrieve_req));
    detail::put_descriptor(frame, c);
    return frame;
}
/// `bad_type` if it is another call.
constexpr result<mem_retrieve_call> decode_mem_retrieve(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::mem_retrieve_req)) return errc::bad_type;
    mem_retrieve_call c;
    detail::get_descriptor(frame, c);
    return c;
}

/// FFA_MEM_RETRIEVE_RESP: the descriptor, or its first fragment, is in the RX buffer, which has to be released.
struct mem_retrieve_answer {
    std::uint32_t total_length{};    ///< bytes of the whole descriptor
    std::uint32_t fragment_length{}; ///< bytes of it in the RX buffer
    friend bool operator==(const mem_retrieve_answer&, const mem_retrieve_answer&) = default;
};
constexpr call_frame encode(const mem_retrieve_answer& a) {
    call_frame frame = detail::frame_of(function_id::mem_retrieve_resp);
    frame.x[1] = a.total_length;
    frame.x[2] = a.fragment_length;
    return frame;
}
/// Errors: as `outcome_of`.
constexpr result<mem_retrieve_answer> decode_mem_retrieve_answer(const call_frame& frame) {
    if (detail::is_call(frame, function_id::mem_retrieve_resp))
        return mem_retrieve_answer{word_in(frame, 1), word_in(frame, 2)};
    const errc why = outcome_of(frame).error();
    return why == errc::none ? errc::bad_type : why;
}

/// FFA_MEM_RELINQUISH: give up access; the descriptor is in the TX buffer (`encode_memory_relinquish`).
struct mem_relinquish_call {
    friend bool operator==(const mem_relinquish_call&, const mem_relinquish_call&) = default;
};
constexpr call_frame encode(const mem_relinquish_call&) { return detail::frame_of(function_id::mem_relinquish); }
/// `bad_type` if it is another call.
constexpr result<mem_relinquish_call> decode_mem_relinquish(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_relinquish)) return errc::bad_type;
    return mem_relinquish_call{};
}
/// Errors: as `outcome_of`.
constexpr result<void> decode_mem_relinquish_answer(const call_frame& frame) { return outcome_of(frame); }

/// FFA_MEM_RECLAIM: the owner has its memory back, once nobody else has access.
struct mem_reclaim_call {
    memory_handle handle{};
    memory_flags flags{}; ///< `zero`, `time_slice`
    friend bool operator==(const mem_reclaim_call&, const mem_reclaim_call&) = default;
};
constexpr call_frame encode(const mem_reclaim_call& c) {
    call_frame frame = detail::handle_frame(function_id::mem_reclaim, c.handle);
    frame.x[3] = static_cast<std::uint32_t>(c.flags);
    return frame;
}
/// `bad_type` if it is another call.
constexpr result<mem_reclaim_call> decode_mem_reclaim(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_reclaim)) return errc::bad_type;
    return mem_reclaim_call{detail::handle_in(frame, 1), static_cast<memory_flags>(word_in(frame, 3))};
}
/// Errors: as `outcome_of`; `denied` while somebody else still has access.
constexpr result<void> decode_mem_reclaim_answer(const call_frame& frame) { return outcome_of(frame); }

/// FFA_MEM_OP_PAUSE, an answer: the operation is not done; `mem_op_resume_call` goes on with it.
struct mem_op_pause {
    memory_handle handle{};
    friend bool operator==(const mem_op_pause&, const mem_op_pause&) = default;
};
constexpr call_frame encode(const mem_op_pause& c) { return detail::handle_frame(function_id::mem_op_pause, c.handle); }
/// `bad_type` if it is another call or answer.
constexpr result<mem_op_pause> decode_mem_op_pause(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_op_pause)) return errc::bad_type;
    return mem_op_pause{detail::handle_in(frame, 1)};
}

/// FFA_MEM_OP_RESUME: go on with an operation that was paused. Its answer is that of the operation.
struct mem_op_resume_call {
    memory_handle handle{};
    friend bool operator==(const mem_op_resume_call&, const mem_op_resume_call&) = default;
};
constexpr call_frame encode(const mem_op_resume_call& c) {
    return detail::handle_frame(function_id::mem_op_resume, c.handle);
}
/// `bad_type` if it is another call.
constexpr result<mem_op_resume_call> decode_mem_op_resume(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_op_resume)) return errc::bad_type;
    return mem_op_resume_call{detail::handle_in(frame, 1)};
}

/// FFA_MEM_FRAG_RX: asks for the fragment at `offset`; the answer to a sender whose descriptor is not all there yet,
/// and the call of a receiver for the rest of what it retrieves.
struct mem_frag_rx {
    memory_handle handle{};
    std::uint32_t offset{}; ///< bytes of the descriptor that were transferred
    endpoint_id endpoint{}; ///< whose descriptor it is, between a hypervisor and the SPMC; otherwise 0
    friend bool operator==(const mem_frag_rx&, const mem_frag_rx&) = default;
};
constexpr call_frame encode(const mem_frag_rx& c) {
    call_frame frame = detail::handle_frame(function_id::mem_frag_rx, c.handle);
    frame.x[3] = c.offset;
    frame.x[4] = to_register(endpoint_pair{c.endpoint, {}});
    return frame;
}
/// `bad_type` if it is another call or answer.
constexpr result<mem_frag_rx> decode_mem_frag_rx(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_frag_rx)) return errc::bad_type;
    return mem_frag_rx{detail::handle_in(frame, 1), word_in(frame, 3), endpoints_in(frame.x[4]).src};
}

/// FFA_MEM_FRAG_TX: the next fragment is there; the call of a sender, in whose TX buffer it is, and the answer to a
/// receiver, in whose RX buffer it is and which has to release it.
struct mem_frag_tx {
    memory_handle handle{};
    std::uint32_t length{}; ///< bytes of the fragment, which is regions and nothing else
    endpoint_id endpoint{}; ///< whose descriptor it is, between a hypervisor and the SPMC; otherwise 0
    friend bool operator==(const mem_frag_tx&, const mem_frag_tx&) = default;
};
constexpr call_frame encode(const mem_frag_tx& c) {
    call_frame frame = detail::handle_frame(function_id::mem_frag_tx, c.handle);
    frame.x[3] = c.length;
    frame.x[4] = to_register(endpoint_pair{c.endpoint, {}});
    return frame;
}
/// `bad_type` if it is another call or answer.
constexpr result<mem_frag_tx> decode_mem_frag_tx(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::mem_frag_tx)) return errc::bad_type;
    return mem_frag_tx{detail::handle_in(frame, 1), word_in(frame, 3), endpoints_in(frame.x[4]).src};
}
/// The answer to a receiver's FFA_MEM_FRAG_RX. Errors: as `outcome_of`.
constexpr result<mem_frag_tx> decode_mem_frag_rx_answer(const call_frame& frame) {
    if (const auto fragment = decode_mem_frag_tx(frame)) return fragment;
    const errc why = outcome_of(frame).error();
    return why == errc::none ? errc::bad_type : why;
}

/// The answer to FFA_MEM_SHARE, LEND, DONATE and to a sender's FFA_MEM_FRAG_TX.
struct mem_send_answer {
    enum class kind : std::uint8_t {
        done,   ///< FFA_SUCCESS: the memory is sent
        more,   ///< FFA_MEM_FRAG_RX: the fragment at `offset` comes next
        paused, ///< FFA_MEM_OP_PAUSE: to be resumed with the handle
    };
    kind what{};
    memory_handle handle{};
    std::uint32_t offset{}; ///< bytes of the descriptor that the callee has; with `more`
    endpoint_id endpoint{}; ///< with `more`: as in `mem_frag_rx`
    friend bool operator==(const mem_send_answer&, const mem_send_answer&) = default;
};
constexpr call_frame encode(const mem_send_answer& a) {
    if (a.what == mem_send_answer::kind::more) return encode(mem_frag_rx{a.handle, a.offset, a.endpoint});
    if (a.what == mem_send_answer::kind::paused) return encode(mem_op_pause{a.handle});
    call_frame frame = detail::frame_of(function_id::success);
    detail::put_handle(frame, 2, a.handle);
    return frame;
}
/// Errors: as `outcome_of`.
constexpr result<mem_send_answer> decode_mem_send_answer(const call_frame& frame) {
    if (const auto more = decode_mem_frag_rx(frame))
        return mem_send_answer{mem_send_answer::kind::more, more->handle, more->offset, more->endpoint};
    if (const auto paused = decode_mem_op_pause(frame))
        return mem_send_answer{mem_send_answer::kind::paused, paused->handle, 0, {}};
    if (const auto outcome = outcome_of(frame); !outcome) return outcome.error();
    return mem_send_answer{mem_send_answer::kind::done, detail::handle_in(frame, 2), 0, {}};
}

} // namespace vmsg::ffa
