// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A bus from nothing to a device that runs, over whatever carries its frames.

#include "support/check.hpp"

#include <vmsg/session/driver_session.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace transport_test {

using namespace vmsg;

using r25 = std::integral_constant<revision, revision::rfc2025>;
using v1 = std::integral_constant<revision, revision::oasis_v1>;
using v2 = std::integral_constant<revision, revision::oasis_v2>;
#define VMSG_REVISIONS transport_test::r25, transport_test::v1, transport_test::v2

inline constexpr std::uint16_t number = 3; ///< of the device

/// The only device of a rig runs, with one queue.
template <revision R, class Rig> void bring_up(Rig& rig) {
    REQUIRE(rig.session.open());
    REQUIRE(rig.session.devices().size() == 1);
    const auto area = rig.session.share(0x77, 1, R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share);
    REQUIRE(area);
    auto device = rig.session.at(number);
    REQUIRE(device.negotiate(feature_set{{0x200, 0x103, 0, 0}}));
    std::uint8_t config[16]{};
    REQUIRE(device.read_config(0, config));
    CHECK(config[15] == 15);
    const auto at = [&](std::uint64_t offset) { return *make_bus_address<R>(*area, offset); };
    REQUIRE(device.setup_queue(0, proto::queue_setup{64, at(0), at(0x400), at(0x800)}));
    REQUIRE(device.driver_ok());
}

/// A kick goes to the device and an event comes back.
template <class Rig> void use(Rig& rig) {
    const int kicks = rig.peer.model.kicks[0];
    REQUIRE(rig.session.at(number).notify(0, 0));
    while (rig.peer.model.kicks[0] == kicks) REQUIRE(rig.session.ping(1));
    CHECK(rig.peer.model.kicks[0] == kicks + 1);
    REQUIRE(rig.peer.bus.used(number, 0));
    const auto e = rig.session.wait(rig.clock.now() + 1 * seconds);
    CHECK(e.kind == proto::driver_event_kind::used);
    CHECK(e.dev_num == number);
}

/// Whether no request is open and no area is taken.
template <class Session> bool nothing_open(const Session& session) {
    if constexpr (requires { session.engine(); })
        return session.engine().open_requests() == 0 && session.engine().open_areas() == 0;
    else
        return !session.is_open() && session.open_areas() == 0;
}

/// Everything back, and nothing left.
template <class Rig> void take_down(Rig& rig) {
    REQUIRE(rig.session.at(number).reset());
    REQUIRE(rig.session.close());
    while (rig.session.wait(rig.clock.now()).kind != proto::driver_event_kind::none) {}
    CHECK(nothing_open(rig.session));
    CHECK(rig.peer.bus.areas().size() == 0);
}

/// Frames that either side has dropped.
template <class Rig> std::uint64_t dropped(const Rig& rig) {
    return rig.session.engine().counters().dropped.total() + rig.peer.bus.counters().dropped.total();
}
template <class Rig> std::uint32_t dropped_late(const Rig& rig) {
    return rig.session.engine().counters().dropped[proto::drop_reason::late];
}

} // namespace transport_test
