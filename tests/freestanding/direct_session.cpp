// SPDX-License-Identifier: BSD-2-Clause
// The same as direct.cpp with a session that can hold more than one device.
#include <vmsg/session/direct_session.hpp>

#include "direct_world.hpp"

using namespace vmsg;

namespace {

struct policy : direct_session_policy<> {
    static constexpr proto::driver_capacity capacity{.devices = 1, .areas = 0};
    static constexpr bool enumerates = false;
};
constexpr std::uint16_t devices[]{3};

using session_type = direct_session<freestanding::conduit, freestanding::clock, policy>;

} // namespace

extern const unsigned char endpoint_ram[sizeof(session_type)];
const unsigned char endpoint_ram[sizeof(session_type)]{};

errc direct_only(std::uint16_t self, std::uint16_t peer, std::uint16_t area) {
    freestanding::conduit call;
    freestanding::clock time;
    session_type session{call, time, ffa::endpoint_id{self}, ffa::endpoint_id{peer}, devices};
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
