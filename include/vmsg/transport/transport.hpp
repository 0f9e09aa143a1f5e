// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transport`: what carries frames from one side to the other. Everything that satisfies it passes the conformance
// suite in tests/transport/conformance.hpp.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

enum class transfer_methods : std::uint8_t; // message/transfer_method.hpp

/// A frame that has come in.
struct inbound {
    ffa::endpoint_id peer{}; ///< who sent it: said by the carrier, never by the frame
    std::uint16_t size{};    ///< bytes in the buffer; the frame may be padded beyond its `msg_size`
};

/// A carrier of frames, as one of its ends sees it.
///
/// - `max_msg_size()`: bytes of the longest frame; it does not change.
/// - `send(peer, frame, now)`: one attempt, never a loop. Success: the frame is the carrier's, its bytes have been
///   copied. `busy`, `no_answer`, `would_block`, `retry`: not sent, may be tried again. Everything else is final and
///   means not sent, too: `oversize`, `truncated` (an empty frame), `no_device` (no such peer), `not_supported`. A
///   carrier with one peer ignores `peer`.
/// - `receive(buffer, now)`: the next frame, copied into `buffer`; `would_block` if there is none; `oversize` if it
///   does not fit, and then it is gone. A buffer of `max_msg_size()` bytes always suffices. Bytes after the frame are
///   left alone. `no_answer`: the frame that was sent last was not carried out, and may be tried again. `aborted`: the
///   carrier does not work any more, and has said so now; the bus has to begin anew. Everything else is about a frame
///   that has come and that cannot be given.
///
/// A carrier may also have
/// - `poll_timeout()`: when `send` or `receive` has something to do although nothing has come; `never` if there is
///   nothing (`timeout_of`);
/// - `follow(fifo_link)`: how the bus stands, to be told before a frame is sent and before one is received;
/// - `follow(transfer_methods)` and `last_method()`, if it has several methods: the same of what was agreed on, and the
///   method of the frame that was sent last.
template <class T>
concept transport = requires(T& t, const T& c, ffa::endpoint_id peer, byte_view frame, byte_span buffer, instant now) {
    { c.max_msg_size() } -> std::convertible_to<std::size_t>;
    { t.send(peer, frame, now) } -> std::same_as<result<void>>;
    { t.receive(buffer, now) } -> std::same_as<result<inbound>>;
};

/// `poll_timeout()` of a carrier; `never` if it has none.
template <transport T> constexpr instant timeout_of(const T& wire) {
    if constexpr (requires { wire.poll_timeout(); })
        return wire.poll_timeout();
    else
        return never;
}

namespace detail {

template <class T> constexpr T lesser(T a, T b) { return a < b ? a : b; }

template <class T>
concept has_methods = requires(T& t, const T& c, transfer_methods agreed) {
    t.follow(agreed);
    { c.last_method() } -> std::same_as<transfer_methods>;
};

/// Tells a carrier that wants to know how the bus stands.
template <transport T> constexpr void tell(T& wire, const fifo_link& link) {
    if constexpr (requires { wire.follow(link); }) wire.follow(link);
}

} // namespace detail

namespace archetypes {

/// The least that satisfies `transport`.
struct transport {
    constexpr std::size_t max_msg_size() const { return 52; }
    constexpr result<void> send(ffa::endpoint_id, byte_view, instant) { return errc::not_supported; }
    constexpr result<inbound> receive(byte_span, instant) { return errc::would_block; }
};

} // namespace archetypes
static_assert(transport<archetypes::transport>);

} // namespace vmsg
