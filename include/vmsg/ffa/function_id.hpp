// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::function_id`: which FF-A call or answer a frame is. Source: FF-A, function identifiers; SMCCC, "Function
// Identifiers".

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>

namespace vmsg::ffa {

/// Bit 31 fast call, bit 30 64-bit registers, bits 29:24 owner 4, bits 15:0 number. A call that comes in both forms has
/// the 32-bit one under its own name and the 64-bit one with `_64`. What is known of each: `function_table.hpp`.
enum class function_id : std::uint32_t {
    error = 0x8400'0060,
    error_64 = 0xc400'0060,
    success = 0x8400'0061,
    success_64 = 0xc400'0061,
    interrupt = 0x8400'0062,
    interrupt_64 = 0xc400'0062,
    version = 0x8400'0063,
    features = 0x8400'0064,
    rx_release = 0x8400'0065,
    rxtx_map = 0x8400'0066,
    rxtx_map_64 = 0xc400'0066,
    rxtx_unmap = 0x8400'0067,
    partition_info_get = 0x8400'0068,
    id_get = 0x8400'0069,
    msg_poll = 0x8400'006a,
    msg_wait = 0x8400'006b,
    msg_wait_64 = 0xc400'006b,
    yield = 0x8400'006c,
    yield_64 = 0xc400'006c,
    run = 0x8400'006d,
    run_64 = 0xc400'006d,
    msg_send = 0x8400'006e,
    msg_send_direct_req = 0x8400'006f,
    msg_send_direct_req_64 = 0xc400'006f,
    msg_send_direct_resp = 0x8400'0070,
    msg_send_direct_resp_64 = 0xc400'0070,
    mem_donate = 0x8400'0071,
    mem_donate_64 = 0xc400'0071,
    mem_lend = 0x8400'0072,
    mem_lend_64 = 0xc400'0072,
    mem_share = 0x8400'0073,
    mem_share_64 = 0xc400'0073,
    mem_retrieve_req = 0x8400'0074,
    mem_retrieve_req_64 = 0xc400'0074,
    mem_retrieve_resp = 0x8400'0075,
    mem_relinquish = 0x8400'0076,
    mem_reclaim = 0x8400'0077,
    mem_op_pause = 0x8400'0078,
    mem_op_resume = 0x8400'0079,
    mem_frag_rx = 0x8400'007a,
    mem_frag_tx = 0x8400'007b,
    normal_world_resume = 0x8400'007c,
    normal_world_resume_64 = 0xc400'007c,
    notification_bitmap_create = 0x8400'007d,
    notification_bitmap_destroy = 0x8400'007e,
    notification_bind = 0x8400'007f,
    notification_unbind = 0x8400'0080,
    notification_set = 0x8400'0081,
    notification_get = 0x8400'0082,
    notification_info_get = 0x8400'0083,
    notification_info_get_64 = 0xc400'0083,
    rx_acquire = 0x8400'0084,
    spm_id_get = 0x8400'0085,
    msg_send2 = 0x8400'0086,
    secondary_ep_register = 0x8400'0087,
    secondary_ep_register_64 = 0xc400'0087,
    mem_perm_get = 0x8400'0088,
    mem_perm_get_64 = 0xc400'0088,
    mem_perm_set = 0x8400'0089,
    mem_perm_set_64 = 0xc400'0089,
    console_log = 0x8400'008a,
    console_log_64 = 0xc400'008a,
    partition_info_get_regs = 0xc400'008b,
    el3_intr_handle = 0x8400'008c,
    msg_send_direct_req2 = 0xc400'008d,
    msg_send_direct_resp2 = 0xc400'008e,
    ns_res_info_get = 0xc400'008f,
    abort = 0x8400'0090,
    abort_64 = 0xc400'0090,
    notification_bind2 = 0xc400'0094,
    notification_unbind2 = 0xc400'0095,
    notification_set2 = 0xc400'0096,
    notification_get2 = 0xc400'0097,
};

/// SMCCC 1.3: the caller has no live SVE state. Not part of the id; never set here.
inline constexpr std::uint32_t sve_hint = 1 << 16;

/// The id in x0 without the SVE hint. An id has 32 bits: the upper half of x0 is not looked at.
constexpr function_id function_of(const call_frame& frame) {
    return static_cast<function_id>(static_cast<std::uint32_t>(frame.x[0]) & ~sve_hint);
}

/// Whether the call uses 64-bit registers. Of those of any other one only the lower halves mean something.
constexpr bool is_64_bit(function_id id) { return (static_cast<std::uint32_t>(id) >> 30 & 1) != 0; }

/// The 64-bit form of a call, whether FF-A has it or not.
constexpr function_id form_64(function_id id) {
    return static_cast<function_id>(static_cast<std::uint32_t>(id) | 1u << 30);
}
/// The 32-bit form of a call, whether FF-A has it or not.
constexpr function_id form_32(function_id id) {
    return static_cast<function_id>(static_cast<std::uint32_t>(id) & ~(1u << 30));
}

} // namespace vmsg::ffa
