// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/notification_doorbell.hpp>

#include "support/check.hpp"
#include "transport/fifo_support.hpp"

#include <initializer_list>

using namespace fifo_test;

namespace {

/// A doorbell that fails as often as it is told, and counts.
struct script_bell {
    struct log {
        unsigned calls = 0;
        unsigned failures = 0; // still to come
        std::uint16_t id = no_notif_id;
    };
    log* to;
    void set_notif_id(std::uint16_t id) { to->id = id; }
    result<void> operator()() const {
        ++to->calls;
        if (to->failures == 0) return {};
        --to->failures;
        return errc::denied;
    }
};

struct bench {
    using end = fifo<script_bell>;
    explicit bench(std::uint16_t notif_id = no_notif_id, std::uint16_t burst = 64)
        : driver({.side = fifo_side::driver, .peer = ffa::endpoint_id{0x8001}, .notif_id = notif_id, .burst = burst},
                 script_bell{&at_device}),
          device({.side = fifo_side::device, .peer = ffa::endpoint_id{3}, .notif_id = notif_id, .burst = burst},
                 script_bell{&at_driver}) {
        REQUIRE(driver.open(memory.all(), {104, 4}));
        REQUIRE(device.open(memory.all()));
    }
    errc send(end& from, unsigned mark = 1) { return from.send({}, frame_of(9, mark), now).error(); }
    errc receive(end& at) { return at.receive(buffer, now).error(); }
    fifo_ring to_device() { return check_fifo_region(memory.all())->to_device; }
    fifo_ring to_driver() { return check_fifo_region(memory.all())->to_driver; }

    region_memory memory{};
    script_bell::log at_device{}; // rung by the driver side
    script_bell::log at_driver{};
    end driver;
    end device;
    instant now = 1000;
    std::uint8_t buffer[104]{};
};

constexpr bool carries_both_ways() {
    alignas(fifo_alignment) std::uint8_t memory[8064]{};
    fifo<> driver({.side = fifo_side::driver, .peer = ffa::endpoint_id{0x8001}});
    fifo<> device({.side = fifo_side::device, .peer = ffa::endpoint_id{3}});
    if (!driver.open(memory) || !device.open(memory)) return false;
    const std::uint8_t frame[8]{0, 2, 0, 0, 1, 0, 8, 0};
    std::uint8_t buffer[104]{};
    if (!driver.send({}, frame, 0) || !device.send({}, frame, 0)) return false;
    const auto at_device = device.receive(buffer, 0);
    const auto at_driver = driver.receive(buffer, 0);
    return at_device && at_driver && at_device->peer == ffa::endpoint_id{3} &&
           at_driver->peer == ffa::endpoint_id{0x8001} && byte_view{buffer, at_driver->size} == byte_view{frame};
}

// Whether an end can be made, as far as a constant expression says.
template <std::uint16_t Burst, bool = (static_cast<void>(fifo<>{fifo_options{.burst = Burst}}), true)>
constexpr bool can_take(int) {
    return true;
}
template <std::uint16_t> constexpr bool can_take(long) { return false; }

} // namespace

TEST_CASE("an end that would never take anything is a mistake of its maker") {
    static_assert(can_take<1>(0));
    static_assert(!can_take<0>(0));
}

TEST_CASE("a driver side leaves memory that it was given alone until its rings are offered") {
    bench b;
    auto memory = b.memory.all();
    const std::size_t size = memory.size();
    for (std::size_t i = 0; i < size; ++i) memory[i] = 0xa5;
    REQUIRE(b.driver.place(memory, {104, 4}));
    CHECK_FALSE(b.driver.is_open());
    CHECK(b.send(b.driver) == errc::not_supported);
    for (std::size_t i = 0; i < size; ++i) REQUIRE(memory[i] == 0xa5);
    b.driver.follow({fifo_stage::offered, 3});
    CHECK(b.driver.is_open());
    CHECK(check_fifo_region(memory));
    CHECK(b.driver.place(memory.first(100)).error() == errc::oversize);
    CHECK(b.driver.place(memory, {103, 4}).error() == errc::invalid_argument);
    CHECK_FALSE(b.driver.is_open());
}

TEST_CASE("a FIFO carries frames both ways in a constant expression") { CX_CHECK(carries_both_ways()); }

