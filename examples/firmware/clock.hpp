// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The counter of the processor as the clock of a session.

#include <vmsg/session/clock.hpp>

#include <cstdint>

namespace firmware {

class counter {
public:
    vmsg::instant now() const {
        std::uint64_t ticks;
        std::uint64_t frequency; // Hz; set by the first firmware that runs
        asm volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0" : "=r"(ticks), "=r"(frequency));
        return ticks / frequency * vmsg::seconds + ticks % frequency * vmsg::seconds / frequency;
    }
    /// A kernel would let others run, or wait for an interrupt; here `never` returns at once.
    void idle(vmsg::instant until) const {
        while (until != vmsg::never && now() < until) asm volatile("yield");
    }
};
static_assert(vmsg::session_clock<counter>);

} // namespace firmware
