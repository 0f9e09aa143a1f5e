// SPDX-License-Identifier: BSD-2-Clause
// The conformance suite over every transport.
#include <vmsg/transport/loopback.hpp>

#include "transport/conformance.hpp"

using namespace vmsg;

namespace {

template <std::size_t Depth, std::size_t MaxMsgSize> struct loopback_rig {
    transports::loopback<Depth, MaxMsgSize> wire{ffa::endpoint_id{7}, ffa::endpoint_id{0x8002}};
    instant now = 0;

    auto& driver_side() { return wire.driver_side(); }
    auto& device_side() { return wire.device_side(); }
    static ffa::endpoint_id driver_id() { return ffa::endpoint_id{7}; }
    static ffa::endpoint_id device_id() { return ffa::endpoint_id{0x8002}; }
    static std::size_t least_frame() { return 6; }
    static void step(instant& now) { ++now; }
};

} // namespace

TEST_CASE_TEMPLATE("transport conformance: driver to device", Rig, loopback_rig<1, 44>, loopback_rig<8, 104>) {
    Rig rig;
    conformance::to_device(rig);
}

TEST_CASE_TEMPLATE("transport conformance: device to driver", Rig, loopback_rig<1, 44>, loopback_rig<8, 104>) {
    Rig rig;
    conformance::to_driver(rig);
}
