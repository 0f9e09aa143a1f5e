// SPDX-License-Identifier: BSD-2-Clause
// A driver side and a device side with the SMC instruction between them: the conduit and the direct transport of real
// machines, and behind the instruction the manager in memory.
#include "arch/instructions.hpp"
#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"
#include "transport/support/managed.hpp"

#include <vmsg/ffa/arch/aarch64_hvc.hpp>
#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/sim/spmc.hpp>

#include <cstddef>

using namespace vmsg;
using namespace transport_test;

namespace {

using manager = sim::spmc<>;

// Both conduits lead to the manager: which one the driver uses makes no difference to it.
template <revision R, class Conduit> struct world {
    direct_partition<R> peer{};
    manager spmc;
    arch_test::trap trap{answer, this};
    std::size_t calls[2]{}; // HVC, SMC
    Conduit call{};
    transports::direct_driver<Conduit> wire{
        call, driver_id, device_id, {.max_msg_size = constants_of<R>.ffa_max_msg_size}};
    nothing_else others{};
    virtual_clock<nothing_else> clock{others};
    driver_session<decltype(wire), decltype(clock), direct_policy<R>> session{
        wire,
        clock,
        device_id,
        {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = proto::direct_retry_policy}};

    explicit world(const sim::profile& rules) : spmc(rules) { add_pair(spmc, peer); }

    static void answer(void* context, arch_test::instruction what, ffa::call_frame& frame) {
        auto& self = *static_cast<world*>(context);
        ++self.calls[what == arch_test::instruction::smc];
        self.spmc.conduit_for(driver_id)(frame);
    }
};

template <revision R, class Conduit> void whole_life(const sim::profile& rules, std::size_t counter) {
    CAPTURE(rules.name);
    world<R, Conduit> w{rules};
    REQUIRE(ffa::negotiate(w.call, {ffa::version::v1_1, ffa::version::v1_2}));
    bring_up<R>(w);
    use(w);
    REQUIRE(w.spmc.add_fault(
        {.kind = sim::fault_kind::interrupt, .on = ffa::function_id::msg_send_direct_req2, .times = 3}));
    CHECK(w.session.ping(1));
    CHECK(w.wire.counters().resumed == 3);
    REQUIRE(
        w.spmc.add_fault({.kind = sim::fault_kind::refuse, .on = ffa::function_id::msg_send_direct_req2, .times = 2}));
    CHECK(w.session.ping(2));
    CHECK(w.wire.counters().busy == 2);
    take_down(w);
    CHECK(dropped(w) == 0);
    CHECK(w.calls[counter] > w.wire.counters().sent);
    CHECK(w.calls[1 - counter] == 0);
}

} // namespace

TEST_CASE_TEMPLATE("SMC: a bus is brought up, used, interrupted and closed, with every manager", Rev, VMSG_REVISIONS) {
    for (const sim::profile* rules : sim::profiles::all) whole_life<Rev::value, ffa::smc_conduit>(*rules, 1);
}

TEST_CASE("HVC: the same") { whole_life<revision::oasis_v2, ffa::hvc_conduit>(sim::profiles::generic, 0); }

TEST_CASE("SMC: discovery through RX and TX") {
    world<revision::oasis_v2, ffa::smc_conduit> w{sim::profiles::hafnium};
    alignas(4096) static std::uint8_t pages[2][4096];
    for (auto& page : pages) REQUIRE(w.spmc.add_memory(driver_id, page));
    REQUIRE(ffa::negotiate(w.call, {ffa::version::v1_1, ffa::version::v1_1}));
    ffa::rxtx buffers{w.call, {pages[0], pages[1], manager::address_of(pages[0]), manager::address_of(pages[1])}};
    REQUIRE(buffers.map());
    ffa::partition_info room[4];
    ffa::partition_list found{room};
    REQUIRE(ffa::find_partitions(buffers, device_role_uuid, ffa::version::v1_1, found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == device_id);
    CHECK(buffers.unmap());
}
