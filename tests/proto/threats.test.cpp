// SPDX-License-Identifier: BSD-2-Clause
// The defects of the drivers of 2025 and of their successors, by letter: none of them is here.
#include "proto/support/device_bench.hpp"
#include "proto/support/driver_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

} // namespace

// --- a, g: the peer's msg_size was the size of a copy

TEST_CASE_TEMPLATE_DEFINE("threats a, g: msg_size is bounded by what was delivered", Bench, any_size) {
    Bench b;
    b.bring_up({3});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.template expect<get_device_status_request>();
    const std::size_t most = b.engine.max_msg_size();
    auto frame = frame_of<Bench::rev>(asked.head, get_device_status_response{device_status{1}});
    const std::size_t right = frame.size();
    frame.resize(most, 0xee);
    const std::size_t size_at = header_size<Bench::rev> - 2;
    for (std::size_t size = 0; size <= 0xffff; ++size) {
        if (size >= header_size<Bench::rev> && size <= most) continue; // below
        store_le(frame.data() + size_at, static_cast<std::uint16_t>(size));
        b.deliver(frame);
    }
    CHECK(b.engine.counters().dropped[drop_reason::malformed] == 0x10000 - (most + 1 - header_size<Bench::rev>));
    CHECK(open(b, t));
    for (std::size_t delivered = 0; delivered < right; ++delivered) { // cut off
        store_le(frame.data() + size_at, static_cast<std::uint16_t>(right));
        b.deliver(byte_view{frame.data(), delivered});
    }
    CHECK(open(b, t));
    frame.resize(most + 1); // more than the maximum of the bus
    b.deliver(frame);
    CHECK(open(b, t));
    frame.resize(2000);
    b.deliver(frame);
    CHECK(open(b, t));
    CHECK(b.engine.counters().dropped[drop_reason::malformed] == b.engine.counters().dropped.total());
    frame.resize(most);
    b.deliver(frame);
    CHECK(b.event(completed).is(t));
    CHECK(b.engine.response(t)->status == device_status{1});

    for (std::size_t size = header_size<Bench::rev>; size <= most; ++size) { // a wrong size fails its request
        if (size == right) continue;
        const auto wrong = b.ask(3, get_device_status_request{});
        const auto asked_again = b.template expect<get_device_status_request>();
        auto bytes = frame_of<Bench::rev>(asked_again.head, get_device_status_response{});
        bytes.resize(most, 0xee);
        store_le(bytes.data() + size_at, static_cast<std::uint16_t>(size));
        b.deliver(bytes);
        CHECK(failed(b, wrong, errc::bad_length));
        b.engine.release(wrong, b.now);
    }
}
TEST_CASE_TEMPLATE_INVOKE(any_size, driver_bench<old>, driver_bench<v2>);

TEST_CASE("threat a: any msg_size in any frame is bounded by what was delivered") {
    device_bench<v2> b;
    b.run();
    std::vector<std::uint8_t> frame(104, 0);
    frame[1] = 0x05; // GET_CONFIG, whose answer would be long
    frame[2] = 3;
    frame[12] = 4;
    std::uint64_t answered = 0;
    for (std::size_t size = 0; size <= 0xffff; ++size) {
        store_le(frame.data() + 6, static_cast<std::uint16_t>(size));
        if (b.deliver(frame) == errc::none) {
            ++answered;
            CHECK(b.expect<get_config_response>().body.length == 4);
        }
    }
    CHECK(answered == 1);
    CHECK(b.engine.counters().dropped[drop_reason::malformed] == 0xffff);
    CHECK(b.silent());
}

TEST_CASE("threat g: in registers only the right msg_size is a message") {
    std::uint8_t bytes[word_image::size_bytes]{};
    const auto frame = frame_of<v2>({.dev_num = 3, .token = 9}, get_device_status_response{device_status{1}});
    copy_bytes(bytes, frame.data(), frame.size());
    std::size_t taken = 0;
    for (std::size_t size = 0; size <= 0xffff; ++size) {
        store_le(bytes + 6, static_cast<std::uint16_t>(size));
        if (decode<get_device_status_response, v2>(from_bytes(bytes))) taken += size;
    }
    CHECK(taken == frame.size());
}

