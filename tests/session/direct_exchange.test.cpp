// SPDX-License-Identifier: BSD-2-Clause
// What managers and hostile peers do to the requests of a lean session.
#include <vmsg/session/direct_exchange.hpp>

#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/random.hpp>
#include <vmsg/session/direct_session.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"
#include "transport/support/managed.hpp"

#include <cstddef>
#include <cstdint>

using namespace vmsg;
using namespace transport_test;

namespace {

constexpr revision newest = revision::oasis_v2;

template <revision R> struct lean_policy : direct_session_policy<R> {
    static constexpr proto::driver_capacity capacity{.devices = 2, .areas = 2};
};

// A session and a partition, with what a manager does between them.
template <revision R> struct rig {
    direct_partition<R> peer{};
    direct_manager manager{};
    nothing_else others{};
    virtual_clock<nothing_else> clock{others};
    direct_session<direct_manager, virtual_clock<nothing_else>, lean_policy<R>> session{manager, clock, driver_id,
                                                                                        device_id};
    rig() {
        manager.partition = [this](ffa::call_frame& frame) { peer(frame); };
    }
    rig(const rig&) = delete;
    rig& operator=(const rig&) = delete;

    const direct_session_counters& counters() const { return session.counters(); }
};

// The same through a manager in memory.
template <revision R> struct world {
    direct_partition<R> peer{};
    sim::spmc<> spmc;
    sim::spmc_conduit call;
    nothing_else others{};
    virtual_clock<nothing_else> clock{others};
    direct_session<sim::spmc_conduit, virtual_clock<nothing_else>, lean_policy<R>> session{call, clock, driver_id,
                                                                                           device_id};

    explicit world(const sim::profile& rules) : spmc(rules), call(add_pair(spmc, peer)) {
        REQUIRE(ffa::negotiate(call));
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    void strikes(sim::fault f) { REQUIRE(spmc.add_fault(f)); }
    std::uint32_t requests() { return spmc.calls(driver_id, ffa::function_id::msg_send_direct_req2); }
};

constexpr auto request = ffa::function_id::msg_send_direct_req2;

/// Changes the header of what comes back.
template <revision R> struct answered_with {
    header h{};
    bool whole = false; ///< not only the header: nothing else is left
    void operator()(ffa::call_frame& frame) const {
        const std::uint64_t head =
            std::uint64_t{h.type} | std::uint64_t{h.msg_id} << 8 | std::uint64_t{h.dev_num} << 16;
        const bool token = constants_of<R>.has_token;
        const std::uint64_t rest =
            token ? std::uint64_t{h.token} << 32 | std::uint64_t{h.msg_size} << 48 : std::uint64_t{h.msg_size} << 32;
        frame.x[4] = head | rest;
        if (!token && !whole) return;
        for (std::size_t i = 5; whole && i < 18; ++i) frame.x[i] = 0;
    }
};

std::uint16_t token_of(const ffa::call_frame& frame) { return static_cast<std::uint16_t>(frame.x[4] >> 32); }

} // namespace

TEST_CASE_TEMPLATE("lean: a bus through every manager", Rev, VMSG_REVISIONS) {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        world<Rev::value> w{*rules};
        bring_up<Rev::value>(w);
        use(w);
        take_down(w);
        CHECK(w.session.counters().dropped.total() + w.peer.bus.counters().dropped.total() == 0);
        CHECK(w.session.counters().kicks == 1);
        CHECK(w.peer.wire.counters().acknowledged == 1);
        CHECK(w.session.counters().requests + w.session.counters().kicks + w.session.counters().events == w.requests());
    }
}

