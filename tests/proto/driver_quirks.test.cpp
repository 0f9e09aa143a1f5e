// SPDX-License-Identifier: BSD-2-Clause
// Driver sides against scripted peers with each of their known deviations.
#include <vmsg/proto/driver_quirks.hpp>
#include <vmsg/quirk.hpp>

#include "proto/support/driver_bench.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <vector>

using namespace vmsg;
using namespace vmsg::proto;
using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;

constexpr driver_capacity with(const quirk_set& quirks) {
    driver_capacity c = bench_capacity;
    c.quirks = quirks;
    return c;
}
template <revision R, quirk... Q> using bench_of = driver_bench<R, with(quirk_set{Q...})>;

using bytes = std::vector<std::uint8_t>;

/// A response as its peer writes it: header, then what it likes.
template <revision R>
bytes response(std::uint8_t type, std::uint8_t id, std::uint16_t dev, std::uint16_t token, const bytes& payload = {},
               int size = -1) {
    bytes f{type, id, static_cast<std::uint8_t>(dev), static_cast<std::uint8_t>(dev >> 8)};
    if (R != old) f.insert(f.end(), {static_cast<std::uint8_t>(token), static_cast<std::uint8_t>(token >> 8)});
    const std::size_t whole = f.size() + 2 + payload.size();
    const auto says = static_cast<std::uint16_t>(size < 0 ? whole : static_cast<std::size_t>(size));
    f.insert(f.end(), {static_cast<std::uint8_t>(says), static_cast<std::uint8_t>(says >> 8)});
    f.insert(f.end(), payload.begin(), payload.end());
    return f;
}
/// GET_DEVICES with the fields of the older revisions.
bytes devices_v1(std::uint16_t count, std::size_t bitmap) {
    bytes p{0, 0, static_cast<std::uint8_t>(count), static_cast<std::uint8_t>(count >> 8), 0, 0};
    p.resize(6 + bitmap);
    p[6] = 0x09; // devices 0 and 3
    return p;
}
constexpr std::uint8_t get_devices_id = row_of<get_devices_request>.id;

/// What a request for the device information comes to, when this is the answer.
template <class Bench> errc info_answered_by(Bench& b, const bytes& answer) {
    const auto t = b.ask(3, get_device_info_request{});
    const auto asked = b.template expect<get_device_info_request>();
    bytes f = answer;
    if (Bench::rev != old && f.size() >= 6 && f[4] == 0xff) {
        f[4] = static_cast<std::uint8_t>(asked.head.token);
        f[5] = static_cast<std::uint8_t>(asked.head.token >> 8);
    }
    b.deliver(f);
    const errc why = b.engine.response(t).error();
    while (!b.no_event()) {}
    b.engine.release(t, b.now);
    return why;
}

} // namespace

// --- VERSION

TEST_CASE("quirk version_18_18, version_8_18, version_12_22: each revision asks with its own size") {
    const auto asked = [](auto b) {
        REQUIRE(b.engine.start(b.now));
        b.template expect<version_request>();
        return b.last_frame().size();
    };
    CHECK(asked(driver_bench<old>{}) == 6 + 18);
    CHECK(asked(driver_bench<v1>{}) == 8 + 8);
    CHECK(asked(driver_bench<v2>{}) == 8 + 12);
}

TEST_CASE("quirk version_18_18_bus_1_0: 18 bytes behind the header of oasis_v1") {
    bench_of<v1, quirk::version_18_18_bus_1_0> b;
    REQUIRE(b.engine.start(b.now));
    const auto frame = b.engine.poll_transmit(b.now);
    REQUIRE(frame);
    const bytes got(frame->begin(), frame->end());
    CHECK(got == bytes{0x02, 0x80, 0, 0, 2, 0, 26, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x0c, 0, 0, 0, 0xff, 0xff});
    b.engine.handle_sent({}, b.now);
    b.deliver({.token = 2}, b.version());
    CHECK(b.engine.state() == bus_state::configuring);
}

