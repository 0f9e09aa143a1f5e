// SPDX-License-Identifier: BSD-2-Clause
// A bus over FF-A that goes on over a FIFO, in one call, through a manager in memory.
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/session/ffa_driver.hpp>
#include <vmsg/session/memory_borrower.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/transport/direct_device.hpp>

#include "session/ffa_world.hpp"
#include "support/check.hpp"
#include "transport/support/served_device.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

using namespace vmsg;
using namespace transport_test;
using namespace ffa_test;

namespace {

constexpr bus_feature with_fifo = all_bits | bus_feature::fifo;
constexpr std::uint16_t driver_notif = 9;
constexpr std::uint16_t device_notif = 11;
alignas(4096) std::uint8_t fifo_pages[2 * 4096];

/// A partition with a device, and rings where it finds them: it answers a frame in the way in which it has come, and
/// uses the FIFO as its bus says.
struct partition : served_device<R, true> {
    using borrower_type = memory_borrower<sim::spmc_conduit, 2>;
    using rings_type = transports::fifo<transports::notification_doorbell<sim::spmc_conduit>>;

    struct wire_type {
        partition& p;
        std::size_t max_msg_size() const { return 104; }
        result<void> send(ffa::endpoint_id to, byte_view frame, instant now) {
            if (p.bus.fifo().stage == fifo_stage::active && !transports::sets_up_bus(frame))
                return p.rings.send(to, frame, now);
            return p.asked ? p.direct.send(to, frame, now) : p.indirect.send(to, frame, now);
        }
        result<inbound> receive(byte_span buffer, instant now) {
            auto got = p.asked ? p.direct.receive(buffer, now) : errc::would_block;
            if (got.error() == errc::would_block) got = p.rings.receive(buffer, now);
            if (got.error() == errc::would_block) got = p.indirect.receive(buffer, now);
            return got;
        }
    };

    manager& spmc;
    ffa::rxtx<sim::spmc_conduit>& buffers;
    transports::direct_device direct{R};
    transports::indirect<sim::spmc_conduit> indirect{buffers, device_id, driver_id,
                                                     transports::indirect_device_options(104)};
    rings_type rings{{.side = transports::fifo_side::device, .peer = driver_id, .notif_id = device_notif},
                     {buffers.call(), device_id, driver_id}};
    wire_type wire{*this};
    std::uint64_t handle = 0; ///< of the rings
    int maps = 0;
    bool can_map = true;
    bool gives_back = true; ///< what it does not use any more
    bool asleep = false;    ///< it looks at nothing when it is run
    bool asked = false;
    bool starts = true;
    bool worked = false;
    instant time = 0;

    partition(manager& m, ffa::rxtx<sim::spmc_conduit>& b, bus_feature features)
        : served_device<R, true>(features, true), spmc(m), buffers(b) {}

