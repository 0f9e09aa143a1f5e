// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_DEVICE_STATUS and SET_DEVICE_STATUS: the virtio status byte, in a 32-bit field; writing 0 resets the device.
// Source: virtio-msg, "VIRTIO_MSG_GET_DEVICE_STATUS" and "VIRTIO_MSG_SET_DEVICE_STATUS"; virtio 1.4, "Device Status
// Field".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// A set of virtio status bits.
enum class device_status : std::uint32_t {
    reset = 0,          ///< nothing: the device is reset
    acknowledge = 0x01, ///< the driver has noticed the device
    driver = 0x02,      ///< there is a driver for it
    driver_ok = 0x04,   ///< the driver is ready
    features_ok = 0x08, ///< negotiation is closed
    suspend = 0x10,     ///< suspended (only with VIRTIO_F_SUSPEND)
    needs_reset = 0x40, ///< set by the device: it cannot go on
    failed = 0x80,      ///< the driver gave up
};

inline constexpr std::uint32_t device_status_mask = 0xff; ///< the bits that virtio has; the rest of the field is zero

constexpr device_status operator|(device_status a, device_status b) {
    return static_cast<device_status>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr device_status operator&(device_status a, device_status b) {
    return static_cast<device_status>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr device_status operator~(device_status a) {
    return static_cast<device_status>(~static_cast<std::uint32_t>(a));
}
/// Whether `status` has no bit outside the status byte.
VMSG_INLINE constexpr bool legal(device_status status) {
    return (static_cast<std::uint32_t>(status) & ~device_status_mask) == 0;
}
/// Whether all of `bits` are in `set`.
constexpr bool has(device_status set, device_status bits) { return (set & bits) == bits; }

/// GET_DEVICE_STATUS request: empty.
struct get_device_status_request {
    friend bool operator==(const get_device_status_request&, const get_device_status_request&) = default;
};
template <> struct layout_of<get_device_status_request, revision::oasis_v2> : fields<> {};

/// GET_DEVICE_STATUS response.
struct get_device_status_response {
    device_status status{}; ///< the present status
    friend bool operator==(const get_device_status_response&, const get_device_status_response&) = default;
};
template <>
struct layout_of<get_device_status_response, revision::oasis_v2>
    : fields<field<0, &get_device_status_response::status>> {};
VMSG_INLINE constexpr bool legal(revision, const get_device_status_response& m) { return legal(m.status); }

/// SET_DEVICE_STATUS request.
struct set_device_status_request {
    device_status status{}; ///< the wanted status; 0 starts a reset
    friend bool operator==(const set_device_status_request&, const set_device_status_request&) = default;
};
template <>
struct layout_of<set_device_status_request, revision::oasis_v2> : fields<field<0, &set_device_status_request::status>> {
};
VMSG_INLINE constexpr bool legal(revision, const set_device_status_request& m) { return legal(m.status); }

/// SET_DEVICE_STATUS response: what the status is now, which may be less than what was asked for.
struct set_device_status_response {
    device_status status{}; ///< the resulting status
    friend bool operator==(const set_device_status_response&, const set_device_status_response&) = default;
};
template <>
struct layout_of<set_device_status_response, revision::oasis_v2>
    : fields<field<0, &set_device_status_response::status>> {};
VMSG_INLINE constexpr bool legal(revision, const set_device_status_response& m) { return legal(m.status); }

} // namespace vmsg
