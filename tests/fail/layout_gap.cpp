// EXPECT: fields must stand in wire order without gap or overlap, a tail last
// SPDX-License-Identifier: BSD-2-Clause
// A gap between two fields.
#include <vmsg/wire.hpp>

struct pair {
    std::uint32_t first{};
    std::uint32_t second{};
};

#ifdef VMSG_GOOD
using layout = vmsg::fields<vmsg::field<0, &pair::first>, vmsg::field<4, &pair::second>>;
#else
using layout = vmsg::fields<vmsg::field<0, &pair::first>, vmsg::field<5, &pair::second>>;
#endif
static_assert(layout::fixed_size == 8);
