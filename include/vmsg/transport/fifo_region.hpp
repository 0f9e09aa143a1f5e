// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory of a FIFO: a region with two rings, made by the driver side and checked by the device side.
// Source: FF-A bus ALP2 (oasis_v2), "FIFO header"; rule N10.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/virtio/shared_memory.hpp>

namespace vmsg::transports {

/// The longest frame in a FIFO, bytes. An entry has room for at least that many.
inline constexpr std::size_t fifo_max_msg_size = constants_of<revision::oasis_v2>.ffa_max_msg_size;

/// How large the entries of a ring are and how many there are. The defaults are those of the Linux driver of 2026.
struct fifo_geometry {
    std::uint16_t message_size = 128; ///< bytes of an entry; at least 104
    std::uint16_t depth = 30;         ///< entries, of which one stays unused: with 1 nothing can be sent

    /// Bytes of a ring with its header: less than 2^32.
    constexpr std::uint64_t ring_size() const { return fifo_header_size + std::uint64_t{message_size} * depth; }
    friend bool operator==(const fifo_geometry&, const fifo_geometry&) = default;
};
constexpr bool legal(const fifo_geometry& g) { return g.message_size >= fifo_max_msg_size && g.depth != 0; }

/// One ring: its memory, header included, and what its header said when it was checked. Nobody reads that part of the
/// header again.
struct fifo_ring {
    byte_span memory{};
    fifo_geometry geometry{};
};

/// The two rings of a region.
struct fifo_region {
    fifo_ring to_device{};
    fifo_ring to_driver{};
};

/// The end of a FIFO that somebody has.
enum class fifo_side : std::uint8_t { driver, device };

inline constexpr std::size_t fifo_alignment = 8; ///< bytes, of a region

/// Bytes of a region of two rings; the second one follows the first one, aligned to 8 bytes.
constexpr std::uint64_t fifo_region_size(const fifo_geometry& g) {
    return (g.ring_size() + fifo_alignment - 1) / fifo_alignment * fifo_alignment + g.ring_size();
}
static_assert(fifo_region_size({}) == 8064);

/// Whether two rings can be made in `memory`. Errors: `invalid_argument` (an illegal geometry, or memory that is not
/// aligned to 8 bytes), `oversize` (no room).
constexpr result<void> check_fifo_room(byte_span memory, const fifo_geometry& g) {
    if (!legal(g) || !virtio::shared::is_aligned(memory.data(), fifo_alignment)) return errc::invalid_argument;
    if (fifo_region_size(g) > memory.size()) return errc::oversize;
    return {};
}

/// Makes two empty rings in `memory`, which the other side does not use yet; what was there is gone. Errors: of
/// `check_fifo_room`.
constexpr result<fifo_region> make_fifo_region(byte_span memory, const fifo_geometry& g = {}) {
    namespace shared = virtio::shared;
    if (const auto fits = check_fifo_room(memory, g); !fits) return fits.error();
    shared::zero(memory);
    const auto ring_size = static_cast<std::size_t>(g.ring_size());
    const auto second = static_cast<std::size_t>(fifo_region_size(g)) - ring_size;
    const fifo_header head{
        .message_size = g.message_size, .depth = g.depth, .next_offset = static_cast<std::uint32_t>(second)};
    static_cast<void>(encode_fifo_header(memory, head));
    static_cast<void>(encode_fifo_header(memory.drop(second), {.message_size = g.message_size, .depth = g.depth}));
    return fifo_region{{memory.first(ring_size), g}, {memory.drop(second).first(ring_size), g}};
}

namespace detail {

/// The checked header of the ring at the start of `memory`. The header is copied once, and the copy is judged.
constexpr result<fifo_header> read_fifo_header(byte_span memory) {
    snapshot<fifo_header_size> copy;
    if (memory.size() < fifo_header_size) return errc::truncated;
    static_cast<void>(copy.take(memory.first(fifo_header_size)));
    const auto h = decode_fifo_header(copy.view());
    if (!h) return h;
    if (h->magic != fifo_magic) return errc::bad_value;
    if (h->version != 0) return errc::unsupported_revision;
    const fifo_geometry g{h->message_size, h->depth};
    if (!legal(g)) return errc::bad_value;
    if (g.ring_size() > memory.size()) return errc::truncated;
    return h;
}

} // namespace detail

/// The rings in the memory that a driver has made; nothing is written. Each ring has a geometry of its own. Errors:
/// `invalid_argument` (memory that is not aligned to 8 bytes), `bad_value` (no FIFO, a geometry that is not legal, a
/// second ring that begins inside the first one, behind the region or at an odd offset), `unsupported_revision` (of the
/// FIFO), `truncated` (the rings do not fit the memory).
constexpr result<fifo_region> check_fifo_region(byte_span memory) {
    if (!virtio::shared::is_aligned(memory.data(), fifo_alignment)) return errc::invalid_argument;
    const auto first = detail::read_fifo_header(memory);
    if (!first) return first.error();
    const fifo_geometry g{first->message_size, first->depth};
    const std::uint32_t next = first->next_offset;
    if (next < g.ring_size() || next >= memory.size()) return errc::bad_value;
    if (next % 2 != 0) return errc::bad_value; // its indices could not be read in one access
    const byte_span rest = memory.drop(next);
    const auto second = detail::read_fifo_header(rest);
    if (!second) return second.error();
    if (second->next_offset != 0) return errc::bad_value;
    const fifo_geometry back{second->message_size, second->depth};
    return fifo_region{{memory.first(static_cast<std::size_t>(g.ring_size())), g},
                       {rest.first(static_cast<std::size_t>(back.ring_size())), back}};
}

} // namespace vmsg::transports