// --- b, c: a late answer was written to a request that was over, and completed the next one

TEST_CASE("threat b: a late answer touches nothing") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto kept = b.ask(3, get_device_status_request{});
    b.reply(b.expect<get_device_status_request>(), get_device_status_response{device_status{1}});
    CHECK(b.event(completed).is(kept));
    const auto late = b.ask(3, get_device_info_request{});
    const auto asked = b.expect<get_device_info_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, late, errc::timed_out));
    b.engine.release(late, b.now);
    b.reply(asked, get_device_info_response{.device_id = 2, .num_feature_blocks = 2});
    CHECK(b.dropped_one(drop_reason::late));
    CHECK(b.no_event());
    CHECK(b.engine.response(late).error() == errc::invalid_argument);
    CHECK(b.engine.response(kept)->status == device_status{1});
    CHECK_FALSE(b.engine.device(3)->info_known);
}

TEST_CASE("threat c: the late answer to a request does not answer the next one") {
    driver_bench<v2> b;
    b.bring_up({3});
    const auto first = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    CHECK(b.engine.poll_timeout() <= b.now + 5 * seconds);
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, first, errc::timed_out));
    CHECK(b.engine.counters().timeouts == 1);
    const auto second = b.ask(3, get_device_status_request{});
    const auto asked_again = b.expect<get_device_status_request>();
    CHECK(asked_again.head.token != asked.head.token);
    b.reply(asked, get_device_status_response{device_status{1}});
    CHECK(b.dropped_one(drop_reason::late));
    CHECK(open(b, second));
    CHECK_FALSE(b.engine.device(3)->status_known);
    CHECK(b.engine.response(first).error() == errc::timed_out); // threat b: nothing was written there
    b.reply(asked_again, get_device_status_response{device_status{3}});
    CHECK(b.event(completed).is(second));
    CHECK(b.engine.response(second)->status == device_status{3});
    b.reply(asked, get_device_status_response{device_status{1}});
    CHECK(b.dropped_one(drop_reason::stale));
}

// --- d: any response was taken, and events waited for one

TEST_CASE("threat d: a response with the wrong token, device or none at all answers nothing") {
    driver_bench<v2> b;
    b.bring_up({3, 4});
    const auto t = b.ask(3, get_device_status_request{});
    const auto asked = b.expect<get_device_status_request>();
    const get_device_status_response answer{device_status{1}};
    const std::uint16_t token = asked.head.token;
    b.deliver({.dev_num = 3, .token = static_cast<std::uint16_t>(token + 1)}, answer);
    CHECK(b.dropped_one(drop_reason::stale));
    b.deliver({.dev_num = 3, .token = static_cast<std::uint16_t>(token + 4)}, answer); // the same slot
    CHECK(b.dropped_one(drop_reason::stale));
    b.deliver({.dev_num = 4, .token = token}, answer);
    CHECK(b.dropped_one(drop_reason::stale));
    b.deliver({.dev_num = 3, .token = 0}, answer);
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(open(b, t));
    CHECK_FALSE(b.engine.device(3)->status_known);
    CHECK_FALSE(b.engine.device(4)->status_known);
    b.reply(asked, answer);
    CHECK(b.event(completed).is(t));
}

TEST_CASE("threat d: what follows an event does not wait") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    REQUIRE(b.engine.notify(3, 0, 0));
    const auto t = b.ask(3, get_device_status_request{});
    CHECK(b.expect<event_avail>().head.dev_num == 3);
    b.reply(b.expect<get_device_status_request>(), get_device_status_response{device_status{0xf}});
    CHECK(b.event(completed).is(t));
}

// --- e, f, i: enumeration

