// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How long two threads are let loose on each other.

#include <cstdint>

/// `n`; in an emulator, which is there for the byte order and shows nothing of how memory is ordered, a tenth of it.
constexpr std::uint32_t rounds_of(std::uint32_t n) {
#ifdef VMSG_TEST_BIG_ENDIAN
    return n / 10;
#else
    return n;
#endif
}
