// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Memory as the manager in memory knows it: the regions that partitions own, and what they have shared of them.

#include <cstddef>
#include <cstdint>
#include <span>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>

namespace vmsg::sim::detail {

/// Memory of this process that a partition owns, at the address by which it knows it.
struct memory_area {
    ffa::endpoint_id owner{};
    std::uint64_t address{};
    byte_span memory{};
    bool device{}; ///< no normal memory
};

inline constexpr std::size_t max_borrowers = 4; ///< of one share

struct borrower {
    ffa::memory_access access{};
    bool retrieved = false;
    std::uint32_t sent_offset = 0;     ///< bytes of the retrieve response that it has
    std::uint32_t previous_offset = 0; ///< where the last fragment of it began
};

enum class share_state : std::uint8_t {
    empty,
    incomplete, ///< fragments are missing
    sent,
    donated, ///< retrieved: the memory is the receiver's for good
};

/// One memory transaction.
struct share {
    share_state state = share_state::empty;
    ffa::memory_operation operation{};
    ffa::endpoint_id owner{};
    ffa::endpoint_id origin{}; ///< in whose areas the memory is; another than the owner after a donation
    ffa::memory_handle handle{};
    ffa::memory_attributes attributes{};
    ffa::memory_flags flags{};
    std::uint64_t tag = 0;
    std::size_t borrower_count = 0;
    borrower borrowers[max_borrowers]{};
    std::uint32_t page_count = 0;
    std::uint32_t region_count = 0; ///< regions in all
    std::uint32_t have = 0;         ///< regions so far
    std::uint32_t next_offset = 0;  ///< bytes of the descriptor so far
    std::uint32_t total_length = 0; ///< bytes of the whole descriptor
    std::span<ffa::memory_region> regions{}; ///< room for them
};

} // namespace vmsg::sim::detail
