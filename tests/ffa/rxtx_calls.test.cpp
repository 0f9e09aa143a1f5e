// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/rxtx_calls.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::form;

TEST_CASE("FFA_RXTX_MAP has TX before RX") {
    CX_CHECK(both_ways(ffa::rxtx_map_call{0x9'0000'0000, 0x9'0000'1000, 1},
                       ffa::call_frame{{0xc4000066, 0x9'0000'0000, 0x9'0000'1000, 1}}, ffa::decode_rxtx_map));
    CX_CHECK(both_ways(ffa::rxtx_map_call{0x9000'0000, 0xffff'f000, 63, form::smc32},
                       ffa::call_frame{{0x84000066, 0x9000'0000, 0xffff'f000, 63}}, ffa::decode_rxtx_map));
    CX_CHECK(refused_with(ffa::call_frame{{0xc4000066, 0x1000, 0x2000, 1}}, 3, 0x40, ffa::decode_rxtx_map));
    CX_CHECK(refused_with(ffa::call_frame{{0xc4000066, 0x1000, 0x2000, 1}}, 4, 1, ffa::decode_rxtx_map));
}

TEST_CASE("the VM that a call is forwarded for stands in another half of w1 in each") {
    constexpr ffa::endpoint_id vm{0x0002};
    CX_CHECK(both_ways(ffa::rxtx_unmap_call{vm}, ffa::call_frame{{0x84000067, 0x0002'0000}}, ffa::decode_rxtx_unmap));
    CX_CHECK(both_ways(ffa::rx_release_call{vm}, ffa::call_frame{{0x84000065, 0x0002}}, ffa::decode_rx_release));
    CX_CHECK(both_ways(ffa::rx_acquire_call{vm}, ffa::call_frame{{0x84000084, 0x0002}}, ffa::decode_rx_acquire));
    CX_CHECK(encode(ffa::rxtx_unmap_call{}) == ffa::call_frame{{0x84000067}});
    CX_CHECK(encode(ffa::rx_release_call{}) == ffa::call_frame{{0x84000065}});
    CX_CHECK(refused_with(ffa::call_frame{{0x84000067}}, 1, 1, ffa::decode_rxtx_unmap));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000065}}, 1, 0x1'0000, ffa::decode_rx_release));
}
