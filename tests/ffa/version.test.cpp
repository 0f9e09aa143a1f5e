// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/version.hpp>

#include "support/check.hpp"

using namespace vmsg;

TEST_CASE("versions compare by age") {
    CX_CHECK(static_cast<std::uint32_t>(ffa::version::v1_2) == 0x10002);
    CX_CHECK(ffa::version::v1_0 < ffa::version::v1_1);
    CX_CHECK(ffa::version::v1_1 < ffa::version::v1_2);
    CX_CHECK(ffa::version::v1_2 < ffa::version::v1_3);
    CX_CHECK(ffa::version::v1_3 < ffa::version{0x0002'0000});
}