TEST_CASE("quirk version_zero_on_mismatch, version_zero_fields: nothing in common is an error, not a version") {
    driver_bench<v1> b;
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), version_response{});
    CHECK(has_failed(b, errc::unsupported_revision));
    driver_bench<old> c; // features and areas are there, the revision is zero
    REQUIRE(c.engine.start(c.now));
    version_response half = c.version();
    half.transport_revision = 0;
    c.reply(c.expect<version_request>(), half);
    CHECK(has_failed(c, errc::unsupported_revision));
}

TEST_CASE("quirk features_rx_only: without the option half a pair is no method") {
    driver_options options = driver_options_for<v1>();
    options.bus_features = bus_feature::direct_rx | bus_feature::direct_tx;
    const auto agrees = [&](auto& b) {
        b.carriers = bus_feature::direct_rx | bus_feature::notif_tx; // 0x21
        REQUIRE(b.engine.start(b.now));
        b.reply(b.template expect<version_request>(), b.version());
        return b.engine.methods();
    };
    driver_bench<v1> strict(options);
    CHECK(agrees(strict) == transfer_methods::none);
    CHECK(has_failed(strict, errc::not_supported));
    bench_of<v1, quirk::features_rx_only> b(options);
    CHECK(agrees(b) == transfer_methods::direct);
    CHECK(b.engine.state() == bus_state::configuring);
}

TEST_CASE("quirk area_max_0xff: no area has a higher id") {
    driver_bench<v1> b;
    REQUIRE(b.engine.start(b.now));
    version_response got = b.version();
    got.max_areas = 1;
    b.reply(b.expect<version_request>(), got);
    b.reply(b.expect<event_configure_request>(), event_configure_response{});
    b.enumerated({});
    CHECK(b.shared_area() == 1);
    CHECK(b.engine.share_area(1, 1, area_attrs::share).error() == errc::full);
}

