// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// One split virtqueue in memory that a test shares with a driver, a device, or a peer that it plays itself by writing
// to the rings. Nothing here uses the code under test to access them.

#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rig {

inline constexpr std::uint64_t base = 0x0001'0000'0000'0000; ///< area 1, offset 0
inline constexpr std::uint8_t stale = 0xa5;                  ///< what memory holds before anybody writes to it

/// A ring of `N` entries at the start of a region with `Arena` bytes for payload behind it.
template <std::uint32_t N, std::size_t Arena = 1024> class memory {
    static constexpr vmsg::virtio::queue_block block{N};
    static constexpr std::size_t arena_offset = (block.size + 63) / 64 * 64;

public:
    constexpr memory() { bytes_.fill(stale); }
    memory(const memory&) = delete;
    memory& operator=(const memory&) = delete;

    constexpr vmsg::byte_span all() { return bytes_; }
    constexpr vmsg::virtio::flat_region region() { return {vmsg::bus_address{base}, all()}; }
    constexpr vmsg::virtio::queue_memory areas() { return block.areas(all()); }
    static constexpr vmsg::virtio::queue_addresses addresses() { return block.addresses(vmsg::bus_address{base}); }

    /// Payload by both of its names.
    constexpr vmsg::virtio::dma_buffer payload(std::size_t offset, std::size_t length) {
        return {payload_address(offset), all().drop(arena_offset + offset).first(length)};
    }
    static constexpr vmsg::bus_address payload_address(std::size_t offset = 0) {
        return vmsg::bus_address{base + arena_offset + offset};
    }
    constexpr vmsg::virtio::buffer element(std::size_t offset, std::uint32_t length) {
        return {payload_address(offset), length};
    }
    static constexpr std::uint64_t region_size() { return arena_offset + Arena; }

    /// Zero, as a driver leaves a ring before it enables it.
    constexpr void clear_rings() {
        for (std::size_t i = 0; i < block.size; ++i) bytes_[i] = 0;
    }

    // The fields of the ring, by the offsets of the specification.
    constexpr void set_descriptor(std::uint32_t i, vmsg::bus_address addr, std::uint32_t len, std::uint16_t flags = 0,
                                  std::uint16_t next = 0) {
        put_descriptor(16 * i, addr, len, flags, next);
    }
    constexpr std::uint64_t descriptor_addr(std::uint32_t i) const { return get(16 * i, 8); }
    constexpr std::uint64_t descriptor_len(std::uint32_t i) const { return get(16 * i + 8, 4); }
    constexpr std::uint64_t descriptor_flags(std::uint32_t i) const { return get(16 * i + 12, 2); }
    constexpr std::uint64_t descriptor_next(std::uint32_t i) const { return get(16 * i + 14, 2); }

    // Entry `i` of an indirect table in the payload.
    constexpr void set_entry(std::size_t table, std::uint32_t i, vmsg::bus_address addr, std::uint32_t len,
                             std::uint16_t flags = 0, std::uint16_t next = 0) {
        put_descriptor(arena_offset + table + 16 * i, addr, len, flags, next);
    }
    constexpr std::uint64_t entry_addr(std::size_t table, std::uint32_t i) const {
        return get(arena_offset + table + 16 * i, 8);
    }
    constexpr std::uint64_t entry_len(std::size_t table, std::uint32_t i) const {
        return get(arena_offset + table + 16 * i + 8, 4);
    }
    constexpr std::uint64_t entry_flags(std::size_t table, std::uint32_t i) const {
        return get(arena_offset + table + 16 * i + 12, 2);
    }
    constexpr std::uint64_t entry_next(std::size_t table, std::uint32_t i) const {
        return get(arena_offset + table + 16 * i + 14, 2);
    }

    constexpr std::uint64_t avail_flags() const { return get(avail, 2); }
    constexpr std::uint64_t avail_idx() const { return get(avail + 2, 2); }
    constexpr std::uint64_t avail_ring(std::uint32_t slot) const { return get(avail + 4 + 2 * slot, 2); }
    constexpr std::uint64_t used_event() const { return get(avail + 4 + 2 * N, 2); }
    constexpr void set_avail_flags(std::uint16_t flags) { put(avail, flags, 2); }
    constexpr void set_avail_idx(std::uint16_t idx) { put(avail + 2, idx, 2); }
    constexpr void set_avail_ring(std::uint32_t slot, std::uint16_t head) { put(avail + 4 + 2 * slot, head, 2); }
    constexpr void set_used_event(std::uint16_t event) { put(avail + 4 + 2 * N, event, 2); }

    constexpr std::uint64_t used_flags() const { return get(used, 2); }
    constexpr std::uint64_t used_idx() const { return get(used + 2, 2); }
    constexpr std::uint64_t used_id(std::uint32_t slot) const { return get(used + 4 + 8 * slot, 4); }
    constexpr std::uint64_t used_len(std::uint32_t slot) const { return get(used + 8 + 8 * slot, 4); }
    constexpr std::uint64_t avail_event() const { return get(used + 4 + 8 * N, 2); }
    constexpr void set_used_flags(std::uint16_t flags) { put(used, flags, 2); }
    constexpr void set_used_idx(std::uint16_t idx) { put(used + 2, idx, 2); }
    constexpr void set_used(std::uint32_t slot, std::uint32_t id, std::uint32_t len) {
        put(used + 4 + 8 * slot, id, 4);
        put(used + 8 + 8 * slot, len, 4);
    }
    constexpr void set_avail_event(std::uint16_t event) { put(used + 4 + 8 * N, event, 2); }

    /// Completes a chain as a device would: element and index.
    constexpr void use(std::uint32_t id, std::uint32_t len) {
        const auto idx = static_cast<std::uint16_t>(used_idx());
        set_used(idx % N, id, len);
        set_used_idx(static_cast<std::uint16_t>(idx + 1));
    }
    /// Makes a head available as a driver would.
    constexpr void offer(std::uint16_t head) {
        const auto idx = static_cast<std::uint16_t>(avail_idx());
        set_avail_ring(idx % N, head);
        set_avail_idx(static_cast<std::uint16_t>(idx + 1));
    }

private:
    static constexpr std::uint32_t avail = 16 * N;
    static constexpr std::uint32_t used = (18 * N + 6 + 3) / 4 * 4;

    constexpr void put_descriptor(std::size_t at, vmsg::bus_address addr, std::uint32_t len, std::uint16_t flags,
                                  std::uint16_t next) {
        put(at, static_cast<std::uint64_t>(addr), 8);
        put(at + 8, len, 4);
        put(at + 12, flags, 2);
        put(at + 14, next, 2);
    }
    constexpr void put(std::size_t at, std::uint64_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) bytes_[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
    }
    constexpr std::uint64_t get(std::size_t at, std::size_t size) const {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes_[at + i]} << 8 * i;
        return value;
    }

    alignas(64) std::array<std::uint8_t, arena_offset + Arena> bytes_{};
};

