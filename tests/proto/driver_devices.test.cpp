// SPDX-License-Identifier: BSD-2-Clause
// How a driver engine gets to know devices: a list given beforehand, events, many windows.
#include <vmsg/proto/driver.hpp>

#include "proto/support/driver_bench.hpp"

#include <memory>

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

constexpr std::uint16_t known[]{7, 0, 65535};

template <revision R> struct list_bench : driver_bench<R> {
    explicit list_bench(device_list list = known) : driver_bench<R>(options(list)) {}
    static driver_options options(device_list list) {
        driver_options o = driver_options_for<R>(event_method::indirect);
        o.devices = list;
        return o;
    }
    /// Up to `bus_ready`, after these devices.
    void ready_with(std::initializer_list<std::uint16_t> numbers) {
        for (const std::uint16_t n : numbers) CHECK(this->event(device_added).dev_num == n);
        this->event(bus_ready);
        CHECK(this->engine.state() == bus_state::ready);
        CHECK(this->no_event());
        CHECK(this->silent());
    }
};

} // namespace

// --- a list

TEST_CASE_TEMPLATE_DEFINE("I6: with a list of devices the bus is not asked for them", Bench, listed) {
    Bench b;
    b.negotiate();
    b.ready_with({7, 0, 65535});
    CHECK(b.engine.device_count() == 3);
    CHECK(b.engine.epoch() == 1);
    CHECK(b.exchange(65535, get_device_info_request{}, {.device_id = 2}) == errc::none);
    CHECK(b.engine.request(1, get_device_info_request{}, b.now).error() == errc::no_device);
}
TEST_CASE_TEMPLATE_INVOKE(listed, list_bench<old>, list_bench<v1>, list_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("I6: the list counts again with each start", Bench, listed_again) {
    Bench b;
    b.negotiate();
    b.ready_with({7, 0, 65535});
    REQUIRE(b.engine.reset(b.now));
    b.reply(b.template expect<reset_request>(), reset_response{});
    b.event(bus_down);
    CHECK(b.event(device_removed).dev_num == 7);
    CHECK(b.event(device_removed).dev_num == 0);
    CHECK(b.event(device_removed).dev_num == 65535);
    CHECK(b.no_event());
    b.negotiate();
    b.ready_with({7, 0, 65535});
}
TEST_CASE_TEMPLATE_INVOKE(listed_again, list_bench<v1>, list_bench<v2>);

TEST_CASE("I6, B3: devices of a list and of events") {
    list_bench<v2> b;
    b.negotiate();
    b.ready_with({7, 0, 65535});
    b.deliver({}, event_device{9, device_state::added});
    CHECK(b.event(device_added).dev_num == 9);
    b.deliver({}, event_device{7, device_state::removed});
    CHECK(b.event(device_removed).dev_num == 7);
    CHECK(b.engine.device_count() == 3);
    REQUIRE(b.engine.enumerate(b.now)); // what was removed may be back, what was added is still there
    CHECK(b.event(device_added).dev_num == 7);
    b.event(bus_ready);
    CHECK(b.no_event());
    CHECK(b.engine.device_count() == 4);
    CHECK(b.dropped_nothing());
}

TEST_CASE("I6: a list without devices") {
    list_bench<v2> b{device_list{known, 0}};
    b.negotiate();
    b.ready_with({});
    b.deliver({}, event_device{9, device_state::added});
    CHECK(b.event(device_added).dev_num == 9);
}

TEST_CASE("I6: a list with a number twice, and one that is too long") {
    static constexpr std::uint16_t numbers[]{1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    static_assert(bench_capacity.devices == 16);
    list_bench<v2> b{numbers};
    b.negotiate();
    CHECK(b.engine.device_count() == 16);
    CHECK(b.dropped_one(drop_reason::overflow));
    CHECK(b.engine.device(16) != nullptr);
    CHECK(b.engine.device(17) == nullptr);
}

// --- EVENT_DEVICE

namespace {

/// As far as EVENT_CONFIGURE, which the peer has got and not answered.
template <class Bench> framed<event_configure_request> configure(Bench& b) {
    REQUIRE(b.engine.start(b.now));
    if (Bench::rev == v2) b.reply(b.template expect<version_request>(), b.version());
    b.reply(b.template expect<version_request>(), b.version());
    return b.template expect<event_configure_request>();
}

} // namespace

TEST_CASE_TEMPLATE_DEFINE("B3: EVENT_DEVICE before the enumeration, and again", Bench, before) {
    Bench b;
    const auto asked = configure(b);
    for (int i = 0; i < 3; ++i) b.deliver({}, event_device{4, device_state::added});
    CHECK(b.event(device_added).dev_num == 4);
    CHECK(b.no_event());
    CHECK(b.engine.request(4, get_device_info_request{}, b.now).error() == errc::bad_state);
    b.deliver({.dev_num = 4}, event_used{0}); // nothing else is early
    CHECK(b.dropped_one(drop_reason::too_early));
    b.reply(asked, event_configure_response{});
    b.deliver({}, event_device{4, device_state::added});
    const auto window = b.template expect<get_devices_request>();
    b.deliver({}, event_device{4, device_state::added});
    b.deliver({}, event_device{5, device_state::added});
    CHECK(b.event(device_added).dev_num == 5);
    SUBCASE("the enumeration names them") {
        const auto bitmap = bitmap_of({4, 5}, window.body.count);
        b.reply(window, get_devices_response{.offset = 0, .count = window.body.count, .bitmap = bitmap});
    }
    SUBCASE("the enumeration does not name them") {
        const auto bitmap = bitmap_of({}, window.body.count);
        b.reply(window, get_devices_response{.offset = 0, .count = window.body.count, .bitmap = bitmap});
    }
    b.deliver({}, event_device{4, device_state::added});
    b.event(bus_ready);
    CHECK(b.no_event());
    CHECK(b.engine.device_count() == 2);
    CHECK(b.exchange(4, get_device_info_request{}, {.device_id = 2}) == errc::none);
    CHECK(b.dropped_nothing());
}
TEST_CASE_TEMPLATE_INVOKE(before, driver_bench<v1>, driver_bench<v2>);

TEST_CASE("B3: EVENT_DEVICE before the end of EVENT_CONFIGURE, with a list") {
    list_bench<v2> b;
    const auto asked = configure(b);
    b.deliver({}, event_device{4, device_state::added});
    b.deliver({}, event_device{8, device_state::added});
    b.deliver({}, event_device{8, device_state::removed});
    b.reply(asked, event_configure_response{});
    b.ready_with({4, 7, 0, 65535});
}

TEST_CASE("B3: devices that were announced on a bus that has failed are gone with the next start") {
    driver_bench<v2> b;
    const auto asked = configure(b);
    b.deliver({}, event_device{4, device_state::added});
    CHECK(b.event(device_added).dev_num == 4);
    b.reply(asked, event_configure_response{bus_result::error});
    CHECK(b.event(bus_failed).error == errc::peer_error);
    b.deliver({}, event_device{5, device_state::added});
    CHECK(b.dropped_one(drop_reason::too_early));
    b.negotiate();
    CHECK(b.event(device_removed).dev_num == 4);
    b.enumerated({});
    b.event(bus_ready);
    CHECK(b.engine.device_count() == 0);
}

// --- 65,536 devices

namespace {

constexpr std::size_t every_number = 65536;
constexpr driver_capacity large{.devices = every_number, .requests = 4, .areas = 1, .kicks = 1};

/// A peer that has all devices or none. Gives the windows that were asked for up to `bus_ready`.
template <revision R> struct crowd {
    std::unique_ptr<driver<R, large>> engine = std::make_unique<driver<R, large>>(driver_options_for<R>());
    instant now = 1'000;
    bool there = true;
    std::size_t windows = 0;

    template <class Request> framed<Request> expect() {
        const auto out = engine->poll_transmit(now);
        REQUIRE(out.has_value());
        framed<Request> got;
        REQUIRE(accept<R>(*out, got).has_value());
        engine->handle_sent({}, now);
        return got;
    }
    template <class Asked, class M> void reply(const framed<Asked>& asked, const M& m) {
        engine->handle_frame(frame_of<R>(header{.token = asked.head.token}, m), now);
    }
    void negotiate() {
        const version_response version = driver_bench<R>{}.version();
        REQUIRE(engine->start(now));
        if (R == v2) reply(expect<version_request>(), version);
        reply(expect<version_request>(), version);
        if constexpr (present_in<event_configure_request, R>)
            reply(expect<event_configure_request>(), event_configure_response{});
    }
    /// Answers each window; every one begins where the last one has ended.
    void enumerate() {
        const std::vector<std::uint8_t> bitmap(32, there ? 0xff : 0);
        std::size_t offset = 0;
        for (windows = 0; engine->state() == bus_state::enumerating; ++windows) {
            const auto asked = expect<get_devices_request>();
            REQUIRE(asked.body == get_devices_request{static_cast<std::uint16_t>(offset), 256});
            offset += 256;
            reply(asked, get_devices_response{.offset = asked.body.offset,
                                              .next_offset = static_cast<std::uint16_t>(offset),
                                              .count = 256,
                                              .bitmap = bitmap});
            if (there && windows % 64 == 0) REQUIRE(engine->device_count() == offset);
        }
        CHECK(offset == every_number);
        CHECK(engine->state() == bus_state::ready);
    }
    /// Events of this kind for all numbers, in ascending order.
    bool all(driver_event_kind kind) {
        for (std::size_t i = 0; i < every_number; ++i) {
            const driver_event e = engine->poll_event();
            if (e.kind != kind || e.dev_num != i) return false;
        }
        return true;
    }
};

} // namespace

TEST_CASE_TEMPLATE_DEFINE("N15: 65,536 devices in 256 windows", Crowd, everybody) {
    Crowd c;
    c.negotiate();
    c.enumerate();
    CHECK(c.windows == 256);
    CHECK(c.engine->device_count() == every_number);
    CHECK(c.all(device_added));
    CHECK(c.engine->poll_event().kind == bus_ready);
    for (const std::uint16_t n : {std::uint16_t{0}, std::uint16_t{40000}, std::uint16_t{65535}}) {
        const auto t = c.engine->request(n, get_device_info_request{}, c.now);
        REQUIRE(t.has_value());
        const auto asked = c.template expect<get_device_info_request>();
        CHECK(asked.head.dev_num == n);
        c.engine->release(*t, c.now);
    }
    CHECK(c.engine->counters().dropped.total() == 0);

    // They go as they came, which takes no longer.
    c.there = false;
    REQUIRE(c.engine->enumerate(c.now));
    c.enumerate();
    CHECK(c.engine->device_count() == 0);
    CHECK(c.all(device_removed));
    CHECK(c.engine->poll_event().kind == bus_ready);
    c.there = true;
    REQUIRE(c.engine->enumerate(c.now));
    c.enumerate();
    CHECK(c.all(device_added));
    CHECK(c.engine->device_count() == every_number);
}
TEST_CASE_TEMPLATE_INVOKE(everybody, crowd<old>, crowd<v1>, crowd<v2>);
