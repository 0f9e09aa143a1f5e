// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/dma_pool.hpp>

#include "support/check.hpp"

#include <array>
#include <optional>
#include <random>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr std::uint64_t base = 0x0001'0000'0000'0040;

/// Eight blocks of 64 bytes, and some bytes too few for a ninth.
struct pool {
    std::array<std::uint8_t, 8 * 64 + 63> bytes{};
    dma_pool<16> blocks{bus_address{base}, bytes, 64};
    constexpr std::size_t offset(const dma_buffer& b) const {
        return static_cast<std::size_t>(static_cast<std::uint64_t>(b.address) - base);
    }
};

constexpr bool allocations_are_where_they_say() {
    pool p;
    if (p.blocks.blocks() != 8 || p.blocks.granule() != 64) return false;
    const auto a = p.blocks.allocate(1);
    const auto b = p.blocks.allocate(65);
    const auto c = p.blocks.allocate(64);
    if (!a || !b || !c || p.offset(*a) != 0 || p.offset(*b) != 64 || p.offset(*c) != 192) return false;
    return a->memory.size() == 1 && b->memory.size() == 65 && b->memory.data() == p.bytes.data() + 64 &&
           p.blocks.in_use() == 4 && p.blocks.high_water() == 4;
}

constexpr bool first_fit_fills_holes() {
    pool p;
    std::array<dma_buffer, 4> two{};
    for (dma_buffer& b : two) b = *p.blocks.allocate(128);
    if (p.blocks.allocate(1).error() != errc::full) return false;
    if (!p.blocks.free(two[1].address) || !p.blocks.free(two[3].address)) return false;
    if (p.blocks.allocate(129).error() != errc::full) return false; // room enough, but not in one piece
    const auto one = p.blocks.allocate(64);
    const auto other = p.blocks.allocate(128);
    return one && other && p.offset(*one) == 128 && p.offset(*other) == 384 && p.blocks.high_water() == 8;
}

constexpr bool alignment_is_that_of_the_bus_address() {
    pool p; // starts at 64, so a multiple of 128 is in an odd block
    const auto a = p.blocks.allocate(64, 128);
    const auto b = p.blocks.allocate(128, 256);
    const auto c = p.blocks.allocate(192, 64);
    return a && b && p.offset(*a) == 64 && p.offset(*b) == 192 && c && p.offset(*c) == 320 &&
           p.blocks.allocate(64, 4096).error() == errc::full;
}

constexpr bool a_run_starts_at_an_aligned_block_only() {
    pool p;
    // Blocks 0 and 2 are taken; a run of two with alignment 128 must start in an odd one: block 3, not block 1.
    const auto a = p.blocks.allocate(1);
    const auto b = p.blocks.allocate(1);
    const auto c = p.blocks.allocate(1);
    if (!a || !b || !c || !p.blocks.free(b->address)) return false;
    const auto run = p.blocks.allocate(128, 128);
    return run && p.offset(*run) == 192;
}

constexpr bool wrong_frees_are_errors() {
    pool p;
    const auto a = p.blocks.allocate(128);
    const auto b = p.blocks.allocate(64);
    if (!a || !b) return false;
    const auto free = [](pool& q, std::uint64_t offset) { return q.blocks.free(bus_address{base + offset}).error(); };
    const bool foreign = free(p, 0 - std::uint64_t{1}) == errc::invalid_argument &&
                         free(p, 0 - base) == errc::invalid_argument && free(p, 512) == errc::invalid_argument &&
                         free(p, 1) == errc::invalid_argument && free(p, 64) == errc::invalid_argument;
    const bool never = free(p, 192) == errc::bad_state;
    if (!foreign || !never || p.blocks.in_use() != 3) return false;
    if (free(p, 0) != errc::none || free(p, 0) != errc::bad_state || p.blocks.in_use() != 1) return false;
    return free(p, 128) == errc::none && free(p, 128) == errc::bad_state && p.blocks.in_use() == 0 &&
           p.blocks.high_water() == 3;
}

