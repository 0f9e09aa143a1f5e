/* SPDX-License-Identifier: BSD-2-Clause */
/* The C reference that calls the header code in c_headers.c, as drivers call the core of a kernel. */
#include "c_kernel.h"
#include "c_names.h"
#include "c_reference.h"

#define PREFIX cool
#define HEADERS_OUT_OF_LINE
#define EACH_REVISION "c_reference.inc"
#include "c_each_revision.inc"
