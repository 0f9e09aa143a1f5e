// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `test_device`: a device model that remembers what the bus has told it.

#include <vmsg/proto/device_model.hpp>

#include <cstddef>
#include <cstdint>

namespace proto_test {

using namespace vmsg;
using namespace vmsg::proto;

/// Three virtqueues, the last of which is unavailable; 16 bytes of configuration, the first 4 read-only.
struct test_device {
    static constexpr std::uint32_t queue_count = 3;
    static constexpr std::uint32_t config_size = 16;

    device_identity id{.device_id = 2, .vendor_id = 0x51, .config_size = config_size};
    feature_set offered{{0x0000'0200, 0x0000'0143, 0, 0}}; // VERSION_1, ACCESS_PLATFORM, NOTIFICATION_DATA, RING_RESET
    std::uint8_t config[config_size]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    std::uint32_t readable = config_size; // bytes: of the rest it says nothing
    bool takes_features = true;
    bool takes_queues = true;

    feature_set accepted{};
    bool enabled[queue_count]{};
    queue_setup setup{}; // of the queue that was enabled last
    int enables = 0;
    int disables = 0;
    int starts = 0;
    int resets = 0;
    int kicks[queue_count]{};
    std::uint32_t next_offset = 0; // of the last kick
    int misuses = 0;               // calls that a bus must not make

    constexpr device_identity identity() const { return id; }
    constexpr feature_set offered_features() const { return offered; }
    constexpr bool accept_features(const feature_set& f) {
        if (takes_features) accepted = f;
        return takes_features;
    }
    constexpr void read_config(std::uint32_t offset, byte_span out) const {
        for (std::size_t i = 0; i < out.size() && offset + i < readable; ++i) out[i] = config[offset + i];
    }
    constexpr bool write_config(std::uint32_t offset, byte_view in) {
        if (offset > config_size || in.size() > config_size - offset) ++misuses;
        if (offset < 4) return false;
        for (std::size_t i = 0; i < in.size(); ++i) config[offset + i] = in[i];
        return true;
    }
    constexpr std::uint32_t queue_max_size(std::uint32_t index) const { return index < 2 ? 256 : 0; }
    constexpr bool enable_queue(std::uint32_t index, const queue_setup& q) {
        if (index > 1 || enabled[index] || q.size == 0 || q.size > 256) ++misuses;
        if (!takes_queues) return false;
        enabled[index] = true;
        setup = q;
        ++enables;
        return true;
    }
    constexpr void disable_queue(std::uint32_t index) {
        if (!enabled[index]) ++misuses;
        enabled[index] = false;
        ++disables;
    }
    constexpr void start() { ++starts; }
    constexpr void notify(std::uint32_t index, std::uint32_t where) {
        if (!enabled[index]) ++misuses;
        ++kicks[index];
        next_offset = where;
    }
    constexpr void reset() {
        for (const bool e : enabled) misuses += e ? 1 : 0;
        ++resets;
    }
};
static_assert(device_model<test_device>);

} // namespace proto_test
