// SPDX-License-Identifier: BSD-2-Clause
// Memory sharing against the manager in memory: both sides with the library's own client code.
#include <vmsg/sim/memory_map.hpp>
#include <vmsg/sim/memory_receive.hpp>
#include <vmsg/sim/memory_send.hpp>

#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/ffa/memory_sender.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

using op = ffa::memory_operation;
using perms = ffa::memory_permissions;

constexpr std::uint64_t page = ffa::page_size;

// A rig with all buffers mapped and a large area of the guest.
struct memory_rig : rig {
    explicit memory_rig(const sim::profile& p, ffa::version from = ffa::version::v1_2,
                        ffa::version to = ffa::version::v1_2)
        : rig(p) {
        versions[0] = from;
        versions[1] = to;
        speak(guest, from);
        speak(disk, to);
        for (const ffa::endpoint_id id : {guest, disk, net}) REQUIRE(ffa::outcome_of(map(id)));
    }
    ffa::version versions[2];
    ffa::memory_transaction last{};

    static ffa::memory_transaction transaction(op o, ffa::endpoint_id owner = guest) {
        ffa::memory_transaction t;
        t.sender = owner;
        t.attributes = o == op::share ? ffa::normal_memory : ffa::memory_attributes::unspecified;
        t.tag = 0x1234;
        return t;
    }
    static ffa::memory_access access(ffa::endpoint_id to, op o) {
        return {to, o == op::donate ? perms::unspecified : perms::read_write, 0, 0, {}};
    }

    // Sends with one receiver and gives the handle, or the reason.
    result<ffa::memory_handle> send(op o, const ffa::memory_regions& regions, ffa::endpoint_id to = disk,
                                    ffa::endpoint_id from = guest) {
        const ffa::memory_access receivers[] = {access(to, o)};
        const ffa::memory_transaction t = transaction(o, from);
        ffa::memory_sender sender{from == guest ? versions[0] : versions[1], o, t, receivers, regions};
        const byte_span out{tx(from), 4096};
        auto more = sender.begin(out);
        while (more && *more) more = sender.next(call(from, sender.call()), out);
        if (!more) return more.error();
        last = t;
        last.handle = sender.handle();
        return sender.handle();
    }
    result<ffa::memory_handle> send_page(op o, std::size_t i = 4, ffa::endpoint_id to = disk) {
        const ffa::memory_region regions[] = {{rig::page_at(guest, i), 1}};
        return send(o, regions, to);
    }

    // Retrieves what was sent last; with `change` something in the request is different.
    template <class Change> errc retrieve(ffa::endpoint_id who, Change change) {
        ffa::memory_transaction request = last;
        request.attributes = ffa::memory_attributes::unspecified;
        ffa::memory_access receivers[] = {{who, perms::unspecified, 0, 0, {}}};
        change(request, receivers[0]);
        ffa::memory_retriever retriever{
            who == disk ? versions[1] : ffa::version::v1_2, who, request, receivers, {storage, 300}};
        snapshot<4096> copy;
        auto more = retriever.begin({tx(who), 4096});
        while (more && *more) more = retriever.next(call(who, retriever.call()), {rx(who), 4096}, copy);
        got = retriever.regions();
        described = retriever.transaction();
        allowed = retriever.access();
        return more.error();
    }
    errc retrieve(ffa::endpoint_id who = disk) {
        return retrieve(who, [](auto&, auto&) {});
    }
    errc relinquish(ffa::endpoint_id who, ffa::memory_handle handle, ffa::endpoint_id named) {
        REQUIRE(ffa::encode_memory_relinquish({tx(who), 4096}, {handle, {}, named}));
        return ffa::outcome_of(call(who, ffa::encode(ffa::mem_relinquish_call{}))).error();
    }
    errc relinquish(ffa::endpoint_id who = disk) { return relinquish(who, last.handle, who); }
    errc reclaim(ffa::endpoint_id who = guest, ffa::memory_flags flags = {}) {
        return ffa::outcome_of(call(who, ffa::encode(ffa::mem_reclaim_call{last.handle, flags}))).error();
    }
    bool can_access(ffa::endpoint_id who, std::size_t i = 4) {
        return spmc.memory(who, rig::page_at(guest, i), page).has_value();
    }

