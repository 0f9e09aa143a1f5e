// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::direct_driver`: frames as FF-A direct messages, the side that asks. Source: FF-A 1.2,
// FFA_MSG_SEND_DIRECT_REQ2 and its outcomes; FF-A bus, rule N7. The side that answers: direct_device.hpp.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::transports {

/// Whom a direct driver side asks, and for what.
struct direct_options {
    std::size_t max_msg_size = 104;  ///< bytes, at most 112: `constants_of<R>.ffa_max_msg_size` of the revision
    uuid service = device_role_uuid; ///< of the peer; nil: any service
};

/// What a direct driver side has seen.
struct direct_counters {
    std::uint32_t sent{};            ///< frames that the peer has, answered or not
    std::uint32_t busy{};            ///< requests that the manager refused with FFA BUSY
    std::uint32_t no_answer{};       ///< requests that the peer refused with an all-zero answer
    std::uint32_t refused{};         ///< requests that ended with another error
    std::uint32_t resumed{};         ///< FFA_RUN
    std::uint32_t protocol_errors{}; ///< answers that are none, or of somebody else
};

/// One driver endpoint and the only peer that it asks. A frame that is sent is a request that the peer answers with one
/// frame, within the call as a rule: `receive` has it then. When the call comes back with FFA_INTERRUPT or FFA_YIELD
/// the frame has been sent all the same, and each `receive` resumes the peer once until it has answered, however long
/// after; nothing else can be sent before, as a request that is given up would leave the peer busy for ever.
///
/// Errors of `send` besides those of every transport: `busy` (FFA BUSY, or there is an answer that has not been
/// received or does not exist yet), `no_answer` (all zero: not carried out), `retry`, `interrupted`, and for good
/// `denied`, `not_supported` (another method may do), `invalid_argument`, `no_memory`, `aborted`. Errors of `receive`,
/// each given once in place of an answer that will not come: those of `send`, `bad_type` (not an answer), `bad_value`
/// (the answer of somebody else).
template <ffa::conduit Conduit> class direct_driver {
public:
    static constexpr duration interrupt_pause = 10;           ///< until a peer that was interrupted is resumed
    static constexpr duration yield_pause = 1 * milliseconds; ///< until a peer that has yielded is resumed

    /// The conduit outlives it.
    constexpr direct_driver(Conduit& conduit, ffa::endpoint_id self, ffa::endpoint_id peer,
                            const direct_options& options = {})
        : conduit_(conduit),
          options_(options),
          self_(self),
          peer_(peer),
          route_(ffa::route_of(self, peer, options.service)) {
        VMSG_ASSERT(options.max_msg_size <= word_image::size_bytes);
    }

    constexpr std::size_t max_msg_size() const { return options_.max_msg_size; }

    constexpr result<void> send(ffa::endpoint_id, byte_view frame, instant now) {
        if (frame.empty()) return errc::truncated;
        if (frame.size() > options_.max_msg_size) return errc::oversize;
        if (state_ != state::idle) return errc::busy;
        ffa::encode_direct_request(call_, self_, peer_, options_.service, frame);
        return make_call(now);
    }

    constexpr result<inbound> receive(byte_span buffer, instant now) {
        if (state_ == state::open) {
            const errc why = resume(now);
            if (state_ == state::open) return errc::would_block;
            if (state_ == state::idle) return why;
        }
        if (state_ == state::idle) return errc::would_block;
        const bool answered = state_ == state::answered;
        state_ = state::idle;
        if (!answered) return fault_;
        return deliver(buffer);
    }

    /// The same for a message in registers: no byte is stored on its way to the instruction.
    constexpr result<void> send(const word_image& image, instant now) {
        if (state_ != state::idle) return errc::busy;
        ffa::encode_direct_request(call_, route_, image);
        return make_call(now);
    }

    /// When `receive` should be called although nothing can have come by itself; `never` if no request is open.
    constexpr instant poll_timeout() const {
        return state_ == state::open ? resume_at_ : state_ == state::idle ? never : 0;
    }
    /// A request has been sent that the peer has not answered yet.
    constexpr bool open() const { return state_ == state::open; }

    constexpr const direct_counters& counters() const { return counters_; }

private:
    enum class state : std::uint8_t {
        idle,
        open,     // the peer was interrupted or has yielded: `target_` has to be resumed
        answered, // `call_` holds the answer
        failed,   // there will be no answer: `fault_` says why
    };

    constexpr errc make_call(instant now) {
        conduit_(call_);
        const errc why = interpret(now);
        if (state_ != state::idle) ++counters_.sent;
        return why;
    }

    /// Judges what came back from a call. With a request that has left, `errc::none` and another state than `idle`.
    constexpr errc interpret(instant now) {
        using ffa::function_id;
        switch (ffa::function_of(call_)) {
        case function_id::interrupt:
        case function_id::interrupt_64: return suspend(now + interrupt_pause);
        case function_id::yield:
        case function_id::yield_64: return suspend(now + yield_pause);
        default: break;
        }
        const errc why = ffa::direct_outcome(call_, {peer_, self_});
        if (why == errc::bad_type || why == errc::bad_value) return fail(why);
        state_ = why == errc::none ? state::answered : state::idle;
        if (why == errc::no_answer)
            ++counters_.no_answer;
        else if (why != errc::none)
            ++(why == errc::busy ? counters_.busy : counters_.refused);
        return why;
    }

    /// The peer may have carried the request out: it has left, but no answer to it can be used.
    constexpr errc fail(errc why) {
        ++counters_.protocol_errors;
        fault_ = why;
        state_ = state::failed;
        return errc::none;
    }

    /// The context that was interrupted can be that of a partition which the peer has asked for something.
    constexpr errc suspend(instant resume_at) {
        target_ = *ffa::resumption_of(call_);
        resume_at_ = resume_at;
        state_ = state::open;
        return errc::none;
    }

    constexpr errc resume(instant now) {
        call_ = ffa::encode(ffa::run_call{target_});
        conduit_(call_);
        ++counters_.resumed;
        const errc why = interpret(now);
        // Another processor runs that context, or the manager wants to be asked again: the request is still open.
        const bool is_answer = ffa::function_of(call_) == ffa::function_id::msg_send_direct_resp2;
        if (!is_answer && is_retryable(why)) {
            state_ = state::open;
            resume_at_ = now + yield_pause;
        }
        return why;
    }

    /// The whole image, as much of it as a message can have.
    constexpr result<inbound> deliver(byte_span buffer) {
        std::size_t size = options_.max_msg_size;
        if (buffer.size() < size) {
            size = buffer.size();
            if (!ffa::direct_payload_is_zero(call_, size)) return errc::oversize;
        }
        ffa::copy_direct_payload(call_, buffer.first(size));
        return inbound{peer_, static_cast<std::uint16_t>(size)};
    }

    Conduit& conduit_;
    direct_options options_;
    ffa::endpoint_id self_;
    ffa::endpoint_id peer_;
    ffa::direct_route route_;
    state state_ = state::idle;
    errc fault_{};
    ffa::target target_{};
    instant resume_at_ = 0;
    ffa::call_frame call_{}; // the last call and what came back
    direct_counters counters_{};
};

static_assert(transport<direct_driver<ffa::archetypes::conduit>>);

} // namespace vmsg::transports
