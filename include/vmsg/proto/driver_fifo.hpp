// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a driver side knows of the FIFO that it offers to its peer. Source: FF-A bus, rules N6, N8, N10.

#include <cstdint>

#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// Memory for a FIFO, shared with the peer and with its rings made when FIFO_CONFIGURE is sent (oasis_v2).
struct fifo_offer {
    std::uint64_t mem_handle{}; ///< FF-A memory handle
    std::uint16_t page_count{}; ///< pages of 4 KiB; 0: there is no FIFO
    std::uint16_t notif_id{};   ///< by which this side hears of new entries: 0..63, bound beforehand
    constexpr bool given() const { return page_count != 0; }
};

/// Whether a bus with these features, agreed by both sides, can have a FIFO: it needs another carrier to begin on.
constexpr bool can_have_fifo(bus_feature common) {
    const bool begins = has(common, bus_feature::direct_rx) || has(common, bus_feature::indirect_rx);
    return begins && has(common, bus_feature::fifo);
}

/// The FIFO of a driver side; without `Enabled` there is none, and none of its code.
template <bool Enabled> class driver_fifo {
public:
    constexpr void forget() { *this = {}; }
    constexpr void offer() { offered_ = true; }
    /// The peer's answer: `none`, or why it cannot be used.
    constexpr errc judge(const fifo_configure_response& got) {
        if (got.result != bus_result::success) return errc::peer_error;
        configured_ = true;
        peer_notif_id_ = got.device_notif_id;
        return errc::none;
    }
    /// The bus goes on without.
    constexpr void give_up(errc why) {
        forget();
        refused_ = why;
    }

    constexpr bool configured() const { return configured_; }
    constexpr errc refused() const { return refused_; }
    constexpr fifo_link link(bool negotiated) const {
        if (!offered_) return {};
        return {configured_ && negotiated ? fifo_stage::active : fifo_stage::offered, peer_notif_id_};
    }

private:
    bool offered_ = false;
    bool configured_ = false;
    std::uint16_t peer_notif_id_ = 0;
    errc refused_{};
};
template <> class driver_fifo<false> {
public:
    constexpr void forget() {}
    constexpr bool configured() const { return false; }
    constexpr errc refused() const { return errc::none; }
    constexpr fifo_link link(bool) const { return {}; }
};

} // namespace vmsg::proto
