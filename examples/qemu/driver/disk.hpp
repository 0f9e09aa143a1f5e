// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver of the disk: one request at a time. The device answers a notification when it is done with the request,
// so that the completion is there when the call returns.

#include "board/endpoint.hpp"

#include <vmsg/session/driver_session.hpp>
#include <vmsg/virtio/block_driver.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include <cstdint>

namespace driver {

using namespace vmsg;

template <class Session> class disk {
    static constexpr std::size_t granule = 512;     // bytes
    static constexpr std::size_t most_blocks = 256; // of the pool
    static constexpr std::uint32_t queue_size = 16; // entries

public:
    static constexpr std::uint32_t transfer_size = 0x1'0000; ///< bytes, at most

    /// Takes its rings and buffers out of `pool`, which the device side knows as `area`.
    disk(Session& session, std::uint16_t number, std::uint16_t area, byte_span pool)
        : session_(session),
          device_(session.at(number)),
          pool_(*make_bus_address<newest_revision>(area, 0), pool, granule) {}

    /// From reset to DRIVER_OK. Errors end the machine.
    void bring_up() {
        using namespace virtio;
        const feature_set wanted = split_queue_features | feature_set{block_feature::flush, block_feature::seg_max};
        const feature_set accepted =
            board::need(device_.negotiate(wanted, feature_set{feature::version_1}), "negotiation");
        if (device_.identity().device_id != block_device_id) board::fail("the device is not a disk");
        std::uint8_t bytes[block_config_size]{};
        const std::size_t there = device_.identity().config_size;
        const byte_span config{bytes, there < sizeof bytes ? there : sizeof bytes};
        board::need(device_.read_config(0, config), "configuration");
        limits_ = limits_of(board::need(decode_block_config(config, device_.offered()), "configuration"),
                            device_.offered(), accepted);
        const std::uint32_t size = best_queue_size(board::need(device_.max_queue_size(0), "queue"), queue_size);
        if (size == 0) board::fail("the disk has no queue");
        const queue_block block{size};
        const dma_buffer ring = take(block.size);
        board::need(queue_.attach(block.areas(ring.memory), size, {.negotiated = accepted}), "queue");
        const auto at = block.addresses(ring.address);
        board::need(device_.setup_queue(0, {size, at.descriptor, at.driver, at.device}), "SET_VQUEUE");
        board::need(device_.driver_ok(), "DRIVER_OK");
        frame_ = take(block_request<1>::frame_size);
        data_ = take(transfer_size);
    }

    std::uint64_t sectors() const { return limits_.capacity; }

    /// `length` bytes, whole sectors, valid until the next request.
    byte_view read(std::uint64_t sector, std::uint32_t length) {
        board::need(request_.read(limits_, frame_, sector, data_.part(0, length)), "read");
        finish(length);
        return byte_view{data_.memory}.first(length);
    }
    /// Writes what `fill(bytes)` has filled in, and makes it durable.
    template <class Fill> void write(std::uint64_t sector, std::uint32_t length, Fill fill) {
        fill(data_.memory.first(length));
        board::need(request_.write(limits_, frame_, sector, data_.part(0, length)), "write");
        finish(length);
        board::need(request_.flush(limits_, frame_), "flush");
        finish(0);
    }

    /// Nothing of the pool is used after it.
    void shut_down() {
        board::need(device_.reset(), "reset");
        queue_.detach();
    }

private:
    virtio::dma_buffer take(std::size_t size) { return board::need(pool_.allocate(size, 16), "the pool is too small"); }

    void finish(std::uint32_t length) {
        board::need(queue_.add(request_.readable(), request_.writable()), "queue");
        queue_.publish();
        if (queue_.kick_needed()) board::need(device_.notify(0, queue_.next_offset()), "EVENT_AVAIL");
        result<virtio::completion> done = errc::would_block;
        const instant end = session_.clock().now() + patience;
        while (done.error() == errc::would_block && session_.clock().now() < end) {
            if (session_.wait(session_.clock().now()).kind == proto::driver_event_kind::bus_failed)
                board::fail("the bus failed");
            done = queue_.poll_used();
        }
        const std::uint32_t moved = board::need(request_.finish(board::need(done, "completion")), "request");
        if (moved != length) board::fail("the disk moved ", moved, " bytes, expected ", length);
    }

    static constexpr duration patience = 10 * seconds; // for one request

    Session& session_;
    typename Session::device device_;
    virtio::dma_pool<most_blocks> pool_;
    virtio::driver_queue<queue_size> queue_;
    virtio::block_limits limits_{};
    virtio::dma_buffer frame_{};
    virtio::dma_buffer data_{};
    virtio::block_request<1> request_;
};

} // namespace driver
