// SPDX-License-Identifier: BSD-2-Clause
// The driver engine: sending, what the peer sends unasked, EVENT_POLL, memory areas.
#include <vmsg/proto/driver.hpp>

#include "proto/support/driver_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

/// A bench whose peer sends events by itself: nothing but what the test asks for comes out.
template <revision R> driver_bench<R> pushed() {
    return driver_bench<R>(driver_options_for<R>(event_method::indirect));
}

constexpr std::uint32_t notification_data = 1u << 6; // VIRTIO_F_NOTIFICATION_DATA in block 1

/// The four ways in which nothing comes of a request for now.
struct setbacks {
    std::uint64_t carrier_busy = 0;
    std::uint64_t no_answers = 0;
    std::uint64_t peer_busy = 0;
    std::uint64_t timeouts = 0;
};
/// Just these were counted.
template <class Bench> bool only(const Bench& b, const setbacks& s) {
    const driver_counters& c = b.engine.counters();
    return c.carrier_busy == s.carrier_busy && c.no_answers == s.no_answers && c.peer_busy == s.peer_busy &&
           c.timeouts == s.timeouts;
}

} // namespace

// --- sending

TEST_CASE("N7: an all-zero answer to a direct message is busy: three attempts, without a pause") {
    driver_options options = driver_options_for<v2>();
    options.policy.busy_attempts = 3;
    options.policy.busy_backoff = 0;
    driver_bench<v2> b(options);
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    for (int i = 0; i < 3; ++i) {
        CHECK(open(b, t));
        b.refuse_next(errc::no_answer);
    }
    CHECK(failed(b, t, errc::no_answer));
    CHECK(b.silent());
    b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("R1: a busy carrier is tried again after a pause, within the budget") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const instant pauses[]{1000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000};
    for (const instant pause : pauses) {
        const errc why = pause == 1000 ? errc::busy : errc::no_answer;
        b.refuse_next(why);
        CHECK(b.silent());
        CHECK(b.engine.poll_timeout() == b.now + pause);
        b.now += pause - 1;
        CHECK(b.silent());
        b.now += 1;
    }
    CHECK(b.no_event());
    CHECK(b.engine.counters().carrier_busy == 1);
    CHECK(b.engine.counters().no_answers == 8);
    SUBCASE("the tenth time it is taken") {
        const auto asked = b.expect<get_device_status_request>();
        CHECK(b.engine.poll_timeout() == b.now + 5 * seconds); // from the time at which it left
        b.reply(asked, get_device_status_response{});
        b.event(completed);
        CHECK(b.engine.response(t));
    }
    SUBCASE("the tenth time it is refused for good") {
        b.refuse_next(errc::would_block);
        const driver_event e = b.event(completed);
        CHECK(e.is(t));
        CHECK(e.error == errc::busy); // would_block would mean that there is no response yet
        CHECK(b.engine.response(t).error() == errc::busy);
        CHECK(b.silent());
        b.engine.release(t, b.now);
        CHECK(b.engine.open_requests() == 0); // it never left: no answer can come
        CHECK(b.engine.counters().carrier_busy == 2);
        CHECK(b.engine.counters().no_answers == 8);
        b.ask(3, get_device_status_request{});
        b.expect<get_device_status_request>(); // at once
    }
}

TEST_CASE("R1: what a carrier refuses for another reason is not tried again") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto next = b.ask(3, get_device_info_request{});
    b.refuse_next(errc::oversize);
    const driver_event e = b.event(completed);
    CHECK(e.is(t));
    CHECK(e.error == errc::oversize);
    CHECK(only(b, {}));
    b.expect<get_device_info_request>();
    CHECK(b.engine.response(next).error() == errc::would_block);
    CHECK(b.engine.counters().requests == b.engine.counters().sent);
}

TEST_CASE("R1: each frame has a budget of its own") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    const auto t = b.ask(3, get_device_status_request{});
    for (int i = 0; i < 9; ++i) {
        b.refuse_next(errc::busy);
        b.now = b.engine.poll_timeout();
    }
    REQUIRE(b.engine.notify(3, 0, 0)); // goes first
    for (int i = 0; i < 9; ++i) {
        b.refuse_next(errc::busy);
        CHECK(b.no_event());
        b.now = b.engine.poll_timeout();
    }
    b.deliver({.token = 5}, ping_request{1}); // goes first again
    for (int i = 0; i < 9; ++i) {
        b.refuse_next(errc::busy);
        b.now = b.engine.poll_timeout();
    }
    CHECK(b.expect<ping_response>().body.data == 1);
    CHECK(b.expect<event_avail>().body.vq_index == 0);
    b.refuse_next(errc::busy); // the tenth time
    CHECK(b.event(completed).is(t));
    CHECK(b.silent());
}

// The carrier's BUSY, the all-zero answer, the peer's BUSY and silence are four things.

TEST_CASE_TEMPLATE_DEFINE("R1: a carrier that is busy twice costs two retries and nothing else", Bench, busy_twice) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    const std::uint64_t sent = b.engine.counters().sent;
    const auto t = b.ask(3, get_device_status_request{});
    for (const duration pause : {1 * milliseconds, 2 * milliseconds}) {
        b.refuse_next(errc::busy);
        CHECK(b.engine.poll_timeout() == b.now + pause);
        b.now += pause;
    }
    b.reply(b.template expect<get_device_status_request>(), get_device_status_response{});
    CHECK(b.event(completed).error == errc::none);
    CHECK(b.engine.response(t));
    CHECK(only(b, {.carrier_busy = 2}));
    CHECK(b.engine.counters().sent == sent + 1);
    CHECK(b.dropped_nothing());
    b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.silent());
}
TEST_CASE_TEMPLATE_INVOKE(busy_twice, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("R1: what refuses a send for ever ends the request after the budget, and is counted as what it is") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    errc refusal = errc::busy;
    errc end = errc::busy;
    setbacks wanted{.carrier_busy = 10};
    SUBCASE("the carrier is busy") {}
    SUBCASE("the carrier has no room") { refusal = errc::would_block; }
    SUBCASE("the carrier asks for the same call again") { refusal = errc::retry; }
    SUBCASE("the all-zero answer") {
        refusal = end = errc::no_answer;
        wanted = {.no_answers = 10};
    }
    const retry_policy policy{};
    for (int i = 1; i <= policy.busy_attempts; ++i) {
        CHECK(open(b, t));
        b.refuse_next(refusal);
        CHECK(b.silent());
        b.now += policy.max_busy_backoff;
    }
    CHECK(failed(b, t, end));
    CHECK(only(b, wanted));
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
}

TEST_CASE("N11, N12: BUSY as a result is the peer's, whatever it answers") {
    auto b = pushed<v2>();
    SUBCASE("EVENT_CONFIGURE") {
        REQUIRE(b.engine.start(b.now));
        for (int i = 0; i < 2; ++i) b.reply(b.expect<version_request>(), b.version());
        b.reply(b.expect<event_configure_request>(), event_configure_response{bus_result::busy});
    }
    SUBCASE("AREA_SHARE") {
        b.bring_up();
        REQUIRE(b.engine.share_area(1, 1, area_attrs::usual));
        b.reply(b.expect<area_share_request>(), area_share_response{1, bus_result::busy});
    }
    SUBCASE("AREA_UNSHARE") {
        b.bring_up();
        REQUIRE(b.engine.unshare_area(b.shared_area()));
        b.reply(b.expect<area_unshare_request>(), area_unshare_response{1, bus_result::busy});
    }
    SUBCASE("RESET") {
        b.bring_up();
        REQUIRE(b.engine.reset(b.now));
        b.reply(b.expect<reset_request>(), reset_response{bus_result::busy});
    }
    CHECK(only(b, {.peer_busy = 1}));
    CHECK(b.dropped_nothing());
}

TEST_CASE("K4: silence is a time-out, and none of the others") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    b.expect<get_device_status_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, t, errc::timed_out));
    CHECK(only(b, {.timeouts = 1}));
}

TEST_CASE("a request can be answered or given up while its frame is out for sending") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto next = b.ask(3, get_device_info_request{});
    const auto frame = b.engine.poll_transmit(b.now);
    REQUIRE(frame);
    const auto h = decode_header<v2>(*frame);
    REQUIRE(h);
    SUBCASE("answered, as over a carrier that brings the answer with the call") {
        b.deliver({.dev_num = 3, .token = h->token}, get_device_status_response{device_status{1}});
        b.engine.handle_sent({}, b.now);
        CHECK(b.event(completed).is(t));
        CHECK(b.engine.response(t)->status == device_status{1});
    }
    SUBCASE("given back, and it has left: its answer is late") {
        b.engine.release(t, b.now);
        b.engine.handle_sent({}, b.now);
        CHECK(b.engine.open_requests() == 2);
        b.deliver({.dev_num = 3, .token = h->token}, get_device_status_response{device_status{1}});
        CHECK(b.dropped_one(drop_reason::late));
        CHECK(b.engine.open_requests() == 1);
    }
    SUBCASE("given back, and it has not left: it never will") {
        b.engine.release(t, b.now);
        b.engine.handle_sent(errc::busy, b.now);
        CHECK(b.engine.open_requests() == 1);
        b.now = b.engine.poll_timeout();
    }
    SUBCASE("it did not time out") {
        b.engine.handle_timeout(b.now + 100 * seconds);
        CHECK(b.no_event());
        b.engine.handle_sent({}, b.now);
        CHECK(b.engine.poll_timeout() <= b.now); // the next one
    }
    const auto asked = b.expect<get_device_info_request>(); // the next one is not touched
    CHECK(b.engine.response(next).error() == errc::would_block);
    b.reply(asked, get_device_info_response{.device_id = 1});
    CHECK(b.event(completed).is(next));
}

TEST_CASE("a frame stays as it is until the carrier has said what became of it") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto frame = b.engine.poll_transmit(b.now);
    REQUIRE(frame);
    const std::vector<std::uint8_t> before(frame->begin(), frame->end());
    const auto h = decode_header<v2>(*frame);
    b.deliver({.dev_num = 3, .token = h->token}, get_device_status_response{device_status{0xf}});
    CHECK(byte_view{before} == *frame);
    SUBCASE("its slot has another user") {
        b.event(completed);
        b.engine.release(t, b.now);
        ticket<get_device_info_request> others[4];
        for (auto& other : others) other = b.ask(3, get_device_info_request{});
        CHECK(byte_view{before} == *frame);
        b.engine.handle_sent(errc::busy, b.now); // nobody misses it
        for (int i = 0; i < 3; ++i) b.expect<get_device_info_request>();
        for (int i = 0; i < 9; ++i) { // the one in the same slot has a budget of its own
            b.refuse_next(errc::busy);
            b.now += 2 * milliseconds;
        }
        CHECK(b.no_event());
        b.expect<get_device_info_request>();
        CHECK(b.silent());
    }
    SUBCASE("its slot rests, and its token with it") {
        b.engine.handle_sent({}, b.now);
        CHECK(b.engine.response(t)->status == device_status{0xf});
    }
}

TEST_CASE("the device of a request can go while its frame is out for sending") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    const auto t = b.ask(3, get_device_status_request{});
    const auto next = b.ask(4, get_device_info_request{});
    REQUIRE(b.engine.poll_transmit(b.now));
    b.deliver({}, event_device{3, device_state::removed});
    SUBCASE("it has left") {
        b.engine.handle_sent({}, b.now);
        b.engine.release(t, b.now);
        CHECK(b.engine.open_requests() == 2); // its answer may come
    }
    SUBCASE("it has not left") {
        b.engine.handle_sent(errc::no_answer, b.now);
        b.engine.release(t, b.now);
        CHECK(b.engine.open_requests() == 1);
    }
    b.now += seconds;
    CHECK(b.expect<get_device_info_request>().head.dev_num == 4);
    CHECK(b.engine.response(next).error() == errc::would_block);
}

TEST_CASE("what comes back of one request says nothing of the next one, which is out for sending already") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    const auto first = b.ask(3, get_device_info_request{});
    const auto second = b.ask(4, get_device_info_request{});
    b.expect<get_device_info_request>();
    REQUIRE(b.engine.poll_transmit(b.now));
    b.engine.handle_refused(b.now);
    b.engine.handle_sent({}, b.now);
    CHECK(b.silent()); // it was sent once
    CHECK(open(b, first));
    CHECK(open(b, second));
    CHECK(b.engine.counters().requests == b.engine.counters().sent);
    CHECK(b.engine.counters().no_answers == 1);
}

// --- EVENT_AVAIL

TEST_CASE_TEMPLATE_DEFINE("V2: EVENT_AVAIL without VIRTIO_F_NOTIFICATION_DATA carries 0", Bench, plain_kick) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.engine.notify(3, 1, 0x1234));
    const auto event = b.template expect<event_avail>();
    CHECK(event.head.dev_num == 3);
    CHECK(event.head.token == 0);
    CHECK(event.body == event_avail{1, 0});
    CHECK(b.silent());
    CHECK(b.engine.counters().kicks == 1);
    CHECK(b.engine.open_requests() == 0); // threat 1d: nothing waits for an answer
    CHECK(b.engine.poll_timeout() == never);
    b.deliver({.dev_num = 3}, get_device_status_response{});
    CHECK(b.dropped_one(drop_reason::stale));
}
TEST_CASE_TEMPLATE_INVOKE(plain_kick, driver_bench<old>, driver_bench<v2>);

TEST_CASE("V2: EVENT_AVAIL with VIRTIO_F_NOTIFICATION_DATA says where the driver is") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3, 1 | notification_data);
    REQUIRE(b.engine.notify(3, 1, 0x8000'0005));
    CHECK(b.expect<event_avail>().body == event_avail{1, 0x8000'0005});
}

TEST_CASE("notify: several before one leaves are one, with the latest position") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3, 1 | notification_data);
    for (std::uint32_t i = 1; i < 100; ++i) {
        REQUIRE(b.engine.notify(3, 0, i));
        REQUIRE(b.engine.notify(3, 1, 2 * i));
    }
    CHECK(b.expect<event_avail>().body == event_avail{0, 99});
    REQUIRE(b.engine.notify(3, 0, 100)); // it has left
    CHECK(b.expect<event_avail>().body == event_avail{1, 198});
    CHECK(b.expect<event_avail>().body == event_avail{0, 100});
    CHECK(b.silent());
}

TEST_CASE("notify: while one is out for sending it may have left already") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3, 1 | notification_data);
    REQUIRE(b.engine.notify(3, 0, 1));
    REQUIRE(b.engine.poll_transmit(b.now));
    REQUIRE(b.engine.notify(3, 0, 2));
    b.engine.handle_sent({}, b.now);
    CHECK(b.expect<event_avail>().body == event_avail{0, 2});
    CHECK(b.silent());
}

