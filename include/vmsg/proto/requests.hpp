// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `request_table`: the requests that are in flight. It owns the tokens, keeps the bytes of each request until it has
// been sent for good, takes the response in their place, and never lets a late answer reach a younger request.
// Source: virtio-msg, "Tokens" (the bus owns them); FF-A bus, rules N2 to N4.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg::proto {

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
    bool internal{};          ///< of the engine itself, nobody fetches the result
    bool reported{};          ///< its user has been told that it is over
    std::uint8_t msg_id{};    ///< of request and response
    std::uint8_t type{};      ///< type bits of the request
    std::uint16_t dev_num{};  ///< 0 in bus requests
    std::uint16_t token{};    ///< 0 in rfc2025
    std::uint16_t serial{};   ///< tells users of the same slot apart
    std::uint16_t attempts{}; ///< sends that the carrier refused
    std::uint16_t size{};     ///< bytes in `frame`
    std::uint16_t next{};     ///< slot + 1 of the next queued request
    errc error{};             ///< why there is no response
    instant deadline{};       ///< of the response, or of the quarantine
    alignas(8) std::uint8_t frame[MaxMsgSize]{};

    constexpr byte_view bytes() const { return {frame, size}; }
    constexpr bool is_bus() const { return (type & type_bus) != 0; }
};

