// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `detail::direct_exchange`: one request at a time as an FF-A direct message, from the words of the request to the
// words of an answer that is one. Source: FF-A 1.2, FFA_MSG_SEND_DIRECT_REQ2 and its outcomes; FF-A bus, rules N1 to
// N4, N7.

#include <cstddef>
#include <cstdint>
#include <type_traits>
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
#include <vmsg/proto/driver_rules.hpp>
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

/// The same for a policy without `counts`: takes no memory and knows nothing.
struct no_session_counters {
    struct nothing {
        constexpr const nothing& operator++() const { return *this; }
        constexpr void count(proto::drop_reason) const {}
    };
    static constexpr nothing requests{}, kicks{}, events{}, carrier_busy{}, no_answers{}, peer_busy{}, timeouts{};
    static constexpr nothing resumed{}, dropped{};
};

namespace detail {

/// Words of a request. The longest one without a tail is SET_VQUEUE.
inline constexpr std::size_t short_request_words = 6;

/// What a request is and what comes after it, in one number, so that a call of `exchange` is short.
class exchange_shape {
public:
    /// `request_size`, `answer_size`: bytes, header included; the answer may be longer if it `has_tail`.
    constexpr exchange_shape(std::uint16_t type_and_id, std::size_t request_size, std::size_t answer_size,
                             bool has_tail = false)
        : bits_(static_cast<std::uint32_t>(type_and_id | request_size << 16 | answer_size << 24) |
                std::uint32_t{has_tail} << 31) {}

    constexpr exchange_shape with_tails(std::size_t of_request, std::size_t of_answer) const {
        return exchange_shape{bits_ + static_cast<std::uint32_t>(of_request << 16 | of_answer << 24)};
    }

    constexpr std::uint16_t type_and_id() const { return static_cast<std::uint16_t>(bits_); }
    constexpr std::uint32_t request_size() const { return bits_ >> 16 & 0xff; }
    constexpr bool fits(std::size_t answer) const {
        const std::size_t size = bits_ >> 24 & 0x7f;
        return answer == size || (bits_ >> 31 != 0 && answer > size);
    }

private:
    constexpr explicit exchange_shape(std::uint32_t bits) : bits_(bits) {}