TEST_CASE("T5, SQ7: notifications need a running device and one of its queues") {
    auto b = pushed<v2>();
    CHECK(b.engine.notify(3, 0, 0).error() == errc::no_device);
    b.bring_up({3});
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    b.running_device(3);
    CHECK(b.engine.notify(3, 70, 0).error() == errc::invalid_argument);
    CHECK(b.engine.notify(4, 0, 0).error() == errc::no_device);
    for (std::uint32_t i = 0; i < bench_capacity.kicks; ++i) CHECK(b.engine.notify(3, i, 0));
    CHECK(b.engine.notify(3, 60, 0).error() == errc::full);
    CHECK(b.engine.notify(3, 0, 0)); // one that waits already
    b.expect<event_avail>();
    CHECK(b.engine.notify(3, 60, 0));
}

TEST_CASE("V4: a notification that the carrier does not take is reported") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.engine.notify(3, 5, 0));
    for (int i = 0; i < 10; ++i) {
        b.refuse_next(errc::busy);
        b.now += 2 * milliseconds;
    }
    driver_event e = b.event(kick_lost);
    CHECK(e.dev_num == 3);
    CHECK(e.index == 5);
    CHECK(b.silent());
    CHECK(b.engine.counters().kicks == 0);
    REQUIRE(b.engine.notify(3, 5, 0));
    REQUIRE(b.engine.notify(3, 6, 0));
    b.refuse_next(errc::denied);
    b.refuse_next(errc::denied);
    e = b.event(kick_lost);
    CHECK(e.index == every_queue); // both
    CHECK(b.no_event());
}

TEST_CASE("B5: a device that has gone is not notified") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    b.running_device(3);
    b.running_device(4);
    REQUIRE(b.engine.notify(3, 0, 0));
    REQUIRE(b.engine.notify(4, 0, 0));
    REQUIRE(b.engine.notify(3, 1, 0));
    SUBCASE("before one is out for sending") {}
    SUBCASE("while one is out for sending") {
        REQUIRE(b.engine.poll_transmit(b.now));
        b.deliver({}, event_device{3, device_state::removed});
        b.engine.handle_sent({}, b.now);
    }
    b.deliver({}, event_device{3, device_state::removed});
    CHECK(b.expect<event_avail>().head.dev_num == 4);
    CHECK(b.silent());
}

TEST_CASE("B5: a notification that was out for sending is not sent again to a device that has gone") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    b.running_device(3);
    b.running_device(4);
    REQUIRE(b.engine.notify(3, 0, 0));
    REQUIRE(b.engine.notify(4, 0, 0));
    REQUIRE(b.engine.poll_transmit(b.now));
    b.deliver({}, event_device{3, device_state::removed});
    b.engine.handle_sent(errc::busy, b.now);
    CHECK(b.expect<event_avail>().head.dev_num == 4);
    CHECK(b.silent());
    b.event(device_removed);
    CHECK(b.no_event()); // nobody misses it
}

TEST_CASE("N12: a bus that has ended sends no notifications") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.engine.reset(b.now));
    const auto asked = b.expect<reset_request>();
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    b.reply(asked, reset_response{bus_result::error});
    b.event(bus_failed);
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    REQUIRE(b.engine.start(b.now));
    b.event(device_removed);
    b.expect<version_request>();
    CHECK(b.silent());
}

TEST_CASE("N2: a bus that has failed sends nothing that was meant for it") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    const auto sent = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    const auto queued = b.ask(3, get_device_status_request{});
    const auto offered = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(offered);
    REQUIRE(b.engine.notify(3, 0, 0));
    b.deliver({.token = 0x4321}, ping_request{1});
    bool kick_out = false;
    SUBCASE("none is out for sending") {}
    SUBCASE("one is out for sending") {
        b.expect<ping_response>();
        kick_out = b.engine.poll_transmit(b.now).has_value();
    }
    b.reply(window, error_response{0x02});
    b.event(bus_failed);
    if (kick_out) b.engine.handle_sent(errc::busy, b.now);
    b.now += seconds;
    CHECK(b.silent());
    for (int i = 0; i < 2; ++i) CHECK(b.event(completed).error == errc::aborted);
    const driver_event refused = b.event(area_refused);
    CHECK(refused.index == *offered);
    CHECK(refused.error == errc::aborted);
    if (kick_out) b.event(kick_lost);
    CHECK(b.no_event());
    CHECK(b.engine.response(sent).error() == errc::aborted);
    CHECK(b.engine.response(queued).error() == errc::aborted);
    b.reply(asked, get_device_status_response{});
    CHECK(b.dropped_one(drop_reason::late));
    b.engine.release(sent, b.now);
    b.engine.release(queued, b.now);
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.engine.poll_timeout() == never);
}

TEST_CASE("N12: notifications that wait when a bus fails are forgotten") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    REQUIRE(b.engine.notify(3, 0, 0));
    REQUIRE(b.engine.notify(3, 1, 0));
    bool out = false;
    SUBCASE("none is out for sending") {}
    SUBCASE("one is out for sending") { out = b.engine.poll_transmit(b.now).has_value(); }
    b.reply(window, error_response{0x02});
    b.event(bus_failed);
    if (!out) CHECK(b.silent());
    REQUIRE(b.engine.start(b.now));
    if (out) b.engine.handle_sent(errc::busy, b.now);
    b.now += 2 * milliseconds;
    b.event(device_removed);
    CHECK(b.no_event());
    b.expect<version_request>();
    CHECK(b.silent());
}

// --- EVENT_USED, EVENT_CONFIG

TEST_CASE_TEMPLATE_DEFINE("V3: EVENT_USED of a running device's queue is taken", Bench, takes_used) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    b.running_device(3);
    b.deliver({.dev_num = 3, .token = 77}, event_used{1});
    b.deliver({.dev_num = 3}, event_used{1});
    b.deliver({.dev_num = 3}, event_used{69});
    driver_event e = b.event(used);
    CHECK(e.dev_num == 3);
    CHECK(e.index == every_queue); // 69 is too high to be told apart
    CHECK(b.no_event());
    b.deliver({.dev_num = 3}, event_used{1});
    e = b.event(used);
    CHECK(e.index == 1);
    CHECK(b.engine.counters().events == 4);
    CHECK(b.dropped_nothing());
    CHECK(b.silent());
}
TEST_CASE_TEMPLATE_INVOKE(takes_used, driver_bench<old>, driver_bench<v2>);

TEST_CASE("threats 2: EVENT_USED that cannot be") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    b.running_device(3);
    drop_reason why = drop_reason::bad_value;
    SUBCASE("unknown device") {
        b.deliver({.dev_num = 5}, event_used{0});
        why = drop_reason::no_device;
    }
    SUBCASE("before DRIVER_OK") {
        b.deliver({.dev_num = 4}, event_used{0});
        why = drop_reason::too_early;
    }
    SUBCASE("no such queue") { b.deliver({.dev_num = 3}, event_used{70}); }
    SUBCASE("no possible queue") { b.deliver({.dev_num = 3}, event_used{65536}); }
    SUBCASE("too short") {
        b.deliver({0x00, 0x42, 0x03, 0x00, 0x09, 0x00, 0x0a, 0x00, 0x00, 0x00});
        why = drop_reason::malformed;
    }
    SUBCASE("too long") {
        b.deliver({0x00, 0x42, 0x03, 0x00, 0x09, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00});
        why = drop_reason::malformed;
    }
    SUBCASE("as a bus message") {
        b.deliver({0x02, 0x42, 0x00, 0x00, 0x09, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00});
        why = drop_reason::unknown_id;
    }
    SUBCASE("as a bus message that names a device") {
        b.deliver({0x02, 0x42, 0x03, 0x00, 0x09, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00});
    }
    SUBCASE("H7: with the response bit") {
        b.deliver({0x01, 0x42, 0x03, 0x00, 0x09, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00});
        why = drop_reason::unknown_id;
    }
    CHECK(b.dropped_one(why));
    CHECK(b.no_event());
    CHECK(b.silent());
    CHECK(b.engine.counters().events == 0);
}