    void operator()(ffa::call_frame& frame) {
        asked = direct.enter(frame) == transports::direct_entry::message;
        if (std::exchange(starts, false)) {
            static_cast<void>(buffers.map());
            static_cast<void>(bound_notifications{}.bind(buffers.call(), device_id, driver_id, device_notif));
        }
        if (!asleep) serve();
        direct.leave(frame);
    }
    instant operator()(instant at) {
        time = at;
        worked = false;
        ffa::call_frame run = ffa::encode(ffa::run_call{{device_id, 0}});
        spmc.conduit_for(driver_id)(run);
        return worked ? at : this->bus.poll_timeout();
    }
    /// It starts anew, as after a crash: nothing of what it knew and had is left.
    void restart() {
        spmc.restart(device_id);
        buffers.forget();
        rings.close();
        rings.follow({});
        handle = 0;
        this->bus.abandon();
        direct = transports::direct_device{R};
        starts = true;
    }

private:
    void serve() {
        if (const auto bits = transports::take_notifications(buffers.call(), device_id, driver_id))
            rings.handle_notifications(*bits);
        for (bool moved = true; moved; worked = worked || moved) {
            rings.follow(this->bus.fifo());
            moved = this->work(wire, driver_id, time);
            moved = attend(this->bus.poll_fifo_task()) || moved;
        }
    }
    bool attend(const proto::fifo_task& task) {
        if (task.what == proto::fifo_task::kind::map) {
            ++maps;
            const bool opened = task.notif_id == driver_notif && open_rings(task);
            static_cast<void>(opened ? this->bus.fifo_mapped(device_notif) : this->bus.fifo_refused());
        } else if (task.what == proto::fifo_task::kind::unmap) {
            rings.follow(this->bus.fifo());
            if (gives_back) give_back();
            static_cast<void>(this->bus.fifo_unmapped());
        }
        return task.what != proto::fifo_task::kind::none;
    }
    bool open_rings(const proto::fifo_task& task) {
        borrower_type borrower{buffers, ffa::version::v1_2, device_id, {}};
        ffa::memory_transaction wanted;
        wanted.sender = driver_id;
        wanted.handle = ffa::memory_handle{task.mem_handle};
        wanted.flags = ffa::type_of(ffa::memory_operation::share);
        borrower.retrieve(wanted, ffa::memory_permissions::read_write);
        if (!finish(borrower)) return false;
        handle = task.mem_handle;
        const auto region = borrower.regions()[0];
        const auto bytes = spmc.memory(device_id, region.address, task.page_count * ffa::page_size);
        if (can_map && bytes && rings.open(*bytes)) return true;
        give_back();
        return false;
    }
    void give_back() {
        borrower_type borrower{buffers, ffa::version::v1_2, device_id, {}};
        if (handle == 0) return;
        borrower.relinquish(ffa::memory_handle{std::exchange(handle, 0)});
        static_cast<void>(finish(borrower));
    }
    static bool finish(borrower_type& borrower) {
        auto done = borrower.step(0);
        while (done.error() == errc::would_block) done = borrower.step(borrower.due());
        return done.has_value();
    }
};

struct policy : ffa_policy<R> {
    static constexpr proto::driver_capacity capacity{.devices = 2, .requests = 2, .areas = 2, .kicks = 2, .fifo = true};
};
struct direct_only : policy {
    static constexpr transfer_methods methods = transfer_methods::direct;
};
struct known : direct_only {
    static constexpr bool discovers = false;
};

ffa_driver_options wanting(ffa_fifo_options fifo = {}, methods first = methods::direct) {
    if (fifo.memory.empty()) fifo.memory = fifo_pages;
    fifo.address = manager::address_of(fifo_pages);
    fifo.notif_id = driver_notif;
    return {.first = first, .fifo = fifo};
}

template <class Policy = policy> struct world : ffa_world<Policy, partition> {
    explicit world(const ffa_driver_options& options = wanting(), bus_feature features = with_fifo,
                   props p = sim::all_methods, const sim::profile& rules = sim::profiles::generic)
        : ffa_world<Policy, partition>(options, features, p, rules) {
        REQUIRE(this->spmc.add_memory(driver_id, fifo_pages));
    }
    std::size_t shares() { return this->spmc.open_shares(); }
    bool uses_fifo() { return this->bus.over_fifo() && this->bus.fifo_refused() == fifo_refusal{} && shares() == 1; }
    /// The bus works without a FIFO, of which nothing is left.
    void works_without(fifo_step step, errc why) {
        CHECK_FALSE(this->bus.over_fifo());
        CHECK(this->bus.fifo_refused() == fifo_refusal{step, why});
        CHECK(shares() == 0);
        CHECK(this->peer.handle == 0);
        this->lives();
        CHECK(this->bus.fifo_counters().sent == 0);
    }
};

template <class Policy> void through_the_fifo(world<Policy>& w) {
    REQUIRE(w.bus.open());
    CHECK(w.uses_fifo());
    CHECK(w.bus.session().engine().events() == event_method::fifo);
    w.lives();
    CHECK(w.bus.fifo_counters().sent > 10);
    CHECK(w.bus.fifo_counters().received > 10);
    CHECK(w.bus.fifo_counters().faults == 0);
    REQUIRE(w.bus.close()); // the bus itself is down
    CHECK(w.shares() == 0);
}

} // namespace

