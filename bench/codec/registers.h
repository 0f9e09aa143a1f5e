/* SPDX-License-Identifier: BSD-2-Clause */
/* The point at which 14 register values have to be there. */
#ifndef VMSG_BENCH_REGISTERS_H
#define VMSG_BENCH_REGISTERS_H

#include <stdint.h>

#if defined(__x86_64__)
#    define SERIALISE "lfence"
#elif defined(__aarch64__)
#    define SERIALISE "isb"
#else
#    error "name the instruction of this architecture that waits for all instructions before it"
#endif

__attribute__((always_inline)) static inline void use_registers(const uint64_t* words) {
    __asm__ volatile(SERIALISE
                     :
                     : "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]), "r"(words[4]), "r"(words[5]),
                       "r"(words[6]), "r"(words[7]), "r"(words[8]), "r"(words[9]), "r"(words[10]), "r"(words[11]),
                       "r"(words[12]), "r"(words[13])
                     : "memory");
}

#endif
