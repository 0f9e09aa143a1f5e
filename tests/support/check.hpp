// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What all tests include: doctest, and a check that is made by the compiler and by the program.

#include <doctest/doctest.h>

/// A check in a constant expression and again at run time, where the code takes other paths.
#define CX_CHECK(...)                                                                                                  \
    do {                                                                                                               \
        static_assert(__VA_ARGS__);                                                                                    \
        CHECK((__VA_ARGS__));                                                                                          \
    } while (false)
