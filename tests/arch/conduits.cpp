// SPDX-License-Identifier: BSD-2-Clause
#include "arch/conduits.hpp"

#include <vmsg/ffa/arch/aarch64_hvc.hpp>
#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/ffa/arch/aarch64_svc.hpp>

using namespace vmsg;

void arch_test::call_by_smc(ffa::call_frame& frame) { ffa::smc_conduit{}(frame); }
void arch_test::call_by_hvc(ffa::call_frame& frame) { ffa::hvc_conduit{}(frame); }
void arch_test::call_by_svc(ffa::call_frame& frame) { ffa::svc_conduit{}(frame); }

std::uint64_t arch_test::exchange(std::uint64_t* shared, ffa::call_frame& frame) {
    *shared = 0x600d;
    ffa::smc_conduit{}(frame);
    return *shared;
}

std::uint64_t arch_test::call_among_values(const std::uint64_t* values, ffa::call_frame& frame) {
    const std::uint64_t a = values[0], b = values[1], c = values[2], d = values[3], e = values[4], f = values[5];
    const std::uint64_t g = values[6], h = values[7], i = values[8], j = values[9], k = values[10], l = values[11];
    ffa::smc_conduit{}(frame);
    return a + b + c + d + e + f + g + h + i + j + k + l;
}
