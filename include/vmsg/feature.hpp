// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Feature bits of queues and negotiation, and sets of features.
// Source: virtio 1.4, "Feature Bits", "Reserved Feature Bits".

#include <concepts>
#include <cstdint>

#include <vmsg/config.hpp>

namespace vmsg {

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
    /// Bit i of block k is feature 32 * k + i.
    constexpr explicit feature_set(const std::uint32_t (&blocks)[num_blocks]) {
        for (std::uint32_t i = 0; i < num_blocks; ++i) blocks_[i] = blocks[i];
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
    /// Bits 0 to 63, which are all that most devices have.
    [[nodiscard]] constexpr std::uint64_t low() const { return blocks_[0] | std::uint64_t{blocks_[1]} << 32; }
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

} // namespace vmsg
