// SPDX-License-Identifier: BSD-2-Clause
// Notifications against the manager in memory.
#include <vmsg/sim/notification_calls.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

using sources = ffa::notification_sources;

constexpr std::uint64_t high_and_low = 0x8000'0000'0000'0005;

ffa::call_frame bind(rig& r, ffa::endpoint_id receiver, ffa::endpoint_id sender, std::uint64_t bits) {
    return r.call(receiver, ffa::encode(ffa::notification_bind_call{sender, receiver, false, bits}));
}
ffa::call_frame unbind(rig& r, ffa::endpoint_id receiver, ffa::endpoint_id sender, std::uint64_t bits) {
    return r.call(receiver, ffa::encode(ffa::notification_unbind_call{sender, receiver, bits}));
}
ffa::call_frame set(rig& r, ffa::endpoint_id sender, ffa::endpoint_id receiver, std::uint64_t bits) {
    return r.call(sender, ffa::encode(ffa::notification_set_call{sender, receiver, false, false, 0, bits}));
}
ffa::call_frame get(rig& r, ffa::endpoint_id receiver, sources s = sources::secure_partitions | sources::vms) {
    return r.call(receiver, ffa::encode(ffa::notification_get_call{receiver, 0, s}));
}
ffa::call_frame info(rig& r, ffa::endpoint_id who, ffa::form f = ffa::form::smc64) {
    return r.call(who, ffa::encode(ffa::notification_info_get_call{f}));
}
ffa::call_frame with_register(ffa::call_frame frame, std::size_t i, std::uint64_t value) {
    frame.x[i] = value;
    return frame;
}

constexpr ffa::call_frame no_data = ffa::encode_error(ffa::error::no_data);

} // namespace

