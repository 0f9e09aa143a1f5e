// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a driver side over FF-A has to know and to do for a FIFO: the memory that its user gives, shared with the device
// side and taken back. Source: FF-A bus, rule N10; FF-A, FFA_MEM_SHARE and FFA_MEM_RECLAIM.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/proto/driver_fifo.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/bound_notifications.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/discover.hpp>
#include <vmsg/session/memory_owner.hpp>
#include <vmsg/session/memory_policy.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/fifo_region.hpp>
#include <vmsg/transport/indirect.hpp>

namespace vmsg {

/// A FIFO as its user wants it.
struct ffa_fifo_options {
    byte_span memory{};       ///< whole pages of 4 KiB (2 for the default geometry), nobody else's; empty: no FIFO
    std::uint64_t address{};  ///< of the memory, as the manager knows it
    std::uint16_t notif_id{}; ///< by which this side hears of new entries: 0..63
    transports::fifo_geometry geometry{};
    /// `polled`: each `receive` asks for what the partitions of the peer's world have set, and clears it. Where others
    /// of this endpoint have notifications, too: `announced`, and `ffa_driver::handle_notifications`.
    transports::arrival told = transports::arrival::polled;
    proto::retry_policy policy = proto::fifo_retry_policy; ///< budgets of frames in the FIFO
    memory_policy memory_calls{};
};

/// What has to go well before frames travel in a FIFO, in this order.
enum class fifo_step : std::uint8_t {
    none,
    memory,       ///< the memory of the options: whole pages, with room for two rings
    buffers,      ///< FFA_RXTX_MAP, for the calls about memory
    notification, ///< FFA_NOTIFICATION_BIND, and that the partition can be told, too
    share,        ///< FFA_MEM_SHARE; also if what a former partition has of it does not come back
    agreement,    ///< VERSION: the peer has a FIFO among its features, beside a method to begin with
    configure,    ///< FIFO_CONFIGURE and the EVENT_CONFIGURE for it: the peer takes the memory
};
/// What is missing when a step is refused.
constexpr const char* name_of(fifo_step s) {
    constexpr const char* names[]{"",
                                  "memory for two rings",
                                  "FFA_RXTX_MAP",
                                  "FFA_NOTIFICATION_BIND",
                                  "FFA_MEM_SHARE",
                                  "FIFO among the bus features",
                                  "FIFO_CONFIGURE"};
    return names[static_cast<std::size_t>(s)];
}

/// Why a bus has no FIFO.
struct fifo_refusal {
    fifo_step step{}; ///< `none`: it has, or none was wanted
    errc error{};
    friend bool operator==(const fifo_refusal&, const fifo_refusal&) = default;
};

namespace detail {

/// The memory of a FIFO as the manager sees it: the driver's alone, or shared with one peer.
template <ffa::conduit Conduit> class fifo_share {
public:
    constexpr bool held() const { return handle_ != ffa::invalid_handle; } ///< somebody may have it
    constexpr ffa::endpoint_id peer() const { return peer_.id; }           ///< who, while it is `held`
    constexpr proto::fifo_offer offer(const ffa_fifo_options& o) const {
        return {static_cast<std::uint64_t>(handle_), page_count(o), o.notif_id};
    }
    /// All that comes before VERSION; `bound` are the notifications of this endpoint. What this peer has already stays
    /// shared, what a former peer has is not offered to another one.
    template <session_clock Clock>
    constexpr fifo_refusal prepare(ffa::rxtx<Conduit>& buffers, Clock& clock, bound_notifications& bound,
                                   const bus_peer& peer, const ffa_fifo_options& o) {
        if (o.memory.empty()) return {};
        if (!legal(o)) return {fifo_step::memory, errc::invalid_argument};
        if (buffers.state() == ffa::rx_state::unmapped)
            if (const auto mapped = buffers.map(); !mapped) return {fifo_step::buffers, mapped.error()};
        if (!peer.takes_notifications()) return {fifo_step::notification, errc::not_supported};
        if (const auto done = bound.bind(buffers.call(), peer.self, peer.id, o.notif_id); !done)
            return {fifo_step::notification, done.error()};
        if (held()) return peer_.id == peer.id ? fifo_refusal{} : fifo_refusal{fifo_step::share, errc::denied};
        if (const errc why = share(buffers, clock, peer, o); why != errc::none) return {fifo_step::share, why};
        return {};
    }
    /// Takes it back; so many attempts while somebody has access. Errors: of FFA_MEM_RECLAIM: it is still `held`.
    template <session_clock Clock>
    constexpr result<void> take_back(ffa::rxtx<Conduit>& buffers, Clock& clock, const ffa_fifo_options& o,
                                     std::uint16_t attempts) {
        memory_owner<Conduit> owner{buffers, peer_.version, o.memory_calls};
        for (std::uint16_t i = 1;; ++i) {
            owner.reclaim(handle_);
            const errc why = finish(owner, clock);
            if (why == errc::none) handle_ = ffa::invalid_handle;
            if (why != errc::denied || i >= attempts) return why;
            for (const instant end = clock.now() + o.memory_calls.reclaim_interval; clock.now() < end;) clock.idle(end);
        }
    }

private:
    static constexpr bool legal(const ffa_fifo_options& o) {
        return o.memory.size() % ffa::page_size == 0 && o.memory.size() / ffa::page_size <= 0xffff &&
               o.address % ffa::page_size == 0 && transports::check_fifo_room(o.memory, o.geometry).has_value();
    }
    static constexpr std::uint16_t page_count(const ffa_fifo_options& o) {
        return static_cast<std::uint16_t>(o.memory.size() / ffa::page_size);
    }
    template <session_clock Clock>
    constexpr errc share(ffa::rxtx<Conduit>& buffers, Clock& clock, const bus_peer& peer, const ffa_fifo_options& o) {
        const ffa::memory_region region{o.address, page_count(o)};
        ffa::memory_transaction t;
        t.sender = peer.self;
        t.attributes = ffa::normal_memory;
        memory_owner<Conduit> owner{buffers, peer.version, o.memory_calls};
        owner.share(ffa::memory_operation::share, t,
                    {.receiver = peer.id, .permissions = ffa::memory_permissions::read_write}, {&region, 1});
        const errc why = finish(owner, clock);
        if (why == errc::none) {
            handle_ = owner.handle();
            peer_ = peer;
        }
        return why;
    }
    template <session_clock Clock> static constexpr errc finish(memory_owner<Conduit>& owner, Clock& clock) {
        for (;;) {
            const errc why = owner.step(clock.now()).error();
            if (why != errc::would_block) return why;
            while (clock.now() < owner.due()) clock.idle(owner.due());
        }
    }

    bus_peer peer_{};
    ffa::memory_handle handle_ = ffa::invalid_handle;
};

} // namespace detail

} // namespace vmsg
