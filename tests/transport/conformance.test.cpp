// SPDX-License-Identifier: BSD-2-Clause
// The conformance suite over every transport.
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/switched.hpp>
#include <vmsg/transport/tracer.hpp>

#include "transport/conformance.hpp"
#include "transport/support/direct_manager.hpp"
#include "transport/support/indirect_manager.hpp"

#include <algorithm>
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

using bytes = std::vector<std::uint8_t>;

/// A frame that waits for somebody.
struct held_frame {
    bytes frame{};

    /// As a transport gives it: what there is no room for is cut off if it is padding.
    result<inbound> give(ffa::endpoint_id peer, byte_span buffer) {
        if (frame.empty()) return errc::would_block;
        bytes given = std::exchange(frame, {});
        while (given.size() > buffer.size() && given.back() == 0) given.pop_back();
        if (given.size() > buffer.size()) return errc::oversize;
        std::copy(given.begin(), given.end(), buffer.begin());
        return inbound{peer, static_cast<std::uint16_t>(given.size())};
    }
};

/// Direct messages ask and answer: what the device side sends is the answer to a request that asks for it, and its
/// partition runs only when it is asked. `Interrupts` times FFA_INTERRUPT comes before each answer.
template <revision R, int Interrupts = 0> class direct_rig {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;

    /// What the driver side sends to ask, and what comes back if there is nothing.
    static bytes question() { return bytes(msg_size, 0x7e); }
    static word_image nothing() { return transports::direct_acknowledgement(R, 0x7e7e'7e7e'7e7e'7e7e); }

    transports::direct_device wire{R, device_role_uuid, msg_size};
    transport_test::direct_manager manager{};
    transports::direct_driver<transport_test::direct_manager> asking{
        manager, transport_test::driver_id, transport_test::device_id, {.max_msg_size = msg_size}};

    /// A partition that keeps one frame that has come, and one that it wants to send.
    struct partition_end {
        transports::direct_device& wire;
        held_frame come{};
        bytes wanted{};

        std::size_t max_msg_size() const { return wire.max_msg_size(); }
        result<void> send(ffa::endpoint_id peer, byte_view frame, instant when) {
            const auto outcome = wire.send(peer, frame, when); // says what is wrong with it
            if (outcome.error() != errc::would_block || !wanted.empty()) return outcome;
            wanted.assign(frame.begin(), frame.end());
            return {};
        }
        result<inbound> receive(byte_span buffer, instant) { return come.give(wire.peer(), buffer); }

        void run(ffa::call_frame& frame) {
            const bool asks = ffa::decode_direct(frame)->payload == from_bytes(question());
            bytes got(msg_size);
            CHECK(wire.enter(frame) == transports::direct_entry::message);
            if ((asks || come.frame.empty()) && wire.receive(got, 0)) {
                if (!asks)
                    come.frame = got;
                else if (!wanted.empty())
                    CHECK(wire.send(wire.peer(), std::exchange(wanted, {}), 0));
            }
            wire.leave(frame);
        }
    };

    /// A driver side that has the answer to each frame before it sends another one.
    struct driver_end {
        decltype(asking)& wire;
        held_frame come{};

        std::size_t max_msg_size() const { return wire.max_msg_size(); }
        result<void> send(ffa::endpoint_id peer, byte_view frame, instant when) {
            const auto outcome = wire.send(peer, frame, when);
            bytes got(msg_size);
            return outcome ? answer(got) : outcome;
        }
        result<inbound> receive(byte_span buffer, instant) { return come.give(transport_test::device_id, buffer); }

        /// Also why there is none, which after an FFA_INTERRUPT is said late.
        result<void> answer(bytes& frame) {
            auto got = wire.receive(frame, 0);
            while (got.error() == errc::would_block) got = wire.receive(frame, 0);
            if (got) CHECK(got->peer == transport_test::device_id);
            return got.error();
        }
        void ask() {
            if (!come.frame.empty()) return;
            REQUIRE(wire.send({}, question(), 0));
            bytes got(msg_size);
            REQUIRE(answer(got));
            if (from_bytes(got) != nothing()) come.frame = got;
        }
    };

    partition_end device{wire};
    driver_end driver{asking};

public:
    instant now = 0;

    direct_rig() {
        manager.interrupts = Interrupts;
        manager.partition = [this](ffa::call_frame& frame) { device.run(frame); };
    }
    direct_rig(const direct_rig&) = delete;
    direct_rig& operator=(const direct_rig&) = delete;

    auto& driver_side() { return driver; }
    auto& device_side() { return device; }
    static ffa::endpoint_id driver_id() { return transport_test::driver_id; }
    static ffa::endpoint_id device_id() { return transport_test::device_id; }
    static std::size_t least_frame() { return header_size<R>; }
    void step(instant&) { driver.ask(); }
};

/// Both ends have the buffers of their own endpoint.
template <revision R, ffa::version V = ffa::version::v1_2> class indirect_rig {
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
    using endpoint = transport_test::indirect_manager::endpoint;

    static transports::indirect_options speaking(transports::indirect_options options) {
        options.ffa_version = V;
        return options;
    }

    transport_test::indirect_manager manager{};
    ffa::rxtx<endpoint> driver_buffers{manager.driver, manager.driver.memory()};
    ffa::rxtx<endpoint> device_buffers{manager.device, manager.device.memory()};
    transports::indirect<endpoint> driver{driver_buffers, transport_test::driver_id, transport_test::device_id,
                                          speaking(transports::indirect_driver_options(msg_size))};
    transports::indirect<endpoint> device{device_buffers, transport_test::device_id, transport_test::driver_id,
                                          speaking(transports::indirect_device_options(msg_size))};

public:
    instant now = 0;

    indirect_rig() {
        REQUIRE(driver_buffers.map());
        REQUIRE(device_buffers.map());
    }

    auto& driver_side() { return driver; }
    auto& device_side() { return device; }
    static ffa::endpoint_id driver_id() { return transport_test::driver_id; }
    static ffa::endpoint_id device_id() { return transport_test::device_id; }
    static std::size_t least_frame() { return header_size<R>; }
    static void step(instant& now) { ++now; }
};

} // namespace

#define VMSG_RIGS                                                                                                      \
    loopback_rig<1, 44>, loopback_rig<8, 104>, traced_rig<8, 104>, faultless_rig<1, 44>, faultless_rig<8, 104>,        \
        fifo_rig<128, 30, no_notif_id>, fifo_rig<105, 2, no_notif_id>, fifo_rig<128, 30, 5>,                           \
        switched_rig<fifo_stage::off>, switched_rig<fifo_stage::offered>, switched_rig<fifo_stage::active>,            \
        direct_rig<revision::rfc2025>, direct_rig<revision::oasis_v1>, direct_rig<revision::oasis_v2>,                 \
        direct_rig<revision::oasis_v2, 3>, indirect_rig<revision::rfc2025>, indirect_rig<revision::oasis_v1>,          \
        indirect_rig<revision::oasis_v2>, indirect_rig<revision::oasis_v2, ffa::version::v1_1>

TEST_CASE_TEMPLATE("transport conformance: driver to device", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_device(rig);
}

TEST_CASE_TEMPLATE("transport conformance: device to driver", Rig, VMSG_RIGS) {
    Rig rig;
    conformance::to_driver(rig);
}
