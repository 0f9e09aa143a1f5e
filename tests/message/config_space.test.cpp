// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/config_space.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

GOLDEN(oasis_v2, get_config_request, {.offset = 0x13121110, .length = 0x23222120},
       {0x00, 0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});
GOLDEN(oasis_v1, get_config_request, {.offset = 0x13121110, .length = 0x23222120},
       {0x00, 0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});
GOLDEN(rfc2025, get_config_request, {.offset = 0x13121110, .length = 0x23222120},
       {0x00, 0x05, 0x0a, 0x0b, 0x0e, 0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});

constexpr std::uint8_t bytes[]{0x40, 0x41, 0x42};

GOLDEN(oasis_v2, get_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(oasis_v1, get_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(rfc2025, get_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x05, 0x0a, 0x0b, 0x15, 0x00,                                     //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});

GOLDEN(oasis_v2, set_config_request, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x00, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(oasis_v1, set_config_request, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x00, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(rfc2025, set_config_request, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x00, 0x06, 0x0a, 0x0b, 0x15, 0x00,                                     //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});

GOLDEN(oasis_v2, set_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(oasis_v1, set_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x17, 0x00,                         //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});
GOLDEN(rfc2025, set_config_response, {.generation = 0x13121110, .offset = 0x23222120, .length = 3, .config = bytes},
       {0x01, 0x06, 0x0a, 0x0b, 0x15, 0x00,                                     //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x03, 0x00, 0x00, 0x00, //
        0x40, 0x41, 0x42});

GOLDEN_AS(set_config_response_without_data, oasis_v2, set_config_response,
          {.generation = 0x13121110, .offset = 0x23222120, .length = 0x33323130},
          {0x01, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x14, 0x00, //
           0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33});
GOLDEN_AS(set_config_response_without_data, oasis_v1, set_config_response,
          {.generation = 0x13121110, .offset = 0x23222120, .length = 0x33323130},
          {0x01, 0x06, 0x0a, 0x0b, 0x0c, 0x0d, 0x14, 0x00, //
           0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33});
GOLDEN_AS(set_config_response_without_data, rfc2025, set_config_response,
          {.generation = 0x13121110, .offset = 0x23222120, .length = 0x33323130},
          {0x01, 0x06, 0x0a, 0x0b, 0x12, 0x00, //
           0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33});

template <class M> constexpr bool range_ends_below_4_gib() {
    return valid<revision::oasis_v2>(M{.offset = 0xffff'fffd, .length = 2}) &&
           !valid<revision::oasis_v2>(M{.offset = 0xffff'fffe, .length = 2}) &&
           !valid<revision::rfc2025>(M{.offset = 0xffff'ffff, .length = 0xffff'ffff});
}

// What decode says of a message of three data bytes whose length field says `length`.
template <class M> constexpr errc with_length(std::uint8_t length, std::uint8_t msg_size = 0x17) {
    const std::uint8_t frame[]{row_of<M>.type(),
                               row_of<M>.id,
                               0x0a,
                               0x0b,
                               0x0c,
                               0x0d,
                               msg_size,
                               0x00, //
                               0x10,
                               0x11,
                               0x12,
                               0x13,
                               0x20,
                               0x21,
                               0x22,
                               0x23,
                               length,
                               0x00,
                               0x00,
                               0x00,
                               0x40,
                               0x41,
                               0x42};
    return decode<M, revision::oasis_v2>({frame, msg_size}).error();
}

template <class M> constexpr errc encoding_error(std::uint32_t length, wire::tail<std::uint8_t> config) {
    canvas c;
    const errc error =
        encode<revision::oasis_v2>(c.span(false, canvas::most), {}, M{.length = length, .config = config}).error();
    return error == errc::none || c.untouched() ? error : errc::full;
}

template <class M> constexpr bool counts_are_checked() {
    return with_length<M>(3) == errc::none && with_length<M>(2) == errc::bad_length &&
           with_length<M>(4) == errc::bad_length && with_length<M>(0) == errc::bad_length &&
           encoding_error<M>(3, bytes) == errc::none && encoding_error<M>(2, bytes) == errc::bad_length &&
           encoding_error<M>(4, bytes) == errc::bad_length && encoding_error<M>(0, bytes) == errc::bad_length;
}

} // namespace

TEST_CASE("configuration ranges end below 2^32") {
    CX_CHECK(range_ends_below_4_gib<get_config_request>());
    CX_CHECK(range_ends_below_4_gib<get_config_response>());
    CX_CHECK(range_ends_below_4_gib<set_config_request>());
    CX_CHECK(range_ends_below_4_gib<set_config_response>());
}

TEST_CASE("configuration messages have as many data bytes as they say") {
    CX_CHECK(counts_are_checked<get_config_response>());
    CX_CHECK(counts_are_checked<set_config_request>());
    CX_CHECK(counts_are_checked<set_config_response>());
}

TEST_CASE("only a SET_CONFIG response may leave the data out") {
    CX_CHECK(with_length<get_config_response>(3, 0x14) == errc::bad_length);
    CX_CHECK(with_length<set_config_request>(3, 0x14) == errc::bad_length);
    CX_CHECK(with_length<set_config_response>(3, 0x14) == errc::none);
    CX_CHECK(encoding_error<get_config_response>(3, {}) == errc::bad_length);
    CX_CHECK(encoding_error<set_config_request>(3, {}) == errc::bad_length);
    CX_CHECK(encoding_error<set_config_response>(3, {}) == errc::none);
}

TEST_CASE("a SET_CONFIG of no bytes is a message too") {
    CX_CHECK(with_length<set_config_request>(0, 0x14) == errc::none);
    CX_CHECK(encoding_error<set_config_request>(0, {}) == errc::none);
    CX_CHECK(valid<revision::oasis_v2>(set_config_request{.offset = 0xffff'ffff}));
}