/// A driver on a ring, with the test as its device.
template <std::uint32_t N> struct driver_end {
    memory<N> shared{};
    vmsg::virtio::driver_queue<N> queue{};

    constexpr explicit driver_end(const vmsg::virtio::driver_queue_options& options = {}) {
        static_cast<void>(queue.attach(shared.areas(), N, options));
    }
    /// A request of one element, published: 0 is no head, 16 bytes at offset 0.
    constexpr std::uint16_t request(bool writable = true, std::uint32_t length = 16) {
        const vmsg::virtio::buffer one = shared.element(0, length);
        const auto head = writable ? queue.add({}, one) : queue.add(one, {});
        queue.publish();
        return head.value_or(0xffff);
    }
};

/// A device on a ring, with the test as its driver.
template <std::uint32_t N, std::uint32_t MaxChain = N> struct device_end {
    memory<N> shared{};
    vmsg::virtio::flat_region region = shared.region();
    vmsg::virtio::device_queue<MaxChain, N> queue{};
    typename vmsg::virtio::device_queue<MaxChain, N>::chain_type chain{};

    constexpr explicit device_end(std::uint16_t position = 0)
        : device_end(vmsg::virtio::device_queue_options{.position = position}) {}
    constexpr explicit device_end(const vmsg::virtio::device_queue_options& options) {
        shared.clear_rings();
        shared.set_avail_idx(options.position);
        shared.set_used_idx(options.position);
        static_cast<void>(queue.enable(region, shared.addresses(), N, N, options));
    }
    constexpr vmsg::errc pop() { return queue.pop(region, chain).error(); }
    /// A chain of one element, made available.
    constexpr void offer(std::uint16_t head, std::uint32_t length = 16, std::uint16_t flags = 2) {
        shared.set_descriptor(head, shared.payload_address(), length, flags);
        shared.offer(head);
    }
};

} // namespace rig
