// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The two devices of the demo as models for `proto::device_bus`: a disk over an image, and a source of random bytes.

#include "image.hpp"

#include "common/one_queue_device.hpp"

#include <vmsg/proto/device_model.hpp>
#include <vmsg/virtio/block_device.hpp>
#include <vmsg/virtio/entropy.hpp>

#include <sys/random.h>

#include <optional>
#include <span>

namespace disk {

/// An image as a `virtio::block_backend`.
class image_backend {
public:
    /// `flip`: a byte that is served inverted.
    image_backend(image& disk, std::optional<std::uint64_t> flip) : disk_(disk), flip_(flip) {}

    std::uint64_t capacity() { return disk_.sectors(); }
    bool read_only() { return disk_.read_only(); }
    vmsg::result<void> read(std::uint64_t sector, vmsg::byte_span to) {
        const std::uint64_t start = sector * sector_size;
        return guarded([&] {
            disk_.read(start, {to.data(), to.size()});
            if (flip_ && *flip_ >= start && *flip_ - start < to.size())
                to[*flip_ - start] = static_cast<std::uint8_t>(~to[*flip_ - start]);
        });
    }
    vmsg::result<void> write(std::uint64_t sector, vmsg::byte_view from) {
        return guarded([&] { disk_.write(sector * sector_size, {from.data(), from.size()}); });
    }
    vmsg::result<void> flush() {
        return guarded([&] { disk_.flush(); });
    }
    vmsg::virtio::block_id id() { return vmsg::virtio::make_block_id("vmsg demo disk"); }

    /// Why the last request failed, if the image was the reason.
    const std::string& last_error() const { return last_error_; }

private:
    template <class Work> vmsg::result<void> guarded(Work work) {
        try {
            work();
            return {};
        } catch (const image_error& e) {
            last_error_ = e.message;
            return vmsg::errc::peer_error;
        }
    }

    image& disk_;
    std::optional<std::uint64_t> flip_;
    std::string last_error_;
};

template <class Memory> class disk_device : public device::one_queue_device<Memory> {
    static constexpr std::uint32_t config_size = 16; // bytes: up to `seg_max`, the last field of an offered feature

public:
    disk_device(Memory& memory, image& disk, std::optional<std::uint64_t> flip)
        : device::one_queue_device<Memory>(memory), backend_(disk, flip) {}

    vmsg::proto::device_identity identity() const {
        return {.device_id = vmsg::virtio::block_device_id, .vendor_id = 0x564d5347, .config_size = config_size};
    }
    vmsg::feature_set offered_features() const {
        return vmsg::virtio::block_offer(backend_) | vmsg::virtio::split_queue_features;
    }
    void read_config(std::uint32_t offset, vmsg::byte_span to) const {
        std::uint8_t bytes[vmsg::virtio::block_config_size]{};
        static_cast<void>(vmsg::virtio::encode_block_config(
            bytes, vmsg::virtio::block_config_of(backend_, device::one_queue_device<Memory>::max_chain)));
        vmsg::copy_bytes(to.data(), bytes + offset, to.size());
    }
    bool write_config(std::uint32_t, vmsg::byte_view) { return false; }

    bool work() {
        return this->serve_all([this](const auto& chain) -> std::optional<std::uint32_t> {
            return vmsg::virtio::serve_block(backend_, this->negotiated(), chain.reader(), chain.writer());
        });
    }

private:
    mutable image_backend backend_; // asking it for its capacity is not a change
};

/// Random bytes of the system.
struct system_entropy {
    vmsg::result<void> fill(vmsg::byte_span to) {
        for (std::size_t done = 0; done < to.size();) {
            const ssize_t n = getrandom(to.data() + done, to.size() - done, 0);
            if (n <= 0) return vmsg::errc::peer_error;
            done += static_cast<std::size_t>(n);
        }
        return {};
    }
};

template <class Memory> class entropy_device : public device::one_queue_device<Memory> {
public:
    using device::one_queue_device<Memory>::one_queue_device;

    vmsg::proto::device_identity identity() const {
        return {.device_id = vmsg::virtio::entropy_device_id, .vendor_id = 0x564d5347};
    }
    vmsg::feature_set offered_features() const { return vmsg::virtio::split_queue_features; }
    void read_config(std::uint32_t, vmsg::byte_span) const {}
    bool write_config(std::uint32_t, vmsg::byte_view) { return false; }

    bool work() {
        return this->serve_all([this](const auto& chain) -> std::optional<std::uint32_t> {
            const auto used = vmsg::virtio::serve_entropy(source_, chain.reader(), chain.writer());
            if (!used) return std::nullopt;
            return *used;
        });
    }

private:
    system_entropy source_;
};

} // namespace disk
