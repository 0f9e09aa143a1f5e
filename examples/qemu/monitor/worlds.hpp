// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The two worlds as the monitor sees them: the registers with which each goes on, and the change from one to the other.

#include "board/console.hpp"
#include "board/processor.hpp"

#include <vmsg/ffa/call_frame.hpp>

#include <cstddef>
#include <cstdint>

namespace monitor {

/// What `enter_lower` loads and stores.
struct context {
    std::uint64_t x[31]{};
    std::uint64_t sp_el0 = 0;
    std::uint64_t elr = 0;  ///< where it goes on
    std::uint64_t spsr = 0; ///< at which exception level, with which interrupts masked
    std::uint64_t scr = 0;  ///< SCR_EL3
};
static_assert(offsetof(context, elr) == 256 && offsetof(context, scr) == 272);

/// Runs a lower exception level until it comes to EL3 again.
extern "C" std::uint64_t enter_lower(context*);

enum class exit_reason : std::uint64_t { call, interrupt };

// The registers of EL1, which both worlds use. Not those of the timer: it is the normal world's, and the partition only
// reads the counter. Not those of floating point: nobody has it.
#define MONITOR_EL1_REGISTERS(each)                                                                                    \
    each(sctlr_el1) each(ttbr0_el1) each(ttbr1_el1) each(tcr_el1) each(mair_el1) each(amair_el1) each(vbar_el1)        \
        each(sp_el1) each(elr_el1) each(spsr_el1) each(esr_el1) each(far_el1) each(afsr0_el1) each(afsr1_el1)          \
            each(contextidr_el1) each(tpidr_el0) each(tpidrro_el0) each(tpidr_el1) each(cpacr_el1) each(par_el1)       \
                each(csselr_el1) each(cntkctl_el1)

struct el1_registers {
#define MONITOR_MEMBER(name) std::uint64_t name = 0;
    MONITOR_EL1_REGISTERS(MONITOR_MEMBER)
#undef MONITOR_MEMBER

    void save() {
#define MONITOR_SAVE(name) name = BOARD_READ(#name);
        MONITOR_EL1_REGISTERS(MONITOR_SAVE)
#undef MONITOR_SAVE
    }
    void load() const {
#define MONITOR_LOAD(name) BOARD_WRITE(#name, name);
        MONITOR_EL1_REGISTERS(MONITOR_LOAD)
#undef MONITOR_LOAD
        board::synchronize();
    }
};

/// A world that has never run begins at `entry`.
class world {
public:
    world(const char* name, std::uint64_t entry, std::uint64_t spsr, std::uint64_t scr) : name_(name) {
        lower_.elr = entry;
        lower_.spsr = spsr;
        lower_.scr = scr;
        el1_.sctlr_el1 = 0x30d0'0800 | board::alignment_check; // the bits that are one: no MMU, no caches
    }

    std::uint64_t& x(std::size_t i) { return lower_.x[i]; }
    vmsg::ffa::call_frame frame() const {
        vmsg::ffa::call_frame f;
        for (std::size_t i = 0; i < 18; ++i) f.x[i] = lower_.x[i];
        return f;
    }
    void set_frame(const vmsg::ffa::call_frame& f) {
        for (std::size_t i = 0; i < 18; ++i) lower_.x[i] = f.x[i];
    }

    /// Runs until it calls EL3 or is interrupted. `present` is the world whose registers are in EL1.
    exit_reason run(world*& present) {
        if (present != this) {
            if (present != nullptr) present->el1_.save();
            el1_.load();
            present = this;
        }
        const std::uint64_t kind = enter_lower(&lower_);
        if (kind == 1) return exit_reason::interrupt;
        const std::uint64_t syndrome = BOARD_READ("esr_el3");
        constexpr std::uint64_t smc64 = 0x17;
        if (kind != 0 || syndrome >> 26 != smc64)
            board::fail("monitor: the ", name_, " was left with exception ", kind, ", esr ", board::hex{syndrome},
                        ", elr ", board::hex{lower_.elr}, ", far ", board::hex{BOARD_READ("far_el3")});
        return exit_reason::call;
    }

private:
    context lower_{};
    el1_registers el1_{};
    const char* name_;
};

} // namespace monitor