    ffa::memory_region storage[300]{};
    ffa::memory_regions got{};
    ffa::memory_transaction described{};
    ffa::memory_access allowed{};
};

} // namespace

TEST_CASE("Memory: shared memory is the same memory for both until it is relinquished, and then reclaimed") {
    memory_rig r{sim::profiles::generic};
    CHECK_FALSE(r.can_access(disk));
    REQUIRE(r.send_page(op::share));
    CHECK_FALSE(r.can_access(disk)); // not before it was retrieved
    CHECK(r.retrieve() == errc::none);
    CHECK(r.got.size() == 1);
    CHECK(r.got[0] == ffa::memory_region{rig::page_at(guest, 4), 1});
    CHECK(r.can_access(guest));
    const auto bytes = r.spmc.memory(disk, rig::page_at(guest, 4), page);
    REQUIRE(bytes);
    (*bytes)[7] = 0x77;
    CHECK(r.bytes_of(guest)[4 * page + 7] == 0x77);
    CHECK_FALSE(r.spmc.memory(disk, rig::page_at(guest, 4), page + 1));
    CHECK_FALSE(r.can_access(net));
    CHECK(r.reclaim() == errc::denied);
    CHECK(r.relinquish() == errc::none);
    CHECK_FALSE(r.can_access(disk));
    CHECK(r.relinquish() == errc::invalid_argument);
    CHECK(r.reclaim(net) == errc::invalid_argument);
    CHECK(r.spmc.open_shares() == 1);
    CHECK(r.reclaim() == errc::none);
    CHECK(r.reclaim() == errc::invalid_argument);
    CHECK(r.retrieve() == errc::invalid_argument);
    CHECK(r.spmc.open_shares() == 0);
}

TEST_CASE("Memory: the response says the type, the world of the owner, and what is allowed (trap 27)") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::share));
    REQUIRE(r.retrieve() == errc::none);
    CHECK(r.described.flags == ffa::memory_flags::type_share);
    CHECK(r.described.attributes == (ffa::normal_memory | ffa::memory_attributes::non_secure));
    CHECK(r.described.tag == 0x1234);
    CHECK(r.allowed.permissions == (perms::read_write | perms::not_executable));
}

TEST_CASE("Memory: lent memory is out of reach for its owner") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::lend));
    CHECK_FALSE(r.can_access(guest));
    CHECK(r.can_access(guest, 5));
    CHECK(r.retrieve() == errc::none);
    CHECK(r.can_access(disk));
    CHECK(r.relinquish() == errc::none);
    CHECK(r.reclaim() == errc::none);
    CHECK(r.can_access(guest));
}

TEST_CASE("Memory: donated memory has a new owner, who may send it on") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::donate));
    CHECK_FALSE(r.can_access(guest));
    CHECK(r.retrieve() == errc::none);
    CHECK(r.can_access(disk));
    CHECK(r.reclaim() == errc::invalid_argument);
    CHECK(r.relinquish() == errc::invalid_argument);
    CHECK(r.send_page(op::share).error() == errc::denied);
    const ffa::memory_region regions[] = {{rig::page_at(guest, 4), 1}};
    REQUIRE(r.send(op::share, regions, net, disk));
    CHECK(r.retrieve(net) == errc::none);
    CHECK(r.can_access(net));
    CHECK(r.can_access(disk));
}

TEST_CASE("Memory: what was donated on has its last owner alone") {
    memory_rig r{sim::profiles::generic};
    const ffa::memory_region regions[] = {{rig::page_at(guest, 4), 1}};
    REQUIRE(r.send_page(op::donate));
    REQUIRE(r.retrieve() == errc::none);
    REQUIRE(r.send(op::donate, regions, net, disk));
    CHECK_FALSE(r.can_access(disk));
    REQUIRE(r.retrieve(net) == errc::none);
    CHECK(r.can_access(net));
    CHECK_FALSE(r.can_access(disk));
    CHECK_FALSE(r.can_access(guest));
    const ffa::memory_region mixed[] = {{rig::page_at(net, 4), 1}, {rig::page_at(guest, 4), 1}};
    CHECK(r.send(op::share, mixed, disk, net).error() == errc::denied);
    REQUIRE(r.send(op::donate, regions, disk, net));
    REQUIRE(r.retrieve(disk) == errc::none);
    CHECK(r.can_access(disk));
    CHECK_FALSE(r.can_access(net));
}

