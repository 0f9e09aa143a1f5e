// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Which revision a driver speaks, by the shape of its VERSION request: header and payload have other sizes in each.
// Source: FF-A bus, rule N5; the VERSION shapes of the known peers.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto {

/// A VERSION request in the shape that its revision defines, without the padding of its carrier.
struct recognised_version {
    revision rev{};
    std::size_t size{};       ///< bytes
    std::uint8_t frame[26]{}; ///< header and at most 18 bytes of payload

    constexpr byte_view bytes() const { return {frame, size}; }
};

/// The revision of the driver that a frame comes from, if it is a VERSION request; `bad_type` if it is anything else.
///
/// With the 8-byte header a payload of 8 bytes is oasis_v1, one of 12 oasis_v2; one of 18, which some peers send, is
/// oasis_v1, and only its first 8 bytes are kept. With the 6-byte header 18 bytes are rfc2025. A frame that can be read
/// both ways is taken as the one with the 8-byte header: as rfc2025 it would propose a version that there is not.
constexpr result<recognised_version> recognise_version(byte_view delivered) {
    constexpr std::size_t size_old = fixed_msg_size<version_request, revision::rfc2025>;
    constexpr std::size_t size_v1 = fixed_msg_size<version_request, revision::oasis_v1>;
    constexpr std::size_t size_v2 = fixed_msg_size<version_request, revision::oasis_v2>;
    constexpr std::size_t size_long = size_old + header_size<revision::oasis_v1> - header_size<revision::rfc2025>;
    static_assert(size_old == 24 && size_v1 == 16 && size_v2 == 20 && size_long == sizeof recognised_version::frame);

    if (delivered.size() < size_v1 || delivered[1] != row_of<version_request>.id) return errc::bad_type;
    if ((delivered[0] & type_bits) != row_of<version_request>.type()) return errc::bad_type;
    if (delivered[2] != 0 || delivered[3] != 0) return errc::bad_type; // a bus message names no device

    recognised_version v;
    const std::size_t with_token = load_le<std::uint16_t>(delivered.data() + 6);
    const std::size_t without = load_le<std::uint16_t>(delivered.data() + 4);
    if (with_token == size_v1 || with_token == size_long)
        v = {.rev = revision::oasis_v1, .size = with_token};
    else if (with_token == size_v2)
        v = {.rev = revision::oasis_v2, .size = with_token};
    else if (without == size_old)
        v = {.rev = revision::rfc2025, .size = without};
    if (v.size == 0 || v.size > delivered.size()) return errc::bad_type;
    if (v.size == size_long) {
        v.size = size_v1;
        copy_bytes(v.frame, delivered.data(), v.size);
        store_le(v.frame + 6, static_cast<std::uint16_t>(size_v1));
        return v;
    }
    copy_bytes(v.frame, delivered.data(), v.size);
    return v;
}

} // namespace vmsg::proto
