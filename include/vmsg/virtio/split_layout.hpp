// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The split virtqueue in memory: sizes, alignments and offsets of its three areas, its structs, the event index, and
// the position that a driver notification carries. Source: virtio 1.4, "Split Virtqueues", "Driver Notifications".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

inline constexpr std::uint32_t max_queue_size = 32768; ///< entries

/// Whether a split virtqueue can have `size` entries.
[[nodiscard]] constexpr bool legal_queue_size(std::uint32_t size) {
    return size != 0 && size <= max_queue_size && (size & (size - 1)) == 0;
}

/// The largest legal number of entries within both limits; 0 if one of them is 0, as for a queue that is not there.
[[nodiscard]] constexpr std::uint32_t best_queue_size(std::uint32_t device_maximum, std::uint32_t own_maximum) {
    std::uint32_t size = max_queue_size;
    while (size > device_maximum || size > own_maximum) size /= 2;
    return size;
}

// Alignment and size of the areas in bytes, for a legal number of entries. The sizes include the event field at the end
// of each ring, which is there whether VIRTIO_F_EVENT_IDX is negotiated or not.
inline constexpr std::uint32_t descriptor_area_alignment = 16;
inline constexpr std::uint32_t driver_area_alignment = 2;
inline constexpr std::uint32_t device_area_alignment = 4;
[[nodiscard]] constexpr std::uint32_t descriptor_area_size(std::uint32_t queue_size) { return 16 * queue_size; }
[[nodiscard]] constexpr std::uint32_t driver_area_size(std::uint32_t queue_size) { return 6 + 2 * queue_size; }
[[nodiscard]] constexpr std::uint32_t device_area_size(std::uint32_t queue_size) { return 6 + 8 * queue_size; }

/// The bus addresses of the three areas.
struct queue_addresses {
    bus_address descriptor{}; ///< descriptor table
    bus_address driver{};     ///< available ring
    bus_address device{};     ///< used ring
    friend bool operator==(const queue_addresses&, const queue_addresses&) = default;
};

/// The memory of the three areas.
struct queue_memory {
    byte_span descriptor{}; ///< descriptor table
    byte_span driver{};     ///< available ring
    byte_span device{};     ///< used ring
};

/// The three areas in one block: the descriptor area at its start, the others as close as alignment allows.
struct queue_block {
    std::uint32_t driver_offset{}; ///< bytes
    std::uint32_t device_offset{}; ///< bytes
    std::uint32_t size{};          ///< bytes

    /// For a queue of `queue_size` entries, which must be legal.
    constexpr explicit queue_block(std::uint32_t queue_size)
        : driver_offset(descriptor_area_size(queue_size)),
          device_offset((driver_offset + driver_area_size(queue_size) + 3) & ~(device_area_alignment - 1)),
          size(device_offset + device_area_size(queue_size)) {
        VMSG_ASSERT(legal_queue_size(queue_size));
    }

    /// Of a block at `base`, which must be a multiple of 16.
    [[nodiscard]] constexpr queue_addresses addresses(bus_address base) const {
        const auto start = static_cast<std::uint64_t>(base);
        return {base, bus_address{start + driver_offset}, bus_address{start + device_offset}};
    }
    /// Of a block of at least `size` bytes.
    [[nodiscard]] constexpr queue_memory areas(byte_span block) const {
        return {block.first(driver_offset), block.first(device_offset).drop(driver_offset),
                block.first(size).drop(device_offset)};
    }
};

enum class descriptor_flags : std::uint16_t {
    none = 0,
    next = 1,     ///< the chain goes on
    write = 2,    ///< the device writes the element; without it, it reads it
    indirect = 4, ///< the element is a table of descriptors (only with VIRTIO_F_INDIRECT_DESC)
};
constexpr descriptor_flags operator|(descriptor_flags a, descriptor_flags b) {
    return static_cast<descriptor_flags>(static_cast<std::uint16_t>(a) | static_cast<std::uint16_t>(b));
}
/// Whether `bit` is in `flags`.
constexpr bool has(descriptor_flags flags, descriptor_flags bit) {
    return (static_cast<std::uint16_t>(flags) & static_cast<std::uint16_t>(bit)) != 0;
}

