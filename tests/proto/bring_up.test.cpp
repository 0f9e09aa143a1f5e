// SPDX-License-Identifier: BSD-2-Clause
// Both engines over a loopback transport: a bus from its start to its end, in each revision and with both ways of event
// delivery, at run time and in a constant expression.
#include "proto/support/loopback_rig.hpp"

#include "support/check.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

template <revision R> constexpr bool lives(bool polls) {
    loopback_rig<R> rig(polls);
    return rig.whole_life();
}

static_assert(lives<old>(false));
static_assert(lives<v1>(true));
static_assert(lives<v2>(true));

/// A rig with both devices on a ready bus.
template <class Rig> struct ready : Rig {
    explicit ready(bool polls) : Rig(polls) {
        REQUIRE(this->attach());
        REQUIRE(this->bring_up());
    }
    std::uint16_t area() {
        const auto id = this->share();
        REQUIRE(id);
        return *id;
    }
    /// In either order.
    bool both_removed() {
        const driver_event a = this->next_event();
        const driver_event b = this->next_event();
        return a.kind == device_removed && b.kind == device_removed &&
               a.dev_num + b.dev_num == this->first + this->second;
    }
};

} // namespace

// Each is run with EVENT_POLL and with events that are sent unasked.
#define EVERY_RIG loopback_rig<old>, loopback_rig<v1>, loopback_rig<v2>

TEST_CASE_TEMPLATE("a bus from its start to its end", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    Rig rig(polls);
    CHECK(rig.whole_life());
}

TEST_CASE_TEMPLATE("reset and a second start", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    for (std::uint32_t epoch = 1; epoch < 5; ++epoch) {
        CAPTURE(epoch);
        CHECK(rig.drv.epoch() == epoch);
        const std::uint16_t area = rig.area();
        CHECK(rig.run_device(rig.first, rig.models[0], area));
        CHECK(rig.unshare(area) == false); // the queue uses it: an event comes when it is released
        REQUIRE(rig.drv.reset(rig.now));
        CHECK(rig.next_is(bus_down));
        CHECK(rig.next_is(area_released));
        CHECK(rig.both_removed());
        CHECK_FALSE(rig.models[0].enabled[0]);
        rig.settle();
        CHECK(rig.all_given_back());
        REQUIRE(rig.bring_up());
    }
    CHECK(rig.take_down());
}

TEST_CASE_TEMPLATE("two devices at a time", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    const std::uint16_t area = rig.area();
    const std::uint16_t other = rig.area();
    CHECK(rig.run_device(rig.second, rig.models[1], other));
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    for (int i = 0; i < 5; ++i) {
        CHECK(rig.transfer(rig.first, rig.models[0]));
        CHECK(rig.transfer(rig.second, rig.models[1]));
    }
    CHECK(rig.status(rig.first, 0));
    CHECK(rig.unshare(area));
    CHECK(rig.transfer(rig.second, rig.models[1])); // goes on
    CHECK(rig.status(rig.second, 0));
    CHECK(rig.unshare(other));
    CHECK(rig.take_down());
}

TEST_CASE_TEMPLATE("N11: an area that a queue uses is taken back when the queue has ended", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    const std::uint16_t area = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    REQUIRE(rig.drv.unshare_area(area));
    rig.settle();
    CHECK(rig.drv.area(area) == area_state::unshare_pending);
    CHECK(rig.transfer(rig.first, rig.models[0])); // still in use
    CHECK(rig.ask(rig.first, reset_vqueue_request{0}));
    const driver_event e = rig.next_event();
    CHECK(e.kind == area_released);
    CHECK(e.index == area);
    CHECK(rig.drv.open_areas() == 0);
    CHECK(rig.take_down());
}

TEST_CASE_TEMPLATE("B5: a device that is taken away while it works", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    const std::uint16_t area = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    const auto asked = rig.drv.request(rig.first, get_config_request{0, 4}, rig.now);
    REQUIRE(asked);
    REQUIRE(rig.dev.detach(rig.first));
    CHECK_FALSE(rig.models[0].enabled[0]);
    // The request is answered with an error, or the removal is heard of first; in the older revisions nothing answers.
    int answered = 0;
    int removed = 0;
    for (driver_event e = rig.next_event(); e.kind != none && removed + answered < 2; e = rig.next_event()) {
        CAPTURE(e.kind);
        if (e.is(*asked)) {
            ++answered;
            CHECK((e.error == errc::peer_error || e.error == errc::no_device));
        } else if (e.kind == device_removed) {
            ++removed;
            CHECK(e.dev_num == rig.first);
        }
        if (removed + answered == 2) break;
    }
    CHECK(answered == 1);
    CHECK(removed == 1);
    rig.drv.release(*asked, rig.now);
    CHECK(rig.drv.device_count() == 1);
    CHECK(rig.drv.request(rig.first, get_device_status_request{}, rig.now).error() == errc::no_device);
    CHECK(rig.unshare(area)); // nobody uses it any more
    CHECK(rig.run_device(rig.second, rig.models[1], rig.area()));

    rig.now += 10 * seconds; // I5: not at once, as rfc2025 could not tell a late answer from one of the new device
    rig.drv.handle_timeout(rig.now);
    REQUIRE(rig.dev.attach(rig.first, rig.ports[0])); // and it comes back
    CHECK(rig.next_is(device_added, rig.first));
    CHECK_FALSE(rig.drv.device(rig.first)->info_known);
    const std::uint16_t again = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], again));
}

