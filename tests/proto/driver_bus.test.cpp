// SPDX-License-Identifier: BSD-2-Clause
// The driver engine and its bus: VERSION, event delivery, enumeration, reset, restart.
#include <vmsg/proto/driver.hpp>

#include "proto/support/driver_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

} // namespace

// --- VERSION

TEST_CASE_TEMPLATE_DEFINE("a bus that has not been started", Bench, not_started) {
    Bench b;
    CHECK(b.silent());
    CHECK(b.no_event());
    CHECK(b.engine.poll_timeout() == never);
    CHECK(b.engine.state() == bus_state::down);
    CHECK(b.engine.epoch() == 0);
    CHECK(b.engine.agreed() == version_response{});
    CHECK(b.engine.reset(b.now).error() == errc::bad_state);
    CHECK(b.engine.enumerate(b.now).error() == errc::bad_state);
    CHECK(b.engine.request(0, get_device_info_request{}, b.now).error() == errc::bad_state);
    CHECK(b.engine.ping(1).error() == errc::bad_state);
    CHECK(b.engine.share_area(1, 1, area_attrs::share).error() == errc::bad_state);
    CHECK(b.engine.unshare_area(1).error() == errc::bad_state);
    CHECK(b.engine.notify(0, 0, 0).error() == errc::no_device);
    b.engine.poll_now(b.now);
    CHECK(b.silent());
}
TEST_CASE_TEMPLATE_INVOKE(not_started, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("N5: oasis_v2 asks for the newest version and then proposes its own") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    CHECK(b.engine.start(b.now).error() == errc::bad_state);
    const auto probe = b.expect<version_request>();
    CHECK(probe.head == header{.type = 2, .msg_id = 0x80, .dev_num = 0, .token = 2, .msg_size = 20});
    CHECK(probe.body == version_request{.ffa_version = 0x0001'0002});
    CHECK(b.silent());
    b.reply(probe, b.version());
    const auto proposal = b.expect<version_request>();
    CHECK(proposal.head.token == 3);
    CHECK(proposal.body ==
          version_request{.bus_version = 0x0001'0000, .transport_revision = 1, .ffa_version = 0x0001'0002});
    CHECK(b.engine.agreed() == version_response{});
    CHECK(b.engine.ping(1).error() == errc::bad_state);
    b.reply(proposal, b.version());
    CHECK(b.engine.agreed() == b.version());
    CHECK(b.engine.epoch() == 1);
    const auto events = b.expect<event_configure_request>();
    CHECK(events.body == event_configure_request{event_method::poll, 0, 0});
    b.reply(events, event_configure_response{});
    CHECK(b.expect<get_devices_request>().body == get_devices_request{0, 256});
    CHECK(b.no_event());
}

TEST_CASE("N5: oasis_v1 proposes at once, 8 bytes long") {
    driver_bench<v1> b(driver_options_for<v1>(event_method::indirect));
    REQUIRE(b.engine.start(b.now));
    const auto proposal = b.expect<version_request>();
    CHECK(b.last_frame() == std::vector<std::uint8_t>{2, 0x80, 0, 0, 2, 0, 16, 0, 0, 0, 1, 0, 1, 0, 0, 0});
    b.reply(proposal, b.version());
    CHECK(b.expect<event_configure_request>().body == event_configure_request{event_method::indirect, 0, 0});
}

TEST_CASE("N5: rfc2025 proposes 18 bytes and has no EVENT_CONFIGURE") {
    driver_bench<old> b;
    REQUIRE(b.engine.start(b.now));
    const auto proposal = b.expect<version_request>();
    CHECK(b.last_frame() == std::vector<std::uint8_t>{2,    0x80, 0, 0, 24,   0,                   //
                                                      1,    0,    0, 0, 1,    0, 0, 0, 0, 0, 0, 0, // versions, features
                                                      0x0c, 0,    0, 0, 0xff, 0}); // indirect, 255 areas
    b.reply(proposal, b.version());
    CHECK(b.expect<get_devices_request>().body == get_devices_request{0, 256});
}

TEST_CASE("N5: a peer without a common version fails the bus") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    SUBCASE("to the probe it has none") {
        b.reply(b.expect<version_request>(), version_response{.ffa_version = 0x0001'0002});
    }
    SUBCASE("it speaks another one and accepts nothing else") {
        version_response other = b.version();
        other.bus_version = 0x0002'0000;
        b.reply(b.expect<version_request>(), other);
        const auto proposal = b.expect<version_request>();
        CHECK(proposal.body.bus_version == 0x0001'0000); // this side's own, not an echo of what it cannot speak
        b.reply(proposal, version_response{.ffa_version = 0x0001'0002});
    }
    SUBCASE("its FF-A is too old") {
        version_response older = b.version();
        older.ffa_version = 0x0001'0001;
        b.reply(b.expect<version_request>(), older);
    }
    SUBCASE("it changes its mind") {
        b.reply(b.expect<version_request>(), b.version());
        b.reply(b.expect<version_request>(), version_response{.bus_version = 0x0001'0001, .transport_revision = 1});
    }
    SUBCASE("it has another transport revision") {
        b.reply(b.expect<version_request>(), b.version());
        b.reply(b.expect<version_request>(), version_response{.bus_version = 0x0001'0000, .transport_revision = 2});
    }
    CHECK(has_failed(b, errc::unsupported_revision));
    CHECK(b.engine.agreed() == version_response{});
    CHECK(b.dropped_nothing());

    b.bring_up({1}); // the peer was replaced
    CHECK(b.engine.epoch() == 2);
}

TEST_CASE_TEMPLATE_DEFINE("N5, N6: without a common way of carrying messages the bus fails", Bench, no_method) {
    Bench b;
    REQUIRE(b.engine.start(b.now));
    version_response direct = b.version();
    direct.bus_features = bus_feature::direct_rx | bus_feature::direct_tx;
    if (Bench::rev == v2) b.reply(b.template expect<version_request>(), direct);
    b.reply(b.template expect<version_request>(), direct);
    CHECK(has_failed(b, errc::not_supported));
    CHECK(b.engine.agreed() == version_response{});
}
TEST_CASE_TEMPLATE_INVOKE(no_method, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("N5: a VERSION response of another shape fails the bus") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    const auto probe = b.expect<version_request>();
    auto frame = frame_of<v1>(header{.token = probe.head.token}, driver_bench<v1>{}.version()); // 18 bytes of payload
    b.deliver(frame);
    CHECK(has_failed(b, errc::bad_length));
    CHECK(b.dropped_one(drop_reason::malformed));
}

TEST_CASE("N5: an ERROR to VERSION fails the bus") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), error_response{0x80});
    CHECK(has_failed(b, errc::peer_error));
}

TEST_CASE("S3: only what both sides have is agreed on") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    version_response all = b.version();
    all.bus_features = bus_feature{0xffff'ffff};
    all.feature_bits = 0xffff'ffff;
    all.max_areas = 7;
    b.reply(b.expect<version_request>(), all);
    b.reply(b.expect<version_request>(), all);
    CHECK(b.engine.agreed().bus_features == (bus_feature::indirect_rx | bus_feature::indirect_tx));
    CHECK(b.engine.agreed().feature_bits == 0);
    CHECK(b.engine.agreed().max_areas == 7);
}

TEST_CASE("K4: without an answer to VERSION the bus fails in bounded time, and can be tried again") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    const auto probe = b.expect<version_request>();
    CHECK(b.engine.poll_timeout() == b.now + 5 * seconds);
    b.now += 5 * seconds - 1;
    b.engine.handle_timeout(b.now);
    CHECK(b.no_event());
    b.now += 1;
    b.engine.handle_timeout(b.now);
    CHECK(has_failed(b, errc::timed_out));
    CHECK(b.engine.counters().timeouts == 1);

    REQUIRE(b.engine.start(b.now));
    const auto again = b.expect<version_request>();
    CHECK(again.head.token != probe.head.token);
    b.reply(probe, b.version()); // of the old epoch
    CHECK(b.dropped_one(drop_reason::late));
    CHECK(b.engine.state() == bus_state::probing);
    b.reply(probe, b.version());
    CHECK(b.dropped_one(drop_reason::stale));
    b.reply(again, b.version());
    CHECK(b.engine.state() == bus_state::agreeing);
}

TEST_CASE("K4: a carrier that never takes VERSION fails the bus") {
    driver_bench<v1> b;
    REQUIRE(b.engine.start(b.now));
    for (int i = 0; i < 9; ++i) {
        b.refuse_next(errc::busy);
        CHECK(b.engine.state() == bus_state::agreeing);
        b.now = b.engine.poll_timeout();
    }
    b.refuse_next(errc::busy);
    CHECK(has_failed(b, errc::busy));
    CHECK(b.engine.open_requests() == 0);
    REQUIRE(b.engine.start(b.now));
    b.refuse_next(errc::no_device); // final at once
    CHECK(has_failed(b, errc::no_device));
}

TEST_CASE_TEMPLATE_DEFINE("N2: before negotiation nothing but the answer to VERSION is taken", Bench, before_version) {
    Bench b;
    const auto frames = [&b] {
        b.deliver({}, ping_request{1});
        CHECK(b.dropped_one(drop_reason::too_early));
        b.deliver({}, event_device{1, device_state::added});
        CHECK(b.dropped_one(drop_reason::too_early));
        b.deliver({.dev_num = 1}, event_used{0});
        CHECK(b.dropped_one(drop_reason::too_early));
        b.deliver({.dev_num = 1, .token = 9}, get_device_status_response{});
        CHECK(b.dropped_one(drop_reason::stale));
        b.deliver({.token = 9}, b.version());
        CHECK(b.no_event());
    };
    frames();
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.silent());
    CHECK(b.engine.device_count() == 0);
}
TEST_CASE_TEMPLATE_INVOKE(before_version, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

// --- EVENT_CONFIGURE

TEST_CASE("N8: event delivery that the peer refuses fails the bus if there is no simpler one") {
    driver_options options = driver_options_for<v2>(event_method::poll);
    options.notif_id = 5;
    driver_bench<v2> b(options);
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), b.version());
    b.reply(b.expect<version_request>(), b.version());
    const auto asked = b.expect<event_configure_request>();
    CHECK(asked.body == event_configure_request{event_method::poll, 0, 5});
    SUBCASE("ERROR") {
        b.reply(asked, event_configure_response{bus_result::error});
        CHECK(has_failed(b, errc::peer_error));
        CHECK(b.dropped_nothing());
    }
    SUBCASE("BUSY") {
        b.reply(asked, event_configure_response{bus_result::busy});
        CHECK(has_failed(b, errc::busy));
    }
    SUBCASE("an illegal result") {
        b.reply(asked, event_configure_response{bus_result{3}});
        CHECK(has_failed(b, errc::bad_value));
        CHECK(b.dropped_one(drop_reason::bad_value));
    }
    SUBCASE("FFA_ERROR") {
        b.reply(asked, error_response{0x85});
        CHECK(has_failed(b, errc::peer_error));
    }
    CHECK(b.engine.device_count() == 0);
}

// --- enumeration

TEST_CASE("N15: a peer that never comes to an end fails the bus") {
    driver_bench<v1> b;
    b.negotiate();
    unsigned windows = 0;
    while (b.engine.state() == bus_state::enumerating && windows < 70000) {
        const auto asked = b.expect<get_devices_request>();
        const auto next = static_cast<std::uint16_t>(asked.body.offset + 1);
        b.reply(asked, get_devices_response{.offset = asked.body.offset, .next_offset = next, .count = 0});
        ++windows;
    }
    CHECK(windows == 8192);
    CHECK(has_failed(b, errc::bad_value));
}

TEST_CASE("I5: a bus without devices is ready") {
    driver_bench<old> b;
    b.negotiate();
    SUBCASE("an empty bitmap") { b.enumerated({}); }
    SUBCASE("an empty window") { b.reply(b.expect<get_devices_request>(), get_devices_response{}); }
    CHECK(announced(b).empty());
}

TEST_CASE("N9: looking up the devices again finds new ones and misses those that have gone") {
    driver_bench<v2> b;
    b.bring_up({1, 2, 3});
    b.running_device(2);
    const auto sent = b.ask(1, get_device_info_request{});
    const auto asked = b.expect<get_device_info_request>();
    REQUIRE(b.engine.enumerate(b.now));
    CHECK(b.engine.enumerate(b.now).error() == errc::bad_state); // it is on its way
    const auto window = b.expect<get_devices_request>();
    const auto queued = b.ask(3, get_device_info_request{}); // the bus can be used meanwhile
    const auto bitmap = bitmap_of({2, 4}, 256);
    b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});

    // Requests to devices that have gone are over, and one that has not left never will.
    int ended = 0;
    for (int i = 0; i < 2; ++i) {
        const driver_event e = b.event(completed);
        CHECK(e.error == errc::no_device);
        ended += e.is(sent) ? 1 : e.is(queued) ? 10 : 100;
    }
    CHECK(ended == 11);
    CHECK(b.silent());
    driver_event e = b.event(device_added);
    CHECK(e.dev_num == 4);
    e = b.event(device_removed);
    CHECK(e.dev_num == 1);
    e = b.event(device_removed);
    CHECK(e.dev_num == 3);
    b.event(bus_ready);
    CHECK(b.no_event());
    REQUIRE(b.engine.device(2) != nullptr);
    CHECK(b.engine.device(2)->status == device_status{0xf}); // it was not touched
    b.reply(asked, get_device_info_response{.device_id = 1});
    CHECK(b.dropped_one(drop_reason::late));
    b.engine.release(sent, b.now);
    b.engine.release(queued, b.now);
    CHECK(b.engine.open_requests() == 0);
}

namespace {

/// The carrier refuses everything until the engine has no more attempts for now. Gives how many it made.
template <class Bench> int refuse_attempts(Bench& b, errc why) {
    int made = 0;
    const auto policy = retry_policy{};
    for (; made == 0 || (b.engine.poll_timeout() <= b.now + policy.max_busy_backoff && made < 100); ++made) {
        if (made != 0) b.now = b.engine.poll_timeout();
        b.refuse_next(why);
    }
    return made;
}

driver_bench<v2> with_hints() {
    driver_options options = driver_options_for<v2>(event_method::indirect);
    options.device_events_are_hints = true;
    return driver_bench<v2>(options);
}

} // namespace

TEST_CASE("N9: where an EVENT_DEVICE is a hint, GET_DEVICES decides") {
    auto b = with_hints();
    b.bring_up({3});
    b.deliver({}, event_device{3, device_state::removed});
    b.deliver({}, event_device{9, device_state::added});
    CHECK(b.engine.counters().events == 2);
    CHECK(b.no_event());
    CHECK(b.engine.device(3) != nullptr);
    CHECK(b.engine.device(9) == nullptr);
    CHECK(b.engine.poll_timeout() <= b.now);
    b.enumerated({3, 5}); // asked once
    CHECK(b.event(device_added).dev_num == 5);
    b.event(bus_ready);
    CHECK(b.silent());
    b.deliver({}, event_device{5, device_state{0x8000}}); // the implementation's own
    CHECK(b.silent());

    b.deliver({}, event_device{77, device_state::removed}); // its number is not looked at
    CHECK(b.silent());                                      // and it comes early
    CHECK(b.engine.poll_timeout() == b.now + retry_policy{}.devices_pause);
    b.now = b.engine.poll_timeout();
    const auto asked = b.expect<get_devices_request>();
    b.deliver({}, event_device{5, device_state::removed}); // the answer may be from before
    CHECK(b.silent());
    const auto bitmap = bitmap_of({3, 5}, asked.body.count);
    b.reply(asked, get_devices_response{.offset = 0, .count = asked.body.count, .bitmap = bitmap});
    b.event(bus_ready);
    b.now = b.engine.poll_timeout();
    b.enumerated({3});
    CHECK(b.event(device_removed).dev_num == 5);
    b.event(bus_ready);
    CHECK(b.silent());
    CHECK(b.dropped_nothing());
}

TEST_CASE("N9: where that is so, a frame for a device that nobody takes has the devices looked up again") {
    auto b = with_hints();
    b.bring_up({3});
    b.running_device(3);
    SUBCASE("a request") {
        const auto t = b.ask(3, get_device_status_request{});
        for (int i = 0; i < 10; b.now += 2 * milliseconds, ++i) b.refuse_next(errc::busy);
        CHECK(failed(b, t, errc::busy));
    }
    SUBCASE("an EVENT_AVAIL") {
        REQUIRE(b.engine.notify(3, 0, 0));
        for (int i = 0; i < 10; b.now += 2 * milliseconds, ++i) b.refuse_next(errc::no_answer);
        CHECK(b.event(kick_lost).dev_num == 3);
    }
    SUBCASE("an EVENT_AVAIL whose refusal comes when it has left") {
        REQUIRE(b.engine.notify(3, 0, 0));
        b.expect<event_avail>();
        b.engine.handle_refused(b.now);
        CHECK(b.event(kick_lost).dev_num == 3);
    }
    CHECK(b.engine.state() == bus_state::ready);
    b.enumerated({});
    CHECK(b.event(device_removed).dev_num == 3);
    b.event(bus_ready);
    CHECK(b.silent());
}

TEST_CASE("N9: a hint that leads to a question without an answer costs nothing, and the question is put again") {
    auto b = with_hints();
    b.bring_up({3, 5});
    b.running_device(3);
    b.deliver({}, event_device{5, device_state::removed});
    for (int i = 0; i < 3; ++i) {
        SUBCASE("silence") {
            b.expect<get_devices_request>();
            b.now += 5 * seconds;
            b.engine.handle_timeout(b.now);
        }
        SUBCASE("busy") { CHECK(refuse_attempts(b, errc::busy) == 10); }
        CHECK(b.engine.state() == bus_state::ready);
        CHECK(b.engine.device(3)->status == device_status{0xf});
        CHECK(b.engine.device(5) != nullptr);
        CHECK(b.no_event());
        CHECK(b.silent());
        CHECK(b.engine.poll_timeout() == b.now + retry_policy{}.notified_interval);
        b.now = b.engine.poll_timeout();
    }
    b.enumerated({3});
    CHECK(b.event(device_removed).dev_num == 5);
    b.event(bus_ready);
    CHECK(b.silent());
}

TEST_CASE("N9, N8: what has been asked for events goes on where it was when the devices are looked up") {
    driver_options options = driver_options_for<v2>(event_method::poll);
    options.device_events_are_hints = true;
    driver_bench<v2, driver_capacity{.devices = 4, .requests = 1}> b(options);
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    b.deliver({.token = b.expect<event_poll_request>().head.token}, event_device{5, device_state::added});
    b.enumerated({3, 5});
    CHECK(b.event(device_added).dev_num == 5);
    b.event(bus_ready);
    CHECK(b.engine.poll_timeout() <= b.now + 1); // and not 100 ms later
}

TEST_CASE("N9: what says nothing about a device has none looked up again") {
    auto b = with_hints();
    b.bring_up({3});
    b.running_device(3);
    SUBCASE("a request that the carrier refuses for good") {
        const auto t = b.ask(3, get_device_status_request{});
        b.refuse_next(errc::denied);
        CHECK(failed(b, t, errc::denied));
    }
    SUBCASE("a PING that nobody takes") {
        REQUIRE(b.engine.ping(1));
        CHECK(refuse_attempts(b, errc::busy) == 10);
    }
    SUBCASE("a request that is taken at last") {
        b.ask(3, get_device_status_request{});
        for (int i = 0; i < 9; ++i) {
            b.refuse_next(errc::busy);
            b.now += 2 * milliseconds;
        }
        b.expect<get_device_status_request>();
    }
    SUBCASE("a hint from before a reset") {
        b.deliver({}, event_device{3, device_state::removed});
        REQUIRE(b.engine.reset(b.now));
        b.reply(b.expect<reset_request>(), reset_response{});
        b.event(bus_down);
        b.event(device_removed);
        b.bring_up({3});
    }
    CHECK(b.silent());
}

TEST_CASE("N15: without an answer to GET_DEVICES the bus fails") {
    driver_bench<v2> b;
    b.negotiate();
    b.expect<get_devices_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(has_failed(b, errc::timed_out));
}

TEST_CASE("N15: the first GET_DEVICES is tried 60 times, 50 ms apart, while nobody takes it") {
    driver_bench<v2> b;
    b.negotiate();
    const instant begun = b.now;
    errc why = errc::busy;
    SUBCASE("busy") {}
    SUBCASE("no answer") { why = errc::no_answer; }
    int attempts = 0;
    int tries = 1;
    for (; attempts += refuse_attempts(b, why), b.engine.state() == bus_state::enumerating; ++tries) {
        REQUIRE(tries < 100);
        CHECK(b.no_event());
        CHECK(b.silent());
        CHECK(b.engine.poll_timeout() == b.now + 50 * milliseconds);
        b.now = b.engine.poll_timeout();
    }
    CHECK(tries == 60);
    CHECK(attempts == 600);
    CHECK(b.now - begun > 59 * 50 * milliseconds);
    CHECK(has_failed(b, why));
}

TEST_CASE("N15: a first GET_DEVICES that is taken at last brings the bus up, each time anew") {
    driver_bench<v2> b(driver_options_for<v2>(event_method::indirect)); // nobody asks for events
    b.negotiate();
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 59; ++i) {
            refuse_attempts(b, errc::busy);
            b.now = b.engine.poll_timeout();
        }
        b.enumerated({3});
        CHECK(announced(b).size() == (round == 0 ? 1 : 0));
        REQUIRE(b.engine.enumerate(b.now));
    }
}

