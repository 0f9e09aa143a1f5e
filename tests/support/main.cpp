// SPDX-License-Identifier: BSD-2-Clause
// The main of the test programs.

#include <doctest/doctest.h>

int main(int argc, char** argv) { return doctest::Context(argc, argv).run(); }
