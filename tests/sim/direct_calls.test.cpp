// SPDX-License-Identifier: BSD-2-Clause
// Direct messages and FFA_RUN against the manager in memory.
#include <vmsg/sim/direct_calls.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

constexpr ffa::call_frame to_disk(std::size_t size = 44) {
    return ffa::encode_direct_request(kernel, disk, device_role_uuid, ascending(size));
}
constexpr ffa::call_frame from_disk(std::size_t size = 44) {
    return ffa::encode_direct_response(disk, kernel, ascending(size));
}
constexpr ffa::call_frame plain(ffa::endpoint_id src, ffa::endpoint_id dst, ffa::form width = ffa::form::smc64) {
    ffa::plain_direct_message m{ffa::direct_kind::request, width, src, dst};
    m.payload[0] = 0x1122'3344'5566'7788;
    return ffa::encode(m, ffa::version::v1_2);
}
constexpr ffa::call_frame run(ffa::endpoint_id who) { return ffa::encode(ffa::run_call{{who, 0}}); }
constexpr ffa::call_frame interrupt(ffa::endpoint_id who) { return ffa::encode(ffa::interrupt_call{{who, 0}}); }
constexpr ffa::call_frame yield(ffa::endpoint_id who) { return ffa::encode(ffa::yield_call{{who, 0}}); }

constexpr ffa::function_id req2 = ffa::function_id::msg_send_direct_req2;

} // namespace

TEST_CASE("a direct request is echoed by the partition that it is for") {
    rig r{sim::profiles::generic};
    CHECK(r.call(kernel, to_disk(112)) == from_disk(112));
    CHECK(r.echo.entries == 1);
    CHECK(r.echo.seen[0] == to_disk(112));
    CHECK(r.second.entries == 0);
}

TEST_CASE("plain direct requests are echoed in both forms") {
    rig r{sim::profiles::generic};
    for (const ffa::form width : {ffa::form::smc32, ffa::form::smc64}) {
        const ffa::call_frame request = plain(kernel, disk, width);
        CHECK(r.call(kernel, request) == echo_of(request));
    }
}

TEST_CASE("what a 32-bit request has in upper halves does not arrive") {
    rig r{sim::profiles::generic};
    ffa::call_frame request = plain(kernel, disk, ffa::form::smc32);
    request.x[3] |= 0xdead'beef'0000'0000;
    CHECK(r.call(kernel, request).x[3] == 0x5566'7788);
    CHECK(r.echo.seen[0].x[3] == 0x5566'7788);
}

TEST_CASE("a request after a REQ2 keeps x8 and above clean") {
    rig r{sim::profiles::generic};
    CHECK(r.call(kernel, to_disk(112)) == from_disk(112));
    ffa::call_frame request = plain(kernel, disk);
    for (std::size_t i = 8; i < 18; ++i) request.x[i] = 0x5a5a;
    r.call(kernel, request);
    for (std::size_t i = 8; i < 18; ++i) CHECK(r.echo.seen[1].x[i] == 0);
}

TEST_CASE("a partition is reached under each of its services, and under none in particular") {
    rig r{sim::profiles::generic};
    CHECK(r.call(kernel, ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8))) ==
          ffa::encode_direct_response(disk, kernel, ascending(8)));
    const auto unknown = ffa::encode_direct_request(kernel, disk, net_uuid, ascending(8));
    CHECK(r.call(kernel, unknown) == invalid);
    rig el3{sim::profiles::tfa_el3};
    CHECK(el3.call(kernel, unknown) == ffa::encode_direct_response(disk, kernel, ascending(8)));
}

TEST_CASE("a request that is not in order is refused") {
    rig r{sim::profiles::generic};
    const auto as = [](ffa::endpoint_id src, ffa::endpoint_id dst) {
        return ffa::encode_direct_request(src, dst, uuid{}, ascending(8));
    };
    CHECK(r.call(kernel, as(guest, disk)) == invalid);                      // another sender
    CHECK(r.call(kernel, as(kernel, kernel)) == invalid);                   // itself
    CHECK(r.call(kernel, as(kernel, ffa::endpoint_id{0x8777})) == invalid); // nobody
    CHECK(r.call(disk, as(disk, kernel)) == invalid);                       // into the normal world
    ffa::call_frame flagged = plain(kernel, disk);
    flagged.x[2] = 1;
    CHECK(r.call(kernel, flagged) == invalid);
    flagged.x[2] = ffa::framework_flag;
    CHECK(r.call(kernel, flagged) == invalid);
    CHECK(r.echo.entries == 0);
}

TEST_CASE("an endpoint without an entry is BUSY") {
    rig r{sim::profiles::generic};
    CHECK(r.call(kernel, ffa::encode_direct_request(kernel, guest, uuid{}, ascending(8))) == busy);
}

