// SPDX-License-Identifier: BSD-2-Clause
// The same driver side when nothing is given: it looks for the partition, shares its pool with FFA_MEM_SHARE and asks
// for the devices.
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/session/direct_session.hpp>
#include <vmsg/session/discover.hpp>

#include "direct_world.hpp"

using namespace vmsg;

namespace {

struct policy : direct_session_policy<> {
    static constexpr proto::driver_capacity capacity{.devices = 1, .areas = 1};
};
using session_type = direct_session<freestanding::conduit, freestanding::clock, policy>;

/// `regions` as they are in physical memory.
result<std::uint64_t> share_pool(freestanding::conduit& call, byte_span tx, const bus_peer& peer,
                                 const ffa::memory_regions& regions) {
    const ffa::memory_access receivers[]{{.receiver = peer.id, .permissions = ffa::memory_permissions::read_write}};
    ffa::memory_sender sender{
        peer.version, ffa::memory_operation::share, {peer.self, ffa::normal_memory}, receivers, regions};
    result<bool> more = sender.begin(tx);
    while (more && *more) {
        ffa::call_frame frame = sender.call();
        call(frame);
        more = sender.next(frame, tx);
    }
    if (!more) return more.error();
    return static_cast<std::uint64_t>(sender.handle());
}

} // namespace

errc direct_with_discovery(const ffa::rxtx_memory& memory, std::uint64_t pool, std::uint32_t page_count) {
    freestanding::conduit call;
    freestanding::clock time;
    ffa::rxtx<freestanding::conduit> buffers{call, memory};
    discovery<1> found;
    if (const auto done = discover(buffers, found); !done) return done.error();
    const bus_peer& peer = found[0];
    if (!peer.takes_direct()) return errc::not_supported;
    const ffa::memory_region regions[]{{pool, page_count}};
    const auto handle = share_pool(call, memory.tx, peer, regions);
    if (!handle) return handle.error();

    session_type session{call, time, peer.self, peer.id};
    if (const auto done = session.open(); !done) return done.error();
    const auto area = session.share(*handle, page_count, area_attrs::usual);
    if (!area) return area.error();
    auto device = session.at(*session.devices().begin());
    if (const auto accepted = device.negotiate(feature_set{{0, 3, 0, 0}}); !accepted) return accepted.error();
    std::uint8_t config[8]{};
    if (const auto done = device.read_config(0, config); !done) return done.error();
    const auto at = [&area](std::uint64_t offset) { return *make_bus_address<newest_revision>(*area, offset); };
    if (const auto done = device.setup_queue(0, {16, at(0), at(0x400), at(0x800)}); !done) return done.error();
    if (const auto done = device.driver_ok(); !done) return done.error();
    if (const auto done = device.notify(0, 0); !done) return done.error();
    return session.wait(time.now() + 1 * seconds).error;
}