TEST_CASE("Memory: pages that are not the sender's, or sent already, or no normal memory, are denied (trap 16)") {
    memory_rig r{sim::profiles::generic};
    alignas(4096) static std::uint8_t device[4096]{};
    REQUIRE(r.spmc.add_memory(guest, 0x9000'0000, device, true));
    const auto one = [&](std::uint64_t address, std::uint32_t pages) {
        const ffa::memory_region regions[] = {{address, pages}};
        return r.send(op::share, regions).error();
    };
    CHECK(one(rig::base_of(disk), 1) == errc::denied);
    CHECK(one(rig::page_at(guest, 8), 1) == errc::denied);
    CHECK(one(rig::page_at(guest, 7), 2) == errc::denied);
    CHECK(one(rig::page_at(guest, 4), 0xffff'ffff) == errc::denied); // 16 TiB
    CHECK(one(0x9000'0000, 1) == errc::denied);
    CHECK(one(rig::page_at(guest, 4), 2) == errc::none);
    CHECK(one(rig::page_at(guest, 5), 1) == errc::denied);
    CHECK(one(rig::page_at(guest, 3), 2) == errc::denied);
    const ffa::memory_region twice[] = {{rig::page_at(guest, 6), 1}, {rig::page_at(guest, 6), 1}};
    CHECK(r.send(op::share, twice).error() == errc::denied);
    CHECK(r.spmc.open_shares() == 1);
}

TEST_CASE("Memory: receivers have to exist, to be others, and different ones") {
    memory_rig r{sim::profiles::generic};
    CHECK(r.send_page(op::share, 4, guest).error() == errc::invalid_argument);
    CHECK(r.send_page(op::share, 4, ffa::endpoint_id{0x8777}).error() == errc::invalid_argument);
    const ffa::memory_region regions[] = {{rig::page_at(disk, 4), 1}};
    CHECK(r.send(op::share, regions, guest, disk).error() == errc::denied); // into the normal world
    const auto several = [&](op o, const ffa::memory_accesses& receivers, ffa::endpoint_id sender = guest) {
        const ffa::memory_region mine[] = {{rig::page_at(guest, 4), 1}};
        auto t = memory_rig::transaction(o, sender);
        if (o == op::lend) t.attributes = ffa::normal_memory;
        const auto d = ffa::encode_memory_descriptor({r.tx(guest), 4096}, ffa::version::v1_2, t, receivers, mine);
        REQUIRE(d);
        return ffa::outcome_of(r.call(guest, ffa::encode(ffa::mem_send_call{o, d->total_length, d->fragment_length})))
            .error();
    };
    const ffa::memory_access same[] = {memory_rig::access(disk, op::share), memory_rig::access(disk, op::share)};
    const ffa::memory_access two[] = {memory_rig::access(disk, op::share), memory_rig::access(net, op::share)};
    const ffa::memory_access new_owners[] = {memory_rig::access(disk, op::donate), memory_rig::access(net, op::donate)};
    CHECK(several(op::share, same) == errc::invalid_argument);
    CHECK(several(op::donate, new_owners) == errc::invalid_argument);
    CHECK(several(op::share, two, net) == errc::denied); // in another's name
    CHECK(several(op::share, two) == errc::none);
}

TEST_CASE("Memory: several borrowers each have their turn") {
    memory_rig r{sim::profiles::generic};
    const ffa::memory_region mine[] = {{rig::page_at(guest, 4), 1}};
    const ffa::memory_access two[] = {memory_rig::access(disk, op::share), memory_rig::access(net, op::share)};
    r.last = memory_rig::transaction(op::share);
    ffa::memory_sender sender{ffa::version::v1_2, op::share, r.last, two, mine};
    REQUIRE(sender.begin({r.tx(guest), 4096}));
    REQUIRE(sender.next(r.call(guest, sender.call()), {r.tx(guest), 4096}));
    r.last.handle = sender.handle();
    CHECK(r.retrieve(disk) == errc::none);
    CHECK(r.retrieve(net) == errc::none);
    CHECK(r.retrieve(net) == errc::denied); // twice
    CHECK(r.relinquish(disk) == errc::none);
    CHECK(r.reclaim() == errc::denied);
    CHECK(r.relinquish(net) == errc::none);
    CHECK(r.reclaim() == errc::none);
}

TEST_CASE("Memory: a request to retrieve has to say what was sent") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::share));
    const auto wrong = [&](auto change) { return r.retrieve(disk, change); };
    CHECK(wrong([](auto& t, auto&) { t.tag = 1; }) == errc::invalid_argument);
    CHECK(wrong([](auto& t, auto&) { t.sender = net; }) == errc::invalid_argument);
    CHECK(wrong([](auto& t, auto&) { t.handle = ffa::memory_handle{77}; }) == errc::invalid_argument);
    CHECK(wrong([](auto& t, auto&) { t.flags = ffa::memory_flags::type_lend; }) == errc::invalid_argument);
    CHECK(wrong([](auto& t, auto&) { t.flags = ffa::memory_flags::zero; }) == errc::invalid_argument);
    CHECK(wrong([](auto&, auto& a) { a.impdef.bytes[3] = 1; }) == errc::invalid_argument);
    CHECK(wrong([](auto&, auto& a) { a.receiver = net; }) == errc::denied);
    CHECK(r.retrieve(net) == errc::denied); // not for it
    CHECK(wrong([](auto& t, auto&) { t.flags = ffa::memory_flags::type_share; }) == errc::none);
}

TEST_CASE("Memory: who gives it back has to have it, all of it, and to be the caller") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::share));
    CHECK(r.relinquish() == errc::invalid_argument);
    REQUIRE(r.retrieve() == errc::none);
    CHECK(r.relinquish(disk, r.last.handle, net) == errc::invalid_argument);
    CHECK(r.relinquish(disk, ffa::memory_handle{77}, disk) == errc::invalid_argument);
    CHECK(r.relinquish(net) == errc::invalid_argument);
    store_le(r.tx(disk), std::uint64_t{1}); // two endpoints
    REQUIRE(ffa::encode_memory_relinquish({r.tx(disk), 4096}, {r.last.handle, {}, disk}));
    store_le(r.tx(disk) + 12, std::uint32_t{2});
    CHECK(r.call(disk, ffa::encode(ffa::mem_relinquish_call{})) == invalid);
    CHECK(r.relinquish() == errc::none);
}

