// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The messages of the FF-A bus: version, memory areas, reset, event delivery, FIFO, error.
// Source: virtio_msg_ffa.h of July 2025 (rfc2025), the FF-A uapi header of 2026 (oasis_v1) and
// virtio_msg_bus_ffa_protocol.h of May 2026 (oasis_v2).

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// A set of the carriers that a side can use. RX is what the device side receives, TX what it sends.
enum class bus_feature : std::uint32_t {
    direct_rx = 1 << 0,
    direct_tx = 1 << 1,
    indirect_rx = 1 << 2,
    indirect_tx = 1 << 3,
    notif_rx = 1 << 4, ///< from oasis_v1 on
    notif_tx = 1 << 5, ///< from oasis_v1 on
    fifo = 1 << 6,     ///< from oasis_v1 on
};

constexpr bus_feature operator|(bus_feature a, bus_feature b) {
    return static_cast<bus_feature>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bus_feature operator&(bus_feature a, bus_feature b) {
    return static_cast<bus_feature>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
/// Whether all of `bits` are in `set`.
constexpr bool has(bus_feature set, bus_feature bits) { return (set & bits) == bits; }

/// Transport feature bit 0: SET_CONFIG carries and checks the configuration generation. From oasis_v2 on.
inline constexpr std::uint32_t strict_config_generation = 1;

/// What a bus request led to.
enum class bus_result : std::uint16_t { success = 0, error = 1, busy = 2 };

VMSG_INLINE constexpr bool legal(bus_result result) { return result <= bus_result::busy; }

/// How events reach the driver.
enum class event_method : std::uint8_t {
    poll = 0,     ///< the driver asks with EVENT_POLL
    notif = 1,    ///< a notification tells it when to ask
    indirect = 2, ///< as indirect messages
    fifo = 3,     ///< through the FIFO
};

inline constexpr std::uint16_t max_notif_id = 63;
inline constexpr std::uint16_t no_notif_id = 0xffff;

/// FFA_VERSION request: 18, 8 or 12 bytes of payload, by which the revisions can be told apart.
struct version_request {
    std::uint32_t bus_version{};        ///< 1 in rfc2025, major << 16 | minor later; 0 asks for the newest (oasis_v2)
    std::uint32_t transport_revision{}; ///< virtio-msg revision
    std::uint32_t ffa_version{};        ///< FF-A version of the sender; from oasis_v2 on
    std::uint32_t feature_bits{};       ///< transport features; only in rfc2025
    bus_feature bus_features{};         ///< carriers; only in rfc2025
    std::uint16_t max_areas{};          ///< highest area id; only in rfc2025
    friend bool operator==(const version_request&, const version_request&) = default;
};
template <>
struct layout_of<version_request, revision::oasis_v2>
    : fields<field<0, &version_request::bus_version>, field<4, &version_request::transport_revision>,
             field<8, &version_request::ffa_version>> {};
template <>
struct layout_of<version_request, revision::oasis_v1>
    : fields<field<0, &version_request::bus_version>, field<4, &version_request::transport_revision>> {};
template <>
struct layout_of<version_request, revision::rfc2025>
    : fields<field<0, &version_request::bus_version, "driver_version">,
             field<4, &version_request::transport_revision, "vmsg_revision">,
             field<8, &version_request::feature_bits, "vmsg_features">,
             field<12, &version_request::bus_features, "features">,
             field<16, &version_request::max_areas, "area_num">> {};

/// FFA_VERSION response.
struct version_response {
    std::uint32_t bus_version{};        ///< what the device side speaks; 0: nothing in common
    std::uint32_t transport_revision{}; ///< virtio-msg revision; 0: nothing in common
    std::uint32_t ffa_version{};        ///< FF-A version of the sender; from oasis_v2 on
    std::uint32_t feature_bits{};       ///< transport features of both sides
    bus_feature bus_features{};         ///< carriers
    std::uint16_t max_areas{};          ///< highest area id
    friend bool operator==(const version_response&, const version_response&) = default;
};
template <>
struct layout_of<version_response, revision::oasis_v2>
    : fields<field<0, &version_response::bus_version>, field<4, &version_response::transport_revision>,
             field<8, &version_response::ffa_version>, field<12, &version_response::feature_bits>,
             field<16, &version_response::bus_features>, field<20, &version_response::max_areas>> {};
template <>
struct layout_of<version_response, revision::oasis_v1>
    : fields<field<0, &version_response::bus_version>, field<4, &version_response::transport_revision>,
             field<8, &version_response::feature_bits, "transport_features">,
             field<12, &version_response::bus_features>, field<16, &version_response::max_areas, "area_num">> {};
template <>
struct layout_of<version_response, revision::rfc2025>
    : fields<field<0, &version_response::bus_version, "device_version">,
             field<4, &version_response::transport_revision, "vmsg_revision">,
             field<8, &version_response::feature_bits, "vmsg_features">,
             field<12, &version_response::bus_features, "features">,
             field<16, &version_response::max_areas, "area_num">> {};

/// Attributes of a shared area. Source: oasis_v2; oasis_v1 and rfc2025 know only 0 (share) and 1 (lend).
enum class area_attrs : std::uint32_t {
    share = 0,
    lend = 1,
    donate = 2,
    type_mask = 3, ///< 3 is not a type
    writeable = 1 << 2,
    executable = 1 << 3,
    not_shareable = 0 << 4,
    outer_shareable = 2 << 4,
    inner_shareable = 3 << 4,
    shareability_mask = 3 << 4, ///< 1 << 4 is not a shareability
    non_cacheable = 1 << 6,
    write_back = 3 << 6,
    cacheability_mask = 3 << 6,
    device_memory = 1 << 8,
    normal_memory = 2 << 8,
    memory_type_mask = 3 << 8, ///< 0: unspecified; 3 << 8 is not a memory type
    non_secure = 1 << 10,
    driver_retention_requested = 1 << 11,
    defined_mask = 0xfff,
    /// Normal write-back inner-shareable memory of the normal world, writeable, shared.
    usual = writeable | inner_shareable | write_back | normal_memory | non_secure,
};

constexpr area_attrs operator|(area_attrs a, area_attrs b) {
    return static_cast<area_attrs>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr area_attrs operator&(area_attrs a, area_attrs b) {
    return static_cast<area_attrs>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/// Whether the attributes exist in revision `r` and do not contradict each other. For device memory the two bits of
/// cacheability are the kind of device memory, all four of which exist (FF-A, "Memory region attributes").
VMSG_INLINE constexpr bool legal(revision r, area_attrs attrs) {
    if (r != revision::oasis_v2) return attrs <= area_attrs::lend;
    return attrs <= area_attrs::defined_mask && (attrs & area_attrs::type_mask) != area_attrs::type_mask &&
           (attrs & area_attrs::shareability_mask) != static_cast<area_attrs>(1 << 4) &&
           (attrs & area_attrs::memory_type_mask) != area_attrs::memory_type_mask &&
           ((attrs & area_attrs::cacheability_mask) != static_cast<area_attrs>(2 << 6) ||
            (attrs & area_attrs::memory_type_mask) == area_attrs::device_memory);
}

/// Areas are numbered from 1 to the maximum of the revision.
VMSG_INLINE constexpr bool legal_area_id(revision r, std::uint16_t area_id) {
    return area_id != 0 && area_id <= constants(r).max_area_id;
}

/// FFA_AREA_SHARE request: the device side may use these pages under this area id.
struct area_share_request {
    std::uint16_t area_id{};    ///< 1..max_areas
    std::uint64_t mem_handle{}; ///< FF-A memory handle
    std::uint64_t mem_tag{};    ///< FF-A tag
    std::uint32_t page_count{}; ///< pages of 4 KiB
    area_attrs sharing_attrs{}; ///< how, and what kind of memory
    friend bool operator==(const area_share_request&, const area_share_request&) = default;
};
template <>
struct layout_of<area_share_request, revision::oasis_v2>
    : fields<field<0, &area_share_request::area_id>, field<2, &area_share_request::mem_handle>,
             field<10, &area_share_request::mem_tag>, field<18, &area_share_request::page_count>,
             field<22, &area_share_request::sharing_attrs>> {};
template <>
struct layout_of<area_share_request, revision::oasis_v1>
    : fields<field<0, &area_share_request::area_id>, field<2, &area_share_request::mem_handle>,
             field<10, &area_share_request::mem_tag, "tag">, field<18, &area_share_request::page_count, "count">,
             field<22, &area_share_request::sharing_attrs, "attr">> {};
template <>
struct layout_of<area_share_request, revision::rfc2025> : layout_of<area_share_request, revision::oasis_v1> {};
/// A whole number of pages under a possible id, with attributes that exist in the revision.
VMSG_INLINE constexpr bool legal(revision r, const area_share_request& m) {
    return legal_area_id(r, m.area_id) && m.page_count != 0 && legal(r, m.sharing_attrs);
}

/// FFA_AREA_SHARE response.
struct area_share_response {
    std::uint16_t area_id{}; ///< as requested
    bus_result result{};     ///< success, error, busy
    friend bool operator==(const area_share_response&, const area_share_response&) = default;
};
template <>
struct layout_of<area_share_response, revision::oasis_v2>
    : fields<field<0, &area_share_response::area_id>, field<2, &area_share_response::result>> {};
VMSG_INLINE constexpr bool legal(revision r, const area_share_response& m) {
    return legal_area_id(r, m.area_id) && legal(m.result);
}

/// FFA_AREA_UNSHARE request: the device side is to let go of the area.
struct area_unshare_request {
    std::uint16_t area_id{}; ///< 1..max_areas
    friend bool operator==(const area_unshare_request&, const area_unshare_request&) = default;
};
template <>
struct layout_of<area_unshare_request, revision::oasis_v2> : fields<field<0, &area_unshare_request::area_id>> {};
VMSG_INLINE constexpr bool legal(revision r, const area_unshare_request& m) { return legal_area_id(r, m.area_id); }

/// FFA_AREA_UNSHARE response; after `busy` an FFA_AREA_RELEASE event follows.
struct area_unshare_response {
    std::uint16_t area_id{}; ///< as requested
    bus_result result{};     ///< success, error, busy
    friend bool operator==(const area_unshare_response&, const area_unshare_response&) = default;
};
template <>
struct layout_of<area_unshare_response, revision::oasis_v2>
    : fields<field<0, &area_unshare_response::area_id>, field<2, &area_unshare_response::result>> {};
VMSG_INLINE constexpr bool legal(revision r, const area_unshare_response& m) {
    return legal_area_id(r, m.area_id) && legal(m.result);
}

/// FFA_RESET request: empty; back to the state before FFA_VERSION.
struct reset_request {
    friend bool operator==(const reset_request&, const reset_request&) = default;
};
template <> struct layout_of<reset_request, revision::oasis_v2> : fields<> {};

/// FFA_RESET response; without a payload in rfc2025.
struct reset_response {
    bus_result result{}; ///< success, error, busy; from oasis_v1 on
    friend bool operator==(const reset_response&, const reset_response&) = default;
};
template <> struct layout_of<reset_response, revision::oasis_v2> : fields<field<0, &reset_response::result>> {};
template <> struct layout_of<reset_response, revision::rfc2025> : fields<> {};
VMSG_INLINE constexpr bool legal(revision, const reset_response& m) { return legal(m.result); }

/// FFA_EVENT_POLL request: empty. A pending event is the answer itself.
struct event_poll_request {
    friend bool operator==(const event_poll_request&, const event_poll_request&) = default;
};
template <> struct layout_of<event_poll_request, revision::oasis_v2> : fields<> {};

/// FFA_EVENT_POLL response: empty; no event is pending.
struct event_poll_response {
    friend bool operator==(const event_poll_response&, const event_poll_response&) = default;
};
template <> struct layout_of<event_poll_response, revision::oasis_v2> : fields<> {};

/// FFA_EVENT_CONFIGURE request; from oasis_v1 on.
struct event_configure_request {
    event_method method{};    ///< how events are to be delivered
    std::uint8_t reserved{};  ///< zero
    std::uint16_t notif_id{}; ///< the notification of the driver side: 0..63
    friend bool operator==(const event_configure_request&, const event_configure_request&) = default;
};
template <>
struct layout_of<event_configure_request, revision::oasis_v2>
    : fields<field<0, &event_configure_request::method, "event_method">, field<1, &event_configure_request::reserved>,
             field<2, &event_configure_request::notif_id>> {};
template <>
struct layout_of<event_configure_request, revision::oasis_v1>
    : fields<field<0, &event_configure_request::method, "type">, field<1, &event_configure_request::reserved>,
             field<2, &event_configure_request::notif_id, "notify_id">> {};
template <> struct layout_of<event_configure_request, revision::rfc2025> : absent {};
/// A known method, with a notification id where the method needs one.
VMSG_INLINE constexpr bool legal(revision, const event_configure_request& m) {
    return m.method <= event_method::fifo && m.reserved == 0 &&
           (m.notif_id <= max_notif_id || (m.notif_id == no_notif_id && m.method != event_method::notif));
}

/// FFA_EVENT_CONFIGURE response; from oasis_v1 on.
struct event_configure_response {
    bus_result result{}; ///< success, error, busy
    friend bool operator==(const event_configure_response&, const event_configure_response&) = default;
};
template <>
struct layout_of<event_configure_response, revision::oasis_v2> : fields<field<0, &event_configure_response::result>> {};
template <> struct layout_of<event_configure_response, revision::rfc2025> : absent {};
VMSG_INLINE constexpr bool legal(revision, const event_configure_response& m) { return legal(m.result); }

/// FFA_FIFO_CONFIGURE request; from oasis_v1 on.
struct fifo_configure_request {
    std::uint64_t mem_handle{};      ///< FF-A memory handle of the two rings
    std::uint16_t page_count{};      ///< pages of 4 KiB
    std::uint16_t driver_notif_id{}; ///< the notification of the driver side: 0..63
    friend bool operator==(const fifo_configure_request&, const fifo_configure_request&) = default;
};
template <>
struct layout_of<fifo_configure_request, revision::oasis_v2>
    : fields<field<0, &fifo_configure_request::mem_handle>, field<8, &fifo_configure_request::page_count>,
             field<10, &fifo_configure_request::driver_notif_id>> {};
template <>
struct layout_of<fifo_configure_request, revision::oasis_v1>
    : fields<field<0, &fifo_configure_request::mem_handle>, field<8, &fifo_configure_request::page_count>,
             field<10, &fifo_configure_request::driver_notif_id, "notify_id">> {};
template <> struct layout_of<fifo_configure_request, revision::rfc2025> : absent {};
VMSG_INLINE constexpr bool legal(revision, const fifo_configure_request& m) {
    return m.page_count != 0 && m.driver_notif_id <= max_notif_id;
}

/// FFA_FIFO_CONFIGURE response; from oasis_v1 on.
struct fifo_configure_response {
    bus_result result{};             ///< success or error; busy is not legal here
    std::uint16_t device_notif_id{}; ///< the notification of the device side: 0..63
    friend bool operator==(const fifo_configure_response&, const fifo_configure_response&) = default;
};
template <>
struct layout_of<fifo_configure_response, revision::oasis_v2>
    : fields<field<0, &fifo_configure_response::result>, field<2, &fifo_configure_response::device_notif_id>> {};
template <>
struct layout_of<fifo_configure_response, revision::oasis_v1>
    : fields<field<0, &fifo_configure_response::result>,
             field<2, &fifo_configure_response::device_notif_id, "notify_id">> {};
template <> struct layout_of<fifo_configure_response, revision::rfc2025> : absent {};
VMSG_INLINE constexpr bool legal(revision, const fifo_configure_response& m) {
    return m.result == bus_result::error || (m.result == bus_result::success && m.device_notif_id <= max_notif_id);
}

/// FFA_ERROR: the answer to a request of either class that the bus cannot carry out; its header has the device number
/// and the token of that request. Only in oasis_v2: oasis_v1 has the id, but no payload is known.
struct error_response {
    std::uint16_t original_msg_id{}; ///< id of the request
    friend bool operator==(const error_response&, const error_response&) = default;
};
template <>
struct layout_of<error_response, revision::oasis_v2> : fields<field<0, &error_response::original_msg_id>> {};
template <> struct layout_of<error_response, revision::oasis_v1> : absent {};
template <> struct layout_of<error_response, revision::rfc2025> : absent {};
VMSG_INLINE constexpr bool legal(revision, const error_response& m) { return m.original_msg_id <= 0xff; }

/// FFA_AREA_RELEASE: the device side has let go of an area whose FFA_AREA_UNSHARE was answered with `busy`.
struct event_area_release {
    std::uint16_t area_id{}; ///< 1..max_areas
    friend bool operator==(const event_area_release&, const event_area_release&) = default;
};
template <>
struct layout_of<event_area_release, revision::oasis_v2> : fields<field<0, &event_area_release::area_id>> {};
VMSG_INLINE constexpr bool legal(revision r, const event_area_release& m) { return legal_area_id(r, m.area_id); }

/// The answer to an event that was sent as a direct request; only in oasis_v2.
struct event_ack_response {
    friend bool operator==(const event_ack_response&, const event_ack_response&) = default;
};
template <> struct layout_of<event_ack_response, revision::oasis_v2> : fields<> {};
template <> struct layout_of<event_ack_response, revision::oasis_v1> : absent {};
template <> struct layout_of<event_ack_response, revision::rfc2025> : absent {};

} // namespace vmsg
