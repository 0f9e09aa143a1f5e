// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The clock of the demo: a virtual one, for which a time-out costs no time, or the monotonic one of the system.

#include <vmsg/session/clock.hpp>

#include <chrono>
#include <concepts>
#include <thread>

namespace disk {

/// `work` as for `vmsg::virtual_clock`, of which the real clock is a variant that sleeps instead of jumping.
template <std::invocable<vmsg::instant> Work> class demo_clock {
    using steady = std::chrono::steady_clock;

public:
    demo_clock(Work& work, bool real) : work_(work), virtual_(work), real_(real) {}

    vmsg::instant now() const {
        if (!real_) return virtual_.now();
        const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - start_);
        return static_cast<vmsg::instant>(passed.count());
    }
    void idle(vmsg::instant until) {
        if (!real_) return virtual_.idle(until);
        const vmsg::instant others = work_(now());
        const vmsg::instant next = others < until ? others : until;
        if (next != vmsg::never) std::this_thread::sleep_until(start_ + std::chrono::microseconds{next});
    }

private:
    Work& work_;
    vmsg::virtual_clock<Work> virtual_;
    bool real_;
    steady::time_point start_ = steady::now();
};

} // namespace disk
