// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `proto::any_device_bus`: the device side of a virtio-msg bus for drivers of all revisions at once. The revision of
// each driver endpoint is recognised from its VERSION request, again whenever it starts anew.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/proto/recognition.hpp>

namespace vmsg::proto {

/// What a device side is told about its carrier, for the drivers of each revision.
struct any_device_options {
    device_options rfc2025{.max_msg_size = constants_of<revision::rfc2025>.ffa_max_msg_size};
    device_options oasis_v1{.max_msg_size = constants_of<revision::oasis_v1>.ffa_max_msg_size};
    device_options oasis_v2{.max_msg_size = constants_of<revision::oasis_v2>.ffa_max_msg_size};
};

/// What no engine of an endpoint has counted.
struct any_device_counters {
    std::uint64_t recognised{}; ///< drivers, each time one comes with a revision that it did not have before
    drop_counters dropped{};    ///< `malformed`: no driver is recognised in it; `overflow`: no place for its sender;
                                ///< `too_early`: its sender is being taken down
};

/// A frame that is to be sent.
struct endpoint_frame {
    ffa::endpoint_id peer{};
    byte_view frame{};
};

/// The same for the memory of its FIFO.
struct endpoint_fifo_task {
    ffa::endpoint_id peer{};
    fifo_task task{};
};

/// Something to do about the memory of a driver; `task.what` is `none` if there is nothing.
struct endpoint_task {
    ffa::endpoint_id peer{};
    area_task task{};
};

namespace detail {

template <revision R> struct of_revision {};

/// One engine of three, or none. All of them are trivial to copy, so that the whole is assigned.
template <device_capacity C> class engine_slot {
    using old_engine = device_bus<revision::rfc2025, C>;
    using v1_engine = device_bus<revision::oasis_v1, C>;
    using v2_engine = device_bus<revision::oasis_v2, C>;
    static_assert(std::is_trivially_copyable_v<old_engine> && std::is_trivially_copyable_v<v1_engine> &&
                  std::is_trivially_copyable_v<v2_engine>);

    union storage {
        bool nothing;
        old_engine old;
        v1_engine v1;
        v2_engine v2;
        constexpr storage() : nothing{} {}
        constexpr storage(of_revision<revision::rfc2025>, const device_options& o) : old(o) {}
        constexpr storage(of_revision<revision::oasis_v1>, const device_options& o) : v1(o) {}
        constexpr storage(of_revision<revision::oasis_v2>, const device_options& o) : v2(o) {}
    };

public:
    constexpr bool empty() const { return !used_; }
    constexpr bool is(revision r) const { return used_ && rev_ == r; }
    constexpr revision rev() const { return rev_; } ///< of the engine that is there

    constexpr void clear() {
        used_ = false;
        engine_ = storage{};
    }
    constexpr void set(revision r, const any_device_options& o) {
        used_ = true;
        rev_ = r;
        switch (r) {
        case revision::rfc2025: engine_ = storage{of_revision<revision::rfc2025>{}, o.rfc2025}; break;
        case revision::oasis_v1: engine_ = storage{of_revision<revision::oasis_v1>{}, o.oasis_v1}; break;
        case revision::oasis_v2: engine_ = storage{of_revision<revision::oasis_v2>{}, o.oasis_v2}; break;
        }
    }

    /// `call(engine, arguments...)` for the engine that is there, which has to be.
    template <class Call, class... A> constexpr auto with(Call call, A... arguments) {
        VMSG_ASSERT(used_);
        switch (rev_) {
        case revision::rfc2025: return call(engine_.old, arguments...);
        case revision::oasis_v1: return call(engine_.v1, arguments...);
        default: return call(engine_.v2, arguments...);
        }
    }
    template <class Call, class... A> constexpr auto with(Call call, A... arguments) const {
        VMSG_ASSERT(used_);
        switch (rev_) {
        case revision::rfc2025: return call(engine_.old, arguments...);
        case revision::oasis_v1: return call(engine_.v1, arguments...);
        default: return call(engine_.v2, arguments...);
        }
    }

private:
    bool used_ = false;
    revision rev_{};
    storage engine_{};
};

} // namespace detail

/// The device side of a bus for up to `Endpoints` drivers, whatever revision each of them speaks; `C` is what it holds
/// for each of them. An endpoint has devices, areas and counters of its own. A device belongs to one endpoint: who
/// wants to show the same thing to two drivers makes two devices of it.
///
/// The first `attach` for an endpoint, or its first VERSION request, gives it a place. Places are not taken away by
/// others: devices that are attached first are safe from strangers who take all of them. A driver that comes with
/// another revision is served as soon as the memory of the one before is let go; to make its engine takes as much
/// stack as an engine is large.
///
/// To be called as `device_bus`; the sender of a frame is what the carrier says.
template <std::size_t Endpoints, device_capacity C = device_capacity{}> class any_device_bus {
    static_assert(Endpoints >= 1);

    struct endpoint {
        ffa::endpoint_id id{};
        bool used{};
        bool closing{};               // its driver has gone, but not all of its memory
        recognised_version waiting{}; // the VERSION of the next driver; size 0: there is none
        detail::engine_slot<C> engine{};
        number_map<device_port*, C.devices> devices{};
    };

public:
    constexpr explicit any_device_bus(const any_device_options& options = {}) : options_(options) {}

    // --- devices; of `device_bus` but for the endpoint. `bad_state`: it has no driver yet

    /// Puts a device on the bus of an endpoint. Errors: `invalid_argument` (the number or the device is taken, or a
    /// revision cannot show its identity), `full` (of endpoints, or of devices), `busy` (the endpoint is being closed).
    constexpr result<void> attach(ffa::endpoint_id peer, std::uint16_t dev_num, device_port& port) {
        const bool shown = device_bus<revision::rfc2025, C>::can_show(port) &&
                           device_bus<revision::oasis_v1, C>::can_show(port) &&
                           device_bus<revision::oasis_v2, C>::can_show(port);
        if (!shown || is_attached(port)) return errc::invalid_argument;
        endpoint* e = find_or_add(peer);
        if (e == nullptr) return errc::full;
        if (e->closing) return errc::busy;
        if (e->devices.find(dev_num) != nullptr) return errc::invalid_argument;
        device_port** place = e->devices.insert(dev_num);
        if (place == nullptr) return errc::full;
        *place = &port;
        if (e->engine.empty()) return {};
        const auto done =
            e->engine.with([](auto& engine, auto n, auto* p) { return engine.attach(n, *p); }, dev_num, &port);
        if (!done) e->devices.erase(dev_num);
        return done;
    }

    /// Takes a device off the bus, after a reset of it; it can be given to another endpoint then.
    constexpr result<void> detach(ffa::endpoint_id peer, std::uint16_t dev_num) {
        endpoint* e = find(peer);
        if (e == nullptr || e->devices.find(dev_num) == nullptr) return errc::no_device;
        e->devices.erase(dev_num);
        if (e->engine.empty()) return {};
        return e->engine.with([](auto& engine, auto n) { return engine.detach(n); }, dev_num);
    }

    constexpr result<void> used(ffa::endpoint_id peer, std::uint16_t dev_num, std::uint32_t vq_index) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        return e->engine.with([](auto& engine, auto n, auto i) { return engine.used(n, i); }, dev_num, vq_index);
    }
    constexpr result<void> config_changed(ffa::endpoint_id peer, std::uint16_t dev_num, std::uint32_t offset,
                                          std::uint32_t length) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        return e->engine.with(
            [](auto& engine, auto n, auto at, auto size) { return engine.config_changed(n, at, size); }, dev_num,
            offset, length);
    }
    constexpr result<void> needs_reset(ffa::endpoint_id peer, std::uint16_t dev_num) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        return e->engine.with([](auto& engine, auto n) { return engine.needs_reset(n); }, dev_num);
    }

    /// An endpoint has gone: its devices are reset and taken off, and its place is free as soon as `poll_task` has
    /// nothing more for it. Errors: `invalid_argument` (it has no place), `would_block` (a frame for it is out).
    constexpr result<void> close(ffa::endpoint_id peer) {
        endpoint* e = find(peer);
        if (e == nullptr) return errc::invalid_argument;
        if (is_sending(*e)) return errc::would_block;
        if (!e->engine.empty()) e->engine.with([](auto& engine) { engine.abandon(); });
        e->waiting = {};
        e->devices.clear();
        e->closing = true;
        free_if_closed(*e);
        return {};
    }

    // --- memory

    /// As `device_bus::poll_task`; endpoints take turns. Answer with `mapped`, `refused` or `unmapped`.
    constexpr endpoint_task poll_task() {
        for (std::size_t i = 0; i < Endpoints; ++i) {
            endpoint& e = endpoints_[(next_task_ + i) % Endpoints];
            if (e.engine.empty()) continue;
            const area_task task = e.engine.with([](auto& engine) { return engine.poll_task(); });
            if (task.what == area_task::kind::none) continue;
            next_task_ = (next_task_ + i + 1) % Endpoints;
            return {e.id, task};
        }
        return {};
    }
    constexpr result<void> mapped(ffa::endpoint_id peer, std::uint16_t area_id, byte_span memory) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        return e->engine.with([](auto& engine, auto id, auto m) { return engine.areas().mapped(id, m); }, area_id,
                              memory);
    }
    constexpr result<void> refused(ffa::endpoint_id peer, std::uint16_t area_id, bus_result why) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        const auto done =
            e->engine.with([](auto& engine, auto id, auto r) { return engine.areas().refused(id, r); }, area_id, why);
        free_if_closed(*e);
        return done;
    }
    constexpr result<void> unmapped(ffa::endpoint_id peer, std::uint16_t area_id) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        const auto done = e->engine.with([](auto& engine, auto id) { return engine.areas().unmapped(id); }, area_id);
        free_if_closed(*e);
        return done;
    }

    /// As `device_bus::poll_fifo_task`; answer with `fifo_mapped`, `fifo_refused` or `fifo_unmapped`.
    constexpr endpoint_fifo_task poll_fifo_task() {
        for (endpoint& e : endpoints_) {
            if (e.engine.empty()) continue;
            const fifo_task task = e.engine.with([](auto& engine) { return engine.poll_fifo_task(); });
            if (task.what != fifo_task::kind::none) return {e.id, task};
        }
        return {};
    }
    constexpr result<void> fifo_mapped(ffa::endpoint_id peer, std::uint16_t notif_id) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        return e->engine.with([](auto& engine, auto id) { return engine.fifo_mapped(id); }, notif_id);
    }
    constexpr result<void> fifo_refused(ffa::endpoint_id peer) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        const auto done = e->engine.with([](auto& engine) { return engine.fifo_refused(); });
        free_if_closed(*e);
        return done;
    }
    constexpr result<void> fifo_unmapped(ffa::endpoint_id peer) {
        endpoint* e = served(peer);
        if (e == nullptr) return errc::bad_state;
        const auto done = e->engine.with([](auto& engine) { return engine.fifo_unmapped(); });
        free_if_closed(*e);
        return done;
    }
    /// How the FIFO of an endpoint stands, for the carrier.
    constexpr fifo_link fifo(ffa::endpoint_id peer) const {
        const endpoint* e = find(peer);
        if (e == nullptr || e->engine.empty()) return {};
        return e->engine.with([](const auto& engine) { return engine.fifo(); });
    }

    /// The memory of one endpoint, a `resolver` for the queues of its devices: see `device_areas`.
    class endpoint_memory {
    public:
        constexpr endpoint_memory(any_device_bus& bus, ffa::endpoint_id peer) : bus_(&bus), peer_(peer) {}

        constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) {
            endpoint* e = bus_->served(peer_);
            if (e == nullptr) return errc::bad_value;
            return e->engine.with([](auto& engine, auto at, auto n) { return engine.areas().resolve(at, n); }, address,
                                  length);
        }
        constexpr bool pin(std::uint16_t area_id) {
            endpoint* e = bus_->served(peer_);
            return e != nullptr && e->engine.with([](auto& g, auto id) { return g.areas().pin(id); }, area_id);
        }
        constexpr void unpin(std::uint16_t area_id) {
            if (endpoint* e = bus_->served(peer_))
                e->engine.with([](auto& engine, auto id) { engine.areas().unpin(id); }, area_id);
        }

    private:
        any_device_bus* bus_;
        ffa::endpoint_id peer_;
    };
    constexpr endpoint_memory memory_of(ffa::endpoint_id peer) { return endpoint_memory{*this, peer}; }

    // --- frames in

    /// A frame has come from `peer`. As `device_bus::handle_frame`, and `full` if there is no place for the endpoint,
    /// `bad_type` if no driver is recognised yet and this is none, `bad_state` while the one before is taken down.
    constexpr result<void> handle_frame(ffa::endpoint_id peer, byte_view delivered, instant now) {
        endpoint* e = find(peer);
        if (e != nullptr) static_cast<void>(begin_anew(*e, now));
        const auto version = recognise_version(delivered);
        if (version) {
            if (e == nullptr) e = find_or_add(peer);
            if (e == nullptr) return drop(drop_reason::overflow, errc::full);
            if (e->closing) return drop(drop_reason::too_early, errc::bad_state);
            if (!e->engine.is(version->rev) || e->waiting.size != 0) return change(*e, *version, now);
            return deliver(*e, version->bytes(), now);
        }
        if (e == nullptr || e->engine.empty()) return drop(drop_reason::malformed, errc::bad_type);
        if (e->closing || e->waiting.size != 0) return drop(drop_reason::too_early, errc::bad_state);
        return deliver(*e, delivered, now);
    }

    // --- frames out

    /// As `device_bus::poll_transmit`; endpoints take turns, and one that is refused does not keep the others waiting.
    constexpr result<endpoint_frame> poll_transmit(instant now) {
        VMSG_ASSERT(sending_ == no_endpoint);
        for (std::size_t i = 0; i < Endpoints; ++i) {
            const std::size_t index = (next_frame_ + i) % Endpoints;
            endpoint& e = endpoints_[index];
            static_cast<void>(begin_anew(e, now));
            if (e.engine.empty() || e.closing) continue;
            const auto frame = e.engine.with([](auto& engine, auto t) { return engine.poll_transmit(t); }, now);
            if (!frame) continue;
            sending_ = index;
            next_frame_ = (index + 1) % Endpoints;
            return endpoint_frame{e.id, *frame};
        }
        return errc::would_block;
    }
    constexpr void handle_sent(result<void> outcome, instant now) {
        VMSG_ASSERT(sending_ != no_endpoint);
        endpoint& e = endpoints_[sending_];
        sending_ = no_endpoint;
        e.engine.with([](auto& engine, auto what, auto t) { engine.handle_sent(what, t); }, outcome, now);
    }
    constexpr instant poll_timeout() const {
        instant first = never;
        for (const endpoint& e : endpoints_) {
            if (e.engine.empty() || e.closing) continue;
            const instant own = e.engine.with([](const auto& engine) { return engine.poll_timeout(); });
            if (own < first) first = own;
        }
        return first;
    }

    // --- what there is

    /// The revision of an endpoint's driver, or `bad_state` if none is recognised.
    constexpr result<revision> revision_of(ffa::endpoint_id peer) const {
        const endpoint* e = find(peer);
        if (e == nullptr || e->engine.empty()) return errc::bad_state;
        return e->engine.rev();
    }
    constexpr bool negotiated(ffa::endpoint_id peer) const {
        const endpoint* e = find(peer);
        return e != nullptr && !e->engine.empty() && e->engine.with([](const auto& g) { return g.negotiated(); });
    }
    constexpr std::size_t endpoint_count() const {
        std::size_t n = 0;
        for (const endpoint& e : endpoints_) n += e.used ? 1 : 0;
        return n;
    }
    constexpr const any_device_counters& counters() const { return counters_; }
    /// Of an endpoint, since its driver was recognised last.
    constexpr device_counters counters(ffa::endpoint_id peer) const {
        const endpoint* e = find(peer);
        if (e == nullptr || e->engine.empty()) return {};
        return e->engine.with([](const auto& engine) { return engine.counters(); });
    }

