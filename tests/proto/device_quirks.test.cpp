// SPDX-License-Identifier: BSD-2-Clause
// Device sides against scripted drivers with each of their known deviations.
#include <vmsg/proto/any_device.hpp>
#include <vmsg/quirk.hpp>

#include "proto/support/device_bench.hpp"
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

template <revision R, quirk... Q> using bench_of = device_bench<R, device_capacity{.quirks = quirk_set{Q...}}>;

} // namespace

TEST_CASE("quirk version_18_18_bus_1_0: the long VERSION of oasis_v1 is recognised by its size") {
    std::vector<std::uint8_t> f{0x02, 0x80, 0, 0, 2, 0, 26, 0, 0, 0, 1, 0, 1, 0, 0, 0};
    f.resize(26);
    const auto v = recognise_version(f);
    REQUIRE(v);
    CHECK(v->rev == v1);
}

TEST_CASE("quirk get_devices_request_0xff, get_devices_count_is_device_count: any count has its answer") {
    device_bench<old> b;
    b.negotiate();
    const auto got = b.ask(get_devices_request{0, 0xff});
    CHECK(got.count == 0xff); // its driver makes room for as many
    CHECK(got.next_offset == 0);
    CHECK(got.bitmap[0] == 1 << 3);
}

TEST_CASE("quirk get_devices_count_is_device_count: with 255 asked for the message has its 32 bytes of bitmap") {
    device_bench<v1> b;
    b.negotiate();
    CHECK(b.ask(get_devices_request{0, 0xff}).bitmap.size() == 32);
}

TEST_CASE("quirk requests_ignored, event_device_hint_only: nothing is asked of a driver, and a device is only a hint") {
    device_bench<v2> b{device_options_for<v2>(true)};
    b.negotiate(event_method::indirect);
    CHECK(b.silent());
    test_device second;
    attached<test_device> port{second};
    REQUIRE(b.engine.attach(9, port));
    CHECK(b.expect<event_device>().body.dev_num == 9);
    CHECK(b.ask(get_devices_request{0, 16}).bitmap[1] == 1 << 1); // what an event does, GET_DEVICES says, too
}

TEST_CASE("quirk direct_all_zero_is_busy: no message is all zero") {
    device_bench<v2> b;
    b.negotiate();
    REQUIRE(b.send(set_device_status_request{device_status::reset}) == errc::none);
    bool zero = true;
    for (const std::uint8_t byte : b.expect_bytes()) zero = zero && byte == 0;
    CHECK(!zero);
}

TEST_CASE("quirk event_configure_notif_always: SUCCESS, and the events wait for EVENT_POLL") {
    device_bench<v1> strict;
    strict.ask(version_request{.bus_version = 0x10000, .transport_revision = 1});
    CHECK(strict.ask(event_configure_request{event_method::notif, 0, 0}).result == bus_result::error);
    bench_of<v1, quirk::event_configure_notif_always> b;
    b.negotiate(event_method::notif);
    REQUIRE(b.engine.detach(3));
    CHECK(b.silent());
    CHECK(b.engine.poll_bell().error() == errc::would_block);
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    CHECK(b.expect<event_device>().body.state == device_state::removed);
}

TEST_CASE("N8: NOTIF: the driver is told once, until it has seen that there is nothing more") {
    device_options options = device_options_for<v2>();
    options.can_notify = true;
    device_bench<v2> b{options};
    b.ask(version_request{.bus_version = 0x10000, .transport_revision = 1});
    REQUIRE(b.ask(event_configure_request{event_method::notif, 0, 17}).result == bus_result::success);
    CHECK(b.engine.poll_bell().error() == errc::would_block);
    REQUIRE(b.engine.detach(3));
    CHECK(b.engine.poll_bell() == result<std::uint16_t>{17});
    CHECK(b.engine.poll_bell().error() == errc::would_block);
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.expect<event_device>();
    b.ask(event_poll_request{});
    REQUIRE(b.engine.attach(3, b.port));
    CHECK(b.engine.poll_bell() == result<std::uint16_t>{17});
    CHECK(b.silent()); // nothing is pushed
}

