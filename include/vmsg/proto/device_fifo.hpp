// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory of a FIFO that a driver has offered to a device side: what its owner has to do about it, and which answer
// is owed. Source: FF-A bus, rule N10.

#include <cstdint>

#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// What the owner of the device side has to do.
struct fifo_task {
    enum class kind : std::uint8_t {
        none,
        map,   ///< make the memory accessible and check its rings, then `fifo_mapped` or `fifo_refused`
        unmap, ///< tell the carrier how the FIFO stands, let go of the memory, then `fifo_unmapped`
    };
    kind what{};
    std::uint64_t mem_handle{}; ///< as the driver gave it
    std::uint16_t page_count{}; ///< pages of 4 KiB
    std::uint16_t notif_id{};   ///< by which the driver hears of new entries: 0..63
};

/// The FIFO of one endpoint; without `Enabled` every driver is told that there is none.
template <bool Enabled> class device_fifo {
    enum class state : std::uint8_t { none, mapping, mapped, unmapping };

public:
    // --- from the bus

    /// A driver offers memory. False if there is some already.
    constexpr bool offer(const fifo_configure_request& m, std::uint16_t token) {
        if (now_ != state::none) return false;
        now_ = state::mapping;
        task_ = true;
        asked_ = m;
        token_ = token;
        return true;
    }
    /// Everything that was agreed with the driver is over.
    constexpr void forget() {
        forgotten_ = now_ != state::none;
        owed_ = in_use_ = false;
        if (now_ == state::mapped) begin_unmapping();
        if (now_ == state::mapping && task_) *this = {}; // nobody has seen it
    }
    constexpr bool can_be_used() const { return now_ == state::mapped && !owed_; }
    constexpr void use() { in_use_ = true; } ///< events travel in it from now on

    /// Whether an answer is owed; it is not after this call.
    constexpr bool poll_response(header& h, fifo_configure_response& m) {
        if (!owed_) return false;
        owed_ = false;
        h = {.token = token_};
        m = answer_;
        return true;
    }
    constexpr bool holds_memory() const { return now_ != state::none; }
    constexpr fifo_link link() const {
        if (now_ != state::mapped) return {};
        return {in_use_ ? fifo_stage::active : fifo_stage::offered, asked_.driver_notif_id};
    }

    // --- from the owner of the device side

    constexpr fifo_task poll_task() {
        if (!task_) return {};
        task_ = false;
        const auto what = now_ == state::mapping ? fifo_task::kind::map : fifo_task::kind::unmap;
        return {what, asked_.mem_handle, asked_.page_count, asked_.driver_notif_id};
    }
    constexpr result<void> mapped(std::uint16_t notif_id) {
        if (now_ != state::mapping || task_) return errc::bad_state;
        if (notif_id > max_notif_id) return errc::invalid_argument;
        now_ = state::mapped;
        if (forgotten_)
            begin_unmapping();
        else
            owe({bus_result::success, notif_id});
        return {};
    }
    constexpr result<void> refused() {
        if (now_ != state::mapping || task_) return errc::bad_state;
        now_ = state::none;
        if (!forgotten_) owe({.result = bus_result::error});
        forgotten_ = false;
        return {};
    }
    constexpr result<void> unmapped() {
        if (now_ != state::unmapping || task_) return errc::bad_state;
        *this = {};
        return {};
    }

private:
    constexpr void begin_unmapping() {
        now_ = state::unmapping;
        task_ = true;
    }
    constexpr void owe(const fifo_configure_response& m) {
        owed_ = true;
        answer_ = m;
    }

    state now_{};
    bool task_ = false;      // the owner has not been told what to do
    bool forgotten_ = false; // the bus for which it was offered is over
    bool owed_ = false;
    bool in_use_ = false;
    std::uint16_t token_ = 0; // of the request that is answered
    fifo_configure_request asked_{};
    fifo_configure_response answer_{};
};
template <> class device_fifo<false> {
public:
    constexpr void forget() {}
    constexpr bool can_be_used() const { return false; }
    constexpr void use() {}
    constexpr bool holds_memory() const { return false; }
    constexpr fifo_link link() const { return {}; }
    constexpr fifo_task poll_task() { return {}; }
    constexpr result<void> mapped(std::uint16_t) { return errc::bad_state; }
    constexpr result<void> refused() { return errc::bad_state; }
    constexpr result<void> unmapped() { return errc::bad_state; }
};

} // namespace vmsg::proto
