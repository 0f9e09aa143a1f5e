// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/driver_rules.hpp>

#include "support/check.hpp"

using namespace vmsg;
using namespace vmsg::proto;
using namespace vmsg::proto::detail;

namespace {

constexpr device_status bits(unsigned b) { return device_status{b}; }
constexpr bool may(unsigned now, unsigned wanted, bool known = true) {
    return may_write_status(bits(now), known, bits(wanted));
}

constexpr known_device device{.status = device_status{0x0b},
                              .status_known = true,
                              .info_known = true,
                              .ring_reset = true,
                              .config_size = 64,
                              .max_virtqueues = 2,
                              .generation = 7};

constexpr std::uint32_t words[]{0x1, 0x143, 0x1}; // blocks 0, 1, 2: NOTIFICATION_DATA and RING_RESET in block 1
constexpr std::uint32_t forbidden[]{0x80};        // NOTIF_CONFIG_DATA if it is block 1

constexpr known_device after_features(std::uint32_t block_index, std::uint32_t num_blocks, const std::uint32_t* from) {
    known_device d{};
    learn(d, set_driver_features_request{block_index, num_blocks, {from, num_blocks}}, set_driver_features_response{});
    return d;
}

constexpr known_device after_status(known_device d, unsigned asked, unsigned got) {
    learn(d, set_device_status_request{bits(asked)}, set_device_status_response{bits(got)});
    return d;
}

constexpr std::uint32_t generation_sent(revision r, bool strict) {
    set_config_request m{.generation = 99};
    prepare_request(r, strict, device, m);
    return m.generation;
}

constexpr std::uint8_t data[]{1, 2, 3, 4};
constexpr set_config_request asked{.offset = 8, .length = 4, .config = data};

template <class Request> constexpr errc check(const Request& m) { return check_request(device, m); }

} // namespace

TEST_CASE("T4: status bits are set in their order") {
    CX_CHECK(may(0x0, 0x1));
    CX_CHECK(may(0x1, 0x3));
    CX_CHECK(may(0x3, 0xb));
    CX_CHECK(may(0xb, 0xf));
    CX_CHECK(may(0x0, 0x3)); // two at a time
    CX_CHECK(may(0xf, 0xf));
    CX_CHECK(!may(0x0, 0x2));
    CX_CHECK(!may(0x1, 0x9));
    CX_CHECK(!may(0x3, 0x7)); // DRIVER_OK before FEATURES_OK
    CX_CHECK(!may(0x0, 0x4));
}

TEST_CASE("virtio status: no bit is taken back but by a reset, which is allowed at any time") {
    for (unsigned now = 0; now < 0x100; ++now) CHECK(may(now, 0, false));
    CX_CHECK(!may(0xf, 0xb));
    CX_CHECK(!may(0x3, 0x1));
    CX_CHECK(!may(0x83, 0x3));
}

TEST_CASE("virtio status: what a driver must not write") {
    CX_CHECK(!may(0x0, 0x1, false)); // the device has not been reset yet
    CX_CHECK(!may(0xf, 0x4f));       // the device's own bit
    CX_CHECK(!may(0x4f, 0x4f));
    CX_CHECK(!may(0x43, 0x4b)); // only a reset helps
    CX_CHECK(!may(0x83, 0x8b));
    CX_CHECK(!may(0x0, 0x101)); // not a status bit
    CX_CHECK(may(0xf, 0x8f));   // it may give up
    CX_CHECK(may(0x0, 0x80));
}

TEST_CASE("I1, F1, T7: what a device must have been told before") {
    CX_CHECK(!rule_of<get_device_info_request>.needs_info());
    CX_CHECK(!rule_of<get_device_status_request>.needs_info());
    CX_CHECK(!rule_of<set_device_status_request>.needs_info());
    CX_CHECK(rule_of<get_device_features_request>.needs_info());
    CX_CHECK(rule_of<get_config_request>.needs_info());
    CX_CHECK(rule_of<get_vqueue_request>.needs_info());
    CX_CHECK(rule_of<get_shm_request>.needs_info());
    CX_CHECK(rule_of<set_driver_features_request>.needs() == 0x3);
    CX_CHECK(rule_of<set_driver_features_request>.forbids() == 0x88); // frozen by FEATURES_OK
    CX_CHECK(rule_of<set_config_request>.needs() == 0x8);
    CX_CHECK(rule_of<set_vqueue_request>.needs() == 0x8);
    CX_CHECK(rule_of<reset_vqueue_request>.needs() == 0x8);
}

