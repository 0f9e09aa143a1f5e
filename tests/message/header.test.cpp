// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/header.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr std::uint8_t with_token[]{0xf9, 0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00, 0xee};
constexpr std::uint8_t without_token[]{0xf9, 0x05, 0x0a, 0x0b, 0x06, 0x00, 0xee};
constexpr header head{.type = 0xf9, .msg_id = 5, .dev_num = 0x0b0a, .token = 0x0d0c, .msg_size = 8};

// What decode_header says of eight bytes whose size field says `msg_size`.
template <revision R> constexpr errc with_size(std::uint16_t msg_size) {
    std::uint8_t frame[8]{0x01, 0x05};
    store_le(frame + header_size<R> - 2, msg_size);
    return decode_header<R>(frame).error();
}

} // namespace

TEST_CASE("decode_header reads all fields and keeps the reserved type bits") {
    CX_CHECK(decode_header<revision::oasis_v2>(byte_view{with_token}.first(8)) == head);
    CX_CHECK(decode_header<revision::oasis_v1>(byte_view{with_token}.first(8)) == head);
    CX_CHECK(decode_header<revision::rfc2025>(byte_view{without_token}.first(6)) ==
             header{.type = 0xf9, .msg_id = 5, .dev_num = 0x0b0a, .msg_size = 6});
}

TEST_CASE("decode_header takes a frame with padding") {
    CX_CHECK(decode_header<revision::oasis_v2>(with_token) == head);
    CX_CHECK(decode_header<revision::rfc2025>(without_token)->msg_size == 6);
}

TEST_CASE("decode_header wants a whole header and all bytes of the message") {
    CX_CHECK(decode_header<revision::oasis_v2>({}).error() == errc::truncated);
    CX_CHECK(decode_header<revision::oasis_v2>(byte_view{with_token}.first(7)).error() == errc::truncated);
    CX_CHECK(decode_header<revision::rfc2025>(byte_view{without_token}.first(5)).error() == errc::truncated);
    CX_CHECK(with_size<revision::oasis_v2>(8) == errc::none);
    CX_CHECK(with_size<revision::oasis_v2>(7) == errc::bad_length);
    CX_CHECK(with_size<revision::oasis_v2>(0) == errc::bad_length);
    CX_CHECK(with_size<revision::oasis_v2>(9) == errc::truncated);
    CX_CHECK(with_size<revision::oasis_v2>(0xffff) == errc::truncated);
    CX_CHECK(with_size<revision::rfc2025>(6) == errc::none);
    CX_CHECK(with_size<revision::rfc2025>(5) == errc::bad_length);
    CX_CHECK(with_size<revision::rfc2025>(9) == errc::truncated);
}

TEST_CASE("a header knows response, bus and event") {
    CX_CHECK(!header{.type = 0xfe}.is_response());
    CX_CHECK(header{.type = 0x01}.is_response());
    CX_CHECK(!header{.type = 0xfd}.is_bus());
    CX_CHECK(header{.type = 0x02}.is_bus());
    CX_CHECK(!header{.msg_id = 0xbf}.is_event());
    CX_CHECK(header{.msg_id = 0x40}.is_event());
}

TEST_CASE("classify: the event bit of the id counts before the response bit of the type") {
    CX_CHECK(classify({.type = 0, .msg_id = 0x05}) == frame_class::transport_request);
    CX_CHECK(classify({.type = 1, .msg_id = 0x05}) == frame_class::response);
    CX_CHECK(classify({.type = 2, .msg_id = 0x80}) == frame_class::bus_request);
    CX_CHECK(classify({.type = 3, .msg_id = 0x80}) == frame_class::response);
    CX_CHECK(classify({.type = 0, .msg_id = 0x40}) == frame_class::event);
    CX_CHECK(classify({.type = 1, .msg_id = 0x40}) == frame_class::event);
    CX_CHECK(classify({.type = 2, .msg_id = 0xc0}) == frame_class::event);
    CX_CHECK(classify({.type = 3, .msg_id = 0xc0}) == frame_class::event);
    CX_CHECK(classify({.type = 0xfc, .msg_id = 0x05}) == frame_class::transport_request);
    CX_CHECK(classify({.type = 0xfd, .msg_id = 0x05}) == frame_class::response);
    CX_CHECK(classify({.type = 0xfe, .msg_id = 0x05}) == frame_class::bus_request);
}

TEST_CASE("a range fits below 2^32") {
    CX_CHECK(detail::range_fits(0, 0xffff'ffff));
    CX_CHECK(!detail::range_fits(1, 0xffff'ffff));
    CX_CHECK(detail::range_fits(0xffff'ffff, 0));
    CX_CHECK(!detail::range_fits(0xffff'ffff, 1));
}
