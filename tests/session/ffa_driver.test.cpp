// SPDX-License-Identifier: BSD-2-Clause
// A bus over FF-A in one call, through a manager in memory.
#include <vmsg/session/ffa_driver.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/transport/direct_device.hpp>

#include "session/ffa_world.hpp"
#include "support/check.hpp"
#include "transport/support/managed.hpp"
#include "transport/support/served_device.hpp"

#include <cstddef>
#include <cstdint>

using namespace vmsg;
using namespace transport_test;
using namespace ffa_test;

namespace {

using partition = scheduled_partition<R>;

struct policy : ffa_policy<R> {
    static constexpr proto::driver_capacity capacity{.devices = 2, .requests = 2, .areas = 2, .kicks = 2};
};

struct quirky : policy {
    static constexpr proto::driver_capacity capacity{
        .devices = 2, .requests = 2, .areas = 2, .kicks = 2, .quirks = quirk_set{quirk::features_rx_only}};
};
struct known_to_us : policy {
    static constexpr bool discovers = false;
};
struct only_send2 : known_to_us {
    static constexpr transfer_methods methods = transfer_methods::indirect;
};
struct known : direct_ffa_policy<R> {
    static constexpr proto::driver_capacity capacity{
        .devices = 2, .requests = 1, .areas = 2, .kicks = 2, .msg_size = 104};
};

template <class Policy = policy> struct world : ffa_world<Policy, partition> {
    explicit world(const ffa_driver_options& options = {}, bus_feature features = all_bits, props p = sim::all_methods,
                   const sim::profile& rules = sim::profiles::generic)
        : ffa_world<Policy, partition>(options, features, p, rules) {}
};

constexpr props only_indirect{0x10c}; // with notifications, which say that there is a message
constexpr props only_direct{0x700};

ffa_driver_options beginning_with(methods m) { return {.first = m}; }

} // namespace

TEST_CASE("one call brings a bus up: by direct messages if the partition takes them") {
    world w;
    REQUIRE(w.bus.open());
    CHECK(w.bus.is_open());
    CHECK(w.bus.peer().id == device_id);
    CHECK(w.bus.bootstrap() == methods::direct);
    CHECK(w.bus.method() == methods::direct);
    w.lives();
    CHECK(w.calls(msg_send2) == 0);
    CHECK(w.calls(msg_send_direct_req2) > 20);
}

TEST_CASE("the user chooses the method that a bus begins with") {
    world w{beginning_with(methods::indirect)};
    REQUIRE(w.bus.open());
    CHECK(w.bus.bootstrap() == methods::indirect);
    w.lives();
    CHECK(w.calls(msg_send2) > 20);
    CHECK(w.calls(msg_send_direct_req2) == 0);
}

TEST_CASE("quirk device_without_direct: the properties decide where a wish cannot be met") {
    world w{beginning_with(methods::direct), indirect_bits, only_indirect};
    REQUIRE(w.bus.open());
    CHECK(w.bus.bootstrap() == methods::indirect);
    w.lives();
    CHECK(w.calls(msg_send_direct_req2) == 0);
    world other{beginning_with(methods::indirect), direct_bits, only_direct};
    REQUIRE(other.bus.open());
    CHECK(other.bus.bootstrap() == methods::direct);
    other.lives();
    CHECK(other.calls(msg_send2) == 0);
}

TEST_CASE("N6: a bus begins on one method and goes on by the one that both sides have agreed on") {
    SUBCASE("direct, then indirect") {
        world w{{}, indirect_bits};
        REQUIRE(w.bus.open());
        CHECK(w.bus.bootstrap() == methods::direct);
        CHECK(w.bus.method() == methods::indirect);
        CHECK(w.calls(msg_send_direct_req2) == 3); // VERSION twice, EVENT_CONFIGURE
        CHECK(w.calls(msg_send2) == 1);            // GET_DEVICES
        w.lives();
        CHECK(w.calls(msg_send_direct_req2) == 4); // RESET
    }
    SUBCASE("indirect, then direct") {
        world w{beginning_with(methods::indirect), direct_bits};
        REQUIRE(w.bus.open());
        CHECK(w.bus.method() == methods::direct);
        CHECK(w.peer.indirect.counters().received == 3);
        w.lives();
        CHECK(w.peer.indirect.counters().received == 4);
    }
}

