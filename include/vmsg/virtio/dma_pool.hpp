// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Buffers inside one region that is shared beforehand, so that steady traffic shares no page: the library's form of a
// restricted DMA pool.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/bitmap.hpp>
#include <vmsg/virtio/buffer.hpp>

namespace vmsg::virtio {

/// Divides a region into at most `Blocks` blocks of one size. An allocation is a run of blocks, found first fit in one
/// pass. What is known about the blocks is private; the region itself is never read or written.
template <std::size_t Blocks> class dma_pool {
public:
    /// Nothing: every allocation is `full`.
    constexpr dma_pool() = default;
    /// `memory` at the bus address `base`, in blocks of `granule` bytes, a power of two. What is left over at the end
    /// is not used. The start has to have the largest alignment that is ever asked for, by both of its names.
    constexpr dma_pool(bus_address base, byte_span memory, std::size_t granule)
        : base_(static_cast<std::uint64_t>(base)), memory_(memory), granule_(granule) {
        VMSG_ASSERT(is_power_of_two(granule));
        VMSG_ASSERT(memory.empty() || memory.size() - 1 <= ~base_);
        count_ = memory.size() / granule < Blocks ? memory.size() / granule : Blocks;
    }

    /// `size` bytes whose bus address is a multiple of `alignment`. Their content is what was there before.
    /// Errors: `full` (no run of free blocks is large enough), `invalid_argument` (no bytes, an alignment that is not a
    /// power of two).
    [[nodiscard]] constexpr result<dma_buffer> allocate(std::size_t size, std::size_t alignment = 1) {
        if (size == 0 || !is_power_of_two(alignment)) return errc::invalid_argument;
        if (size > count_ * granule_) return errc::full;
        const std::size_t needed = (size - 1) / granule_ + 1;
        std::size_t run = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const bool can_start = ((base_ + i * granule_) & (alignment - 1)) == 0;
            run = !used_.test(i) && (run != 0 || can_start) ? run + 1 : 0;
            if (run == needed) return take(i + 1 - needed, needed, size);
        }
        return errc::full;
    }

    /// Gives back what `allocate` gave. Errors: `bad_state` (it is free already), `invalid_argument` (not the start of
    /// an allocation of this pool). After an error nothing has changed.
    constexpr result<void> free(bus_address address) {
        const std::uint64_t offset = static_cast<std::uint64_t>(address) - base_; // huge for an address below the base
        if (offset >= count_ * granule_ || (offset & (granule_ - 1)) != 0) return errc::invalid_argument;
        std::size_t i = static_cast<std::size_t>(offset) / granule_;
        if (!used_.test(i)) return errc::bad_state;
        if (!first_.test(i)) return errc::invalid_argument;
        first_.clear(i);
        for (; i < count_ && used_.test(i) && !first_.test(i); ++i) {
            used_.clear(i);
            --in_use_;
        }
        return {};
    }

    [[nodiscard]] constexpr std::size_t blocks() const { return count_; }
    [[nodiscard]] constexpr std::size_t granule() const { return granule_; }       ///< bytes of a block
    [[nodiscard]] constexpr std::size_t in_use() const { return in_use_; }         ///< blocks
    [[nodiscard]] constexpr std::size_t high_water() const { return high_water_; } ///< most blocks ever in use

private:
    static constexpr bool is_power_of_two(std::size_t n) { return n != 0 && (n & (n - 1)) == 0; }

    constexpr dma_buffer take(std::size_t first, std::size_t count, std::size_t size) {
        first_.set(first);
        for (std::size_t i = first; i < first + count; ++i) used_.set(i);
        in_use_ += count;
        if (in_use_ > high_water_) high_water_ = in_use_;
        const std::size_t offset = first * granule_;
        return {bus_address{base_ + offset}, byte_span{memory_.data() + offset, size}};
    }

    std::uint64_t base_ = 0;
    byte_span memory_{};
    std::size_t granule_ = 0; // bytes
    std::size_t count_ = 0;   // blocks
    std::size_t in_use_ = 0;
    std::size_t high_water_ = 0;
    vmsg::detail::bitmap<Blocks> used_{};
    vmsg::detail::bitmap<Blocks> first_{}; // first blocks of allocations
};

} // namespace vmsg::virtio
