// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `detail::direct_exchange`: one request at a time as an FF-A direct message, from the words of the request to the
// words of an answer that is one. Source: FF-A 1.2, FFA_MSG_SEND_DIRECT_REQ2 and its outcomes; FF-A bus, rules N1 to
// N4, N7.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <vmsg/codec.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/proto/drop_counters.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/session_policy.hpp>

namespace vmsg {

/// What a `direct_session` has done and seen. The numbers begin anew after the largest one.
struct direct_session_counters {
    std::uint32_t requests{};       ///< that the peer has answered
    std::uint32_t kicks{};          ///< EVENT_AVAIL that the peer has taken
    std::uint32_t events{};         ///< that were taken
    std::uint32_t carrier_busy{};   ///< calls that the manager refused for now: FFA BUSY, RETRY
    std::uint32_t no_answers{};     ///< all-zero answers: the peer was there and has not taken the request
    std::uint32_t peer_busy{};      ///< responses with the result BUSY: the peer has taken the request and refuses it
    std::uint32_t timeouts{};       ///< requests without an answer in time: silence
    std::uint32_t resumed{};        ///< FFA_RUN
    proto::drop_counters dropped{}; ///< answers that were not acted on
};

namespace detail {

/// Words of a request. The longest one without a tail is SET_VQUEUE.
inline constexpr std::size_t short_request_words = 6;

/// What comes after a request, and how much of it there is.
struct exchange_shape {
    std::uint16_t answer_size{}; ///< bytes of the answer, without its tail
    bool has_tail{};             ///< the answer may be longer
    bool long_request{};         ///< the request has 14 words instead of `short_request_words`
};

/// `Session` derives from it and has `take_event(header)`, for an event in the words of the answer, and `lose(errc)`.
template <class Session, ffa::conduit Conduit, session_clock Clock, class Policy> class direct_exchange {
    static constexpr revision R = Policy::rev;

public:
    static constexpr std::size_t max_msg_size() { return constants_of<R>.ffa_max_msg_size; } ///< bytes

    /// A request was interrupted and has no answer yet. The next call waits for it before it does anything else.
    constexpr bool is_open() const { return open_; }

    constexpr const direct_session_counters& counters() const { return counters_; }

protected:
    constexpr direct_exchange(Conduit& conduit, Clock& clock, ffa::endpoint_id self, ffa::endpoint_id peer)
        : conduit_(conduit),
          clock_(clock),
          ends_(static_cast<std::uint32_t>(to_register(ffa::endpoint_pair{self, peer}))) {}

    /// The words of the answer.
    constexpr wire::word_source answer() const { return wire::word_source{payload()}; }
    constexpr header answer_header() const {
        header h;
        layout_of<header, R>::template get<0>(answer(), h);
        return h;
    }
    /// Its first bytes, as many as there is room for.
    constexpr void copy_answer(byte_span to) const { ffa::copy_direct_payload(call_, to); }

    VMSG_COLD constexpr errc drop(errc why, proto::drop_reason reason) {
        counters_.dropped.count(reason);
        return why;
    }
    VMSG_COLD constexpr errc unusable() { return drop(errc::bad_value, proto::drop_reason::bad_value); }

    static constexpr bool is_unusable(errc why) {
        return why == errc::bad_type || why == errc::bad_value || why == errc::bad_length;
    }

    /// Sends a request, with a token of its own unless it is an event, and waits for the answer, whose header is right
    /// then: that of the response to this request in its size, or of the acknowledgement of the event. Errors:
    /// - it has not been carried out: `busy`, `no_answer` (after the attempts of the policy), `denied`,
    ///   `not_supported`, `invalid_argument`, `no_memory` and the like of the manager, `timed_out` if an older one is
    ///   still open; but an error of the manager that answers FFA_RUN comes after the peer has begun, and says only
    ///   that there is no answer (`counters().resumed` tells);
    /// - it may have been: `timed_out` (it is still open), `aborted` (the peer is dead, which `Session::lose` is told),
    ///   `bad_type`, `bad_value`, `bad_length` (of what came instead of an answer), `would_block` (an event came);
    /// - `peer_error`: the peer has said no.
    constexpr errc exchange(const std::uint64_t* words, exchange_shape wanted) {
        return exchange_inline(words, wanted);
    }
    /// The same in place, for the one that has to be fast.
    VMSG_INLINE constexpr errc exchange_inline(const std::uint64_t* words, exchange_shape wanted) {
        errc why = open_ ? end_open() : errc::none;
        if (why == errc::none) why = send(words, wanted);
        return why == errc::none ? why : report(why);
    }

    constexpr Clock& the_clock() { return clock_; }
    constexpr direct_session_counters& count() { return counters_; }

private:
    static constexpr bool has_error = present_in<error_response, R>;
    static constexpr std::uint64_t key_mask = constants_of<R>.has_token ? 0xffff'ffff'ff03 : 0xffff'ff03;
    static constexpr std::uint64_t device_and_token = key_mask & ~std::uint64_t{0xffff};

    static constexpr bool is_event(std::uint64_t first_word) { return (first_word >> 8 & event_id_bit) != 0; }
    constexpr std::uint16_t next_token() {
        if (++token_ < 2) token_ = 2; // 0 and 1 are reserved for peers with fixed tokens
        return token_;
    }

    constexpr std::uint64_t* payload() { return call_.x + ffa::detail::first_payload_register; }
    constexpr const std::uint64_t* payload() const { return call_.x + ffa::detail::first_payload_register; }

    constexpr Session& self() { return static_cast<Session&>(*this); }

    VMSG_INLINE constexpr void fill(std::uint64_t first, const std::uint64_t* words, bool all) {
        call_.x[0] = static_cast<std::uint64_t>(ffa::function_id::msg_send_direct_req2);
        call_.x[1] = ends_;
        call_.x[2] = service_[0];
        call_.x[3] = service_[1];
        fill_short(first, words, std::make_index_sequence<short_request_words - 1>{});
        clear_rest(std::make_index_sequence<word_image::size - short_request_words>{});
        for (std::size_t i = short_request_words; all && i < word_image::size; ++i) payload()[i] = words[i];
    }
    // Without a loop that would cost more than what it does.
    template <std::size_t... I>
    VMSG_INLINE constexpr void fill_short(std::uint64_t first, const std::uint64_t* words, std::index_sequence<I...>) {
        payload()[0] = first;
        ((payload()[1 + I] = words[1 + I]), ...);
    }
    template <std::size_t... I> VMSG_INLINE constexpr void clear_rest(std::index_sequence<I...>) {
        ((payload()[short_request_words + I] = 0), ...);
    }

    /// Tells whom it concerns that a request has failed.
    VMSG_COLD constexpr errc report(errc why) {
        if (why == errc::aborted) self().lose(why);
        if (is_unusable(why)) counters_.dropped.count(proto::reason_of(why));
        return why;
    }

    VMSG_INLINE constexpr errc send(const std::uint64_t* words, exchange_shape wanted) {
        std::uint64_t asked = words[0];
        if (constants_of<R>.has_token && !is_event(asked)) asked |= std::uint64_t{next_token()} << 32;
        if constexpr (!VMSG_SMALL) { // the short way, apart from everything that can happen
            fill(asked, words, wanted.long_request);
            conduit_(call_);
            if (answered()) return judge(asked, wanted);
        }
        return persist(asked, words, wanted, !VMSG_SMALL);
    }
    /// Repeats what was refused, within the attempts of the policy; the first one can have been made.
    VMSG_COLD constexpr errc persist(std::uint64_t asked, const std::uint64_t* words, exchange_shape wanted,
                                     bool made) {
        for (std::uint16_t attempts = 1;; ++attempts) {
            if (!made) {
                fill(asked, words, wanted.long_request);
                conduit_(call_);
            }
            made = false;
            const errc why = answered() ? errc::none : outcome();
            if (why == errc::none) return judge(asked, wanted);
            if (!proto::detail::count_refusal(why, counters_)) return why;
            if (attempts >= Policy::retry.busy_attempts) return why == errc::no_answer ? why : errc::busy;
            if constexpr (Policy::retry.max_busy_backoff != 0)
                clock_.idle(clock_.now() + Policy::retry.backoff(attempts));
        }
    }
    /// There is an answer, and no question about it.
    constexpr bool answered() const {
        return call_.x[0] == static_cast<std::uint64_t>(ffa::function_id::msg_send_direct_resp2) &&
               static_cast<std::uint32_t>(call_.x[1]) == answer_ends() && payload()[0] != 0;
    }
    constexpr std::uint32_t answer_ends() const { return ends_ << 16 | ends_ >> 16; }
    VMSG_COLD constexpr errc outcome() { return suspended() ? finish() : direct_outcome(); }
    VMSG_COLD constexpr errc direct_outcome() const {
        return ffa::direct_outcome(call_, ffa::endpoints_in(answer_ends()));
    }

    /// The peer was preempted or has yielded: FFA_RUN has to resume whom the answer names.
    constexpr bool suspended() {
        const auto function = ffa::form_32(ffa::function_of(call_));
        const bool yielded = function == ffa::function_id::yield;
        if (!yielded && function != ffa::function_id::interrupt) return false;
        pause_ = yielded ? Policy::yield_pause : Policy::interrupt_pause;
        target_ = static_cast<std::uint32_t>(call_.x[1]);
        return open_ = true;
    }

    /// Resumes the peer until it has answered, at least once. After a time-out the request is still open: one that was
    /// given up would leave the peer busy for ever.
    constexpr errc finish() {
        const instant end = clock_.now() + Policy::retry.response_timeout;
        do {
            clock_.idle(clock_.now() + pause_);
            call_ = ffa::encode(ffa::run_call{ffa::target_in(target_)});
            conduit_(call_);
            ++counters_.resumed;
            if (suspended()) continue;
            const errc why = direct_outcome();
            if (why == errc::no_answer || !is_retryable(why)) {
                open_ = false;
                return why;
            }
            pause_ = Policy::yield_pause; // another processor runs that context, or the manager wants to be asked again
        } while (clock_.now() < end);
        ++counters_.timeouts;
        return errc::timed_out;
    }
    /// Waits for the answer that an older request still has to get. Nobody waits for it any more; but an event is news.
    VMSG_COLD constexpr errc end_open() {
        const errc why = finish();
        if (why == errc::timed_out || why == errc::aborted) return why;
        const header h = answer_header();
        if (why == errc::none && !(in_bounds(h) && took_event(h))) drop(why, proto::drop_reason::late);
        return errc::none;
    }

    static constexpr bool in_bounds(const header& h) {
        return h.msg_size >= header_size<R> && h.msg_size <= max_msg_size() && !wrongly_names_device(h);
    }
    VMSG_COLD constexpr bool took_event(const header& h) {
        if (classify(h) != frame_class::event || h.is_response()) return false;
        self().take_event(h);
        return true;
    }

    /// Whether what has come is what was asked for.
    constexpr errc judge(std::uint64_t asked, exchange_shape wanted) {
        const header h = answer_header();
        if (!in_bounds(h)) return errc::bad_length;
        const bool kick = is_event(asked);
        const std::uint64_t difference = (payload()[0] ^ asked) & key_mask;
        if (difference == type_response && (!kick || !present_in<event_ack_response, R>)) {
            const bool right = h.msg_size == wanted.answer_size || (wanted.has_tail && h.msg_size > wanted.answer_size);
            if (!right) return errc::bad_length;
            ++(kick ? counters_.kicks : counters_.requests);
            return errc::none;
        }
        return judge_other(asked, h, difference);
    }
    /// Not the response to this request.
    VMSG_COLD constexpr errc judge_other(std::uint64_t asked, const header& h, std::uint64_t difference) {
        if (took_event(h)) return errc::would_block;
        if (!h.is_response() || !h.is_bus()) return errc::bad_type;
        const bool kick = is_event(asked);
        if (kick || !has_error) return judge_null(asked, h, kick);
        return judge_error(asked, h, difference);
    }
    /// A bus response without an id: the event was taken; or, before there was FFA_ERROR, a request was discarded.
    constexpr errc judge_null(std::uint64_t asked, const header& h, bool kick) {
        if (h.msg_id != row_of<event_ack_response>.id) return errc::bad_type;
        const bool right = h.token == 0 || h.token == static_cast<std::uint16_t>(asked >> 32);
        if (h.msg_size != header_size<R> || !right) return errc::bad_value;
        if (!kick) return errc::peer_error;
        ++counters_.kicks;
        return errc::none;
    }
    /// An FFA_ERROR, which has to name the request that it answers.
    constexpr errc judge_error(std::uint64_t asked, const header& h, std::uint64_t difference) {
        if constexpr (has_error) {
            if (h.msg_id != row_of<error_response>.id) return errc::bad_type;
            if (h.msg_size != fixed_msg_size<error_response, R>) return errc::bad_length;
            error_response said;
            layout_of<error_response, R>::template get<header_size<R>>(answer(), said);
            const bool names_it = (difference & device_and_token) == 0 && said.original_msg_id == (asked >> 8 & 0xff);
            if (names_it) return errc::peer_error;
        }
        return errc::bad_value;
    }

    Conduit& conduit_;
    Clock& clock_;
    std::uint64_t service_[2]{Policy::service.low(), Policy::service.high()}; // shorter to load than to make
    std::uint32_t ends_;                                                      // as a request has them
    std::uint16_t token_ = 0;
    bool open_ = false; // a request was interrupted, and `target_` has to be resumed
    std::uint32_t target_ = 0;
    duration pause_ = 0; // until that
    direct_session_counters counters_{};
    ffa::call_frame call_{}; // the last call and what came back
};

} // namespace detail

} // namespace vmsg
