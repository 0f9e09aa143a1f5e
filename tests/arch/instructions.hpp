// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// SMC and HVC at EL0 are undefined: the signal handler plays the manager, on the registers of the instruction.

#include <vmsg/ffa/call_frame.hpp>

#include <csignal>
#include <cstdint>
#include <cstring>

#include <ucontext.h>
#include <unistd.h>

namespace arch_test {

enum class instruction : std::uint32_t { hvc = 0xd400'0002, smc = 0xd400'0003 };

/// Plays the manager as long as it exists. One at a time.
class trap {
public:
    using handler = void (*)(void* context, instruction what, vmsg::ffa::call_frame& frame);

    trap(handler h, void* context) {
        handler_ = h;
        context_ = context;
        struct sigaction action {};
        action.sa_sigaction = on_signal;
        action.sa_flags = SA_SIGINFO | SA_NODEFER; // a manager enters partitions, which make calls
        sigaction(SIGILL, &action, &before_);
    }
    ~trap() { sigaction(SIGILL, &before_, nullptr); }
    trap(const trap&) = delete;
    trap& operator=(const trap&) = delete;

private:
    static void on_signal(int, siginfo_t*, void* interrupted) {
        mcontext_t& machine = static_cast<ucontext_t*>(interrupted)->uc_mcontext;
        std::uint32_t code = 0;
        std::memcpy(&code, reinterpret_cast<const void*>(machine.pc), sizeof code);
        const auto what = static_cast<instruction>(code);
        if (what != instruction::smc && what != instruction::hvc) _exit(3);
        vmsg::ffa::call_frame frame;
        for (int i = 0; i < 18; ++i) frame.x[i] = machine.regs[i];
        handler_(context_, what, frame);
        for (int i = 0; i < 18; ++i) machine.regs[i] = frame.x[i];
        machine.pc += 4;
    }

    static inline handler handler_ = nullptr;
    static inline void* context_ = nullptr;
    struct sigaction before_ {};
};

} // namespace arch_test
