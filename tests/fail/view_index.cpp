// EXPECT: i < size_
// SPDX-License-Identifier: BSD-2-Clause
// A byte outside of a view, in a constant expression.
#include <vmsg/bytes.hpp>

constexpr std::uint8_t bytes[]{1, 2, 3};
#ifdef VMSG_GOOD
constexpr std::size_t index = 2;
#else
constexpr std::size_t index = 3;
#endif
constexpr std::uint8_t byte = vmsg::byte_view{bytes}[index];
