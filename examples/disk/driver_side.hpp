// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver side of the demo: its engine, its memory, and what a driver does with a device, one step after the other.
// A driver in an interrupt-driven system would go through the same steps from its event loop.

#include "message_log.hpp"
#include "run.hpp"
#include "shared_memory.hpp"

#include <vmsg/proto/driver.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/feature.hpp>

#include <fmt/core.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace disk {

/// Pages of one side's own memory, filled with 0xa5 so that nothing works because of zeros that happen to be there.
class pages {
public:
    explicit pages(std::size_t count) : size_(count * shared_memory::page_size) {
        data_.reset(new (std::align_val_t{shared_memory::page_size}) std::uint8_t[size_]);
        std::fill(data_.get(), data_.get() + size_, std::uint8_t{0xa5});
    }
    vmsg::byte_span all() { return {data_.get(), size_}; }

private:
    struct aligned_delete {
        void operator()(std::uint8_t* p) const { ::operator delete[](p, std::align_val_t{shared_memory::page_size}); }
    };
    std::size_t size_;
    std::unique_ptr<std::uint8_t[], aligned_delete> data_;
};

/// A device that was brought up, with its one queue.
struct bound_device {
    std::uint16_t number{};
    vmsg::virtio::feature_set offered{};
    vmsg::virtio::feature_set accepted{};
    std::vector<std::uint8_t> config{};
    vmsg::virtio::dma_buffer ring{};
    vmsg::virtio::driver_queue<64> queue{};
    bool used = false; ///< an EVENT_USED has come, and the queue was not empty since
};