/// A fixed number of exchanges, keyed by (device number, token). With tokens the slot follows from the token, so a
/// response is matched in constant time; in rfc2025, which has none, at most one request per device and class is open.
template <revision R, std::size_t Slots, std::size_t MaxMsgSize> class request_table {
    static_assert(Slots >= 1 && Slots <= 4096 && (Slots & (Slots - 1)) == 0, "the number of slots is a power of two");
    static_assert(MaxMsgSize >= constants_of<R>.min_max_msg_size, "too small for the longest message without a tail");
    static constexpr bool has_token = constants_of<R>.has_token;

public:
    using slot = std::uint16_t;
    using exchange_type = exchange<MaxMsgSize>;
    static constexpr std::uint16_t first_token = 2; ///< 0 and 1 are reserved for peers with fixed tokens
    static constexpr std::size_t capacity = Slots;

    constexpr exchange_type& operator[](slot s) { return slots_[s]; }
    constexpr const exchange_type& operator[](slot s) const { return slots_[s]; }

    /// Encodes a request into a free slot and puts it at the end of the queue.
    /// Errors: `busy` (no slot or token is free, or rfc2025 allows no second request to this device yet), and those of
    /// `encode`; `oversize` also if it is longer than `max_msg_size`.
    template <message Request>
    constexpr result<slot> open(std::uint16_t dev_num, const Request& request, std::size_t max_msg_size) {
        constexpr message_row row = row_of<Request>;
        const auto free = find_free(dev_num, row.type());
        if (!free) return free.error();
        exchange_type& x = slots_[*free];
        const std::uint16_t token = has_token ? token_ : std::uint16_t{0};
        const std::size_t room = max_msg_size < MaxMsgSize ? max_msg_size : MaxMsgSize;
        const auto size = encode<R>(byte_span{x.frame, room}, header{.dev_num = dev_num, .token = token}, request);
        if (!size) return size.error();
        x.state = exchange_state::queued;
        x.internal = false;
        x.reported = false;
        x.msg_id = row.id;
        x.type = row.type();
        x.dev_num = dev_num;
        x.token = token;
        x.serial = ++serial_;
        x.attempts = 0;
        x.size = static_cast<std::uint16_t>(*size);
        x.error = errc::none;
        if (has_token) advance_token();
        enqueue(*free);
        ++open_;
        return *free;
    }

    /// The slot of the request that is to be sent next, or `would_block`.
    constexpr result<slot> next_queued() const {
        if (head_ == 0) return errc::would_block;
        return static_cast<slot>(head_ - 1);
    }

    /// The first queued request has left; its response is due at `deadline`.
    constexpr void mark_sent(instant deadline) {
        exchange_type& x = slots_[dequeue()];
        x.state = exchange_state::sent;
        x.deadline = deadline;
    }

    /// The open request that a response answers.
    /// Errors: `stale_token` (none, or one whose answer has been given up; the slot of that one becomes free),
    /// `timed_out` (the late answer of an expired request, which is dropped and ends its quarantine).
    constexpr result<slot> match(const header& h) {
        if constexpr (has_token) {
            const slot s = static_cast<slot>(h.token & (Slots - 1));
            return judge(s, slots_[s].token == h.token && answers(slots_[s], h));
        } else {
            for (slot s = 0; s < Slots; ++s)
                if (answers(slots_[s], h) && slots_[s].msg_id == h.msg_id) return judge(s, true);
            return errc::stale_token;
        }
    }

    /// Puts the response in the place of the request.
    constexpr void complete(slot s, byte_view response) {
        exchange_type& x = slots_[s];
        VMSG_ASSERT(response.size() <= MaxMsgSize);
        copy_bytes(x.frame, response.data(), response.size());
        x.size = static_cast<std::uint16_t>(response.size());
        x.state = exchange_state::done;
    }

    /// Ends a request that has not been answered, or was answered by an error.
    constexpr void fail(slot s, errc why) {
        exchange_type& x = slots_[s];
        if (x.state == exchange_state::queued) unlink(s);
        x.error = why;
        x.state = exchange_state::done;
    }

    /// Ends a request whose response may still come: its token stays in quarantine until `until`.
    constexpr void expire(slot s, errc why, instant until) {
        slots_[s].state = exchange_state::expired;
        slots_[s].error = why;
        slots_[s].deadline = until;
    }

    constexpr void release(slot s) {
        if (slots_[s].state == exchange_state::idle) return;
        if (slots_[s].state == exchange_state::queued) unlink(s);
        slots_[s].state = exchange_state::idle;
        slots_[s].size = 0;
        --open_;
    }

    constexpr std::size_t open_count() const { return open_; } ///< slots that are not idle

    /// The earliest deadline of a sent or expired request, `never` if there is none.
    constexpr instant next_deadline() const {
        instant first = never;
        for (const exchange_type& x : slots_)
            if ((x.state == exchange_state::sent || x.state == exchange_state::expired) && x.deadline < first)
                first = x.deadline;
        return first;
    }

private:
    static constexpr bool answers(const exchange_type& x, const header& h) {
        if (x.state != exchange_state::sent && x.state != exchange_state::expired) return false;
        const bool error = h.is_bus() && h.msg_id == row_of<error_response>.id;
        if (error || x.is_bus() == h.is_bus()) return x.dev_num == h.dev_num;
        return has_token && x.dev_num == h.dev_num; // of the wrong class: the caller fails the request
    }

    constexpr result<slot> judge(slot s, bool matches) {
        if (!matches) return errc::stale_token;
        if (slots_[s].state == exchange_state::sent) return s;
        release(s);
        return errc::timed_out;
    }

    constexpr result<slot> find_free(std::uint16_t dev_num, std::uint8_t type) {
        if constexpr (has_token) {
            for (std::size_t tries = 0; tries < Slots; ++tries, advance_token()) {
                const slot s = static_cast<slot>(token_ & (Slots - 1));
                if (slots_[s].state == exchange_state::idle) return s;
            }
            return errc::busy;
        } else {
            result<slot> free = errc::busy;
            for (slot s = 0; s < Slots; ++s) {
                if (slots_[s].state == exchange_state::idle)
                    free = s;
                else if (slots_[s].dev_num == dev_num && slots_[s].is_bus() == ((type & type_bus) != 0) &&
                         slots_[s].state != exchange_state::done)
                    return errc::busy;
            }
            return free;
        }
    }

    constexpr void advance_token() { token_ = token_ == 0xffff ? first_token : static_cast<std::uint16_t>(token_ + 1); }

    constexpr void enqueue(slot s) {
        slots_[s].next = 0;
        (tail_ != 0 ? slots_[tail_ - 1].next : head_) = static_cast<std::uint16_t>(s + 1);
        tail_ = static_cast<std::uint16_t>(s + 1);
    }
    constexpr slot dequeue() {
        VMSG_ASSERT(head_ != 0);
        const slot s = static_cast<slot>(head_ - 1);
        head_ = slots_[s].next;
        if (head_ == 0) tail_ = 0;
        return s;
    }
    constexpr void unlink(slot s) {
        std::uint16_t before = 0;
        for (std::uint16_t i = head_; i != static_cast<std::uint16_t>(s + 1); i = slots_[i - 1].next) before = i;
        (before != 0 ? slots_[before - 1].next : head_) = slots_[s].next;
        if (tail_ == static_cast<std::uint16_t>(s + 1)) tail_ = before;
    }

    exchange_type slots_[Slots]{};
    std::uint16_t token_ = first_token; // of the next request; runs on over resets, so an old one is never accepted
    std::uint16_t serial_ = 0;
    std::uint16_t head_ = 0; // slot + 1 of the first queued request
    std::uint16_t tail_ = 0;
    std::size_t open_ = 0;
};

} // namespace vmsg::proto
