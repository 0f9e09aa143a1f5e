// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Divides a list of memory regions into runs that are small enough for one share each. Xen, for example, takes 512 KiB
// at a time.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/memory.hpp>

namespace vmsg::detail {

/// A place in a list of regions.
struct region_place {
    std::size_t region = 0;
    std::uint32_t page = 0; ///< of that region
};

/// Consecutive pages of a list of regions.
struct region_run {
    std::uint32_t pages = 0;
    std::size_t regions = 0; ///< whole ones or parts
    region_place end{};
};

/// A run has at most `Pages` pages of at most `Regions` regions.
template <std::uint32_t Pages, std::size_t Regions> struct memory_splitter {
    /// The longest run from `start` on; empty at the end of the list.
    static constexpr region_run run_at(const ffa::memory_regions& regions, region_place start) {
        region_run run{.end = start};
        while (run.end.region < regions.size() && run.pages < Pages && run.regions < Regions) {
            const std::uint32_t left = regions[run.end.region].page_count - run.end.page;
            const std::uint32_t room = Pages - run.pages;
            const std::uint32_t taken = left < room ? left : room;
            run.pages += taken;
            ++run.regions;
            run.end = taken == left ? region_place{run.end.region + 1, 0}
                                    : region_place{run.end.region, run.end.page + taken};
        }
        return run;
    }

    /// Runs that the list takes; `most + 1` if that is more than `most`.
    static constexpr std::size_t count(const ffa::memory_regions& regions, std::size_t most) {
        std::size_t n = 0;
        for (region_place at{}; at.region < regions.size() && n <= most; ++n) at = run_at(regions, at).end;
        return n;
    }

    /// Writes the regions of the run from `start` on to `out`, and gives their number.
    static constexpr std::size_t copy(const ffa::memory_regions& regions, region_place start,
                                      ffa::memory_region (&out)[Regions]) {
        std::uint32_t left = run_at(regions, start).pages;
        std::size_t n = 0;
        for (; left != 0; ++n) {
            const ffa::memory_region whole = regions[start.region];
            const std::uint32_t here = whole.page_count - start.page;
            const std::uint32_t taken = here < left ? here : left;
            out[n] = {whole.address + start.page * ffa::page_size, taken};
            left -= taken;
            start = {start.region + 1, 0};
        }
        return n;
    }
};

} // namespace vmsg::detail
