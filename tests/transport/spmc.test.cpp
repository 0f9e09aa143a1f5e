// SPDX-License-Identifier: BSD-2-Clause
// The transports over FF-A through a manager in memory, with each of its profiles.
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"
#include "transport/support/indirect_rig.hpp"
#include "transport/support/managed.hpp"

#include <cstddef>
#include <cstdint>

using namespace vmsg;
using namespace transport_test;

namespace {

using manager = sim::spmc<>;

// A driver side in a virtual machine and a partition that is asked with direct messages.
template <revision R> struct direct_world {
    direct_partition<R> peer{};
    manager spmc;
    sim::spmc_conduit call;
    transports::direct_driver<sim::spmc_conduit> wire{
        call, driver_id, device_id, {.max_msg_size = constants_of<R>.ffa_max_msg_size}};
    nothing_else others{};
    virtual_clock<nothing_else> clock{others};
    driver_session<decltype(wire), decltype(clock), direct_policy<R>> session{
        wire, clock, device_id, {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = impatient}};

    explicit direct_world(const sim::profile& rules) : spmc(rules), call(add_pair(spmc, peer)) {
        REQUIRE(ffa::negotiate(call));
        REQUIRE(spmc.version(driver_id) >= ffa::version::v1_2);
    }

    void strikes(sim::fault f) { REQUIRE(spmc.add_fault(f)); }
    std::uint32_t requests() { return spmc.calls(driver_id, ffa::function_id::msg_send_direct_req2); }
};

// The same with indirect messages: the partition runs when the scheduler, here the driver side, finds time for it.
template <revision R> struct indirect_world {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    static constexpr bool has_role = R == revision::oasis_v2;

    using partition = scheduled_partition<R>;

    alignas(4096) std::uint8_t memory[4][4096]{};
    manager spmc;
    sim::spmc_conduit driver_call;
    sim::spmc_conduit device_call;
    ffa::rxtx<sim::spmc_conduit> driver_buffers{driver_call, buffers_in(0)};
    ffa::rxtx<sim::spmc_conduit> device_buffers{device_call, buffers_in(2)};
    partition peer{spmc, device_buffers, bus_feature::indirect_rx | bus_feature::indirect_tx};
    transports::indirect<sim::spmc_conduit> wire{driver_buffers, driver_id, device_id,
                                                 transports::indirect_driver_options(msg_size, has_role)};
    virtual_clock<partition> clock{peer};
    driver_session<decltype(wire), decltype(clock), indirect_policy<R>> session{
        wire, clock, device_id, {.events = event_method::indirect, .policy = proto::indirect_retry_policy}};

    explicit indirect_world(const sim::profile& rules)
        : spmc(rules), driver_call(added(driver_id, {})), device_call(added(device_id, sim::entry_of(peer))) {
        for (auto& page : memory) REQUIRE(spmc.add_memory(&page < memory + 2 ? driver_id : device_id, page));
        REQUIRE(ffa::negotiate(driver_call));
        REQUIRE(driver_buffers.map());
        ffa::call_frame run = ffa::encode(ffa::run_call{{device_id, 0}}); // its first time
        driver_call(run);
        REQUIRE(ffa::decode_msg_wait(run));
        REQUIRE(device_buffers.state() == ffa::rx_state::empty);
    }
    indirect_world(const indirect_world&) = delete;
    indirect_world& operator=(const indirect_world&) = delete;

private:
    sim::spmc_conduit added(ffa::endpoint_id id, sim::partition_entry entry) {
        REQUIRE(spmc.add({.id = id,
                          .services = {{.protocol = id == device_id ? device_role_uuid : driver_role_uuid}},
                          .entry = entry}));
        return spmc.conduit_for(id);
    }
    ffa::rxtx_memory buffers_in(std::size_t page) {
        return {memory[page], memory[page + 1], manager::address_of(memory[page]),
                manager::address_of(memory[page + 1])};
    }
};

} // namespace

TEST_CASE_TEMPLATE("direct messages through every manager", Rev, VMSG_REVISIONS) {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        direct_world<Rev::value> world{*rules};
        bring_up<Rev::value>(world);
        use(world);
        take_down(world);
        CHECK(dropped(world) == 0);
        CHECK(world.wire.counters().protocol_errors == 0);
        CHECK(world.wire.counters().sent == world.requests());
    }
}

