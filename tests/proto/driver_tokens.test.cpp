// SPDX-License-Identifier: BSD-2-Clause
// The driver engine and peers that do not keep the tokens of requests apart. Source: the known peers.
#include <vmsg/proto/driver.hpp>

#include "proto/support/driver_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

template <revision R> struct fixed_bench : driver_bench<R> {
    static constexpr std::uint16_t token = 1;
    fixed_bench() : driver_bench<R>(options()) {}
    static driver_options options() {
        driver_options o = driver_options_for<R>(event_method::indirect);
        o.tokens = token_source::fixed;
        return o;
    }
};
template <revision R> struct tokenless_bench : driver_bench<R> {
    static constexpr std::uint16_t token = 0;
    tokenless_bench() : driver_bench<R>(options()) {}
    static driver_options options() {
        driver_options o = driver_options_for<R>(event_method::indirect);
        o.tokens = token_source::none;
        return o;
    }
};

} // namespace

TEST_CASE_TEMPLATE_DEFINE("6.5: every request carries the same token", Bench, same_token) {
    Bench b;
    b.bring_up({0, 3, 4});
    const auto first = b.ask(3, get_device_info_request{});
    CHECK(b.engine.request(3, get_device_status_request{}, b.now).error() == errc::busy);
    const auto second = b.ask(4, get_device_status_request{});
    const auto asked_first = b.template expect<get_device_info_request>();
    const auto asked_second = b.template expect<get_device_status_request>();
    CHECK(asked_first.head.token == Bench::token);
    CHECK(asked_second.head.token == Bench::token);

    // The answers are told apart by what they are about.
    b.reply(asked_second, get_device_status_response{device_status{3}});
    CHECK(b.event(completed).is(second));
    b.reply(asked_first, get_device_info_response{.device_id = 2});
    CHECK(b.event(completed).is(first));
    CHECK(b.engine.response(first)->device_id == 2);
    b.engine.release(first, b.now);
    b.engine.release(second, b.now);
    CHECK(b.dropped_nothing());

    b.deliver({.dev_num = 3, .token = Bench::token}, get_device_status_response{});
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.engine.open_requests() == 0);
}
TEST_CASE_TEMPLATE_INVOKE(same_token, fixed_bench<v1>, fixed_bench<v2>, tokenless_bench<v1>, tokenless_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("6.5: an answer with another token, or to another request, is none", Bench, other_token) {
    Bench b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_info_request{});
    const auto asked = b.template expect<get_device_info_request>();
    b.deliver({.dev_num = 3, .token = 2}, get_device_info_response{.device_id = 2});
    CHECK(b.dropped_one(drop_reason::stale));
    b.reply(asked, get_device_status_response{});
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.no_event());
    b.reply(asked, get_device_info_response{.device_id = 2});
    CHECK(b.event(completed).is(t));
}
TEST_CASE_TEMPLATE_INVOKE(other_token, fixed_bench<v1>, fixed_bench<v2>, tokenless_bench<v1>, tokenless_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("6.5: a request that has timed out keeps its device", Bench, keeps) {
    Bench b;
    b.bring_up({3, 4});
    const auto t = b.ask(3, get_device_info_request{});
    const auto asked = b.template expect<get_device_info_request>();
    b.now += retry_policy{}.response_timeout;
    b.engine.handle_timeout(b.now);
    CHECK(b.event(completed).error == errc::timed_out);
    b.engine.release(t, b.now);
    CHECK(b.engine.request(3, get_device_info_request{}, b.now).error() == errc::busy);
    b.exchange(4, get_device_info_request{}, {.device_id = 2});
    SUBCASE("until its answer comes") {
        b.reply(asked, get_device_info_response{.device_id = 1});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("until its quarantine ends") {
        b.now += retry_policy{}.quarantine();
        b.engine.handle_timeout(b.now);
    }
    CHECK(b.exchange(3, get_device_info_request{}, {.device_id = 2}) == errc::none);
}
TEST_CASE_TEMPLATE_INVOKE(keeps, fixed_bench<v1>, fixed_bench<v2>, tokenless_bench<v1>, tokenless_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("6.5: device 0 and the bus share a number", Bench, shared_number) {
    Bench b;
    b.bring_up({0});
    const auto t = b.ask(0, get_device_info_request{});
    CHECK(b.engine.ping(7).error() == errc::busy);
    b.reply(b.template expect<get_device_info_request>(), error_response{0x02});
    CHECK(b.event(completed).error == errc::peer_error);
    b.engine.release(t, b.now);
    const auto ping = b.engine.ping(7);
    REQUIRE(ping.has_value());
    CHECK(b.engine.request(0, get_device_info_request{}, b.now).error() == errc::busy);
    b.reply(b.template expect<ping_request>(), ping_response{7});
    CHECK(b.event(completed).is(*ping));
}
TEST_CASE_TEMPLATE_INVOKE(shared_number, fixed_bench<v2>, tokenless_bench<v2>);

TEST_CASE("6.5: EVENT_POLL and events with one token") {
    driver_options o = fixed_bench<v2>::options();
    o.events = event_method::poll;
    driver_bench<v2> b(o);
    b.bring_up({3});
    b.now = b.engine.poll_timeout();
    const auto polled = b.expect<event_poll_request>();
    CHECK(polled.head.token == 1);
    CHECK(b.engine.ping(1).error() == errc::busy);
    b.deliver({.token = 0}, event_device{4, device_state::added}); // unasked
    CHECK(b.engine.ping(1).error() == errc::busy);
    b.deliver({.token = 1}, event_device{5, device_state::added});
    CHECK(b.engine.device_count() == 3);
    CHECK(b.engine.ping(1).has_value());
    b.reply(b.expect<ping_request>(), ping_response{1});
    b.reply(b.expect<event_poll_request>(), event_poll_response{});
    CHECK(b.engine.counters().empty_polls == 1);
    CHECK(b.dropped_nothing());
}
