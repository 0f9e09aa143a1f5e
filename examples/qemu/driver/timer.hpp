// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The private timer of EL1, whose interrupts come while the other world works.

#include "board/console.hpp"
#include "board/machine.hpp"
#include "board/processor.hpp"

#include <cstdint>

namespace driver {

class timer {
public:
    static constexpr std::uint32_t interrupt = 30;

    /// Interrupts reach EL1 from now on.
    static void prepare() {
        *controller(0x100) = std::uint32_t{1} << interrupt; // GICD_ISENABLER
        *controller(0x1'0004) = 0xff;                       // GICC_PMR
        *controller(0x1'0000) = 1;                          // GICC_CTLR
        *controller(0) = 1;                                 // GICD_CTLR
        asm volatile("dsb sy; msr daifclr, #2" ::: "memory");
    }
    static void start(vmsg::duration time) {
        BOARD_WRITE("cntp_cval_el0", board::ticks() + board::ticks_of(time));
        BOARD_WRITE("cntp_ctl_el0", 1);
        board::synchronize();
    }
    /// For the handler: true if it was the timer, which is quiet then; false if the interrupt has gone meanwhile, as it
    /// does when the timer is started again. There are no others.
    static bool handle() {
        constexpr std::uint32_t none = 1020;               // and above
        const std::uint32_t which = *controller(0x1'000c); // GICC_IAR
        const std::uint32_t number = which & 0x3ff;
        if (number >= none) return false;
        if (number != interrupt) board::fail("driver: interrupt ", number, ", expected ", interrupt);
        BOARD_WRITE("cntp_ctl_el0", 0);
        board::synchronize();
        *controller(0x1'0010) = which; // GICC_EOIR
        return true;
    }

private:
    static volatile std::uint32_t* controller(std::uint64_t offset) {
        return reinterpret_cast<volatile std::uint32_t*>(board::interrupt_controller + offset);
    }
};

} // namespace driver
