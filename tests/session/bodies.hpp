// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What every session does, whatever carries its frames. A rig has `session`, `clock` and the device side as `peer`,
// with the device number 3.

#include "proto/support/test_device.hpp"

#include <vmsg/proto/device.hpp>

#include <cstddef>
#include <cstdint>

namespace session_test {

using namespace vmsg;

inline constexpr feature_set wanted{feature::version_1, feature::access_platform, feature::notification_data,
                                    feature::ring_reset, feature::in_order};

template <class Session> constexpr const auto& counters_of(const Session& s) {
    if constexpr (requires { s.engine(); })
        return s.engine().counters();
    else
        return s.counters();
}

/// From nothing to a transfer and back to nothing.
template <class Rig> constexpr bool whole_life() {
    Rig r;
    auto& s = r.session;
    if (!s.open() || s.devices().size() != 1 || *s.devices().begin() != 3) return false;
    const auto area = s.share(0x77, 1, r.attributes());
    if (!area) return false;
    auto d = s.at(3);
    const auto accepted = d.negotiate(wanted, feature_set{feature::version_1});
    // IN_ORDER is not offered.
    if (!accepted || accepted->has(feature::in_order) || !accepted->has(feature::ring_reset)) return false;
    std::uint8_t config[16]{};
    if (!d.read_config(0, config) || config[15] != 15) return false;
    const std::uint8_t changed[2]{0xaa, 0xbb};
    if (!d.write_config(8, changed) || !d.read_config(0, config) || config[9] != 0xbb) return false;
    if (d.write_config(2, changed).error() != errc::denied) return false; // read-only
    if (*d.max_queue_size(0) != 256 || *d.max_queue_size(2) != 0) return false;
    if (!d.setup_queue(0, r.queue_in(*area)) || !d.driver_ok() || r.peer.model.starts != 1) return false;
    if (!d.notify(0, 5)) return false;
    if (s.wait(s.clock().now()).kind == proto::driver_event_kind::used) return false; // not yet
    if (r.peer.model.kicks[0] != 1 && s.wait(s.clock().now() + 1).kind == proto::driver_event_kind::used) return false;
    if (r.peer.model.kicks[0] != 1 || !r.peer.bus.used(3, 0)) return false;
    s.poll_now();
    proto::driver_event e = s.wait(s.clock().now() + 1 * seconds);
    while (e.kind != proto::driver_event_kind::used && e.kind != proto::driver_event_kind::none)
        e = s.wait(s.clock().now() + 1 * seconds);
    if (e.kind != proto::driver_event_kind::used || e.dev_num != 3 || e.index != 0) return false;
    if (!d.reset() || !s.unshare(*area) || !s.close()) return false;
    return r.nothing_left() && r.peer.bus.areas().size() == 0;
}

template <class Rig> constexpr bool required_features_are_required() {
    Rig r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    if (d.negotiate(wanted, feature_set{feature::in_order}).error() != errc::not_supported) return false;
    return has(r.peer.port.status, device_status::failed);
}

template <class Rig> constexpr bool a_refused_choice_is_reported() {
    Rig r;
    r.peer.model.takes_features = false;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    if (d.negotiate(wanted).error() != errc::denied || !has(r.peer.port.status, device_status::failed)) return false;
    r.peer.model.takes_features = true;
    return d.negotiate(wanted).has_value(); // a reset makes it usable again
}

template <class Rig> constexpr bool a_refused_queue_is_reported() {
    Rig r;
    r.peer.model.takes_queues = false;
    if (!r.session.open()) return false;
    const auto area = r.session.share(0x77, 1, r.attributes());
    auto d = r.session.at(3);
    return area && d.negotiate(wanted) && d.setup_queue(0, r.queue_in(*area)).error() == errc::denied;
}

/// A write of the strict profile whose generation is not the last one any more. `r` has that profile.
template <class Rig> constexpr bool stale_writes_are_repeated(Rig&& r) {
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    std::uint8_t config[16]{};
    if (!d.negotiate(wanted) || !d.read_config(0, config)) return false;
    const std::uint8_t changed[2]{0xaa, 0xbb};
    const auto requests = [&r] { return counters_of(r.session).requests; };
    auto before = requests();
    if (!d.write_config(8, changed) || requests() != before + 1) return false;
    // It has changed once: refused, read, written.
    before = requests();
    if (!r.peer.bus.config_changed(3, 0, 4) || !d.write_config(10, changed)) return false;
    if (requests() != before + 3 || r.peer.model.config[10] != 0xaa) return false;
    // Refused for another reason: the generation is the one that was read.
    before = requests();
    if (d.write_config(0, changed).error() != errc::denied || requests() != before + 3) return false;
    // It never holds still.
    r.peer.restless = true;
    if (!d.status()) return false;
    before = requests();
    if (d.write_config(12, changed).error() != errc::denied || r.peer.model.config[12] != 12) return false;
    return requests() == before + 5; // three writes
}
/// Without that profile a refusal has nothing to do with a generation.
template <class Rig> constexpr bool plain_writes_are_not_repeated() {
    Rig r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    if (!d.negotiate(wanted)) return false;
    const std::uint8_t changed[2]{0xaa, 0xbb};
    const auto before = counters_of(r.session).requests;
    return d.write_config(2, changed).error() == errc::denied && counters_of(r.session).requests == before + 1;
}

/// A queue that is enabled is left as it is, where the revision tells.
template <class Rig> constexpr bool enabled_queues_are_left_alone() {
    Rig r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    const auto area = r.session.share(0x77, 1, r.attributes());
    if (!area || !d.negotiate(wanted) || !d.setup_queue(0, r.queue_in(*area))) return false;
    proto::queue_setup other = r.queue_in(*area);
    other.size = 32;
    if (!d.setup_queue(0, r.queue_in(*area)) || d.setup_queue(0, other).error() != errc::bad_state) return false;
    if (*d.max_queue_size(0) != 256 || d.setup_queue(0, other).error() != errc::bad_state) return false;
    if (r.peer.model.enables != 1 || !d.max_queue_size(0) || !d.reset_queue(0)) return false;
    return d.setup_queue(0, other) && r.peer.model.enables == 2 && r.peer.model.misuses == 0;
}

/// A queue that is too large for the device, or not there, is not even asked for.
template <class Rig> constexpr bool impossible_queues_are_not_set_up() {
    Rig r;
    if (!r.session.open()) return false;
    const auto area = r.session.share(0x77, 1, r.attributes());
    auto d = r.session.at(3);
    if (!area || !d.negotiate(wanted)) return false;
    proto::queue_setup queue = r.queue_in(*area);
    if (d.setup_queue(2, queue).error() != errc::invalid_argument) return false;
    queue.size = 257;
    if (d.setup_queue(0, queue).error() != errc::invalid_argument) return false;
    queue.size = 0;
    if (d.setup_queue(0, queue).error() != errc::invalid_argument) return false;
    if (d.setup_queue(2, queue).error() != errc::invalid_argument) return false;
    queue.size = 257;
    if (!d.max_queue_size(0)) return false;
    const auto before = counters_of(r.session).requests;
    if (d.setup_queue(0, queue).error() != errc::invalid_argument) return false;
    if (counters_of(r.session).requests != before || *d.max_queue_size(2) != 0) return false;
    return d.setup_queue(0, r.queue_in(*area)) && r.peer.port.queue(0).enabled;
}

template <class Rig> constexpr bool what_comes_meanwhile_is_kept() {
    Rig r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    const auto area = r.session.share(0x77, 1, r.attributes());
    if (!area || !d.negotiate(wanted) || !d.setup_queue(0, r.queue_in(*area)) || !d.driver_ok()) return false;
    if (!r.peer.bus.used(3, 0) || !r.peer.bus.config_changed(3, 0, 4)) return false;
    // Requests go on while the events arrive.
    for (int i = 0; i < 4; ++i) {
        r.session.poll_now();
        if (!d.status()) return false;
    }
    bool used = false;
    bool changed = false;
    for (;;) {
        const auto e = r.session.wait(r.session.clock().now());
        if (e.kind == proto::driver_event_kind::none) break;
        used = used || e.kind == proto::driver_event_kind::used;
        changed = changed || e.kind == proto::driver_event_kind::config_changed;
    }
    return used && changed;
}

/// A network device, as far as its bring-up goes.
struct net_model : archetypes::device_model {
    static constexpr std::uint32_t queue_count = 3;
    static constexpr std::uint32_t config_size = 12;
    constexpr proto::device_identity identity() const { return {.device_id = 1, .config_size = config_size}; }
    constexpr feature_set offered_features() const { return feature_set{feature::version_1}; }
    constexpr void read_config(std::uint32_t, byte_span out) const {
        for (std::uint8_t& byte : out) byte = 0;
    }
    constexpr std::uint32_t queue_max_size(std::uint32_t) const { return 64; }
    constexpr bool enable_queue(std::uint32_t, const proto::queue_setup&) { return true; }
};

struct round_trips {
    std::uint64_t bus = 0;
    std::uint64_t device = 0;
};

/// Requests of a bring-up, from nothing to DRIVER_OK.
template <class Rig, class Model> constexpr round_trips bring_up_trips() {
    Rig r;
    Model model;
    proto::attached<Model> port{model};
    auto& s = r.session;
    round_trips trips;
    if (!r.peer.bus.attach(4, port) || !s.open()) return {};
    trips.bus = counters_of(s).requests;
    const auto area = s.share(0x77, 1, r.attributes());
    const auto before = counters_of(s).requests;
    auto d = s.at(4);
    std::uint8_t config[Model::config_size]{};
    if (!area || !d.negotiate(wanted) || !d.read_config(0, config)) return {};
    for (std::uint32_t i = 0; i < Model::queue_count; ++i)
        if (!d.max_queue_size(i) || !d.setup_queue(i, r.queue_in(*area))) return {};
    if (!d.driver_ok()) return {};
    trips.device = counters_of(s).requests - before;
    return trips;
}

/// A bus that is up, one that has failed, and one whose peer has started anew.
template <class Rig> constexpr bool starts_anew() {
    Rig r;
    auto& s = r.session;
    if (!s.reopen() || s.open().error() != errc::bad_state) return false;
    if (!s.share(0x77, 1, r.attributes())) return false;
    auto d = s.at(3);
    if (!d.negotiate(wanted) || d.identity().config_size != 16) return false;
    if (!s.reopen() || !r.nothing_left() || r.peer.bus.areas().size() != 0) return false;
    if (r.peer.port.status != device_status::reset) return false;
    r.peer.serves = false;
    if (s.reopen().error() != Rig::silence) return false;
    r.peer.serves = true;
    return s.reopen() && s.share(0x78, 1, r.attributes()) && d.negotiate(wanted) && s.reopen() && s.close() &&
           r.nothing_left();
}

template <class Rig> constexpr bool pings() {
    Rig r;
    if (r.session.ping(7).error() != errc::bad_state || !r.session.open()) return false;
    if (!r.session.ping(7)) return false;
    r.peer.serves = false;
    return r.session.ping(7).error() == Rig::silence;
}

} // namespace session_test
