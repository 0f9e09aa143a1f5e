// SPDX-License-Identifier: BSD-2-Clause
// The device engine: its bus, areas, events and sending. What a driver asks of a device: device_requests.test.cpp.
#include <vmsg/proto/device.hpp>

#include "proto/support/device_bench.hpp"

#include <memory>

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;

/// A device whose queues are all administration queues: 16 bits cannot count them.
struct huge : archetypes::device_model {
    static constexpr std::uint32_t queue_count = 65536;
    constexpr device_identity identity() const { return {.device_id = 1, .admin_vq_count = queue_count}; }
};

/// The bits of a GET_DEVICES response.
std::vector<int> numbers_in(const get_devices_response& m) {
    std::vector<int> numbers;
    for (std::size_t i = 0; i < 8 * m.bitmap.size(); ++i)
        if ((m.bitmap[i / 8] >> i % 8 & 1) != 0) numbers.push_back(static_cast<int>(m.offset + i));
    return numbers;
}

} // namespace

// --- VERSION, RESET

TEST_CASE_TEMPLATE_DEFINE("S2, N2: before negotiation only VERSION and RESET pass", Bench, before_version) {
    Bench b;
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
    CHECK_FALSE(b.engine.negotiated());
    CHECK(b.send(get_device_info_request{}) == errc::bad_state);
    CHECK(b.answered_by_error(0x02, 3));
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.send(get_devices_request{0, 8}) == errc::bad_state);
    CHECK(b.answered_by_error(0x02, 0));
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.send(ping_request{1}) == errc::bad_state);
    CHECK(b.answered_by_error(0x03, 0));
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.send(area_share_request{.area_id = 1, .page_count = 1}) == errc::bad_state);
    CHECK(b.answered_by_error(0x81, 0));
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.send(event_avail{0, 0}) == errc::bad_state);
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.silent());
    CHECK(b.engine.poll_task().what == area_task::kind::none);
    CHECK(b.engine.counters().requests == 0);

    b.ask(reset_request{});
    CHECK_FALSE(b.engine.negotiated());
    b.negotiate();
    CHECK(b.dropped_nothing());
}
TEST_CASE_TEMPLATE_INVOKE(before_version, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("N5: VERSION in oasis_v2") {
    device_bench<v2> b;
    const version_response own{.bus_version = 0x0001'0000,
                               .transport_revision = 1,
                               .ffa_version = 0x0001'0002,
                               .bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx,
                               .max_areas = 0xffff};
    const version_response zeros{.ffa_version = 0x0001'0002}; // which is never zero
    const auto ask = [&b](std::uint32_t bus, std::uint32_t transport) {
        return b.ask(version_request{.bus_version = bus, .transport_revision = transport, .ffa_version = 0x0001'0001});
    };
    CHECK(ask(0, 0) == own);
    CHECK(ask(0x0002'0000, 1) == own);
    CHECK(ask(0x0001'0000, 0) == zeros);
    CHECK(ask(1, 1) == zeros);
    CHECK_FALSE(b.engine.negotiated());
    CHECK(b.engine.epoch() == 0);
    CHECK(ask(0x0001'0000, 1) == own);
    CHECK(b.engine.negotiated());
    CHECK(b.engine.epoch() == 1);
    CHECK(ask(0x0002'0000, 1) == zeros);
    CHECK(ask(0, 0) == own);
    CHECK(b.engine.negotiated());
    CHECK(b.engine.epoch() == 1);
    CHECK(ask(0x0001'0000, 1) == own); // a new beginning
    CHECK(b.engine.epoch() == 2);
}

TEST_CASE("N5: VERSION in the older revisions") {
    device_bench<v1> b;
    CHECK(b.ask(version_request{}).bus_version == 0); // no probe
    CHECK_FALSE(b.engine.negotiated());
    CHECK(b.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1}) ==
          version_response{.bus_version = 0x0001'0000,
                           .transport_revision = 1,
                           .bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx,
                           .max_areas = 0xffff});
    CHECK(b.engine.negotiated());

    device_bench<old> a;
    CHECK(a.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1}) == version_response{});
    CHECK_FALSE(a.engine.negotiated());
    CHECK(a.ask(version_request{.bus_version = 1,
                                .transport_revision = 1,
                                .feature_bits = 0xffff'ffff,
                                .bus_features = bus_feature{0xffff'ffff},
                                .max_areas = 0xffff}) ==
          version_response{.bus_version = 1,
                           .transport_revision = 1,
                           .bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx,
                           .max_areas = 0xff});
    CHECK(a.engine.negotiated());
}

TEST_CASE("N5: VERSION of another length is answered with ERROR") {
    device_bench<v2> b;
    CHECK(b.deliver({0x02, 0x80, 0, 0, 0x01, 0x01, 16, 0, 0, 0, 1, 0, 1, 0, 0, 0}) == errc::bad_length); // oasis_v1's
    CHECK(b.dropped_one(drop_reason::malformed));
    const auto got = b.expect<error_response>();
    CHECK(got.body.original_msg_id == 0x80);
    CHECK(got.head.token == 0x0101);
    CHECK_FALSE(b.engine.negotiated());
}

/// Whatever begins a new epoch ends everything of the old one, and the devices stay.
TEST_CASE_TEMPLATE_DEFINE("N12: RESET and VERSION end everything that was agreed", Bench, new_epoch) {
    for (const bool by_reset : {true, false}) {
        CAPTURE(by_reset);
        Bench b;
        b.run();
        b.share(2);
        REQUIRE(b.engine.used(3, 0));
        const std::uint32_t epoch = b.engine.epoch();
        const int resets = b.model.resets;
        const version_request version{.bus_version = constants_of<Bench::rev>.bus_version, .transport_revision = 1};
        CHECK((by_reset ? b.send(reset_request{}) : b.send(version)) == errc::none);
        CHECK(b.silent()); // the driver's memory is still mapped
        CHECK_FALSE(b.engine.negotiated());
        CHECK(b.engine.epoch() == epoch + 1);
        CHECK_FALSE(b.model.enabled[0]);
        CHECK(b.model.resets == resets + 1);
        CHECK(b.port.status == device_status::reset);
        CHECK(b.port.accepted == feature_set{});
        CHECK_FALSE(b.engine.areas().resolve(b.at(1, 0), 1));
        for (int i = 0; i < 2; ++i) {
            const area_task task = b.engine.poll_task();
            REQUIRE(task.what == area_task::kind::unmap);
            CHECK(b.silent());
            CHECK(b.engine.areas().unmapped(task.area_id));
        }
        CHECK(b.engine.areas().size() == 0);
        if (by_reset)
            CHECK(b.template answer<reset_response>() == reset_response{});
        else
            CHECK(b.template answer<version_response>().bus_version == version.bus_version);
        CHECK(b.engine.negotiated() == !by_reset);
        CHECK(b.silent()); // nobody is told
        b.run();           // as if nothing had been before
        CHECK(b.dropped_nothing());
    }
}
TEST_CASE_TEMPLATE_INVOKE(new_epoch, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("N12, N5: while memory is let go RESET is busy, VERSION has nothing to offer, and nothing else passes") {
    for (const bool by_reset : {true, false}) {
        CAPTURE(by_reset);
        device_bench<v2> b;
        b.run();
        const version_request version{.bus_version = 0x0001'0000, .transport_revision = 1};
        const header first{.token = 0x99};
        REQUIRE((by_reset ? b.deliver(first, reset_request{}) : b.deliver(first, version)) == errc::none);
        const std::uint32_t epoch = b.engine.epoch();
        CHECK(b.ask(reset_request{}).result == bus_result::busy);
        const version_response zeros{.ffa_version = 0x0001'0002};
        CHECK(b.ask(version) == zeros); // vectors device_version, reset_in_progress
        CHECK(b.ask(version_request{}) == zeros);
        CHECK(b.send(get_device_info_request{}) == errc::bad_state);
        CHECK(b.answered_by_error(0x02, 3));
        CHECK(b.send(area_share_request{.area_id = 9, .page_count = 1, .sharing_attrs = area_attrs::usual}) ==
              errc::bad_state);
        CHECK(b.answered_by_error(0x81, 0));
        CHECK(b.engine.epoch() == epoch);
        REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
        CHECK(b.silent());
        REQUIRE(b.engine.areas().unmapped(1));
        if (by_reset)
            CHECK(b.expect<reset_response>().head.token == 0x99);
        else
            CHECK(b.expect<version_response>().head.token == 0x99);
        CHECK(b.engine.negotiated() == !by_reset);
        CHECK(b.ask(reset_request{}) == reset_response{}); // at once: there is nothing to let go
        CHECK(b.silent());
    }
}

TEST_CASE("N12: rfc2025 cannot say BUSY: a second RESET is answered when the memory is let go, in place of the first") {
    for (const bool by_reset : {true, false}) {
        CAPTURE(by_reset);
        device_bench<old> b;
        b.run();
        const version_request version{.bus_version = 1, .transport_revision = 1};
        REQUIRE((by_reset ? b.send(reset_request{}) : b.send(version)) == errc::none);
        REQUIRE(b.send(reset_request{}) == errc::none);
        CHECK(b.silent());
        REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
        REQUIRE(b.engine.areas().unmapped(1));
        b.expect<reset_response>();
        CHECK(b.silent());
        CHECK_FALSE(b.engine.negotiated());
    }
}

TEST_CASE("N12: what the old driver had to be told is not told to the next one") {
    device_bench<v2> b;
    test_device model;
    attached<test_device> port{model};
    attached<test_device> others[3]{attached{model}, attached{model}, attached{model}};
    b.negotiate();
    REQUIRE(b.engine.detach(3));
    REQUIRE(b.engine.attach(4, port));
    REQUIRE(b.engine.config_changed(4, 0, 0));
    b.negotiate();
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
    CHECK(numbers_in(b.ask(get_devices_request{0, 8})) == std::vector<int>{4});
    for (std::uint16_t n = 0; n < 3; ++n) CHECK(b.engine.attach(5 + n, others[n])); // the place of 3 is free
}

// --- bus requests

TEST_CASE("B1: GET_DEVICES") {
    device_bench<v2> b;
    test_device models[3];
    attached<test_device> ports[3]{attached{models[0]}, attached{models[1]}, attached{models[2]}};
    REQUIRE(b.engine.attach(0, ports[0]));
    REQUIRE(b.engine.attach(300, ports[1]));
    REQUIRE(b.engine.attach(65535, ports[2]));
    b.negotiate();
    auto got = b.ask(get_devices_request{0, 256});
    CHECK(got.offset == 0);
    CHECK(got.count == 256);
    CHECK(got.next_offset == 256);
    CHECK(got.bitmap.size() == 32);
    CHECK(numbers_in(got) == std::vector<int>{0, 3});
    got = b.ask(get_devices_request{256, 256});
    CHECK(numbers_in(got) == std::vector<int>{300});
    CHECK(got.next_offset == 512);
    got = b.ask(get_devices_request{0, 4});
    CHECK(numbers_in(got) == std::vector<int>{0, 3});
    CHECK(got.bitmap.size() == 1);
    got = b.ask(get_devices_request{1, 0xffff}); // as many as a message can carry: (104 - 14) * 8
    CHECK(got.count == 720);
    CHECK(got.next_offset == 721);
    CHECK(numbers_in(got) == std::vector<int>{3, 300});
    got = b.ask(get_devices_request{65530, 256}); // the number space ends
    CHECK(got.count == 6);
    CHECK(got.next_offset == 0);
    CHECK(numbers_in(got) == std::vector<int>{65535});
    got = b.ask(get_devices_request{301, 0});
    CHECK(got.count == 0);
    CHECK(got.bitmap.empty());
    CHECK(got.next_offset > 301);
    got = b.ask(get_devices_request{65535, 0});
    CHECK(got == get_devices_response{.offset = 65535});
}

TEST_CASE("B1: rfc2025 devices in a message of 44 bytes") {
    device_bench<old> b;
    b.negotiate();
    const auto got = b.ask(get_devices_request{0, 0xff}); // as the driver of 2025 asks
    CHECK(got.count == 0xff);
    CHECK(got.bitmap.size() == 32);
    CHECK(numbers_in(got) == std::vector<int>{3});
    CHECK(b.ask(get_devices_request{0, 1000}).count == 256);
}

TEST_CASE("B2: PING") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.ask(ping_request{0xfeed'face}) == ping_response{0xfeed'face});
}

TEST_CASE("N8: EVENT_CONFIGURE") {
    device_bench<v2> b;
    b.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1});
    const auto ask = [&b](unsigned method, std::uint8_t reserved, std::uint16_t notif_id) {
        return b.ask(event_configure_request{event_method{static_cast<std::uint8_t>(method)}, reserved, notif_id})
            .result;
    };
    CHECK(ask(1, 0, 5) == bus_result::error);  // notifications: not by this carrier
    CHECK(ask(3, 0, 5) == bus_result::error);  // nor a FIFO
    CHECK(ask(4, 0, 5) == bus_result::error);  // unknown
    CHECK(ask(0, 1, 5) == bus_result::error);  // reserved
    CHECK(ask(0, 0, 64) == bus_result::error); // no notification
    b.model.config[0] = 0;
    REQUIRE(b.engine.config_changed(3, 0, 0));
    CHECK(b.silent()); // no event leaves before it is configured
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
    CHECK(ask(0, 0, 0xffff) == bus_result::success);
    CHECK(ask(2, 0, 0) == bus_result::error); // once
    CHECK(b.silent());                        // it is still POLL
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.answer<event_config>();
}

TEST_CASE("N8: a carrier that cannot send events unasked has only POLL") {
    device_bench<v1> b(device_options_for<v1>(false));
    b.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1});
    CHECK(b.ask(event_configure_request{event_method::indirect, 0, 0}).result == bus_result::error);
    CHECK(b.ask(event_configure_request{event_method::poll, 0, 0}).result == bus_result::success);
}

TEST_CASE("N10: a FIFO is not offered") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.ask(fifo_configure_request{1, 2, 3}).result == bus_result::error);
}

TEST_CASE("E2, N14: bus requests of every id and length: handled, answered with ERROR, or discarded in silence") {
    device_bench<v2> b;
    b.negotiate();
    const std::size_t sizes[]{12, 12, 20, 34, 10, 8, 8, 12, 20};
    const std::uint8_t ids[]{0x02, 0x03, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86};
    for (unsigned id = 0; id < 0x100; ++id) {
        if ((id & 0x40) != 0) continue; // events
        std::size_t right = 0;
        for (std::size_t i = 0; i < 9; ++i)
            if (ids[i] == id) right = sizes[i];
        for (std::size_t size = 8; size <= 36; ++size) {
            if (size == right) continue;
            CAPTURE(id);
            CAPTURE(size);
            std::vector<std::uint8_t> frame(size);
            frame[0] = 0x02;
            frame[1] = static_cast<std::uint8_t>(id);
            frame[4] = 0x42;
            frame[6] = static_cast<std::uint8_t>(size);
            CHECK(b.deliver(frame) != errc::none);
            CHECK(b.dropped_one(right != 0 ? drop_reason::malformed : drop_reason::unknown_id));
            if (right != 0) {
                const auto got = b.expect<error_response>();
                CHECK(got.head.token == 0x42);
                CHECK(got.body.original_msg_id == id);
            }
            REQUIRE(b.silent());
        }
    }
    CHECK(b.engine.negotiated());
    CHECK(b.engine.areas().size() == 0);
}

TEST_CASE_TEMPLATE_DEFINE("N14: the older revisions have no ERROR: what is wrong stays unanswered", Bench, no_error) {
    Bench b;
    b.negotiate();
    std::vector<std::uint8_t> ping(header_size<Bench::rev> + 5);
    ping[0] = 0x02;
    ping[1] = 0x03;
    ping[header_size<Bench::rev> - 2] = static_cast<std::uint8_t>(ping.size());
    CHECK(b.deliver(ping) == errc::bad_length);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.silent());
    CHECK(b.send(get_device_info_request{}, 99) == errc::no_device);
    CHECK(b.dropped_one(drop_reason::no_device));
    CHECK(b.silent());
}
TEST_CASE_TEMPLATE_INVOKE(no_error, device_bench<old>, device_bench<v1>);

TEST_CASE("3.3: rfc2025 has no EVENT_CONFIGURE and no FIFO") {
    device_bench<old> b;
    b.negotiate();
    CHECK(b.deliver({0x02, 0x85, 0, 0, 10, 0, 0, 0, 0, 0}) == errc::unknown_id);
    CHECK(b.dropped_one(drop_reason::unknown_id));
    CHECK(b.deliver({0x02, 0x86, 0, 0, 6, 0}) == errc::unknown_id);
    CHECK(b.dropped_one(drop_reason::unknown_id));
    CHECK(b.silent());
}

// --- what cannot be routed

TEST_CASE("E4, H10: a request to a device that is not there is answered with ERROR") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.send(get_device_info_request{}, 4) == errc::no_device);
    CHECK(b.answered_by_error(0x02, 4));
    CHECK(b.dropped_one(drop_reason::no_device));
    CHECK(b.send(event_avail{0, 0}, 4) == errc::no_device); // E2: an event is not answered
    CHECK(b.dropped_one(drop_reason::no_device));
    CHECK(b.silent());
}

TEST_CASE("E1, S5: unknown requests of a device are discarded in silence") {
    device_bench<v2> b;
    b.negotiate();
    for (unsigned id = 0; id < 0x100; ++id) {
        if ((id >= 0x02 && id <= 0x0c) || (id & 0x40) != 0) continue;
        CAPTURE(id);
        CHECK(b.deliver({0x00, static_cast<std::uint8_t>(id), 3, 0, 7, 0, 8, 0}) == errc::unknown_id);
        CHECK(b.dropped_one(drop_reason::unknown_id));
        CHECK(b.silent());
    }
}

TEST_CASE("N1, N2: frames that a device side does not take") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.deliver(byte_view{}) == errc::truncated);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.deliver({0, 2, 3, 0, 0, 0, 7, 0}) == errc::bad_length);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.deliver({0, 2, 3, 0, 0, 0, 9, 0}) == errc::truncated);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.deliver(std::vector<std::uint8_t>(105, 0)) == errc::oversize);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.deliver({2, 3, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0}) == errc::bad_value); // a bus message that names a device
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.send(get_device_status_response{}) == errc::stale_token); // nobody has asked
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.send(error_response{2}) == errc::stale_token);
    CHECK(b.dropped_one(drop_reason::stale));
    CHECK(b.send(event_used{0}) == errc::bad_type); // the wrong direction
    CHECK(b.dropped_one(drop_reason::unexpected));
    CHECK(b.send(event_device{1, device_state::added}) == errc::bad_type);
    CHECK(b.dropped_one(drop_reason::unexpected));
    CHECK(b.deliver({0x01, 0x41, 3, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == errc::bad_type); // H7
    CHECK(b.dropped_one(drop_reason::unexpected));
    CHECK(b.silent());
    CHECK(b.engine.counters().received == 2 + 10);
}

TEST_CASE("H2, H3, H8, H9: reserved type bits and padding are ignored") {
    device_bench<v2> b;
    b.negotiate();
    std::vector<std::uint8_t> ping{0xfe, 3, 0, 0, 9, 0, 12, 0, 1, 2, 3, 4};
    ping.resize(104, 0xee);
    CHECK(b.deliver(ping) == errc::none);
    const auto got = b.expect<ping_response>();
    CHECK(got.head.type == 3); // H2: sent as zero
    CHECK(got.body.data == 0x0403'0201);
}

// --- memory areas

TEST_CASE_TEMPLATE_DEFINE("N11: AREA_SHARE is answered when the memory is mapped, AREA_UNSHARE when it is not", Bench,
                          areas) {
    Bench b;
    b.negotiate();
    b.share(7);
    CHECK(b.engine.areas().resolve(b.at(7, 4), 8)->data() == b.memory.data() + 4);
    REQUIRE(b.send(area_unshare_request{7}) == errc::none);
    CHECK(b.silent());
    CHECK_FALSE(b.engine.areas().resolve(b.at(7, 4), 8));
    CHECK(b.engine.poll_task().what == area_task::kind::unmap);
    CHECK(b.silent());
    REQUIRE(b.engine.areas().unmapped(7));
    CHECK(b.template answer<area_unshare_response>() == area_unshare_response{7, bus_result::success});
    CHECK(b.silent());
    CHECK(b.engine.areas().size() == 0);
    b.share(7, bus_result::error);
    b.share(7, bus_result::busy);
    CHECK(b.engine.areas().size() == 0);
}
TEST_CASE_TEMPLATE_INVOKE(areas, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("N11: requests about areas that are answered at once") {
    device_bench<v2> b;
    b.negotiate();
    b.share(1);
    const auto offer = [&b](std::uint16_t id, std::uint32_t pages, unsigned attrs) {
        return b.ask(area_share_request{.area_id = id, .page_count = pages, .sharing_attrs = area_attrs{attrs}});
    };
    CHECK(offer(1, 1, 0x6f4) == area_share_response{1, bus_result::error}); // duplicate
    CHECK(offer(2, 0, 0x6f4) == area_share_response{2, bus_result::error});
    CHECK(offer(2, 1, 0x16f4) == area_share_response{2, bus_result::error});
    CHECK(b.ask(area_unshare_request{2}) == area_unshare_response{2, bus_result::error});
    // Area 0 does not exist; its number is repeated all the same.
    REQUIRE(b.deliver({.token = 0x0a0b}, area_share_request{.area_id = 0, .page_count = 1}) == errc::none);
    CHECK(b.expect_bytes() == std::vector<std::uint8_t>{0x03, 0x81, 0, 0, 0x0b, 0x0a, 12, 0, 0, 0, 1, 0});
    REQUIRE(b.deliver({.token = 0x0a0b}, area_unshare_request{0}) == errc::none);
    CHECK(b.expect_bytes() == std::vector<std::uint8_t>{0x03, 0x82, 0, 0, 0x0b, 0x0a, 12, 0, 0, 0, 1, 0});
    CHECK(b.silent());
    CHECK(b.dropped_nothing());
    CHECK(b.engine.areas().size() == 1);
}

TEST_CASE("N11: answers about areas come in the order in which the memory is ready, other requests do not wait") {
    device_bench<v2> b;
    b.negotiate();
    for (const std::uint16_t id : {std::uint16_t{1}, std::uint16_t{2}})
        REQUIRE(b.deliver({.token = id},
                          area_share_request{.area_id = id, .page_count = 1, .sharing_attrs = area_attrs::usual}) ==
                errc::none);
    CHECK(b.ask(ping_request{5}).data == 5);
    CHECK(b.engine.poll_task().area_id == 1);
    CHECK(b.engine.poll_task().area_id == 2);
    REQUIRE(b.engine.areas().mapped(2, b.memory));
    auto got = b.expect<area_share_response>();
    CHECK(got.head.token == 2);
    CHECK(got.body.area_id == 2);
    REQUIRE(b.engine.areas().refused(1, bus_result::error));
    got = b.expect<area_share_response>();
    CHECK(got.head.token == 1);
    CHECK(got.body == area_share_response{1, bus_result::error});
    CHECK(b.silent());
}

TEST_CASE("K6: AREA_UNSHARE that overtakes the answer to AREA_SHARE takes none of it, and a release follows") {
    device_bench<v2> b;
    b.negotiate(event_method::indirect);
    const area_share_request offer{.area_id = 1, .page_count = 1, .sharing_attrs = area_attrs::usual};
    REQUIRE(b.deliver({.token = 10}, offer) == errc::none);
    REQUIRE(b.engine.poll_task().what == area_task::kind::map);
    bus_result outcome = bus_result::success;
    SUBCASE("mapped") { REQUIRE(b.engine.areas().mapped(1, b.memory)); }
    SUBCASE("refused") {
        outcome = bus_result::error;
        REQUIRE(b.engine.areas().refused(1, outcome));
    }
    REQUIRE(b.deliver({.token = 11}, area_unshare_request{1}) == errc::none);
    const auto unshare = b.expect<area_unshare_response>();
    CHECK(unshare.head.token == 11);
    CHECK(unshare.body == area_unshare_response{1, bus_result::busy});
    const auto share = b.expect<area_share_response>();
    CHECK(share.head.token == 10);
    CHECK(share.body == area_share_response{1, outcome});
    if (outcome == bus_result::success) {
        CHECK(b.silent());
        REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
        REQUIRE(b.engine.areas().unmapped(1));
    }
    CHECK(b.expect<event_area_release>().body.area_id == 1);
    CHECK(b.silent());
    CHECK(b.engine.areas().size() == 0);
}

TEST_CASE("N11: a second AREA_UNSHARE gets BUSY, and the release that goes with it") {
    device_bench<v2> b;
    b.negotiate(event_method::indirect);
    b.share(1);
    REQUIRE(b.deliver({.token = 10}, area_unshare_request{1}) == errc::none);
    CHECK(b.ask(area_unshare_request{1}) == area_unshare_response{1, bus_result::busy});
    REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
    REQUIRE(b.engine.areas().unmapped(1));
    const auto first = b.expect<area_unshare_response>();
    CHECK(first.head.token == 10);
    CHECK(first.body == area_unshare_response{1, bus_result::success});
    CHECK(b.expect<event_area_release>().body.area_id == 1);
    CHECK(b.silent());
    CHECK(b.engine.areas().size() == 0);
}

TEST_CASE("N11: a device side may take memory of any kind") {
    for (const bool any : {false, true}) {
        device_options options = device_options_for<v2>();
        options.any_area_attrs = any;
        device_bench<v2> b(options);
        b.negotiate();
        REQUIRE(b.send(area_share_request{.area_id = 1, .page_count = 1, .sharing_attrs = area_attrs{0x6fc}}) ==
                errc::none);
        CHECK((b.engine.poll_task().what == area_task::kind::map) == any);
        if (!any) CHECK(b.answer<area_share_response>() == area_share_response{1, bus_result::error});
    }
}

TEST_CASE("threats 2: AREA_UNSHARE while a queue uses the area: BUSY, and AREA_RELEASE later") {
    for (const int ending : {0, 1, 2}) {
        CAPTURE(ending);
        device_bench<v2> b;
        b.run(0x101, event_method::indirect); // with VIRTIO_F_RING_RESET
        CHECK(b.ask(area_unshare_request{1}) == area_unshare_response{1, bus_result::busy});
        CHECK(b.ask(area_unshare_request{1}) == area_unshare_response{1, bus_result::busy});
        CHECK(b.model.enabled[0]);
        CHECK(b.engine.areas().resolve(b.at(1, 0), 16)); // the queue goes on
        CHECK(b.engine.poll_task().what == area_task::kind::none);
        b.ask(b.enabling(1)); // but no other one starts there
        CHECK_FALSE(b.model.enabled[1]);
        if (ending == 0) b.ask(reset_vqueue_request{0});
        if (ending == 1) CHECK(b.status(0) == 0);
        if (ending == 2) {
            REQUIRE(b.engine.detach(3));
            CHECK(b.expect<event_device>().body == event_device{3, device_state::removed});
        }
        CHECK_FALSE(b.model.enabled[0]);
        CHECK_FALSE(b.engine.areas().resolve(b.at(1, 0), 16));
        CHECK(b.silent());
        REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
        REQUIRE(b.engine.areas().unmapped(1));
        const auto released = b.expect<event_area_release>();
        CHECK(released.body.area_id == 1);
        CHECK(released.head.dev_num == 0);
        CHECK(b.silent());
        CHECK(b.engine.areas().size() == 0);
        CHECK(b.ask(area_unshare_request{1}) == area_unshare_response{1, bus_result::error});
    }
}

// --- events

TEST_CASE_TEMPLATE_DEFINE("V3, V1: events are sent unasked", Bench, pushed_events) {
    Bench b;
    b.run(1, event_method::indirect);
    REQUIRE(b.engine.used(3, 0));
    REQUIRE(b.engine.used(3, 0));
    const auto used = b.template expect<event_used>();
    CHECK(used.head.dev_num == 3);
    CHECK(used.head.token == 0);
    CHECK(used.body.vq_index == 0);
    CHECK(b.silent()); // two before it left are one
    b.model.config[5] = 99;
    REQUIRE(b.engine.config_changed(3, 4, 2));
    const auto config = b.template expect<event_config>();
    CHECK(config.head.dev_num == 3);
    CHECK(config.body == event_config{device_status{0xf}, 1, 4, 2, {}});
    REQUIRE(b.engine.config_changed(3, 4, 2));
    REQUIRE(b.engine.config_changed(3, 8, 1)); // two ranges: any of it
    CHECK(b.template expect<event_config>().body == event_config{device_status{0xf}, 3, 0, 0, {}});
    REQUIRE(b.engine.config_changed(3, 8, 1));
    REQUIRE(b.engine.config_changed(3, 8, 1));
    CHECK(b.template expect<event_config>().body == event_config{device_status{0xf}, 5, 8, 1, {}});
    CHECK(b.silent());
    CHECK(b.engine.counters().events == 4);
}
TEST_CASE_TEMPLATE_INVOKE(pushed_events, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("N8: EVENT_POLL is answered with an event or with nothing", Bench, polled_events) {
    Bench b(device_options_for<Bench::rev>(false));
    b.run();
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
    REQUIRE(b.engine.used(3, 0));
    REQUIRE(b.engine.config_changed(3, 0, 0));
    CHECK(b.silent());
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    CHECK(b.template answer<event_config>().status == device_status{0xf});
    CHECK(b.silent());
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    CHECK(b.template answer<event_used>().vq_index == 0);
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
}
TEST_CASE_TEMPLATE_INVOKE(polled_events, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("K7: a release does not wait behind the events of devices") {
    device_bench<v2> b;
    b.run(0x101);
    b.ask(area_unshare_request{1});
    b.ask(reset_vqueue_request{0});
    REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
    REQUIRE(b.engine.areas().unmapped(1));
    REQUIRE(b.engine.config_changed(3, 0, 0));
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    CHECK(b.answer<event_area_release>().area_id == 1);
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.answer<event_config>();
}

TEST_CASE("K7: an event does not wait for an answer that is owed") {
    device_bench<v2> b;
    b.run(1, event_method::indirect);
    REQUIRE(b.send(area_share_request{
                .area_id = 2, .mem_handle = 0x77, .page_count = 1, .sharing_attrs = area_attrs::usual}) == errc::none);
    REQUIRE(b.engine.poll_task().what == area_task::kind::map);
    REQUIRE(b.engine.config_changed(3, 0, 0));
    b.expect<event_config>();
    REQUIRE(b.engine.areas().mapped(2, b.memory));
    CHECK(b.answer<area_share_response>().result == bus_result::success);
}

TEST_CASE("SQ6: used, config_changed, needs_reset: what cannot be") {
    device_bench<v2> b;
    CHECK(b.engine.used(4, 0).error() == errc::no_device);
    CHECK(b.engine.config_changed(4, 0, 0).error() == errc::no_device);
    CHECK(b.engine.needs_reset(4).error() == errc::no_device);
    CHECK(b.engine.detach(4).error() == errc::no_device);
    CHECK(b.engine.used(3, 3).error() == errc::invalid_argument);
    CHECK(b.engine.used(3, 0).error() == errc::bad_state);
    b.run();
    CHECK(b.engine.used(3, 1).error() == errc::bad_state); // not enabled
    CHECK(b.engine.config_changed(3, 16, 1).error() == errc::invalid_argument);
    CHECK(b.engine.config_changed(3, 1, 0xffff'ffff).error() == errc::invalid_argument);
    CHECK(b.engine.config_changed(3, 16, 0));
}

TEST_CASE("T6, E7, V1, SQ72: a device that cannot go on says so, also before it runs") {
    device_bench<v2> b;
    b.negotiate(event_method::indirect);
    b.negotiate_device();
    REQUIRE(b.engine.needs_reset(3));
    CHECK(b.expect<event_config>().body == event_config{device_status{0x4b}, 0, 0, 0, {}});
    CHECK(b.silent());
    CHECK(b.ask(get_device_status_request{}).status == device_status{0x4b}); // T9
    CHECK(b.status(0) == 0);
    b.share(1);
    b.negotiate_device();
    CHECK(b.status(0xf) == 0xf);
    REQUIRE(b.engine.needs_reset(3));
    REQUIRE(b.engine.needs_reset(3));
    CHECK(b.expect<event_config>().body == event_config{device_status{0x4f}, 0, 0, 0, {}});
    REQUIRE(b.engine.needs_reset(3)); // it has been said
    CHECK(b.silent());
    CHECK(b.status(0x4f) == 0x4f);
    CHECK(b.status(0) == 0);
    CHECK(b.silent()); // V1: not because of SET_DEVICE_STATUS
}

TEST_CASE("B3, B5, I5: devices that come and go, each under a number of its own") {
    device_bench<v2> b;
    test_device model;
    attached<test_device> port{model};
    b.run(1, event_method::indirect);
    REQUIRE(b.engine.attach(8, port));
    CHECK(b.engine.attach(8, port).error() == errc::invalid_argument);
    const auto added = b.expect<event_device>();
    CHECK(added.head.dev_num == 0);
    CHECK(added.body == event_device{8, device_state::added});
    REQUIRE(b.engine.used(3, 0));
    const int resets = b.model.resets;
    REQUIRE(b.engine.detach(3)); // in the middle of it
    CHECK_FALSE(b.model.enabled[0]);
    CHECK(b.model.resets == resets + 1);
    CHECK(b.expect<event_device>().body == event_device{3, device_state::removed});
    CHECK(b.silent()); // its events are gone with it
    CHECK(b.send(get_device_status_request{}) == errc::no_device);
    CHECK(b.answered_by_error(0x07, 3));
    CHECK(numbers_in(b.ask(get_devices_request{0, 16})) == std::vector<int>{8});
}

TEST_CASE("I2: a device whose identity breaks a rule is not attached") {
    device_bench<v2> b;
    test_device model;
    attached<test_device> port{model};
    model.id.admin_vq_start = 1; // without a count
    CHECK(b.engine.attach(8, port).error() == errc::invalid_argument);
    model.id.admin_vq_count = 3; // beyond the last queue
    CHECK(b.engine.attach(8, port).error() == errc::invalid_argument);
    model.id.admin_vq_count = 2;
    model.id.device_id = 0; // nothing there
    CHECK(b.engine.attach(8, port).error() == errc::invalid_argument);
    model.id.device_id = 2;
    CHECK(b.engine.attach(8, port));
}

TEST_CASE("I2: nor one whose identity does not fit the revision") {
    huge model;
    const auto port = std::make_unique<attached<huge>>(model);
    device_bench<v1> narrow;
    CHECK(narrow.engine.attach(8, *port).error() == errc::invalid_argument);
    device_bench<v2> wide;
    CHECK(wide.engine.attach(8, *port));
    wide.negotiate();
    REQUIRE(wide.send(get_device_info_request{}, 8) == errc::none);
    CHECK(wide.answer<get_device_info_response>().admin_vq_count == 65536);
}

TEST_CASE("device_bus: more devices than there is room for") {
    device_bench<v2> b;
    test_device model;
    attached<test_device> ports[4]{attached{model}, attached{model}, attached{model}, attached{model}};
    for (std::uint16_t n = 0; n < 3; ++n) CHECK(b.engine.attach(10 + n, ports[n]));
    CHECK(b.engine.attach(13, ports[3]).error() == errc::full);
    REQUIRE(b.engine.config_changed(12, 0, 0)); // that nobody is told of
    REQUIRE(b.engine.detach(12));
    CHECK(b.engine.attach(13, ports[3]));
}

TEST_CASE("I5, device_bus: a device is on a bus under one number") {
    device_bench<v2> b;
    CHECK(b.engine.attach(8, b.port).error() == errc::invalid_argument); // it is 3
    CHECK(b.engine.attach(3, b.port).error() == errc::invalid_argument);
    REQUIRE(b.engine.detach(3));
    REQUIRE(b.engine.attach(8, b.port));
    CHECK(b.engine.attach(3, b.port).error() == errc::invalid_argument);
    device_bus<v2> next{device_options{}}; // in place of a bus that is not there any more
    CHECK(next.attach(3, b.port));
    CHECK(b.engine.attach(9, b.port).error() == errc::invalid_argument); // whatever that one calls it, it is 8 here
    CHECK(next.attach(9, b.port).error() == errc::invalid_argument);
}

TEST_CASE("N8: in rfc2025 events are sent unasked until the driver asks") {
    device_bench<old> b;
    b.run();
    REQUIRE(b.engine.used(3, 0));
    CHECK(b.expect<event_used>().body.vq_index == 0);
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
    REQUIRE(b.engine.used(3, 0));
    CHECK(b.silent()); // its driver could not tell it from the answer to its next EVENT_POLL
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.answer<event_used>();
    REQUIRE(b.send(reset_request{}) == errc::none);
    REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
    REQUIRE(b.engine.areas().unmapped(1));
    b.answer<reset_response>();
    b.run();
    REQUIRE(b.engine.used(3, 0));
    b.expect<event_used>(); // the next driver
}

namespace {

/// An event that the carrier refuses for this reason is owed again after a pause, and nothing else waits for it.
void refuse_events(errc why, duration pause) {
    device_bench<v2> b;
    test_device model;
    attached<test_device> port{model};
    b.run(0x101, event_method::indirect);
    const std::uint64_t events = b.engine.counters().events;
    const auto refuse = [&b, why] {
        REQUIRE(b.engine.poll_transmit(b.now));
        b.engine.handle_sent(why, b.now);
        CHECK(b.silent());
    };
    SUBCASE("EVENT_USED") {
        REQUIRE(b.engine.used(3, 0));
        refuse();
        REQUIRE(b.engine.used(3, 0)); // still one
        CHECK(b.ask(ping_request{5}).data == 5);
        CHECK(b.engine.poll_timeout() == b.now + pause);
        b.now += pause;
        CHECK(b.expect<event_used>().body.vq_index == 0);
    }
    SUBCASE("EVENT_CONFIG") {
        REQUIRE(b.engine.config_changed(3, 4, 2));
        refuse();
        b.now += pause;
        CHECK(b.expect<event_config>().body == event_config{device_status{0xf}, 1, 4, 2, {}});
        REQUIRE(b.engine.config_changed(3, 4, 2));
        REQUIRE(b.engine.poll_transmit(b.now));
        REQUIRE(b.engine.config_changed(3, 8, 1)); // while it is out for sending
        b.engine.handle_sent(why, b.now);
        b.now += pause;
        CHECK(b.expect<event_config>().body == event_config{device_status{0xf}, 3, 0, 0, {}});
    }
    SUBCASE("ADDED, REMOVED") {
        REQUIRE(b.engine.attach(8, port));
        refuse();
        b.now += pause;
        CHECK(b.expect<event_device>().body == event_device{8, device_state::added});
        REQUIRE(b.engine.detach(8));
        REQUIRE(b.engine.poll_transmit(b.now));
        REQUIRE(b.engine.attach(8, port)); // while it is out for sending
        b.engine.handle_sent(why, b.now);
        b.now += pause;
        CHECK(b.expect<event_device>().body == event_device{8, device_state::removed});
        CHECK(b.expect<event_device>().body == event_device{8, device_state::added});
    }
    SUBCASE("AREA_RELEASE") {
        CHECK(b.ask(area_unshare_request{1}).result == bus_result::busy);
        b.ask(reset_vqueue_request{0});
        REQUIRE(b.engine.poll_task().what == area_task::kind::unmap);
        REQUIRE(b.engine.areas().unmapped(1));
        refuse();
        CHECK(b.engine.areas().size() == 1);
        b.now += pause;
        CHECK(b.expect<event_area_release>().body.area_id == 1);
        CHECK(b.engine.areas().size() == 0);
    }
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
    CHECK(b.engine.counters().events > events);
    CHECK(b.engine.counters().lost == 0);
}

} // namespace

TEST_CASE("V4: an event that a busy carrier refuses is owed again") { refuse_events(errc::busy, 10 * milliseconds); }
TEST_CASE("V4: an event that a carrier refuses for another reason is owed again, too") {
    refuse_events(errc::denied, 100 * milliseconds);
}

TEST_CASE("V4: an event is told whenever the carrier recovers") {
    device_bench<v2> b;
    b.run(1, event_method::indirect);
    REQUIRE(b.engine.used(3, 0));
    for (int i = 1; i <= 1200; ++i) {
        REQUIRE(b.engine.poll_transmit(b.now));
        b.engine.handle_sent(errc::busy, b.now);
        const duration pause = (i % 500 == 0 ? 100 : 10) * milliseconds; // after five seconds it is asked less often
        CHECK(b.engine.poll_timeout() == b.now + pause);
        b.now += pause;
    }
    CHECK(b.engine.counters().events == 0);
    CHECK(b.expect<event_used>().body.vq_index == 0);
    CHECK(b.engine.counters().events == 1);
    CHECK(b.engine.counters().carrier_busy == 1200);
    CHECK(b.engine.counters().lost == 0);
}

TEST_CASE("V4: an event that answers EVENT_POLL and cannot be sent is owed again") {
    device_bench<v2> b;
    b.run();
    REQUIRE(b.engine.used(3, 0));
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    REQUIRE(b.engine.poll_transmit(b.now));
    b.engine.handle_sent(errc::denied, b.now);
    CHECK(b.engine.counters().lost == 1); // the answer: the driver times out
    CHECK(b.engine.counters().events == 0);
    CHECK(b.silent());
    REQUIRE(b.send(event_poll_request{}) == errc::none);
    b.answer<event_used>();
    CHECK(b.engine.counters().events == 1);
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
}

TEST_CASE("T2: an event that was refused means nothing after a reset of its device") {
    device_bench<v2> b;
    b.run(1, event_method::indirect);
    REQUIRE(b.engine.used(3, 0));
    REQUIRE(b.engine.poll_transmit(b.now));
    REQUIRE(b.engine.detach(3)); // while it is out for sending
    b.engine.handle_sent(errc::busy, b.now);
    b.now += seconds;
    CHECK(b.expect<event_device>().body == event_device{3, device_state::removed});
    CHECK(b.silent());
}

// --- EVENT_AVAIL

TEST_CASE_TEMPLATE_DEFINE("V2: EVENT_AVAIL reaches the queue of a running device", Bench, kicks) {
    Bench b;
    b.run();
    CHECK(b.send(event_avail{0, 0x8000'0007}) == errc::none);
    CHECK(b.model.kicks[0] == 1);
    CHECK(b.model.next_offset == 0x8000'0007);
    CHECK(b.silent()); // E2: no answer to an event
    CHECK(b.engine.counters().kicks == 1);
    CHECK(b.dropped_nothing());
}
TEST_CASE_TEMPLATE_INVOKE(kicks, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("T5, SQ6: EVENT_AVAIL that cannot be") {
    device_bench<v2> b;
    b.negotiate();
    b.share(1);
    CHECK(b.send(event_avail{0, 0}) == errc::bad_state);
    CHECK(b.dropped_one(drop_reason::too_early));
    b.negotiate_device();
    b.ask(b.enabling(0));
    CHECK(b.send(event_avail{0, 0}) == errc::bad_state); // before DRIVER_OK
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.status(0xf) == 0xf);
    CHECK(b.send(event_avail{1, 0}) == errc::bad_state); // not enabled
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.send(event_avail{3, 0}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.send(event_avail{0xffff'ffff, 0}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.deliver({0x00, 0x41, 3, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0}) == errc::bad_length);
    CHECK(b.dropped_one(drop_reason::malformed));
    CHECK(b.deliver({0x02, 0x41, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == errc::bad_type); // as a bus message
    CHECK(b.dropped_one(drop_reason::unexpected));
    CHECK(b.model.kicks[0] == 0);
    CHECK(b.silent());
}

// --- sending

TEST_CASE("device_bus: no frame is taken while an answer waits") {
    device_bench<v2> b;
    b.negotiate();
    REQUIRE(b.send(ping_request{1}) == errc::none);
    const std::uint64_t received = b.engine.counters().received;
    CHECK(b.send(ping_request{2}) == errc::would_block);
    CHECK(b.send(event_avail{0, 0}) == errc::would_block);
    CHECK(b.engine.counters().received == received);
    CHECK(b.dropped_nothing());
    CHECK(b.expect<ping_response>().body.data == 1);
    CHECK(b.silent());
    CHECK(b.ask(ping_request{2}).data == 2); // offered again
}

TEST_CASE("R1: an answer that the carrier refuses is sent again after a pause, within the budget") {
    device_bench<v2> b;
    b.negotiate();
    REQUIRE(b.send(ping_request{1}) == errc::none);
    const errc reasons[]{errc::busy, errc::no_answer, errc::would_block, errc::retry};
    for (int i = 0; i < 499; ++i) { // five seconds
        REQUIRE(b.engine.poll_transmit(b.now));
        b.engine.handle_sent(reasons[i % 4], b.now);
        CHECK(b.silent());
        const instant due = b.now + 10 * milliseconds;
        CHECK(b.engine.poll_timeout() == due);
        b.now = due - 1;
        CHECK(b.silent());
        b.now = due;
    }
    SUBCASE("the last time it is taken") { CHECK(b.expect<ping_response>().body.data == 1); }
    SUBCASE("the last time it is lost") {
        REQUIRE(b.engine.poll_transmit(b.now));
        b.engine.handle_sent(errc::busy, b.now);
        CHECK(b.engine.counters().lost == 1);
        CHECK(b.engine.counters().carrier_busy == 375);
        CHECK(b.engine.counters().no_answers == 125);
    }
    CHECK(b.silent());
    CHECK(b.engine.poll_timeout() == never);
    CHECK(b.ask(ping_request{2}).data == 2);
}

TEST_CASE("R1: what a carrier refuses for another reason is lost at once") {
    device_bench<v2> b;
    b.negotiate();
    REQUIRE(b.send(ping_request{1}) == errc::none);
    REQUIRE(b.engine.poll_transmit(b.now));
    b.engine.handle_sent(errc::denied, b.now);
    CHECK(b.engine.counters().lost == 1);
    CHECK(b.engine.counters().carrier_busy == 0);
    CHECK(b.engine.counters().no_answers == 0);
    CHECK(b.silent());
}
