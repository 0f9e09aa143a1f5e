// SPDX-License-Identifier: BSD-2-Clause
// What a device side makes of AREA_SHARE: nothing is mapped that is not what the driver has announced.
#include <vmsg/session/device_memory.hpp>

#include <vmsg/proto/any_device.hpp>

#include "session/memory_rig.hpp"

using namespace session_test;
using fid = ffa::function_id;
using task = proto::area_task::kind;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr ffa::memory_region two_pages[]{{guest_base + 4 * page, 2}};

/// A rig in which two pages are shared with FFA_MEM_SHARE, but not announced.
struct shared_rig : memory_rig<v2> {
    ffa::memory_handle handle{};
    explicit shared_rig(const sim::profile& rules = sim::profiles::generic, std::uint64_t tag = 0)
        : memory_rig<v2>(rules, {}, {.reclaim_attempts = 3}) {
        REQUIRE(session.open());
        memory_owner owner{guest_buffers, ffa::version::v1_2, memory_policy{}};
        ffa::memory_transaction t;
        t.sender = guest;
        t.tag = tag;
        t.attributes = ffa::normal_memory;
        owner.share(ffa::memory_operation::share, t,
                    {.receiver = disk, .permissions = ffa::memory_permissions::read_write}, two_pages);
        REQUIRE(owner.step(0));
        handle = owner.handle();
    }
    errc announce(std::uint64_t with, std::uint32_t pages, area_attrs attrs) {
        return session.share(with, pages, attrs).error();
    }
    errc announce(std::uint32_t pages, area_attrs attrs) {
        return announce(static_cast<std::uint64_t>(handle), pages, attrs);
    }
    bool nothing_mapped() {
        return provider.maps == provider.unmaps && far.mapped() == 0 && end.bus.areas().size() == 0 &&
               !manager.memory(disk, two_pages[0].address, page) && !manager.rx_full(disk);
    }
};

} // namespace

TEST_CASE("Device memory: page counts other than those of the manager are refused") {
    for (const std::uint32_t pages : {1u, 3u, 0x10'0000u, 0x10'0002u, 0x8000'0002u, 0xffff'ffffu}) {
        shared_rig r;
        CHECK(r.announce(pages, area_attrs::usual) == errc::peer_error);
        CHECK(r.provider.maps == 0);
        CHECK(r.calls(disk, fid::mem_relinquish) == 1);
        CHECK(r.nothing_mapped());
        CHECK(r.announce(2, area_attrs::usual) == errc::none); // the right one is taken after that
    }
}

TEST_CASE("Device memory: attributes other than those of the manager are refused") {
    const area_attrs usual = area_attrs::usual;
    const auto without = [](area_attrs from, area_attrs bits) {
        return static_cast<area_attrs>(static_cast<std::uint32_t>(from) & ~static_cast<std::uint32_t>(bits));
    };
    const area_attrs others[]{
        without(usual, area_attrs::inner_shareable) | area_attrs::outer_shareable,
        usual | area_attrs::lend, // another type
    };
    for (const area_attrs attrs : others) {
        shared_rig r;
        CHECK(r.announce(2, attrs) == errc::peer_error);
        CHECK(r.provider.maps == 0);
        CHECK(r.nothing_mapped());
    }
    const proto::area_task announced{.page_count = 2, .attrs = usual};
    retrieved_memory got{.page_count = 2,
                         .attributes = ffa::normal_memory | ffa::memory_attributes::non_secure,
                         .permissions = ffa::memory_permissions::read_write};
    const auto share = ffa::memory_flags::type_share;
    CX_CHECK(memory_attributes_of(area_attrs::usual) == ffa::normal_memory);
    CHECK(detail::as_announced(announced, got, share));
    CHECK_FALSE(detail::as_announced(announced, got, ffa::memory_flags::type_lend));
    CHECK_FALSE(detail::as_announced({.page_count = 2, .attrs = without(usual, area_attrs::non_secure)}, got, share));
    CHECK_FALSE(detail::as_announced({.page_count = 2, .attrs = without(usual, area_attrs::writeable)}, got, share));
    CHECK_FALSE(detail::as_announced(
        {.page_count = 2, .attrs = without(usual, area_attrs::write_back) | area_attrs::non_cacheable}, got, share));
    CHECK(detail::as_announced({.page_count = 2, .attrs = area_attrs::share}, got, share)); // an older revision
    got.permissions = ffa::memory_permissions::read_only;
    CHECK_FALSE(detail::as_announced(announced, got, share));
    got.page_count = (std::uint64_t{1} << 32) + 2;
    got.permissions = ffa::memory_permissions::read_write;
    CHECK_FALSE(detail::as_announced(announced, got, share));
}

