// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/error.hpp>

#include "support/check.hpp"

using namespace vmsg;
using ffa::error;

namespace {

ffa::call_frame answer(std::uint64_t x0, std::uint64_t x2 = 0) {
    ffa::call_frame f;
    f.x[0] = x0;
    f.x[2] = x2;
    return f;
}

} // namespace

TEST_CASE("every error of FF-A has a word of the library") {
    struct row {
        error e;
        errc word;
    };
    constexpr row rows[]{{error::not_supported, errc::not_supported},
                         {error::invalid_parameters, errc::invalid_argument},
                         {error::no_memory, errc::no_memory},
                         {error::busy, errc::busy},
                         {error::interrupted, errc::interrupted},
                         {error::denied, errc::denied},
                         {error::retry, errc::retry},
                         {error::aborted, errc::aborted},
                         {error::no_data, errc::would_block},
                         {error::not_ready, errc::busy},
                         {error{0}, errc::not_supported},
                         {error{-11}, errc::peer_error},
                         {error{5}, errc::peer_error}};
    for (const row& r : rows) {
        CHECK(ffa::errc_of(r.e) == r.word);
        CHECK(ffa::outcome_of(ffa::encode_error(r.e)) == r.word);
    }
}

TEST_CASE("the error code is 32 bits, however it was extended") {
    CHECK(ffa::outcome_of(answer(0x8400'0060, 0x0000'0000'ffff'fffc)) == errc::busy);
    CHECK(ffa::outcome_of(answer(0x8400'0060, 0xffff'ffff'ffff'fffc)) == errc::busy);
    CHECK(ffa::outcome_of(answer(0x8400'0060, 0x1234'5678'ffff'fffc)) == errc::busy);
    CHECK(ffa::outcome_of(answer(0xffff'ffff'8400'0060, 0xffff'fffa)) == errc::denied);
    CHECK(ffa::outcome_of(answer(0xc400'0060, 0xffff'fffa)) == errc::denied);
    CHECK(ffa::encode_error(error::busy).x[2] == 0xffff'fffc);
}

TEST_CASE("what became of a call") {
    CHECK(ffa::outcome_of(answer(0x8400'0061)));
    CHECK(ffa::outcome_of(answer(0xc400'0061)));
    CHECK(ffa::outcome_of(answer(0x8401'0061)));
    CHECK(ffa::outcome_of(answer(0x8400'0062)) == errc::interrupted);
    CHECK(ffa::outcome_of(answer(0x8400'006c)) == errc::interrupted);
    CHECK(ffa::outcome_of(answer(0xc400'008e)) == errc::bad_type);
    CHECK(ffa::outcome_of(answer(0x8400'00ef)) == errc::bad_type);
    CHECK(ffa::outcome_of(answer(0x8400'00f0)) == errc::not_supported);
    CHECK(ffa::outcome_of(answer(0x8400'005f)) == errc::not_supported);
    CHECK(ffa::outcome_of(answer(0xffff'ffff)) == errc::not_supported);
    CHECK(ffa::outcome_of(answer(0xffff'ffff'ffff'ffff)) == errc::not_supported);
    CHECK(ffa::outcome_of(answer(0)) == errc::not_supported);
}

TEST_CASE("a world without FF-A answers unknown function") {
    ffa::call_frame f = answer(0x8400'0063);
    const ffa::archetypes::conduit none;
    none(f);
    CHECK(ffa::outcome_of(f) == errc::not_supported);
}
