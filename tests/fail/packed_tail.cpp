// EXPECT: the message has no tail
// SPDX-License-Identifier: BSD-2-Clause
// A wire image with a tail, of a message that has none.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#ifdef VMSG_GOOD
using message = vmsg::get_config_response;
#else
using message = vmsg::get_config_request;
#endif
constexpr vmsg::packed<message, vmsg::revision::oasis_v2, 4> image{};