TEST_CASE("Notifications: from a virtual machine to a partition and back") {
    rig r{sim::profiles::generic};
    CHECK(bind(r, disk, guest, high_and_low) == done);
    CHECK(set(r, guest, disk, 0x8000'0000'0000'0001) == done);
    CHECK(get(r, disk) == ffa::encode(ffa::notification_get_answer{0, 0x8000'0000'0000'0001}));
    CHECK(bind(r, guest, disk, 2) == done);
    CHECK(set(r, disk, guest, 2) == done);
    CHECK(get(r, guest) == ffa::encode(ffa::notification_get_answer{2}));
}

TEST_CASE("Notifications: what is read is cleared, and only what was asked for") {
    rig r{sim::profiles::generic};
    REQUIRE(bind(r, disk, guest, 1) == done);
    REQUIRE(bind(r, disk, net, 2) == done);
    CHECK(set(r, guest, disk, 1) == done);
    CHECK(set(r, net, disk, 2) == done);
    CHECK(get(r, disk, sources::vms) == ffa::encode(ffa::notification_get_answer{0, 1}));
    CHECK(get(r, disk, sources::vms) == ffa::encode(ffa::notification_get_answer{}));
    CHECK(get(r, disk, sources::secure_partitions) == ffa::encode(ffa::notification_get_answer{2}));
}

TEST_CASE("Notifications: only bound ones can be set, and only by whom they are bound to") {
    rig r{sim::profiles::generic};
    CHECK(set(r, guest, disk, 1) == denied);
    REQUIRE(bind(r, disk, guest, 1) == done);
    CHECK(set(r, other_guest, disk, 1) == denied);
    CHECK(set(r, guest, disk, 3) == denied);
    CHECK(set(r, net, disk, 1) == denied); // partitions have bits of their own
    CHECK(set(r, guest, disk, 1) == done);
}

TEST_CASE("Notifications: bound ones cannot be bound to another sender, pending ones not at all") {
    rig r{sim::profiles::generic};
    REQUIRE(bind(r, disk, guest, 3) == done);
    CHECK(bind(r, disk, other_guest, 2) == denied);
    CHECK(bind(r, disk, guest, 2) == done);
    CHECK(bind(r, disk, net, 2) == done); // a bit of another kind
    REQUIRE(set(r, guest, disk, 1) == done);
    CHECK(bind(r, disk, guest, 1) == denied);
    CHECK(unbind(r, disk, guest, 1) == denied);
    get(r, disk);
    CHECK(unbind(r, disk, other_guest, 1) == denied);
    CHECK(unbind(r, disk, guest, 3) == done);
    CHECK(unbind(r, disk, guest, 1) == denied);
    CHECK(bind(r, disk, other_guest, 2) == done);
}

TEST_CASE("Notifications: the low half of a bitmap is in w3, the high half in w4 (trap 19)") {
    rig r{sim::profiles::generic};
    const ffa::call_frame call{{0x8400'007f, 0x0001'8003, 0, 0x0000'0005, 0x8000'0000}};
    CHECK(r.call(disk, call) == done);
    CHECK(set(r, guest, disk, high_and_low) == done);
}

TEST_CASE("Notifications: calls that are not in order are refused (trap 21)") {
    rig r{sim::profiles::generic};
    REQUIRE(bind(r, disk, guest, 1) == done);
    CHECK(bind(r, disk, guest, 0) == invalid);
    CHECK(bind(r, disk, disk, 1) == invalid);
    CHECK(bind(r, disk, ffa::endpoint_id{0x8777}, 1) == invalid);
    const auto bind_call = ffa::encode(ffa::notification_bind_call{guest, disk, false, 2});
    const auto set_call = ffa::encode(ffa::notification_set_call{guest, disk, false, false, 0, 1});
    const auto get_call = ffa::encode(ffa::notification_get_call{disk, 0, sources::vms});
    CHECK(r.call(net, bind_call) == invalid);                              // for another receiver
    CHECK(r.call(disk, with_register(bind_call, 2, 1)) == invalid);        // per vCPU
    CHECK(r.call(disk, with_register(bind_call, 2, 2)) == invalid);        // undefined
    CHECK(r.call(guest, with_register(set_call, 2, 1)) == invalid);        // a global one as per vCPU
    CHECK(r.call(guest, with_register(set_call, 2, 0x1'0000)) == invalid); // with a vCPU
    CHECK(r.call(guest, with_register(set_call, 2, 2)) == invalid);        // a delay, from the normal world
    CHECK(r.call(guest, with_register(set_call, 3, 0)) == invalid);        // nothing
    CHECK(r.call(other_guest, set_call) == invalid);                       // for another sender
    CHECK(r.call(disk, with_register(get_call, 2, 0x10)) == invalid);      // undefined
    CHECK(r.call(net, get_call) == invalid);                               // for another receiver
    CHECK(r.call(disk, with_register(get_call, 1, 0x1'8003)) == invalid);  // a vCPU that it does not have
    CHECK(r.call(guest, set_call) == done);
}

TEST_CASE("Notifications: nobody above the kernel has bitmaps of virtual machines") {
    rig r{sim::profiles::generic};
    REQUIRE(r.call(kernel, ffa::encode(ffa::notification_bitmap_create_call{kernel, 1})) == done);
    const auto get_call = ffa::encode(ffa::notification_get_call{kernel, 0, sources::secure_partitions});
    CHECK(r.call(kernel, with_register(get_call, 2, 0xf)) == invalid);
    CHECK(r.call(kernel, with_register(get_call, 2, 0x5)) == ffa::encode(ffa::notification_get_answer{}));
    CHECK(r.call(guest, ffa::encode(ffa::notification_get_call{guest, 0, ffa::sources_for(guest)})).x[0] == done.x[0]);
}

TEST_CASE("Notifications: the kernel creates its bitmaps, once") {
    rig r{sim::profiles::generic};
    const auto create = ffa::encode(ffa::notification_bitmap_create_call{kernel, 1});
    const auto destroy = ffa::encode(ffa::notification_bitmap_destroy_call{kernel});
    CHECK(bind(r, kernel, disk, 1) == not_supported);
    CHECK(r.call(kernel, destroy) == denied);
    CHECK(r.call(guest, create) == not_supported);
    CHECK(r.call(kernel, ffa::encode(ffa::notification_bitmap_create_call{disk, 1})) == invalid);
    CHECK(r.call(kernel, create) == done);
    CHECK(r.call(kernel, create) == denied);
    CHECK(bind(r, kernel, disk, 1) == done);
    CHECK(set(r, disk, kernel, 1) == done);
    CHECK(r.call(kernel, destroy) == denied); // pending
    CHECK(get(r, kernel, sources::secure_partitions).x[2] == 1);
    CHECK(r.call(kernel, destroy) == done);
    CHECK(get(r, kernel, sources::secure_partitions) == not_supported);
}

TEST_CASE("Notifications: the scheduler is told once who has some") {
    rig r{sim::profiles::generic};
    CHECK(info(r, kernel) == no_data);
    REQUIRE(bind(r, disk, guest, 1) == done);
    REQUIRE(bind(r, net, guest, 1) == done);
    REQUIRE(set(r, guest, disk, 1) == done);
    REQUIRE(set(r, guest, net, 1) == done);
    const auto a = ffa::decode_notification_info_get_answer(info(r, kernel));
    REQUIRE(a);
    CHECK(a->count == 2);
    CHECK_FALSE(a->more);
    CHECK(a->lists[0].endpoint == disk);
    CHECK(a->lists[1].endpoint == net);
    CHECK(info(r, kernel) == no_data);
    CHECK(info(r, disk) == not_supported);
    REQUIRE(set(r, guest, net, 1) == done);
    CHECK(ffa::decode_notification_info_get_answer(info(r, kernel, ffa::form::smc32))->lists[0].endpoint == net);
}

TEST_CASE("Notifications: a scheduler that is told in pieces learns of all") {
    sim::spmc<sim::spmc_capacity{.partitions = 26}> m{sim::profiles::generic};
    REQUIRE(m.add({.id = guest}));
    for (std::uint16_t i = 0; i < 25; ++i) {
        const auto id = static_cast<ffa::endpoint_id>(0x8010 + i);
        REQUIRE(m.add({.id = id}));
        ffa::call_frame frame = ffa::encode(ffa::notification_bind_call{guest, id, false, 1});
        m.conduit_for(id)(frame);
        frame = ffa::encode(ffa::notification_set_call{guest, id, false, false, 0, 1});
        m.conduit_for(guest)(frame);
        REQUIRE(frame == done);
    }
    std::size_t told = 0;
    for (const bool more : {true, false}) {
        ffa::call_frame frame = ffa::encode(ffa::notification_info_get_call{ffa::form::smc64});
        m.conduit_for(guest)(frame);
        const auto a = ffa::decode_notification_info_get_answer(frame);
        REQUIRE(a);
        CHECK(a->more == more);
        told += a->count;
    }
    CHECK(told == 25);
}

TEST_CASE("Notifications: upper halves of a 32-bit list may be anything (trap 20)") {
    rig r{with(sim::profiles::generic, [](auto& p) { p.garbage_upper_halves = true; })};
    r.call(disk, ffa::encode(ffa::notification_bind_call{guest, disk, false, 1}));
    set(r, guest, disk, 1);
    const ffa::call_frame frame = info(r, kernel, ffa::form::smc32);
    CHECK((frame.x[3] >> 32) != 0);
    const auto a = ffa::decode_notification_info_get_answer(frame);
    REQUIRE(a);
    CHECK(a->count == 1);
    CHECK(a->lists[0].endpoint == disk);
}

TEST_CASE("Notifications: hooks hear of them, and whether the scheduler is interrupted") {
    struct log {
        std::size_t heard = 0;
        std::size_t interrupts = 0;
        ffa::endpoint_id last{};
    } heard;
    sim::spmc_hooks hooks;
    hooks.context = &heard;
    hooks.pending = [](void* context, ffa::endpoint_id id, bool interrupt) {
        auto& l = *static_cast<log*>(context);
        ++l.heard;
        if (interrupt) ++l.interrupts;
        l.last = id;
    };
    rig r{sim::profiles::generic, hooks};
    REQUIRE(bind(r, net, disk, 1) == done);
    REQUIRE(set(r, disk, net, 1) == done);
    const ffa::notification_set_call delayed{disk, net, false, true, 0, 1};
    REQUIRE(r.call(disk, ffa::encode(delayed)) == done);
    CHECK(heard.heard == 2);
    CHECK(heard.interrupts == 1);
    CHECK(heard.last == net);
}

TEST_CASE("Notifications: one can get lost") {
    rig r{sim::profiles::generic};
    REQUIRE(bind(r, disk, guest, 1) == done);
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::lose_notification}));
    CHECK(set(r, guest, disk, 1) == done);
    CHECK(get(r, disk) == ffa::encode(ffa::notification_get_answer{}));
    CHECK(set(r, guest, disk, 1) == done);
    CHECK(get(r, disk) == ffa::encode(ffa::notification_get_answer{0, 1}));
}

TEST_CASE("Notifications: the SPMC at EL3 has none") {
    rig r{sim::profiles::tfa_el3};
    CHECK(ffa::error_in(bind(r, disk, guest, 1)) == ffa::error::not_supported);
    CHECK(ffa::error_in(get(r, disk)) == ffa::error::not_supported);
    CHECK(ffa::error_in(info(r, kernel)) == ffa::error::not_supported);
}
