// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `detail::direct_requests`: requests and kicks over direct messages, from their fields to a judged answer.

#include <bit>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/drop_counters.hpp>
#include <vmsg/proto/negotiator.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/direct_exchange.hpp>

namespace vmsg::detail {

/// `Session` derives from it and has, besides what `direct_exchange` needs, if it calls `ask_device`: `begin(dev_num,
/// rule)`: whether a device may be asked, which is `asked_device()` then; `is_there(device)`; `is_strict()`: of the
/// configuration.
template <class Session, ffa::conduit Conduit, session_clock Clock, class Policy>
class direct_requests : public direct_exchange<Session, Conduit, Clock, Policy> {
    static constexpr revision R = Policy::rev;

protected:
    using carrier = direct_exchange<Session, Conduit, Clock, Policy>;
    using carrier::carrier;

    /// Asks a device. Errors: as `proto::driver::request`, and those of an exchange; a tail of the answer lives until
    /// the next request, or in `room`.
    template <message Request>
    constexpr errc ask_device(std::uint16_t dev_num, Request& asked, response_of<Request>& got, std::uint8_t* room) {
        auto& session = static_cast<Session&>(*this);
        errc why = session.begin(dev_num, proto::detail::rule_of<Request>);
        if (why != errc::none) return why;
        auto& d = session.asked_device();
        why = proto::detail::check_request(d, asked);
        if (why != errc::none) return why;
        proto::detail::prepare_request(R, session.is_strict(), d, asked);
        if (!legal(R, asked)) return errc::invalid_argument;
        proto::detail::note_request(d, asked);
        why = converse(dev_num, asked, got, room);
        // An event that came with an answer can have removed the device.
        if (why == errc::none && session.is_there(d)) proto::detail::learn(d, asked, got);
        return why;
    }

    /// A request and its answer, which is legal and repeats what it has to.
    template <message Request>
    constexpr errc converse(std::uint16_t dev_num, const Request& asked, response_of<Request>& got,
                            std::uint8_t* room = nullptr) {
        return converse_as(shape_of<Request, response_of<Request>, R>(), dev_num, asked, got, room);
    }
    /// The same in another shape than that of the messages, whose tails it does not contain.
    template <message Request>
    constexpr errc converse_as(exchange_shape shape, std::uint16_t dev_num, const Request& asked,
                               response_of<Request>& got, std::uint8_t* room = nullptr) {
        using layout = layout_of<Request, R>;
        using answer_layout = layout_of<response_of<Request>, R>;
        std::uint64_t words[words_of<Request>]{};
        put(words, asked);
        if constexpr (layout::has_tail) {
            put_tail(words, fixed_msg_size<Request, R>, layout::tail::data(asked));
            shape = shape.with_tails(layout::tail::data(asked).size_bytes(), 0);
        }
        if constexpr (proto::detail::tells_answer<Request>)
            shape = shape.with_tails(0, proto::detail::answer_tail(asked));
        if (const errc why = this->exchange(dev_num, words, shape); why != errc::none) return why;
        answer_layout::template get<header_size<R>>(this->answer(), got);
        if constexpr (answer_layout::has_tail) {
            constexpr bool told = proto::detail::tells_answer<Request>;
            constexpr std::size_t begin = fixed_msg_size<response_of<Request>, R>;
            const std::size_t length =
                told ? proto::detail::answer_tail(asked) : this->answer_header().msg_size - begin;
            answer_layout::tail::set(got, {answer_bytes(begin + length, room) + begin, length});
            if (!told && !answer_layout::tail::agrees(got, length)) return this->drop(errc::bad_length);
        }
        if (!proto::detail::echoes(asked, got) || !legal(R, got)) return this->drop(errc::bad_value);
        return proto::detail::check_answer(got);
    }

    /// What the peer says of a request that it has answered.
    constexpr errc said(bus_result r) {
        if (r == bus_result::busy) ++this->count().peer_busy;
        return proto::error_of(r);
    }
    /// Makes an attempt at a RESET, and repeats it as often as the policy says while it ends with `busy`.
    template <class Attempt> constexpr errc reset_peer(Attempt attempt) {
        for (std::uint16_t left = Policy::retry.reset_attempts;; pause(Policy::retry.reset_pause)) {
            const errc why = attempt(static_cast<Session&>(*this));
            if (why != errc::busy || left-- <= 1) return why;
        }
    }

    /// Sends an EVENT_AVAIL. Errors: of an exchange; an acknowledgement that is none is counted.
    constexpr errc kick(std::uint16_t dev_num, const event_avail& what) {
        std::uint64_t words[words_of<event_avail>]{};
        put(words, what);
        constexpr exchange_shape shape = shape_of<event_avail, event_ack_response, R>();
        const errc why =
            VMSG_SMALL ? this->exchange(dev_num, words, shape) : this->exchange_inline(dev_num, words, shape);
        return this->is_other(why) ? errc::none : why;
    }

    /// The event with header `h` that has come in place of an answer, without its tail. Errors: `bad_length`,
    /// `bad_value`.
    template <class Event> constexpr errc read_event(const header& h, Event& e) const {
        using layout = layout_of<Event, R>;
        layout::template get<header_size<R>>(this->answer(), e);
        bool right = h.msg_size == fixed_msg_size<Event, R>;
        if constexpr (layout::has_tail)
            right = h.msg_size >= fixed_msg_size<Event, R> &&
                    layout::tail::agrees(e, h.msg_size - fixed_msg_size<Event, R>);
        return !right ? errc::bad_length : !legal(R, e) ? errc::bad_value : errc::none;
    }

    constexpr void pause(duration time) {
        const instant end = this->the_clock().now() + time;
        while (this->the_clock().now() < end) this->the_clock().idle(end);
    }

private:
    /// Room for a request: as much as is read of it.
    template <class M>
    static constexpr std::size_t words_of = layout_of<M, R>::has_tail ? word_image::size
                                            : VMSG_SMALL              ? (fixed_msg_size<M, R> + 7) / 8
                                                                      : short_request_words;

    /// The payload of a message, without its tail.
    template <class M> VMSG_INLINE static constexpr void put(std::uint64_t* words, const M& m) {
        static_assert(fixed_msg_size<M, R> <= 8 * short_request_words);
        wire::word_sink<8 * short_request_words> sink{words};
        layout_of<M, R>::template put<header_size<R>>(sink, m);
    }
    /// Adds a tail that begins at byte `at`.
    template <class T> static constexpr void put_tail(std::uint64_t* words, std::size_t at, const wire::tail<T>& tail) {
        if constexpr (header_size<R> % sizeof(T) == 0) { // no element lies across two words
            for (std::size_t i = 0; i < tail.size(); ++i, at += sizeof(T))
                words[at / 8] |= std::uint64_t{tail[i]} << (8 * (at % 8));
        } else {
            for (std::size_t i = 0; i < tail.size_bytes(); ++i, ++at) {
                const auto byte = static_cast<std::uint8_t>(tail[i / sizeof(T)] >> (8 * (i % sizeof(T))));
                words[at / 8] |= std::uint64_t{byte} << (8 * (at % 8));
            }
        }
    }

    /// The first bytes of the answer: its registers as they lie in memory, or a copy in `room`, which is as long as the
    /// longest message, where they have another order.
    constexpr const std::uint8_t* answer_bytes(std::size_t size, std::uint8_t* room) const {
        if (std::endian::native == std::endian::little && !__builtin_is_constant_evaluated())
            return static_cast<const std::uint8_t*>(static_cast<const void*>(this->answer_words()));
        this->copy_answer({room, size});
        return room;
    }
};

} // namespace vmsg::detail
