// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/result.hpp>

#include "support/check.hpp"

#include <type_traits>

using namespace vmsg;

namespace {

struct pair {
    int a = 1;
    int b = 2;
    friend bool operator==(const pair&, const pair&) = default;
};

constexpr result<int> good{7};
constexpr result<int> bad{errc::busy};
constexpr result<void> done{};
constexpr result<void> failed{errc::denied};

constexpr bool changes() {
    result<pair> r{pair{}};
    r->a = 3;
    (*r).b = 4;
    return *r == pair{3, 4};
}

} // namespace

TEST_CASE("a result has a value") {
    CX_CHECK(good.has_value());
    CX_CHECK(static_cast<bool>(good));
    CX_CHECK(*good == 7);
    CX_CHECK(good.error() == errc::none);
    CX_CHECK(good.value_or(9) == 7);
    CX_CHECK(result<pair> {
        pair {}
    } -> b == 2);
    CX_CHECK(changes());
}

TEST_CASE("a result has an error") {
    CX_CHECK(!bad.has_value());
    CX_CHECK(!static_cast<bool>(bad));
    CX_CHECK(bad.error() == errc::busy);
    CX_CHECK(bad.value_or(9) == 9);
}

TEST_CASE("a result of nothing succeeds or fails") {
    CX_CHECK(done.has_value());
    CX_CHECK(static_cast<bool>(done));
    CX_CHECK(done.error() == errc::none);
    CX_CHECK(!failed.has_value());
    CX_CHECK(!static_cast<bool>(failed));
    CX_CHECK(failed.error() == errc::denied);
    CX_CHECK(result<void>{errc::none} == done);
}

TEST_CASE("results are equal by value or error") {
    CX_CHECK(good == result<int>{7});
    CX_CHECK(good != result<int>{8});
    CX_CHECK(good == 7);
    CX_CHECK(bad == errc::busy);
    CX_CHECK(bad != errc::full);
    CX_CHECK(bad != good);
    CX_CHECK(failed != done);
}

TEST_CASE("a result names its type and costs no conversion") {
    CX_CHECK(std::is_same_v<result<int>::value_type, int>);
    CX_CHECK(std::is_same_v<result<void>::value_type, void>);
    CX_CHECK(!std::is_convertible_v<result<int>, bool>);
    CX_CHECK(std::is_trivially_copyable_v<result<int>>);
    CX_CHECK(std::is_trivially_copyable_v<result<void>>);
}
