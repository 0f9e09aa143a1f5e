// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// One row for each FF-A function: name, forms, versions, number, and which way it goes. Source: FF-A 1.0 to 1.3,
// "Function identifiers".

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Where a function id is met in x0.
enum class function_use : std::uint8_t {
    call,   ///< an endpoint calls it
    answer, ///< it answers a call
    both,   ///< the call of one endpoint is delivered to another as the answer to its own call
};

/// Who may call it, apart from who may not at a certain manager.
enum class function_caller : std::uint8_t {
    endpoint,   ///< any partition or operating system
    hypervisor, ///< a hypervisor or the operating system without one, to the manager of the secure world
    scheduler,  ///< who runs others in the normal world
    manager,    ///< one manager to another
};

struct function_row {
    const char* name{};    ///< as in the specification
    version since_32{};    ///< first version with the 32-bit form; 0: there is none
    version since_64{};    ///< first version with the 64-bit form; 0: there is none
    version until{};       ///< last version that has it; 0: still there
    std::uint8_t number{}; ///< bits 7:0 of the id
    function_use use{};
    function_caller caller{};
};

namespace detail {

inline constexpr version no_form{};
inline constexpr version still{};

} // namespace detail

/// In the order of the numbers.
inline constexpr function_row function_rows[]{
    // clang-format off
    {"FFA_ERROR", version::v1_0, version::v1_3, detail::still, 0x60, function_use::answer, {}},
    {"FFA_SUCCESS", version::v1_0, version::v1_0, detail::still, 0x61, function_use::answer, {}},
    {"FFA_INTERRUPT", version::v1_0, version::v1_3, detail::still, 0x62, function_use::answer, {}},
    {"FFA_VERSION", version::v1_0, detail::no_form, detail::still, 0x63, function_use::call, {}},
    {"FFA_FEATURES", version::v1_0, detail::no_form, detail::still, 0x64, function_use::call, {}},
    {"FFA_RX_RELEASE", version::v1_0, detail::no_form, detail::still, 0x65, function_use::call, {}},
    {"FFA_RXTX_MAP", version::v1_0, version::v1_0, detail::still, 0x66, function_use::call, {}},
    {"FFA_RXTX_UNMAP", version::v1_0, detail::no_form, detail::still, 0x67, function_use::call, {}},
    {"FFA_PARTITION_INFO_GET", version::v1_0, detail::no_form, detail::still, 0x68, function_use::call, {}},
    {"FFA_ID_GET", version::v1_0, detail::no_form, detail::still, 0x69, function_use::call, {}},
    {"FFA_MSG_POLL", version::v1_0, detail::no_form, version::v1_0, 0x6a, function_use::call, {}},
    {"FFA_MSG_WAIT", version::v1_0, version::v1_3, detail::still, 0x6b, function_use::both, {}},
    {"FFA_YIELD", version::v1_0, version::v1_3, detail::still, 0x6c, function_use::both, {}},
    {"FFA_RUN", version::v1_0, version::v1_3, detail::still, 0x6d, function_use::both, {}},
    {"FFA_MSG_SEND", version::v1_0, detail::no_form, version::v1_0, 0x6e, function_use::both, {}},
    {"FFA_MSG_SEND_DIRECT_REQ", version::v1_0, version::v1_0, detail::still, 0x6f, function_use::both, {}},
    {"FFA_MSG_SEND_DIRECT_RESP", version::v1_0, version::v1_0, detail::still, 0x70, function_use::both, {}},
    {"FFA_MEM_DONATE", version::v1_0, version::v1_0, detail::still, 0x71, function_use::call, {}},
    {"FFA_MEM_LEND", version::v1_0, version::v1_0, detail::still, 0x72, function_use::call, {}},
    {"FFA_MEM_SHARE", version::v1_0, version::v1_0, detail::still, 0x73, function_use::call, {}},
    {"FFA_MEM_RETRIEVE_REQ", version::v1_0, version::v1_0, detail::still, 0x74, function_use::call, {}},
    {"FFA_MEM_RETRIEVE_RESP", version::v1_0, detail::no_form, detail::still, 0x75, function_use::answer, {}},
    {"FFA_MEM_RELINQUISH", version::v1_0, detail::no_form, detail::still, 0x76, function_use::call, {}},
    {"FFA_MEM_RECLAIM", version::v1_0, detail::no_form, detail::still, 0x77, function_use::call, {}},
    {"FFA_MEM_OP_PAUSE", version::v1_0, detail::no_form, detail::still, 0x78, function_use::answer, {}},
    {"FFA_MEM_OP_RESUME", version::v1_0, detail::no_form, detail::still, 0x79, function_use::call, {}},
    {"FFA_MEM_FRAG_RX", version::v1_0, detail::no_form, detail::still, 0x7a, function_use::both, {}},
    {"FFA_MEM_FRAG_TX", version::v1_0, detail::no_form, detail::still, 0x7b, function_use::both, {}},
    {"FFA_NORMAL_WORLD_RESUME", version::v1_0, version::v1_3, detail::still, 0x7c, function_use::call,
     function_caller::manager},
    {"FFA_NOTIFICATION_BITMAP_CREATE", version::v1_1, detail::no_form, detail::still, 0x7d, function_use::call,
     function_caller::hypervisor},
    {"FFA_NOTIFICATION_BITMAP_DESTROY", version::v1_1, detail::no_form, detail::still, 0x7e, function_use::call,
     function_caller::hypervisor},
    {"FFA_NOTIFICATION_BIND", version::v1_1, detail::no_form, detail::still, 0x7f, function_use::call, {}},
    {"FFA_NOTIFICATION_UNBIND", version::v1_1, detail::no_form, detail::still, 0x80, function_use::call, {}},
    {"FFA_NOTIFICATION_SET", version::v1_1, detail::no_form, detail::still, 0x81, function_use::call, {}},
    {"FFA_NOTIFICATION_GET", version::v1_1, detail::no_form, detail::still, 0x82, function_use::call, {}},
    {"FFA_NOTIFICATION_INFO_GET", version::v1_1, version::v1_1, detail::still, 0x83, function_use::call,
     function_caller::scheduler},
    {"FFA_RX_ACQUIRE", version::v1_1, detail::no_form, detail::still, 0x84, function_use::call,
     function_caller::hypervisor},
    {"FFA_SPM_ID_GET", version::v1_1, detail::no_form, detail::still, 0x85, function_use::call, {}},
    {"FFA_MSG_SEND2", version::v1_1, detail::no_form, detail::still, 0x86, function_use::call, {}},
    {"FFA_SECONDARY_EP_REGISTER", version::v1_1, version::v1_1, detail::still, 0x87, function_use::call, {}},
    {"FFA_MEM_PERM_GET", version::v1_1, version::v1_1, detail::still, 0x88, function_use::call, {}},
    {"FFA_MEM_PERM_SET", version::v1_1, version::v1_1, detail::still, 0x89, function_use::call, {}},
    {"FFA_CONSOLE_LOG", version::v1_2, version::v1_2, detail::still, 0x8a, function_use::call, {}},
    {"FFA_PARTITION_INFO_GET_REGS", detail::no_form, version::v1_2, detail::still, 0x8b, function_use::call, {}},
    {"FFA_EL3_INTR_HANDLE", version::v1_2, detail::no_form, detail::still, 0x8c, function_use::call,
     function_caller::manager},
    {"FFA_MSG_SEND_DIRECT_REQ2", detail::no_form, version::v1_2, detail::still, 0x8d, function_use::both, {}},
    {"FFA_MSG_SEND_DIRECT_RESP2", detail::no_form, version::v1_2, detail::still, 0x8e, function_use::both, {}},
    {"FFA_NS_RES_INFO_GET", detail::no_form, version::v1_3, detail::still, 0x8f, function_use::call, {}},
    {"FFA_ABORT", version::v1_3, version::v1_3, detail::still, 0x90, function_use::call, {}},
    {"FFA_NOTIFICATION_BIND2", detail::no_form, version::v1_3, detail::still, 0x94, function_use::call, {}},
    {"FFA_NOTIFICATION_UNBIND2", detail::no_form, version::v1_3, detail::still, 0x95, function_use::call, {}},
    {"FFA_NOTIFICATION_SET2", detail::no_form, version::v1_3, detail::still, 0x96, function_use::call, {}},
    {"FFA_NOTIFICATION_GET2", detail::no_form, version::v1_3, detail::still, 0x97, function_use::call, {}},
    // clang-format on
};

