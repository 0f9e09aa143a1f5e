// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa_driver`: a bus over FF-A in one call: who offers it, by which method it begins, and a session over it. Source:
// FF-A bus, rules N5, N6, N8.

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
#include <vmsg/session/discover.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/either.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/notification_doorbell.hpp>

namespace vmsg {

/// What a bus over FF-A can do, besides what `session_policy` says. What is not in it has no code.
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
    ffa::endpoint_id partition{};   ///< the one that is wanted where several offer the service; 0: the first
    bus_peer peer{};                ///< without discovery
    /// The method that a bus begins with if the partition takes it. The other one, if there is, is tried only when this
    /// one is missing, never because somebody is busy.
    transfer_methods first = transfer_methods::direct;
    proto::retry_policy direct = proto::direct_retry_policy;     ///< budgets of direct messages
    proto::retry_policy indirect = proto::indirect_retry_policy; ///< of indirect ones
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

namespace detail {

template <revision R> constexpr std::size_t ffa_size(const proto::driver_options& o) {
    return o.max_msg_size < constants_of<R>.ffa_max_msg_size ? o.max_msg_size : constants_of<R>.ffa_max_msg_size;
}
template <revision R> constexpr transports::direct_options direct_wire(const bus_peer& p, std::size_t size) {
    return {.max_msg_size = size, .service = p.service};
}
template <revision R> constexpr transports::indirect_options indirect_wire(const bus_peer& p, std::size_t size) {
    auto o = transports::indirect_driver_options(size, R == revision::oasis_v2);
    o.peer_service = p.service;
    // The long header is legal with 1.1, too, and the only one that Linux takes from everybody.
    o.ffa_version = ffa::version::v1_2;
    return o;
}

/// The transports of a bus, made when the peer is known.
template <ffa::conduit Conduit, revision R, transfer_methods M> struct ffa_carriers;

template <ffa::conduit Conduit, revision R> struct ffa_carriers<Conduit, R, transfer_methods::direct> {
    using wire_type = transports::direct_driver<Conduit>;
    wire_type wire;
    constexpr ffa_carriers(Conduit& call, const bus_peer& p, std::size_t size, transfer_methods)
        : wire(call, p.self, p.id, direct_wire<R>(p, size)) {}
};
template <ffa::conduit Conduit, revision R> struct ffa_carriers<Conduit, R, transfer_methods::indirect> {
    using wire_type = transports::indirect<Conduit>;
    wire_type wire;
    constexpr ffa_carriers(ffa::rxtx<Conduit>& buffers, const bus_peer& p, std::size_t size, transfer_methods)
        : wire(buffers, p.self, p.id, indirect_wire<R>(p, size)) {}
};
template <ffa::conduit Conduit, revision R> struct ffa_carriers<Conduit, R, transfer_methods::both> {
    using wire_type = transports::either<transports::direct_driver<Conduit>, transports::indirect<Conduit>>;
    transports::direct_driver<Conduit> direct;
    transports::indirect<Conduit> indirect;
    wire_type wire;
    constexpr ffa_carriers(ffa::rxtx<Conduit>& buffers, const bus_peer& p, std::size_t size, transfer_methods first)
        : direct(buffers.call(), p.self, p.id, direct_wire<R>(p, size)),
          indirect(buffers, p.self, p.id, indirect_wire<R>(p, size)),
          wire(direct, indirect, first) {}
    ffa_carriers(const ffa_carriers&) = delete;
    ffa_carriers& operator=(const ffa_carriers&) = delete;
};

} // namespace detail

/// The driver side of one bus over FF-A. What it is made from, `access`, outlives it: the conduit where only direct
/// messages are used and nobody is looked for, or who is looked for has FFA_PARTITION_INFO_GET_REGS; the pair of
/// buffers in all other cases.
template <class Access, session_clock Clock, class Policy = ffa_policy<>> class ffa_driver {
    static constexpr revision R = Policy::rev;
    static constexpr transfer_methods mine = Policy::methods;
    static constexpr bool has_buffers = requires(Access & a) { a.call(); };
    static_assert(mine != transfer_methods::none, "a bus needs a method");
    static_assert(has_buffers || mine == transfer_methods::direct, "indirect messages need buffers");

    template <class A> struct conduit_in { using type = A; };
    template <class C> struct conduit_in<ffa::rxtx<C>> { using type = C; };
    using conduit_type = typename conduit_in<Access>::type;
    using carriers = detail::ffa_carriers<conduit_type, R, mine>;
    // Direct messages alone do not look at the buffers, even if there are some.
    using session_type = driver_session<typename carriers::wire_type, Clock, Policy>;

public:
    constexpr ffa_driver(Access& access, Clock& clock, const ffa_driver_options& options = {})
        : access_(access), clock_(clock), options_(options) {}
    ffa_driver(const ffa_driver&) = delete;
    ffa_driver& operator=(const ffa_driver&) = delete;

    /// Brings the bus up: version of FF-A, partition, method, notifications, VERSION, events, devices. A bus that is up
    /// is begun anew. Errors: those of `discover`; `no_device` (the partition that is wanted is not there);
    /// `not_supported` or `denied` (no method that both sides and the manager have); those of `driver_session::open`,
    /// of the method that it was tried with last.
    constexpr result<void> open() {
        session_.reset();
        carriers_.reset();
        if (const auto found = find_peer(); !found) return found;
        transfer_methods left = methods_of(peer_) & mine;
        if constexpr (has_buffers && mine != transfer_methods::direct) {
            if (access_.state() == ffa::rx_state::unmapped && !access_.map())
                left = left & transfer_methods::direct; // the other one cannot be used here
        }
        usable_ = left;
        result<void> outcome = errc::not_supported;
        while (left != transfer_methods::none) {
            first_ = *bootstrap_of(left, options_.first);
            outcome = open_by(first_);
            if (!transports::lacks_method(outcome.error())) return outcome;
            left = left & (first_ == transfer_methods::direct ? transfer_methods::indirect : transfer_methods::direct);
        }
        return outcome;
    }
    /// Makes the peer forget everything: see `driver_session::close`.
    constexpr result<void> close() { return session_ ? session_->close() : result<void>{errc::bad_state}; }

    /// The session; only after `open` has reached the peer (`is_open`).
    constexpr session_type& session() {
        VMSG_ASSERT(session_.has_value());
        return *session_;
    }
    constexpr bool is_open() const { return session_ && session_->engine().state() == proto::bus_state::ready; }
    constexpr const bus_peer& peer() const { return peer_; }        ///< after `open`
    constexpr transfer_methods bootstrap() const { return first_; } ///< that `open` has tried last
    /// The method of what does not set up the bus.
    constexpr transfer_methods method() const {
        if constexpr (mine == transfer_methods::both)
            return carriers_ ? carriers_->wire.method() : transfer_methods::none;
        else
            return mine;
    }
    /// Why events are not announced by notification although the options want it; `none` if they are, or the peer has
    /// refused it (`proto::driver::events_refused`).
    constexpr errc notifications_refused() const { return notifications_refused_; }

    /// What FFA_NOTIFICATION_GET gave: asks for events at once if the notification is among it.
    constexpr void handle_notifications(const ffa::notification_get_answer& got) requires(Policy::notifications) {
        const std::uint64_t bit = std::uint64_t{1} << options_.driver.notif_id;
        if (session_ && (transports::notifications_from(peer_.id, got) & bit) != 0) session_->poll_now();
    }
    /// Asks the manager for the notifications of this endpoint, all of which are cleared by that, and acts on them.
    /// Where others of this endpoint have notifications, too, somebody asks for all and tells each.
    /// Errors: of the call.
    constexpr result<void> take_notifications() requires(Policy::notifications) {
        ffa::call_frame frame = ffa::encode(ffa::notification_get_call{peer_.self, 0, ffa::sources_for(peer_.self)});
        call()(frame);
        const auto got = ffa::decode_notification_get_answer(frame);
        if (!got) return got.error();
        // Also clang 14 looks into the functions of an explicit instantiation that are not for its policy.
        if constexpr (Policy::notifications) handle_notifications(*got);
        return {};
    }

private:
    constexpr conduit_type& call() {
        if constexpr (has_buffers)
            return access_.call();
        else
            return access_;
    }

    constexpr result<void> find_peer() {
        if constexpr (Policy::discovers) {
            discovery<8> found;
            const auto done = discover(access_, found, options_.find);
            if (!done && done.error() != errc::full) return done;
            for (const bus_peer& p : found) {
                const bool wanted = options_.partition == ffa::endpoint_id{} || options_.partition == p.id;
                if (!wanted || (methods_of(p) & mine) == transfer_methods::none) continue;
                peer_ = p;
                return {};
            }
            if (!done) return done; // it may be one of those for whom there was no room
            return options_.partition != ffa::endpoint_id{} ? errc::no_device : errc::not_supported;
        } else {
            peer_ = options_.peer;
            return {};
        }
    }

    constexpr result<void> open_by(transfer_methods first) {
        const std::size_t size = detail::ffa_size<R>(options_.driver);
        session_.reset();
        if constexpr (mine == transfer_methods::direct)
            carriers_.emplace(call(), peer_, size, first);
        else
            carriers_.emplace(access_, peer_, size, first);
        proto::driver_options o = options_.driver;
        o.max_msg_size = size;
        o.bus_features = features_of(usable_);
        o.policy = first == transfer_methods::direct ? options_.direct : options_.indirect;
        if (o.events == event_method::notif) prepare_notifications(o);
        session_.emplace(carriers_->wire, clock_, peer_.id, o);
        if constexpr (mine == transfer_methods::both) session_->set_busy_budgets(options_.direct, options_.indirect);
        return session_->open();
    }

    /// A manager that has no notifications, or does not let this endpoint have them, leaves EVENT_POLL.
    constexpr void prepare_notifications(proto::driver_options& o) {
        if constexpr (Policy::notifications) {
            if (bound_ && bound_to_ != peer_.id) unbind(o.notif_id);
            if (!bound_) notifications_refused_ = bind(o.notif_id).error();
            bound_ = notifications_refused_ == errc::none;
            bound_to_ = peer_.id;
        } else {
            notifications_refused_ = errc::not_supported;
        }
        if (notifications_refused_ != errc::none)
            o.events = event_method::poll;
        else
            o.bus_features = o.bus_features | bus_feature::notif_rx | bus_feature::notif_tx;
    }
    constexpr result<void> bind(std::uint16_t id) requires(Policy::notifications) {
        if (id > max_notif_id) return errc::invalid_argument;
        if (peer_.self == ffa::hypervisor_id) {
            ffa::call_frame create = ffa::encode(ffa::notification_bitmap_create_call{peer_.self, 1});
            call()(create); // who has it already is refused
        }
        ffa::call_frame frame = ffa::encode(
            ffa::notification_bind_call{.sender = peer_.id, .receiver = peer_.self, .bits = std::uint64_t{1} << id});
        call()(frame);
        return ffa::outcome_of(frame);
    }
    /// The partition that the bus was with before may not set it any more.
    constexpr void unbind(std::uint16_t id) requires(Policy::notifications) {
        ffa::call_frame frame = ffa::encode(
            ffa::notification_unbind_call{.sender = bound_to_, .receiver = peer_.self, .bits = std::uint64_t{1} << id});
        call()(frame); // if it is refused, so is the next FFA_NOTIFICATION_BIND
        bound_ = false;
    }

    Access& access_;
    Clock& clock_;
    ffa_driver_options options_;
    bus_peer peer_{};
    transfer_methods usable_{};
    transfer_methods first_{};
    errc notifications_refused_{};
    ffa::endpoint_id bound_to_{};
    bool bound_ = false; // the notification is, to `bound_to_`
    std::optional<carriers> carriers_{};
    std::optional<session_type> session_{};
};

} // namespace vmsg
