// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The calls that an endpoint begins with: FFA_VERSION, FFA_FEATURES, FFA_ID_GET and FFA_SPM_ID_GET as data. Source:
// FF-A, "Setup and discovery interfaces". The negotiation that FFA_VERSION is for: `negotiate.hpp`.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// What FFA_VERSION is called for. Bits 1:0 of w2; before FF-A 1.3 there is only `negotiate`, and w2 is not looked at.
enum class version_query : std::uint8_t {
    negotiate = 0,
    compatible = 1, ///< asks whether `requested` would do, without effect
    negotiated = 2, ///< asks what was agreed on
};

struct version_call {
    version requested{};
    version_query query{};
    friend bool operator==(const version_call&, const version_call&) = default;
};

constexpr call_frame encode(const version_call& c) {
    call_frame frame = detail::frame_of(function_id::version);
    frame.x[1] = static_cast<std::uint32_t>(c.requested);
    frame.x[2] = static_cast<std::uint8_t>(c.query);
    return frame;
}

/// The version is given as it is, also one that is none (`is_valid`).
constexpr result<version_call> decode_version(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::version)) return errc::bad_type;
    return version_call{static_cast<version>(word_in(frame, 1)), static_cast<version_query>(word_in(frame, 2) & 3)};
}

/// FFA_VERSION is answered without FFA_SUCCESS: the version, or a refusal, stands in x0.
struct version_answer {
    version callee{};
    friend bool operator==(const version_answer&, const version_answer&) = default;
};

constexpr call_frame encode(const version_answer& a) {
    call_frame frame;
    frame.x[0] = static_cast<std::uint32_t>(a.callee);
    return frame;
}

/// The refusal of FFA_VERSION, and SMCCC's answer to a function that is not there: -1 in w0, extended with zeroes.
constexpr call_frame encode_unknown_function() {
    call_frame frame;
    frame.x[0] = 0xffff'ffff;
    return frame;
}

/// Errors: `not_supported` (-1, whether it is extended with its sign or with zeroes), `peer_error` (neither -1 nor a
/// version: bit 31 is set).
constexpr result<version_answer> decode_version_answer(const call_frame& frame) {
    const std::uint32_t w0 = word_in(frame, 0);
    if (w0 == 0xffff'ffff) return errc::not_supported;
    if (!is_valid(static_cast<version>(w0))) return errc::peer_error;
    return version_answer{static_cast<version>(w0)};
}

/// What FFA_FEATURES can be asked for that is not a function.
enum class feature_id : std::uint8_t {
    notification_pending = 1, ///< w2: the interrupt that tells a receiver
    schedule_receiver = 2,    ///< w2: the interrupt that tells a scheduler
    managed_exit = 3,         ///< w2: the interrupt that asks a partition to leave
    notifications = 4,        ///< 1.3, w2: bit 0 VMs, bit 1 SPs have no per-vCPU notifications
};

/// FFA_FEATURES: w1 is a function id or, with bit 31 zero, a feature id.
struct features_call {
    std::uint32_t subject{};
    std::uint32_t properties{}; ///< w2: what the caller understands of it, for example `understands_ns_bit`
    friend bool operator==(const features_call&, const features_call&) = default;
};

constexpr features_call features_of(function_id id, std::uint32_t properties = 0) {
    return {static_cast<std::uint32_t>(id), properties};
}
constexpr features_call features_of(feature_id id) { return {static_cast<std::uint32_t>(id), 0}; }

constexpr bool is_function(const features_call& c) { return c.subject >> 31 != 0; }
/// A feature id has 8 bits; bits 30:8 have to be zero.
constexpr bool is_feature(const features_call& c) { return c.subject <= 0xff; }

constexpr call_frame encode(const features_call& c) {
    call_frame frame = detail::frame_of(function_id::features);
    frame.x[1] = c.subject;
    frame.x[2] = c.properties;
    return frame;
}

constexpr result<features_call> decode_features(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::features)) return errc::bad_type;
    return features_call{word_in(frame, 1), word_in(frame, 2)};
}

/// It is there; what the two words say depends on the subject. The only legal refusal is NOT_SUPPORTED.
struct features_answer {
    std::uint32_t w2{};
    std::uint32_t w3{};
    friend bool operator==(const features_answer&, const features_answer&) = default;
};

constexpr call_frame encode(const features_answer& a) {
    call_frame frame = encode_success();
    frame.x[2] = a.w2;
    frame.x[3] = a.w3;
    return frame;
}

constexpr result<features_answer> decode_features_answer(const call_frame& frame) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    return features_answer{word_in(frame, 2), word_in(frame, 3)};
}

