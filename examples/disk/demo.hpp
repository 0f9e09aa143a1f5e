// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the demo does: brings both devices up, compares hashes, writes, reads random bytes, takes everything down.

#include "device_side.hpp"
#include "driver_side.hpp"
#include "image.hpp"
#include "options.hpp"
#include "run.hpp"

#include <vmsg/transport/loopback.hpp>
#include <vmsg/virtio/block_driver.hpp>

#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace disk {

inline constexpr std::size_t transfer_size = 64 * 1024; ///< bytes of one request
inline constexpr std::size_t window = 8;                ///< requests that are under way at a time

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
    using wire_type = vmsg::transports::loopback<16, vmsg::constants_of<R>.ffa_max_msg_size>;
    using end_type = typename wire_type::end;

public:
    demo(const options& chosen, image& image)
        : chosen_(chosen),
          image_(image),
          device_(wire_.device_side(), memory_, image, chosen.flip, log_),
          driver_(wire_.driver_side(), memory_, log_, [this](vmsg::instant now) { return device_.step(now); }) {
        log_.shown = !chosen.quiet;
    }

    /// True if everything agreed.
    bool run() {
        driver_.bring_bus_up();
        const auto bus_trips = trips();
        driver_.share_pool();
        const auto area_trips = trips();
        bring_up(disk_, disk_number, vmsg::virtio::block_device_id,
                 vmsg::virtio::feature_set{vmsg::virtio::block_feature::ro, vmsg::virtio::block_feature::seg_max,
                                           vmsg::virtio::block_feature::flush} |
                     vmsg::virtio::split_queue_features);
        const auto disk_trips = trips();
        bring_up(entropy_, entropy_number, vmsg::virtio::entropy_device_id, vmsg::virtio::split_queue_features);
        const auto entropy_trips = trips();
        log_.shown = false;

        limits_ = block_limits();
        fmt::print("disk {} bytes in {} sectors{}\n", image_.size(), limits_.capacity,
                   limits_.read_only ? ", read-only" : "");
        bool good = compare_hashes();
        good = write_and_read_back() && good;
        good = read_random_bytes() && good;

        log_.shown = !chosen_.quiet;
        driver_.take_down(disk_);
        driver_.take_down(entropy_);
        driver_.unshare_pool();
        driver_.take_bus_down();

        const auto& sent = driver_.counters();
        fmt::print("messages {} bytes {}\n", log_.messages, log_.bytes_carried);
        fmt::print("notifications {} to the device, {} to the driver\n", sent.kicks, device_.counters().events);
        fmt::print("round trips of the bring-up: bus {}, area {}, disk {}, entropy {}\n", bus_trips,
                   area_trips - bus_trips, disk_trips - area_trips, entropy_trips - disk_trips);
        fmt::print("dropped {} by the driver, {} by the device\n", sent.dropped.total(),
                   device_.counters().dropped.total());
        const std::size_t areas = driver_.open_areas() + device_.open_areas();
        fmt::print("leaks {} areas {} requests\n", areas, driver_.open_requests());
        return good && areas == 0 && driver_.open_requests() == 0;
    }

private:
    std::uint64_t trips() const { return driver_.counters().requests; }

    void bring_up(bound_device& d, std::uint16_t number, std::uint32_t device_id,
                  const vmsg::virtio::feature_set& wanted) {
        const auto& found = driver_.devices();
        if (std::find(found.begin(), found.end(), number) == found.end())
            throw failure{fmt::format("device {} was not found on the bus", number)};
        d.number = number;
        const auto info = driver_.bring_up(d, wanted);
        if (info.device_id != device_id)
            throw failure{fmt::format("device {} is of type {}, expected {}", number, info.device_id, device_id)};
    }

    vmsg::virtio::block_limits block_limits() const {
        const auto config = vmsg::virtio::decode_block_config(disk_.config, disk_.offered);
        if (!config) throw failure{"the disk's configuration is too short"};
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
        if (!composed) throw failure{fmt::format("a request at byte {} is not possible: {}", offset, composed.error())};
        t.offset = offset;
        t.length = length;
        submit(t);
    }

    /// Makes durable what was written.
    template <std::size_t N> void flush(std::array<transfer, N>& transfers) {
        transfer& t = transfers[0];
        if (const auto composed = t.request.flush(limits_, t.frame); !composed)
            throw failure{fmt::format("no flush is possible: {}", composed.error())};
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

    /// Reads the whole disk and calls `consume(bytes)` for its contents in order.
    template <class Consume> void read_disk(Consume consume) {
        const std::uint64_t total = limits_.capacity * sector_size;
        progress shown{"reading", total};
        std::array<transfer, window> transfers{};
        for (transfer& t : transfers) prepare(t);
        std::uint64_t asked = 0;
        std::uint64_t consumed = 0;
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
        read_disk([&](std::span<const std::uint8_t> bytes) {
            const auto mine = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
            hash.add(mine);
            left -= mine.size();
        });
        const std::string of_driver = hash.hex();
        fmt::print("sha256 file   {}\nsha256 driver {}\n", of_file, of_driver);
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
        std::array<transfer, 1> only{};
        transfer& t = only[0];
        prepare(t);
        begin(t, false, offset, length);
        finish(only);
        std::vector<std::uint8_t> wanted(t.data.memory.begin(), t.data.memory.begin() + length);
        for (auto& byte : wanted) byte = static_cast<std::uint8_t>(~byte);
        std::copy(wanted.begin(), wanted.end(), t.data.memory.begin());
        begin(t, true, offset, length);
        finish(only);
        flush(only);
        std::fill(t.data.memory.begin(), t.data.memory.end(), std::uint8_t{0xa5});
        begin(t, false, offset, length);
        finish(only);
        // Beyond the end of the file there is nothing that could be kept.
        const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(length, image_.size() - offset));
        const bool same = std::equal(wanted.begin(), wanted.begin() + kept, t.data.memory.begin());
        release(t);
        fmt::print("write {} bytes at {}, read back: {}\n", length, offset, same ? "the same" : "DIFFERENT");
        return same;
    }

    bool read_random_bytes() {
        const auto lent = driver_.take_buffer(64);
        const auto head = entropy_.queue.add({}, vmsg::virtio::lend_for_entropy(lent));
        if (!head) throw failure{fmt::format("the entropy queue takes no request: {}", head.error())};
        entropy_.queue.publish();
        std::array<std::uint8_t, 64> random{};
        const auto got = vmsg::virtio::take_entropy(driver_.complete(entropy_), lent, random);
        driver_.give_back(lent);
        if (!got) throw failure{fmt::format("the entropy device failed: {}", got.error())};
        fmt::print("random ");
        for (std::size_t i = 0; i < *got; ++i) fmt::print("{:02x}", random[i]);
        fmt::print("\n");
        return *got == random.size();
    }

    const options& chosen_;
    image& image_;
    message_log log_;
    shared_memory memory_;
    wire_type wire_;
    device_side<R, end_type> device_;
    driver_side<R, end_type> driver_;
    bound_device disk_;
    bound_device entropy_;
    vmsg::virtio::block_limits limits_;
};

} // namespace disk
