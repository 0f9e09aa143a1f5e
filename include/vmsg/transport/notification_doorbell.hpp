// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::notification_doorbell`: rings at the peer with FFA_NOTIFICATION_SET. Source: FF-A, "Notification
// interfaces"; FF-A bus, rule N10.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/result.hpp>
#include <vmsg/transport/doorbell.hpp>

namespace vmsg::transports {

/// Sets one global notification of `peer`, who has bound it to this side. The conduit stays the caller's.
template <ffa::conduit C> class notification_doorbell {
public:
    constexpr notification_doorbell(C& conduit, ffa::endpoint_id own, ffa::endpoint_id peer)
        : conduit_(&conduit), own_(own), peer_(peer) {}

    /// The notification of the peer, 0..63: it comes with the answer to FIFO_CONFIGURE, or with the request.
    constexpr void set_notif_id(std::uint16_t id) { id_ = id; }

    /// One call. Errors: `not_supported` (the notification is not known), those of `ffa::outcome_of`.
    constexpr result<void> operator()() {
        if (id_ > max_notif_id) return errc::not_supported;
        ffa::call_frame frame =
            ffa::encode(ffa::notification_set_call{.sender = own_, .receiver = peer_, .bits = std::uint64_t{1} << id_});
        (*conduit_)(frame);
        return ffa::outcome_of(frame);
    }

private:
    C* conduit_;
    ffa::endpoint_id own_;
    ffa::endpoint_id peer_;
    std::uint16_t id_ = no_notif_id;
};
static_assert(doorbell<notification_doorbell<ffa::archetypes::conduit>>);

/// Of what FFA_NOTIFICATION_GET gave, the notifications that `peer` can have set: for `fifo::handle_notifications`.
constexpr std::uint64_t notifications_from(ffa::endpoint_id peer, const ffa::notification_get_answer& got) {
    return ffa::is_secure(peer) ? got.secure_partitions : got.vms;
}

/// FFA_NOTIFICATION_GET of what partitions of the world of `peer` have set for `self`; clears it. Gives what `peer` can
/// have set. Errors: of the call.
template <ffa::conduit C>
constexpr result<std::uint64_t> take_notifications(C& conduit, ffa::endpoint_id self, ffa::endpoint_id peer) {
    using enum ffa::notification_sources;
    const auto sources = ffa::is_secure(peer) ? secure_partitions : vms;
    ffa::call_frame frame = ffa::encode(ffa::notification_get_call{self, 0, sources});
    conduit(frame);
    const auto got = ffa::decode_notification_get_answer(frame);
    if (!got) return got.error();
    return notifications_from(peer, *got);
}

} // namespace vmsg::transports
