// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `direct_client`: requests over direct messages for firmware that has room or time for little else: one request at a
// time, from its fields to the registers of the call and back. It knows nothing of devices and their states, which
// `driver_session` does. Source: FF-A bus, rule N7.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/direct.hpp>

namespace vmsg {

/// How often a `direct_client` tries a request, and how long it waits for one that was interrupted. Derive from it to
/// change something.
struct direct_client_policy {
    static constexpr std::uint32_t attempts = proto::direct_retry_policy.busy_attempts;
    static constexpr duration response_timeout = proto::direct_retry_policy.response_timeout;
};

/// Asks one peer. Every call returns when it has an answer or has failed. Errors of `ask` and `notify`: those of
/// `direct_driver::send`, after as many attempts as the policy has for what may be tried again; `timed_out` (the peer
/// was interrupted and does not come back; it is resumed before the next request is made, and what it answers then is
/// dropped). Of `ask` also those of `encode` and `decode`, `peer_error` (the peer cannot carry the request out),
/// `stale_token` (the answer to something else), `bad_value` (values that are illegal or do not fit the request),
/// `no_device`.
template <revision R, ffa::conduit Conduit, session_clock Clock, class Policy = direct_client_policy>
class direct_client {
public:
    /// The conduit and the clock outlive it. `service` is nil for any service of the peer.
    constexpr direct_client(Conduit& conduit, Clock& clock, ffa::endpoint_id self, ffa::endpoint_id peer,
                            const uuid& service = device_role_uuid)
        : clock_(clock), wire_(conduit, self, peer, {constants_of<R>.ffa_max_msg_size, service}) {}

    /// Makes a request of device `dev_num`, 0 for the bus. A tail in the answer lives until the next call.
    template <message Request> constexpr result<response_of<Request>> ask(std::uint16_t dev_num, const Request& asked) {
        token_ = static_cast<std::uint16_t>(token_ + token_step);
        const header h{.dev_num = dev_num, .token = token_};
        const errc why = exchange(h, asked);
        if (why != errc::none) return why;
        return judge(h, asked);
    }

    /// Tells device `dev_num` that buffers are available: EVENT_AVAIL. `next_offset` with VIRTIO_F_NOTIFICATION_DATA.
    constexpr result<void> notify(std::uint16_t dev_num, std::uint32_t vq_index, std::uint32_t next_offset = 0) {
        return exchange({.dev_num = dev_num}, event_avail{vq_index, next_offset}); // whatever the answer says
    }

    constexpr const transports::direct_counters& counters() const { return wire_.counters(); }

private:
    static constexpr std::size_t max_msg_size = constants_of<R>.ffa_max_msg_size;
    static constexpr std::uint16_t token_step = 4; // 0 and 1, which are reserved for fixed tokens, are never met

    /// Sends a message and leaves the answer in `bytes_`. The transport is told no time: its pauses count from 0.
    template <message M> VMSG_INLINE constexpr errc exchange(const header& h, const M& m) {
        word_image image;
        const auto made = encode<R>(image, h, m);
        if (!made) return made.error();
        if (*made > max_msg_size) return errc::oversize;
#if VMSG_SMALL
        return exchange(image);
#else
        const errc why = attempt(image);
        return why == errc::none ? why : go_on(h, m, why);
#endif
    }
#if VMSG_SMALL
    [[gnu::noinline]] constexpr errc exchange(const word_image& image) {
        const errc why = attempt(image);
        return why == errc::none ? why : go_on(image, why);
    }
#else
    // Composed anew, so that the first attempt need not keep it.
    template <message M> VMSG_COLD constexpr errc go_on(const header& h, const M& m, errc why) {
        word_image image;
        static_cast<void>(encode<R>(image, h, m));
        return go_on(image, why);
    }
#endif
    VMSG_INLINE constexpr errc attempt(const word_image& image) {
        const errc why = wire_.send(image, 0).error();
        return why == errc::none ? receive() : why;
    }

    /// What is left to do when the first attempt has ended with `why`.
    VMSG_COLD constexpr errc go_on(const word_image& image, errc why) {
        std::uint32_t attempts = 1;
        if (why == errc::busy && wire_.open()) { // an earlier request, which had timed out
            if (wait() == errc::timed_out) return errc::timed_out;
            attempts = 0;
        }
        for (;; ++attempts) {
            if (why == errc::would_block) why = wait();
            if (!is_retryable(why) || attempts >= Policy::attempts) return why;
            why = attempt(image);
        }
    }

    constexpr errc receive() { return wire_.receive(bytes_, 0).error(); }

    /// Until the peer, which was interrupted or has yielded, has answered.
    constexpr errc wait() {
        const instant end = clock_.now() + Policy::response_timeout;
        for (;;) {
            const errc why = receive();
            if (why != errc::would_block) return why;
            const instant now = clock_.now();
            if (now >= end) return errc::timed_out;
            clock_.idle(now + wire_.poll_timeout());
        }
    }

    template <message Request> constexpr result<response_of<Request>> judge(const header& h, const Request& asked) {
        const auto size = judge_header(h);
        if (!size) return size.error();
        const auto got = decode<response_of<Request>, R>(byte_view{bytes_}.first(*size));
        if (!got) return got;
        if (!legal(R, *got) || !proto::detail::echoes(asked, *got)) return errc::bad_value;
        if (const errc why = proto::detail::check_answer(*got); why != errc::none) return why;
        return got;
    }
    /// The size of the message that answers the one with `h`.
    constexpr result<std::size_t> judge_header(const header& h) const {
        const auto head = decode_header<R>(bytes_);
        if (!head) return head.error();
        if (is_refusal(*head)) return errc::peer_error;
        if (head->dev_num != h.dev_num || (constants_of<R>.has_token && head->token != h.token))
            return errc::stale_token;
        return head->msg_size;
    }

    /// FFA_ERROR; before oasis_v2 a bus response without an id.
    static constexpr bool is_refusal(const header& h) {
        const std::uint8_t id = present_in<error_response, R> ? row_of<error_response>.id : std::uint8_t{0};
        return h.is_bus() && h.is_response() && h.msg_id == id;
    }

    Clock& clock_;
    transports::direct_driver<Conduit> wire_;
    std::uint16_t token_ = 0xfffe;       // 2 comes first
    std::uint8_t bytes_[max_msg_size]{}; // of the answer
};

} // namespace vmsg
