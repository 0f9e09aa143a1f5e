// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::fault_injector`: another transport, that fails in ways that can be chosen and repeated.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/random.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// How often what happens to a frame that is sent, in hundredths of a percent: 10,000 is always.
struct fault_rates {
    static constexpr std::uint32_t always = 10'000;

    std::uint32_t busy{};      ///< `send` refuses it with `busy`
    std::uint32_t drop{};      ///< it never arrives
    std::uint32_t delay{};     ///< it arrives later, at most by `longest_delay`
    std::uint32_t duplicate{}; ///< it arrives twice
    std::uint32_t corrupt{};   ///< one of its bits is another one
    std::uint32_t reorder{};   ///< the next frame overtakes it
    /// More than the time-out of a request, so that some answers are late.
    duration longest_delay = 12 * seconds;
};

/// What has happened.
struct fault_counters {
    std::uint64_t passed{}; ///< frames that the carrier took, the second ones of duplicates too
    std::uint64_t busy{};
    std::uint64_t dropped{};
    std::uint64_t delayed{};
    std::uint64_t duplicated{};
    std::uint64_t corrupted{};
    std::uint64_t reordered{};
    std::uint64_t lost{}; ///< frames that were held back and that the carrier did not take then

    constexpr std::uint64_t faults() const {
        return busy + dropped + delayed + duplicated + corrupted + reordered + lost;
    }
};

/// Another transport, which outlives it, with faults on what it sends. What comes in is not touched: each end has an
/// injector of its own. At most `Held` frames of at most `MaxMsgSize` bytes are held back at a time; more than that
/// pass at once. Faults depend on the seed and on what was sent before, never on time.
template <transport T, std::size_t Held, std::size_t MaxMsgSize> class fault_injector {
    static constexpr duration longest_overtaking = 10 * milliseconds;
    static constexpr duration carrier_pause = 1 * milliseconds; // until a full carrier gets a frame that is due

    struct held_frame {
        bool taken{};
        bool overtaken{}; // by the next frame, or else when it is due
        std::uint16_t size{};
        ffa::endpoint_id peer{};
        instant due{};
        std::uint8_t bytes[MaxMsgSize]{};
    };

public:
    constexpr fault_injector(T& wire, const fault_rates& rates, std::uint64_t seed)
        : wire_(wire), rates_(rates), random_(seed) {}

    constexpr std::size_t max_msg_size() const {
        return wire_.max_msg_size() < MaxMsgSize ? wire_.max_msg_size() : MaxMsgSize;
    }

    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        release(now, false);
        if (frame.size() > max_msg_size()) return errc::oversize;
        if (frame.empty()) return wire_.send(peer, frame, now);
        if (strikes(rates_.busy)) {
            ++counters_.busy;
            return errc::busy;
        }
        if (strikes(rates_.drop)) {
            ++counters_.dropped;
            last_has_left_ = false;
            return {};
        }
        if (strikes(rates_.delay)) {
            const auto most = static_cast<std::uint32_t>(rates_.longest_delay / milliseconds);
            if (hold(peer, frame, now + (1 + random_.below(most != 0 ? most : 1)) * milliseconds, false)) {
                ++counters_.delayed;
                return {};
            }
        }
        if (strikes(rates_.reorder) && hold(peer, frame, now + longest_overtaking, true)) {
            ++counters_.reordered;
            return {};
        }
        const result<void> outcome = pass(peer, frame, now);
        if (outcome) release(now, true);
        return outcome;
    }

    constexpr result<inbound> receive(byte_span buffer, instant now) {
        release(now, false);
        const auto got = wire_.receive(buffer, now);
        if (got.error() != errc::no_answer || last_has_left_) return got;
        ++counters_.lost; // a frame that was sent late: its sender believes that another one was the last
        return errc::would_block;
    }

    constexpr void follow(const fifo_link& link) { vmsg::detail::tell(wire_, link); }
    constexpr void follow(transfer_methods agreed) requires vmsg::detail::has_methods<T> { wire_.follow(agreed); }
    constexpr transfer_methods last_method() const requires vmsg::detail::has_methods<T> { return wire_.last_method(); }

    /// When a frame that is held back is due, or the carrier has something to do; `never` if neither is so. It happens
    /// in the next `send` or `receive` after that.
    constexpr instant poll_timeout() const {
        instant first = timeout_of(wire_);
        for (const held_frame& h : held_)
            if (h.taken && h.due < first) first = h.due;
        return first;
    }

    /// Forgets what is held back, as when the sender starts anew.
    constexpr void restart() {
        for (held_frame& h : held_) h.taken = false;
    }

    constexpr const fault_counters& counters() const { return counters_; }

private:
    constexpr bool strikes(std::uint32_t rate) { return rate != 0 && random_.below(fault_rates::always) < rate; }

    constexpr result<void> pass(ffa::endpoint_id peer, byte_view frame, instant now) {
        std::uint8_t changed[MaxMsgSize]{};
        const bool corrupt = strikes(rates_.corrupt);
        if (corrupt) {
            copy_bytes(changed, frame.data(), frame.size());
            const std::uint32_t bit = random_.below(static_cast<std::uint32_t>(8 * frame.size()));
            changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1u << bit % 8);
            frame = {changed, frame.size()};
        }
        const bool duplicate = strikes(rates_.duplicate);
        const result<void> outcome = wire_.send(peer, frame, now);
        if (!outcome) return outcome;
        last_has_left_ = true;
        ++counters_.passed;
        if (corrupt) ++counters_.corrupted;
        if (duplicate && wire_.send(peer, frame, now)) {
            ++counters_.passed;
            ++counters_.duplicated;
        }
        return outcome;
    }

    constexpr bool hold(ffa::endpoint_id peer, byte_view frame, instant due, bool overtaken) {
        for (held_frame& h : held_) {
            if (h.taken) continue;
            last_has_left_ = false;
            h.taken = true;
            h.overtaken = overtaken;
            h.size = static_cast<std::uint16_t>(frame.size());
            h.peer = peer;
            h.due = due;
            copy_bytes(h.bytes, frame.data(), frame.size());
            return true;
        }
        return false;
    }

    /// Sends what is due, and after another frame what that one was to overtake. A full carrier gets it later.
    constexpr void release(instant now, bool overtaking) {
        for (held_frame& h : held_) {
            if (!h.taken || (h.due > now && !(overtaking && h.overtaken))) continue;
            const result<void> outcome = wire_.send(h.peer, {h.bytes, h.size}, now);
            if (is_retryable(outcome.error())) {
                if (h.due <= now) h.due = now + carrier_pause; // a full carrier may need time to pass
                continue;
            }
            h.taken = false;
            if (outcome) last_has_left_ = false;
            ++(outcome ? counters_.passed : counters_.lost);
        }
    }

    T& wire_;
    fault_rates rates_;
    random_numbers random_;
    fault_counters counters_{};
    bool last_has_left_ = true; // the carrier has the frame that its sender believes to be the last
    held_frame held_[Held]{};
};

} // namespace vmsg::transports
