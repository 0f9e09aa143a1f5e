// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The header of a ring of the FF-A FIFO, in the memory that both sides share. Source: FF-A bus ALP2 (oasis_v2):
// a region is two rings, the first one written by the driver; entries follow the header.

#include <cstddef>
#include <cstdint>

#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// "VFFAFIFO" as a little-endian number.
inline constexpr std::uint64_t fifo_magic = 0x4f46'4946'4146'4656;

/// How far the FIFO of a bus has come, as one side sees it.
enum class fifo_stage : std::uint8_t {
    off,     ///< there is none
    offered, ///< its memory is set up; nothing travels in it yet
    active,  ///< events are configured: all but the bus's own set-up travels in it (rule N6)
};

/// What a carrier has to know of it.
struct fifo_link {
    fifo_stage stage{};
    std::uint16_t peer_notif_id{}; ///< the notification by which the other side hears of new entries: 0..63
    friend bool operator==(const fifo_link&, const fifo_link&) = default;
};

/// A ring header in host form. Empty: the indices are equal; full: the write index is one behind the read index.
struct fifo_header {
    std::uint64_t magic = fifo_magic;
    std::uint16_t version{};      ///< 0
    std::uint16_t message_size{}; ///< bytes of an entry; at least 104
    std::uint16_t depth{};        ///< entries; one of them stays unused
    std::uint32_t next_offset{};  ///< bytes from the start of the region to the second ring; 0 in the second ring
    std::uint16_t read_index{};   ///< next entry to read, written by the reader
    std::uint16_t write_index{};  ///< next entry to write, written by the writer
    friend bool operator==(const fifo_header&, const fifo_header&) = default;
};
template <>
struct layout_of<fifo_header, revision::oasis_v2>
    : fields<field<0, &fifo_header::magic>, field<8, &fifo_header::version>, reserved<10, 6>,
             field<16, &fifo_header::message_size>, field<18, &fifo_header::depth>, reserved<20, 4>,
             field<24, &fifo_header::next_offset>, reserved<28, 36>, field<64, &fifo_header::read_index>,
             reserved<66, 62>, field<128, &fifo_header::write_index>, reserved<130, 62>> {};

inline constexpr std::size_t fifo_header_size = layout_of<fifo_header, revision::oasis_v2>::fixed_size; ///< bytes
static_assert(fifo_header_size == 192);
inline constexpr std::size_t fifo_read_index_offset = 64;   ///< bytes; a cache line of its own
inline constexpr std::size_t fifo_write_index_offset = 128; ///< bytes; a cache line of its own

/// Writes a ring header, its reserved bytes as zero. `oversize` if `out` has less than 192 bytes.
constexpr result<void> encode_fifo_header(byte_span out, const fifo_header& h) {
    if (out.size() < fifo_header_size) return errc::oversize;
    wire::byte_sink sink{out.data()};
    layout_of<fifo_header, revision::oasis_v2>::put<0>(sink, h);
    return {};
}

/// Reads a ring header from `in`, which must be a private copy: the peer can write the original at any time. Its values
/// are not judged. `truncated` if `in` has less than 192 bytes.
constexpr result<fifo_header> decode_fifo_header(byte_view in) {
    if (in.size() < fifo_header_size) return errc::truncated;
    fifo_header h;
    layout_of<fifo_header, revision::oasis_v2>::get<0>(wire::byte_source{in.data()}, h);
    return h;
}

} // namespace vmsg
