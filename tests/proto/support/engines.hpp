// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The engines of the tests: each is compiled once, in engines.cpp, and not in every file that uses it.

#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>

namespace proto_test {

using namespace vmsg;
using namespace vmsg::proto;

inline constexpr driver_capacity bench_capacity{.devices = 16, .requests = 4, .areas = 2, .kicks = 3};
inline constexpr driver_capacity rig_driver_capacity{.devices = 2, .requests = 2, .areas = 2, .kicks = 2};
inline constexpr device_capacity rig_device_capacity{.devices = 2, .areas = 2};

} // namespace proto_test

#define VMSG_TEST_ENGINES(declare, R)                                                                                  \
    declare template class vmsg::proto::driver<R, proto_test::bench_capacity>;                                         \
    declare template class vmsg::proto::driver<R, proto_test::rig_driver_capacity>;                                    \
    declare template class vmsg::proto::device_bus<R>;                                                                 \
    declare template class vmsg::proto::device_bus<R, proto_test::rig_device_capacity>;

VMSG_TEST_ENGINES(extern, vmsg::revision::rfc2025)
VMSG_TEST_ENGINES(extern, vmsg::revision::oasis_v1)
VMSG_TEST_ENGINES(extern, vmsg::revision::oasis_v2)
