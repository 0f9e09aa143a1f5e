// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `memory_provider`: how the user of a device side makes memory accessible that a driver has shared, after the manager
// has given access to it. On a board the page tables, in a test the manager in memory.

#include <concepts>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/result.hpp>

namespace vmsg {

/// Memory of a driver that this endpoint may access now. Valid during the call of `map`.
struct retrieved_memory {
    ffa::endpoint_id owner{};              ///< as the manager has verified it
    ffa::memory_regions regions{};         ///< in the order in which they are to be mapped, without a gap
    std::uint64_t page_count{};            ///< 4 KiB pages of all regions
    ffa::memory_attributes attributes{};   ///< as the manager reports them
    ffa::memory_permissions permissions{}; ///< what this endpoint may do
    bool retention_requested{};            ///< hint of the driver that it will share the memory for long (oasis_v2)
};

/// `map` gives one span over all pages, which stays valid until `unmap` is given exactly that one. Errors: `busy` or
/// `no_memory`, the driver may try again; every other one, it may not. What it gives has at least `page_count` pages;
/// on a processor with 32-bit addresses it refuses what is too large.
template <class P>
concept memory_provider = requires(P& p, const retrieved_memory& memory, byte_span mapped) {
    { p.map(memory) } -> std::same_as<result<byte_span>>;
    { p.unmap(mapped) } -> std::same_as<void>;
};

namespace archetypes {

/// The least that satisfies `memory_provider`: maps nothing.
struct memory_provider {
    constexpr memory_provider() = default;
    memory_provider(const memory_provider&) = delete;
    memory_provider& operator=(const memory_provider&) = delete;
    constexpr result<byte_span> map(const retrieved_memory&) { return errc::not_supported; }
    constexpr void unmap(byte_span) {}
};
static_assert(vmsg::memory_provider<memory_provider>);

} // namespace archetypes

} // namespace vmsg
