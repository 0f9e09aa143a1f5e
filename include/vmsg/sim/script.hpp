// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `sim::fault`: what a manager or a partition does wrong on purpose, and for how many calls.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/result.hpp>

namespace vmsg::sim {

enum class fault_kind : std::uint8_t {
    refuse,        ///< FFA_ERROR with `code`; the call is not executed
    interrupt,     ///< direct requests, RUN: `times` answers FFA_INTERRUPT, naming `names`, before the partition runs
    yield,         ///< the same with FFA_YIELD
    zero_response, ///< direct requests: the response has a payload of zeroes, the partition never saw the request
    garbage,       ///< whatever the answer does not define has random values
    sign_extend,   ///< the error in the answer is extended with its sign
    rx_full,       ///< the RX buffer that the call would fill counts as full
    lose_notification, ///< NOTIFICATION_SET, MSG_SEND2: done, but nothing becomes pending
    pause,             ///< FFA_MEM_OP_PAUSE first
    restart,           ///< direct requests, RUN: the receiver starts anew instead, and the caller gets ABORTED
};

/// The value of `fault::times` that does not run out.
inline constexpr std::uint32_t for_ever = ~std::uint32_t{0};

struct fault {
    fault_kind kind{};
    std::optional<ffa::function_id> on{}; ///< the calls it is for, 32-bit and 64-bit form; none: all
    std::uint32_t times = 1;              ///< calls that it strikes
    std::uint32_t after = 0;              ///< calls that it leaves alone before
    std::optional<ffa::endpoint_id> caller{};
    ffa::error code = ffa::error::busy; ///< of `refuse`
    ffa::target names{};                ///< whom an INTERRUPT or YIELD names; id 0: the receiver itself
};

namespace detail {

/// The faults still to come, in the order in which they were given.
class script {
public:
    constexpr explicit script(std::span<fault> places) : places_(places) {}

    constexpr result<void> add(const fault& f) {
        if (count_ == places_.size()) return errc::full;
        places_[count_++] = f;
        return {};
    }
    constexpr void clear() { count_ = 0; }

    /// The fault of `kind` that strikes this call, if there is one. Counts the call.
    constexpr std::optional<fault> strike(fault_kind kind, ffa::function_id on, ffa::endpoint_id caller) {
        return take(kind, on, caller, 1);
    }
    /// The same for a fault whose `times` belong to a single call.
    constexpr std::optional<fault> strike_run(fault_kind kind, ffa::function_id on, ffa::endpoint_id caller) {
        return take(kind, on, caller, for_ever);
    }
    /// Faults that have not run out.
    constexpr std::size_t left() const {
        std::size_t n = 0;
        for (std::size_t i = 0; i < count_; ++i) n += places_[i].times != 0 ? std::size_t{1} : std::size_t{0};
        return n;
    }

private:
    constexpr std::optional<fault> take(fault_kind kind, ffa::function_id on, ffa::endpoint_id caller,
                                        std::uint32_t uses) {
        for (std::size_t i = 0; i < count_; ++i) {
            fault& f = places_[i];
            if (f.kind != kind || !concerns(f, on, caller) || f.times == 0) continue;
            if (f.after != 0) {
                --f.after;
                continue;
            }
            const fault struck = f;
            if (f.times != for_ever || uses == for_ever) f.times -= uses < f.times ? uses : f.times;
            return struck;
        }
        return std::nullopt;
    }
    static constexpr bool concerns(const fault& f, ffa::function_id on, ffa::endpoint_id caller) {
        return (!f.on || ffa::form_64(*f.on) == ffa::form_64(on)) && (!f.caller || *f.caller == caller);
    }

    std::span<fault> places_;
    std::size_t count_ = 0;
};

} // namespace detail

} // namespace vmsg::sim