TEST_CASE_TEMPLATE("lean: interrupted, yielded, refused, through every manager", Rev, VMSG_REVISIONS) {
    for (const sim::profile* rules : sim::profiles::all) {
        CAPTURE(rules->name);
        world<Rev::value> w{*rules};
        bring_up<Rev::value>(w);
        const auto before = w.requests();
        w.strikes({.kind = sim::fault_kind::interrupt, .on = request, .times = 3, .names = {other_id, 1}});
        CHECK(w.session.ping(1));
        CHECK(w.requests() == before + 1);
        CHECK(w.session.counters().resumed == 3);
        w.strikes({.kind = sim::fault_kind::yield, .on = request, .times = 2});
        CHECK(w.session.ping(2));
        CHECK(w.requests() == before + 2);
        w.strikes({.kind = sim::fault_kind::refuse, .on = request, .times = 2});
        CHECK(w.session.ping(3));
        CHECK(w.requests() == before + 5);
        CHECK(w.session.counters().carrier_busy == 2);
        w.strikes({.kind = sim::fault_kind::zero_response, .on = request, .times = 2});
        CHECK(w.session.ping(4));
        CHECK(w.requests() == before + 8);
        CHECK(w.session.counters().no_answers == 2);
        w.strikes({.kind = sim::fault_kind::garbage, .times = sim::for_ever});
        w.strikes({.kind = sim::fault_kind::sign_extend, .times = sim::for_ever});
        w.strikes({.kind = sim::fault_kind::refuse, .on = request, .times = 1});
        CHECK(w.session.ping(6));
        CHECK(w.session.counters().dropped.total() == 0);
        CHECK(w.session.counters().timeouts == 0);
    }
}

TEST_CASE("lean: one that is busy twice costs two retries and nothing else, one that is for ever three attempts") {
    rig<newest> r;
    bring_up<newest>(r);
    const auto requests = r.manager.requests();
    const auto answered = r.counters().requests;
    const instant now = r.clock.now();
    r.manager.busy = 2;
    CHECK(r.session.at(number).status());
    CHECK(r.manager.requests() == requests + 3);
    CHECK(r.counters().requests == answered + 1);
    r.manager.busy = -1;
    CHECK(r.session.at(number).status().error() == errc::busy);
    CHECK(r.session.at(number).notify(0, 0).error() == errc::busy);
    CHECK(r.manager.requests() == requests + 3 + 2 * proto::direct_retry_policy.busy_attempts);
    CHECK(r.counters().carrier_busy == 2 + 2 * proto::direct_retry_policy.busy_attempts);
    CHECK(r.clock.now() == now);
    r.manager.busy = 0;
    CHECK(r.session.ping(2));
    CHECK(r.counters().dropped.total() == 0);
}

TEST_CASE("lean: the all-zero answer has an error and a counter of its own, also after an interrupt") {
    rig<newest> r;
    bring_up<newest>(r);
    r.manager.interrupts = 1;
    r.manager.answer = [](ffa::call_frame& frame) { frame = ffa::encode_direct_response(device_id, driver_id, {}); };
    const auto requests = r.manager.requests();
    CHECK(r.session.ping(1).error() == errc::no_answer);
    CHECK(r.manager.requests() == requests + 3);
    CHECK(r.counters().no_answers == 3);
    CHECK(r.counters().carrier_busy == 0);
    CHECK(r.counters().timeouts == 0);
}

TEST_CASE("N12, lean: a result BUSY is the peer's word, and counted as such") {
    rig<newest> r;
    bring_up<newest>(r);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[5] = 2; };
    const auto requests = r.manager.requests();
    const instant begun = r.clock.now();
    CHECK(r.session.close().error() == errc::busy);
    CHECK(r.manager.requests() == requests + 3);
    CHECK(r.clock.now() - begun == 2 * milliseconds); // 1 ms between two of them
    CHECK(r.counters().peer_busy == 3);
    CHECK(r.counters().carrier_busy + r.counters().no_answers == 0);
    CHECK(r.session.state() == proto::bus_state::failed);
    r.manager.answer = {};
    CHECK(r.session.reopen());
}

TEST_CASE("N15, lean: the first GET_DEVICES is tried 60 times, 50 ms apart, while nobody takes it") {
    rig<newest> r;
    int refused = 0;
    r.manager.partition = [&](ffa::call_frame& frame) {
        const bool last_before = (frame.x[4] >> 8 & 0xff) == row_of<event_configure_request>.id;
        r.peer(frame);
        if (last_before) r.manager.busy = refused;
    };
    SUBCASE("and then is") {
        refused = 59 * proto::direct_retry_policy.busy_attempts;
        REQUIRE(r.session.open());
        CHECK(r.session.devices().size() == 1);
        CHECK(r.clock.now() == 59 * 50 * milliseconds);
        CHECK(r.manager.busy == 0);
    }
    SUBCASE("and is not") {
        refused = -1;
        CHECK(r.session.open().error() == errc::busy);
        CHECK(r.clock.now() == 59 * 50 * milliseconds);
        CHECK(r.counters().carrier_busy == 60 * proto::direct_retry_policy.busy_attempts);
    }
}