TEST_CASE("N15: only the first window waits for a device side, and only until it has been taken") {
    driver_bench<v2> b;
    b.negotiate();
    SUBCASE("a window after the first") {
        const auto asked = b.expect<get_devices_request>();
        b.reply(asked, get_devices_response{.offset = 0, .next_offset = 256, .count = 0});
        CHECK(refuse_attempts(b, errc::busy) == 10);
        CHECK(has_failed(b, errc::busy));
    }
    SUBCASE("the answer is no") {
        b.reply(b.expect<get_devices_request>(), error_response{row_of<get_devices_request>.id});
        CHECK(has_failed(b, errc::peer_error));
    }
    SUBCASE("the carrier says no for good") {
        b.refuse_next(errc::denied);
        CHECK(has_failed(b, errc::denied));
    }
}

// --- RESET

TEST_CASE_TEMPLATE_DEFINE("N12, N13: a reset gives everything back in order, and the bus can be started again", Bench,
                          reset_and_start) {
    Bench b;
    b.bring_up({3});
    b.running_device(3);
    const auto area = b.shared_area();
    const auto answered = b.ask(3, get_device_status_request{});
    b.reply(b.template expect<get_device_status_request>(), get_device_status_response{device_status{0xf}});
    b.event(completed);
    const auto open = b.ask(3, get_vqueue_request{0});
    const auto asked = b.template expect<get_vqueue_request>();
    REQUIRE(b.engine.reset(b.now));
    CHECK(b.engine.state() == bus_state::resetting);
    CHECK(b.engine.reset(b.now).error() == errc::bad_state);
    CHECK(b.engine.start(b.now).error() == errc::bad_state);
    CHECK(b.engine.request(3, get_device_status_request{}, b.now).error() == errc::bad_state);
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    CHECK(b.engine.unshare_area(area).error() == errc::bad_state);
    const auto reset = b.template expect<reset_request>();
    CHECK(b.silent());
    CHECK(b.no_event());
    b.reply(reset, reset_response{});

    b.event(bus_down);
    driver_event e = b.event(completed);
    CHECK(e.is(open));
    CHECK(e.error == errc::aborted);
    CHECK(b.event(area_released).index == area);
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.no_event());
    CHECK(b.engine.state() == bus_state::down);
    CHECK(b.engine.agreed() == version_response{});
    CHECK(b.engine.device_count() == 0);
    CHECK(b.engine.open_areas() == 0);

    CHECK(b.engine.response(open).error() == errc::aborted);
    CHECK(b.engine.response(answered));
    b.engine.release(open, b.now);
    b.engine.release(answered, b.now);
    CHECK(b.engine.open_requests() == 0); // the reset was answered: no older answer can come
    CHECK(b.engine.poll_timeout() == never);
    CHECK(b.silent());
    b.reply(asked, get_vqueue_response{});
    CHECK(b.dropped_one(drop_reason::stale));

    b.bring_up({3});
    CHECK(b.engine.epoch() == 2);
    CHECK_FALSE(b.engine.device(3)->info_known);
    CHECK(b.engine.device(3)->status == device_status::reset);
}
TEST_CASE_TEMPLATE_INVOKE(reset_and_start, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("N12, N13: a reset that the peer does not carry out fails the bus, which can be started anew") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto area = b.shared_area();
    REQUIRE(b.engine.reset(b.now));
    const auto asked = b.expect<reset_request>();
    SUBCASE("ERROR") { b.reply(asked, reset_response{bus_result::error}); }
    SUBCASE("BUSY, three times") {
        b.reply(asked, reset_response{bus_result::busy});
        for (int i = 0; i < 2; ++i) {
            CHECK(b.engine.poll_timeout() == b.now + 1 * milliseconds);
            b.now += 1 * milliseconds - 1;
            CHECK(b.silent());
            b.now += 1;
            CHECK(b.engine.state() == bus_state::resetting);
            b.reply(b.expect<reset_request>(), reset_response{bus_result::busy});
        }
    }
    SUBCASE("FFA_ERROR") { b.reply(asked, error_response{0x83}); }
    SUBCASE("no answer") {
        b.now += 5 * seconds;
        b.engine.handle_timeout(b.now);
    }
    b.event(bus_failed);
    CHECK(b.no_event());
    CHECK(b.engine.area(area) == area_state::shared); // it may still be used
    REQUIRE(b.engine.reset(b.now));                   // once more
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
    CHECK(b.event(area_released).index == area);
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.no_event());
    b.bring_up({3});
}

