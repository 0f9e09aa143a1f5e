// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A device side on indirect messages, which works while the driver side waits, and a session with it.

#include "proto/support/test_device.hpp"
#include "transport/support/indirect_manager.hpp"

#include <vmsg/proto/device.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/indirect.hpp>

#include <cstddef>
#include <cstdint>

namespace transport_test {

template <revision R> struct indirect_end {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    static constexpr std::uint16_t number = 3;
    static constexpr bool has_role = R == revision::oasis_v2;

    indirect_manager manager{};
    ffa::rxtx<indirect_manager::endpoint> driver_buffers{manager.driver, manager.driver.memory()};
    ffa::rxtx<indirect_manager::endpoint> device_buffers{manager.device, manager.device.memory()};
    transports::indirect<indirect_manager::endpoint> driver_wire{
        driver_buffers, driver_id, device_id, transports::indirect_driver_options(msg_size, has_role)};
    transports::indirect<indirect_manager::endpoint> wire{device_buffers, device_id, driver_id,
                                                          transports::indirect_device_options(msg_size, has_role)};
    proto::device_bus<R, proto::device_capacity{.devices = 2, .areas = 2, .msg_size = msg_size}> bus;
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    std::uint8_t memory[proto::area_page_size]{};
    bool answers = true; ///< else its answers stay where they are

    explicit indirect_end(bool pushes) : bus({.max_msg_size = msg_size, .can_push = pushes}) {
        static_cast<void>(bus.attach(number, port));
        static_cast<void>(driver_buffers.map());
        static_cast<void>(device_buffers.map());
    }
    indirect_end(const indirect_end&) = delete;
    indirect_end& operator=(const indirect_end&) = delete;

    instant operator()(instant now) {
        bool moved = false;
        std::uint8_t buffer[msg_size]{};
        if (answers) {
            if (const auto in = wire.receive(buffer, now)) {
                static_cast<void>(bus.handle_frame({buffer, in->size}, now));
                moved = true;
            }
        }
        for (auto task = bus.poll_task(); task.what != proto::area_task::kind::none; task = bus.poll_task()) {
            moved = true;
            if (task.what == proto::area_task::kind::map)
                static_cast<void>(bus.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(bus.areas().unmapped(task.area_id));
        }
        if (const auto out = bus.poll_transmit(now)) {
            bus.handle_sent(wire.send({}, *out, now), now);
            moved = true;
        }
        return moved ? now : bus.poll_timeout();
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
        : peer(pushes), session(peer.driver_wire, clock, device_id,
                                {.events = pushes ? event_method::indirect : event_method::poll,
                                 .policy = proto::indirect_retry_policy}) {}
};

} // namespace transport_test
