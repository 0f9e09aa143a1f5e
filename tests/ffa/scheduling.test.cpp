// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/scheduling.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::form;

namespace {

constexpr ffa::target other{ffa::endpoint_id{0x8005}, 3};

} // namespace

TEST_CASE("trap 32: FFA_MSG_WAIT says whether RX is kept") {
    CX_CHECK(both_ways(ffa::msg_wait_call{}, ffa::call_frame{{0x8400006b}}, ffa::decode_msg_wait));
    CX_CHECK(both_ways(ffa::msg_wait_call{true}, ffa::call_frame{{0x8400006b, 0, 1}}, ffa::decode_msg_wait));
    CX_CHECK(
        both_ways(ffa::msg_wait_call{true, form::smc64}, ffa::call_frame{{0xc400006b, 0, 1}}, ffa::decode_msg_wait));
    CX_CHECK(refused_with(ffa::call_frame{{0x8400006b}}, 2, 2, ffa::decode_msg_wait));
    CX_CHECK(refused_with(ffa::call_frame{{0x8400006b}}, 1, 1, ffa::decode_msg_wait));
    CX_CHECK(refused_with(ffa::call_frame{{0x8400006b}}, 8, 1, ffa::decode_msg_wait));
}

TEST_CASE("FFA_RUN names a partition and a vCPU and nothing else") {
    CX_CHECK(both_ways(ffa::run_call{other}, ffa::call_frame{{0x8400006d, 0x80050003}}, ffa::decode_run));
    CX_CHECK(both_ways(ffa::run_call{other, form::smc64}, ffa::call_frame{{0xc400006d, 0x80050003}}, ffa::decode_run));
}

TEST_CASE("FFA_YIELD carries a time of 64 bits in two words") {
    CX_CHECK(both_ways(ffa::yield_call{other, 0x1122334455667788},
                       ffa::call_frame{{0x8400006c, 0x80050003, 0x55667788, 0x11223344}}, ffa::decode_yield));
    CX_CHECK(both_ways(ffa::yield_call{{}, 0, form::smc64}, ffa::call_frame{{0xc400006c}}, ffa::decode_yield));
}

TEST_CASE("FFA_INTERRUPT names who was preempted") {
    CX_CHECK(both_ways(ffa::interrupt_call{other, 27}, ffa::call_frame{{0x84000062, 0x80050003, 27}},
                       ffa::decode_interrupt));
    CX_CHECK(both_ways(ffa::interrupt_call{other, 0, form::smc64}, ffa::call_frame{{0xc4000062, 0x80050003}},
                       ffa::decode_interrupt));
}

TEST_CASE("trap 4: what is resumed is what the answer names, whoever was called") {
    CX_CHECK(*ffa::resumption_of(encode(ffa::interrupt_call{other, 0})) == other);
    CX_CHECK(*ffa::resumption_of(encode(ffa::yield_call{other, 1000})) == other);
    CX_CHECK(*ffa::resumption_of(garbled(encode(ffa::interrupt_call{other, 0}))) == other);
    CX_CHECK(*ffa::resumption_of(encode(ffa::yield_call{other, 0, form::smc64})) == other);
    CX_CHECK(ffa::resumption_of(encode(ffa::msg_wait_call{})).error() == errc::bad_type);
    CX_CHECK(ffa::resumption_of(ffa::encode_success()).error() == errc::bad_type);
    CX_CHECK(ffa::resumption_of(ffa::call_frame{{0x8500006c}}).error() == errc::bad_type);
    CX_CHECK(encode(ffa::run_call{*ffa::resumption_of(encode(ffa::interrupt_call{other, 9}))}) ==
             ffa::call_frame{{0x8400006d, 0x80050003}});
}

TEST_CASE("FFA_NORMAL_WORLD_RESUME has no arguments") {
    CX_CHECK(
        both_ways(ffa::normal_world_resume_call{}, ffa::call_frame{{0x8400007c}}, ffa::decode_normal_world_resume));
    CX_CHECK(both_ways(ffa::normal_world_resume_call{form::smc64}, ffa::call_frame{{0xc400007c}},
                       ffa::decode_normal_world_resume));
}
