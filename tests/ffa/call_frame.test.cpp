// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/call_frame.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool all_zero(const ffa::call_frame& frame) {
    for (const std::uint64_t value : frame.x)
        if (value != 0) return false;
    return true;
}

} // namespace

TEST_CASE("a call frame starts with 18 zero registers") {
    CX_CHECK(sizeof(ffa::call_frame) == 144);
    CX_CHECK(all_zero(ffa::call_frame{}));
    CX_CHECK(ffa::call_frame{} == ffa::call_frame{});
    CX_CHECK(ffa::call_frame{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}} != ffa::call_frame{});
}
