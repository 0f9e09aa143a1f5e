// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/console.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <array>

using namespace ffa_test;
using ffa::form;
using ffa::version;

namespace {

constexpr auto letters = [] {
    std::array<std::uint8_t, 200> text{};
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::uint8_t>('!' + i % 90);
    return text;
}();

constexpr bool survives(form f, version v, std::size_t size, std::size_t sent) {
    const auto c = ffa::console_log_of(byte_view{letters}.first(size), f, v);
    const auto got = ffa::decode_console_log(garbled(encode(c)), v);
    return c.size == sent && got && *got == c && got->characters() == byte_view{letters}.first(sent);
}

constexpr errc refusal(std::uint64_t x0, std::uint64_t size, version v) {
    return ffa::decode_console_log(ffa::call_frame{{x0, size}}, v).error();
}

} // namespace

TEST_CASE("characters stand in memory order from w2 or x2 on") {
    constexpr std::uint8_t text[]{'H', 'e', 'l', 'l', 'o', '!', '1', '2', '3'};
    CX_CHECK(encode(ffa::console_log_of(text, form::smc32, version::v1_2)) ==
             ffa::call_frame{{0x8400008a, 9, 0x6c6c6548, 0x3231216f, 0x33}});
    CX_CHECK(encode(ffa::console_log_of(text, form::smc64, version::v1_2)) ==
             ffa::call_frame{{0xc400008a, 9, 0x3231216f6c6c6548, 0x33}});
}

TEST_CASE("a call carries 24, 48 or 128 characters, by form and version") {
    CX_CHECK(survives(form::smc32, version::v1_2, 24, 24));
    CX_CHECK(survives(form::smc32, version::v1_2, 25, 24));
    CX_CHECK(survives(form::smc64, version::v1_1, 200, 48));
    CX_CHECK(survives(form::smc64, version::v1_2, 200, 128));
    CX_CHECK(survives(form::smc64, version::v1_3, 127, 127));
    CX_CHECK(survives(form::smc64, version::v1_2, 1, 1));
}

TEST_CASE("a count that the registers cannot hold is refused") {
    CX_CHECK(refusal(0x8400008a, 24, version::v1_2) == errc::none);
    CX_CHECK(refusal(0x8400008a, 25, version::v1_2) == errc::bad_value);
    CX_CHECK(refusal(0xc400008a, 128, version::v1_2) == errc::none);
    CX_CHECK(refusal(0xc400008a, 129, version::v1_2) == errc::bad_value);
    CX_CHECK(refusal(0xc400008a, 255, version::v1_2) == errc::bad_value);
    CX_CHECK(refusal(0xc400008a, 48, version::v1_1) == errc::none);
    CX_CHECK(refusal(0xc400008a, 49, version::v1_1) == errc::bad_value);
    CX_CHECK(refusal(0xc400008a, 0, version::v1_2) == errc::bad_value);
    CX_CHECK(refusal(0xc400008b, 1, version::v1_2) == errc::bad_type);
}
