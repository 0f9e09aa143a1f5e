// SPDX-License-Identifier: BSD-2-Clause
// The device engine and what a driver asks of a device: information, features, configuration, status, queues.
#include <vmsg/proto/device.hpp>

#include "proto/support/device_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;

std::vector<unsigned> words(const wire::tail<std::uint32_t>& t) {
    std::vector<unsigned> all;
    for (std::size_t i = 0; i < t.size(); ++i) all.push_back(t[i]);
    return all;
}
std::vector<unsigned> bytes(const wire::tail<std::uint8_t>& t) {
    std::vector<unsigned> all;
    for (std::size_t i = 0; i < t.size(); ++i) all.push_back(t[i]);
    return all;
}

/// The answer to SET_CONFIG.
template <class Bench>
set_config_response write(Bench& b, std::uint32_t offset, std::vector<std::uint8_t> data,
                          std::uint32_t generation = 0) {
    const auto length = static_cast<std::uint32_t>(data.size());
    return b.ask(set_config_request{.generation = generation, .offset = offset, .length = length, .config = data});
}

/// The answer to a request to device 0, and to the other one, comes from there and has its token.
template <class Bench, class Request> bool answered(Bench& b, const Request& m, std::uint16_t token) {
    for (const std::uint16_t dev_num : {std::uint16_t{0}, b.number}) {
        if (b.deliver({.dev_num = dev_num, .token = token}, m) != errc::none) return false;
        const header got = b.template expect<response_of<Request>>().head;
        if (got.dev_num != dev_num || got.token != token || !b.silent()) return false;
    }
    return true;
}

/// A bench whose device may be asked for queues in area 1.
template <revision R> struct queues : device_bench<R> {
    explicit queues(std::uint32_t block_1 = 1) {
        this->negotiate();
        this->share(1);
        this->negotiate_device(block_1);
    }
    get_vqueue_response state(std::uint32_t index = 0) { return this->ask(get_vqueue_request{index}); }
    /// SET_VQUEUE is always answered; what the queue is like then.
    get_vqueue_response set(const set_vqueue_request& m) {
        this->ask(m);
        return state(m.index);
    }
};

} // namespace

// --- information

TEST_CASE("S7, H5, K1, K2, K6: all core requests are answered once, by their device, under their token") {
    device_bench<v2> b;
    test_device model;
    attached<test_device> port{model};
    REQUIRE(b.engine.attach(0, port));
    b.negotiate();
    const std::uint32_t features[]{0, 1};
    const std::uint8_t data[]{1};
    const std::uint16_t tokens[]{0x0000, 0x0001, 0x8000, 0xffff};
    for (const std::uint16_t token : tokens) {
        CAPTURE(token);
        CHECK(answered(b, get_device_info_request{}, token));
        CHECK(answered(b, get_device_features_request{0, 2}, token));
        CHECK(answered(b, set_driver_features_request{0, 2, features}, token));
        CHECK(answered(b, get_config_request{0, 4}, token));
        CHECK(answered(b, set_config_request{.offset = 8, .length = 1, .config = data}, token));
        CHECK(answered(b, get_device_status_request{}, token));
        CHECK(answered(b, set_device_status_request{}, token));
        CHECK(answered(b, get_vqueue_request{0}, token));
        CHECK(answered(b, set_vqueue_request{}, token));
        CHECK(answered(b, reset_vqueue_request{0}, token));
        CHECK(answered(b, get_shm_request{0}, token));
    }
    CHECK(b.engine.counters().requests == 2 * 4 * 11 + 2);
}

TEST_CASE("I3: a device without a UUID has the nil UUID") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.ask(get_device_info_request{}).device_uuid.is_nil());
    b.model.id.device_uuid.bytes[15] = 1;
    CHECK_FALSE(b.ask(get_device_info_request{}).device_uuid.is_nil());
}

