// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a driver knows of a device, what it may ask in which state, and what it learns from an answer.
// Source: virtio-msg, "Device Initialization" (order of the steps), "Feature Negotiation", "Configuration", "Status".

#include <cstdint>

#include <vmsg/feature.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto {

/// A device as the driver side knows it.
struct known_device {
    device_status status{};         ///< as last reported
    bool status_known{};            ///< the device has been reset or asked since it was found
    bool info_known{};              ///< GET_DEVICE_INFO has been answered
    bool resetting{};               ///< a reset was asked for, and no status of 0 has come since
    bool ring_reset{};              ///< VIRTIO_F_RING_RESET was accepted by the driver
    bool notification_data{};       ///< VIRTIO_F_NOTIFICATION_DATA was accepted by the driver
    std::uint32_t config_size{};    ///< bytes
    std::uint32_t max_virtqueues{}; ///< queues, the administration queues included
    /// Of the configuration, as last seen in a response or an EVENT_CONFIG. They may overtake each other, and no value
    /// is older than another: after a wrong one a device in the strict profile takes no write, and says which is right.
    std::uint32_t generation{};
};

namespace detail {

/// What a device must be like for a request: its status, whether its information is known, whether it may be in the
/// middle of a reset. Source: virtio-msg, rules I1, T1, T4; virtio lets a driver read the configuration before
/// FEATURES_OK.
class request_rule {
public:
    constexpr request_rule() = default;
    constexpr request_rule(device_status has_to_have, device_status must_not_have, bool info, bool resetting = false)
        : bits_(static_cast<std::uint32_t>(has_to_have) | static_cast<std::uint32_t>(must_not_have) << 8 |
                std::uint32_t{info} << 16 | std::uint32_t{resetting} << 17) {}