TEST_CASE("quirk area_16_48_with_6_byte_header: the id stands at bit 48") {
    constexpr quirk_set trusty{quirk::area_16_48_with_6_byte_header};
    CX_CHECK(*make_bus_address<old>(2, 0x1000, trusty) == bus_address{0x0002'0000'0000'1000});
    CX_CHECK(*make_bus_address<old>(2, 0x1000, quirk_set{}) == bus_address{0x0200'0000'0000'1000});
}

TEST_CASE("quirk max_message_96: no longer message is sent, and no answer is asked for that would be") {
    driver_options options = driver_options_for<v1>();
    options.max_msg_size = 96;
    driver_bench<v1> b(options);
    b.bring_up({3});
    b.negotiated_device(3, 1, 200);
    CHECK(b.engine.request(3, get_config_request{0, 80}, b.now).error() != errc::none);
    std::uint8_t data[90]{};
    CHECK(b.engine.request(3, set_config_request{0, 0, 90, data}, b.now).error() != errc::none);
}

// --- GET_DEVICES

TEST_CASE("quirk get_devices_popcount, get_devices_bitmap_by_request, get_devices_offset0_only: OP-TEE's answer") {
    const auto answered = [](auto b, std::size_t bitmap) {
        b.negotiate();
        const auto asked = b.template expect<get_devices_request>();
        CHECK(asked.body.offset == 0);
        b.deliver(response<v1>(0x03, get_devices_id, 0, asked.head.token, devices_v1(2, bitmap)));
        while (b.engine.poll_event().kind == driver_event_kind::device_added) {}
        return b.engine.device(3) != nullptr && b.engine.state() == bus_state::ready;
    };
    CHECK(answered(bench_of<v1, quirk::get_devices_popcount>{}, 32));
    CHECK(answered(bench_of<v1, quirk::get_devices_bitmap_by_request>{}, 31)); // rounded down
    CHECK_FALSE(answered(driver_bench<v1>{}, 32));                             // a count of 2 has one byte
}

TEST_CASE("quirk get_devices_size_by_slots: the bitmap ends before the message") {
    const auto answered = [](auto b) {
        b.negotiate();
        const auto asked = b.template expect<get_devices_request>();
        bytes p = devices_v1(64, 64); // 64 slots, 8 bytes of bitmap
        b.deliver(response<v1>(0x03, get_devices_id, 0, asked.head.token, p));
        return b.engine.device(3) != nullptr;
    };
    CHECK(answered(bench_of<v1, quirk::get_devices_size_by_slots>{}));
    CHECK_FALSE(answered(driver_bench<v1>{}));
}

TEST_CASE("quirk get_devices_order_v1, get_devices_u8_bitmap: one byte of devices, in the order of the revision") {
    driver_bench<old> b;
    b.negotiate();
    b.expect<get_devices_request>();
    b.deliver(response<old>(0x03, get_devices_id, 0, 0, devices_v1(8, 1)));
    CHECK(announced(b) == std::vector<int>{0, 3});
}

TEST_CASE("quirk get_devices_next_nonzero_at_end: the windows end with the device numbers") {
    driver_bench<v1> b;
    b.negotiate();
    for (std::uint32_t window = 0; window < 256; ++window) {
        const auto asked = b.expect<get_devices_request>();
        CHECK(asked.body.offset == window * 256);
        const bytes none(32);
        b.reply(asked, get_devices_response{.offset = asked.body.offset,
                                            .next_offset = static_cast<std::uint16_t>(asked.body.offset + 256),
                                            .count = 256,
                                            .bitmap = none});
    }
    CHECK(b.engine.state() == bus_state::ready);
}

TEST_CASE("quirk bus_response_token_zero, token_fixed: one token for all") {
    for (const unsigned token : {0u, 1u}) {
        driver_options options = driver_options_for<v1>();
        options.tokens = token == 0 ? token_source::none : token_source::fixed;
        driver_bench<v1> b(options);
        b.bring_up({3}); // the answers repeat it
        b.ask(3, get_device_info_request{});
        CHECK(b.expect<get_device_info_request>().head.token == token);
    }
}

// --- errors and null messages

TEST_CASE("quirk null_msg_size_6: a refusal of 6 bytes, whatever the size of a header") {
    bench_of<v1, quirk::null_msg_size_6> b;
    b.bring_up({3});
    CHECK(info_answered_by(b, response<v1>(0x01, 0, 0, 0, {}, 6)) == errc::peer_error);
    CHECK(info_answered_by(b, response<v1>(0x03, 0, 0, 0, {}, 6)) == errc::peer_error);
    driver_bench<v1> strict;
    strict.bring_up({3});
    CHECK(info_answered_by(strict, response<v1>(0x01, 0, 0, 0, {}, 6)) == errc::would_block);
    CHECK(strict.dropped_one(drop_reason::malformed));
    bench_of<old, quirk::null_msg_size_6> six;
    six.bring_up({3});
    CHECK(info_answered_by(six, response<old>(0x01, 0, 0, 0)) == errc::peer_error);
}

TEST_CASE("quirk null_msg_size_8, set_config_missing, get_shm_missing: the request has failed, the bus goes on") {
    driver_bench<v1> b;
    b.bring_up({3});
    b.negotiated_device(3);
    const auto null = response<v1>(0x03, 0, 0, 0);
    const auto refused = [&](const auto& m) {
        const auto t = b.ask(3, m);
        b.template expect<std::decay_t<decltype(m)>>();
        b.deliver(null);
        const bool right = failed(b, t, errc::peer_error);
        b.engine.release(t, b.now);
        return right;
    };
    std::uint8_t data[4]{};
    CHECK(refused(set_config_request{0, 0, 4, data}));
    CHECK(refused(get_shm_request{1}));
    CHECK(b.engine.state() == bus_state::ready);
}

TEST_CASE("quirk null_msg_echo_id: a header without a device refuses the request of its token") {
    const auto null = response<v1>(0x01, row_of<get_device_info_request>.id, 0, 0xff);
    bench_of<v1, quirk::null_msg_echo_id> b;
    b.bring_up({3});
    CHECK(info_answered_by(b, null) == errc::peer_error);
    driver_bench<v1> strict;
    strict.bring_up({3});
    CHECK(info_answered_by(strict, null) == errc::would_block);
    CHECK(strict.dropped_one(drop_reason::stale));
}

TEST_CASE("quirk zero_payload_error: zeroes without a device refuse, zeroes of a device are an answer") {
    bench_of<v1, quirk::zero_payload_error> b;
    b.bring_up({3});
    const auto id = row_of<get_device_info_request>.id;
    CHECK(info_answered_by(b, response<v1>(0x01, id, 0, 0xff, bytes(24))) == errc::peer_error);
    CHECK(info_answered_by(b, response<v1>(0x01, id, 3, 0xff, bytes(24))) == errc::no_device); // device id 0
    driver_bench<v1> strict;
    strict.bring_up({3});
    CHECK(info_answered_by(strict, response<v1>(0x01, id, 0, 0xff, bytes(24))) == errc::would_block);
}

TEST_CASE("quirk bus_error_message, transport_error_message: FFA_ERROR fails the request that it names") {
    driver_bench<v2> b;
    b.bring_up({3});
    CHECK(info_answered_by(b, response<v2>(0x03, 0x87, 3, 0xff, {row_of<get_device_info_request>.id, 0})) ==
          errc::peer_error);
    CHECK(b.engine.state() == bus_state::ready); // a device side that cannot store the request says so, too
    const auto t = b.engine.ping(1);
    REQUIRE(t);
    const auto asked = b.expect<ping_request>();
    b.reply(asked, error_response{row_of<ping_request>.id});
    CHECK(b.engine.response(*t).error() == errc::peer_error);
    CHECK(b.engine.state() == bus_state::failed); // the bus is not known there any more
}

TEST_CASE("quirk no_reply: silence ends with the time") {
    driver_bench<v1> b;
    b.bring_up({3});
    const auto t = b.ask(3, set_device_status_request{device_status::reset});
    b.expect<set_device_status_request>();
    b.now += 6 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, t, errc::timed_out));
}

TEST_CASE("quirk get_config_out_of_range_length_0: the answer is refused, the device is not broken") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.negotiated_device(3);
    CHECK(b.exchange(3, get_config_request{0, 8}, {.offset = 0, .length = 0}) == errc::bad_value);
    CHECK(b.exchange(3, get_device_status_request{}, {device_status{0xb}}) == errc::none);
}

TEST_CASE("quirk extra_length_accepted, strict_type_compare: what is sent has its exact length and type") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.ask(3, get_device_info_request{});
    b.expect<get_device_info_request>();
    CHECK(b.last_frame() == bytes{0x00, 0x02, 3, 0, b.last_frame()[4], 0, 8, 0});
}