private:
    static constexpr std::size_t no_endpoint = Endpoints;

    constexpr result<void> drop(drop_reason why, errc error) {
        counters_.dropped.count(why);
        return error;
    }

    constexpr endpoint* find(ffa::endpoint_id peer) {
        for (endpoint& e : endpoints_)
            if (e.used && e.id == peer) return &e;
        return nullptr;
    }
    constexpr const endpoint* find(ffa::endpoint_id peer) const {
        for (const endpoint& e : endpoints_)
            if (e.used && e.id == peer) return &e;
        return nullptr;
    }
    /// The endpoint, if it has an engine.
    constexpr endpoint* served(ffa::endpoint_id peer) {
        endpoint* e = find(peer);
        return e != nullptr && !e->engine.empty() ? e : nullptr;
    }
    constexpr endpoint* find_or_add(ffa::endpoint_id peer) {
        endpoint* free = nullptr;
        for (endpoint& e : endpoints_) {
            if (e.used && e.id == peer) return &e;
            if (!e.used && free == nullptr) free = &e;
        }
        if (free == nullptr) return nullptr;
        free->used = true;
        free->id = peer;
        return free;
    }
    constexpr bool is_attached(const device_port& port) const {
        for (const endpoint& e : endpoints_)
            for (std::size_t i = 0; i < e.devices.slots(); ++i)
                if (device_port* const* p = e.devices.at_slot(i); p != nullptr && *p == &port) return true;
        return false;
    }
    constexpr bool is_sending(const endpoint& e) const {
        return sending_ != no_endpoint && &endpoints_[sending_] == &e;
    }
    static constexpr bool holds_memory(const endpoint& e) {
        return !e.engine.empty() && e.engine.with([](auto& engine) { return engine.holds_memory(); });
    }

    constexpr void free_if_closed(endpoint& e) {
        if (!e.closing || holds_memory(e)) return;
        e.engine.clear();
        e.closing = e.used = false;
    }

    static constexpr result<void> deliver(endpoint& e, byte_view frame, instant now) {
        return e.engine.with([](auto& engine, auto f, auto t) { return engine.handle_frame(f, t); }, frame, now);
    }

    /// A driver has come in place of another one, or of none.
    constexpr result<void> change(endpoint& e, const recognised_version& version, instant now) {
        if (is_sending(e)) return errc::would_block;
        if (!e.engine.empty() && e.waiting.size == 0) e.engine.with([](auto& engine) { engine.abandon(); });
        e.waiting = version;
        return begin_anew(e, now);
    }
    /// Serves the driver that waits, if there is one and nothing is left of the one before.
    constexpr result<void> begin_anew(endpoint& e, instant now) {
        if (e.waiting.size == 0 || holds_memory(e)) return {};
        ++counters_.recognised;
        e.engine.set(e.waiting.rev, options_);
        for (std::size_t i = 0; i < e.devices.slots(); ++i)
            if (device_port* const* port = e.devices.at_slot(i))
                static_cast<void>(e.engine.with([](auto& engine, auto n, auto* p) { return engine.attach(n, *p); },
                                                e.devices.number_at(i), *port));
        const recognised_version version = e.waiting;
        e.waiting = {};
        return deliver(e, version.bytes(), now);
    }

    any_device_options options_;
    any_device_counters counters_{};
    std::size_t sending_ = no_endpoint; // the endpoint whose frame is out for sending
    std::size_t next_frame_ = 0;        // the endpoint whose turn it is
    std::size_t next_task_ = 0;
    endpoint endpoints_[Endpoints]{};
};

} // namespace vmsg::proto
