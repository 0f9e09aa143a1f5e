// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/negotiate.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::version;

namespace {

// What managers do with a version that they do not have, or do not let change any more.
enum class habit : std::uint8_t {
    refuses,       // Hafnium
    names_its_own, // TF-A: it takes no note of the request
};

struct manager {
    version own{};
    habit way{};
    version locked{}; // by somebody else before
    version noted{};
    unsigned calls = 0;

    constexpr void operator()(ffa::call_frame& frame) {
        ++calls;
        const auto c = ffa::decode_version(frame);
        if (!c || !reserved_zero(frame, encode(*c))) return void(frame = ffa::encode_error(ffa::error::denied));
        if (c->query == ffa::version_query::negotiated) return void(frame = encode(ffa::version_answer{noted}));
        const bool fits = is_compatible(c->requested, own);
        const bool may = locked == version{} || locked == c->requested;
        if (!may || (!fits && way == habit::refuses)) return void(frame = ffa::encode_unknown_function());
        if (fits) noted = c->requested;
        frame = encode(ffa::version_answer{own});
    }
};

struct verdict {
    result<ffa::negotiated> n = errc::busy;
    version noted{};
    unsigned calls{};
};

constexpr verdict meet(manager m, ffa::version_range accept = {}) {
    verdict v;
    v.n = ffa::negotiate(m, accept);
    v.noted = m.noted;
    v.calls = m.calls;
    return v;
}

// They agree on `v`, both of them, after that many calls.
constexpr bool agree(manager m, version v, unsigned calls, ffa::version_range accept = {}) {
    const verdict got = meet(m, accept);
    return got.n && got.n->use == v && got.n->callee == m.own && got.noted == v && got.calls == calls &&
           got.n->calls == calls;
}

constexpr errc answered(std::uint64_t x0) {
    scripted m{ffa::call_frame{{x0}}};
    return ffa::negotiate(m).error();
}

constexpr ffa::version_range only(version v) { return {v, v}; }

} // namespace

TEST_CASE("the highest common version is used, also by a newer manager") {
    CX_CHECK(agree({version::v1_3, habit::refuses}, version::v1_3, 1));
    CX_CHECK(agree({version{0x10009}, habit::refuses}, version::v1_3, 1));
    CX_CHECK(agree({version::v1_3, habit::refuses}, version::v1_2, 1, {version::v1_0, version::v1_2}));
}

TEST_CASE("trap 22: after a lower answer the version is asked for again") {
    CX_CHECK(agree({version::v1_2, habit::names_its_own}, version::v1_2, 2));
    CX_CHECK(agree({version::v1_1, habit::names_its_own}, version::v1_1, 2));
    CX_CHECK(agree({version::v1_0, habit::names_its_own}, version::v1_0, 2, {version::v1_0, version::v1_3}));
}

TEST_CASE("trap 22: after a refusal the next lower version is asked for") {
    CX_CHECK(agree({version::v1_2, habit::refuses}, version::v1_2, 2));
    CX_CHECK(agree({version::v1_0, habit::refuses}, version::v1_0, 4, {version::v1_0, version::v1_3}));
}

TEST_CASE("trap 22: a version that was fixed before is found") {
    CX_CHECK(agree({version::v1_3, habit::refuses, version::v1_1}, version::v1_1, 3));
    CX_CHECK(agree({version::v1_2, habit::names_its_own, version::v1_1}, version::v1_1, 3));
    CX_CHECK(meet({version::v1_3, habit::refuses, version::v1_0}).n.error() == errc::not_supported);
    CX_CHECK(meet({version::v1_3, habit::refuses, version::v1_3}, only(version::v1_2)).n.error() ==
             errc::not_supported);
}

TEST_CASE("a manager that is too old is refused after a bounded number of calls") {
    CX_CHECK(meet({version::v1_0, habit::names_its_own}).n.error() == errc::unsupported_revision);
    CX_CHECK(meet({version::v1_0, habit::names_its_own}).calls == 1);
    CX_CHECK(meet({version::v1_0, habit::refuses}).n.error() == errc::not_supported);
    CX_CHECK(meet({version::v1_0, habit::refuses}).calls == 3);
    CX_CHECK(meet({version::v1_1, habit::refuses}, only(version::v1_2)).calls == 1);
    CX_CHECK(meet({version::v1_1, habit::refuses}, only(version{})).calls == 1);
}

TEST_CASE("a manager that changes its mind gets no more calls than there are versions") {
    constexpr auto calls = [] {
        scripted m{ffa::call_frame{{0x10002}}, ffa::call_frame{{0x10001}}, ffa::call_frame{{0x10000}},
                   ffa::call_frame{{0x10000}}};
        return std::size_t{ffa::negotiate(m, {version::v1_0, version::v1_3}) ? m.calls : 0};
    };
    CX_CHECK(calls() == 4);
    constexpr auto refused_again = [] {
        scripted m{ffa::call_frame{{0x10002}}, ffa::call_frame{{0xffff'ffff}}, ffa::call_frame{{0x10003}}};
        return ffa::negotiate(m)->use;
    };
    CX_CHECK(refused_again() == version::v1_1);
}

TEST_CASE("a world without FF-A, or with another one") {
    CX_CHECK(answered(0xffff'ffff) == errc::not_supported);
    CX_CHECK(answered(~std::uint64_t{0}) == errc::not_supported);
    CX_CHECK(answered(0x2'0000) == errc::unsupported_revision);
    CX_CHECK(answered(0x0'0009) == errc::unsupported_revision);
    CX_CHECK(answered(0) == errc::unsupported_revision);
    CX_CHECK(answered(0x8400'0060) == errc::peer_error);
    CX_CHECK(answered(0xffff'fffe) == errc::peer_error);
}

TEST_CASE("a range without a version is the caller's mistake") {
    constexpr auto refused = [](version lowest, version highest) {
        scripted m;
        const errc why = ffa::negotiate(m, {lowest, highest}).error();
        return m.calls == 0 ? why : errc::none;
    };
    CX_CHECK(refused(version::v1_3, version::v1_2) == errc::invalid_argument);
    CX_CHECK(refused(version{0x0'0001}, version::v1_2) == errc::invalid_argument);
    CX_CHECK(refused(version::v1_0, version{0x8001'0003}) == errc::invalid_argument);
}

TEST_CASE("what was agreed on can be asked for in FF-A 1.3") {
    constexpr auto told = [] {
        manager m{version::v1_3, habit::refuses};
        const auto first = ffa::negotiate(m, only(version::v1_2));
        return first ? *ffa::negotiated_version(m, version::v1_3) : version{};
    };
    CX_CHECK(told() == version::v1_2);
    constexpr auto none = [] {
        scripted nothing;
        return ffa::negotiated_version(nothing, version::v1_3).error();
    };
    CX_CHECK(none() == errc::not_supported);
}
