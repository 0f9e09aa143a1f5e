/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in the C reference that depend on PREFIX (an implementation) and REV (a revision). */
#ifndef VMSG_BENCH_C_NAMES_H
#define VMSG_BENCH_C_NAMES_H

#define CAT4_(a, b, c, d) a##b##c##_##d
#define CAT4(a, b, c, d) CAT4_(a, b, c, d)
#define ENCODE(name) CAT4(PREFIX, _encode_, name, REV)
#define DECODE(name) CAT4(PREFIX, _decode_, name, REV)
#define LOCAL__(name, rev) name##_##rev
#define LOCAL_(name, rev) LOCAL__(name, rev)
#define LOCAL(name) LOCAL_(name, REV)
#define PACKED __attribute__((packed))

#endif
