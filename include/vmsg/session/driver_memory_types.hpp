// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How much memory a driver side shares, and what it hears of it: capacities and events of `driver_memory`.

#include <cstddef>
#include <cstdint>

#include <vmsg/result.hpp>

namespace vmsg {

/// What a driver side shares at most. A Xen guest has 32 shares of 128 pages.
struct driver_memory_capacity {
    std::size_t shares = 4;            ///< areas at a time, not more than `driver_capacity::areas`
    std::size_t regions = 4;           ///< regions of one area
    std::uint32_t pages = 0xffff'ffff; ///< pages of 4 KiB of one area
};

/// What has become of memory. It is named by the number that `share` gave.
struct memory_event {
    enum class kind : std::uint8_t {
        none,
        shared,   ///< all of it can be used
        returned, ///< all of it is the driver's alone again, and the number is free; `error`: why it could not stay
        kept,     ///< the device side does not let go of a part; `error` says why; `unshare` may be tried again
        stuck,    ///< the manager does not give a part back; `error` says why; `retry` or `forget` it
    };
    kind what{};
    std::uint16_t memory{};
    errc error{};
};

} // namespace vmsg
