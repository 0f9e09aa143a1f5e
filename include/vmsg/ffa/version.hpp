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

constexpr version make_version(std::uint16_t major, std::uint16_t minor) {
    return static_cast<version>(std::uint32_t{major} << 16 | minor);
}
constexpr std::uint16_t major_of(version v) { return static_cast<std::uint16_t>(static_cast<std::uint32_t>(v) >> 16); }
constexpr std::uint16_t minor_of(version v) {
    return static_cast<std::uint16_t>(static_cast<std::uint32_t>(v) & 0xffff);
}

/// Whether it can be a version at all: bit 31 must be zero.
constexpr bool is_valid(version v) { return static_cast<std::uint32_t>(v) >> 31 == 0; }

/// Whether a callee of version `callee` can speak `wanted`: the same major, and a minor that is not higher.
constexpr bool is_compatible(version wanted, version callee) {
    return is_valid(wanted) && major_of(wanted) == major_of(callee) && wanted <= callee;
}

} // namespace vmsg::ffa
