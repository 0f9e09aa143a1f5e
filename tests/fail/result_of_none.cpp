// EXPECT: error != errc::none
// SPDX-License-Identifier: BSD-2-Clause
// A result with a value is made from the value, not from the absence of an error.
#include <vmsg/result.hpp>

#ifdef VMSG_GOOD
constexpr vmsg::result<int> made{vmsg::errc::busy};
#else
constexpr vmsg::result<int> made{vmsg::errc::none};
#endif
