// SPDX-License-Identifier: BSD-2-Clause
// FFA_MSG_SEND2 against the manager in memory.
#include <vmsg/sim/indirect_calls.hpp>

#include <vmsg/ffa/indirect.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

constexpr auto v1_0 = ffa::version::v1_0;
constexpr auto v1_1 = ffa::version::v1_1;
constexpr auto v1_2 = ffa::version::v1_2;

constexpr sim::profile xen_rules = with(sim::profiles::generic, [](auto& p) { p.order = sim::check_order::xen; });

// Everybody mapped, with `pages` pages, in the given versions.
struct mailboxes : rig {
    explicit mailboxes(const sim::profile& p, ffa::version sender = v1_2, ffa::version receiver = v1_2,
                       std::uint8_t pages = 1)
        : rig(p), from_version(sender) {
        speak(guest, sender);
        speak(disk, receiver);
        REQUIRE(ffa::outcome_of(map(guest, pages)));
        REQUIRE(ffa::outcome_of(map(disk, pages)));
    }
    ffa::version from_version;

    // Puts a message into the sender's TX buffer.
    void write(const char* text, const uuid& service = device_role_uuid, ffa::endpoint_id to = disk) {
        const std::size_t size = __builtin_strlen(text);
        const auto place = ffa::encode_indirect({tx(guest), 4096}, from_version, guest, to, service, size);
        REQUIRE(place);
        for (std::size_t i = 0; i < size; ++i) (*place)[i] = static_cast<std::uint8_t>(text[i]);
    }
    void poke(std::size_t offset, std::uint32_t value) { store_le(tx(guest) + offset, value); }
    ffa::call_frame send(std::uint64_t w1 = 0, std::uint64_t w2 = 0) {
        ffa::call_frame frame = ffa::encode(ffa::msg_send2_call{});
        frame.x[1] = w1;
        frame.x[2] = w2;
        return call(guest, frame);
    }
    ffa::error failure(std::uint64_t w1 = 0, std::uint64_t w2 = 0) { return ffa::error_in(send(w1, w2)); }
    ffa::notification_get_answer pending(ffa::endpoint_id who) {
        return *ffa::decode_notification_get_answer(
            call(who, ffa::encode(ffa::notification_get_call{who, 0, ffa::sources_for(who)})));
    }
};

bool spells(byte_view bytes, const char* text) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] != static_cast<std::uint8_t>(text[i])) return false;
    return text[bytes.size()] == 0;
}

constexpr std::size_t offset_field = 8;
constexpr std::size_t ids_field = 12;
constexpr std::size_t size_field = 16;

} // namespace

TEST_CASE("Indirect: a message arrives between all versions from 1.1 on") {
    struct pair {
        ffa::version from;
        ffa::version to;
    };
    for (const pair v : {pair{v1_1, v1_1}, pair{v1_1, v1_2}, pair{v1_2, v1_1}, pair{v1_2, v1_2}}) {
        mailboxes r{sim::profiles::generic, v.from, v.to};
        r.write("hello");
        CHECK(r.send() == done);
        const auto m = ffa::decode_indirect({r.rx(disk), 4096});
        REQUIRE(m);
        CHECK(m->src == guest);
        CHECK(m->dst == disk);
        CHECK(spells(m->payload, "hello"));
        CHECK(m->has_service == (v.from == v1_2));
        if (m->has_service) CHECK(m->service == device_role_uuid);
        CHECK(r.spmc.rx_full(disk));
    }
}

TEST_CASE("Indirect: FF-A 1.0 has none") {
    mailboxes from{sim::profiles::generic, v1_0, v1_2};
    from.from_version = v1_1;
    from.write("hello");
    CHECK(from.failure() == ffa::error::not_supported);
    mailboxes to{sim::profiles::generic, v1_2, v1_0};
    to.write("hello");
    CHECK(to.failure() == ffa::error::denied);
}

TEST_CASE("Indirect: without a TX buffer DENIED, without the receiver's RX buffer BUSY for ever, or DENIED by Xen") {
    rig unmapped{sim::profiles::generic};
    CHECK(unmapped.call(guest, ffa::encode(ffa::msg_send2_call{})) == denied);
    for (const sim::profile* p : {&sim::profiles::generic, &xen_rules}) {
        mailboxes r{*p};
        r.write("hello", net_uuid, net);
        for (int i = 0; i < 10; ++i) CHECK(r.failure() == (p == &xen_rules ? ffa::error::denied : ffa::error::busy));
    }
}