TEST_CASE("N15, lean: an answer that says no is not asked for again") {
    rig<newest> r;
    r.manager.partition = [&](ffa::call_frame& frame) {
        const bool asks = (frame.x[4] >> 8 & 0xff) == row_of<get_devices_request>.id && (frame.x[4] & 2) != 0;
        r.peer(frame);
        if (asks) frame.x[4] ^= 0x4000'0000'0000; // another token
    };
    CHECK(r.session.open().error() == errc::bad_type);
    CHECK(r.manager.requests() == 4);
    CHECK(r.clock.now() == 0);
}

TEST_CASE_TEMPLATE("lean: a late answer does not reach the next request (defects b, c)", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    const auto requests = r.manager.requests();
    const instant before = r.clock.now();
    r.manager.interrupts = -1;
    CHECK(r.session.ping(1).error() == errc::timed_out);
    CHECK(r.session.is_open());
    CHECK(r.clock.now() - before >= proto::direct_retry_policy.response_timeout);
    CHECK(r.clock.now() - before < proto::direct_retry_policy.response_timeout + 1 * seconds);
    CHECK(r.session.ping(2).error() == errc::timed_out); // waits for the first one
    CHECK(r.manager.requests() == requests + 1);         // resumed all the time, sent once
    CHECK(r.manager.misuses == 0);
    CHECK(r.counters().timeouts == 2);
    r.manager.release();
    CHECK(r.session.ping(3));
    CHECK_FALSE(r.session.is_open());
    CHECK(r.counters().dropped[proto::drop_reason::late] == 1);
    CHECK(r.counters().dropped.total() == 1);
    CHECK(r.counters().carrier_busy == 0); // the partition has never seen a second request
}

TEST_CASE_TEMPLATE("lean: an event that comes late is kept", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    REQUIRE(r.peer.bus.used(number, 0));
    r.manager.interrupts = -1;
    r.session.poll_now();
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::none);
    CHECK(r.session.is_open());
    r.manager.release();
    CHECK(r.session.ping(1));
    const auto e = r.session.wait(r.clock.now());
    CHECK(e.kind == proto::driver_event_kind::used);
    CHECK(e.dev_num == number);
    CHECK(r.counters().dropped.total() == 0);
}

TEST_CASE_TEMPLATE("N8, lean: an EVENT_POLL that has timed out takes no event away", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    REQUIRE(r.peer.bus.used(number, 0));
    REQUIRE(r.peer.bus.config_changed(number, 0, 4));
    const auto before = r.counters().events;
    r.manager.interrupts = -1;
    r.session.poll_now();
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::none);
    r.manager.release();
    using kind = proto::driver_event_kind;
    r.session.poll_now();
    const kind first = r.session.wait(r.clock.now()).kind;
    r.session.poll_now();
    const kind second = r.session.wait(r.clock.now()).kind;
    CHECK((first == kind::used || second == kind::used));
    CHECK((first == kind::config_changed || second == kind::config_changed));
    CHECK(r.counters().dropped.total() == 0);
    CHECK(r.counters().events == before + 2);
}

TEST_CASE("lean: a device that went away while an older request was ended is not asked") {
    rig<newest> r;
    bring_up<newest>(r);
    r.manager.interrupts = -1;
    r.session.poll_now();
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::none);
    r.manager.answer = [](ffa::call_frame& frame) {
        if ((frame.x[4] >> 8 & 0xff) != row_of<event_poll_response>.id) return;
        answered_with<newest>{{type_bus, row_of<event_device>.id, 0, token_of(frame), 12}, true}(frame);
        frame.x[5] = number | 2 << 16;
    };
    r.manager.release();
    const auto requests = r.manager.requests();
    CHECK(r.session.at(number).status().error() == errc::no_device);
    CHECK(r.manager.requests() == requests);
    r.manager.answer = {};
    CHECK(r.session.ping(1)); // the bus is there
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::device_removed);
}

