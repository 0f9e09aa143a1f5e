// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How much of its stack a program has used. There is nothing that would stop it at the end.

#include "console.hpp"

#include <cstdint>

extern "C" {
extern const volatile std::uint64_t stack_begin[], stack_end[]; // of the linker script
}

namespace board {

inline constexpr std::uint64_t unused_stack = 0x5a5a'5a5a'5a5a'5a5a; ///< what prepare_memory.S fills it with

inline std::uint64_t stack_size() {
    return reinterpret_cast<std::uint64_t>(stack_end) - reinterpret_cast<std::uint64_t>(stack_begin);
}
/// Bytes, at the most that was ever in use.
inline std::uint64_t stack_used() {
    std::uint64_t free = 0;
    while (free != stack_size() && stack_begin[free / sizeof(std::uint64_t)] == unused_stack)
        free += sizeof(std::uint64_t);
    return stack_size() - free;
}
/// Ends the machine if all of it has been used: then memory before it may have been, too.
inline void check_stack(const char* program) {
    if (stack_begin[0] != unused_stack) fail(program, ": the stack of ", stack_size(), " bytes is too small");
}

} // namespace board