TEST_CASE("Indirect: an unread message makes the next one BUSY until RX is released") {
    mailboxes r{sim::profiles::generic};
    r.write("one");
    CHECK(r.send() == done);
    r.write("two");
    CHECK(r.send() == busy);
    CHECK(r.release(disk) == done);
    CHECK(r.send() == done);
    CHECK(r.rx(disk)[41] == 'w');
}

TEST_CASE("Indirect: messages that are not in order are refused (traps 8 and 9)") {
    struct damage {
        std::size_t offset;
        std::uint32_t value;
    };
    for (const sim::profile* p : {&sim::profiles::generic, &xen_rules})
        for (const damage d : {damage{ids_field, 0x0001'0001},  // to itself
                               damage{ids_field, 0x0002'8003},  // from another
                               damage{ids_field, 0x0001'8777},  // to nobody
                               damage{ids_field, 0x8003'0001},  // ids swapped
                               damage{size_field, 4096 - 39},   // one byte too many
                               damage{size_field, 0xffff'ffff}, // a sum that overflows
                               damage{offset_field, 39},        // into the header
                               damage{offset_field, 20},        // the header of 1.1
                               damage{offset_field, 4096},      // behind the buffer
                               damage{offset_field, 0xffff'ffff}}) {
            mailboxes r{*p};
            r.write("hello");
            r.poke(d.offset, d.value);
            CHECK(r.failure() == ffa::error::invalid_parameters);
            CHECK_FALSE(r.spmc.rx_full(disk));
        }
}

TEST_CASE("Indirect: w1, and flags from the normal world, have to be zero") {
    mailboxes r{sim::profiles::generic};
    r.write("hello");
    CHECK(r.send(std::uint64_t{0x0001'0000}) == invalid);
    CHECK(r.send(0, 2) == invalid);
    CHECK(r.send(0, 1) == invalid);
    CHECK(r.send() == done);
}

TEST_CASE("Indirect: a gap between header and message is allowed") {
    mailboxes r{sim::profiles::generic};
    r.write("hello");
    r.poke(offset_field, 100);
    r.tx(guest)[100] = 'x';
    r.poke(size_field, 1);
    CHECK(r.send() == done);
    CHECK(ffa::decode_indirect({r.rx(disk), 4096})->payload[0] == 'x');
    mailboxes xen{xen_rules}; // which moves the message behind a header of its own
    xen.write("hello");
    xen.poke(offset_field, 100);
    xen.poke(size_field, 1);
    xen.tx(guest)[100] = 'x';
    CHECK(xen.send() == done);
    CHECK(load_le<std::uint32_t>(xen.rx(disk) + offset_field) == 40);
    CHECK(xen.rx(disk)[40] == 'x');
}

TEST_CASE("Indirect: Xen gives a message of 1.1 a header of 1.2 and no UUID") {
    mailboxes r{xen_rules, v1_1, v1_2};
    r.write("hello");
    CHECK(r.send() == done);
    const auto m = ffa::decode_indirect({r.rx(disk), 4096});
    CHECK(m->has_service);
    CHECK(m->service.is_nil());
    CHECK(m->payload.size() == 5);
}

TEST_CASE("Indirect: no bytes at all are refused by Xen alone") {
    for (const sim::profile* p : {&sim::profiles::generic, &xen_rules}) {
        mailboxes r{*p};
        r.write("hello");
        r.poke(size_field, 0);
        CHECK(ffa::outcome_of(r.send()).error() == (p == &xen_rules ? errc::invalid_argument : errc::none));
    }
}

TEST_CASE("Indirect: the rest of RX is zero, on all of its pages (trap 12)") {
    mailboxes r{sim::profiles::generic, v1_2, v1_2, 3};
    for (std::size_t i = 0; i < 3 * 4096; ++i) r.rx(disk, 3)[i] = 0xa5;
    r.write("hello");
    CHECK(r.send() == done);
    std::size_t left = 0;
    for (std::size_t i = 45; i < 3 * 4096; ++i) left += r.rx(disk, 3)[i];
    CHECK(left == 0);
    CHECK(r.rx(disk, 3)[44] == 'o');
}

TEST_CASE("Indirect: a message longer than the receiver's buffer") {
    for (const sim::profile* p : {&sim::profiles::generic, &xen_rules}) {
        rig r{*p};
        REQUIRE(r.map(guest, 2) == done);
        REQUIRE(r.map(disk, 1) == done);
        REQUIRE(ffa::encode_indirect({r.tx(guest), 8192}, v1_2, guest, disk, uuid{}, 5000));
        CHECK(r.call(guest, ffa::encode(ffa::msg_send2_call{})) == (p == &xen_rules ? no_memory : invalid));
    }
}

TEST_CASE("Indirect: who has no such method is not reached") {
    using enum ffa::partition_properties;
    manager m{sim::profiles::generic};
    alignas(4096) static std::uint8_t memory[4 * 4096]{};
    REQUIRE(m.add({.id = guest}));
    REQUIRE(m.add({.id = disk, .services = {{.protocol = device_role_uuid, .properties = receives_direct2}}}));
    REQUIRE(m.add_memory(guest, 0x1000, byte_span{memory, 8192}));
    REQUIRE(m.add_memory(disk, 0x1000, byte_span{memory + 8192, 8192}));
    for (const ffa::endpoint_id id : {guest, disk}) {
        ffa::call_frame map = ffa::encode(ffa::rxtx_map_call{0x1000, 0x2000, 1, ffa::form::smc64});
        m.conduit_for(id)(map);
        REQUIRE(map == done);
    }
    REQUIRE(ffa::encode_indirect({memory, 4096}, v1_2, guest, disk, uuid{}, 5));
    ffa::call_frame send = ffa::encode(ffa::msg_send2_call{});
    m.conduit_for(guest)(send);
    CHECK(send == denied);
}

TEST_CASE("Indirect: the sender's world decides which RX-full bit the receiver finds") {
    mailboxes r{sim::profiles::generic};
    r.write("hello");
    CHECK(r.send() == done);
    CHECK(r.pending(disk) == ffa::notification_get_answer{0, 0, 0, 1});
    CHECK(r.pending(disk).nothing());
    REQUIRE(ffa::encode_indirect({r.tx(disk), 4096}, v1_2, disk, guest, uuid{}, 5));
    CHECK(r.call(disk, ffa::encode(ffa::msg_send2_call{{}, true})) == done); // an SP may delay the interrupt
    CHECK(r.pending(guest) == ffa::notification_get_answer{0, 0, 1, 0});
}

TEST_CASE("Indirect: a partition without notifications is run for its message, and finds it in RX alone") {
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium}) {
        CAPTURE(p->name);
        rig r{*p, {}, ffa::partition_properties{0x107}};
        for (const ffa::endpoint_id id : {guest, net}) {
            r.speak(id, v1_2);
            REQUIRE(ffa::outcome_of(r.map(id)));
        }
        REQUIRE(ffa::encode_indirect({r.tx(guest), 4096}, v1_2, guest, net, net_uuid, 5));
        CHECK(r.call(guest, ffa::encode(ffa::msg_send2_call{})) == done);
        CHECK(r.call(net, ffa::encode(ffa::notification_get_call{net, 0, ffa::sources_for(net)})) == not_supported);
        CHECK(r.spmc.rx_full(net));
        CHECK(r.spmc.schedule(kernel) == 1);
        CHECK(r.second.entries == 1);
        CHECK_FALSE(r.spmc.rx_full(net)); // given back with its FFA_MSG_WAIT
    }
}

TEST_CASE("RX ownership: Hafnium denies the release while the RX-full notification is unread (trap 11)") {
    mailboxes r{sim::profiles::hafnium};
    r.write("hello");
    CHECK(ffa::outcome_of(r.send()));
    CHECK(ffa::error_in(r.release(disk)) == ffa::error::denied);
    CHECK(r.pending(disk).rx_full());
    CHECK(ffa::outcome_of(r.release(disk)));
    CHECK(ffa::error_in(r.release(disk)) == ffa::error::denied);
}

TEST_CASE("Indirect: a partition with a message is interrupted by Hafnium before it gets a request") {
    for (const bool interrupts : {false, true}) {
        mailboxes r{with(sim::profiles::generic, [=](auto& p) { p.interrupts_before_request = interrupts; })};
        r.write("hello");
        CHECK(r.send() == done);
        const auto request = ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8));
        r.echo.then(interrupts ? ffa::encode(ffa::msg_wait_call{true}) : echo_of(request));
        CHECK(r.call(kernel, request) == echo_of(request));
        CHECK(r.echo.entries == (interrupts ? 2 : 1));
        if (interrupts) CHECK(r.echo.seen[0] == ffa::encode(ffa::interrupt_call{{}, 5}));
        CHECK(r.echo.seen[interrupts ? 1 : 0] == request);
        CHECK(r.call(kernel, request) == echo_of(request)); // once only
        CHECK(r.echo.entries == (interrupts ? 3 : 2));
    }
}

TEST_CASE(
    "Indirect: a partition that yields while it is interrupted goes on until it waits, and then gets its request") {
    mailboxes r{with(sim::profiles::generic, [](auto& p) { p.interrupts_before_request = true; })};
    const auto request = ffa::encode_direct_request(kernel, disk, uuid{}, ascending(8));
    r.write("hello");
    CHECK(r.send() == done);
    SUBCASE("twice") {
        for (int i = 0; i < 2; ++i) r.echo.then(ffa::encode(ffa::yield_call{}));
        r.echo.then(ffa::encode(ffa::msg_wait_call{true}));
        CHECK(r.call(kernel, request) == echo_of(request));
        REQUIRE(r.echo.entries == 4);
        CHECK(r.echo.seen[0] == ffa::encode(ffa::interrupt_call{{}, 5}));
        CHECK(r.echo.seen[1] == done);
        CHECK(r.echo.seen[2] == done);
        CHECK(r.echo.seen[3] == request);
    }
    SUBCASE("for ever") {
        auto yields = [](ffa::call_frame& frame) { frame = ffa::encode(ffa::yield_call{}); };
        r.echo.instead = sim::entry_of(yields);
        CHECK(r.call(kernel, request) == ffa::encode_error(ffa::error::aborted));
        CHECK(r.echo.entries < 10'000);
        r.echo.instead = {};
        CHECK(r.call(kernel, request) != echo_of(request)); // it was stopped
    }
}

TEST_CASE("Indirect: FFA_RUN resumes a partition that waits with a full RX buffer, and a scheduler does it for all "
          "(trap 32)") {
    mailboxes r{sim::profiles::hafnium};
    r.write("hello");
    CHECK(ffa::outcome_of(r.send()));
    CHECK(r.spmc.schedule(kernel) == 1);
    CHECK(r.echo.seen[0] == ffa::encode(ffa::run_call{{disk, 0}}));
    CHECK(r.spmc.schedule(kernel) == 0);
    CHECK(r.second.entries == 0);
}

TEST_CASE("Indirect: who waits without an entry is told that there is a message, or that there is none") {
    mailboxes r{sim::profiles::generic};
    const auto wait = ffa::encode(ffa::msg_wait_call{true});
    CHECK(r.call(disk, wait) == ffa::encode_error(ffa::error::interrupted));
    r.write("hello");
    CHECK(r.send() == done);
    CHECK(r.call(disk, wait) == ffa::encode(ffa::interrupt_call{{}, 5}));
}

TEST_CASE("Indirect: RX full and lost notifications can be scripted") {
    mailboxes r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault(
        {.kind = sim::fault_kind::rx_full, .on = ffa::function_id::msg_send2, .times = 2, .caller = guest}));
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::lose_notification, .on = ffa::function_id::msg_send2}));
    r.write("hello");
    CHECK(r.send() == busy);
    CHECK(r.send() == busy);
    CHECK(r.send() == done);
    CHECK(r.pending(disk).nothing());
    CHECK(r.spmc.rx_full(disk));
}

TEST_CASE("Indirect: a peer that restarts has lost its buffers") {
    mailboxes r{sim::profiles::generic};
    r.write("hello");
    CHECK(r.send() == done);
    r.spmc.restart(disk);
    CHECK_FALSE(r.spmc.rx_full(disk));
    CHECK(r.send() == busy); // not mapped
    REQUIRE(r.map(disk) == done);
    CHECK(r.send() == done);
}

TEST_CASE("Indirect: what changes in TX after the call does not reach the receiver") {
    mailboxes r{sim::profiles::generic};
    r.write("hello");
    CHECK(r.send() == done);
    r.write("other");
    CHECK(r.rx(disk)[40] == 'h');
}

TEST_CASE("Indirect: a message is relayed from partition to partition") {
    mailboxes r{sim::profiles::generic};
    REQUIRE(r.map(net) == done);
    r.write("hello");
    CHECK(r.send() == done);
    const auto m = ffa::decode_indirect({r.rx(disk), 4096});
    const auto place = ffa::encode_indirect({r.tx(disk), 4096}, v1_2, disk, net, net_uuid, m->payload.size());
    copy_bytes(place->data(), m->payload.data(), m->payload.size());
    CHECK(r.release(disk) == done);
    CHECK(r.call(disk, ffa::encode(ffa::msg_send2_call{})) == done);
    CHECK(ffa::decode_indirect({r.rx(net), 4096})->payload[4] == 'o');
    CHECK(ffa::decode_indirect({r.rx(net), 4096})->src == disk);
}
