// SPDX-License-Identifier: BSD-2-Clause
// A driver side that has direct messages and nothing else: the partition's id, the device's number and a pool of shared
// memory are given. tests/freestanding/run and bench/run size look for traces of other methods in its object.
#include <vmsg/session/lone_device.hpp>

#include "direct_world.hpp"

using namespace vmsg;

#ifndef DIRECT_COUNTS
#    define DIRECT_COUNTS false // bench/run size tries both
#endif

// Not named: then the compiler knows who calls the functions that are made for it.
namespace {

struct policy : direct_session_policy<> {
    static constexpr bool counts = DIRECT_COUNTS;
};
using device_type = lone_device<freestanding::conduit, freestanding::clock, policy>;

} // namespace

extern const unsigned char endpoint_ram[sizeof(device_type)];
const unsigned char endpoint_ram[sizeof(device_type)]{};

errc direct_only(std::uint16_t self, std::uint16_t peer, std::uint16_t area) {
    freestanding::conduit call;
    freestanding::clock time;
    device_type device{call, time, ffa::endpoint_id{self}, ffa::endpoint_id{peer}, 3};
    if (const auto done = device.open(); !done) return done.error();
    if (const auto done = device.negotiate(feature_set{{0, 3, 0, 0}}); !done) return done.error();
    std::uint8_t config[8]{};
    if (const auto done = device.read_config(0, config); !done) return done.error();
    const auto pool = static_cast<std::uint64_t>(*make_bus_address<newest_revision>(area, 0));
    const auto at = [pool](std::uint64_t offset) { return bus_address{pool + offset}; };
    if (const auto done = device.setup_queue(0, {16, at(0), at(0x400), at(0x800)}); !done) return done.error();
    if (const auto done = device.driver_ok(); !done) return done.error();
    if (const auto done = device.notify(0, 0); !done) return done.error();
    return device.wait(time.now() + 1 * seconds).error;
}
