// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/lone_device.hpp>

#include <vmsg/random.hpp>

#include "session/direct_rig.hpp"
#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"

#include <cstddef>
#include <cstdint>

using namespace vmsg;

namespace {

constexpr std::uint16_t number = 3;
constexpr feature_set wanted{{0x200, 0x143, 0, 0}};
using kind = proto::driver_event_kind;

template <revision R> struct silent_policy : direct_session_policy<R> { static constexpr bool counts = false; };

// A device and a partition that serves it.
template <revision R, class Policy = direct_session_policy<R>> struct lone_rig {
    session_test::direct_end<R> peer{};
    session_test::nobody_else others{};
    virtual_clock<session_test::nobody_else> clock{others};
    lone_device<session_test::direct_end<R>, virtual_clock<session_test::nobody_else>, Policy> device{
        peer, clock, session_test::driver_id, session_test::device_id, number};
};

// The same with a manager that changes what comes back.
template <revision R> struct managed_rig {
    transport_test::direct_partition<R> peer{};
    transport_test::direct_manager manager{};
    transport_test::nothing_else others{};
    virtual_clock<transport_test::nothing_else> clock{others};
    lone_device<transport_test::direct_manager, virtual_clock<transport_test::nothing_else>, direct_session_policy<R>>
        device{manager, clock, transport_test::driver_id, transport_test::device_id, number};

    managed_rig() {
        manager.partition = [this](ffa::call_frame& frame) { peer(frame); };
    }
    managed_rig(const managed_rig&) = delete;
    managed_rig& operator=(const managed_rig&) = delete;

    /// How often the peer was asked for something.
    std::size_t asked(std::uint8_t id) const {
        std::size_t n = 0;
        for (const ffa::call_frame& f : manager.calls)
            n += ffa::function_of(f) == ffa::function_id::msg_send_direct_req2 && (f.x[4] >> 8 & 0xff) == id ? 1u : 0u;
        return n;
    }
    std::uint64_t dropped() const { return device.counters().dropped.total(); }
    /// Changes the answers with this message id, without those before.
    template <class Change> void change(std::uint8_t id, Change to) {
        manager.answer = [id, to](ffa::call_frame& frame) mutable {
            if ((frame.x[4] >> 8 & 0xff) == id) to(frame);
        };
    }
    /// Puts an event in place of the next answer to EVENT_POLL.
    void event(std::uint64_t type, std::uint8_t id, std::uint16_t device_number, std::uint64_t payload,
               std::uint64_t size = 12) {
        change(row_of<event_poll_response>.id, [=, left = 1](ffa::call_frame& frame) mutable {
            if (left-- <= 0) return;
            frame.x[4] = type | std::uint64_t{id} << 8 | std::uint64_t{device_number} << 16 | size << 48;
            frame.x[5] = payload;
        });
    }
};

template <revision R> constexpr bus_address at(std::uint64_t offset) { return *make_bus_address<R>(1, offset); }
template <revision R> constexpr proto::queue_setup queue{64, at<R>(0), at<R>(0x400), at<R>(0x800)};

template <revision R> constexpr area_attrs attributes = R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share;

/// From nothing to DRIVER_OK. False: something has failed.
template <revision R, class Rig> constexpr bool bring_up(Rig& rig) {
    std::uint8_t config[16]{};
    return rig.device.open() && rig.device.share(1, 0x77, 1, attributes<R>) && rig.device.negotiate(wanted) &&
           rig.device.read_config(0, config) && config[15] == 15 && rig.device.setup_queue(0, queue<R>) &&
           rig.device.driver_ok();
}

template <revision R, class Policy = direct_session_policy<R>> constexpr bool whole_life() {
    lone_rig<R, Policy> rig;
    if (!bring_up<R>(rig)) return false;
    const auto& model = rig.peer.model;
    if (!model.enabled[0] || !(model.setup == queue<R>)) return false;
    if (!(rig.device.accepted() == wanted) || !(model.accepted == wanted)) return false;
    if (!rig.device.notify(0, 0x123) || model.kicks[0] != 1 || model.next_offset != 0x123) return false;
    if (rig.device.wait(rig.clock.now()).kind != kind::none) return false;
    if (!rig.peer.bus.used(number, 0)) return false;
    const auto e = rig.device.wait(rig.clock.now() + 1 * seconds);
    if (e.kind != kind::used || e.dev_num != number || e.index != 0) return false;
    const auto info = rig.device.info();
    return info && info->device_id == 2 && rig.device.reset() && model.misuses == 0;
}

} // namespace

