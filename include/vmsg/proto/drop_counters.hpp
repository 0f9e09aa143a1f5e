// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Why frames were not acted on. Every dropped frame is counted under one reason, so that an attack or a broken peer can
// be seen. On the wire the specification asks for silence (virtio-msg, "Error Handling").

#include <cstddef>
#include <cstdint>

#include <vmsg/result.hpp>

namespace vmsg::proto {

/// The reason for which an inbound frame was dropped.
enum class drop_reason : std::uint8_t {
    malformed,  ///< sizes are wrong
    bad_value,  ///< a value is not allowed, or a bus message names a device
    unknown_id, ///< the revision has no such message
    unexpected, ///< a message of a kind or direction that this side does not take
    too_early,  ///< not allowed before negotiation, or before the device is ready for it
    stale,      ///< a response that no open request waits for
    late,       ///< the response to a request that has timed out
    no_device,  ///< a device that is not there
    overflow,   ///< no room to remember it
};
inline constexpr std::size_t drop_reason_count = static_cast<std::size_t>(drop_reason::overflow) + 1;

/// The reason why something that is wrong in this way is dropped.
constexpr drop_reason reason_of(errc why) {
    switch (why) {
    case errc::bad_value: return drop_reason::bad_value;
    case errc::no_device: return drop_reason::no_device;
    case errc::bad_state: return drop_reason::too_early;
    case errc::bad_type: return drop_reason::unexpected;
    case errc::unknown_id: return drop_reason::unknown_id;
    case errc::full: return drop_reason::overflow;
    default: return drop_reason::malformed;
    }
}

/// A count for each reason, stopping at the largest number.
class drop_counters {
public:
    constexpr void count(drop_reason why) {
        auto& n = counts_[static_cast<std::size_t>(why)];
        if (n != ~std::uint32_t{0}) ++n;
    }
    constexpr std::uint32_t operator[](drop_reason why) const { return counts_[static_cast<std::size_t>(why)]; }
    constexpr std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const std::uint32_t n : counts_) sum += n;
        return sum;
    }

private:
    std::uint32_t counts_[drop_reason_count]{};
};

} // namespace vmsg::proto
