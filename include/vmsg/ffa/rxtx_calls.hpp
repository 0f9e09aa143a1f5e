// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_RXTX_MAP, RXTX_UNMAP, RX_RELEASE and RX_ACQUIRE as data. Source: FF-A, "RX/TX buffer management". The pair with
// its ownership: `rxtx.hpp`. The answer to each is FFA_SUCCESS without values: `outcome_of`.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
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

/// What a hypervisor puts into its TX buffer to forward FFA_RXTX_MAP for a VM, whose buffers are each one range here.
struct forwarded_rxtx {
    endpoint_id vm{};
    std::uint64_t rx{};    ///< physical address
    std::uint64_t tx{};    ///< physical address
    std::uint32_t pages{}; ///< of 4 KiB, of each
    friend bool operator==(const forwarded_rxtx&, const forwarded_rxtx&) = default;
};

inline constexpr std::size_t forwarded_rxtx_size = 80; ///< bytes

namespace detail {

// Page count, number of ranges, and 8 reserved bytes; then a range: address, page count, 4 reserved bytes.
constexpr void put_one_range(std::uint8_t* to, std::uint64_t address, std::uint32_t pages) {
    store_le(to, pages);
    store_le(to + 4, std::uint32_t{1});
    store_le(to + 16, address);
    store_le(to + 24, pages);
}

// The only range of the composite at `offset`, which is aligned to 8: a header of 12 bytes would misalign it.
constexpr result<std::uint64_t> one_range_at(byte_view bytes, std::uint32_t offset, std::uint32_t& pages) {
    if (offset < 16 || offset % 8 != 0) return errc::bad_length;
    if (offset > bytes.size() || bytes.size() - offset < 32) return errc::truncated;
    const std::uint8_t* const from = bytes.data() + offset;
    pages = load_le<std::uint32_t>(from);
    if (load_le<std::uint32_t>(from + 4) != 1) return errc::not_supported;
    if (load_le<std::uint32_t>(from + 24) != pages) return errc::bad_value;
    return load_le<std::uint64_t>(from + 16);
}

} // namespace detail

/// Writes the descriptor to the start of `out`: its header of 16 bytes, RX, TX. `oversize` if there is no room.
constexpr result<void> encode_forwarded_rxtx(byte_span out, const forwarded_rxtx& d) {
    if (out.size() < forwarded_rxtx_size) return errc::oversize;
    for (std::uint8_t& byte : out.first(forwarded_rxtx_size)) byte = 0;
    store_le(out.data(), static_cast<std::uint16_t>(d.vm));
    store_le(out.data() + 4, std::uint32_t{16});
    store_le(out.data() + 8, std::uint32_t{48});
    detail::put_one_range(out.data() + 16, d.rx, d.pages);
    detail::put_one_range(out.data() + 48, d.tx, d.pages);
    return {};
}

/// The descriptor in `bytes`, a private copy. Errors: `truncated`, `bad_length` (an offset in the header or not aligned
/// to 8), `bad_value` (page counts that contradict each other), `not_supported` (more than one range).
constexpr result<forwarded_rxtx> decode_forwarded_rxtx(byte_view bytes) {
    if (bytes.size() < 16) return errc::truncated;
    forwarded_rxtx d;
    d.vm = static_cast<endpoint_id>(load_le<std::uint16_t>(bytes.data()));
    std::uint32_t tx_pages = 0;
    const auto rx = detail::one_range_at(bytes, load_le<std::uint32_t>(bytes.data() + 4), d.pages);
    if (!rx) return rx.error();
    const auto tx = detail::one_range_at(bytes, load_le<std::uint32_t>(bytes.data() + 8), tx_pages);
    if (!tx) return tx.error();
    if (tx_pages != d.pages) return errc::bad_value;
    d.rx = *rx;
    d.tx = *tx;
    return d;
}

} // namespace vmsg::ffa
