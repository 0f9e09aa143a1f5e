// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Time as the engines see it: numbers that the caller passes in, of any monotonic clock.

#include <cstdint>

namespace vmsg {

using instant = std::uint64_t;  ///< microseconds since any fixed point
using duration = std::uint64_t; ///< microseconds

inline constexpr instant never = ~instant{0}; ///< later than every deadline

inline constexpr duration milliseconds = 1'000;
inline constexpr duration seconds = 1'000'000;

} // namespace vmsg