TEST_CASE("a FIFO that is not open carries nothing") {
    bench b;
    b.driver.close();
    CHECK_FALSE(b.driver.is_open());
    CHECK(b.send(b.driver) == errc::not_supported);
    REQUIRE(b.send(b.device) == errc::none);
    CHECK(b.receive(b.driver) == errc::would_block);
    CHECK(b.driver.poll_timeout() == never);
    CHECK(b.at_device.calls == 0);
}

TEST_CASE("a device side does not open what is no FIFO, nor a driver side what has no room") {
    bench b;
    b.memory.all()[0] ^= 1;
    CHECK(b.device.open(b.memory.all()).error() == errc::bad_value);
    CHECK_FALSE(b.device.is_open());
    CHECK(b.driver.open(b.memory.all()).error() == errc::oversize); // of the default geometry
    CHECK_FALSE(b.driver.is_open());
}

TEST_CASE("N10: the peer hears of every frame, and of room in a ring that was full") {
    bench b;
    for (unsigned i = 0; i < 3; ++i) CHECK(b.send(b.driver, i) == errc::none);
    CHECK(b.at_device.calls == 3);
    CHECK(b.send(b.driver) == errc::would_block);
    CHECK(b.driver.counters().full == 1);
    CHECK(b.at_device.calls == 3);
    CHECK(b.receive(b.device) == errc::none);
    CHECK(b.at_driver.calls == 1);
    CHECK(b.receive(b.device) == errc::none);
    CHECK(b.at_driver.calls == 1); // it was not full any more
    CHECK(b.send(b.driver) == errc::none);
    CHECK(b.driver.counters().sent == 4);
    CHECK(b.device.counters().received == 2);
    CHECK(b.device.counters().rung == 1);
}

TEST_CASE("N10: entries without a frame are skipped and counted, and the one behind them is taken") {
    bench b;
    for (unsigned i = 0; i < 3; ++i) REQUIRE(b.send(b.driver, i) == errc::none);
    b.to_device().memory[fifo_header_size + 6] = 7;
    b.to_device().memory[fifo_header_size + 104 + 6] = 105;
    REQUIRE(b.receive(b.device) == errc::none);
    CHECK(b.buffer[8] == 2);
    CHECK(b.device.counters().skipped == 2);
    CHECK(b.receive(b.device) == errc::would_block);
    CHECK(b.at_driver.calls == 1); // the ring was full before the first of them
    CHECK(b.device.is_open());
}

TEST_CASE("N10: a bad index ends the FIFO: it is reported once, nothing goes on, and a new one works") {
    for (const bool at_writer : {false, true}) {
        bench b;
        REQUIRE(b.send(b.driver) == errc::none);
        write_index(b.to_device(), at_writer ? fifo_read_index_offset : fifo_write_index_offset, 4);
        bench::end& victim = at_writer ? b.driver : b.device;
        if (at_writer)
            CHECK(b.send(victim) == errc::aborted);
        else
            CHECK(b.receive(victim) == errc::aborted);
        CHECK(victim.failed());
        CHECK(victim.fault() == (at_writer ? fifo_fault::read_index : fifo_fault::write_index));
        CHECK(victim.counters().faults == 1);
        const auto image = b.memory.image();
        if (at_writer) {
            CHECK(victim.poll_timeout() == 0);
            CHECK(b.receive(victim) == errc::aborted);
        }
        for (int i = 0; i < 3; ++i) {
            CHECK(b.send(victim) == errc::aborted);
            CHECK(b.receive(victim) == errc::would_block);
        }
        CHECK(victim.poll_timeout() == never);
        CHECK(victim.counters().faults == 1);
        CHECK(b.memory.image() == image);
        REQUIRE(b.driver.open(b.memory.all(), {104, 4}));
        REQUIRE(b.device.open(b.memory.all()));
        CHECK(victim.fault() == fifo_fault::none);
        CHECK(b.send(b.driver) == errc::none);
        CHECK(b.receive(b.device) == errc::none);
    }
}

TEST_CASE("quirk fifo_bad_index_spins: no index keeps a reader in its loop") {
    for (unsigned value = 0; value <= 0xffff; ++value) {
        bench b;
        write_index(b.to_device(), fifo_write_index_offset, value);
        unsigned calls = 0;
        for (errc got = errc::none; got != errc::would_block && calls < 10; ++calls) got = b.receive(b.device);
        REQUIRE(calls <= 2);
        REQUIRE(b.device.failed() == (value >= 4));
        REQUIRE(b.device.counters().skipped == (value < 4 ? value : 0)); // entries of zeroes
    }
}

