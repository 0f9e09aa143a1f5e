// SPDX-License-Identifier: BSD-2-Clause
// FFA_PARTITION_INFO_GET and its form in registers against the manager in memory.
#include <vmsg/sim/discovery.hpp>

#include <vmsg/ffa/discovery.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

ffa::call_frame get(rig& r, ffa::endpoint_id who, const uuid& service, bool count = false) {
    return r.call(who, ffa::encode(ffa::partition_info_get_call{service, count}));
}
ffa::call_frame regs(rig& r, const uuid& service, std::uint16_t start = 0, std::uint16_t tag = 0) {
    return r.call(guest, ffa::encode(ffa::partition_info_get_regs_call{service, start, tag}));
}
ffa::partition_info entry(rig& r, std::size_t i, std::size_t size) {
    return *ffa::decode_partition_descriptor(byte_view{r.rx(guest) + i * size, size});
}

constexpr uuid image = *parse_uuid("11223344-5566-7788-99aa-bbccddeeff01", 36);

// Partitions with several services each.
void add_many(manager& m, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        sim::partition_config c{.id = static_cast<ffa::endpoint_id>(0x8010 + i), .service_count = 2};
        c.services[0].protocol = device_role_uuid;
        c.services[1].protocol = net_uuid;
        REQUIRE(m.add(c));
    }
}

} // namespace

TEST_CASE("Discovery: nil UUID lists all partitions, with their UUIDs") {
    rig r{sim::profiles::generic};
    REQUIRE(r.map(guest) == done);
    CHECK(get(r, guest, uuid{}) == ffa::encode(ffa::partition_info_get_answer{2, 24}));
    CHECK(entry(r, 0, 24) == ffa::partition_info{disk, 1, sim::all_methods, device_role_uuid});
    CHECK(entry(r, 1, 24) == ffa::partition_info{net, 1, sim::all_methods, net_uuid});
}

TEST_CASE("Discovery: a fixed UUID lists who has it, and the descriptor has none") {
    rig r{sim::profiles::generic};
    REQUIRE(r.map(guest) == done);
    CHECK(get(r, guest, net_uuid) == ffa::encode(ffa::partition_info_get_answer{1, 24}));
    CHECK(entry(r, 0, 24) == ffa::partition_info{net, 1, sim::all_methods});
}

TEST_CASE("Discovery: an unknown UUID, and a flag that is not defined, are refused") {
    rig r{sim::profiles::generic};
    REQUIRE(r.map(guest) == done);
    CHECK(get(r, guest, driver_role_uuid) == invalid);
    ffa::call_frame call = ffa::encode(ffa::partition_info_get_call{});
    call.x[5] = 2;
    CHECK(r.call(guest, call) == invalid);
}

TEST_CASE("Discovery: a UUID with swapped words is another UUID (trap 3)") {
    rig r{sim::profiles::generic};
    CHECK(get(r, guest, ffa::word_swapped(device_role_uuid), true) == invalid);
}

TEST_CASE("Discovery: a count needs no RX buffer, a list does") {
    rig r{sim::profiles::generic};
    CHECK(get(r, guest, uuid{}, true) == ffa::encode(ffa::partition_info_get_answer{2, 0}));
    CHECK(get(r, guest, uuid{}) == busy);
}

TEST_CASE("Discovery: callers of 1.0 get 8 bytes, and no size") {
    rig r{sim::profiles::generic};
    r.speak(guest, ffa::version::v1_0);
    REQUIRE(r.map(guest) == done);
    CHECK(get(r, guest, uuid{}) == ffa::encode(ffa::partition_info_get_answer{2, 0}));
    ffa::partition_info expected{net, 1, sim::all_methods};
    expected.properties = entry(r, 1, 8).properties;
    CHECK(entry(r, 1, 8) == expected);
    CHECK_FALSE(ffa::has(expected.properties, ffa::partition_properties::receives_direct2)); // 1.2
    CHECK(get(r, guest, uuid{}, true) == invalid);
}

