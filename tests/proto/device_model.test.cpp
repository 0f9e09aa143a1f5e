// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/device_model.hpp>

#include "proto/support/test_device.hpp"
#include "support/check.hpp"

#include <type_traits>

using namespace proto_test;

namespace {

struct no_notify : archetypes::device_model {
    void notify(std::uint32_t, std::uint32_t) = delete;
};
struct no_count {
    constexpr device_identity identity() const { return {}; }
};
static_assert(!device_model<no_notify>);
static_assert(!device_model<no_count>);
static_assert(!std::is_copy_constructible_v<attached<test_device>> && !std::is_copy_assignable_v<device_port>);

constexpr feature_set some{{1, 0x8000'0000, 0, 0x100}};

/// Every call through the port reaches the model.
constexpr bool port_reaches_the_model() {
    test_device model;
    attached<test_device> a{model};
    device_port& port = a;
    const device_port& constant = a;
    if (constant.identity().vendor_id != 0x51 || port.queue_count() != 3) return false;
    if (constant.offered_features() != model.offered || !port.accept_features(some) || model.accepted != some)
        return false;
    std::uint8_t bytes[2]{};
    constant.read_config(5, bytes);
    if (bytes[0] != 5 || bytes[1] != 6 || port.write_config(3, bytes) || !port.write_config(8, bytes)) return false;
    if (model.config[8] != 5 || model.config[9] != 6) return false;
    if (constant.queue_max_size(1) != 256 || constant.queue_max_size(2) != 0) return false;
    const queue_setup setup{.size = 4, .descriptor_addr = bus_address{9}};
    if (!port.enable_queue(1, setup) || !model.enabled[1] || model.setup != setup) return false;
    port.disable_queue(1);
    port.start();
    port.notify(1, 77);
    port.reset();
    return !model.enabled[1] && model.disables == 1 && model.starts == 1 && model.kicks[1] == 1 &&
           model.next_offset == 77 && model.resets == 1;
}

constexpr bool keeps_its_queues() {
    test_device model;
    attached<test_device> a{model};
    for (std::uint32_t i = 0; i < 3; ++i) {
        if (a.queue(i).enabled || a.queue(i).used || a.queue(i).setup != queue_setup{}) return false;
        a.queue(i).setup.size = i + 1;
    }
    const device_port& constant = a;
    return constant.queue(0).setup.size == 1 && constant.queue(2).setup.size == 3 &&
           constant.status == device_status::reset && constant.accepted == feature_set{};
}

constexpr feature_set offered_by(const feature_set& f) {
    test_device model;
    model.offered = f;
    return attached<test_device>{model}.offered_features();
}

constexpr bool the_least_device_does_nothing() {
    archetypes::device_model model;
    attached<archetypes::device_model> a{model};
    device_port& port = a;
    port.start();
    port.notify(0, 0);
    port.reset();
    port.disable_queue(0);
    port.read_config(0, {});
    return port.identity().device_id == 1 && port.queue_count() == 0 && port.offered_features() == feature_set{} &&
           port.accept_features({}) && !port.write_config(0, {}) && port.queue_max_size(0) == 0 &&
           !port.enable_queue(0, {});
}

/// A port without a model.
struct bare_port final : device_port {
    constexpr bare_port() : device_port(nullptr, 0) {}
};

constexpr bool nothing_behind_the_port() {
    bare_port a;
    device_port& port = a;
    std::uint8_t byte[]{0xa5};
    port.start();
    port.notify(0, 0);
    port.reset();
    port.disable_queue(0);
    port.read_config(0, byte);
    return port.identity().device_id == 0 && port.queue_count() == 0 && port.offered_features() == feature_set{} &&
           !port.accept_features({}) && !port.write_config(0, byte) && port.queue_max_size(0) == 0 &&
           !port.enable_queue(0, {}) && byte[0] == 0xa5;
}

} // namespace

TEST_CASE("device_port: without a model it refuses everything") { CX_CHECK(nothing_behind_the_port()); }

TEST_CASE("device_port: every call reaches the model") { CX_CHECK(port_reaches_the_model()); }

TEST_CASE("device_port: a state for each queue") { CX_CHECK(keeps_its_queues()); }

TEST_CASE("device_port: the least device, without queues, configuration or features") {
    CX_CHECK(the_least_device_does_nothing());
}

TEST_CASE("F3: VIRTIO_F_NOTIF_CONFIG_DATA is not offered, whatever the device says") {
    CX_CHECK(offered_by(feature_set{{1, 0xffff'ffff, 2, 3}}) == feature_set{{1, 0xffff'ff7f, 2, 3}});
    CX_CHECK(offered_by(feature_set{{0x80, 0x40, 0x80, 0x80}}) == feature_set{{0x80, 0x40, 0x80, 0x80}});
}
