// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/driver_fifo.hpp>

#include "proto/support/driver_bench.hpp"

#include <initializer_list>

using namespace proto_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr driver_capacity with_fifo{.devices = 2, .requests = 2, .areas = 2, .kicks = 2, .fifo = true};
using bench = driver_bench<v2, with_fifo>;
constexpr bus_feature indirect = bus_feature::indirect_rx | bus_feature::indirect_tx;

driver_options offering(bus_feature features = indirect | bus_feature::fifo) {
    driver_options o = driver_options_for<v2>();
    o.bus_features = features;
    o.notif_id = 7;
    o.fifo = {.mem_handle = 0x1122'3344'5566'7788, .page_count = 2, .notif_id = 9};
    return o;
}

/// A driver side whose peer has these carriers, up to the answer of VERSION.
struct agreed_bench : bench {
    explicit agreed_bench(bus_feature peer = indirect | bus_feature::fifo, const driver_options& o = offering())
        : bench(o) {
        carriers = peer;
        REQUIRE(engine.start(now));
        reply(expect<version_request>(), version());
        reply(expect<version_request>(), version());
    }
    framed<fifo_configure_request> offered() {
        const auto asked = expect<fifo_configure_request>();
        CHECK(asked.body == fifo_configure_request{0x1122'3344'5566'7788, 2, 9});
        CHECK(engine.fifo().stage == fifo_stage::offered);
        CHECK(engine.state() == bus_state::offering);
        return asked;
    }
    framed<event_configure_request> takes_events(event_method method, std::uint16_t notif_id) {
        const auto asked = expect<event_configure_request>();
        CHECK(asked.body == event_configure_request{method, 0, notif_id});
        return asked;
    }
    /// The bus goes on without the FIFO, and comes up.
    void falls_back(errc why) {
        CHECK(engine.fifo().stage == fifo_stage::off);
        CHECK(engine.fifo_refused() == why);
        reply(takes_events(event_method::poll, 7), event_configure_response{});
        enumerated({});
        CHECK(event(driver_event_kind::bus_ready).error == errc::none);
        CHECK(engine.fifo_refused() == why);
    }
    /// The bus comes up with the FIFO.
    void goes_on() {
        reply(offered(), fifo_configure_response{bus_result::success, 63});
        CHECK(engine.fifo() == fifo_link{fifo_stage::offered, 63});
        reply(takes_events(event_method::fifo, 9), event_configure_response{});
        CHECK(engine.fifo() == fifo_link{fifo_stage::active, 63});
        enumerated({});
        event(driver_event_kind::bus_ready);
        CHECK(engine.fifo_refused() == errc::none);
    }
};

} // namespace

TEST_CASE("N6, N10: FIFO_CONFIGURE comes after VERSION, and EVENT_CONFIGURE only after its answer") {
    agreed_bench b;
    const auto asked = b.offered();
    CHECK(b.silent());
    b.reply(asked, fifo_configure_response{bus_result::success, 0});
    CHECK(b.engine.fifo() == fifo_link{fifo_stage::offered, 0});
    const auto events = b.takes_events(event_method::fifo, 9);
    CHECK(b.engine.fifo().stage == fifo_stage::offered);
    b.reply(events, event_configure_response{});
    CHECK(b.engine.fifo().stage == fifo_stage::active);
}

TEST_CASE("N8: with a FIFO nobody polls") {
    agreed_bench b;
    b.goes_on();
    b.now += 10 * seconds;
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
}

TEST_CASE("N6: without the FIFO bit of both sides, or a carrier to begin on, nothing is offered") {
    for (const bus_feature peer : {indirect, indirect | bus_feature::notif_rx}) {
        agreed_bench b(peer);
        b.takes_events(event_method::poll, 7);
        CHECK(b.engine.fifo().stage == fifo_stage::off);
        CHECK(b.engine.fifo_refused() == errc::none);
    }
    agreed_bench own(indirect | bus_feature::fifo, offering(indirect));
    own.takes_events(event_method::poll, 7);
    agreed_bench alone(bus_feature::fifo);
    CHECK(alone.event(driver_event_kind::bus_failed).error == errc::not_supported);
    driver_options nothing = offering();
    nothing.fifo = {};
    agreed_bench none(indirect | bus_feature::fifo, nothing);
    none.takes_events(event_method::poll, 7);
}

TEST_CASE("N6: a FIFO that is refused costs the bus nothing else") {
    agreed_bench b;
    b.reply(b.offered(), fifo_configure_response{.result = bus_result::error});
    b.falls_back(errc::peer_error);
    CHECK(b.dropped_nothing());
}

TEST_CASE("N10: BUSY, an unknown result or an impossible notification is no answer to FIFO_CONFIGURE") {
    for (const auto& bad : {fifo_configure_response{bus_result::busy, 1}, fifo_configure_response{bus_result{3}, 1},
                            fifo_configure_response{bus_result::success, 64},
                            fifo_configure_response{bus_result::success, no_notif_id}}) {
        agreed_bench b;
        b.reply(b.offered(), bad);
        CHECK(b.dropped_one(drop_reason::bad_value));
        b.falls_back(errc::bad_value);
    }
}

TEST_CASE("N10: FFA_ERROR, silence or a carrier that refuses FIFO_CONFIGURE leads to the next method") {
    SUBCASE("FFA_ERROR") {
        agreed_bench b;
        b.reply(b.offered(), error_response{row_of<fifo_configure_request>.id});
        b.falls_back(errc::peer_error);
    }
    SUBCASE("silence, and an answer that comes too late") {
        agreed_bench b;
        const auto asked = b.offered();
        b.now += 5 * seconds;
        b.engine.handle_timeout(b.now);
        b.falls_back(errc::timed_out);
        b.reply(asked, fifo_configure_response{bus_result::success, 1});
        CHECK(b.dropped_one(drop_reason::late));
        CHECK(b.engine.fifo().stage == fifo_stage::off);
    }
    SUBCASE("a carrier that refuses") {
        agreed_bench b;
        b.refuse_next(errc::not_supported);
        b.falls_back(errc::not_supported);
    }
}

TEST_CASE("N8: a peer that took the FIFO but sends no events in it is asked for another way") {
    for (const bus_result why : {bus_result::error, bus_result::busy}) {
        agreed_bench b;
        b.reply(b.offered(), fifo_configure_response{bus_result::success, 1});
        b.reply(b.takes_events(event_method::fifo, 9), event_configure_response{why});
        b.falls_back(why == bus_result::busy ? errc::busy : errc::peer_error);
    }
}

TEST_CASE("N8: a peer that sends events in no way at all cannot be used") {
    agreed_bench b;
    b.reply(b.offered(), fifo_configure_response{bus_result::success, 1});
    b.reply(b.takes_events(event_method::fifo, 9), event_configure_response{bus_result::error});
    b.reply(b.takes_events(event_method::poll, 7), event_configure_response{bus_result::error});
    CHECK(has_failed(b, errc::peer_error));
    CHECK(b.engine.fifo().stage == fifo_stage::off);
}

TEST_CASE("N12: a reset ends the FIFO, and the next start offers it again") {
    agreed_bench b;
    b.goes_on();
    REQUIRE(b.engine.reset(b.now));
    CHECK(b.engine.fifo().stage == fifo_stage::offered); // nothing travels in it any more
    b.reply(b.expect<reset_request>(), reset_response{});
    CHECK(b.engine.fifo() == fifo_link{});
    b.event(driver_event_kind::bus_down);
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), b.version());
    b.reply(b.expect<version_request>(), b.version());
    b.goes_on();
}

