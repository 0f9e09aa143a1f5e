// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/loopback.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool carries_both_ways() {
    transports::loopback<2, 16> wire;
    const std::uint8_t ping[]{1, 2, 3};
    const std::uint8_t pong[]{4, 5};
    if (!wire.driver_side().send({}, ping, 0) || !wire.device_side().send({}, pong, 0)) return false;
    std::uint8_t buffer[16]{};
    const auto at_device = wire.device_side().receive(buffer, 0);
    if (!at_device || at_device->peer != ffa::endpoint_id{1} || byte_view{buffer, at_device->size} != byte_view{ping})
        return false;
    const auto at_driver = wire.driver_side().receive(buffer, 0);
    return at_driver && at_driver->peer == ffa::endpoint_id{0x8001} &&
           byte_view{buffer, at_driver->size} == byte_view{pong};
}

} // namespace

TEST_CASE("loopback carries frames in a constant expression") { CX_CHECK(carries_both_ways()); }

static_assert(transport<archetypes::transport>);
