// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/loopback.hpp>

#include "support/check.hpp"

#include <string>

using namespace vmsg;

namespace {

constexpr std::uint32_t always = transports::fault_rates::always;

template <std::size_t Depth = 16> struct bench {
    using wire_type = transports::loopback<Depth, 8>;
    wire_type wire{};
    transports::fault_injector<typename wire_type::end, 2, 8> end;

    constexpr explicit bench(const transports::fault_rates& rates, std::uint64_t seed = 7)
        : end(wire.driver_side(), rates, seed) {}

    constexpr errc send(std::uint8_t byte, instant now = 0) {
        const std::uint8_t frame[]{byte, 0};
        return end.send({}, frame, now).error();
    }
    /// The first byte of the next frame that has arrived; -1 if none has.
    constexpr int arrived() {
        std::uint8_t buffer[8]{};
        return wire.device_side().receive(buffer, 0) ? buffer[0] : -1;
    }
    /// Lets time pass.
    constexpr void pass(instant now) {
        std::uint8_t buffer[8]{};
        static_cast<void>(end.receive(buffer, now));
    }
};

constexpr bool busy_loses_nothing() {
    bench b{{.busy = always}};
    return b.send(1) == errc::busy && b.arrived() == -1 && b.end.counters().busy == 1 && b.end.counters().passed == 0;
}

constexpr bool drops() {
    bench b{{.drop = always}};
    return b.send(1) == errc::none && b.arrived() == -1 && b.end.counters().dropped == 1 &&
           b.end.poll_timeout() == never;
}

constexpr bool duplicates() {
    bench b{{.duplicate = always}};
    return b.send(3) == errc::none && b.arrived() == 3 && b.arrived() == 3 && b.arrived() == -1 &&
           b.end.counters().duplicated == 1 && b.end.counters().passed == 2;
}

constexpr bool delays() {
    bench b{{.delay = always, .longest_delay = 5 * milliseconds}};
    if (b.send(1, 1000) != errc::none || b.arrived() != -1 || b.end.counters().delayed != 1) return false;
    const instant due = b.end.poll_timeout();
    if (due < 1000 + 1 * milliseconds || due > 1000 + 5 * milliseconds) return false;
    b.pass(due - 1);
    if (b.arrived() != -1) return false;
    b.pass(due);
    return b.arrived() == 1 && b.end.poll_timeout() == never && b.end.counters().passed == 1;
}

constexpr bool reorders() {
    bench b{{.reorder = always}};
    // The second one is held back too; the third finds no room, passes, and is the one that overtakes both.
    if (b.send(1) != errc::none || b.send(2) != errc::none || b.arrived() != -1) return false;
    return b.send(3) == errc::none && b.arrived() == 3 && b.arrived() == 1 && b.arrived() == 2 && b.arrived() == -1 &&
           b.end.counters().reordered == 2;
}

constexpr bool a_last_frame_is_not_held_back_for_ever() {
    bench b{{.reorder = always}};
    if (b.send(1) != errc::none || b.end.poll_timeout() == never) return false;
    b.pass(b.end.poll_timeout());
    return b.arrived() == 1;
}

constexpr bool corrupts_one_bit() {
    bench b{{.corrupt = always}};
    for (int i = 0; i < 20; ++i) {
        const std::uint8_t frame[8]{};
        if (!b.end.send({}, frame, 0)) return false;
        std::uint8_t got[8]{};
        if (!b.wire.device_side().receive(got, 0)) return false;
        int bits = 0;
        for (const std::uint8_t byte : got)
            for (int bit = 0; bit < 8; ++bit) bits += byte >> bit & 1;
        if (bits != 1) return false;
    }
    return b.end.counters().corrupted == 20;
}

constexpr bool a_full_carrier_gets_it_next_time() {
    bench<1> b{{.delay = always, .longest_delay = 1 * milliseconds}};
    if (b.send(1) != errc::none || b.send(2) != errc::none) return false;
    b.pass(1 * milliseconds); // both are due, there is room for one
    if (b.end.poll_timeout() == never || b.arrived() != 1) return false;
    b.pass(2 * milliseconds);
    return b.arrived() == 2 && b.end.poll_timeout() == never && b.end.counters().lost == 0;
}

constexpr bool a_restart_forgets() {
    bench b{{.delay = always}};
    if (b.send(1) != errc::none) return false;
    b.end.restart();
    b.pass(never - 1);
    return b.arrived() == -1 && b.end.poll_timeout() == never;
}

// What arrives of 64 frames.
std::string history(std::uint64_t seed) {
    bench<200> b{{.busy = 500, .drop = 1500, .duplicate = 1500, .corrupt = 500, .reorder = 1500}, seed};
    std::string all;
    for (std::uint8_t i = 0; i < 64; ++i)
        if (b.send(i) == errc::busy) all += 'b';
    for (int byte = b.arrived(); byte != -1; byte = b.arrived()) all += std::to_string(byte) + ' ';
    return all;
}

} // namespace

