// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Carriages for `random_run` through a partition manager in memory: direct messages, indirect messages, and a FIFO on a
// bus that begins with indirect ones. Memory is shared, retrieved, relinquished and reclaimed through the manager, too.

#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/random.hpp>
#include <vmsg/session/bound_notifications.hpp>
#include <vmsg/session/memory_borrower.hpp>
#include <vmsg/session/memory_owner.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/notification_doorbell.hpp>
#include <vmsg/transport/switched.hpp>

#include "proto/support/engines.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace proto_test {

/// Two endpoints with their buffers, and pages that one of them shares.
class ffa_world {
protected:
    using conduit = sim::spmc_conduit;
    static constexpr sim::spmc_capacity capacity{.areas = 8, .shares = 16, .regions = 4, .buffer_pages = 1};
    static constexpr ffa::endpoint_id driver_id{0x0007};
    static constexpr ffa::endpoint_id device_id{0x8002};
    static constexpr std::size_t page = ffa::page_size;
    static constexpr std::size_t pool_pages = 12;

public:
    ffa_world(const ffa_world&) = delete;
    ffa_world& operator=(const ffa_world&) = delete;

    // --- memory; handle 0 is none

    std::uint64_t share() {
        for (std::size_t i = 0; i < pool_pages; ++i)
            if (pages_in_use_.insert(i).second) return share_pages(pool(i), 1, i);
        return 0;
    }
    /// The driver side has got it back, as it believes.
    void give_back(std::uint64_t handle) {
        const auto shared = shared_.find(handle);
        if (shared == shared_.end()) return;
        owner_.reclaim(ffa::memory_handle{handle});
        if (!finish(owner_)) return; // it is tried again at the end
        pages_in_use_.erase(shared->second);
        shared_.erase(shared);
    }
    /// The device side gets access.
    byte_span map(std::uint64_t handle, std::uint32_t page_count) {
        ffa::memory_transaction wanted;
        wanted.sender = driver_id;
        wanted.handle = ffa::memory_handle{handle};
        wanted.flags = ffa::type_of(ffa::memory_operation::share);
        borrower_.retrieve(wanted, ffa::memory_permissions::read_write);
        if (!finish(borrower_)) return {};
        mapped_.insert(handle);
        const auto regions = borrower_.regions();
        const auto bytes = regions.size() == 1 && regions[0].page_count == page_count
                               ? spmc_->memory(device_id, regions[0].address, page_count * page)
                               : errc::bad_value;
        if (bytes) return *bytes;
        unmap(handle);
        return {};
    }
    void unmap(std::uint64_t handle) {
        if (mapped_.erase(handle) == 0) return;
        borrower_.relinquish(ffa::memory_handle{handle});
        static_cast<void>(finish(borrower_));
    }
    void unmap_all() {
        while (!mapped_.empty()) unmap(*mapped_.begin());
    }

    /// Whether something is left at the end.
    const char* left_over() {
        const auto shared = shared_;
        for (const auto& s : shared) give_back(s.first);
        if (!mapped_.empty()) return "the device side has given back all memory";
        if (spmc_->open_shares() != 0) return "all memory can be reclaimed";
        if (spmc_->rx_full(driver_id) || spmc_->rx_full(device_id)) return "no RX buffer is held";
        return nullptr;
    }
    /// Something goes wrong with a call, soon.
    void trouble(random_numbers& random) {
        if (random.one_in(20)) spmc_->clear_faults();
        sim::fault f{.kind = sim::fault_kind::refuse, .times = 1 + random.below(3), .after = random.below(10)};
        switch (random.below(6)) {
        case 0: f.kind = sim::fault_kind::interrupt; break;
        case 1: f.kind = sim::fault_kind::yield; break;
        case 2: f.kind = sim::fault_kind::zero_response; break;
        case 3: f.kind = sim::fault_kind::garbage; break;
        case 4: f.kind = sim::fault_kind::sign_extend; break;
        default: f.on = busy_calls_[random.below(4)]; break;
        }
        static_cast<void>(spmc_->add_fault(f)); // there may be many already
    }
    void no_trouble() { spmc_->clear_faults(); }

protected:
    explicit ffa_world(const sim::profile& rules, sim::partition_entry entry = {})
        : spmc_(std::make_unique<manager>(rules)),
          driver_call_(added(driver_id, {})),
          device_call_(added(device_id, entry)) {
        good_ = ffa::negotiate(driver_call_).has_value() && ffa::negotiate(device_call_).has_value() &&
                ffa_ok(driver_buffers_.map()) && ffa_ok(device_buffers_.map()) &&
                ffa_ok(spmc_->add_memory(driver_id, pool(0)));
        VMSG_ASSERT(good_);
    }

