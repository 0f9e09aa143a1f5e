// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `sim::profile`: how one FF-A manager answers where managers differ. Every field can be changed to make a manager that
// nobody has built yet. The ready ones: `profiles.hpp`.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/version.hpp>

namespace vmsg::sim {

/// FF-A functions, the 32-bit and the 64-bit form of a call each for itself.
class function_set {
public:
    template <std::same_as<ffa::function_id>... Id> constexpr explicit function_set(Id... id) { (mark(id, true), ...); }

    /// Only numbers 0x60 to 0x9f can be in a set: FF-A has no others up to 1.3.
    constexpr bool has(ffa::function_id id) const {
        const std::uint32_t n = number(id);
        return n < 64 && known(id) && (bits_[ffa::is_64_bit(id) ? 1 : 0] >> n & 1) != 0;
    }
    template <std::same_as<ffa::function_id>... Id> constexpr function_set with(Id... id) const {
        function_set made = *this;
        (made.mark(id, true), ...);
        return made;
    }
    template <std::same_as<ffa::function_id>... Id> constexpr function_set without(Id... id) const {
        function_set made = *this;
        (made.mark(id, false), ...);
        return made;
    }
    friend constexpr bool operator==(const function_set&, const function_set&) = default;

private:
    static constexpr std::uint32_t number(ffa::function_id id) {
        return (static_cast<std::uint32_t>(id) & 0xffff) - 0x60; // huge below 0x60
    }
    static constexpr bool known(ffa::function_id id) {
        return (static_cast<std::uint32_t>(ffa::form_64(id)) & 0xffff'0000) == 0xc400'0000;
    }
    constexpr void mark(ffa::function_id id, bool in) {
        VMSG_ASSERT(number(id) < 64);
        std::uint64_t& bits = bits_[ffa::is_64_bit(id) ? 1 : 0];
        const std::uint64_t bit = std::uint64_t{1} << number(id);
        bits = in ? bits | bit : bits & ~bit;
    }

    std::uint64_t bits_[2]{};
};

/// What is found in a register that an answer does not define.
enum class unused_registers : std::uint8_t {
    zero,
    keep, ///< what the caller had there
    garbage,
};

/// The order of the checks of FFA_MSG_SEND2, and what the receiver finds.
enum class check_order : std::uint8_t {
    hafnium, ///< an unmapped RX buffer is BUSY; header and message arrive as they were written
    xen,     ///< sizes first; an unmapped RX buffer is DENIED; the header is written anew with 40 bytes
};

/// Whether a memory descriptor may come in fragments.
enum class fragment_rule : std::uint8_t { any, none, not_to_secure };

/// A manager. By default it is strict, zeroes what it does not define, and has no functions at all: `profiles::generic`
/// is the same with all of them.
struct profile {
    const char* name = "custom";

    // FFA_VERSION
    ffa::version newest = ffa::version::v1_3; ///< its own version, which every successful FFA_VERSION answers
    bool strict_version = true; ///< an incompatible request: NOT_SUPPORTED. Otherwise: `newest`, nothing is recorded
    bool locks_version = true;  ///< no other version after the first other call
    bool version_first = false; ///< virtual machines: every other call is NOT_SUPPORTED before FFA_VERSION

    // Answers
    bool sign_extends_errors = false;                                  ///< x2 of FFA_ERROR, x0 of FFA_VERSION
    unused_registers unused_low = unused_registers::zero;              ///< x1 to x7
    unused_registers unused_high = unused_registers::zero;             ///< x8 to x17, callers of FF-A 1.2 on
    unused_registers unused_high_before_v1_2 = unused_registers::keep; ///< x8 to x17, older callers
    bool garbage_upper_halves = false;                                 ///< in x1 to x7 of 32-bit answers

    // Functions; all others are NOT_SUPPORTED
    function_set normal_world{};
    function_set secure{};
    std::uint32_t memory_features = 2; ///< FFA_FEATURES(MEM_RETRIEVE_REQ): bit 1 NS bit, bit 2 hypervisor retrieves
    bool dynamic_buffers = false;      ///< FFA_MEM_*: descriptors elsewhere than in the TX buffer

    // Buffers
    std::uint32_t max_buffer_pages = 4;          ///< 4 KiB pages of RX and of TX, 1 to 63
    bool release_needs_notification_get = false; ///< RX_RELEASE: DENIED while the RX-full notification is unread
    bool unmap_refuses_owned_rx = false;         ///< RXTX_UNMAP: DENIED while RX is the caller's

    // Discovery
    std::uint32_t descriptor_size = 24; ///< bytes, 24 or 48, to callers from 1.1 on; callers of 1.0 get 8
    bool relative_properties = false;   ///< a virtual machine is not told what a partition can send
    bool lists_virtual_machines = false;
    bool hides_caller_before_v1_2 = false;
    bool tagged_windows =
        false; ///< GET_REGS: a tag that changes with the partitions. Otherwise 0, and no other is taken

    // Direct messages
    bool delivers_unknown_service = false;              ///< REQ2 for a UUID the receiver does not have
    ffa::error unsupported_method = ffa::error::denied; ///< the receiver has no such method
    ffa::error mixed_pair = ffa::error::denied;         ///< a request answered by the response of another form
    bool checks_extended_arguments = false;             ///< RUN, MSG_WAIT, RESP: x8 to x17 have to be zero
    bool direct2_needs_v1_2 = true;                     ///< REQ2 below 1.2 is refused. Otherwise it loses x8 to x17
    std::size_t carried_registers = 18;                 ///< of REQ2 and RESP2: 18, or 8 (managers that lose x8 to x17)
    bool interrupts_before_request = false; ///< a partition with something pending is woken before it gets a request
    bool forwards_error_reply = false;      ///< FFA_ERROR in place of a response goes to the requester

    // Indirect messages and notifications
    check_order order = check_order::hafnium;
    bool needs_bitmap_create = true; ///< the caller with id 0 has no notifications before NOTIFICATION_BITMAP_CREATE

    // Memory
    fragment_rule fragments = fragment_rule::any;
    bool retransmits_fragments = false; ///< FRAG_RX at the previous offset gives the fragment once more
    std::uint32_t max_share_pages = 0;  ///< 4 KiB pages of one transaction; 0: no limit
    std::size_t max_shares = 0;         ///< transactions at a time; 0: as many as there is room for
    std::uint64_t handle_base = 0;      ///< bits that all handles have

    std::uint32_t npi = 5; ///< interrupt of FFA_FEATURES(1), and the one that wakes a partition
    std::uint32_t sri = 8; ///< interrupt of FFA_FEATURES(2)
};

} // namespace vmsg::sim
