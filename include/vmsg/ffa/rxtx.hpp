// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::rxtx`: the pair of buffers that an endpoint shares with its manager, and who owns RX when. Source: FF-A,
// "RX/TX buffers" and "Buffer states".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/rxtx_calls.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Memory for the two buffers: the same number of whole 4 KiB pages each, not overlapping. The manager wants them
/// aligned and sized as it says (`rxtx_map_features`).
struct rxtx_memory {
    byte_span tx{};
    byte_span rx{};
    std::uint64_t tx_address{}; ///< physical, what the manager maps
    std::uint64_t rx_address{}; ///< physical
};

enum class rx_state : std::uint8_t {
    unmapped,
    empty, ///< the producer's: others may fill it
    full,  ///< the consumer's: read it, then release it
};

/// The mapped pair of one endpoint. TX is the endpoint's own: a call that reads it has done so when it returns. One
/// user at a time: filling TX and the call that sends it belong together, and so do a call that fills RX, the copy
/// and the release. RX is one buffer for messages, partition descriptors and memory descriptors; while it is full every
/// call that would fill it is answered BUSY. So: copy out, `release`, and only then do something with the copy.
template <conduit Conduit> class rxtx {
public:
    /// `call` and the memory have to outlive it.
    constexpr rxtx(Conduit& call, const rxtx_memory& memory) : call_(&call), memory_(memory) {
        VMSG_ASSERT(memory.tx.size() == memory.rx.size());
    }

    /// Maps the pair, in the 64-bit form (some managers have no other) and in the 32-bit form where that is missing.
    /// Errors: `bad_state` (it is mapped), `invalid_argument` (no whole pages, or more than 63; or the manager does not
    /// like addresses or size), `denied` (the manager has another pair of this endpoint), `no_memory` and others.
    constexpr result<void> map() {
        if (state_ != rx_state::unmapped) return errc::bad_state;
        const std::size_t pages = memory_.rx.size() / page_size;
        if (memory_.rx.size() % page_size != 0 || pages == 0 || pages > 63) return errc::invalid_argument;
        rxtx_map_call map{memory_.tx_address, memory_.rx_address, static_cast<std::uint8_t>(pages), form::smc64};
        result<void> done = outcome(encode(map));
        if (done.error() == errc::not_supported && (map.tx | map.rx) >> 32 == 0) {
            map.width = form::smc32;
            done = outcome(encode(map));
        }
        if (done) state_ = rx_state::empty;
        tx_used_ = memory_.tx.size();
        return done;
    }

    /// Gives the pair back. Errors: `bad_state` (it is not mapped), `busy` (RX is full: managers refuse it), and what
    /// the manager says, after which it is still mapped.
    constexpr result<void> unmap() {
        if (state_ == rx_state::unmapped) return errc::bad_state;
        if (state_ == rx_state::full) return errc::busy;
        const result<void> done = outcome(encode(rxtx_unmap_call{}));
        if (done) state_ = rx_state::unmapped;
        return done;
    }

    constexpr rx_state state() const { return state_; }
    constexpr bool owns_rx() const { return state_ == rx_state::full; }
    constexpr std::size_t size() const { return memory_.rx.size(); } ///< bytes of each

    /// Where to write what the next call sends. `bad_state` if nothing is mapped.
    constexpr result<byte_span> tx() {
        if (state_ == rx_state::unmapped) return errc::bad_state;
        tx_used_ = memory_.tx.size();
        return memory_.tx;
    }
    /// The same for who writes the first `used` bytes and no others: whatever was there before, behind them are zeroes.
    constexpr result<byte_span> tx_zero_behind(std::size_t used) {
        VMSG_ASSERT(used <= memory_.tx.size());
        if (state_ == rx_state::unmapped) return errc::bad_state;
        for (std::size_t i = used; i < tx_used_; ++i) memory_.tx[i] = 0;
        tx_used_ = used;
        return memory_.tx;
    }

    /// An answer or a notification has said that RX is full. `bad_state` if it was so before, or is not mapped: then
    /// who says so is wrong, and what is in it was seen already.
    constexpr result<void> filled() {
        if (state_ != rx_state::empty) return errc::bad_state;
        state_ = rx_state::full;
        return {};
    }

    /// What is in RX. Others may write to it even now: take a `snapshot`. `bad_state` unless it is full.
    constexpr result<byte_view> rx() const {
        if (state_ != rx_state::full) return errc::bad_state;
        return byte_view{memory_.rx};
    }

    /// Gives RX back, once. `bad_state` without a call if it is not ours: a release too many is refused by managers and
    /// would throw away the next message. `denied`: RX is still ours; Hafnium wants the RX-full notification to be read
    /// before (FFA_NOTIFICATION_GET). Other errors also leave it ours.
    constexpr result<void> release() {
        if (state_ != rx_state::full) return errc::bad_state;
        const result<void> done = outcome(encode(rx_release_call{}));
        if (done) state_ = rx_state::empty;
        return done;
    }

    /// The manager has denied `release` although no notification is unread: `filled` was said without reason.
    constexpr void emptied() {
        if (state_ == rx_state::full) state_ = rx_state::empty;
    }

    /// FFA_MSG_WAIT: gives the answer, which is what the partition is entered with. Without `retain` it releases RX;
    /// `retain` needs FF-A 1.2. A refusal leaves RX as it was.
    constexpr call_frame wait(bool retain = false) {
        call_frame frame = encode(msg_wait_call{retain, form::smc32});
        (*call_)(frame);
        const errc why = outcome_of(frame).error();
        const bool refused = detail::is_either(frame, function_id::error) || why == errc::not_supported;
        if (!retain && !refused && state_ == rx_state::full) state_ = rx_state::empty;
        return frame;
    }

    /// The manager has restarted and knows nothing of the pair any more.
    constexpr void forget() { state_ = rx_state::unmapped; }

    constexpr Conduit& call() const { return *call_; }

    static constexpr std::size_t page_size = 4096; ///< bytes of the pages that FF-A counts

private:
    constexpr result<void> outcome(call_frame frame) {
        (*call_)(frame);
        return outcome_of(frame);
    }

    Conduit* call_;
    rxtx_memory memory_;
    rx_state state_ = rx_state::unmapped;
    std::size_t tx_used_ = 0; // bytes of TX that may be something else than zero
};

} // namespace vmsg::ffa
