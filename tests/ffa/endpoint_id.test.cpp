// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/endpoint_id.hpp>

#include "support/check.hpp"

using namespace vmsg;

TEST_CASE("endpoints in registers") {
    constexpr ffa::endpoint_pair pair{ffa::endpoint_id{0x0001}, ffa::endpoint_id{0x8003}};
    static_assert(ffa::to_register(pair) == 0x0001'8003);
    static_assert(ffa::endpoints_in(0xffff'ffff'0001'8003) == pair);
    constexpr ffa::target context{ffa::endpoint_id{0x8003}, 2};
    static_assert(ffa::to_register(context) == 0x8003'0002);
    static_assert(ffa::target_in(0xffff'ffff'8003'0002) == context);
    CHECK(ffa::is_secure(ffa::endpoint_id{0x8000}));
    CHECK_FALSE(ffa::is_secure(ffa::endpoint_id{0x7fff}));
    CHECK_FALSE(ffa::is_secure(ffa::hypervisor_id));
}
