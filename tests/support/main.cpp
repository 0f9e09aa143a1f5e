// SPDX-License-Identifier: BSD-2-Clause
// The test program's main.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
