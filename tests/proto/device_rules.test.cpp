// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/device_rules.hpp>

#include "proto/support/test_device.hpp"
#include "support/check.hpp"

using namespace proto_test;
using namespace vmsg::proto::detail;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum version_verdict;

template <revision R>
constexpr version_verdict judge(std::uint32_t bus, std::uint32_t transport, bool negotiated = false) {
    return judge_version<R>({.bus_version = bus, .transport_revision = transport}, negotiated);
}

constexpr device_status bits(unsigned b) { return device_status{b}; }

/// A device at a status, with these features accepted in block 1.
struct bench {
    test_device model{};
    attached<test_device> port{model};

    constexpr explicit bench(unsigned status = 0, std::uint32_t block_1 = 0) {
        port.status = bits(status);
        port.accepted.set_block(1, block_1);
    }
    constexpr unsigned write(unsigned wanted) {
        advance_status(port, bits(wanted));
        return static_cast<unsigned>(port.status);
    }
};

constexpr unsigned status_after(unsigned now, unsigned wanted) { return bench{now}.write(wanted); }

constexpr feature_set after_set(unsigned status, std::uint32_t block_index, std::uint32_t num_blocks) {
    bench b(status, 0x77);
    const std::uint32_t words[]{0x11, 0x22, 0x33};
    set_features(b.port, {block_index, num_blocks, {words, num_blocks}});
    return b.port.accepted;
}

constexpr bool starts_once() {
    bench b(0x3, 0x1);
    if (b.write(0xb) != 0xb || b.model.starts != 0 || b.model.accepted.block(1) != 1) return false;
    if (b.write(0xf) != 0xf || b.model.starts != 1) return false;
    return b.write(0xf) == 0xf && b.model.starts == 1;
}

