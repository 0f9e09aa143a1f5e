// SPDX-License-Identifier: BSD-2-Clause
// The conformance suite over every transport.
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/switched.hpp>
#include <vmsg/transport/tracer.hpp>

#include "transport/conformance.hpp"

#include <utility>

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

/// Both ends of a FIFO, which look whenever they are asked or wait for a notification.
template <std::uint16_t MessageSize, std::uint16_t Depth, std::uint16_t NotifId> struct fifo_rig {
    struct bell {
        std::uint64_t* bitmap;
        result<void> operator()() const {
            *bitmap |= std::uint64_t{1} << 5;
            return {};
        }
    };
    using end = transports::fifo<bell>;
    static constexpr transports::fifo_geometry geometry{MessageSize, Depth};

    alignas(8) std::uint8_t memory[transports::fifo_region_size(geometry)]{};
    std::uint64_t for_driver = 0;
    std::uint64_t for_device = 0;
    instant now = 0;
    end driver{{.side = transports::fifo_side::driver, .peer = device_id(), .notif_id = NotifId, .burst = 3},
               bell{&for_device}};
    end device{{.side = transports::fifo_side::device, .peer = driver_id(), .notif_id = NotifId, .burst = 3},
               bell{&for_driver}};

    fifo_rig() {
        REQUIRE(driver.open(memory, geometry));
        REQUIRE(device.open(memory));
    }
    auto& driver_side() { return driver; }
    auto& device_side() { return device; }
    static ffa::endpoint_id driver_id() { return ffa::endpoint_id{7}; }
    static ffa::endpoint_id device_id() { return ffa::endpoint_id{0x8002}; }
    static std::size_t least_frame() { return 8; }
    void step(instant& time) {
        ++time;
        driver.handle_notifications(std::exchange(for_driver, 0));
        device.handle_notifications(std::exchange(for_device, 0));
    }
};

/// A bus that has begun on a loopback, and goes on over a FIFO or not.
template <fifo_stage Stage> struct switched_rig : fifo_rig<128, 30, no_notif_id> {
    using bootstrap = transports::loopback<4, 104>::end;
    transports::loopback<4, 104> wire{driver_id(), device_id()};
    transports::switched<bootstrap, end> driver_ends{wire.driver_side(), driver};
    transports::switched<bootstrap, end> device_ends{wire.device_side(), device};

    switched_rig() {
        device_ends.follow({Stage, 5});
        driver_ends.follow({Stage, 5});
        if (Stage != fifo_stage::off) REQUIRE(device.open(memory)); // the driver has made the rings anew
    }
    auto& driver_side() { return driver_ends; }
    auto& device_side() { return device_ends; }
};

} // namespace

#define VMSG_RIGS                                                                                                      \
    loopback_rig<1, 44>, loopback_rig<8, 104>, traced_rig<8, 104>, faultless_rig<1, 44>, faultless_rig<8, 104>,        \
        fifo_rig<128, 30, no_notif_id>, fifo_rig<105, 2, no_notif_id>, fifo_rig<128, 30, 5>,                           \
        switched_rig<fifo_stage::off>, switched_rig<fifo_stage::offered>, switched_rig<fifo_stage::active>

TEST_CASE_TEMPLATE("transport conformance: driver to device", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_device(rig);
}

TEST_CASE_TEMPLATE("transport conformance: device to driver", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_driver(rig);
}
