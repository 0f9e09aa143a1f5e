// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_VQUEUE, SET_VQUEUE, RESET_VQUEUE: sizes and ring addresses of a virtqueue.
// Source: virtio-msg, "VIRTIO_MSG_GET_VQUEUE", "VIRTIO_MSG_SET_VQUEUE", "VIRTIO_MSG_RESET_VQUEUE".

#include <cstdint>

#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// What SET_VQUEUE does with the queue's state (bits 1:0) and which fields it leaves alone (bits 5:2). From oasis_v2
/// on.
enum class vqueue_flags : std::uint32_t {
    keep_disabled = 0,    ///< apply the fields to a disabled queue, which stays disabled
    enable = 1,           ///< apply and enable
    keep_state = 2,       ///< apply, leave the state as it is
    state_mask = 3,       ///< 3 as a state operation is reserved
    size_ignore = 1 << 2, ///< leave the size alone
    descriptor_addr_ignore = 1 << 3,
    driver_addr_ignore = 1 << 4,
    device_addr_ignore = 1 << 5,
};
inline constexpr std::uint32_t vqueue_flags_mask = 0x3f; ///< the defined bits; the rest is zero

constexpr vqueue_flags operator|(vqueue_flags a, vqueue_flags b) {
    return static_cast<vqueue_flags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr vqueue_flags operator&(vqueue_flags a, vqueue_flags b) {
    return static_cast<vqueue_flags>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

inline constexpr std::uint32_t vqueue_enabled = 1; ///< bit 0 of the flags of a GET_VQUEUE response (oasis_v2)

/// GET_VQUEUE request.
struct get_vqueue_request {
    std::uint32_t index{}; ///< virtqueue index
    friend bool operator==(const get_vqueue_request&, const get_vqueue_request&) = default;
};
template <> struct layout_of<get_vqueue_request, revision::oasis_v2> : fields<field<0, &get_vqueue_request::index>> {};

/// GET_VQUEUE response. An unavailable queue has `max_size` 0 and every other member but the index 0.
struct get_vqueue_response {
    std::uint32_t index{};         ///< as requested
    std::uint32_t max_size{};      ///< most entries it can have; 0: unavailable
    std::uint32_t cur_size{};      ///< entries; 0 while it is not configured
    std::uint32_t flags{};         ///< bit 0: enabled (oasis_v2); zero in oasis_v1, no place in rfc2025
    bus_address descriptor_addr{}; ///< descriptor area
    bus_address driver_addr{};     ///< driver area
    bus_address device_addr{};     ///< device area
    friend bool operator==(const get_vqueue_response&, const get_vqueue_response&) = default;
};
template <>
struct layout_of<get_vqueue_response, revision::oasis_v2>
    : fields<field<0, &get_vqueue_response::index>, field<4, &get_vqueue_response::max_size>,
             field<8, &get_vqueue_response::cur_size>, field<12, &get_vqueue_response::flags>,
             field<16, &get_vqueue_response::descriptor_addr>, field<24, &get_vqueue_response::driver_addr>,
             field<32, &get_vqueue_response::device_addr>> {};
template <>
struct layout_of<get_vqueue_response, revision::oasis_v1>
    : fields<field<0, &get_vqueue_response::index>, field<4, &get_vqueue_response::max_size>,
             field<8, &get_vqueue_response::cur_size, "size">, field<12, &get_vqueue_response::flags, "reserved">,
             field<16, &get_vqueue_response::descriptor_addr>, field<24, &get_vqueue_response::driver_addr>,
             field<32, &get_vqueue_response::device_addr>> {};
template <>
struct layout_of<get_vqueue_response, revision::rfc2025>
    : fields<field<0, &get_vqueue_response::index>, field<4, &get_vqueue_response::max_size>,
             field<8, &get_vqueue_response::cur_size, "size">, field<12, &get_vqueue_response::descriptor_addr>,
             field<20, &get_vqueue_response::driver_addr>, field<28, &get_vqueue_response::device_addr>> {};
/// Only the enabled flag, which needs a size; no size above the maximum; nothing at all in an unavailable queue.
VMSG_INLINE constexpr bool legal(revision r, const get_vqueue_response& m) {
    const std::uint32_t known_flags = r == revision::oasis_v2 ? vqueue_enabled : 0;
    if ((m.flags & ~known_flags) != 0 || m.cur_size > m.max_size || (m.flags != 0 && m.cur_size == 0)) return false;
    const auto addresses = static_cast<std::uint64_t>(m.descriptor_addr) | static_cast<std::uint64_t>(m.driver_addr) |
                           static_cast<std::uint64_t>(m.device_addr);
    return m.max_size != 0 || addresses == 0;
}

/// SET_VQUEUE request: gives a virtqueue its size and ring addresses. Before oasis_v2 it also enables the queue.
struct set_vqueue_request {
    std::uint32_t index{};         ///< virtqueue index
    vqueue_flags flags{};          ///< state operation and ignore bits; zero before oasis_v2
    std::uint32_t size{};          ///< entries
    std::uint32_t reserved{};      ///< zero on send; a device does nothing if it is not; no place in rfc2025
    bus_address descriptor_addr{}; ///< descriptor area
    bus_address driver_addr{};     ///< driver area
    bus_address device_addr{};     ///< device area
    friend bool operator==(const set_vqueue_request&, const set_vqueue_request&) = default;
};
template <>
struct layout_of<set_vqueue_request, revision::oasis_v2>
    : fields<field<0, &set_vqueue_request::index>, field<4, &set_vqueue_request::flags>,
             field<8, &set_vqueue_request::size>, field<12, &set_vqueue_request::reserved>,
             field<16, &set_vqueue_request::descriptor_addr>, field<24, &set_vqueue_request::driver_addr>,
             field<32, &set_vqueue_request::device_addr>> {};
template <>
struct layout_of<set_vqueue_request, revision::oasis_v1>
    : fields<field<0, &set_vqueue_request::index>, field<4, &set_vqueue_request::flags, "unused">,
             field<8, &set_vqueue_request::size>, field<12, &set_vqueue_request::reserved>,
             field<16, &set_vqueue_request::descriptor_addr>, field<24, &set_vqueue_request::driver_addr>,
             field<32, &set_vqueue_request::device_addr>> {};
template <>
struct layout_of<set_vqueue_request, revision::rfc2025>
    : fields<field<0, &set_vqueue_request::index>, field<4, &set_vqueue_request::flags, "unused">,
             field<8, &set_vqueue_request::size>, field<12, &set_vqueue_request::descriptor_addr>,
             field<20, &set_vqueue_request::driver_addr>, field<28, &set_vqueue_request::device_addr>> {};
/// No undefined flag, no reserved state operation, no reserved field; no flags at all before oasis_v2.
VMSG_INLINE constexpr bool legal(revision r, const set_vqueue_request& m) {
    const auto flags = static_cast<std::uint32_t>(m.flags);
    const bool flags_legal =
        r == revision::oasis_v2
            ? (flags & ~vqueue_flags_mask) == 0 && (m.flags & vqueue_flags::state_mask) != vqueue_flags::state_mask
            : flags == 0;
    return flags_legal && m.reserved == 0;
}

/// SET_VQUEUE response: empty, also when nothing was changed.
struct set_vqueue_response {
    friend bool operator==(const set_vqueue_response&, const set_vqueue_response&) = default;
};
template <> struct layout_of<set_vqueue_response, revision::oasis_v2> : fields<> {};

/// RESET_VQUEUE request: only with VIRTIO_F_RING_RESET.
struct reset_vqueue_request {
    std::uint32_t index{}; ///< virtqueue index
    friend bool operator==(const reset_vqueue_request&, const reset_vqueue_request&) = default;
};
template <>
struct layout_of<reset_vqueue_request, revision::oasis_v2> : fields<field<0, &reset_vqueue_request::index>> {};

/// RESET_VQUEUE response: empty; the queue is quiet.
struct reset_vqueue_response {
    friend bool operator==(const reset_vqueue_response&, const reset_vqueue_response&) = default;
};
template <> struct layout_of<reset_vqueue_response, revision::oasis_v2> : fields<> {};

} // namespace vmsg
