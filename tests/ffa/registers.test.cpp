// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/scheduling.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;

TEST_CASE("a form is that of the id, whatever else is in x0") {
    CX_CHECK(ffa::form_of(ffa::call_frame{{0x84000061}}) == ffa::form::smc32);
    CX_CHECK(ffa::form_of(ffa::call_frame{{0xc4010061}}) == ffa::form::smc64);
    CX_CHECK(ffa::form_of(ffa::call_frame{{0x4000'0000'8400'0061}}) == ffa::form::smc32);
    CX_CHECK(ffa::in_form(ffa::function_id::success, ffa::form::smc64) == ffa::function_id::success_64);
    CX_CHECK(ffa::in_form(ffa::function_id::success, ffa::form::smc32) == ffa::function_id::success);
    CX_CHECK(ffa::encode_success() == ffa::call_frame{{0x84000061}});
    CX_CHECK(ffa::encode_success(ffa::form::smc64) == ffa::call_frame{{0xc4000061}});
}

TEST_CASE("two words make 64 bits, the lower half first") {
    CX_CHECK(ffa::words_in(ffa::call_frame{{0, 0, 0xffff'ffff'0000'0005, 0xffff'ffff'8000'0000}}, 2) ==
             0x8000'0000'0000'0005);
    CX_CHECK(ffa::word_in(ffa::call_frame{{0, 0xffff'ffff'ffff'fffe}}, 1) == 0xffff'fffe);
}

TEST_CASE("trap 24: whatever a call does not use is found by who has to refuse it") {
    constexpr ffa::call_frame run = encode(ffa::run_call{{device, 2}});
    static_assert(!refused_with(run, 0, 0x1'0000, ffa::decode_run));
    for (std::size_t i = 2; i < 18; ++i) {
        CHECK(refused_with(run, i, 1, ffa::decode_run));
        CHECK(refused_with(run, i, 0x8000'0000, ffa::decode_run));
        CHECK(refused_with(run, i, 0x1'0000'0000, ffa::decode_run) == (i >= 8));
    }
    constexpr auto above = with_register(run, 8, 1);
    CX_CHECK(!reserved_zero(above, run));
    CX_CHECK(reserved_zero(above, run, 8));
    constexpr ffa::call_frame wide = encode(ffa::run_call{{device, 2}, ffa::form::smc64});
    CX_CHECK(refused_with(wide, 2, 0x1'0000'0000, ffa::decode_run));
}
