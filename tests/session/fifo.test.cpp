// SPDX-License-Identifier: BSD-2-Clause
// A session that begins on a loopback transport and goes on over a FIFO.
#include <vmsg/proto/device.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/switched.hpp>
#include <vmsg/transport/tracer.hpp>

#include "proto/support/test_device.hpp"
#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr bus_feature carriers = bus_feature::indirect_rx | bus_feature::indirect_tx | bus_feature::fifo;

/// What notifications are for one of the sides: it has them until it looks.
struct bell {
    std::uint64_t* pending{};
    std::uint16_t id = no_notif_id;
    constexpr void set_notif_id(std::uint16_t given) { id = given; }
    constexpr result<void> operator()() const {
        if (id > max_notif_id) return errc::not_supported;
        *pending |= std::uint64_t{1} << id;
        return {};
    }
};

using wire_type = transports::loopback<4, 104>;
using fifo_end = transports::fifo<bell>;
using switched_end = transports::switched<wire_type::end, fifo_end>;

/// Everything but the driver side.
struct world {
    static constexpr std::uint16_t driver_notif = 9;
    static constexpr std::uint16_t device_notif = 11;

    wire_type wire{};
    alignas(8) std::uint8_t rings[8192]{};
    std::uint8_t area[proto::area_page_size]{};
    std::uint64_t at_driver = 0;
    std::uint64_t at_device = 0;
    fifo_end driver_fifo{{.side = transports::fifo_side::driver, .notif_id = driver_notif}, bell{&at_device}};
    fifo_end device_fifo{{.side = transports::fifo_side::device, .notif_id = device_notif}, bell{&at_driver}};
    switched_end driver_ends{wire.driver_side(), driver_fifo};
    switched_end device_ends{wire.device_side(), device_fifo};
    proto::device_bus<v2, proto::device_capacity{.devices = 2, .areas = 2, .fifo = true}> bus;
    proto_test::test_device model{};
    proto::attached<proto_test::test_device> port{model};
    int maps = 0;
    int unmaps = 0;
    bool can_map = true;

    constexpr explicit world(bus_feature features) : bus({.bus_features = features, .can_push = false}) {
        static_cast<void>(driver_fifo.open(rings));
        static_cast<void>(bus.attach(3, port));
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    constexpr instant operator()(instant now) {
        bool moved = take_notifications();
        std::uint8_t buffer[104]{};
        for (auto in = receive(buffer, now); in; in = receive(buffer, now)) {
            moved = true;
            static_cast<void>(bus.handle_frame({buffer, in->size}, now));
            send(now);
        }
        moved = do_tasks() || moved;
        moved = send(now) || moved;
        moved = take_notifications() || moved;
        if (moved) return now;
        const instant held = device_ends.poll_timeout();
        return bus.poll_timeout() < held ? bus.poll_timeout() : held;
    }

private:
    constexpr bool take_notifications() {
        const bool any = at_driver != 0 || at_device != 0;
        driver_fifo.handle_notifications(at_driver);
        device_fifo.handle_notifications(at_device);
        at_driver = at_device = 0;
        return any;
    }
    constexpr result<inbound> receive(byte_span buffer, instant now) {
        device_ends.follow(bus.fifo());
        return device_ends.receive(buffer, now);
    }
    constexpr bool send(instant now) {
        bool moved = false;
        for (auto out = bus.poll_transmit(now); out; out = bus.poll_transmit(now)) {
            device_ends.follow(bus.fifo());
            bus.handle_sent(device_ends.send({}, *out, now), now);
            moved = true;
        }
        return moved;
    }
    constexpr bool do_tasks() {
        const proto::area_task a = bus.poll_task();
        if (a.what == proto::area_task::kind::map) static_cast<void>(bus.areas().mapped(a.area_id, area));
        if (a.what == proto::area_task::kind::unmap) static_cast<void>(bus.areas().unmapped(a.area_id));
        const proto::fifo_task f = bus.poll_fifo_task();
        if (f.what == proto::fifo_task::kind::map) {
            ++maps;
            const bool right = f.mem_handle == 0x55 && f.page_count == 2 && f.notif_id == driver_notif;
            const bool opened = can_map && right && device_fifo.open(rings).has_value();
            static_cast<void>(opened ? bus.fifo_mapped(device_notif) : bus.fifo_refused());
        } else if (f.what == proto::fifo_task::kind::unmap) {
            ++unmaps;
            device_ends.follow(bus.fifo());
            static_cast<void>(bus.fifo_unmapped());
        }
        return a.what != proto::area_task::kind::none || f.what != proto::fifo_task::kind::none;
    }
};

struct policy : session_policy<v2> {
    static constexpr proto::driver_capacity capacity{.devices = 2, .requests = 2, .areas = 2, .kicks = 2, .fifo = true};
};

struct rig {
    world peer;
    virtual_clock<world> clock{peer};
    driver_session<switched_end, virtual_clock<world>, policy> session;

    constexpr explicit rig(bus_feature features = carriers)
        : peer(features),
          session(peer.driver_ends, clock, {},
                  {.bus_features = carriers,
                   .fifo = {.mem_handle = 0x55, .page_count = 2, .notif_id = world::driver_notif},
                   .policy = proto::fifo_retry_policy}) {}

    constexpr bool over_fifo() const {
        return session.engine().fifo() == fifo_link{fifo_stage::active, world::device_notif} &&
               peer.bus.fifo() == fifo_link{fifo_stage::active, world::driver_notif};
    }
    /// A device that runs, and an event of it.
    constexpr bool works() {
        const auto area = session.share(0x77, 1, area_attrs::usual);
        if (!area) return false;
        auto d = session.at(3);
        constexpr feature_set version{feature::version_1};
        if (!d.negotiate(version, version)) return false;
        const proto::queue_setup queue{64, *make_bus_address<v2>(*area, 0), *make_bus_address<v2>(*area, 0x400),
                                       *make_bus_address<v2>(*area, 0x800)};
        if (!d.setup_queue(0, queue) || !d.driver_ok()) return false;
        const int kicks = peer.model.kicks[0];
        if (!d.notify(0, 0) || !session.ping(0x1234) || peer.model.kicks[0] != kicks + 1) return false;
        if (!peer.bus.used(3, 0)) return false;
        const proto::driver_event e = session.wait(clock.now() + 200 * milliseconds);
        if (e.kind != proto::driver_event_kind::used || e.index != 0) return false;
        return d.reset() && session.unshare(*area);
    }
};

constexpr bool whole_life() {
    rig r;
    if (!r.session.open() || !r.over_fifo() || !r.works()) return false;
    const auto& counters = r.peer.device_fifo.counters();
    if (counters.received < 10 || counters.sent < 10 || counters.skipped != 0 || counters.faults != 0) return false;
    if (!r.session.close() || r.peer.unmaps != 1 || r.peer.bus.holds_memory()) return false;
    return !r.peer.driver_fifo.is_open() && !r.peer.device_fifo.is_open();
}

} // namespace

TEST_CASE("a whole session over a FIFO in a constant expression") { CX_CHECK(whole_life()); }

TEST_CASE("N6, N12: after a reset the bus begins on the bootstrap transport, and goes on over the FIFO again") {
    rig r;
    for (int round = 1; round <= 3; ++round) {
        REQUIRE(r.session.open());
        CHECK(r.over_fifo());
        CHECK(r.works());
        REQUIRE(r.session.close());
        CHECK(r.session.engine().fifo() == fifo_link{});
        CHECK(r.peer.maps == round);
        CHECK(r.peer.unmaps == round);
        CHECK_FALSE(r.peer.bus.holds_memory());
        CHECK_FALSE(r.peer.device_fifo.is_open());
    }
}

TEST_CASE("N6: a device side that cannot have a FIFO is used without one") {
    SUBCASE("it does not say that it can") {
        rig r(bus_feature::indirect_rx | bus_feature::indirect_tx);
        REQUIRE(r.session.open());
        CHECK(r.session.engine().fifo_refused() == errc::none);
        CHECK(r.peer.maps == 0);
        CHECK(r.works());
        CHECK(r.peer.device_fifo.counters().received == 0);
    }
    SUBCASE("it cannot map the memory") {
        rig r;
        r.peer.can_map = false;
        REQUIRE(r.session.open());
        CHECK(r.session.engine().fifo_refused() == errc::peer_error);
        CHECK(r.peer.maps == 1);
        CHECK(r.works());
        CHECK(r.peer.device_fifo.counters().received == 0);
    }
}

TEST_CASE("N10: a session whose ring is broken fails, and begins anew over the bootstrap transport") {
    for (const std::size_t offset : {fifo_read_index_offset, fifo_write_index_offset})
        for (const bool at_driver : {true, false}) {
            rig r;
            REQUIRE(r.session.open());
            const auto region = transports::check_fifo_region(r.peer.rings);
            REQUIRE(region);
            const transports::fifo_ring& ring = at_driver ? region->to_driver : region->to_device;
            store_le(ring.memory.data() + offset, std::uint16_t{30});
            // The side that meets it stops; the other one hears nothing more.
            CHECK_FALSE(r.session.ping(1));
            REQUIRE(r.session.reopen());
            CHECK(r.over_fifo());
            CHECK(r.works());
            CHECK(r.peer.driver_fifo.counters().faults + r.peer.device_fifo.counters().faults >= 1);
        }
}

TEST_CASE("N10: a device side that begins anew is found again") {
    rig r;
    REQUIRE(r.session.open());
    r.peer.bus.abandon();
    CHECK_FALSE(r.session.ping(1));
    REQUIRE(r.session.reopen());
    CHECK(r.over_fifo());
    CHECK(r.works());
}

TEST_CASE("a transport that wraps a switched one lets it know how the bus stands") {
    struct counter {
        unsigned seen = 0;
        void operator()(const transports::traced&) { ++seen; }
    };
    using injected = transports::fault_injector<switched_end, 2, 104>;
    using traced = transports::tracer<injected, counter>;
    world peer(carriers);
    virtual_clock<world> clock{peer};
    counter seen;
    injected inner{peer.driver_ends, {}, 1};
    traced outer{inner, seen};
    driver_session<traced, virtual_clock<world>, policy> session{
        outer, clock, {}, {.bus_features = carriers, .fifo = {0x55, 2, world::driver_notif}}};
    REQUIRE(session.open());
    CHECK(session.ping(5));
    CHECK(peer.device_fifo.counters().received >= 2);
    CHECK(seen.seen > 10);
    CHECK(outer.poll_timeout() == peer.driver_fifo.poll_timeout());
    REQUIRE(session.close());
}
