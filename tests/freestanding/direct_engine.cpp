// SPDX-License-Identifier: BSD-2-Clause
// The driver side of direct.cpp with the engine and its session: what a program gets when all of it is inlined.
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>

#include "direct_world.hpp"

using namespace vmsg;

namespace {

struct policy : direct_session_policy<> {
    static constexpr proto::driver_capacity capacity{
        .devices = 1, .requests = 1, .areas = 1, .kicks = 1, .msg_size = constants_of<rev>.ffa_max_msg_size};
};
constexpr std::uint16_t devices[]{3};

using wire_type = transports::direct_driver<freestanding::conduit>;
using session_type = driver_session<wire_type, freestanding::clock, policy>;

} // namespace

errc by_engine(std::uint16_t self, std::uint16_t peer, std::uint16_t area) {
    freestanding::conduit call;
    freestanding::clock time;
    wire_type wire{call, ffa::endpoint_id{self}, ffa::endpoint_id{peer}, {.service = device_role_uuid}};
    session_type session{wire,
                         time,
                         ffa::endpoint_id{peer},
                         {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
                          .devices = {devices},
                          .policy = proto::direct_retry_policy}};
    if (const auto done = session.open(); !done) return done.error();
    auto device = session.at(devices[0]);
    if (const auto accepted = device.negotiate(feature_set{{0, 3, 0, 0}}); !accepted) return accepted.error();
    std::uint8_t room[8]{}; // of a known size, which is where compilers look
    if (const auto done = device.read_config(0, room); !done) return done.error();
    const auto at = [area](std::uint64_t offset) { return *make_bus_address<newest_revision>(area, offset); };
    if (const auto done = device.setup_queue(0, {16, at(0), at(0x400), at(0x800)}); !done) return done.error();
    if (const auto done = device.driver_ok(); !done) return done.error();
    if (const auto done = device.notify(0, 0); !done) return done.error();
    return session.wait(time.now() + 1 * seconds).error;
}
