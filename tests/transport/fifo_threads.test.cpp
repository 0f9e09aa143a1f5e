// SPDX-License-Identifier: BSD-2-Clause
// The two sides of a FIFO in two threads. The tests without a hostile peer are for ThreadSanitizer, too.
#include <vmsg/random.hpp>
#include <vmsg/transport/fifo.hpp>

#include "support/check.hpp"
#include "support/rounds.hpp"
#include "transport/fifo_support.hpp"

#include <algorithm>
#include <atomic>
#include <initializer_list>
#include <thread>

using namespace fifo_test;

#if defined(__SANITIZE_THREAD__)
#    define VMSG_THREAD_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define VMSG_THREAD_SANITIZER 1
#    endif
#endif

namespace {

/// The bytes of frame `n`, of a length of its own.
std::size_t write_frame(std::uint8_t (&to)[104], std::uint32_t n) {
    const std::size_t size = 8 + n % 97;
    std::fill(to, to + size, static_cast<std::uint8_t>(n * 7 + 1));
    to[0] = 0;
    to[6] = static_cast<std::uint8_t>(size);
    to[7] = 0;
    return size;
}

/// Sends and receives `count` frames, each of which has to be the right one. The number of those that were not.
std::uint32_t exchange(fifo<>& end, std::uint32_t count) {
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    std::uint32_t wrong = 0;
    std::uint8_t out[104]{};
    std::uint8_t in[104]{};
    while ((sent < count || received < count) && end.is_open()) {
        bool moved = false;
        if (sent < count && end.send({}, {out, write_frame(out, sent)}, 0)) {
            ++sent;
            moved = true;
        }
        if (const auto got = end.receive(in, 0)) {
            const std::size_t size = write_frame(out, received++);
            wrong += byte_view{in, got->size} == byte_view{out, size} ? 0u : 1u;
            moved = true;
        }
        if (!moved) std::this_thread::yield();
    }
    return wrong + (count - sent) + (count - received);
}

} // namespace

TEST_CASE("two threads exchange frames through a FIFO, in order and whole") {
    for (const std::uint16_t depth : {std::uint16_t{2}, std::uint16_t{3}, std::uint16_t{30}}) {
        const fifo_geometry g{112, depth};
        region_memory memory(g);
        fifo<> driver({.side = fifo_side::driver});
        fifo<> device({.side = fifo_side::device});
        REQUIRE(driver.open(memory.all(), g));
        REQUIRE(device.open(memory.all()));
        constexpr std::uint32_t count = rounds_of(5'000);
        std::uint32_t wrong = 0;
        std::thread other([&] { wrong = exchange(device, count); });
        CHECK(exchange(driver, count) == 0);
        other.join();
        CHECK(wrong == 0);
        CHECK(driver.counters().skipped + device.counters().skipped == 0);
        CHECK(driver.fault() == fifo_fault::none);
        CHECK(device.fault() == fifo_fault::none);
    }
}

// A writer that sleeps when the ring is full is woken by the reader that finds it full. Each doorbell is one wake-up:
// if one were missing, the writer would sleep for ever.
TEST_CASE("a writer that waits for room always hears of it") {
    struct counting_bell {
        std::atomic<std::uint32_t>* count;
        result<void> operator()() const {
            count->fetch_add(1, std::memory_order_release);
            return {};
        }
    };
    const fifo_geometry g{104, 3};
    region_memory memory(g);
    std::atomic<std::uint32_t> for_driver{0};
    std::atomic<std::uint32_t> for_device{0};
    fifo<counting_bell> driver({.side = fifo_side::driver}, counting_bell{&for_device});
    fifo<counting_bell> device({.side = fifo_side::device}, counting_bell{&for_driver});
    REQUIRE(driver.open(memory.all(), g));
    REQUIRE(device.open(memory.all()));
    constexpr std::uint32_t count = rounds_of(20'000);
    std::atomic<bool> stuck{false};
    std::thread reader([&] {
        std::uint8_t in[104]{};
        std::uint32_t heard = 0;
        for (std::uint32_t received = 0; received < count && !stuck;) {
            if (device.receive(in, 0)) {
                ++received;
                continue;
            }
            // Nothing there: sleep until the writer rings.
            while (for_device.load(std::memory_order_acquire) == heard && !stuck) std::this_thread::yield();
            heard = for_device.load(std::memory_order_acquire);
        }
    });
    std::uint8_t out[104]{};
    for (std::uint32_t sent = 0; sent < count && !stuck;) {
        const std::uint32_t heard = for_driver.load(std::memory_order_acquire);
        if (driver.send({}, {out, write_frame(out, sent)}, 0)) {
            ++sent;
            continue;
        }
        for (std::uint32_t turns = 0; for_driver.load(std::memory_order_acquire) == heard && !stuck; ++turns) {
            if (turns == 20'000'000) stuck = true;
            std::this_thread::yield();
        }
    }
    reader.join();
    CHECK_FALSE(stuck);
    CHECK(device.counters().received == count);
}

#ifndef VMSG_THREAD_SANITIZER // to it, a peer that writes what is being read is a defect
TEST_CASE("a peer that writes any byte at any time is never believed twice") {
    const fifo_geometry g{104, 4};
    region_memory memory(g);
    std::atomic<bool> stop{false};
    const byte_span bytes = memory.all();
    fifo<> device({.side = fifo_side::device, .burst = 8});
    fifo<> driver({.side = fifo_side::driver});
    REQUIRE(driver.open(bytes, g));
    std::thread hostile([&] {
        random_numbers numbers(7);
        while (!stop.load(std::memory_order_relaxed)) {
            if (numbers.below(16) == 0) std::this_thread::yield(); // there may be one processor only
            // Sizes of frames, the write index, any byte of an entry; rarely what ends a ring.
            std::size_t at = fifo_header_size + numbers.below(4 * 104);
            std::uint32_t value = numbers.below(256);
            switch (numbers.below(3)) {
            case 0: at = fifo_header_size + 104 * numbers.below(4) + 6; break;
            case 1:
                at = numbers.below(1000) != 0 ? fifo_write_index_offset : fifo_read_index_offset;
                value = numbers.below(numbers.below(1000) != 0 ? 4 : 256);
                break;
            default:
                if ((at - fifo_header_size) % 104 == 7) value = 0; // or no size would be possible any more
            }
            __atomic_store_n(bytes.data() + at, static_cast<std::uint8_t>(value), __ATOMIC_RELAXED);
        }
    });
    std::uint8_t buffer[104]{};
    std::uint64_t frames = 0;
    std::uint64_t faults = 0;
    for (int turns = 0; (frames < 500 || faults < 3) && turns < 10'000'000; ++turns) {
        std::this_thread::yield();
        if (!device.is_open()) {
            ++faults;
            static_cast<void>(driver.open(bytes, g));
            if (!device.open(bytes)) continue;
        }
        unsigned taken = 0;
        for (auto got = device.receive(buffer, 0); got; got = device.receive(buffer, 0)) {
            ++frames;
            const auto h = decode_header<revision::oasis_v2>(byte_view{buffer, got->size});
            REQUIRE(h.has_value());
            REQUIRE(h->msg_size == got->size);
            REQUIRE(++taken <= 8);
        }
        static_cast<void>(device.send({}, byte_view{frame_of(8)}, 0));
    }
    stop = true;
    hostile.join();
    CHECK(frames >= 500);
    CHECK(faults >= 3);
}
#endif
