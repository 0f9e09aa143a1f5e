// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The header that starts every message. Source: virtio-msg, "Message Header": type, id, device number, token (not in
// rfc2025), size of header and payload.

#include <cstddef>
#include <cstdint>

#include <vmsg/message/ids.hpp>
#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// A message header in host form.
struct header {
    std::uint8_t type{};      ///< bit 0 response, bit 1 bus message; the rest is ignored on receive
    std::uint8_t msg_id{};    ///< id in the namespace of its class
    std::uint16_t dev_num{};  ///< device number; 0 in bus messages other than an error
    std::uint16_t token{};    ///< correlates a response with its request; not in rfc2025
    std::uint16_t msg_size{}; ///< header + payload, bytes

    constexpr bool is_response() const { return (type & type_response) != 0; }
    constexpr bool is_bus() const { return (type & type_bus) != 0; }
    constexpr bool is_event() const { return (msg_id & event_id_bit) != 0; }

    friend bool operator==(const header&, const header&) = default;
};

template <>
struct layout_of<header, revision::oasis_v2>
    : fields<field<0, &header::type>, field<1, &header::msg_id>, field<2, &header::dev_num>, field<4, &header::token>,
             field<6, &header::msg_size>> {};
template <>
struct layout_of<header, revision::rfc2025>
    : fields<field<0, &header::type>, field<1, &header::msg_id>, field<2, &header::dev_num, "dev_id">,
             field<4, &header::msg_size>> {};

static_assert(layout_of<header, revision::rfc2025>::fixed_size == header_size<revision::rfc2025>);
static_assert(layout_of<header, revision::oasis_v1>::fixed_size == header_size<revision::oasis_v1>);
static_assert(layout_of<header, revision::oasis_v2>::fixed_size == header_size<revision::oasis_v2>);

/// The header of a frame as it was delivered. The frame may be longer than its `msg_size`: carriers pad.
/// Errors: `truncated` (fewer bytes than a header, or than `msg_size`), `bad_length` (`msg_size` smaller than a
/// header).
template <revision R> VMSG_INLINE constexpr result<header> decode_header(byte_view frame) {
    if (frame.size() < header_size<R>) return errc::truncated;
    header h;
    layout_of<header, R>::template get<0>(wire::byte_source{frame.data()}, h);
    if (h.msg_size < header_size<R>) return errc::bad_length;
    if (h.msg_size > frame.size()) return errc::truncated;
    return h;
}

/// What a frame is for the one who has to route it.
enum class frame_class : std::uint8_t { transport_request, bus_request, response, event };

/// The class of a frame by its header alone, in the order that receivers use: the event bit of the id counts before the
/// response bit of the type. Source: FF-A bus, rule N2. A frame with both is an event that no revision defines;
/// `decode` gives `unknown_id` for it.
constexpr frame_class classify(const header& h) {
    if (h.is_event()) return frame_class::event;
    if (h.is_response()) return frame_class::response;
    return h.is_bus() ? frame_class::bus_request : frame_class::transport_request;
}

/// Whether the values of a message are ones that revision `r` allows, as far as the message alone can tell. Messages
/// with rules of their own have an overload beside their layout.
template <class M> VMSG_INLINE constexpr bool legal(revision, const M&) { return true; }

namespace detail {

/// Whether offset + length stays below 2^32, as the 32-bit fields of a range must.
VMSG_INLINE constexpr bool range_fits(std::uint32_t offset, std::uint32_t length) { return length <= ~offset; }

} // namespace detail

} // namespace vmsg
