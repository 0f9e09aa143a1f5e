// SPDX-License-Identifier: BSD-2-Clause
// The floor: a message copied without a look at it. A fixed message has a size that the compiler knows.
#include <cstring>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#include "yardstick.h"

namespace bench {

namespace {

template <vmsg::revision R, class M>
[[gnu::always_inline]] inline void copy(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    std::memcpy(to, from, vmsg::layout_of<M, R>::has_tail ? size : vmsg::fixed_msg_size<M, R>);
}

} // namespace

#define DEFINE(name, type, rev)                                                                                        \
    void memcpy_encode_##name##_##rev(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {                  \
        copy<vmsg::revision::rev, vmsg::type>(to, from, size);                                                         \
    }                                                                                                                  \
    void memcpy_decode_##name##_##rev(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {                  \
        copy<vmsg::revision::rev, vmsg::type>(to, from, size);                                                         \
    }
#define DEFINE_EIGHT(rev) YARDSTICK_MESSAGES(DEFINE, rev)
YARDSTICK_REVISIONS(DEFINE_EIGHT)

} // namespace bench
