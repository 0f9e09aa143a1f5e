// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// GET_SHM: where a device's shared memory region lies. Source: virtio-msg, "VIRTIO_MSG_GET_SHM".

#include <cstdint>

#include <vmsg/message/header.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// GET_SHM request.
struct get_shm_request {
    std::uint32_t shmid{}; ///< shared memory region
    friend bool operator==(const get_shm_request&, const get_shm_request&) = default;
};
template <> struct layout_of<get_shm_request, revision::oasis_v2> : fields<field<0, &get_shm_request::shmid>> {};
template <>
struct layout_of<get_shm_request, revision::oasis_v1> : fields<field<0, &get_shm_request::shmid, "index">> {};
template <>
struct layout_of<get_shm_request, revision::rfc2025> : fields<field<0, &get_shm_request::shmid, "index">> {};

/// GET_SHM response. Before oasis_v2 length and address have 32 bits.
struct get_shm_response {
    std::uint32_t shmid{};    ///< as requested
    std::uint32_t reserved{}; ///< zero; from oasis_v2 on
    std::uint64_t length{};   ///< bytes; 0: not supported
    std::uint64_t address{};  ///< where the region starts
    friend bool operator==(const get_shm_response&, const get_shm_response&) = default;
};
template <>
struct layout_of<get_shm_response, revision::oasis_v2>
    : fields<field<0, &get_shm_response::shmid>, field<4, &get_shm_response::reserved>,
             field<8, &get_shm_response::length>, field<16, &get_shm_response::address>> {};
template <>
struct layout_of<get_shm_response, revision::oasis_v1>
    : fields<field<0, &get_shm_response::shmid, "index">, field<4, &get_shm_response::length, "", std::uint32_t>,
             field<8, &get_shm_response::address, "", std::uint32_t>> {};
template <>
struct layout_of<get_shm_response, revision::rfc2025>
    : fields<field<0, &get_shm_response::shmid, "index">, field<4, &get_shm_response::length, "count", std::uint32_t>,
             field<8, &get_shm_response::address, "addr", std::uint32_t>> {};
VMSG_INLINE constexpr bool legal(revision, const get_shm_response& m) { return m.reserved == 0; }

} // namespace vmsg