TEST_CASE("N10: one call sets up a FIFO, whatever the bus begins with") {
    SUBCASE("direct messages") {
        world w;
        through_the_fifo(w);
        CHECK(w.calls(msg_send_direct_req2) == 5); // VERSION twice, FIFO_CONFIGURE, EVENT_CONFIGURE, RESET
        CHECK(w.calls(msg_send2) == 0);
    }
    SUBCASE("indirect messages") {
        world w{wanting({}, methods::indirect)};
        through_the_fifo(w);
        CHECK(w.peer.indirect.counters().received == 5);
        CHECK(w.calls(msg_send_direct_req2) == 0);
    }
    SUBCASE("a bus that has direct messages only") {
        world<direct_only> w{wanting(), direct_bits | bus_feature::fifo};
        through_the_fifo(w);
    }
}

TEST_CASE("N10, N12: the memory is the driver's again after the bus was closed, and is shared with the next one") {
    world w;
    for (unsigned round = 1; round <= 3; ++round) {
        REQUIRE(w.bus.open());
        CHECK(w.uses_fifo());
        CHECK(w.bus.session().ping(round));
        REQUIRE(w.bus.close());
        CHECK(w.shares() == 0);
        CHECK(w.peer.handle == 0);
        CHECK(w.calls(mem_share_64) == round);
        CHECK(w.calls(mem_reclaim) == round);
        CHECK(w.bus.close().error() == errc::bad_state);
    }
    REQUIRE(w.bus.session().open()); // the engine alone, which has nothing to offer any more
    CHECK_FALSE(w.bus.over_fifo());
    CHECK(w.peer.maps == 3);
    CHECK(w.bus.session().ping(1));
}

TEST_CASE("a user that wants no FIFO has none, and nothing is shared") {
    world w{ffa_driver_options{}};
    REQUIRE(w.bus.open());
    CHECK(w.calls(notification_bind) + w.calls(mem_share_64) == 0);
    w.works_without(fifo_step::none, errc::none);
}

TEST_CASE("N6, N10: what is refused on the way to a FIFO is named, undone, and the bus has the method that it had") {
    SUBCASE("memory of the user") {
        for (const byte_span bad : {byte_span{fifo_pages, 4096}, byte_span{fifo_pages, 4096 + 4000}}) {
            world w{wanting({.memory = bad})};
            REQUIRE(w.bus.open());
            w.works_without(fifo_step::memory, errc::invalid_argument);
        }
    }
    SUBCASE("buffers") {
        auto options = wanting();
        options.peer = {.id = device_id,
                        .self = driver_id,
                        .version = ffa::version::v1_2,
                        .service = device_role_uuid,
                        .properties = sim::all_methods};
        world<known> w{options};
        w.strikes({.kind = sim::fault_kind::refuse, .on = rxtx_map_64, .times = 1, .caller = driver_id});
        REQUIRE(w.bus.open());
        w.works_without(fifo_step::buffers, errc::busy);
    }
    SUBCASE("the notification of this side") {
        world w;
        w.strikes({.kind = sim::fault_kind::refuse,
                   .on = notification_bind,
                   .times = 1,
                   .caller = driver_id,
                   .code = ffa::error::denied});
        REQUIRE(w.bus.open());
        w.works_without(fifo_step::notification, errc::denied);
        world wrong{ffa_driver_options{
            .fifo = {.memory = fifo_pages, .address = manager::address_of(fifo_pages), .notif_id = 64}}};
        REQUIRE(wrong.bus.open());
        wrong.works_without(fifo_step::notification, errc::invalid_argument);
    }
    SUBCASE("that of the partition, which cannot be told") {
        world w{wanting(), with_fifo, props{0x707}};
        REQUIRE(w.bus.open());
        w.works_without(fifo_step::notification, errc::not_supported);
    }
    SUBCASE("sharing") {
        world w;
        w.strikes({.kind = sim::fault_kind::refuse,
                   .on = mem_share_64,
                   .times = 1,
                   .caller = driver_id,
                   .code = ffa::error::denied});
        REQUIRE(w.bus.open());
        w.works_without(fifo_step::share, errc::denied);
    }
    SUBCASE("a peer without a FIFO") {
        world w{wanting(), all_bits};
        REQUIRE(w.bus.open());
        w.works_without(fifo_step::agreement, errc::not_supported);
        CHECK(w.calls(mem_reclaim) == 1);
    }
    SUBCASE("a peer that does not take the memory") {
        world w;
        w.peer.can_map = false;
        REQUIRE(w.bus.open());
        CHECK(w.peer.maps == 1);
        w.works_without(fifo_step::configure, errc::peer_error);
        w.peer.can_map = true; // the next start tries again
        REQUIRE(w.bus.open());
        CHECK(w.uses_fifo());
    }
}

