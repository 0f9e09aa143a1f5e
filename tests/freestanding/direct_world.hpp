// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a driver side with direct messages runs on.
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/time.hpp>
#ifdef __aarch64__
#    include <vmsg/ffa/arch/aarch64_smc.hpp>
#endif

namespace freestanding {

#ifdef __aarch64__
using conduit = vmsg::ffa::smc_conduit;
#else
struct conduit {
    void operator()(vmsg::ffa::call_frame& frame) const {
        for (std::uint64_t& x : frame.x) x = x << 1 | x >> 63; // stands for one instruction
    }
};
#endif

struct clock {
    vmsg::instant ticks = 0;
    vmsg::instant now() const { return ticks; }
    void idle(vmsg::instant) { ++ticks; }
};

} // namespace freestanding