TEST_CASE("Device memory: a handle that is not the driver's is refused") {
    shared_rig r;
    SUBCASE("of nobody") { CHECK(r.announce(0x1234'5678, 2, area_attrs::usual) == errc::peer_error); }
    SUBCASE("of another tag") {
        shared_rig tagged{sim::profiles::generic, 5};
        CHECK(tagged.announce(2, area_attrs::usual) == errc::peer_error);
        CHECK(tagged.nothing_mapped());
    }
    SUBCASE("of another endpoint") {
        // What comes from endpoint 2 may not name the memory of endpoint 1.
        proto::device_areas<v2, 4> areas;
        REQUIRE(areas.offer({.area_id = 1,
                             .mem_handle = static_cast<std::uint64_t>(r.handle),
                             .page_count = 2,
                             .sharing_attrs = area_attrs::usual},
                            9) == bus_result::success);
        struct {
            proto::device_areas<v2, 4>& all;
            auto poll_task() { return all.poll_task(); }
            auto& areas() { return all; }
        } bus{areas};
        for (int i = 0; i < 10; ++i) static_cast<void>(r.far.step(bus, ffa::endpoint_id{2}, r.clock.now()));
        const proto::area_notice answer = areas.poll_response();
        CHECK(answer.what == proto::area_notice::kind::share_response);
        CHECK(answer.result == bus_result::error);
        CHECK(areas.size() == 0);
    }
    CHECK(r.provider.maps == 0);
    CHECK(r.nothing_mapped());
}

TEST_CASE("Device memory: the hint that memory stays for long reaches the provider") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    REQUIRE(r.both.share(two_pages, area_attrs::usual));
    CHECK_FALSE(r.provider.retention);
    const ffa::memory_region third[]{{guest_base + 8 * page, 1}};
    REQUIRE(r.both.share(third, area_attrs::usual | area_attrs::driver_retention_requested));
    CHECK(r.provider.retention);
}

TEST_CASE("Device memory: BUSY of the manager is BUSY for the driver, after a bounded number of attempts") {
    shared_rig r;
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse, .on = fid::mem_retrieve_req, .times = 2}));
    CHECK(r.announce(2, area_attrs::usual) == errc::none); // twice: two retries
    CHECK(r.calls(disk, fid::mem_retrieve_req) == 3);
    CHECK(r.far.counters().busy == 2);
    shared_rig s;
    REQUIRE(
        s.manager.add_fault({.kind = sim::fault_kind::refuse, .on = fid::mem_retrieve_req, .times = sim::for_ever}));
    CHECK(s.announce(2, area_attrs::usual) == errc::busy);
    CHECK(s.calls(disk, fid::mem_retrieve_req) == 20);
    CHECK(s.far.counters().given_up == 1);
    CHECK(s.nothing_mapped());
}

TEST_CASE("Device memory: RX that is full, or is not taken back at once, does not lose it") {
    shared_rig r;
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::rx_full, .on = fid::mem_retrieve_req, .times = 2}));
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse,
                                 .on = fid::rx_release,
                                 .times = 3,
                                 .caller = disk,
                                 .code = ffa::error::denied}));
    CHECK(r.announce(2, area_attrs::usual) == errc::none);
    CHECK(r.manager.faults_left() == 0);
    CHECK(r.provider.maps == 1);
    CHECK_FALSE(r.manager.rx_full(disk));
    CHECK_FALSE(r.disk_buffers.owns_rx());
}

TEST_CASE("Device memory: RX that is not taken back in time is given back with what comes next") {
    shared_rig r;
    REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse,
                                 .on = fid::rx_release,
                                 .times = 25,
                                 .caller = disk,
                                 .code = ffa::error::denied}));
    CHECK(r.announce(2, area_attrs::usual) == errc::busy); // after 20 attempts, and one with the relinquishment
    CHECK(r.calls(disk, fid::mem_relinquish) == 1);
    CHECK(r.calls(disk, fid::rx_release) == 21);
    CHECK(r.announce(2, area_attrs::usual) == errc::none);
    CHECK(r.manager.faults_left() == 0);
    CHECK(r.provider.maps == 1);
    CHECK_FALSE(r.manager.rx_full(disk));
    CHECK_FALSE(r.disk_buffers.owns_rx());
}

