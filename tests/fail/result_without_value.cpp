// EXPECT: error_ == errc::none
// SPDX-License-Identifier: BSD-2-Clause
// The value of a result that has an error.
#include <vmsg/result.hpp>

#ifdef VMSG_GOOD
constexpr vmsg::result<int> made{7};
#else
constexpr vmsg::result<int> made{vmsg::errc::busy};
#endif
constexpr int value = *made;
