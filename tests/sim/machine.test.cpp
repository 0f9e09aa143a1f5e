// SPDX-License-Identifier: BSD-2-Clause
// How answers get into registers, and what is lost on the way.
#include <vmsg/sim/machine.hpp>

#include "sim/rig.hpp"

using namespace vmsg;
using namespace sim_test;

namespace {

using unused = sim::unused_registers;

constexpr ffa::call_frame noisy_id_get() {
    ffa::call_frame frame;
    for (std::size_t i = 0; i < 18; ++i) frame.x[i] = 0xabcd'0000'0000'0000 + i;
    frame.x[0] = static_cast<std::uint64_t>(ffa::function_id::id_get);
    return frame;
}

constexpr ffa::call_frame to_disk(ffa::endpoint_id from = kernel) {
    return ffa::encode_direct_request(from, disk, device_role_uuid, ascending(112));
}

} // namespace

TEST_CASE("registers that an answer does not define are zero, kept or garbage, low and high ones apart") {
    for (const unused low : {unused::zero, unused::keep, unused::garbage})
        for (const unused high : {unused::zero, unused::keep, unused::garbage}) {
            rig r{with(sim::profiles::generic, [=](auto& p) {
                p.unused_low = low;
                p.unused_high = high;
            })};
            const ffa::call_frame answer = r.call(guest, noisy_id_get());
            CHECK(answer.x[0] == done.x[0]);
            CHECK(answer.x[2] == 1);
            for (std::size_t i = 3; i < 18; ++i) {
                const unused rule = i < 8 ? low : high;
                if (rule == unused::zero) CHECK(answer.x[i] == 0);
                if (rule == unused::keep) CHECK(answer.x[i] == noisy_id_get().x[i]);
                if (rule == unused::garbage) {
                    CHECK(answer.x[i] != 0);
                    CHECK(answer.x[i] != noisy_id_get().x[i]);
                }
            }
        }
}

TEST_CASE("registers x8 to x17 of callers before 1.2 have a rule of their own") {
    rig r{with(sim::profiles::generic, [](auto& p) {
        p.unused_high_before_v1_2 = unused::zero;
        p.unused_high = unused::keep;
    })};
    CHECK(r.call(guest, noisy_id_get()).x[8] == noisy_id_get().x[8]);
    rig old{with(sim::profiles::generic, [](auto& p) {
        p.unused_high_before_v1_2 = unused::zero;
        p.unused_high = unused::keep;
    })};
    old.speak(guest, ffa::version::v1_1);
    CHECK(old.call(guest, noisy_id_get()).x[8] == 0);
}

TEST_CASE("upper halves of a 32-bit answer can be garbage") {
    rig r{with(sim::profiles::generic, [](auto& p) { p.garbage_upper_halves = true; })};
    const ffa::call_frame answer = r.call(guest, noisy_id_get());
    CHECK((answer.x[2] >> 32) != 0);
    CHECK(*ffa::decode_id_answer(answer) == ffa::id_answer{guest});
    CHECK(r.call(kernel, to_disk()) == ffa::encode_direct_response(disk, kernel, ascending(112))); // 64 bits
}

