/* SPDX-License-Identifier: BSD-2-Clause */
/* The C reference with the header code inline. */
#include "c_kernel.h"
#include "c_reference.h"

#define PREFIX c
#define REV rfc2025
#define HAS_TOKEN 0
#define VERSION 1
#include "c_reference.inc"
#define REV oasis_v1
#define HAS_TOKEN 1
#define VERSION 2
#include "c_reference.inc"
#define REV oasis_v2
#define HAS_TOKEN 1
#define VERSION 3
#include "c_reference.inc"