static_assert(whole_life<revision::rfc2025>());
static_assert(whole_life<revision::oasis_v1>());
static_assert(whole_life<revision::oasis_v2>());
static_assert(whole_life<revision::oasis_v2, silent_policy<revision::oasis_v2>>());

TEST_CASE_TEMPLATE("a lone device lives, with counters and without", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    CHECK(whole_life<R>());
    CHECK(whole_life<R, silent_policy<R>>());
    CHECK(sizeof(lone_rig<R, silent_policy<R>>::device) < sizeof(lone_rig<R>::device));
    lone_rig<R> rig;
    REQUIRE(bring_up<R>(rig));
    CHECK(rig.device.counters().requests == static_cast<std::uint32_t>(rig.peer.requests));
    CHECK(rig.device.counters().dropped.total() == 0);
}

TEST_CASE_TEMPLATE("I1, T7: lone: what comes too early is not sent", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    lone_rig<R> rig;
    std::uint8_t config[4]{};
    auto& d = rig.device;
    CHECK(d.info().error() == errc::bad_state);
    CHECK(d.reset().error() == errc::bad_state);
    CHECK(d.negotiate(wanted).error() == errc::bad_state);
    CHECK(d.wait(0).kind == kind::none);
    CHECK(rig.peer.requests == 0);
    REQUIRE(d.open());
    int before = rig.peer.requests;
    CHECK(d.read_config(0, config).error() == errc::bad_state);
    CHECK(d.setup_queue(0, queue<R>).error() == errc::bad_state);
    CHECK(d.driver_ok().error() == errc::bad_state);
    CHECK(d.notify(0, 0).error() == errc::bad_state);
    CHECK(rig.peer.requests == before);
    REQUIRE(d.negotiate(wanted));
    before = rig.peer.requests;
    CHECK(d.notify(0, 0).error() == errc::bad_state);
    CHECK(rig.peer.requests == before);
    REQUIRE(d.reset());
    before = rig.peer.requests;
    CHECK(d.setup_queue(0, queue<R>).error() == errc::bad_state);
    CHECK(d.driver_ok().error() == errc::bad_state);
    CHECK(rig.peer.requests == before);
}

TEST_CASE_TEMPLATE("F1, T4: lone: features are verified, a device that fails them is told so", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    const auto status = [](lone_rig<R>& rig) { return rig.peer.port.status; };
    const feature_set required[]{feature_set{feature::suspend}, feature_set{{0, 0, 1, 0}}, feature_set{{0, 0, 0, 1}}};
    for (const feature_set& needed : required) {
        lone_rig<R> rig;
        REQUIRE(rig.device.open());
        CHECK(rig.device.negotiate(wanted, needed).error() == errc::not_supported);
        CHECK(has(status(rig), device_status::failed));
        CHECK(rig.device.driver_ok().error() == errc::bad_state);
        CHECK(rig.device.negotiate(feature_set{}, feature_set{feature::ring_reset})); // a new start
        CHECK(rig.device.accepted() == feature_set{feature::version_1, feature::ring_reset});
    }
    lone_rig<R> old;
    old.peer.model.offered = feature_set{{0x200, 0, 0, 0}};
    REQUIRE(old.device.open());
    CHECK(old.device.negotiate(wanted).error() == errc::not_supported); // no VERSION_1
    lone_rig<R> stubborn;
    stubborn.peer.model.takes_features = false;
    REQUIRE(stubborn.device.open());
    CHECK(stubborn.device.negotiate(wanted).error() == errc::denied);
    CHECK(has(status(stubborn), device_status::failed));
}

