// SPDX-License-Identifier: BSD-2-Clause
// The driver engine and its requests. Its bus is in driver_bus.test.cpp, what comes unasked and how frames are sent in
// driver_events.test.cpp.
#include <vmsg/proto/driver.hpp>

#include "proto/support/driver_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

constexpr get_device_info_response plain_info{
    .device_id = 2, .num_feature_blocks = 2, .config_size = 64, .max_virtqueues = 2};

/// The reason for which the engine refuses to send a request.
template <class Bench, class Request> errc refusal(Bench& b, std::uint16_t dev_num, const Request& m) {
    const auto t = b.engine.request(dev_num, m, b.now);
    if (!t) return t.error();
    b.engine.release(*t, b.now);
    return errc::none;
}

} // namespace

// --- the order of the steps

TEST_CASE_TEMPLATE_DEFINE("T4: the steps of a device in their order", Bench, steps) {
    Bench b;
    b.bring_up({3});
    const std::uint32_t words[]{0, 0x141};
    const auto enabling = set_vqueue_request{.size = 8};
    using enum errc;

    // I1: nothing but its status before its information.
    CHECK(refusal(b, 3, get_device_features_request{0, 2}) == bad_state);
    CHECK(refusal(b, 3, get_config_request{0, 0}) == bad_state);
    CHECK(refusal(b, 3, get_vqueue_request{0}) == bad_state);
    CHECK(refusal(b, 3, get_shm_request{0}) == bad_state);
    CHECK(refusal(b, 3, set_driver_features_request{0, 2, words}) == bad_state);
    CHECK(refusal(b, 3, set_device_status_request{device_status{1}}) == bad_state); // not reset yet
    get_device_info_response info = plain_info;
    if (b.version().bus_version == 1) {
        info.num_feature_blocks = 0;
        info.num_feature_bits = 64;
    }
    CHECK(b.exchange(3, get_device_info_request{}, info) == none);
    const auto only_status = [&] { // T4: reset, ACKNOWLEDGE and DRIVER come before everything else
        CHECK(refusal(b, 3, get_config_request{0, 8}) == bad_state);
        CHECK(refusal(b, 3, get_device_features_request{0, 2}) == bad_state);
        CHECK(refusal(b, 3, get_vqueue_request{0}) == bad_state);
        CHECK(refusal(b, 3, get_shm_request{0}) == bad_state);
        CHECK(refusal(b, 3, set_driver_features_request{0, 2, words}) == bad_state);
    };
    only_status();
    CHECK(refusal(b, 3, set_device_status_request{device_status{1}}) == bad_state); // not reset yet
    b.status(3, 0x0);
    only_status();
    b.status(3, 0x1);
    only_status();
    CHECK(refusal(b, 3, set_driver_features_request{0, 2, words}) == bad_state);
    CHECK(refusal(b, 3, set_device_status_request{device_status{9}}) == bad_state);
    b.status(3, 0x3);
    CHECK(refusal(b, 3, get_config_request{0, 8}) == none);
    CHECK(refusal(b, 3, get_device_features_request{0, 2}) == none);
    CHECK(refusal(b, 3, get_shm_request{0}) == none);
    CHECK(refusal(b, 3, get_vqueue_request{0}) == bad_state); // before FEATURES_OK
    CHECK(refusal(b, 3, set_vqueue_request{}) == bad_state);
    CHECK(refusal(b, 3, set_config_request{}) == bad_state);
    CHECK(refusal(b, 3, reset_vqueue_request{0}) == bad_state);
    CHECK(b.exchange(3, set_driver_features_request{0, 2, words}, {}) == none);

    // F1: the device may refuse the features.
    CHECK(b.exchange(3, set_device_status_request{device_status{0xb}}, {device_status{0x3}}) == none);
    CHECK(b.engine.device(3)->status == device_status{0x3});
    CHECK(refusal(b, 3, enabling) == bad_state);
    CHECK(b.exchange(3, set_driver_features_request{0, 2, words}, {}) == none);
    b.status(3, 0xb);
    CHECK(refusal(b, 3, set_driver_features_request{0, 2, words}) == bad_state); // they are frozen
    CHECK(b.exchange(3, enabling, {}) == none);
    CHECK(refusal(b, 3, reset_vqueue_request{0}) == none); // VIRTIO_F_RING_RESET was accepted
    CHECK(b.engine.notify(3, 0, 0).error() == bad_state);
    b.status(3, 0xf);
    CHECK(b.engine.notify(3, 0, 0).error() == none);
    CHECK(b.template expect<event_avail>().body.vq_index == 0);

    // T1: a reset begins again.
    b.status(3, 0x0);
    CHECK(refusal(b, 3, enabling) == bad_state);
    CHECK(b.engine.notify(3, 0, 0).error() == bad_state);
    CHECK(b.engine.device(3)->info_known);
    CHECK_FALSE(b.engine.device(3)->ring_reset);
}
TEST_CASE_TEMPLATE_INVOKE(steps, driver_bench<old>, driver_bench<v2>);