TEST_CASE("N6: RX and TX are judged apart: half a pair is no method") {
    for (const bus_feature half : {bus_feature::direct_rx, bus_feature::direct_tx, bus_feature::indirect_rx,
                                   bus_feature::indirect_tx, bus_feature::direct_rx | bus_feature::indirect_tx}) {
        world w{{}, half};
        CHECK(w.bus.open().error() == errc::not_supported);
        CHECK(!w.bus.is_open());
    }
    world whole{{}, indirect_bits | bus_feature::direct_rx};
    REQUIRE(whole.bus.open());
    CHECK(whole.bus.method() == methods::indirect);
}

TEST_CASE("quirk features_rx_only: DIRECT_RX alone is enough if the peer is known to mean it") {
    world<quirky> w{{}, bus_feature::direct_rx};
    REQUIRE(w.bus.open());
    CHECK(w.bus.method() == methods::direct);
    w.lives();
}

TEST_CASE("trap 30: a method that the manager does not have is left for the other one") {
    for (const ffa::error code : {ffa::error::denied, ffa::error::not_supported}) {
        world first; // at the first message
        first.strikes(
            {.kind = sim::fault_kind::refuse, .on = msg_send_direct_req2, .times = sim::for_ever, .code = code});
        REQUIRE(first.bus.open());
        CHECK(first.bus.bootstrap() == methods::indirect);
        first.lives();

        world later{beginning_with(methods::indirect)}; // at run time
        REQUIRE(later.bus.open());
        later.strikes(
            {.kind = sim::fault_kind::refuse, .on = msg_send2, .times = 1, .caller = driver_id, .code = code});
        CHECK(later.bus.session().ping(1)); // direct
        CHECK(later.bus.method() == methods::direct);
        CHECK(later.bus.session().ping(2));
        CHECK(later.calls(msg_send_direct_req2) >= 2);
        REQUIRE(later.bus.open()); // begins anew with what is wanted
        CHECK(later.bus.method() == methods::indirect);

        world alone{{}, direct_bits}; // and there is no other one
        REQUIRE(alone.bus.open());
        alone.strikes(
            {.kind = sim::fault_kind::refuse, .on = msg_send_direct_req2, .times = sim::for_ever, .code = code});
        CHECK(alone.bus.session().ping(1).error() == (code == ffa::error::denied ? errc::denied : errc::not_supported));
    }
}

TEST_CASE("quirk direct_first_then_indirect_for_ever: a busy peer pins no driver to the slower method") {
    world w;
    const auto busy = ffa::error::busy;
    w.strikes({.kind = sim::fault_kind::refuse, .on = msg_send_direct_req2, .times = 9, .code = busy});
    CHECK(w.bus.open().error() == errc::busy); // three attempts of three sends
    CHECK(w.calls(msg_send_direct_req2) == 9);
    CHECK(w.calls(msg_send2) == 0);
    REQUIRE(w.bus.open());
    CHECK(w.bus.bootstrap() == methods::direct);
    world twice;
    twice.strikes({.kind = sim::fault_kind::refuse, .on = msg_send_direct_req2, .times = 2, .code = busy});
    REQUIRE(twice.bus.open());
    CHECK(twice.bus.method() == methods::direct);
    CHECK(twice.calls(msg_send_direct_req2) == 4 + 2); // two retries and nothing else
}

TEST_CASE("N12: a reset and a restart of the peer, over each method") {
    for (const methods first : {methods::direct, methods::indirect}) {
        CAPTURE(static_cast<int>(first));
        world w{beginning_with(first)};
        for (int round = 0; round < 3; ++round) {
            REQUIRE(w.bus.open());
            REQUIRE(w.bus.close());
            CHECK(!w.bus.is_open());
        }
        REQUIRE(w.bus.open());
        w.peer.bus.abandon(); // it has forgotten the bus
        CHECK(w.bus.session().ping(1).error() != errc::none);
        CHECK(!w.bus.is_open()); // FFA_ERROR to a request of an agreed bus
        REQUIRE(w.bus.session().reopen());
        CHECK(w.bus.is_open());
        w.lives();
    }
}

