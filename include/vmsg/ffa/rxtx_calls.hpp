// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_RXTX_MAP, RXTX_UNMAP, RX_RELEASE and RX_ACQUIRE as data. Source: FF-A, "RX/TX buffer management". The pair with
// its ownership: `rxtx.hpp`. The answer to each is FFA_SUCCESS without values: `outcome_of`.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// FFA_RXTX_MAP. TX comes first.
struct rxtx_map_call {
    std::uint64_t tx{};   ///< physical address of the buffer that the caller sends from
    std::uint64_t rx{};   ///< physical address of the buffer that it receives in
    std::uint8_t pages{}; ///< of 4 KiB, of each; w3 bits 5:0
    form width{form::smc64};
    friend bool operator==(const rxtx_map_call&, const rxtx_map_call&) = default;
};
constexpr call_frame encode(const rxtx_map_call& c) {
    VMSG_ASSERT(c.pages < 64 && (c.width == form::smc64 || (c.tx | c.rx) >> 32 == 0));
    call_frame frame = detail::frame_of(in_form(function_id::rxtx_map, c.width));
    frame.x[1] = c.tx;
    frame.x[2] = c.rx;
    frame.x[3] = c.pages;
    return frame;
}
constexpr result<rxtx_map_call> decode_rxtx_map(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::rxtx_map)) return errc::bad_type;
    return rxtx_map_call{detail::wide_in(frame, 1), detail::wide_in(frame, 2),
                         static_cast<std::uint8_t>(frame.x[3] & 0x3f), form_of(frame)};
}

// The VM that a hypervisor forwards a call for stands in another half of w1 in each; a partition leaves it zero.

/// FFA_RXTX_UNMAP.
struct rxtx_unmap_call {
    endpoint_id forwarded_for{}; ///< w1 bits 31:16
    friend bool operator==(const rxtx_unmap_call&, const rxtx_unmap_call&) = default;
};
constexpr call_frame encode(const rxtx_unmap_call& c) {
    call_frame frame = detail::frame_of(function_id::rxtx_unmap);
    frame.x[1] = to_register(endpoint_pair{c.forwarded_for, {}});
    return frame;
}
constexpr result<rxtx_unmap_call> decode_rxtx_unmap(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::rxtx_unmap)) return errc::bad_type;
    return rxtx_unmap_call{endpoints_in(frame.x[1]).src};
}

/// FFA_RX_RELEASE: what is in RX has been read.
struct rx_release_call {
    endpoint_id forwarded_for{}; ///< w1 bits 15:0
    friend bool operator==(const rx_release_call&, const rx_release_call&) = default;
};
constexpr call_frame encode(const rx_release_call& c) {
    call_frame frame = detail::frame_of(function_id::rx_release);
    frame.x[1] = to_register(endpoint_pair{{}, c.forwarded_for});
    return frame;
}
constexpr result<rx_release_call> decode_rx_release(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::rx_release)) return errc::bad_type;
    return rx_release_call{endpoints_in(frame.x[1]).dst};
}

/// FFA_RX_ACQUIRE: a hypervisor asks the manager of the secure world for the RX buffer of a VM.
struct rx_acquire_call {
    endpoint_id vm{}; ///< w1 bits 15:0
    friend bool operator==(const rx_acquire_call&, const rx_acquire_call&) = default;
};
constexpr call_frame encode(const rx_acquire_call& c) {
    call_frame frame = detail::frame_of(function_id::rx_acquire);
    frame.x[1] = to_register(endpoint_pair{{}, c.vm});
    return frame;
}
constexpr result<rx_acquire_call> decode_rx_acquire(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::rx_acquire)) return errc::bad_type;
    return rx_acquire_call{endpoints_in(frame.x[1]).dst};
}

} // namespace vmsg::ffa
