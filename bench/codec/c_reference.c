/* SPDX-License-Identifier: BSD-2-Clause */
/* The C reference with the header code inline. */
#include "c_reference.h"
#include "c_kernel.h"
#include "c_names.h"

#define PREFIX c
#define HEADER_LINKAGE static inline
#define EACH_REVISION "c_reference.inc"
#include "c_each_revision.inc"
