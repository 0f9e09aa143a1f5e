// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_DEVICE_INFO: what a device is. Source: virtio-msg, "VIRTIO_MSG_DEVICE_INFO".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/uuid.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// GET_DEVICE_INFO request: empty.
struct get_device_info_request {
    friend bool operator==(const get_device_info_request&, const get_device_info_request&) = default;
};
template <> struct layout_of<get_device_info_request, revision::oasis_v2> : fields<> {};

/// GET_DEVICE_INFO response.
struct get_device_info_response {
    std::uint32_t device_id{};          ///< virtio device type; 0: nothing there
    std::uint32_t vendor_id{};          ///< free
    uuid device_uuid{};                 ///< nil if none; from oasis_v2 on
    std::uint32_t num_feature_blocks{}; ///< offered feature space in blocks of 32 bits; from oasis_v2 on
    std::uint32_t num_feature_bits{};   ///< offered feature space in bits, a multiple of 32; before oasis_v2
    std::uint32_t config_size{};        ///< bytes of configuration space
    std::uint32_t max_virtqueues{};     ///< virtqueues, the administration queues included; at most 65536
    std::uint32_t admin_vq_start{};     ///< index of the first administration queue
    std::uint32_t admin_vq_count{};     ///< number of administration queues
    friend bool operator==(const get_device_info_response&, const get_device_info_response&) = default;
};
template <>
struct layout_of<get_device_info_response, revision::oasis_v2>
    : fields<field<0, &get_device_info_response::device_id>, field<4, &get_device_info_response::vendor_id>,
             field<8, &get_device_info_response::device_uuid>, field<24, &get_device_info_response::num_feature_blocks>,
             field<28, &get_device_info_response::config_size>, field<32, &get_device_info_response::max_virtqueues>,
             field<36, &get_device_info_response::admin_vq_start>,
             field<40, &get_device_info_response::admin_vq_count>> {};
template <>
struct layout_of<get_device_info_response, revision::oasis_v1>
    : fields<field<0, &get_device_info_response::device_id>, field<4, &get_device_info_response::vendor_id>,
             field<8, &get_device_info_response::num_feature_bits>, field<12, &get_device_info_response::config_size>,
             field<16, &get_device_info_response::max_virtqueues, "max_vq_count">,
             field<20, &get_device_info_response::admin_vq_start, "", std::uint16_t>,
             field<22, &get_device_info_response::admin_vq_count, "", std::uint16_t>> {};
template <>
struct layout_of<get_device_info_response, revision::rfc2025>
    : fields<field<0, &get_device_info_response::device_id>, field<4, &get_device_info_response::vendor_id>,
             field<8, &get_device_info_response::num_feature_bits>, field<12, &get_device_info_response::config_size>,
             field<16, &get_device_info_response::max_virtqueues, "max_vq_count">,
             field<20, &get_device_info_response::admin_vq_start, "admin_vq_start_idx", std::uint16_t>,
             field<22, &get_device_info_response::admin_vq_count, "", std::uint16_t>> {};

/// At most 65536 virtqueues, the administration queues among them; no start without a count.
VMSG_INLINE constexpr bool legal(revision, const get_device_info_response& m) {
    return m.max_virtqueues <= 65536 && m.num_feature_bits % 32 == 0 &&
           (m.admin_vq_count != 0 ? std::uint64_t{m.admin_vq_start} + m.admin_vq_count <= m.max_virtqueues
                                  : m.admin_vq_start == 0);
}

/// The offered feature space in blocks of 32 bits, whichever unit the revision counts in.
template <revision R> constexpr std::uint32_t feature_blocks(const get_device_info_response& info) {
    if constexpr (R == revision::oasis_v2)
        return info.num_feature_blocks;
    else
        return info.num_feature_bits / 32 + (info.num_feature_bits % 32 != 0);
}

} // namespace vmsg