constexpr errc allocation_outcome(std::size_t size, std::size_t alignment = 1) {
    pool p;
    return p.blocks.allocate(size, alignment).error();
}

constexpr bool more_memory_than_blocks() {
    std::array<std::uint8_t, 4096> bytes{};
    dma_pool<2> small{bus_address{base}, bytes, 64};
    return small.blocks() == 2 && small.allocate(129).error() == errc::full && small.allocate(128).has_value();
}

constexpr bool an_empty_pool_gives_nothing() {
    dma_pool<4> none;
    return none.blocks() == 0 && none.allocate(1).error() == errc::full &&
           none.free(bus_address{0}).error() == errc::invalid_argument;
}

} // namespace

TEST_CASE("allocations are runs of blocks, by both names") { CX_CHECK(allocations_are_where_they_say()); }
TEST_CASE("the first fit is taken") { CX_CHECK(first_fit_fills_holes()); }
TEST_CASE("alignment is that of the bus address") {
    CX_CHECK(alignment_is_that_of_the_bus_address());
    CX_CHECK(a_run_starts_at_an_aligned_block_only());
}
TEST_CASE("double and foreign frees are errors and change nothing") { CX_CHECK(wrong_frees_are_errors()); }

TEST_CASE("impossible allocations") {
    CX_CHECK(allocation_outcome(0) == errc::invalid_argument);
    CX_CHECK(allocation_outcome(1, 0) == errc::invalid_argument);
    CX_CHECK(allocation_outcome(1, 3) == errc::invalid_argument);
    CX_CHECK(allocation_outcome(512) == errc::none);
    CX_CHECK(allocation_outcome(513) == errc::full);
    CX_CHECK(allocation_outcome(0xffff'ffff'ffff'ffff) == errc::full);
}

TEST_CASE("a pool uses no more blocks than it can count") { CX_CHECK(more_memory_than_blocks()); }
TEST_CASE("a pool without memory") { CX_CHECK(an_empty_pool_gives_nothing()); }

TEST_CASE("random allocations never overlap and are all given back") {
    constexpr std::size_t granule = 32;
    constexpr std::size_t blocks = 67;
    std::array<std::uint8_t, granule * blocks> bytes{};
    for (unsigned seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        dma_pool<blocks> pool{bus_address{base}, bytes, granule};
        std::array<int, blocks> owner{}; // 0: free
        std::array<std::optional<dma_buffer>, 64> live{};
        std::size_t in_use = 0;
        for (int step = 0; step < 3000; ++step) {
            const std::size_t i = random() % live.size();
            if (live[i]) {
                REQUIRE(pool.free(live[i]->address));
                for (int& o : owner)
                    if (o == static_cast<int>(i) + 1) o = 0, --in_use;
                live[i].reset();
            } else {
                const std::size_t size = 1 + random() % 200;
                const std::size_t alignment = std::size_t{1} << random() % 8;
                const auto got = pool.allocate(size, alignment);
                const std::size_t needed = (size + granule - 1) / granule;
                // The model looks for a place in the slowest way.
                std::optional<std::size_t> place;
                for (std::size_t first = 0; first + needed <= blocks && !place; ++first) {
                    bool fits = (base + first * granule) % alignment == 0;
                    for (std::size_t k = 0; k < needed; ++k) fits = fits && owner[first + k] == 0;
                    if (fits) place = first;
                }
                REQUIRE(got.has_value() == place.has_value());
                if (!got) continue;
                REQUIRE(static_cast<std::uint64_t>(got->address) == base + *place * granule);
                REQUIRE(got->memory.data() == bytes.data() + *place * granule);
                REQUIRE(got->memory.size() == size);
                for (std::size_t k = 0; k < needed; ++k) owner[*place + k] = static_cast<int>(i) + 1, ++in_use;
                live[i] = *got;
            }
            REQUIRE(pool.in_use() == in_use);
        }
    }
}
