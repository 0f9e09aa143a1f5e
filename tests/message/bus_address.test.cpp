// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/bus_address.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bus_address address{0x0123'4567'89ab'cdef};

} // namespace

TEST_CASE("a bus address is an area above an offset") {
    CX_CHECK(area_of<revision::oasis_v2>(address) == 0x0123);
    CX_CHECK(offset_of<revision::oasis_v2>(address) == 0x4567'89ab'cdef);
    CX_CHECK(area_of<revision::oasis_v1>(address) == 0x0123);
    CX_CHECK(offset_of<revision::oasis_v1>(address) == 0x4567'89ab'cdef);
    CX_CHECK(area_of<revision::rfc2025>(address) == 0x01);
    CX_CHECK(offset_of<revision::rfc2025>(address) == 0x23'4567'89ab'cdef);
}

TEST_CASE("make_bus_address puts area and offset together") {
    CX_CHECK(make_bus_address<revision::oasis_v2>(0x0123, 0x4567'89ab'cdef) == address);
    CX_CHECK(make_bus_address<revision::rfc2025>(0x01, 0x23'4567'89ab'cdef) == address);
    CX_CHECK(make_bus_address<revision::oasis_v2>(0xffff, 0xffff'ffff'ffff) == bus_address{~0ull});
    CX_CHECK(make_bus_address<revision::rfc2025>(0xff, 0xff'ffff'ffff'ffff) == bus_address{~0ull});
}

TEST_CASE("make_bus_address refuses what is too wide") {
    CX_CHECK(make_bus_address<revision::oasis_v2>(1, 0x1'0000'0000'0000).error() == errc::invalid_argument);
    CX_CHECK(make_bus_address<revision::rfc2025>(1, 0x100'0000'0000'0000).error() == errc::invalid_argument);
    CX_CHECK(make_bus_address<revision::rfc2025>(0x100, 0).error() == errc::invalid_argument);
}
