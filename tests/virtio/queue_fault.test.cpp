// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/queue_fault.hpp>

#include "support/check.hpp"

using namespace vmsg::virtio;

namespace {

constexpr bool each_fault_has_a_counter() {
    fault_counters counters;
    for (std::size_t i = 1; i < queue_fault_count; ++i) {
        const auto fault = static_cast<queue_fault>(i);
        if (counters[fault] != 0) return false;
        for (std::size_t k = 0; k < i; ++k) counters.count(fault);
        if (counters[fault] != i) return false;
    }
    return counters[queue_fault::none] == 0 && counters.total() == 14 * 15 / 2;
}

} // namespace

TEST_CASE("each fault has a counter of its own") { CX_CHECK(each_fault_has_a_counter()); }
