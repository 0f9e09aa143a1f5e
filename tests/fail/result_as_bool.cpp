// EXPECT: to 'const bool'
// SPDX-License-Identifier: BSD-2-Clause
// A result does not become a bool by accident.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

bool use(vmsg::byte_view frame) {
    const auto m = vmsg::decode<vmsg::ping_request, vmsg::revision::oasis_v2>(frame);
#ifdef VMSG_GOOD
    const bool good = m.has_value();
#else
    const bool good = m;
#endif
    return good;
}
