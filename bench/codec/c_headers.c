/* SPDX-License-Identifier: BSD-2-Clause */
/* The header code that c_out_of_line.c calls. */
#include "c_kernel.h"
#include "c_names.h"
#include "c_reference.h"

#define HEADER_LINKAGE
#define EACH_REVISION "c_header.inc"
#include "c_each_revision.inc"
