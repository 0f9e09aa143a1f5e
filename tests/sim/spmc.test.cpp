// SPDX-License-Identifier: BSD-2-Clause
// The manager in memory as a whole: its limits, and random use with random faults.
#include <vmsg/sim/spmc.hpp>

#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/random.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

// Numbers that have a meaning somewhere, so that random calls get past the first check.
std::uint64_t plausible(random_numbers& random) {
    constexpr std::uint64_t values[] = {0,           1,           2,
                                        3,           5,           8,
                                        16,          40,          48,
                                        80,          96,          112,
                                        4096,        0x8003,      0x8004,
                                        0x0001'8003, 0x8003'0001, 0x0000'8003,
                                        0x8003'0000, 0x8004'8003, 0x0002'0001,
                                        0x1'0000,    0x1'0001,    0x1'0002,
                                        0x1'0003,    0xffff'ffff, ~std::uint64_t{0}};
    constexpr std::size_t count = sizeof values / sizeof values[0];
    const std::uint32_t i = random.below(count + 6);
    if (i < count) return values[i];
    if (i == count) return random();
    if (i == count + 1) return random() & 0xffff'ffff;
    if (i == count + 2) return device_role_uuid.low();
    if (i == count + 3) return device_role_uuid.high();
    return (random.below(6) << 12) + (std::uint64_t{1 + random.below(5)} << 32);
}

ffa::call_frame random_call(random_numbers& random) {
    ffa::call_frame frame;
    frame.x[0] = (random.one_in(2) ? 0x8400'0060 : 0xc400'0060) + random.below(0x40);
    for (std::size_t i = 1; i < (random.one_in(3) ? 18 : 6); ++i) frame.x[i] = plausible(random);
    return frame;
}

void random_words(random_numbers& random, std::uint8_t* to) {
    for (std::size_t i = 0; i < 160; i += 4)
        if (random.one_in(2)) store_le(to + i, static_cast<std::uint32_t>(plausible(random)));
}

// A partition that leaves with anything, and calls anybody on the way.
struct madman {
    rig* r = nullptr;
    random_numbers* random = nullptr;
    ffa::endpoint_id self{};
    std::size_t depth = 0;
    static inline std::size_t deepest = 0;
    static inline std::size_t now = 0;

    void operator()(ffa::call_frame& frame) {
        deepest = ++now > deepest ? now : deepest;
        if (random->one_in(4)) r->call(self, random_call(*random));
        --now;
        if (random->one_in(3))
            frame = is_request(frame) ? echo_of(frame) : wait_frame();
        else
            frame = random_call(*random);
    }
};

void random_use(const sim::profile& rules, std::uint64_t seed, std::size_t calls) {
    rig r{rules};
    random_numbers random{seed};
    madman one{&r, &random, disk};
    madman two{&r, &random, net};
    r.echo.instead = sim::entry_of(one);
    r.second.instead = sim::entry_of(two);
    constexpr ffa::endpoint_id all[] = {kernel, guest, other_guest, disk, net};
    for (std::size_t i = 0; i < calls; ++i) {
        const ffa::endpoint_id who = all[random.below(5)];
        if (random.one_in(50)) r.map(who);
        if (random.one_in(4)) random_words(random, r.tx(who));
        if (random.one_in(100)) r.spmc.restart(who);
        if (random.one_in(40)) r.spmc.clear_faults();
        if (random.one_in(20))
            static_cast<void>(r.spmc.add_fault({.kind = static_cast<sim::fault_kind>(random.below(10)),
                                                .times = random.one_in(5) ? sim::for_ever : random.below(3),
                                                .after = random.below(3),
                                                .names = {all[random.below(5)], 0}}));
        r.call(who, random_call(random));
    }
    CHECK(madman::deepest <= 2); // there are two that can be entered
    CHECK(r.spmc.open_shares() <= capacity.shares);
    // Whatever happened, after a restart all works again.
    r.spmc.clear_faults();
    r.echo.instead = {};
    for (const ffa::endpoint_id id : all) r.spmc.restart(id);
    r.speak(kernel, ffa::version::v1_2);
    r.speak(disk, ffa::version::v1_2);
    const auto request = ffa::encode_direct_request(kernel, disk, device_role_uuid, ascending(44));
    CHECK(r.call(kernel, request) == echo_of(request));
}

} // namespace

TEST_CASE("random calls of all endpoints do no harm") {
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium, &sim::profiles::tfa_el3,
                                  &sim::profiles::optee, &sim::profiles::xen})
        for (std::uint64_t seed = 1; seed <= 4; ++seed) random_use(*p, seed, 4000);
}