TEST_CASE("Discovery: Hafnium has 48 bytes for every caller from 1.1 on (trap 13)") {
    for (const ffa::version v : {ffa::version::v1_1, ffa::version::v1_2, ffa::version::v1_3}) {
        rig r{sim::profiles::hafnium};
        r.speak(guest, v);
        REQUIRE(ffa::outcome_of(r.map(guest)));
        CHECK(get(r, guest, uuid{}).x[3] == 48);
        CHECK(entry(r, 1, 48).id == net);
        CHECK(entry(r, 1, 48).speaks == ffa::version::v1_2);
    }
}

TEST_CASE("Discovery: by nil, protocol and image UUID") {
    manager m{sim::profiles::hafnium};
    alignas(4096) static std::uint8_t memory[2 * 4096]{};
    REQUIRE(m.add({.id = guest}));
    REQUIRE(m.add({.id = disk, .services = {{.protocol = device_role_uuid}}, .image = image}));
    REQUIRE(m.add_memory(guest, 0x1000, memory));
    auto call = m.conduit_for(guest);
    ffa::call_frame map = ffa::encode(ffa::rxtx_map_call{0x1000, 0x2000, 1, ffa::form::smc64});
    call(map);
    for (const uuid& wanted : {uuid{}, device_role_uuid, image}) {
        ffa::call_frame frame = ffa::encode(ffa::partition_info_get_call{wanted});
        call(frame);
        CHECK(frame.x[2] == 1);
        const auto info = ffa::decode_partition_descriptor(byte_view{memory + 4096, 48});
        CHECK(info->image == image);
        CHECK(info->protocol == (wanted.is_nil() ? device_role_uuid : uuid{}));
        frame = ffa::encode(ffa::rx_release_call{});
        call(frame);
    }
}

TEST_CASE("Discovery: registers tell the same") {
    rig r{sim::profiles::generic};
    const auto a = ffa::decode_partition_info_get_regs_answer(regs(r, uuid{}), 0);
    REQUIRE(a);
    CHECK(a->last_index == 1);
    CHECK(a->current_index == 1);
    CHECK(a->count == 2);
    CHECK(a->entries[0] == ffa::partition_info{disk, 1, sim::all_methods, device_role_uuid});
    CHECK(a->entries[1] == ffa::partition_info{net, 1, sim::all_methods, net_uuid});
    CHECK(regs(r, driver_role_uuid) == invalid);
    rig el3{sim::profiles::tfa_el3};
    CHECK(ffa::error_in(regs(el3, uuid{})) == ffa::error::not_supported);
}

TEST_CASE("Discovery: registers come in windows of 5 or 2 entries") {
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium}) {
        manager m{*p};
        REQUIRE(m.add({.id = guest}));
        add_many(m, 4); // 8 services
        auto call = m.conduit_for(guest);
        ffa::partition_info room[8];
        ffa::partition_list found{room};
        REQUIRE(ffa::find_by_registers(call, uuid{}, found));
        CHECK(found.size() == 8);
        for (std::size_t i = 0; i < 8; ++i) CHECK(room[i].id == static_cast<ffa::endpoint_id>(0x8010 + i / 2));
        CHECK(m.calls(guest, ffa::function_id::partition_info_get_regs) == (p->descriptor_size == 48 ? 4 : 2));
    }
}

TEST_CASE("Discovery: an index beyond the list is refused") {
    rig r{sim::profiles::generic};
    CHECK(regs(r, uuid{}, 2) == invalid);
    CHECK(regs(r, uuid{}, 0xffff) == invalid);
}

TEST_CASE("Discovery: a stale tag is RETRY") {
    rig hafnium{sim::profiles::generic};
    CHECK(regs(hafnium, uuid{}, 1, 1) == ffa::encode_error(ffa::error::retry));
    rig r{sim::profiles::xen};
    r.speak(guest, ffa::version::v1_2);
    const auto a = ffa::decode_partition_info_get_regs_answer(regs(r, uuid{}), 0);
    REQUIRE(a);
    CHECK(a->tag != 0);
    CHECK(regs(r, uuid{}, 0, a->tag) == invalid); // a list begins without a tag
    CHECK(ffa::outcome_of(regs(r, uuid{}, 1, a->tag)));
    r.spmc.restart(net);
    CHECK(regs(r, uuid{}, 1, a->tag) == ffa::encode_error(ffa::error::retry));
}