TEST_CASE("N10: a bus that does not come up leaves no memory shared") {
    world w;
    w.strikes({.kind = sim::fault_kind::refuse, .on = msg_send_direct_req2, .times = 9, .code = ffa::error::busy});
    CHECK(w.bus.open().error() == errc::busy);
    CHECK(w.calls(mem_share_64) == 1);
    CHECK(w.shares() == 0);
    REQUIRE(w.bus.open());
    CHECK(w.uses_fifo());
}

TEST_CASE("N10: a bus whose partition is not found any more keeps its FIFO") {
    world w;
    REQUIRE(w.bus.open());
    w.strikes({.kind = sim::fault_kind::refuse, .on = partition_info_get_regs, .times = 1});
    CHECK(w.bus.open().error() == errc::busy);
    REQUIRE(w.uses_fifo());
    CHECK(w.bus.session().ping(1));
    REQUIRE(w.bus.close());
    CHECK(w.shares() == 0);
}

TEST_CASE("N10: memory that endpoint 0 has is held as that of any other one, and given up once") {
    constexpr ffa::endpoint_id owner{1};
    manager spmc{sim::profiles::generic};
    REQUIRE(spmc.add({.id = owner}));
    REQUIRE(spmc.add({.id = ffa::hypervisor_id}));
    alignas(4096) static std::uint8_t pages[2][4096];
    for (auto& page : pages) REQUIRE(spmc.add_memory(owner, page));
    REQUIRE(spmc.add_memory(owner, fifo_pages));
    sim::spmc_conduit call = spmc.conduit_for(owner);
    REQUIRE(ffa::negotiate(call));
    ffa::rxtx<sim::spmc_conduit> buffers{
        call, {pages[0], pages[1], manager::address_of(pages[0]), manager::address_of(pages[1])}};
    const auto nothing_else = [](instant) { return never; };
    virtual_clock<decltype(nothing_else)> clock{nothing_else};
    const bus_peer peer{
        .id = ffa::hypervisor_id, .self = owner, .version = ffa::version::v1_2, .properties = sim::all_methods};
    const ffa_fifo_options wanted = wanting().fifo;
    vmsg::detail::fifo_share<sim::spmc_conduit> share;
    bound_notifications bound;
    CHECK_FALSE(share.held());
    for (int i = 0; i < 2; ++i) CHECK(share.prepare(buffers, clock, bound, peer, wanted) == fifo_refusal{});
    CHECK(share.held());
    CHECK(spmc.open_shares() == 1); // not again
    REQUIRE(share.take_back(buffers, clock, wanted, 1));
    CHECK_FALSE(share.held());
    CHECK(spmc.open_shares() == 0);
}

