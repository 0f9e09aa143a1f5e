// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa_driver`: a bus over FF-A in one call: who offers it, by which method it begins, and a session over it. Source:
// FF-A bus, rules N5, N6, N8, N10.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <vmsg/config.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/session/bound_notifications.hpp>
#include <vmsg/session/discover.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/session/ffa_carriers.hpp>
#include <vmsg/session/ffa_fifo.hpp>
#include <vmsg/transport/either.hpp>
#include <vmsg/transport/notification_doorbell.hpp>

namespace vmsg {

/// What a bus over FF-A can do, besides what `session_policy` says. What is not in it has no code. With `capacity.fifo`
/// (oasis_v2) it can go on over a FIFO.
template <revision R = newest_revision> struct ffa_policy : session_policy<R> {
    static constexpr transfer_methods methods = transfer_methods::both; ///< that the bus can use
    static constexpr bool discovers = true;     ///< the peer is looked for; else `ffa_driver_options::peer` says who
    static constexpr bool notifications = true; ///< events can be announced by notification
};
/// Direct messages with a peer that is known: no buffers, no FFA_MSG_SEND2, no notifications.
template <revision R = newest_revision> struct direct_ffa_policy : direct_session_policy<R> {
    static constexpr transfer_methods methods = transfer_methods::direct;
    static constexpr bool discovers = false;
    static constexpr bool notifications = false;
};

/// What the user of a bus wants.
struct ffa_driver_options {
    proto::driver_options driver{}; ///< its carriers, its size of messages and its budgets come from the method
    discovery_options find{};       ///< whom to look for
    std::optional<ffa::endpoint_id> partition{}; ///< that is wanted where several offer the service; none: the first
    bus_peer peer{};                             ///< without discovery
    /// The method that a bus begins with if the partition takes it. The other one, if there is, is tried only when this
    /// one is missing, never because somebody is busy.
    transfer_methods first = transfer_methods::direct;
    proto::retry_policy direct = proto::direct_retry_policy;     ///< budgets of direct messages
    proto::retry_policy indirect = proto::indirect_retry_policy; ///< of indirect ones
    ffa_fifo_options fifo{}; ///< in place of `driver.fifo`: what comes after the set-up travels in it if possible
};

/// The methods that a partition takes.
constexpr transfer_methods methods_of(const bus_peer& peer) {
    const auto direct = peer.takes_direct() ? transfer_methods::direct : transfer_methods::none;
    return peer.takes_indirect() ? direct | transfer_methods::indirect : direct;
}

/// The method to begin with: `wanted` if it is possible, else the one that is. `not_supported` if there is none.
constexpr result<transfer_methods> bootstrap_of(transfer_methods possible, transfer_methods wanted) {
    if (possible == transfer_methods::none) return errc::not_supported;
    const transfer_methods both = possible & wanted;
    if (both == transfer_methods::direct || both == transfer_methods::indirect) return both;
    return has(possible, transfer_methods::direct) ? transfer_methods::direct : transfer_methods::indirect;
}

/// The driver side of one bus over FF-A. What it is made from, `access`, outlives it: the conduit where only direct
/// messages are used and nobody is looked for, or who is looked for has FFA_PARTITION_INFO_GET_REGS; the pair of
/// buffers in all other cases, also for a FIFO.
///
/// A FIFO that is wanted and cannot be had leaves the bus with its methods: `fifo_refused` names the step. Its memory
/// is shared from `open` on and the driver's again after `close`, or when the peer has refused it.
template <class Access, session_clock Clock, class Policy = ffa_policy<>> class ffa_driver {
    static constexpr revision R = Policy::rev;
    static constexpr transfer_methods mine = Policy::methods;
    static constexpr bool has_buffers = requires(Access & a) { a.call(); };
    static_assert(mine != transfer_methods::none, "a bus needs a method");
    static_assert(has_buffers || mine == transfer_methods::direct, "indirect messages need buffers");
    static constexpr bool has_fifo = Policy::capacity.fifo && R == revision::oasis_v2;
    static_assert(!has_fifo || (has_buffers && Policy::notifications), "a FIFO needs buffers and notifications");

    template <class A> struct conduit_in { using type = A; };
    template <class C> struct conduit_in<ffa::rxtx<C>> { using type = C; };
    using conduit_type = typename conduit_in<Access>::type;
    struct nothing {};
    using carriers = std::conditional_t<has_fifo, detail::ffa_fifo_carriers<conduit_type, R, mine>,
                                        detail::ffa_carriers<conduit_type, R, mine>>;
    using fifo_memory = std::conditional_t<has_fifo, detail::fifo_share<conduit_type>, nothing>;
    using bound_type = std::conditional_t<Policy::notifications, bound_notifications, nothing>;
    // Direct messages alone do not look at the buffers, even if there are some.
    using session_type = driver_session<typename carriers::wire_type, Clock, Policy>;

public:
    constexpr ffa_driver(Access& access, Clock& clock, const ffa_driver_options& options = {})
        : access_(access), clock_(clock), options_(options) {}
    ffa_driver(const ffa_driver&) = delete;
    ffa_driver& operator=(const ffa_driver&) = delete;

    /// Brings the bus up: version of FF-A, partition, method, notifications, memory of a FIFO, VERSION, events and
    /// devices. A bus that is up is begun anew when the partition was found: if it is not, the bus is as it was. If it
    /// is another one, the bus with the first one is closed. Errors: those of `discover`; `no_device` (the partition
    /// that is wanted is not there); those of `ffa::rxtx::map`, where no other method is left; `not_supported` or
    /// `denied` (no method that both sides and the manager have); those of `driver_session::open`, of the method that
    /// it was tried with last.
    constexpr result<void> open() {
        const auto found = find_peer();
        if (!found) return found.error();
        leave_all_but(found->id);
        peer_ = *found;
        session_.reset();
        transfer_methods left = methods_of(peer_) & mine;
        const result<void> mapped = map_buffers(left);
        if (!mapped) left = left & transfer_methods::direct; // the other one cannot be used here
        usable_ = left;
        if (left == transfer_methods::none) carriers_.reset();
        prepare_fifo();
        result<void> outcome = errc::not_supported;
        while (left != transfer_methods::none && transports::lacks_method(outcome.error())) {
            first_ = *bootstrap_of(left, options_.first);
            outcome = open_by(first_);
            left = left & (first_ == transfer_methods::direct ? transfer_methods::indirect : transfer_methods::direct);
        }
        settle_fifo(outcome.has_value());
        return !mapped && transports::lacks_method(outcome.error()) ? mapped : outcome;
    }
    /// Makes the peer forget everything: see `driver_session::close`. Then takes back the memory of a FIFO, also if the
    /// bus was down already, until the next `open`; if that fails, which is the error then, it may be called again.
    constexpr result<void> close() {
        const result<void> down = session_ ? session_->close() : result<void>{errc::bad_state};
        if constexpr (has_fifo) {
            if (!fifo_memory_.held()) return down;
            const bool let_go = down || down.error() == errc::bad_state;
            const auto back = take_back_fifo(let_go ? options_.fifo.memory_calls.reclaim_attempts : std::uint16_t{1});
            if (let_go) return back;
        }
        return down;
    }

    /// The session; only after `open` has reached the peer (`is_open`).
    constexpr session_type& session() {
        VMSG_ASSERT(session_.has_value());
        return *session_;
    }
    constexpr bool is_open() const { return session_ && session_->engine().state() == proto::bus_state::ready; }
    constexpr const bus_peer& peer() const { return peer_; }        ///< after `open`
    constexpr transfer_methods bootstrap() const { return first_; } ///< that `open` has tried last
    /// The method of what does not set up the bus, as long as no FIFO carries it.
    constexpr transfer_methods method() const {
        if constexpr (mine == transfer_methods::both)
            return carriers_ ? bootstrap_wire(*carriers_).method() : transfer_methods::none;
        else
            return mine;
    }
    /// Whether a FIFO carries what does not set up the bus.
    constexpr bool over_fifo() const { return session_ && session_->engine().fifo().stage == fifo_stage::active; }
    /// Which step has left the bus without the FIFO that the options want.
    constexpr fifo_refusal fifo_refused() const requires(has_fifo) {
        const errc why = session_ ? session_->engine().fifo_refused() : errc::none; // of another start of the session
        if (fifo_refused_.step != fifo_step::none || why == errc::none) return fifo_refused_;
        return {fifo_step::configure, why};
    }
    /// What the driver's end of the FIFO has done and seen since `open`.
    constexpr transports::fifo_counters fifo_counters() const requires(has_fifo) {
        if constexpr (has_fifo)
            if (carriers_) return carriers_->wire.rings().counters();
        return {};
    }
    /// Why events are not announced by notification although the options want it; `none` if they are, or the peer has
    /// refused it (`proto::driver::events_refused`).
    constexpr errc notifications_refused() const { return notifications_refused_; }

    /// What FFA_NOTIFICATION_GET gave, all of it: asks for events at once if the notification is among it, looks into a
    /// FIFO if its notification is, and into RX if that is full.
    constexpr void handle_notifications(const ffa::notification_get_answer& got) requires(Policy::notifications) {
        if (got.rx_full() && carriers_) carriers_->handle_rx_full();
        handle_set(transports::notifications_from(peer_.id, got));
    }
    /// Asks the manager for the notifications that partitions of the peer's world have set for this endpoint, all of
    /// which are cleared by that, and acts on them. Whether RX is full the transport asks itself. Where others of this
    /// endpoint have notifications, too, somebody asks for all and tells each. Errors: of the call.
    constexpr result<void> take_notifications() requires(Policy::notifications) {
        const auto bits = transports::take_notifications(call(), peer_.self, peer_.id);
        if (bits) handle_set(*bits);
        return bits.error();
    }

private:
    /// Notifications that the peer can have set.
    constexpr void handle_set(std::uint64_t bits) {
        const std::uint16_t id = options_.driver.notif_id;
        if (session_ && id <= max_notif_id && (bits >> id & 1) != 0) session_->poll_now();
        if constexpr (has_fifo)
            if (carriers_) carriers_->wire.rings().handle_notifications(bits);
    }
    constexpr conduit_type& call() {
        if constexpr (has_buffers)
            return access_.call();
        else
            return access_;
    }

    constexpr result<bus_peer> find_peer() {
        if constexpr (Policy::discovers) {
            discovery<8> found;
            const auto done = discover(access_, found, options_.find);
            if (!done && done.error() != errc::full) return done.error();
            for (const bus_peer& p : found) {
                const bool wanted = !options_.partition || *options_.partition == p.id;
                if (wanted && (methods_of(p) & mine) != transfer_methods::none) return p;
            }
            if (!done) return done.error(); // it may be one of those for whom there was no room
            return options_.partition ? errc::no_device : errc::not_supported;
        } else {
            return options_.peer;
        }
    }
    /// Another partition forgets the bus, and gives back what it has of it, as far as it does what it is told.
    constexpr void leave_all_but(ffa::endpoint_id next) {
        if constexpr (has_fifo)
            if (fifo_memory_.held() && fifo_memory_.peer() != next) return static_cast<void>(close());
        if (session_ && peer_.id != next) static_cast<void>(session_->close());
    }
    constexpr result<void> map_buffers(transfer_methods possible) {
        if constexpr (has_buffers && mine != transfer_methods::direct)
            if (has(possible, transfer_methods::indirect) && access_.state() == ffa::rx_state::unmapped)
                return access_.map();
        return {};
    }

    constexpr result<void> open_by(transfer_methods first) {
        const std::size_t size = detail::ffa_size<R>(options_.driver);
        session_.reset();
        make_carriers(size, first);
        proto::driver_options o = options_.driver;
        o.max_msg_size = size;
        o.bus_features = features_of(usable_);
        o.policy = first == transfer_methods::direct ? options_.direct : options_.indirect;
        if (o.events == event_method::notif) prepare_notifications(o);
        offer_fifo(o);
        session_.emplace(carriers_->wire, clock_, peer_.id, o);
        if constexpr (has_fifo)
            session_->set_busy_budgets(options_.direct, options_.indirect, options_.fifo.policy);
        else if constexpr (mine == transfer_methods::both)
            session_->set_busy_budgets(options_.direct, options_.indirect);
        return session_->open();
    }
    constexpr void make_carriers(std::size_t size, transfer_methods first) {
        const bool full = carriers_ && carriers_->rx_is_full();
        if constexpr (has_fifo)
            carriers_.emplace(method_access(), call(), peer_, size, first, options_.fifo);
        else
            carriers_.emplace(method_access(), peer_, size, first);
        if (full) carriers_->handle_rx_full(); // which the manager does not say twice
    }
    /// What the transports are made from.
    constexpr auto& method_access() {
        if constexpr (mine == transfer_methods::direct)
            return call();
        else
            return access_;
    }
    /// That which has the methods.
    static constexpr const auto& bootstrap_wire(const carriers& c) {
        if constexpr (has_fifo)
            return c.below.wire;
        else
            return c.wire;
    }

    // --- the FIFO. Also clang 14 looks into the functions of an explicit instantiation that are not for its policy.

    constexpr void prepare_fifo() {
        if constexpr (has_fifo) fifo_refused_ = fifo_memory_.prepare(access_, clock_, bound_, peer_, options_.fifo);
    }
    /// The rings are made when the peer has agreed: until then it can use those of an earlier start.
    constexpr void offer_fifo(proto::driver_options& o) {
        o.fifo = {};
        if constexpr (has_fifo) {
            if (fifo_refused_.step != fifo_step::none || !fifo_memory_.held()) return;
            static_cast<void>(carriers_->wire.rings().place(options_.fifo.memory, options_.fifo.geometry)); // judged
            o.fifo = fifo_memory_.offer(options_.fifo);
            o.bus_features = o.bus_features | bus_feature::fifo;
        }
    }
    /// Memory that the bus does not use is the driver's again, unless the peer has access: then it waits for `close`.
    constexpr void settle_fifo(bool is_up) {
        if constexpr (has_fifo) {
            if (over_fifo() || !fifo_memory_.held()) return;
            if (is_up && fifo_refused_.step == fifo_step::none) {
                const errc said = session_->engine().fifo_refused();
                fifo_refused_ = said == errc::none ? fifo_refusal{fifo_step::agreement, errc::not_supported}
                                                   : fifo_refusal{fifo_step::configure, said};
            }
            static_cast<void>(take_back_fifo(1));
        }
    }
    /// The engine has no FIFO now, which its carrier hears before it looks into the rings again.
    constexpr result<void> take_back_fifo(std::uint16_t attempts) {
        if constexpr (has_fifo) {
            const auto back = fifo_memory_.take_back(access_, clock_, options_.fifo, attempts);
            if (back && session_) session_->engine().withdraw_fifo();
            return back;
        }
        return errc::bad_state; // nobody calls
    }

    /// A manager that has no notifications, or does not let this endpoint have them, leaves EVENT_POLL.
    constexpr void prepare_notifications(proto::driver_options& o) {
        if constexpr (Policy::notifications) {
            notifications_refused_ = bound_.bind(call(), peer_.self, peer_.id, o.notif_id).error();
        } else {
            notifications_refused_ = errc::not_supported;
        }
        if (notifications_refused_ != errc::none)
            o.events = event_method::poll;
        else
            o.bus_features = o.bus_features | bus_feature::notif_rx | bus_feature::notif_tx;
    }

    Access& access_;
    Clock& clock_;
    ffa_driver_options options_;
    bus_peer peer_{};
    transfer_methods usable_{};
    transfer_methods first_{};
    errc notifications_refused_{};
    fifo_refusal fifo_refused_{};
    [[no_unique_address]] bound_type bound_{};
    [[no_unique_address]] fifo_memory fifo_memory_{};
    std::optional<carriers> carriers_{};
    std::optional<session_type> session_{};
};

} // namespace vmsg