TEST_CASE_TEMPLATE("direct messages that are interrupted, yielded and refused, through every manager", Rev,
                   VMSG_REVISIONS) {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        direct_world<Rev::value> world{*rules};
        bring_up<Rev::value>(world);
        const auto before = world.requests();
        world.strikes({.kind = sim::fault_kind::interrupt,
                       .on = ffa::function_id::msg_send_direct_req2,
                       .times = 3,
                       .names = {other_id, 1}});
        CHECK(world.session.ping(1)); // R2
        CHECK(world.requests() == before + 1);
        CHECK(world.wire.counters().resumed == 3);
        world.strikes({.kind = sim::fault_kind::yield, .on = ffa::function_id::msg_send_direct_req2, .times = 2});
        CHECK(world.session.ping(2));
        CHECK(world.requests() == before + 2);
        CHECK(world.wire.counters().resumed == 5);
        world.strikes({.kind = sim::fault_kind::refuse, .on = ffa::function_id::msg_send_direct_req2, .times = 2});
        CHECK(world.session.ping(3));
        CHECK(world.requests() == before + 5);
        CHECK(world.wire.counters().busy == 2);
        world.strikes(
            {.kind = sim::fault_kind::zero_response, .on = ffa::function_id::msg_send_direct_req2, .times = 2});
        CHECK(world.session.ping(4));
        CHECK(world.requests() == before + 8);
        CHECK(world.wire.counters().no_answer == 2);
        world.peer.yields = 2;
        CHECK(world.session.ping(5));
        CHECK(world.requests() == before + 9);
        CHECK(world.wire.counters().resumed == 7);
        world.strikes({.kind = sim::fault_kind::garbage, .times = sim::for_ever});
        world.strikes({.kind = sim::fault_kind::sign_extend, .times = sim::for_ever});
        world.strikes({.kind = sim::fault_kind::refuse, .on = ffa::function_id::msg_send_direct_req2, .times = 1});
        CHECK(world.session.ping(6));
        CHECK(dropped(world) == 0);
    }
}

TEST_CASE("direct messages: a partition that is interrupted for ever is never asked twice") {
    direct_world<revision::oasis_v2> world{sim::profiles::hafnium};
    bring_up<revision::oasis_v2>(world);
    const auto before = world.requests();
    world.strikes(
        {.kind = sim::fault_kind::interrupt, .on = ffa::function_id::msg_send_direct_req2, .times = sim::for_ever});
    CHECK(world.session.ping(1).error() != errc::none);
    CHECK(world.requests() == before + 1);
    CHECK(world.wire.counters().busy == 0);
    CHECK(world.wire.open());
}

TEST_CASE("direct messages: a partition that is not there, or does not have the service") {
    direct_world<revision::oasis_v2> world{sim::profiles::hafnium};
    transports::direct_driver<sim::spmc_conduit> nobody{world.call, driver_id, other_id};
    const std::uint8_t frame[]{1, 2, 3};
    CHECK(nobody.send({}, frame, 0).error() == errc::invalid_argument);
    transports::direct_driver<sim::spmc_conduit> other{world.call, driver_id, device_id, {.service = driver_role_uuid}};
    CHECK(other.send({}, frame, 0).error() == errc::invalid_argument);
    CHECK(world.peer.wire.counters().requests == 0);
}

TEST_CASE_TEMPLATE("indirect messages through the managers that have them", Rev, VMSG_REVISIONS) {
    for (const sim::profile* rules : {&sim::profiles::hafnium, &sim::profiles::xen, &sim::profiles::generic}) {
        CAPTURE(rules->name);
        indirect_world<Rev::value> world{*rules};
        bring_up<Rev::value>(world);
        use(world);
        take_down(world);
        CHECK(dropped(world) == 0);
        CHECK_FALSE(world.spmc.rx_full(driver_id));
        CHECK_FALSE(world.spmc.rx_full(device_id));
        CHECK(world.wire.counters().release_errors + world.peer.indirect.counters().release_errors == 0);
    }
}

TEST_CASE("indirect messages: a manager without them says so at once") {
    for (const sim::profile* rules : {&sim::profiles::tfa_el3, &sim::profiles::optee}) {
        CAPTURE(rules->name);
        indirect_world<revision::oasis_v2> world{*rules};
        const std::uint8_t frame[]{1, 2, 3};
        CHECK(world.wire.send({}, frame, 0).error() == errc::not_supported);
        CHECK(world.session.open().error() == errc::not_supported);
        CHECK(world.clock.now() == 0);
    }
}

TEST_CASE("indirect messages: busy twice costs two retries, for ever a bounded number") {
    indirect_world<revision::oasis_v2> world{sim::profiles::hafnium};
    bring_up<revision::oasis_v2>(world);
    const auto sends = [&] { return world.spmc.calls(driver_id, ffa::function_id::msg_send2); };
    const auto before = sends();
    sim::fault busy{
        .kind = sim::fault_kind::refuse, .on = ffa::function_id::msg_send2, .times = 2, .caller = driver_id};
    REQUIRE(world.spmc.add_fault(busy));
    CHECK(world.session.ping(1));
    CHECK(sends() == before + 3);
    busy.times = sim::for_ever;
    REQUIRE(world.spmc.add_fault(busy));
    CHECK(world.session.ping(2).error() == errc::busy);
    CHECK(sends() == before + 3 + 3 * 10); // the session tries three times
    world.spmc.clear_faults();
    CHECK(world.session.ping(3));
    CHECK(dropped(world) == 0);
}
