// SPDX-License-Identifier: BSD-2-Clause
// To be included. prepare_memory: what a program needs before its first function: memory that is zero, and a stack, in
// which what has never been used is known (stack.hpp). x0 to x2 stay. The linker scripts have the stack behind .bss.
    .macro prepare_memory
    ldr x3, =bss_start
    ldr x4, =bss_end
1:  cmp x3, x4
    b.hs 2f
    stp xzr, xzr, [x3], #16
    b 1b
2:  ldr x4, =stack_end
    ldr x5, =0x5a5a5a5a5a5a5a5a
3:  cmp x3, x4
    b.hs 4f
    stp x5, x5, [x3], #16
    b 3b
4:  mov sp, x4
    .endm