    std::uint32_t bits_;
};
static_assert(word_image::size_bytes < 0x80, "a size has 7 bits");

/// The shape of a request, as far as it does not depend on tails.
template <class Request, class Response, revision R> consteval exchange_shape shape_of() {
    return {type_and_id<Request>, fixed_msg_size<Request, R>, fixed_msg_size<Response, R>,
            layout_of<Response, R>::has_tail && !proto::detail::tells_answer<Request>};
}

/// `Session` derives from it and has `take_event(header)`, for an event in the words of the answer; `has_lost(dev_num,
/// type_and_id)`: such a request has no device any more, which nobody has heard of; `lose(errc)`.
template <class Session, ffa::conduit Conduit, session_clock Clock, class Policy> class direct_exchange {
    static constexpr revision R = Policy::rev;

public:
    static constexpr std::size_t max_msg_size() { return constants_of<R>.ffa_max_msg_size; } ///< bytes

    /// A request was interrupted and has no answer yet. The next call waits for it before it does anything else.
    constexpr bool is_open() const { return open_; }

    using counters_type = std::conditional_t<Policy::counts, direct_session_counters, no_session_counters>;
    constexpr const counters_type& counters() const { return counters_; }

protected:
    constexpr direct_exchange(Conduit& conduit, Clock& clock, ffa::endpoint_id self, ffa::endpoint_id peer)
        : conduit_(conduit),
          clock_(clock),
          ends_(static_cast<std::uint32_t>(to_register(ffa::endpoint_pair{self, peer}))) {}

    /// The words of the answer.
    constexpr wire::word_source answer() const { return wire::word_source{payload()}; }
    constexpr const std::uint64_t* answer_words() const { return payload(); }
    VMSG_INLINE constexpr header answer_header() const {
        header h;
        layout_of<header, R>::template get<0>(answer(), h);
        return h;
    }
    /// Its first bytes, as many as there is room for.
    constexpr void copy_answer(byte_span to) const { ffa::copy_direct_payload(call_, to); }

    /// Counts an answer that is not acted on, and gives back why.
    constexpr errc drop(errc why) {
        if constexpr (Policy::counts) count_drop(why);
        return why;
    }

    /// Something has come that is no answer.
    static constexpr bool is_unusable(errc why) { return (bit(why) & unusable) != 0; }
    /// The same, or an event.
    static constexpr bool is_other(errc why) { return (bit(why) & (unusable | bit(errc::would_block))) != 0; }

    /// Sends a request, with a token of its own unless it is an event, and waits for the answer. `words` has the
    /// payload where it stands in the message, and zeroes in place of the header. The header of the answer is right
    /// then: that of the response to this request in its size, or of the acknowledgement of the event. Errors:
    /// - it has not been carried out: `busy`, `no_answer` (after the attempts of the policy), `denied`,
    ///   `not_supported`, `invalid_argument`, `no_memory` and the like of the manager, `timed_out` if an older one is
    ///   still open, `no_device` if the device went away while that was ended; `would_block` instead of an EVENT_POLL,
    ///   if an event has come with the answer to it;
    /// - it may have been: `timed_out` (it is still open, or the manager has answered FFA_RUN with an error: after the
    ///   peer has begun), `aborted` (the peer is dead, which `Session::lose` is told), `bad_type`,
    ///   `bad_value`, `bad_length` (of what came instead of an answer), `would_block` (an event came);
    /// - `peer_error`: the peer has said no.
    constexpr errc exchange(std::uint16_t dev_num, const std::uint64_t* words, exchange_shape shape) {
        return exchange_inline(dev_num, words, shape);
    }
    /// The same in place, for the one that has to be fast.
    VMSG_INLINE constexpr errc exchange_inline(std::uint16_t dev_num, const std::uint64_t* words,
                                               exchange_shape shape) {
        errc why = open_ ? end_open(dev_num, shape) : errc::none;
        if (why == errc::none) why = send(dev_num, words, shape);
        return why == errc::none ? why : report(why);
    }

    constexpr Clock& the_clock() { return clock_; }
    constexpr counters_type& count() { return counters_; }

private:
    static constexpr bool has_error = present_in<error_response, R>;
    static constexpr std::uint64_t key_mask = constants_of<R>.has_token ? 0xffff'ffff'ff03 : 0xffff'ff03;
    static constexpr std::uint64_t device_and_token = key_mask & ~std::uint64_t{0xffff};

    [[gnu::cold, gnu::noinline]] constexpr void count_drop(errc why) { counters_.dropped.count(proto::reason_of(why)); }
    static constexpr std::uint32_t bit(errc why) {
        static_assert(errc_count <= 32);
        return std::uint32_t{1} << static_cast<std::uint32_t>(why);
    }
    static constexpr std::uint32_t unusable = bit(errc::bad_type) | bit(errc::bad_value) | bit(errc::bad_length);
    static constexpr bool is_event(std::uint64_t first_word) { return (first_word >> 8 & event_id_bit) != 0; }
    constexpr std::uint16_t next_token() {
        if (++token_ < 2) token_ = 2; // 0 and 1 are reserved for peers with fixed tokens
        return token_;
    }

    constexpr std::uint64_t* payload() { return call_.x + ffa::detail::first_payload_register; }
    constexpr const std::uint64_t* payload() const { return call_.x + ffa::detail::first_payload_register; }

    constexpr Session& self() { return static_cast<Session&>(*this); }

    VMSG_INLINE constexpr void fill(std::uint64_t first, const std::uint64_t* words, std::size_t size) {
        call_.x[0] = static_cast<std::uint64_t>(ffa::function_id::msg_send_direct_req2);
        call_.x[1] = ends_;
        const std::uint64_t low = service_[0];
        const std::uint64_t high = service_[1]; // both are loaded before one is stored: one instruction each
        call_.x[2] = low;
        call_.x[3] = high;
        if constexpr (VMSG_SMALL) {
            for (std::size_t i = word_image::size; i-- != 0;) payload()[i] = 8 * i < size ? words[i] : 0;
            payload()[0] = first;
        } else {
            fill_short(first, words, std::make_index_sequence<short_request_words - 1>{});
            clear_rest(std::make_index_sequence<word_image::size - short_request_words>{});
            for (std::size_t i = short_request_words; 8 * i < size; ++i) payload()[i] = words[i];
        }
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
        if (is_unusable(why)) drop(why);
        return why;
    }

    /// The first word of a request.
    VMSG_INLINE constexpr std::uint64_t head_of(std::uint16_t dev_num, const std::uint64_t* words,
                                                exchange_shape shape) {
        std::uint64_t head = shape.type_and_id() | std::uint64_t{dev_num} << 16 |
                             std::uint64_t{shape.request_size()} << (8 * (header_size<R> - 2));
        if constexpr (header_size<R> < 8) head |= words[0];
        if (constants_of<R>.has_token && !is_event(head)) head |= std::uint64_t{next_token()} << 32;
        return head;
    }
    VMSG_INLINE constexpr errc send(std::uint16_t dev_num, const std::uint64_t* words, exchange_shape shape) {
        const std::uint64_t asked = head_of(dev_num, words, shape);
        if constexpr (!VMSG_SMALL) { // the short way, apart from everything that can happen
            fill(asked, words, shape.request_size());
            conduit_(call_);
            if (answered()) return judge(asked, shape);
        }
        return persist(asked, words, shape, !VMSG_SMALL);
    }
    /// Repeats what was refused, within the attempts of the policy; the first one can have been made.
    VMSG_COLD constexpr errc persist(std::uint64_t asked, const std::uint64_t* words, exchange_shape shape, bool made) {
        for (std::uint16_t attempts = 1;; ++attempts) {
            if (VMSG_SMALL || !made) {
                fill(asked, words, shape.request_size());
                conduit_(call_);
            }
            made = false;
            errc why = outcome();
            if (why == still_open) why = finish();
            if (why == errc::none) return judge(asked, shape);
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

    static constexpr errc still_open = errc::timed_out; // of `outcome`; no manager says that

    /// What has become of a call. `still_open`: the peer was preempted or has yielded, and FFA_RUN has to resume whom
    /// the answer names.
    [[gnu::cold, gnu::noinline]] constexpr errc outcome() {
        const std::uint32_t place = ffa::detail::place_of(call_);
        const bool yielded = place == ffa::detail::place_of(ffa::function_id::yield);
        if (!yielded && place != ffa::detail::place_of(ffa::function_id::interrupt))
            return ffa::direct_outcome(call_, answer_ends());
        pause_ = yielded ? Policy::yield_pause : Policy::interrupt_pause;
        target_ = static_cast<std::uint32_t>(call_.x[1]);
        open_ = true;
        return still_open;
    }

    /// Resumes the peer until it has answered, at least once. After a time-out the request is still open: one that was
    /// given up would leave the peer busy for ever.
    [[gnu::cold, gnu::noinline]] constexpr errc finish() {
        const instant end = clock_.now() + Policy::retry.response_timeout;
        do {
            clock_.idle(clock_.now() + pause_);
            call_ = {};
            call_.x[0] = static_cast<std::uint64_t>(ffa::function_id::run);
            call_.x[1] = target_;
            conduit_(call_);
            ++counters_.resumed;
            const errc why = outcome();
            if (why == still_open) continue;
            constexpr std::uint32_t of_peer = bit(errc::none) | bit(errc::no_answer) | bit(errc::aborted) | unusable;
            open_ = (bit(why) & of_peer) == 0;
            if (!open_) return why;
            if (!is_retryable(why)) { // the manager has ended it
                open_ = false;
                return errc::timed_out;
            }
            pause_ = Policy::yield_pause; // another processor runs that context, or the manager wants to be asked again
        } while (clock_.now() < end);
        ++counters_.timeouts;
        return errc::timed_out;
    }
    /// Waits for the answer that an older request still has to get. Nobody waits for it any more; but an event is news,
    /// after which the new request may not make sense: why not.
    VMSG_COLD constexpr errc end_open(std::uint16_t dev_num, exchange_shape shape) {
        const errc why = finish();
        if (open_ || why == errc::aborted) return why;
        if (why != errc::none || check_header() != errc::none || !took_event()) {
            counters_.dropped.count(proto::drop_reason::late);
            return errc::none;
        }
        if (shape.type_and_id() == type_and_id<event_poll_request>) return errc::would_block; // for what there is
        return self().has_lost(dev_num, shape.type_and_id()) ? errc::no_device : errc::none;
    }

    /// Whether the header of the answer is one that a bus takes in.
    constexpr errc check_header() const {
        const header h = answer_header();
        if (h.msg_size < header_size<R> || h.msg_size > max_msg_size()) return errc::bad_length;
        return wrongly_names_device(h) ? errc::bad_value : errc::none;
    }
    [[gnu::cold, gnu::noinline]] constexpr bool took_event() {
        const header h = answer_header();
        if (classify(h) != frame_class::event || h.is_response()) return false;
        self().take_event(h);
        return true;
    }

    /// Whether what has come is what was asked for.
    constexpr errc judge(std::uint64_t asked, exchange_shape shape) {
        if (const errc why = check_header(); why != errc::none) return why;
        const bool kick = is_event(asked);
        const std::uint64_t difference = (payload()[0] ^ asked) & key_mask;
        if (difference != type_response || (kick && present_in<event_ack_response, R>))
            return judge_other(asked, difference);
        if (!shape.fits(answer_header().msg_size)) return errc::bad_length;
        ++(kick ? counters_.kicks : counters_.requests);
        return errc::none;
    }
    /// Not the response to this request.
    VMSG_COLD constexpr errc judge_other(std::uint64_t asked, std::uint64_t difference) {
        if (took_event()) return errc::would_block;
        const header h = answer_header();
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
    [[no_unique_address]] counters_type counters_{};
    ffa::call_frame call_{}; // the last call and what came back
};

} // namespace detail

} // namespace vmsg
