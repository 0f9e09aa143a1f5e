// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Direct messages: FFA_MSG_SEND_DIRECT_REQ2 and RESP2 as data. Source: FF-A 1.2: x1 sender and receiver, x2 and x3 the
// UUID of the service, x4 to x17 the 112 bytes of message. The older ones: `plain_direct.hpp`.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/uuid_registers.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/result.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::ffa {

enum class direct_kind : std::uint8_t {
    request,  ///< FFA_MSG_SEND_DIRECT_REQ2
    response, ///< FFA_MSG_SEND_DIRECT_RESP2
};

/// What a direct message says, whichever way it goes.
struct direct_message {
    direct_kind kind{};
    endpoint_id src{};
    endpoint_id dst{};
    uuid service{};       ///< nil: any service of the receiver; nil in a response
    word_image payload{}; ///< the message, zero after it
    friend bool operator==(const direct_message&, const direct_message&) = default;
};

namespace detail {

inline constexpr std::size_t first_payload_register = 4;

// Not a loop: an image that the compiler has just seen being composed never gets into memory of its own.
template <std::size_t... I>
VMSG_INLINE constexpr void put_payload(call_frame& frame, const word_image& payload, std::index_sequence<I...>) {
    ((frame.x[first_payload_register + I] = payload[I]), ...);
}

constexpr call_frame direct_frame(function_id function, endpoint_id src, endpoint_id dst, const word_image& payload) {
    call_frame frame;
    frame.x[0] = static_cast<std::uint64_t>(function);
    frame.x[1] = to_register(endpoint_pair{src, dst});
    for (std::size_t i = 0; i < word_image::size; ++i) frame.x[first_payload_register + i] = payload[i];
    return frame;
}

} // namespace detail

/// The call that sends `payload` from `src` to the service `service` of `dst`.
constexpr call_frame encode_direct_request(endpoint_id src, endpoint_id dst, const uuid& service,
                                           const word_image& payload) {
    call_frame frame = detail::direct_frame(function_id::msg_send_direct_req2, src, dst, payload);
    frame.x[2] = service.low();
    frame.x[3] = service.high();
    return frame;
}
/// The same in place, for a message of at most 112 bytes; the registers after it are zero.
constexpr void encode_direct_request(call_frame& frame, endpoint_id src, endpoint_id dst, const uuid& service,
                                     byte_view message) {
    VMSG_ASSERT(message.size() <= word_image::size_bytes);
    frame = {};
    frame.x[0] = static_cast<std::uint64_t>(function_id::msg_send_direct_req2);
    frame.x[1] = to_register(endpoint_pair{src, dst});
    frame.x[2] = service.low();
    frame.x[3] = service.high();
    vmsg::detail::load_words(frame.x + detail::first_payload_register, message);
}

/// What all requests from one endpoint to one service of another have in common.
struct direct_route {
    std::uint64_t x1{}; ///< the endpoints
    std::uint64_t x2{}; ///< the service
    std::uint64_t x3{}; ///< the service
};
constexpr direct_route route_of(endpoint_id src, endpoint_id dst, const uuid& service) {
    return {to_register(endpoint_pair{src, dst}), service.low(), service.high()};
}
/// The same in place, for a message that is in registers already.
VMSG_INLINE constexpr void encode_direct_request(call_frame& frame, const direct_route& route,
                                                 const word_image& payload) {
    frame.x[0] = static_cast<std::uint64_t>(function_id::msg_send_direct_req2);
    frame.x[1] = route.x1;
    frame.x[2] = route.x2;
    frame.x[3] = route.x3;
    detail::put_payload(frame, payload, std::make_index_sequence<word_image::size>{});
}

/// The call with which `src` answers a request of `dst`; it carries no UUID, x2 and x3 are zero.
constexpr call_frame encode_direct_response(endpoint_id src, endpoint_id dst, const word_image& payload) {
    return detail::direct_frame(function_id::msg_send_direct_resp2, src, dst, payload);
}

/// The message bytes of a direct frame, as many as there is room for in `to`, at most 112.
constexpr void copy_direct_payload(const call_frame& frame, byte_span to) {
    VMSG_ASSERT(to.size() <= word_image::size_bytes);
    vmsg::detail::store_words(to, frame.x + detail::first_payload_register);
}

/// Whether the message bytes of a direct frame are all zero from byte `from` on.
constexpr bool direct_payload_is_zero(const call_frame& frame, std::size_t from = 0) {
    return vmsg::detail::zero_words(frame.x + detail::first_payload_register, from);
}

/// The direct message in `frame`. The SVE hint is ignored, and so are the upper halves of x0 and x1, in which nothing
/// is defined. `bad_type` if it is another call or answer.
constexpr result<direct_message> decode_direct(const call_frame& frame) {
    direct_message m;
    switch (function_of(frame)) {
    case function_id::msg_send_direct_req2: m.kind = direct_kind::request; break;
    case function_id::msg_send_direct_resp2: m.kind = direct_kind::response; break;
    default: return errc::bad_type;
    }
    const endpoint_pair ends = endpoints_in(frame.x[1]);
    m.src = ends.src;
    m.dst = ends.dst;
    m.service = uuid_of(frame.x[2], frame.x[3]);
    for (std::size_t i = 0; i < word_image::size; ++i) m.payload[i] = frame.x[detail::first_payload_register + i];
    return m;
}

constexpr errc direct_outcome(const call_frame& frame, std::uint32_t ends);

/// What became of a request of `ends.dst` to `ends.src` that is not left open (`resumption_of`): none if the answer is
/// in `frame`; `no_answer` if that is all zero, which says that the request was not carried out; `bad_value` for the
/// answer of somebody else; `bad_type` for what is none; else the reason of an FFA_ERROR, as `outcome_of`.
constexpr errc direct_outcome(const call_frame& frame, endpoint_pair ends) {
    return direct_outcome(frame, static_cast<std::uint32_t>(to_register(ends)));
}
/// The same for endpoints as x1 of the answer has them.
constexpr errc direct_outcome(const call_frame& frame, std::uint32_t ends) {
    if (function_of(frame) == function_id::msg_send_direct_resp2) {
        if (static_cast<std::uint32_t>(frame.x[1]) != ends) return errc::bad_value;
        const bool empty = VMSG_SMALL || frame.x[detail::first_payload_register] == 0; // as far as one look tells
        const bool zero = empty && direct_payload_is_zero(frame);
        return zero ? errc::no_answer : errc::none;
    }
    const errc why = outcome_of(frame).error();
    return why == errc::none ? errc::bad_type : why;
}

} // namespace vmsg::ffa