TEST_CASE("errors can be extended with their sign") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::sign_extend}));
    CHECK(r.release(guest).x[2] == 0xffff'ffff'ffff'fffa);
    CHECK(r.release(guest).x[2] == 0xffff'fffa);
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::sign_extend}));
    CHECK(r.speak(guest, ffa::version{0x2'0000}).x[0] == ~std::uint64_t{0});
    CHECK(r.speak(guest, ffa::version{0x2'0000}).x[0] == 0xffff'ffff);
}

TEST_CASE("garbage strikes once, or as often as it is told, and only what nothing is defined in") {
    rig r{sim::profiles::generic};
    REQUIRE(r.spmc.add_fault({.kind = sim::fault_kind::garbage, .on = ffa::function_id::id_get, .times = 2}));
    for (int i = 0; i < 2; ++i) {
        const ffa::call_frame answer = r.call(guest, ffa::encode(ffa::id_get_call{}));
        CHECK(answer.x[17] != 0);
        CHECK(*ffa::decode_id_answer(answer) == ffa::id_answer{guest});
    }
    CHECK(r.call(guest, ffa::encode(ffa::id_get_call{})) == ffa::encode(ffa::id_answer{guest}));
}

TEST_CASE("a client of 1.1 loses x8 to x17 of a REQ2 at EL3, and has no REQ2 elsewhere (trap 23)") {
    for (const sim::profile* p : {&sim::profiles::tfa_el3, &sim::profiles::hafnium}) {
        rig r{*p};
        r.speak(guest, ffa::version::v1_1);
        const ffa::call_frame answer = r.call(guest, to_disk(guest));
        if (p == &sim::profiles::hafnium) {
            CHECK(ffa::error_in(answer) == ffa::error::not_supported);
            continue;
        }
        for (std::size_t i = 4; i < 8; ++i) CHECK(r.echo.seen[0].x[i] == ascending(112)[i - 4]);
        for (std::size_t i = 8; i < 18; ++i) CHECK(r.echo.seen[0].x[i] == 0);
        for (std::size_t i = 8; i < 18; ++i) CHECK(answer.x[i] == 0);
    }
}

TEST_CASE("an old SPMC at EL3 carries eight registers of a REQ2 whatever the version (trap 23)") {
    rig r{with(sim::profiles::tfa_el3, [](auto& p) { p.carried_registers = 8; })};
    const ffa::call_frame answer = r.call(kernel, to_disk());
    CHECK(answer.x[7] == ascending(112)[3]);
    CHECK(answer.x[8] == 0);
}

TEST_CASE("Hafnium refuses RUN, MSG_WAIT and RESP with something in x8 to x17 (trap 24)") {
    rig r{sim::profiles::hafnium};
    const auto dirty = [](ffa::call_frame frame) {
        frame.x[12] = 1;
        return frame;
    };
    CHECK(ffa::error_in(r.call(kernel, dirty(ffa::encode(ffa::run_call{{disk, 0}})))) ==
          ffa::error::invalid_parameters);
    CHECK(ffa::error_in(r.call(disk, dirty(wait_frame()))) == ffa::error::invalid_parameters);
    ffa::plain_direct_message m{ffa::direct_kind::request, ffa::form::smc64, kernel, disk};
    const ffa::call_frame request = ffa::encode(m, ffa::version::v1_2);
    r.echo.then(dirty(echo_of(request)));
    r.echo.then(echo_of(request));
    CHECK(r.call(kernel, request).x[0] == echo_of(request).x[0]);
    CHECK(ffa::error_in(r.echo.seen[1]) == ffa::error::invalid_parameters);
    r.echo.then(dirty(wait_frame()));
    CHECK(r.call(kernel, ffa::encode(ffa::run_call{{disk, 0}})).x[0] == wait_frame().x[0]);
    CHECK(ffa::error_in(r.echo.seen[3]) == ffa::error::invalid_parameters);
    r.speak(guest, ffa::version::v1_1); // whose registers end at x7
    CHECK(r.call(guest, dirty(ffa::encode(ffa::run_call{{disk, 0}}))).x[0] == wait_frame().x[0]);
}

TEST_CASE("64-bit direct requests of 1.3 carry x8 to x17, if both sides speak it") {
    ffa::plain_direct_message m{ffa::direct_kind::request, ffa::form::smc64, guest, disk};
    for (std::size_t i = 0; i < 15; ++i) m.payload[i] = i + 1;
    const ffa::call_frame request = ffa::encode(m, ffa::version::v1_3);
    for (const bool both : {false, true}) {
        rig r{sim::profiles::generic};
        r.speak(guest, ffa::version::v1_3);
        if (both) r.speak(disk, ffa::version::v1_3);
        CHECK(r.call(guest, request).x[17] == (both ? 15 : 0));
    }
}

TEST_CASE("a hook sees each call with its answer, and another what is logged") {
    struct log {
        std::size_t calls = 0;
        ffa::call_frame call{};
        ffa::call_frame answer{};
        std::size_t characters = 0;
        std::uint8_t first = 0;
    } seen;
    sim::spmc_hooks hooks;
    hooks.context = &seen;
    hooks.called = [](void* context, ffa::endpoint_id, const ffa::call_frame& call, const ffa::call_frame& answer) {
        auto& l = *static_cast<log*>(context);
        ++l.calls;
        l.call = call;
        l.answer = answer;
    };
    hooks.console = [](void* context, ffa::endpoint_id, byte_view text) {
        auto& l = *static_cast<log*>(context);
        l.characters += text.size();
        l.first = text[0];
    };
    rig r{sim::profiles::generic, hooks};
    const std::uint8_t text[] = {'h', 'i'};
    const auto call = ffa::encode(ffa::console_log_of(text, ffa::form::smc32, ffa::version::v1_2));
    CHECK(r.call(guest, call) == done);
    CHECK(seen.calls == 1);
    CHECK(seen.call == call);
    CHECK(seen.answer == done);
    CHECK(seen.characters == 2);
    CHECK(seen.first == 'h');
    CHECK(r.call(guest, {{0x8400'008a, 25}}) == invalid);
    CHECK(r.call(guest, {{0x8400'008a, 0}}) == invalid);
}
