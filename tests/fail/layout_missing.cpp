// EXPECT: no layout for the newest revision
// SPDX-License-Identifier: BSD-2-Clause
// A message without a layout.
#include <vmsg/wire.hpp>

struct forgotten {};

#ifdef VMSG_GOOD
template <> struct vmsg::layout_of<forgotten, vmsg::revision::oasis_v2> : vmsg::fields<> {};
#endif
constexpr bool present = vmsg::layout_of<forgotten, vmsg::revision::oasis_v1>::present;
