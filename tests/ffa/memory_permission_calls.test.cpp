// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_permission_calls.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;
using ffa::form;
using ffa::version;
using permissions = ffa::page_permissions;

namespace {

constexpr ffa::call_frame regs(std::initializer_list<std::uint64_t> values) {
    ffa::call_frame frame;
    std::size_t i = 0;
    for (const std::uint64_t v : values) frame.x[i++] = v;
    return frame;
}

} // namespace

TEST_CASE("from FF-A 1.3 on permissions are asked for with the number of pages less one") {
    constexpr ffa::mem_perm_get_call one{0x4000'1000, 1, form::smc32};
    constexpr ffa::mem_perm_get_call many{0x12'3456'7000, 16, form::smc64};
    CX_CHECK(*encode(one, version::v1_3) == regs({0x8400'0088, 0x4000'1000, 0}));
    CX_CHECK(*encode(many, version::v1_3) == regs({0xc400'0088, 0x12'3456'7000, 15}));
    CX_CHECK(*encode(one, version::v1_2) == regs({0x8400'0088, 0x4000'1000, 0}));
    CX_CHECK(*decode_mem_perm_get(*encode(many, version::v1_3), version::v1_3) == many);
    CX_CHECK(decode_mem_perm_get(regs({0x8400'0088, 0x1000, 7}), version::v1_2)->page_count == 1);
    CX_CHECK(encode(many, version::v1_2).error() == errc::not_representable);
    CX_CHECK(encode(ffa::mem_perm_get_call{0x1'0000'0000, 1, form::smc32}, version::v1_3).error() ==
             errc::not_representable);
    CX_CHECK(encode(ffa::mem_perm_get_call{0x1000, 0, form::smc32}, version::v1_3).error() == errc::invalid_argument);
    CX_CHECK(decode_mem_perm_get(regs({0x8400'0088, 0x1000, 0xffff'ffff}), version::v1_3).error() == errc::bad_value);
    CX_CHECK(decode_mem_perm_get(regs({0x8400'0089}), version::v1_3).error() == errc::bad_type);
}

TEST_CASE("the answer covers no more pages than were asked about") {
    constexpr ffa::mem_perm_get_answer a{permissions::read_only | permissions::not_executable, 3};
    constexpr ffa::call_frame frame = regs({0x8400'0061, 0, 7, 2});
    CX_CHECK(*encode(a, version::v1_3) == frame);
    CX_CHECK(*decode_mem_perm_get_answer(frame, version::v1_3, 3) == a);
    CX_CHECK(decode_mem_perm_get_answer(frame, version::v1_3, 2).error() == errc::bad_value);
    CX_CHECK(decode_mem_perm_get_answer(frame, version::v1_2, 1)->page_count == 1);
    CX_CHECK(decode_mem_perm_get_answer(regs({0x8400'0061, 0, 2}), version::v1_3, 1).error() == errc::bad_value);
    CX_CHECK(decode_mem_perm_get_answer(regs({0x8400'0061, 0, 8}), version::v1_3, 1).error() == errc::bad_value);
    CX_CHECK(decode_mem_perm_get_answer(ffa::encode_error(ffa::error::denied), version::v1_3, 1).error() ==
             errc::denied);
    CX_CHECK(encode(a, version::v1_2).error() == errc::not_representable);
    CX_CHECK(encode(ffa::mem_perm_get_answer{permissions::read_write, 0}, version::v1_3).error() ==
             errc::invalid_argument);
}

TEST_CASE("permissions are set with the number of pages") {
    constexpr ffa::mem_perm_set_call c{0x4000'1000, 2, permissions::read_write | permissions::not_executable,
                                       form::smc64};
    CX_CHECK(*encode(c) == regs({0xc400'0089, 0x4000'1000, 2, 5}));
    CX_CHECK(*decode_mem_perm_set(*encode(c)) == c);
    CX_CHECK(decode_mem_perm_set(regs({0x8400'0089, 0xffff'ffff'0000'1000, 1, 1}))->address == 0x1000);
    CX_CHECK(decode_mem_perm_set(regs({0x8400'0088})).error() == errc::bad_type);
    CX_CHECK(encode(ffa::mem_perm_set_call{0x1000, 0, permissions::read_write, form::smc64}).error() ==
             errc::invalid_argument);
    CX_CHECK(encode(ffa::mem_perm_set_call{0x1'0000'0000, 1, permissions::read_write, form::smc32}).error() ==
             errc::not_representable);
    CX_CHECK(decode_mem_perm_set_answer(regs({0x8400'0061})).has_value());
    CX_CHECK(decode_mem_perm_set_answer(ffa::encode_error(ffa::error::denied)).error() == errc::denied);
}
