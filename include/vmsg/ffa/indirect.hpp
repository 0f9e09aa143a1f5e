// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Indirect messages: the header that precedes a message in the TX and RX buffers of FFA_MSG_SEND2. Source: FF-A 1.1
// (20 bytes) and 1.2 (40 bytes, with the UUID of the service), "Partition message header". And the call itself.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/uuid.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::ffa {

namespace detail {

struct indirect_header {
    std::uint32_t offset{}; ///< bytes from the start of the buffer to the message
    endpoint_id dst{};
    endpoint_id src{};
    std::uint32_t size{}; ///< bytes of message
    uuid service{};       ///< only in the long form
};
using short_indirect_header =
    fields<reserved<0, 8>, field<8, &indirect_header::offset>, field<12, &indirect_header::dst>,
           field<14, &indirect_header::src>, field<16, &indirect_header::size>>;
using long_indirect_header =
    fields<reserved<0, 8>, field<8, &indirect_header::offset>, field<12, &indirect_header::dst>,
           field<14, &indirect_header::src>, field<16, &indirect_header::size>, reserved<20, 4>,
           field<24, &indirect_header::service>>;
static_assert(short_indirect_header::fixed_size == 20);
static_assert(long_indirect_header::fixed_size == 40);

} // namespace detail

/// Bytes before the message in what `encode_indirect` writes for version `v`.
constexpr std::size_t indirect_header_size(version v) {
    return v >= version::v1_2 ? detail::long_indirect_header::fixed_size : detail::short_indirect_header::fixed_size;
}

/// An indirect message as it lies in a receiver's buffer.
struct indirect_message {
    endpoint_id src{};
    endpoint_id dst{};
    bool has_service{};  ///< whether the sender's header has room for a UUID
    uuid service{};      ///< nil if there is none, or for any service of the receiver
    byte_view payload{}; ///< the message and what padding the sender counts to it; views the buffer
};

/// Writes the header of a message of `payload_size` bytes to the start of `out` and gives the place for the message
/// behind it. Before FF-A 1.2 the header has no place for `service`; a receiver that is Linux wants the longer header
/// of 1.2 in any case, which is legal from 1.1 on. Errors: `not_supported` (FF-A 1.0 has no such
/// messages), `invalid_argument` (no bytes: receivers refuse that), `oversize` (no room in `out`).
constexpr result<byte_span> encode_indirect(byte_span out, version v, endpoint_id src, endpoint_id dst,
                                            const uuid& service, std::size_t payload_size) {
    if (v < version::v1_1) return errc::not_supported;
    if (payload_size == 0) return errc::invalid_argument;
    const std::size_t offset = indirect_header_size(v);
    if (out.size() < offset || payload_size > out.size() - offset) return errc::oversize;
    if (std::uint64_t{payload_size} > 0xffff'ffff) return errc::oversize;
    const detail::indirect_header h{static_cast<std::uint32_t>(offset), dst, src,
                                    static_cast<std::uint32_t>(payload_size), service};
    wire::byte_sink sink{out.data()};
    if (v >= version::v1_2)
        detail::long_indirect_header::put<0>(sink, h);
    else
        detail::short_indirect_header::put<0>(sink, h);
    return out.drop(offset).first(payload_size);
}

/// Bytes from the start of a buffer in which a header lies, whichever form it has.
inline constexpr std::size_t max_indirect_header_size = detail::long_indirect_header::fixed_size;

/// What a header says, and where in the buffer the message is.
struct indirect_place {
    endpoint_id src{};
    endpoint_id dst{};
    bool has_service{}; ///< whether the sender's header has room for a UUID
    uuid service{};     ///< nil if there is none, or for any service of the receiver
    std::size_t offset{};
    std::size_t size{}; ///< bytes: the message and what padding the sender counts to it; inside the buffer
    friend bool operator==(const indirect_place&, const indirect_place&) = default;
};

/// Where the message is in a buffer of `buffer_size` bytes, whose first bytes are `header`: a private copy, as a peer
/// or the hypervisor can write the original, of all of them or of `max_indirect_header_size`.
/// The message is where the header says and nowhere else: a relayer may have moved it behind a header of another
/// length. From offset 40 on the header is the long one. A smaller offset comes with a header without a UUID at its
/// place: 20 is FF-A 1.1, 24 what a Linux receiver takes for it, 36 what Linux once wrote. All from 20 on are accepted.
/// Errors: `truncated` (no whole header, or the message is not all inside the buffer), `bad_length` (the offset lies
/// inside the header, or there are no bytes).
constexpr result<indirect_place> decode_indirect_header(byte_view header, std::size_t buffer_size) {
    if (header.size() < detail::short_indirect_header::fixed_size) return errc::truncated;
    const wire::byte_source source{header.data()};
    detail::indirect_header h;
    detail::short_indirect_header::get<0>(source, h);
    if (h.offset < detail::short_indirect_header::fixed_size || h.size == 0) return errc::bad_length;
    if (h.offset > buffer_size || h.size > buffer_size - h.offset) return errc::truncated;
    const bool has_service = h.offset >= detail::long_indirect_header::fixed_size;
    if (has_service && header.size() < detail::long_indirect_header::fixed_size) return errc::truncated;
    if (has_service) detail::long_indirect_header::get<0>(source, h);
    return indirect_place{h.src, h.dst, has_service, h.service, h.offset, h.size};
}

/// The message in `buffer`, all of which is a private copy. Errors: as `decode_indirect_header`.
constexpr result<indirect_message> decode_indirect(byte_view buffer) {
    const auto at = decode_indirect_header(buffer, buffer.size());
    if (!at) return at.error();
    return indirect_message{at->src, at->dst, at->has_service, at->service, buffer.drop(at->offset).first(at->size)};
}

/// FFA_MSG_SEND2: sends what is in the caller's TX buffer.
struct msg_send2_call {
    endpoint_id forwarded_for{}; ///< w1 bits 31:16: the VM whose message a hypervisor forwards; zero from a partition
    bool delay_sri{};            ///< w2 bit 1, only of secure partitions: no schedule receiver interrupt for now
    friend bool operator==(const msg_send2_call&, const msg_send2_call&) = default;
};
constexpr call_frame encode(const msg_send2_call& c) {
    call_frame frame = detail::frame_of(function_id::msg_send2);
    frame.x[1] = to_register(endpoint_pair{c.forwarded_for, {}});
    frame.x[2] = c.delay_sri ? 2 : 0;
    return frame;
}
constexpr result<msg_send2_call> decode_msg_send2(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::msg_send2)) return errc::bad_type;
    return msg_send2_call{endpoints_in(frame.x[1]).src, (frame.x[2] & 2) != 0};
}

} // namespace vmsg::ffa