TEST_CASE("quirk feature_block_limit: no request for more blocks than fit") {
    driver_bench<v2> b;
    b.bring_up({3});
    get_device_info_response info{.device_id = 2, .num_feature_blocks = 100, .config_size = 8, .max_virtqueues = 1};
    REQUIRE(b.exchange(3, get_device_info_request{}, info) == errc::none);
    for (const unsigned s : {0x0u, 0x1u, 0x3u}) b.status(3, s);
    CHECK(b.engine.request(3, get_device_features_request{0, 23}, b.now).error() == errc::oversize);
    b.ask(3, get_device_features_request{0, 22});
}

// --- events

TEST_CASE("quirk event_poll_missing: nobody is asked, every queue of a running device is looked at") {
    bench_of<v1, quirk::event_poll_missing> b;
    b.bring_up({3, 4});
    b.running_device(3);
    b.now += 200 * milliseconds;
    CHECK(b.silent());
    const auto e = b.event(driver_event_kind::used);
    CHECK(e.dev_num == 3);
    CHECK(e.index == every_queue);
    CHECK(b.no_event());
    CHECK(b.silent()); // until the next interval
    CHECK(b.no_event());
    CHECK(b.engine.poll_timeout() == b.now + 100 * milliseconds);
}

TEST_CASE("quirk event_configure_ignored, event_configure_once: one request, and SUCCESS ends it") {
    driver_bench<v2> b(driver_options_for<v2>(event_method::indirect));
    b.bring_up();
    b.now += 10 * seconds;
    CHECK(b.silent());
}

