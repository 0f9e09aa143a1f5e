// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/drop_counters.hpp>

#include "support/check.hpp"

using namespace vmsg::proto;

namespace {

constexpr bool counts_each_reason_by_itself() {
    drop_counters counters;
    for (std::size_t i = 0; i < drop_reason_count; ++i)
        for (std::size_t n = 0; n <= i; ++n) counters.count(static_cast<drop_reason>(i));
    for (std::size_t i = 0; i < drop_reason_count; ++i)
        if (counters[static_cast<drop_reason>(i)] != i + 1) return false;
    return counters.total() == drop_reason_count * (drop_reason_count + 1) / 2;
}

} // namespace

TEST_CASE("drop_counters: one count for each reason") {
    CX_CHECK(drop_counters{}.total() == 0);
    CX_CHECK(counts_each_reason_by_itself());
}
