/* SPDX-License-Identifier: BSD-2-Clause */
/* A message on its way into registers as C drivers do it: frame, zeroed arguments, memcpy, loads. All of it is visible
 * to the compiler, as nowhere in a real stack of drivers. */
#include "c_kernel.h"
#include "c_names.h"
#include "c_reference.h"
#include "registers.h"
#include "yardstick.h"

C_DECLARE_EIGHT(c_image, rfc2025)
C_DECLARE_EIGHT(c_image, oasis_v1)
C_DECLARE_EIGHT(c_image, oasis_v2)

#define PREFIX c_image
#define HEADER_LINKAGE static inline
#define EACH_REVISION "c_reference.inc"
#include "c_each_revision.inc"

#define REGISTERS(name, type, rev)                                                                                     \
    void c_image_registers_##name##_##rev(const struct c_header* h, const struct c_##name* m) {                        \
        uint8_t frame[14 * 8];                                                                                         \
        uint64_t arguments[14];                                                                                        \
        int size = c_image_encode_##name##_##rev(frame, sizeof frame, h, m);                                           \
        if (size < 0) return;                                                                                          \
        memset(arguments, 0, sizeof arguments);                                                                        \
        memcpy(arguments, frame, (size_t)size);                                                                        \
        use_registers(arguments);                                                                                      \
    }
#define REGISTERS_OF_FIXED(rev) YARDSTICK_FIXED_MESSAGES(REGISTERS, rev)
YARDSTICK_REVISIONS(REGISTERS_OF_FIXED)
