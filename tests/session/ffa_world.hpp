// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa_world`: an `ffa_driver` and a partition with a device, through a manager in memory.

#include <vmsg/session/ffa_driver.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_manager.hpp"

#include <cstddef>
#include <cstdint>

namespace ffa_test {

using namespace vmsg;
using namespace transport_test;

inline constexpr revision R = revision::oasis_v2;
using manager = sim::spmc<>;
using methods = transfer_methods;
using props = ffa::partition_properties;
using enum ffa::function_id;

inline constexpr bus_feature direct_bits = bus_feature::direct_rx | bus_feature::direct_tx;
inline constexpr bus_feature indirect_bits = bus_feature::indirect_rx | bus_feature::indirect_tx;
inline constexpr bus_feature all_bits = direct_bits | indirect_bits;

/// A driver side and a partition, which is made from the manager, its buffers and its bus features.
template <class Policy, class Partition> struct ffa_world {
    alignas(4096) std::uint8_t memory[4][4096]{};
    manager spmc;
    props properties;
    sim::spmc_conduit driver_call;
    sim::spmc_conduit device_call;
    ffa::rxtx<sim::spmc_conduit> driver_buffers{driver_call, buffers_in(0)};
    ffa::rxtx<sim::spmc_conduit> device_buffers{device_call, buffers_in(2)};
    Partition peer;
    virtual_clock<Partition> clock{peer};
    ffa_driver<ffa::rxtx<sim::spmc_conduit>, virtual_clock<Partition>, Policy> bus;

    ffa_world(const ffa_driver_options& options, bus_feature features, props p, const sim::profile& rules)
        : spmc(rules),
          properties(p),
          driver_call(added(driver_id, {})),
          device_call(added(device_id, sim::entry_of(peer))),
          peer(spmc, device_buffers, features),
          bus(driver_buffers, clock, options) {
        for (auto& page : memory) REQUIRE(spmc.add_memory(&page < memory + 2 ? driver_id : device_id, page));
    }
    ffa_world(const ffa_world&) = delete;
    ffa_world& operator=(const ffa_world&) = delete;

    // As the test helpers want it.
    struct opened {
        ffa_world& w;
        decltype(w.bus.session())& session = w.bus.session();
        Partition& peer = w.peer;
        decltype(w.clock)& clock = w.clock;
    };
    opened rig() { return {*this}; }

    std::uint32_t calls(ffa::function_id id) { return spmc.calls(driver_id, id); }
    void strikes(sim::fault f) { REQUIRE(spmc.add_fault(f)); }

    /// A device runs, is used, and everything is given back.
    void lives() {
        opened r = rig();
        const auto area = r.session.share(0x77, 1, area_attrs::usual);
        REQUIRE(area);
        auto device = r.session.at(number);
        REQUIRE(device.negotiate(feature_set{{0x200, 0x103, 0, 0}}));
        const auto at = [&](std::uint64_t offset) { return *make_bus_address<R>(*area, offset); };
        REQUIRE(device.setup_queue(0, proto::queue_setup{64, at(0), at(0x400), at(0x800)}));
        REQUIRE(device.driver_ok());
        use(r);
        take_down(r);
        CHECK(r.session.engine().counters().dropped.total() == 0);
    }

private:
    sim::spmc_conduit added(ffa::endpoint_id id, sim::partition_entry entry) {
        REQUIRE(spmc.add({.id = id,
                          .services = {{.protocol = id == device_id ? device_role_uuid : driver_role_uuid,
                                        .properties = id == device_id ? properties : sim::all_methods}},
                          .entry = entry}));
        return spmc.conduit_for(id);
    }
    ffa::rxtx_memory buffers_in(std::size_t page) {
        return {memory[page], memory[page + 1], manager::address_of(memory[page]),
                manager::address_of(memory[page + 1])};
    }
};

/// A manager that lists no partition but one.
struct listing_conduit {
    sim::spmc_conduit inner;
    ffa::endpoint_id listed;

    void operator()(ffa::call_frame& frame) {
        const bool lists = ffa::decode_partition_info_get_regs(frame).has_value();
        inner(frame);
        if (!lists) return;
        auto all = *ffa::decode_partition_info_get_regs_answer(frame, 0);
        for (std::size_t i = 0; i < all.count; ++i)
            if (all.entries[i].id == listed) all.entries[0] = all.entries[i];
        all.count = 1;
        all.current_index = all.last_index = 0;
        frame = ffa::encode(all);
    }
};

} // namespace ffa_test
