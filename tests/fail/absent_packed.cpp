// EXPECT: this revision does not have the message
// SPDX-License-Identifier: BSD-2-Clause
// A message that the revision does not have.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#ifdef VMSG_GOOD
constexpr auto rev = vmsg::revision::oasis_v1;
#else
constexpr auto rev = vmsg::revision::rfc2025;
#endif

void use() { [[maybe_unused]] vmsg::packed<vmsg::event_configure_request, rev> done; }