TEST_CASE("Memory: descriptors of all versions, converted between them (trap 15)") {
    for (const ffa::version from : {ffa::version::v1_0, ffa::version::v1_1, ffa::version::v1_2, ffa::version::v1_3})
        for (const ffa::version to : {ffa::version::v1_0, ffa::version::v1_1, ffa::version::v1_2, ffa::version::v1_3}) {
            memory_rig r{sim::profiles::generic, from, to};
            REQUIRE(r.send_page(op::share));
            CHECK(r.retrieve() == errc::none);
            CHECK(r.got.size() == 1);
            CHECK(r.relinquish() == errc::none);
            CHECK(r.reclaim() == errc::none);
        }
}

namespace {

// 280 single pages, every other one of the area, so that the descriptor does not fit one page.
constexpr std::size_t many = 280;
alignas(4096) std::uint8_t large[2 * many * page]{};
constexpr std::uint64_t large_base = 0x7'0000'0000;

struct fragment_rig : memory_rig {
    explicit fragment_rig(const sim::profile& p) : memory_rig(p) {
        REQUIRE(spmc.add_memory(guest, large_base, large));
        for (std::size_t i = 0; i < many; ++i) pages[i] = {large_base + 2 * i * page, 1};
    }
    ffa::memory_region pages[many]{};
};

} // namespace

