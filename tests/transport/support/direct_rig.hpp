// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A device side on direct messages, and a session with it.

#include "proto/support/test_device.hpp"
#include "transport/support/direct_manager.hpp"

#include <vmsg/proto/device.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/direct_device.hpp>

#include <cstddef>
#include <cstdint>

namespace transport_test {

/// A partition with one device, number 3.
template <revision R> struct direct_partition {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    static constexpr std::uint16_t number = 3;

    transports::direct_device wire{R, device_role_uuid, msg_size};
    proto::device_bus<R, proto::device_capacity{.devices = 2, .areas = 2, .msg_size = msg_size}> bus{
        {.max_msg_size = msg_size, .bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .can_push = false}};
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    std::uint8_t memory[proto::area_page_size]{};
    int yields = 0; ///< before each answer

    direct_partition() { static_cast<void>(bus.attach(number, port)); }
    direct_partition(const direct_partition&) = delete;
    direct_partition& operator=(const direct_partition&) = delete;

    void operator()(ffa::call_frame& frame) {
        switch (wire.enter(frame)) {
        case transports::direct_entry::message: {
            std::uint8_t buffer[msg_size]{};
            if (const auto in = wire.receive(buffer, 0)) static_cast<void>(bus.handle_frame({buffer, in->size}, 0));
            left_ = yields;
            break;
        }
        default: break;
        }
        if (left_ > 0) {
            --left_;
            return wire.yield(frame);
        }
        for (auto task = bus.poll_task(); task.what != proto::area_task::kind::none; task = bus.poll_task()) {
            if (task.what == proto::area_task::kind::map)
                static_cast<void>(bus.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(bus.areas().unmapped(task.area_id));
        }
        if (const auto out = bus.poll_transmit(0)) bus.handle_sent(wire.send(wire.peer(), *out, 0), 0);
        wire.leave(frame);
    }

private:
    int left_ = 0;
};

/// Nobody else has anything to do: time passes.
struct nothing_else {
    constexpr instant operator()(instant) const { return never; }
};

template <revision R> struct direct_policy : direct_session_policy<R> {
    static constexpr proto::driver_capacity capacity{
        .devices = 2, .requests = 1, .areas = 2, .kicks = 2, .msg_size = constants_of<R>.ffa_max_msg_size};
};

template <revision R, class Policy = direct_policy<R>> struct direct_rig {
    using wire_type = transports::direct_driver<direct_manager>;

    direct_partition<R> peer{};
    direct_manager manager{};
    wire_type wire{manager, driver_id, device_id, {.max_msg_size = constants_of<R>.ffa_max_msg_size}};
    nothing_else others{};
    virtual_clock<nothing_else> clock{others};
    driver_session<wire_type, virtual_clock<nothing_else>, Policy> session{
        wire,
        clock,
        device_id,
        {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = proto::direct_retry_policy}};

    direct_rig() {
        manager.partition = [this](ffa::call_frame& frame) { peer(frame); };
    }
    direct_rig(const direct_rig&) = delete;
    direct_rig& operator=(const direct_rig&) = delete;
};

} // namespace transport_test
