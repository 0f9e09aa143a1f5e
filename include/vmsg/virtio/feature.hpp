// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What may be negotiated over virtio-msg, and the choice that both sides make from an offer.
// Source: virtio 1.4, "Feature Bits", "Reserved Feature Bits".

#include <cstddef>

#include <vmsg/config.hpp>
#include <vmsg/feature.hpp>

namespace vmsg::virtio {

using vmsg::feature;
using vmsg::feature_set;

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

/// What `driver_queue` and `device_queue` do themselves. What was negotiated of it has to be told to them.
inline constexpr feature_set split_queue_features{feature::version_1,         feature::access_platform,
                                                  feature::notification_data, feature::ring_reset,
                                                  feature::indirect_desc,     feature::event_idx};

/// What would make the queues another kind of queue: they refuse to start with it.
inline constexpr feature_set not_split_queue_features{feature::ring_packed, feature::in_order, feature::order_platform};

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

/// What a driver must accept when it is offered.
inline constexpr feature_set always_accepted{feature::version_1};

/// What a driver accepts of block `i` of what is `offered`: what it wants and virtio-msg allows, and VERSION_1.
[[nodiscard]] constexpr std::uint32_t choose_block(std::uint32_t i, std::uint32_t offered, std::uint32_t wanted) {
    return offered & allowed_on_virtio_msg.block(i) & (wanted | always_accepted.block(i));
}
/// The same for whole sets.
[[nodiscard]] constexpr feature_set choose(const feature_set& offered, const feature_set& wanted) {
    feature_set chosen;
    for (std::uint32_t i = 0; i < feature_set::num_blocks; ++i)
        chosen.set_block(i, choose_block(i, offered.block(i), wanted.block(i)));
    return chosen;
}

/// Whether a device may keep FEATURES_OK: the driver accepted nothing that was not offered, and VERSION_1 if it was.
[[nodiscard]] constexpr bool acceptable(const feature_set& accepted, const feature_set& offered) {
    return accepted.subset_of(offered & allowed_on_virtio_msg) &&
           accepted.has(feature::version_1) == offered.has(feature::version_1);
}

} // namespace vmsg::virtio
