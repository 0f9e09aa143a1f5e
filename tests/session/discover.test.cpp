// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/discover.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"

#include <cstdint>

using namespace vmsg;

namespace {

constexpr ffa::endpoint_id guest{0x0001};
constexpr ffa::endpoint_id disk{0x8003};
constexpr ffa::endpoint_id net{0x8004};
constexpr uuid other_uuid = *parse_uuid("00112233-4455-6677-8899-aabbccddeeff", 36);

using props = ffa::partition_properties;
constexpr auto of_direct = props{0x700};   // REQ2 both ways, AArch64
constexpr auto of_indirect = props{0x104}; // indirect, AArch64
constexpr auto everything = sim::all_methods;

struct world {
    sim::spmc<> spmc;
    alignas(4096) std::uint8_t memory[2][4096]{};
    sim::spmc_conduit call;
    ffa::rxtx<sim::spmc_conduit> buffers{call, {memory[0], memory[1], 0x1000, 0x2000}};

    explicit world(const sim::profile& rules) : spmc(rules), call(with_guest()) {
        REQUIRE(spmc.add_memory(guest, 0x1000, memory[0]));
        REQUIRE(spmc.add_memory(guest, 0x2000, memory[1]));
    }
    void add(ffa::endpoint_id id, const uuid& service, props p = everything) {
        REQUIRE(spmc.add({.id = id, .services = {{.protocol = service, .properties = p}}}));
    }

private:
    sim::spmc_conduit with_guest() {
        REQUIRE(spmc.add({.id = guest}));
        return spmc.conduit_for(guest);
    }
};

} // namespace

TEST_CASE("discovery gives the version, the own id and who offers the service, with every profile") {
    for (const sim::profile& rules :
         {sim::profiles::hafnium, sim::profiles::tfa_el3, sim::profiles::optee, sim::profiles::xen}) {
        CAPTURE(rules.name);
        world w{rules};
        w.add(net, other_uuid);
        w.add(disk, device_role_uuid);
        discovery<2> found;
        REQUIRE(discover(w.buffers, found));
        CHECK(found.self == guest);
        CHECK(found.version == w.spmc.version(guest));
        CHECK(found.match == ffa::uuid_match::same);
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == disk);
        CHECK(found[0].self == guest);
        CHECK(found[0].service == device_role_uuid);
        CHECK(!w.buffers.owns_rx());
    }
}

TEST_CASE("several partitions that offer the service are all given, and told apart by what they can do") {
    world w{sim::profiles::generic};
    w.add(net, device_role_uuid, of_direct);
    w.add(disk, device_role_uuid, of_indirect);
    discovery<4> found;
    REQUIRE(discover(w.call, found));
    REQUIRE(found.size() == 2);
    for (const bus_peer& p : found) {
        CHECK(p.takes_direct() == (p.id == net));
        CHECK(p.takes_indirect() == (p.id == disk));
        CHECK(!p.takes_notifications());
    }
    discovery<1> small;
    CHECK(discover(w.call, small).error() == errc::full);
    CHECK(small.size() == 1);
}

TEST_CASE("where many more offer the service than there is room for, the first are given") {
    for (const ffa::version v : {ffa::version::v1_1, ffa::version::v1_2}) { // in the buffer, in registers
        world w{sim::profiles::generic};
        for (const auto id : {disk, net, ffa::endpoint_id{0x8005}}) w.add(id, device_role_uuid);
        discovery<1> found;
        CHECK(discover(w.buffers, found, {.versions = {v, v}}).error() == errc::full);
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == disk);
        CHECK(found.match == ffa::uuid_match::same);
        CHECK(!w.buffers.owns_rx());
    }
}

TEST_CASE("the own entry is not a peer") {
    sim::profile rules = sim::profiles::xen; // lists the caller from 1.2 on
    world w{rules};
    w.add(disk, device_role_uuid);
    discovery<4> found;
    REQUIRE(discover(w.buffers, found, {.service = uuid{}}));
    for (const bus_peer& p : found) CHECK(p.id != guest);
    CHECK(found.size() == 1);
}

TEST_CASE("a partition declared with swapped words is recognised, and taken only if that is wanted") {
    world w{sim::profiles::hafnium};
    w.add(disk, ffa::word_swapped(device_role_uuid));
    discovery<4> found;
    CHECK(discover(w.buffers, found).error() == errc::no_device);
    CHECK(found.match == ffa::uuid_match::swapped);
    REQUIRE(found.size() == 1); // for a message that names it
    REQUIRE(discover(w.buffers, found, {.take_swapped = true}));
    CHECK(found[0].id == disk);
    CHECK(found[0].service == ffa::word_swapped(device_role_uuid)); // what its requests have to carry
}

TEST_CASE("nobody offers the service") {
    world w{sim::profiles::generic};
    w.add(disk, other_uuid);
    discovery<4> found;
    CHECK(discover(w.buffers, found).error() == errc::no_device);
    CHECK(found.match == ffa::uuid_match::different);
    CHECK(found.size() == 0);
    REQUIRE(discover(w.buffers, found, {.service = uuid{}})); // everybody, for those who know whom they want
    CHECK(found.size() == 1);
}

TEST_CASE("before FF-A 1.2 there are no direct messages, and the list comes in the buffer") {
    world w{sim::profiles::generic};
    w.add(disk, device_role_uuid);
    discovery<4> found;
    REQUIRE(discover(w.buffers, found, {.versions = {ffa::version::v1_1, ffa::version::v1_1}}));
    CHECK(found.version == ffa::version::v1_1);
    CHECK(!found[0].takes_direct());
    CHECK(found[0].takes_indirect());
    CHECK(w.spmc.calls(guest, ffa::function_id::partition_info_get) == 1);
}

TEST_CASE("by registers alone, no buffer is mapped") {
    world w{sim::profiles::generic};
    w.add(disk, device_role_uuid);
    discovery<4> found;
    REQUIRE(discover(w.call, found));
    CHECK(found[0].takes_direct());
    CHECK(w.spmc.calls(guest, ffa::function_id::rxtx_map) + w.spmc.calls(guest, ffa::function_id::rxtx_map_64) == 0);
}
