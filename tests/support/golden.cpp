// SPDX-License-Identifier: BSD-2-Clause
#include "support/golden.hpp"

void check(const specimen& s) {
    const char* const wrong = inspect(s);
    CHECK_MESSAGE(wrong == nullptr, wrong);
}