TEST_CASE("events: NOTIF where everybody has it, POLL where the manager or the peer has not") {
    const ffa_driver_options wants{.driver = {.events = event_method::notif, .notif_id = 5}};
    SUBCASE("the peer refuses it") {
        world w{wants};
        REQUIRE(w.bus.open());
        CHECK(w.bus.notifications_refused() == errc::none);
        CHECK(w.bus.session().engine().events() == event_method::poll);
        CHECK(w.bus.session().engine().events_refused() == errc::peer_error);
        w.lives();
    }
    SUBCASE("the manager has none (R3)") {
        world w{wants};
        w.strikes({.kind = sim::fault_kind::refuse,
                   .on = notification_bind,
                   .times = sim::for_ever,
                   .code = ffa::error::not_supported});
        REQUIRE(w.bus.open());
        CHECK(w.bus.notifications_refused() == errc::not_supported);
        CHECK(w.bus.session().engine().events() == event_method::poll);
        CHECK(w.bus.session().engine().events_refused() == errc::none); // nobody was asked
        w.lives();
    }
}

TEST_CASE("trap 10: notifications that are taken with RX-full among them leave the message where it is read") {
    world w{{.driver = {.events = event_method::indirect}, .first = methods::indirect}, indirect_bits};
    const auto is_full = [&] { return w.spmc.rx_full(driver_id); };
    REQUIRE(w.bus.open());
    const auto push = [&] { // an event that nobody has asked for
        REQUIRE(w.peer.bus.detach(number));
        w.peer(w.clock.now());
        REQUIRE(is_full());
    };
    const auto comes = [&] {
        return w.bus.session().wait(w.clock.now() + 1).kind == proto::driver_event_kind::device_removed;
    };
    SUBCASE("by the bus") {
        push();
        REQUIRE(w.bus.take_notifications());
        CHECK(comes());
    }
    SUBCASE("by somebody who tells it") {
        push();
        ffa::call_frame get = ffa::encode(ffa::notification_get_call{driver_id, 0, ffa::sources_for(driver_id)});
        w.driver_call(get);
        const auto got = ffa::decode_notification_get_answer(get);
        REQUIRE(got);
        REQUIRE(got->rx_full());
        SUBCASE("at once") {
            w.bus.handle_notifications(*got);
            CHECK(comes());
        }
        SUBCASE("before the bus is begun anew") {
            w.bus.handle_notifications(*got);
            REQUIRE(w.bus.open());
        }
    }
    REQUIRE(!is_full());
    CHECK(w.bus.session().ping(1));
    CHECK(w.peer.indirect.counters().busy == 0);
}

TEST_CASE("N12: a bus that begins anew with another partition has the first one forget it") {
    constexpr ffa::endpoint_id second{0x8010};
    world w;
    REQUIRE(w.spmc.add({.id = second, .services = {{.protocol = device_role_uuid}}})); // nobody answers
    listing_conduit call{w.driver_call, device_id};
    ffa::rxtx<listing_conduit> buffers{
        call, {w.memory[0], w.memory[1], manager::address_of(w.memory[0]), manager::address_of(w.memory[1])}};
    ffa_driver<decltype(buffers), decltype(w.clock), policy> bus{buffers, w.clock};
    REQUIRE(bus.open());
    CHECK(w.peer.bus.negotiated());
    call.listed = second;
    CHECK(bus.open().error() == errc::busy);
    CHECK(bus.peer().id == second);
    CHECK_FALSE(w.peer.bus.negotiated());
}

TEST_CASE("a bus whose partition is not found any more stays as it is") {
    const ffa::error code = ffa::error::busy;
    world w;
    REQUIRE(w.bus.open());
    w.strikes({.kind = sim::fault_kind::refuse, .on = partition_info_get_regs, .times = 1, .code = code});
    CHECK(w.bus.open().error() == errc::busy);
    REQUIRE(w.bus.is_open());
    CHECK(w.bus.peer().id == device_id);
    CHECK(w.bus.method() == methods::direct);
    w.lives();
}

TEST_CASE("buffers that cannot be mapped: the other method, or the reason") {
    const ffa_driver_options options{.peer = {.id = device_id,
                                              .self = driver_id,
                                              .version = ffa::version::v1_2,
                                              .service = device_role_uuid,
                                              .properties = sim::all_methods},
                                     .first = methods::indirect};
    const auto refuse = [](auto& w, ffa::function_id on, ffa::error code) {
        w.strikes(
            {.kind = sim::fault_kind::refuse, .on = on, .times = sim::for_ever, .caller = driver_id, .code = code});
    };
    for (const ffa::error code : {ffa::error::no_memory, ffa::error::denied}) {
        const errc why = code == ffa::error::denied ? errc::denied : errc::no_memory;
        world<only_send2> alone{options};
        refuse(alone, rxtx_map_64, code);
        CHECK(alone.bus.open().error() == why);
        CHECK(!alone.bus.is_open());
        world<known_to_us> both{options};
        refuse(both, rxtx_map_64, code);
        REQUIRE(both.bus.open());
        CHECK(both.bus.method() == methods::direct);
        world<known_to_us> neither{options};
        refuse(neither, rxtx_map_64, code);
        refuse(neither, msg_send_direct_req2, ffa::error::not_supported);
        CHECK(neither.bus.open().error() == why);
    }
    auto by_messages = options;
    by_messages.peer.properties = only_indirect;
    world<known_to_us> gone{by_messages, indirect_bits, only_indirect};
    REQUIRE(gone.bus.open());
    CHECK(gone.bus.method() == methods::indirect);
    REQUIRE(gone.driver_buffers.unmap());
    refuse(gone, rxtx_map_64, ffa::error::no_memory);
    CHECK(gone.bus.open().error() == errc::no_memory);
    CHECK(gone.bus.method() == methods::none);
}