TEST_CASE("H3: the reserved type bits of an event are ignored") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    b.deliver({0xfc, 0x42, 0x03, 0x00, 0x09, 0x00, 0x0c, 0x00, 0x01, 0x00, 0x00, 0x00});
    CHECK(b.event(used).index == 1);
}

TEST_CASE("V1, V7: EVENT_CONFIG, with and without data, is news of the configuration and the status") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    SUBCASE("a generic change") { b.deliver({.dev_num = 3}, event_config{.status = device_status{0x4f}}); }
    SUBCASE("a range with data") { b.deliver({.dev_num = 3}, event_config{device_status{0x4f}, 7, 60, 4, data}); }
    SUBCASE("D6: a range without data") { b.deliver({.dev_num = 3}, event_config{device_status{0x4f}, 7, 4, 60, {}}); }
    CHECK(b.event(config_changed).dev_num == 3);
    CHECK(b.no_event());
    CHECK(b.engine.device(3)->status == device_status{0x4f});
    CHECK(b.dropped_nothing());
    // T6: only a reset helps.
    CHECK(b.engine.request(3, set_device_status_request{device_status{0x4f}}, b.now).error() == errc::bad_state);
    b.status(3, 0x0);
}

TEST_CASE("threats 2: EVENT_CONFIG sets no bit that only a driver sets") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.negotiated_device(3); // 0xb
    b.deliver({.dev_num = 3}, event_config{.status = device_status{0xf}});
    CHECK(b.event(config_changed).dev_num == 3);
    CHECK(b.engine.device(3)->status == device_status{0xb});
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    b.deliver({.dev_num = 3}, event_used{0});
    CHECK(b.dropped_one(drop_reason::too_early));
    b.deliver({.dev_num = 3}, event_config{.status = device_status{0xc3}}); // FEATURES_OK is gone: T3
    CHECK(b.engine.device(3)->status == device_status{0x43});
    CHECK(b.engine.request(3, set_vqueue_request{.size = 8}, b.now).error() == errc::bad_state);
    b.deliver({.dev_num = 3}, event_config{.status = device_status{0xb}});
    CHECK(b.engine.device(3)->status == device_status{0x3});
}

TEST_CASE("T1: until a reset is complete nothing is heard of the device's queues") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.exchange(3, set_device_status_request{}, {device_status{0xf}}) == errc::none); // not yet
    b.deliver({.dev_num = 3}, event_used{0});
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.engine.notify(3, 0, 0).error() == errc::bad_state);
    CHECK(b.silent());
}

TEST_CASE("threats 2: EVENT_CONFIG that cannot be") {
    auto b = pushed<v2>();
    b.bring_up({3, 4});
    b.running_device(3);
    drop_reason why = drop_reason::bad_value;
    const std::uint8_t data[]{1, 2, 3, 4};
    SUBCASE("range") { b.deliver({.dev_num = 3}, event_config{{}, 0, 61, 4, data}); }
    SUBCASE("a range that wraps") { b.deliver({.dev_num = 3}, event_config{{}, 0, 0xffff'ffff, 4, data}); }
    SUBCASE("a range that wraps into the configuration") {
        b.deliver({.dev_num = 3}, event_config{{}, 0, 8, 0xffff'fffc, {}});
    }
    SUBCASE("status") { b.deliver({.dev_num = 3}, event_config{.status = device_status{0x100}}); }
    SUBCASE("unknown device") {
        b.deliver({.dev_num = 5}, event_config{});
        why = drop_reason::no_device;
    }
    SUBCASE("a device whose configuration is unknown") {
        b.deliver({.dev_num = 4}, event_config{});
        why = drop_reason::too_early;
    }
    SUBCASE("more data than length") {
        auto frame = frame_of<v2>(header{.dev_num = 3}, event_config{{}, 0, 4, 4, data});
        frame[20] = 3;
        b.deliver(frame);
        why = drop_reason::malformed;
    }
    SUBCASE("less than the fixed part") {
        b.deliver({0x00, 0x40, 0x03, 0x00, 0x09, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00});
        why = drop_reason::malformed;
    }
    CHECK(b.dropped_one(why));
    CHECK(b.no_event());
    CHECK(b.engine.device(3)->status == device_status{0xf});
}

// --- EVENT_DEVICE

TEST_CASE_TEMPLATE_DEFINE("B3, B5: EVENT_DEVICE adds and removes devices", Bench, hot_plug) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    b.deliver({}, event_device{9, device_state::added});
    CHECK(b.event(device_added).dev_num == 9);
    b.deliver({}, event_device{9, device_state::added}); // repeated
    b.deliver({}, event_device{3, device_state::added});
    CHECK(b.no_event());
    CHECK(b.dropped_nothing());
    CHECK(b.exchange(9, get_device_status_request{}, {device_status{1}}) == errc::none);
    b.deliver({}, event_device{9, device_state::removed});
    CHECK(b.engine.device(9) == nullptr);
    b.deliver({}, event_device{9, device_state::removed}); // repeated
    CHECK(b.dropped_one(drop_reason::no_device));
    CHECK(b.event(device_removed).dev_num == 9);
    CHECK(b.no_event());
    b.deliver({}, event_device{77, device_state::removed}); // never there
    CHECK(b.dropped_one(drop_reason::no_device));
    CHECK(b.no_event());
    CHECK(b.engine.device_count() == 1);
}
TEST_CASE_TEMPLATE_INVOKE(hot_plug, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("threats 2: EVENT_DEVICE, other states and too many devices") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.deliver({}, event_device{3, device_state{0}});
    CHECK(b.dropped_one(drop_reason::bad_value));
    b.deliver({}, event_device{3, device_state{3}});
    CHECK(b.dropped_one(drop_reason::bad_value));
    b.deliver({}, event_device{3, device_state{0x7fff}});
    CHECK(b.dropped_one(drop_reason::bad_value));
    b.deliver({}, event_device{3, device_state{0x8000}}); // the implementation's own: legal, and means nothing here
    CHECK(b.dropped_nothing());
    b.deliver({0x02, 0x40, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x03, 0x00});
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.no_event());
    for (std::uint16_t n = 100; n < 115; ++n) b.deliver({}, event_device{n, device_state::added});
    CHECK(b.dropped_nothing());
    b.deliver({}, event_device{115, device_state::added});
    CHECK(b.dropped_one(drop_reason::overflow));
    CHECK(b.engine.device_count() == 16);
}

TEST_CASE("threats 2: REMOVED and ADDED in turn cost nothing") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.running_device(3);
    for (int i = 0; i < 1000; ++i) {
        b.deliver({}, event_device{3, device_state::removed});
        b.deliver({}, event_device{3, device_state::added});
    }
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.event(device_added).dev_num == 3);
    CHECK(b.no_event());
    CHECK_FALSE(b.engine.device(3)->info_known); // another device, as far as anybody knows
}

// --- other frames from the peer

TEST_CASE("B2: a PING of the peer is echoed") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.deliver({.token = 0x4321}, ping_request{0x0102'0304});
    CHECK(b.engine.poll_timeout() <= b.now);
    const auto pong = b.expect<ping_response>();
    CHECK(pong.head == header{.type = 3, .msg_id = 3, .dev_num = 0, .token = 0x4321, .msg_size = 12});
    CHECK(pong.body.data == 0x0102'0304);
    CHECK(b.silent());
    CHECK(b.dropped_nothing());

    for (std::uint16_t i = 1; i <= 4; ++i) b.deliver({.token = i}, ping_request{10u + i});
    CHECK(b.dropped_nothing());
    b.deliver({.token = 5}, ping_request{15}); // a few at a time
    CHECK(b.dropped_one(drop_reason::overflow));
    for (std::uint16_t i = 1; i <= 4; ++i) {
        if (i == 2) b.refuse_next(errc::busy);
        b.now += 2 * milliseconds;
        const auto echo = b.expect<ping_response>();
        CHECK(echo.head.token == i);
        CHECK(echo.body.data == 10u + i);
    }
    CHECK(b.silent());
    b.deliver({0x02, 0x03, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x00});
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.silent());
    b.deliver({.token = 3}, ping_request{3});
    b.refuse_next(errc::denied); // it cannot be helped
    CHECK(b.silent());
    b.deliver({.token = 4}, ping_request{4});
    CHECK(b.expect<ping_response>().body.data == 4);
}

TEST_CASE("rfc2025: PING") {
    auto b = pushed<old>();
    b.bring_up({3});
    b.deliver({}, ping_request{7});
    CHECK(b.expect<ping_response>().body.data == 7);
}

TEST_CASE("N2: the driver side answers no other request") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.deliver({.dev_num = 3}, get_device_info_request{});
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({}, get_devices_request{0, 8});
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({}, version_request{});
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({}, reset_request{});
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({.dev_num = 3}, event_avail{0, 0}); // the wrong direction
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({0x00, 0x43, 0x03, 0x00, 0x09, 0x00, 0x08, 0x00}); // no such event
    CHECK(b.dropped_one(drop_reason::unknown_id));
    b.deliver({0x02, 0x41, 0x00, 0x00, 0x09, 0x00, 0x08, 0x00});
    CHECK(b.dropped_one(drop_reason::unknown_id));
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00}); // an acknowledgement that nobody waits for
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.silent());
    CHECK(b.no_event());
}

