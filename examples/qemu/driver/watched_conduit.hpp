// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The conduit of the driver, and what it sees of how the manager answers: what real managers do differently shows here,
// whether or not it makes a difference to anybody behind it.

#include "conduit.hpp"
#include "timer.hpp"

#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/scheduling.hpp>

#include <cstddef>
#include <cstdint>

namespace driver {

using namespace vmsg;

/// What answers had in them.
struct seen_answers {
    std::uint64_t kept{};            ///< registers without a meaning that still had what the caller had in them
    std::uint64_t random{};          ///< registers without a meaning that had something else; not zero
    std::uint64_t upper_halves{};    ///< of 32-bit results, with something in them; not counting the next
    std::uint64_t extended_errors{}; ///< error codes that were extended with their sign
    std::uint64_t interrupted{};     ///< FFA_INTERRUPT
    std::uint64_t yielded{};         ///< FFA_YIELD
    std::uint32_t info_size{};       ///< bytes of a partition's descriptor, as the manager says; 0: not asked
    bool info_in_rx{};               ///< it came in the RX buffer, not in registers
};

/// How many registers, from x0 on, FFA_SUCCESS to a call of this driver defines.
constexpr std::size_t result_registers(ffa::function_id call) {
    using enum ffa::function_id;
    switch (call) {
    case rxtx_map:
    case rxtx_map_64:
    case rxtx_unmap:
    case rx_release:
    case mem_reclaim:
    case msg_send2:
    case notification_bitmap_create:
    case notification_bitmap_destroy: return 1;
    case id_get: return 3;
    case features:
    case partition_info_get:
    case mem_share:
    case mem_share_64: return 4;
    default: return 8;
    }
}
/// The same of any answer; the others mean nothing.
constexpr std::size_t defined_registers(ffa::function_id call, ffa::function_id answer) {
    using enum ffa::function_id;
    if (call == version) return 1;
    if (ffa::is_64_bit(answer)) return 18;
    switch (answer) {
    case success: return result_registers(call);
    case error:
    case interrupt: return 3;
    case yield: return 4;
    default: return 8;
    }
}

/// Calls by `conduit`. With a timer: it is started before each request, so that it ends while the partition works.
class watched_conduit {
public:
    watched_conduit(board::conduit_kind kind, bool with_timer) : call_(kind), with_timer_(with_timer) {}

    void operator()(ffa::call_frame& frame) {
        const ffa::call_frame call = frame;
        if (with_timer_ && ffa::function_of(call) == ffa::function_id::msg_send_direct_req2) timer::start(100);
        call_(frame);
        watch_registers(call, frame);
        watch_results(call, frame);
    }
    const seen_answers& seen() const { return seen_; }

private:
    void watch_registers(const ffa::call_frame& call, const ffa::call_frame& answer) {
        const ffa::function_id what = ffa::function_of(answer);
        const std::size_t defined = defined_registers(ffa::function_of(call), what);
        for (std::size_t i = defined; i < 18; ++i)
            if (answer.x[i] != 0) ++(answer.x[i] == call.x[i] ? seen_.kept : seen_.random);
        if (ffa::is_64_bit(what)) return;
        const bool failed = what == ffa::function_id::error;
        for (std::size_t i = 1; i < defined && i < 8; ++i) {
            if (answer.x[i] >> 32 == 0) continue;
            const auto extended = std::int64_t{static_cast<std::int32_t>(ffa::word_in(answer, i))};
            const bool sign = failed && i == 2 && answer.x[i] == static_cast<std::uint64_t>(extended);
            ++(sign ? seen_.extended_errors : seen_.upper_halves);
        }
    }
    void watch_results(const ffa::call_frame& call, const ffa::call_frame& answer) {
        if (ffa::decode_interrupt(answer)) ++seen_.interrupted;
        if (ffa::decode_yield(answer)) ++seen_.yielded;
        if (const auto ask = ffa::decode_partition_info_get_regs(call)) {
            const auto got = ffa::decode_partition_info_get_regs_answer(answer, ask->start);
            if (got) note_info(got->descriptor_size, false);
        } else if (ffa::decode_partition_info_get(call)) {
            const auto got = ffa::decode_partition_info_get_answer(answer);
            if (got) note_info(got->descriptor_size, true);
        }
    }
    void note_info(std::uint32_t size, bool in_rx) {
        seen_.info_size = size;
        seen_.info_in_rx = in_rx;
    }

    conduit call_;
    bool with_timer_;
    seen_answers seen_{};
};
static_assert(ffa::conduit<watched_conduit>);

} // namespace driver
