// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::fifo`: frames in two rings of shared memory, with a doorbell for the other side. Source: FF-A bus ALP2
// (oasis_v2), rule N10.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/doorbell.hpp>
#include <vmsg/transport/fifo_region.hpp>
#include <vmsg/transport/fifo_ring.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// What an end of a FIFO is told. The defaults are those of the Linux driver of 2026.
struct fifo_options {
    fifo_side side{};
    ffa::endpoint_id peer{};
    std::uint16_t notif_id = no_notif_id; ///< by which this side hears of new entries; `no_notif_id`: it always looks
    duration look_interval = 100 * milliseconds;   ///< with a notification: how long a lost one can go unnoticed
    std::uint16_t burst = 64;                      ///< entries taken in a row, at least 1; then `receive` pauses once
    duration bell_backoff = 1 * milliseconds;      ///< after the doorbell has failed; doubles up to the maximum
    duration max_bell_backoff = 32 * milliseconds; ///< after this pause it is rung for the last time
};

/// What an end of a FIFO has done and seen.
struct fifo_counters {
    std::uint64_t sent{};         ///< frames
    std::uint64_t received{};     ///< frames
    std::uint64_t full{};         ///< frames that were not sent for want of room
    std::uint64_t skipped{};      ///< entries without a frame
    std::uint64_t oversize{};     ///< frames that did not fit the buffer
    std::uint64_t rung{};         ///< doorbells that were heard
    std::uint64_t failed_bells{}; ///< doorbells that were not
    std::uint64_t faults{};       ///< times that the FIFO failed
};

