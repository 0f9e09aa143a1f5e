// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/notification.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::notification_sources;

TEST_CASE("a bitmap is made for a VM and its vCPUs") {
    CX_CHECK(both_ways(ffa::notification_bitmap_create_call{driver, 4}, ffa::call_frame{{0x8400007d, 1, 4}},
                       ffa::decode_notification_bitmap_create));
    CX_CHECK(both_ways(ffa::notification_bitmap_destroy_call{driver}, ffa::call_frame{{0x8400007e, 1}},
                       ffa::decode_notification_bitmap_destroy));
    CX_CHECK(refused_with(ffa::call_frame{{0x8400007e, 1}}, 1, 0x1'0000, ffa::decode_notification_bitmap_destroy));
}

TEST_CASE("trap 19: the lower half of the bits is in w3, the upper in w4") {
    constexpr std::uint64_t bits = 0x8000'0000'0000'0005;
    CX_CHECK(both_ways(ffa::notification_bind_call{device, driver, false, bits},
                       ffa::call_frame{{0x8400007f, 0x8003'0001, 0, 5, 0x8000'0000}}, ffa::decode_notification_bind));
    CX_CHECK(both_ways(ffa::notification_bind_call{device, driver, true, bits},
                       ffa::call_frame{{0x8400007f, 0x8003'0001, 1, 5, 0x8000'0000}}, ffa::decode_notification_bind));
    CX_CHECK(both_ways(ffa::notification_unbind_call{device, driver, bits},
                       ffa::call_frame{{0x84000080, 0x8003'0001, 0, 5, 0x8000'0000}}, ffa::decode_notification_unbind));
    CX_CHECK(both_ways(ffa::notification_set_call{driver, device, false, false, 0, bits},
                       ffa::call_frame{{0x84000081, 0x0001'8003, 0, 5, 0x8000'0000}}, ffa::decode_notification_set));
}

TEST_CASE("flags of BIND and SET that are not defined are refused by who is strict") {
    constexpr ffa::call_frame bind{{0x8400007f, 0x8003'0001, 0, 5}};
    CX_CHECK(refused_with(bind, 2, 2, ffa::decode_notification_bind));
    CX_CHECK(!refused_with(bind, 2, 1, ffa::decode_notification_bind));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000080, 0x8003'0001, 0, 5}}, 2, 1, ffa::decode_notification_unbind));
    constexpr ffa::call_frame set{{0x84000081, 0x0001'8003, 0, 2}};
    CX_CHECK(refused_with(set, 2, 4, ffa::decode_notification_set));
    CX_CHECK(refused_with(set, 5, 1, ffa::decode_notification_set));
    CX_CHECK(!refused_with(set, 2, 2, ffa::decode_notification_set));
}

TEST_CASE("SET says which vCPU and whether the scheduler may be told later") {
    CX_CHECK(both_ways(ffa::notification_set_call{device, driver, true, true, 0x8001, 2},
                       ffa::call_frame{{0x84000081, 0x8003'0001, 0x8001'0003, 2}}, ffa::decode_notification_set));
    CX_CHECK(both_ways(ffa::notification_set_call{device, driver, false, true, 0, 2},
                       ffa::call_frame{{0x84000081, 0x8003'0001, 2, 2}}, ffa::decode_notification_set));
}

TEST_CASE("GET names the vCPU in the upper half and the receiver in the lower") {
    CX_CHECK(both_ways(ffa::notification_get_call{driver, 2, ffa::sources_for(ffa::hypervisor_id)},
                       ffa::call_frame{{0x84000082, 0x0002'0001, 5}}, ffa::decode_notification_get));
    CX_CHECK(ffa::sources_for(driver) == notification_sources{15});
    CX_CHECK(ffa::sources_for(ffa::hypervisor_id) == notification_sources{5});
    CX_CHECK(has(notification_sources{5}, notification_sources::spm));
    CX_CHECK(!has(notification_sources{5}, notification_sources::vms));
    CX_CHECK(ffa::decode_notification_get(ffa::call_frame{{0x84000082, 1, 0x15}})->sources ==
             notification_sources{0x15});
}

TEST_CASE("GET is answered with two bitmaps of 64 bits and two of the framework") {
    constexpr ffa::notification_get_answer a{0x1'0000'0002, 0x3'0000'0004, 1, 2};
    CX_CHECK(both_ways(a, ffa::call_frame{{0x84000061, 0, 2, 1, 4, 3, 1, 2}}, ffa::decode_notification_get_answer));
    CX_CHECK(ffa::decode_notification_get_answer(ffa::encode_error(ffa::error::invalid_parameters)).error() ==
             errc::invalid_argument);
    CX_CHECK(ffa::decode_notification_get_answer(ffa::encode_success())->nothing());
    CX_CHECK(!a.nothing());
}

TEST_CASE("a full RX is told in either bitmap of the framework") {
    CX_CHECK(ffa::notification_get_answer{0, 0, 1, 0}.rx_full());
    CX_CHECK(ffa::notification_get_answer{0, 0, 0, 1}.rx_full());
    CX_CHECK(!ffa::notification_get_answer{1, 1, 2, 2}.rx_full());
}