TEST_CASE("lean: an error of the manager in answer to FFA_RUN says nothing about what the peer has done") {
    rig<newest> r;
    bring_up<newest>(r);
    int left = 1;
    r.manager.answer = [&](ffa::call_frame& frame) {
        if ((frame.x[4] >> 8 & 0xff) == row_of<area_share_response>.id && left-- > 0)
            frame = ffa::encode_error(ffa::error::denied);
    };
    r.manager.interrupts = 1;
    CHECK(r.session.share(0x99, 1, area_attrs::usual).error() != errc::denied);
    CHECK(r.peer.bus.areas().size() == 1); // it was taken back
    CHECK(r.session.open_areas() == 1);
    r.manager.answer = [](ffa::call_frame& frame) { frame = ffa::encode_error(ffa::error::denied); };
    CHECK(r.session.ping(1).error() == errc::timed_out);
    CHECK_FALSE(r.session.is_open());
    r.manager.interrupts = 0;
    CHECK(r.session.ping(1).error() == errc::denied);
    r.manager.interrupts = -1;
    CHECK(r.session.ping(1).error() == errc::timed_out); // is still open
    r.manager.answer = [n = 1](ffa::call_frame& frame) mutable {
        if (n-- > 0) frame = ffa::encode_error(ffa::error::denied);
    };
    r.manager.release();
    CHECK(r.session.ping(1)); // after the manager has ended the one before
}

TEST_CASE("N1, lean: a bus answer that names a device has a bad value") {
    rig<newest> r;
    bring_up<newest>(r);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[4] |= std::uint64_t{number} << 16; };
    CHECK(r.session.ping(1).error() == errc::bad_value);
    CHECK(r.counters().dropped[proto::drop_reason::bad_value] == 1);
    CHECK(r.counters().dropped.total() == 1);
}

namespace {

// A policy whose budgets are all spent before the first attempt.
struct poor_policy : lean_policy<newest> {
    static constexpr bool counts = false;
    static constexpr proto::retry_policy retry{
        .busy_attempts = 0, .max_busy_backoff = 0, .poll_budget = 0, .reset_attempts = 0, .devices_attempts = 0};
};

} // namespace

TEST_CASE("N8, N12, N15, lean: a budget of nothing is one attempt") {
    rig<newest> r; // for its peer and its manager
    direct_session<direct_manager, virtual_clock<nothing_else>, poor_policy> session{r.manager, r.clock, driver_id,
                                                                                     device_id};
    REQUIRE(session.open());
    r.manager.answer = answered_with<newest>{{0, 0x7f, number, 0, 12}, true};
    auto before = r.manager.requests();
    CHECK(session.wait(r.clock.now()).kind == proto::driver_event_kind::none);
    CHECK(r.manager.requests() == before + 1);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[5] = static_cast<std::uint64_t>(bus_result::busy); };
    before = r.manager.requests();
    CHECK(session.close().error() == errc::busy);
    CHECK(r.manager.requests() == before + 1);
    r.manager.answer = {};
    REQUIRE(session.reopen());
    REQUIRE(session.close());
    int windows = 0;
    r.manager.answer = [&windows](ffa::call_frame& frame) {
        if ((frame.x[4] >> 8 & 0xff) != row_of<get_devices_response>.id) return;
        ++windows;
        for (std::size_t i = 4; i < 18; ++i) frame.x[i] = 0;
    };
    CHECK(session.open().error() == errc::no_answer);
    CHECK(windows == 1);
}

TEST_CASE_TEMPLATE("lean: whoever is named by INTERRUPT is resumed, and a lost resumption is repeated", Rev,
                   VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    r.manager.interrupts = 2;
    r.manager.preempted = {other_id, 1};
    r.peer.yields = 2;
    bring_up<R>(r);
    REQUIRE(r.session.close());
    CHECK(r.manager.misuses == 0);
    CHECK(r.counters().resumed == 4 * r.manager.requests());
    CHECK(r.counters().dropped.total() == 0);
}

TEST_CASE_TEMPLATE("lean: a request that the device discards fails at once", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    r.peer.model.id.config_size = 8; // the driver side believes in more
    std::uint8_t config[16]{};
    const auto requests = r.manager.requests();
    CHECK(r.session.at(number).read_config(0, config).error() == errc::peer_error);
    CHECK(r.manager.requests() == requests + 1);
    CHECK(r.counters().dropped.total() == 0);
    CHECK(r.session.at(number).status());
}

TEST_CASE_TEMPLATE("lean: an answer may say any size (defects a, g)", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    std::uint32_t size = 0;
    r.manager.answer = [&](ffa::call_frame& frame) {
        constexpr unsigned shift = 8 * (header_size<R> - 2);
        frame.x[4] = (frame.x[4] & ~(0xffffull << shift)) | std::uint64_t{size} << shift;
        for (std::size_t i = 6; i < 18; ++i) frame.x[i] = ~0ull;
    };
    std::uint32_t expected = 0;
    for (size = 0; size <= 0xffff; size += size < 300 ? 1 : 997) {
        const bool right = size == fixed_msg_size<get_device_status_response, R>;
        const auto got = r.session.at(number).status();
        REQUIRE(got.error() == (right ? errc::none : errc::bad_length));
        if (!right) ++expected;
        REQUIRE(r.counters().dropped[proto::drop_reason::malformed] == expected);
    }
}

