// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The instruction behind the conduits of aarch64: `aarch64_smc.hpp`, `aarch64_hvc.hpp`, `aarch64_svc.hpp`.
// Source: SMCCC 1.2: x0 to x17 are arguments and results, everything else is preserved.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>

#ifndef __aarch64__
#    error "vmsg/ffa/arch/aarch64_*.hpp: these conduits are for aarch64 only"
#endif

namespace vmsg::ffa::detail {

/// The instructions that call a higher exception level, with the immediate 0.
enum class call_instruction : std::uint32_t {
    svc = 0xd400'0001,
    hvc = 0xd400'0002,
    smc = 0xd400'0003,
};

/// Loads all registers from `frame`, makes the call, and stores all registers there. The compiler keeps the pointer in
/// a register that the call preserves: all others are clobbered. "memory": what was written to shared buffers before
/// is there for the callee, and is read anew afterwards.
template <call_instruction Instruction> inline void aarch64_call(call_frame& frame) {
    asm volatile("ldp x16, x17, [%[frame], #128]\n\t"
                 "ldp x14, x15, [%[frame], #112]\n\t"
                 "ldp x12, x13, [%[frame], #96]\n\t"
                 "ldp x10, x11, [%[frame], #80]\n\t"
                 "ldp x8, x9, [%[frame], #64]\n\t"
                 "ldp x6, x7, [%[frame], #48]\n\t"
                 "ldp x4, x5, [%[frame], #32]\n\t"
                 "ldp x2, x3, [%[frame], #16]\n\t"
                 "ldp x0, x1, [%[frame]]\n\t"
                 ".inst %c[instruction]\n\t"
                 "stp x0, x1, [%[frame]]\n\t"
                 "stp x2, x3, [%[frame], #16]\n\t"
                 "stp x4, x5, [%[frame], #32]\n\t"
                 "stp x6, x7, [%[frame], #48]\n\t"
                 "stp x8, x9, [%[frame], #64]\n\t"
                 "stp x10, x11, [%[frame], #80]\n\t"
                 "stp x12, x13, [%[frame], #96]\n\t"
                 "stp x14, x15, [%[frame], #112]\n\t"
                 "stp x16, x17, [%[frame], #128]"
                 :
                 : [frame] "r"(frame.x), [instruction] "i"(static_cast<std::uint32_t>(Instruction))
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                   "x16", "x17", "cc", "memory");
}

} // namespace vmsg::ffa::detail
