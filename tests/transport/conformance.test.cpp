// SPDX-License-Identifier: BSD-2-Clause
// The conformance suite over every transport.
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/tracer.hpp>

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

template <std::size_t Depth, std::size_t MaxMsgSize> struct traced_rig : loopback_rig<Depth, MaxMsgSize> {
    struct counter {
        std::size_t seen = 0;
        void operator()(const transports::traced&) { ++seen; }
    };
    using end = typename transports::loopback<Depth, MaxMsgSize>::end;
    counter seen{};
    transports::tracer<end, counter> driver{this->wire.driver_side(), seen};
    transports::tracer<end, counter> device{this->wire.device_side(), seen};

    auto& driver_side() { return driver; }
    auto& device_side() { return device; }
};

/// An injector that is told to do nothing.
template <std::size_t Depth, std::size_t MaxMsgSize> struct faultless_rig : loopback_rig<Depth, MaxMsgSize> {
    using end = typename transports::loopback<Depth, MaxMsgSize>::end;
    transports::fault_injector<end, 2, MaxMsgSize> driver{this->wire.driver_side(), {}, 1};
    transports::fault_injector<end, 2, MaxMsgSize> device{this->wire.device_side(), {}, 2};

    auto& driver_side() { return driver; }
    auto& device_side() { return device; }
};

} // namespace

#define VMSG_RIGS                                                                                                      \
    loopback_rig<1, 44>, loopback_rig<8, 104>, traced_rig<8, 104>, faultless_rig<1, 44>, faultless_rig<8, 104>

TEST_CASE_TEMPLATE("transport conformance: driver to device", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_device(rig);
}

TEST_CASE_TEMPLATE("transport conformance: device to driver", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_driver(rig);
}