TEST_CASE_TEMPLATE("lean: an answer to another request is none", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    const header right{type_response, row_of<get_device_status_response>.id, number, 0,
                       static_cast<std::uint16_t>(fixed_msg_size<get_device_status_response, R>)};
    int which = 0;
    r.manager.answer = [&](ffa::call_frame& frame) {
        answered_with<R> made{right};
        made.h.token = token_of(frame);
        if (which == 0) made.h.type = 0;
        if (which == 1) made.h.type = type_response | type_bus;
        if (which == 2) ++made.h.msg_id;
        if (which == 3) ++made.h.dev_num;
        if (which == 4) ++made.h.token;
        if (which == 5) frame.x[1] = ffa::to_register(ffa::endpoint_pair{other_id, driver_id});
        if (which == 6) frame.x[1] = ffa::to_register(ffa::endpoint_pair{device_id, other_id});
        if (which == 7) frame.x[0] = static_cast<std::uint64_t>(ffa::function_id::msg_send_direct_req2);
        if (which == 8) frame.x[0] = static_cast<std::uint64_t>(ffa::function_id::success);
        made(frame);
    };
    for (which = 0; which < 9; ++which) {
        CAPTURE(which);
        if (which == 4 && !constants_of<R>.has_token) continue;
        const auto before = r.counters().dropped.total();
        const errc why = r.session.at(number).status().error();
        CHECK((why == errc::bad_type || why == errc::bad_value || why == errc::bad_length));
        CHECK(r.counters().dropped.total() == before + 1);
    }
    // The undefined bits of the type are not looked at.
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[4] |= 0xfc; };
    CHECK(r.session.at(number).status());
}

TEST_CASE("lean: what an answer has to repeat, it repeats; values that are illegal are not taken") {
    rig<newest> r;
    bring_up<newest>(r);
    auto d = r.session.at(number);
    std::uint8_t config[4]{};
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[5] ^= std::uint64_t{1} << 32; }; // the offset
    CHECK(d.read_config(4, config).error() == errc::bad_value);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[5] ^= 1; }; // index, status, data of a ping
    CHECK(d.max_queue_size(0).error() == errc::bad_value);
    CHECK(r.session.ping(1).error() == errc::bad_value);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[6] ^= 1; }; // the length
    CHECK(d.read_config(4, config).error() == errc::bad_value);
    r.manager.answer = [](ffa::call_frame& frame) { // a byte more than was asked for, and it says so
        frame.x[4] += std::uint64_t{1} << 48;
        ++frame.x[6];
    };
    CHECK(d.read_config(4, config).error() == errc::bad_length);
    r.manager.answer = [](ffa::call_frame& frame) { frame.x[5] = 0x100; };
    CHECK(d.status().error() == errc::bad_value);
    CHECK(r.counters().dropped.total() == 6);
    r.manager.answer = {};
    CHECK(d.read_config(4, config));
    CHECK(config[0] == 4);
}

TEST_CASE("lean: FFA_ERROR answers the request that it names; in place of an event it says that the peer is new") {
    rig<newest> r;
    bring_up<newest>(r);
    std::uint16_t names = row_of<get_device_status_request>.id;
    header h{type_response | type_bus, row_of<error_response>.id, number, 0, fixed_msg_size<error_response, newest>};
    r.manager.answer = [&](ffa::call_frame& frame) {
        h.token = token_of(frame);
        answered_with<newest>{h, true}(frame);
        frame.x[5] = names;
    };
    auto d = r.session.at(number);
    CHECK(d.status().error() == errc::peer_error);
    CHECK(r.counters().dropped.total() == 0);
    names = row_of<get_vqueue_request>.id;
    CHECK(d.status().error() == errc::bad_value);
    h.dev_num = 0;
    names = row_of<get_device_status_request>.id;
    CHECK(d.status().error() == errc::bad_value);
    ++h.msg_size;
    CHECK(d.status().error() == errc::bad_length);
    CHECK(r.session.state() == proto::bus_state::ready);
    h.msg_size = fixed_msg_size<error_response, newest>;
    names = row_of<event_poll_request>.id;
    r.session.poll_now();
    const auto e = r.session.wait(r.clock.now());
    CHECK(e.kind == proto::driver_event_kind::bus_failed);
    CHECK(e.error == errc::peer_error);
    CHECK(d.status().error() == errc::bad_state);
    r.manager.answer = {};
    CHECK(r.session.reopen());
    CHECK(r.session.open_areas() == 0);
}

