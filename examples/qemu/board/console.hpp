// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Text on the serial line of the machine, and the end of the machine. No set-up is needed for either.

#include "machine.hpp"

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>
#include <vmsg/text.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

namespace board {

struct hex {
    std::uint64_t value;
};

inline void print(char c) { *reinterpret_cast<volatile std::uint32_t*>(uart) = static_cast<std::uint8_t>(c); }
inline void print(const char* text) {
    while (*text != '\0') print(*text++);
}
inline void print(std::string_view text) {
    for (const char c : text) print(c);
}
inline void print(std::unsigned_integral auto value) {
    char room[20];
    vmsg::text_writer text{room};
    text.put_decimal(value);
    print(text.view());
}
inline void print(hex number) {
    char room[16];
    vmsg::text_writer text{room};
    text.put_hex(number.value, 1);
    print("0x");
    print(text.view());
}
inline void print(vmsg::byte_view bytes) {
    for (const std::uint8_t byte : bytes) {
        char room[2];
        vmsg::text_writer text{room};
        text.put_hex(byte, 2);
        print(text.view());
    }
}
inline void print(vmsg::errc why) { print(vmsg::name_of(why)); }
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
