// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Notifications: FFA_NOTIFICATION_BITMAP_CREATE, BITMAP_DESTROY, BIND, UNBIND, SET and GET as data. Source: FF-A,
// "Notification interfaces". What a scheduler asks, FFA_NOTIFICATION_INFO_GET: `notification_info.hpp`.
// Notifications of single vCPUs are an option that managers have given up; they can be expressed here.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// FFA_NOTIFICATION_BITMAP_CREATE: a hypervisor announces a VM to the manager of the secure world.
struct notification_bitmap_create_call {
    endpoint_id vm{};
    std::uint32_t vcpus{};
    friend bool operator==(const notification_bitmap_create_call&, const notification_bitmap_create_call&) = default;
};
constexpr call_frame encode(const notification_bitmap_create_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_bitmap_create);
    frame.x[1] = static_cast<std::uint16_t>(c.vm);
    frame.x[2] = c.vcpus;
    return frame;
}
constexpr result<notification_bitmap_create_call> decode_notification_bitmap_create(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_bitmap_create)) return errc::bad_type;
    return notification_bitmap_create_call{static_cast<endpoint_id>(word_in(frame, 1) & 0xffff), word_in(frame, 2)};
}

/// FFA_NOTIFICATION_BITMAP_DESTROY.
struct notification_bitmap_destroy_call {
    endpoint_id vm{};
    friend bool operator==(const notification_bitmap_destroy_call&, const notification_bitmap_destroy_call&) = default;
};
constexpr call_frame encode(const notification_bitmap_destroy_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_bitmap_destroy);
    frame.x[1] = static_cast<std::uint16_t>(c.vm);
    return frame;
}
constexpr result<notification_bitmap_destroy_call> decode_notification_bitmap_destroy(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_bitmap_destroy)) return errc::bad_type;
    return notification_bitmap_destroy_call{static_cast<endpoint_id>(word_in(frame, 1) & 0xffff)};
}

/// FFA_NOTIFICATION_BIND: the caller, who is the receiver, lets `sender` set these bits.
struct notification_bind_call {
    endpoint_id sender{};
    endpoint_id receiver{};
    bool per_vcpu{}; ///< w2 bit 0
    std::uint64_t bits{};
    friend bool operator==(const notification_bind_call&, const notification_bind_call&) = default;
};
constexpr call_frame encode(const notification_bind_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_bind);
    frame.x[1] = to_register(endpoint_pair{c.sender, c.receiver});
    frame.x[2] = c.per_vcpu ? 1 : 0;
    detail::put_words(frame, 3, c.bits);
    return frame;
}
constexpr result<notification_bind_call> decode_notification_bind(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_bind)) return errc::bad_type;
    const endpoint_pair ends = endpoints_in(frame.x[1]);
    return notification_bind_call{ends.src, ends.dst, (frame.x[2] & 1) != 0, words_in(frame, 3)};
}

/// FFA_NOTIFICATION_UNBIND.
struct notification_unbind_call {
    endpoint_id sender{};
    endpoint_id receiver{}; ///< the caller
    std::uint64_t bits{};
    friend bool operator==(const notification_unbind_call&, const notification_unbind_call&) = default;
};
constexpr call_frame encode(const notification_unbind_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_unbind);
    frame.x[1] = to_register(endpoint_pair{c.sender, c.receiver});
    detail::put_words(frame, 3, c.bits);
    return frame;
}
constexpr result<notification_unbind_call> decode_notification_unbind(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_unbind)) return errc::bad_type;
    const endpoint_pair ends = endpoints_in(frame.x[1]);
    return notification_unbind_call{ends.src, ends.dst, words_in(frame, 3)};
}

