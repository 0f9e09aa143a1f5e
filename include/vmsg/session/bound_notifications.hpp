// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `bound_notifications`: which notifications of this endpoint one partition may set, and the calls for that. Source:
// FF-A, FFA_NOTIFICATION_BITMAP_CREATE, BIND, UNBIND; FF-A bus, rules N8, N10.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/result.hpp>
#include <vmsg/transport/notification_doorbell.hpp>

namespace vmsg {

/// Global notifications, all for the same partition at a time. They stay bound when a bus is down: it is another
/// partition that ends them.
class bound_notifications {
public:
    /// Lets `peer` set notification `id` of `self`; what is bound already costs no call. Whatever another partition
    /// could set is unbound first. Errors: `invalid_argument` (no id of 0..63), those of the calls: `not_supported`
    /// (the manager or this endpoint has no notifications), `denied` (it is bound to somebody else, or pending). After
    /// a refused FFA_NOTIFICATION_UNBIND nothing is bound to `peer`, and the next `bind` tries it again. If one is
    /// pending, all that partitions of its world have set for `self` is taken, for whomever it was.
    template <ffa::conduit Conduit>
    constexpr result<void> bind(Conduit& call, ffa::endpoint_id self, ffa::endpoint_id peer, std::uint16_t id) {
        if (id > max_notif_id) return errc::invalid_argument;
        const std::uint64_t bit = std::uint64_t{1} << id;
        if (peer != peer_)
            if (const auto freed = unbind(call, self); !freed) return freed;
        peer_ = peer;
        if ((bits_ & bit) != 0) return {};
        if (self == ffa::hypervisor_id) {
            ffa::call_frame create = ffa::encode(ffa::notification_bitmap_create_call{self, 1});
            call(create); // who has it already is refused
        }
        ffa::call_frame frame = ffa::encode(ffa::notification_bind_call{.sender = peer, .receiver = self, .bits = bit});
        call(frame);
        const result<void> outcome = ffa::outcome_of(frame);
        if (outcome) bits_ |= bit;
        return outcome;
    }

private:
    /// One at a time: one that is refused does not keep the rest. The first error of those that are still bound.
    template <ffa::conduit Conduit> constexpr result<void> unbind(Conduit& call, ffa::endpoint_id self) {
        result<void> outcome;
        for (std::uint64_t left = bits_; left != 0; left &= left - 1) {
            const std::uint64_t bit = left & (~left + 1);
            result<void> done = unbind_one(call, self, bit);
            if (done.error() == errc::denied) {
                // What is pending cannot be unbound.
                static_cast<void>(transports::take_notifications(call, self, peer_));
                done = unbind_one(call, self, bit);
            }
            // The manager does not know the partition any more, which leaves nobody who could set it.
            if (done || done.error() == errc::invalid_argument)
                bits_ &= ~bit;
            else if (outcome)
                outcome = done;
        }
        return outcome;
    }
    template <ffa::conduit Conduit>
    constexpr result<void> unbind_one(Conduit& call, ffa::endpoint_id self, std::uint64_t bit) const {
        ffa::call_frame frame =
            ffa::encode(ffa::notification_unbind_call{.sender = peer_, .receiver = self, .bits = bit});
        call(frame);
        return ffa::outcome_of(frame);
    }

    ffa::endpoint_id peer_{};
    std::uint64_t bits_ = 0;
};

} // namespace vmsg
