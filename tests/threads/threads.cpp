// SPDX-License-Identifier: BSD-2-Clause
// What docs/concurrency.md promises, with a thread in place of the interrupt handler. For ThreadSanitizer:
// tests/threads/run.
#include <vmsg/interrupt_queue.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/random.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "proto/support/test_device.hpp"
#include "support/check.hpp"
#include "transport/fifo_support.hpp"

#include <thread>

using namespace vmsg;

TEST_CASE("threads: no flag that an interrupt raises is lost") {
    constexpr std::uint32_t count = 200'000;
    interrupt_flags<7> flags;
    std::uint64_t taken[7]{};
    std::thread handler([&] {
        random_numbers random(1);
        for (std::uint32_t i = 0; i < count; ++i) flags.raise(random.below(7));
    });
    std::uint64_t total = 0;
    while (total < count) {
        if (!flags.pending()) {
            std::this_thread::yield();
            continue;
        }
        for (std::size_t i = 0; i < flags.size(); ++i) {
            const std::uint32_t times = flags.take(i);
            total += times;
            taken[i] += times;
        }
    }
    handler.join();
    CHECK(total == count);
    CHECK(flags.take_any() == flags.size());
    for (const std::uint64_t times : taken) CHECK(times > count / 14); // of each source its share
}

TEST_CASE("threads: what was written before a flag is there when it is taken") {
    constexpr std::uint32_t count = 50'000;
    interrupt_flags<1> flags; // from the handler
    interrupt_flags<1> back;  // to it
    std::uint32_t shared = 0; // belongs to whoever was told last
    std::thread handler([&] {
        for (std::uint32_t i = 1; i <= count; ++i) {
            shared = i;
            flags.raise(0);
            while (back.take(0) == 0) std::this_thread::yield();
        }
    });
    bool right = true;
    for (std::uint32_t i = 1; i <= count; ++i) {
        while (flags.take_any() != 0) std::this_thread::yield();
        right = right && shared == i;
        back.raise(0);
    }
    handler.join();
    CHECK(right);
}

TEST_CASE("threads: values of an interrupt come whole and in order") {
    struct value {
        std::uint64_t number;
        std::uint64_t inverse;
    };
    constexpr std::uint64_t count = 200'000;
    interrupt_queue<value, 8> queue;
    std::thread handler([&] {
        for (std::uint64_t i = 0; i < count;)
            if (queue.push({i, ~i}))
                ++i;
            else
                std::this_thread::yield();
    });
    bool right = true;
    for (std::uint64_t i = 0; i < count;) {
        value v{};
        if (!queue.pop(v)) {
            std::this_thread::yield();
            continue;
        }
        right = right && v.number == i && v.inverse == ~i;
        ++i;
    }
    handler.join();
    CHECK(right);
}

namespace {

constexpr revision R = revision::oasis_v2;

// The bell of one end of the FIFO: an interrupt at the other one, whose handler does nothing but raise a flag.
struct bell {
    interrupt_flags<1>* other;
    result<void> operator()() const {
        other->raise(0);
        return {};
    }
};
using rung_fifo = transports::fifo<bell>;

/// The turn of an engine: what came is handled, one frame at a time, and what is due is sent.
template <class Engine> bool turn(Engine& engine, rung_fifo& end, instant now) {
    std::uint8_t buffer[104]{};
    for (bool moved = false;; moved = true) {
        while (const auto out = engine.poll_transmit(now)) engine.handle_sent(end.send({}, *out, now), now);
        const auto in = end.receive(buffer, now);
        if (!in) return moved;
        if constexpr (std::is_void_v<decltype(engine.handle_frame({}, now))>)
            engine.handle_frame({buffer, in->size}, now);
        else
            REQUIRE(engine.handle_frame({buffer, in->size}, now)); // all that was owed has left
    }
}

} // namespace