TEST_CASE("I2: GET_DEVICE_INFO while the device is inactive") {
    device_bench<v2> b;
    b.model.id.device_uuid.bytes[0] = 0x12;
    b.negotiate();
    get_device_info_response info{.device_id = 2,
                                  .vendor_id = 0x51,
                                  .device_uuid = b.model.id.device_uuid,
                                  .num_feature_blocks = 2,
                                  .config_size = 16,
                                  .max_virtqueues = 3};
    CHECK(b.ask(get_device_info_request{}) == info);
    b.model.offered.set_block(3, 1);
    info.num_feature_blocks = 4;
    CHECK(b.ask(get_device_info_request{}) == info);
}

TEST_CASE("3.4: before oasis_v2 the features are counted in bits") {
    const get_device_info_response info{
        .device_id = 2, .vendor_id = 0x51, .num_feature_bits = 64, .config_size = 16, .max_virtqueues = 3};
    device_bench<v1> newer;
    newer.negotiate();
    CHECK(newer.ask(get_device_info_request{}) == info);
    device_bench<old> older;
    older.negotiate();
    CHECK(older.ask(get_device_info_request{}) == info);
}

// --- features

TEST_CASE_TEMPLATE_DEFINE("F2: GET_DEVICE_FEATURES gives what is offered, and zero beyond", Bench, features) {
    Bench b;
    b.negotiate();
    const auto ask = [&b](std::uint32_t index, std::uint32_t count) {
        const auto got = b.ask(get_device_features_request{index, count});
        CHECK(got.block_index == index); // K9
        CHECK(got.num_blocks == count);
        return words(got.features);
    };
    CHECK(ask(0, 2) == std::vector<unsigned>{0x200, 0x143});
    CHECK(ask(1, 3) == std::vector<unsigned>{0x143, 0, 0});
    CHECK(ask(0, 6) == std::vector<unsigned>{0x200, 0x143, 0, 0, 0, 0});
    CHECK(ask(0xffff'fff0, 2) == std::vector<unsigned>{0, 0});
    CHECK(ask(7, 0).empty());
}
TEST_CASE_TEMPLATE_INVOKE(features, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("F2: GET_DEVICE_FEATURES does not say what was accepted") {
    device_bench<v2> b;
    b.negotiate();
    b.negotiate_device(1);
    CHECK(words(b.ask(get_device_features_request{0, 2}).features) == std::vector<unsigned>{0x200, 0x143});
}

TEST_CASE("threats 2: feature ranges that wrap or do not fit a message") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(words(b.ask(get_device_features_request{0, 22}).features).size() == 22); // (104 - 16) / 4
    CHECK(b.send(get_device_features_request{0, 23}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.send(get_device_features_request{0, 0xffff'ffff}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.send(get_device_features_request{0xffff'ffff, 2}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    const std::uint32_t two[2]{};
    CHECK(b.send(set_driver_features_request{0xffff'ffff, 2, two}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.silent());
}

TEST_CASE("F1, F2: features are set block by block and frozen by FEATURES_OK") {
    device_bench<v2> b;
    b.negotiate();
    const std::uint32_t low[]{0x200};
    const std::uint32_t high[]{0x3};
    const std::uint32_t other[]{0x1};
    b.ask(set_driver_features_request{1, 1, high}); // before DRIVER: nothing
    CHECK(b.port.accepted == feature_set{});
    CHECK(b.status(0x3) == 0x3);
    b.ask(set_driver_features_request{1, 1, high});
    b.ask(set_driver_features_request{0, 1, low});
    CHECK(b.port.accepted == feature_set{{0x200, 0x3, 0, 0}});
    CHECK(b.status(0xb) == 0xb);
    CHECK(b.model.accepted == feature_set{{0x200, 0x3, 0, 0}});
    b.ask(set_driver_features_request{1, 1, other}); // answered, and nothing changes
    CHECK(b.port.accepted == feature_set{{0x200, 0x3, 0, 0}});
    CHECK(b.status(0xf) == 0xf);
}

TEST_CASE("F2: FEATURES_OK is refused for features that were never offered") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.status(0x3) == 0x3);
    const std::uint32_t wrong[]{0x400};
    const std::uint32_t right[]{0x200};
    b.ask(set_driver_features_request{0, 1, wrong});
    CHECK(b.status(0xb) == 0x3);
    CHECK(b.status(0xf) == 0x3);
    CHECK(b.model.starts == 0);
    b.ask(set_driver_features_request{0, 1, right}); // another try
    CHECK(b.status(0xb) == 0xb);
    CHECK(b.status(0x0) == 0x0);
    CHECK(b.status(0x3) == 0x3);
    b.model.takes_features = false; // T3: nor in this combination
    CHECK(b.status(0xb) == 0x3);
    b.model.takes_features = true;
    const std::uint32_t notif_config_data[]{0x80};
    b.model.offered.set(feature::notif_config_data); // F3: not even if the model would offer it
    b.ask(set_driver_features_request{1, 1, notif_config_data});
    CHECK(b.status(0xb) == 0x3);
    const std::uint32_t none[]{0};
    const std::uint32_t far[]{1};
    b.ask(set_driver_features_request{1, 1, none});
    b.ask(set_driver_features_request{5, 1, far});
    CHECK(b.status(0xb) == 0x3);
    b.ask(set_driver_features_request{5, 1, none}); // thought better of
    CHECK(b.status(0xb) == 0xb);
    CHECK(b.status(0x0) == 0x0);
    CHECK(b.status(0x3) == 0x3);
    b.ask(set_driver_features_request{1000, 1, far});
    CHECK(b.status(0xb) == 0x3);
}

// --- status

TEST_CASE_TEMPLATE_DEFINE("T3, T9: the status is reported as it is", Bench, status) {
    Bench b;
    b.negotiate();
    const auto ask = [&b] { return static_cast<unsigned>(b.ask(get_device_status_request{}).status); };
    CHECK(ask() == 0);
    CHECK(b.status(0x2) == 0x0); // DRIVER before ACKNOWLEDGE
    CHECK(b.status(0x1) == 0x1);
    CHECK(b.status(0x3) == 0x3);
    CHECK(b.status(0x7) == 0x3); // DRIVER_OK before FEATURES_OK
    CHECK(b.status(0xb) == 0xb);
    CHECK(b.status(0x1) == 0xb); // nothing is taken back
    CHECK(b.status(0xf) == 0xf);
    CHECK(b.model.starts == 1);
    CHECK(ask() == 0xf);
    CHECK(b.status(0x8f) == 0x8f);
    const int resets = b.model.resets;
    CHECK(b.status(0x0) == 0x0);
    CHECK(ask() == 0);
    CHECK(b.model.resets == resets + 1);
    CHECK(b.silent()); // V1: no event because of it
}
TEST_CASE_TEMPLATE_INVOKE(status, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("3.6: a status with bits that virtio does not have is discarded") {
    device_bench<v2> b;
    b.negotiate();
    CHECK(b.send(set_device_status_request{device_status{0x101}}) == errc::bad_value);
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.silent());
    CHECK(b.port.status == device_status::reset);
}

TEST_CASE("T2: a reset ends queues, features and events, at any time") {
    device_bench<v2> b;
    b.run();
    REQUIRE(b.engine.used(3, 0));
    REQUIRE(b.engine.config_changed(3, 0, 0));
    CHECK(b.status(0) == 0);
    CHECK_FALSE(b.model.enabled[0]);
    CHECK(b.model.disables == 1);
    CHECK(b.ask(get_vqueue_request{0}) == get_vqueue_response{.index = 0, .max_size = 256});
    CHECK(b.port.accepted == feature_set{});
    CHECK(b.ask(event_poll_request{}) == event_poll_response{});
    CHECK(b.engine.areas().resolve(b.at(1, 0), 1)); // the memory is the bus's
    REQUIRE(b.send(area_unshare_request{1}) == errc::none);
    CHECK(b.engine.poll_task().what == area_task::kind::unmap); // and nobody uses it
    REQUIRE(b.engine.areas().unmapped(1));
    b.answer<area_unshare_response>();
    CHECK(b.status(0) == 0);
}

// --- configuration

TEST_CASE_TEMPLATE_DEFINE("C5, K9: GET_CONFIG", Bench, get_config) {
    Bench b(device_options_for<Bench::rev>(false));
    b.negotiate();
    auto got = b.ask(get_config_request{2, 5});
    CHECK(got.generation == 0);
    CHECK(got.offset == 2);
    CHECK(got.length == 5);
    CHECK(bytes(got.config) == std::vector<unsigned>{2, 3, 4, 5, 6});
    CHECK(bytes(b.ask(get_config_request{0, 16}).config).size() == 16);
    CHECK(bytes(b.ask(get_config_request{16, 0}).config).empty());
    REQUIRE(b.engine.config_changed(3, 0, 1));
    CHECK(b.ask(get_config_request{0, 1}).generation == 1);
}
TEST_CASE_TEMPLATE_INVOKE(get_config, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("threats 2: configuration ranges that do not exist") {
    device_bench<v2> b;
    b.negotiate();
    const std::uint32_t ranges[][2]{{0, 17},          {16, 1},           {17, 0},          {1, 16},
                                    {0xffff'ffff, 1}, {0xffff'fff8, 16}, {1, 0xffff'ffff}, {8, 9}};
    for (const auto& range : ranges) {
        CHECK(b.send(get_config_request{range[0], range[1]}) == errc::bad_value);
        CHECK(b.dropped_one(drop_reason::bad_value));
        CHECK(b.silent());
    }
    b.model.id.config_size = 1000;
    CHECK(b.send(get_config_request{0, 85}) == errc::oversize); // more than an answer can carry
    CHECK(b.dropped_one(drop_reason::bad_value));
    CHECK(b.silent());
}

TEST_CASE("C1, C5, C6: SET_CONFIG is all or nothing") {
    device_bench<v2> b;
    b.negotiate();
    auto got = write(b, 8, {1, 2});
    CHECK(got.length == 0); // before FEATURES_OK
    CHECK(got.config.empty());
    b.negotiate_device();
    got = write(b, 8, {0xaa, 0xbb});
    CHECK(got.offset == 8);
    CHECK(got.length == 2);
    CHECK(bytes(got.config) == std::vector<unsigned>{0xaa, 0xbb});
    CHECK(got.generation == 1); // C5
    CHECK(b.model.config[8] == 0xaa);
    CHECK(b.model.config[9] == 0xbb);
    got = write(b, 2, {9, 9, 9}); // read-only
    CHECK(got.length == 0);
    CHECK(got.config.empty());
    CHECK(got.generation == 1);
    CHECK(b.model.config[2] == 2);
    CHECK(b.model.config[4] == 4);
    got = write(b, 15, {9, 9});
    CHECK(got.length == 0);
    CHECK(b.model.config[15] == 15);
    got = write(b, 0xffff'ffff, {9, 9});
    CHECK(got.length == 0);
    CHECK(got.offset == 0xffff'ffff);
    got = write(b, 8, {}); // C1: a valid no-op
    CHECK(got.length == 0);
    CHECK(got.generation == 1);
    CHECK(b.dropped_nothing());
}

TEST_CASE("C2, C4: in the strict profile a write with another generation is rejected") {
    device_options options = device_options_for<v2>();
    options.feature_bits = 0xffff'ffff;
    device_bench<v2> b(options);
    const auto version = b.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1});
    CHECK(version.feature_bits == strict_config_generation);
    b.ask(event_configure_request{event_method::poll, 0, 0});
    b.negotiate_device();
    CHECK(write(b, 8, {1}, 0).length == 1);
    const auto rejected = write(b, 8, {2}, 0);
    CHECK(rejected.length == 0);
    CHECK(rejected.config.empty());
    CHECK(rejected.generation == 1); // with which it can be tried again
    CHECK(b.model.config[8] == 1);
    CHECK(write(b, 8, {2}, 1).length == 1);
}

TEST_CASE("S6: before oasis_v2 there are no transport features") {
    device_options options = device_options_for<v1>();
    options.feature_bits = strict_config_generation;
    device_bench<v1> b(options);
    CHECK(b.ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1}).feature_bits == 0);
    b.ask(event_configure_request{event_method::poll, 0, 0});
    b.negotiate_device();
    CHECK(write(b, 8, {1}, 77).length == 1);
}

TEST_CASE("GET_CONFIG: what a device does not write is zero") {
    device_bench<v2> b;
    b.model.readable = 2;
    b.negotiate();
    b.ask(ping_request{0xffff'ffff});
    CHECK(bytes(b.ask(get_config_request{1, 5}).config) == std::vector<unsigned>{1, 0, 0, 0, 0});
}

TEST_CASE("C3: the generation of a write is ignored in the baseline profile") {
    device_bench<v2> b;
    b.negotiate();
    b.negotiate_device();
    CHECK(write(b, 8, {1}, 0).length == 1);
    CHECK(write(b, 8, {2}, 77).length == 1);
    CHECK(b.model.config[8] == 2);
}

// --- virtqueues

TEST_CASE_TEMPLATE_DEFINE("Q6: a queue is set up and reported", Bench, one_queue) {
    Bench b;
    CHECK(b.state(0) == get_vqueue_response{.index = 0, .max_size = 256});
    const auto wanted = b.enabling(0, 128);
    const get_vqueue_response got = b.set(wanted);
    CHECK(got.max_size == 256);
    CHECK(got.cur_size == 128);
    CHECK(got.flags == (Bench::rev == v2 ? 1 : 0));
    CHECK(got.descriptor_addr == b.at(1, 0));
    CHECK(got.driver_addr == b.at(1, 0x1000));
    CHECK(got.device_addr == b.at(1, 0x1800));
    CHECK(b.model.enabled[0]);
    CHECK(b.model.setup == queue_setup{128, b.at(1, 0), b.at(1, 0x1000), b.at(1, 0x1800)});
    CHECK(b.state(1) == get_vqueue_response{.index = 1, .max_size = 256});
}
TEST_CASE_TEMPLATE_INVOKE(one_queue, queues<old>, queues<v1>, queues<v2>);

TEST_CASE("Q2: a queue that is not there") {
    queues<v2> b;
    for (const std::uint32_t index : {2u, 3u, 70u, 0xffff'ffffu}) {
        CAPTURE(index);
        CHECK(b.state(index) == get_vqueue_response{.index = index});
        CHECK(b.set(b.enabling(index)) == get_vqueue_response{.index = index});
        b.ask(reset_vqueue_request{index});
    }
    CHECK(b.model.enables == 0);
    CHECK(b.dropped_nothing());
}

TEST_CASE_TEMPLATE_DEFINE("Q4: a SET_VQUEUE with a reserved flag or field changes nothing and is answered", Bench,
                          reserved) {
    Bench b;
    auto m = b.enabling(0);
    const std::uint32_t illegal_v2[]{3, 0x40, 0x41, 0x8000'0001, 0xffff'ffff};
    const std::uint32_t illegal_old[]{1, 2, 4, 0x40, 0xffff'ffff};
    for (const std::uint32_t flags : Bench::rev == v2 ? illegal_v2 : illegal_old) {
        CAPTURE(flags);
        m.flags = vqueue_flags{flags};
        CHECK(b.set(m) == get_vqueue_response{.index = 0, .max_size = 256});
    }
    m = b.enabling(0);
    if (Bench::rev != old) {
        m.reserved = 1;
        CHECK(b.set(m) == get_vqueue_response{.index = 0, .max_size = 256});
        m.reserved = 0;
    }
    CHECK(b.model.enables == 0);
    CHECK(b.set(m).cur_size == 64);
}
TEST_CASE_TEMPLATE_INVOKE(reserved, queues<old>, queues<v1>, queues<v2>);

TEST_CASE("Q4: an enabled queue is not changed, and not disabled") {
    queues<v2> b;
    const get_vqueue_response before = b.set(b.enabling(0));
    REQUIRE(before.flags == 1);
    // Every state operation with every combination of ignore bits, other values in all fields.
    for (unsigned flags = 0; flags < 0x40; ++flags) {
        CAPTURE(flags);
        auto m = b.enabling(0, 32);
        m.flags = vqueue_flags{flags};
        m.driver_addr = b.at(1, 0x400);
        CHECK(b.set(m) == before);
    }
    CHECK(b.model.enables == 1);
    CHECK(b.model.disables == 0);
}

TEST_CASE("Q4, Q8: a disabled queue: the fields whose ignore bit is 0 are applied, and only 'enable' enables") {
    queues<v2> b;
    for (unsigned flags = 0; flags < 0x3f; ++flags) {
        const unsigned operation = flags & 3;
        if (operation == 3) continue;
        CAPTURE(flags);
        CHECK(b.status(0) == 0); // a fresh queue
        b.negotiate_device();
        set_vqueue_request m{.index = 1,
                             .size = 16,
                             .descriptor_addr = b.at(1, 0x100),
                             .driver_addr = b.at(1, 0x200),
                             .device_addr = b.at(1, 0x300)};
        CHECK(b.set(m).flags == 0); // operation 0: configured, and still disabled
        m.flags = vqueue_flags{flags};
        m.size = 8;
        m.descriptor_addr = b.at(1, 0x500);
        m.driver_addr = b.at(1, 0x600);
        m.device_addr = b.at(1, 0x700);
        const get_vqueue_response got = b.set(m);
        CHECK(got.cur_size == ((flags & 4) != 0 ? 16 : 8));
        CHECK(got.descriptor_addr == b.at(1, (flags & 8) != 0 ? 0x100 : 0x500));
        CHECK(got.driver_addr == b.at(1, (flags & 16) != 0 ? 0x200 : 0x600));
        CHECK(got.device_addr == b.at(1, (flags & 32) != 0 ? 0x300 : 0x700));
        CHECK(got.flags == (operation == 1 ? 1u : 0u));
        CHECK(b.model.enabled[1] == (operation == 1));
    }
}

TEST_CASE("Q4, D15: a size of 0 or above the maximum changes nothing") {
    queues<v2> b;
    const get_vqueue_response unconfigured{.index = 0, .max_size = 256};
    CHECK(b.set(b.enabling(0, 257)) == unconfigured);
    CHECK(b.set(b.enabling(0, 0xffff'ffff)) == unconfigured);
    CHECK(b.set(b.enabling(0, 0)) == unconfigured);
    auto m = b.enabling(0, 257);
    m.flags = vqueue_flags::keep_disabled;
    CHECK(b.set(m) == unconfigured);
    m = b.enabling(0);
    m.flags = vqueue_flags::enable | vqueue_flags::size_ignore; // of a queue without a size
    CHECK(b.set(m) == unconfigured);
    CHECK(b.model.enables == 0);
    CHECK(b.set(b.enabling(0, 256)).cur_size == 256);
}

TEST_CASE("threats 2: the addresses of a queue lie in live areas of its driver") {
    queues<v2> b;
    const get_vqueue_response unconfigured{.index = 0, .max_size = 256};
    auto m = b.enabling(0);
    m.descriptor_addr = b.at(2, 0); // never shared
    CHECK(b.set(m) == unconfigured);
    m = b.enabling(0);
    m.driver_addr = bus_address{0x1000}; // no area at all
    CHECK(b.set(m) == unconfigured);
    m = b.enabling(0);
    m.device_addr = b.at(1, 2 * area_page_size); // behind its end
    CHECK(b.set(m) == unconfigured);
    m = b.enabling(0);
    m.device_addr = bus_address{0xffff'ffff'ffff'ffff};
    CHECK(b.set(m) == unconfigured);
    CHECK(b.model.enables == 0);
    REQUIRE(b.send(area_unshare_request{1}) == errc::none); // the failed ones pin nothing
    CHECK(b.engine.poll_task().what == area_task::kind::unmap);
    REQUIRE(b.engine.areas().unmapped(1));
    b.answer<area_unshare_response>();
    CHECK(b.set(b.enabling(0)) == unconfigured); // not any more
    CHECK(b.model.enables == 0);
}

TEST_CASE_TEMPLATE_DEFINE("T7, Q5: before FEATURES_OK no queue is enabled and none is reset", Bench, too_early) {
    Bench b;
    b.negotiate();
    b.share(1);
    const std::uint32_t wanted[]{0, 0x101}; // with VIRTIO_F_RING_RESET
    const get_vqueue_response unconfigured{.index = 0, .max_size = 256};
    for (const unsigned status : {0x0u, 0x1u, 0x3u}) {
        CHECK(b.status(status) == status);
        b.ask(set_driver_features_request{0, 2, wanted});
        b.ask(b.enabling(0)); // answered
        CHECK(b.ask(get_vqueue_request{0}) == unconfigured);
        CHECK(b.model.enables == 0);
    }
    // What the driver has set up so far stays: the bit was not accepted by FEATURES_OK.
    if (Bench::rev == v2) {
        auto m = b.enabling(0);
        m.flags = vqueue_flags::keep_disabled;
        b.ask(m); // Q8
        b.ask(reset_vqueue_request{0});
        CHECK(b.ask(get_vqueue_request{0}).cur_size == 64);
    }
    CHECK(b.status(0xb) == 0xb);
    b.ask(b.enabling(0));
    CHECK(b.model.enabled[0]);
    b.ask(reset_vqueue_request{0});
    CHECK_FALSE(b.model.enabled[0]);
}
TEST_CASE_TEMPLATE_INVOKE(too_early, device_bench<old>, device_bench<v1>, device_bench<v2>);

TEST_CASE("Q4: a queue that the device cannot use stays as it is") {
    queues<v2> b;
    b.model.takes_queues = false;
    CHECK(b.set(b.enabling(0)) == get_vqueue_response{.index = 0, .max_size = 256});
    REQUIRE(b.send(area_unshare_request{1}) == errc::none);
    CHECK(b.engine.poll_task().what == area_task::kind::unmap); // nothing is pinned
}

TEST_CASE("Q5: without VIRTIO_F_RING_RESET a RESET_VQUEUE does nothing and is answered") {
    queues<v2> b(1);
    const get_vqueue_response before = b.set(b.enabling(0));
    b.ask(reset_vqueue_request{0});
    CHECK(b.state() == before);
    CHECK(b.model.disables == 0);
}

TEST_CASE_TEMPLATE_DEFINE("Q9: RESET_VQUEUE stops a queue, which can be set up anew", Bench, ring_reset) {
    Bench b(0x101);
    b.set(b.enabling(0));
    b.set(b.enabling(1));
    REQUIRE(b.status(0xf) == 0xf);
    REQUIRE(b.engine.used(3, 0));
    b.ask(reset_vqueue_request{0});
    CHECK(b.state() == get_vqueue_response{.index = 0, .max_size = 256});
    CHECK_FALSE(b.model.enabled[0]);
    CHECK(b.model.enabled[1]);
    CHECK(b.model.disables == 1);
    CHECK(b.engine.used(3, 0).error() == errc::bad_state);
    CHECK(b.send(event_avail{0, 0}) == errc::bad_state);
    CHECK(b.dropped_one(drop_reason::too_early));
    b.ask(reset_vqueue_request{0}); // twice
    CHECK(b.model.disables == 1);
    CHECK(b.ask(area_unshare_request{1}).result == bus_result::busy); // by the other queue
    b.ask(reset_vqueue_request{1});
    CHECK(b.engine.poll_task().what == area_task::kind::unmap);
}
TEST_CASE_TEMPLATE_INVOKE(ring_reset, queues<old>, queues<v1>, queues<v2>);

TEST_CASE("Q9: a queue that was reset is set up anew") {
    queues<v2> b(0x101);
    b.set(b.enabling(0));
    REQUIRE(b.status(0xf) == 0xf);
    b.ask(reset_vqueue_request{0});
    CHECK(b.set(b.enabling(0, 32)).cur_size == 32);
    CHECK(b.model.enables == 2);
    CHECK(b.send(event_avail{0, 0}) == errc::none);
}

// --- shared memory

TEST_CASE_TEMPLATE_DEFINE("G1: GET_SHM is answered, with length 0", Bench, shm) {
    Bench b;
    b.negotiate();
    CHECK(b.ask(get_shm_request{5}) == get_shm_response{.shmid = 5});
}
TEST_CASE_TEMPLATE_INVOKE(shm, device_bench<old>, device_bench<v1>, device_bench<v2>);

// --- malformed requests

TEST_CASE_TEMPLATE_DEFINE("E1: a malformed request is discarded in silence and changes nothing", Bench, malformed) {
    Bench b;
    b.run();
    const auto before = b.ask(get_vqueue_request{0});
    const std::size_t head = header_size<Bench::rev>;
    const std::size_t fixed[]{0, 8, 8, 8, 12, 0, 4, 4, Bench::rev == old ? 36u : 40u, 4, 4}; // payloads of 0x02 to 0x0c
    for (std::uint8_t id = 0x02; id <= 0x0c; ++id) {
        const std::size_t right = head + fixed[id - 2];
        for (std::size_t size = head; size <= right + 3; ++size) {
            if (size == right || size > constants_of<Bench::rev>.ffa_max_msg_size) continue;
            CAPTURE(id);
            CAPTURE(size);
            std::vector<std::uint8_t> frame(size, 0);
            frame[1] = id;
            frame[2] = 3;
            frame[head - 2] = static_cast<std::uint8_t>(size);
            CHECK(b.deliver(frame) == errc::bad_length);
            CHECK(b.dropped_one(drop_reason::malformed));
            REQUIRE(b.silent());
        }
    }
    // The right size, and a count that says another one.
    std::vector<std::uint8_t> features(head + 8 + 8);
    features[1] = 0x04;
    features[2] = 3;
    features[head - 2] = static_cast<std::uint8_t>(features.size());
    for (const unsigned count : {0u, 1u, 3u, 0x4000'0002u, 0xffff'ffffu}) { // 4 * 0x40000002 is 8 in 32 bits
        store_le(features.data() + head + 4, std::uint32_t{count});
        CHECK(b.deliver(features) == errc::bad_length);
        CHECK(b.dropped_one(drop_reason::malformed));
    }
    std::vector<std::uint8_t> config(head + 12 + 4);
    config[1] = 0x06;
    config[2] = 3;
    config[head - 2] = static_cast<std::uint8_t>(config.size());
    for (const unsigned length : {0u, 3u, 5u, 0xffff'ffffu}) {
        store_le(config.data() + head + 8, std::uint32_t{length});
        CHECK(b.deliver(config) == errc::bad_length);
        CHECK(b.dropped_one(drop_reason::malformed));
    }
    CHECK(b.silent());
    CHECK(b.port.status == device_status{0xf});
    CHECK(b.ask(get_vqueue_request{0}) == before);
}
TEST_CASE_TEMPLATE_INVOKE(malformed, device_bench<old>, device_bench<v1>, device_bench<v2>);
