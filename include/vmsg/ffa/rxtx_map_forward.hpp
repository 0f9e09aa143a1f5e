// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The descriptor with which a hypervisor forwards a virtual machine's FFA_RXTX_MAP to the SPMC: whose buffers they are
// and where. Source: FF-A, "Endpoint RX/TX descriptor".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::ffa {

/// The buffers of an endpoint. Views host values when it is written, the bytes it was read from otherwise.
struct rxtx_map_forward {
    endpoint_id endpoint{};
    memory_regions rx{}; ///< at least one region
    memory_regions tx{}; ///< at least one region
    friend bool operator==(const rxtx_map_forward&, const rxtx_map_forward&) = default;
};

namespace detail {

// The four bytes behind the offsets are padding: without them the buffers would not be aligned to 8.
struct rxtx_header {
    endpoint_id endpoint{};
    std::uint32_t rx_offset{};
    std::uint32_t tx_offset{};
};
using rxtx_layout = fields<field<0, &rxtx_header::endpoint>, reserved<2, 2>, field<4, &rxtx_header::rx_offset>,
                           field<8, &rxtx_header::tx_offset>, reserved<12, 4>>;
static_assert(rxtx_layout::fixed_size == 16);

constexpr void put_buffer(byte_span out, std::size_t at, const memory_regions& regions) {
    put_at<composite_layout>(out, at,
                             memory_composite{static_cast<std::uint32_t>(page_count_of(regions)),
                                              static_cast<std::uint32_t>(regions.size())});
    static_cast<void>(encode_memory_fragment(out.drop(at + composite_size), regions));
}

constexpr bool legal_buffer(const memory_regions& regions) {
    for (std::size_t i = 0; i < regions.size(); ++i)
        if (!legal(regions[i])) return false;
    return !regions.empty() && page_count_of(regions) <= 0xffff'ffff;
}

// The buffer at `at` in `in`, all sums in 64 bits.
constexpr result<memory_regions> read_buffer(byte_view in, std::uint32_t at) {
    if (at < rxtx_layout::fixed_size || at % 8 != 0) return errc::bad_length;
    const std::uint64_t start = std::uint64_t{at} + composite_size;
    if (start > in.size()) return errc::truncated;
    const auto c = get_at<composite_layout, memory_composite>(in, at);
    const std::uint64_t size = std::uint64_t{c.region_count} * region_size;
    if (size > in.size() - start) return errc::truncated;
    const byte_view bytes = in.drop(static_cast<std::size_t>(start)).first(static_cast<std::size_t>(size));
    const auto regions = memory_regions::from_wire(bytes, region_size);
    if (!legal_buffer(regions) || page_count_of(regions) != c.page_count) return errc::bad_value;
    return regions;
}

} // namespace detail

/// Writes the descriptor to the start of `out`, RX before TX, all offsets multiples of 8, and gives its length in
/// bytes: 80 for one region each. Errors: `invalid_argument` (a buffer without regions or with one that is not
/// `legal`), `oversize` (no room in `out`).
constexpr result<std::uint32_t> encode_rxtx_map_forward(byte_span out, const rxtx_map_forward& m) {
    if (!detail::legal_buffer(m.rx) || !detail::legal_buffer(m.tx)) return errc::invalid_argument;
    const std::uint64_t rx_offset = detail::rxtx_layout::fixed_size;
    const std::uint64_t tx_offset = rx_offset + detail::composite_size + m.rx.size() * detail::region_size;
    const std::uint64_t length = tx_offset + detail::composite_size + m.tx.size() * detail::region_size;
    if (length > out.size() || length > 0xffff'ffff) return errc::oversize;
    detail::put_at<detail::rxtx_layout>(
        out, 0,
        detail::rxtx_header{m.endpoint, static_cast<std::uint32_t>(rx_offset), static_cast<std::uint32_t>(tx_offset)});
    detail::put_buffer(out, static_cast<std::size_t>(rx_offset), m.rx);
    detail::put_buffer(out, static_cast<std::size_t>(tx_offset), m.tx);
    return static_cast<std::uint32_t>(length);
}

/// The descriptor in `in`, a private copy. Errors: `truncated` (not all inside `in`), `bad_length` (a buffer's offset
/// inside the header, or no multiple of 8, on which managers fault), `bad_value` (a buffer without regions or with one
/// that is not `legal`, or another number of pages than it says).
constexpr result<rxtx_map_forward> decode_rxtx_map_forward(byte_view in) {
    if (in.size() < detail::rxtx_layout::fixed_size) return errc::truncated;
    const auto h = detail::get_at<detail::rxtx_layout, detail::rxtx_header>(in, 0);
    const auto rx = detail::read_buffer(in, h.rx_offset);
    if (!rx) return rx.error();
    const auto tx = detail::read_buffer(in, h.tx_offset);
    if (!tx) return tx.error();
    return rxtx_map_forward{h.endpoint, *rx, *tx};
}

} // namespace vmsg::ffa