TEST_CASE("a partition that yields is resumed with FFA_RUN until it answers") {
    rig r{sim::profiles::generic};
    for (int i = 0; i < 3; ++i) r.echo.then(ffa::encode(ffa::yield_call{}));
    r.echo.then(from_disk());
    CHECK(r.call(kernel, to_disk()) == yield(disk));
    CHECK(r.call(kernel, to_disk()) == busy);
    CHECK(r.call(guest, run(disk)) == busy); // not its request
    CHECK(r.call(kernel, run(disk)) == yield(disk));
    CHECK(r.call(kernel, run(disk)) == yield(disk));
    CHECK(r.call(kernel, run(disk)) == from_disk());
    CHECK(r.echo.entries == 4);
    CHECK(r.echo.seen[1] == ffa::encode_success());
    CHECK(r.call(kernel, to_disk()) == from_disk());
}

TEST_CASE("FFA_RUN resumes whom the answer names, not whom the request was for (trap 4)") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::interrupt, .on = req2, .times = 3, .names = {net, 0}}));
    CHECK(r.call(kernel, to_disk()) == interrupt(net));
    CHECK(r.call(kernel, run(disk)) == busy);
    CHECK(r.call(kernel, run(net)) == interrupt(net));
    CHECK(r.call(kernel, run(net)) == interrupt(net));
    CHECK(r.echo.entries == 0);
    CHECK(r.call(kernel, run(net)) == from_disk());
    CHECK(r.echo.entries == 1);
    CHECK(r.second.entries == 0);
    CHECK(r.spmc.faults_left() == 0);
}

TEST_CASE("a request that is abandoned after an interrupt keeps the partition busy for ever (trap 7)") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::yield, .on = req2}));
    CHECK(r.call(kernel, to_disk()) == yield(disk));
    for (int i = 0; i < 100; ++i) CHECK(r.call(kernel, to_disk()) == busy);
    CHECK(r.call(guest, ffa::encode_direct_request(guest, disk, uuid{}, ascending(8))) == busy);
    CHECK(r.call(kernel, run(disk)) == from_disk());
}

TEST_CASE("an interruption without an end never reaches the partition") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::interrupt, .on = req2, .times = sim::for_ever}));
    CHECK(r.call(kernel, to_disk()) == interrupt(disk));
    for (int i = 0; i < 100; ++i) CHECK(r.call(kernel, run(disk)) == interrupt(disk));
    CHECK(r.echo.entries == 0);
}

TEST_CASE("BUSY can be scripted for a number of calls, or for ever (trap 5)") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::refuse, .on = req2, .times = 2, .after = 1}));
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(r.call(kernel, to_disk()) == busy);
    CHECK(r.call(kernel, to_disk()) == busy);
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(r.echo.entries == 2);
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::refuse, .on = req2, .times = sim::for_ever}));
    for (int i = 0; i < 100; ++i) CHECK(r.call(kernel, to_disk()) == busy);
    r.spmc.clear_faults();
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(r.spmc.calls(kernel, req2) == 105);
}

TEST_CASE("an all-zero response can be scripted, and the partition has not seen the request (trap 6)") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::zero_response, .on = req2}));
    CHECK(r.call(kernel, to_disk()) == ffa::encode_direct_response(disk, kernel, word_image{}));
    CHECK(r.echo.entries == 0);
    CHECK(r.call(kernel, to_disk()) == from_disk());
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::zero_response}));
    ffa::call_frame nothing = echo_of(plain(kernel, disk));
    nothing.x[3] = 0;
    CHECK(r.call(kernel, plain(kernel, disk)) == nothing);
}

TEST_CASE("a partition makes calls of its own while it works on a request") {
    struct relay {
        rig* r = nullptr;
        ffa::call_frame inner{};
        void operator()(ffa::call_frame& frame) {
            inner = r->call(net, ffa::encode_direct_request(net, disk, device_role_uuid, ascending(16)));
            frame = is_request(frame) ? echo_of(frame) : wait_frame();
        }
    };
    rig r{sim::profiles::generic};
    relay step{&r};
    r.second.instead = sim::entry_of(step);
    const auto request = ffa::encode_direct_request(kernel, net, net_uuid, ascending(44));
    CHECK(r.call(kernel, request) == echo_of(request));
    CHECK(step.inner == ffa::encode_direct_response(disk, net, ascending(16)));
}

