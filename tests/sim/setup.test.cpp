// SPDX-License-Identifier: BSD-2-Clause
// FFA_VERSION, FFA_FEATURES, the ids and the RX and TX buffers against the manager in memory.
#include <vmsg/sim/setup.hpp>

#include <vmsg/ffa/negotiate.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

constexpr auto v1_0 = ffa::version::v1_0;
constexpr auto v1_1 = ffa::version::v1_1;
constexpr auto v1_2 = ffa::version::v1_2;
constexpr auto v1_3 = ffa::version::v1_3;

constexpr std::uint64_t none = 0xffff'ffff;

ffa::call_frame query(rig& r, ffa::version v, ffa::version_query q) {
    return r.call(kernel, ffa::encode(ffa::version_call{v, q}));
}
ffa::call_frame feature(rig& r, ffa::endpoint_id who, ffa::features_call c) { return r.call(who, ffa::encode(c)); }
ffa::call_frame feature(rig& r, ffa::function_id id) { return feature(r, kernel, ffa::features_of(id)); }
ffa::call_frame id_get(rig& r) { return r.call(kernel, ffa::encode(ffa::id_get_call{})); }

} // namespace

TEST_CASE("Version: compatible versions are recorded, and the manager's own is the answer") {
    for (const ffa::version v : {v1_0, v1_1, v1_2, v1_3}) {
        rig r{sim::profiles::generic};
        CHECK(r.speak(kernel, v).x[0] == static_cast<std::uint32_t>(v1_3));
        CHECK(r.spmc.version(kernel) == v);
    }
}

