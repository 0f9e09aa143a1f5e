// SPDX-License-Identifier: BSD-2-Clause
// Memory of so many regions that it travels in fragments, both ways. All else: driver_memory.test.cpp.
#include <vmsg/session/memory_borrower.hpp>
#include <vmsg/session/memory_owner.hpp>
#include <vmsg/sim/profiles.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace vmsg;
using fid = ffa::function_id;

namespace {

constexpr ffa::endpoint_id guest{1};
constexpr ffa::endpoint_id disk{0x8003};
constexpr std::size_t many = 280; // single pages with gaps: 280 regions of 16 bytes do not fit a page
constexpr std::uint64_t base = 0x7'0000'0000;
constexpr std::uint64_t small_base = 0x8'0000'0000;

alignas(4096) std::uint8_t large[2 * many * ffa::page_size]{};

/// A guest that shares memory with a partition.
struct rig {
    using manager_type = sim::spmc<sim::spmc_capacity{.partitions = 2, .shares = 2, .regions = many}>;
    using buffers_type = ffa::rxtx<sim::spmc_conduit>;

    manager_type manager;
    alignas(4096) std::uint8_t pages[4][ffa::page_size]{};
    ffa::memory_region regions[many]{};
    sim::spmc_conduit guest_call;
    sim::spmc_conduit disk_call;
    buffers_type guest_buffers{guest_call, buffers_in(0)};
    buffers_type disk_buffers{disk_call, buffers_in(2)};
    memory_owner<sim::spmc_conduit> owner{guest_buffers, ffa::version::v1_2, {}};
    memory_borrower<sim::spmc_conduit, many> borrower{disk_buffers, ffa::version::v1_2, disk, {}};
    std::size_t steps = 0;

    explicit rig(const sim::profile& rules = sim::profiles::generic)
        : manager(rules), guest_call(added(guest)), disk_call(added(disk)) {
        for (std::size_t i = 0; i < many; ++i) regions[i] = {base + 2 * i * ffa::page_size, 1};
        REQUIRE(manager.add_memory(guest, base, large));
        for (std::size_t i = 0; i < 4; ++i)
            REQUIRE(manager.add_memory(i < 2 ? guest : disk, small_base + i * ffa::page_size, pages[i]));
        REQUIRE(guest_buffers.map());
        REQUIRE(disk_buffers.map());
    }
    sim::spmc_conduit added(ffa::endpoint_id id) {
        REQUIRE(manager.add({.id = id}));
        const auto conduit = manager.conduit_for(id);
        ffa::call_frame frame = ffa::encode(ffa::version_call{ffa::version::v1_2});
        conduit(frame);
        return conduit;
    }
    ffa::rxtx_memory buffers_in(std::size_t first) {
        return {pages[first], pages[first + 1], small_base + first * ffa::page_size,
                small_base + (first + 1) * ffa::page_size};
    }
    /// Until it is over. Between two steps somebody else uses TX.
    template <class Work> errc finish(Work& work) {
        instant now = 0;
        for (;;) {
            ++steps;
            const errc why = work.step(now).error();
            if (why != errc::would_block) return why;
            now = work.due() > now ? work.due() : now;
            std::fill(pages[0], pages[0] + ffa::page_size, std::uint8_t{0xa5});
            std::fill(pages[1], pages[1] + ffa::page_size, std::uint8_t{0xa5});
        }
    }
    errc share() {
        ffa::memory_transaction t;
        t.sender = guest;
        t.attributes = ffa::normal_memory;
        owner.share(ffa::memory_operation::share, t,
                    {.receiver = disk, .permissions = ffa::memory_permissions::read_write}, regions);
        return finish(owner);
    }
    errc reclaim() {
        owner.reclaim(owner.handle());
        return finish(owner);
    }
};

} // namespace

TEST_CASE("memory of many regions is shared in fragments, although others use TX in between") {
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium, &sim::profiles::tfa_el3}) {
        rig r{*p};
        REQUIRE(r.share() == errc::none);
        CHECK(r.steps == 2);
        CHECK(r.manager.calls(guest, fid::mem_frag_tx) == 1);
        ffa::memory_transaction wanted;
        wanted.sender = guest;
        wanted.handle = r.owner.handle();
        r.borrower.retrieve(wanted, ffa::memory_permissions::read_write);
        REQUIRE(r.finish(r.borrower) == errc::none);
        CHECK(r.manager.calls(disk, fid::mem_frag_rx) == 1);
        CHECK(r.borrower.regions() == ffa::memory_regions{r.regions});
        CHECK_FALSE(r.disk_buffers.owns_rx());
        CHECK(r.reclaim() == errc::denied); // the partition has it
        r.borrower.relinquish(wanted.handle);
        REQUIRE(r.finish(r.borrower) == errc::none);
        REQUIRE(r.reclaim() == errc::none);
        CHECK(r.manager.open_shares() == 0);
    }
}

TEST_CASE("a fragment that is refused for now is sent again, with what was in it") {
    rig r;
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse, .on = fid::mem_frag_tx, .times = 2}));
    REQUIRE(r.share() == errc::none);
    CHECK(r.steps == 4);
    CHECK(r.owner.counters().busy == 2);
    CHECK(r.manager.calls(guest, fid::mem_frag_tx) == 3);
    CHECK(r.reclaim() == errc::none);
    CHECK(r.manager.open_shares() == 0);
}

TEST_CASE("a share that ends half-way is ended at the manager, too: by a fragment of no bytes") {
    const std::uint32_t budget = memory_policy{}.calls.busy_attempts;
    rig r;
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse, .on = fid::mem_frag_tx, .times = budget}));
    CHECK(r.share() == errc::busy);
    CHECK(r.manager.calls(guest, fid::mem_frag_tx) == budget + 1);
    CHECK(r.owner.counters().given_up == 1);
    CHECK(r.manager.open_shares() == 0);
    r.steps = 0;
    REQUIRE(r.share() == errc::none); // the next one begins anew
    CHECK(r.steps == 2);
    CHECK(r.reclaim() == errc::none);
}
