// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::version`: the versions of FF-A, which decide about the layout of what is sent. Source: FF-A, FFA_VERSION.

#include <cstdint>

namespace vmsg::ffa {

/// Bits 30:16 major, bits 15:0 minor, so that versions compare as numbers. Others than these may be met.
enum class version : std::uint32_t {
    v1_0 = 0x0001'0000,
    v1_1 = 0x0001'0001,
    v1_2 = 0x0001'0002,
    v1_3 = 0x0001'0003,
};

} // namespace vmsg::ffa