    static bool ffa_ok(const result<void>& r) { return r.has_value(); }
    byte_span pool(std::size_t first) const { return byte_span{memory_->bytes}.drop((4 + first) * page); }
    std::uint64_t share_pages(byte_span memory, std::uint32_t count, std::size_t number) {
        const ffa::memory_region region{manager::address_of(memory), count};
        ffa::memory_transaction t;
        t.sender = driver_id;
        t.attributes = ffa::normal_memory;
        owner_.share(ffa::memory_operation::share, t,
                     {.receiver = device_id, .permissions = ffa::memory_permissions::read_write}, {&region, 1});
        if (!finish(owner_)) {
            pages_in_use_.erase(number);
            return 0;
        }
        const auto handle = static_cast<std::uint64_t>(owner_.handle());
        shared_[handle] = number;
        return handle;
    }
    template <class Operation> static bool finish(Operation& operation) {
        for (instant now = 0;; now = operation.due())
            if (const auto done = operation.step(now); done.error() != errc::would_block) return done.has_value();
    }

private:
    using manager = sim::spmc<capacity>;
    struct alignas(4096) room {
        std::uint8_t bytes[(4 + pool_pages + 2) * page]{};
    };

    conduit added(ffa::endpoint_id id, sim::partition_entry entry) {
        sim::partition_config config{.id = id};
        config.services[0].protocol = id == device_id ? device_role_uuid : driver_role_uuid;
        config.entry = entry;
        static_cast<void>(spmc_->add(config));
        const byte_span buffers = byte_span{memory_->bytes}.drop(id == driver_id ? 0 : 2 * page).first(2 * page);
        static_cast<void>(spmc_->add_memory(id, buffers));
        return spmc_->conduit_for(id);
    }
    ffa::rxtx_memory buffers_at(std::size_t first) const {
        const byte_span all{memory_->bytes};
        const byte_span tx = all.drop(first * page).first(page);
        const byte_span rx = all.drop((first + 1) * page).first(page);
        return {tx, rx, manager::address_of(tx), manager::address_of(rx)};
    }

    static constexpr ffa::function_id busy_calls_[]{ffa::function_id::msg_send_direct_req2, ffa::function_id::msg_send2,
                                                    ffa::function_id::notification_set,
                                                    ffa::function_id::mem_retrieve_req};
    std::unique_ptr<room> memory_ = std::make_unique<room>();
    bool good_ = false;
    std::map<std::uint64_t, std::size_t> shared_; // handles, and the number of their page
    std::set<std::size_t> pages_in_use_;
    std::set<std::uint64_t> mapped_; // handles

protected:
    std::unique_ptr<manager> spmc_;
    conduit driver_call_;
    conduit device_call_;
    ffa::rxtx<conduit> driver_buffers_{driver_call_, buffers_at(0)};
    ffa::rxtx<conduit> device_buffers_{device_call_, buffers_at(2)};

private:
    memory_owner<conduit> owner_{driver_buffers_, ffa::version::v1_2, {}};
    memory_borrower<conduit, 2> borrower_{device_buffers_, ffa::version::v1_2, device_id, {}};
};

