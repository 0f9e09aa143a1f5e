// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/version.hpp>

#include "support/check.hpp"

TEST_CASE("the version is that of the build") {
    CX_CHECK(vmsg::version.major == VMSG_PROJECT_VERSION_MAJOR);
    CX_CHECK(vmsg::version.minor == VMSG_PROJECT_VERSION_MINOR);
    CX_CHECK(vmsg::version.patch == VMSG_PROJECT_VERSION_PATCH);
}
