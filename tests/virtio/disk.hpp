// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A disk in memory that counts what is asked of it.

#include <vmsg/virtio/block_device.hpp>

#include <array>

namespace rig {

template <std::size_t Sectors> struct disk {
    std::array<std::uint8_t, 512 * Sectors> bytes{};
    bool is_read_only = false;
    int fail_after = -1; ///< calls that succeed before one fails; -1: none fails
    int reads = 0;
    int writes = 0;
    int flushes = 0;

    constexpr disk() {
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i / 512 * 7 + i % 512);
    }
    constexpr std::uint64_t capacity() const { return Sectors; }
    constexpr bool read_only() const { return is_read_only; }
    constexpr vmsg::result<void> read(std::uint64_t sector, vmsg::byte_span to) {
        if (failing()) return vmsg::errc::peer_error;
        ++reads;
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = bytes.at(static_cast<std::size_t>(sector) * 512 + i);
        return {};
    }
    constexpr vmsg::result<void> write(std::uint64_t sector, vmsg::byte_view from) {
        if (failing()) return vmsg::errc::peer_error;
        ++writes;
        for (std::size_t i = 0; i < from.size(); ++i) bytes.at(static_cast<std::size_t>(sector) * 512 + i) = from[i];
        return {};
    }
    constexpr vmsg::result<void> flush() {
        if (failing()) return vmsg::errc::peer_error;
        ++flushes;
        return {};
    }
    constexpr vmsg::virtio::block_id id() const { return vmsg::virtio::make_block_id("rig disk"); }

private:
    constexpr bool failing() { return fail_after == 0 || (fail_after > 0 && --fail_after < 0); }
};

static_assert(vmsg::virtio::block_backend<disk<1>>);

} // namespace rig
