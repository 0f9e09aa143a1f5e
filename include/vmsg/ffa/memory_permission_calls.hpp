// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_MEM_PERM_GET and FFA_MEM_PERM_SET as data: what a partition may do with its own pages while it starts. Source:
// FF-A Memory Management Protocol, "FFA_MEM_PERM_GET", from FF-A 1.1 on.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Bits 1:0 data, bit 2 no execution. Other bits than in the permissions of a receiver.
enum class page_permissions : std::uint32_t {
    no_access = 0,
    read_write = 1,
    read_only = 3,
    data_mask = 3,
    not_executable = 1 << 2,
    defined_mask = 7, ///< the rest is zero
};
constexpr page_permissions operator|(page_permissions a, page_permissions b) {
    return static_cast<page_permissions>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr page_permissions operator&(page_permissions a, page_permissions b) {
    return static_cast<page_permissions>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/// Whether no reserved bit or value is there.
constexpr bool legal(page_permissions p) {
    return static_cast<std::uint32_t>(p) <= static_cast<std::uint32_t>(page_permissions::defined_mask) &&
           (p & page_permissions::data_mask) != page_permissions{2};
}

/// FFA_MEM_PERM_GET: what is the caller allowed from `address` on? Before FF-A 1.3 it asks about one page.
struct mem_perm_get_call {
    std::uint64_t address{};      ///< a multiple of 4096
    std::uint32_t page_count = 1; ///< 4 KiB pages, at least 1; on the wire one less
    form width{};
    friend bool operator==(const mem_perm_get_call&, const mem_perm_get_call&) = default;
};
/// Errors: `invalid_argument` (no pages), `not_representable` (several before FF-A 1.3, or an address above 4 GiB in
/// the 32-bit form).
constexpr result<call_frame> encode(const mem_perm_get_call& c, version v) {
    if (c.page_count == 0) return errc::invalid_argument;
    if (v < version::v1_3 && c.page_count != 1) return errc::not_representable;
    if (c.width == form::smc32 && c.address >> 32 != 0) return errc::not_representable;
    call_frame frame = detail::frame_of(in_form(function_id::mem_perm_get, c.width));
    frame.x[1] = c.address;
    frame.x[2] = c.page_count - 1;
    return frame;
}
/// Before FF-A 1.3 w2 is not looked at. Errors: `bad_type` (another call), `bad_value` (2^32 pages).
constexpr result<mem_perm_get_call> decode_mem_perm_get(const call_frame& frame, version v) {
    if (!detail::is_either(frame, function_id::mem_perm_get)) return errc::bad_type;
    const std::uint32_t more = v < version::v1_3 ? 0 : word_in(frame, 2);
    if (more == 0xffff'ffff) return errc::bad_value;
    return mem_perm_get_call{detail::wide_in(frame, 1), more + 1, form_of(frame)};
}

/// For how many pages from the address on the same is allowed.
struct mem_perm_get_answer {
    page_permissions permissions{};
    std::uint32_t page_count =
        1; ///< 4 KiB pages, at least 1, at most those that were asked about; on the wire one less
    friend bool operator==(const mem_perm_get_answer&, const mem_perm_get_answer&) = default;
};
/// `invalid_argument`: no pages. Before FF-A 1.3 there is no place for the number, which is 1.
constexpr result<call_frame> encode(const mem_perm_get_answer& a, version v) {
    if (a.page_count == 0) return errc::invalid_argument;
    if (v < version::v1_3 && a.page_count != 1) return errc::not_representable;
    call_frame frame = detail::frame_of(function_id::success);
    frame.x[2] = static_cast<std::uint32_t>(a.permissions);
    frame.x[3] = a.page_count - 1;
    return frame;
}
/// `asked` is the number of pages in the call. Errors: as `outcome_of`; `bad_value` (reserved bits, or more pages than
/// were asked about).
constexpr result<mem_perm_get_answer> decode_mem_perm_get_answer(const call_frame& frame, version v,
                                                                 std::uint32_t asked) {
    if (const auto outcome = outcome_of(frame); !outcome) return outcome.error();
    const auto permissions = static_cast<page_permissions>(word_in(frame, 2));
    const std::uint32_t more = v < version::v1_3 ? 0 : word_in(frame, 3);
    if (!legal(permissions) || more >= asked) return errc::bad_value;
    return mem_perm_get_answer{permissions, more + 1};
}

/// FFA_MEM_PERM_SET: allow this from now on.
struct mem_perm_set_call {
    std::uint64_t address{};      ///< a multiple of 4096
    std::uint32_t page_count = 1; ///< 4 KiB pages; on the wire as it is
    page_permissions permissions{};
    form width{};
    friend bool operator==(const mem_perm_set_call&, const mem_perm_set_call&) = default;
};
/// Errors: `invalid_argument` (no pages), `not_representable` (an address above 4 GiB in the 32-bit form).
constexpr result<call_frame> encode(const mem_perm_set_call& c) {
    if (c.page_count == 0) return errc::invalid_argument;
    if (c.width == form::smc32 && c.address >> 32 != 0) return errc::not_representable;
    call_frame frame = detail::frame_of(in_form(function_id::mem_perm_set, c.width));
    frame.x[1] = c.address;
    frame.x[2] = c.page_count;
    frame.x[3] = static_cast<std::uint32_t>(c.permissions);
    return frame;
}
/// Values are not judged: no pages, or permissions that are not `legal`, are the manager's to refuse. `bad_type` if it
/// is another call.
constexpr result<mem_perm_set_call> decode_mem_perm_set(const call_frame& frame) {
    if (!detail::is_either(frame, function_id::mem_perm_set)) return errc::bad_type;
    return mem_perm_set_call{detail::wide_in(frame, 1), word_in(frame, 2),
                             static_cast<page_permissions>(word_in(frame, 3)), form_of(frame)};
}
/// Errors: as `outcome_of`.
constexpr result<void> decode_mem_perm_set_answer(const call_frame& frame) { return outcome_of(frame); }

} // namespace vmsg::ffa