TEST_CASE_TEMPLATE("V1: a change of configuration and a device that cannot go on", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    CHECK(rig.run_device(rig.first, rig.models[0], rig.area()));
    rig.models[0].config[5] = 0x55;
    REQUIRE(rig.dev.config_changed(rig.first, 5, 1));
    CHECK(rig.next_is(config_changed, rig.first));
    CHECK(rig.ask(rig.first, get_config_request{5, 1}));
    CHECK(rig.drv.device(rig.first)->generation == 1);
    REQUIRE(rig.dev.needs_reset(rig.first));
    CHECK(rig.next_is(config_changed, rig.first));
    CHECK(rig.drv.device(rig.first)->status == device_status{0x4f});
    CHECK(rig.status(rig.first, 0));
    CHECK(rig.negotiate_device(rig.first));
}

TEST_CASE_TEMPLATE("R1: a carrier that is full for a while loses nothing", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    const std::uint16_t area = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    // Nobody receives: the second and all further frames find the carrier full, or wait behind it.
    for (std::uint32_t i = 0; i < 2; ++i) REQUIRE(rig.drv.notify(rig.first, i, 0));
    const auto asked = rig.drv.request(rig.first, get_device_status_request{}, rig.now);
    REQUIRE(asked);
    for (int i = 0; i < 6; ++i) {
        if (const auto frame = rig.drv.poll_transmit(rig.now))
            rig.drv.handle_sent(rig.wire.driver_side().send({}, *frame, rig.now), rig.now);
        rig.now += 2 * milliseconds;
    }
    CHECK(rig.drv.counters().carrier_busy > 0);
    const int kicks = rig.models[0].kicks[0];
    driver_event e = rig.next_event();
    CHECK(e.is(*asked));
    CHECK(e.error == errc::none);
    CHECK(rig.models[0].kicks[0] == kicks + 1);
    rig.drv.release(*asked, rig.now);
}

TEST_CASE_TEMPLATE("N12: memory is given back when the device side has let go of it, not before", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    const std::uint16_t area = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    rig.maps = false; // its owner takes its time
    const auto unused = [&] { return rig.dev.areas().size() == 0; };
    REQUIRE(rig.drv.reset(rig.now));
    driver_event e = rig.next_event();
    CHECK(e.kind == bus_failed); // in bounded time
    CHECK(e.error == errc::timed_out);
    CHECK(rig.drv.area(area) == area_state::shared);
    CHECK_FALSE(unused());
    REQUIRE(rig.drv.start(rig.now));
    CHECK(rig.both_removed());
    e = rig.next_event();
    CHECK(e.kind == bus_failed); // VERSION is not answered either, or has nothing to offer
    CHECK(rig.drv.open_areas() == 1);
    CHECK_FALSE(unused());
    rig.maps = true;
    rig.settle();
    CHECK(unused());
    REQUIRE(rig.drv.start(rig.now));
    e = rig.next_event();
    CHECK(e.kind == area_released);
    CHECK(e.index == area);
    CHECK(rig.next_is(device_added, rig.first));
    CHECK(rig.next_is(device_added, rig.second));
    CHECK(rig.next_is(bus_ready));
    CHECK(rig.run_device(rig.first, rig.models[0], rig.area()));
    CHECK(rig.status(rig.first, 0));
}

TEST_CASE_TEMPLATE("N11: memory that is mapped after its driver has given up waiting", Rig, EVERY_RIG) {
    bool polls = false;
    SUBCASE("asked for") { polls = true; }
    SUBCASE("unasked") {}
    ready<Rig> rig(polls);
    rig.maps = false;
    const auto attrs = Rig::rev == v2 ? area_attrs::usual : area_attrs::share;
    const auto area = rig.drv.share_area(0x77, 1, attrs);
    REQUIRE(area);
    rig.settle();
    REQUIRE(rig.dev.poll_task().what == area_task::kind::map);
    while (rig.drv.area(*area) == area_state::offered) { // until the answer is overdue
        rig.now = rig.drv.poll_timeout();
        rig.drv.handle_timeout(rig.now);
        rig.settle();
    }
    CHECK(rig.drv.area(*area) == area_state::unshare_pending);
    CHECK(rig.drv.poll_event().kind == none);
    REQUIRE(rig.dev.areas().mapped(*area, rig.memory));
    rig.settle();
    CHECK(rig.drv.poll_event().kind == none); // it is mapped
    rig.maps = true;
    const driver_event e = rig.next_event();
    CHECK(e.kind == area_refused);
    CHECK(e.error == errc::timed_out);
    CHECK(rig.dev.areas().size() == 0);
    CHECK(rig.drv.open_areas() == 0);
    CHECK(rig.run_device(rig.first, rig.models[0], rig.area()));
}

TEST_CASE("N2: a device side that has restarted is noticed, and the bus comes up again") {
    ready<loopback_rig<v2>> rig(true);
    const std::uint16_t area = rig.area();
    CHECK(rig.run_device(rig.first, rig.models[0], area));
    rig.models[0] = {};
    rig.dev = device_bus<v2, rig_device_capacity>{rig.options_of_device(true)};
    for (auto& port : rig.ports) {
        port.status = device_status::reset;
        port.queue(0) = {};
    }
    REQUIRE(rig.attach());
    const driver_event e = rig.next_event(); // EVENT_POLL is answered with ERROR
    CHECK(e.kind == bus_failed);
    CHECK(e.error == errc::peer_error);
    REQUIRE(rig.drv.start(rig.now));
    CHECK(rig.both_removed());
    CHECK(rig.next_is(area_released)); // the new one knows nothing of it
    CHECK(rig.next_is(device_added, rig.first));
    CHECK(rig.next_is(device_added, rig.second));
    CHECK(rig.next_is(bus_ready));
    CHECK(rig.drv.epoch() == 2);
    CHECK(rig.run_device(rig.first, rig.models[0], rig.area()));
}
