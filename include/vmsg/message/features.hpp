// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_DEVICE_FEATURES and SET_DRIVER_FEATURES: feature bits in blocks of 32.
// Source: virtio-msg, "VIRTIO_MSG_GET_DEV_FEATURES" and "VIRTIO_MSG_SET_DRV_FEATURES".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// GET_DEVICE_FEATURES request: which blocks to report.
struct get_device_features_request {
    std::uint32_t block_index{}; ///< first 32-bit block
    std::uint32_t num_blocks{};  ///< blocks
    friend bool operator==(const get_device_features_request&, const get_device_features_request&) = default;
};
template <>
struct layout_of<get_device_features_request, revision::oasis_v2>
    : fields<field<0, &get_device_features_request::block_index>, field<4, &get_device_features_request::num_blocks>> {
};
template <>
struct layout_of<get_device_features_request, revision::rfc2025>
    : fields<field<0, &get_device_features_request::block_index, "index">,
             field<4, &get_device_features_request::num_blocks, "num">> {};
VMSG_INLINE constexpr bool legal(revision, const get_device_features_request& m) {
    return detail::range_fits(m.block_index, m.num_blocks);
}

/// GET_DEVICE_FEATURES response: the offered bits, zero in blocks that the device does not have.
struct get_device_features_response {
    std::uint32_t block_index{};          ///< first 32-bit block, as requested
    std::uint32_t num_blocks{};           ///< blocks, as requested
    wire::tail<std::uint32_t> features{}; ///< bit i of element k: feature 32 * (block_index + k) + i
    friend bool operator==(const get_device_features_response&, const get_device_features_response&) = default;
};
template <>
struct layout_of<get_device_features_response, revision::oasis_v2>
    : fields<field<0, &get_device_features_response::block_index>, field<4, &get_device_features_response::num_blocks>,
             counted<8, &get_device_features_response::features, &get_device_features_response::num_blocks>> {};
template <>
struct layout_of<get_device_features_response, revision::rfc2025>
    : fields<field<0, &get_device_features_response::block_index, "index">,
             field<4, &get_device_features_response::num_blocks, "num">,
             counted<8, &get_device_features_response::features, &get_device_features_response::num_blocks>> {};
VMSG_INLINE constexpr bool legal(revision, const get_device_features_response& m) {
    return detail::range_fits(m.block_index, m.num_blocks);
}

/// SET_DRIVER_FEATURES request: the bits the driver wants; only the blocks named here change.
struct set_driver_features_request {
    std::uint32_t block_index{};          ///< first 32-bit block
    std::uint32_t num_blocks{};           ///< blocks
    wire::tail<std::uint32_t> features{}; ///< bit i of element k: feature 32 * (block_index + k) + i
    friend bool operator==(const set_driver_features_request&, const set_driver_features_request&) = default;
};
template <>
struct layout_of<set_driver_features_request, revision::oasis_v2>
    : fields<field<0, &set_driver_features_request::block_index>, field<4, &set_driver_features_request::num_blocks>,
             counted<8, &set_driver_features_request::features, &set_driver_features_request::num_blocks>> {};
template <>
struct layout_of<set_driver_features_request, revision::rfc2025>
    : fields<field<0, &set_driver_features_request::block_index, "index">,
             field<4, &set_driver_features_request::num_blocks, "num">,
             counted<8, &set_driver_features_request::features, &set_driver_features_request::num_blocks>> {};
VMSG_INLINE constexpr bool legal(revision, const set_driver_features_request& m) {
    return detail::range_fits(m.block_index, m.num_blocks);
}

/// SET_DRIVER_FEATURES response: empty.
struct set_driver_features_response {
    friend bool operator==(const set_driver_features_response&, const set_driver_features_response&) = default;
};
template <> struct layout_of<set_driver_features_response, revision::oasis_v2> : fields<> {};

} // namespace vmsg
