// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Notifications of a split virtqueue, the same for either side: what the peer wants to be told, and what it is asked to
// tell. Source: virtio 1.4, "Used Buffer Notification Suppression", "Available Buffer Notification Suppression".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/virtio/shared_memory.hpp>
#include <vmsg/virtio/split_layout.hpp>

namespace vmsg::detail {

/// A ring as the place of its writer's wish: the flags, and with VIRTIO_F_EVENT_IDX the event index.
struct wish_place {
    byte_span ring;
    std::size_t event = 0; ///< offset in bytes
};

/// What one side of a queue keeps about notifications. The memory stays the queue's.
class notifications {
public:
    /// A new life of the queue, in which nothing has been shown and every notification is wanted.
    constexpr void start(bool event_idx) {
        event_idx_ = event_idx;
        event_ = unknown_event; // the driver has cleared it, or not
        undecided_ = 0;
        suppressed_ = false;
    }
    [[nodiscard]] constexpr bool event_idx() const { return event_idx_; }

    /// `count` more entries are going to be shown to the peer.
    constexpr void note_shown(std::uint32_t count) {
        undecided_ = undecided_ + count < max_undecided ? undecided_ + count : max_undecided;
    }
    /// Whether the peer wants a notification for what was shown since the last call; `index` is where that ended.
    VMSG_INLINE constexpr bool is_due(const wish_place& peer, std::uint16_t index) {
        if (undecided_ == 0) return false;
        const std::uint32_t moved = undecided_;
        undecided_ = 0;
        virtio::shared::fence(); // the index is visible before the peer's wish is read
        if (event_idx_)
            return virtio::event_crossed(virtio::shared::load<std::uint16_t>(peer.ring, peer.event), index, moved);
        return (virtio::shared::load<std::uint16_t>(peer.ring, virtio::ring::flags) & virtio::no_notification) == 0;
    }

    /// Asks for no notification; `position` is how far the peer's entries have been taken.
    VMSG_INLINE constexpr void suppress(const wish_place& own, std::uint16_t position) {
        suppressed_ = true;
        if (event_idx_)
            set_event(own, static_cast<std::uint16_t>(position + virtio::far_event));
        else
            virtio::shared::store(own.ring, virtio::ring::flags, virtio::no_notification);
    }
    /// Asks for the next notification. A fence has to follow before the peer's index is read again.
    VMSG_INLINE constexpr void ask(const wish_place& own, std::uint16_t position) {
        suppressed_ = false;
        if (event_idx_)
            set_event(own, position);
        else
            virtio::shared::store(own.ring, virtio::ring::flags, std::uint16_t{0});
    }
    /// With the event index a wish holds for one notification. True if it was renewed: the index is to be read again.
    VMSG_INLINE constexpr bool renew(const wish_place& own, std::uint16_t position) {
        if (!event_idx_ || suppressed_ || event_ == position) return false;
        set_event(own, position);
        virtio::shared::fence(); // the wish is visible before the index is read
        return true;
    }

private:
    VMSG_INLINE constexpr void set_event(const wish_place& own, std::uint16_t event) {
        event_ = event;
        virtio::shared::store(own.ring, own.event, event);
    }

    static constexpr std::uint32_t max_undecided = 0x1'0000; // more makes no difference
    static constexpr std::uint32_t unknown_event = 0x1'0000; // no index is equal to it

    std::uint32_t undecided_ = 0; // shown since the last `is_due`
    std::uint32_t event_ = 0;     // what this side's event index is
    bool event_idx_ = false;
    bool suppressed_ = false; // asked not to be notified
};

} // namespace vmsg::detail
