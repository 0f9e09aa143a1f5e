// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/bus.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

GOLDEN(oasis_v2, get_devices_request, {.offset = 0x1110, .count = 0x2120},
       {0x02, 0x02, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(oasis_v1, get_devices_request, {.offset = 0x1110, .count = 0x2120},
       {0x02, 0x02, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(rfc2025, get_devices_request, {.offset = 0x1110, .count = 0x2120},
       {0x02, 0x02, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x20, 0x21});

constexpr std::uint8_t eleven_bits[]{0x30, 0x01};

GOLDEN(oasis_v2, get_devices_response, {.offset = 0x1110, .next_offset = 0x2120, .count = 11, .bitmap = eleven_bits},
       {0x03, 0x02, 0x00, 0x00, 0x0c, 0x0d, 0x10, 0x00,   //
        0x10, 0x11, 0x20, 0x21, 0x0b, 0x00, 0x30, 0x01}); // offset, next_offset, count, bitmap
GOLDEN(oasis_v1, get_devices_response, {.offset = 0x1110, .next_offset = 0x2120, .count = 11, .bitmap = eleven_bits},
       {0x03, 0x02, 0x00, 0x00, 0x0c, 0x0d, 0x10, 0x00,   //
        0x10, 0x11, 0x0b, 0x00, 0x20, 0x21, 0x30, 0x01}); // offset, num, next_offset, devices
GOLDEN(rfc2025, get_devices_response, {.offset = 0x1110, .next_offset = 0x2120, .count = 11, .bitmap = eleven_bits},
       {0x03, 0x02, 0x00, 0x00, 0x0e, 0x00,               //
        0x10, 0x11, 0x0b, 0x00, 0x20, 0x21, 0x30, 0x01}); // offset, num, next_offset, devices

GOLDEN(oasis_v2, ping_request, {.data = 0x13121110},
       {0x02, 0x03, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, ping_request, {.data = 0x13121110},
       {0x02, 0x03, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, ping_request, {.data = 0x13121110}, {0x02, 0x03, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

GOLDEN(oasis_v2, ping_response, {.data = 0x13121110},
       {0x03, 0x03, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, ping_response, {.data = 0x13121110},
       {0x03, 0x03, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, ping_response, {.data = 0x13121110}, {0x03, 0x03, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

constexpr device_state any_state{0x2120};

GOLDEN(oasis_v2, event_device, {.dev_num = 0x1110, .state = any_state},
       {0x02, 0x40, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(oasis_v1, event_device, {.dev_num = 0x1110, .state = any_state},
       {0x02, 0x40, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(rfc2025, event_device, {.dev_num = 0x1110, .state = any_state},
       {0x02, 0x40, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x20, 0x21});

using devices = get_devices_response;

// What decode says of a window of `count` devices with one byte of bitmap.
constexpr errc with_count(std::uint8_t count, std::uint8_t msg_size = 0x0f) {
    const std::uint8_t frame[]{0x03, 0x02, 0x00, 0x00, 0x0c,  0x0d, msg_size, 0x00,
                               0x10, 0x11, 0x20, 0x21, count, 0x00, 0x00};
    return decode<devices, revision::oasis_v2>({frame, msg_size}).error();
}

constexpr errc encoding_error(std::uint16_t count, wire::tail<std::uint8_t> bitmap) {
    canvas c;
    const errc error =
        encode<revision::oasis_v1>(c.span(false, canvas::most), {}, devices{.count = count, .bitmap = bitmap}).error();
    return error == errc::none || c.untouched() ? error : errc::full;
}

template <std::size_t N> constexpr bool valid_window(std::uint16_t count, const std::uint8_t (&bitmap)[N]) {
    return valid<revision::oasis_v2>(devices{.count = count, .bitmap = bitmap});
}

} // namespace

TEST_CASE("GET_DEVICES has a bit for each device of the window, in whole bytes") {
    CX_CHECK(with_count(0) == errc::bad_length);
    CX_CHECK(with_count(1) == errc::none);
    CX_CHECK(with_count(8) == errc::none);
    CX_CHECK(with_count(9) == errc::bad_length);
    CX_CHECK(with_count(0, 0x0e) == errc::none);
    CX_CHECK(with_count(1, 0x0e) == errc::bad_length);
    CX_CHECK(encoding_error(8, eleven_bits) == errc::bad_length);
    CX_CHECK(encoding_error(9, eleven_bits) == errc::none);
    CX_CHECK(encoding_error(16, eleven_bits) == errc::none);
    CX_CHECK(encoding_error(17, eleven_bits) == errc::bad_length);
    CX_CHECK(encoding_error(0xffff, eleven_bits) == errc::bad_length);
    CX_CHECK(encoding_error(0, {}) == errc::none);
}

TEST_CASE("GET_DEVICES: progress or the end") {
    CX_CHECK(valid<revision::oasis_v2>(devices{.offset = 5, .next_offset = 6}));
    CX_CHECK(valid<revision::oasis_v2>(devices{.offset = 5, .next_offset = 0}));
    CX_CHECK(!valid<revision::oasis_v2>(devices{.offset = 5, .next_offset = 5}));
    CX_CHECK(!valid<revision::oasis_v2>(devices{.offset = 5, .next_offset = 4}));
}

TEST_CASE("GET_DEVICES: no device number above 65535") {
    static constexpr std::uint8_t byte[]{0};
    CX_CHECK(valid<revision::oasis_v2>(devices{.offset = 65535, .count = 1, .bitmap = byte}));
    CX_CHECK(!valid<revision::oasis_v2>(devices{.offset = 65535, .count = 2, .bitmap = byte}));
}

TEST_CASE("GET_DEVICES: no bit beyond the window") {
    CX_CHECK(valid_window(8, {0xff}));
    CX_CHECK(valid_window(7, {0x7f}));
    CX_CHECK(!valid_window(7, {0x80}));
    CX_CHECK(valid_window(9, {0xff, 0x01}));
    CX_CHECK(!valid_window(9, {0xff, 0x02}));
    CX_CHECK(valid<revision::oasis_v2>(devices{.count = 1}));
}

TEST_CASE("EVENT_DEVICE: defined states and private ones") {
    CX_CHECK(valid<revision::oasis_v2>(event_device{.state = device_state::added}));
    CX_CHECK(valid<revision::oasis_v2>(event_device{.state = device_state::removed}));
    CX_CHECK(valid<revision::oasis_v2>(event_device{.state = device_state{0x8000}}));
    CX_CHECK(!valid<revision::oasis_v2>(event_device{.state = device_state{0}}));
    CX_CHECK(!valid<revision::oasis_v2>(event_device{.state = device_state{3}}));
    CX_CHECK(!valid<revision::oasis_v2>(event_device{.state = device_state{0x7fff}}));
    CX_CHECK(static_cast<unsigned>(device_state::added) == 1);
    CX_CHECK(static_cast<unsigned>(device_state::removed) == 2);
}

TEST_CASE("a bus message names no device") {
    CX_CHECK(valid<revision::oasis_v2>(ping_request{7}, 0));
    CX_CHECK(!valid<revision::oasis_v2>(ping_request{7}, 1));
    CX_CHECK(!valid<revision::oasis_v1>(get_devices_response{}, 1));
    CX_CHECK(!valid<revision::rfc2025>(event_device{.state = device_state::added}, 0xffff));
}