TEST_CASE_TEMPLATE("N7: an event that came as a direct message is acknowledged once", Rev, std::true_type,
                   std::false_type) {
    constexpr bool newest = Rev::value;
    constexpr revision r = newest ? revision::oasis_v2 : revision::oasis_v1;
    auto b = pushed<r>();
    b.bring_up({3, 4});
    b.running_device(3);
    const auto kick = [&] {
        REQUIRE(b.engine.notify(3, 0, 0));
        static_cast<void>(b.template expect<event_avail>());
    };
    kick();
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00});
    CHECK(b.dropped_nothing());
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00});
    CHECK(b.dropped_one(drop_reason::stale));
    kick();
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x08, 0x00}); // of something else
    CHECK(b.dropped_one(drop_reason::bad_value));
    kick();
    b.deliver({0x01, 0x41, 0x03, 0x00, 0x00, 0x00, 0x08, 0x00}); // as older device sides say it
    if (newest)
        CHECK(b.dropped_one(drop_reason::unknown_id));
    else
        CHECK(b.dropped_nothing());
    b.deliver({0x01, 0x41, 0x03, 0x00, 0x00, 0x00, 0x08, 0x00});
    CHECK(b.dropped_one(drop_reason::unknown_id));
    kick();
    b.deliver({0x01, 0x41, 0x04, 0x00, 0x00, 0x00, 0x08, 0x00}); // of another device
    CHECK(b.dropped_one(drop_reason::unknown_id));
    CHECK(b.no_event());
}

TEST_CASE("N7: before oasis_v2 a null message ends the only request that it can be about") {
    driver_bench<revision::oasis_v1> b;
    b.bring_up({3, 4});
    const auto first = b.ask(3, get_device_info_request{});
    const auto asked = b.expect<get_device_info_request>();
    const auto second = b.ask(4, get_device_info_request{});
    static_cast<void>(b.expect<get_device_info_request>());
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00}); // one of the two
    CHECK(b.dropped_one(drop_reason::stale));
    const auto token = static_cast<std::uint8_t>(asked.head.token);
    b.deliver({0x03, 0x00, 0x00, 0x00, token, 0x00, 0x08, 0x00});
    CHECK(failed(b, first, errc::peer_error));
    CHECK(open(b, second));
    b.deliver({0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00});
    CHECK(failed(b, second, errc::peer_error));
    CHECK(b.engine.state() == bus_state::ready); // a device side that does not know a request is not lost
    CHECK(b.dropped_nothing());
}

TEST_CASE("N1: what is no message at all") {
    auto b = pushed<v2>();
    b.bring_up({3});
    b.deliver(byte_view{});
    CHECK(b.dropped_one(drop_reason::malformed));
    b.deliver({0x00, 0x42, 0x03, 0x00, 0x00, 0x00, 0x08});
    CHECK(b.dropped_one(drop_reason::malformed));
    b.deliver({0x00, 0x42, 0x03, 0x00, 0x00, 0x00, 0x07, 0x00});
    CHECK(b.dropped_one(drop_reason::malformed));
    b.deliver({0x03, 0x03, 0x01, 0x00, 0x00, 0x00, 0x08, 0x00}); // a bus message that names a device
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.engine.counters().received == b.engine.counters().dropped.total() + 4); // bring_up took four
}

// --- EVENT_POLL

TEST_CASE_TEMPLATE_DEFINE("N8: events are asked for every 100 ms, at once after one that came", Bench, polls) {
    Bench b;
    b.bring_up({3});
    const instant ready = b.now;
    b.running_device(3);
    CHECK(b.engine.poll_timeout() == ready + 100 * milliseconds);
    b.now = ready + 100 * milliseconds - 1;
    CHECK(b.silent());
    b.now += 1;
    auto asked = b.template expect<event_poll_request>();
    CHECK(b.silent());
    b.now += 10 * milliseconds;
    b.reply(asked, event_poll_response{}); // nothing happened
    CHECK(b.engine.poll_timeout() == b.now + 100 * milliseconds);
    CHECK(b.engine.counters().empty_polls == 1);
    CHECK(b.no_event());

    b.now += 100 * milliseconds;
    asked = b.template expect<event_poll_request>();
    b.deliver({.dev_num = 3, .token = asked.head.token}, event_used{1}); // the event is the answer
    CHECK(b.event(used).index == 1);
    asked = b.template expect<event_poll_request>();
    b.reply(asked, event_poll_response{});
    CHECK(b.silent());
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.dropped_nothing());

    b.engine.poll_now(b.now); // the user cannot wait
    b.template expect<event_poll_request>();
}
TEST_CASE_TEMPLATE_INVOKE(polls, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("N8, threats 2: endless events are taken within a budget, and the next round follows at once") {
    driver_options options = driver_options_for<v2>();
    SUBCASE("five") { options.policy.poll_budget = 5; }
    SUBCASE("none but the first") { options.policy.poll_budget = 0; }
    const unsigned budget = options.policy.poll_budget > 0 ? options.policy.poll_budget : 1u;
    options.policy.max_poll_budget = 0; // it stays as it is
    driver_bench<v2> b(options);
    b.bring_up({3});
    b.running_device(3);
    for (int round = 0; round < 3; ++round) {
        b.now = b.engine.poll_timeout();
        for (unsigned i = 0; i < budget; ++i) {
            const auto asked = b.expect<event_poll_request>();
            b.deliver({.dev_num = 3, .token = asked.head.token}, event_used{0});
        }
        CHECK(b.silent()); // the caller looks after other things
        CHECK(b.engine.poll_timeout() == b.now + 1);
    }
    b.now = b.engine.poll_timeout();
    b.reply(b.expect<event_poll_request>(), event_poll_response{});
    CHECK(b.engine.poll_timeout() == b.now + 100 * milliseconds);
}

TEST_CASE("N8: rounds that use up their budget make it larger, up to a maximum, and one that does not, small again") {
    driver_options options = driver_options_for<v2>();
    options.policy.poll_budget = 4;
    options.policy.max_poll_budget = 20;
    driver_bench<v2> b(options);
    b.bring_up({3});
    b.running_device(3);
    const auto take_round = [&](unsigned budget) {
        b.now = b.engine.poll_timeout();
        for (unsigned i = 0; i < budget; ++i) {
            const auto asked = b.expect<event_poll_request>();
            b.deliver({.dev_num = 3, .token = asked.head.token}, event_used{0});
        }
        CHECK(b.engine.poll_timeout() == b.now + 1);
        REQUIRE(b.silent());
    };
    const auto end_round = [&] {
        b.now = b.engine.poll_timeout();
        b.reply(b.expect<event_poll_request>(), event_poll_response{});
    };
    for (const unsigned budget : {4u, 8u, 16u, 20u, 20u}) take_round(budget);
    end_round();
    for (const unsigned budget : {4u, 8u}) take_round(budget);
    end_round();
    take_round(4);
}

TEST_CASE("N8: only an event with the token of the EVENT_POLL is its answer") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    b.now = b.engine.poll_timeout();
    const auto asked = b.expect<event_poll_request>();
    b.deliver({.dev_num = 3, .token = 0}, event_used{1}); // pushed
    CHECK(b.event(used).index == 1);
    b.deliver({.dev_num = 9, .token = 77}, event_used{1}); // refused
    CHECK(b.dropped_one(drop_reason::no_device));
    b.deliver({0x00, 0x42, 0x03, 0x00, 0x4d, 0x00, 0x09, 0x00, 0x01}); // malformed
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.silent()); // still open
    CHECK(b.engine.open_requests() == 1);
    b.deliver({.dev_num = 3, .token = asked.head.token}, event_used{2});
    CHECK(b.event(used).index == 2);
    CHECK(b.engine.open_requests() == 0);
    b.expect<event_poll_request>();
}