TEST_CASE("there is room for as much as the capacity says") {
    sim::spmc<sim::spmc_capacity{
        .partitions = 1, .areas = 1, .shares = 1, .regions = 1, .faults = 1, .buffer_pages = 1}>
        m{sim::profiles::generic};
    alignas(4096) static std::uint8_t memory[3 * 4096]{};
    REQUIRE(m.add({.id = guest}));
    CHECK(m.add({.id = disk}).error() == errc::full);
    REQUIRE(m.add_memory(guest, 0x1000, memory));
    CHECK(m.add_memory(guest, 0x8000, memory).error() == errc::full);
    REQUIRE(m.add_fault({}));
    CHECK(m.add_fault({}).error() == errc::full);
    m.clear_faults();
    CHECK(m.rules().max_buffer_pages == 1);
    CHECK(m.waiting(guest));
}

TEST_CASE("memory can be known by its address in this process") {
    manager m{sim::profiles::generic};
    alignas(4096) static std::uint8_t memory[2 * 4096]{};
    REQUIRE(m.add({.id = guest}));
    REQUIRE(m.add_memory(guest, memory));
    const std::uint64_t base = manager::address_of(memory);
    ffa::call_frame frame = ffa::encode(ffa::rxtx_map_call{base, base + 4096, 1, ffa::form::smc64});
    m.conduit_for(guest)(frame);
    CHECK(frame == done);
    CHECK(m.memory(guest, base + 100, 10)->data() == memory + 100);
    CHECK_FALSE(m.memory(guest, base + 8190, 3));
    CHECK_FALSE(m.memory(guest, base - 1, 1));
    CHECK_FALSE(m.memory(guest, ~std::uint64_t{0}, 2));
}

TEST_CASE("a conduit is enough of one for code that is written against conduits") {
    rig r{sim::profiles::generic};
    auto conduit = r.spmc.conduit_for(guest);
    ffa::rxtx buffers{conduit,
                      {{r.tx(guest), 4096}, {r.rx(guest), 4096}, rig::page_at(guest, 0), rig::page_at(guest, 1)}};
    REQUIRE(buffers.map());
    ffa::partition_info room[4];
    ffa::partition_list found{room};
    REQUIRE(ffa::find_partitions(buffers, device_role_uuid, ffa::version::v1_2, found));
    CHECK(found.size() == 1);
    found.clear();
    REQUIRE(ffa::find_by_buffer(buffers, device_role_uuid, ffa::version::v1_2, found));
    CHECK(room[0].id == disk);
    CHECK_FALSE(r.spmc.rx_full(guest));
    REQUIRE(buffers.unmap());
}

TEST_CASE("a partition that never leaves is stopped, and the others go on") {
    struct stuck {
        void operator()(ffa::call_frame& frame) { frame = ffa::encode(ffa::id_get_call{}); }
    } step;
    rig r{sim::profiles::generic};
    r.echo.instead = sim::entry_of(step);
    const auto request = ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8));
    CHECK(r.call(kernel, request) == ffa::encode_error(ffa::error::aborted));
    CHECK(r.call(kernel, request) == busy);
    CHECK_FALSE(r.spmc.waiting(disk));
    const auto other = ffa::encode_direct_request(kernel, net, uuid{}, ascending(8));
    CHECK(r.call(kernel, other) == echo_of(other));
    r.echo.instead = {};
    r.spmc.restart(disk);
    CHECK(r.call(kernel, request) == echo_of(request));
}

TEST_CASE("a partition that starts anew while it runs has lost its request") {
    struct suicidal {
        rig* r = nullptr;
        void operator()(ffa::call_frame& frame) {
            r->spmc.restart(disk);
            frame = echo_of(frame);
        }
    };
    rig r{sim::profiles::generic};
    suicidal step{&r};
    r.echo.instead = sim::entry_of(step);
    const auto request = ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8));
    CHECK(r.call(kernel, request) == ffa::encode_error(ffa::error::aborted));
    CHECK(r.spmc.waiting(disk));
}

TEST_CASE("a restart is told to the partition") {
    struct told {
        std::size_t times = 0;
        void operator()(ffa::call_frame&) { ++times; }
    } step;
    manager m{sim::profiles::generic};
    REQUIRE(m.add({.id = disk, .on_restart = sim::entry_of(step)}));
    m.restart(disk);
    CHECK(step.times == 1);
}

TEST_CASE("inside its entry a partition cannot leave by a call") {
    struct confused {
        rig* r = nullptr;
        ffa::call_frame answers[3]{};
        void operator()(ffa::call_frame& frame) {
            answers[0] = r->call(disk, wait_frame());
            answers[1] = r->call(disk, ffa::encode(ffa::yield_call{}));
            answers[2] = r->call(disk, echo_of(frame));
            frame = echo_of(frame);
        }
    };
    rig r{sim::profiles::generic};
    confused step{&r};
    r.echo.instead = sim::entry_of(step);
    const auto request = ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8));
    CHECK(r.call(kernel, request) == echo_of(request));
    for (const ffa::call_frame& answer : step.answers) CHECK(answer == denied);
    CHECK(r.call(disk, ffa::encode(ffa::yield_call{})) == done); // outside it has nobody to yield to
}
