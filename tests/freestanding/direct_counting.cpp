// SPDX-License-Identifier: BSD-2-Clause
// The driver side of direct.cpp, which counts what has gone wrong.
#define DIRECT_COUNTS true
#include "direct.cpp"
