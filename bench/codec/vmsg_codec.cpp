// SPDX-License-Identifier: BSD-2-Clause
// The library's functions for the eight messages.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#include "yardstick.h"

namespace bench {

using namespace vmsg;

#define DEFINE(name, type, rev)                                                                                        \
    result<std::size_t> vmsg_encode_##name##_##rev(std::uint8_t* out, std::size_t room, const header& h,               \
                                                   const type& m) {                                                    \
        return encode<revision::rev>(byte_span{out, room}, h, m);                                                      \
    }                                                                                                                  \
    result<void> vmsg_decode_##name##_##rev(const std::uint8_t* in, std::size_t size, framed<type>& out) {             \
        return accept<revision::rev>(byte_view{in, size}, out);                                                        \
    }
#define DEFINE_EIGHT(rev) YARDSTICK_MESSAGES(DEFINE, rev)
YARDSTICK_REVISIONS(DEFINE_EIGHT)

} // namespace bench
