// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/notification_info.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::form;

namespace {

constexpr ffa::notification_list list_of(unsigned id, std::uint8_t vcpus) {
    return {
        static_cast<ffa::endpoint_id>(id),
        vcpus,
        {std::uint16_t(vcpus > 0 ? 7 : 0), std::uint16_t(vcpus > 1 ? 0xffff : 0), std::uint16_t(vcpus > 2 ? 9 : 0)}};
}

// As many lists as there is room for, each with `vcpus` vCPUs.
constexpr ffa::notification_info_get_answer full_of(form f, std::uint8_t vcpus) {
    ffa::notification_info_get_answer a;
    a.width = f;
    a.more = vcpus == 1;
    for (unsigned id = 0x8001; a.add(list_of(id, vcpus)); ++id) {}
    return a;
}

constexpr bool survives(const ffa::notification_info_get_answer& a) {
    const auto got = ffa::decode_notification_info_get_answer(garbled(encode(a)));
    return got && *got == a;
}

constexpr errc refusal(std::uint64_t x0, std::uint64_t x2) {
    return ffa::decode_notification_info_get_answer(ffa::call_frame{{x0, 0, x2}}).error();
}

constexpr std::uint64_t lists(std::uint64_t n) { return n << 7; }

} // namespace

TEST_CASE("a scheduler asks without arguments") {
    CX_CHECK(
        both_ways(ffa::notification_info_get_call{}, ffa::call_frame{{0x84000083}}, ffa::decode_notification_info_get));
    CX_CHECK(both_ways(ffa::notification_info_get_call{form::smc64}, ffa::call_frame{{0xc4000083}},
                       ffa::decode_notification_info_get));
    CX_CHECK(ffa::decode_notification_info_get_answer(ffa::encode_error(ffa::error::no_data)).error() ==
             errc::would_block);
}

TEST_CASE("ids are packed by four in 64 bits, by two in 32") {
    constexpr ffa::notification_list none{ffa::endpoint_id{0}, 0, {}};
    constexpr ffa::notification_list three{ffa::endpoint_id{1}, 3, {0, 2, 3}};
    constexpr ffa::notification_info_get_answer wide{false, form::smc64, 2, {none, three}};
    constexpr ffa::notification_info_get_answer narrow{false, form::smc32, 2, {none, three}};
    CX_CHECK(both_ways(wide, ffa::call_frame{{0xc4000061, 0, 0xc100, 0x0002'0000'0001'0000, 3}},
                       ffa::decode_notification_info_get_answer));
    CX_CHECK(both_ways(narrow, ffa::call_frame{{0x84000061, 0, 0xc100, 0x0001'0000, 0x0002'0000, 3}},
                       ffa::decode_notification_info_get_answer));
}

TEST_CASE("trap 20: upper halves of a 32-bit answer are garbage, also that of the counts") {
    for (std::uint8_t vcpus = 0; vcpus <= 3; ++vcpus) {
        CHECK(survives(full_of(form::smc32, vcpus)));
        CHECK(survives(full_of(form::smc64, vcpus)));
    }
    CX_CHECK(survives(full_of(form::smc32, 0)));
    CX_CHECK(survives(full_of(form::smc64, 1)));
}

TEST_CASE("20 ids fit 64-bit registers, 10 fit 32-bit ones, and all are read") {
    CX_CHECK(full_of(form::smc64, 0).count == 20);
    CX_CHECK(full_of(form::smc64, 3).count == 5);
    CX_CHECK(full_of(form::smc32, 0).count == 10);
    CX_CHECK(full_of(form::smc32, 2).count == 3);
    CX_CHECK(ffa::decode_notification_info_get_answer(encode(full_of(form::smc64, 0)))->lists[19].endpoint ==
             ffa::endpoint_id{0x8014});
    CX_CHECK(full_of(form::smc64, 1).more);
}

TEST_CASE("lists with more ids than registers are refused") {
    CX_CHECK(refusal(0xc4000061, lists(20)) == errc::none);
    CX_CHECK(refusal(0xc4000061, lists(21)) == errc::bad_length);
    CX_CHECK(refusal(0xc4000061, lists(31)) == errc::bad_length);
    CX_CHECK(refusal(0xc4000061, lists(20) | 1 << 12) == errc::bad_length);
    CX_CHECK(refusal(0xc4000061, lists(6) | 0xfff'000) == errc::bad_length);
    CX_CHECK(refusal(0xc4000061, lists(5) | 0x3ff'000) == errc::none);
    CX_CHECK(refusal(0x84000061, lists(10)) == errc::none);
    CX_CHECK(refusal(0x84000061, lists(11)) == errc::bad_length);
    CX_CHECK(refusal(0x84000061, lists(10) | 0x8000'0000) == errc::bad_length);
    CX_CHECK(refusal(0x84000061, lists(3) | 0x3f'000) == errc::bad_length);
    CX_CHECK(refusal(0x84000061, lists(0)) == errc::none);
}