/// What FFA_FEATURES says of FFA_RXTX_MAP.
struct rxtx_map_features {
    std::uint32_t granule{};   ///< bytes: least size and alignment of a buffer, 4096, 16384 or 65536
    std::uint16_t max_pages{}; ///< 4 KiB pages, 0: not said (always so before FF-A 1.2)
    friend bool operator==(const rxtx_map_features&, const rxtx_map_features&) = default;
};

/// `bad_value` if the granule is the one encoding that means nothing.
constexpr result<rxtx_map_features> rxtx_map_features_in(const features_answer& a, version negotiated) {
    constexpr std::uint32_t granules[]{0x1000, 0x1'0000, 0x4000, 0};
    const std::uint32_t granule = granules[a.w2 & 3];
    if (granule == 0) return errc::bad_value;
    return rxtx_map_features{granule, static_cast<std::uint16_t>(negotiated >= version::v1_2 ? a.w2 >> 16 : 0)};
}

constexpr features_answer answer_of(const rxtx_map_features& f, version negotiated) {
    VMSG_ASSERT(f.granule == 0x1000 || f.granule == 0x1'0000 || f.granule == 0x4000);
    const std::uint32_t size = f.granule == 0x1000 ? 0 : f.granule == 0x4000 ? 2 : 1;
    return {size | (negotiated >= version::v1_2 ? std::uint32_t{f.max_pages} << 16 : 0), 0};
}

/// Input property of FFA_MEM_RETRIEVE_REQ: the caller understands the NS bit. From FF-A 1.1 on managers may deny the
/// call to those that do not say so.
inline constexpr std::uint32_t understands_ns_bit = 1 << 1;

/// What FFA_FEATURES says of FFA_MEM_RETRIEVE_REQ; of FFA_MEM_SHARE, LEND and DONATE only the first.
struct memory_features {
    bool dynamic_buffer{};      ///< bit 0: a buffer other than TX may hold the descriptor
    bool ns_bit{};              ///< bit 1: the security state is reported
    bool hypervisor_retrieve{}; ///< bit 2
    friend bool operator==(const memory_features&, const memory_features&) = default;
};
constexpr memory_features memory_features_in(const features_answer& a) {
    return {(a.w2 & 1) != 0, (a.w2 & 2) != 0, (a.w2 & 4) != 0};
}
constexpr features_answer answer_of(const memory_features& f) {
    return {(f.dynamic_buffer ? 1u : 0u) | (f.ns_bit ? 2u : 0u) | (f.hypervisor_retrieve ? 4u : 0u), 0};
}

/// What FFA_FEATURES says of `feature_id::notifications` (FF-A 1.3).
struct notification_features {
    bool no_per_vcpu_for_vms{}; ///< bit 0
    bool no_per_vcpu_for_sps{}; ///< bit 1
    friend bool operator==(const notification_features&, const notification_features&) = default;
};
constexpr notification_features notification_features_in(const features_answer& a) {
    return {(a.w2 & 1) != 0, (a.w2 & 2) != 0};
}
constexpr features_answer answer_of(const notification_features& f) {
    return {(f.no_per_vcpu_for_vms ? 1u : 0u) | (f.no_per_vcpu_for_sps ? 2u : 0u), 0};
}

/// FFA_ID_GET: the caller's own id.
struct id_get_call {
    friend bool operator==(const id_get_call&, const id_get_call&) = default;
};
constexpr call_frame encode(const id_get_call&) { return detail::frame_of(function_id::id_get); }
constexpr result<id_get_call> decode_id_get(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::id_get)) return errc::bad_type;
    return id_get_call{};
}

/// FFA_SPM_ID_GET: the id of the manager that the caller is connected to.
struct spm_id_get_call {
    friend bool operator==(const spm_id_get_call&, const spm_id_get_call&) = default;
};
constexpr call_frame encode(const spm_id_get_call&) { return detail::frame_of(function_id::spm_id_get); }
constexpr result<spm_id_get_call> decode_spm_id_get(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::spm_id_get)) return errc::bad_type;
    return spm_id_get_call{};
}

/// The answer to both.
struct id_answer {
    endpoint_id id{};
    friend bool operator==(const id_answer&, const id_answer&) = default;
};
constexpr call_frame encode(const id_answer& a) {
    call_frame frame = encode_success();
    frame.x[2] = static_cast<std::uint16_t>(a.id);
    return frame;
}
constexpr result<id_answer> decode_id_answer(const call_frame& frame) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    return id_answer{static_cast<endpoint_id>(word_in(frame, 2) & 0xffff)};
}

} // namespace vmsg::ffa
