// SPDX-License-Identifier: BSD-2-Clause
// Memory on its way from a driver to a device side and back, through the manager in memory.
#include <vmsg/session/driver_memory.hpp>

#include "session/memory_rig.hpp"

using namespace session_test;
using fid = ffa::function_id;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr sim::fault refusals(fid on, ffa::error code, std::uint32_t times, ffa::endpoint_id caller = guest) {
    return {.kind = sim::fault_kind::refuse, .on = on, .times = times, .caller = caller, .code = code};
}
constexpr ffa::memory_region two_pages[]{{guest_base + 4 * page, 2}};

/// Shared, used by both, given back.
template <revision R> void check_whole_life() {
    memory_rig<R> r;
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, r.attributes());
    REQUIRE(memory);
    const auto at = r.near.address(*memory, 4096 + 16, 8);
    REQUIRE(at);
    const auto there = r.end.bus.areas().resolve(*at, 8);
    REQUIRE(there);
    (*there)[0] = 0x5a;
    CHECK(r.guest_memory[5 * 4096 + 16] == 0x5a);
    CHECK(r.near.address(*memory, 2 * 4096 - 4, 8).error() == errc::bad_value);
    CHECK(r.near.address(*memory, 2 * 4096, 1).error() == errc::bad_value);
    CHECK(r.provider.pages == 2);
    CHECK_FALSE(r.nothing_left());
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.nothing_left());
    CHECK(r.calls(disk, fid::mem_retrieve_req) == 1);
    CHECK(r.calls(disk, fid::mem_relinquish) == 1);
    CHECK(r.calls(guest, fid::mem_reclaim) == 1); // not before the area was released: none was denied
    CHECK(r.near.counters().denied == 0);
}

} // namespace

TEST_CASE("Driver memory: shared, used by both sides, and reclaimed after it was relinquished") {
    check_whole_life<revision::rfc2025>();
    check_whole_life<revision::oasis_v1>();
    check_whole_life<revision::oasis_v2>();
}

TEST_CASE("Driver memory: every profile of a manager that shares memory does it") {
    for (const sim::profile* p : sim::profiles::all) {
        if (!p->normal_world.has(fid::mem_share)) continue;
        CAPTURE(p->name);
        memory_rig<v2> r{*p};
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        CHECK(r.both.unshare(*memory));
        CHECK(r.nothing_left());
    }
}

TEST_CASE("Driver memory: BUSY twice costs two retries and nothing else") {
    memory_rig<v2> r;
    REQUIRE(r.manager.add_fault(refusals(fid::mem_share, ffa::error::busy, 2)));
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    CHECK(r.calls(guest, fid::mem_share) == 3);
    CHECK(r.near.counters().calls == 3);
    CHECK(r.near.counters().busy == 2);
    CHECK(r.clock.now() >= 60 * milliseconds); // 20 ms, then 40 ms
    CHECK(r.clock.now() < 200 * milliseconds);
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.nothing_left());
}

TEST_CASE("Driver memory: BUSY for ever costs 20 attempts and a clear error, for each call") {
    const struct {
        ffa::error code;
        errc seen;
    } errors[]{{ffa::error::busy, errc::busy},
               {ffa::error::no_memory, errc::no_memory},
               {ffa::error::retry, errc::retry},
               {ffa::error::interrupted, errc::timed_out}};
    for (const auto& e : errors) {
        memory_rig<v2> r;
        REQUIRE(r.manager.add_fault(refusals(fid::mem_share, e.code, sim::for_ever)));
        REQUIRE(r.session.open());
        CHECK(r.both.share(two_pages, area_attrs::usual).error() == e.seen);
        CHECK(r.calls(guest, fid::mem_share) == 20);
        CHECK(r.near.counters().calls == 20);
        CHECK(r.near.counters().given_up == 1);
        CHECK(r.clock.now() >= (20 + 40 + 80 + 16 * 100) * milliseconds);
        CHECK(r.nothing_left());
    }
}

TEST_CASE("Driver memory: an error that stays is not tried again") {
    for (const ffa::error code :
         {ffa::error::denied, ffa::error::invalid_parameters, ffa::error::not_supported, ffa::error::aborted}) {
        memory_rig<v2> r;
        REQUIRE(r.manager.add_fault(refusals(fid::mem_share, code, sim::for_ever)));
        REQUIRE(r.session.open());
        CHECK(r.both.share(two_pages, area_attrs::usual).error() == ffa::errc_of(code));
        CHECK(r.calls(guest, fid::mem_share) == 1);
        CHECK(r.nothing_left());
    }
}