TEST_CASE_TEMPLATE("lean: an acknowledgement in either form; anything else is counted", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    bring_up<R>(r);
    auto d = r.session.at(number);
    header h{type_response | type_bus, 0, 0, 0, header_size<R>};
    r.manager.answer = [&](ffa::call_frame& frame) { answered_with<R>{h, true}(frame); };
    CHECK(d.notify(0, 0));
    CHECK(r.counters().kicks == 1);
    CHECK(r.counters().dropped.total() == 0);
    h = {type_response, row_of<event_avail>.id, number, 0, header_size<R>};
    CHECK(d.notify(0, 0));
    const bool old = R != newest;
    CHECK(r.counters().kicks == (old ? 2 : 1));
    CHECK(r.counters().dropped.total() == (old ? 0 : 1));
    h.dev_num = 9;
    CHECK(d.notify(0, 0));
    CHECK(r.counters().kicks == (old ? 2 : 1));
    CHECK(r.counters().dropped.total() == (old ? 1 : 2));
}

TEST_CASE_TEMPLATE("lean: events that are none, or of somebody else, change nothing", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    constexpr auto size = [](std::size_t n) { return static_cast<std::uint16_t>(header_size<R> + n); };
    rig<R> r;
    bring_up<R>(r);
    const header wrong[]{
        {0, row_of<event_used>.id, 9, 0, size(4)},                  // no such device
        {0, row_of<event_used>.id, number, 0, size(5)},             // too long
        {0, row_of<event_config>.id, number, 0, size(12)},          // too short
        {0, row_of<event_avail>.id, number, 0, size(8)},            // the driver's own
        {0, 0x7f, number, 0, size(4)},                              // not defined
        {type_response, row_of<event_used>.id, number, 0, size(4)}, // not an event
        {type_bus, row_of<event_device>.id, number, 0, size(4)},    // names a device
        {type_bus, row_of<event_area_release>.id, 0, 0, size(2)},   // nothing is owed
        {type_bus, row_of<ping_request>.id, 0, 0, size(4)},         // not an answer
        {0, row_of<event_used>.id, number, 0, 105},                 // more than fits
    };
    std::size_t which = 0;
    r.manager.answer = [&](ffa::call_frame& frame) { answered_with<R>{wrong[which], true}(frame); };
    for (which = 0; which < sizeof wrong / sizeof *wrong; ++which) {
        CAPTURE(which);
        const auto before = r.counters().dropped.total();
        const auto calls = r.manager.requests();
        r.session.poll_now();
        CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::none);
        CHECK(r.counters().dropped.total() - before == r.manager.requests() - calls);
        CHECK(r.manager.requests() - calls <= proto::direct_retry_policy.poll_budget); // a round is bounded
    }
    CHECK(r.counters().events == 0);
    r.manager.answer = {};
    CHECK(r.session.ping(1));
}

TEST_CASE("lean: a device that is removed is asked no more; one that is added is") {
    rig<newest> r;
    bring_up<newest>(r);
    auto d = r.session.at(number);
    std::uint64_t state = 2;
    r.manager.answer = [&](ffa::call_frame& frame) {
        if ((frame.x[4] >> 8 & 0xff) != row_of<event_poll_response>.id) return;
        answered_with<newest>{{type_bus, row_of<event_device>.id, 0, token_of(frame), 12}, true}(frame);
        frame.x[5] = number | state << 16;
    };
    r.session.poll_now();
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::device_removed);
    CHECK(d.status().error() == errc::no_device);
    CHECK(d.notify(0, 0).error() == errc::no_device);
    CHECK(r.session.devices().size() == 0);
    state = 1;
    r.session.poll_now();
    CHECK(r.session.wait(r.clock.now()).kind == proto::driver_event_kind::device_added);
    CHECK(r.session.devices().size() == 1);
    CHECK(d.notify(0, 0).error() == errc::bad_state); // a new one
    r.manager.answer = {};
    CHECK(d.status());
}

