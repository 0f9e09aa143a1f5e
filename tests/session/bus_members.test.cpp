// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/bus_members.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

struct fake final : bus_member {
    bool wants = true;  // to be suspended
    bool resets = true; // its device confirms
    bool starts = true;
    int started = 0;
    int stopped = 0;
    int released = 0;

    constexpr result<void> quiesce() override { return wants ? errc::none : errc::busy; }
    constexpr result<void> start() override {
        ++started;
        return starts ? errc::none : errc::denied;
    }
    constexpr result<void> stop() override {
        ++stopped;
        return resets ? errc::none : errc::timed_out;
    }
    constexpr void release() override { ++released; }
};

struct four {
    fake m[4];
    bus_members<4> all;
    constexpr four() {
        for (fake& f : m) {
            static_cast<void>(all.add(f));
            static_cast<void>(all.start(f));
        }
    }
    constexpr member_state is(std::size_t i) { return *all.state(m[i]); }
    constexpr bool each(member_state s) const { return all.count(s) == 4; }
};

constexpr bool all_are_suspended_and_resumed() {
    four f;
    if (!f.each(member_state::running) || !f.all.suspend_all() || !f.each(member_state::suspended)) return false;
    for (const fake& m : f.m)
        if (m.stopped != 1 || m.released != 0) return false; // the buffers stay
    return f.all.resume_all() && f.each(member_state::running) && f.m[0].started == 2;
}

constexpr bool those_before_a_refusal_run_again() {
    for (std::size_t refuses = 0; refuses < 4; ++refuses) {
        for (int kind = 0; kind < 2; ++kind) {
            const bool resets = kind == 0;
            four f;
            (resets ? f.m[refuses].wants : f.m[refuses].resets) = false;
            if (f.all.suspend_all().error() != (resets ? errc::busy : errc::timed_out)) return false;
            if (!f.each(member_state::running)) return false;
            if (f.all.counters().rolled_back != refuses || f.all.counters().refusals != 1) return false;
            for (std::size_t i = refuses + 1; i < 4; ++i)
                if (f.m[i].stopped != 0) return false; // was never touched
        }
    }
    return true;
}

constexpr bool what_was_suspended_before_stays_so() {
    four f;
    f.m[3].wants = false;
    if (!f.all.suspend(f.m[1]) || f.all.suspend_all()) return false;
    return f.is(1) == member_state::suspended && f.all.count(member_state::running) == 3 &&
           f.all.counters().rolled_back == 2;
}

constexpr bool a_member_that_does_not_come_back_is_failed() {
    four f;
    f.m[2].wants = false;
    f.m[0].starts = false;
    if (f.all.suspend_all().error() != errc::busy) return false; // the first error
    if (f.is(0) != member_state::failed || f.all.counters().not_resumed != 1) return false;
    if (f.is(1) != member_state::running || f.all.counters().rolled_back != 1) return false;
    f.m[0].starts = true;
    if (!f.all.start(f.m[0]) || f.all.start(f.m[0]).error() != errc::bad_state) return false;
    f.m[2].wants = true;
    f.m[3].starts = false;
    if (!f.all.suspend_all() || f.all.resume_all().error() != errc::denied) return false;
    return f.all.count(member_state::running) == 3; // the others run nevertheless
}

constexpr bool removal_frees_what_a_reset_has_confirmed() {
    four f;
    f.m[1].resets = false;
    if (!f.all.suspend(f.m[2]) || f.all.remove_all().error() != errc::timed_out) return false;
    if (f.is(1) != member_state::failed || f.m[1].released != 0) return false;
    for (std::size_t i = 0; i < 4; ++i)
        if (i != 1 && (f.is(i) != member_state::stopped || f.m[i].released != 1)) return false;
    if (f.m[2].stopped != 1) return false; // had been reset before
    if (f.all.forget(f.m[1]).error() != errc::bad_state || !f.all.forget(f.m[0])) return false;
    if (f.all.forget(f.m[0]).error() != errc::invalid_argument || f.all.size() != 3) return false;
    f.all.memory_returned();
    return f.m[1].released == 1 && f.all.count(member_state::stopped) == 3 && f.all.remove_all() &&
           f.m[1].released == 1;
}

constexpr bool a_lost_device_is_not_asked() {
    four f;
    if (!f.all.suspend(f.m[0])) return false;
    const int stopped = f.m[0].stopped;
    f.all.lose_all();
    if (f.m[0].released != 1 || f.m[1].released != 0 || f.all.count(member_state::lost) != 3) return false;
    if (f.all.remove(f.m[1]).error() != errc::bad_state || f.all.start(f.m[1]).error() != errc::bad_state) return false;
    if (f.all.suspend(f.m[1]).error() != errc::bad_state || f.all.resume(f.m[1]).error() != errc::bad_state)
        return false;
    f.all.memory_returned();
    return f.m[1].released == 1 && f.m[1].stopped == 0 && f.m[0].stopped == stopped && f.each(member_state::stopped);
}

constexpr bool there_is_room_for_so_many() {
    four f;
    fake more;
    return f.all.add(more).error() == errc::full && f.all.add(f.m[0]).error() == errc::invalid_argument;
}

} // namespace

TEST_CASE("Members: all are suspended and resumed") { CX_CHECK(all_are_suspended_and_resumed()); }
TEST_CASE("Members: those suspended before one refuses run again") { // the July 2025 driver left them frozen
    CX_CHECK(those_before_a_refusal_run_again());
    CX_CHECK(what_was_suspended_before_stays_so());
}
TEST_CASE("Members: one that does not come back is failed, the others run") {
    CX_CHECK(a_member_that_does_not_come_back_is_failed());
}
TEST_CASE("Members: removal frees what a reset has confirmed") { CX_CHECK(removal_frees_what_a_reset_has_confirmed()); }
TEST_CASE("Members: a lost device is not asked, and its buffers stay until the memory is back") {
    CX_CHECK(a_lost_device_is_not_asked());
}
TEST_CASE("Members: there is room for so many") { CX_CHECK(there_is_room_for_so_many()); }
