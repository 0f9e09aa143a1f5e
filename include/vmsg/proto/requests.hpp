// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `request_table`: the requests that are in flight. It owns the tokens, keeps the bytes of each request until it has
// been sent for good, takes the response in their place, and never lets a late answer reach a younger request.
// Source: virtio-msg, "Tokens" (the bus owns them); FF-A bus, rules N2 to N4.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg::proto {

/// Where the tokens of requests come from. rfc2025 has no place for one, whatever is chosen.
enum class token_source : std::uint8_t {
    counter, ///< each request has a token of its own, from 2 on, so that an answer is told from all others
    fixed,   ///< always the same one, as `linux_rfc2` sends it (quirk `token_fixed`), for device sides made for that
    none,    ///< always 0, for peers that put 0 in their answers (quirk `bus_response_token_zero`)
};

/// Where a request stands.
enum class exchange_state : std::uint8_t {
    idle,    ///< free
    queued,  ///< to be sent
    sent,    ///< waits for its response
    done,    ///< has its response or its error; waits to be fetched
    expired, ///< timed out; its token is not used again while an answer may still come
};

/// A request and what became of it. `MaxMsgSize` bytes hold the request at first and then the response.
template <std::size_t MaxMsgSize> struct exchange {
    exchange_state state{};
    bool held{};              ///< somebody has a ticket for it; without one nobody fetches the result
    bool untold{};            ///< it is over, and its user has to be told
    std::uint8_t msg_id{};    ///< of request and response
    std::uint8_t type{};      ///< type bits of the request
    std::uint16_t dev_num{};  ///< 0 in bus requests
    std::uint16_t token{};    ///< 0 in rfc2025
    std::uint16_t serial{};   ///< tells users of the same slot apart
    std::uint16_t attempts{}; ///< sends that the carrier refused
    std::uint16_t size{};     ///< bytes in `frame`
    std::uint16_t next{};     ///< slot + 1 of the next queued request, or of the next untold one
    errc error{};             ///< why there is no response
    instant deadline{};       ///< of the response, or of the quarantine
    alignas(8) std::uint8_t frame[MaxMsgSize]{};

    constexpr byte_view bytes() const { return {frame, size}; }
    constexpr bool is_bus() const { return (type & type_bus) != 0; }
};

