// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/revision.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr const revision_constants& rfc = constants(revision::rfc2025);
constexpr const revision_constants& v1 = constants(revision::oasis_v1);
constexpr const revision_constants& v2 = constants(revision::oasis_v2);

} // namespace

TEST_CASE("the newest revision is the default") { CX_CHECK(newest_revision == revision::oasis_v2); }

TEST_CASE("headers") {
    CX_CHECK(rfc.header_size == 6);
    CX_CHECK(v1.header_size == 8);
    CX_CHECK(v2.header_size == 8);
    CX_CHECK(header_size<revision::rfc2025> == 6);
    CX_CHECK(header_size<revision::oasis_v2> == 8);
    CX_CHECK(!rfc.has_token);
    CX_CHECK(v1.has_token);
    CX_CHECK(v2.has_token);
}

TEST_CASE("areas") {
    CX_CHECK(rfc.area_shift == 56);
    CX_CHECK(v1.area_shift == 48);
    CX_CHECK(v2.area_shift == 48);
    CX_CHECK(rfc.max_area_id == 0xff);
    CX_CHECK(v1.max_area_id == 0xffff);
    CX_CHECK(v2.max_area_id == 0xffff);
}

TEST_CASE("S1: message sizes") {
    CX_CHECK(rfc.min_max_msg_size == 44);
    CX_CHECK(v1.min_max_msg_size == 48);
    CX_CHECK(v2.min_max_msg_size == 52);
    CX_CHECK(rfc.ffa_max_msg_size == 44);
    CX_CHECK(v1.ffa_max_msg_size == 104);
    CX_CHECK(v2.ffa_max_msg_size == 104);
    CX_CHECK(rfc.max_max_msg_size == 65535);
    CX_CHECK(v1.max_max_msg_size == 65535);
    CX_CHECK(v2.max_max_msg_size == 65535);
}

TEST_CASE("versions") {
    CX_CHECK(rfc.bus_version == 1);
    CX_CHECK(v1.bus_version == 0x0001'0000);
    CX_CHECK(v2.bus_version == 0x0001'0000);
    CX_CHECK(rfc.transport_revision == 1);
    CX_CHECK(v1.transport_revision == 1);
    CX_CHECK(v2.transport_revision == 1);
}

TEST_CASE("the constants of a revision known at run time are those known at compile time") {
    CX_CHECK(&constants(revision::rfc2025) == &constants_of<revision::rfc2025>);
    CX_CHECK(&constants(revision::oasis_v1) == &constants_of<revision::oasis_v1>);
    CX_CHECK(&constants(revision::oasis_v2) == &constants_of<revision::oasis_v2>);
}
