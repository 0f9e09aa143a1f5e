// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/function_id.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr ffa::function_id id_in(std::uint64_t x0) { return function_of(ffa::call_frame{{x0}}); }

} // namespace

TEST_CASE("the function id is the low half of x0 without the SVE hint") {
    CX_CHECK(id_in(0xc400008d) == ffa::function_id::msg_send_direct_req2);
    CX_CHECK(id_in(0xc400008e) == ffa::function_id::msg_send_direct_resp2);
    CX_CHECK(id_in(0xc401008d) == ffa::function_id::msg_send_direct_req2);
    CX_CHECK(id_in(0xdead'beef'c401'008e) == ffa::function_id::msg_send_direct_resp2);
    CX_CHECK(id_in(0xc402008d) != ffa::function_id::msg_send_direct_req2);
    CX_CHECK(id_in(0x8400008d) != ffa::function_id::msg_send_direct_req2);
}
