// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver's side of a block device: composes requests and judges their completions.
// Source: virtio 1.4, "Block Device", "Device Operation".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/block.hpp>
#include <vmsg/virtio/buffer.hpp>
#include <vmsg/virtio/shared_memory.hpp>
#include <vmsg/virtio/split_layout.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

/// How much of a read that the device calls successful counts, if it reports fewer bytes than it was asked for.
enum class short_read : std::uint8_t {
    counted, ///< what it reports
    trusted, ///< everything: for old devices that report too little
};

/// A request with at most `MaxSegments` data segments. It lives from `read`, `write`, `flush` or `get_id` until it was
/// judged: compose, `add(readable(), writable())`, with a table or without, and when the head completes, `finish`.
/// Errors of the four:
/// `invalid_argument` (beyond the capacity, no whole sectors, no data or more segments than it or the device can take),
/// `denied` (a write to a read-only device), `not_supported` (FLUSH was not negotiated).
template <std::uint32_t MaxSegments> class block_request {
    static_assert(MaxSegments != 0, "every request with data has a segment");

public:
    static constexpr std::size_t frame_size = block_request_header_size + 1; ///< bytes: header and status
    /// Bytes that an indirect table has for the longest request.
    static constexpr std::size_t table_size = indirect_table_size(std::size_t{MaxSegments} + 2);

    /// Reads whole sectors from `sector` on into `data`. `frame` has room for `frame_size` bytes and is the request's
    /// own until it completes.
    constexpr result<void> read(const block_limits& limits, const dma_buffer& frame, std::uint64_t sector,
                                buffer_list data) {
        return transfer(limits, frame, block_request_type::in, sector, data);
    }

    /// Writes `data` to whole sectors from `sector` on.
    constexpr result<void> write(const block_limits& limits, const dma_buffer& frame, std::uint64_t sector,
                                 buffer_list data) {
        if (limits.read_only) return errc::denied;
        return transfer(limits, frame, block_request_type::out, sector, data);
    }

    /// Makes durable what was written by requests that have completed.
    constexpr result<void> flush(const block_limits& limits, const dma_buffer& frame) {
        if (!limits.flush) return errc::not_supported;
        return compose(frame, block_request_type::flush, 0, {}, 0);
    }

    /// Reads the name of the device into `data`, which has 20 bytes.
    constexpr result<void> get_id(const dma_buffer& frame, const buffer& data) {
        if (data.length != sizeof block_id::text) return errc::invalid_argument;
        return compose(frame, block_request_type::get_id, 0, data, data.length);
    }

    [[nodiscard]] constexpr buffer_list readable() const { return {elements_, readable_count_}; }
    [[nodiscard]] constexpr buffer_list writable() const {
        return {elements_ + readable_count_, count_ - readable_count_};
    }

    /// What came of it: the number of data bytes read or written. Errors: the completion's own, `peer_error` (I/O
    /// error), `not_supported` (unknown to the device), `bad_value` (no status, or one that a device without zones does
    /// not have). After an error nothing is known of the data.
    [[nodiscard]] constexpr result<std::uint32_t> finish(const completion& done,
                                                         short_read policy = short_read::counted) const {
        if (done.status != errc::none) return done.status;
        switch (static_cast<block_status>(shared::load<std::uint8_t>(status_, 0))) {
        case block_status::ok: break;
        case block_status::ioerr: return errc::peer_error;
        case block_status::unsupp: return errc::not_supported;
        default: return errc::bad_value;
        }
        const bool reported = readable_count_ == 1 && policy == short_read::counted;
        return reported && done.written < length_ ? done.written : length_;
    }

private:
    constexpr result<void> transfer(const block_limits& limits, const dma_buffer& frame, block_request_type type,
                                    std::uint64_t sector, buffer_list data) {
        if (data.empty() || data.size() > MaxSegments || data.size() > limits.max_segments)
            return errc::invalid_argument;
        std::uint64_t length = 0;
        for (const buffer& segment : data) {
            if (segment.length == 0 || segment.length > limits.max_segment_size) return errc::invalid_argument;
            length += segment.length;
        }
        if (!sectors_fit(sector, length, limits.capacity) || length > max_length) return errc::invalid_argument;
        return compose(frame, type, sector, data, static_cast<std::uint32_t>(length));
    }

    // Header, data, status: the data belongs to the readable part of a write and to the writable part of the rest.
    constexpr result<void> compose(const dma_buffer& frame, block_request_type type, std::uint64_t sector,
                                   buffer_list data, std::uint32_t length) {
        if (frame.memory.size() < frame_size) return errc::invalid_argument;
        std::uint8_t bytes[frame_size]{};
        wire::byte_sink sink{bytes};
        layout_of<block_request_header, newest_revision>::template put<0>(
            sink, block_request_header{.type = type, .sector = sector});
        bytes[block_request_header_size] = static_cast<std::uint8_t>(block_status::not_yet_written);
        shared::copy(frame.memory, bytes);
        status_ = frame.memory.first(frame_size).drop(block_request_header_size);
        length_ = length;
        count_ = 0;
        elements_[count_++] = frame.part(0, block_request_header_size);
        for (const buffer& segment : data) elements_[count_++] = segment;
        readable_count_ = type == block_request_type::out ? count_ : 1;
        elements_[count_++] = frame.part(block_request_header_size, 1);
        return {};
    }

    static constexpr std::uint32_t max_length = 0xffff'ffff - frame_size; // bytes; a chain has less than 4 GiB

    byte_span status_{};
    std::uint32_t length_ = 0; // bytes of data
    std::uint32_t count_ = 0;
    std::uint32_t readable_count_ = 0;
    buffer elements_[std::size_t{MaxSegments} + 2]{};
};

} // namespace vmsg::virtio
