// EXPECT: error_ == errc::none
// SPDX-License-Identifier: BSD-2-Clause
// A literal that is no UUID.
#include <vmsg/uuid.hpp>

using namespace vmsg::literals;

#ifdef VMSG_GOOD
constexpr vmsg::uuid id = "c66028b5-2498-4aa1-9de7-77da6122abf0"_uuid;
#else
constexpr vmsg::uuid id = "c66028b5-2498-4aa1-9de7-77da6122abf"_uuid;
#endif