/// Direct messages. The partition yields until the device side has answered. Its patience with a request that was not
/// received ends: that one was not carried out.
template <revision R> class direct_carriage : public ffa_world {
    static constexpr int patience = 30; // resumptions

    // An answer for which nobody waits can never leave.
    struct answers {
        transports::direct_device& entry;
        std::size_t max_msg_size() const { return entry.max_msg_size(); }
        result<void> send(ffa::endpoint_id, byte_view frame, instant now) {
            const auto outcome = entry.send(entry.peer(), frame, now);
            return outcome.error() == errc::would_block ? errc::no_device : outcome.error();
        }
        result<inbound> receive(byte_span buffer, instant now) { return entry.receive(buffer, now); }
    };

public:
    using driver_wire = transports::direct_driver<ffa_world::conduit>;
    using device_wire = answers;
    static constexpr bool has_fifo = false;
    static constexpr bool can_push = false;
    static constexpr bool takes_at_once = false; // but when the one before was answered

    explicit direct_carriage(std::uint64_t seed)
        : ffa_world(*sim::profiles::all[seed % 4], sim::entry_of(*this)),
          driver_(driver_call_, driver_id, device_id, {.max_msg_size = constants_of<R>.ffa_max_msg_size}) {}

    driver_wire& driver_side() { return driver_; }
    device_wire& device_side() { return device_; }
    void adapt(driver_options& o) const {
        o.bus_features = bus_feature::direct_rx | bus_feature::direct_tx;
        o.policy = direct_retry_policy;
    }
    void adapt(device_options& o) const { o.bus_features = bus_feature::direct_rx | bus_feature::direct_tx; }
    /// The device side will not answer what it has received.
    void silent() { silent_ = true; }
    /// It has sent something. If the answer got lost the driver finds nothing that it could read.
    void sent(instant now) {
        constexpr std::uint8_t unreadable[]{0xff};
        if (entry_.takes_answer()) static_cast<void>(device_.send({}, unreadable, now));
    }
    void drain(instant now) {
        std::uint8_t buffer[104];
        for (int i = 0; i < 1000 && (driver_.open() || driver_.poll_timeout() == 0); ++i) {
            silent_ = true;
            static_cast<void>(driver_.receive(buffer, now));
        }
    }

    void operator()(ffa::call_frame& frame) {
        if (entry_.enter(frame) == transports::direct_entry::message) {
            resumed_ = 0;
            silent_ = false;
        }
        if (entry_.takes_answer() ? !silent_ : !silent_ && ++resumed_ < patience)
            entry_.yield(frame);
        else
            entry_.leave(frame);
    }

private:
    transports::direct_device entry_{R, device_role_uuid, constants_of<R>.ffa_max_msg_size};
    answers device_{entry_};
    driver_wire driver_;
    int resumed_ = 0;
    bool silent_ = false;
};

/// What the two with indirect messages have in common: only one of these managers has them.
template <revision R> class indirect_world : public ffa_world {
protected:
    using end_type = transports::indirect<ffa_world::conduit>;
    static constexpr bool has_role = R == revision::oasis_v2;
    static constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;

    explicit indirect_world(std::uint64_t seed)
        : ffa_world(seed % 2 == 0 ? sim::profiles::hafnium : sim::profiles::xen),
          driver_end_(driver_buffers_, driver_id, device_id, transports::indirect_driver_options(msg_size, has_role)),
          device_end_(device_buffers_, device_id, driver_id, transports::indirect_device_options(msg_size, has_role)) {}

    end_type driver_end_;
    end_type device_end_;

    template <class T> static void empty(T& wire, instant now) {
        std::uint8_t buffer[104];
        for (int i = 0; i < 1000; ++i)
            if (wire.receive(buffer, now).error() == errc::would_block) return;
    }

public:
    static constexpr bool can_push = true;
    static constexpr bool takes_at_once = true;
    void silent() {}
    void sent(instant) {}
};

