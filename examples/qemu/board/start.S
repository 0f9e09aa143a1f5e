// SPDX-License-Identifier: BSD-2-Clause
// Where a program at EL1 or EL2 begins: its exception vectors, its stack, its memory cleared, then `main` with the
// registers x0 to x2 as they were.
#include "board/prepare_memory.S"

    .section .text.start, "ax"
    .global _start
_start:
    mrs x3, CurrentEL
    adr x4, exception_vectors
    cmp x3, #(2 << 2)
    b.eq 1f
    msr vbar_el1, x4
    b 2f
1:  msr vbar_el2, x4
2:  isb
    prepare_memory
    bl main
3:  wfe
    b 3b

// Everything goes to `on_exception(index)`, which comes back only from interrupts.
    .macro vector index
    .balign 128
    stp x0, x1, [sp, #-16]!
    mov x0, #\index
    b exception
    .endm

    .balign 2048
exception_vectors:
    .irp index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector \index
    .endr
exception:
    stp x2, x3, [sp, #-16]!
    stp x4, x5, [sp, #-16]!
    stp x6, x7, [sp, #-16]!
    stp x8, x9, [sp, #-16]!
    stp x10, x11, [sp, #-16]!
    stp x12, x13, [sp, #-16]!
    stp x14, x15, [sp, #-16]!
    stp x16, x17, [sp, #-16]!
    stp x18, x30, [sp, #-16]!
    bl on_exception
    ldp x18, x30, [sp], #16
    ldp x16, x17, [sp], #16
    ldp x14, x15, [sp], #16
    ldp x12, x13, [sp], #16
    ldp x10, x11, [sp], #16
    ldp x8, x9, [sp], #16
    ldp x6, x7, [sp], #16
    ldp x4, x5, [sp], #16
    ldp x2, x3, [sp], #16
    ldp x0, x1, [sp], #16
    eret
