// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// EVENT_CONFIG, EVENT_AVAIL, EVENT_USED: what a device and its driver tell each other unasked.
// Source: virtio-msg, "VIRTIO_MSG_EVENT_CONFIG", "VIRTIO_MSG_EVENT_AVAIL", "VIRTIO_MSG_EVENT_USED".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/message/status.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// EVENT_CONFIG: the configuration changed, or the device changed its status by itself.
struct event_config {
    device_status status{};          ///< the present status
    std::uint32_t generation{};      ///< configuration generation count
    std::uint32_t offset{};          ///< changed range; 0, 0: any, or none if only the status changed
    std::uint32_t length{};          ///< bytes
    wire::tail<std::uint8_t> data{}; ///< the changed bytes, or none
    friend bool operator==(const event_config&, const event_config&) = default;
};
template <>
struct layout_of<event_config, revision::oasis_v2>
    : fields<field<0, &event_config::status, "device_status">, field<4, &event_config::generation>,
             field<8, &event_config::offset>, field<12, &event_config::length>,
             counted_or_none<16, &event_config::data, &event_config::length>> {};
template <>
struct layout_of<event_config, revision::rfc2025>
    : fields<field<0, &event_config::status>, field<4, &event_config::generation>, field<8, &event_config::offset>,
             field<12, &event_config::length, "size">,
             counted_or_none<16, &event_config::data, &event_config::length, "config">> {};
VMSG_INLINE constexpr bool legal(revision, const event_config& m) {
    return legal(m.status) && detail::range_fits(m.offset, m.length);
}

/// EVENT_AVAIL: the driver has made buffers available.
struct event_avail {
    std::uint32_t vq_index{};    ///< virtqueue index
    std::uint32_t next_offset{}; ///< 0, or with VIRTIO_F_NOTIFICATION_DATA bits 30:0 offset, bit 31 wrap counter
    friend bool operator==(const event_avail&, const event_avail&) = default;
};
template <>
struct layout_of<event_avail, revision::oasis_v2>
    : fields<field<0, &event_avail::vq_index>, field<4, &event_avail::next_offset>> {};
template <>
struct layout_of<event_avail, revision::rfc2025>
    : fields<field<0, &event_avail::vq_index, "index">, field<4, &event_avail::next_offset, "next_offset_wrap">> {};
VMSG_INLINE constexpr bool legal(revision, const event_avail& m) { return m.vq_index < 65536; }

/// EVENT_USED: the device has used buffers.
struct event_used {
    std::uint32_t vq_index{}; ///< virtqueue index
    friend bool operator==(const event_used&, const event_used&) = default;
};
template <> struct layout_of<event_used, revision::oasis_v2> : fields<field<0, &event_used::vq_index>> {};
template <> struct layout_of<event_used, revision::rfc2025> : fields<field<0, &event_used::vq_index, "index">> {};
VMSG_INLINE constexpr bool legal(revision, const event_used& m) { return m.vq_index < 65536; }

} // namespace vmsg
