// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/version.hpp>

#include "support/check.hpp"

using namespace vmsg;
using ffa::version;

TEST_CASE("versions compare by age") {
    CX_CHECK(static_cast<std::uint32_t>(version::v1_2) == 0x10002);
    CX_CHECK(version::v1_0 < version::v1_1);
    CX_CHECK(version::v1_1 < version::v1_2);
    CX_CHECK(version::v1_2 < version::v1_3);
    CX_CHECK(version::v1_3 < version{0x0002'0000});
}

TEST_CASE("a version is a major and a minor one, and bit 31 is not part of it") {
    CX_CHECK(ffa::make_version(1, 2) == version::v1_2);
    CX_CHECK(ffa::major_of(version{0x7fff'1234}) == 0x7fff);
    CX_CHECK(ffa::minor_of(version{0x7fff'1234}) == 0x1234);
    CX_CHECK(ffa::is_valid(version{0x7fff'ffff}));
    CX_CHECK(!ffa::is_valid(version{0x8001'0002}));
}

TEST_CASE("a callee speaks the older minor versions of its major one") {
    CX_CHECK(ffa::is_compatible(version::v1_1, version::v1_2));
    CX_CHECK(ffa::is_compatible(version::v1_2, version::v1_2));
    CX_CHECK(!ffa::is_compatible(version::v1_3, version::v1_2));
    CX_CHECK(!ffa::is_compatible(version{0x0000'0002}, version::v1_2));
    CX_CHECK(!ffa::is_compatible(version{0x0002'0000}, version::v1_2));
    CX_CHECK(!ffa::is_compatible(version{0x8001'0001}, version{0x8001'0002}));
}
