// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Page tables in which every address is itself: 2 MiB blocks in the first 2 GiB, and one block of 4 KiB pages for
// memory that comes and goes. Normal memory is write-back, inner shareable: what both worlds map that way is coherent.

#include "processor.hpp"

#include <cstddef>
#include <cstdint>

namespace board {

enum class mapping : std::uint64_t {
    code = 0x0 << 2 | 1 << 7 | 3 << 8 | 1 << 10,                            ///< normal, read-only
    data = 0x0 << 2 | 0 << 7 | 3 << 8 | 1 << 10 | std::uint64_t{3} << 53,   ///< normal, never executed
    device = 0x1 << 2 | 0 << 7 | 0 << 8 | 1 << 10 | std::uint64_t{3} << 53, ///< Device-nGnRE
    normal_world = 1 << 5 | 3 << 8 | 1 << 10 | std::uint64_t{3} << 53,      ///< `data` of the other world
};

/// The tables of one exception level.
class page_tables {
public:
    static constexpr std::uint64_t page_size = 4096;
    static constexpr std::uint64_t block_size = 0x20'0000;

    /// Whole blocks. `size` is rounded up.
    void map(std::uint64_t address, std::uint64_t size, mapping how) {
        for (std::uint64_t at = address / block_size; at * block_size < address + size; ++at)
            blocks_[at] = at * block_size | static_cast<std::uint64_t>(how) | block_entry;
    }

    /// Memory of the other world, as pages: all in one block. False if it is not, or if another block is in use.
    bool map_pages(std::uint64_t address, std::uint64_t count) {
        const std::uint64_t block = address / block_size;
        if (count == 0 || block >= block_count || (address + count * page_size - 1) / block_size != block) return false;
        if (blocks_[block] != 0 && blocks_[block] != pages_entry()) return false;
        if (pages_in_use_ != 0 && blocks_[block] == 0) return false;
        for (std::uint64_t i = 0; i < count; ++i)
            pages_[(address / page_size + i) % 512] =
                (address + i * page_size) | static_cast<std::uint64_t>(mapping::normal_world) | page_entry;
        pages_in_use_ += count;
        blocks_[block] = pages_entry();
        asm volatile("dsb ishst; isb" ::: "memory");
        return true;
    }
    void unmap_pages(std::uint64_t address, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) pages_[(address / page_size + i) % 512] = 0;
        pages_in_use_ -= count;
        if (pages_in_use_ == 0) blocks_[address / block_size] = 0;
        asm volatile("dsb ishst; tlbi vmalle1; dsb ish; isb" ::: "memory");
    }

    /// Turns the MMU and the caches of this exception level on. What was written before has gone past the caches: they
    /// must have nothing of the memory that is mapped, as after a reset.
    void activate() {
        for (std::size_t i = 0; i < 2; ++i) top_[i] = address_of(blocks_ + i * 512) | table_entry;
        constexpr std::uint64_t attributes = 0x04ff; // 0: normal, write-back; 1: Device-nGnRE
        // 39-bit addresses, tables in write-back inner shareable memory, 4 KiB granule. Bit 23: at EL1 the upper half
        // of the addresses has no tables; above EL1, where there is no upper half, it is one as bit 31.
        constexpr std::uint64_t control = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23;
        constexpr std::uint64_t el1_control = control | std::uint64_t{2} << 32; // physical addresses of 40 bits
        constexpr std::uint64_t higher_control = control | 2 << 16 | std::uint64_t{1} << 31; // the same
        constexpr std::uint64_t enable = 1 | 1 << 2 | 1 << 12; // MMU, data cache, instruction cache
        asm volatile("dsb ish" ::: "memory");
        switch (exception_level()) {
        case 1:
            BOARD_WRITE("mair_el1", attributes);
            BOARD_WRITE("tcr_el1", el1_control);
            BOARD_WRITE("ttbr0_el1", address_of(top_));
            asm volatile("tlbi vmalle1; dsb ish; isb" ::: "memory");
            BOARD_WRITE("sctlr_el1", BOARD_READ("sctlr_el1") | enable);
            break;
        case 2:
            BOARD_WRITE("mair_el2", attributes);
            BOARD_WRITE("tcr_el2", higher_control);
            BOARD_WRITE("ttbr0_el2", address_of(top_));
            asm volatile("tlbi alle2; dsb ish; isb" ::: "memory");
            BOARD_WRITE("sctlr_el2", BOARD_READ("sctlr_el2") | enable);
            break;
        default:
            BOARD_WRITE("mair_el3", attributes);
            BOARD_WRITE("tcr_el3", higher_control);
            BOARD_WRITE("ttbr0_el3", address_of(top_));
            asm volatile("tlbi alle3; dsb ish; isb" ::: "memory");
            BOARD_WRITE("sctlr_el3", BOARD_READ("sctlr_el3") | enable);
            break;
        }
        synchronize();
    }

private:
    static constexpr std::uint64_t block_entry = 1;
    static constexpr std::uint64_t page_entry = 3;
    static constexpr std::uint64_t table_entry = 3;
    static constexpr std::uint64_t block_count = 2 * 512;

    static std::uint64_t address_of(const std::uint64_t* table) { return reinterpret_cast<std::uint64_t>(table); }
    std::uint64_t pages_entry() const { return address_of(pages_) | table_entry; }

    alignas(page_size) std::uint64_t top_[512]{};
    alignas(page_size) std::uint64_t blocks_[block_count]{};
    alignas(page_size) std::uint64_t pages_[512]{};
    std::uint64_t pages_in_use_ = 0;
};

} // namespace board