template <vmsg::revision R, vmsg::transport Wire> class driver_side {
    static constexpr std::size_t max_msg_size = vmsg::constants_of<R>.ffa_max_msg_size;
    static constexpr std::size_t granule = 512; ///< bytes
    static constexpr std::size_t pool_pages = 300;
    static constexpr vmsg::duration reset_interval = 10 * vmsg::milliseconds; ///< between two looks at the status
    static constexpr vmsg::duration reset_timeout = 10 * vmsg::seconds;
    static constexpr vmsg::proto::driver_capacity capacity{
        .devices = 8, .requests = 4, .areas = 2, .kicks = 4, .msg_size = max_msg_size};
    using driver_type = vmsg::proto::driver<R, capacity>;
    using kind = vmsg::proto::driver_event_kind;

public:
    /// `others`: lets the rest of the world work; false if it had nothing to do.
    driver_side(Wire& wire, shared_memory& memory, message_log& log, std::function<bool(vmsg::instant)> others)
        : wire_(wire),
          memory_(memory),
          log_(log),
          others_(std::move(others)),
          driver_({.max_msg_size = max_msg_size}) {}

    // --- the bus

    void bring_bus_up() {
        check(driver_.start(now_), "start");
        while (wait().kind != kind::bus_ready) {}
    }

    /// Shares the pool once; all rings and buffers come out of it.
    void share_pool() {
        const auto handle = memory_.share(own_.all());
        if (!handle) throw failure{"the pool cannot be shared: " + name(handle.error())};
        handle_ = *handle;
        const auto attributes = R == vmsg::revision::oasis_v2 ? vmsg::area_attrs::usual : vmsg::area_attrs::share;
        const auto area = driver_.share_area(handle_, pool_pages, attributes);
        if (!area) throw failure{"AREA_SHARE: " + name(area.error())};
        for (auto e = wait(); e.kind != kind::area_shared; e = wait())
            if (e.kind == kind::area_refused || e.kind == kind::area_kept)
                throw failure{"the device side refused the pool: " + name(e.error)};
        area_ = *area;
        pool_ = vmsg::virtio::dma_pool<pool_pages * 8>{*vmsg::make_bus_address<R>(area_, 0), own_.all(), granule};
    }

    void unshare_pool() {
        check(driver_.unshare_area(area_), "AREA_UNSHARE");
        for (auto e = wait(); e.kind != kind::area_released; e = wait())
            if (e.kind == kind::area_kept) throw failure{"the device side keeps the pool: " + name(e.error)};
        const auto reclaimed = memory_.reclaim(handle_);
        if (!reclaimed) throw failure{"the pool cannot be taken back: " + name(reclaimed.error())};
    }

    void take_bus_down() {
        check(driver_.reset(now_), "FFA_RESET");
        while (wait().kind != kind::bus_down) {}
        settle();
    }

    const std::vector<std::uint16_t>& devices() const { return found_; }

    // --- a device

    /// The sequence of the specification, from reset to DRIVER_OK, with one queue.
    vmsg::get_device_info_response bring_up(bound_device& d, const vmsg::virtio::feature_set& wanted) {
        using enum vmsg::device_status;
        const auto info = ask(d.number, vmsg::get_device_info_request{});
        set_status(d.number, reset);
        set_status(d.number, acknowledge);
        set_status(d.number, acknowledge | driver);
        d.offered = read_features(d.number, vmsg::feature_blocks<R>(info));
        d.accepted = vmsg::virtio::choose(d.offered, wanted);
        write_features(d.number, d.accepted);
        set_status(d.number, acknowledge | driver | features_ok);
        d.config = read_config(d.number, info.config_size);
        set_up_queue(d);
        set_status(d.number, acknowledge | driver | features_ok | driver_ok);
        return info;
    }

    void take_down(bound_device& d) {
        set_status(d.number, vmsg::device_status::reset);
        d.queue.detach();
        while (d.queue.poll_used()) {}
        give_back(d.ring);
    }

    /// Tells the device of what was published, if it wants to know, and waits for a completion. The queue is looked at
    /// only after an EVENT_USED: a driver without one would have to poll its rings.
    vmsg::virtio::completion complete(bound_device& d) {
        if (d.queue.kick_needed()) check(driver_.notify(d.number, 0, d.queue.next_offset()), "EVENT_AVAIL");
        for (;;) {
            if (d.used) {
                const auto done = d.queue.poll_used();
                if (done) return *done;
                if (done.error() != vmsg::errc::would_block) throw failure{"the queue broke: " + name(done.error())};
                d.used = false;
            }
            driver_.poll_now(now_);
            while (!d.used) {
                const auto e = wait();
                d.used = e.kind == kind::used && e.dev_num == d.number;
            }
        }
    }

    // --- memory

    vmsg::virtio::dma_buffer take_buffer(std::size_t size) {
        const auto taken = pool_.allocate(size, 16);
        if (!taken) throw failure{fmt::format("no room for {} bytes in the pool: {}", size, name(taken.error()))};
        return *taken;
    }
    void give_back(const vmsg::virtio::dma_buffer& b) { static_cast<void>(pool_.free(b.address)); }

    const vmsg::proto::driver_counters& counters() const { return driver_.counters(); }
    std::size_t open_requests() const { return driver_.open_requests(); }
    std::size_t open_areas() const { return driver_.open_areas() + (memory_.shared_regions() != 0 ? 1 : 0); }

private:
    static std::string name(vmsg::errc e) { return std::string{vmsg::name_of(e)}; }
    static void check(vmsg::result<void> outcome, const char* what) {
        if (!outcome) throw failure{std::string{what} + ": " + name(outcome.error())};
    }

    /// One round of sending, receiving and letting the others work; false if nothing happened at all.
    bool pump() {
        bool busy = false;
        while (const auto out = driver_.poll_transmit(now_)) {
            const auto sent = wire_.send({}, *out, now_);
            if (sent) log_.template frame<R>(true, *out);
            driver_.handle_sent(sent, now_);
            busy = true;
        }
        busy = others_(now_) || busy;
        while (const auto in = wire_.receive(buffer_, now_)) {
            driver_.handle_frame({buffer_, in->size}, now_);
            busy = true;
        }
        return busy;
    }

    /// Nothing can happen before the next deadline: time goes there at once.
    void idle() {
        const vmsg::instant next = driver_.poll_timeout();
        if (next == vmsg::never) throw failure{"nothing is left that could happen"};
        now_ = next > now_ ? next : now_;
        driver_.handle_timeout(now_);
    }

    void pass(vmsg::duration time) {
        now_ += time;
        driver_.handle_timeout(now_);
    }

    /// What has no place in the present step: devices that come and go.
    void note(const vmsg::proto::driver_event& e) {
        if (e.kind == kind::device_added) found_.push_back(e.dev_num);
        if (e.kind == kind::device_removed) throw failure{fmt::format("device {} is gone", e.dev_num)};
        if (e.kind == kind::bus_failed) throw failure{"the bus failed: " + name(e.error)};
        if (e.kind == kind::kick_lost) throw failure{fmt::format("device {} cannot be notified", e.dev_num)};
        if (e.kind == kind::config_changed &&
            vmsg::has(driver_.device(e.dev_num)->status, vmsg::device_status::needs_reset))
            throw failure{fmt::format("device {} needs a reset", e.dev_num)};
    }

    vmsg::proto::driver_event wait() {
        for (;;) {
            const auto e = driver_.poll_event();
            if (e.kind != kind::none) {
                note(e);
                return e;
            }
            if (!pump()) idle();
        }
    }

    /// Hears the last news.
    void settle() {
        while (driver_.poll_event().kind != kind::none) {}
    }

    /// Sends a request and waits for its response. A tail in it lives until the next request.
    template <vmsg::message Request> vmsg::response_of<Request> ask(std::uint16_t number, const Request& request) {
        constexpr const char* what = vmsg::row_of<Request>.name;
        auto t = driver_.request(number, request, now_);
        for (; !t && t.error() == vmsg::errc::busy; t = driver_.request(number, request, now_))
            if (!pump()) idle();
        if (!t) throw failure{std::string{what} + ": " + name(t.error())};
        while (!wait().is(*t)) {}
        const auto got = driver_.response(*t);
        if (!got) throw failure{std::string{what} + ": " + name(got.error())};
        driver_.release(*t, now_);
        return *got;
    }

    void set_status(std::uint16_t number, vmsg::device_status wanted) {
        auto now = ask(number, vmsg::set_device_status_request{wanted}).status;
        const vmsg::instant end = now_ + reset_timeout;
        while (wanted == vmsg::device_status::reset && now != wanted && now_ < end) {
            pass(reset_interval);
            now = ask(number, vmsg::get_device_status_request{}).status;
        }
        if (now != wanted)
            throw failure{fmt::format("device {}: wrote status {:#x}, it is {:#x}", number,
                                      static_cast<std::uint32_t>(wanted), static_cast<std::uint32_t>(now))};
    }

    vmsg::virtio::feature_set read_features(std::uint16_t number, std::uint32_t blocks) {
        vmsg::virtio::feature_set offered;
        constexpr std::size_t fixed = vmsg::fixed_msg_size<vmsg::get_device_features_response, R>;
        constexpr std::uint32_t most = (max_msg_size - fixed) / 4;
        for (std::uint32_t first = 0; first < blocks && first < vmsg::virtio::feature_set::num_blocks; first += most) {
            const std::uint32_t count = std::min(most, blocks - first);
            const auto got = ask(number, vmsg::get_device_features_request{first, count});
            for (std::uint32_t i = 0; i < count; ++i) offered.set_block(first + i, got.features[i]);
        }
        return offered;
    }

    void write_features(std::uint16_t number, const vmsg::virtio::feature_set& accepted) {
        const std::uint32_t blocks[]{accepted.block(0), accepted.block(1)};
        static_cast<void>(ask(number, vmsg::set_driver_features_request{0, 2, blocks}));
    }

    /// As many messages as it takes; once more from the start if the configuration changed in between.
    std::vector<std::uint8_t> read_config(std::uint16_t number, std::uint32_t size) {
        constexpr std::uint32_t most = max_msg_size - vmsg::fixed_msg_size<vmsg::get_config_response, R>;
        for (int attempt = 0; attempt < 6; ++attempt) {
            std::vector<std::uint8_t> config;
            std::uint32_t generation = 0;
            bool torn = false;
            while (config.size() < size && !torn) {
                const auto offset = static_cast<std::uint32_t>(config.size());
                const auto got = ask(number, vmsg::get_config_request{offset, std::min(most, size - offset)});
                torn = offset != 0 && got.generation != generation;
                generation = got.generation;
                for (std::size_t i = 0; i < got.config.size(); ++i) config.push_back(got.config[i]);
            }
            if (!torn) return config;
        }
        throw failure{fmt::format("device {}: the configuration does not hold still", number)};
    }

    void set_up_queue(bound_device& d) {
        const auto there = ask(d.number, vmsg::get_vqueue_request{0});
        const std::uint32_t size = vmsg::virtio::best_queue_size(there.max_size, 64);
        if (size == 0) throw failure{fmt::format("device {} has no queue 0", d.number)};
        const vmsg::virtio::queue_block block{size};
        d.ring = take_buffer(block.size);
        check(d.queue.attach(block.areas(d.ring.memory), size), "queue");
        const auto at = block.addresses(d.ring.address);
        static_cast<void>(
            ask(d.number, vmsg::set_vqueue_request{.index = 0,
                                                   .flags = R == vmsg::revision::oasis_v2 ? vmsg::vqueue_flags::enable
                                                                                          : vmsg::vqueue_flags{},
                                                   .size = size,
                                                   .descriptor_addr = at.descriptor,
                                                   .driver_addr = at.driver,
                                                   .device_addr = at.device}));
        const auto set = ask(d.number, vmsg::get_vqueue_request{0});
        if (set.cur_size != size || set.descriptor_addr != at.descriptor)
            throw failure{fmt::format("device {} did not take the queue", d.number)};
    }

    Wire& wire_;
    shared_memory& memory_;
    message_log& log_;
    std::function<bool(vmsg::instant)> others_;
    driver_type driver_;
    pages own_{pool_pages};
    vmsg::virtio::dma_pool<pool_pages * 8> pool_{};
    std::uint64_t handle_ = 0;
    std::uint16_t area_ = 0;
    vmsg::instant now_ = 0;
    std::vector<std::uint16_t> found_{};
    std::uint8_t buffer_[max_msg_size]{};
};

} // namespace disk
