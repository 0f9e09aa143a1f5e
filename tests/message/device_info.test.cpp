// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/device_info.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

GOLDEN(oasis_v2, get_device_info_request, {}, {0x00, 0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, get_device_info_request, {}, {0x00, 0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, get_device_info_request, {}, {0x00, 0x02, 0x0a, 0x0b, 0x06, 0x00});

constexpr uuid some_uuid{
    {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f}};

GOLDEN(oasis_v2, get_device_info_response,
       {.device_id = 0x13121110,
        .vendor_id = 0x23222120,
        .device_uuid = some_uuid,
        .num_feature_blocks = 0x43424140,
        .config_size = 0x53525150,
        .max_virtqueues = 0x63626160,
        .admin_vq_start = 0x73727170,
        .admin_vq_count = 0x83828180},
       {0x01, 0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x34, 0x00, //
        0x10, 0x11, 0x12, 0x13,                         // device_id
        0x20, 0x21, 0x22, 0x23,                         // vendor_id
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, // device_uuid
        0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, //
        0x40, 0x41, 0x42, 0x43,                         // num_feature_blocks
        0x50, 0x51, 0x52, 0x53,                         // config_size
        0x60, 0x61, 0x62, 0x63,                         // max_virtqueues
        0x70, 0x71, 0x72, 0x73,                         // admin_vq_start
        0x80, 0x81, 0x82, 0x83});                       // admin_vq_count
GOLDEN(oasis_v1, get_device_info_response,
       {.device_id = 0x13121110,
        .vendor_id = 0x23222120,
        .num_feature_bits = 0x43424140,
        .config_size = 0x53525150,
        .max_virtqueues = 0x63626160,
        .admin_vq_start = 0x7170,
        .admin_vq_count = 0x8180},
       {0x01, 0x02, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x00, //
        0x10, 0x11, 0x12, 0x13,                         // device_id
        0x20, 0x21, 0x22, 0x23,                         // vendor_id
        0x40, 0x41, 0x42, 0x43,                         // num_feature_bits
        0x50, 0x51, 0x52, 0x53,                         // config_size
        0x60, 0x61, 0x62, 0x63,                         // max_vq_count
        0x70, 0x71, 0x80, 0x81});                       // admin_vq_start, admin_vq_count
GOLDEN(rfc2025, get_device_info_response,
       {.device_id = 0x13121110,
        .vendor_id = 0x23222120,
        .num_feature_bits = 0x43424140,
        .config_size = 0x53525150,
        .max_virtqueues = 0x63626160,
        .admin_vq_start = 0x7170,
        .admin_vq_count = 0x8180},
       {0x01, 0x02, 0x0a, 0x0b, 0x1e, 0x00, //
        0x10, 0x11, 0x12, 0x13,             // device_id
        0x20, 0x21, 0x22, 0x23,             // vendor_id
        0x40, 0x41, 0x42, 0x43,             // num_feature_bits
        0x50, 0x51, 0x52, 0x53,             // config_size
        0x60, 0x61, 0x62, 0x63,             // max_vq_count
        0x70, 0x71, 0x80, 0x81});           // admin_vq_start_idx, admin_vq_count

using info = get_device_info_response;

} // namespace

TEST_CASE("members of GET_DEVICE_INFO that a revision does not have are not sent") {
    CX_CHECK(sends_the_same<revision::oasis_v2>(info{.device_id = 1}, {.device_id = 1, .num_feature_bits = 64}));
    CX_CHECK(sends_the_same<revision::oasis_v1>(info{.device_id = 1},
                                                {.device_id = 1, .device_uuid = some_uuid, .num_feature_blocks = 2}));
    CX_CHECK(sends_the_same<revision::rfc2025>(info{.device_id = 1},
                                               {.device_id = 1, .device_uuid = some_uuid, .num_feature_blocks = 2}));
}

TEST_CASE("GET_DEVICE_INFO: at most 65536 virtqueues") {
    CX_CHECK(valid<revision::oasis_v2>(info{.max_virtqueues = 65536}));
    CX_CHECK(!valid<revision::oasis_v2>(info{.max_virtqueues = 65537}));
    CX_CHECK(!valid<revision::oasis_v1>(info{.max_virtqueues = 65537}));
    CX_CHECK(!valid<revision::rfc2025>(info{.max_virtqueues = 65537}));
}

TEST_CASE("GET_DEVICE_INFO: whole blocks of feature bits") {
    CX_CHECK(valid<revision::oasis_v1>(info{.num_feature_bits = 64}));
    CX_CHECK(!valid<revision::oasis_v1>(info{.num_feature_bits = 63}));
    CX_CHECK(!valid<revision::rfc2025>(info{.num_feature_bits = 1}));
}

TEST_CASE("I7: GET_DEVICE_INFO: administration queues are among the virtqueues") {
    CX_CHECK(valid<revision::oasis_v2>(info{.max_virtqueues = 4, .admin_vq_start = 3, .admin_vq_count = 1}));
    CX_CHECK(!valid<revision::oasis_v2>(info{.max_virtqueues = 4, .admin_vq_start = 3, .admin_vq_count = 2}));
    CX_CHECK(!valid<revision::oasis_v2>(info{.max_virtqueues = 4, .admin_vq_start = ~0u, .admin_vq_count = 2}));
    CX_CHECK(valid<revision::oasis_v2>(info{.max_virtqueues = 4}));
    CX_CHECK(!valid<revision::oasis_v2>(info{.max_virtqueues = 4, .admin_vq_start = 1}));
}

TEST_CASE("feature_blocks gives blocks in either unit") {
    CX_CHECK(feature_blocks<revision::oasis_v2>({.num_feature_blocks = 3, .num_feature_bits = 7}) == 3);
    CX_CHECK(feature_blocks<revision::oasis_v1>({.num_feature_blocks = 9, .num_feature_bits = 64}) == 2);
    CX_CHECK(feature_blocks<revision::rfc2025>({.num_feature_bits = 0}) == 0);
    CX_CHECK(feature_blocks<revision::rfc2025>({.num_feature_bits = 1}) == 1);
    CX_CHECK(feature_blocks<revision::rfc2025>({.num_feature_bits = 33}) == 2);
    CX_CHECK(feature_blocks<revision::rfc2025>({.num_feature_bits = 0xffff'ffff}) == 0x0800'0000);
}
