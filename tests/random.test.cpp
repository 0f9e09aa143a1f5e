// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/random.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool same_seed_same_numbers() {
    random_numbers a{1};
    random_numbers b{1};
    random_numbers c{2};
    bool differ = false;
    for (int i = 0; i < 10; ++i) {
        const auto n = a();
        if (n != b()) return false;
        differ = differ || n != c();
    }
    return differ;
}

constexpr bool no_seed_leads_nowhere() {
    random_numbers zero{0x0e21'7c1e'66c8'8cc3u}; // its product with the multiplier is -1
    return zero() != 0 && zero() != zero();
}

} // namespace

TEST_CASE("random numbers can be repeated") { CX_CHECK(same_seed_same_numbers()); }
TEST_CASE("every seed is a good one") { CX_CHECK(no_seed_leads_nowhere()); }
