// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Exceptions of EL1 and EL2 that a program cannot handle: it says what it knows, and ends.

#include "console.hpp"
#include "processor.hpp"

#include <cstdint>

namespace board {

/// What the processor says of the exception that was taken last.
struct exception_cause {
    std::uint64_t syndrome = exception_level() == 2 ? BOARD_READ("esr_el2") : BOARD_READ("esr_el1");
    std::uint64_t where = exception_level() == 2 ? BOARD_READ("elr_el2") : BOARD_READ("elr_el1");
    std::uint64_t address = exception_level() == 2 ? BOARD_READ("far_el2") : BOARD_READ("far_el1");
};

/// `index`: of the vector, 0 to 15.
[[noreturn]] inline void fail_by_exception(const char* program, std::uint64_t index, const exception_cause& why) {
    fail(program, ": exception ", index, " at EL", exception_level(), ", esr ", hex{why.syndrome}, ", elr ",
         hex{why.where}, ", far ", hex{why.address});
}

} // namespace board
