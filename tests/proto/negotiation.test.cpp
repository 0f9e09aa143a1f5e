// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/negotiation.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr bus_state all_states[]{bus_state::down,     bus_state::probing,     bus_state::agreeing,
                                 bus_state::offering, bus_state::configuring, bus_state::enumerating,
                                 bus_state::ready,    bus_state::resetting,   bus_state::failed};
constexpr bus_input all_inputs[]{bus_input::start,       bus_input::accepted, bus_input::fifo_wanted,
                                 bus_input::fall_back,   bus_input::more,     bus_input::refused,
                                 bus_input::reenumerate, bus_input::reset,    bus_input::lost};

template <revision R> constexpr bool goes(bus_state from, bus_input input, bus_state to, bus_action action) {
    const auto t = bus_table<R>::find(from, input);
    return t && t->from == from && t->input == input && t->to == to && t->action == action;
}

/// A state on the way up, which waits for the answer to a request of the bus.
constexpr bool waits(bus_state s) {
    return s == bus_state::probing || s == bus_state::agreeing || s == bus_state::offering ||
           s == bus_state::configuring || s == bus_state::enumerating || s == bus_state::resetting;
}

/// At most one line for a state and an input.
template <revision R> constexpr bool is_a_function() {
    for (const bus_transition& a : bus_table<R>::lines)
        for (const bus_transition& b : bus_table<R>::lines)
            if (&a != &b && a.from == b.from && a.input == b.input) return false;
    return true;
}

/// Whatever the peer does or omits in a state that waits for it, the bus goes on or fails; it never stays silently.
template <revision R> constexpr bool nothing_hangs() {
    for (const bus_state s : all_states)
        if (waits(s) && (!bus_table<R>::find(s, bus_input::refused) || !bus_table<R>::find(s, bus_input::accepted)))
            return false;
    return true;
}

/// The answers of a peer mean nothing in a state that waits for none.
template <revision R> constexpr bool answers_need_a_question() {
    for (const bus_state s : all_states)
        for (const bus_input i : {bus_input::accepted, bus_input::more, bus_input::refused})
            if (!waits(s) && bus_table<R>::find(s, i)) return false;
    return true;
}

/// Every state but the ones on the way can be left by the user: up from down and failed, down from the others.
template <revision R> constexpr bool the_user_has_a_way() {
    for (const bus_state s : all_states) {
        const bool up = bus_table<R>::find(s, bus_input::start).has_value();
        if (up != (s == bus_state::down || s == bus_state::failed)) return false;
        for (const bus_input i : all_inputs)
            if (s == bus_state::down && i != bus_input::start && bus_table<R>::find(s, i)) return false;
    }
    return true;
}

} // namespace

TEST_CASE("N5, N8, N15: the way up in each revision") {
    using enum bus_state;
    using enum bus_action;
    constexpr auto v2 = revision::oasis_v2;
    CX_CHECK(goes<v2>(down, bus_input::start, probing, send_probe));
    CX_CHECK(goes<v2>(probing, bus_input::accepted, agreeing, send_version));
    CX_CHECK(goes<v2>(agreeing, bus_input::accepted, configuring, send_event_configure));
    CX_CHECK(goes<v2>(configuring, bus_input::accepted, enumerating, send_get_devices));
    CX_CHECK(goes<v2>(enumerating, bus_input::more, enumerating, send_next_window));
    CX_CHECK(goes<v2>(enumerating, bus_input::accepted, ready, announce_ready));
    CX_CHECK(goes<v2>(ready, bus_input::reenumerate, enumerating, send_get_devices));

    constexpr auto v1 = revision::oasis_v1; // no probe
    CX_CHECK(goes<v1>(down, bus_input::start, agreeing, send_version));
    CX_CHECK(goes<v1>(agreeing, bus_input::accepted, configuring, send_event_configure));

    constexpr auto old = revision::rfc2025; // no EVENT_CONFIGURE either
    CX_CHECK(goes<old>(down, bus_input::start, agreeing, send_version));
    CX_CHECK(goes<old>(agreeing, bus_input::accepted, enumerating, send_get_devices));
}

TEST_CASE("N6, N10: the way over a FIFO, and back from it") {
    using enum bus_state;
    using enum bus_action;
    constexpr auto v2 = revision::oasis_v2;
    CX_CHECK(goes<v2>(agreeing, bus_input::fifo_wanted, offering, send_fifo_configure));
    CX_CHECK(goes<v2>(offering, bus_input::accepted, configuring, send_event_configure));
    CX_CHECK(goes<v2>(offering, bus_input::refused, configuring, send_event_configure));
    CX_CHECK(goes<v2>(configuring, bus_input::fall_back, configuring, send_event_configure));
    CX_CHECK(goes<v2>(offering, bus_input::lost, failed, announce_failure));
    for (const bus_state s : all_states) {
        if (s == offering) continue; // to which no line leads
        CHECK_FALSE(bus_table<revision::oasis_v1>::find(s, bus_input::fifo_wanted));
        CHECK_FALSE(bus_table<revision::rfc2025>::find(s, bus_input::fifo_wanted));
    }
    for (const bus_state s : all_states)
        if (s != configuring) CHECK_FALSE(bus_table<revision::oasis_v1>::find(s, bus_input::fall_back));
    CX_CHECK(goes<revision::oasis_v1>(configuring, bus_input::fall_back, configuring, send_event_configure));
    for (const bus_transition& t : bus_table<revision::oasis_v1>::lines) CHECK(t.to != offering);
    for (const bus_transition& t : bus_table<revision::rfc2025>::lines) CHECK(t.to != offering);
}

TEST_CASE("N12: the way down") {
    using enum bus_state;
    using enum bus_action;
    constexpr auto v2 = revision::oasis_v2;
    for (const bus_state s : {offering, configuring, enumerating, ready, failed})
        CHECK(goes<v2>(s, bus_input::reset, resetting, send_reset));
    CX_CHECK(goes<v2>(resetting, bus_input::accepted, down, announce_down));
    CX_CHECK(goes<v2>(resetting, bus_input::refused, failed, announce_failure));
    CX_CHECK(goes<v2>(ready, bus_input::lost, failed, announce_failure));
    CX_CHECK(goes<v2>(enumerating, bus_input::lost, failed, announce_failure));
}

TEST_CASE("the table of the bus has no dead ends") {
    CX_CHECK(is_a_function<revision::rfc2025>());
    CX_CHECK(is_a_function<revision::oasis_v1>());
    CX_CHECK(is_a_function<revision::oasis_v2>());
    CX_CHECK(nothing_hangs<revision::rfc2025>());
    CX_CHECK(nothing_hangs<revision::oasis_v1>());
    CX_CHECK(nothing_hangs<revision::oasis_v2>());
    CX_CHECK(answers_need_a_question<revision::oasis_v2>());
    CX_CHECK(the_user_has_a_way<revision::rfc2025>());
    CX_CHECK(the_user_has_a_way<revision::oasis_v1>());
    CX_CHECK(the_user_has_a_way<revision::oasis_v2>());
}