/// A fixed number of exchanges, keyed by (device number, token). With a token each, the slot follows from the token, so
/// a response is matched in constant time. Without, the class, the id and what the answer repeats have to do: in
/// rfc2025 at most one request per device and class is open; with one token for all, where an error could answer either
/// class, one per device number. An expired request keeps its device until its quarantine ends; an answer that is later
/// still can be taken for one to a younger request of the same id.
template <revision R, std::size_t Slots, std::size_t MaxMsgSize> class request_table {
    static_assert(Slots >= 1 && Slots <= 4096 && (Slots & (Slots - 1)) == 0, "the number of slots is a power of two");
    static_assert(MaxMsgSize >= constants_of<R>.min_max_msg_size, "too small for the longest message without a tail");
    static constexpr bool has_token = constants_of<R>.has_token;

public:
    using slot = std::uint16_t;
    using exchange_type = exchange<MaxMsgSize>;
    static constexpr std::uint16_t first_token = 2; ///< 0 and 1 are reserved for peers with fixed tokens
    static constexpr std::size_t capacity = Slots;

    constexpr request_table() = default;
    /// `fixed_token` counts with `token_source::fixed` only.
    constexpr explicit request_table(token_source tokens, std::uint16_t fixed_token = 1)
        : counts_(has_token && tokens == token_source::counter),
          token_(counts_                                      ? first_token
                 : has_token && tokens == token_source::fixed ? fixed_token
                                                              : std::uint16_t{0}) {}

    constexpr exchange_type& operator[](slot s) { return slots_[s]; }
    constexpr const exchange_type& operator[](slot s) const { return slots_[s]; }

    /// Encodes a request into a free slot and puts it at the end of the queue.
    /// Errors: `busy` (no slot or token is free, or rfc2025 allows no second request to this device yet), and those of
    /// `encode`; `oversize` also if it is longer than `max_msg_size`.
    template <message Request>
    constexpr result<slot> open(std::uint16_t dev_num, const Request& request, std::size_t max_msg_size) {
        constexpr message_row row = row_of<Request>;
        const auto found = find_free(dev_num, row.type());
        if (!found) return found.error();
        const slot free = found->where;
        const std::uint16_t token = found->token;
        exchange_type& x = slots_[free];
        const std::size_t room = max_msg_size < MaxMsgSize ? max_msg_size : MaxMsgSize;
        const auto size = encode<R>(byte_span{x.frame, room}, header{.dev_num = dev_num, .token = token}, request);
        if (!size) return size.error();
        x.state = exchange_state::queued;
        x.held = true;
        x.msg_id = row.id;
        x.type = row.type();
        x.dev_num = dev_num;
        x.token = token;
        x.serial = ++serial_;
        x.attempts = 0;
        x.size = static_cast<std::uint16_t>(*size);
        x.error = errc::none;
        if (counts_) token_ = after(token);
        append(queued_, free);
        ++open_;
        return free;
    }

    /// Whether `open` would find a place for a request to this device with these type bits.
    constexpr bool has_room(std::uint16_t dev_num, std::uint8_t type) const {
        return counts_ ? open_ != Slots : find_free(dev_num, type).has_value();
    }

    constexpr bool has_queued() const { return queued_.first != 0; }

    /// Takes the first request from the queue to send it, or `would_block`. From now on it can be answered or given up;
    /// what became of the sending is said with `mark_sent`, `put_back` or `fail`, if it still waits by then.
    constexpr result<slot> take_queued() {
        if (!has_queued()) return errc::would_block;
        const slot s = take_first(queued_);
        slots_[s].state = exchange_state::sent;
        slots_[s].deadline = never;
        ring_.before[s] = ring_.after[s] = s;
        return s;
    }
    /// It has left; its response is due at `deadline`.
    constexpr void mark_sent(slot s, instant deadline) {
        stop_timing(s);
        start_timing(sent_, s, deadline);
    }
    /// It has not left and is the first of the queue again.
    constexpr void put_back(slot s) {
        stop_timing(s);
        slots_[s].state = exchange_state::queued;
        slots_[s].next = queued_.first;
        queued_.first = static_cast<std::uint16_t>(s + 1);
        if (queued_.last == 0) queued_.last = queued_.first;
    }

    /// The open request that a response answers.
    /// Errors: `stale_token` (there is none), `timed_out` (the late answer of an expired request, which ends its
    /// quarantine).
    constexpr result<slot> match(const header& h) {
        if (counts_) {
            const slot s = static_cast<slot>(h.token & (Slots - 1));
            const exchange_type& x = slots_[s];
            // An answer of the wrong class or id is one, too: the caller fails the request.
            if (x.token != h.token || x.dev_num != h.dev_num) return errc::stale_token;
            return x.state == exchange_state::sent ? result<slot>{s} : late(s);
        }
        if (has_token && h.token != token_) return errc::stale_token;
        for (slot s = 0; s < end; ++s)
            if (answers(slots_[s], h)) return slots_[s].state == exchange_state::sent ? result<slot>{s} : late(s);
        return errc::stale_token;
    }

    /// The open request that an answer without id and device discards: the one with this token, the only one if it has
    /// no token either. `stale_token` if that is none.
    constexpr result<slot> match_null(std::uint16_t token) const {
        result<slot> found = errc::stale_token;
        for (slot s = 0; s < end; ++s) {
            if (slots_[s].state != exchange_state::sent || (token != 0 && slots_[s].token != token)) continue;
            if (found) return errc::stale_token;
            found = s;
        }
        return found;
    }

    /// Puts the response in the place of the request.
    constexpr void complete(slot s, byte_view response) {
        exchange_type& x = slots_[s];
        VMSG_ASSERT(response.size() <= MaxMsgSize);
        copy_bytes(x.frame, response.data(), response.size());
        x.size = static_cast<std::uint16_t>(response.size());
        stop_timing(s);
        x.state = exchange_state::done;
    }

    /// Ends a request that has not been answered, or was answered by an error.
    constexpr void fail(slot s, errc why) {
        exchange_type& x = slots_[s];
        leave(s);
        x.error = why;
        x.state = exchange_state::done;
    }

    /// Ends a request whose response may still come: its token stays in quarantine until `until`.
    constexpr void expire(slot s, errc why, instant until) {
        stop_timing(s);
        slots_[s].state = exchange_state::expired;
        slots_[s].error = why;
        start_timing(expired_, s, until);
    }
    /// No answer to an expired request can come any more. Its slot becomes free, at the latest with its ticket.
    VMSG_COLD constexpr void end_quarantine(slot s) {
        leave(s);
        slots_[s].state = exchange_state::done;
        if (!slots_[s].held) release(s);
    }

    constexpr void release(slot s) {
        if (slots_[s].state == exchange_state::idle) return;
        if (slots_[s].state != exchange_state::done) leave(s);
        slots_[s].state = exchange_state::idle;
        slots_[s].size = 0;
        --open_;
    }

    constexpr std::size_t open_count() const { return open_; } ///< slots that are not idle

    /// The earliest deadline of a sent or expired request, `never` if there is none.
    constexpr instant next_deadline() const {
        const instant response = first_deadline(sent_);
        const instant quarantine = first_deadline(expired_);
        return response < quarantine ? response : quarantine;
    }
    /// A sent or expired request whose deadline has come, the earliest of its kind; or `would_block`.
    constexpr result<slot> due(instant now) const {
        const slot head = first_deadline(sent_) <= now ? sent_ : expired_;
        const slot first = ring_.after[head];
        if (first == head || slots_[first].deadline > now) return errc::would_block;
        return first;
    }

    // --- what is over

    /// The user of a request, which is over, has to be told.
    constexpr void tell(slot s) {
        slots_[s].untold = true;
        append(untold_, s);
    }
    /// Of those whose users have to be told, the request that was over first; or `would_block`.
    constexpr result<slot> take_untold() {
        if (untold_.first == 0) return errc::would_block;
        const slot s = take_first(untold_);
        slots_[s].untold = false;
        return s;
    }
    /// The user of a request does not want to know.
    constexpr void forget_untold(slot s) {
        if (slots_[s].untold) unlink(untold_, s);
        slots_[s].untold = false;
    }

private:
    /// Requests in an order, as slot + 1; 0: none.
    struct list {
        std::uint16_t first{};
        std::uint16_t last{};
    };
    static constexpr slot end = Slots; // one after the last

    /// Whether it has the only token that there is, if any.
    constexpr bool answers(const exchange_type& x, const header& h) const {
        if (x.state != exchange_state::sent && x.state != exchange_state::expired) return false;
        if (x.dev_num != h.dev_num) return false;
        if (x.is_bus() == h.is_bus() && x.msg_id == h.msg_id) return true;
        return has_token && h.is_bus() && h.msg_id == row_of<error_response>.id;
    }

    VMSG_COLD constexpr result<slot> late(slot s) {
        if (slots_[s].state != exchange_state::expired) return errc::stale_token;
        end_quarantine(s);
        return errc::timed_out;
    }

    struct place {
        slot where{};
        std::uint16_t token{};
    };
    constexpr result<place> find_free(std::uint16_t dev_num, std::uint8_t type) const {
        if (counts_) {
            if (open_ == Slots) return errc::busy;
            std::uint16_t token = token_;
            while (slots_[token & (Slots - 1)].state != exchange_state::idle) token = after(token);
            return place{static_cast<slot>(token & (Slots - 1)), token};
        }
        result<place> free = errc::busy;
        for (slot s = 0; s < end; ++s) {
            const bool same_class = slots_[s].is_bus() == ((type & type_bus) != 0);
            if (slots_[s].state == exchange_state::idle)
                free = place{s, token_};
            else if (slots_[s].dev_num == dev_num && (has_token || same_class) &&
                     slots_[s].state != exchange_state::done)
                return errc::busy;
        }
        return free;
    }

    static constexpr std::uint16_t after(std::uint16_t token) {
        return token == 0xffff ? first_token : static_cast<std::uint16_t>(token + 1);
    }

    constexpr void append(list& l, slot s) {
        slots_[s].next = 0;
        (l.last != 0 ? slots_[l.last - 1].next : l.first) = static_cast<std::uint16_t>(s + 1);
        l.last = static_cast<std::uint16_t>(s + 1);
    }
    constexpr slot take_first(list& l) {
        VMSG_ASSERT(l.first != 0);
        const slot s = static_cast<slot>(l.first - 1);
        l.first = slots_[s].next;
        if (l.first == 0) l.last = 0;
        return s;
    }
    constexpr void unlink(list& l, slot s) {
        const auto link = static_cast<std::uint16_t>(s + 1);
        if (l.first == link) return static_cast<void>(take_first(l));
        std::uint16_t before = l.first;
        while (slots_[before - 1].next != link) before = slots_[before - 1].next;
        slots_[before - 1].next = slots_[s].next;
        if (l.last == link) l.last = before;
    }

    /// A request that is not over is not sent and not waited for any more.
    VMSG_COLD constexpr void leave(slot s) {
        if (slots_[s].state == exchange_state::queued)
            unlink(queued_, s);
        else
            stop_timing(s);
    }

    // Two rings of those whose deadlines run, in the order of these. One that is out for sending is a ring of its own.
    static constexpr slot sent_ = Slots;        // stands before the first and behind the last of those that are sent
    static constexpr slot expired_ = Slots + 1; // the same for those that are expired

    struct neighbours {
        slot before[Slots + 2]{};
        slot after[Slots + 2]{};
        constexpr neighbours() {
            before[sent_] = after[sent_] = sent_;
            before[expired_] = after[expired_] = expired_;
        }
    };
    constexpr instant first_deadline(slot head) const {
        const slot first = ring_.after[head];
        return first != head ? slots_[first].deadline : never;
    }
    /// Time does not go back, and so a new deadline is the last one.
    constexpr void start_timing(slot head, slot s, instant deadline) {
        slots_[s].deadline = deadline;
        slot before = ring_.before[head];
        while (before != head && slots_[before].deadline > deadline) before = ring_.before[before];
        const slot after = ring_.after[before];
        ring_.before[s] = before;
        ring_.after[s] = after;
        ring_.after[before] = ring_.before[after] = s;
    }
    constexpr void stop_timing(slot s) {
        const slot before = ring_.before[s];
        const slot after = ring_.after[s];
        ring_.after[before] = after;
        ring_.before[after] = before;
    }

    exchange_type slots_[Slots]{};
    bool counts_ = has_token; // else all requests have the same token, or none
    // Of the next request; a counter runs on over resets, so that an old one is never accepted.
    std::uint16_t token_ = has_token ? first_token : std::uint16_t{0};
    std::uint16_t serial_ = 0;
    list queued_{};
    list untold_{};
    neighbours ring_{};
    std::size_t open_ = 0;
};

} // namespace vmsg::proto