template <revision R> class indirect_carriage : public indirect_world<R> {
public:
    using driver_wire = typename indirect_world<R>::end_type;
    using device_wire = driver_wire;
    static constexpr bool has_fifo = false;

    explicit indirect_carriage(std::uint64_t seed) : indirect_world<R>(seed) {}

    driver_wire& driver_side() { return this->driver_end_; }
    device_wire& device_side() { return this->device_end_; }
    void adapt(driver_options& o) const { o.policy = indirect_retry_policy; }
    void adapt(device_options&) const {}
    void drain(instant now) {
        this->empty(this->driver_end_, now);
        this->empty(this->device_end_, now);
    }
};

/// Only in oasis_v2.
class fifo_carriage : public indirect_world<revision::oasis_v2> {
    using rings = transports::fifo<transports::notification_doorbell<ffa_world::conduit>>;
    using both = transports::switched<end_type, rings>;
    static constexpr std::uint16_t driver_notif = 9;
    static constexpr std::uint16_t device_notif = 11;
    static constexpr bus_feature features = bus_feature::indirect_rx | bus_feature::indirect_tx | bus_feature::fifo;

    // An end that asks for its notifications before it looks.
    struct noticing {
        fifo_carriage& owner;
        both& wire;
        bool of_driver;
        std::size_t max_msg_size() const { return wire.max_msg_size(); }
        result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) { return wire.send(peer, frame, now); }
        result<inbound> receive(byte_span buffer, instant now) {
            owner.take_notifications(of_driver);
            return wire.receive(buffer, now);
        }
        instant poll_timeout() const { return wire.poll_timeout(); }
        void follow(const fifo_link& link) { wire.follow(link); }
    };

public:
    using driver_wire = noticing;
    using device_wire = noticing;
    static constexpr bool has_fifo = true;

    explicit fifo_carriage(std::uint64_t seed)
        : indirect_world(seed),
          driver_rings_({.side = transports::fifo_side::driver, .peer = device_id, .notif_id = driver_notif},
                        {driver_call_, driver_id, device_id}),
          device_rings_({.side = transports::fifo_side::device, .peer = driver_id, .notif_id = device_notif},
                        {device_call_, device_id, driver_id}) {
        bool good = bound_notifications{}.bind(driver_call_, driver_id, device_id, driver_notif) &&
                    bound_notifications{}.bind(device_call_, device_id, driver_id, device_notif);
        handle_ = share_pages(pool(pool_pages), 2, pool_pages);
        good = good && handle_ != 0 && driver_rings_.open(pool(pool_pages)).has_value();
        VMSG_ASSERT(good);
    }

    driver_wire& driver_side() { return driver_; }
    device_wire& device_side() { return device_; }
    void adapt(driver_options& o) const {
        o.bus_features = features;
        o.fifo = {handle_, 2, driver_notif};
        o.policy = indirect_retry_policy;
    }
    void adapt(device_options& o) const { o.bus_features = features; }
    void drain(instant now) {
        for (int i = 0; i < 8; ++i) {
            empty(driver_, now);
            empty(device_, now);
        }
    }
    /// The device side maps the rings; gives its notification.
    result<std::uint16_t> open_fifo(std::uint64_t handle, std::uint16_t page_count) {
        const byte_span memory = map(handle, page_count);
        if (memory.size() == 0) return errc::denied;
        const auto opened = device_rings_.open(memory);
        if (!opened) {
            unmap(handle);
            return opened.error();
        }
        return device_notif;
    }
    std::uint64_t entries() const { return driver_rings_.counters().sent + driver_rings_.counters().received; }

private:
    void take_notifications(bool of_driver) {
        const auto self = of_driver ? driver_id : device_id;
        const auto peer = of_driver ? device_id : driver_id;
        const auto bits = transports::take_notifications(of_driver ? driver_call_ : device_call_, self, peer);
        if (bits) (of_driver ? driver_rings_ : device_rings_).handle_notifications(*bits);
    }

    rings driver_rings_;
    rings device_rings_;
    both driver_both_{driver_end_, driver_rings_};
    both device_both_{device_end_, device_rings_};
    noticing driver_{*this, driver_both_, true};
    noticing device_{*this, device_both_, false};
    std::uint64_t handle_ = 0;
};

} // namespace proto_test