TEST_CASE_TEMPLATE("Q1, Q3, T7: lone: impossible queues are not set up, a refused one is told", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    lone_rig<R> rig;
    REQUIRE(rig.device.open());
    REQUIRE(rig.device.share(1, 0x77, 1, attributes<R>));
    REQUIRE(rig.device.negotiate(wanted));
    auto big = queue<R>;
    big.size = 512;
    CHECK(rig.device.setup_queue(0, big).error() == errc::invalid_argument);
    auto empty = queue<R>;
    empty.size = 0;
    CHECK(rig.device.setup_queue(0, empty).error() == errc::invalid_argument);
    CHECK(rig.device.setup_queue(2, empty).error() == errc::invalid_argument);
    CHECK(rig.peer.model.misuses == 0);
    CHECK(rig.device.setup_queue(2, queue<R>).error() == errc::invalid_argument); // not available
    CHECK(rig.device.setup_queue(3, queue<R>).error() == errc::invalid_argument); // not there
    auto odd = queue<R>;
    odd.descriptor_addr = at<R>(8);
    CHECK(rig.device.setup_queue(0, odd).error() == errc::invalid_argument);
    CHECK(rig.peer.model.enables == 0);
    rig.peer.model.takes_queues = false;
    CHECK(rig.device.setup_queue(0, queue<R>).error() == errc::denied);
    CHECK(rig.device.driver_ok());
    CHECK(rig.device.notify(3, 0).error() == errc::invalid_argument);
}