TEST_CASE("Version: what cannot be agreed on is refused by a strict manager") {
    rig r{sim::profiles::generic};
    for (const std::uint32_t v : {0x8001'0001u, 0xffff'ffffu, 0x0000'0001u, 0x0002'0000u, 0x0001'0004u}) {
        CHECK(r.speak(kernel, static_cast<ffa::version>(v)).x[0] == none);
        CHECK(r.spmc.version(kernel) == v1_2);
    }
}

TEST_CASE("Version: a lenient manager gives its own version and records nothing") {
    rig r{with(sim::profiles::generic, [](auto& p) {
        p.strict_version = false;
        p.newest = v1_1;
    })};
    CHECK(r.speak(kernel, v1_3).x[0] == static_cast<std::uint32_t>(v1_1));
    CHECK(r.spmc.version(kernel) == v1_2);
    CHECK(r.speak(kernel, v1_1).x[0] == static_cast<std::uint32_t>(v1_1));
    CHECK(r.spmc.version(kernel) == v1_1);
    CHECK(r.speak(kernel, static_cast<ffa::version>(0x8001'0000)).x[0] == none);
}

TEST_CASE("Version: no change after another call, but the same once more") {
    rig r{sim::profiles::generic};
    CHECK(r.speak(kernel, v1_1).x[0] != none);
    CHECK(r.speak(kernel, v1_2).x[0] != none);
    CHECK(id_get(r) == ffa::encode(ffa::id_answer{kernel}));
    CHECK(r.speak(kernel, v1_1).x[0] == none);
    CHECK(r.speak(kernel, v1_2).x[0] == static_cast<std::uint32_t>(v1_3));
    CHECK(r.spmc.version(kernel) == v1_2);
    rig optee{sim::profiles::optee};
    id_get(optee);
    CHECK(optee.speak(kernel, v1_1).x[0] != none);
    CHECK(optee.spmc.version(kernel) == v1_1);
}

TEST_CASE("Version: 1.3 can ask what would do and what was agreed on") {
    rig r{sim::profiles::generic};
    CHECK(query(r, v1_1, ffa::version_query::negotiated).x[0] == none);
    CHECK(query(r, v1_1, ffa::version_query::compatible).x[0] == static_cast<std::uint32_t>(v1_3));
    CHECK(query(r, static_cast<ffa::version>(0x1'0009), ffa::version_query::compatible).x[0] == none);
    CHECK(r.spmc.version(kernel) == v1_2);
    CHECK(r.speak(kernel, v1_1).x[0] == static_cast<std::uint32_t>(v1_3));
    id_get(r);
    CHECK(query(r, v1_3, ffa::version_query::negotiated).x[0] == static_cast<std::uint32_t>(v1_1));
    CHECK(query(r, v1_2, ffa::version_query::compatible).x[0] == static_cast<std::uint32_t>(v1_3));
    CHECK(query(r, v1_2, static_cast<ffa::version_query>(3)).x[0] == none);
    rig older{sim::profiles::optee}; // w2 means nothing before 1.3
    CHECK(query(older, v1_1, ffa::version_query::compatible).x[0] == static_cast<std::uint32_t>(v1_2));
    CHECK(older.spmc.version(kernel) == v1_1);
}

TEST_CASE("Version: Xen refuses every other call of a virtual machine before it") {
    rig r{sim::profiles::xen};
    CHECK(ffa::error_in(id_get(r)) == ffa::error::not_supported);
    CHECK(r.speak(kernel, v1_1).x[0] == static_cast<std::uint32_t>(v1_2));
    CHECK(*ffa::decode_id_answer(id_get(r)) == ffa::id_answer{kernel});
}

TEST_CASE("Version: the client's negotiation ends with the best version of each manager (trap 22)") {
    for (const sim::profile* p : sim::profiles::all) {
        rig r{*p};
        auto conduit = r.spmc.conduit_for(kernel);
        const auto agreed = ffa::negotiate(conduit);
        REQUIRE(agreed);
        CHECK(agreed->use == p->newest);
        CHECK(r.spmc.version(kernel) == p->newest);
    }
}

TEST_CASE("Version: the client finds a version that a boot loader has fixed") {
    rig r{sim::profiles::hafnium};
    r.speak(kernel, v1_1);
    id_get(r);
    auto conduit = r.spmc.conduit_for(kernel);
    const auto agreed = ffa::negotiate(conduit);
    REQUIRE(agreed);
    CHECK(agreed->use == v1_1);
}

TEST_CASE("Features: all functions of the manager, and no others") {
    using enum ffa::function_id;
    rig r{sim::profiles::generic};
    for (const ffa::function_id id : {version,
                                      features,
                                      rx_release,
                                      rxtx_unmap,
                                      partition_info_get,
                                      id_get,
                                      spm_id_get,
                                      msg_send_direct_req,
                                      msg_send_direct_req_64,
                                      msg_send_direct_req2,
                                      msg_send2,
                                      notification_bitmap_create,
                                      notification_bind,
                                      notification_set,
                                      notification_get,
                                      notification_info_get,
                                      notification_info_get_64,
                                      rx_acquire,
                                      mem_reclaim,
                                      mem_relinquish,
                                      mem_frag_rx,
                                      mem_frag_tx,
                                      partition_info_get_regs,
                                      console_log,
                                      console_log_64,
                                      msg_wait,
                                      yield,
                                      run,
                                      mem_share,
                                      mem_share_64,
                                      mem_lend,
                                      mem_donate,
                                      msg_send_direct_resp2,
                                      error,
                                      success,
                                      interrupt})
        CHECK(feature(r, id) == ffa::encode(ffa::features_answer{}));
    for (const ffa::function_id id :
         {msg_poll, msg_send, abort, ns_res_info_get, notification_set2, mem_perm_get, secondary_ep_register,
          normal_world_resume, static_cast<ffa::function_id>(0x840000ff), static_cast<ffa::function_id>(0x84000001),
          static_cast<ffa::function_id>(0x85000066)})
        CHECK(feature(r, id) == not_supported);
    CHECK(feature(r, disk, ffa::features_of(notification_info_get)) == not_supported);
}

TEST_CASE("Features: buffers, memory and notifications say more") {
    rig r{sim::profiles::generic};
    const auto pages = ffa::decode_features_answer(feature(r, ffa::function_id::rxtx_map_64));
    CHECK(*ffa::rxtx_map_features_in(*pages, v1_2) == ffa::rxtx_map_features{4096, 4});
    CHECK(feature(r, ffa::function_id::mem_retrieve_req) == not_supported); // without the NS bit
    CHECK(feature(r, kernel, ffa::features_of(ffa::function_id::mem_retrieve_req, ffa::understands_ns_bit)).x[2] == 2);
    CHECK(feature(r, kernel, ffa::features_of(ffa::feature_id::notification_pending)).x[2] == 5);
    CHECK(feature(r, kernel, ffa::features_of(ffa::feature_id::schedule_receiver)).x[2] == 8);
    CHECK(feature(r, kernel, ffa::features_of(ffa::feature_id::notifications)).x[2] == 3);
    CHECK(feature(r, kernel, ffa::features_of(ffa::feature_id::managed_exit)) == not_supported);
    CHECK(feature(r, kernel, ffa::features_call{0x100, 0}) == not_supported);
    CHECK(feature(r, disk, ffa::features_of(ffa::feature_id::schedule_receiver)) == not_supported);
    rig old{sim::profiles::generic};
    old.speak(kernel, v1_0);
    CHECK(feature(old, ffa::function_id::mem_retrieve_req).x[0] == done.x[0]);
    CHECK(feature(old, ffa::function_id::rxtx_map_64).x[2] == 0); // the number of pages came with 1.2
    rig optee{sim::profiles::optee};
    CHECK(feature(optee, ffa::function_id::mem_share).x[2] == 1);
    CHECK(feature(optee, kernel, ffa::features_of(ffa::feature_id::notifications)) == not_supported);
    rig el3{sim::profiles::tfa_el3};
    CHECK(ffa::error_in(feature(el3, kernel, ffa::features_of(ffa::feature_id::schedule_receiver))) ==
          ffa::error::not_supported);
}

TEST_CASE("Features: the hint in an id is not part of it") {
    rig r{sim::profiles::generic};
    ffa::call_frame hinted = ffa::encode(ffa::id_get_call{});
    hinted.x[0] |= ffa::sve_hint;
    CHECK(r.call(guest, hinted) == ffa::encode(ffa::id_answer{guest}));
}

TEST_CASE("Features: what is no FF-A call is answered as SMCCC says") {
    rig r{sim::profiles::generic};
    ffa::call_frame psci{{0x8400'0000, 1, 2, 3}};
    CHECK(r.call(kernel, psci) == ffa::call_frame{{~std::uint64_t{0}, 1, 2, 3}});
}

TEST_CASE("RXTX: buffers that the manager cannot take are refused") {
    const auto map = [](rig& r, std::uint64_t tx, std::uint64_t rx, std::uint8_t pages) {
        return r.call(guest, ffa::encode(ffa::rxtx_map_call{tx, rx, pages, ffa::form::smc64}));
    };
    rig r{sim::profiles::generic};
    const std::uint64_t base = rig::base_of(guest);
    CHECK(map(r, base + 8, base + 0x1000, 1) == invalid);    // not aligned
    CHECK(map(r, base, base + 0x1008, 1) == invalid);        // not aligned
    CHECK(map(r, base, base, 1) == invalid);                 // the same page
    CHECK(map(r, base, base + 0x1000, 2) == invalid);        // overlapping
    CHECK(map(r, base + 0x1000, base, 2) == invalid);        // overlapping
    CHECK(map(r, base, base + 0x1000, 0) == invalid);        // no page
    CHECK(map(r, base, base + 0x5000, 5) == invalid);        // more than there may be
    CHECK(map(r, base, base + 0x8000, 1) == no_memory);      // not the caller's
    CHECK(map(r, rig::base_of(disk), base, 1) == no_memory); // another's
    CHECK(map(r, ~std::uint64_t{0xfff}, base, 1) == no_memory);
    CHECK(map(r, base, base + 0x1000, 1) == done);
    CHECK(map(r, base + 0x2000, base + 0x3000, 1) == denied); // a second time
}

TEST_CASE("RXTX: device memory is refused") {
    rig r{sim::profiles::generic};
    alignas(4096) static std::uint8_t device[4096]{};
    REQUIRE(r.spmc.add_memory(guest, 0x9000'0000, device, true));
    CHECK(r.call(guest, ffa::encode(ffa::rxtx_map_call{0x9000'0000, rig::base_of(guest), 1, ffa::form::smc64})) ==
          invalid);
}

TEST_CASE("RXTX: after an unmap another size will do") {
    rig r{sim::profiles::generic};
    const auto unmap = ffa::encode(ffa::rxtx_unmap_call{});
    CHECK(r.call(guest, unmap) == invalid);
    CHECK(r.map(guest) == done);
    CHECK(r.call(guest, ffa::encode(ffa::rxtx_unmap_call{guest})) == invalid); // an id is for hypervisors
    CHECK(r.call(guest, unmap) == done);
    CHECK(r.map(guest, 2) == done);
    CHECK(r.call(guest, unmap) == done);
    CHECK(r.call(guest, unmap) == invalid);
}

TEST_CASE("RXTX: both forms of the call, as far as the manager has them") {
    constexpr std::uint64_t low = 0x4000'0000;
    alignas(4096) static std::uint8_t memory[2 * 4096]{};
    for (const sim::profile* p : {&sim::profiles::generic, &sim::profiles::hafnium}) {
        rig r{*p};
        REQUIRE(r.spmc.add_memory(guest, low, memory));
        ffa::call_frame call = ffa::encode(ffa::rxtx_map_call{low, low + 4096, 1, ffa::form::smc32});
        call.x[1] |= 0xdead'0000'0000'0000; // means nothing
        const bool has = p == &sim::profiles::generic;
        CHECK(ffa::outcome_of(r.call(guest, call)).error() == (has ? errc::none : errc::not_supported));
    }
}

TEST_CASE("RX ownership: a release of what is not full is denied, however often (trap 10)") {
    rig r{sim::profiles::generic};
    CHECK(r.release(guest) == denied); // not even mapped
    REQUIRE(r.map(guest) == done);
    for (int i = 0; i < 3; ++i) CHECK(r.release(guest) == denied);
    CHECK(r.call(guest, ffa::encode(ffa::rx_release_call{guest})) == invalid); // an id is for hypervisors
}

TEST_CASE("RX ownership: partition descriptors twice without a release are BUSY") {
    rig r{sim::profiles::generic};
    REQUIRE(r.map(guest) == done);
    const auto get = ffa::encode(ffa::partition_info_get_call{});
    CHECK(r.call(guest, get).x[2] == 2);
    CHECK(r.call(guest, get) == busy);
    CHECK(r.call(guest, ffa::encode(ffa::partition_info_get_call{{}, true})).x[2] == 2);
    CHECK(r.release(guest) == done);
    CHECK(r.call(guest, get).x[2] == 2);
}

TEST_CASE("RX ownership: FFA_MSG_WAIT releases RX unless it is told to retain it (trap 32)") {
    rig r{sim::profiles::generic};
    REQUIRE(r.map(disk) == done);
    const auto get = ffa::encode(ffa::partition_info_get_call{});
    r.echo.then(get); // a call that is answered at once
    r.echo.then(ffa::encode(ffa::msg_wait_call{true}));
    r.call(kernel, ffa::encode(ffa::run_call{{disk, 0}}));
    CHECK(r.spmc.rx_full(disk));
    r.echo.then(ffa::encode(ffa::msg_wait_call{false}));
    CHECK(r.call(kernel, ffa::encode(ffa::run_call{{disk, 0}})) == ffa::encode(ffa::msg_wait_call{}));
    CHECK_FALSE(r.spmc.rx_full(disk));
    CHECK(r.call(disk, get).x[2] == 2);
    CHECK(r.call(disk, ffa::encode(ffa::msg_wait_call{true})) == ffa::encode_error(ffa::error::interrupted));
    CHECK(r.spmc.rx_full(disk));
    CHECK(r.call(disk, ffa::encode(ffa::msg_wait_call{})) == ffa::encode_error(ffa::error::interrupted));
    CHECK_FALSE(r.spmc.rx_full(disk));
}

TEST_CASE("RX ownership: an unmap while RX is full is denied by Xen") {
    for (const bool refuses : {false, true}) {
        rig r{with(sim::profiles::generic, [=](auto& p) { p.unmap_refuses_owned_rx = refuses; })};
        REQUIRE(r.map(guest) == done);
        r.call(guest, ffa::encode(ffa::partition_info_get_call{}));
        CHECK(r.call(guest, ffa::encode(ffa::rxtx_unmap_call{})) == (refuses ? denied : done));
    }
}

TEST_CASE("RX ownership: a hypervisor acquires RX of a virtual machine") {
    rig r{sim::profiles::generic};
    const auto acquire = ffa::encode(ffa::rx_acquire_call{guest});
    CHECK(r.call(kernel, acquire) == denied); // not mapped
    REQUIRE(r.map(guest) == done);
    CHECK(r.call(other_guest, acquire) == not_supported);
    CHECK(r.call(kernel, ffa::encode(ffa::rx_acquire_call{disk})) == invalid);
    CHECK(r.call(kernel, acquire) == done);
    CHECK(r.call(kernel, acquire) == denied);
    CHECK(r.call(guest, ffa::encode(ffa::partition_info_get_call{})) == busy);
    CHECK(r.release(guest) == done);
}