TEST_CASE("N10: a peer that writes without end is left after so many entries, and not forgotten") {
    bench b(no_notif_id, 5);
    unsigned taken = 0;
    for (unsigned i = 0; i < 100; ++i) {
        REQUIRE(b.send(b.driver) == errc::none); // one more for each that is taken
        if (b.receive(b.device) != errc::none) break;
        ++taken;
    }
    CHECK(taken == 5);
    CHECK(b.device.poll_timeout() == 0);
    CHECK(b.receive(b.device) == errc::none);
    CHECK(b.receive(b.device) == errc::would_block);
    CHECK(b.device.poll_timeout() == never);

    // Entries without a frame count as well.
    bench bad(no_notif_id, 2);
    write_index(bad.to_device(), fifo_write_index_offset, 3);
    CHECK(bad.receive(bad.device) == errc::would_block);
    CHECK(bad.device.counters().skipped == 2);
    CHECK(bad.device.poll_timeout() == 0);
    CHECK(bad.receive(bad.device) == errc::would_block);
    CHECK(bad.device.counters().skipped == 3);
    CHECK(bad.device.poll_timeout() == never);
}

TEST_CASE("N10: a doorbell that fails is rung again after 1, 2, 4, 8, 16, 32 ms") {
    bench b;
    b.at_device.failures = 6;
    REQUIRE(b.send(b.driver) == errc::none);
    CHECK(b.at_device.calls == 1);
    unsigned calls = 1;
    for (const duration pause : {1u, 2u, 4u, 8u, 16u, 32u}) {
        CHECK(b.driver.poll_timeout() == b.now + pause * milliseconds);
        b.now += pause * milliseconds - 1;
        CHECK(b.receive(b.driver) == errc::would_block);
        CHECK(b.at_device.calls == calls);
        ++b.now;
        CHECK(b.receive(b.driver) == errc::would_block);
        CHECK(b.at_device.calls == ++calls);
    }
    CHECK(b.driver.poll_timeout() == never);
    CHECK(b.driver.is_open());
    CHECK(b.driver.counters().failed_bells == 6);
    CHECK(b.driver.counters().rung == 1);
}

TEST_CASE("N10: while a doorbell waits, further frames do not ring it") {
    bench b;
    b.at_device.failures = 1;
    for (unsigned i = 0; i < 3; ++i) REQUIRE(b.send(b.driver) == errc::none);
    CHECK(b.at_device.calls == 1);
    b.now += 1 * milliseconds;
    CHECK(b.send(b.driver) == errc::would_block); // full, but the doorbell is rung
    CHECK(b.at_device.calls == 2);
}

TEST_CASE("N10: a doorbell that fails for good ends the FIFO of a driver, not that of a device") {
    for (const bool is_driver : {true, false}) {
        bench b;
        bench::end& e = is_driver ? b.driver : b.device;
        script_bell::log& peer = is_driver ? b.at_device : b.at_driver;
        peer.failures = 1000;
        REQUIRE(b.send(e) == errc::none);
        errc last = errc::would_block;
        while (e.poll_timeout() != never && e.poll_timeout() != 0) {
            b.now = e.poll_timeout();
            last = b.receive(e);
        }
        CHECK(peer.calls == 7);
        CHECK(e.failed() == is_driver);
        CHECK(last == (is_driver ? errc::aborted : errc::would_block));
        CHECK(e.fault() == fifo_fault::none);
        CHECK(b.send(e) == (is_driver ? errc::aborted : errc::none));
        CHECK(peer.calls == (is_driver ? 7 : 8));
    }
}

TEST_CASE("with a notification the ring is left alone until it comes, or for as long as one may be lost") {
    bench b(63);
    CHECK(b.receive(b.device) == errc::would_block); // the first look
    REQUIRE(b.send(b.driver) == errc::none);
    CHECK(b.receive(b.device) == errc::would_block);
    b.device.handle_notifications(~(std::uint64_t{1} << 63));
    CHECK(b.receive(b.device) == errc::would_block);
    b.device.handle_notifications(std::uint64_t{1} << 63);
    CHECK(b.device.poll_timeout() == 0);
    CHECK(b.receive(b.device) == errc::none);
    CHECK(b.receive(b.device) == errc::would_block);
    REQUIRE(b.send(b.driver) == errc::none); // and the notification is lost
    CHECK(b.device.poll_timeout() == b.now + 100 * milliseconds);
    b.now = b.device.poll_timeout();
    CHECK(b.receive(b.device) == errc::none);
}

