// SPDX-License-Identifier: BSD-2-Clause
// What a program does that expects no exceptions: it says so, and ends.
#include "console.hpp"
#include "processor.hpp"

extern "C" [[noreturn]] void on_exception(std::uint64_t index);

void on_exception(std::uint64_t index) {
    const bool el2 = board::exception_level() == 2;
    const std::uint64_t syndrome = el2 ? BOARD_READ("esr_el2") : BOARD_READ("esr_el1");
    const std::uint64_t where = el2 ? BOARD_READ("elr_el2") : BOARD_READ("elr_el1");
    const std::uint64_t address = el2 ? BOARD_READ("far_el2") : BOARD_READ("far_el1");
    board::fail("exception ", index, " at EL", board::exception_level(), ", esr ", board::hex{syndrome}, ", elr ",
                board::hex{where}, ", far ", board::hex{address});
}
