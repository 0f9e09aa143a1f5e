// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/inbound.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr auto v2 = revision::oasis_v2;

// A frame of `delivered` bytes, the rest of which is 0xee.
struct frame {
    std::uint8_t bytes[112]{};
    std::size_t delivered{};
    constexpr frame(std::uint8_t type, std::uint8_t id, std::uint8_t dev_num, std::uint8_t msg_size, std::size_t size)
        : delivered(size) {
        for (auto& byte : bytes) byte = 0xee;
        const std::uint8_t head[]{type, id, dev_num, 0, 5, 0, msg_size, 0};
        for (std::size_t i = 0; i < sizeof head; ++i) bytes[i] = head[i];
    }
    constexpr byte_view view() const { return {bytes, delivered}; }
};

constexpr errc judge(const frame& f, std::size_t max_msg_size = 104) {
    return validate_inbound<v2>(f.view(), max_msg_size).error();
}

constexpr std::uint8_t old_bus_response[]{0x03, 0x02, 0x09, 0x00, 0x06, 0x00};

} // namespace

TEST_CASE("validate_inbound gives the header of a frame, which may be padded") {
    CX_CHECK(validate_inbound<v2>(frame(0, 5, 1, 16, 104).view(), 104) ==
             header{.type = 0, .msg_id = 5, .dev_num = 1, .token = 5, .msg_size = 16});
    CX_CHECK(judge(frame(0, 5, 1, 16, 16)) == errc::none);
    CX_CHECK(judge(frame(0, 5, 1, 104, 104)) == errc::none);
}

TEST_CASE("H4: validate_inbound: the maximum is of what was delivered") {
    CX_CHECK(judge(frame(0, 5, 1, 16, 105)) == errc::oversize);
    CX_CHECK(judge(frame(0, 5, 1, 16, 45), 44) == errc::oversize);
    CX_CHECK(judge(frame(0, 5, 1, 16, 44), 44) == errc::none);
}

TEST_CASE("H4: validate_inbound: sizes") {
    CX_CHECK(judge(frame(0, 5, 1, 8, 7)) == errc::truncated);
    CX_CHECK(judge(frame(0, 5, 1, 8, 0)) == errc::truncated);
    CX_CHECK(judge(frame(0, 5, 1, 17, 16)) == errc::truncated);
    CX_CHECK(judge(frame(0, 5, 1, 7, 16)) == errc::bad_length);
    CX_CHECK(judge(frame(0, 5, 1, 105, 104)) == errc::truncated);
}

TEST_CASE("H6: validate_inbound: only a transport message and an error name a device") {
    CX_CHECK(judge(frame(2, 0x81, 0, 12, 12)) == errc::none);
    CX_CHECK(judge(frame(2, 0x81, 1, 12, 12)) == errc::bad_value);
    CX_CHECK(judge(frame(3, 0x02, 1, 12, 12)) == errc::bad_value);
    CX_CHECK(judge(frame(2, 0xc0, 1, 12, 12)) == errc::bad_value);
    CX_CHECK(judge(frame(3, 0x87, 9, 10, 10)) == errc::none);
    CX_CHECK(judge(frame(0, 0x02, 9, 10, 10)) == errc::none);
    CX_CHECK(validate_inbound<revision::rfc2025>(old_bus_response, 44).error() == errc::bad_value);
}

TEST_CASE("validate_inbound ignores the reserved type bits") {
    CX_CHECK(judge(frame(0xfc, 5, 1, 16, 16)) == errc::none);
    CX_CHECK(judge(frame(0xfe, 5, 1, 16, 16)) == errc::bad_value);
}
