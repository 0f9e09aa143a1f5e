// EXPECT: Offset + sizeof(T) <= size_bytes
// SPDX-License-Identifier: BSD-2-Clause
// A field beyond the registers.
#include <vmsg/frame.hpp>

#ifdef VMSG_GOOD
constexpr std::size_t offset = 108;
#else
constexpr std::size_t offset = 109;
#endif
constexpr auto value = vmsg::word_image{}.get<offset, std::uint32_t>();
