// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The two ends of a ring in shared memory: `fifo_writer` and `fifo_reader`. The peer may write every byte of the ring
// at any time. Source: FF-A bus ALP2 (oasis_v2), "FIFO header"; rule N10.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/result.hpp>
#include <vmsg/transport/fifo_region.hpp>
#include <vmsg/virtio/shared_memory.hpp>

namespace vmsg::transports {

/// What has made a ring unusable. It stays so until the ring is made anew, which takes a reset of the bus.
enum class fifo_fault : std::uint8_t {
    none,
    read_index,    ///< it is beyond the depth
    write_index,   ///< it is beyond the depth
    foreign_write, ///< the peer has changed the index that only this side writes
};

namespace detail {

/// What both ends have: the indices, each one read once for every use and checked before it. An end knows its own index
/// by itself; in the memory it is only looked at to see whether the peer has changed it.
class fifo_end {
public:
    constexpr fifo_fault fault() const { return fault_; }

protected:
    constexpr fifo_end() = default;
    constexpr fifo_end(const fifo_ring& ring, std::size_t own_offset)
        : ring_(ring), own_offset_(own_offset), own_(virtio::shared::load<std::uint16_t>(ring.memory, own_offset)) {
        VMSG_ASSERT(legal(ring.geometry) && ring.memory.size() >= ring.geometry.ring_size());
    }

    /// The index of the peer, if the ring can be used.
    constexpr result<std::uint16_t> peer_index(std::size_t offset, fifo_fault own, fifo_fault peer) {
        if (fault_ != fifo_fault::none) return errc::bad_value;
        const auto theirs = virtio::shared::load_acquire<std::uint16_t>(ring_.memory, offset);
        const auto mine = virtio::shared::load<std::uint16_t>(ring_.memory, own_offset_);
        const std::uint16_t depth = ring_.geometry.depth;
        if (mine >= depth)
            fault_ = own;
        else if (theirs >= depth)
            fault_ = peer;
        else if (mine != own_)
            fault_ = fifo_fault::foreign_write;
        else
            return theirs;
        return errc::bad_value;
    }
    constexpr std::uint16_t after(std::uint16_t index) const {
        return index + 1 == ring_.geometry.depth ? std::uint16_t{0} : static_cast<std::uint16_t>(index + 1);
    }
    /// The bytes of the entry at an index that has been checked.
    constexpr byte_span entry() const {
        return ring_.memory.drop(fifo_header_size + std::size_t{ring_.geometry.message_size} * own_)
            .first(ring_.geometry.message_size);
    }
    /// Gives the entry to the other side.
    constexpr void advance() {
        own_ = after(own_);
        virtio::shared::store_release(ring_.memory, own_offset_, own_);
    }

    fifo_ring ring_{};
    std::size_t own_offset_ = 0;
    std::uint16_t own_ = 0;
    fifo_fault fault_{};
};

} // namespace detail

/// The end of a ring that writes.
class fifo_writer : public detail::fifo_end {
public:
    constexpr fifo_writer() = default;
    constexpr explicit fifo_writer(const fifo_ring& ring) : fifo_end(ring, fifo_write_index_offset) {}

    /// Puts a frame into the ring, zeroes behind it. Errors: `full`; `bad_value` (a fault, or a bus message that names
    /// a device); `oversize`, `truncated`, `bad_length` (the size of the frame, or what its header says of it).
    constexpr result<void> put(byte_view frame) {
        const auto h = validate_inbound<revision::oasis_v2>(frame, fifo_max_msg_size);
        if (!h) return h.error();
        auto read = read_index();
        if (read && after(own_) == *read) {
            // Either this side sees the room that the reader has just made, or the reader sees that the ring was full.
            virtio::shared::fence();
            read = read_index();
        }
        if (!read) return read.error();
        if (after(own_) == *read) return errc::full;
        const byte_span to = entry();
        virtio::shared::copy(to, frame.first(h->msg_size));
        virtio::shared::zero(to.drop(h->msg_size));
        advance();
        return {};
    }

private:
    constexpr result<std::uint16_t> read_index() {
        return peer_index(fifo_read_index_offset, fifo_fault::write_index, fifo_fault::read_index);
    }
};

/// What `fifo_reader::take` has found.
struct fifo_taken {
    errc error{};         ///< `none`: a frame
    std::uint16_t size{}; ///< of the frame, bytes
    bool was_full{};      ///< the ring was full, and the writer waits to hear that it is not any more
};

/// The end of a ring that reads.
class fifo_reader : public detail::fifo_end {
public:
    constexpr fifo_reader() = default;
    constexpr explicit fifo_reader(const fifo_ring& ring) : fifo_end(ring, fifo_read_index_offset) {}

    /// Takes the next frame out of the ring, whatever it is. Errors: `would_block` (the ring is empty); `bad_value`
    /// with a `fault()` (it is not read any more), or without one (the entry holds no frame and is skipped); `oversize`
    /// (the frame does not fit the buffer, of which nothing is written, and is gone).
    constexpr fifo_taken take(byte_span buffer) {
        const auto written = peer_index(fifo_write_index_offset, fifo_fault::read_index, fifo_fault::write_index);
        if (!written) return {.error = written.error()};
        if (*written == own_) return {.error = errc::would_block};
        std::uint8_t copy[fifo_max_msg_size]{};
        virtio::shared::copy(copy, entry().first(fifo_max_msg_size));
        const std::uint16_t taken = own_;
        advance();
        // The writer may have filled the ring meanwhile: see `fifo_writer::put`.
        virtio::shared::fence();
        const auto now = virtio::shared::load<std::uint16_t>(ring_.memory, fifo_write_index_offset);
        const bool was_full = after(*written) == taken || (now < ring_.geometry.depth && after(now) == taken);
        const auto h = validate_inbound<revision::oasis_v2>(copy, fifo_max_msg_size);
        if (!h) return {.error = errc::bad_value, .was_full = was_full};
        if (h->msg_size > buffer.size()) return {.error = errc::oversize, .was_full = was_full};
        copy_bytes(buffer.data(), copy, h->msg_size);
        return {.size = h->msg_size, .was_full = was_full};
    }
};

} // namespace vmsg::transports
