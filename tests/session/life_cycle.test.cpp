// SPDX-License-Identifier: BSD-2-Clause
// The end of everything in every order: two devices with requests in flight, their memory, a request, the bus, and a
// device side that may vanish at any point. What is left at the end is a leak.
#include <vmsg/session/bus_members.hpp>

#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "session/memory_rig.hpp"

using namespace session_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr std::size_t pool_pages = 8;
constexpr std::size_t granule = 512;
using pool_type = virtio::dma_pool<pool_pages * 4096 / granule>;

/// A driver with one queue, whose ring and buffers are in the pool.
template <revision R> struct client final : bus_member {
    memory_rig<R>& rig;
    pool_type& pool;
    std::uint16_t number;
    virtio::driver_queue<16> queue{};
    virtio::dma_buffer ring{};
    virtio::dma_buffer data[4]{};
    bool wants = true;

    client(memory_rig<R>& r, pool_type& p, std::uint16_t n) : rig(r), pool(p), number(n) {}

    result<void> quiesce() override { return wants ? errc::none : errc::busy; }
    result<void> start() override {
        auto device = rig.session.at(number);
        const auto accepted = device.negotiate(feature_set{feature::version_1, feature::access_platform});
        if (!accepted) return accepted.error();
        release(); // the device is reset
        const virtio::queue_block block{16};
        const auto taken = pool.allocate(block.size, 16);
        if (!taken) return taken.error();
        ring = *taken;
        if (const auto ready = queue.attach(block.areas(ring.memory), 16, {.negotiated = *accepted}); !ready)
            return ready;
        const auto at = block.addresses(ring.address);
        if (const auto set = device.setup_queue(0, {16, at.descriptor, at.driver, at.device}); !set) return set;
        if (const auto ok = device.driver_ok(); !ok) return ok;
        for (virtio::dma_buffer& d : data) { // in flight until the end
            const auto got = pool.allocate(600);
            if (!got) return got.error();
            d = *got;
            const virtio::buffer whole[]{d.whole()};
            if (const auto head = queue.add({}, whole); !head) return head.error();
        }
        queue.publish();
        return device.notify(0, queue.next_offset());
    }
    result<void> stop() override { return rig.session.at(number).reset(); }
    void release() override {
        queue.detach();
        while (queue.poll_used()) {}
        for (virtio::dma_buffer& d : data) give_back(d);
        give_back(ring);
    }

private:
    void give_back(virtio::dma_buffer& b) {
        if (!b.memory.empty()) static_cast<void>(pool.free(b.address));
        b = {};
    }
};

/// A bus with two devices that run.
template <revision R> struct life {
    memory_rig<R> rig;
    proto_test::test_device second_model{};
    proto::attached<proto_test::test_device> second_port{second_model};
    pool_type pool{};
    client<R> a{rig, pool, 3};
    client<R> b{rig, pool, 4};
    bus_members<2> members{};
    std::uint16_t memory = 0;
    ffa::memory_region region[1]{{guest_base + 4 * page, pool_pages}};
    proto::ticket<get_device_status_request> ticket{};
    bool gone = false;

    explicit life(const transports::fault_rates& faults = {}) : rig(sim::profiles::generic, faults) {
        REQUIRE(rig.end.bus.attach(4, second_port));
        REQUIRE(members.add(a));
        REQUIRE(members.add(b));
        REQUIRE(rig.session.open());
        share();
        REQUIRE(members.start(a));
        REQUIRE(members.start(b));
        CHECK(pool.in_use() > 8);
    }
    void share() {
        const auto shared = rig.both.share(region, rig.attributes());
        REQUIRE(shared);
        memory = *shared;
        pool = pool_type{*rig.near.address(memory, 0, pool_pages * page),
                         byte_span{rig.guest_memory + 4 * page, pool_pages * page}, granule};
    }
    void ask() {
        const auto asked = rig.session.engine().request(3, get_device_status_request{}, rig.clock.now());
        if (asked) ticket = *asked;
    }

    // --- steps of the end

    void step(char what) {
        switch (what) {
        case 'a': static_cast<void>(members.remove(a)); break;
        case 'b': static_cast<void>(members.remove(b)); break;
        case 'm': static_cast<void>(rig.near.unshare(memory)); break;
        case 't': rig.session.engine().release(ticket, rig.clock.now()); break;
        case 'c':
            if (rig.session.close()) members.memory_returned();
            break;
        case 'x': // without a word; what it had mapped the manager takes from it
            gone = true;
            rig.end.serves = rig.serves_memory = false;
            rig.manager.restart(disk);
            break;
        default: FAIL("no such step");
        }
        rig.run(300 * milliseconds);
    }
    /// What the user does at last, in the order of rule N13.
    void settle() {
        rig.session.engine().release(ticket, rig.clock.now());
        static_cast<void>(rig.near.unshare(memory));
        if (gone) {
            rig.session.abandon();
            members.lose_all();
            rig.near.abandon();
        } else if (!rig.session.close()) {
            static_cast<void>(rig.session.reopen());
            static_cast<void>(rig.session.close());
            rig.near.look_again(rig.session.engine());
        }
        wait();
        if (rig.near.in_use() != 0) static_cast<void>(rig.near.retry(memory));
        wait();
        if (rig.near.in_use() == 0) members.memory_returned();
    }
    void wait() {
        for (int i = 0; i < 40 && !nothing_left(); ++i) rig.run(1 * seconds);
    }
    /// Areas, shares, tickets, buffers.
    bool nothing_left() {
        const bool here = rig.near.in_use() == 0 && rig.manager.open_shares() == 0 && pool.in_use() == 0 &&
                          rig.session.engine().open_requests() == 0 && rig.session.engine().open_areas() == 0 &&
                          !rig.guest_buffers.owns_rx() && !rig.manager.rx_full(guest);
        return here && (gone || rig.nothing_left());
    }
};