TEST_CASE_TEMPLATE("lone: configuration is read in one message, inside its bounds", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    lone_rig<R> rig;
    REQUIRE(bring_up<R>(rig));
    std::uint8_t config[constants_of<R>.ffa_max_msg_size]{};
    const int before = rig.peer.requests;
    CHECK(rig.device.read_config(0, byte_span{config}.first(17)).error() == errc::invalid_argument);
    CHECK(rig.device.read_config(17, byte_span{config}.first(0)).error() == errc::invalid_argument);
    CHECK(rig.device.read_config(0xffff'fff8, byte_span{config}.first(16)).error() == errc::invalid_argument);
    CHECK(rig.peer.requests == before);
    CHECK(rig.device.read_config(12, byte_span{config}.first(4)));
    CHECK(config[3] == 15);
    const std::uint32_t generation = rig.device.generation();
    REQUIRE(rig.peer.bus.config_changed(number, 0, 4));
    CHECK(rig.device.wait(rig.clock.now() + 1 * seconds).kind == kind::config_changed);
    CHECK(rig.device.generation() != generation);
    const std::uint32_t seen = rig.device.generation();
    REQUIRE(rig.device.read_config(0, byte_span{config}.first(4)));
    CHECK(rig.device.generation() == seen);

    lone_rig<R> large;
    large.peer.model.id.config_size = 4096;
    REQUIRE(large.device.open());
    REQUIRE(large.device.negotiate(wanted));
    constexpr std::size_t most = decltype(large.device)::max_config_read();
    CHECK(large.device.read_config(0, byte_span{config}.first(most)));
    CHECK(large.device.read_config(0, byte_span{config}.first(most + 1)).error() == errc::invalid_argument);
}

TEST_CASE_TEMPLATE("lone: memory that cannot be an area is not shared, a refusal is reported", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    lone_rig<R> rig;
    CHECK(rig.device.share(1, 0x77, 1, attributes<R>).error() == errc::bad_state);
    REQUIRE(rig.device.open());
    const int before = rig.peer.requests;
    CHECK(rig.device.share(0, 0x77, 1, attributes<R>).error() == errc::invalid_argument);
    CHECK(rig.device.share(1, 0x77, 0, attributes<R>).error() == errc::invalid_argument);
    CHECK(rig.device.share(1, 0x77, 1, area_attrs{~std::uint32_t{0}}).error() == errc::invalid_argument);
    if (R == revision::rfc2025) CHECK(rig.device.share(256, 0x77, 1, attributes<R>).error() == errc::invalid_argument);
    CHECK(rig.peer.requests == before);
    CHECK(rig.device.share(1, 0x77, 1, attributes<R>));
    CHECK(rig.device.share(1, 0x78, 2, attributes<R>).error() == errc::peer_error); // the number is taken
}

TEST_CASE("lone: a peer says how many areas it takes") {
    managed_rig<newest_revision> rig;
    rig.change(row_of<version_response>.id, [](ffa::call_frame& frame) {
        frame.x[7] = (frame.x[7] & 0xffff'ffff) | std::uint64_t{4} << 32; // max_areas
    });
    REQUIRE(rig.device.open());
    CHECK(rig.device.share(4, 0x77, 1, area_attrs::usual));
    CHECK(rig.device.share(5, 0x78, 1, area_attrs::usual).error() == errc::invalid_argument);
    CHECK(rig.asked(row_of<area_share_request>.id) == 1);
}

TEST_CASE("Q3: lone: a queue that is enabled is left as it is") {
    constexpr revision R = newest_revision;
    managed_rig<R> rig;
    REQUIRE(bring_up<R>(rig));
    REQUIRE(rig.asked(row_of<set_vqueue_request>.id) == 1);
    CHECK(rig.device.setup_queue(0, queue<R>));
    auto other = queue<R>;
    other.size = 32;
    CHECK(rig.device.setup_queue(0, other).error() == errc::bad_state);
    CHECK(rig.asked(row_of<set_vqueue_request>.id) == 1);
}

// What a peer does that is told once how events are delivered, until it is reset.
struct configured_once {
    bool configured = false;
    int busy = 0; // answers to RESET
    int resets = 0;
    void operator()(ffa::call_frame& frame) {
        const auto id = frame.x[4] >> 8 & 0xff;
        if (id == row_of<event_configure_response>.id) {
            if (configured) frame.x[5] = static_cast<std::uint64_t>(bus_result::error);
            configured = true;
        } else if (id == row_of<reset_response>.id) {
            ++resets;
            if (busy == 0) configured = false;
            if (busy != 0) frame.x[5] = static_cast<std::uint64_t>(bus_result::busy);
            if (busy > 0) --busy;
        }
    }
};

TEST_CASE("N5, N8, N12: lone: a peer that refuses to be told of events twice is reset, and told again") {
    managed_rig<newest_revision> rig;
    configured_once once;
    rig.manager.answer = [&once](ffa::call_frame& frame) { once(frame); };
    REQUIRE(rig.device.open());
    CHECK(once.resets == 0);
    CHECK(bring_up<newest_revision>(rig)); // a later stage
    CHECK(once.resets == 1);
    once.busy = 2;
    const instant before = rig.clock.now();
    CHECK(bring_up<newest_revision>(rig));
    CHECK(once.resets == 4);
    CHECK(rig.clock.now() - before >= 2 * direct_session_policy<>::retry.reset_pause);
    CHECK(rig.device.counters().peer_busy == 2);
    once.busy = -1;
    CHECK(rig.device.open().error() == errc::busy);
    CHECK(once.resets == 4 + direct_session_policy<>::retry.reset_attempts);
    CHECK(rig.device.info().error() == errc::bad_state);
    rig.manager.answer = [&once](ffa::call_frame& frame) { // never takes it
        once.configured = true;
        once(frame);
    };
    once.busy = once.resets = 0;
    CHECK(rig.device.open().error() == errc::peer_error);
    CHECK(once.resets == 1);
}

TEST_CASE("lone: the status shows that a device needs a reset") {
    managed_rig<newest_revision> rig;
    CHECK(rig.device.status().error() == errc::bad_state);
    REQUIRE(bring_up<newest_revision>(rig));
    const device_status running = *rig.device.status();
    CHECK(has(running, device_status::driver_ok));
    CHECK_FALSE(has(running, device_status::needs_reset));
    REQUIRE(rig.peer.bus.needs_reset(number));
    const auto now = rig.device.status();
    REQUIRE(now);
    CHECK(has(*now, device_status::needs_reset | running));
    CHECK(rig.device.driver_ok().error() == errc::bad_state);
    CHECK(rig.device.negotiate(wanted));
    CHECK_FALSE(has(*rig.device.status(), device_status::needs_reset));
}

TEST_CASE_TEMPLATE("lone: features are accepted when the device has agreed, until the next reset", Rev,
                   VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    lone_rig<R> rig;
    auto& d = rig.device;
    REQUIRE(d.open());
    rig.peer.model.takes_features = false;
    CHECK(d.negotiate(wanted).error() == errc::denied);
    CHECK(d.accepted() == feature_set{});
    rig.peer.model.takes_features = true;
    REQUIRE(d.negotiate(wanted));
    CHECK(d.accepted() == wanted);
    REQUIRE(d.reset());
    CHECK(d.accepted() == feature_set{});
    REQUIRE(d.negotiate(wanted));
    REQUIRE(d.open());
    CHECK(d.accepted() == feature_set{});
}

TEST_CASE_TEMPLATE("N8: lone: an EVENT_POLL that has timed out takes no event away", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    managed_rig<R> rig;
    REQUIRE(bring_up<R>(rig));
    REQUIRE(rig.peer.bus.used(number, 0));
    REQUIRE(rig.peer.bus.config_changed(number, 0, 4));
    rig.manager.interrupts = -1;
    CHECK(rig.device.wait(rig.clock.now()).kind == kind::none);
    CHECK(rig.device.is_open());
    rig.manager.release();
    const auto first = rig.device.wait(rig.clock.now()).kind;
    const auto second = rig.device.wait(rig.clock.now()).kind;
    CHECK((first == kind::used || second == kind::used));
    CHECK((first == kind::config_changed || second == kind::config_changed));
    CHECK(rig.dropped() == 0);
    CHECK(rig.device.counters().events == 2);
}

TEST_CASE("lone: a device that went away while an older request was ended is not asked") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    rig.manager.interrupts = -1;
    CHECK(rig.device.wait(rig.clock.now()).kind == kind::none);
    rig.event(type_bus, row_of<event_device>.id, 0, number | 2 << 16);
    rig.manager.release();
    const auto before = rig.manager.requests();
    CHECK(rig.device.info().error() == errc::no_device);
    CHECK(rig.manager.requests() == before);
    CHECK(rig.device.wait(rig.clock.now()).kind == kind::device_removed);
    CHECK(rig.device.accepted() == feature_set{});
    CHECK(rig.device.info());
}

TEST_CASE("N8: lone: events that are not for the device do not hold up those that are") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    int others = 63;
    rig.change(row_of<event_poll_response>.id, [&others](ffa::call_frame& frame) {
        if (others == 0) return;
        if (others > 0) --others;
        frame.x[4] = std::uint64_t{row_of<event_used>.id} << 8 | std::uint64_t{9} << 16 | std::uint64_t{12} << 48;
    });
    auto requests = rig.manager.requests();
    const instant before = rig.clock.now();
    CHECK(rig.device.wait(before).kind == kind::none);
    CHECK(rig.manager.requests() - requests == 64);
    others = -1;
    requests = rig.manager.requests();
    CHECK(rig.device.wait(before).kind == kind::none);
    CHECK(rig.manager.requests() - requests == 64); // a round is bounded
    CHECK(rig.clock.now() == before);
}

TEST_CASE("T1, E6: lone: a reset is waited for, but not for ever") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    int looks = 0;
    const auto busy = [&looks](ffa::call_frame& frame) {
        const auto id = frame.x[4] >> 8 & 0xff;
        if (id == row_of<get_device_status_response>.id) ++looks;
        if (id == row_of<set_device_status_response>.id || id == row_of<get_device_status_response>.id)
            frame.x[5] = looks < 3 ? 0x0f : 0;
    };
    rig.manager.answer = busy;
    CHECK(rig.device.reset());
    CHECK(looks == 3);
    looks = -1'000'000;
    const instant begin = rig.clock.now();
    CHECK(rig.device.reset().error() == errc::timed_out);
    CHECK(rig.clock.now() - begin >= direct_session_policy<>::reset_timeout);
    CHECK(rig.device.notify(0, 0).error() == errc::bad_state);
}