TEST_CASE("events: a bus that begins anew with another partition binds its notification to that one") {
    alignas(4096) static std::uint8_t pages[2][4096];
    constexpr ffa::endpoint_id second{0x8010};
    manager spmc{sim::profiles::generic};
    REQUIRE(spmc.add({.id = driver_id}));
    for (const auto id : {device_id, second})
        REQUIRE(spmc.add({.id = id, .services = {{.protocol = device_role_uuid}}})); // nobody answers
    for (auto& page : pages) REQUIRE(spmc.add_memory(driver_id, page));
    listing_conduit call{spmc.conduit_for(driver_id), device_id};
    ffa::rxtx<listing_conduit> buffers{
        call, {pages[0], pages[1], manager::address_of(pages[0]), manager::address_of(pages[1])}};
    const auto nothing_else = [](instant) { return never; };
    virtual_clock<decltype(nothing_else)> clock{nothing_else};
    ffa_driver<decltype(buffers), decltype(clock), policy> bus{
        buffers, clock, {.driver = {.events = event_method::notif, .notif_id = 5}}};
    for (const auto id : {device_id, device_id, second}) {
        call.listed = id;
        CHECK(bus.open().error() == errc::busy);
        CHECK(bus.peer().id == id);
        CHECK(bus.notifications_refused() == errc::none);
        CHECK(spmc.calls(driver_id, notification_bind) == (id == second ? 2 : 1));
        CHECK(spmc.calls(driver_id, notification_unbind) == (id == second ? 1 : 0));
    }
}

TEST_CASE("a partition that is not there, or takes nothing, is a clear error") {
    world<> nothing{{}, all_bits, props{0x100}};
    CHECK(nothing.bus.open().error() == errc::not_supported);
    world<> other{{.partition = ffa::endpoint_id{0x8077}}};
    CHECK(other.bus.open().error() == errc::no_device);
    CHECK(other.bus.close().error() == errc::bad_state);
    world<> zero{{.partition = ffa::hypervisor_id}}; // which is one as any other
    CHECK(zero.bus.open().error() == errc::no_device);
}

TEST_CASE("the version of FF-A stays as it is") {
    world w;
    REQUIRE(w.bus.open());
    const auto agreed = w.bus.peer().version;
    ffa::call_frame frame = ffa::encode(ffa::version_call{ffa::version::v1_0});
    w.driver_call(frame);
    CHECK(ffa::decode_version_answer(frame).error() == errc::not_supported);
    REQUIRE(w.bus.open()); // which asks again
    CHECK(w.bus.peer().version == agreed);
}

TEST_CASE("direct messages with a partition that is known need neither buffers nor discovery") {
    world w;
    const ffa_driver_options options{.peer = {.id = device_id,
                                              .self = driver_id,
                                              .version = ffa::version::v1_2,
                                              .service = device_role_uuid,
                                              .properties = only_direct}};
    ffa_driver<sim::spmc_conduit, virtual_clock<partition>, known> bus{w.driver_call, w.clock, options};
    REQUIRE(ffa::negotiate(w.driver_call));
    REQUIRE(bus.open());
    CHECK(bus.session().ping(1));
    CHECK(w.calls(partition_info_get) + w.calls(partition_info_get_regs) + w.calls(id_get) == 0);
    CHECK(w.calls(rxtx_map) + w.calls(rxtx_map_64) + w.calls(msg_send2) == 0);
}

TEST_CASE("every profile has a bus, by the methods that it has") {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        world w{{}, all_bits, sim::all_methods, *rules};
        REQUIRE(w.bus.open());
        w.lives();
    }
}
