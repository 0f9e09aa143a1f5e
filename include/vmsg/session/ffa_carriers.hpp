// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The transports of a bus over FF-A, made when the peer is known: for `ffa_driver`. Source: FF-A bus, rules N6, N7, N9,
// N10.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/session/discover.hpp>
#include <vmsg/session/ffa_fifo.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/either.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/notification_doorbell.hpp>
#include <vmsg/transport/switched.hpp>

namespace vmsg::detail {

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

/// Those on which a bus begins. They hear that RX is full from somebody else who has asked, and
/// can say that they have not looked into it since.
template <ffa::conduit Conduit, revision R, transfer_methods M> struct ffa_carriers;

template <ffa::conduit Conduit, revision R> struct ffa_carriers<Conduit, R, transfer_methods::direct> {
    using wire_type = transports::direct_driver<Conduit>;
    wire_type wire;
    constexpr ffa_carriers(Conduit& call, const bus_peer& p, std::size_t size, transfer_methods)
        : wire(call, p.self, p.id, direct_wire<R>(p, size)) {}
    constexpr void handle_rx_full() {} // with what is for others
    constexpr bool rx_is_full() const { return false; }
};
template <ffa::conduit Conduit, revision R> struct ffa_carriers<Conduit, R, transfer_methods::indirect> {
    using wire_type = transports::indirect<Conduit>;
    wire_type wire;
    constexpr ffa_carriers(ffa::rxtx<Conduit>& buffers, const bus_peer& p, std::size_t size, transfer_methods)
        : wire(buffers, p.self, p.id, indirect_wire<R>(p, size)) {}
    constexpr void handle_rx_full() { wire.arrived(); }
    constexpr bool rx_is_full() const { return wire.has_arrived(); }
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
    constexpr void handle_rx_full() { indirect.arrived(); }
    constexpr bool rx_is_full() const { return indirect.has_arrived(); }
    ffa_carriers(const ffa_carriers&) = delete;
    ffa_carriers& operator=(const ffa_carriers&) = delete;
};

/// The driver's end of a bus that begins on `Bootstrap`, which is of the methods `M`, and can go on over a FIFO. What
/// comes in by notification it asks for itself, if it is told to.
template <transport Bootstrap, transfer_methods M, ffa::conduit Conduit> class ffa_fifo_wire {
public:
    using rings_type = transports::fifo<transports::notification_doorbell<Conduit>>;

    constexpr ffa_fifo_wire(Bootstrap& bootstrap, Conduit& call, const bus_peer& p, const ffa_fifo_options& o)
        : call_(call),
          self_(p.self),
          peer_(p.id),
          asks_(o.told == transports::arrival::polled),
          rings_({.side = transports::fifo_side::driver, .peer = p.id, .notif_id = o.notif_id}, {call, p.self, p.id}),
          both_(bootstrap, rings_) {}
    ffa_fifo_wire(const ffa_fifo_wire&) = delete;
    ffa_fifo_wire& operator=(const ffa_fifo_wire&) = delete;

    constexpr std::size_t max_msg_size() const { return both_.max_msg_size(); }
    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        return both_.send(peer, frame, now);
    }
    constexpr result<inbound> receive(byte_span buffer, instant now) {
        if (asks_ && both_.active())
            if (const auto got = transports::take_notifications(call_, self_, peer_)) rings_.handle_notifications(*got);
        return both_.receive(buffer, now);
    }
    constexpr instant poll_timeout() const { return both_.poll_timeout(); }
    constexpr void follow(const fifo_link& link) { both_.follow(link); }
    constexpr void follow(transfer_methods agreed) {
        if constexpr (has_methods<Bootstrap>) both_.follow(agreed);
    }
    constexpr transfer_methods last_method() const {
        if constexpr (has_methods<Bootstrap>)
            return both_.last_method();
        else
            return both_.runtime_was_last() ? transfer_methods::none : M;
    }

    constexpr rings_type& rings() { return rings_; }
    constexpr const rings_type& rings() const { return rings_; }

private:
    Conduit& call_;
    ffa::endpoint_id self_;
    ffa::endpoint_id peer_;
    bool asks_;
    rings_type rings_;
    transports::switched<Bootstrap, rings_type> both_;
};

/// The same with a FIFO.
template <ffa::conduit Conduit, revision R, transfer_methods M> struct ffa_fifo_carriers {
    using below_type = ffa_carriers<Conduit, R, M>;
    using wire_type = ffa_fifo_wire<typename below_type::wire_type, M, Conduit>;
    below_type below;
    wire_type wire;

    template <class Access>
    constexpr ffa_fifo_carriers(Access& access, Conduit& call, const bus_peer& p, std::size_t size,
                                transfer_methods first, const ffa_fifo_options& o)
        : below(access, p, size, first), wire(below.wire, call, p, o) {}
    constexpr void handle_rx_full() { below.handle_rx_full(); }
    constexpr bool rx_is_full() const { return below.rx_is_full(); }
    ffa_fifo_carriers(const ffa_fifo_carriers&) = delete;
    ffa_fifo_carriers& operator=(const ffa_fifo_carriers&) = delete;
};

} // namespace vmsg::detail