TEST_CASE("D5: a peer whose events carry tokens of their own") {
    driver_options options = driver_options_for<v2>();
    options.any_event_ends_poll = true;
    driver_bench<v2> b(options);
    b.bring_up({3});
    b.running_device(3);
    b.now = b.engine.poll_timeout();
    b.expect<event_poll_request>();
    b.deliver({.dev_num = 3, .token = 0x7777}, event_used{1});
    b.event(used);
    b.expect<event_poll_request>();
    CHECK(b.engine.open_requests() == 1);
}

TEST_CASE("N8: an event that is dropped still answers EVENT_POLL") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    auto asked = b.expect<event_poll_request>();
    b.deliver({.dev_num = 9, .token = asked.head.token}, event_used{0});
    CHECK(b.dropped_one(drop_reason::no_device));
    asked = b.expect<event_poll_request>();
    b.reply(asked, event_poll_response{});
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("threats 2: the empty answer to EVENT_POLL needs its token") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    const auto asked = b.expect<event_poll_request>();
    b.deliver({.token = static_cast<std::uint16_t>(asked.head.token + 4)}, event_poll_response{});
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.silent());
    b.reply(asked, event_poll_response{});
    CHECK(b.engine.counters().empty_polls == 1);
}

TEST_CASE("N8: an EVENT_POLL without an answer times out, and polling goes on") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    const auto asked = b.expect<event_poll_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(b.engine.state() == bus_state::ready);
    CHECK(b.engine.counters().timeouts == 1);
    CHECK(b.no_event());
    b.reply(asked, event_poll_response{});
    CHECK(b.dropped_one(drop_reason::late));
    CHECK(b.engine.open_requests() == 0);
    b.now += 100 * milliseconds;
    b.expect<event_poll_request>();
}

TEST_CASE("N8: an EVENT_POLL that the carrier does not take is tried again at the next interval") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    b.refuse_next(errc::denied);
    CHECK(b.no_event());
    CHECK(b.engine.state() == bus_state::ready);
    CHECK(b.engine.open_requests() == 0);
    b.now += 100 * milliseconds;
    b.expect<event_poll_request>();
}

TEST_CASE("N8: an EVENT_POLL that is open stays open when the devices are looked up again") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    b.now = b.engine.poll_timeout();
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    const auto asked = b.expect<event_poll_request>();
    const auto bitmap = bitmap_of({3}, 256);
    b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
    b.event(bus_ready);
    CHECK(b.silent()); // no second one
    b.deliver({.dev_num = 3, .token = asked.head.token}, event_used{0});
    b.event(used);
    b.expect<event_poll_request>();
    CHECK(b.engine.open_requests() == 1); // the first one is answered
}

TEST_CASE("N8: a notification before the bus is ready does not cost the first round its budget") {
    driver_bench<v2> b;
    b.negotiate();
    b.engine.poll_now(b.now);
    const auto window = b.expect<get_devices_request>();
    const auto bitmap = bitmap_of({3}, 256);
    b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
    b.event(device_added);
    b.event(bus_ready);
    for (unsigned i = 0; i < retry_policy{}.poll_budget; ++i) {
        CHECK(b.engine.poll_timeout() <= b.now);
        const auto asked = b.expect<event_poll_request>();
        b.deliver({.dev_num = 3, .token = asked.head.token}, event_config{});
    }
    CHECK(b.engine.poll_timeout() == b.now + 1);
}

TEST_CASE("N8: no event is asked for before the bus is ready, the second time neither") {
    driver_bench<v2> b;
    b.bring_up({3});
    for (int i = 0; i < 2; ++i) {
        b.now = b.engine.poll_timeout();
        REQUIRE(b.engine.reset(b.now));
        b.reply(b.expect<reset_request>(), reset_response{});
        b.event(bus_down);
        b.event(device_removed);
        b.now += seconds;
        b.negotiate();
        const auto window = b.expect<get_devices_request>();
        b.now += seconds;
        CHECK(b.silent());
        const auto bitmap = bitmap_of({3}, 256);
        b.reply(window, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
        b.event(device_added);
        b.event(bus_ready);
        CHECK(b.engine.poll_timeout() == b.now + 100 * milliseconds);
    }
}

TEST_CASE("N8: who is told events does not ask for them") {
    auto b = pushed<v2>();
    b.bring_up({3});
    CHECK(b.engine.poll_timeout() == never);
    b.now += 10 * seconds;
    b.engine.poll_now(b.now);
    CHECK(b.silent());
}

// --- memory areas

TEST_CASE_TEMPLATE_DEFINE("N11: AREA_SHARE and AREA_UNSHARE", Bench, areas) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    const auto attrs = Bench::rev == v2 ? area_attrs::usual : area_attrs::lend;
    const auto id = b.engine.share_area(0x0123'4567'89ab'cdef, 3, attrs);
    REQUIRE(id);
    CHECK(*id == 1);
    CHECK(b.engine.area(1) == area_state::offered);
    CHECK(b.engine.open_areas() == 1);
    auto asked = b.template expect<area_share_request>();
    CHECK(
        asked.body ==
        area_share_request{.area_id = 1, .mem_handle = 0x0123'4567'89ab'cdef, .page_count = 3, .sharing_attrs = attrs});
    CHECK(b.silent());
    CHECK(b.no_event());
    CHECK(b.engine.unshare_area(1).error() == errc::bad_state);
    b.reply(asked, area_share_response{1, bus_result::success});
    CHECK(b.event(area_shared).index == 1);
    REQUIRE(b.engine.unshare_area(1));
    CHECK(b.engine.area(1) == area_state::unshare_pending);
    const auto back = b.template expect<area_unshare_request>();
    CHECK(back.body.area_id == 1);
    SUBCASE("success") { b.reply(back, area_unshare_response{1, bus_result::success}); }
    SUBCASE("busy, and a release later") {
        b.reply(back, area_unshare_response{1, bus_result::busy});
        CHECK(b.no_event());
        CHECK(b.engine.area(1) == area_state::unshare_pending);
        CHECK(b.engine.unshare_area(1).error() == errc::bad_state);
        for (int i = 0; i < 20; ++i) { // possibly much later
            CHECK(b.engine.poll_timeout() == b.now + seconds);
            b.now += seconds - 1;
            CHECK(b.silent());
            b.now += 1;
            b.reply(b.template expect<area_unshare_request>(), area_unshare_response{1, bus_result::busy});
            CHECK(b.no_event());
        }
        b.deliver({}, event_area_release{1});
        b.deliver({}, event_area_release{1});
        CHECK(b.dropped_one(drop_reason::unexpected));
        b.now += 10 * seconds;
        CHECK(b.silent());
    }
    const driver_event e = b.event(area_released);
    CHECK(e.index == 1);
    CHECK(e.error == errc::none);
    CHECK(b.no_event());
    CHECK(b.engine.area(1).error() == errc::invalid_argument);
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.engine.open_requests() == 0);
}
TEST_CASE_TEMPLATE_INVOKE(areas, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("N11: an area that the device side does not take") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto id = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(id);
    const auto asked = b.expect<area_share_request>();
    errc why = errc::peer_error;
    bus_result said = bus_result::error;
    SUBCASE("ERROR") {}
    SUBCASE("BUSY") {
        said = bus_result::busy;
        why = errc::busy;
    }
    b.reply(asked, area_share_response{*id, said});
    const driver_event e = b.event(area_refused);
    CHECK(e.index == *id);
    CHECK(e.error == why);
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.engine.state() == bus_state::ready);
    CHECK(b.silent());
    b.reply(asked, area_share_response{*id, bus_result::success}); // twice
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.no_event());
    CHECK(*b.engine.share_area(1, 1, area_attrs::usual) == *id + 1); // the id is not used again at once
}

