// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_DEVICES, PING, EVENT_DEVICE: messages that any virtio-msg bus may have.
// Source: virtio-msg, "VIRTIO_MSG_BUS_GET_DEVICES", "VIRTIO_MSG_BUS_PING", "VIRTIO_MSG_BUS_EVENT_DEVICE".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// GET_DEVICES request: which device numbers to report.
struct get_devices_request {
    std::uint16_t offset{}; ///< first device number of the window
    std::uint16_t count{};  ///< device numbers in the window
    friend bool operator==(const get_devices_request&, const get_devices_request&) = default;
};
template <>
struct layout_of<get_devices_request, revision::oasis_v2>
    : fields<field<0, &get_devices_request::offset>, field<2, &get_devices_request::count>> {};
template <>
struct layout_of<get_devices_request, revision::oasis_v1>
    : fields<field<0, &get_devices_request::offset>, field<2, &get_devices_request::count, "num">> {};
template <>
struct layout_of<get_devices_request, revision::rfc2025>
    : fields<field<0, &get_devices_request::offset>, field<2, &get_devices_request::count, "num">> {};

/// GET_DEVICES response. The order of its fields changed with oasis_v2.
struct get_devices_response {
    std::uint16_t offset{};            ///< as requested
    std::uint16_t next_offset{};       ///< where to continue; 0: there is no more
    std::uint16_t count{};             ///< device numbers that the bitmap covers
    wire::tail<std::uint8_t> bitmap{}; ///< bit i of byte k: device offset + 8 * k + i is there; (count + 7) / 8 bytes
    friend bool operator==(const get_devices_response&, const get_devices_response&) = default;
};
template <>
struct layout_of<get_devices_response, revision::oasis_v2>
    : fields<field<0, &get_devices_response::offset>, field<2, &get_devices_response::next_offset>,
             field<4, &get_devices_response::count>,
             bit_counted<6, &get_devices_response::bitmap, &get_devices_response::count>> {};
template <>
struct layout_of<get_devices_response, revision::oasis_v1>
    : fields<field<0, &get_devices_response::offset>, field<2, &get_devices_response::count, "num">,
             field<4, &get_devices_response::next_offset>,
             bit_counted<6, &get_devices_response::bitmap, &get_devices_response::count, "devices">> {};
template <>
struct layout_of<get_devices_response, revision::rfc2025> : layout_of<get_devices_response, revision::oasis_v1> {};
/// Progress or the end, no number above 65535, no bit beyond the count.
VMSG_INLINE constexpr bool legal(revision, const get_devices_response& m) {
    if (std::uint32_t{m.offset} + m.count > 65536 || (m.next_offset != 0 && m.next_offset <= m.offset)) return false;
    const unsigned used_bits = m.count % 8u;
    return used_bits == 0 || m.bitmap.empty() || m.bitmap[m.bitmap.size() - 1] >> used_bits == 0;
}

/// PING request; either side may send it.
struct ping_request {
    std::uint32_t data{}; ///< any value
    friend bool operator==(const ping_request&, const ping_request&) = default;
};
template <> struct layout_of<ping_request, revision::oasis_v2> : fields<field<0, &ping_request::data>> {};

/// PING response.
struct ping_response {
    std::uint32_t data{}; ///< as requested
    friend bool operator==(const ping_response&, const ping_response&) = default;
};
template <> struct layout_of<ping_response, revision::oasis_v2> : fields<field<0, &ping_response::data>> {};

/// What happened to a device. 3 to 0x7fff are reserved, 0x8000 and above are defined by the implementation.
enum class device_state : std::uint16_t {
    added = 1,   ///< accessible from now on (READY before oasis_v2)
    removed = 2, ///< gone
};
inline constexpr std::uint16_t first_private_device_state = 0x8000;

/// EVENT_DEVICE: a device came or went.
struct event_device {
    std::uint16_t dev_num{}; ///< which device; the header names none
    device_state state{};    ///< what happened
    friend bool operator==(const event_device&, const event_device&) = default;
};
template <>
struct layout_of<event_device, revision::oasis_v2>
    : fields<field<0, &event_device::dev_num>, field<2, &event_device::state, "dev_state">> {};
VMSG_INLINE constexpr bool legal(revision, const event_device& m) {
    return m.state == device_state::added || m.state == device_state::removed ||
           static_cast<std::uint16_t>(m.state) >= first_private_device_state;
}

} // namespace vmsg
