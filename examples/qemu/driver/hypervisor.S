// SPDX-License-Identifier: BSD-2-Clause
// The program at EL2: starts the driver at EL1 and relays its calls, whether they come by HVC or as an SMC that is
// trapped. A hypervisor for one trusted guest; a real one looks at what it relays.
    .section .text.start, "ax"
    .global _start
_start:
    ldr x1, [x0]                    // settings: the conduit
    mov x2, #(1 << 31)              // HCR_EL2: AArch64
    cmp x1, #3                      // trapped
    b.ne 1f
    orr x2, x2, #(1 << 19)          // SMC at EL1 comes here
1:  msr hcr_el2, x2
    adr x2, exception_vectors
    msr vbar_el2, x2
    mov x2, #0x3c5                  // EL1, interrupts masked
    msr spsr_el2, x2
    ldr x2, =0x40200000             // the driver
    msr elr_el2, x2
    ldr x2, =stack_end
    mov sp, x2
    isb
    eret

    // Nothing of what was is needed any more: it ends in on_exception(index).
    .macro unexpected index
    .balign 128
    mov x0, #\index
    b on_exception
    .endm
    .balign 2048
exception_vectors:
    .irp index, 0, 1, 2, 3, 4, 5, 6, 7
    unexpected \index
    .endr
    .balign 128                     // 8: synchronous, from EL1
    str x18, [sp, #-16]!
    mrs x18, esr_el2
    lsr x18, x18, #26
    cmp x18, #0x16                  // HVC: the return address is behind it
    b.eq 1f
    cmp x18, #0x17                  // SMC: the return address is its own
    b.ne 2f
    mrs x18, elr_el2
    add x18, x18, #4
    msr elr_el2, x18
1:  ldr x18, [sp], #16
    smc #0
    eret
2:  mov x0, #8
    b on_exception
    .irp index, 9, 10, 11, 12, 13, 14, 15
    unexpected \index
    .endr
