// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Partitions as a manager in memory has them.

#include "support/check.hpp"
#include "transport/support/direct_manager.hpp"
#include "transport/support/served_device.hpp"

#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/transport/indirect.hpp>

#include <utility>

namespace transport_test {

/// Makes a driver side and a partition that offers a device known to a manager; gives the conduit of the driver side.
template <class Manager, class Partition> sim::spmc_conduit add_pair(Manager& spmc, Partition& peer) {
    REQUIRE(spmc.add({.id = driver_id}));
    REQUIRE(spmc.add({.id = device_id, .services = {{.protocol = device_role_uuid}}, .entry = sim::entry_of(peer)}));
    return spmc.conduit_for(driver_id);
}

/// A partition with a device that answers each frame in the way in which it has come. It runs when it is asked, and
/// when the scheduler, here the driver side, finds time for it.
template <revision R> struct scheduled_partition : served_device<R> {
    sim::spmc<>& spmc;
    ffa::rxtx<sim::spmc_conduit>& buffers;
    transports::direct_device direct{R};
    transports::indirect<sim::spmc_conduit> indirect{
        buffers, device_id, driver_id,
        transports::indirect_device_options(constants_of<R>.ffa_max_msg_size, R == revision::oasis_v2)};
    bool starts = true;
    bool worked = false;

    scheduled_partition(sim::spmc<>& m, ffa::rxtx<sim::spmc_conduit>& b, bus_feature features)
        : served_device<R>(features, true), spmc(m), buffers(b) {}

    void operator()(ffa::call_frame& frame) {
        const bool asked = direct.enter(frame) == transports::direct_entry::message;
        if (std::exchange(starts, false)) static_cast<void>(buffers.map()); // some managers have none
        if (asked) this->work(direct, driver_id, 0);
        if (!asked && buffers.state() != ffa::rx_state::unmapped)
            while (this->work(indirect, driver_id, 0)) worked = true;
        direct.leave(frame);
    }
    // Its turn, also without a message: it has a device.
    instant operator()(instant now) {
        worked = false;
        ffa::call_frame run = ffa::encode(ffa::run_call{{device_id, 0}});
        spmc.conduit_for(driver_id)(run);
        return worked ? now : this->bus.poll_timeout();
    }
};

} // namespace transport_test
