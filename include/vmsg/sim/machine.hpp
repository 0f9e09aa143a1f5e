// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The state of the manager in memory that all its calls work on, and how an answer gets into registers. Users include
// `spmc.hpp`.

#include <cstddef>
#include <cstdint>
#include <span>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/random.hpp>
#include <vmsg/sim/partition.hpp>
#include <vmsg/sim/profile.hpp>
#include <vmsg/sim/script.hpp>
#include <vmsg/sim/share.hpp>

namespace vmsg::sim {

/// What happens outside of calls. The functions may make no call.
struct spmc_hooks {
    void* context = nullptr;
    /// Something became pending for `receiver`. An interrupt of the scheduler (SRI) unless the sender delayed it.
    void (*pending)(void* context, ffa::endpoint_id receiver, bool interrupt) = nullptr;
    /// FFA_CONSOLE_LOG.
    void (*console)(void* context, ffa::endpoint_id from, byte_view text) = nullptr;
    /// Each call of an endpoint, with its answer.
    void (*called)(void* context, ffa::endpoint_id from, const ffa::call_frame& call,
                   const ffa::call_frame& answer) = nullptr;
};

namespace detail {

/// An answer, and how many of its registers, from x0 on, it defines.
struct answer {
    ffa::call_frame frame{};
    std::size_t defined = 1;
};

constexpr answer refuse(ffa::error why) { return {ffa::encode_error(why), 3}; }
constexpr answer granted() { return {ffa::encode_success(), 1}; }

struct machine {
    /// Executes the call in `frame` for `p` and leaves the answer there (`dispatch.hpp`).
    void (*execute)(machine& m, partition& p, ffa::call_frame& frame);
    profile rules;
    std::span<partition> places; ///< room for partitions
    script faults;
    std::span<memory_area> areas;
    std::span<share> shares;
    byte_span scratch; ///< for private copies of what is in a TX buffer
    spmc_hooks hooks{};
    random_numbers random{1};
    std::size_t partition_count = 0;
    std::size_t area_count = 0;
    std::uint16_t generation = 0; ///< counts the changes of the partitions
    std::uint64_t next_handle = 1;
    ffa::memory_handle reserved_handle = ffa::invalid_handle; ///< for the operation that is being resumed
    std::uint32_t entry_limit = 64;                           ///< entries of a partition for one call of another
    ffa::endpoint_id own_id{0x8000};

    constexpr std::span<partition> partitions() { return places.first(partition_count); }
    constexpr std::span<const partition> partitions() const { return places.first(partition_count); }

    /// The partition with this id, or null.
    constexpr partition* find(ffa::endpoint_id id) {
        for (partition& p : partitions())
            if (p.id() == id) return &p;
        return nullptr;
    }
};

/// Whether registers x8 to x17 exist between these two.
constexpr bool extended(const partition& p) { return p.version >= ffa::version::v1_2; }

constexpr ffa::memory_handle new_handle(machine& m) {
    return static_cast<ffa::memory_handle>(m.rules.handle_base | m.next_handle++);
}

/// A copy of the start of a buffer that a partition can write at any time, as much as there is room for.
constexpr byte_view private_copy(machine& m, byte_view shared) {
    const std::size_t size = shared.size() < m.scratch.size() ? shared.size() : m.scratch.size();
    copy_bytes(m.scratch.data(), shared.data(), size);
    // Without it the compiler may read the shared bytes again instead of the copy.
    if (!__builtin_is_constant_evaluated()) __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return byte_view{m.scratch}.first(size);
}

/// Whether `p` has something in x8 to x17 of a call that has to have zeroes there.
constexpr bool extended_arguments(const machine& m, const partition& p, const ffa::call_frame& frame) {
    if (!m.rules.checks_extended_arguments || !extended(p)) return false;
    for (std::size_t i = 8; i < 18; ++i)
        if (frame.x[i] != 0) return true;
    return false;
}

constexpr void count_call(partition& p, ffa::function_id id) {
    const std::uint32_t n = (static_cast<std::uint32_t>(id) & 0xffff) - 0x60;
    if (n < 64) ++p.calls[n];
}

// What the caller finds in register `i`, which the answer does not define.
constexpr std::uint64_t unused_value(machine& m, unused_registers rule, std::uint64_t before) {
    if (rule == unused_registers::zero) return 0;
    return rule == unused_registers::keep ? before : m.random();
}

constexpr void extend_error(ffa::call_frame& frame, std::size_t i) {
    frame.x[i] = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(ffa::word_in(frame, i))});
}

/// Puts `a` into `frame`, which has the call, in the way of the profile and of the faults that strike it.
constexpr void put_answer(machine& m, const partition& caller, ffa::call_frame& frame, const answer& a) {
    const ffa::function_id on = ffa::function_of(frame);
    const bool garbage = m.faults.strike(fault_kind::garbage, on, caller.id()).has_value();
    const bool sign = m.faults.strike(fault_kind::sign_extend, on, caller.id()).has_value();
    const unused_registers high = extended(caller) ? m.rules.unused_high : m.rules.unused_high_before_v1_2;
    ffa::call_frame out = a.frame;
    for (std::size_t i = a.defined; i < 18; ++i) {
        const unused_registers rule = i < 8 ? m.rules.unused_low : high;
        out.x[i] = unused_value(m, garbage ? unused_registers::garbage : rule, frame.x[i]);
    }
    const ffa::function_id what = ffa::function_of(out);
    const bool refused = what == ffa::function_id::error || (on == ffa::function_id::version && out.x[0] >> 31 != 0);
    const bool narrow = !ffa::is_64_bit(what);
    if ((garbage || m.rules.garbage_upper_halves) && narrow)
        for (std::size_t i = 1; i < a.defined && i < 8; ++i) out.x[i] = ffa::word_in(out, i) | m.random() << 32;
    if ((sign || m.rules.sign_extends_errors) && refused) extend_error(out, what == ffa::function_id::error ? 2 : 0);
    frame = out;
}

} // namespace detail

} // namespace vmsg::sim
