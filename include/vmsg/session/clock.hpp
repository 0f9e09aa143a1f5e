// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `session_clock`: what a session needs of the world besides a transport, and `virtual_clock`, for which waiting costs
// no time.

#include <concepts>

#include <vmsg/time.hpp>

namespace vmsg {

/// Time, and what to do while there is nothing to do. `idle(until)` returns at `until` or earlier, when something may
/// have come: firmware waits for an interrupt, a test lets the peer work, a virtual clock jumps. `never`: only
/// something that comes can end it.
template <class C>
concept session_clock = requires(C& clock, const C& c, instant until) {
    { c.now() } -> std::same_as<instant>;
    { clock.idle(until) } -> std::same_as<void>;
};

namespace archetypes {

/// The least that satisfies `session_clock`.
struct session_clock {
    constexpr instant now() const { return 0; }
    constexpr void idle(instant) {}
};

} // namespace archetypes
static_assert(session_clock<archetypes::session_clock>);

/// A clock that stands until nothing is left to do. In `idle`, `work(now)` lets everybody else do what they can, and
/// gives `now` if they did something, else the time at which they go on by themselves, `never` if not at all. Then the
/// clock jumps to the first deadline.
template <std::invocable<instant> Work> class virtual_clock {
public:
    constexpr explicit virtual_clock(Work& work) : work_(work) {}

    constexpr instant now() const { return now_; }
    constexpr void idle(instant until) {
        const instant others = work_(now_);
        const instant next = others < until ? others : until;
        if (next != never && next > now_) now_ = next;
    }

private:
    Work& work_;
    instant now_ = 0;
};

} // namespace vmsg
