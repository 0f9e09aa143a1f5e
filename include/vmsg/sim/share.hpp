// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Memory as the manager in memory knows it: the regions that partitions own, and what they have shared of them.

#include <cstddef>
#include <cstdint>
#include <span>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/ffa/version.hpp>

namespace vmsg::sim::detail {

/// Memory of this process that a partition owns, at the address by which it knows it.
struct memory_area {
    ffa::endpoint_id owner{};
    std::uint64_t address{};
    byte_span memory{};
    bool device{}; ///< no normal memory
};

inline constexpr std::size_t max_borrowers = 4; ///< of one share

/// What has become of `share::given` with the same index.
struct borrower {
    bool retrieved = false;
    bool complete = false;         ///< it has all of the descriptor
    bool clear_after = false;      ///< the memory is to be zeroed when it is relinquished
    std::uint32_t have = 0;        ///< bytes of the descriptor that it has
    std::uint32_t last_length = 0; ///< bytes of the fragment that it had last
    ffa::version version{};        ///< in whose form it gets the descriptor
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
    ffa::memory_transaction sent{};
    ffa::memory_access given[max_borrowers]{};
    borrower borrowers[max_borrowers]{};
    std::size_t borrower_count = 0;
    bool orphan = false; ///< its owner has started anew: reclaimed as soon as nobody has it
    std::uint32_t page_count = 0;
    std::uint32_t region_count = 0; ///< regions in all
    std::uint32_t have = 0;         ///< regions so far
    std::uint32_t received = 0;     ///< bytes of the descriptor so far
    ffa::memory_tally tally{};
    std::span<ffa::memory_region> regions{}; ///< room for them

    constexpr ffa::sent_memory as_sent() const {
        return {operation, sent, ffa::memory_accesses{given, borrower_count}};
    }
};

} // namespace vmsg::sim::detail