TEST_CASE("trap 30: a FIFO also comes up by the method that is left when the first one is missing") {
    world w;
    w.strikes({.kind = sim::fault_kind::refuse,
               .on = msg_send_direct_req2,
               .times = sim::for_ever,
               .code = ffa::error::denied});
    REQUIRE(w.bus.open());
    CHECK(w.bus.bootstrap() == methods::indirect);
    CHECK(w.uses_fifo());
    CHECK(w.calls(mem_share_64) == 1);
    w.lives();
}

TEST_CASE("N6: what both sides have agreed on reaches the methods behind a FIFO") {
    world w{wanting(), indirect_bits | bus_feature::fifo};
    REQUIRE(w.bus.open());
    CHECK(w.uses_fifo());
    CHECK(w.bus.bootstrap() == methods::direct);
    CHECK(w.bus.method() == methods::indirect);
}

TEST_CASE("N10, N12: a peer that has started anew is met again over a FIFO that is set up anew") {
    SUBCASE("by the session") {
        world w;
        REQUIRE(w.bus.open());
        const auto epoch = w.bus.session().engine().epoch();
        w.peer.restart();
        CHECK_FALSE(w.bus.session().ping(1));
        REQUIRE(w.bus.session().reopen());
        CHECK(w.bus.session().engine().epoch() != epoch);
        CHECK(w.uses_fifo());
        CHECK(w.peer.maps == 2);
        CHECK(w.calls(mem_share_64) == 1); // the memory stays with the partition
        w.lives();
        REQUIRE(w.bus.close());
        CHECK(w.shares() == 0);
    }
    SUBCASE("which it takes no more") {
        world w;
        REQUIRE(w.bus.open());
        w.peer.restart();
        w.peer.can_map = false;
        REQUIRE(w.bus.session().reopen());
        CHECK_FALSE(w.bus.over_fifo());
        CHECK(w.bus.fifo_refused() == fifo_refusal{fifo_step::configure, errc::peer_error});
        REQUIRE(w.bus.close());
        CHECK(w.shares() == 0);
    }
    SUBCASE("by a bus that is begun anew") {
        world w;
        REQUIRE(w.bus.open());
        w.peer.restart();
        REQUIRE(w.bus.open());
        CHECK(w.uses_fifo());
        w.lives();
        REQUIRE(w.bus.close());
        CHECK(w.shares() == 0);
    }
    SUBCASE("without a restart") {
        world w;
        REQUIRE(w.bus.open());
        REQUIRE(w.bus.open()); // it lets go of the rings before it has them again
        CHECK(w.uses_fifo());
        CHECK(w.peer.maps == 2);
        CHECK(w.peer.rings.counters().faults == 0);
        w.lives();
    }
}

TEST_CASE("N10: memory that a peer does not let go of is waited for, then named, and taken back with a later close") {
    world w{wanting({.memory_calls = {.reclaim_attempts = 4}})};
    REQUIRE(w.bus.open());
    w.peer.gives_back = false;
    const instant began = w.clock.now();
    CHECK(w.bus.close().error() == errc::denied);
    CHECK(w.calls(mem_reclaim) == 4);
    CHECK(w.clock.now() - began >= 3 * seconds);
    CHECK(w.shares() == 1);
    w.peer.restart();
    REQUIRE(w.bus.close());
    CHECK(w.shares() == 0);
}

