// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A disk in memory as a virtio-blk device.

#include "board/machine.hpp"
#include "board/processor.hpp"
#include "common/one_queue_device.hpp"

#include <vmsg/virtio/block_device.hpp>

#include <cstdint>

namespace partition {

using namespace vmsg;

/// The image that was loaded into memory. Beyond its end the last sector has zeroes, which are not kept.
class memory_disk {
public:
    /// `wrong_data`: one byte in the middle is served inverted. `preempted`: the medium is slow. `stuck`: it is slower.
    memory_disk(byte_span image, board::fault what) : image_(image), what_(what) {}

    std::uint64_t capacity() const { return (image_.size() + virtio::sector_size - 1) / virtio::sector_size; }
    bool read_only() const { return false; }
    result<void> read(std::uint64_t sector, byte_span to) const {
        const std::size_t start = static_cast<std::size_t>(sector) * virtio::sector_size;
        const std::size_t there = there_of(start, to.size());
        copy_bytes(to.data(), image_.data() + start, there);
        for (std::size_t i = there; i < to.size(); ++i) to[i] = 0;
        if (what_ == board::fault::preempted) take_time();
        while (what_ == board::fault::stuck) asm volatile("wfi");
        const std::size_t middle = image_.size() / 2;
        if (what_ == board::fault::wrong_data && middle >= start && middle - start < there)
            to[middle - start] = static_cast<std::uint8_t>(~image_[middle]);
        return {};
    }
    result<void> write(std::uint64_t sector, byte_view from) {
        const std::size_t start = static_cast<std::size_t>(sector) * virtio::sector_size;
        copy_bytes(image_.data() + start, from.data(), there_of(start, from.size()));
        return {};
    }
    result<void> flush() { return {}; }
    virtio::block_id id() const { return virtio::make_block_id("vmsg qemu disk"); }

private:
    /// Longer than the driver's timer needs.
    static void take_time() {
        const std::uint64_t end = board::ticks() + board::ticks_of(1 * milliseconds);
        while (board::ticks() < end) {}
    }
    std::size_t there_of(std::size_t start, std::size_t size) const {
        return image_.size() - start < size ? image_.size() - start : size;
    }

    byte_span image_;
    board::fault what_;
};

template <class Memory> class disk_device : public device::one_queue_device<Memory> {
    using base = device::one_queue_device<Memory>;
    static constexpr std::uint32_t config_size = 16; // bytes: up to `seg_max`, the last field of an offered feature

public:
    disk_device(Memory& memory, const memory_disk& disk) : base(memory), disk_(disk) {}

    proto::device_identity identity() const {
        return {.device_id = virtio::block_device_id, .vendor_id = 0x564d5347, .config_size = config_size};
    }
    feature_set offered_features() const { return virtio::block_offer(disk_) | virtio::split_queue_features; }
    void read_config(std::uint32_t offset, byte_span to) const {
        std::uint8_t bytes[virtio::block_config_size]{};
        static_cast<void>(virtio::encode_block_config(bytes, virtio::block_config_of(disk_, base::max_chain)));
        copy_bytes(to.data(), bytes + offset, to.size());
    }
    bool write_config(std::uint32_t, byte_view) { return false; }

    /// True if the driver is to be told.
    bool work() {
        return this->serve_all([this](const auto& chain) -> std::optional<std::uint32_t> {
            return virtio::serve_block(disk_, this->negotiated(), chain.reader(), chain.writer());
        });
    }

private:
    mutable memory_disk disk_; // asking it for its capacity is not a change
};

} // namespace partition
