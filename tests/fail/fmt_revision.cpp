// EXPECT: unknown virtio-msg revision
// SPDX-License-Identifier: BSD-2-Clause
// A format string with a revision that does not exist.
#include <vmsg/fmt.hpp>

#ifdef VMSG_GOOD
#    define FORMAT "{:oasis_v1}"
#else
#    define FORMAT "{:oasis_v3}"
#endif

std::string use(const vmsg::ping_request& m) { return fmt::format(FORMAT, m); }
