// SPDX-License-Identifier: BSD-2-Clause
// A driver side that has direct messages and nothing else: the partition's id and a pool of shared memory are given.
// tests/freestanding/run looks for traces of other methods in its object.
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>

using namespace vmsg;

namespace {

struct conduit {
    void operator()(ffa::call_frame& frame) const {
        for (std::uint64_t& x : frame.x) x = x << 1 | x >> 63; // stands for one instruction
    }
};

struct clock {
    instant ticks = 0;
    instant now() const { return ticks; }
    void idle(instant) { ++ticks; }
};

constexpr std::uint16_t devices[]{3};

using wire_type = transports::direct_driver<conduit>;
using session_type = driver_session<wire_type, clock, direct_session_policy<>>;

} // namespace

errc direct_only(std::uint16_t self, std::uint16_t peer, std::uint16_t area) {
    conduit call;
    wire_type wire{call, ffa::endpoint_id{self}, ffa::endpoint_id{peer}};
    clock time;
    session_type session{wire,
                         time,
                         {},
                         {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
                          .devices = devices,
                          .policy = proto::direct_retry_policy}};
    if (const auto done = session.open(); !done) return done.error();
    auto device = session.at(devices[0]);
    if (const auto accepted = device.negotiate(feature_set{{0, 3, 0, 0}}); !accepted) return accepted.error();
    std::uint8_t config[8]{};
    if (const auto done = device.read_config(0, config); !done) return done.error();
    const auto at = [area](std::uint64_t offset) { return *make_bus_address<newest_revision>(area, offset); };
    if (const auto done = device.setup_queue(0, {16, at(0), at(0x400), at(0x800)}); !done) return done.error();
    if (const auto done = device.driver_ok(); !done) return done.error();
    if (const auto done = device.notify(0, 0); !done) return done.error();
    return session.wait(time.now() + 1 * seconds).error;
}