/// All orders of the characters in `steps`.
template <class Visit> void each_order(char (&steps)[8], std::size_t count, std::size_t from, Visit visit) {
    if (from == count) return visit();
    for (std::size_t i = from; i < count; ++i) {
        const auto swap = [&] {
            const char c = steps[from];
            steps[from] = steps[i];
            steps[i] = c;
        };
        swap();
        each_order(steps, count, from + 1, visit);
        swap();
    }
}

template <revision R, class Prepare>
std::size_t check_all_orders(const char* names, bool settles, Prepare prepare,
                             const transports::fault_rates& carrier = {}) {
    char steps[8]{};
    std::size_t count = 0;
    for (; names[count] != 0; ++count) steps[count] = names[count];
    std::size_t orders = 0;
    each_order(steps, count, 0, [&] {
        life<R> l{carrier};
        l.ask();
        prepare(l.rig);
        for (std::size_t i = 0; i < count; ++i) l.step(steps[i]);
        if (settles) l.settle();
        l.wait();
        CAPTURE(steps);
        CAPTURE(l.rig.near.in_use());
        CAPTURE(l.rig.manager.open_shares());
        CAPTURE(l.pool.in_use());
        CAPTURE(l.rig.session.engine().open_requests());
        CAPTURE(l.rig.session.engine().open_areas());
        CHECK(l.nothing_left());
        ++orders;
    });
    return orders;
}

constexpr auto nothing_wrong = [](auto&) {};

} // namespace

TEST_CASE("Life cycle: the steps of an orderly end leave nothing behind, in all 120 orders") {
    CHECK(check_all_orders<revision::rfc2025>("abmct", false, nothing_wrong) == 120);
    CHECK(check_all_orders<revision::oasis_v1>("abmct", false, nothing_wrong) == 120);
    CHECK(check_all_orders<revision::oasis_v2>("abmct", false, nothing_wrong) == 120);
}

TEST_CASE("Life cycle: nor when the device side vanishes at any point") {
    CHECK(check_all_orders<v2>("abmctx", true, nothing_wrong) == 720);
}

TEST_CASE("Life cycle: nor when memory calls are refused for a while, or for good") {
    using fid = ffa::function_id;
    const struct {
        fid on;
        ffa::error code;
        std::uint32_t times;
    } faults[]{
        {fid::mem_relinquish, ffa::error::busy, 25},
        {fid::mem_reclaim, ffa::error::denied, 5},
        {fid::mem_reclaim, ffa::error::busy, 45},
        {fid::mem_reclaim, ffa::error::invalid_parameters, 1}, // stuck until it is tried again
    };
    for (const auto& f : faults) {
        const auto fail = [&](auto& rig) {
            REQUIRE(
                rig.manager.add_fault({.kind = sim::fault_kind::refuse, .on = f.on, .times = f.times, .code = f.code}));
        };
        CHECK(check_all_orders<v2>("abmc", true, fail) == 24);
    }
}

TEST_CASE("Life cycle: nor when the carrier loses messages") {
    CHECK(check_all_orders<v2>("abmct", true, nothing_wrong, {.drop = 500, .duplicate = 300, .reorder = 300}) == 120);
}

TEST_CASE("Life cycle: a bus is suspended and resumed, and runs on in the same memory") {
    life<v2> l;
    const std::size_t calls = l.rig.guest_calls.calls;
    REQUIRE(l.members.suspend_all());
    CHECK(l.rig.end.port.status == device_status::reset);
    CHECK(l.second_port.status == device_status::reset);
    REQUIRE(l.members.resume_all());
    CHECK(has(l.rig.end.port.status, device_status::driver_ok));
    CHECK(has(l.second_port.status, device_status::driver_ok));
    CHECK(l.rig.guest_calls.calls == calls);
    l.settle();
    CHECK(l.nothing_left());
}

TEST_CASE("Life cycle: a bus that sleeps without memory shares it anew") {
    life<v2> l;
    REQUIRE(l.members.suspend_all());
    l.a.release();
    l.b.release();
    REQUIRE(l.rig.both.unshare(l.memory));
    REQUIRE(l.rig.session.close());
    CHECK(l.rig.manager.open_shares() == 0);
    REQUIRE(l.rig.session.open());
    l.share();
    REQUIRE(l.members.resume_all());
    CHECK(has(l.second_port.status, device_status::driver_ok));
    l.settle();
    CHECK(l.nothing_left());
}

TEST_CASE("Life cycle: if one device refuses to be suspended, those before it run again") {
    life<v2> l;
    l.b.wants = false;
    CHECK(l.members.suspend_all().error() == errc::busy);
    CHECK(l.members.count(member_state::running) == 2);
    CHECK(has(l.rig.end.port.status, device_status::driver_ok));
    CHECK(l.rig.end.model.starts == 2);
    CHECK(l.second_model.starts == 1); // was never touched
    CHECK(has(l.second_port.status, device_status::driver_ok));
    l.settle();
    CHECK(l.nothing_left());
}