TEST_CASE("N11: memory whose AREA_SHARE has no usable answer is asked back before it is given up") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto id = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(id);
    const auto asked = b.expect<area_share_request>();
    errc why = errc::bad_value;
    bool times_out = false;
    SUBCASE("another area") {
        b.reply(asked, area_share_response{static_cast<std::uint16_t>(*id + 1), bus_result::success});
    }
    SUBCASE("area 0") { b.reply(asked, area_share_response{0, bus_result::success}); }
    SUBCASE("an illegal result") { b.reply(asked, area_share_response{*id, bus_result{3}}); }
    SUBCASE("no answer, late success, and the device side has it") {
        why = errc::timed_out;
        times_out = true;
    }
    if (times_out) {
        b.now += 5 * seconds;
        b.engine.handle_timeout(b.now);
        b.reply(asked, area_share_response{*id, bus_result::success});
        CHECK(b.dropped_one(drop_reason::late));
    } else {
        CHECK(b.dropped_one(drop_reason::bad_value));
    }
    CHECK(b.no_event()); // the device side may use the memory
    CHECK(b.engine.area(*id) == area_state::unshare_pending);
    CHECK(b.engine.unshare_area(*id).error() == errc::bad_state);
    const auto back = b.expect<area_unshare_request>();
    CHECK(back.body.area_id == *id);
    if (times_out) {
        b.reply(back, area_unshare_response{*id, bus_result::success});
    } else { // it never had it
        b.reply(back, area_unshare_response{*id, bus_result::error});
        CHECK(b.no_event());
        CHECK(b.silent());
        b.now += 15 * seconds; // such an answer does not say that the request has arrived
        b.reply(b.expect<area_unshare_request>(), area_unshare_response{*id, bus_result::error});
    }
    const driver_event e = b.event(area_refused);
    CHECK(e.index == *id);
    CHECK(e.error == why);
    CHECK(b.no_event());
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.engine.state() == bus_state::ready);
}

TEST_CASE("K5: memory is not given back while its AREA_SHARE may still arrive, after its AREA_UNSHARE") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const auto id = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(id);
    const auto asked = b.expect<area_share_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{*id, bus_result::error}); // was first
    const instant quarantine_end = b.now + 10 * seconds;
    CHECK(b.engine.poll_timeout() == quarantine_end);
    b.reply(asked, area_share_response{*id, bus_result::success}); // AREA_SHARE has arrived
    CHECK(b.dropped_one(drop_reason::late));
    b.now = quarantine_end - 1;
    b.engine.handle_timeout(b.now);
    CHECK(b.silent());
    CHECK(b.no_event());
    b.now += 1;
    b.engine.handle_timeout(b.now);
    const auto back = b.expect<area_unshare_request>();
    CHECK(b.no_event());
    b.reply(back, area_unshare_response{*id, bus_result::success});
    CHECK(b.event(area_refused).error == errc::timed_out);
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.engine.poll_timeout() == never);
}

TEST_CASE("N11: AREA_SHARE that the carrier does not take") {
    auto b = pushed<v2>();
    b.bring_up({3});
    REQUIRE(b.engine.share_area(1, 1, area_attrs::usual));
    b.refuse_next(errc::denied);
    CHECK(b.event(area_refused).error == errc::denied);
    CHECK(b.engine.open_areas() == 0);
    CHECK(b.silent());
}

TEST_CASE("N11: AREA_UNSHARE that is refused leaves the area shared, and says so") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::error});
    const driver_event e = b.event(area_kept);
    CHECK(e.index == id);
    CHECK(e.error == errc::peer_error);
    CHECK(b.no_event());
    CHECK(b.engine.area(id) == area_state::shared);
    REQUIRE(b.engine.unshare_area(id)); // another time
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::success});
    CHECK(b.event(area_released).index == id);
}

TEST_CASE("R1: AREA_UNSHARE that the carrier never takes leaves the area shared, and says so") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    errc why = errc::busy;
    SUBCASE("busy") {
        for (int i = 0; i < 10; ++i) { // the carrier is busy, not the peer
            CHECK(b.no_event());
            b.refuse_next(errc::busy);
            b.now += 2 * milliseconds;
        }
    }
    SUBCASE("denied") {
        b.refuse_next(errc::denied);
        why = errc::denied;
    }
    const driver_event e = b.event(area_kept);
    CHECK(e.index == id);
    CHECK(e.error == why);
    CHECK(b.engine.area(id) == area_state::shared);
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
    REQUIRE(b.engine.unshare_area(id));
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::success});
    CHECK(b.event(area_released).index == id);
}

