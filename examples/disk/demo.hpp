// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the demo does: brings both devices up, compares hashes, writes, reads random bytes, takes everything down. When
// faults have undone something, it starts the bus anew and goes on where it was.

#include "carrier.hpp"
#include "clock.hpp"
#include "driver_side.hpp"
#include "image.hpp"
#include "options.hpp"
#include "run.hpp"
#include "surroundings.hpp"

#include <vmsg/virtio/block_driver.hpp>

#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace disk {

inline constexpr std::size_t transfer_size = 64 * 1024; ///< bytes of one request
inline constexpr std::size_t window = 6;                ///< requests that are under way at a time

/// Shows how far a long transfer is, on a terminal only.
class progress {
public:
    progress(const char* what, std::uint64_t total) : what_(what), total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
    ~progress() {
        if (shown_ && last_ != 0) fmt::print(stderr, "\r{:40}\r", "");
    }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    void at(std::uint64_t done) {
        const std::uint64_t percent = done * 100 / total_;
        if (!shown_ || percent == last_ || total_ < (8u << 20)) return;
        last_ = percent;
        fmt::print(stderr, "\r{} {} %", what_, percent);
    }

private:
    const char* what_;
    std::uint64_t total_;
    bool shown_;
    std::uint64_t last_ = 0;
};

/// A block request with its memory.
struct transfer {
    vmsg::virtio::dma_buffer frame;
    vmsg::virtio::dma_buffer table; ///< of descriptors
    vmsg::virtio::dma_buffer data;
    vmsg::virtio::block_request<1> request;
    std::uint64_t offset = 0; ///< bytes on the disk
    std::uint32_t length = 0; ///< bytes
    std::uint16_t head = 0;
    bool under_way = false;
};

