// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What can be wrong with a virtqueue because of the peer, and the counters of it. The specification demands no check of
// what the peer writes; these are the checks that keep a hostile one out.

#include <cstddef>
#include <cstdint>

namespace vmsg::virtio {

/// A violation by the peer. All but `used_length` break the queue.
enum class queue_fault : std::uint8_t {
    none,
    available_index, ///< the available index is ahead by more than the queue's size
    head_range,      ///< a head that is no index of the table
    head_in_flight,  ///< a head that was made available and not yet returned
    next_range,      ///< a next that is no index of the table, or of the indirect table
    chain_length,    ///< a chain longer than the limit; every loop is one
    direction,       ///< readable after writable, or a direction that the device type does not have
    empty_element,   ///< an element of 0 bytes
    address,         ///< an element or an indirect table that does not lie in one live area
    total_length,    ///< more bytes in a chain than a used length can say
    indirect,        ///< an indirect descriptor without the feature, with a next one, or inside an indirect table
    table_length,    ///< an indirect table of no entries, of a part of one, or of more than a chain may have
    used_index,      ///< the used index is ahead by more than what is outstanding
    used_id,         ///< a used id that is not the head of an outstanding chain
    used_length,     ///< more bytes used than the chain can take; an error of that chain only
};

inline constexpr std::size_t queue_fault_count = static_cast<std::size_t>(queue_fault::used_length) + 1;

/// How often each fault was seen. Counts survive a reset of the queue.
class fault_counters {
public:
    constexpr void count(queue_fault fault) { ++counts_[static_cast<std::size_t>(fault)]; }
    [[nodiscard]] constexpr std::uint32_t operator[](queue_fault fault) const {
        return counts_[static_cast<std::size_t>(fault)];
    }
    [[nodiscard]] constexpr std::uint32_t total() const {
        std::uint32_t sum = 0;
        for (const std::uint32_t count : counts_) sum += count;
        return sum;
    }

private:
    std::uint32_t counts_[queue_fault_count]{};
};

/// A queue is unused until it is enabled. A violation by the peer breaks it: nothing of it is read or written any more
/// until it is reset.
enum class queue_state : std::uint8_t { disabled, enabled, broken };

} // namespace vmsg::virtio
