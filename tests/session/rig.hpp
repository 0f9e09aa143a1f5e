// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A session with a device side over a loopback transport, on a virtual clock that lets the device side work.

#include <vmsg/proto/device.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/loopback.hpp>

#include "proto/support/engines.hpp"
#include "proto/support/test_device.hpp"

#include <cstddef>
#include <cstdint>

namespace session_test {

using namespace vmsg;

template <revision R, std::size_t Areas = 2> struct policy : session_policy<R> {
    static constexpr proto::driver_capacity capacity{
        .devices = 2, .requests = 2, .areas = Areas, .kicks = 2, .msg_size = constants_of<R>.ffa_max_msg_size};
};

/// What the device side does when it has its turn.
template <revision R, std::size_t Areas = 2> struct device_end {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    using wire_type = transports::loopback<4, msg_size>;
    using end_type = transports::fault_injector<typename wire_type::end, 2, msg_size>;

    wire_type wire{};
    end_type driver_end;
    end_type end;
    proto::device_bus<R, proto::device_capacity{.devices = 2, .areas = Areas, .msg_size = msg_size}> bus;
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    std::uint8_t memory[proto::area_page_size]{};
    bool serves = true;    ///< else it is deaf and dumb
    bool restless = false; ///< the configuration changes after every message
    bool maps = true;

    constexpr explicit device_end(const transports::fault_rates& faults, std::uint32_t feature_bits = 0)
        : driver_end(wire.driver_side(), faults, 1),
          end(wire.device_side(), faults, 2),
          bus({.max_msg_size = msg_size, .feature_bits = feature_bits, .can_push = false}) {
        static_cast<void>(bus.attach(3, port));
    }
    device_end(const device_end&) = delete;
    device_end& operator=(const device_end&) = delete;

    constexpr instant operator()(instant now) {
        bool moved = false;
        std::uint8_t buffer[msg_size]{};
        for (auto in = end.receive(buffer, now); in; in = end.receive(buffer, now)) {
            moved = true;
            if (serves) static_cast<void>(bus.handle_frame({buffer, in->size}, now));
            if (serves) send(now);
            if (restless) static_cast<void>(bus.config_changed(3, 0, 0));
        }
        while (maps) {
            const auto task = bus.poll_task();
            if (task.what == proto::area_task::kind::none) break;
            moved = true;
            if (task.what == proto::area_task::kind::map)
                static_cast<void>(bus.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(bus.areas().unmapped(task.area_id));
        }
        if (serves) moved = send(now) || moved;
        if (moved) return now;
        const instant held =
            end.poll_timeout() < driver_end.poll_timeout() ? end.poll_timeout() : driver_end.poll_timeout();
        return bus.poll_timeout() < held ? bus.poll_timeout() : held;
    }

private:
    constexpr bool send(instant now) {
        bool moved = false;
        for (auto out = bus.poll_transmit(now); out; out = bus.poll_transmit(now)) {
            bus.handle_sent(end.send({}, *out, now), now);
            moved = true;
        }
        return moved;
    }
};

template <revision R, class Policy = policy<R>> struct rig {
    static constexpr errc silence = errc::timed_out; // when the peer does not serve

    device_end<R> peer;
    virtual_clock<device_end<R>> clock{peer};
    driver_session<typename device_end<R>::end_type, virtual_clock<device_end<R>>, Policy> session;

    constexpr explicit rig(const transports::fault_rates& faults = {}, std::uint32_t feature_bits = 0)
        : peer(faults, feature_bits), session(peer.driver_end, clock, {}, {.feature_bits = feature_bits}) {}

    static constexpr area_attrs attributes() { return R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share; }
    static constexpr bus_address at(std::uint16_t area, std::uint64_t offset) {
        return *make_bus_address<R>(area, offset);
    }
    static constexpr proto::queue_setup queue_in(std::uint16_t area) {
        return {64, at(area, 0), at(area, 0x400), at(area, 0x800)};
    }
    constexpr bool nothing_left() const {
        return session.engine().open_requests() == 0 && session.engine().open_areas() == 0;
    }
};

} // namespace session_test