TEST_CASE("I1: a status that is not a reset needs the device's information") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.status(3, 0x0);
    CHECK(refusal(b, 3, set_device_status_request{device_status{1}}) == errc::bad_state);
    CHECK(b.exchange(3, get_device_info_request{}, plain_info) == errc::none);
    b.status(3, 0x1);
}

TEST_CASE("T1: until a reset is complete a device is asked for its status only") {
    driver_bench<v2> b(driver_options_for<v2>(event_method::indirect)); // no EVENT_POLL between
    b.bring_up({3});
    b.running_device(3);
    const auto only_status = [&] {
        CHECK(refusal(b, 3, get_device_info_request{}) == errc::bad_state);
        CHECK(refusal(b, 3, get_vqueue_request{0}) == errc::bad_state);
        CHECK(refusal(b, 3, get_config_request{0, 4}) == errc::bad_state);
        CHECK(refusal(b, 3, set_vqueue_request{.size = 8}) == errc::bad_state);
        CHECK(refusal(b, 3, set_device_status_request{device_status{0xf}}) == errc::bad_state);
    };
    const auto t = b.ask(3, set_device_status_request{});
    only_status(); // from the moment at which it may have begun
    const auto asked = b.expect<set_device_status_request>();
    SUBCASE("it takes its time") {
        b.reply(asked, set_device_status_response{device_status{0xf}});
        b.event(completed);
    }
    SUBCASE("its answer is lost") {
        b.now += 5 * seconds;
        b.engine.handle_timeout(b.now);
        CHECK(b.event(completed).error == errc::timed_out);
    }
    b.engine.release(t, b.now);
    only_status();
    CHECK(b.exchange(3, get_device_status_request{}, {device_status{0x3}}) == errc::none);
    only_status();
    CHECK(b.exchange(3, set_device_status_request{}, {device_status{0x3}}) == errc::none);
    only_status();
    CHECK(b.exchange(3, get_device_status_request{}, {device_status{0x0}}) == errc::none);
    b.status(3, 0x1);
    CHECK(refusal(b, 3, get_device_info_request{}) == errc::none);
}

