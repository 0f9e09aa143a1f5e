// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From bus addresses to memory: the `resolver` concept, through which a device reaches what a driver has shared, and
// `flat_region`, the resolver of a single region.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/result.hpp>

namespace vmsg::virtio {

/// Knows the memory that one peer has shared. `resolve` gives exactly `length` bytes that lie, from `address` on,
/// inside one live area of that peer; anything else is `bad_value`. The bytes stay valid while a queue that uses them
/// is enabled.
template <class R>
concept resolver = requires(R& r, bus_address address, std::uint64_t length) {
    { r.resolve(address, length) } -> std::same_as<result<byte_span>>;
};

} // namespace vmsg::virtio

namespace vmsg::archetypes {

/// The least that a resolver has: nothing else may be asked of one.
struct resolver {
    constexpr resolver() = default;
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    constexpr result<byte_span> resolve(bus_address, std::uint64_t) { return errc::bad_value; }
};

static_assert(virtio::resolver<resolver>);

} // namespace vmsg::archetypes

namespace vmsg::virtio {

/// One region of memory at one bus address.
class flat_region {
public:
    /// Nothing: every address is `bad_value`.
    constexpr flat_region() = default;
    /// `memory` at `base`; must not reach beyond the last 64-bit address.
    constexpr flat_region(bus_address base, byte_span memory)
        : base_(static_cast<std::uint64_t>(base)), memory_(memory) {
        VMSG_ASSERT(memory.empty() || memory.size() - 1 <= ~base_);
    }

    [[nodiscard]] constexpr bus_address base() const { return bus_address{base_}; }
    [[nodiscard]] constexpr byte_span memory() const { return memory_; }

    /// The `length` bytes from `address` on, or `bad_value` if one of them is outside the region.
    [[nodiscard]] constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) const {
        const std::uint64_t offset = static_cast<std::uint64_t>(address) - base_; // huge for an address below the base
        if (offset > memory_.size() || length > memory_.size() - offset) return errc::bad_value;
        return memory_.drop(static_cast<std::size_t>(offset)).first(static_cast<std::size_t>(length));
    }

private:
    std::uint64_t base_ = 0;
    byte_span memory_{};
};

static_assert(resolver<flat_region> && resolver<const flat_region>);

} // namespace vmsg::virtio