/// One end of a FIFO. It works from `open` on until a ring is found broken (`fault()`), or the driver's doorbell has
/// failed for good: then `receive` says `aborted` once, every `send` does, and nothing in the memory is looked at until
/// the next `open`, for which the bus has to be reset.
///
/// A full ring refuses with `would_block`: the reader rings when it has made room. `send` and `receive` repeat a
/// doorbell that has failed; `poll_timeout` says when.
template <doorbell Bell = no_doorbell> class fifo {
public:
    constexpr explicit fifo(const fifo_options& options, Bell bell = {}) : options_(options), bell_(bell) {
        VMSG_ASSERT(options.burst != 0); // it would always pause and never take anything
    }

    /// Begins, also again, in memory that stays the caller's: the driver side makes the rings, the device side checks
    /// those that are there and goes by their geometry. Errors: of `make_fifo_region` or `check_fifo_region`.
    constexpr result<void> open(byte_span memory, const fifo_geometry& geometry = {}) {
        close();
        const bool makes = options_.side == fifo_side::driver;
        const auto region = makes ? make_fifo_region(memory, geometry) : check_fifo_region(memory);
        if (!region) return region.error();
        memory_ = memory;
        geometry_ = geometry;
        writer_ = fifo_writer{makes ? region->to_device : region->to_driver};
        reader_ = fifo_reader{makes ? region->to_driver : region->to_device};
        state_ = state::works;
        look_ = true;
        return {};
    }
    /// The driver side: makes its rings in `memory` each time that they are offered (`follow`), and leaves it alone
    /// until then. Errors: of `check_fifo_room`.
    constexpr result<void> place(byte_span memory, const fifo_geometry& geometry = {}) {
        close();
        if (const auto fits = check_fifo_room(memory, geometry); !fits) return fits;
        memory_ = memory;
        geometry_ = geometry;
        return {};
    }
    /// Ends: nothing in the memory is touched any more.
    constexpr void close() {
        state_ = state::closed;
        in_a_row_ = 0;
        more_ = owes_bell_ = unreported_ = false;
    }
    constexpr bool is_open() const { return state_ == state::works; }
    constexpr bool failed() const { return state_ == state::broken; }
    /// The first fault of a ring since `open`.
    constexpr fifo_fault fault() const {
        return reader_.fault() != fifo_fault::none ? reader_.fault() : writer_.fault();
    }

    /// How the bus stands: to be told before a frame is sent and before one is received. The driver side makes its
    /// rings anew before they are offered; both sides end when the bus does.
    constexpr void follow(const fifo_link& link) {
        if (link == link_) return;
        if (link.stage == fifo_stage::off)
            close();
        else if (link_.stage == fifo_stage::off && options_.side == fifo_side::driver)
            static_cast<void>(open(memory_, geometry_)); // without memory it stays closed
        link_ = link;
        if constexpr (requires { bell_.set_notif_id(link.peer_notif_id); }) bell_.set_notif_id(link.peer_notif_id);
    }

    /// Notifications have come: bit i stands for id i.
    constexpr void handle_notifications(std::uint64_t bitmap) {
        if (has_notification() && (bitmap >> options_.notif_id & 1) != 0) look_ = true;
    }

    constexpr std::size_t max_msg_size() const { return fifo_max_msg_size; }

    /// One attempt. Errors: `truncated`, `oversize`, `bad_length`, `bad_value` (a bus message that names a
    /// device), `would_block` (full), `not_supported` (not open), `aborted` (it has failed).
    constexpr result<void> send(ffa::endpoint_id, byte_view frame, instant now) {
        if (state_ == state::closed) return errc::not_supported;
        repeat_bell(now);
        if (state_ == state::broken) return errc::aborted;
        const auto put = writer_.put(frame);
        if (writer_.fault() != fifo_fault::none) {
            fail();
            return errc::aborted;
        }
        if (put.error() == errc::full) {
            ++counters_.full;
            return errc::would_block;
        }
        if (!put) return put;
        ++counters_.sent;
        want_bell(now);
        return {};
    }

    /// The next frame. Entries that are none are skipped. Errors: `would_block` (none, or a pause: `poll_timeout`),
    /// `oversize` (it did not fit the buffer), `aborted` (the FIFO has failed; once).
    constexpr result<inbound> receive(byte_span buffer, instant now) {
        repeat_bell(now);
        if (state_ != state::works) return report();
        if (has_notification() && !look_ && now < next_look_) return errc::would_block;
        for (more_ = in_a_row_ == options_.burst; !more_; more_ = in_a_row_ == options_.burst) {
            const fifo_taken got = reader_.take(buffer);
            if (reader_.fault() != fifo_fault::none) {
                fail();
                return report();
            }
            if (got.was_full) want_bell(now);
            if (got.error == errc::would_block) break;
            ++in_a_row_;
            if (got.error == errc::none) {
                ++counters_.received;
                return inbound{options_.peer, got.size};
            }
            if (got.error == errc::oversize) {
                ++counters_.oversize;
                return errc::oversize;
            }
            ++counters_.skipped;
        }
        in_a_row_ = 0;
        look_ = more_;
        next_look_ = now + options_.look_interval;
        return errc::would_block;
    }

    /// When `receive` has something to do, as far as this side can know; `never` if nothing is due.
    constexpr instant poll_timeout() const {
        if (unreported_) return 0;
        if (state_ != state::works) return never;
        if (more_) return 0;
        const instant look = has_notification() ? (look_ ? 0 : next_look_) : never;
        return owes_bell_ && next_bell_ < look ? next_bell_ : look;
    }

    constexpr Bell& bell() { return bell_; }
    constexpr const fifo_counters& counters() const { return counters_; }

private:
    enum class state : std::uint8_t { closed, works, broken };

    constexpr bool has_notification() const { return options_.notif_id <= max_notif_id; }

    constexpr void fail() {
        state_ = state::broken;
        unreported_ = true;
        owes_bell_ = more_ = false;
        ++counters_.faults;
    }
    constexpr errc report() {
        const errc why = unreported_ ? errc::aborted : errc::would_block;
        unreported_ = false;
        return why;
    }

    /// One ring is enough for all entries before it.
    constexpr void want_bell(instant now) {
        if (owes_bell_) return;
        next_pause_ = options_.bell_backoff;
        ring(now);
    }
    constexpr void repeat_bell(instant now) {
        if (owes_bell_ && now >= next_bell_) ring(now);
    }
    constexpr void ring(instant now) {
        owes_bell_ = false;
        if (bell_()) {
            ++counters_.rung;
            return;
        }
        ++counters_.failed_bells;
        if (next_pause_ <= options_.max_bell_backoff) {
            owes_bell_ = true;
            next_bell_ = now + next_pause_;
            next_pause_ *= 2;
        } else if (options_.side == fifo_side::driver) {
            fail();
        } // a device side tries again with its next frame
    }

    fifo_options options_;
    Bell bell_;
    state state_{};
    bool look_ = false;       // a notification has come, or nobody has looked yet
    bool more_ = false;       // `receive` has paused
    bool owes_bell_ = false;  // the peer has not heard of an entry
    bool unreported_ = false; // `receive` has not said that the FIFO has failed
    std::uint16_t in_a_row_ = 0;
    instant next_look_ = 0;
    instant next_bell_ = 0;
    duration next_pause_ = 0;
    fifo_link link_{};
    byte_span memory_{};
    fifo_geometry geometry_{};
    fifo_writer writer_{};
    fifo_reader reader_{};
    fifo_counters counters_{};
};

static_assert(transport<fifo<>>);

} // namespace vmsg::transports