TEST_CASE_TEMPLATE_DEFINE("N16, threat e: the bitmap 01 ff is the devices 0 and 8 to 15", Bench, bitmap_01_ff) {
    Bench b;
    b.negotiate();
    const auto asked = b.template expect<get_devices_request>();
    const std::uint8_t bitmap[]{0x01, 0xff};
    b.reply(asked, get_devices_response{.offset = 0, .count = 16, .bitmap = bitmap});
    CHECK(announced(b) == std::vector<int>{0, 8, 9, 10, 11, 12, 13, 14, 15});
    CHECK(b.engine.device_count() == 9);
    CHECK(b.dropped_nothing());
}
TEST_CASE_TEMPLATE_INVOKE(bitmap_01_ff, driver_bench<old>, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("threat e: every bit of a window is its own device") {
    driver_bench<v2> b;
    b.bring_up();
    for (std::uint16_t n = 0; n < 256; ++n) {
        CAPTURE(n);
        REQUIRE(b.engine.enumerate(b.now));
        b.enumerated({n});
        const driver_event added = b.event(device_added);
        CHECK(added.dev_num == n);
        if (n != 0) {
            const driver_event removed = b.event(device_removed);
            CHECK(removed.dev_num == n - 1);
        }
        b.event(bus_ready);
    }
}

TEST_CASE("threat f, R10: an enumeration that cannot be right fails the bus") {
    driver_bench<v2> b;
    b.negotiate();
    auto asked = b.expect<get_devices_request>();
    const std::uint8_t bitmap[2]{0x25, 0x00};
    errc why = errc::bad_value;
    drop_reason reason = drop_reason::bad_value;
    SUBCASE("no progress") {
        b.reply(asked, get_devices_response{.offset = 0, .next_offset = 16, .count = 16, .bitmap = bitmap});
        asked = b.expect<get_devices_request>();
        b.reply(asked, get_devices_response{.offset = 16, .next_offset = 16, .count = 16, .bitmap = bitmap});
    }
    SUBCASE("backwards") {
        b.reply(asked, get_devices_response{.offset = 0, .next_offset = 16, .count = 16, .bitmap = bitmap});
        asked = b.expect<get_devices_request>();
        b.reply(asked, get_devices_response{.offset = 16, .next_offset = 8, .count = 16, .bitmap = bitmap});
    }
    SUBCASE("another offset than asked for") {
        b.reply(asked, get_devices_response{.offset = 8, .count = 16, .bitmap = bitmap});
    }
    SUBCASE("more than asked for") {
        const std::uint8_t long_bitmap[33]{};
        b.reply(asked, get_devices_response{.offset = 0, .count = 264, .bitmap = long_bitmap});
    }
    SUBCASE("beyond the number space") {
        b.reply(asked, get_devices_response{.offset = 0, .next_offset = 65535, .count = 0});
        asked = b.expect<get_devices_request>();
        CHECK(asked.body == get_devices_request{65535, 1});
        b.reply(asked, get_devices_response{.offset = 65535, .count = 2, .bitmap = {bitmap, 1}});
    }
    SUBCASE("a bit beyond the count") {
        b.reply(asked, get_devices_response{.offset = 0, .count = 5, .bitmap = {bitmap, 1}});
    }
    SUBCASE("more bitmap than count") {
        auto frame = frame_of<v2>(header{.token = asked.head.token},
                                  get_devices_response{.offset = 0, .count = 16, .bitmap = bitmap});
        frame[12] = 8;
        b.deliver(frame);
        why = errc::bad_length;
        reason = drop_reason::malformed;
    }
    SUBCASE("less bitmap than count") {
        auto frame = frame_of<v2>(header{.token = asked.head.token},
                                  get_devices_response{.offset = 0, .count = 16, .bitmap = bitmap});
        frame[12] = 17;
        b.deliver(frame);
        why = errc::bad_length;
        reason = drop_reason::malformed;
    }
    SUBCASE("the field order of oasis_v1") {
        b.deliver(frame_of<v1>(header{.token = asked.head.token},
                               get_devices_response{.offset = 0, .count = 16, .bitmap = bitmap}));
        why = errc::bad_length; // count 0 with two bytes of bitmap
        reason = drop_reason::malformed;
    }
    // The devices that right windows named before are known; the bus is not usable.
    driver_event e = b.engine.poll_event();
    CHECK(e.kind == bus_failed);
    CHECK(e.error == why);
    CHECK(b.dropped_one(reason));
    CHECK(b.engine.request(0, get_device_info_request{}, b.now).error() == errc::bad_state);
    CHECK(b.silent());
}

TEST_CASE("threat f: more devices than there is room for") {
    driver_bench<v2> b;
    b.negotiate();
    const auto asked = b.expect<get_devices_request>();
    const std::vector<std::uint8_t> bitmap(32, 0xff);
    b.reply(asked, get_devices_response{.offset = 0, .count = 256, .bitmap = bitmap});
    CHECK(announced(b) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    CHECK(b.engine.device_count() == 16);
    CHECK(b.engine.device(16) == nullptr);
    CHECK(b.dropped_one(drop_reason::overflow)); // one frame
    CHECK(b.engine.request(16, get_device_info_request{}, b.now).error() == errc::no_device);
}

TEST_CASE("threat f: only devices that were announced are taken away") {
    driver_bench<v2> b;
    b.bring_up({3, 4});
    REQUIRE(b.engine.enumerate(b.now));
    b.enumerated({});
    CHECK(b.event(device_removed).dev_num == 3);
    CHECK(b.event(device_removed).dev_num == 4);
    b.event(bus_ready);
    CHECK(b.no_event());
    CHECK(b.engine.device_count() == 0);
}

TEST_CASE("threat i: enumeration over several windows") {
    driver_bench<v2> b;
    b.negotiate();
    auto asked = b.expect<get_devices_request>();
    b.reply(asked,
            get_devices_response{.offset = 0, .next_offset = 256, .count = 256, .bitmap = bitmap_of({0, 255}, 256)});
    CHECK(b.engine.state() == bus_state::enumerating);
    asked = b.expect<get_devices_request>();
    CHECK(asked.body == get_devices_request{256, 256});
    b.reply(asked, // shorter than asked, and no devices at all
            get_devices_response{.offset = 256, .next_offset = 1000, .count = 0});
    asked = b.expect<get_devices_request>();
    CHECK(asked.body == get_devices_request{1000, 256});
    b.reply(asked, get_devices_response{.offset = 1000, .next_offset = 65530, .count = 9, .bitmap = bitmap_of({8}, 9)});
    asked = b.expect<get_devices_request>();
    CHECK(asked.body == get_devices_request{65530, 6}); // up to the end of the number space
    b.reply(asked, get_devices_response{.offset = 65530, .count = 6, .bitmap = bitmap_of({0, 5}, 6)});
    CHECK(announced(b) == std::vector<int>{0, 255, 1008, 65530, 65535});
    CHECK(b.dropped_nothing());
}

// --- h: frames carried memory of their sender

TEST_CASE_TEMPLATE("threat h: a frame is zero after its message, whatever was there before", Rev,
                   std::integral_constant<revision, old>, std::integral_constant<revision, v2>) {
    word_image image;
    for (std::size_t i = 0; i < word_image::size_bytes / 8; ++i) image[i] = 0xa5a5'a5a5'a5a5'a5a5;
    const auto size = encode<Rev::value>(image, {.dev_num = 3, .token = 9}, get_device_status_request{});
    REQUIRE(size);
    CHECK(*size == header_size<Rev::value>);
    CHECK(image.zero_from(*size));
    std::uint8_t bytes[word_image::size_bytes];
    to_bytes(image, bytes);
    CHECK(bytes[header_size<Rev::value> - 2] == header_size<Rev::value>); // little-endian on every host
    CHECK(bytes[header_size<Rev::value> - 1] == 0);
}

// --- j: of several devices that were to be stopped, those that had been stay so when a later one failed

TEST_CASE("threat j: when a device cannot be stopped the others go on, and those that were stopped run again") {
    driver_bench<v2> b;
    b.bring_up({3, 4, 5});
    for (const std::uint16_t n : {std::uint16_t{3}, std::uint16_t{4}, std::uint16_t{5}}) b.running_device(n);
    b.status(3, 0x0);
    const auto t = b.ask(4, set_device_status_request{});
    b.expect<set_device_status_request>();
    b.now += 5 * seconds;
    b.engine.handle_timeout(b.now);
    CHECK(failed(b, t, errc::timed_out));
    b.engine.release(t, b.now);
    CHECK(b.engine.notify(5, 0, 0));
    while (b.engine.poll_transmit(b.now)) b.engine.handle_sent({}, b.now);
    b.running_device(3);
    CHECK(b.engine.notify(3, 0, 0));
}

// --- the successors

TEST_CASE("threat Linux RFC V2: an area that is refused is given back, and its id") {
    driver_bench<v2> b;
    b.bring_up();
    for (int i = 0; i < 10; ++i) { // more often than there are areas
        const auto id = b.engine.share_area(0x1234, 2, area_attrs::usual);
        REQUIRE(id);
        const auto asked = b.expect<area_share_request>();
        b.reply(asked, area_share_response{*id, bus_result::error});
        CHECK(b.event(area_refused).index == *id);
        CHECK(b.engine.open_areas() == 0);
    }
}

TEST_CASE("threat Linux RFC V2: no RESET_VQUEUE without VIRTIO_F_RING_RESET") {
    driver_bench<v2> b;
    b.bring_up({3});
    b.running_device(3);
    CHECK(b.engine.request(3, reset_vqueue_request{0}, b.now).error() == errc::not_supported);
}

TEST_CASE("threat PCI mailbox: an answer belongs to its request, not to the first that waits") {
    driver_bench<v2> b;
    b.bring_up({3, 4});
    const auto first = b.ask(3, get_device_status_request{});
    const auto second = b.ask(4, get_device_status_request{});
    b.expect<get_device_status_request>();
    b.reply(b.expect<get_device_status_request>(), get_device_status_response{device_status{1}});
    CHECK(b.event(completed).is(second));
    CHECK(open(b, first));
}

TEST_CASE("threat OP-TEE: an unknown message and a reset at any time are nothing special") {
    device_bench<v2> b;
    b.run();
    for (unsigned id = 0x0d; id < 0x40; ++id)
        CHECK(b.deliver({0, static_cast<std::uint8_t>(id), 3, 0, 1, 0, 8, 0}) != errc::none);
    CHECK(b.silent());
    CHECK(b.status(0) == 0);
    CHECK_FALSE(b.model.enabled[0]);
}

TEST_CASE("threat OP-TEE, design B: an area belongs to the endpoint that shared it") {
    device_bench<v2> a;
    device_bench<v2> b;
    a.negotiate();
    b.negotiate();
    a.share(1);
    CHECK(a.engine.areas().resolve(a.at(1, 0), 16));
    CHECK_FALSE(b.engine.areas().resolve(b.at(1, 0), 16));
    CHECK(b.ask(area_unshare_request{1}).result == bus_result::error);
    CHECK(a.engine.areas().resolve(a.at(1, 0), 16));
}

TEST_CASE("threat OP-TEE, design B: an id twice, too many areas, too many pages, other memory") {
    device_bench<v2> b;
    b.negotiate();
    const area_share_request good{
        .area_id = 1, .mem_handle = 0x77, .page_count = 2, .sharing_attrs = area_attrs::usual};
    b.share(1);
    CHECK(b.ask(good).result == bus_result::error);
    area_share_request m = good;
    m.area_id = 2;
    m.page_count = 0;
    CHECK(b.ask(m).result == bus_result::error);
    m = good;
    m.area_id = 2;
    m.sharing_attrs = area_attrs::usual | area_attrs::executable;
    CHECK(b.ask(m).result == bus_result::error);
    m = good;
    m.page_count = 0xffff'ffff;
    m.area_id = 2;
    CHECK(b.send(m) == errc::none);
    CHECK(b.engine.poll_task().page_count == 0xffff'ffff); // a matter for the owner of the memory
    CHECK(b.engine.areas().mapped(2, b.memory).error() == errc::invalid_argument);
    CHECK(b.engine.areas().refused(2, bus_result::error));
    CHECK(b.expect<area_share_response>().body.result == bus_result::error);
    for (std::uint16_t id = 2; id <= device_capacity{}.areas; ++id) b.share(id);
    m = good;
    m.area_id = 0x100;
    CHECK(b.ask(m).result == bus_result::error);
}

TEST_CASE("threat Trusty: a request shorter than its fixed part is discarded") {
    device_bench<v2> b;
    b.run();
    for (std::uint8_t size = 8; size < 16; ++size) {
        std::vector<std::uint8_t> frame(size);
        frame[1] = 0x06; // SET_CONFIG
        frame[2] = 3;
        frame[6] = size;
        CHECK(b.deliver(frame) != errc::none);
        CHECK(b.dropped_one(drop_reason::malformed));
    }
}