TEST_CASE("S4: what cannot be answered in a message is not asked") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3, 1, 512);
    CHECK(refusal(b, 3, get_config_request{0, 84}) == errc::none); // 104 - 20
    CHECK(refusal(b, 3, get_config_request{0, 85}) == errc::oversize);
    CHECK(refusal(b, 3, get_config_request{0, 512}) == errc::oversize);
    CHECK(refusal(b, 3, get_config_request{0, 513}) == errc::invalid_argument);
    CHECK(refusal(b, 3, get_device_features_request{0, 22}) == errc::none); // (104 - 16) / 4
    CHECK(refusal(b, 3, get_device_features_request{0, 23}) == errc::oversize);
    CHECK(refusal(b, 3, get_device_features_request{0, 0x4000'0001}) == errc::oversize); // 4 bytes in 32 bits
    CHECK(b.silent());
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("3.5: device id 0 means that nothing is there") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_info_request{});
    get_device_info_response nothing = plain_info;
    nothing.device_id = 0;
    b.reply(b.expect<get_device_info_request>(), nothing);
    CHECK(failed(b, t, errc::no_device));
    CHECK_FALSE(b.engine.device(3)->info_known);
}

TEST_CASE("C1, Q2, Q3, F3: what no device can be asked") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    using enum errc;
    CHECK(refusal(b, 3, get_config_request{60, 5}) == invalid_argument);
    CHECK(refusal(b, 3, get_config_request{0xffff'ffff, 2}) == invalid_argument);
    CHECK(refusal(b, 3, set_config_request{.offset = 65}) == invalid_argument);
    CHECK(refusal(b, 3, get_vqueue_request{70}) == invalid_argument);
    CHECK(refusal(b, 3, set_vqueue_request{.index = 70}) == invalid_argument);
    CHECK(refusal(b, 3, set_vqueue_request{.flags = vqueue_flags{3}}) == invalid_argument);
    CHECK(refusal(b, 3, set_vqueue_request{.flags = vqueue_flags{0x40}}) == invalid_argument);
    CHECK(refusal(b, 3, set_vqueue_request{.reserved = 1}) == invalid_argument);
    CHECK(refusal(b, 3, reset_vqueue_request{0}) == not_supported);
    CHECK(refusal(b, 3, get_device_features_request{0xffff'ffff, 1}) == invalid_argument);
    CHECK(refusal(b, 9, get_device_info_request{}) == no_device);
    b.status(3, 0x0);
    b.status(3, 0x3);
    const std::uint32_t notif_config_data[]{0, 0x80};
    CHECK(refusal(b, 3, set_driver_features_request{0, 2, notif_config_data}) == invalid_argument);
    const std::uint32_t many[40]{};
    CHECK(refusal(b, 3, set_driver_features_request{0, 40, many}) == oversize);
    CHECK(refusal(b, 3, set_driver_features_request{0, 3, {many, 2}}) == bad_length);
    CHECK(b.silent());
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("S7, H5: all core requests can be sent, and name their device") {
    driver_bench<v2> b{driver_options_for<v2>(event_method::indirect)};
    b.bring_up({0, 3});
    const std::uint8_t data[]{1};
    const std::uint32_t features[]{0, 1};
    for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{3}}) {
        b.negotiated_device(number);
        const auto named = [&](const auto& m) {
            const auto t = b.ask(number, m);
            const auto got = b.expect<std::remove_cvref_t<decltype(m)>>();
            b.engine.release(t, b.now);
            b.now += 60 * seconds; // the token has rested
            b.engine.handle_timeout(b.now);
            return got.head.dev_num == number;
        };
        CHECK(named(get_device_info_request{}));
        CHECK(named(get_device_features_request{0, 2}));
        CHECK(named(get_config_request{0, 4}));
        CHECK(named(set_config_request{.offset = 8, .length = 1, .config = data}));
        CHECK(named(get_device_status_request{}));
        CHECK(named(get_vqueue_request{0}));
        CHECK(named(set_vqueue_request{}));
        CHECK(named(get_shm_request{0}));
        CHECK(named(set_device_status_request{}));
        b.status(number, 0);
        b.status(number, 1);
        b.status(number, 3);
        CHECK(named(set_driver_features_request{0, 2, features}));
    }
}

TEST_CASE("C3: SET_CONFIG carries generation 0 in oasis_v2") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    REQUIRE(b.exchange(3, get_config_request{0, 4}, {.generation = 7, .offset = 0, .length = 4, .config = data}) ==
            errc::none);
    CHECK(b.engine.device(3)->generation == 7);
    const auto t = b.ask(3, set_config_request{.generation = 5, .offset = 8, .length = 4, .config = data});
    const auto asked = b.expect<set_config_request>();
    CHECK(asked.body == set_config_request{.generation = 0, .offset = 8, .length = 4, .config = data});
    b.reply(asked, set_config_response{.generation = 9, .offset = 8, .length = 4, .config = data});
    b.event(completed);
    CHECK(b.engine.response(t)->length == 4);
    CHECK(b.engine.device(3)->generation == 9);
}

TEST_CASE("C2, C4: in the strict profile SET_CONFIG carries the last generation") {
    for (const bool offered : {true, false}) {
        for (const bool wanted : {true, false}) {
            CAPTURE(offered);
            CAPTURE(wanted);
            driver_options options = driver_options_for<v2>();
            if (wanted) options.feature_bits = strict_config_generation;
            driver_bench<v2> b(options);
            b.offered_bits = offered ? 0xffff'ffffu : 0u;
            b.bring_up({3});
            CHECK(b.engine.agreed().feature_bits == (offered && wanted ? strict_config_generation : 0u));
            b.negotiated_device(3);
            const std::uint8_t data[]{1, 2, 3, 4};
            REQUIRE(b.exchange(3, get_config_request{0, 4},
                               {.generation = 7, .offset = 0, .length = 4, .config = data}) == errc::none);
            b.ask(3, set_config_request{.offset = 8, .length = 4, .config = data});
            CHECK(b.expect<set_config_request>().body.generation == (offered && wanted ? 7u : 0u));
        }
    }
}

TEST_CASE("C4: in the strict profile the last generation may be that of an EVENT_CONFIG") {
    driver_options options = driver_options_for<v2>(event_method::indirect);
    options.feature_bits = strict_config_generation;
    driver_bench<v2> b(options);
    b.offered_bits = strict_config_generation;
    b.bring_up({3});
    b.negotiated_device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    const auto written = [&] {
        const auto t = b.ask(3, set_config_request{.offset = 8, .length = 4, .config = data});
        const auto asked = b.expect<set_config_request>();
        b.reply(asked, set_config_response{.generation = 20, .offset = 8, .length = 4, .config = data});
        b.event(completed);
        b.engine.release(t, b.now);
        return asked.body.generation;
    };
    const auto told = [&](const event_config& e) {
        b.deliver({.dev_num = 3}, e);
        b.event(config_changed);
    };
    REQUIRE(b.exchange(3, get_config_request{0, 4}, {.generation = 7, .offset = 0, .length = 4, .config = data}) ==
            errc::none);
    SUBCASE("the event is the last that was heard") {
        told({device_status{0xb}, 9, 0, 4, {}});
        CHECK(b.engine.device(3)->generation == 9);
        CHECK(written() == 9);
        CHECK(written() == 20); // of the response
    }
    SUBCASE("C5: it is not monotonic") {
        told({device_status{0xb}, 2, 0, 0, {}});
        CHECK(written() == 2);
    }
    SUBCASE("the answer is the last that was heard") {
        told({device_status{0xb}, 9, 0, 0, {}});
        REQUIRE(b.exchange(3, get_config_request{0, 4}, {.generation = 11, .offset = 0, .length = 4, .config = data}) ==
                errc::none);
        CHECK(written() == 11);
    }
    SUBCASE("an event that is dropped says nothing") {
        b.deliver({.dev_num = 3}, event_config{device_status{0xb}, 9, 64, 1, {}});
        CHECK(b.dropped_one(drop_reason::bad_value));
        CHECK(written() == 7);
    }
}

TEST_CASE("D17: SET_CONFIG carries the last generation before oasis_v2") {
    driver_bench<old> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    REQUIRE(b.exchange(3, get_config_request{0, 4}, {.generation = 7, .offset = 0, .length = 4, .config = data}) ==
            errc::none);
    b.ask(3, set_config_request{.offset = 8, .length = 4, .config = data});
    CHECK(b.expect<set_config_request>().body.generation == 7);
}

// --- requests and responses

TEST_CASE("request: header and payload, response, ticket") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_info_request{});
    CHECK(b.engine.open_requests() == 1);
    CHECK(open(b, t));
    const auto asked = b.expect<get_device_info_request>();
    CHECK(asked.head.type == 0);
    CHECK(asked.head.dev_num == 3);
    CHECK(asked.head.token == 6); // after VERSION twice, EVENT_CONFIGURE, GET_DEVICES
    CHECK(open(b, t));
    CHECK(b.silent());
    b.reply(asked, plain_info);
    const driver_event e = b.event(completed);
    CHECK(e.is(t));
    CHECK(e.dev_num == 3);
    CHECK(e.error == errc::none);
    CHECK(b.no_event());
    CHECK(b.engine.response(t) == result<get_device_info_response>{plain_info});
    CHECK(b.engine.response(t)); // as often as wanted
    CHECK(b.engine.open_requests() == 1);
    b.engine.release(t, b.now);
    b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.engine.response(t).error() == errc::invalid_argument);
    CHECK(b.engine.response(ticket<get_device_info_request>{9999, 1}).error() == errc::invalid_argument);
    CHECK(b.engine.counters().requests == 5);
    CHECK(b.engine.counters().sent == 5);
    CHECK(b.engine.counters().received == 5);
    CHECK(b.dropped_nothing());
}

TEST_CASE("request: a tail views the engine's copy of the response") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const auto t = b.ask(3, get_config_request{0, 5});
    const auto asked = b.expect<get_config_request>();
    const std::uint8_t data[]{5, 4, 3, 2, 1};
    auto frame = frame_of<v2>(header{.dev_num = 3, .token = asked.head.token},
                              get_config_response{.offset = 0, .length = 5, .config = data});
    b.deliver(frame);
    for (auto& byte : frame) byte = 0xee; // the carrier uses its buffer again
    b.event(completed);
    CHECK(b.engine.response(t)->config == wire::tail<std::uint8_t>{data});
}