TEST_CASE("F1, T4: lone: a status that is not what was written is denied") {
    managed_rig<newest_revision> rig;
    REQUIRE(rig.device.open());
    rig.change(row_of<set_device_status_response>.id, [](ffa::call_frame& frame) { // DRIVER is not taken
        if (frame.x[5] == 3) frame.x[5] = 1;
    });
    CHECK(rig.device.negotiate(wanted).error() == errc::denied);
    rig.change(row_of<set_device_status_response>.id, [](ffa::call_frame& frame) { frame.x[5] |= 0x100; });
    CHECK(rig.device.negotiate(wanted).error() == errc::bad_value);
    CHECK(rig.dropped() == 1);
    rig.manager.answer = {};
    CHECK(rig.device.negotiate(wanted).error() == errc::bad_state); // the reset is still open
    REQUIRE(rig.device.reset());
    REQUIRE(bring_up<newest_revision>(rig));
    REQUIRE(rig.peer.bus.needs_reset(number));
    CHECK(rig.device.wait(rig.clock.now() + 1 * seconds).kind == kind::config_changed);
    const auto requests = rig.manager.requests();
    CHECK(rig.device.driver_ok().error() == errc::bad_state); // only a reset helps
    CHECK(rig.manager.requests() == requests);
}

TEST_CASE("N5, N6: lone: versions that do not fit, and methods that do not carry, are refused") {
    managed_rig<newest_revision> rig;
    const auto refused = [&rig](std::size_t which, std::uint64_t bits) {
        int answers = 0;
        rig.change(row_of<version_response>.id, [=](ffa::call_frame& frame) mutable {
            if (++answers == 2) frame.x[which] ^= bits;
        });
        const errc why = rig.device.open().error();
        CHECK(rig.device.negotiate(wanted).error() == errc::bad_state);
        return why;
    };
    CHECK(refused(5, 1) == errc::unsupported_revision);                      // bus version
    CHECK(refused(5, std::uint64_t{1} << 32) == errc::unsupported_revision); // transport revision
    CHECK(refused(6, 3) == errc::unsupported_revision);                      // FF-A 1.1
    CHECK(refused(7, 2) == errc::not_supported);                             // no direct messages from the device
    rig.change(row_of<version_response>.id, [](ffa::call_frame& frame) { frame.x[5] = 0; });
    CHECK(rig.device.open().error() == errc::unsupported_revision);
    rig.change(row_of<event_configure_response>.id, [](ffa::call_frame& frame) { frame.x[5] = 1; });
    CHECK(rig.device.open().error() == errc::peer_error);
    rig.manager.answer = {};
    CHECK(bring_up<newest_revision>(rig));
}

