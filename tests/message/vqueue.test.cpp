// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/vqueue.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

constexpr bus_address descriptors{0x57565554'53525150};
constexpr bus_address driver{0x67666564'63626160};
constexpr bus_address device{0x77767574'73727170};

GOLDEN(oasis_v2, get_vqueue_request, {.index = 0x13121110},
       {0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, get_vqueue_request, {.index = 0x13121110},
       {0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, get_vqueue_request, {.index = 0x13121110},
       {0x00, 0x09, 0x0a, 0x0b, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

GOLDEN(oasis_v2, get_vqueue_response,
       {.index = 0x13121110,
        .max_size = 0x23222120,
        .cur_size = 0x33323130,
        .flags = 0x43424140,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x30, 0x00,   //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, max_size
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43,   // cur_size, flags
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr
GOLDEN(oasis_v1, get_vqueue_response,
       {.index = 0x13121110,
        .max_size = 0x23222120,
        .cur_size = 0x33323130,
        .flags = 0x43424140,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x30, 0x00,   //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, max_size
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43,   // size, reserved
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr
GOLDEN(rfc2025, get_vqueue_response,
       {.index = 0x13121110,
        .max_size = 0x23222120,
        .cur_size = 0x33323130,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x01, 0x09, 0x0a, 0x0b, 0x2a, 0x00,               //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, max_size
        0x30, 0x31, 0x32, 0x33,                           // size
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr

GOLDEN(oasis_v2, set_vqueue_request,
       {.index = 0x13121110,
        .flags = vqueue_flags{0x23222120},
        .size = 0x33323130,
        .reserved = 0x43424140,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x00, 0x0a, 0x0a, 0x0b, 0x0c, 0x0d, 0x30, 0x00,   //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, flags
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43,   // size, reserved
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr
GOLDEN(oasis_v1, set_vqueue_request,
       {.index = 0x13121110,
        .flags = vqueue_flags{0x23222120},
        .size = 0x33323130,
        .reserved = 0x43424140,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x00, 0x0a, 0x0a, 0x0b, 0x0c, 0x0d, 0x30, 0x00,   //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, unused
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43,   // size, reserved
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr
GOLDEN(rfc2025, set_vqueue_request,
       {.index = 0x13121110,
        .flags = vqueue_flags{0x23222120},
        .size = 0x33323130,
        .descriptor_addr = descriptors,
        .driver_addr = driver,
        .device_addr = device},
       {0x00, 0x0a, 0x0a, 0x0b, 0x2a, 0x00,               //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,   // index, unused
        0x30, 0x31, 0x32, 0x33,                           // size
        0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,   // descriptor_addr
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67,   // driver_addr
        0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77}); // device_addr

GOLDEN(oasis_v2, set_vqueue_response, {}, {0x01, 0x0a, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, set_vqueue_response, {}, {0x01, 0x0a, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, set_vqueue_response, {}, {0x01, 0x0a, 0x0a, 0x0b, 0x06, 0x00});

GOLDEN(oasis_v2, reset_vqueue_request, {.index = 0x13121110},
       {0x00, 0x0b, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, reset_vqueue_request, {.index = 0x13121110},
       {0x00, 0x0b, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, reset_vqueue_request, {.index = 0x13121110},
       {0x00, 0x0b, 0x0a, 0x0b, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

GOLDEN(oasis_v2, reset_vqueue_response, {}, {0x01, 0x0b, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, reset_vqueue_response, {}, {0x01, 0x0b, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, reset_vqueue_response, {}, {0x01, 0x0b, 0x0a, 0x0b, 0x06, 0x00});

using got = get_vqueue_response;
using set = set_vqueue_request;
constexpr got enabled{.index = 3, .max_size = 256, .cur_size = 64, .flags = 1, .descriptor_addr = descriptors};

} // namespace

TEST_CASE("GET_VQUEUE: only the enabled flag, from oasis_v2 on") {
    CX_CHECK(valid<revision::oasis_v2>(enabled));
    CX_CHECK(!valid<revision::oasis_v1>(enabled));
    CX_CHECK(!valid<revision::rfc2025>(enabled));
    constexpr got disabled{.index = 3, .max_size = 256, .cur_size = 64};
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v2>(disabled, &got::flags, 1));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v1>(disabled, &got::flags));
}

TEST_CASE("GET_VQUEUE: the size is at most the maximum, and not 0 in an enabled queue") {
    CX_CHECK(valid<revision::oasis_v2>(got{.max_size = 256, .cur_size = 256}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.max_size = 256, .cur_size = 257}));
    CX_CHECK(valid<revision::oasis_v2>(got{.max_size = 256}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.max_size = 256, .flags = 1}));
}

TEST_CASE("GET_VQUEUE: an unavailable queue is all zero but for its index") {
    CX_CHECK(valid<revision::oasis_v2>(got{.index = 9}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.index = 9, .flags = 1}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.index = 9, .cur_size = 1}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.index = 9, .descriptor_addr = descriptors}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.index = 9, .driver_addr = driver}));
    CX_CHECK(!valid<revision::oasis_v2>(got{.index = 9, .device_addr = device}));
}

TEST_CASE("SET_VQUEUE: defined flags and state operations, from oasis_v2 on") {
    CX_CHECK(valid<revision::oasis_v2>(set{.flags = vqueue_flags{0x3d}}));
    CX_CHECK(valid<revision::oasis_v2>(set{.flags = vqueue_flags{0x3e}}));
    CX_CHECK(!valid<revision::oasis_v2>(set{.flags = vqueue_flags{0x03}}));
    CX_CHECK(!valid<revision::oasis_v2>(set{.flags = vqueue_flags{0x3f}}));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v2>(set{}, &set::flags, 6));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v1>(set{}, &set::flags));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::rfc2025>(set{}, &set::flags));
}

TEST_CASE("SET_VQUEUE: the reserved field") {
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v2>(set{}, &set::reserved));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v1>(set{}, &set::reserved));
    CX_CHECK(sends_the_same<revision::rfc2025>(set{.index = 1}, {.index = 1, .reserved = 7}));
    CX_CHECK(sends_the_same<revision::rfc2025>(got{.index = 1}, {.index = 1, .flags = 1}));
}

TEST_CASE("the flags of SET_VQUEUE have the values of the specification") {
    CX_CHECK(static_cast<unsigned>(vqueue_flags::keep_disabled) == 0);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::enable) == 1);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::keep_state) == 2);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::size_ignore) == 4);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::descriptor_addr_ignore) == 8);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::driver_addr_ignore) == 16);
    CX_CHECK(static_cast<unsigned>(vqueue_flags::device_addr_ignore) == 32);
    CX_CHECK((vqueue_flags::enable | vqueue_flags::size_ignore) == vqueue_flags{5});
    CX_CHECK((vqueue_flags{7} & vqueue_flags::state_mask) == vqueue_flags{3});
    CX_CHECK(vqueue_enabled == 1);
}
