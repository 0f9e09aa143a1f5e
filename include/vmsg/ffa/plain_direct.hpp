// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_MSG_SEND_DIRECT_REQ and RESP as data, with the framework's own messages. Source: FF-A, "Direct messaging": x1
// sender and receiver, w2 flags, from x3 on the message: 5 registers, or 15 in 64-bit form from FF-A 1.3 on.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Registers of message in one of these calls.
constexpr std::size_t plain_direct_registers(form f, version negotiated) {
    return f == form::smc64 && negotiated >= version::v1_3 ? 15 : 5;
}

/// What such a message says, whichever way it goes.
struct plain_direct_message {
    direct_kind kind{};
    form width{};
    endpoint_id src{};
    endpoint_id dst{};
    std::uint32_t flags{}; ///< w2: zero in a message of a partition, else `framework_flag` and a `framework_message`
    std::uint64_t payload[15]{}; ///< x3 to x17; of 32-bit ones the lower halves of 5
    friend bool operator==(const plain_direct_message&, const plain_direct_message&) = default;
};

/// Bit 31 of w2: the message comes from the framework, not from a partition.
inline constexpr std::uint32_t framework_flag = 1u << 31;

/// Bits 7:0 of w2 in a message of the framework.
enum class framework_message : std::uint8_t {
    psci_request = 0,
    psci_response = 2,
    vm_created = 4,          ///< w5 bits 15:0: the VM
    vm_created_response = 5, ///< w3: 0 or an error
    vm_destroyed = 6,        ///< as `vm_created`
    vm_destroyed_response = 7,
};

constexpr bool is_framework(const plain_direct_message& m) { return (m.flags & framework_flag) != 0; }
/// Which message of the framework it is; not for messages of partitions.
constexpr framework_message framework_message_in(const plain_direct_message& m) {
    return static_cast<framework_message>(m.flags & 0xff);
}

/// Registers that version `negotiated` does not have stay zero; of a 32-bit message the lower halves are sent.
constexpr call_frame encode(const plain_direct_message& m, version negotiated) {
    const bool asks = m.kind == direct_kind::request;
    const auto id = asks ? function_id::msg_send_direct_req : function_id::msg_send_direct_resp;
    call_frame frame = detail::frame_of(in_form(id, m.width));
    frame.x[1] = to_register(endpoint_pair{m.src, m.dst});
    frame.x[2] = m.flags;
    const std::uint64_t mask = m.width == form::smc64 ? ~std::uint64_t{0} : 0xffff'ffff;
    for (std::size_t i = 0; i < plain_direct_registers(m.width, negotiated); ++i) frame.x[3 + i] = m.payload[i] & mask;
    return frame;
}

/// `bad_type` if it is another call, also if it is a REQ2 or RESP2.
constexpr result<plain_direct_message> decode_plain_direct(const call_frame& frame, version negotiated) {
    plain_direct_message m;
    if (detail::is_either(frame, function_id::msg_send_direct_resp))
        m.kind = direct_kind::response;
    else if (!detail::is_either(frame, function_id::msg_send_direct_req))
        return errc::bad_type;
    m.width = form_of(frame);
    const endpoint_pair ends = endpoints_in(frame.x[1]);
    m.src = ends.src;
    m.dst = ends.dst;
    m.flags = word_in(frame, 2);
    for (std::size_t i = 0; i < plain_direct_registers(m.width, negotiated); ++i)
        m.payload[i] = detail::wide_in(frame, 3 + i);
    return m;
}

/// What a hypervisor tells a partition that asked for it (`partition_properties`): a VM was made, or is gone.
struct vm_lifecycle_message {
    endpoint_id partition{}; ///< who is told
    endpoint_id vm{};
    bool created{}; ///< else destroyed
    friend bool operator==(const vm_lifecycle_message&, const vm_lifecycle_message&) = default;
};
constexpr plain_direct_message message_of(const vm_lifecycle_message& v) {
    const auto what = v.created ? framework_message::vm_created : framework_message::vm_destroyed;
    plain_direct_message m;
    m.dst = v.partition;
    m.flags = framework_flag | static_cast<std::uint8_t>(what);
    m.payload[2] = static_cast<std::uint16_t>(v.vm);
    return m;
}
/// `bad_type` if the message is something else.
constexpr result<vm_lifecycle_message> vm_lifecycle_in(const plain_direct_message& m) {
    if (m.kind != direct_kind::request || !is_framework(m)) return errc::bad_type;
    const framework_message what = framework_message_in(m);
    if (what != framework_message::vm_created && what != framework_message::vm_destroyed) return errc::bad_type;
    return vm_lifecycle_message{m.dst, static_cast<endpoint_id>(m.payload[2] & 0xffff),
                                what == framework_message::vm_created};
}
/// The partition's answer to `v`; `status` 0: accepted.
constexpr plain_direct_message response_to(const vm_lifecycle_message& v, error status) {
    const auto what = v.created ? framework_message::vm_created_response : framework_message::vm_destroyed_response;
    plain_direct_message m;
    m.kind = direct_kind::response;
    m.src = v.partition;
    m.flags = framework_flag | static_cast<std::uint8_t>(what);
    m.payload[0] = static_cast<std::uint32_t>(status);
    return m;
}
/// What `answer` says to `v`: success or the partition's error. `bad_type` if it is no answer to it.
constexpr result<void> outcome_of(const vm_lifecycle_message& v, const plain_direct_message& answer) {
    const plain_direct_message accepted = response_to(v, error{0});
    if (answer.kind != accepted.kind || answer.src != accepted.src || answer.flags != accepted.flags)
        return errc::bad_type;
    const auto status = static_cast<std::uint32_t>(answer.payload[0] & 0xffff'ffff);
    if (status == 0) return {};
    return errc_of(static_cast<error>(static_cast<std::int32_t>(status)));
}

} // namespace vmsg::ffa
