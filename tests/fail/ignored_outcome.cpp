// EXPECT: unused-result
// SPDX-License-Identifier: BSD-2-Clause
// A result without a value is not looked at.
#include <vmsg/snapshot.hpp>

void use(vmsg::snapshot<104>& copy, vmsg::byte_view shared) {
#ifdef VMSG_GOOD
    [[maybe_unused]] const auto looked_at =
#endif
        copy.take(shared);
}
