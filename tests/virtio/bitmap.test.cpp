// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/bitmap.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool flags_are_independent() {
    detail::bitmap<65> flags;
    for (std::size_t i = 0; i < 65; ++i) {
        if (flags.test(i)) return false;
        flags.set(i);
        for (std::size_t k = 0; k < 65; ++k)
            if (flags.test(k) != (k == i)) return false;
        flags.clear(i);
    }
    return true;
}

constexpr bool clear_clears_all() {
    detail::bitmap<33> flags;
    for (std::size_t i = 0; i < 33; ++i) flags.set(i);
    flags.clear();
    for (std::size_t i = 0; i < 33; ++i)
        if (flags.test(i)) return false;
    return true;
}

} // namespace

TEST_CASE("a bitmap keeps each flag by itself") { CX_CHECK(flags_are_independent()); }
TEST_CASE("clear without an index clears all flags") { CX_CHECK(clear_clears_all()); }
