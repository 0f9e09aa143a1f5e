// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a device side makes of a version, a status, a feature set, a queue set-up. Source: FF-A bus, rule N5;
// virtio-msg, "Device Status", "Feature Negotiation", "VIRTIO_MSG_SET_VQUEUE".

#include <cstdint>

#include <vmsg/message/all.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto::detail {

enum class version_verdict : std::uint8_t {
    nothing_in_common, ///< the answer is zeros
    told,              ///< the answer is what this side speaks; nothing is agreed
    agreed,
};

/// What becomes of a proposed version pair. Older revisions have no probe and no way to meet in the middle.
template <revision R> constexpr version_verdict judge_version(const version_request& m, bool negotiated) {
    constexpr revision_constants own = constants_of<R>;
    if (m.bus_version == own.bus_version && m.transport_revision == own.transport_revision)
        return version_verdict::agreed;
    if constexpr (R == revision::oasis_v2) {
        if (m.bus_version == 0 && m.transport_revision == 0) return version_verdict::told; // a probe
        const bool newer = m.bus_version > own.bus_version ||
                           (m.bus_version == own.bus_version && m.transport_revision > own.transport_revision);
        if (newer && !negotiated) return version_verdict::told;
    }
    return version_verdict::nothing_in_common;
}

/// Blocks that cover all offered features; never fewer than the two of every modern device.
constexpr std::uint32_t blocks_needed(const feature_set& offered) {
    std::uint32_t n = feature_set::num_blocks;
    while (n > 2 && offered.block(n - 1) == 0) --n;
    return n;
}

/// The driver wants features in block `beyond` of those that no device has, or does not want them any more. The first
/// 63 are told apart; what is wanted in a further one only a reset takes back.
constexpr void note_beyond(device_port& port, std::uint64_t beyond, bool wanted) {
    constexpr std::uint64_t last = 63;
    const std::uint64_t bit = std::uint64_t{1} << (beyond < last ? beyond : last);
    if (wanted)
        port.beyond |= bit;
    else if (beyond < last)
        port.beyond &= ~bit;
}

/// A reset that takes time may be over: only then is the status 0. Source: virtio-msg, rules T1, T2.
constexpr void end_reset(device_port& port) {
    if (!port.resetting || !port.reset_done()) return;
    port.resetting = false;
    port.status = device_status::reset;
}

/// Resets a device whose queues are disabled already.
constexpr void begin_reset(device_port& port) {
    port.accepted = {};
    port.beyond = 0;
    port.config_changed = false;
    if (port.resetting || (port.resets_slowly() && port.status == device_status::reset)) return end_reset(port);
    port.reset();
    port.resetting = true;
    end_reset(port);
}

/// Takes over the blocks of a SET_DRIVER_FEATURES; after FEATURES_OK nothing changes any more.
constexpr void set_features(device_port& port, const set_driver_features_request& m) {
    if (port.resetting) return;
    if (!has(port.status, device_status::driver) || has(port.status, device_status::features_ok)) return;
    for (std::uint32_t i = 0; i < m.num_blocks; ++i) {
        const std::uint64_t block = std::uint64_t{m.block_index} + i;
        if (block < feature_set::num_blocks)
            port.accepted.set_block(static_cast<std::uint32_t>(block), m.features[i]);
        else
            note_beyond(port, block - feature_set::num_blocks, m.features[i] != 0);
    }
}

/// Whether the features that a driver has set can be used: some of the offered ones, in a combination that the device
/// accepts.
constexpr bool features_usable(device_port& port) {
    return port.beyond == 0 && port.accepted.subset_of(port.offered_features()) && port.accept_features(port.accepted);
}

/// Sets the bits of `wanted` that may be set now, in the order that virtio gives them; none is ever taken back. The
/// device's own bits are not the driver's to write.
constexpr void advance_status(device_port& port, device_status wanted) {
    end_reset(port);
    if (port.resetting) return;
    const device_status before = port.status;
    device_status now = before;
    if (has(wanted, device_status::acknowledge)) now = now | device_status::acknowledge;
    if (has(wanted, device_status::driver) && has(now, device_status::acknowledge)) now = now | device_status::driver;
    port.status = now;
    if (has(wanted, device_status::features_ok) && has(now, device_status::driver) &&
        (has(before, device_status::features_ok) || features_usable(port)))
        now = now | device_status::features_ok;
    const bool runs = has(wanted, device_status::driver_ok) && has(now, device_status::features_ok);
    if (runs) now = now | device_status::driver_ok;
    if (has(wanted, device_status::failed)) now = now | device_status::failed;
    port.status = now;
    if (runs && !has(before, device_status::driver_ok)) port.start();
}

/// The set-up of a queue after a SET_VQUEUE: fields with an ignore bit stay as they are.
constexpr queue_setup merged(const queue_setup& now, const set_vqueue_request& m) {
    using enum vqueue_flags;
    const auto ignores = static_cast<std::uint32_t>(m.flags);
    queue_setup after = now;
    if ((ignores & static_cast<std::uint32_t>(size_ignore)) == 0) after.size = m.size;
    if ((ignores & static_cast<std::uint32_t>(descriptor_addr_ignore)) == 0) after.descriptor_addr = m.descriptor_addr;
    if ((ignores & static_cast<std::uint32_t>(driver_addr_ignore)) == 0) after.driver_addr = m.driver_addr;
    if ((ignores & static_cast<std::uint32_t>(device_addr_ignore)) == 0) after.device_addr = m.device_addr;
    return after;
}

} // namespace vmsg::proto::detail