TEST_CASE("a cycle of requests ends in BUSY") {
    struct caller {
        rig* r = nullptr;
        ffa::endpoint_id self{};
        ffa::endpoint_id peer{};
        ffa::call_frame inner{};
        void operator()(ffa::call_frame& frame) {
            inner = r->call(self, ffa::encode_direct_request(self, peer, uuid{}, ascending(16)));
            frame = is_request(frame) ? echo_of(frame) : wait_frame();
        }
    };
    rig r{sim::profiles::generic};
    caller first{&r, disk, net};
    caller last{&r, net, disk};
    r.echo.instead = sim::entry_of(first);
    r.second.instead = sim::entry_of(last);
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(first.inner == ffa::encode_direct_response(net, disk, ascending(16)));
    CHECK(last.inner == busy);
    CHECK(r.echo.entries == 1);
    CHECK(r.second.entries == 1);
}

TEST_CASE("a partition may leave with a call that is answered at once, and is entered with the answer") {
    rig r{sim::profiles::generic};
    r.echo.then(ffa::encode(ffa::id_get_call{}));
    r.echo.then(from_disk());
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(r.echo.seen[1] == ffa::encode(ffa::id_answer{disk}));
}

TEST_CASE("responses that are none are refused, and the partition can do better") {
    rig r{sim::profiles::generic};
    r.echo.then(ffa::encode_direct_response(net, kernel, ascending(8))); // another sender
    r.echo.then(ffa::encode_direct_response(disk, guest, ascending(8))); // another requester
    r.echo.then(echo_of(plain(kernel, disk)));                           // RESP to a REQ2
    r.echo.then(wait_frame());                                           // no response at all
    r.echo.then(from_disk());
    CHECK(r.call(kernel, to_disk()) == from_disk());
    CHECK(r.echo.seen[1] == invalid);
    CHECK(r.echo.seen[2] == denied);
    CHECK(r.echo.seen[3] == denied);
    CHECK(r.echo.seen[4] == denied);
    CHECK(r.call(disk, from_disk()) == denied); // without a request
}

TEST_CASE("FFA_ERROR in place of a response stops the partition, or goes to the requester (trap 25)") {
    const auto insists = [](ffa::call_frame& frame) { frame = ffa::encode_error(ffa::error::aborted); };
    rig strict{sim::profiles::hafnium};
    auto step = insists;
    strict.echo.instead = sim::entry_of(step);
    CHECK(strict.call(kernel, to_disk()).x[2] == static_cast<std::uint32_t>(ffa::error::aborted));
    CHECK(strict.echo.entries == 64);
    CHECK_FALSE(strict.spmc.waiting(disk));
    rig el3{sim::profiles::tfa_el3};
    el3.echo.instead = sim::entry_of(step);
    CHECK(ffa::error_in(el3.call(kernel, to_disk())) == ffa::error::aborted);
    CHECK(el3.echo.entries == 1);
    CHECK(el3.spmc.waiting(disk));
}

TEST_CASE("the normal world runs a partition that waits") {
    rig r{sim::profiles::generic};
    CHECK(r.call(kernel, run(disk)) == ffa::encode(ffa::msg_wait_call{}));
    CHECK(r.echo.seen[0] == run(disk));
    CHECK(r.call(kernel, run(ffa::endpoint_id{0x8777})) == invalid);
    CHECK(r.call(kernel, ffa::encode(ffa::run_call{{disk, 1}})) == invalid);
    CHECK(r.call(net, run(disk)) == denied);
}

TEST_CASE("a partition that restarts has lost its request and everything it negotiated") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::restart, .on = req2}));
    CHECK(r.call(disk, ffa::encode(ffa::version_call{ffa::version::v1_3})).x[0] == 0x1'0003);
    CHECK(r.spmc.version(disk) == ffa::version::v1_3);
    CHECK(r.call(kernel, to_disk()) == ffa::encode_error(ffa::error::aborted));
    CHECK(r.spmc.version(disk) == ffa::version::v1_2);
    CHECK(r.echo.entries == 0);
    CHECK(r.call(kernel, to_disk()) == from_disk());
    r.echo.then(ffa::encode(ffa::yield_call{}));
    CHECK(r.call(kernel, to_disk()) != from_disk());
}

TEST_CASE("a method that is missing is DENIED or NOT_SUPPORTED, which both mean: try another (trap 30)") {
    for (const sim::profile* p : {&sim::profiles::hafnium, &sim::profiles::optee}) {
        rig r{*p, {}, ffa::partition_properties::indirect};
        const auto answer = r.call(kernel, ffa::encode_direct_request(kernel, net, net_uuid, ascending(8)));
        CHECK(ffa::error_in(answer) == (p == &sim::profiles::optee ? ffa::error::not_supported : ffa::error::denied));
        CHECK(r.second.entries == 0);
    }
}

TEST_CASE("a partition without the property to send requests is denied") {
    rig r{sim::profiles::generic, {}, ffa::partition_properties::receives_direct2};
    CHECK(r.call(net, ffa::encode_direct_request(net, disk, uuid{}, ascending(8))) == denied);
}
