// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_NOTIFICATION_INFO_GET as data: which receivers have notifications, for a scheduler that has to run them. Source:
// FF-A, "FFA_NOTIFICATION_INFO_GET": lists of ids of 16 bits in x3 to x7, their lengths in x2.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// FFA_NOTIFICATION_INFO_GET. A refusal with NO_DATA (`errc::would_block`) means that nothing is pending.
struct notification_info_get_call {
    form width{};
    friend bool operator==(const notification_info_get_call&, const notification_info_get_call&) = default;
};
constexpr call_frame encode(const notification_info_get_call& c) {
    return detail::frame_of(in_form(function_id::notification_info_get, c.width));
}
constexpr result<notification_info_get_call> decode_notification_info_get(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::notification_info_get)) return errc::bad_type;
    return notification_info_get_call{form_of(frame)};
}

/// A receiver, and which of its vCPUs have notifications of their own.
struct notification_list {
    endpoint_id endpoint{};
    std::uint8_t vcpu_count{}; ///< 0: any vCPU will do
    std::uint16_t vcpus[3]{};
    friend bool operator==(const notification_list&, const notification_list&) = default;
};

struct notification_info_get_answer {
    static constexpr std::size_t capacity = 20; ///< ids, at most: 4 in each of 5 registers

    bool more{}; ///< there are others; call again
    form width{form::smc64};
    std::uint8_t count{};
    notification_list lists[capacity]{};

    /// Ids that an answer of this form has room for.
    constexpr std::size_t room() const { return width == form::smc64 ? 20 : 10; }
    /// Ids that are in use.
    constexpr std::size_t used() const {
        std::size_t ids = 0;
        for (std::size_t i = 0; i < count; ++i) ids += lists[i].vcpu_count + std::size_t{1};
        return ids;
    }
    /// Adds a list; `full` if there is no room for it.
    constexpr result<void> add(const notification_list& list) {
        VMSG_ASSERT(list.vcpu_count <= 3);
        if (used() + list.vcpu_count + 1 > room()) return errc::full;
        lists[count++] = list;
        return {};
    }
    friend bool operator==(const notification_info_get_answer&, const notification_info_get_answer&) = default;
};

namespace detail {

// Id `i` of those in x3 to x7: 4 in a register of 64 bits, 2 in one of 32, whose upper half has no meaning.
constexpr std::uint16_t notified_id(const call_frame& frame, std::size_t i) {
    const std::size_t each = form_of(frame) == form::smc64 ? 4 : 2;
    return static_cast<std::uint16_t>(frame.x[3 + i / each] >> 16 * (i % each) & 0xffff);
}
constexpr void put_notified_id(call_frame& frame, std::size_t i, std::uint16_t id) {
    const std::size_t each = form_of(frame) == form::smc64 ? 4 : 2;
    frame.x[3 + i / each] |= std::uint64_t{id} << 16 * (i % each);
}

} // namespace detail

/// x2: bit 0 more, bits 11:7 lists, from bit 12 on two bits for each list, the vCPUs in it.
constexpr call_frame encode(const notification_info_get_answer& a) {
    VMSG_ASSERT(a.count <= a.room() && a.used() <= a.room());
    call_frame frame = encode_success(a.width);
    frame.x[2] = (a.more ? 1u : 0u) | std::uint64_t{a.count} << 7;
    std::size_t next = 0;
    for (std::size_t i = 0; i < a.count; ++i) {
        const notification_list& list = a.lists[i];
        frame.x[2] |= std::uint64_t{list.vcpu_count} << (12 + 2 * i);
        detail::put_notified_id(frame, next++, static_cast<std::uint16_t>(list.endpoint));
        for (std::size_t v = 0; v < list.vcpu_count; ++v) detail::put_notified_id(frame, next++, list.vcpus[v]);
    }
    return frame;
}

/// `bad_length` if the lists have more ids than the registers.
constexpr result<notification_info_get_answer> decode_notification_info_get_answer(const call_frame& frame) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    notification_info_get_answer a;
    a.width = form_of(frame);
    const std::uint64_t counts = detail::wide_in(frame, 2);
    a.more = (counts & 1) != 0;
    const std::size_t lists = counts >> 7 & 0x1f;
    if (lists > a.capacity) return errc::bad_length;
    std::size_t next = 0;
    for (std::size_t i = 0; i < lists; ++i) {
        notification_list& list = a.lists[i];
        list.vcpu_count = static_cast<std::uint8_t>(counts >> (12 + 2 * i) & 3);
        if (next + 1 + list.vcpu_count > a.room()) return errc::bad_length;
        list.endpoint = static_cast<endpoint_id>(detail::notified_id(frame, next++));
        for (std::size_t v = 0; v < list.vcpu_count; ++v) list.vcpus[v] = detail::notified_id(frame, next++);
    }
    a.count = static_cast<std::uint8_t>(lists);
    return a;
}

} // namespace vmsg::ffa
