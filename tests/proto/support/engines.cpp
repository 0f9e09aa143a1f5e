// SPDX-License-Identifier: BSD-2-Clause
#include "proto/support/engines.hpp"

VMSG_TEST_ENGINES(, vmsg::revision::rfc2025)
VMSG_TEST_ENGINES(, vmsg::revision::oasis_v1)
VMSG_TEST_ENGINES(, vmsg::revision::oasis_v2)