TEST_CASE("Driver memory: operations that the manager pauses are resumed") {
    memory_rig<v2> r;
    for (const fid on : {fid::mem_share, fid::mem_reclaim, fid::mem_retrieve_req, fid::mem_relinquish})
        REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::pause, .on = on, .times = 3}));
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.manager.faults_left() == 0);
    CHECK(r.calls(guest, fid::mem_op_resume) == 6);
    CHECK(r.calls(disk, fid::mem_op_resume) == 6);
    CHECK(r.nothing_left());
}

TEST_CASE("Driver memory: what the device side refuses is reclaimed") { // a peer of 2025 left it shared
    for (const errc why : {errc::denied, errc::no_memory, errc::busy}) {
        memory_rig<v2> r;
        r.provider.refusal = why;
        REQUIRE(r.session.open());
        const errc seen = r.both.share(two_pages, area_attrs::usual).error();
        CHECK(seen == (why == errc::denied ? errc::peer_error : errc::busy));
        CHECK(r.calls(guest, fid::mem_reclaim) == 1);
        CHECK(r.nothing_left());
    }
}

TEST_CASE("Driver memory: without a bus nothing stays shared") {
    memory_rig<v2> r;
    CHECK(r.both.share(two_pages, area_attrs::usual).error() == errc::bad_state);
    CHECK(r.calls(guest, fid::mem_share) == 1);
    CHECK(r.nothing_left());
}

TEST_CASE("Driver memory: DENIED is waited for, a second at a time, and reported when it does not end") {
    const memory_policy patient{.reclaim_attempts = 5};
    SUBCASE("the manager gives it back in the end") {
        memory_rig<v2> r{sim::profiles::generic, {}, patient};
        REQUIRE(r.manager.add_fault(refusals(fid::mem_reclaim, ffa::error::denied, 4)));
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        const instant start = r.clock.now();
        CHECK(r.both.unshare(*memory));
        CHECK(r.clock.now() - start >= 4 * seconds);
        CHECK(r.calls(guest, fid::mem_reclaim) == 5);
        CHECK(r.near.counters().denied == 4);
        CHECK(r.nothing_left());
    }
    SUBCASE("it does not") {
        memory_rig<v2> r{sim::profiles::generic, {}, patient};
        REQUIRE(r.manager.add_fault(refusals(fid::mem_reclaim, ffa::error::denied, sim::for_ever)));
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        CHECK(r.both.unshare(*memory).error() == errc::denied);
        CHECK(r.calls(guest, fid::mem_reclaim) == 5);
        CHECK(r.near.counters().unreturned == 1);
        CHECK(r.near.in_use() == 1);
        CHECK(r.near.due() == never);
        r.manager.clear_faults();
        REQUIRE(r.near.retry(*memory));
        CHECK(r.both.finish(*memory));
        CHECK(r.nothing_left());
        CHECK_FALSE(r.near.retry(*memory));
    }
    SUBCASE("the manager knows nothing of it") {
        memory_rig<v2> r{sim::profiles::generic, {}, patient};
        REQUIRE(r.manager.add_fault(refusals(fid::mem_reclaim, ffa::error::invalid_parameters, sim::for_ever)));
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        CHECK(r.both.unshare(*memory).error() == errc::invalid_argument);
        CHECK(r.calls(guest, fid::mem_reclaim) == 1);
        REQUIRE(r.near.forget(*memory));
        CHECK(r.near.in_use() == 0);
        CHECK(r.near.poll_event().what == memory_event::kind::returned);
        CHECK_FALSE(r.near.forget(*memory));
    }
}

TEST_CASE("Driver memory: memory that a queue uses is released later") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    const std::uint16_t area = area_of<v2>(*r.near.address(*memory, 0, 1));
    REQUIRE(r.end.bus.areas().pin(area));
    REQUIRE(r.near.unshare(*memory));
    r.run(3 * seconds);
    CHECK(r.near.poll_event().what == memory_event::kind::none);
    CHECK(r.calls(guest, fid::mem_reclaim) == 0); // never before it was released
    r.end.bus.areas().unpin(area);
    r.run(3 * seconds);
    CHECK(r.near.poll_event().what == memory_event::kind::returned);
    CHECK(r.calls(guest, fid::mem_reclaim) == 1);
    CHECK(r.near.counters().denied == 0);
    CHECK(r.nothing_left());
}