TEST_CASE("quirk event_configure_replaces, N8: INDIRECT or NOTIF that is refused is tried again as POLL") {
    for (const event_method wanted : {event_method::indirect, event_method::notif})
        for (const bus_result no : {bus_result::error, bus_result::busy}) {
            driver_bench<v1> b(driver_options_for<v1>(wanted));
            REQUIRE(b.engine.start(b.now));
            b.reply(b.expect<version_request>(), b.version());
            const auto first = b.expect<event_configure_request>();
            CHECK(first.body.method == wanted);
            b.reply(first, event_configure_response{no});
            const auto second = b.expect<event_configure_request>();
            CHECK(second.body.method == event_method::poll);
            b.reply(second, event_configure_response{});
            b.enumerated({});
            b.event(driver_event_kind::bus_ready);
            CHECK(b.engine.events() == event_method::poll);
            CHECK(b.engine.events_refused() == (no == bus_result::busy ? errc::busy : errc::peer_error));
            b.now += 1 * seconds;
            b.expect<event_poll_request>();
        }
}

TEST_CASE("N8, R3: with NOTIF events are asked for when a notification comes, and now and then in case one is lost") {
    driver_bench<v2> b(driver_options_for<v2>(event_method::notif));
    b.bring_up();
    CHECK(b.silent());
    b.engine.poll_now(b.now);
    const auto asked = b.expect<event_poll_request>();
    b.reply(asked, event_poll_response{});
    b.now += 900 * milliseconds;
    CHECK(b.silent());
    b.now += 100 * milliseconds;
    b.expect<event_poll_request>();
}

TEST_CASE("quirk event_configure_absent: rfc2025 goes from VERSION to the devices") {
    driver_bench<old> b;
    REQUIRE(b.engine.start(b.now));
    b.reply(b.expect<version_request>(), b.version());
    b.expect<get_devices_request>();
}

TEST_CASE("quirk event_token_counter: an event with a token of its own is taken") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    b.deliver({.dev_num = 3, .token = 0x1234}, event_used{1});
    CHECK(b.event(driver_event_kind::used).index == 1);
}

TEST_CASE("quirk event_ack_bus_response, event_ack_echo_id: both acknowledge an EVENT_AVAIL") {
    driver_bench<v1> b;
    b.bring_up({3});
    b.running_device(3);
    for (const bytes& ack : {response<v1>(0x03, 0, 0, 0), response<v1>(0x01, 0x41, 3, 0)}) {
        REQUIRE(b.engine.notify(3, 0, 0));
        b.expect<event_avail>();
        b.deliver(ack);
        CHECK(b.dropped_nothing());
        CHECK(b.no_event());
    }
}

// --- devices

TEST_CASE("quirk device_info_v1, vqueue_unpadded, set_vqueue_enables: the layouts of the older revisions") {
    CHECK(fixed_msg_size<get_device_info_response, v1> == 8 + 24);
    CHECK(fixed_msg_size<get_device_info_response, v2> > 8 + 24);
    CHECK(fixed_msg_size<set_vqueue_request, old> == 42);
}

TEST_CASE("quirk device_info_config_size_0: the configuration is read although it has no bytes") {
    const get_device_info_response info{.device_id = 2, .num_feature_bits = 64, .max_virtqueues = 1};
    const auto reads = [&](auto b) {
        b.bring_up({3});
        REQUIRE(b.exchange(3, get_device_info_request{}, info) == errc::none);
        for (const unsigned s : {0x0u, 0x1u, 0x3u}) b.status(3, s);
        return b.engine.request(3, get_config_request{0, 8}, b.now).error();
    };
    CHECK(reads(bench_of<v1, quirk::device_info_config_size_0>{}) == errc::none);
    CHECK(reads(driver_bench<v1>{}) == errc::invalid_argument);
}