// Each engine has a thread of its own; all that crosses is the ring and the flag that the bell raises.
TEST_CASE("threads: two engines with several requests open, each in its own thread, woken by flags") {
    const transports::fifo_geometry g{112, 30};
    fifo_test::region_memory memory(g);
    interrupt_flags<1> for_driver;
    interrupt_flags<1> for_device;
    rung_fifo near({.side = transports::fifo_side::driver}, bell{&for_device});
    rung_fifo far({.side = transports::fifo_side::device}, bell{&for_driver});
    REQUIRE(near.open(memory.all(), g));
    REQUIRE(far.open(memory.all()));
    interrupt_flags<1> over; // from this thread to the other one

    std::thread peer([&] {
        proto::device_bus<R> bus{{}};
        proto_test::test_device model;
        proto::attached<proto_test::test_device> port{model};
        static_cast<void>(bus.attach(3, port));
        while (over.take(0) == 0) {
            static_cast<void>(for_device.take_any());
            if (!turn(bus, far, 0)) std::this_thread::yield();
        }
    });

    proto::driver<R, proto::driver_capacity{.requests = 8}> driver{{.events = event_method::indirect}};
    REQUIRE(driver.start(0));
    constexpr std::uint32_t count = 2'000;
    proto::ticket<get_device_info_request> open[6]{};
    bool used[6]{};
    std::uint32_t asked = 0;
    std::uint32_t answered = 0;
    std::uint32_t wrong = 0;
    while (answered < count && driver.state() != proto::bus_state::failed) {
        static_cast<void>(for_driver.take_any());
        const bool moved = turn(driver, near, 0);
        for (std::size_t i = 0; i < 6; ++i) {
            if (used[i]) {
                const auto got = driver.response(open[i]);
                if (got.error() == errc::would_block) continue;
                wrong += got && got->device_id == 2 ? 0u : 1u;
                driver.release(open[i], 0);
                used[i] = false;
                ++answered;
            }
            if (driver.state() != proto::bus_state::ready || asked == count) continue;
            if (const auto t = driver.request(3, get_device_info_request{}, 0)) {
                open[i] = *t;
                used[i] = true;
                ++asked;
            }
        }
        while (driver.poll_event().kind != proto::driver_event_kind::none) {}
        if (!moved) std::this_thread::yield();
    }
    over.raise(0);
    peer.join();
    CHECK(answered == count);
    CHECK(wrong == 0);
    CHECK(driver.open_requests() == 0);
    CHECK(driver.counters().dropped.total() == 0);
}

// The two sides of a virtqueue share nothing but its memory.
TEST_CASE("threads: two sides of a virtqueue, each in its own thread") {
    constexpr std::uint32_t size = 16;
    alignas(4096) static std::uint8_t memory[4096]{};
    const virtio::queue_block block{size};
    const auto at = block.addresses(bus_address{0x1000});
    virtio::driver_queue<size> near;
    REQUIRE(near.attach(block.areas({memory, block.size}), size, {}));
    constexpr std::uint32_t count = 20'000;
    interrupt_flags<1> over;
    virtio::flat_region region{bus_address{0x1000}, byte_span{memory}};
    virtio::device_queue<2, size> far;
    REQUIRE(far.enable(region, at, size, size, {}));
    std::thread peer([&] {
        virtio::chain<2> chain;
        while (over.take(0) == 0) {
            if (!far.pop(region, chain)) {
                std::this_thread::yield();
                continue;
            }
            auto to = chain.writer();
            const std::uint8_t bytes[4]{1, 2, 3, 4};
            static_cast<void>(to.write(bytes));
            static_cast<void>(far.push(chain, 4));
        }
    });
    std::uint32_t sent = 0;
    std::uint32_t done = 0;
    std::uint32_t wrong = 0;
    while (done < count) {
        bool moved = false;
        const std::size_t place = 2048 + 4 * (sent % size);
        const virtio::buffer whole[]{{bus_address{0x1000 + place}, 4}};
        if (sent < count && sent - done < size && near.add({}, whole)) {
            near.publish();
            ++sent;
            moved = true;
        }
        if (const auto completion = near.poll_used()) {
            wrong += memory[2048 + 4 * (done % size) + 3] == 4 ? 0u : 1u;
            ++done;
            moved = true;
        }
        if (!moved) std::this_thread::yield();
    }
    over.raise(0);
    peer.join();
    CHECK(wrong == 0);
}