TEST_CASE("N12: a reset that is answered with BUSY is tried again") {
    driver_bench<v2> b;
    b.bring_up({3});
    for (int i = 0; i < 3; ++i) { // each has a budget of its own
        REQUIRE(b.engine.reset(b.now));
        for (int busy = 0; busy < 2; ++busy) {
            b.reply(b.expect<reset_request>(), reset_response{bus_result::busy});
            CHECK(b.no_event());
            CHECK(b.silent());
            CHECK(b.engine.poll_timeout() == b.now + 1 * milliseconds);
            b.now = b.engine.poll_timeout();
        }
        b.reply(b.expect<reset_request>(), reset_response{});
        b.event(bus_down);
        b.event(device_removed);
        b.bring_up({3});
    }
}

TEST_CASE("N12: over direct messages there is a pause between two RESET as well") {
    driver_options options = driver_options_for<v2>();
    options.policy = direct_retry_policy;
    driver_bench<v2> b(options);
    b.bring_up({3});
    REQUIRE(b.engine.reset(b.now));
    for (int busy = 0; busy < 2; ++busy) {
        b.reply(b.expect<reset_request>(), reset_response{bus_result::busy});
        CHECK(b.silent());
        CHECK(b.engine.poll_timeout() == b.now + 1 * milliseconds);
        b.now = b.engine.poll_timeout();
    }
    b.reply(b.expect<reset_request>(), reset_response{bus_result::busy});
    CHECK(has_failed(b, errc::busy));
}

