// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A lean session and a device side that answers its direct messages, and what a manager may do to them.

#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/session/direct_session.hpp>
#include <vmsg/transport/direct_device.hpp>

#include "proto/support/test_device.hpp"

#include <cstddef>
#include <cstdint>

namespace session_test {

using namespace vmsg;

inline constexpr ffa::endpoint_id driver_id{0x0001};
inline constexpr ffa::endpoint_id device_id{0x8002};

template <revision R> struct lean_policy : direct_session_policy<R> {
    static constexpr proto::driver_capacity capacity{.devices = 2, .areas = 2};
};

template <revision R> struct strict_policy : lean_policy<R> {
    static constexpr std::uint32_t feature_bits = strict_config_generation;
};

/// The manager and the partition behind it: a conduit.
template <revision R> struct direct_end {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;

    proto::device_bus<R, proto::device_capacity{.devices = 2, .areas = 2, .msg_size = msg_size}> bus;
    transports::direct_device wire{R, device_role_uuid, msg_size};
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    std::uint8_t memory[proto::area_page_size]{};
    bool serves = true;    ///< else its answers are all zero
    bool restless = false; ///< the configuration changes after every message
    bool maps = true;
    int requests = 0; ///< REQ2

    constexpr explicit direct_end(std::uint32_t feature_bits = 0)
        : bus({.max_msg_size = msg_size,
               .bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
               .feature_bits = feature_bits,
               .can_push = false}) {
        static_cast<void>(bus.attach(3, port));
    }
    direct_end(const direct_end&) = delete;
    direct_end& operator=(const direct_end&) = delete;

    constexpr void operator()(ffa::call_frame& frame) {
        ++requests;
        if (!serves) {
            frame = ffa::encode_direct_response(device_id, driver_id, {});
            return;
        }
        if (wire.enter(frame) == transports::direct_entry::message) work();
        wire.leave(frame);
    }

private:
    constexpr void work() {
        std::uint8_t buffer[msg_size]{};
        if (const auto in = wire.receive(buffer, 0)) static_cast<void>(bus.handle_frame({buffer, in->size}, 0));
        for (auto task = bus.poll_task(); maps && task.what != proto::area_task::kind::none; task = bus.poll_task()) {
            if (task.what == proto::area_task::kind::map)
                static_cast<void>(bus.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(bus.areas().unmapped(task.area_id));
        }
        if (const auto out = bus.poll_transmit(0)) bus.handle_sent(wire.send(wire.peer(), *out, 0), 0);
        if (restless) static_cast<void>(bus.config_changed(3, 0, 0));
    }
};

/// Nobody else has anything to do: time passes.
struct nobody_else {
    constexpr instant operator()(instant) const { return never; }
};

template <revision R, class Policy = lean_policy<R>> struct lean_rig {
    static constexpr errc silence = errc::no_answer; // when the peer does not serve

    direct_end<R> peer{Policy::feature_bits};
    nobody_else others{};
    virtual_clock<nobody_else> clock{others};
    direct_session<direct_end<R>, virtual_clock<nobody_else>, Policy> session{peer, clock, driver_id, device_id};

    static constexpr area_attrs attributes() { return R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share; }
    static constexpr bus_address at(std::uint16_t area, std::uint64_t offset) {
        return *make_bus_address<R>(area, offset);
    }
    static constexpr proto::queue_setup queue_in(std::uint16_t area) {
        return {64, at(area, 0), at(area, 0x400), at(area, 0x800)};
    }
    constexpr bool nothing_left() const { return !session.is_open() && session.open_areas() == 0; }
};

} // namespace session_test