TEST_CASE("N10: a bus that begins anew with another partition takes the memory back from the first one") {
    constexpr ffa::endpoint_id second{0x8010};
    world w;
    REQUIRE(w.spmc.add({.id = second, .services = {{.protocol = device_role_uuid}}})); // nobody answers
    listing_conduit call{w.driver_call, device_id};
    ffa::rxtx<listing_conduit> buffers{
        call, {w.memory[0], w.memory[1], manager::address_of(w.memory[0]), manager::address_of(w.memory[1])}};
    ffa_driver<decltype(buffers), decltype(w.clock), policy> bus{buffers, w.clock,
                                                                 wanting({.memory_calls = {.reclaim_attempts = 1}})};
    REQUIRE(bus.open());
    CHECK(bus.over_fifo());
    SUBCASE("which lets go of it") {
        call.listed = second;
        CHECK(bus.open().error() == errc::busy);
        CHECK(bus.peer().id == second);
        CHECK(w.peer.handle == 0);
        CHECK(w.calls(mem_share_64) == 2);
        CHECK(w.shares() == 0);
    }
    SUBCASE("which does not: it is shared with nobody else") {
        w.peer.gives_back = false;
        call.listed = second;
        CHECK(bus.open().error() == errc::busy);
        CHECK(bus.fifo_refused() == fifo_refusal{fifo_step::share, errc::denied});
        CHECK(w.calls(mem_share_64) == 1);
        CHECK(w.shares() == 1);
        call.listed = device_id;
        w.peer.restart();
        w.peer.gives_back = true;
        REQUIRE(bus.open()); // with the memory that was shared with it
        CHECK(w.calls(mem_share_64) == 1);
        CHECK(bus.over_fifo());
        REQUIRE(bus.close());
        CHECK(w.shares() == 0);
    }
}

TEST_CASE("N10: a frame that finds a ring full has the patience of a FIFO, not that of the method before") {
    world w{wanting({.geometry = {128, 2}})}; // one entry
    REQUIRE(w.bus.open());
    auto& session = w.bus.session();
    const auto area = session.share(0x77, 1, area_attrs::usual);
    REQUIRE(area);
    auto device = session.at(number);
    REQUIRE(device.negotiate(feature_set{{0x200, 0x103, 0, 0}}));
    const auto at = [&](std::uint64_t offset) { return *make_bus_address<R>(*area, offset); };
    for (const std::uint32_t queue : {0u, 1u})
        REQUIRE(device.setup_queue(queue, proto::queue_setup{64, at(0), at(0x400), at(0x800)}));
    REQUIRE(device.driver_ok());
    w.peer.asleep = true;
    for (const std::uint32_t queue : {0u, 1u}) REQUIRE(device.notify(queue, 0));
    CHECK(session.wait(w.clock.now() + 1 * seconds).kind == proto::driver_event_kind::none);
    CHECK(w.bus.fifo_counters().full > 50);
    w.peer.asleep = false;
    CHECK(session.ping(1));
    CHECK(w.peer.model.kicks[0] == 1);
    CHECK(w.peer.model.kicks[1] == 1);
}

TEST_CASE("N10: notifications are asked for at each look, or only when somebody has") {
    world w;
    REQUIRE(w.bus.open());
    CHECK(w.bus.session().ping(1));
    CHECK(w.calls(notification_get) > 2);

    world<direct_only> told{wanting({.told = transports::arrival::announced})};
    REQUIRE(told.bus.open());
    CHECK(told.bus.session().ping(1)); // found without a word, later
    CHECK(told.calls(notification_get) == 0);
    const instant before = told.clock.now();
    static_cast<void>(told.bus.session().wait(before)); // nothing: the next look is in a while
    REQUIRE(told.peer.bus.detach(number));
    told.peer(before);
    CHECK(told.bus.session().wait(before).kind == proto::driver_event_kind::none);
    REQUIRE(told.bus.take_notifications());
    CHECK(told.bus.session().wait(before).kind == proto::driver_event_kind::device_removed);
}

TEST_CASE("R3: every profile has a FIFO but the one whose manager lacks notifications, which is said in a word") {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        world w{wanting(), with_fifo, sim::all_methods, *rules};
        REQUIRE(w.bus.open());
        if (rules != &sim::profiles::tfa_el3) {
            CHECK(w.uses_fifo());
            w.lives();
            continue;
        }
        CHECK(std::string_view{name_of(w.bus.fifo_refused().step)} == "FFA_NOTIFICATION_BIND");
        w.works_without(fifo_step::notification, errc::not_supported);
    }
    CHECK(std::string_view{name_of(fifo_step::none)}.empty());
    CHECK(std::string_view{name_of(fifo_step::configure)} == "FIFO_CONFIGURE");
}
