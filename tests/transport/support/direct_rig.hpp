// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A device side on direct messages, and a session with it.

#include "transport/support/direct_manager.hpp"
#include "transport/support/served_device.hpp"

#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/direct_device.hpp>

#include <cstddef>
#include <cstdint>

namespace transport_test {

/// A partition that serves a device.
template <revision R> struct direct_partition : served_device<R> {
    transports::direct_device wire{R, device_role_uuid, constants_of<R>.ffa_max_msg_size};
    int yields = 0; ///< before each request is looked at

    direct_partition() : served_device<R>(bus_feature::direct_rx | bus_feature::direct_tx, false) {}

    void operator()(ffa::call_frame& frame) {
        const bool comes = wire.enter(frame) == transports::direct_entry::message;
        if (comes) left_ = yields;
        if (left_ > 0) {
            --left_;
            return wire.yield(frame);
        }
        this->work(wire, wire.peer(), 0);
        wire.leave(frame);
    }

private:
    int left_ = 0;
};

/// Nobody else has anything to do: time passes.
struct nothing_else {
    constexpr instant operator()(instant) const { return never; }
};

/// Ends the wait for a peer that never answers early: each resumption of it is a call.
inline constexpr proto::retry_policy impatient = [] {
    proto::retry_policy p = proto::direct_retry_policy;
    p.response_timeout = 100 * milliseconds;
    return p;
}();

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
        wire, clock, device_id, {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = impatient}};

    direct_rig() {
        manager.partition = [this](ffa::call_frame& frame) { peer(frame); };
    }
    direct_rig(const direct_rig&) = delete;
    direct_rig& operator=(const direct_rig&) = delete;
};

} // namespace transport_test
