// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver side of the demo: a session, its memory, and what a driver does with a device, one step after the other.

#include "carrier.hpp"
#include "run.hpp"

#include <vmsg/session/driver_session.hpp>
#include <vmsg/text.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/feature.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace disk {

/// Pages of one side's own memory, filled with 0xa5 so that nothing works because of zeros that happen to be there.
class pages {
public:
    static constexpr std::size_t page_size = 4096; ///< bytes

    explicit pages(std::size_t count) : size_(count * page_size) {
        data_.reset(new (std::align_val_t{page_size}) std::uint8_t[size_]);
        std::fill(data_.get(), data_.get() + size_, std::uint8_t{0xa5});
    }
    vmsg::byte_span all() { return {data_.get(), size_}; }

private:
    struct aligned_delete {
        void operator()(std::uint8_t* p) const { ::operator delete[](p, std::align_val_t{page_size}); }
    };
    std::size_t size_;
    std::unique_ptr<std::uint8_t[], aligned_delete> data_;
};

/// A device that was brought up, with its one queue.
struct bound_device {
    std::uint16_t number{};
    std::uint32_t device_id{}; ///< virtio device type
    vmsg::feature_set wanted{};
    vmsg::feature_set offered{};
    vmsg::feature_set accepted{};
    std::vector<std::uint8_t> config{};
    vmsg::virtio::dma_buffer ring{};
    vmsg::virtio::driver_queue<64> queue{};
    bool used = false; ///< an EVENT_USED has come, and the queue was not empty since
};