TEST_CASE("a FIFO follows its bus: made anew when it is offered, closed when the bus ends") {
    bench b;
    b.driver.close();
    REQUIRE(b.send(b.device) == errc::none); // from before
    b.driver.follow({fifo_stage::offered, 0});
    CHECK(b.driver.is_open());
    CHECK(b.at_device.id == 0);
    CHECK(b.receive(b.driver) == errc::would_block); // it is gone
    REQUIRE(b.device.open(b.memory.all()));
    b.driver.follow({fifo_stage::offered, 17});
    CHECK(b.at_device.id == 17);
    REQUIRE(b.send(b.device) == errc::none);
    b.driver.follow({fifo_stage::active, 17});
    CHECK(b.receive(b.driver) == errc::none);
    b.driver.follow({fifo_stage::active, 17});
    CHECK(b.driver.is_open());
    b.driver.follow({});
    CHECK_FALSE(b.driver.is_open());

    // The device side opens by itself, when it is told to map the memory.
    b.device.follow({fifo_stage::offered, 3});
    CHECK(b.at_driver.id == 3);
    CHECK(b.device.is_open());
    b.device.follow({});
    CHECK_FALSE(b.device.is_open());
    b.device.follow({fifo_stage::active, 3});
    CHECK_FALSE(b.device.is_open());

    // Without memory there is nothing to open.
    fifo<> none({.side = fifo_side::driver});
    none.follow({fifo_stage::offered, 3});
    CHECK_FALSE(none.is_open());
}

TEST_CASE("FF-A: the doorbell sets one bound notification of the peer") {
    struct recorder {
        ffa::call_frame seen{};
        ffa::call_frame answer{};
        unsigned calls = 0;
        void operator()(ffa::call_frame& frame) {
            ++calls;
            seen = frame;
            frame = answer;
        }
    } conduit;
    notification_doorbell bell(conduit, ffa::endpoint_id{1}, ffa::endpoint_id{0x8003});
    CHECK(bell().error() == errc::not_supported);
    bell.set_notif_id(64);
    CHECK(bell().error() == errc::not_supported);
    CHECK(conduit.calls == 0);
    conduit.answer.x[0] = static_cast<std::uint64_t>(ffa::function_id::success);
    for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{31}, std::uint16_t{32}, std::uint16_t{63}}) {
        bell.set_notif_id(id);
        CHECK(bell());
        const auto call = ffa::decode_notification_set(conduit.seen);
        REQUIRE(call);
        CHECK(*call == ffa::notification_set_call{ffa::endpoint_id{1}, ffa::endpoint_id{0x8003}, false, false, 0,
                                                  std::uint64_t{1} << id});
    }
    conduit.answer = ffa::encode_error(ffa::error::busy);
    CHECK(bell().error() == errc::busy);
    conduit.answer = ffa::encode_error(ffa::error::denied);
    CHECK(bell().error() == errc::denied);
    CHECK(conduit.calls == 6);
}

TEST_CASE("FF-A: notifications count for the class of their sender") {
    const ffa::notification_get_answer got{.secure_partitions = 1, .vms = 2};
    CHECK(notifications_from(ffa::endpoint_id{0x8003}, got) == 1);
    CHECK(notifications_from(ffa::endpoint_id{3}, got) == 2);
    CHECK(notifications_from(ffa::hypervisor_id, got) == 2);
}

TEST_CASE("FF-A: notifications of one class are taken from the manager, and no others") {
    struct recorder {
        ffa::call_frame seen{};
        ffa::call_frame answer = ffa::encode(ffa::notification_get_answer{.secure_partitions = 1, .vms = 2});
        void operator()(ffa::call_frame& frame) {
            seen = frame;
            frame = answer;
        }
    } conduit;
    using enum ffa::notification_sources;
    constexpr ffa::endpoint_id self{1};
    for (const ffa::endpoint_id peer : {ffa::endpoint_id{0x8003}, ffa::endpoint_id{3}}) {
        const bool secure = ffa::is_secure(peer);
        CHECK(take_notifications(conduit, self, peer) == (secure ? 1u : 2u));
        CHECK(conduit.seen == ffa::encode(ffa::notification_get_call{self, 0, secure ? secure_partitions : vms}));
    }
    conduit.answer = ffa::encode_error(ffa::error::not_supported);
    CHECK(take_notifications(conduit, self, ffa::endpoint_id{3}).error() == errc::not_supported);
}