/// An entry of the descriptor table or of an indirect table.
struct descriptor {
    bus_address addr{};
    std::uint32_t len{}; ///< bytes
    descriptor_flags flags{};
    std::uint16_t next{}; ///< index of the next one, with `descriptor_flags::next`
    friend bool operator==(const descriptor&, const descriptor&) = default;
};

/// An entry of the used ring.
struct used_element {
    std::uint32_t id{};  ///< index of the first descriptor of the chain
    std::uint32_t len{}; ///< bytes written
    friend bool operator==(const used_element&, const used_element&) = default;
};

/// Offsets in the available and in the used ring, in bytes.
namespace ring {
inline constexpr std::size_t flags = 0;
inline constexpr std::size_t idx = 2;
[[nodiscard]] constexpr std::size_t available_entry(std::uint32_t slot) { return 4 + std::size_t{2} * slot; }
[[nodiscard]] constexpr std::size_t used_entry(std::uint32_t slot) { return 4 + std::size_t{8} * slot; }
[[nodiscard]] constexpr std::size_t descriptor_entry(std::uint32_t index) { return std::size_t{16} * index; }
[[nodiscard]] constexpr std::size_t used_event(std::uint32_t queue_size) { return available_entry(queue_size); }
[[nodiscard]] constexpr std::size_t avail_event(std::uint32_t queue_size) { return used_entry(queue_size); }
} // namespace ring

/// Bytes of an indirect table of `count` descriptors. It may have any address.
[[nodiscard]] constexpr std::size_t indirect_table_size(std::size_t count) { return 16 * count; }

/// Bit 0 of the flags of either ring: the writer of the ring asks not to be notified. Always 0 with
/// VIRTIO_F_EVENT_IDX.
inline constexpr std::uint16_t no_notification = 1;

/// With VIRTIO_F_EVENT_IDX: whether a notification is due for an index that has moved by `moved` entries and stands at
/// `index` now, if the peer wants one for entry `event`. From 65536 entries on it always is.
[[nodiscard]] constexpr bool event_crossed(std::uint16_t event, std::uint16_t index, std::uint32_t moved) {
    return static_cast<std::uint16_t>(index - event - 1) < moved;
}

/// With VIRTIO_F_EVENT_IDX: how far ahead of an index the event is that asks for no notification. The index does not
/// get past it, since no queue has more entries.
inline constexpr std::uint16_t far_event = 0x8000;

/// The `next_offset` of EVENT_AVAIL with VIRTIO_F_NOTIFICATION_DATA, for an available index: bits 14:0 of it in place,
/// bit 15 as the wrap counter in bit 31.
[[nodiscard]] constexpr std::uint32_t next_offset_of(std::uint16_t available_index) {
    const std::uint32_t index = available_index;
    return (index & 0x7fff) | (index >> 15 << 31);
}

/// The available index in a `next_offset`, which is a hint and no more. Takes both readings of the specification: bit
/// 15 of the index as the wrap counter or in its own place.
[[nodiscard]] constexpr std::uint16_t available_index_of(std::uint32_t next_offset) {
    return static_cast<std::uint16_t>((next_offset & 0xffff) | (next_offset >> 31 << 15));
}

} // namespace vmsg::virtio

namespace vmsg {

template <>
struct layout_of<virtio::descriptor, revision::oasis_v2>
    : fields<field<0, &virtio::descriptor::addr>, field<8, &virtio::descriptor::len>,
             field<12, &virtio::descriptor::flags>, field<14, &virtio::descriptor::next>> {};
static_assert(layout_of<virtio::descriptor, revision::oasis_v2>::fixed_size == 16);

template <>
struct layout_of<virtio::used_element, revision::oasis_v2>
    : fields<field<0, &virtio::used_element::id>, field<4, &virtio::used_element::len>> {};
static_assert(layout_of<virtio::used_element, revision::oasis_v2>::fixed_size == 8);

} // namespace vmsg