    constexpr std::uint32_t needs() const { return bits_ & 0xff; }        ///< status bits
    constexpr std::uint32_t forbids() const { return bits_ >> 8 & 0xff; } ///< status bits
    constexpr bool needs_info() const { return (bits_ >> 16 & 1) != 0; }
    constexpr bool during_reset() const { return (bits_ >> 17 & 1) != 0; }

private:
    std::uint32_t bits_ = 0; // one number, which is one constant in a register
};

inline constexpr device_status attached_driver = device_status::acknowledge | device_status::driver;

template <class Request> inline constexpr request_rule rule_of{attached_driver, {}, true};
template <> inline constexpr request_rule rule_of<get_device_info_request>{};
template <> inline constexpr request_rule rule_of<get_device_status_request>{{}, {}, false, true};
template <> inline constexpr request_rule rule_of<set_device_status_request>{{}, {}, false, true};
template <> inline constexpr request_rule rule_of<get_vqueue_request>{device_status::features_ok, {}, true};
template <>
inline constexpr request_rule rule_of<set_driver_features_request>{
    attached_driver, device_status::features_ok | device_status::failed, true};
template <>
inline constexpr request_rule rule_of<set_config_request>{device_status::features_ok, device_status::failed, true};
template <>
inline constexpr request_rule rule_of<set_vqueue_request>{device_status::features_ok, device_status::failed, true};
template <>
inline constexpr request_rule rule_of<reset_vqueue_request>{device_status::features_ok, device_status::failed, true};

constexpr errc check_order(const known_device& d, request_rule rule) {
    const auto status = static_cast<std::uint32_t>(d.status);
    const bool forbidden = (status & rule.forbids()) != 0;
    const bool too_early = (~status & rule.needs()) != 0 || (rule.needs_info() && !d.info_known);
    return forbidden || too_early || (d.resetting && !rule.during_reset()) ? errc::bad_state : errc::none;
}
template <class Request> constexpr errc check_order(const known_device& d) { return check_order(d, rule_of<Request>); }

/// Whether a device may be told of buffers and may have used some.
constexpr bool runs(const known_device& d) { return has(d.status, device_status::driver_ok) && !d.resetting; }

/// The status after an EVENT_CONFIG says `reported`. By itself a device can only ask for a reset or fall back; what a
/// driver has not set is not there.
constexpr device_status status_after_event(device_status now, device_status reported) {
    return (now & reported) | (reported & device_status::needs_reset);
}

// Why an event about a device is not taken: `no_device`, `bad_state` (too early), `bad_value`.

constexpr errc check_event(const known_device* d, const event_used& e) {
    if (d == nullptr) return errc::no_device;
    if (!runs(*d)) return errc::bad_state;
    return e.vq_index < d->max_virtqueues ? errc::none : errc::bad_value;
}
constexpr errc check_event(const known_device* d, const event_config& e) {
    if (d == nullptr) return errc::no_device;
    if (!d->info_known) return errc::bad_state;
    return e.offset <= d->config_size && e.length <= d->config_size - e.offset ? errc::none : errc::bad_value;
}
/// What an EVENT_CONFIG tells about the device.
constexpr void learn(known_device& d, const event_config& e) {
    d.status = status_after_event(d.status, e.status);
    d.generation = e.generation;
}

/// Why a driver may not send an EVENT_AVAIL for this virtqueue: `no_device`, `bad_state`, `invalid_argument`.
constexpr errc check_kick(const known_device* d, std::uint32_t vq_index) {
    if (d == nullptr) return errc::no_device;
    if (!runs(*d)) return errc::bad_state;
    return vq_index < d->max_virtqueues ? errc::none : errc::invalid_argument;
}

/// What GET_VQUEUE says about a virtqueue that is to be as `q`, or was just `written` so: `none` (it is), `denied` (it
/// is not, though written), `bad_state` (it is enabled otherwise), `invalid_argument` (it is not there, or has not that
/// many entries), `retry` (it is to be written). Before oasis_v2 nothing tells whether a queue is enabled. `places`:
/// whether the addresses in the answer mean anything. Source: virtio-msg, rules Q1, Q3.
template <revision R>
constexpr errc judge_queue(const get_vqueue_response& got, const queue_setup& q, bool written, bool places = true) {
    const queue_setup there{got.cur_size, got.descriptor_addr, got.driver_addr, got.device_addr};
    const bool same = places ? there == q : got.cur_size == q.size;
    const bool enabled = R == revision::oasis_v2 ? (got.flags & vqueue_enabled) != 0 : written;
    if (enabled && same) return errc::none;
    if (written) return errc::denied;
    if (q.size == 0 || q.size > got.max_size) return errc::invalid_argument;
    return enabled ? errc::bad_state : errc::retry;
}

/// The bits that a driver sets, in the order in which it sets them; each needs the one before.
inline constexpr device_status status_order[]{device_status::acknowledge, device_status::driver,
                                              device_status::features_ok, device_status::driver_ok};

/// Whether a driver may write `wanted` when the status is `now`: a reset at any time, else no bit is taken back, no bit
/// comes before its predecessor, and none of them is the device's own.
constexpr bool may_write_status(device_status now, bool known, device_status wanted) {
    if (wanted == device_status::reset) return true;
    if (!known || has(now, device_status::failed) || has(now, device_status::needs_reset)) return false;
    if (!legal(wanted) || !has(wanted, now) || has(wanted, device_status::needs_reset)) return false;
    bool before = true;
    for (const device_status bit : status_order) {
        if (has(wanted, bit) && !before) return false;
        before = has(wanted, bit);
    }
    return true;
}

// Rules that need more than the status: `none`, or why the request is not sent.

/// Whether a SET_DRIVER_FEATURES says something about feature `bit`, and whether it accepts it.
constexpr bool covers(const set_driver_features_request& m, feature bit) {
    const auto block = static_cast<std::uint32_t>(bit) / 32;
    return block >= m.block_index && block - m.block_index < m.features.size();
}
constexpr bool accepts(const set_driver_features_request& m, feature bit) {
    const auto number = static_cast<std::uint32_t>(bit);
    return covers(m, bit) && (m.features[number / 32 - m.block_index] >> number % 32 & 1) != 0;
}

template <class Request> constexpr errc check_request(const known_device&, const Request&) { return errc::none; }
constexpr errc check_request(const known_device&, const set_driver_features_request& m) {
    return accepts(m, feature::notif_config_data) ? errc::invalid_argument : errc::none;
}
constexpr errc check_request(const known_device& d, const set_device_status_request& m) {
    if (m.status != device_status::reset && (!d.info_known || d.resetting)) return errc::bad_state;
    return may_write_status(d.status, d.status_known, m.status) ? errc::none : errc::bad_state;
}
constexpr errc check_range(const known_device& d, std::uint32_t offset, std::uint32_t length) {
    return offset <= d.config_size && length <= d.config_size - offset ? errc::none : errc::invalid_argument;
}
constexpr errc check_request(const known_device& d, const get_config_request& m) {
    return check_range(d, m.offset, m.length);
}
constexpr errc check_request(const known_device& d, const set_config_request& m) {
    return check_range(d, m.offset, m.length);
}
constexpr errc check_index(const known_device& d, std::uint32_t index) {
    return index < d.max_virtqueues ? errc::none : errc::invalid_argument;
}
constexpr errc check_request(const known_device& d, const get_vqueue_request& m) { return check_index(d, m.index); }
/// Whether a SET_VQUEUE does not apply an address, or that is a multiple of what the part of a queue needs; a packed
/// queue needs more of the driver area.
constexpr bool aligned(const set_vqueue_request& m, vqueue_flags ignore, bus_address address, std::uint64_t alignment) {
    return (m.flags & ignore) != vqueue_flags{} || static_cast<std::uint64_t>(address) % alignment == 0;
}
constexpr errc check_request(const known_device& d, const set_vqueue_request& m) {
    const bool good = aligned(m, vqueue_flags::descriptor_addr_ignore, m.descriptor_addr, 16) &&
                      aligned(m, vqueue_flags::driver_addr_ignore, m.driver_addr, 2) &&
                      aligned(m, vqueue_flags::device_addr_ignore, m.device_addr, 4);
    return good ? check_index(d, m.index) : errc::invalid_argument;
}
constexpr errc check_request(const known_device& d, const reset_vqueue_request& m) {
    return d.ring_reset ? check_index(d, m.index) : errc::not_supported;
}

// What the bus fills in: the generation of a configuration write, which is 0 in the baseline profile of oasis_v2 and
// the last one seen in the strict profile and in older revisions. Source: virtio-msg, "Configuration Semantics
// Profiles" (the last one of GET_CONFIG and EVENT_CONFIG).

template <class Request> constexpr void prepare_request(revision, bool, const known_device&, Request&) {}
constexpr void prepare_request(revision r, bool strict, const known_device& d, set_config_request& m) {
    m.generation = r == revision::oasis_v2 && !strict ? 0 : d.generation;
}

// What a request does to the device as soon as it may have been sent.

template <class Request> constexpr void note_request(known_device&, const Request&) {}
constexpr void note_request(known_device& d, const set_device_status_request& m) {
    if (m.status == device_status::reset) d.resetting = true;
}

// The bytes of the tail of the answer to a request.

template <class Request> constexpr std::uint64_t answer_tail(const Request&) { return 0; }
constexpr std::uint64_t answer_tail(const get_device_features_request& m) { return std::uint64_t{4} * m.num_blocks; }
constexpr std::uint64_t answer_tail(const get_config_request& m) { return m.length; }
/// Whether a request says how long the tail of its answer is.
template <class Request> inline constexpr bool tells_answer = false;
template <> inline constexpr bool tells_answer<get_device_features_request> = true;
template <> inline constexpr bool tells_answer<get_config_request> = true;

// Whether an answer repeats what the request said, where it has to. Source: virtio-msg, the response messages.

template <class Request, class Response> constexpr bool echoes(const Request&, const Response&) { return true; }
constexpr bool echoes(const get_device_features_request& asked, const get_device_features_response& got) {
    return got.block_index == asked.block_index && got.num_blocks == asked.num_blocks;
}
constexpr bool echoes(const get_config_request& asked, const get_config_response& got) {
    return got.offset == asked.offset && got.length == asked.length;
}
constexpr bool echoes(const set_config_request& asked, const set_config_response& got) {
    return got.offset == asked.offset && (got.length == asked.length || (got.length == 0 && got.config.empty()));
}
constexpr bool echoes(const get_vqueue_request& asked, const get_vqueue_response& got) {
    return got.index == asked.index;
}
constexpr bool echoes(const get_shm_request& asked, const get_shm_response& got) { return got.shmid == asked.shmid; }
constexpr bool echoes(const ping_request& asked, const ping_response& got) { return got.data == asked.data; }
constexpr bool echoes(const get_devices_request& asked, const get_devices_response& got) {
    return got.offset == asked.offset && got.count <= asked.count;
}
constexpr bool echoes(const area_share_request& asked, const area_share_response& got) {
    return got.area_id == asked.area_id;
}
constexpr bool echoes(const area_unshare_request& asked, const area_unshare_response& got) {
    return got.area_id == asked.area_id;
}

// What a legal answer can say against the device: `none`, or why the request fails.

template <class Response> constexpr errc check_answer(const Response&) { return errc::none; }
constexpr errc check_answer(const get_device_info_response& got) {
    return got.device_id == 0 ? errc::no_device : errc::none; // nothing there
}

// What an answer tells about the device.

template <class Request, class Response> constexpr void learn(known_device&, const Request&, const Response&) {}
constexpr void learn(known_device& d, const get_device_info_request&, const get_device_info_response& got) {
    d.info_known = true;
    d.config_size = got.config_size;
    d.max_virtqueues = got.max_virtqueues;
}
constexpr void learn_status(known_device& d, device_status status) {
    d.status = status;
    if (status == device_status::reset) d.resetting = false;
}
constexpr void learn(known_device& d, const get_device_status_request&, const get_device_status_response& got) {
    learn_status(d, got.status);
    d.status_known = true;
}
constexpr void learn(known_device& d, const set_device_status_request& asked, const set_device_status_response& got) {
    learn_status(d, got.status);
    if (asked.status != device_status::reset) return;
    d.status_known = true;
    d.ring_reset = false;
    d.notification_data = false;
}
constexpr void learn(known_device& d, const set_driver_features_request& asked, const set_driver_features_response&) {
    if (covers(asked, feature::ring_reset)) d.ring_reset = accepts(asked, feature::ring_reset);
    if (covers(asked, feature::notification_data)) d.notification_data = accepts(asked, feature::notification_data);
}
constexpr void learn(known_device& d, const get_config_request&, const get_config_response& got) {
    d.generation = got.generation;
}
constexpr void learn(known_device& d, const set_config_request&, const set_config_response& got) {
    d.generation = got.generation;
}

} // namespace detail

} // namespace vmsg::proto