TEST_CASE("N12: a reset may come while the FIFO is offered") {
    agreed_bench b;
    const auto asked = b.offered();
    REQUIRE(b.engine.reset(b.now));
    b.reply(asked, fifo_configure_response{bus_result::success, 1});
    b.reply(b.expect<reset_request>(), reset_response{});
    b.event(driver_event_kind::bus_down);
    CHECK(b.engine.fifo() == fifo_link{});
    CHECK(b.silent());
}

TEST_CASE("a carrier that does not work any more fails the bus") {
    agreed_bench b;
    b.goes_on();
    b.engine.carrier_lost(b.now);
    CHECK(has_failed(b, errc::aborted));
    CHECK(b.engine.fifo() == fifo_link{});
    b.engine.carrier_lost(b.now); // it has failed already
    CHECK(b.no_event());
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{});
    CHECK(b.event(driver_event_kind::bus_down).error == errc::none);
}

TEST_CASE("N10: a full ring keeps a request waiting for five seconds, and no longer") {
    driver_options o = offering();
    o.policy = fifo_retry_policy;
    for (const bool in_time : {true, false}) {
        agreed_bench b(indirect | bus_feature::fifo, o);
        b.goes_on();
        const auto t = b.engine.ping(1);
        REQUIRE(t);
        const instant begun = b.now;
        for (int i = 0; i < 499; ++i) {
            b.refuse_next(errc::would_block);
            CHECK(b.silent());
            b.now = b.engine.poll_timeout();
        }
        CHECK(b.now - begun == 4'990 * milliseconds);
        CHECK(b.engine.response(*t).error() == errc::would_block);
        if (in_time) {
            b.reply(b.expect<ping_request>(), ping_response{1});
            CHECK(b.engine.response(*t)->data == 1);
        } else {
            b.refuse_next(errc::would_block);
            CHECK(b.engine.response(*t).error() == errc::busy);
        }
    }
}

TEST_CASE("a driver side without room for a FIFO has none") {
    CHECK(sizeof(driver_fifo<false>) == 1);
    driver_options o = offering();
    o.fifo = {};
    driver_bench<v2> b(o);
    b.carriers = indirect | bus_feature::fifo;
    b.bring_up();
    CHECK(b.engine.fifo() == fifo_link{});
    CHECK(b.engine.fifo_refused() == errc::none);
}