TEST_CASE("Device memory: memory in too many parts is given back") {
    memory_rig<v2, driver_memory_capacity{.shares = 2, .regions = 8}> r;
    REQUIRE(r.session.open());
    ffa::memory_region parts[8];
    for (std::size_t i = 0; i < 8; ++i) parts[i] = {r.page_at(2 + 2 * i), 1};
    CHECK(r.both.share(parts, area_attrs::usual).error() ==
          errc::peer_error); // the provider of the rig wants one piece
    CHECK(r.calls(disk, fid::mem_relinquish) == 1);
    CHECK(r.nothing_left());
    device_memory<counting_conduit, sim_provider<decltype(r.manager)>, 4> small{r.disk_buffers, r.provider,
                                                                                ffa::version::v1_2, disk};
    REQUIRE(r.near.share(parts, area_attrs::usual));
    r.serves_memory = false;
    for (int i = 0; i < 200; ++i) {
        static_cast<void>(r.near.step(r.session.engine(), r.clock.now()));
        static_cast<void>(small.step(r.end.bus, guest, r.clock.now()));
        r.session.turn(r.clock.now() + milliseconds);
    }
    CHECK(r.near.poll_event().error == errc::peer_error);
    CHECK(small.mapped() == 0);
    CHECK(r.calls(disk, fid::mem_relinquish) == 2);
    CHECK(r.nothing_left());
}

TEST_CASE("Device memory: what cannot be relinquished is counted, and reclaimed when it can be") {
    SUBCASE("for now") {
        memory_rig<v2> r{sim::profiles::generic, {}, {.reclaim_attempts = 3}};
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse, .on = fid::mem_relinquish, .times = 25}));
        CHECK(r.both.unshare(*memory));
        CHECK(r.calls(disk, fid::mem_relinquish) == 26);
        CHECK(r.far.counters().unreturned == 0);
        CHECK(r.nothing_left());
    }
    SUBCASE("ever") {
        memory_rig<v2> r{sim::profiles::generic, {}, {.reclaim_attempts = 3}};
        REQUIRE(r.session.open());
        const auto memory = r.both.share(two_pages, area_attrs::usual);
        REQUIRE(memory);
        REQUIRE(r.manager.add_fault({.kind = sim::fault_kind::refuse,
                                     .on = fid::mem_relinquish,
                                     .times = sim::for_ever,
                                     .code = ffa::error::invalid_parameters}));
        CHECK(r.both.unshare(*memory).error() == errc::denied); // the manager has not given it back
        CHECK(r.far.counters().unreturned == 1);
        CHECK(r.near.counters().denied == 3);
        CHECK(r.near.in_use() == 1); // the driver does not use it again
    }
}

TEST_CASE("Device memory: the areas of all drivers of one bus") {
    memory_rig<v2> r;
    proto::any_device_bus<2, proto::device_capacity{.devices = 1, .areas = 2}> bus;
    struct {
        decltype(r)& rig;
        decltype(bus)& all;
        instant operator()(instant now) {
            bool moved = false;
            std::uint8_t buffer[104]{};
            while (const auto in = rig.end.end.receive(buffer, now)) {
                moved = true;
                static_cast<void>(all.handle_frame(guest, {buffer, in->size}, now));
            }
            while (rig.far.step(all, now)) moved = true;
            for (auto out = all.poll_transmit(now); out; out = all.poll_transmit(now)) {
                moved = true;
                all.handle_sent(rig.end.end.send({}, out->frame, now), now);
            }
            return moved ? now : rig.far.due();
        }
    } peer{r, bus};
    virtual_clock clock{peer};
    driver_session<decltype(r.end.driver_end), decltype(clock), policy<v2>> session{r.end.driver_end, clock};
    session_memory both{session, r.near};
    REQUIRE(session.open());
    const auto memory = both.share(two_pages, area_attrs::usual);
    REQUIRE(memory);
    CHECK(r.provider.maps == 1);
    CHECK(both.unshare(*memory));
    CHECK(r.provider.unmaps == 1);
    CHECK(r.manager.open_shares() == 0);
}