TEST_CASE("Driver memory: a large region is split as Xen wants it") {
    memory_rig<v2, driver_memory_capacity{.shares = 32, .regions = 1, .pages = 128}> r{sim::profiles::xen};
    REQUIRE(r.session.open());
    const ffa::memory_region large[]{{guest_base + 2 * page, 150}};
    const auto memory = r.both.share(large, area_attrs::usual);
    REQUIRE(memory);
    CHECK(r.calls(guest, fid::mem_share) == 2);
    CHECK(r.manager.open_shares() == 2);
    CHECK(r.near.area_pages(*memory, 0) == 128);
    CHECK(r.near.area_pages(*memory, 128 * page) == 22);
    CHECK(r.near.area_pages(*memory, 150 * page) == 0);
    const auto first = r.near.address(*memory, 128 * page - 8, 8);
    const auto second = r.near.address(*memory, 128 * page, 8);
    REQUIRE((first && second));
    CHECK(area_of<v2>(*first) != area_of<v2>(*second));
    CHECK(offset_of<v2>(*second) == 0);
    CHECK(r.near.address(*memory, 128 * page - 8, 16).error() == errc::bad_value); // in two areas
    (*r.end.bus.areas().resolve(*second, 8))[0] = 0x77;
    CHECK(r.guest_memory[130 * 4096] == 0x77);
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.nothing_left());
    // The same without a limit is refused by this manager.
    memory_rig<v2> whole{sim::profiles::xen};
    REQUIRE(whole.session.open());
    CHECK(whole.both.share(large, area_attrs::usual).error() == errc::no_memory);
    CHECK(whole.nothing_left());
}

TEST_CASE("Driver memory: if one part cannot be shared, all of it comes back") {
    for (const std::uint32_t after : {0u, 1u, 2u, 3u}) {
        memory_rig<v2, driver_memory_capacity{.shares = 4, .regions = 1, .pages = 1}> r;
        REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse,
                                     .on = fid::mem_share,
                                     .times = sim::for_ever,
                                     .after = after,
                                     .code = ffa::error::denied}));
        REQUIRE(r.session.open());
        const ffa::memory_region regions[]{{guest_base + 2 * page, 3}, {guest_base + 8 * page, 1}};
        CHECK(r.both.share(regions, area_attrs::usual).error() == errc::denied);
        CHECK(r.nothing_left());
    }
}

TEST_CASE("Driver memory: regions are counted and cut in 64 bits") {
    memory_rig<v2, driver_memory_capacity{.shares = 4, .regions = 2}> r;
    const ffa::memory_region huge[]{{0, 0xffff'ffff}, {std::uint64_t{1} << 45, 0xffff'ffff}};
    const auto memory = r.near.share(huge, area_attrs::usual);
    REQUIRE(memory);
    CHECK(r.near.area_pages(*memory, 0) == 0xffff'ffff);
    CHECK(r.near.area_pages(*memory, 0xffff'ffffull * page) == 0xffff'ffff);
    CHECK(r.near.area_pages(*memory, 2 * 0xffff'ffffull * page) == 0);
    CHECK(r.near.in_use() == 2);
    const ffa::memory_region more[]{
        {0, 0xffff'ffff}, {std::uint64_t{1} << 45, 0xffff'ffff}, {std::uint64_t{1} << 46, 1}};
    CHECK(r.near.share(more, area_attrs::usual).error() == errc::full);
    CHECK(r.near.share({}, area_attrs::usual).error() == errc::invalid_argument);
    const ffa::memory_region wraps[]{{~std::uint64_t{0} - 4095, 1}};
    CHECK(r.near.share(wraps, area_attrs::usual).error() == errc::invalid_argument);
    CHECK(r.near.share(two_pages, area_attrs::usual | area_attrs::donate).error() == errc::invalid_argument);
    CHECK(r.near.unshare(3).error() == errc::invalid_argument);
}

TEST_CASE("Driver memory: lent memory is out of reach for its owner until it comes back") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual | area_attrs::lend);
    REQUIRE(memory);
    CHECK(r.calls(guest, fid::mem_lend) == 1);
    CHECK_FALSE(r.manager.memory(guest, two_pages[0].address, page));
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.manager.memory(guest, two_pages[0].address, page));
    CHECK(r.nothing_left());
}

TEST_CASE("Driver memory: a device side that is gone for good does not keep the memory") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    r.end.serves = r.serves_memory = false;
    r.near.abandon();
    r.run(3 * seconds);
    CHECK(r.near.counters().denied >= 2); // it has access as far as the manager knows
    CHECK(r.near.poll_event().what == memory_event::kind::none);
    r.manager.restart(disk);
    r.run(3 * seconds);
    const memory_event e = r.near.poll_event();
    CHECK(e.what == memory_event::kind::returned);
    CHECK(e.error == errc::aborted);
    CHECK(r.manager.open_shares() == 0);
    CHECK(r.near.in_use() == 0);
}

TEST_CASE("Driver memory: a device side that starts anew lets go, and the memory comes back") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    const auto memory = r.both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    REQUIRE(r.session.reopen());
    r.near.look_again(r.session.engine()); // `reopen` has thrown the event away
    CHECK(r.both.finish(*memory));
    CHECK(r.nothing_left());
    CHECK(r.both.share(two_pages, area_attrs::usual));
}
