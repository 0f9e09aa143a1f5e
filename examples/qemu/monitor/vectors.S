// SPDX-License-Identifier: BSD-2-Clause
// The monitor at EL3: where the machine starts, and the way to a lower exception level and back. `enter_lower` looks
// like a call: it returns when the lower level makes an SMC or is interrupted.
#include "board/prepare_memory.S"

    .section .text.start, "ax"
    .global _start
_start:
    adr x0, exception_vectors
    msr vbar_el3, x0
    mov x0, #(1 << 10)
    msr cptr_el3, x0                // floating point is for nobody: it comes here as an exception
    mov x0, #0x30                   // SCR_EL3: bits that are one; the secure world
    msr scr_el3, x0
    msr spsel, #1
    isb
    prepare_memory
    bl monitor_main
1:  wfe
    b 1b

    .macro unexpected
    .balign 128
    b unexpected_exception
    .endm
    .macro leaves kind
    .balign 128
    msr tpidr_el3, x0
    ldr x0, [sp]
    stp x1, x2, [x0, #8]
    mov x2, #\kind
    b left_lower
    .endm

    .balign 2048
exception_vectors:
    .rept 8                         // from EL3 itself
    unexpected
    .endr
    leaves 0                        // synchronous
    leaves 1                        // IRQ
    leaves 2                        // FIQ
    leaves 3                        // SError
    .rept 4                         // from AArch32
    unexpected
    .endr

// std::uint64_t enter_lower(context*): x0 to x30, SP_EL0, ELR, SPSR, SCR_EL3, at the offsets of `context`.
    .section .text.enter_lower, "ax"
    .global enter_lower
enter_lower:
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #-16]!
    ldp x30, x1, [x0, #240]
    msr sp_el0, x1
    ldp x1, x2, [x0, #256]
    msr elr_el3, x1
    msr spsr_el3, x2
    ldr x1, [x0, #272]
    msr scr_el3, x1
    isb
    ldp x2, x3, [x0, #16]
    ldp x4, x5, [x0, #32]
    ldp x6, x7, [x0, #48]
    ldp x8, x9, [x0, #64]
    ldp x10, x11, [x0, #80]
    ldp x12, x13, [x0, #96]
    ldp x14, x15, [x0, #112]
    ldp x16, x17, [x0, #128]
    ldp x18, x19, [x0, #144]
    ldp x20, x21, [x0, #160]
    ldp x22, x23, [x0, #176]
    ldp x24, x25, [x0, #192]
    ldp x26, x27, [x0, #208]
    ldp x28, x29, [x0, #224]
    ldp x0, x1, [x0]
    eret
left_lower:
    stp x3, x4, [x0, #24]
    stp x5, x6, [x0, #40]
    stp x7, x8, [x0, #56]
    stp x9, x10, [x0, #72]
    stp x11, x12, [x0, #88]
    stp x13, x14, [x0, #104]
    stp x15, x16, [x0, #120]
    stp x17, x18, [x0, #136]
    stp x19, x20, [x0, #152]
    stp x21, x22, [x0, #168]
    stp x23, x24, [x0, #184]
    stp x25, x26, [x0, #200]
    stp x27, x28, [x0, #216]
    stp x29, x30, [x0, #232]
    mrs x1, tpidr_el3
    str x1, [x0]
    mrs x1, sp_el0
    mrs x3, elr_el3
    mrs x4, spsr_el3
    stp x1, x3, [x0, #248]
    str x4, [x0, #264]
    mov x0, x2
    add sp, sp, #16
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret

    .section .rodata.partition, "a"
    .global partition_image, partition_image_end
    .balign 16
partition_image:
    .incbin PARTITION_IMAGE
    .balign 16
partition_image_end:
