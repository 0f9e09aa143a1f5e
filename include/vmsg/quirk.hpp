// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What other stacks do otherwise, each deviation with its name, and what this library does about it. Source: the code
// of the peers in `known_peer`; docs/quirks.md is made from this table.

#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>

namespace vmsg {

/// Deviations of existing peers.
enum class quirk : std::uint8_t {
    version_18_18,
    version_18_18_bus_1_0,
    version_8_18,
    version_12_22,
    version_zero_on_mismatch,
    version_zero_fields,
    features_rx_only,
    area_max_0xff,
    area_16_48_with_6_byte_header,
    max_message_96,
    get_devices_popcount,
    get_devices_order_v1,
    get_devices_bitmap_by_request,
    get_devices_offset0_only,
    get_devices_request_0xff,
    get_devices_count_is_device_count,
    get_devices_u8_bitmap,
    get_devices_next_nonzero_at_end,
    get_devices_size_by_slots,
    bus_response_token_zero,
    null_msg_size_6,
    null_msg_size_8,
    null_msg_echo_id,
    zero_payload_error,
    bus_error_message,
    direct_all_zero_is_busy,
    no_reply,
    requests_ignored,
    transport_error_message,
    get_config_out_of_range_length_0,
    extra_length_accepted,
    feature_block_limit,
    strict_type_compare,
    event_ack_bus_response,
    event_ack_echo_id,
    event_poll_missing,
    event_configure_ignored,
    event_configure_replaces,
    event_configure_once,
    event_configure_absent,
    event_used_synthesised,
    event_configure_notif_always,
    event_device_hint_only,
    event_config_needs_data,
    notif_unreachable,
    event_token_counter,
    token_fixed,
    feature_bits_exactly_64,
    device_info_v1,
    device_info_config_size_0,
    device_info_bogus_admin,
    vqueue_unpadded,
    get_vqueue_phys_addr,
    set_config_no_echo,
    set_config_missing,
    get_shm_missing,
    reset_vqueue_unconditional,
    status_zero_panics,
    set_vqueue_enables,
    set_vqueue_size_noop,
    strict_config_refused,
    set_config_generation_enforced,
    reset_always_error,
    area_release_missing,
    area_release_refused,
    reset_never_sent,
    fifo_bad_index_spins,
    area_attrs_ignored,
    area_share_error_leaks,
    direct_first_then_indirect_for_ever,
    device_without_direct,
    send2_offset_24_or_40,
};
inline constexpr std::size_t quirk_count = static_cast<std::size_t>(quirk::send2_offset_24_or_40) + 1;

/// A set of quirks. Those that are options are given to an engine with its capacity, so that those which are not there
/// cost nothing.
struct quirk_set {
    std::uint64_t bits[2]{}; ///< by the number of the quirk

