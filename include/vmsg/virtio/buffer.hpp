// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a driver puts into a virtqueue and gets back: elements by bus address, lists of them, completions.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/result.hpp>

namespace vmsg::virtio {

/// One element of a request: memory by the name that the device knows.
struct buffer {
    bus_address address{};
    std::uint32_t length{}; ///< bytes; not 0
    friend bool operator==(const buffer&, const buffer&) = default;
};

/// Elements that are only read. Does not own them. Stands in for std::span as `byte_view` does.
class buffer_list {
public:
    constexpr buffer_list() = default;
    constexpr buffer_list(const buffer* buffers, std::size_t size) : buffers_(buffers), size_(size) {}
    constexpr buffer_list(const buffer& one) : buffers_(&one), size_(1) {}
    template <class Range>
        requires requires(const Range& range) {
            { range.data() } -> std::convertible_to<const buffer*>;
            { range.size() } -> std::convertible_to<std::size_t>;
        }
    constexpr buffer_list(const Range& range) : buffers_(range.data()), size_(range.size()) {}
    template <std::size_t N> constexpr buffer_list(const buffer (&array)[N]) : buffers_(array), size_(N) {}

    [[nodiscard]] constexpr std::size_t size() const { return size_; }
    [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
    [[nodiscard]] constexpr const buffer* begin() const { return buffers_; }
    [[nodiscard]] constexpr const buffer* end() const { return buffers_ + size_; }
    [[nodiscard]] constexpr const buffer& operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        return buffers_[i];
    }

private:
    const buffer* buffers_ = nullptr;
    std::size_t size_ = 0;
};

/// Memory of the driver that the device can reach, by both of its names.
struct dma_buffer {
    bus_address address{};
    byte_span memory{};

    /// All of it as an element. Must not be 4 GiB or more.
    [[nodiscard]] constexpr buffer whole() const { return part(0, memory.size()); }
    /// `length` bytes of it from `offset` on, which must be there.
    [[nodiscard]] constexpr buffer part(std::size_t offset, std::size_t length) const {
        VMSG_ASSERT(offset <= memory.size() && length <= memory.size() - offset && length <= 0xffff'ffff);
        return {bus_address{static_cast<std::uint64_t>(address) + offset}, static_cast<std::uint32_t>(length)};
    }
};

/// A request that came back to the driver.
struct completion {
    std::uint16_t head{};     ///< as `add` named it
    std::uint32_t written{};  ///< bytes that the device wrote, from the first writable byte on; the rest is unknown
    std::uint32_t capacity{}; ///< bytes of all its writable elements
    errc status{};            ///< `none`; `bad_length`: the device claims more than the capacity, nothing in the
                              ///< buffers can be trusted; `aborted`: taken back from a queue that was reset
    friend bool operator==(const completion&, const completion&) = default;
};

} // namespace vmsg::virtio
