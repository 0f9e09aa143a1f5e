// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How often the calls of FF-A memory sharing are made again, and what became of them. Source: FF-A bus, rule N11; FF-A,
// "Interface status return codes".

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// Budgets of FF-A memory operations. The defaults are those of the Linux driver of 2026.
struct memory_policy {
    /// One call that the manager does not execute for now: BUSY, RETRY, INTERRUPTED, and NO_MEMORY, which is transient
    /// for memory operations only.
    proto::retry_policy calls{
        .busy_attempts = 20, .busy_backoff = 20 * milliseconds, .max_busy_backoff = 100 * milliseconds};
    duration reclaim_interval = 1 * seconds; ///< between two FFA_MEM_RECLAIM that are DENIED: somebody has access
    std::uint16_t reclaim_attempts = 60;     ///< FFA_MEM_RECLAIM that may be DENIED, until nothing more is tried
};

/// What the manager answered to memory calls.
struct memory_counters {
    std::uint64_t calls{};       ///< all of them, FFA_RUN included
    std::uint64_t busy{};        ///< of these: BUSY
    std::uint64_t no_memory{};   ///< NO_MEMORY
    std::uint64_t retried{};     ///< RETRY and FFA_ERROR with INTERRUPTED
    std::uint64_t interrupted{}; ///< FFA_INTERRUPT and FFA_YIELD: went on with FFA_RUN
    std::uint64_t denied{};      ///< FFA_MEM_RECLAIM while somebody has access
    std::uint64_t given_up{};    ///< operations whose budget was spent
    std::uint64_t unreturned{};  ///< memory that could not be relinquished or reclaimed: the manager has it still
};

namespace detail {

/// The attempts of one memory operation after the other: makes its calls and says when the next one may be made.
class memory_attempts {
public:
    constexpr explicit memory_attempts(const memory_policy& policy) : policy_(policy) {}

    /// The next operation begins, or the present one has come a step further.
    constexpr void begin() {
        attempts_ = runs_ = 0;
        due_ = 0;
        paused_ = false;
    }
    /// Makes the call in `frame`, or goes on with an interrupted one, and gives the answer.
    template <ffa::conduit Conduit> constexpr ffa::call_frame make(Conduit& conduit, ffa::call_frame frame) {
        if (interrupted_) frame = ffa::encode(ffa::run_call{who_, ffa::form::smc32});
        conduit(frame);
        ++counters.calls;
        const auto target = ffa::resumption_of(frame);
        interrupted_ = target.has_value();
        if (target) who_ = *target;
        return frame;
    }
    /// What an error means: `would_block` if the same call may be made again at `due`.
    constexpr errc judge(errc why, instant now) {
        if (!ffa::may_be_repeated(why)) return why;
        if (interrupted_) {
            ++counters.interrupted;
            due_ = now;
            if (++runs_ < ffa::most_pauses) return errc::would_block;
        } else {
            count(why);
            if (++attempts_ < policy_.calls.busy_attempts) {
                due_ = now + policy_.calls.backoff(attempts_);
                return errc::would_block;
            }
        }
        ++counters.given_up;
        interrupted_ = false;
        return why == errc::interrupted ? errc::timed_out : why;
    }
    /// One attempt of a call that FFA_SUCCESS answers, or of going on with it after FFA_MEM_OP_PAUSE; `would_block` if
    /// there has to be another one at `due`. `bad_value`: the manager names another handle.
    template <ffa::conduit Conduit>
    constexpr errc attempt(Conduit& conduit, const ffa::call_frame& call, ffa::memory_handle handle, instant now) {
        const auto answer = make(conduit, paused_ ? ffa::encode(ffa::mem_op_resume_call{handle}) : call);
        const auto pause = ffa::decode_mem_op_pause(answer);
        if (!pause) return judge(ffa::outcome_of(answer).error(), now);
        if (pause->handle != handle) return errc::bad_value;
        paused_ = true;
        due_ = now;
        if (++runs_ < ffa::most_pauses) return errc::would_block;
        ++counters.given_up;
        return errc::timed_out;
    }
    constexpr instant due() const { return due_; }
    constexpr const memory_policy& policy() const { return policy_; }

    memory_counters counters{};

private:
    constexpr void count(errc why) {
        if (why == errc::busy)
            ++counters.busy;
        else if (why == errc::no_memory)
            ++counters.no_memory;
        else
            ++counters.retried;
    }

    memory_policy policy_;
    std::uint32_t attempts_ = 0; // refused ones of the present call
    std::uint32_t runs_ = 0;     // FFA_RUN and FFA_MEM_OP_RESUME for it
    instant due_ = 0;
    ffa::target who_{};
    bool interrupted_ = false; // FFA_RUN comes next
    bool paused_ = false;      // FFA_MEM_OP_RESUME comes next
};

} // namespace detail

} // namespace vmsg
