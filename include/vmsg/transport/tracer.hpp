// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::tracer`: shows every frame that passes through another transport to a callable.

#include <concepts>
#include <cstddef>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// A frame that has passed, or was refused.
struct traced {
    bool sent{};             ///< by this end; else it was received
    ffa::endpoint_id peer{}; ///< to whom or from whom
    byte_view frame{};       ///< valid during the call; empty if nothing was received
    errc outcome{};          ///< of `send` or `receive`; a receive that finds nothing is not traced
    instant now{};
};

/// Another transport, whose frames `trace(const traced&)` sees. Both outlive it.
template <transport T, std::invocable<const traced&> Trace> class tracer {
public:
    constexpr tracer(T& wire, Trace& trace) : wire_(wire), trace_(trace) {}

    constexpr std::size_t max_msg_size() const { return wire_.max_msg_size(); }
    constexpr instant poll_timeout() const { return timeout_of(wire_); }
    constexpr void follow(const fifo_link& link) { vmsg::detail::tell(wire_, link); }
    constexpr void follow(transfer_methods agreed) requires vmsg::detail::has_methods<T> { wire_.follow(agreed); }
    constexpr transfer_methods last_method() const requires vmsg::detail::has_methods<T> { return wire_.last_method(); }

    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        const result<void> outcome = wire_.send(peer, frame, now);
        trace_(traced{true, peer, frame, outcome.error(), now});
        return outcome;
    }

    constexpr result<inbound> receive(byte_span buffer, instant now) {
        const result<inbound> got = wire_.receive(buffer, now);
        if (got)
            trace_(traced{false, got->peer, byte_view{buffer}.first(got->size), errc::none, now});
        else if (got.error() != errc::would_block)
            trace_(traced{false, {}, {}, got.error(), now});
        return got;
    }

private:
    T& wire_;
    Trace& trace_;
};

} // namespace vmsg::transports