template <vmsg::revision R> class demo {
    static constexpr int most_restarts = 30; // of the bus

public:
    demo(const options& chosen, carrier& below, image& image)
        : chosen_(chosen),
          image_(image),
          carrier_(below),
          wire_(chosen, below, totals_),
          others_(chosen, wire_, below, image, totals_),
          clock_(others_, chosen.real_time),
          driver_(wire_.driver_side(), clock_, below) {
        disk_.number = disk_number;
        disk_.device_id = vmsg::virtio::block_device_id;
        disk_.wanted = vmsg::feature_set{vmsg::virtio::block_feature::ro, vmsg::virtio::block_feature::seg_max,
                                         vmsg::virtio::block_feature::flush} |
                       vmsg::virtio::split_queue_features;
        entropy_.number = entropy_number;
        entropy_.device_id = vmsg::virtio::entropy_device_id;
        entropy_.wanted = vmsg::virtio::split_queue_features;
    }

    /// True if everything agreed.
    bool run() {
        going_on([] {});
        fmt::print("disk {} bytes in {} sectors{}\n", image_.size(), limits_.capacity,
                   limits_.read_only ? ", read-only" : "");
        bool good = compare_hashes();
        good = write_and_read_back() && good;
        good = read_random_bytes() && good;

        totals_.shown = !chosen_.quiet;
        count_memory_calls();
        driver_.disconnect(disk_, entropy_);
        const leftovers left = carrier_.take_down();
        print_totals();
        const std::size_t areas = driver_.open_areas() + others_.open_areas();
        const std::size_t requests = driver_.open_requests();
        fmt::print("leaks {} areas {} requests", areas, requests);
        if (chosen_.method != carriage::loopback) fmt::print(" {} shares {} RX buffers", left.shares, left.buffers);
        fmt::print("\n");
        return good && areas + requests + left.total() == 0;
    }

private:
    std::uint64_t trips() const { return driver_.counters().requests; }
    bool faulty() const {
        const auto& f = chosen_.faults;
        return (f.busy | f.drop | f.delay | f.duplicate | f.corrupt | f.reorder) != 0 || chosen_.restart ||
               chosen_.manager_faults.any();
    }

    /// From nothing to two devices that run.
    void bring_up() {
        connected_ = false;
        totals_.shown = !chosen_.quiet;
        const std::uint64_t before = trips();
        driver_.connect();
        const std::uint64_t bus = trips();
        driver_.share_pool();
        const std::uint64_t area = trips();
        driver_.bring_up(disk_);
        const std::uint64_t disk = trips();
        driver_.bring_up(entropy_);
        round_trips_ = {bus - before, area - bus, disk - area, trips() - disk};
        totals_.shown = false;
        limits_ = block_limits();
        connected_ = true;
        memory_calls_ = carrier_.memory_calls();
    }

    /// Those that were made between a bring-up and its end.
    void count_memory_calls() {
        if (connected_) steady_memory_calls_ += carrier_.memory_calls() - memory_calls_;
        connected_ = false;
    }

    /// Does a piece of work, from its start after each loss of what was agreed on.
    template <class Work> void going_on(Work work) {
        for (;;) {
            try {
                if (!connected_) bring_up();
                return work();
            } catch (const lost& e) {
                count_memory_calls();
                if (!faulty() || restarts_ == most_restarts) throw failure{e.message};
                ++restarts_;
            }
        }
    }

    void print_totals() {
        using f = vmsg::transports::fault_counters;
        const auto& sent = driver_.counters();
        fmt::print("messages {} bytes {}\n", totals_.messages, totals_.bytes);
        fmt::print("notifications {} to the device, {} to the driver\n", sent.kicks, others_.events());
        fmt::print("round trips of the bring-up: bus {}, area {}, disk {}, entropy {}\n", round_trips_[0],
                   round_trips_[1], round_trips_[2], round_trips_[3]);
        fmt::print("dropped {} by the driver, {} by the device\n", sent.dropped.total(), others_.dropped());
        fmt::print("{}", carrier_.report());
        if (chosen_.method != carriage::loopback)
            fmt::print("memory calls while the devices ran {}\n", steady_memory_calls_);
        if (!faulty()) return;
        fmt::print("faults: busy {}, dropped {}, late {}, duplicated {}, corrupted {}, reordered {}\n",
                   wire_.count(&f::busy), wire_.count(&f::dropped), wire_.count(&f::delayed),
                   wire_.count(&f::duplicated), wire_.count(&f::corrupted), wire_.count(&f::reordered));
        fmt::print("carrier busy {}, no answer {}, peer busy {}, time-outs {}\n",
                   sent.carrier_busy + others_.carrier_busy(), sent.no_answers + others_.no_answers(), sent.peer_busy,
                   sent.timeouts);
        fmt::print("late answers dropped {}, notifications repeated {}, bus started anew {} times\n",
                   sent.dropped[vmsg::proto::drop_reason::late] + sent.dropped[vmsg::proto::drop_reason::stale],
                   driver_.repeated_notifications(), restarts_);
    }

    vmsg::virtio::block_limits block_limits() const {
        const auto config = vmsg::virtio::decode_block_config(disk_.config, disk_.offered);
        if (!config) throw lost{{"the disk's configuration is too short"}};
        return vmsg::virtio::limits_of(*config, disk_.offered, disk_.accepted);
    }

    void prepare(transfer& t) {
        t.frame = driver_.take_buffer(vmsg::virtio::block_request<1>::frame_size);
        t.table = driver_.take_buffer(vmsg::virtio::block_request<1>::table_size);
        t.data = driver_.take_buffer(transfer_size);
    }
    void release(transfer& t) {
        driver_.give_back(t.data);
        driver_.give_back(t.table);
        driver_.give_back(t.frame);
    }

    /// Starts to read, or to write what is in the buffer.
    void begin(transfer& t, bool write, std::uint64_t offset, std::uint32_t length) {
        const vmsg::virtio::buffer data = t.data.part(0, length);
        const auto composed = write ? t.request.write(limits_, t.frame, offset / sector_size, data)
                                    : t.request.read(limits_, t.frame, offset / sector_size, data);
        if (!composed) throw lost{{fmt::format("a request at byte {} is not possible: {}", offset, composed.error())}};
        t.offset = offset;
        t.length = length;
        submit(t);
    }

    /// Makes durable what was written.
    template <std::size_t N> void flush(std::array<transfer, N>& transfers) {
        transfer& t = transfers[0];
        if (const auto composed = t.request.flush(limits_, t.frame); !composed)
            throw lost{{fmt::format("no flush is possible: {}", composed.error())}};
        submit(t);
        t.length = 0;
        finish(transfers);
    }

    void submit(transfer& t) {
        const auto head = disk_.queue.add(t.request.readable(), t.request.writable(), t.table);
        if (!head) throw failure{fmt::format("the queue takes no request: {}", head.error())};
        t.head = *head;
        t.under_way = true;
        disk_.queue.publish();
    }

    /// Waits for one of the transfers, and judges it.
    template <std::size_t N> transfer& finish(std::array<transfer, N>& transfers) {
        const auto done = driver_.complete(disk_);
        const auto found = std::find_if(transfers.begin(), transfers.end(),
                                        [&](const transfer& t) { return t.under_way && t.head == done.head; });
        if (found == transfers.end()) throw failure{fmt::format("an unknown request {} completed", done.head)};
        found->under_way = false;
        const auto moved = found->request.finish(done);
        if (!moved) throw failure{fmt::format("the disk failed at byte {}: {}", found->offset, moved.error())};
        if (*moved != found->length)
            throw failure{
                fmt::format("the disk moved {} bytes at byte {}, expected {}", *moved, found->offset, found->length)};
        return *found;
    }

    /// Reads the disk from byte `consumed` on and calls `consume(bytes)` for its contents in order.
    template <class Consume> void read_disk(std::uint64_t& consumed, Consume consume) {
        const std::uint64_t total = limits_.capacity * sector_size;
        progress shown{"reading", total};
        std::array<transfer, window> transfers{};
        for (transfer& t : transfers) prepare(t);
        std::uint64_t asked = consumed;
        while (consumed < total) {
            for (transfer& t : transfers) {
                if (t.under_way || asked >= total || asked - consumed >= window * transfer_size) continue;
                if (t.length != 0 && t.offset >= consumed) continue; // read, but not its turn yet
                begin(t, false, asked,
                      static_cast<std::uint32_t>(std::min<std::uint64_t>(transfer_size, total - asked)));
                asked += t.length;
            }
            if (disk_.queue.outstanding() != 0) finish(transfers);
            for (bool moved = true; moved;) {
                moved = false;
                for (transfer& t : transfers) {
                    if (t.under_way || t.length == 0 || t.offset != consumed) continue;
                    consume(std::span<const std::uint8_t>{t.data.memory.data(), t.length});
                    consumed += t.length;
                    moved = true;
                }
            }
            shown.at(consumed);
        }
        for (transfer& t : transfers) release(t);
    }

    bool compare_hashes() {
        const std::string of_file = image_.file_hash();
        sha256 hash;
        std::uint64_t left = image_.size(); // the padding of the last sector does not belong to the file
        std::uint64_t consumed = 0;
        const auto add = [&](std::span<const std::uint8_t> bytes) {
            const auto mine = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
            hash.add(mine);
            left -= mine.size();
        };
        going_on([&] { read_disk(consumed, add); });
        const std::string of_driver = hash.hex();
        fmt::print("sha256 file   {}\nsha256 driver {}\n", of_file, of_driver);
        if (of_file != of_driver) fmt::print(stderr, "error: the driver has not read what the file contains\n");
        return of_file == of_driver;
    }

    /// Inverts some sectors in the middle of the disk and looks whether it has kept them.
    bool write_and_read_back() {
        if (limits_.read_only) {
            fmt::print("write skipped: the disk is read-only\n");
            return true;
        }
        const std::uint64_t sectors = std::min<std::uint64_t>(limits_.capacity, 16);
        const std::uint64_t offset = (limits_.capacity - sectors) / 2 * sector_size;
        const auto length = static_cast<std::uint32_t>(sectors * sector_size);
        std::vector<std::uint8_t> wanted;
        bool same = false;
        going_on([&] {
            std::array<transfer, 1> only{};
            transfer& t = only[0];
            prepare(t);
            if (wanted.empty()) {
                begin(t, false, offset, length);
                finish(only);
                wanted.assign(t.data.memory.begin(), t.data.memory.begin() + length);
                for (auto& byte : wanted) byte = static_cast<std::uint8_t>(~byte);
            }
            std::copy(wanted.begin(), wanted.end(), t.data.memory.begin());
            begin(t, true, offset, length);
            finish(only);
            flush(only);
            std::fill(t.data.memory.begin(), t.data.memory.end(), std::uint8_t{0xa5});
            begin(t, false, offset, length);
            finish(only);
            // Beyond the end of the file there is nothing that could be kept.
            const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(length, image_.size() - offset));
            same = std::equal(wanted.begin(), wanted.begin() + kept, t.data.memory.begin());
            release(t);
        });
        fmt::print("write {} bytes at {}, read back: {}\n", length, offset, same ? "the same" : "DIFFERENT");
        return same;
    }

    bool read_random_bytes() {
        std::array<std::uint8_t, 64> random{};
        std::uint32_t count = 0;
        going_on([&] {
            const auto lent = driver_.take_buffer(random.size());
            const auto head = entropy_.queue.add({}, vmsg::virtio::lend_for_entropy(lent));
            if (!head) throw failure{fmt::format("the entropy queue takes no request: {}", head.error())};
            entropy_.queue.publish();
            const auto got = vmsg::virtio::take_entropy(driver_.complete(entropy_), lent, random);
            driver_.give_back(lent);
            if (!got) throw failure{fmt::format("the entropy device failed: {}", got.error())};
            count = *got;
        });
        fmt::print("random ");
        for (std::size_t i = 0; i < count; ++i) fmt::print("{:02x}", random[i]);
        fmt::print("\n");
        return count == random.size();
    }

    const options& chosen_;
    image& image_;
    message_totals totals_;
    carrier& carrier_;
    faulty_wire<R> wire_;
    surroundings<R> others_;
    demo_clock<surroundings<R>> clock_;
    driver_side<R, typename faulty_wire<R>::end_type, demo_clock<surroundings<R>>> driver_;
    bound_device disk_;
    bound_device entropy_;
    vmsg::virtio::block_limits limits_;
    std::array<std::uint64_t, 4> round_trips_{}; // of the last bring-up: bus, area, disk, entropy
    std::uint64_t memory_calls_ = 0;               // FF-A, until the last bring-up
    std::uint64_t steady_memory_calls_ = 0;        // FF-A, between a bring-up and its end
    bool connected_ = false;
    int restarts_ = 0;
};

} // namespace disk
