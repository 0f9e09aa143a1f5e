// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Feature bits of virtqueues and negotiation, sets of them, and the choice that both sides make from an offer.
// Source: virtio 1.4, "Feature Bits", "Reserved Feature Bits".

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>

namespace vmsg::virtio {

/// The number of a feature bit. The rows are the bits of queues and negotiation; the bits of a device type stand in the
/// header of that type.
enum class feature : std::uint8_t {
    notify_on_empty = 24,   ///< legacy
    any_layout = 27,        ///< legacy
    indirect_desc = 28,     ///< tables of descriptors outside the ring
    event_idx = 29,         ///< `used_event` and `avail_event`, in both directions at once
    version_1 = 32,         ///< not a legacy device
    access_platform = 33,   ///< the device's access to memory is limited or translated
    ring_packed = 34,       ///< packed layout of the queues
    in_order = 35,          ///< buffers are used in the order in which they were made available
    order_platform = 36,    ///< barriers fit for hardware devices
    sr_iov = 37,            ///< PCI only
    notification_data = 38, ///< driver notifications carry the ring position
    notif_config_data = 39, ///< queue id supplied by the device; forbidden on virtio-msg
    ring_reset = 40,        ///< single queues can be reset
    admin_vq = 41,          ///< administration queues
    suspend = 43,           ///< the device can be suspended
};

/// A set of features: bits 0 to 127 in four blocks. Higher bits are reserved and never in a set.
class feature_set {
public:
    static constexpr std::uint32_t num_blocks = 4; ///< of 32 bits

    constexpr feature_set() = default;
    template <std::same_as<feature>... Bits> constexpr explicit feature_set(Bits... bits) { (set(bits), ...); }
    /// From and to an array of blocks, in which the engines keep features.
    constexpr explicit feature_set(const std::uint32_t (&blocks)[num_blocks]) {
        for (std::uint32_t i = 0; i < num_blocks; ++i) blocks_[i] = blocks[i];
    }
    constexpr void copy_to(std::uint32_t (&blocks)[num_blocks]) const {
        for (std::uint32_t i = 0; i < num_blocks; ++i) blocks[i] = blocks_[i];
    }

    /// Whether `bit` is in the set.
    [[nodiscard]] constexpr bool has(feature bit) const {
        const auto number = static_cast<std::uint32_t>(bit);
        return (block(number / 32) >> number % 32 & 1) != 0;
    }
    constexpr void set(feature bit) {
        const auto number = static_cast<std::uint32_t>(bit);
        set_block(number / 32, block(number / 32) | std::uint32_t{1} << number % 32);
    }
    constexpr void clear(feature bit) {
        const auto number = static_cast<std::uint32_t>(bit);
        set_block(number / 32, block(number / 32) & ~(std::uint32_t{1} << number % 32));
    }

    /// Bits 32 * `index` and up, as they travel in a message; 0 for a block that no set has.
    [[nodiscard]] constexpr std::uint32_t block(std::uint32_t index) const {
        return index < num_blocks ? blocks_[index] : 0;
    }
    /// Replaces bits 32 * `index` and up; a block that no set has is dropped.
    constexpr void set_block(std::uint32_t index, std::uint32_t bits) {
        if (index < num_blocks) blocks_[index] = bits;
    }

    [[nodiscard]] constexpr bool empty() const { return *this == feature_set{}; }
    [[nodiscard]] constexpr bool subset_of(const feature_set& other) const { return (*this & other) == *this; }

    friend constexpr feature_set operator&(feature_set a, const feature_set& b) {
        for (std::uint32_t i = 0; i < num_blocks; ++i) a.blocks_[i] &= b.blocks_[i];
        return a;
    }
    friend constexpr feature_set operator|(feature_set a, const feature_set& b) {
        for (std::uint32_t i = 0; i < num_blocks; ++i) a.blocks_[i] |= b.blocks_[i];
        return a;
    }
    friend constexpr bool operator==(const feature_set&, const feature_set&) = default;

private:
    std::uint32_t blocks_[num_blocks]{};
};

/// What may be negotiated over virtio-msg: the bits of device types (0 to 23, 50 to 127) and those of queues and
/// negotiation that are neither legacy nor reserved nor bound to another transport.
inline constexpr feature_set allowed_on_virtio_msg = [] {
    feature_set allowed{feature::indirect_desc, feature::event_idx, feature::version_1,      feature::access_platform,
                        feature::ring_packed,   feature::in_order,  feature::order_platform, feature::notification_data,
                        feature::ring_reset,    feature::suspend};
    allowed.set_block(0, allowed.block(0) | 0x00ff'ffff);
    allowed.set_block(1, allowed.block(1) | 0xfffc'0000);
    allowed.set_block(2, 0xffff'ffff);
    allowed.set_block(3, 0xffff'ffff);
    return allowed;
}();

/// What `driver_queue` and `device_queue` do themselves. Other bits of queues must not be negotiated for them.
inline constexpr feature_set split_queue_features{feature::version_1, feature::access_platform,
                                                  feature::notification_data, feature::ring_reset};

/// `bit` is only legal together with `needs`.
struct feature_dependency {
    feature bit{};
    feature needs{};
};

/// `set` without the bits that need one that is not in it.
template <std::size_t N>
[[nodiscard]] constexpr feature_set closed(feature_set set, const feature_dependency (&dependencies)[N]) {
    for (std::size_t pass = 0; pass < N; ++pass)
        for (const feature_dependency& d : dependencies)
            if (!set.has(d.needs)) set.clear(d.bit);
    return set;
}

/// What a driver accepts of `offered`: what it wants and virtio-msg allows, and VERSION_1, which it must accept.
[[nodiscard]] constexpr feature_set choose(const feature_set& offered, const feature_set& wanted) {
    return offered & allowed_on_virtio_msg & (wanted | feature_set{feature::version_1});
}

/// Whether a device may keep FEATURES_OK: the driver accepted nothing that was not offered, and VERSION_1 if it was.
[[nodiscard]] constexpr bool acceptable(const feature_set& accepted, const feature_set& offered) {
    return accepted.subset_of(offered & allowed_on_virtio_msg) &&
           accepted.has(feature::version_1) == offered.has(feature::version_1);
}

} // namespace vmsg::virtio