TEST_CASE("N12: a carrier that is busy is not the peer's BUSY") {
    driver_bench<v2> b;
    b.bring_up({3});
    REQUIRE(b.engine.reset(b.now));
    for (int i = 0; i < 10; ++i) {
        CHECK(b.no_event());
        b.refuse_next(errc::busy);
        b.now += 2 * milliseconds;
    }
    CHECK(has_failed(b, errc::busy));
}

TEST_CASE("N12: what was asked before a reset has no say in it") {
    driver_bench<v2> b;
    b.bring_up({3});
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    REQUIRE(b.engine.reset(b.now));
    const auto asked = b.expect<reset_request>();
    const auto bitmap = bitmap_of({3, 5}, 256);
    SUBCASE("the last window comes late") {
        b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("a window that is not the last comes late") {
        b.reply(window, get_devices_response{.offset = 0, .next_offset = 256, .count = 256, .bitmap = bitmap});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("the window is refused") {
        b.reply(window, error_response{0x02});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("the window never comes") {}
    CHECK(b.engine.state() == bus_state::resetting);
    CHECK(b.engine.device(5) == nullptr);
    CHECK(b.no_event());
    b.reply(asked, reset_response{});
    b.event(bus_down);
    CHECK(b.engine.state() == bus_state::down);
}

TEST_CASE("N12: a request of the bus that has not left yet is not sent after a reset") {
    driver_bench<v1> b;
    b.bring_up({3});
    REQUIRE(b.engine.enumerate(b.now));
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
}

TEST_CASE("rfc2025: a reset waits for the bus request that is open, as there is no token to tell them apart") {
    driver_bench<old> b;
    b.bring_up({3});
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    REQUIRE(b.engine.reset(b.now));
    CHECK(b.silent());
    b.reply(window, get_devices_response{});
    CHECK(b.dropped_one(drop_reason::late));
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
}

TEST_CASE("N12: a bus that failed on the way up can be reset") {
    driver_bench<v2> b;
    b.negotiate();
    b.reply(b.expect<get_devices_request>(), error_response{0x02});
    CHECK(has_failed(b, errc::peer_error));
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
}

// --- restart

TEST_CASE("N2: an ERROR to EVENT_POLL means that the peer has restarted") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    const auto t = b.ask(3, get_device_status_request{});
    b.expect<get_device_status_request>();
    b.engine.poll_now(b.now);
    b.reply(b.expect<event_poll_request>(), error_response{0x84});
    driver_event e = b.event(bus_failed);
    CHECK(e.error == errc::peer_error);
    CHECK(b.engine.request(3, get_device_status_request{}, b.now).error() == errc::bad_state);
    CHECK(b.silent());

    REQUIRE(b.engine.start(b.now)); // everything from before is over
    CHECK(b.engine.epoch() == 2);
    e = b.event(completed);
    CHECK(e.is(t));
    CHECK(e.error == errc::aborted);
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.no_event());
    b.expect<version_request>();
}

TEST_CASE("N9: news of a failure end with the next start") {
    driver_bench<v2> b;
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), error_response{0x80});
    REQUIRE(b.engine.state() == bus_state::failed);
    REQUIRE(b.engine.start(b.now)); // nobody had asked for the event
    CHECK(b.no_event());
    b.reply(b.expect<version_request>(), b.version());
    CHECK(b.no_event());
}