TEST_CASE("Discovery: a list that changes is read again from its start (trap 14)") {
    rig r{sim::profiles::xen};
    r.speak(guest, ffa::version::v1_2);
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::refuse,
                              .on = ffa::function_id::partition_info_get_regs,
                              .times = 2,
                              .code = ffa::error::retry}));
    auto call = r.spmc.conduit_for(guest);
    ffa::partition_info room[8];
    ffa::partition_list found{room};
    REQUIRE(ffa::find_by_registers(call, device_role_uuid, found));
    CHECK(found.size() == 1);
    CHECK(r.spmc.calls(guest, ffa::function_id::partition_info_get_regs) == 3);
}

TEST_CASE("Discovery: one entry per service from 1.2 on, one per partition before") {
    for (const ffa::version v : {ffa::version::v1_1, ffa::version::v1_2}) {
        manager m{sim::profiles::generic};
        REQUIRE(m.add({.id = guest, .version = v}));
        add_many(m, 2);
        ffa::call_frame frame = ffa::encode(ffa::partition_info_get_call{{}, true});
        m.conduit_for(guest)(frame);
        CHECK(frame.x[2] == (v == ffa::version::v1_1 ? 2 : 4));
    }
}

TEST_CASE("Discovery: properties are those of the service, as the caller may use them (trap 29)") {
    using enum ffa::partition_properties;
    manager m{sim::profiles::hafnium};
    REQUIRE(m.add({.id = guest}));
    sim::partition_config c{.id = disk, .service_count = 2};
    c.services[0] = {device_role_uuid, receives_direct2 | sends_direct2};
    c.services[1] = {net_uuid, indirect | sends_direct};
    REQUIRE(m.add(c));
    auto call = m.conduit_for(guest);
    ffa::partition_info room[4];
    ffa::partition_list found{room};
    REQUIRE(ffa::find_by_registers(call, device_role_uuid, found));
    CHECK(room[0].properties == receives_direct2);
    found.clear();
    REQUIRE(ffa::find_by_registers(call, net_uuid, found));
    CHECK(room[0].properties == indirect);
    // And requests obey them.
    ffa::call_frame frame = ffa::encode_direct_request(guest, disk, net_uuid, ascending(8));
    call(frame);
    CHECK(ffa::error_in(frame) == ffa::error::denied);
}

TEST_CASE("Discovery: Xen lists the caller itself from 1.2 on") {
    for (const ffa::version v : {ffa::version::v1_1, ffa::version::v1_2}) {
        rig r{sim::profiles::xen};
        r.speak(guest, v);
        CHECK(get(r, guest, uuid{}, true).x[2] == (v == ffa::version::v1_1 ? 3 : 4));
    }
}

TEST_CASE("Discovery: more than RX can hold is NO_MEMORY, and RX stays free") {
    sim::spmc<sim::spmc_capacity{.partitions = 130}> m{sim::profiles::hafnium};
    alignas(4096) static std::uint8_t memory[2 * 4096]{};
    REQUIRE(m.add({.id = guest}));
    for (std::uint16_t i = 0; i < 100; ++i) REQUIRE(m.add({.id = static_cast<ffa::endpoint_id>(0x8010 + i)}));
    REQUIRE(m.add_memory(guest, 0x1000, memory));
    auto call = m.conduit_for(guest);
    ffa::call_frame frame = ffa::encode(ffa::rxtx_map_call{0x1000, 0x2000, 1, ffa::form::smc64});
    call(frame);
    frame = ffa::encode(ffa::partition_info_get_call{});
    call(frame);
    CHECK(ffa::error_in(frame) == ffa::error::no_memory);
    CHECK_FALSE(m.rx_full(guest));
}
