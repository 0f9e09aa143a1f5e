// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `served_device`: a device side with one device, number 3, and somebody who maps the memory of its driver.

#include "proto/support/test_device.hpp"

#include <vmsg/proto/device.hpp>
#include <vmsg/transport/transport.hpp>

#include <cstddef>
#include <cstdint>

namespace transport_test {

using namespace vmsg;

/// `Fifo`: it can have one, about which somebody else does what there is to do.
template <revision R, bool Fifo = false> struct served_device {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;

    proto::device_bus<R, proto::device_capacity{.devices = 2, .areas = 2, .msg_size = msg_size, .fifo = Fifo}> bus;
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    std::uint8_t memory[proto::area_page_size]{};

    served_device(bus_feature features, bool pushes)
        : bus({.max_msg_size = msg_size, .bus_features = features, .can_push = pushes}) {
        static_cast<void>(bus.attach(3, port));
    }
    served_device(const served_device&) = delete;
    served_device& operator=(const served_device&) = delete;

    /// Takes a frame if one has come, does what there is to do, and sends what there is to say. False: nothing.
    template <transport T> bool work(T& wire, ffa::endpoint_id driver, instant now) {
        std::uint8_t buffer[msg_size]{};
        const auto in = wire.receive(buffer, now);
        if (in) static_cast<void>(bus.handle_frame({buffer, in->size}, now));
        bool moved = in.has_value();
        for (auto task = bus.poll_task(); task.what != proto::area_task::kind::none; task = bus.poll_task()) {
            moved = true;
            if (task.what == proto::area_task::kind::map)
                static_cast<void>(bus.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(bus.areas().unmapped(task.area_id));
        }
        if (const auto out = bus.poll_transmit(now)) {
            bus.handle_sent(wire.send(driver, *out, now), now);
            moved = true;
        }
        return moved;
    }
};

} // namespace transport_test
