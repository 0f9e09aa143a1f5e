// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `demand`: a REQUIRE for the benches, which names the line of the test.

#include "support/check.hpp"

namespace proto_test {

/// Ends the test case if what it is about to go on with is not there.
inline void demand(bool good, const char* what, int line) {
    INFO("line ", line, ": ", what);
    REQUIRE(good);
}

} // namespace proto_test