/// FFA_NOTIFICATION_SET: the caller, who is the sender, sets bits that are bound to it.
struct notification_set_call {
    endpoint_id sender{};
    endpoint_id receiver{};
    bool per_vcpu{};      ///< w2 bit 0
    bool delay_sri{};     ///< w2 bit 1, only of secure partitions: no schedule receiver interrupt for now
    std::uint16_t vcpu{}; ///< w2 bits 31:16; zero unless `per_vcpu`
    std::uint64_t bits{};
    friend bool operator==(const notification_set_call&, const notification_set_call&) = default;
};
constexpr call_frame encode(const notification_set_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_set);
    frame.x[1] = to_register(endpoint_pair{c.sender, c.receiver});
    frame.x[2] = (c.per_vcpu ? 1u : 0u) | (c.delay_sri ? 2u : 0u) | std::uint32_t{c.vcpu} << 16;
    detail::put_words(frame, 3, c.bits);
    return frame;
}
constexpr result<notification_set_call> decode_notification_set(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_set)) return errc::bad_type;
    const endpoint_pair ends = endpoints_in(frame.x[1]);
    const std::uint32_t flags = word_in(frame, 2);
    return notification_set_call{
        ends.src,          ends.dst, (flags & 1) != 0, (flags & 2) != 0, static_cast<std::uint16_t>(flags >> 16),
        words_in(frame, 3)};
}

/// Which bitmaps FFA_NOTIFICATION_GET reads and clears. Bits of w2.
enum class notification_sources : std::uint32_t {
    none = 0,
    secure_partitions = 1 << 0,
    vms = 1 << 1,        ///< refused by the secure world to a caller of the normal world
    spm = 1 << 2,        ///< the framework's own, of the secure world
    hypervisor = 1 << 3, ///< the framework's own, of the normal world; refused as `vms`
};
constexpr notification_sources operator|(notification_sources a, notification_sources b) {
    return static_cast<notification_sources>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool has(notification_sources all, notification_sources wanted) {
    return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(wanted)) == static_cast<std::uint32_t>(wanted);
}

/// What a receiver can ask for: all four, or only those of the secure world where no hypervisor is above it (its own
/// id is 0), because the manager of the secure world then sees the call and refuses the other two.
constexpr notification_sources sources_for(endpoint_id self) {
    constexpr auto secure = notification_sources::secure_partitions | notification_sources::spm;
    if (self == hypervisor_id) return secure;
    return secure | notification_sources::vms | notification_sources::hypervisor;
}

/// FFA_NOTIFICATION_GET.
struct notification_get_call {
    endpoint_id receiver{}; ///< the caller
    std::uint16_t vcpu{};
    notification_sources sources{};
    friend bool operator==(const notification_get_call&, const notification_get_call&) = default;
};
constexpr call_frame encode(const notification_get_call& c) {
    call_frame frame = detail::frame_of(function_id::notification_get);
    frame.x[1] = std::uint64_t{c.vcpu} << 16 | static_cast<std::uint16_t>(c.receiver);
    frame.x[2] = static_cast<std::uint32_t>(c.sources);
    return frame;
}
/// Sources that are not defined are kept.
constexpr result<notification_get_call> decode_notification_get(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::notification_get)) return errc::bad_type;
    const std::uint32_t w1 = word_in(frame, 1);
    return notification_get_call{static_cast<endpoint_id>(w1 & 0xffff), static_cast<std::uint16_t>(w1 >> 16),
                                 static_cast<notification_sources>(word_in(frame, 2))};
}

/// Bit 0 of both framework bitmaps: there is a message in the RX buffer. The sender decides which: the SPM's if it is a
/// secure partition, the hypervisor's if it is a VM.
inline constexpr std::uint32_t rx_full_bit = 1;

/// What was pending. All zero is no error: an interrupt may come for nothing.
struct notification_get_answer {
    std::uint64_t secure_partitions{};
    std::uint64_t vms{};
    std::uint32_t spm{};
    std::uint32_t hypervisor{};

    constexpr bool rx_full() const { return ((spm | hypervisor) & rx_full_bit) != 0; }
    constexpr bool nothing() const { return (secure_partitions | vms | spm | hypervisor) == 0; }
    friend bool operator==(const notification_get_answer&, const notification_get_answer&) = default;
};
constexpr call_frame encode(const notification_get_answer& a) {
    call_frame frame = encode_success();
    detail::put_words(frame, 2, a.secure_partitions);
    detail::put_words(frame, 4, a.vms);
    frame.x[6] = a.spm;
    frame.x[7] = a.hypervisor;
    return frame;
}
constexpr result<notification_get_answer> decode_notification_get_answer(const call_frame& frame) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    return notification_get_answer{words_in(frame, 2), words_in(frame, 4), word_in(frame, 6), word_in(frame, 7)};
}

} // namespace vmsg::ffa
