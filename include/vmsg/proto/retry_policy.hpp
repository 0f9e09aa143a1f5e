// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How long the engines wait and how often they try again. A carrier makes one attempt; every budget stands here.

#include <cstdint>

#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg::proto {

/// Budgets of one side. The defaults are those of the Linux driver of 2026 (FF-A bus rules N8, N9, N11, N12, N15); for
/// a device side see `device_retry_policy`.
struct retry_policy {
    std::uint16_t busy_attempts = 10;             ///< sends of one frame that the carrier may refuse as busy
    duration busy_backoff = 1 * milliseconds;     ///< between two of them; doubles up to the maximum
    duration max_busy_backoff = 2 * milliseconds; ///< longest pause between two sends
    duration response_timeout = 5 * seconds;      ///< from the send to the response; then the request has failed
    duration poll_interval = 100 * milliseconds;  ///< between two rounds of EVENT_POLL
    duration notified_interval = 1 * seconds;     ///< the same where a notification says when: one can be lost
    std::uint16_t poll_budget = 64;               ///< events taken in one round; the next one follows at once
    /// A round that has used up its budget doubles that of the next one, up to this; one without gets the first again.
    std::uint16_t max_poll_budget = 512;
    duration area_interval = 1 * seconds;       ///< between two AREA_UNSHARE for one area
    std::uint16_t area_attempts = 3;            ///< AREA_UNSHARE for one area that may stay without an answer
    std::uint16_t reset_attempts = 3;           ///< RESET that the peer may answer with BUSY
    duration reset_pause = 1 * milliseconds;    ///< between two of them
    std::uint16_t devices_attempts = 60;        ///< of `busy_attempts` each, for the first window of GET_DEVICES
    duration devices_pause = 50 * milliseconds; ///< between two of them: a device side can still be on its way up

    /// The pause after `attempts` refused sends.
    constexpr duration backoff(std::uint32_t attempts) const {
        duration pause = busy_backoff;
        for (std::uint32_t i = 1; i < attempts && pause < max_busy_backoff; ++i) pause *= 2;
        return pause < max_busy_backoff ? pause : max_busy_backoff;
    }
    /// How long the token of a request without a response stays unused: its answer may still come.
    constexpr duration quarantine() const { return 2 * response_timeout; }
};

/// Over direct messages a refusal costs a call and says that the peer has not begun: three attempts, no pause (FF-A
/// bus, rule N7).
inline constexpr retry_policy direct_retry_policy{.busy_attempts = 3, .busy_backoff = 0, .max_busy_backoff = 0};

/// Over indirect messages the peer has to empty its buffer first: ten attempts, 1 and 2 ms apart (FF-A bus, rule N9).
inline constexpr retry_policy indirect_retry_policy{
    .busy_attempts = 10, .busy_backoff = 1 * milliseconds, .max_busy_backoff = 2 * milliseconds};

/// Budgets of a device side, which only sends: five seconds for one frame (FF-A bus, rules N8, N9).
inline constexpr retry_policy device_retry_policy{
    .busy_attempts = 500, .busy_backoff = 10 * milliseconds, .max_busy_backoff = 10 * milliseconds};

/// Budgets of a driver side over a FIFO: five seconds for room in a ring (FF-A bus, rule N10), and that is patience.
inline constexpr retry_policy fifo_retry_policy{.busy_attempts = device_retry_policy.busy_attempts,
                                                .busy_backoff = device_retry_policy.busy_backoff,
                                                .max_busy_backoff = device_retry_policy.max_busy_backoff,
                                                .devices_attempts = 1};

namespace detail {

/// Whether a send that failed with `why` may be tried again (`is_retryable`); if so it is counted. Only an all-zero
/// answer says that the receiver ran: the others are all the carrier's own, and one to the budget and the counters.
template <class Counters> constexpr bool count_refusal(errc why, Counters& counters) {
    if (why == errc::no_answer)
        ++counters.no_answers;
    else if (is_retryable(why))
        ++counters.carrier_busy;
    return is_retryable(why);
}

} // namespace detail

} // namespace vmsg::proto
