// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::function_id`: which FF-A call or answer a frame is. Source: FF-A, function identifiers; SMCCC, "Function
// Identifiers".

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>

namespace vmsg::ffa {

/// Bit 31 fast call, bit 30 64-bit registers, bits 29:24 owner 4, bits 15:0 number.
enum class function_id : std::uint32_t {
    msg_send_direct_req2 = 0xc400'008d,  ///< from FF-A 1.2 on
    msg_send_direct_resp2 = 0xc400'008e, ///< from FF-A 1.2 on
};

/// SMCCC 1.3: the caller has no live SVE state. Not part of the id; never set here.
inline constexpr std::uint32_t sve_hint = 1 << 16;

/// The id in x0 without the SVE hint. An id has 32 bits: the upper half of x0 is not looked at.
constexpr function_id function_of(const call_frame& frame) {
    return static_cast<function_id>(static_cast<std::uint32_t>(frame.x[0]) & ~sve_hint);
}

} // namespace vmsg::ffa