TEST_CASE("Memory: in fragments both ways") {
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium, &sim::profiles::tfa_el3}) {
        fragment_rig r{*p};
        REQUIRE(r.send(op::share, r.pages));
        CHECK(r.spmc.calls(guest, ffa::function_id::mem_frag_tx) == 1);
        REQUIRE(r.retrieve() == errc::none);
        CHECK(r.spmc.calls(disk, ffa::function_id::mem_frag_rx) == 1);
        CHECK(r.got == ffa::memory_regions{r.pages});
        CHECK(r.relinquish() == errc::none);
        CHECK(r.reclaim() == errc::none);
    }
}

TEST_CASE("Memory: managers that take no fragments say so") {
    fragment_rig xen{sim::profiles::xen};
    CHECK(xen.send(op::share, xen.pages).error() == errc::not_supported);
    fragment_rig optee{sim::profiles::optee};
    CHECK(optee.send(op::share, optee.pages).error() == errc::not_supported);
}

TEST_CASE("Memory: fragments that are not in order end the transaction") {
    const auto begin = [](fragment_rig& r) {
        const ffa::memory_access receivers[] = {memory_rig::access(disk, op::share)};
        const auto d = ffa::encode_memory_descriptor({r.tx(guest), 4096}, ffa::version::v1_2,
                                                     memory_rig::transaction(op::share), receivers, r.pages);
        REQUIRE(d);
        const auto a = r.call(guest, ffa::encode(ffa::mem_send_call{op::share, d->total_length, d->fragment_length}));
        const auto answer = ffa::decode_mem_send_answer(a);
        REQUIRE(answer);
        CHECK(answer->what == ffa::mem_send_answer::kind::more);
        CHECK(answer->offset == d->fragment_length);
        const auto rest = ffa::memory_regions{r.pages}.drop(d->region_count);
        return std::pair{answer->handle, ffa::encode_memory_fragment({r.tx(guest), 4096}, rest).length};
    };
    for (const std::uint32_t wrong : {0u, 8u, 4096u, 4112u, 0xffff'fff0u}) { // not what is left to come
        fragment_rig r{sim::profiles::generic};
        const auto [handle, length] = begin(r);
        CHECK(r.spmc.open_shares() == 1);
        CHECK(ffa::outcome_of(r.call(guest, ffa::encode(ffa::mem_frag_tx{handle, wrong, {}}))).error() ==
              errc::invalid_argument);
        CHECK(r.spmc.open_shares() == 0);
        CHECK(ffa::error_in(r.call(guest, ffa::encode(ffa::mem_frag_tx{handle, length, {}}))) ==
              ffa::error::invalid_parameters);
    }
    fragment_rig r{sim::profiles::generic};
    const auto [handle, length] = begin(r);
    r.last = memory_rig::transaction(op::share);
    r.last.handle = handle;
    CHECK(r.retrieve() == errc::invalid_argument); // before it was all sent
    CHECK(r.reclaim() == errc::invalid_argument);
    CHECK(r.call(disk, ffa::encode(ffa::mem_frag_tx{handle, length, {}})) == invalid);
    CHECK(r.call(guest, ffa::encode(ffa::mem_frag_tx{ffa::memory_handle{77}, length, {}})) == invalid);
    CHECK(ffa::outcome_of(r.call(guest, ffa::encode(ffa::mem_frag_tx{handle, length, {}}))));
    CHECK(r.call(guest, ffa::encode(ffa::mem_frag_tx{handle, length, {}})) == invalid); // it is finished
}

TEST_CASE("Memory: the next fragment of a response, at the right offset, after a release (trap 17)") {
    fragment_rig r{with(sim::profiles::generic, [](auto& p) { p.retransmits_fragments = true; })};
    REQUIRE(r.send(op::share, r.pages));
    const ffa::memory_access receivers[] = {{disk, perms::unspecified, 0, 0, {}}};
    ffa::memory_transaction request = r.last;
    request.attributes = {};
    const auto length = ffa::encode_memory_retrieve({r.tx(disk), 4096}, ffa::version::v1_2, request, receivers);
    const auto first =
        ffa::decode_mem_retrieve_answer(r.call(disk, ffa::encode(ffa::mem_retrieve_call{*length, *length})));
    REQUIRE(first);
    CHECK(first->fragment_length == 4096);
    const auto ask = [&](std::uint32_t offset) {
        return r.call(disk, ffa::encode(ffa::mem_frag_rx{r.last.handle, offset, {}}));
    };
    CHECK(ask(4096) == busy); // RX is not released
    CHECK(r.release(disk) == done);
    CHECK(ask(4080) == invalid);
    CHECK(ask(0) == invalid);
    CHECK(ask(0xffff'fff0) == invalid);
    CHECK(r.relinquish() == errc::invalid_argument); // not all of it
    const auto rest = ffa::decode_mem_frag_rx_answer(ask(4096));
    REQUIRE(rest);
    CHECK(rest->length == first->total_length - 4096);
    CHECK(r.release(disk) == done);
    CHECK(ffa::decode_mem_frag_rx_answer(ask(4096))->length == rest->length); // once more
    CHECK(r.release(disk) == done);
    CHECK(ask(first->total_length) == invalid);
    CHECK(r.relinquish() == errc::none);
}

TEST_CASE("Memory: descriptors with wrong lengths, counts and offsets (trap 18)") {
    struct damage {
        std::size_t offset;
        std::uint32_t value;
    };
    // 1.2: EMAD size at 24, count 28, offset 32; EMAD at 48 with composite offset at 52; composite at 80; region at 96.
    for (const damage d :
         {damage{24, 48}, damage{28, 0},  damage{28, 2},           damage{28, 0x0800'0001}, damage{32, 40},
          damage{32, 52}, damage{36, 1},  damage{52, 0},           damage{52, 64},          damage{52, 88},
          damage{84, 0},  damage{84, 2},  damage{84, 0x1000'0001}, damage{80, 2},           damage{88, 1},
          damage{104, 0}, damage{104, 2}, damage{108, 1},          damage{96, 0x4001},      damage{72, 1},
          damage{4, 4},   damage{8, 1}}) {
        memory_rig r{sim::profiles::generic};
        const ffa::memory_access receivers[] = {memory_rig::access(disk, op::share)};
        const ffa::memory_region regions[] = {{rig::page_at(guest, 4), 1}};
        const auto e = ffa::encode_memory_descriptor({r.tx(guest), 4096}, ffa::version::v1_2,
                                                     memory_rig::transaction(op::share), receivers, regions);
        REQUIRE(e);
        store_le(r.tx(guest) + d.offset, d.value);
        const auto call = ffa::encode(ffa::mem_send_call{op::share, e->total_length, e->fragment_length});
        CAPTURE(d.offset);
        CHECK(r.call(guest, call) == invalid);
        CHECK(r.spmc.open_shares() == 0);
    }
}

TEST_CASE("Memory: the first fragment has all receivers, the head of the regions, and whole regions (trap 18)") {
    fragment_rig r{sim::profiles::generic};
    const ffa::memory_access receivers[] = {memory_rig::access(disk, op::share)};
    const auto e = ffa::encode_memory_descriptor({r.tx(guest), 4096}, ffa::version::v1_2,
                                                 memory_rig::transaction(op::share), receivers, r.pages);
    REQUIRE(e);
    const auto first = [&](std::uint32_t length) {
        return r.call(guest, ffa::encode(ffa::mem_send_call{op::share, e->total_length, length}));
    };
    for (const std::uint32_t cut : {16u, 47u, 48u, 64u, 79u, 80u, 95u, 100u, 120u}) CHECK(first(cut) == invalid);
    const auto a = ffa::decode_mem_send_answer(first(96)); // not a single region yet
    REQUIRE(a);
    CHECK(a->offset == 96);
}

TEST_CASE(
    "Memory: short parts of receivers from a sender of 1.2 are taken, long ones from one of 1.1 are not (trap 15)") {
    const auto send = [](ffa::version speaks, ffa::version writes) {
        memory_rig r{sim::profiles::generic, speaks};
        const ffa::memory_access receivers[] = {memory_rig::access(disk, op::share)};
        const ffa::memory_region regions[] = {{rig::page_at(guest, 4), 1}};
        const auto e = ffa::encode_memory_descriptor({r.tx(guest), 4096}, writes, memory_rig::transaction(op::share),
                                                     receivers, regions);
        return ffa::outcome_of(
                   r.call(guest, ffa::encode(ffa::mem_send_call{op::share, e->total_length, e->fragment_length})))
            .error();
    };
    CHECK(send(ffa::version::v1_2, ffa::version::v1_1) == errc::none);
    CHECK(send(ffa::version::v1_1, ffa::version::v1_2) == errc::invalid_argument);
    CHECK(send(ffa::version::v1_1, ffa::version::v1_1) == errc::none);
    CHECK(send(ffa::version::v1_1, ffa::version::v1_0) == errc::invalid_argument);
}

TEST_CASE("Memory: lengths in registers are checked against each other and the buffer") {
    memory_rig r{sim::profiles::generic};
    const auto call = [&](std::uint32_t total, std::uint32_t fragment, std::uint64_t address = 0) {
        ffa::mem_send_call c{op::share, total, fragment};
        c.address = address;
        c.page_count = address == 0 ? 0 : 1;
        return r.call(guest, ffa::encode(c));
    };
    CHECK(call(112, 0) == invalid);
    CHECK(call(112, 128) == invalid);
    CHECK(call(8192, 4097) == invalid);
    CHECK(call(32, 32) == invalid);
    CHECK(call(112, 112, rig::page_at(guest, 5)) == invalid); // a buffer elsewhere
}

TEST_CASE("Memory: OP-TEE takes a descriptor from another buffer") {
    memory_rig r{sim::profiles::optee};
    const ffa::memory_access receivers[] = {memory_rig::access(disk, op::share)};
    const ffa::memory_region regions[] = {{rig::page_at(guest, 4), 1}};
    const auto e = ffa::encode_memory_descriptor({r.bytes_of(guest) + 5 * page, page}, ffa::version::v1_2,
                                                 memory_rig::transaction(op::share), receivers, regions);
    ffa::mem_send_call c{op::share, e->total_length, e->fragment_length};
    c.address = rig::page_at(guest, 5);
    c.page_count = 1;
    const auto a = ffa::decode_mem_send_answer(r.call(guest, ffa::encode(c)));
    REQUIRE(a);
    CHECK((static_cast<std::uint64_t>(a->handle) >> 44) == 1);
    c.address = rig::base_of(disk);
    CHECK(ffa::error_in(r.call(guest, ffa::encode(c))) == ffa::error::invalid_parameters);
}

TEST_CASE("Memory: limits of size and number are NO_MEMORY") {
    memory_rig r{with(sim::profiles::generic, [](auto& p) { p.max_share_pages = 2; })};
    const ffa::memory_region three[] = {{rig::page_at(guest, 4), 3}};
    const ffa::memory_region two[] = {{rig::page_at(guest, 4), 2}};
    CHECK(r.send(op::share, three).error() == errc::no_memory);
    CHECK(r.send(op::share, two));
    memory_rig small{with(sim::profiles::generic, [](auto& p) { p.max_shares = 2; })};
    CHECK(small.send_page(op::share, 4));
    CHECK(small.send_page(op::share, 5));
    CHECK(small.send_page(op::share, 6).error() == errc::no_memory);
    CHECK(small.reclaim() == errc::none);
    CHECK(small.send_page(op::share, 6));
}

TEST_CASE("Memory: zeroing on request, by sender, borrower and owner") {
    memory_rig r{sim::profiles::generic};
    const auto fill = [&] { r.bytes_of(guest)[4 * page] = 0x55; };
    fill();
    REQUIRE(r.send_page(op::lend));
    CHECK(r.bytes_of(guest)[4 * page] == 0x55);
    REQUIRE(r.retrieve(disk, [](auto& t, auto&) { t.flags = ffa::memory_flags::zero; }) == errc::none);
    CHECK(r.bytes_of(guest)[4 * page] == 0);
    fill();
    CHECK(r.relinquish() == errc::none);
    CHECK(r.bytes_of(guest)[4 * page] == 0x55);
    REQUIRE(r.retrieve(disk, [](auto& t, auto&) { t.flags = ffa::memory_flags::zero_after_relinquish; }) == errc::none);
    CHECK(r.relinquish() == errc::none);
    CHECK(r.bytes_of(guest)[4 * page] == 0);
    fill();
    CHECK(r.reclaim(guest, ffa::memory_flags::zero_after_relinquish) == errc::invalid_argument);
    CHECK(r.reclaim(guest, ffa::memory_flags::zero) == errc::none);
    CHECK(r.bytes_of(guest)[4 * page] == 0);
}

TEST_CASE("Memory: who can only read cannot have it zeroed") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::lend));
    const auto read_only = [](auto& t, auto& a) {
        t.flags = ffa::memory_flags::zero;
        a.permissions = perms::read_only;
    };
    CHECK(r.retrieve(disk, read_only) == errc::denied);
    CHECK(r.retrieve(disk, [](auto&, auto& a) { a.permissions = perms::read_only; }) == errc::none);
    CHECK(r.allowed.permissions == (perms::read_only | perms::not_executable));
}

TEST_CASE("Memory: BUSY twice costs two attempts, RX in use costs BUSY, and nothing is half done") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::refuse, .on = ffa::function_id::mem_share, .times = 2}));
    CHECK(r.send_page(op::share).error() == errc::busy);
    CHECK(r.send_page(op::share).error() == errc::busy);
    CHECK(r.send_page(op::share));
    CHECK(r.spmc.calls(guest, ffa::function_id::mem_share) == 3);
    r.call(disk, ffa::encode(ffa::partition_info_get_call{}));
    CHECK(r.retrieve() == errc::busy);
    CHECK(r.release(disk) == done);
    CHECK(r.retrieve() == errc::none);
}

