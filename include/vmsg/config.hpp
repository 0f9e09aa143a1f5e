// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Build configuration: every macro of the library. Each one can be defined before the first include.

/// Caller mistakes only; nothing that a peer sends can reach an assertion. The default stops the program, also without
/// an operating system, and makes a constant expression ill-formed.
#ifndef VMSG_ASSERT
#    define VMSG_ASSERT(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
#endif

/// For the small steps of the codec: inlined also at -Og, where a call per field would cost more than the field.
#ifndef VMSG_INLINE
#    define VMSG_INLINE [[gnu::always_inline]] inline
#endif

/// 1: less code rather than fewer instructions, where they exclude each other. Follows -Os and -Oz.
#ifndef VMSG_SMALL
#    ifdef __OPTIMIZE_SIZE__
#        define VMSG_SMALL 1
#    else
#        define VMSG_SMALL 0
#    endif
#endif

/// For the way out of a hot function: keeps diagnosis away from the instructions that every frame executes; where size
/// counts, not by a call.
#ifndef VMSG_COLD
#    if VMSG_SMALL
#        define VMSG_COLD [[gnu::cold]] inline
#    else
#        define VMSG_COLD [[gnu::cold, gnu::noinline]] inline
#    endif
#endif

/// 1: no load or store wider than the alignment that a byte pointer promises (code that runs before the MMU is on).
/// Has to be given together with -mstrict-align: g++ 12 defines __ARM_FEATURE_UNALIGNED even then.
#ifndef VMSG_STRICT_ALIGN
#    define VMSG_STRICT_ALIGN 0
#endif
