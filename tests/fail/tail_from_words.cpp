// EXPECT: a tail views bytes: copy the image with to_bytes and decode the copy
// SPDX-License-Identifier: BSD-2-Clause
// A message with a tail cannot be decoded from registers: the tail would view a temporary.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#ifdef VMSG_GOOD
using wanted = vmsg::get_config_request;
#else
using wanted = vmsg::get_config_response;
#endif

void use(const vmsg::word_image& image) {
    [[maybe_unused]] auto m = vmsg::decode<wanted, vmsg::revision::oasis_v2>(image);
}