TEST_CASE("lone: events of somebody else, or that are none, change nothing") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    const auto wrong = [&rig](errc why) {
        const auto before = rig.device.counters().dropped[proto::reason_of(why)];
        CHECK(rig.device.wait(rig.clock.now()).kind == kind::none);
        CHECK(rig.device.counters().dropped[proto::reason_of(why)] == before + 1);
    };
    rig.event(0, row_of<event_used>.id, 9, 0);
    wrong(errc::no_device);
    rig.event(0, row_of<event_used>.id, number, 0, 13);
    wrong(errc::bad_length);
    rig.event(0, row_of<event_used>.id, number, 3);
    wrong(errc::bad_value);
    rig.event(0, row_of<event_avail>.id, number, 0);
    wrong(errc::bad_type);
    rig.event(0, 0x7f, number, 0);
    wrong(errc::unknown_id);
    rig.event(0, row_of<event_config>.id, number, 0x100, 24);
    wrong(errc::bad_value);
    rig.event(0, row_of<event_config>.id, number, 0, 23);
    wrong(errc::bad_length);
    rig.event(type_bus, row_of<event_device>.id, 0, 9 | 2 << 16);
    wrong(errc::no_device);
    rig.event(type_bus, row_of<event_device>.id, 0, number | 7 << 16);
    wrong(errc::bad_value);
    rig.event(type_bus, row_of<event_area_release>.id, 0, 1, 10);
    wrong(errc::bad_type);
    CHECK(rig.device.counters().events == 0);
    rig.event(type_bus, row_of<event_device>.id, 0, number | 1 << 16); // it is there: nothing new
    CHECK(rig.device.wait(rig.clock.now()).kind == kind::none);
    CHECK(rig.device.counters().events == 1);
    CHECK(rig.device.notify(0, 0));
}

TEST_CASE("lone: an event in place of an answer is kept, a second one is counted") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    rig.manager.answer = [](ffa::call_frame& frame) {
        frame.x[4] = std::uint64_t{row_of<event_used>.id} << 8 | std::uint64_t{number} << 16 | std::uint64_t{12} << 48;
        frame.x[5] = 1;
    };
    CHECK(rig.device.info().error() == errc::would_block);
    CHECK(rig.device.notify(0, 0)); // whatever its answer is
    rig.manager.answer = {};
    const auto requests = rig.manager.requests();
    const auto e = rig.device.wait(rig.clock.now());
    CHECK(e.kind == kind::used);
    CHECK(e.index == 1);
    CHECK(rig.manager.requests() == requests);
    CHECK(rig.device.counters().dropped[proto::drop_reason::overflow] == 1);
    CHECK(rig.device.counters().events == 1); // each is counted once
}