constexpr bool refuses_features() {
    bench not_offered(0x3, 0x8);
    bench not_together(0x3, 0x1);
    not_together.model.takes_features = false;
    bench beyond(0x3, 0x1);
    const std::uint32_t word[]{1};
    set_features(beyond.port, {4, 1, word});
    bench far_beyond(0x3, 0x1);
    set_features(far_beyond.port, {0xffff'ffff, 1, word});
    return not_offered.write(0xb) == 0x3 && not_together.write(0xf) == 0x3 && not_together.model.starts == 0 &&
           beyond.write(0xb) == 0x3 && far_beyond.write(0xb) == 0x3;
}

/// What is wanted behind the blocks that a device has can be taken back.
constexpr bool takes_back(std::uint32_t block, std::uint32_t other) {
    bench b(0x3, 0x1);
    const std::uint32_t some[]{1};
    const std::uint32_t none[]{0};
    set_features(b.port, {block, 1, some});
    set_features(b.port, {other, 1, none});
    if (b.write(0xb) != 0x3) return false;
    set_features(b.port, {block, 1, none});
    return b.write(0xb) == 0xb;
}

constexpr bool accepts_features_once() {
    bench b(0x3, 0x1);
    if (b.write(0xb) != 0xb) return false;
    b.model.takes_features = false; // it is not asked again
    return b.write(0xf) == 0xf;
}

constexpr queue_setup before{
    .size = 1, .descriptor_addr = bus_address{2}, .driver_addr = bus_address{3}, .device_addr = bus_address{4}};
constexpr queue_setup merge(unsigned flags) {
    return merged(before, {.flags = vqueue_flags{flags},
                           .size = 11,
                           .descriptor_addr = bus_address{12},
                           .driver_addr = bus_address{13},
                           .device_addr = bus_address{14}});
}

} // namespace

TEST_CASE("N5: the version pairs of oasis_v2") {
    CX_CHECK(judge<v2>(0x0001'0000, 1) == agreed);
    CX_CHECK(judge<v2>(0, 0) == told); // the probe
    CX_CHECK(judge<v2>(0x0002'0000, 1) == told);
    CX_CHECK(judge<v2>(0x0001'0001, 1) == told);
    CX_CHECK(judge<v2>(0x0001'0000, 2) == told);
    CX_CHECK(judge<v2>(0xffff'ffff, 0xffff'ffff) == told);
    CX_CHECK(judge<v2>(0x0002'0000, 0) == told);
    CX_CHECK(judge<v2>(0x0001'0000, 0) == nothing_in_common);
    CX_CHECK(judge<v2>(0x0000'ffff, 9) == nothing_in_common);
    CX_CHECK(judge<v2>(0x0000'0001, 1) == nothing_in_common);
    CX_CHECK(judge<v2>(0, 1) == nothing_in_common);
}

TEST_CASE("N5: on a negotiated bus another pair is refused, the same begins anew") {
    CX_CHECK(judge<v2>(0x0001'0000, 1, true) == agreed);
    CX_CHECK(judge<v2>(0, 0, true) == told);
    CX_CHECK(judge<v2>(0x0002'0000, 1, true) == nothing_in_common);
    CX_CHECK(judge<v2>(0x0001'0000, 2, true) == nothing_in_common);
    CX_CHECK(judge<v2>(0x0000'0001, 1, true) == nothing_in_common);
}

TEST_CASE("N5: the older revisions have one pair and no probe") {
    CX_CHECK(judge<v1>(0x0001'0000, 1) == agreed);
    CX_CHECK(judge<v1>(0, 0) == nothing_in_common);
    CX_CHECK(judge<v1>(0x0002'0000, 1) == nothing_in_common);
    CX_CHECK(judge<v1>(1, 1) == nothing_in_common);
    CX_CHECK(judge<old>(1, 1) == agreed);
    CX_CHECK(judge<old>(0x0001'0000, 1) == nothing_in_common);
    CX_CHECK(judge<old>(1, 2) == nothing_in_common);
    CX_CHECK(judge<old>(0, 0) == nothing_in_common);
}

TEST_CASE("I2: the blocks cover all offered bits") {
    CX_CHECK(blocks_needed({}) == 2);
    CX_CHECK(blocks_needed(feature_set{{1, 1, 0, 0}}) == 2);
    CX_CHECK(blocks_needed(feature_set{{0, 0, 1, 0}}) == 3);
    CX_CHECK(blocks_needed(feature_set{{0, 0, 0, 1}}) == 4);
}

TEST_CASE("F2: SET_DRIVER_FEATURES changes the blocks it names, between DRIVER and FEATURES_OK") {
    CX_CHECK(after_set(0x3, 0, 2) == feature_set{{0x11, 0x22, 0, 0}});
    CX_CHECK(after_set(0x3, 1, 1) == feature_set{{0, 0x11, 0, 0}});
    CX_CHECK(after_set(0x3, 2, 2) == feature_set{{0, 0x77, 0x11, 0x22}});
    CX_CHECK(after_set(0x3, 0, 0) == feature_set{{0, 0x77, 0, 0}});
    CX_CHECK(after_set(0x0, 0, 2) == feature_set{{0, 0x77, 0, 0}});
    CX_CHECK(after_set(0x1, 0, 2) == feature_set{{0, 0x77, 0, 0}});
    CX_CHECK(after_set(0xb, 0, 2) == feature_set{{0, 0x77, 0, 0}});
    CX_CHECK(after_set(0xf, 0, 2) == feature_set{{0, 0x77, 0, 0}});
    CX_CHECK(after_set(0x3, 3, 3) == feature_set{{0, 0x77, 0, 0x11}});
    CX_CHECK(after_set(0x3, 0xffff'ffff, 3) == feature_set{{0, 0x77, 0, 0}}); // no wrap to block 0
}

TEST_CASE("F2, T3: FEATURES_OK is refused for what cannot be used") { CX_CHECK(refuses_features()); }

TEST_CASE("F2: a feature that no device has can be taken back") {
    CX_CHECK(takes_back(4, 5));
    CX_CHECK(takes_back(5, 4));
    CX_CHECK(takes_back(66, 67));
    CX_CHECK(!takes_back(67, 66)); // too far away to be told apart
    CX_CHECK(!takes_back(0xffff'ffff, 4));
}

TEST_CASE("F1: the features are judged once") { CX_CHECK(accepts_features_once()); }

TEST_CASE("virtio status: bits that may be set now are set, in their order") {
    CX_CHECK(status_after(0x0, 0x1) == 0x1);
    CX_CHECK(status_after(0x1, 0x3) == 0x3);
    CX_CHECK(status_after(0x3, 0xb) == 0xb);
    CX_CHECK(status_after(0xb, 0xf) == 0xf);
    CX_CHECK(status_after(0x0, 0x2) == 0x0); // DRIVER without ACKNOWLEDGE
    CX_CHECK(status_after(0x0, 0x8) == 0x0);
    CX_CHECK(status_after(0x1, 0x9) == 0x1);
    CX_CHECK(status_after(0x3, 0x7) == 0x3); // DRIVER_OK without FEATURES_OK
    CX_CHECK(status_after(0x0, 0xf) == 0xf);
}

TEST_CASE("virtio status: none is taken back, and the device's own bit is not the driver's") {
    CX_CHECK(status_after(0xf, 0x1) == 0xf);
    CX_CHECK(status_after(0x4f, 0xf) == 0x4f);
    CX_CHECK(status_after(0x3, 0x43) == 0x3);
    CX_CHECK(status_after(0x3, 0x83) == 0x83); // FAILED
    CX_CHECK(status_after(0x0, 0x80) == 0x80);
}

TEST_CASE("T8: a device starts once, at DRIVER_OK") { CX_CHECK(starts_once()); }

TEST_CASE("Q4: the ignore bits keep what they name") {
    CX_CHECK(merge(0) == queue_setup{11, bus_address{12}, bus_address{13}, bus_address{14}});
    CX_CHECK(merge(1) == merge(0));
    CX_CHECK(merge(4) == queue_setup{1, bus_address{12}, bus_address{13}, bus_address{14}});
    CX_CHECK(merge(8) == queue_setup{11, bus_address{2}, bus_address{13}, bus_address{14}});
    CX_CHECK(merge(16) == queue_setup{11, bus_address{12}, bus_address{3}, bus_address{14}});
    CX_CHECK(merge(32) == queue_setup{11, bus_address{12}, bus_address{13}, bus_address{4}});
    CX_CHECK(merge(0x3d) == before);
}