TEST_CASE("Memory: operations that are paused are resumed with their handle") {
    using enum ffa::function_id;
    memory_rig r{sim::profiles::generic};
    const auto pause = [&](ffa::function_id on) {
        REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::pause, .on = on, .times = 2}));
    };
    pause(mem_share);
    REQUIRE(r.send_page(op::share));
    CHECK(r.spmc.calls(guest, mem_op_resume) == 2);
    pause(mem_retrieve_req);
    CHECK(r.retrieve() == errc::none);
    CHECK(r.spmc.calls(disk, mem_op_resume) == 2);
    pause(mem_relinquish);
    REQUIRE(ffa::encode_memory_relinquish({r.tx(disk), 4096}, {r.last.handle, {}, disk}));
    const auto resume = ffa::encode(ffa::mem_op_resume_call{r.last.handle});
    CHECK(r.call(disk, ffa::encode(ffa::mem_relinquish_call{})) == ffa::encode(ffa::mem_op_pause{r.last.handle}));
    CHECK(r.call(disk, ffa::encode(ffa::mem_op_resume_call{ffa::memory_handle{77}})) == invalid);
    CHECK(r.call(disk, resume) == ffa::encode(ffa::mem_op_pause{r.last.handle}));
    CHECK(r.reclaim() == errc::denied); // not done yet
    CHECK(r.call(disk, resume) == done);
    CHECK(r.call(disk, resume) == not_supported);
    CHECK(r.reclaim() == errc::none);
}

TEST_CASE("Memory: a partition that restarts has nothing any more") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::share));
    REQUIRE(r.retrieve() == errc::none);
    r.spmc.restart(disk);
    CHECK_FALSE(r.can_access(disk));
    CHECK(r.reclaim() == errc::none);
    REQUIRE(r.send_page(op::share));
    r.spmc.restart(guest);
    CHECK(r.spmc.open_shares() == 0);
}

TEST_CASE("Memory: an owner that restarts gets its memory back when nobody has it any more") {
    memory_rig r{sim::profiles::generic};
    REQUIRE(r.send_page(op::lend));
    REQUIRE(r.retrieve() == errc::none);
    r.spmc.restart(guest);
    CHECK_FALSE(r.can_access(guest));
    CHECK(r.can_access(disk));
    CHECK(r.relinquish() == errc::none);
    CHECK(r.can_access(guest));
    CHECK(r.spmc.open_shares() == 0);
}
