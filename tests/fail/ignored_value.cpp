// EXPECT: unused-result
// SPDX-License-Identifier: BSD-2-Clause
// A result with a value is not looked at.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

void use(vmsg::byte_view frame) {
#ifdef VMSG_GOOD
    [[maybe_unused]] const auto looked_at =
#endif
        vmsg::decode<vmsg::ping_request, vmsg::revision::oasis_v2>(frame);
}