    constexpr quirk_set() = default;
    template <class... Quirks> constexpr explicit quirk_set(quirk first, Quirks... more) {
        add(first);
        (add(more), ...);
    }
    constexpr void add(quirk q) {
        const auto number = static_cast<unsigned>(q);
        bits[number / 64] |= std::uint64_t{1} << number % 64;
    }
    constexpr bool has(quirk q) const {
        const auto number = static_cast<unsigned>(q);
        return (bits[number / 64] >> number % 64 & 1) != 0;
    }
    constexpr bool empty() const { return (bits[0] | bits[1]) == 0; }
    friend constexpr quirk_set operator|(const quirk_set& a, const quirk_set& b) {
        quirk_set both;
        both.bits[0] = a.bits[0] | b.bits[0];
        both.bits[1] = a.bits[1] | b.bits[1];
        return both;
    }
    friend bool operator==(const quirk_set&, const quirk_set&) = default;
};

/// What this library does about a quirk.
enum class quirk_handling : std::uint8_t {
    revision, ///< belongs to a revision: nothing to choose
    always,   ///< without being told
    option,   ///< if it is in the quirks of a capacity; a name of a function says another place
    setting,  ///< with the run-time option that the row names
    defect,   ///< not reproduced, and harmless to this side
};

/// The stacks that were read, as bits.
enum class known_peer : std::uint16_t {
    linux_rfc1 = 1 << 0, ///< Linux RFC of July 2025, driver (rfc2025)
    linux_rfc2 = 1 << 1, ///< Linux RFC V2, driver (oasis_v1)
    linux_poc2 = 1 << 2, ///< Linux PoC v2 of May 2026, both sides (oasis_v2)
    qemu_amd = 1 << 3,   ///< QEMU of 2026, device side (oasis_v1)
    qemu_arm = 1 << 4,   ///< the same with the Arm patches (oasis_v2)
    optee_l0 = 1 << 5,   ///< OP-TEE of Linaro 2025, 6-byte header (rfc2025)
    optee_l1 = 1 << 6,   ///< OP-TEE of Linaro 2025, 8-byte header (oasis_v1)
    optee_qa = 1 << 7,   ///< OP-TEE of Qualcomm 2026, design A (oasis_v1)
    optee_qb = 1 << 8,   ///< OP-TEE of Qualcomm 2026, design B (oasis_v1)
    trusty = 1 << 9,     ///< Trusty, either side (rfc2025)
};
inline constexpr std::size_t known_peer_count = 10;
constexpr known_peer operator|(known_peer a, known_peer b) {
    return static_cast<known_peer>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// Whether `p` is one of `set`.
constexpr bool has(known_peer set, known_peer p) {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(p)) != 0;
}

struct quirk_row {
    quirk what{};
    quirk_handling handling{};
    known_peer peers{}; ///< with the deviation
    const char* name{};
    const char* effect{}; ///< what this library does, in words
};

namespace detail {

constexpr quirk_row quirk_line(quirk what, const char* name, quirk_handling handling, known_peer peers,
                               const char* effect) {
    return {what, handling, peers, name, effect};
}

// clang-format off
#define VMSG_QUIRK(name, handling, peers, effect)                                                                      \
    quirk_line(quirk::name, #name, quirk_handling::handling, peers, effect)
struct quirk_rows {
    using enum known_peer;
    static constexpr quirk_row all[]{
        VMSG_QUIRK(version_18_18, revision, linux_rfc1 | optee_l0 | trusty,
                   "rfc2025"),
        VMSG_QUIRK(version_18_18_bus_1_0, option, optee_qa,
                   "the driver of oasis_v1 sends VERSION with 18 bytes; device sides recognise it by its size"),
        VMSG_QUIRK(version_8_18, revision, linux_rfc2 | optee_l1 | optee_qb,
                   "oasis_v1"),
        VMSG_QUIRK(version_12_22, revision, linux_poc2,
                   "oasis_v2"),
        VMSG_QUIRK(version_zero_on_mismatch, always, optee_l1 | optee_qa | optee_qb,
                   "bus version 0 is no version in common"),
        VMSG_QUIRK(version_zero_fields, always, optee_l0,
                   "a version that is zero or another one than proposed ends the attempt"),
        VMSG_QUIRK(features_rx_only, option, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "DIRECT_RX alone is enough for direct messages"),
        VMSG_QUIRK(area_max_0xff, always, optee_l1 | optee_qa | optee_qb,
                   "no area has a higher id than the peer can have"),
        VMSG_QUIRK(area_16_48_with_6_byte_header, option, trusty,
                   "`make_bus_address` with the quirk puts the area id at bit 48"),
        VMSG_QUIRK(max_message_96, setting, optee_l0 | optee_l1 | optee_qa | optee_qb | trusty,
                   "`max_msg_size` of the options"),
        VMSG_QUIRK(get_devices_popcount, option, optee_l0 | optee_l1 | optee_qb,
                   "the driver goes by the length of the bitmap, not by the count"),
        VMSG_QUIRK(get_devices_order_v1, revision, linux_rfc1 | linux_rfc2 | qemu_amd | optee_l0
                   | optee_l1 | optee_qa | optee_qb | trusty,
                   "rfc2025 and oasis_v1"),
        VMSG_QUIRK(get_devices_bitmap_by_request, option, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "the driver goes by the length of the bitmap, not by the count"),
        VMSG_QUIRK(get_devices_offset0_only, always, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "a next_offset of 0 ends the enumeration with the first window"),
        VMSG_QUIRK(get_devices_request_0xff, always, linux_rfc1 | linux_rfc2,
                   "a window may have any length"),
        VMSG_QUIRK(get_devices_count_is_device_count, always, linux_rfc1 | linux_rfc2,
                   "the count that is asked for is the count in the answer, and devices 0 to 7 end it"),
        VMSG_QUIRK(get_devices_u8_bitmap, always, trusty,
                   "the count says how long the bitmap is"),
        VMSG_QUIRK(get_devices_next_nonzero_at_end, always, qemu_amd,
                   "the windows end after the last device number"),
        VMSG_QUIRK(get_devices_size_by_slots, option, qemu_amd,
                   "the driver cuts the message after the bitmap"),
        VMSG_QUIRK(bus_response_token_zero, setting, qemu_amd,
                   "`token_source::none`"),
        VMSG_QUIRK(null_msg_size_6, option, optee_l0 | optee_l1,
                   "with the 8-byte header the driver takes a null message of 6 bytes"),
        VMSG_QUIRK(null_msg_size_8, always, optee_qb,
                   "the request has failed with `peer_error`"),
        VMSG_QUIRK(null_msg_echo_id, option, optee_qa,
                   "a header with device 0 refuses the request of its token"),
        VMSG_QUIRK(zero_payload_error, option, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "an answer of device 0 that is all zero refuses the request of its token"),
        VMSG_QUIRK(bus_error_message, always, linux_poc2,
                   "the request has failed with `peer_error`; if it was one of the bus, the bus has failed"),
        VMSG_QUIRK(direct_all_zero_is_busy, always, linux_poc2,
                   "no all-zero frame is sent; one that comes is `no_answer`"),
        VMSG_QUIRK(no_reply, always, qemu_amd,
                   "the request has failed with `timed_out`"),
        VMSG_QUIRK(requests_ignored, always, linux_poc2,
                   "a device side does not ask"),
        VMSG_QUIRK(transport_error_message, always, linux_poc2,
                   "the request has failed with `peer_error`; the bus goes on"),
        VMSG_QUIRK(get_config_out_of_range_length_0, always, qemu_arm,
                   "the request has failed with `bad_value`; the device goes on"),
        VMSG_QUIRK(extra_length_accepted, always, qemu_amd | qemu_arm,
                   "messages have their exact length"),
        VMSG_QUIRK(feature_block_limit, always, qemu_arm,
                   "no request asks for more blocks than fit a message, or for none"),
        VMSG_QUIRK(strict_type_compare, always, linux_poc2,
                   "reserved bits of the type are zero"),
        VMSG_QUIRK(event_ack_bus_response, always, linux_poc2,
                   "sent by oasis_v2 device sides, taken by driver sides of all revisions"),
        VMSG_QUIRK(event_ack_echo_id, always, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "sent by older device sides, taken by their driver sides"),
        VMSG_QUIRK(event_poll_missing, option, linux_poc2 | optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "no EVENT_POLL is sent: at each interval every queue of a running device may have used buffers"),
        VMSG_QUIRK(event_configure_ignored, always, optee_l1 | optee_qb,
                   "SUCCESS is believed; the policy polls all the same"),
        VMSG_QUIRK(event_configure_replaces, always, optee_qa,
                   "a method is asked for until one is taken, POLL at last"),
        VMSG_QUIRK(event_configure_once, always, linux_poc2,
                   "after SUCCESS nothing else is asked for"),
        VMSG_QUIRK(event_configure_absent, revision, linux_rfc1 | optee_l0 | trusty,
                   "rfc2025"),
        VMSG_QUIRK(event_used_synthesised, defect, linux_rfc2,
                   "an event that nobody sent; event_poll_missing asks the rings instead"),
        VMSG_QUIRK(event_configure_notif_always, option, linux_rfc2,
                   "the device side answers SUCCESS to NOTIF, and keeps events for EVENT_POLL"),
        VMSG_QUIRK(event_device_hint_only, always, linux_poc2,
                   "GET_DEVICES tells what an event does"),
        VMSG_QUIRK(event_config_needs_data, option, linux_poc2,
                   "the device side sends EVENT_CONFIG without a range"),
        VMSG_QUIRK(notif_unreachable, always, linux_poc2,
                   "a driver that never asks for NOTIF has its events by EVENT_POLL"),
        VMSG_QUIRK(event_token_counter, always, linux_poc2,
                   "tokens of events mean nothing but to an open EVENT_POLL"),
        VMSG_QUIRK(token_fixed, setting, linux_rfc2,
                   "`token_source::fixed`; device sides give any token back"),
        VMSG_QUIRK(feature_bits_exactly_64, always, linux_rfc2,
                   "a device says how many blocks it has; two, unless it has features beyond"),
        VMSG_QUIRK(device_info_v1, revision, linux_rfc1 | linux_rfc2 | qemu_amd | optee_l0
                   | optee_l1 | optee_qa | optee_qb | trusty,
                   "rfc2025 and oasis_v1"),
        VMSG_QUIRK(device_info_config_size_0, option, optee_qa,
                   "the driver does not check ranges against a configuration of 0 bytes"),
        VMSG_QUIRK(device_info_bogus_admin, always, optee_l0,
                   "legal: the second of two queues is called the one for administration"),
        VMSG_QUIRK(vqueue_unpadded, revision, linux_rfc1 | optee_l0 | trusty,
                   "rfc2025"),
        VMSG_QUIRK(get_vqueue_phys_addr, option, optee_l0 | optee_l1 | optee_qb,
                   "a session compares the size of a queue that it has set, not its addresses"),
        VMSG_QUIRK(set_config_no_echo, always, optee_qa,
                   "an answer may repeat the length without data"),
        VMSG_QUIRK(set_config_missing, always, optee_l0 | optee_l1 | optee_qb,
                   "the request has failed with `peer_error`"),
        VMSG_QUIRK(get_shm_missing, always, optee_l0 | optee_l1 | optee_qa | optee_qb,
                   "the request has failed with `peer_error`"),
        VMSG_QUIRK(reset_vqueue_unconditional, option, linux_rfc2,
                   "the device side takes RESET_VQUEUE without VIRTIO_F_RING_RESET"),
        VMSG_QUIRK(status_zero_panics, option, optee_l0 | optee_l1,
                   "a session does not write status 0 to a device that has another one"),
        VMSG_QUIRK(set_vqueue_enables, revision, linux_rfc1 | linux_rfc2 | qemu_amd | optee_l0
                   | optee_l1 | optee_qa | optee_qb | trusty,
                   "rfc2025 and oasis_v1"),
        VMSG_QUIRK(set_vqueue_size_noop, always, qemu_arm,
                   "a session reads back what it has set: `denied`"),
        VMSG_QUIRK(strict_config_refused, always, linux_poc2,
                   "the feature is offered only if the options have it"),
        VMSG_QUIRK(set_config_generation_enforced, always, linux_rfc2,
                   "the last generation that was seen is sent"),
        VMSG_QUIRK(reset_always_error, always, optee_l1 | optee_qa,
                   "closing has failed with `peer_error`; the bus can be opened again"),
        VMSG_QUIRK(area_release_missing, always, optee_l0 | optee_l1 | optee_qa | optee_qb | trusty,
                   "AREA_UNSHARE is sent again until the peer has let go"),
        VMSG_QUIRK(area_release_refused, always, linux_rfc1 | linux_rfc2,
                   "the next AREA_UNSHARE is answered with SUCCESS"),
        VMSG_QUIRK(reset_never_sent, always, linux_poc2,
                   "VERSION on a bus that is up begins anew"),
        VMSG_QUIRK(fifo_bad_index_spins, defect, linux_poc2,
                   "no index is written that does not exist, and one that is read ends the FIFO"),
        VMSG_QUIRK(area_attrs_ignored, always, optee_l1 | optee_qa | optee_qb,
                   "attributes and counts are checked before they are sent"),
        VMSG_QUIRK(area_share_error_leaks, defect, linux_rfc2,
                   "memory that the peer refuses is given back"),
        VMSG_QUIRK(direct_first_then_indirect_for_ever, defect, linux_rfc1,
                   "BUSY changes no method; every start begins with the wanted one"),
        VMSG_QUIRK(device_without_direct, always, linux_poc2,
                   "the bus begins on indirect messages"),
        VMSG_QUIRK(send2_offset_24_or_40, setting, linux_rfc1 | linux_rfc2 | linux_poc2,
                   "`indirect_options::ffa_version` 1.2: the long header is legal with 1.1, too"),
    };
};
#undef VMSG_QUIRK
// clang-format on

constexpr bool in_order() {
    for (std::size_t i = 0; i < quirk_count; ++i)
        if (static_cast<std::size_t>(quirk_rows::all[i].what) != i) return false;
    return sizeof quirk_rows::all == quirk_count * sizeof(quirk_row);
}
static_assert(in_order(), "the table has one row for each quirk, in the order of the enumeration");

} // namespace detail

constexpr const quirk_row& quirk_row_of(quirk q) { return detail::quirk_rows::all[static_cast<std::size_t>(q)]; }

/// The options for a peer.
constexpr quirk_set quirks_of_peer(known_peer p) {
    quirk_set all;
    for (const quirk_row& r : detail::quirk_rows::all)
        if (r.handling == quirk_handling::option && has(r.peers, p)) all.add(r.what);
    return all;
}

/// The options for the peers with a name.
namespace quirks_of {
inline constexpr quirk_set linux_rfc1 = quirks_of_peer(known_peer::linux_rfc1);
inline constexpr quirk_set linux_rfc2 = quirks_of_peer(known_peer::linux_rfc2);
inline constexpr quirk_set linux_poc2 = quirks_of_peer(known_peer::linux_poc2);
inline constexpr quirk_set qemu_amd = quirks_of_peer(known_peer::qemu_amd);
inline constexpr quirk_set qemu_arm = quirks_of_peer(known_peer::qemu_arm);
inline constexpr quirk_set optee_l0 = quirks_of_peer(known_peer::optee_l0);
inline constexpr quirk_set optee_l1 = quirks_of_peer(known_peer::optee_l1);
inline constexpr quirk_set optee_qa = quirks_of_peer(known_peer::optee_qa);
inline constexpr quirk_set optee_qb = quirks_of_peer(known_peer::optee_qb);
inline constexpr quirk_set trusty = quirks_of_peer(known_peer::trusty);
} // namespace quirks_of

} // namespace vmsg
