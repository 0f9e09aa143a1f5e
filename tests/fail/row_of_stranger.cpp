// EXPECT: constraint
// SPDX-License-Identifier: BSD-2-Clause
// A type that is not in the table of messages.
#include <vmsg/message/ids.hpp>

struct stranger {};

#ifdef VMSG_GOOD
constexpr auto row = vmsg::row_of<vmsg::ping_request>;
#else
constexpr auto row = vmsg::row_of<stranger>;
#endif