TEST_CASE("N8: events before EVENT_CONFIGURE do not leave, and a second one is refused") {
    device_bench<v2> b{device_options_for<v2>(true)};
    b.ask(version_request{.bus_version = 0x10000, .transport_revision = 1});
    REQUIRE(b.engine.detach(3));
    CHECK(b.silent());
    CHECK(b.ask(event_configure_request{event_method::poll, 0, 0}).result == bus_result::success);
    CHECK(b.ask(event_configure_request{event_method::poll, 0, 0}).result == bus_result::error);
}

TEST_CASE("quirk event_config_needs_data: no range is named where the driver wants its bytes") {
    bench_of<v2, quirk::event_config_needs_data> b;
    b.negotiate();
    b.negotiate_device();
    REQUIRE(b.engine.config_changed(3, 4, 2));
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    const auto e = b.expect<event_config>();
    CHECK(e.body.offset == 0);
    CHECK(e.body.length == 0);
}

TEST_CASE("quirk notif_unreachable, event_used_synthesised: a driver that asks has its events") {
    device_bench<v2> b;
    b.negotiate();
    REQUIRE(b.engine.detach(3));
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.expect<event_device>();
}

TEST_CASE("quirk token_fixed: any token is given back") {
    device_bench<v1> b;
    b.negotiate();
    for (int i = 0; i < 2; ++i) {
        REQUIRE(b.deliver({.dev_num = 3, .token = 1}, get_device_status_request{}) == errc::none);
        CHECK(b.expect<get_device_status_response>().head.token == 1);
    }
}

TEST_CASE(
    "quirk feature_bits_exactly_64, strict_config_refused: what is shown is what the options and the device say") {
    device_bench<v1> b;
    b.negotiate();
    CHECK(b.ask(get_device_info_request{}).num_feature_bits % 64 == 0);
    device_bench<v2> c;
    CHECK(c.ask(version_request{}).feature_bits == 0);
}

TEST_CASE("quirk reset_vqueue_unconditional: RESET_VQUEUE although the feature was not accepted") {
    const auto answered = [](auto b) {
        b.negotiate();
        b.share(1);
        b.negotiate_device();
        REQUIRE(b.send(b.enabling(0)) == errc::none);
        b.template expect<set_vqueue_response>();
        REQUIRE(b.send(reset_vqueue_request{0}) == errc::none);
        b.template expect<reset_vqueue_response>();
        return !b.port.queue(0).enabled;
    };
    CHECK(answered(bench_of<v1, quirk::reset_vqueue_unconditional>{}));
    CHECK_FALSE(answered(device_bench<v1>{}));
}

TEST_CASE("quirk area_release_refused: a driver that does not hear of the release learns it with its next request") {
    device_bench<v1> b{device_options_for<v1>(true)};
    b.negotiate(event_method::indirect);
    b.share(1);
    REQUIRE(b.send(area_unshare_request{1}) == errc::none);
    REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
    const bool busy = !b.silent();
    if (busy) CHECK(b.expect<area_unshare_response>().body.result == bus_result::busy);
    REQUIRE(b.engine.areas().unmapped(1));
    if (busy)
        b.expect<event_area_release>();
    else
        CHECK(b.expect<area_unshare_response>().body.result == bus_result::success);
    CHECK(b.engine.open_areas() == 0);
}

TEST_CASE("quirk reset_never_sent: VERSION on a bus that is up begins anew, another pair is refused (N5)") {
    device_bench<v2> b;
    b.negotiate();
    b.negotiate_device();
    const auto epoch = b.engine.epoch();
    CHECK(b.ask(version_request{.bus_version = 0x20000, .transport_revision = 1}).bus_version == 0);
    CHECK(b.engine.epoch() == epoch);
    CHECK(b.port.status != device_status::reset);
    b.negotiate(); // as after a restart of the driver
    CHECK(b.engine.epoch() > epoch);
    CHECK(b.port.status == device_status::reset);
}
