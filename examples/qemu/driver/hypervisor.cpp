// SPDX-License-Identifier: BSD-2-Clause
// What the program at EL2 does about everything but a call of the driver: it says what has happened, and ends.
#include "board/exceptions.hpp"

extern "C" [[noreturn]] void on_exception(std::uint64_t index);

void on_exception(std::uint64_t index) {
    board::fail_by_exception("hypervisor: neither HVC nor SMC of EL1", index, {});
}
