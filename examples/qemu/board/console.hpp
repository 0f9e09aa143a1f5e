// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Text on the serial line of the machine, and the end of the machine. No set-up is needed for either.

#include "machine.hpp"

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>
#include <vmsg/text.hpp>

#include <concepts>
#include <cstdint>

namespace board {

struct hex {
    std::uint64_t value;
};

inline void print(char c) { *reinterpret_cast<volatile std::uint32_t*>(uart) = static_cast<std::uint8_t>(c); }
inline void print(const char* text) {
    while (*text != '\0') print(*text++);
}
inline void print(std::unsigned_integral auto value) {
    if (value >= 10) print(static_cast<decltype(value)>(value / 10));
    print(static_cast<char>('0' + value % 10));
}
inline void print_digit(std::uint64_t value) { print("0123456789abcdef"[value & 0xf]); }
inline void print(hex number) {
    print("0x");
    int shift = 60;
    while (shift != 0 && number.value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) print_digit(number.value >> shift);
}
inline void print(vmsg::byte_view bytes) {
    for (const std::uint8_t byte : bytes) {
        print_digit(byte >> 4);
        print_digit(byte);
    }
}
inline void print(vmsg::errc why) {
    for (const char c : vmsg::name_of(why)) print(c);
}
/// A line of several parts.
template <class... Part> void print_line(const Part&... part) {
    (print(part), ...);
    print('\n');
}

/// Ends the machine; `status` is the exit status of QEMU. Semihosting, SYS_EXIT_EXTENDED.
[[noreturn]] inline void stop(std::uint64_t status) {
    const std::uint64_t block[2] = {0x20026 /* the application ends */, status};
    register std::uint64_t operation asm("x0") = 0x20;
    register const std::uint64_t* arguments asm("x1") = block;
    asm volatile("hlt #0xf000" : "+r"(operation) : "r"(arguments) : "memory");
    for (;;) asm volatile("wfe");
}

template <class... Part> [[noreturn]] void fail(const Part&... part) {
    print("error: ");
    print_line(part...);
    stop(1);
}

} // namespace board