/// Everything that depends on the device side throws `lost` when it fails: `connect` may be called again then.
template <vmsg::revision R, vmsg::transport Wire, vmsg::session_clock Clock> class driver_side {
    static constexpr std::size_t granule = 512; ///< bytes
    static constexpr std::size_t pool_pages = 128;                     ///< what a guest of Xen can share at a time
    static constexpr std::uint32_t longest_config = 4096;              ///< bytes of configuration that are read
    static constexpr vmsg::duration look_interval = 1 * vmsg::seconds; ///< without an EVENT_USED
    static constexpr int most_looks = 20;                              ///< in a row that found nothing
    static constexpr int looks_per_question = 4;                       ///< then the device is asked whether it runs

    static constexpr int most_closes = 5;

    struct policy : vmsg::session_policy<R> {
        static constexpr vmsg::proto::driver_capacity capacity{
            .devices = 8,
            .requests = 4,
            .areas = 2,
            .kicks = 4,
            .msg_size = vmsg::constants_of<R>.ffa_max_msg_size,
            .fifo = R == vmsg::revision::oasis_v2};
        static constexpr int attempts = 5;
    };
    using session_type = vmsg::driver_session<Wire, Clock, policy>;
    using kind = vmsg::proto::driver_event_kind;

public:
    driver_side(Wire& wire, Clock& clock, carrier& below)
        : memory_(below.driver_memory()), session_(wire, clock, {}, options_for(below)) {
        memory_.own(own_.all());
    }

    // --- the bus

    /// Brings the bus up, or starts it anew whatever has happened: then nothing is shared and no device runs. A device
    /// side of which nothing at all is heard is a `failure`.
    void connect() {
        const std::uint64_t heard = counters().received;
        const auto outcome = session_.reopen();
        if (!outcome && counters().received == heard)
            throw failure{"the bus does not come up: " + name(outcome.error())};
        check(outcome, "the bus does not come up");
        reclaim();
    }

    /// Shares the pool once; all rings and buffers come out of it.
    void share_pool() {
        const auto handle = memory_.share(own_.all());
        if (!handle) throw failure{"the pool cannot be shared: " + name(handle.error())};
        handle_ = *handle;
        const auto attributes = R == vmsg::revision::oasis_v2 ? vmsg::area_attrs::usual : vmsg::area_attrs::share;
        const auto area = session_.share(handle_, pool_pages, attributes);
        check(area, "AREA_SHARE");
        area_ = *area;
        pool_ = vmsg::virtio::dma_pool<pool_pages * 8>{*vmsg::make_bus_address<R>(area_, 0), own_.all(), granule};
    }

    /// Takes the devices, the pool and the bus down. What does not want to go goes with a new start of the bus.
    void disconnect(bound_device& a, bound_device& b) {
        bool quiet = session_.at(a.number).reset() && session_.at(b.number).reset() && session_.unshare(area_);
        vmsg::result<void> down = vmsg::errc::aborted;
        for (int i = 0; i < most_closes && !down; ++i) {
            if (!quiet) down = session_.reopen();
            if (quiet || down) down = session_.close();
            quiet = false;
        }
        check(down, "the bus does not go down");
        forget(a);
        forget(b);
        reclaim();
    }

    // --- a device

    /// The sequence of the specification, from reset to DRIVER_OK, with one queue.
    void bring_up(bound_device& d) {
        forget(d);
        const auto found = session_.devices();
        if (std::find(found.begin(), found.end(), d.number) == found.end())
            throw lost{{fmt::format("device {} was not found on the bus", d.number)}};
        auto device = session_.at(d.number);
        const auto accepted = device.negotiate(d.wanted);
        check(accepted, "negotiation", d);
        if (device.identity().device_id != d.device_id)
            throw lost{{fmt::format("device {} is of type {}, expected {}", d.number, device.identity().device_id,
                                    d.device_id)}};
        d.offered = device.offered();
        d.accepted = *accepted;
        d.config.resize(std::min(device.identity().config_size, longest_config));
        check(device.read_config(0, {d.config.data(), d.config.size()}), "configuration", d);
        set_up_queue(device, d);
        check(device.driver_ok(), "DRIVER_OK", d);
    }

    /// Tells the device of what was published, if it wants to know, and waits for a completion. The queue is looked at
    /// after an EVENT_USED; if none comes, then after a while without one, with another notification.
    vmsg::virtio::completion complete(bound_device& d) {
        if (d.queue.kick_needed()) notify(d);
        vmsg::instant next_look = session_.clock().now() + look_interval;
        for (int looks = 0; looks < most_looks;) {
            if (d.used) {
                const auto done = d.queue.poll_used();
                if (done) return *done;
                if (done.error() != vmsg::errc::would_block) throw lost{{"the queue broke: " + name(done.error())}};
                d.used = false;
            }
            session_.poll_now();
            while (!d.used && session_.clock().now() < next_look) note(session_.wait(next_look), d);
            if (session_.clock().now() < next_look) continue;
            next_look += look_interval;
            if (!d.used) ++repeated_;
            if (!d.used) notify(d);
            d.used = true;
            if (++looks % looks_per_question == 0) ask_whether_it_runs(d);
        }
        throw lost{{fmt::format("device {} does not complete a request", d.number)}};
    }

    // --- memory

    vmsg::virtio::dma_buffer take_buffer(std::size_t size) {
        const auto taken = pool_.allocate(size, 16);
        if (!taken) throw failure{fmt::format("no room for {} bytes in the pool: {}", size, name(taken.error()))};
        return *taken;
    }
    void give_back(const vmsg::virtio::dma_buffer& b) { static_cast<void>(pool_.free(b.address)); }

    const vmsg::proto::driver_counters& counters() const { return session_.engine().counters(); }
    std::uint64_t repeated_notifications() const { return repeated_; }
    std::size_t open_requests() const { return session_.engine().open_requests(); }
    std::size_t open_areas() const { return session_.engine().open_areas() + memory_.shared_regions(); }

private:
    static vmsg::proto::driver_options options_for(const carrier& below) {
        vmsg::proto::driver_options options;
        options.bus_features = below.features();
        options.policy = below.driver_policy();
        options.fifo = below.fifo();
        return options;
    }
    static std::string name(vmsg::errc e) { return std::string{vmsg::name_of(e)}; }
    template <class T> static void check(const vmsg::result<T>& outcome, const char* what) {
        if (!outcome) throw lost{{std::string{what} + ": " + name(outcome.error())}};
    }
    template <class T> static void check(const vmsg::result<T>& outcome, const char* what, const bound_device& d) {
        if (!outcome) throw lost{{fmt::format("device {}: {}: {}", d.number, what, name(outcome.error()))}};
    }

    /// What has come by itself while `d` was waited for.
    void note(const vmsg::proto::driver_event& e, bound_device& d) {
        switch (e.kind) {
        case kind::used: d.used = d.used || e.dev_num == d.number; break;
        case kind::kick_lost: notify(d); break;
        case kind::config_changed: ask_whether_it_runs(d); break;
        case kind::device_removed: throw lost{{fmt::format("device {} is gone", e.dev_num)}};
        case kind::bus_failed: throw lost{{"the bus failed: " + name(e.error)}};
        case kind::area_released: throw lost{{"the device side has let go of the pool"}};
        default: break;
        }
    }

    void notify(bound_device& d) { check(session_.at(d.number).notify(0, d.queue.next_offset()), "EVENT_AVAIL", d); }

    void ask_whether_it_runs(bound_device& d) {
        using enum vmsg::device_status;
        const auto status = session_.at(d.number).status();
        check(status, "status", d);
        if (!vmsg::has(*status, driver_ok) || vmsg::has(*status, needs_reset))
            throw lost{{fmt::format("device {} has status {:#x}", d.number, static_cast<std::uint32_t>(*status))}};
    }

    void set_up_queue(typename session_type::device& device, bound_device& d) {
        const auto most = device.max_queue_size(0);
        check(most, "queue", d);
        const std::uint32_t size = vmsg::virtio::best_queue_size(*most, 64);
        if (size == 0) throw lost{{fmt::format("device {} has no queue 0", d.number)}};
        const vmsg::virtio::queue_block block{size};
        d.ring = take_buffer(block.size);
        check(d.queue.attach(block.areas(d.ring.memory), size, {.negotiated = d.accepted}), "queue", d);
        const auto at = block.addresses(d.ring.address);
        check(device.setup_queue(0, {size, at.descriptor, at.driver, at.device}), "queue", d);
    }

    /// The device has been reset: nothing of its queue is used any more.
    void forget(bound_device& d) {
        d.queue.detach();
        while (d.queue.poll_used()) {}
        d.used = false;
    }

    /// The device side has let go of the pool.
    void reclaim() {
        if (handle_ == 0) return;
        check(memory_.reclaim(handle_), "the pool cannot be taken back");
        handle_ = 0;
    }

    lender& memory_;
    session_type session_;
    pages own_{pool_pages};
    vmsg::virtio::dma_pool<pool_pages * 8> pool_{};
    std::uint64_t handle_ = 0; // of the pool, as long as it is shared
    std::uint16_t area_ = 0;
    std::uint64_t repeated_ = 0;
};

} // namespace disk
