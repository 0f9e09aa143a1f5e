// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A bus by indirect messages: FFA_MSG_SEND2 through the TX and RX buffers, notifications, FFA_RUN. Not every manager
// has them.

#include "board/endpoint.hpp"
#include "board/processor.hpp"

#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/indirect.hpp>

namespace driver {

using namespace vmsg;

/// A session's clock: while the driver waits, the partition runs.
template <ffa::conduit Conduit> class scheduler {
public:
    scheduler(Conduit& call, ffa::endpoint_id partition) : call_(call), partition_(partition) {}

    instant now() const { return clock_.now(); }
    void idle(instant) {
        ffa::call_frame frame = ffa::encode(ffa::run_call{{partition_, 0}});
        call_(frame);
    }

private:
    Conduit& call_;
    ffa::endpoint_id partition_;
    board::clock clock_{};
};

/// Brings the bus of `peer` up by indirect messages, sends a PING and takes it down. `not_supported` if the manager has
/// no such messages.
template <ffa::conduit Conduit>
result<void> ping_by_indirect_messages(board::endpoint<Conduit>& self, ffa::endpoint_id peer) {
    constexpr std::size_t msg_size = constants_of<newest_revision>.ffa_max_msg_size;
    const auto known = static_cast<std::uint32_t>(ffa::function_id::msg_send2);
    if (const auto has = self.make(ffa::features_call{known}); !has) return has;
    if (const auto made = self.make(ffa::notification_bitmap_create_call{self.id(), 1}); !made) return made;
    auto options = transports::indirect_driver_options(msg_size);
    options.ffa_version = self.version().use;
    transports::indirect<Conduit> wire{self.buffers(), self.id(), peer, options};
    scheduler<Conduit> clock{self.call(), peer};
    driver_session<decltype(wire), decltype(clock)> session{
        wire, clock, peer, {.policy = proto::indirect_retry_policy}};
    result<void> done = session.open();
    if (done) done = session.ping(0x600d);
    if (done) done = session.close();
    if (!done) return done;
    return self.make(ffa::notification_bitmap_destroy_call{self.id()});
}

} // namespace driver