TEST_CASE("I4, C1: configuration space ends at config_size, whatever the sum wraps to") {
    CX_CHECK(check(get_config_request{0, 64}) == errc::none);
    CX_CHECK(check(get_config_request{64, 0}) == errc::none);
    CX_CHECK(check(get_config_request{0, 65}) == errc::invalid_argument);
    CX_CHECK(check(get_config_request{65, 0}) == errc::invalid_argument);
    CX_CHECK(check(get_config_request{1, 64}) == errc::invalid_argument);
    CX_CHECK(check(get_config_request{0xffff'ffff, 1}) == errc::invalid_argument);
    CX_CHECK(check(get_config_request{1, 0xffff'ffff}) == errc::invalid_argument);
    CX_CHECK(check(set_config_request{.offset = 60, .length = 4}) == errc::none);
    CX_CHECK(check(set_config_request{.offset = 61, .length = 4}) == errc::invalid_argument);
    CX_CHECK(check(set_config_request{.offset = 0xffff'fffe, .length = 4}) == errc::invalid_argument);
}

TEST_CASE("Q2: a queue that the device does not have") {
    CX_CHECK(check(get_vqueue_request{1}) == errc::none);
    CX_CHECK(check(get_vqueue_request{2}) == errc::invalid_argument);
    CX_CHECK(check(set_vqueue_request{.index = 1}) == errc::none);
    CX_CHECK(check(set_vqueue_request{.index = 2}) == errc::invalid_argument);
    CX_CHECK(check(reset_vqueue_request{1}) == errc::none);
    CX_CHECK(check(reset_vqueue_request{0xffff'ffff}) == errc::invalid_argument);
}

TEST_CASE("Q7: the addresses of a queue that are applied are aligned") {
    using enum vqueue_flags;
    CX_CHECK(check(set_vqueue_request{.descriptor_addr = bus_address{16},
                                      .driver_addr = bus_address{2},
                                      .device_addr = bus_address{4}}) == errc::none);
    CX_CHECK(check(set_vqueue_request{.descriptor_addr = bus_address{8}}) == errc::invalid_argument);
    CX_CHECK(check(set_vqueue_request{.driver_addr = bus_address{1}}) == errc::invalid_argument);
    CX_CHECK(check(set_vqueue_request{.device_addr = bus_address{2}}) == errc::invalid_argument);
    CX_CHECK(check(set_vqueue_request{.flags = descriptor_addr_ignore, .descriptor_addr = bus_address{8}}) ==
             errc::none);
    CX_CHECK(check(set_vqueue_request{.flags = driver_addr_ignore, .driver_addr = bus_address{1}}) == errc::none);
    CX_CHECK(check(set_vqueue_request{.flags = device_addr_ignore, .device_addr = bus_address{2}}) == errc::none);
}

TEST_CASE("Q5: RESET_VQUEUE only with VIRTIO_F_RING_RESET") {
    CX_CHECK(check_request(known_device{.max_virtqueues = 2}, reset_vqueue_request{1}) == errc::not_supported);
}

TEST_CASE("F3: VIRTIO_F_NOTIF_CONFIG_DATA is not accepted") {
    CX_CHECK(check(set_driver_features_request{0, 3, words}) == errc::none);
    CX_CHECK(check(set_driver_features_request{1, 1, forbidden}) == errc::invalid_argument);
    CX_CHECK(check(set_driver_features_request{0, 1, forbidden}) == errc::none);
    CX_CHECK(check(set_driver_features_request{2, 1, forbidden}) == errc::none);
    CX_CHECK(check(set_driver_features_request{0xffff'ffff, 1, forbidden}) == errc::none);
}

TEST_CASE("F1: the features that matter to the bus, from the block they are in") {
    CX_CHECK(after_features(0, 3, words).ring_reset);
    CX_CHECK(after_features(0, 3, words).notification_data);
    CX_CHECK(after_features(1, 1, words + 1).ring_reset);
    CX_CHECK(!after_features(0, 1, words).ring_reset);
    CX_CHECK(!after_features(2, 1, words + 1).ring_reset);
    CX_CHECK(!after_features(0, 0, words).ring_reset);
    CX_CHECK(!after_features(0xffff'ffff, 1, words + 1).notification_data);
}

TEST_CASE("F2: a block that a message does not name keeps its features") {
    known_device d = after_features(0, 3, words);
    const std::uint32_t none[]{0, 0};
    learn(d, set_driver_features_request{2, 1, {none, 1}}, set_driver_features_response{});
    CHECK(d.ring_reset);
    CHECK(d.notification_data);
    learn(d, set_driver_features_request{0, 2, none}, set_driver_features_response{});
    CHECK_FALSE(d.ring_reset);
    CHECK_FALSE(d.notification_data);
}

TEST_CASE("T1: the status is what the device says; a reset ends what was negotiated") {
    CX_CHECK(after_status(device, 0xf, 0x3).status == bits(0x3)); // FEATURES_OK refused
    CX_CHECK(after_status(device, 0xf, 0xf).ring_reset);
    CX_CHECK(!after_status(device, 0x0, 0x0).ring_reset);
    CX_CHECK(after_status(known_device{}, 0x0, 0x0).status_known);
    CX_CHECK(after_status(known_device{}, 0x0, 0xf).status == bits(0xf)); // not complete yet
    CX_CHECK(after_status(known_device{.resetting = true}, 0x0, 0xf).resetting);
    CX_CHECK(!after_status(known_device{.resetting = true}, 0x0, 0x0).resetting);
    CX_CHECK(!after_status(known_device{}, 0x1, 0x1).status_known);
}

TEST_CASE("V1, T3: an event takes bits of the status away and asks for a reset, no more") {
    for (unsigned now = 0; now < 0x100; ++now)
        for (unsigned reported = 0; reported < 0x100; ++reported)
            CHECK(status_after_event(bits(now), bits(reported)) == bits((now & reported) | (reported & 0x40)));
}

TEST_CASE("driver_rules: what other answers tell") {
    known_device d{};
    learn(d, get_device_info_request{}, get_device_info_response{.config_size = 9, .max_virtqueues = 4});
    CHECK(d.info_known);
    CHECK(d.config_size == 9);
    CHECK(d.max_virtqueues == 4);
    learn(d, get_device_status_request{}, get_device_status_response{bits(0x40)});
    CHECK(d.status == bits(0x40));
    CHECK(d.status_known);
    learn(d, get_config_request{}, get_config_response{.generation = 5});
    CHECK(d.generation == 5);
    learn(d, set_config_request{}, set_config_response{.generation = 6});
    CHECK(d.generation == 6);
    learn(d, get_vqueue_request{}, get_vqueue_response{}); // nothing
    CHECK(d.generation == 6);
}

TEST_CASE("C3, D17: the generation of a write is 0 in the baseline profile and the last one seen elsewhere") {
    CX_CHECK(generation_sent(revision::oasis_v2, false) == 0);
    CX_CHECK(generation_sent(revision::oasis_v2, true) == 7);
    CX_CHECK(generation_sent(revision::oasis_v1, false) == 7);
    CX_CHECK(generation_sent(revision::rfc2025, false) == 7);
}

TEST_CASE("K8, K9: what an answer has to repeat") {
    CX_CHECK(echoes(get_device_features_request{1, 2}, get_device_features_response{1, 2, {}}));
    CX_CHECK(!echoes(get_device_features_request{1, 2}, get_device_features_response{0, 2, {}}));
    CX_CHECK(!echoes(get_device_features_request{1, 2}, get_device_features_response{1, 1, {}}));
    CX_CHECK(echoes(get_config_request{8, 4}, get_config_response{0, 8, 4, {}}));
    CX_CHECK(!echoes(get_config_request{8, 4}, get_config_response{0, 9, 4, {}}));
    CX_CHECK(!echoes(get_config_request{8, 4}, get_config_response{0, 8, 0, {}}));
    CX_CHECK(echoes(get_vqueue_request{1}, get_vqueue_response{.index = 1}));
    CX_CHECK(!echoes(get_vqueue_request{1}, get_vqueue_response{.index = 0}));
    CX_CHECK(echoes(get_shm_request{1}, get_shm_response{.shmid = 1}));
    CX_CHECK(!echoes(get_shm_request{1}, get_shm_response{.shmid = 2}));
    CX_CHECK(echoes(ping_request{1}, ping_response{1}));
    CX_CHECK(!echoes(ping_request{1}, ping_response{2}));
    CX_CHECK(echoes(area_share_request{.area_id = 1}, area_share_response{.area_id = 1}));
    CX_CHECK(!echoes(area_share_request{.area_id = 1}, area_share_response{.area_id = 2}));
    CX_CHECK(echoes(area_unshare_request{1}, area_unshare_response{.area_id = 1}));
    CX_CHECK(!echoes(area_unshare_request{1}, area_unshare_response{.area_id = 2}));
    CX_CHECK(echoes(get_device_status_request{}, get_device_status_response{})); // nothing to repeat
}

TEST_CASE("B1: a window of devices starts where it was asked for and is not longer") {
    CX_CHECK(echoes(get_devices_request{16, 8}, get_devices_response{.offset = 16, .count = 8}));
    CX_CHECK(echoes(get_devices_request{16, 8}, get_devices_response{.offset = 16, .count = 0}));
    CX_CHECK(!echoes(get_devices_request{16, 8}, get_devices_response{.offset = 16, .count = 9}));
    CX_CHECK(!echoes(get_devices_request{16, 8}, get_devices_response{.offset = 0, .count = 8}));
}

TEST_CASE("C6: a write took effect in full or not at all") {
    CX_CHECK(echoes(asked, set_config_response{.offset = 8, .length = 4}));
    CX_CHECK(echoes(asked, set_config_response{.offset = 8, .length = 4, .config = data}));
    CX_CHECK(echoes(asked, set_config_response{.offset = 8, .length = 0}));
    CX_CHECK(!echoes(asked, set_config_response{.offset = 8, .length = 2}));
    CX_CHECK(!echoes(asked, set_config_response{.offset = 9, .length = 4}));
    CX_CHECK(!echoes(asked, set_config_response{.offset = 8, .length = 0, .config = data}));
}