constexpr bool has_32_bit_form(const function_row& row) { return row.since_32 != version{}; }
constexpr bool has_64_bit_form(const function_row& row) { return row.since_64 != version{}; }

/// The 32-bit id, or the 64-bit one of a function that has no other form.
constexpr function_id id_of(const function_row& row) {
    const std::uint32_t base = has_32_bit_form(row) ? 0x8400'0000 : 0xc400'0000;
    return static_cast<function_id>(base | row.number);
}

/// The row of a function in a form that it has; `unknown_id` if there is none.
constexpr result<function_row> row_of(function_id id) {
    const auto value = static_cast<std::uint32_t>(id);
    if ((value | 1u << 30) >> 8 != 0xc4'0000) return errc::unknown_id;
    for (const function_row& row : function_rows)
        if (row.number == (value & 0xff) && (is_64_bit(id) ? has_64_bit_form(row) : has_32_bit_form(row))) return row;
    return errc::unknown_id;
}

/// The name in the specification, without the form; "unknown" for what is no FF-A function.
constexpr const char* name_of(function_id id) {
    const auto row = row_of(id);
    return row ? row->name : "unknown";
}

/// Whether version `v` has the function in this form.
constexpr bool exists_in(function_id id, version v) {
    const auto row = row_of(id);
    if (!row) return false;
    if (row->until != version{} && v > row->until) return false;
    return v >= (is_64_bit(id) ? row->since_64 : row->since_32);
}

} // namespace vmsg::ffa
