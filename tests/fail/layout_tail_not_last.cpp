// EXPECT: fields must stand in wire order without gap or overlap, a tail last
// SPDX-License-Identifier: BSD-2-Clause
// A field after the tail.
#include <vmsg/wire.hpp>

struct list {
    std::uint32_t count{};
    vmsg::wire::tail<std::uint32_t> values{};
    std::uint32_t more{};
};

using count = vmsg::field<0, &list::count>;
using values = vmsg::counted<4, &list::values, &list::count>;

#ifdef VMSG_GOOD
using layout = vmsg::fields<count, values>;
#else
using layout = vmsg::fields<count, values, vmsg::field<4, &list::more>>;
#endif
static_assert(layout::has_tail);
