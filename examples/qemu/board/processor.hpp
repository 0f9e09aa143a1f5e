// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// System registers of the processor, the counter as a clock, and the private timer of EL1.

#include <vmsg/time.hpp>

#include <cstdint>

// The name of a system register is a part of the instruction.
#define BOARD_READ(name)                                                                                               \
    [] {                                                                                                               \
        std::uint64_t read_;                                                                                           \
        asm volatile("mrs %0, " name : "=r"(read_)::"memory");                                                         \
        return read_;                                                                                                  \
    }()
#define BOARD_WRITE(name, value)                                                                                       \
    [](std::uint64_t written_) { asm volatile("msr " name ", %0" : : "r"(written_) : "memory"); }(value)

namespace board {

/// What SCTLR of any exception level has beside the bits that are one: without the MMU, a trap for what is not aligned.
#ifdef BOARD_WITHOUT_MMU
inline constexpr std::uint64_t alignment_check = 1 << 1;
#else
inline constexpr std::uint64_t alignment_check = 0;
#endif

inline std::uint64_t exception_level() { return BOARD_READ("CurrentEL") >> 2 & 3; }

inline void synchronize() { asm volatile("isb" ::: "memory"); }

/// What was written through a cache becomes what the memory has, for whoever reads it without one, and is fetched as
/// instructions from there.
inline void write_back(std::uint64_t address, std::uint64_t size) {
    constexpr std::uint64_t line = 16; // bytes: no cache has shorter ones
    for (std::uint64_t at = address & ~(line - 1); at < address + size; at += line)
        asm volatile("dc civac, %0" : : "r"(at) : "memory");
    asm volatile("dsb sy; ic iallu; dsb sy; isb" ::: "memory");
}

/// Ticks of the counter.
inline std::uint64_t ticks() {
    synchronize();
    return BOARD_READ("cntpct_el0");
}
inline std::uint64_t ticks_of(vmsg::duration time) { return time * BOARD_READ("cntfrq_el0") / vmsg::seconds; }

/// A session's clock. There is nobody else to let work; the peer works inside the calls.
class clock {
public:
    vmsg::instant now() const {
        const std::uint64_t at = ticks();
        return at / frequency_ * vmsg::seconds + at % frequency_ * vmsg::seconds / frequency_;
    }
    void idle(vmsg::instant until) const {
        const vmsg::instant end = until == vmsg::never ? now() + most_at_once : until;
        while (now() < end) asm volatile("yield");
    }

private:
    static constexpr vmsg::duration most_at_once = 1 * vmsg::milliseconds;
    std::uint64_t frequency_ = BOARD_READ("cntfrq_el0"); // Hz
};

} // namespace board