TEST_CASE("N9: a device that was removed and came back unheard does not survive the end of the bus") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.deliver({}, event_device{3, device_state::removed});
    b.deliver({}, event_device{3, device_state::added});
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.no_event());
    CHECK(b.engine.device_count() == 0);
}

TEST_CASE("K4: the bus's own requests wait for a free slot") {
    driver_bench<v2> b;
    b.bring_up({3});
    ticket<get_device_info_request> tickets[4];
    std::vector<framed<get_device_info_request>> asked;
    for (auto& t : tickets) {
        t = b.ask(3, get_device_info_request{});
        asked.push_back(b.expect<get_device_info_request>());
    }
    REQUIRE(b.engine.enumerate(b.now));
    const auto area = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(area);
    CHECK(b.silent());
    b.now += seconds; // EVENT_POLL is overdue, but there is nothing to do before an answer comes
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == 1'000 + 5 * seconds);
    b.reply(asked[0], get_device_info_response{.device_id = 1});
    b.event(completed);
    CHECK(b.silent()); // the response is still to be fetched
    b.engine.release(tickets[0], b.now);
    const auto window = b.expect<get_devices_request>();
    CHECK(b.silent());
    const auto bitmap = bitmap_of({3}, 256);
    b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
    b.event(bus_ready);
    b.reply(b.expect<area_share_request>(), area_share_response{*area, bus_result::success});
    b.event(area_shared);
    b.now = b.engine.poll_timeout();
    b.expect<event_poll_request>();
}

TEST_CASE("N12: a reset waits for a free slot, at the latest until the tokens have rested") {
    driver_bench<v2> b;
    b.bring_up({3});
    ticket<get_device_info_request> tickets[4];
    for (auto& t : tickets) t = b.ask(3, get_device_info_request{});
    for (int i = 0; i < 4; ++i) b.expect<get_device_info_request>();
    REQUIRE(b.engine.reset(b.now));
    CHECK(b.silent());
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(b.silent()); // the tokens rest
    for (const auto& t : tickets) b.engine.release(t, b.now);
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == b.now + 10 * seconds);
    b.now += 10 * seconds;
    b.engine.handle_timeout(b.now);
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
}