TEST_CASE("busy: refused, and nothing is lost") { CX_CHECK(busy_loses_nothing()); }
TEST_CASE("drop: taken, and never seen again") { CX_CHECK(drops()); }
TEST_CASE("duplicate: twice") { CX_CHECK(duplicates()); }
TEST_CASE("delay: later, when it is due") { CX_CHECK(delays()); }
TEST_CASE("reorder: behind the next one") {
    CX_CHECK(reorders());
    CX_CHECK(a_last_frame_is_not_held_back_for_ever());
}
TEST_CASE("corrupt: one bit, the sender's bytes stay") { CX_CHECK(corrupts_one_bit()); }
TEST_CASE("what was held back waits for a full carrier") { CX_CHECK(a_full_carrier_gets_it_next_time()); }
TEST_CASE("restart: nothing held back arrives any more") { CX_CHECK(a_restart_forgets()); }

TEST_CASE("the same seed gives the same faults, another one others") {
    CHECK(history(1) == history(1));
    CHECK(history(1) != history(2));
}

TEST_CASE("rates are kept") {
    bench<1> b{{.drop = 1000}};
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE(b.send(1) == errc::none);
        static_cast<void>(b.arrived());
    }
    CHECK(b.end.counters().dropped > 800);
    CHECK(b.end.counters().dropped < 1200);
    CHECK(b.end.counters().dropped == b.end.counters().faults());
}

namespace {

/// Takes frames or is busy, and can have lost the last one.
struct moody_carrier {
    bool busy = false;
    bool loses = false;
    int sent = 0;
    std::size_t max_msg_size() const { return 104; }
    result<void> send(ffa::endpoint_id, byte_view, instant) {
        if (busy) return errc::busy;
        ++sent;
        return {};
    }
    result<inbound> receive(byte_span, instant) { return loses ? errc::no_answer : errc::would_block; }
};

} // namespace

TEST_CASE("a frame that is due while the carrier is busy lets time pass before it is offered again") {
    moody_carrier carrier;
    transports::fault_injector<moody_carrier, 2, 104> wire{carrier, {.delay = transports::fault_rates::always}, 1};
    const std::uint8_t frame[]{1, 2, 3};
    std::uint8_t buffer[104];
    REQUIRE(wire.send({}, frame, 0));
    const instant due = wire.poll_timeout();
    REQUIRE(due != never);
    carrier.busy = true;
    CHECK(wire.receive(buffer, due).error() == errc::would_block);
    CHECK(wire.poll_timeout() > due);
    CHECK(wire.poll_timeout() <= due + 1 * milliseconds);
    carrier.busy = false;
    CHECK(wire.receive(buffer, wire.poll_timeout()).error() == errc::would_block);
    CHECK(carrier.sent == 1);
    CHECK(wire.poll_timeout() == never);
}

TEST_CASE("that a frame which was held back was not carried out is not said of another one") {
    moody_carrier carrier;
    const std::uint8_t frame[]{1, 2, 3};
    std::uint8_t buffer[104];
    carrier.loses = true;
    transports::fault_injector<moody_carrier, 2, 104> late{carrier, {.delay = transports::fault_rates::always}, 1};
    REQUIRE(late.send({}, frame, 0));
    CHECK(late.receive(buffer, late.poll_timeout()).error() == errc::would_block);
    CHECK(carrier.sent == 1);
    CHECK(late.counters().lost == 1);
    transports::fault_injector<moody_carrier, 2, 104> sound{carrier, {}, 1};
    REQUIRE(sound.send({}, frame, 0));
    CHECK(sound.receive(buffer, 0).error() == errc::no_answer);
}
