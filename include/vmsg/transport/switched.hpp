// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::switched`: a bus that begins on one transport and goes on over another one. Source: FF-A bus, rule N6.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// Whether a frame sets up the bus itself, by the class and the id in its header: VERSION, RESET, EVENT_CONFIGURE and
/// FIFO_CONFIGURE, requests and responses. So does what is too short for a header.
constexpr bool sets_up_bus(byte_view frame) {
    if (frame.size() < 2) return true;
    if ((frame[0] & type_bus) == 0) return false;
    switch (static_cast<ffa_bus_msg_id>(frame[1])) {
    case ffa_bus_msg_id::version:
    case ffa_bus_msg_id::reset:
    case ffa_bus_msg_id::event_configure:
    case ffa_bus_msg_id::fifo_configure: return true;
    default: return false;
    }
}

/// One end of two transports, both of which outlive it. What sets up the bus always travels over `Bootstrap`, the rest
/// over `Runtime` while the bus says that it is active. Frames of one transport keep their order, those of different
/// ones may overtake each other.
template <transport Bootstrap, transport Runtime> class switched {
public:
    constexpr switched(Bootstrap& bootstrap, Runtime& runtime) : bootstrap_(bootstrap), runtime_(runtime) {}

    /// How the bus stands, `proto::driver::fifo` or `proto::device_bus::fifo`: to be told before a frame is sent and
    /// before one is received.
    constexpr void follow(const fifo_link& link) {
        active_ = link.stage == fifo_stage::active;
        vmsg::detail::tell(runtime_, link);
    }
    constexpr bool active() const { return active_; }

    /// The same of the methods that were agreed on, for a `Bootstrap` that has several.
    constexpr void follow(transfer_methods agreed) requires vmsg::detail::has_methods<Bootstrap> {
        if constexpr (vmsg::detail::has_methods<Bootstrap>) bootstrap_.follow(agreed);
    }
    /// The method of the last frame, which was sent or not; `none` if it was for `Runtime`.
    constexpr transfer_methods last_method() const requires vmsg::detail::has_methods<Bootstrap> {
        if constexpr (vmsg::detail::has_methods<Bootstrap>)
            if (!runtime_was_last_) return bootstrap_.last_method();
        return transfer_methods::none;
    }
    /// Whether the last frame was for `Runtime`, sent or not.
    constexpr bool runtime_was_last() const { return runtime_was_last_; }

    constexpr std::size_t max_msg_size() const {
        return vmsg::detail::lesser<std::size_t>(bootstrap_.max_msg_size(), runtime_.max_msg_size());
    }

    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        if (frame.size() > max_msg_size()) return errc::oversize;
        runtime_was_last_ = active_ && !sets_up_bus(frame);
        return runtime_was_last_ ? runtime_.send(peer, frame, now) : bootstrap_.send(peer, frame, now);
    }

    /// The transports take turns.
    constexpr result<inbound> receive(byte_span buffer, instant now) {
        if (!active_) return bootstrap_.receive(buffer, now);
        runtime_next_ = !runtime_next_;
        const auto first = runtime_next_ ? runtime_.receive(buffer, now) : bootstrap_.receive(buffer, now);
        if (first.error() != errc::would_block) return first;
        return runtime_next_ ? bootstrap_.receive(buffer, now) : runtime_.receive(buffer, now);
    }

    /// When one of the transports has something to do without any input; `never` if nothing is due.
    constexpr instant poll_timeout() const {
        return vmsg::detail::lesser(timeout_of(bootstrap_), active_ ? timeout_of(runtime_) : never);
    }

private:
    Bootstrap& bootstrap_;
    Runtime& runtime_;
    bool active_ = false;
    bool runtime_next_ = false;
    bool runtime_was_last_ = false;
};

static_assert(transport<switched<archetypes::transport, archetypes::transport>>);

} // namespace vmsg::transports
