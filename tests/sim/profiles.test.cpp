// SPDX-License-Identifier: BSD-2-Clause
// The same calls to each profile, in the same order, with all 18 registers that come back.
#include <vmsg/sim/profiles.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

using enum ffa::function_id;

constexpr std::size_t profile_count = 4;
static_assert(sizeof sim::profiles::all / sizeof sim::profiles::all[0] == profile_count);

// The registers that an answer defines.
struct says {
    std::size_t count = 0;
    std::uint64_t x[18]{};
    template <class... Register>
    constexpr says(Register... r) : count(sizeof...(r)), x{static_cast<std::uint64_t>(r)...} {}
};

constexpr std::uint64_t ok = 0x8400'0061;
constexpr std::uint64_t ok_64 = 0xc400'0061;
constexpr std::uint64_t fail = 0x8400'0060;
// Error codes in x2, extended with zeroes and with their sign.
constexpr std::uint64_t unsupported = 0xffff'ffff;
constexpr std::uint64_t bad = 0xffff'fffe;
constexpr std::uint64_t is_busy = 0xffff'fffc;
constexpr std::uint64_t no = 0xffff'fffa;
constexpr std::uint64_t nothing = 0xffff'fff7;
constexpr std::uint64_t wide(std::uint64_t code) { return 0xffff'ffff'0000'0000 | code; }

constexpr says failed(std::uint64_t code) { return {fail, 0, code}; }

using prepare = void (*)(rig&);

struct row {
    const char* what;
    ffa::endpoint_id who;
    ffa::call_frame call;
    says expected[profile_count]; // hafnium, tfa_el3, optee, xen
    prepare before = nullptr;
};

// A call with something in the registers that it does not use.
constexpr ffa::call_frame noisy(ffa::call_frame frame, std::size_t from = 8) {
    for (std::size_t i = from; i < 18; ++i) frame.x[i] = 0xc0de'0000 + i;
    return frame;
}
constexpr ffa::call_frame ask(std::uint32_t v) {
    return noisy(ffa::encode(ffa::version_call{static_cast<ffa::version>(v)}), 3);
}
constexpr ffa::call_frame feature(ffa::function_id id, std::uint32_t w2 = 0) {
    return noisy(ffa::encode(ffa::features_of(id, w2)), 4);
}
constexpr ffa::call_frame feature(std::uint32_t id) { return noisy(ffa::encode(ffa::features_call{id, 0}), 4); }
constexpr ffa::call_frame map(std::uint8_t pages) {
    const std::uint64_t base = rig::base_of(guest);
    return noisy(ffa::encode(ffa::rxtx_map_call{base, base + pages * 4096u, pages, ffa::form::smc64}));
}
constexpr ffa::call_frame info(const uuid& service, bool count) {
    return noisy(ffa::encode(ffa::partition_info_get_call{service, count}));
}
constexpr ffa::call_frame request(ffa::endpoint_id to, const uuid& service) {
    return ffa::encode_direct_request(guest, to, service, ascending(16));
}
constexpr says response{
    0xc400'008e, 0x8003'0001, 0, 0, 0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

template <ffa::memory_operation Operation, std::size_t Page> void put_descriptor(rig& r) {
    using enum ffa::memory_operation;
    ffa::memory_transaction t;
    t.sender = guest;
    t.attributes = Operation == share ? ffa::normal_memory : ffa::memory_attributes::unspecified;
    const auto permissions =
        Operation == donate ? ffa::memory_permissions::unspecified : ffa::memory_permissions::read_write;
    const ffa::memory_access receivers[] = {{disk, permissions, 0, 0, {}}};
    const ffa::memory_region regions[] = {{rig::page_at(guest, Page), 1}};
    REQUIRE(ffa::encode_memory_descriptor({r.tx(guest), 4096}, ffa::version::v1_2, t, receivers, regions));
}
constexpr ffa::call_frame send(ffa::memory_operation op) {
    return noisy(ffa::encode(ffa::mem_send_call{op, 112, 112, 0, 0}), 5);
}
void put_message(rig& r) {
    REQUIRE(ffa::encode_indirect({r.tx(guest), 4096}, ffa::version::v1_2, guest, net, uuid{}, 8));
}

constexpr std::uint64_t disk_entry = 0x0000'070f'0001'8003;

constexpr row rows[] = {
    {"ID_GET before VERSION",
     other_guest,
     noisy(ffa::encode(ffa::id_get_call{}), 1),
     {{ok, 0, 2}, {ok, 0, 2}, {ok, 0, 2}, failed(unsupported)}},
    {"VERSION 1.3", guest, ask(0x1'0003), {{0x1'0003}, {0x1'0002}, {0x1'0002}, {0x1'0002}}},
    {"VERSION 2.0", guest, ask(0x2'0000), {{0xffff'ffff}, {0x1'0002}, {0x1'0002}, {0x1'0002}}},
    {"VERSION with bit 31",
     guest,
     ask(0x8001'0002),
     {{0xffff'ffff}, {wide(0xffff'ffff)}, {0xffff'ffff}, {0xffff'ffff}}},
    {"VERSION 1.2", guest, ask(0x1'0002), {{0x1'0003}, {0x1'0002}, {0x1'0002}, {0x1'0002}}},
    {"ID_GET", guest, noisy(ffa::encode(ffa::id_get_call{}), 1), {{ok, 0, 1}, {ok, 0, 1}, {ok, 0, 1}, {ok, 0, 1}}},
    {"SPM_ID_GET",
     guest,
     noisy(ffa::encode(ffa::spm_id_get_call{}), 1),
     {{ok, 0, 0x8000}, {ok, 0, 0x8000}, {ok, 0, 0x8000}, {ok, 0, 0x8000}}},
    {"VERSION 1.1 too late", guest, ask(0x1'0001), {{0xffff'ffff}, {wide(0xffff'ffff)}, {0x1'0002}, {0xffff'ffff}}},
    {"VERSION 1.2 again", guest, ask(0x1'0002), {{0x1'0003}, {0x1'0002}, {0x1'0002}, {0x1'0002}}},
    {"FEATURES of RXTX_MAP, 32 bits",
     guest,
     feature(rxtx_map),
     {failed(unsupported), {ok, 0, 0x4'0000, 0}, {ok, 0, 0x4'0000, 0}, {ok, 0, 0x1'0000, 0}}},
    {"FEATURES of RXTX_MAP, 64 bits",
     guest,
     feature(rxtx_map_64),
     {{ok, 0, 0x4'0000, 0}, {ok, 0, 0x4'0000, 0}, {ok, 0, 0x4'0000, 0}, {ok, 0, 0x1'0000, 0}}},
    {"FEATURES of MSG_SEND2",
     guest,
     feature(msg_send2),
     {{ok, 0, 0, 0}, failed(wide(unsupported)), failed(unsupported), {ok, 0, 0, 0}}},
    {"FEATURES of REQ2",
     guest,
     feature(msg_send_direct_req2),
     {{ok, 0, 0, 0}, {ok, 0, 0, 0}, {ok, 0, 0, 0}, {ok, 0, 0, 0}}},
    {"FEATURES of MEM_RETRIEVE_REQ",
     guest,
     feature(mem_retrieve_req, 2),
     {{ok, 0, 6, 0}, {ok, 0, 2, 0}, failed(unsupported), failed(unsupported)}},
    {"FEATURES of MEM_SHARE", guest, feature(mem_share), {{ok, 0, 0, 0}, {ok, 0, 0, 0}, {ok, 0, 1, 0}, {ok, 0, 0, 0}}},
    {"FEATURES of MSG_POLL",
     guest,
     feature(msg_poll),
     {failed(unsupported), failed(wide(unsupported)), failed(unsupported), failed(unsupported)}},
    {"FEATURES of notifications",
     guest,
     feature(4),
     {{ok, 0, 3, 0}, failed(wide(unsupported)), failed(unsupported), failed(unsupported)}},
    {"FEATURES of the pending interrupt",
     guest,
     feature(1),
     {{ok, 0, 5, 0}, failed(wide(unsupported)), {ok, 0, 5, 0}, {ok, 0, 5, 0}}},
    {"RX_RELEASE of nothing",
     guest,
     noisy(ffa::encode(ffa::rx_release_call{}), 2),
     {failed(no), failed(wide(no)), failed(no), failed(no)}},
    {"RXTX_MAP of two pages", guest, map(2), {{ok}, {ok}, {ok}, failed(bad)}},
    {"RXTX_UNMAP", guest, noisy(ffa::encode(ffa::rxtx_unmap_call{}), 2), {{ok}, {ok}, {ok}, failed(bad)}},
    {"RXTX_MAP of one page", guest, map(1), {{ok}, {ok}, {ok}, {ok}}},
    {"PARTITION_INFO_GET of all",
     guest,
     info(uuid{}, false),
     {{ok, 0, 2, 48}, {ok, 0, 2, 24}, {ok, 0, 2, 24}, {ok, 0, 4, 24}}},
    {"PARTITION_INFO_GET with RX full",
     guest,
     info(uuid{}, false),
     {failed(is_busy), failed(wide(is_busy)), failed(is_busy), failed(is_busy)}},
    {"RXTX_UNMAP with RX full", guest, noisy(ffa::encode(ffa::rxtx_unmap_call{}), 2), {{ok}, {ok}, {ok}, failed(no)}},
    {"RXTX_MAP again", guest, map(1), {{ok}, {ok}, {ok}, failed(no)}},
    {"RX_RELEASE",
     guest,
     noisy(ffa::encode(ffa::rx_release_call{}), 2),
     {failed(no), failed(wide(no)), failed(no), {ok}}},
    {"PARTITION_INFO_GET, count",
     guest,
     info(device_role_uuid, true),
     {{ok, 0, 1, 0}, {ok, 0, 1, 0}, {ok, 0, 1, 0}, {ok, 0, 1, 0}}},
    {"PARTITION_INFO_GET, unknown UUID",
     guest,
     info(driver_role_uuid, true),
     {failed(bad), failed(wide(bad)), failed(bad), failed(bad)}},
    {"PARTITION_INFO_GET_REGS",
     guest,
     ffa::encode(ffa::partition_info_get_regs_call{device_role_uuid, 0, 0}),
     {{ok_64, 0, 0x0030'0000'0000'0000, 0x0000'030d'0001'8003, 0, 0, 0, 0, 0x1'0002, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      failed(wide(unsupported)),
      failed(unsupported),
      {ok_64, 0, 0x0018'0005'0000'0000, disk_entry, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}},
    {"PARTITION_INFO_GET_REGS, a tag at the start",
     guest,
     ffa::encode(ffa::partition_info_get_regs_call{device_role_uuid, 0, 1}),
     {failed(0xffff'fff9), failed(wide(unsupported)), failed(unsupported), failed(bad)}},
    {"REQ2", guest, request(disk, device_role_uuid), {response, response, response, response}},
    {"REQ2, unknown UUID", guest, request(disk, driver_role_uuid), {failed(bad), response, failed(bad), failed(bad)}},
    {"REQ2 to one without it",
     guest,
     request(net, net_uuid),
     {failed(no), failed(wide(no)), failed(unsupported), failed(no)}},
    {"REQ2 in another's name",
     guest,
     ffa::encode_direct_request(disk, net, uuid{}, ascending(16)),
     {failed(bad), failed(wide(bad)), failed(bad), failed(bad)}},
    {"DIRECT_REQ, 32 bits",
     guest,
     {{0x8400'006f, 0x0001'8003, 0, 3, 4, 5, 6, 7}},
     {{0x8400'0070, 0x8003'0001, 0, 3, 4, 5, 6, 7},
      {0x8400'0070, 0x8003'0001, 0, 3, 4, 5, 6, 7},
      {0x8400'0070, 0x8003'0001, 0, 3, 4, 5, 6, 7},
      {0x8400'0070, 0x8003'0001, 0, 3, 4, 5, 6, 7}}},
    {"MSG_SEND2 to one without RX",
     guest,
     noisy(ffa::encode(ffa::msg_send2_call{}), 3),
     {failed(is_busy), failed(wide(unsupported)), failed(unsupported), failed(no)},
     put_message},
    {"MSG_SEND2 with the sender in w1",
     guest,
     noisy(ffa::encode(ffa::msg_send2_call{guest}), 3),
     {failed(bad), failed(wide(unsupported)), failed(unsupported), failed(bad)}},
    {"NOTIFICATION_BIND",
     guest,
     noisy(ffa::encode(ffa::notification_bind_call{disk, guest, false, 5}), 5),
     {{ok}, failed(wide(unsupported)), {ok}, {ok}}},
    {"NOTIFICATION_GET",
     guest,
     noisy(ffa::encode(ffa::notification_get_call{guest, 0, ffa::sources_for(guest)}), 3),
     {{ok, 0, 0, 0, 0, 0, 0, 0}, failed(wide(unsupported)), {ok, 0, 0, 0, 0, 0, 0, 0}, {ok, 0, 0, 0, 0, 0, 0, 0}}},
    {"NOTIFICATION_INFO_GET",
     guest,
     noisy(ffa::encode(ffa::notification_info_get_call{}), 1),
     {failed(nothing), failed(wide(unsupported)), failed(nothing), failed(nothing)}},
    {"MEM_SHARE",
     guest,
     send(ffa::memory_operation::share),
     {{ok, 0, 1, 0}, {ok, 0, 1, 0}, {ok, 0, 1, 0x1000}, {ok, 0, 1, 0x8000'0000}},
     put_descriptor<ffa::memory_operation::share, 4>},
    {"MEM_SHARE a second time",
     guest,
     send(ffa::memory_operation::share),
     {failed(no), failed(wide(no)), failed(no), failed(no)}},
    {"MEM_LEND",
     guest,
     send(ffa::memory_operation::lend),
     {{ok, 0, 3, 0}, {ok, 0, 3, 0}, {ok, 0, 3, 0x1000}, failed(unsupported)},
     put_descriptor<ffa::memory_operation::lend, 5>},
    {"MEM_DONATE",
     guest,
     send(ffa::memory_operation::donate),
     {{ok, 0, 4, 0}, failed(wide(unsupported)), failed(unsupported), failed(unsupported)},
     put_descriptor<ffa::memory_operation::donate, 6>},
    {"MEM_RECLAIM of what is not there",
     guest,
     noisy(ffa::encode(ffa::mem_reclaim_call{ffa::memory_handle{77}}), 4),
     {failed(bad), failed(wide(bad)), failed(bad), failed(bad)}},
    {"RUN",
     guest,
     ffa::encode(ffa::run_call{{disk, 0}}),
     {{0x8400'006b, 0, 0, 0, 0, 0, 0, 0},
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0},
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0},
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0}}},
    {"RUN with something in x8 to x17",
     guest,
     noisy(ffa::encode(ffa::run_call{{disk, 0}})),
     {failed(bad),
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0},
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0},
      {0x8400'006b, 0, 0, 0, 0, 0, 0, 0}}},
    {"CONSOLE_LOG", guest, {{0x8400'008a, 2, 0x6968}}, {{ok}, {ok}, failed(unsupported), failed(unsupported)}},
    {"MSG_POLL",
     guest,
     {{0x8400'006a}},
     {failed(unsupported), failed(wide(unsupported)), failed(unsupported), failed(unsupported)}},
};
constexpr std::size_t row_count = sizeof rows / sizeof rows[0];
static_assert(row_count >= 25);

// What each profile has in the registers that an answer does not define: Hafnium zeroes x1 to x7 and keeps the others,
// the SPMC at EL3 keeps all, OP-TEE and Xen zero all.
ffa::call_frame expected(const row& r, std::size_t profile) {
    ffa::call_frame frame;
    for (std::size_t i = 0; i < 18; ++i) {
        const bool keeps = profile == 1 || (profile == 0 && i >= 8);
        frame.x[i] = i < r.expected[profile].count ? r.expected[profile].x[i] : keeps ? r.call.x[i] : 0;
    }
    return frame;
}

struct results {
    ffa::call_frame answers[row_count];
};

results answers_of(const sim::profile& p) {
    rig r{p, {}, ffa::partition_properties::indirect}; // the second partition has no direct messages
    results got;
    for (std::size_t i = 0; i < row_count; ++i) {
        if (rows[i].before != nullptr) rows[i].before(r);
        got.answers[i] = r.call(rows[i].who, rows[i].call);
    }
    return got;
}

} // namespace

TEST_CASE("each profile answers each call with exactly these registers") {
    for (std::size_t p = 0; p < profile_count; ++p) {
        const results got = answers_of(*sim::profiles::all[p]);
        for (std::size_t i = 0; i < row_count; ++i)
            for (std::size_t x = 0; x < 18; ++x) {
                const char* const name = sim::profiles::all[p]->name;
                CAPTURE(name);
                CAPTURE(rows[i].what);
                CAPTURE(x);
                CHECK(got.answers[i].x[x] == expected(rows[i], p).x[x]);
            }
    }
}

TEST_CASE("any two profiles differ in at least five calls") {
    static results got[profile_count];
    for (std::size_t p = 0; p < profile_count; ++p) got[p] = answers_of(*sim::profiles::all[p]);
    for (std::size_t a = 0; a < profile_count; ++a)
        for (std::size_t b = 0; b < a; ++b) {
            std::size_t differ = 0;
            for (std::size_t i = 0; i < row_count; ++i)
                if (got[a].answers[i] != got[b].answers[i]) ++differ;
            CHECK(differ >= 5);
        }
}

TEST_CASE("a set of functions has the forms of a call each for itself") {
    constexpr sim::function_set some{rxtx_map, mem_share_64};
    CX_CHECK(some.has(rxtx_map));
    CX_CHECK(!some.has(rxtx_map_64));
    CX_CHECK(some.has(mem_share_64));
    CX_CHECK(!some.has(mem_share));
    CX_CHECK(some.with(mem_share).without(rxtx_map) == sim::function_set{mem_share_64, mem_share});
    CX_CHECK(!some.has(static_cast<ffa::function_id>(0x8401'0066)));
    CX_CHECK(!some.has(static_cast<ffa::function_id>(0x8400'0001)));
    CX_CHECK(!some.has(static_cast<ffa::function_id>(0x8400'00ff)));
}

TEST_CASE("profiles have names") {
    for (const sim::profile* p : sim::profiles::all) CHECK(sim::profiles::find(p->name) == p);
    CX_CHECK(sim::profiles::find("xe") == nullptr);
    CX_CHECK(sim::profiles::find("xenon") == nullptr);
    CX_CHECK(sim::profiles::find("") == nullptr);
}
