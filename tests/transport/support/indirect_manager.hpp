// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `indirect_manager`: conduits for two endpoints that send each other indirect messages, with the ownership of RX as
// managers have it, and what they do to it.

#include "transport/support/direct_manager.hpp"

#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/rxtx.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace transport_test {

class indirect_manager {
public:
    static constexpr std::size_t page = 4096;

    /// The endpoint's way to the manager, its memory, and what it has asked for.
    struct endpoint {
        indirect_manager& manager;
        ffa::endpoint_id id;
        bool mapped = false;
        bool full = false;    ///< RX is the endpoint's
        bool pending = false; ///< the RX-full notification was not read
        std::vector<std::uint8_t> tx = std::vector<std::uint8_t>(page, 0xee);
        std::vector<std::uint8_t> rx = std::vector<std::uint8_t>(page, 0xee);
        std::vector<ffa::call_frame> calls{};

        void operator()(ffa::call_frame& frame) {
            calls.push_back(frame);
            manager.serve(*this, frame);
        }
        ffa::rxtx_memory memory() {
            return {tx, rx, 0x1000 + 0x10'0000 * std::uint64_t{static_cast<std::uint16_t>(id)},
                    0x2000 + 0x10'0000 * std::uint64_t{static_cast<std::uint16_t>(id)}};
        }
        std::size_t count(ffa::function_id function) const {
            std::size_t n = 0;
            for (const ffa::call_frame& f : calls) n += ffa::function_of(f) == function ? 1u : 0u;
            return n;
        }
    };

    endpoint driver{*this, driver_id};
    endpoint device{*this, device_id};

    // What happens to the next messages.
    int busy = 0;                  ///< refused with FFA BUSY; -1: for ever
    ffa::error refusal{};          ///< of FFA_MSG_SEND2, if not 0
    bool wants_to_be_read = false; ///< RX is taken back only after the notification was read, as by Hafnium
    int sticky_releases = 0;       ///< FFA_RX_RELEASE that are refused with BUSY

    indirect_manager() = default;
    indirect_manager(const indirect_manager&) = delete;
    indirect_manager& operator=(const indirect_manager&) = delete;

    /// Puts a message into somebody's RX, as it is. False if that is not empty.
    bool inject(endpoint& to, const std::vector<std::uint8_t>& buffer) {
        if (!to.mapped || to.full) return false;
        to.rx.assign(page, 0);
        std::copy(buffer.begin(), buffer.end(), to.rx.begin());
        to.full = to.pending = true;
        return true;
    }

private:
    void serve(endpoint& from, ffa::call_frame& frame) {
        switch (ffa::function_of(frame)) {
        case ffa::function_id::rxtx_map_64: from.mapped = true; return done(frame);
        case ffa::function_id::rx_release: return release(from, frame);
        case ffa::function_id::notification_get: return get(from, frame);
        case ffa::function_id::msg_send2: return send(from, frame);
        default: frame = ffa::encode_error(ffa::error::not_supported);
        }
    }
    static void done(ffa::call_frame& frame) { frame = ffa::encode_success(); }

    void release(endpoint& from, ffa::call_frame& frame) {
        if (sticky_releases != 0) {
            --sticky_releases;
            frame = ffa::encode_error(ffa::error::busy);
            return;
        }
        if (!from.full || (wants_to_be_read && from.pending)) {
            frame = ffa::encode_error(ffa::error::denied);
            return;
        }
        from.full = false;
        done(frame);
    }
    static void get(endpoint& from, ffa::call_frame& frame) {
        const auto asked = ffa::decode_notification_get(frame);
        ffa::notification_get_answer got;
        const bool secure = ffa::has(asked->sources, ffa::notification_sources::spm);
        if (secure && from.pending) {
            got.spm = ffa::rx_full_bit;
            from.pending = false;
        }
        frame = ffa::encode(got);
    }
    void send(endpoint& from, ffa::call_frame& frame) {
        endpoint& to = &from == &driver ? device : driver;
        const auto m = ffa::decode_indirect(from.tx);
        if (busy != 0 || !to.mapped || to.full) {
            if (busy > 0) --busy;
            frame = ffa::encode_error(ffa::error::busy);
        } else if (refusal != ffa::error{}) {
            frame = ffa::encode_error(refusal);
        } else if (!m || m->src != from.id || m->dst != to.id) {
            frame = ffa::encode_error(ffa::error::invalid_parameters);
        } else {
            inject(to, from.tx);
            done(frame);
        }
    }
};

} // namespace transport_test
