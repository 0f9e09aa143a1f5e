// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Ready profiles: Hafnium as SPMC at S-EL2, the SPMC in TF-A at EL3, OP-TEE as SPMC at S-EL1, Xen as seen by its
// virtual machines. What they were seen to do, and what is taken from their sources: docs/spmc.md.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/sim/profile.hpp>

namespace vmsg::sim::profiles {

namespace detail {

using id = ffa::function_id;

inline constexpr function_set setup{id::error,
                                    id::version,
                                    id::features,
                                    id::rx_release,
                                    id::rxtx_map,
                                    id::rxtx_map_64,
                                    id::rxtx_unmap,
                                    id::partition_info_get,
                                    id::id_get,
                                    id::spm_id_get,
                                    id::run,
                                    id::msg_send_direct_req,
                                    id::success,
                                    id::success_64,
                                    id::interrupt,
                                    id::msg_send_direct_req_64,
                                    id::msg_send_direct_req2};

constexpr function_set with_answers(const function_set& set) {
    return set.with(id::msg_wait, id::yield, id::msg_send_direct_resp, id::msg_send_direct_resp_64,
                    id::msg_send_direct_resp2);
}
constexpr function_set with_notifications(const function_set& set) {
    return set.with(id::notification_bind, id::notification_unbind, id::notification_set, id::notification_get);
}
constexpr function_set with_scheduling(const function_set& set) {
    return set.with(id::notification_info_get, id::notification_info_get_64);
}
constexpr function_set with_bitmaps(const function_set& set) {
    return set.with(id::notification_bitmap_create, id::notification_bitmap_destroy);
}
constexpr function_set with_sending(const function_set& set) {
    return set.with(id::mem_share, id::mem_share_64, id::mem_lend, id::mem_lend_64, id::mem_reclaim, id::mem_frag_tx);
}
constexpr function_set with_donating(const function_set& set) { return set.with(id::mem_donate, id::mem_donate_64); }
constexpr function_set with_retrieving(const function_set& set) {
    return set.with(id::mem_retrieve_req, id::mem_retrieve_req_64, id::mem_relinquish, id::mem_frag_rx);
}
constexpr function_set with_console(const function_set& set) { return set.with(id::console_log, id::console_log_64); }

/// All that the emulator does.
inline constexpr function_set everything =
    with_console(with_retrieving(with_donating(with_sending(with_notifications(with_answers(setup))))))
        .with(id::partition_info_get_regs, id::msg_send2);

} // namespace detail

/// Nothing of any particular manager: everything, strict, registers zeroed.
inline constexpr profile generic{
    .name = "generic",
    .normal_world =
        detail::with_bitmaps(detail::with_scheduling(detail::everything)).with(ffa::function_id::rx_acquire),
    .secure = detail::everything};

inline constexpr profile hafnium{
    .name = "hafnium",
    .unused_high = unused_registers::keep,
    .normal_world = detail::with_bitmaps(detail::with_scheduling(detail::everything))
                        .with(ffa::function_id::rx_acquire)
                        .without(ffa::function_id::rxtx_map),
    .secure = detail::everything.without(ffa::function_id::rxtx_map),
    .memory_features = 6,
    .release_needs_notification_get = true,
    .descriptor_size = 48,
    .relative_properties = true,
    .checks_extended_arguments = true,
    .interrupts_before_request = true,
};

inline constexpr profile tfa_el3{
    .name = "tfa_el3",
    .newest = ffa::version::v1_2,
    .strict_version = false,
    .sign_extends_errors = true,
    .unused_low = unused_registers::keep,
    .unused_high = unused_registers::keep,
    .unused_high_before_v1_2 = unused_registers::zero,
    .normal_world = detail::with_console(detail::with_retrieving(detail::with_sending(detail::setup))),
    .secure = detail::with_console(detail::with_retrieving(detail::with_answers(detail::setup))),
    .delivers_unknown_service = true,
    .direct2_needs_v1_2 = false,
    .forwards_error_reply = true,
    .retransmits_fragments = true,
};

inline constexpr profile optee{
    .name = "optee",
    .newest = ffa::version::v1_2,
    .strict_version = false,
    .locks_version = false,
    .unused_high_before_v1_2 = unused_registers::zero,
    .normal_world =
        detail::with_bitmaps(detail::with_scheduling(detail::with_notifications(detail::with_sending(detail::setup)))),
    .secure = detail::with_console(
        detail::with_notifications(detail::with_retrieving(detail::with_sending(detail::with_answers(detail::setup))))),
    .dynamic_buffers = true,
    .unsupported_method = ffa::error::not_supported,
    .mixed_pair = ffa::error::invalid_parameters,
    .fragments = fragment_rule::not_to_secure,
    .handle_base = std::uint64_t{1} << 44,
};

inline constexpr profile xen{
    .name = "xen",
    .newest = ffa::version::v1_2,
    .strict_version = false,
    .version_first = true,
    .normal_world =
        detail::with_scheduling(detail::with_notifications(detail::setup))
            .with(ffa::function_id::partition_info_get_regs, ffa::function_id::msg_send2, ffa::function_id::mem_share,
                  ffa::function_id::mem_share_64, ffa::function_id::mem_reclaim),
    .secure = detail::everything,
    .max_buffer_pages = 1,
    .unmap_refuses_owned_rx = true,
    .lists_virtual_machines = true,
    .hides_caller_before_v1_2 = true,
    .tagged_windows = true,
    .order = check_order::xen,
    .fragments = fragment_rule::none,
    .max_share_pages = 128, // 512 KiB
    .max_shares = 32,
    .handle_base = std::uint64_t{1} << 63,
};

/// Those of real managers.
inline constexpr const profile* all[] = {&hafnium, &tfa_el3, &optee, &xen};

/// The one of these with this name, or null.
constexpr const profile* find(const char* name) {
    for (const profile* p : all) {
        std::size_t i = 0;
        while (name[i] != 0 && name[i] == p->name[i]) ++i;
        if (name[i] == p->name[i]) return p;
    }
    return nullptr;
}

} // namespace vmsg::sim::profiles