TEST_CASE_TEMPLATE_DEFINE("N11: AREA_UNSHARE without an answer is sent again", Bench, unshare_again) {
    Bench b = pushed<Bench::rev>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    framed<area_unshare_request> asked{};
    const auto times_out = [&] {
        asked = b.template expect<area_unshare_request>();
        b.now += 5 * seconds;
        b.engine.handle_timeout(b.now);
        CHECK(b.silent());
    };
    const auto rests = [&] { // in rfc2025 for as long as the old answer may come
        b.now = b.engine.poll_timeout();
        if (Bench::rev == old) b.engine.handle_timeout(b.now);
    };
    times_out();
    CHECK(b.no_event());
    CHECK(b.engine.area(id) == area_state::unshare_pending);
    if (Bench::rev != old) CHECK(b.engine.poll_timeout() == b.now + seconds);
    rests();
    SUBCASE("the device side had done it, and the answer was lost") {
        b.reply(b.template expect<area_unshare_request>(), area_unshare_response{id, bus_result::error});
        CHECK(b.event(area_released).index == id);
        CHECK(b.engine.open_areas() == 0);
    }
    SUBCASE("the request was lost") {
        b.reply(b.template expect<area_unshare_request>(), area_unshare_response{id, bus_result::success});
        CHECK(b.event(area_released).index == id);
    }
    SUBCASE("the answer BUSY was lost: a release comes") {
        b.deliver({}, event_area_release{id});
        CHECK(b.event(area_released).index == id);
    }
    SUBCASE("never answered: that ends in bounded time") {
        times_out();
        rests();
        times_out();
        const driver_event e = b.event(area_kept);
        CHECK(e.index == id);
        CHECK(e.error == errc::timed_out);
        CHECK(b.engine.area(id) == area_state::shared);
        b.now += 20 * seconds;
        b.engine.handle_timeout(b.now);
        CHECK(b.silent());
        REQUIRE(b.engine.unshare_area(id));
        b.reply(b.template expect<area_unshare_request>(), area_unshare_response{id, bus_result::error});
        CHECK(b.event(area_released).index == id);
    }
    CHECK(b.no_event());
    CHECK(b.engine.state() == bus_state::ready);
}
TEST_CASE_TEMPLATE_INVOKE(unshare_again, driver_bench<old>, driver_bench<v2>);

TEST_CASE("N11: a wrong answer to AREA_UNSHARE is none") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    b.reply(b.expect<area_unshare_request>(),
            area_unshare_response{static_cast<std::uint16_t>(id + 1), bus_result::success});
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.engine.area(id) == area_state::unshare_pending);
    CHECK(b.no_event());
    b.now = b.engine.poll_timeout();
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::error});
    CHECK(b.event(area_released).index == id);
}

TEST_CASE("N2: an ERROR to AREA_SHARE means that the peer has restarted") {
    auto b = pushed<v2>();
    b.bring_up({3});
    REQUIRE(b.engine.share_area(1, 1, area_attrs::usual));
    b.reply(b.expect<area_share_request>(), error_response{0x81});
    CHECK(b.event(bus_failed).error == errc::peer_error);
    CHECK(b.event(area_refused).error == errc::peer_error);
    CHECK(b.no_event());
}

TEST_CASE("N2: an ERROR to AREA_UNSHARE means that the peer has restarted: the area is released when it agrees anew") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    b.reply(b.expect<area_unshare_request>(), error_response{0x82});
    CHECK(b.event(bus_failed).error == errc::peer_error);
    CHECK(b.no_event());
    CHECK(b.silent());
    CHECK(b.engine.area(id) == area_state::unshare_pending);
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(bus_down);
    CHECK(b.event(area_released).index == id);
}

TEST_CASE("N2: a bus that is not up sends no request about areas") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    REQUIRE(b.engine.share_area(1, 1, area_attrs::usual));
    b.expect<area_share_request>();
    REQUIRE(b.engine.enumerate(b.now));
    const auto window = b.expect<get_devices_request>();
    REQUIRE(b.engine.unshare_area(id));
    b.reply(window, error_response{0x02});
    b.event(bus_failed);
    CHECK(b.silent());
    CHECK(b.engine.area(id) == area_state::unshare_pending);
    CHECK(b.engine.unshare_area(id).error() == errc::bad_state);
    REQUIRE(b.engine.start(b.now));
    CHECK(b.event(device_removed).dev_num == 3);
    b.reply(b.expect<version_request>(), b.version());
    CHECK(b.no_event()); // the peer has only been asked what it speaks
    CHECK(b.engine.open_areas() == 2);
    const auto proposal = b.expect<version_request>();
    SUBCASE("the peer agrees") { b.reply(proposal, b.version()); }
    SUBCASE("it does not, and a reset follows") {
        b.reply(proposal, version_response{.ffa_version = 0x0001'0002});
        b.event(bus_failed);
        CHECK(b.no_event());
        REQUIRE(b.engine.reset(b.now));
        b.reply(b.expect<reset_request>(), reset_response{});
        b.event(bus_down);
    }
    CHECK(b.event(area_released).index == id);
    CHECK(b.event(area_refused).error == errc::aborted);
    CHECK(b.no_event());
    CHECK(b.engine.open_areas() == 0);
}

TEST_CASE("threats 2: AREA_RELEASE that is not owed") {
    auto b = pushed<v2>();
    b.bring_up({3});
    const std::uint16_t id = b.shared_area();
    b.deliver({}, event_area_release{id}); // in use
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({}, event_area_release{99}); // unknown
    CHECK(b.dropped_one(drop_reason::unexpected));
    b.deliver({}, event_area_release{0});
    CHECK(b.dropped_one(drop_reason::bad_value));
    b.deliver({0x02, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x01});
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.engine.area(id) == area_state::shared);
    CHECK(b.no_event());
}

TEST_CASE("N11: what cannot be shared") {
    auto b = pushed<v2>();
    b.bring_up({3});
    CHECK(b.engine.share_area(1, 0, area_attrs::usual).error() == errc::invalid_argument);
    CHECK(b.engine.share_area(1, 1, area_attrs{0x1000}).error() == errc::invalid_argument);
    CHECK(b.engine.share_area(1, 1, area_attrs{3}).error() == errc::invalid_argument);
    CHECK(b.engine.unshare_area(1).error() == errc::bad_state);
    CHECK(b.engine.share_area(1, 1, area_attrs::usual));
    CHECK(b.engine.share_area(1, 1, area_attrs::usual));
    CHECK(b.engine.share_area(1, 1, area_attrs::usual).error() == errc::full);
    CHECK(b.expect<area_share_request>().body.area_id == 1);
    CHECK(b.expect<area_share_request>().body.area_id == 2);
    CHECK(b.silent());
}

TEST_CASE("rfc2025: bus requests take turns") {
    auto b = pushed<old>();
    b.bring_up({3});
    CHECK(b.engine.share_area(1, 1, area_attrs::usual).error() == errc::invalid_argument); // newer attributes
    REQUIRE(b.engine.share_area(1, 1, area_attrs::share));
    REQUIRE(b.engine.share_area(2, 1, area_attrs::share));
    const auto first = b.expect<area_share_request>();
    CHECK(b.silent());
    CHECK(b.engine.ping(1).error() == errc::busy);
    b.reply(first, area_share_response{1, bus_result::success});
    const auto second = b.expect<area_share_request>();
    CHECK(second.body.mem_handle == 2);
    b.reply(second, area_share_response{2, bus_result::success});
    b.event(area_shared);
    b.event(area_shared);
}

TEST_CASE("R25: while the carrier has a pause EVENT_POLL is due after it") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    b.now = b.engine.poll_timeout() + 99 * milliseconds; // shortly before EVENT_POLL
    b.refuse_next(errc::busy);
    const instant again = b.engine.poll_timeout();
    b.engine.release(t, b.now);
    b.engine.poll_now(b.now); // overdue
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == again);
    b.now = again;
    b.expect<event_poll_request>();
}

TEST_CASE("R25: while EVENT_POLL cannot be sent there is no time at which it is due") {
    driver_bench<old> b;
    b.bring_up({3});
    REQUIRE(b.engine.share_area(1, 1, area_attrs::share));
    const auto asked = b.expect<area_share_request>();
    const instant due = b.now + 5 * seconds;
    b.now += seconds; // EVENT_POLL would be overdue, but rfc2025 has one bus request at a time
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == due);
    b.reply(asked, area_share_response{1, bus_result::success});
    CHECK(b.engine.poll_timeout() <= b.now);
    b.expect<event_poll_request>();
}