TEST_CASE("lean: a peer that is dead fails the bus") {
    rig<newest> r;
    bring_up<newest>(r);
    r.manager.answer = [](ffa::call_frame& frame) { frame = ffa::encode_error(ffa::error::aborted); };
    CHECK(r.session.ping(1).error() == errc::aborted);
    CHECK(r.session.state() == proto::bus_state::failed);
    CHECK(r.session.ping(1).error() == errc::bad_state);
    CHECK(r.session.at(number).notify(0, 0).error() == errc::bad_state);
    const auto e = r.session.wait(r.clock.now());
    CHECK(e.kind == proto::driver_event_kind::bus_failed);
    CHECK(e.error == errc::aborted);
    r.manager.answer = {};
    CHECK(r.session.reopen());
}

TEST_CASE("lean: a share without an answer is taken back, and its memory is not forgotten") {
    rig<newest> r;
    bring_up<newest>(r);
    int left = 1;
    r.manager.answer = [&](ffa::call_frame& frame) {
        if ((frame.x[4] >> 8 & 0xff) == row_of<area_share_response>.id && left-- > 0) frame.x[4] ^= 0x10'0000'0000;
    };
    CHECK(r.session.share(0x99, 1, area_attrs::usual).error() != errc::none);
    CHECK(r.session.open_areas() == 1); // that of `bring_up`
    CHECK(r.peer.bus.areas().size() == 1);
    CHECK(r.session.share(0x99, 1, area_attrs::usual));
    CHECK(r.session.share(0x9a, 1, area_attrs::usual).error() == errc::full);
}

TEST_CASE("lean: a peer that lies about its devices does not keep the driver side busy") {
    rig<newest> r;
    int asked = 0;
    r.manager.answer = [&](ffa::call_frame& frame) {
        if ((frame.x[4] & 0xff03) != (std::uint64_t{row_of<get_devices_response>.id} << 8 | 3)) return;
        ++asked;
        frame.x[5] = (frame.x[5] & 0xffff) | ((frame.x[5] & 0xffff) + 1) << 16; // one further
        frame.x[4] = (frame.x[4] & 0xffff'ffff'ffff) | std::uint64_t{14} << 48;
    };
    CHECK(r.session.open().error() == errc::bad_value);
    CHECK(asked <= 65536 / 8);
    CHECK(r.session.state() == proto::bus_state::failed);
}

TEST_CASE_TEMPLATE("lean: whatever comes back, every call ends, and the session can start anew", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    rig<R> r;
    random_numbers numbers{7};
    int rate = 0;
    r.manager.answer = [&](ffa::call_frame& frame) {
        if (rate == 0 || static_cast<int>(numbers.below(8)) >= rate) return;
        const std::uint64_t n = numbers();
        std::uint64_t& x = frame.x[n % 4 == 0 ? n / 64 % 18 : 4 + n / 64 % 6];
        x = n % 3 == 0 ? numbers() : x ^ std::uint64_t{1} << numbers() % 64;
    };
    for (int round = 0; round < 400; ++round) {
        rate = round % 8;
        std::uint8_t config[16]{};
        static_cast<void>(r.session.reopen());
        auto d = r.session.at(number);
        static_cast<void>(d.negotiate(feature_set{{0x200, 0x103, 0, 0}}));
        static_cast<void>(d.read_config(0, config));
        static_cast<void>(d.write_config(8, byte_view{config}.first(2)));
        static_cast<void>(r.session.share(0x77, 1, R == newest ? area_attrs::usual : area_attrs::share));
        static_cast<void>(d.setup_queue(
            0, {64, *make_bus_address<R>(1, 0), *make_bus_address<R>(1, 0x400), *make_bus_address<R>(1, 0x800)}));
        static_cast<void>(d.driver_ok());
        static_cast<void>(d.notify(0, 0));
        static_cast<void>(r.peer.bus.used(number, 0));
        static_cast<void>(r.session.wait(r.clock.now() + 1 * seconds));
        static_cast<void>(d.reset());
    }
    r.manager.answer = {};
    r.manager.release();
    REQUIRE(r.session.reopen());
    while (r.session.wait(r.clock.now()).kind != proto::driver_event_kind::none) {}

    static_cast<void>(r.session.close());
    bring_up<R>(r);
    use(r);
    take_down(r);
}
