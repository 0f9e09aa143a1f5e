// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FF-A endpoint ids, and the registers that carry them. Source: FF-A, "Partition identification": bit 15 is set for
// secure partitions.

#include <cstdint>

namespace vmsg::ffa {

/// A partition, as the framework names it: what a carrier says about the sender of a frame.
enum class endpoint_id : std::uint16_t {};

/// The hypervisor, or the operating system of the normal world where there is none.
inline constexpr endpoint_id hypervisor_id{0};

constexpr bool is_secure(endpoint_id id) { return static_cast<std::uint16_t>(id) >> 15 != 0; }

/// Two endpoints in one register.
struct endpoint_pair {
    endpoint_id src{};
    endpoint_id dst{};
    friend bool operator==(const endpoint_pair&, const endpoint_pair&) = default;
};

/// Bits 31:16 sender, bits 15:0 receiver.
constexpr std::uint64_t to_register(endpoint_pair p) {
    return std::uint64_t{static_cast<std::uint16_t>(p.src)} << 16 | static_cast<std::uint16_t>(p.dst);
}
/// The upper half of the register has no meaning.
constexpr endpoint_pair endpoints_in(std::uint64_t reg) {
    return {static_cast<endpoint_id>(reg >> 16 & 0xffff), static_cast<endpoint_id>(reg & 0xffff)};
}

/// An execution context of a partition ("target information"): what INTERRUPT and YIELD name, and FFA_RUN resumes.
struct target {
    endpoint_id endpoint{};
    std::uint16_t vcpu{};
    friend bool operator==(const target&, const target&) = default;
};

/// Bits 31:16 endpoint, bits 15:0 vCPU.
constexpr std::uint64_t to_register(target t) {
    return std::uint64_t{static_cast<std::uint16_t>(t.endpoint)} << 16 | t.vcpu;
}
/// The upper half of the register has no meaning.
constexpr target target_in(std::uint64_t reg) {
    return {static_cast<endpoint_id>(reg >> 16 & 0xffff), static_cast<std::uint16_t>(reg & 0xffff)};
}

} // namespace vmsg::ffa