TEST_CASE("quirk device_info_bogus_admin: the second of two queues may be called the one for administration") {
    driver_bench<old> b;
    b.bring_up({3});
    CHECK(b.exchange(3, get_device_info_request{},
                     {.device_id = 19,
                      .num_feature_bits = 64,
                      .config_size = 8,
                      .max_virtqueues = 2,
                      .admin_vq_start = 1,
                      .admin_vq_count = 1}) == errc::none);
}

TEST_CASE("quirk set_config_no_echo: an answer that repeats the length and has no data") {
    driver_bench<v1> b;
    b.bring_up({3});
    b.negotiated_device(3);
    std::uint8_t data[4]{1, 2, 3, 4};
    const auto t = b.ask(3, set_config_request{0, 0, 4, data});
    const auto asked = b.expect<set_config_request>();
    b.deliver(
        response<v1>(0x01, row_of<set_config_request>.id, 3, asked.head.token, {0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0}));
    CHECK(b.engine.response(t).error() == errc::none);
}

TEST_CASE("quirk set_config_generation_enforced: the last generation goes with a write") {
    driver_bench<v1> b;
    b.bring_up({3});
    b.negotiated_device(3);
    std::uint8_t data[4]{};
    REQUIRE(b.exchange(3, get_config_request{0, 4}, {.generation = 7, .offset = 0, .length = 4, .config = data}) ==
            errc::none);
    b.ask(3, set_config_request{0, 0, 4, data});
    CHECK(b.expect<set_config_request>().body.generation == 7);
}

// --- reset and areas

TEST_CASE("quirk reset_always_error: closing fails, a new start does not") {
    driver_bench<v1> b;
    b.bring_up({3});
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.expect<reset_request>(), reset_response{bus_result::error});
    CHECK(b.event(driver_event_kind::bus_failed).error == errc::peer_error);
    while (!b.no_event()) {}
    b.negotiate();
    b.enumerated({3});
    CHECK(b.engine.state() == bus_state::ready);
}

TEST_CASE("quirk area_release_missing: AREA_UNSHARE is sent until it is granted") {
    driver_bench<v1> b;
    b.bring_up();
    const auto id = b.shared_area();
    REQUIRE(b.engine.unshare_area(id));
    for (int i = 0; i < 3; ++i) {
        b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::busy});
        CHECK(b.no_event());
        b.now += 1 * seconds;
        b.engine.poll_now(b.now + 10 * seconds);
    }
    b.reply(b.expect<area_unshare_request>(), area_unshare_response{id, bus_result::success});
    CHECK(b.event(driver_event_kind::area_released).index == id);
}

TEST_CASE(
    "quirk area_attrs_ignored, area_share_error_leaks: what is wrong is not sent, what is refused is given back") {
    driver_bench<v2> b;
    b.bring_up();
    CHECK(b.engine.share_area(1, 0, area_attrs::usual).error() == errc::invalid_argument);
    CHECK(b.engine.share_area(1, 1, area_attrs{3}).error() == errc::invalid_argument);
    const auto id = b.engine.share_area(1, 1, area_attrs::usual);
    REQUIRE(id);
    b.reply(b.expect<area_share_request>(), area_share_response{*id, bus_result::error});
    CHECK(b.event(driver_event_kind::area_refused).index == *id); // its owner takes the memory back
    CHECK(b.engine.open_areas() == 0);
}

// --- what no quirk can do

TEST_CASE("a frame that is mended is judged like any other") {
    constexpr quirk_set all = quirks_of::optee_l0 | quirks_of::optee_l1 | quirks_of::optee_qb | quirks_of::qemu_amd |
                              quirk_set{quirk::null_msg_echo_id};
    driver_bench<v1, with(all)> b;
    b.bring_up({3});
    for (std::size_t size = 0; size < 130; ++size)
        for (const unsigned value : {0x00u, 0x01u, 0x03u, 0x06u, 0xffu}) {
            const auto fill = static_cast<std::uint8_t>(value);
            b.deliver(bytes(size, fill));
            b.deliver(response<v1>(0x03, get_devices_id, 0, fill, bytes(size, fill), static_cast<int>(value * 257)));
        }
    CHECK(b.engine.state() == bus_state::ready);
    CHECK(b.engine.device_count() == 1);
}
