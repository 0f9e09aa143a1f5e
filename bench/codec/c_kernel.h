/* SPDX-License-Identifier: BSD-2-Clause */
/* The few kernel helpers that the C reference needs. */
#ifndef VMSG_BENCH_C_KERNEL_H
#define VMSG_BENCH_C_KERNEL_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#    define cpu_to_le16(value) (value)
#    define cpu_to_le32(value) (value)
#    define cpu_to_le64(value) (value)
#else
#    define cpu_to_le16(value) __builtin_bswap16(value)
#    define cpu_to_le32(value) __builtin_bswap32(value)
#    define cpu_to_le64(value) __builtin_bswap64(value)
#endif
#define le16_to_cpu(value) cpu_to_le16(value)
#define le32_to_cpu(value) cpu_to_le32(value)
#define le64_to_cpu(value) cpu_to_le64(value)

#endif
