// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_CONFIG and SET_CONFIG: byte ranges of a device's configuration space.
// Source: virtio-msg, "VIRTIO_MSG_GET_CONFIG" and "VIRTIO_MSG_SET_CONFIG".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// GET_CONFIG request: which bytes to read.
struct get_config_request {
    std::uint32_t offset{}; ///< bytes from the start of configuration space
    std::uint32_t length{}; ///< bytes
    friend bool operator==(const get_config_request&, const get_config_request&) = default;
};
template <>
struct layout_of<get_config_request, revision::oasis_v2>
    : fields<field<0, &get_config_request::offset>, field<4, &get_config_request::length>> {};
template <>
struct layout_of<get_config_request, revision::rfc2025>
    : fields<field<0, &get_config_request::offset>, field<4, &get_config_request::length, "size">> {};
VMSG_INLINE constexpr bool legal(revision, const get_config_request& m) {
    return detail::range_fits(m.offset, m.length);
}

/// GET_CONFIG response: the bytes and the generation they belong to.
struct get_config_response {
    std::uint32_t generation{};        ///< configuration generation count
    std::uint32_t offset{};            ///< as requested
    std::uint32_t length{};            ///< as requested
    wire::tail<std::uint8_t> config{}; ///< `length` bytes
    friend bool operator==(const get_config_response&, const get_config_response&) = default;
};
template <>
struct layout_of<get_config_response, revision::oasis_v2>
    : fields<field<0, &get_config_response::generation>, field<4, &get_config_response::offset>,
             field<8, &get_config_response::length>,
             counted<12, &get_config_response::config, &get_config_response::length>> {};
template <>
struct layout_of<get_config_response, revision::rfc2025>
    : fields<field<0, &get_config_response::generation>, field<4, &get_config_response::offset>,
             field<8, &get_config_response::length, "size">,
             counted<12, &get_config_response::config, &get_config_response::length>> {};
VMSG_INLINE constexpr bool legal(revision, const get_config_response& m) {
    return detail::range_fits(m.offset, m.length);
}

/// SET_CONFIG request: all of it takes effect or nothing.
struct set_config_request {
    std::uint32_t generation{};        ///< 0 in the baseline profile of oasis_v2; the last one seen elsewhere
    std::uint32_t offset{};            ///< bytes from the start of configuration space
    std::uint32_t length{};            ///< bytes
    wire::tail<std::uint8_t> config{}; ///< `length` bytes
    friend bool operator==(const set_config_request&, const set_config_request&) = default;
};
template <>
struct layout_of<set_config_request, revision::oasis_v2>
    : fields<field<0, &set_config_request::generation>, field<4, &set_config_request::offset>,
             field<8, &set_config_request::length>,
             counted<12, &set_config_request::config, &set_config_request::length>> {};
template <>
struct layout_of<set_config_request, revision::rfc2025>
    : fields<field<0, &set_config_request::generation>, field<4, &set_config_request::offset>,
             field<8, &set_config_request::length, "size">,
             counted<12, &set_config_request::config, &set_config_request::length>> {};
VMSG_INLINE constexpr bool legal(revision, const set_config_request& m) {
    return detail::range_fits(m.offset, m.length);
}

/// SET_CONFIG response: `length` as requested if the write took effect, 0 if it was rejected.
struct set_config_response {
    std::uint32_t generation{};        ///< generation after the write
    std::uint32_t offset{};            ///< as requested
    std::uint32_t length{};            ///< bytes written: all or none
    wire::tail<std::uint8_t> config{}; ///< the bytes written, or none: peers differ, both are accepted
    friend bool operator==(const set_config_response&, const set_config_response&) = default;
};
template <>
struct layout_of<set_config_response, revision::oasis_v2>
    : fields<field<0, &set_config_response::generation>, field<4, &set_config_response::offset>,
             field<8, &set_config_response::length>,
             counted_or_none<12, &set_config_response::config, &set_config_response::length>> {};
template <>
struct layout_of<set_config_response, revision::rfc2025>
    : fields<field<0, &set_config_response::generation>, field<4, &set_config_response::offset>,
             field<8, &set_config_response::length, "size">,
             counted_or_none<12, &set_config_response::config, &set_config_response::length>> {};
VMSG_INLINE constexpr bool legal(revision, const set_config_response& m) {
    return detail::range_fits(m.offset, m.length);
}

} // namespace vmsg
