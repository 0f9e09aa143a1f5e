// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/features.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

GOLDEN(oasis_v2, get_device_features_request, {.block_index = 0x13121110, .num_blocks = 0x23222120},
       {0x00, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});
GOLDEN(oasis_v1, get_device_features_request, {.block_index = 0x13121110, .num_blocks = 0x23222120},
       {0x00, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});
GOLDEN(rfc2025, get_device_features_request, {.block_index = 0x13121110, .num_blocks = 0x23222120},
       {0x00, 0x03, 0x0a, 0x0b, 0x0e, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});

constexpr std::uint32_t words[]{0x33323130, 0x43424140};

GOLDEN(oasis_v2, get_device_features_response, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x01, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});
GOLDEN(oasis_v1, get_device_features_response, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x01, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});
GOLDEN(rfc2025, get_device_features_response, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x01, 0x03, 0x0a, 0x0b, 0x16, 0x00,             //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});

GOLDEN(oasis_v2, set_driver_features_request, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x00, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});
GOLDEN(oasis_v1, set_driver_features_request, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x00, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});
GOLDEN(rfc2025, set_driver_features_request, {.block_index = 0x13121110, .num_blocks = 2, .features = words},
       {0x00, 0x04, 0x0a, 0x0b, 0x16, 0x00,             //
        0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
        0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43});

GOLDEN(oasis_v2, set_driver_features_response, {}, {0x01, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, set_driver_features_response, {}, {0x01, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, set_driver_features_response, {}, {0x01, 0x04, 0x0a, 0x0b, 0x06, 0x00});

template <class M> constexpr bool last_block_is_the_end() {
    return valid<revision::oasis_v2>(M{.block_index = 0xffff'fffd, .num_blocks = 2}) &&
           !valid<revision::oasis_v2>(M{.block_index = 0xffff'fffe, .num_blocks = 2}) &&
           !valid<revision::rfc2025>(M{.block_index = 0xffff'ffff, .num_blocks = 0xffff'ffff});
}

template <class M> constexpr errc encoding_error(const M& m) {
    canvas c;
    const errc error = encode<revision::oasis_v2>(c.span(false, canvas::most), {}, m).error();
    return c.untouched() ? error : errc::none;
}

template <class M> constexpr bool counts_are_checked() {
    // num_blocks x 4 is 4 modulo 2^32; there is one block.
    constexpr std::uint8_t many[]{row_of<M>.type(),
                                  row_of<M>.id,
                                  0x0a,
                                  0x0b,
                                  0x0c,
                                  0x0d,
                                  0x14,
                                  0x00, //
                                  0x00,
                                  0x00,
                                  0x00,
                                  0x00,
                                  0x01,
                                  0x00,
                                  0x00,
                                  0x40,
                                  0x30,
                                  0x31,
                                  0x32,
                                  0x33};
    // Six bytes are no blocks.
    constexpr std::uint8_t part[]{row_of<M>.type(),
                                  row_of<M>.id,
                                  0x0a,
                                  0x0b,
                                  0x0c,
                                  0x0d,
                                  0x16,
                                  0x00, //
                                  0x00,
                                  0x00,
                                  0x00,
                                  0x00,
                                  0x01,
                                  0x00,
                                  0x00,
                                  0x00,
                                  0x30,
                                  0x31,
                                  0x32,
                                  0x33,
                                  0x40,
                                  0x41};
    return decode<M, revision::oasis_v2>(many).error() == errc::bad_length &&
           decode<M, revision::oasis_v2>(part).error() == errc::bad_length &&
           encoding_error(M{.num_blocks = 0x40000002, .features = words}) == errc::bad_length &&
           encoding_error(M{.num_blocks = 1, .features = words}) == errc::bad_length &&
           encoding_error(M{.num_blocks = 3, .features = words}) == errc::bad_length &&
           encoding_error(M{.num_blocks = 2}) == errc::bad_length &&
           encoding_error(M{.features = words}) == errc::bad_length;
}

} // namespace

TEST_CASE("features: a range of blocks ends below 2^32") {
    CX_CHECK(last_block_is_the_end<get_device_features_request>());
    CX_CHECK(last_block_is_the_end<get_device_features_response>());
    CX_CHECK(last_block_is_the_end<set_driver_features_request>());
}

TEST_CASE("features: there are as many blocks as the message says") {
    CX_CHECK(counts_are_checked<get_device_features_response>());
    CX_CHECK(counts_are_checked<set_driver_features_request>());
}

TEST_CASE("features: no block at all is a message too") {
    static constexpr std::uint8_t none[]{0x01, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x00,
                                         0x07, 0x00, 0x00, 0x00, 0,    0,    0,    0};
    constexpr auto m = decode<get_device_features_response, revision::oasis_v2>(none);
    CX_CHECK(m && m->block_index == 7 && m->num_blocks == 0 && m->features.empty());
}