TEST_CASE("K5: several requests to one device, answered in any order") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto info = b.ask(3, get_device_info_request{});
    const auto status = b.ask(3, get_device_status_request{});
    const auto asked_info = b.expect<get_device_info_request>();
    const auto asked_status = b.expect<get_device_status_request>();
    CHECK(asked_info.head.token != asked_status.head.token);
    b.reply(asked_status, get_device_status_response{device_status{1}});
    CHECK(b.event(completed).is(status));
    CHECK(open(b, info));
    b.reply(asked_info, plain_info);
    CHECK(b.event(completed).is(info));
}

TEST_CASE("K4: a full table is busy until a ticket comes back") {
    driver_bench<v2> b;
    b.bring_up({3});
    ticket<get_device_status_request> tickets[4];
    for (auto& t : tickets) t = b.ask(3, get_device_status_request{});
    CHECK(refusal(b, 3, get_device_status_request{}) == errc::busy);
    CHECK(b.engine.ping(1).error() == errc::busy);
    b.engine.release(tickets[2], b.now); // it never leaves
    CHECK(b.engine.open_requests() == 3);
    tickets[2] = b.ask(3, get_device_status_request{});
    for (int i = 0; i < 4; ++i) {
        const auto asked = b.expect<get_device_status_request>();
        b.reply(asked, get_device_status_response{device_status{static_cast<unsigned>(i)}});
    }
    CHECK(b.silent());
    for (int i = 0; i < 4; ++i) b.event(completed);
    CHECK(refusal(b, 3, get_device_status_request{}) == errc::busy); // the responses are still to be fetched
    const unsigned order[]{0, 1, 3, 2};                              // the third one was opened last
    for (unsigned i = 0; i < 4; ++i) CHECK(b.engine.response(tickets[order[i]])->status == device_status{i});
    for (const auto& t : tickets) b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("rfc2025: one request per device at a time, another device does not wait") {
    driver_bench<old> b;
    b.bring_up({3, 4});
    const auto t = b.ask(3, get_device_info_request{});
    CHECK(refusal(b, 3, get_device_status_request{}) == errc::busy);
    const auto other = b.ask(4, get_device_status_request{});
    const auto asked = b.expect<get_device_info_request>();
    const auto asked_other = b.expect<get_device_status_request>();
    CHECK(refusal(b, 3, get_device_status_request{}) == errc::busy);
    b.reply(asked_other, get_device_status_response{});
    b.reply(asked, get_device_info_response{.device_id = 1});
    CHECK(b.engine.response(t));
    CHECK(b.engine.response(other));
    const auto next = b.ask(3, get_device_status_request{}); // answered is answered, fetched or not
    b.expect<get_device_status_request>();
    CHECK(open(b, next) == false);
}

TEST_CASE("B2: PING") {
    driver_bench<v2> b;
    b.bring_up({3});
    auto t = b.engine.ping(0xdead'beef);
    REQUIRE(t);
    auto asked = b.expect<ping_request>();
    CHECK(asked.body.data == 0xdead'beef);
    CHECK(asked.head.dev_num == 0);
    b.reply(asked, ping_response{0xdead'beef});
    CHECK(b.event(completed).is(*t));
    CHECK(b.engine.response(*t) == result<ping_response>{ping_response{0xdead'beef}});
    b.engine.release(*t, b.now);

    t = b.engine.ping(1);
    asked = b.expect<ping_request>();
    b.reply(asked, ping_response{2});
    CHECK(failed(b, *t, errc::bad_value));
    CHECK(b.dropped_one(drop_reason::bad_value));
}

// --- threat 1d: any RESPONSE was accepted

TEST_CASE("N3: a response with the wrong class, id or size fails its request") {
    driver_bench<v2> b;
    b.bring_up({0});
    const auto t = b.ask(0, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    auto frame = frame_of<v2>(asked.head, get_device_status_response{device_status{1}});
    errc why = errc::bad_type;
    drop_reason reason = drop_reason::bad_value;
    SUBCASE("class") { frame[0] = 3; }
    SUBCASE("id") { frame[1] = 8; }
    SUBCASE("too short") {
        frame[6] = 11;
        why = errc::bad_length;
        reason = drop_reason::malformed;
    }
    SUBCASE("too long") {
        frame.push_back(0);
        frame[6] = 13;
        why = errc::bad_length;
        reason = drop_reason::malformed;
    }
    b.deliver(frame);
    CHECK(failed(b, t, why));
    CHECK(b.dropped_one(reason));
    CHECK_FALSE(b.engine.device(0)->status_known);
    b.reply(asked, get_device_status_response{device_status{1}}); // the right one comes too late
    CHECK(b.dropped_one(drop_reason::stale));
    b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("rfc2025: a response with another id or class is none to the open request") {
    driver_bench<old> b;
    b.bring_up({0, 3});
    const auto t = b.ask(0, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    b.reply(asked, get_device_info_response{.device_id = 1});
    CHECK(b.dropped_one(drop_reason::stale));
    b.reply(asked, ping_response{});
    CHECK(b.dropped_one(drop_reason::stale));
    b.deliver({.dev_num = 3}, get_device_status_response{});
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(open(b, t));
    b.reply(asked, get_device_status_response{});
    CHECK(b.event(completed).is(t));
}

TEST_CASE("H3: the reserved type bits of a response are ignored") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const auto t = b.ask(3, get_config_request{0, 4});
    const auto asked = b.expect<get_config_request>();
    const std::uint8_t data[]{1, 2, 3, 4};
    auto frame = frame_of<v2>(asked.head, get_config_response{.offset = 0, .length = 4, .config = data});
    frame[0] = 0xfd;
    b.deliver(frame);
    b.event(completed);
    CHECK(b.engine.response(t));
}

TEST_CASE("H8: padding after a response is ignored") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    auto frame = frame_of<v2>(asked.head, get_device_status_response{device_status{1}});
    frame.resize(104, 0xee);
    b.deliver(frame);
    b.event(completed);
    CHECK(b.engine.response(t)->status == device_status{1});
}

TEST_CASE("E3: a duplicate answers nothing") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    b.reply(asked, get_device_status_response{device_status{1}});
    b.reply(asked, get_device_status_response{device_status{3}});
    CHECK(b.dropped_one(drop_reason::stale));
    b.event(completed);
    CHECK(b.no_event());
    CHECK(b.engine.response(t)->status == device_status{1}); // the first one wins
    CHECK(b.engine.device(3)->status == device_status{1});
}

// --- threats 1b, 1c: late answers

TEST_CASE("K4: a ticket stays valid until it is given back, whatever happens to its token") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    SUBCASE("the answer comes before its user has heard") {
        b.reply(asked, get_device_status_response{});
        CHECK(b.dropped_one(drop_reason::late));
        CHECK(failed(b, t, errc::timed_out));
    }
    SUBCASE("the answer comes after that") {
        CHECK(failed(b, t, errc::timed_out));
        b.reply(asked, get_device_status_response{});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("the quarantine ends before its user has heard") {
        b.now += 10 * seconds;
        b.engine.handle_timeout(b.now);
        CHECK(failed(b, t, errc::timed_out));
    }
    SUBCASE("the quarantine ends after that") {
        CHECK(failed(b, t, errc::timed_out));
        b.now += 10 * seconds;
        b.engine.handle_timeout(b.now);
    }
    CHECK(b.no_event());
    CHECK(b.engine.response(t).error() == errc::timed_out);
    CHECK(b.engine.open_requests() == 1);
    b.engine.release(t, b.now);
    CHECK(b.engine.open_requests() == 0);
    CHECK(b.engine.response(t).error() == errc::invalid_argument);
}

TEST_CASE("K4: the token of a request without an answer rests for ten seconds, given back or not") {
    for (const bool times_out : {true, false}) {
        for (const bool late_answer : {true, false}) {
            CAPTURE(times_out);
            CAPTURE(late_answer);
            driver_bench<v2> b;
            b.bring_up({3});
            const auto t = b.ask(3, get_device_status_request{});
            const auto asked = b.expect<get_device_status_request>();
            if (times_out) {
                b.now += 5 * seconds;
                b.engine.handle_timeout(b.now);
                b.event(completed);
            }
            b.engine.release(t, b.now);
            CHECK(b.no_event());
            CHECK(b.engine.response(t).error() == errc::invalid_argument);
            b.now += 10 * seconds - 1;
            b.engine.handle_timeout(b.now);
            CHECK(b.engine.open_requests() == 1);
            if (late_answer) {
                b.reply(asked, get_device_status_response{device_status{1}});
                CHECK(b.dropped_one(drop_reason::late));
            } else {
                b.now += 1;
                b.engine.handle_timeout(b.now);
            }
            CHECK(b.engine.open_requests() == 0);
            CHECK(b.no_event());
            CHECK_FALSE(b.engine.device(3)->status_known);
        }
    }
}

TEST_CASE("rfc2025: a request that timed out blocks its device until its answer came or cannot come any more") {
    driver_bench<old> b(driver_options_for<old>(event_method::indirect)); // no EVENT_POLL between
    b.bring_up({3, 4});
    b.now = 20 * seconds;
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, t, errc::timed_out));
    b.engine.release(t, b.now);
    CHECK(refusal(b, 3, get_device_status_request{}) == errc::busy);
    CHECK(refusal(b, 4, get_device_status_request{}) == errc::none);
    SUBCASE("late answer") {
        b.reply(asked, get_device_status_response{device_status{1}});
        CHECK(b.dropped_one(drop_reason::late));
    }
    SUBCASE("end of the quarantine") {
        b.now += 10 * seconds;
        b.engine.handle_timeout(b.now);
    }
    CHECK_FALSE(b.engine.device(3)->status_known);
    const auto next = b.ask(3, get_device_status_request{});
    b.reply(b.expect<get_device_status_request>(), get_device_status_response{device_status{3}});
    CHECK(b.event(completed).is(next));
}

// --- what responses say

TEST_CASE("threats 2: a response with illegal values fails its request and teaches nothing") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const known_device before = *b.engine.device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    errc why = errc::none;
    const auto info = [&](auto change) {
        get_device_info_response m = plain_info;
        m.config_size = 1000;
        change(m);
        return b.exchange(3, get_device_info_request{}, m);
    };
    SUBCASE("queues") {
        why = info([](auto& m) { m.max_virtqueues = 65537; });
    }
    SUBCASE("administration queues beyond the last") {
        why = info([](auto& m) { m.admin_vq_start = 1, m.admin_vq_count = 2; });
    }
    SUBCASE("a range that wraps") {
        why = info([](auto& m) { m.admin_vq_start = ~0u, m.admin_vq_count = 2; });
    }
    SUBCASE("a start without a count") {
        why = info([](auto& m) { m.admin_vq_start = 1; });
    }
    SUBCASE("status") { why = b.exchange(3, get_device_status_request{}, {device_status{0x10f}}); }
    SUBCASE("status after a write") {
        why = b.exchange(3, set_device_status_request{device_status{0xf}}, {device_status{0x8000'000f}});
    }
    SUBCASE("K9: other feature blocks") {
        const std::uint32_t words[2]{};
        why = b.exchange(3, get_device_features_request{0, 2}, {1, 2, words});
    }
    SUBCASE("K9: fewer feature blocks") {
        const std::uint32_t words[1]{};
        why = b.exchange(3, get_device_features_request{0, 2}, {0, 1, words});
    }
    SUBCASE("K9: other configuration") {
        why = b.exchange(3, get_config_request{8, 4}, {.generation = 66, .offset = 12, .length = 4, .config = data});
    }
    SUBCASE("K9: less configuration") {
        why = b.exchange(3, get_config_request{8, 4}, {.generation = 66, .offset = 8, .length = 0});
    }
    SUBCASE("C6: a part of a write") {
        why = b.exchange(3, set_config_request{.offset = 8, .length = 4, .config = data},
                         {.generation = 66, .offset = 8, .length = 2});
    }
    SUBCASE("K9: another queue") { why = b.exchange(3, get_vqueue_request{0}, {.index = 1, .max_size = 4}); }
    SUBCASE("Q6: unknown flags") {
        why = b.exchange(3, get_vqueue_request{0}, {.index = 0, .max_size = 4, .cur_size = 4, .flags = 2});
    }
    SUBCASE("Q6: enabled without a size") {
        why = b.exchange(3, get_vqueue_request{0}, {.index = 0, .max_size = 4, .flags = 1});
    }
    SUBCASE("Q2: an unavailable queue with an address") {
        why = b.exchange(3, get_vqueue_request{0}, {.index = 0, .driver_addr = bus_address{1}});
    }
    SUBCASE("K9: another region") { why = b.exchange(3, get_shm_request{1}, {.shmid = 2}); }
    SUBCASE("G1: reserved") { why = b.exchange(3, get_shm_request{1}, {.shmid = 1, .reserved = 1}); }
    CHECK(why == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    const known_device& after = *b.engine.device(3);
    CHECK(after.status == before.status);
    CHECK(after.config_size == before.config_size);
    CHECK(after.generation == before.generation);
    CHECK(after.max_virtqueues == before.max_virtqueues);
    CHECK(b.engine.open_requests() == 0);
}

TEST_CASE("Q1, C6, G1: answers that say no are answers") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const std::uint8_t data[]{1, 2, 3, 4};
    CHECK(b.exchange(3, get_vqueue_request{1}, {.index = 1}) == errc::none);
    CHECK(b.exchange(3, get_shm_request{1}, {.shmid = 1}) == errc::none);
    CHECK(b.exchange(3, set_config_request{.offset = 8, .length = 4, .config = data}, {.offset = 8}) == errc::none);
    CHECK(b.exchange(3, set_config_request{.offset = 8, .length = 4, .config = data}, {.offset = 8, .length = 4}) ==
          errc::none);
    CHECK(b.dropped_nothing());
}

// --- FFA_ERROR

TEST_CASE("N3: an ERROR fails the request that it names") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    const std::uint16_t token = asked.head.token;
    SUBCASE("right") {
        b.reply(asked, error_response{7});
        CHECK(failed(b, t, errc::peer_error));
        CHECK(b.dropped_nothing());
        CHECK(b.engine.state() == bus_state::ready); // one request of one device
    }
    SUBCASE("it names another request") {
        b.reply(asked, error_response{5});
        CHECK(failed(b, t, errc::bad_type));
        CHECK(b.dropped_one(drop_reason::bad_value));
    }
    SUBCASE("it names no possible request") {
        b.reply(asked, error_response{0x107});
        CHECK(failed(b, t, errc::bad_value));
        CHECK(b.dropped_one(drop_reason::bad_value));
    }
    SUBCASE("it is too long") {
        auto frame = frame_of<v2>(asked.head, error_response{7});
        frame.resize(16);
        frame[6] = 16;
        b.deliver(frame);
        CHECK(failed(b, t, errc::bad_length));
        CHECK(b.dropped_one(drop_reason::malformed));
    }
    SUBCASE("it names no device") {
        b.deliver({.dev_num = 0, .token = token}, error_response{7});
        CHECK(b.dropped_one(drop_reason::stale));
        CHECK(open(b, t));
    }
    SUBCASE("its token is another one") {
        b.deliver({.dev_num = 3, .token = 0x7777}, error_response{7});
        CHECK(b.dropped_one(drop_reason::stale));
        CHECK(open(b, t));
    }
    SUBCASE("twice") {
        b.reply(asked, error_response{7});
        b.reply(asked, error_response{7});
        CHECK(failed(b, t, errc::peer_error));
        CHECK(b.dropped_one(drop_reason::stale));
    }
}

TEST_CASE("N3: an ERROR fails a bus request as well, and the bus with it") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto t = b.engine.ping(1);
    REQUIRE(t);
    b.reply(b.expect<ping_request>(), error_response{3});
    CHECK(b.event(bus_failed).error == errc::peer_error); // only a device side that has started anew does not know PING
    CHECK(failed(b, *t, errc::peer_error));
    CHECK(b.dropped_nothing());
}

TEST_CASE("3.3: the older revisions have no ERROR") {
    driver_bench<old> b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    b.expect<get_device_status_request>();
    b.deliver({0x03, 0x87, 0x03, 0x00, 0x08, 0x00, 0x07, 0x00});
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(open(b, t));
}

// --- threats 1a, 1g: sizes

// --- devices that go away

TEST_CASE("B5: the requests of a device that is removed fail at once, and their answers are late") {
    driver_bench<v2> b;
    b.bring_up({3, 4});
    const auto sent = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    const auto queued = b.ask(3, get_device_info_request{});
    const auto other = b.ask(4, get_device_info_request{});
    b.deliver({}, event_device{3, device_state::removed});
    int ended = 0;
    for (int i = 0; i < 2; ++i) {
        const driver_event e = b.event(completed);
        CHECK(e.error == errc::no_device);
        CHECK(e.dev_num == 3);
        ended += e.is(sent) ? 1 : e.is(queued) ? 10 : 100;
    }
    CHECK(ended == 11);
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.no_event());
    CHECK(b.engine.device(3) == nullptr);
    CHECK(refusal(b, 3, get_device_info_request{}) == errc::no_device);
    const auto asked_other = b.expect<get_device_info_request>(); // the other request is the only one left
    CHECK(asked_other.head.dev_num == 4);
    CHECK(b.silent());
    b.reply(asked, get_device_status_response{device_status{1}});
    CHECK(b.dropped_one(drop_reason::late));
    CHECK(open(b, other));
    b.engine.release(sent, b.now);
    b.engine.release(queued, b.now);
    CHECK(b.engine.open_requests() == 1);
}