TEST_CASE("lone: a device that is removed is asked nothing more that needs its state") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    rig.event(type_bus, row_of<event_device>.id, 0, number | 2 << 16);
    CHECK(rig.device.wait(rig.clock.now()).kind == kind::device_removed);
    rig.manager.answer = {};
    std::uint8_t config[4]{};
    CHECK(rig.device.notify(0, 0).error() == errc::bad_state);
    CHECK(rig.device.read_config(0, config).error() == errc::bad_state);
    CHECK(rig.device.setup_queue(0, queue<newest_revision>).error() == errc::bad_state);
    CHECK(bring_up<newest_revision>(rig)); // it is there again
}

TEST_CASE("lone: a peer that is dead, or knows nothing of this driver, fails the bus") {
    managed_rig<newest_revision> rig;
    REQUIRE(bring_up<newest_revision>(rig));
    rig.manager.answer = [](ffa::call_frame& frame) { frame = ffa::encode_error(ffa::error::aborted); };
    CHECK(rig.device.info().error() == errc::aborted);
    CHECK(rig.device.info().error() == errc::bad_state);
    CHECK(rig.device.notify(0, 0).error() == errc::bad_state);
    auto e = rig.device.wait(rig.clock.now());
    CHECK(e.kind == kind::bus_failed);
    CHECK(e.error == errc::aborted);
    e = rig.device.wait(rig.clock.now());
    CHECK(e.kind == kind::none);
    CHECK(e.error == errc::none);
    rig.manager.answer = {};
    REQUIRE(bring_up<newest_revision>(rig));
    rig.change(row_of<event_poll_response>.id, [](ffa::call_frame& frame) {
        frame.x[4] = (frame.x[4] & 0xffff'0000'0003) | std::uint64_t{row_of<error_response>.id} << 8 |
                     std::uint64_t{fixed_msg_size<error_response, newest_revision>} << 48;
        frame.x[5] = row_of<event_poll_request>.id;
    });
    e = rig.device.wait(rig.clock.now() + 1 * seconds);
    CHECK(e.kind == kind::bus_failed);
    CHECK(e.error == errc::peer_error);
}

TEST_CASE_TEMPLATE("lone: interrupted and yielded requests are resumed", Rev, VMSG_REVISIONS) {
    managed_rig<Rev::value> rig;
    rig.manager.interrupts = 2;
    rig.peer.yields = 2;
    CHECK(bring_up<Rev::value>(rig));
    CHECK(rig.device.counters().resumed == rig.manager.runs());
    CHECK(rig.manager.runs() != 0);
    CHECK(rig.manager.misuses == 0);
}

TEST_CASE_TEMPLATE("lone: whatever comes back, every call ends, and the device can start anew", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    managed_rig<R> rig;
    random_numbers numbers{11};
    int rate = 0;
    rig.manager.answer = [&](ffa::call_frame& frame) {
        if (static_cast<int>(numbers.below(8)) >= rate) return;
        const std::uint64_t n = numbers();
        std::uint64_t& x = frame.x[n % 4 == 0 ? n / 64 % 18 : 4 + n / 64 % 6];
        x = n % 3 == 0 ? numbers() : x ^ std::uint64_t{1} << numbers() % 64;
    };
    for (int round = 0; round < 400; ++round) {
        rate = round % 8;
        std::uint8_t config[16]{};
        static_cast<void>(rig.device.open());
        static_cast<void>(rig.device.negotiate(wanted));
        static_cast<void>(rig.device.read_config(0, config));
        static_cast<void>(rig.device.setup_queue(0, queue<R>));
        static_cast<void>(rig.device.driver_ok());
        static_cast<void>(rig.device.notify(0, 0));
        static_cast<void>(rig.peer.bus.used(number, 0));
        static_cast<void>(rig.device.wait(rig.clock.now() + 1 * seconds));
        static_cast<void>(rig.device.reset());
    }
    rig.manager.answer = {};
    rig.manager.release();
    static_cast<void>(rig.device.open()); // ends what is open
    CHECK(bring_up<R>(rig));
}
