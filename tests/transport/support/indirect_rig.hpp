// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A device side on indirect messages, which works while the driver side waits, and a session with it.

#include "transport/support/indirect_manager.hpp"
#include "transport/support/served_device.hpp"

#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/indirect.hpp>

#include <cstddef>
#include <cstdint>

namespace transport_test {

template <revision R> struct indirect_end : served_device<R> {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    static constexpr bool has_role = R == revision::oasis_v2;

    indirect_manager manager{};
    ffa::rxtx<indirect_manager::endpoint> driver_buffers{manager.driver, manager.driver.memory()};
    ffa::rxtx<indirect_manager::endpoint> device_buffers{manager.device, manager.device.memory()};
    transports::indirect<indirect_manager::endpoint> driver_wire{
        driver_buffers, driver_id, device_id, transports::indirect_driver_options(msg_size, has_role)};
    transports::indirect<indirect_manager::endpoint> wire{device_buffers, device_id, driver_id,
                                                          transports::indirect_device_options(msg_size, has_role)};
    bool serves = true; ///< else it looks at nothing

    explicit indirect_end(bool pushes) : served_device<R>(bus_feature::indirect_rx | bus_feature::indirect_tx, pushes) {
        static_cast<void>(driver_buffers.map());
        static_cast<void>(device_buffers.map());
    }

    instant operator()(instant now) {
        if (serves && this->work(wire, driver_id, now)) return now;
        return this->bus.poll_timeout();
    }
};

template <revision R> struct indirect_policy : session_policy<R> {
    static constexpr proto::driver_capacity capacity{
        .devices = 2, .requests = 2, .areas = 2, .kicks = 2, .msg_size = constants_of<R>.ffa_max_msg_size};
};

template <revision R, class Policy = indirect_policy<R>> struct indirect_rig {
    using wire_type = transports::indirect<indirect_manager::endpoint>;

    indirect_end<R> peer;
    virtual_clock<indirect_end<R>> clock{peer};
    driver_session<wire_type, virtual_clock<indirect_end<R>>, Policy> session;

    explicit indirect_rig(bool pushes = false)
        : peer(pushes),
          session(peer.driver_wire, clock, device_id,
                  {.events = pushes ? event_method::indirect : event_method::poll,
                   .policy = proto::indirect_retry_policy}) {}
};

} // namespace transport_test
