// SPDX-License-Identifier: BSD-2-Clause
// The event index: who writes which event, and when a notification is due.

#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <memory>

using namespace vmsg;
using namespace vmsg::virtio;
using rig::device_end;
using rig::driver_end;

namespace {

constexpr feature_set events{feature::version_1, feature::event_idx};
constexpr driver_queue_options driver_from(std::uint16_t position) {
    return {.position = position, .negotiated = events};
}
constexpr device_queue_options device_from(std::uint16_t position) {
    return {.position = position, .negotiated = events};
}

/// All events, against the definition: one of the entries that the index has moved over.
bool crossing_is_exact(std::uint16_t old, std::uint32_t moved) {
    const auto index = static_cast<std::uint16_t>(old + moved);
    for (std::uint32_t event = 0; event < 65536; ++event) {
        const bool one_of_them = static_cast<std::uint16_t>(event - old) < moved;
        if (event_crossed(static_cast<std::uint16_t>(event), index, moved) != one_of_them) return false;
    }
    return true;
}

// Driver: kicks.

/// Publishes `batch` requests at once from a position, with `avail_event` at `event`.
template <std::uint32_t N = 8>
constexpr bool kicked(std::uint16_t position, std::uint32_t batch, std::uint16_t event, std::uint16_t flags = 0) {
    driver_end<N> end{driver_from(position)};
    end.shared.set_avail_event(event);
    end.shared.set_used_flags(flags);
    for (std::uint32_t i = 0; i < batch; ++i) static_cast<void>(end.queue.add({}, end.shared.element(0, 1)));
    end.queue.publish();
    return end.queue.kick_needed();
}

/// Requests one by one, decided on every `step` of them, with the device asking for one kick: how many come.
int kicks_of(std::uint32_t requests, std::uint32_t step, std::uint16_t event) {
    const auto end = std::make_unique<driver_end<8>>(driver_from(0));
    end->shared.set_avail_event(event);
    int kicks = 0;
    for (std::uint32_t i = 1; i <= requests; ++i) {
        end->shared.use(end->request(), 0);
        if (!end->queue.poll_used()) return -1;
        if (i % step == 0 && end->queue.kick_needed()) ++kicks;
    }
    return kicks;
}

constexpr bool the_answer_is_given_once() {
    driver_end<8> end{driver_from(0)};
    if (end.queue.kick_needed()) return false;
    end.request();
    if (!end.queue.kick_needed() || end.queue.kick_needed()) return false;
    end.request();
    if (end.queue.kick_needed()) return false; // the event is behind
    static_cast<void>(end.queue.add({}, end.shared.element(0, 1)));
    end.shared.set_avail_event(2);
    if (end.queue.kick_needed()) return false; // added, not published
    end.queue.publish();
    return end.queue.kick_needed();
}

// Driver: interrupts.

constexpr bool driver_events_are_written(std::uint16_t position) {
    driver_end<8> end{driver_from(position)};
    const auto from = [position](int distance) { return static_cast<std::uint16_t>(position + distance); };
    if (end.shared.used_event() != position || end.shared.avail_event() != position) return false;
    const std::uint16_t head = end.request();
    end.request();
    end.shared.use(head, 0);
    if (!end.queue.poll_used() || end.shared.used_event() != position) return false; // not idle yet
    if (end.queue.poll_used().error() != errc::would_block || end.shared.used_event() != from(1)) return false;
    end.queue.suppress_interrupts();
    if (end.shared.used_event() != from(1 + 0x8000)) return false;
    if (end.queue.poll_used().error() != errc::would_block || end.shared.used_event() != from(1 + 0x8000)) return false;
    if (end.queue.enable_interrupts() || end.shared.used_event() != from(1)) return false;
    return end.shared.avail_flags() == 0 && end.shared.avail_event() == position;
}

constexpr bool driver_looks_again_after_arming() {
    driver_end<8> end{driver_from(65535)};
    const std::uint16_t head = end.request();
    end.queue.suppress_interrupts();
    if (end.queue.poll_used().error() != errc::would_block) return false;
    end.shared.use(head, 0); // between the last poll and the arming
    if (!end.queue.enable_interrupts() || !end.queue.poll_used()) return false;
    return !end.queue.enable_interrupts() && end.shared.used_event() == 0;
}

/// The device has its eye on the event of an earlier round, from which it is 65536 entries away.
bool an_event_that_is_there_already_holds() {
    const auto end = std::make_unique<driver_end<8>>(driver_from(0));
    if (end->queue.poll_used().error() != errc::would_block || end->shared.used_event() != 0) return false;
    for (std::uint32_t i = 0; i < 65536; ++i) {
        end->shared.use(end->request(), 0);
        if (!end->queue.poll_used() || end->shared.used_event() != 0) return false;
    }
    return end->queue.poll_used().error() == errc::would_block && end->shared.used_event() == 0;
}

constexpr bool driver_without_the_feature_touches_no_event() {
    driver_end<8> end;
    end.shared.set_used_event(0x7777);
    end.shared.set_avail_event(0x8888);
    const std::uint16_t head = end.request();
    if (!end.queue.kick_needed()) return false;
    end.queue.suppress_interrupts();
    static_cast<void>(end.queue.enable_interrupts());
    end.shared.use(head, 0);
    return end.queue.poll_used() && end.queue.poll_used().error() == errc::would_block &&
           end.shared.used_event() == 0x7777 && end.shared.avail_event() == 0x8888;
}

constexpr bool the_next_life_of_a_driver_may_do_without() {
    driver_end<8> end{driver_from(0)};
    end.queue.suppress_interrupts();
    end.queue.detach();
    if (!end.queue.attach(end.shared.areas(), 8) || end.shared.used_event() != 0) return false;
    end.shared.set_avail_event(0x8000);
    end.request();
    if (!end.queue.kick_needed()) return false;
    end.queue.suppress_interrupts();
    return end.shared.avail_flags() == 1 && end.shared.used_event() == 0;
}

// Device: interrupts.

constexpr bool serve(device_end<8>& end, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) end.offer(static_cast<std::uint16_t>(i));
    for (std::uint32_t i = 0; i < count; ++i)
        if (end.pop() != errc::none || !end.queue.push(end.chain, 0)) return false;
    return true;
}

/// Gives back `batch` requests from a position, with `used_event` at `event`.
constexpr bool interrupted(std::uint16_t position, std::uint32_t batch, std::uint16_t event, std::uint16_t flags = 0) {
    device_end<8> end{device_from(position)};
    end.shared.set_used_event(event);
    end.shared.set_avail_flags(flags);
    const bool served = serve(end, batch);
    return served && end.queue.interrupt_needed() && !end.queue.interrupt_needed();
}

int interrupts_of(std::uint32_t requests, std::uint32_t step, std::uint16_t event) {
    const auto end = std::make_unique<device_end<8>>(device_from(0));
    end->shared.set_used_event(event);
    int interrupts = 0;
    for (std::uint32_t i = 1; i <= requests; ++i) {
        if (!serve(*end, 1)) return -1;
        if (i % step == 0 && end->queue.interrupt_needed()) ++interrupts;
    }
    return interrupts;
}

// Device: kicks.

constexpr bool device_events_are_written(std::uint16_t position) {
    device_end<8> end{device_from(position)};
    const auto from = [position](int distance) { return static_cast<std::uint16_t>(position + distance); };
    end.shared.set_avail_event(0xbeef); // a driver that has not cleared its memory
    end.shared.set_used_event(0x7777);
    end.offer(0);
    end.offer(1);
    if (end.pop() != errc::none || end.shared.avail_event() != 0xbeef) return false; // not idle yet
    if (end.pop() != errc::none || end.pop() != errc::would_block || end.shared.avail_event() != from(2)) return false;
    end.queue.suppress_kicks();
    if (end.shared.avail_event() != from(2 + 0x8000)) return false;
    if (end.pop() != errc::would_block || end.shared.avail_event() != from(2 + 0x8000)) return false;
    if (end.queue.enable_kicks() || end.shared.avail_event() != from(2)) return false;
    return end.shared.used_flags() == 0 && end.shared.used_event() == 0x7777;
}

constexpr bool device_looks_again_after_arming() {
    device_end<8> end{device_from(65535)};
    end.queue.suppress_kicks();
    if (end.pop() != errc::would_block) return false;
    end.offer(0); // between the last look and the arming
    if (!end.queue.enable_kicks() || end.pop() != errc::none) return false;
    return !end.queue.enable_kicks() && end.shared.avail_event() == 0;
}

/// As many requests as there are between two wishes that look the same, without one idle moment.
bool device_arms_after(std::uint32_t requests) {
    const auto end = std::make_unique<device_end<8>>(device_from(0));
    end->shared.set_avail_event(0xbeef);
    for (std::uint32_t i = 0; i < requests; ++i)
        if (!serve(*end, 1)) return false;
    return end->shared.avail_event() == 0xbeef && end->pop() == errc::would_block &&
           end->shared.avail_event() == static_cast<std::uint16_t>(requests);
}

constexpr bool the_next_life_of_a_device_may_do_without() {
    device_end<8> end{device_from(0)};
    end.queue.suppress_kicks();
    end.queue.reset();
    end.shared.clear_rings();
    if (!end.queue.enable(end.region, end.shared.addresses(), 8, 8)) return false;
    end.shared.set_used_event(0x8000);
    if (!serve(end, 1) || !end.queue.interrupt_needed()) return false;
    end.queue.suppress_kicks();
    return end.shared.used_flags() == 1 && end.shared.avail_event() == 0;
}

/// The next life with the feature arms again, though the last one has left the same event.
constexpr bool every_life_of_a_device_arms() {
    device_end<8> end{device_from(0)};
    if (end.pop() != errc::would_block) return false;
    end.queue.reset();
    end.shared.clear_rings();
    end.shared.set_avail_event(0xbeef);
    if (!end.queue.enable(end.region, end.shared.addresses(), 8, 8, device_from(0))) return false;
    return end.pop() == errc::would_block && end.shared.avail_event() == 0;
}

// Both.

constexpr bool broken_queues_write_no_event() {
    driver_end<8> driver{driver_from(0)};
    driver.shared.set_used_idx(5);
    if (driver.queue.poll_used().error() != errc::bad_value) return false;
    driver.queue.suppress_interrupts();
    if (driver.queue.enable_interrupts() || driver.queue.kick_needed() || driver.shared.used_event() != 0) return false;
    device_end<8> device{device_from(0)};
    device.shared.set_avail_idx(9);
    if (device.pop() != errc::bad_value) return false;
    device.queue.suppress_kicks();
    return !device.queue.enable_kicks() && !device.queue.interrupt_needed() && device.shared.avail_event() == 0;
}

/// Both sides poll and ask for no notification.
constexpr bool nobody_has_to_be_notified(feature_set negotiated) {
    rig::memory<8> shared;
    auto region = shared.region();
    driver_queue<8> driver;
    device_queue<8, 8> device;
    chain<8> request;
    if (!driver.attach(shared.areas(), 8, {.negotiated = negotiated}) ||
        !device.enable(region, shared.addresses(), 8, 8, {.negotiated = negotiated}))
        return false;
    driver.suppress_interrupts();
    device.suppress_kicks();
    for (int round = 0; round < 20; ++round) {
        const auto head = driver.add({}, shared.element(0, 4));
        if (!head || driver.publish() != 1 || driver.kick_needed()) return false;
        if (!device.pop(region, request) || !device.push(request, 4) || device.interrupt_needed()) return false;
        if (device.pop(region, request).error() != errc::would_block) return false;
        const auto done = driver.poll_used();
        if (!done || done->head != *head || driver.poll_used().error() != errc::would_block) return false;
    }
    return true;
}

/// Suppressed at `position`, the peer does all that a queue of 32768 entries allows.
bool suppression_holds_for_a_full_queue(std::uint16_t position) {
    const auto driver = std::make_unique<driver_end<32768>>(driver_from(position));
    const auto device = std::make_unique<device_end<32768, 1>>(device_from(position));
    driver->queue.suppress_interrupts();
    device->queue.suppress_kicks();
    driver->shared.set_avail_event(static_cast<std::uint16_t>(device->shared.avail_event()));
    device->shared.set_used_event(static_cast<std::uint16_t>(driver->shared.used_event()));
    for (std::uint32_t i = 0; i < 32768; ++i) {
        driver->request();
        if (i % 100 == 0 && driver->queue.kick_needed()) return false;
        device->offer(static_cast<std::uint16_t>(i));
        if (device->pop() != errc::none || !device->queue.push(device->chain, 0)) return false;
        if (i % 100 == 0 && device->queue.interrupt_needed()) return false;
    }
    return !driver->queue.kick_needed() && !device->queue.interrupt_needed();
}

} // namespace

TEST_CASE("SQ57, trap 24, trap 25: crossing, as computed by hand") {
    CX_CHECK(event_crossed(0, 1, 1));
    CX_CHECK(event_crossed(5, 6, 3));
    CX_CHECK(!event_crossed(2, 6, 3));
    CX_CHECK(!event_crossed(5, 5, 2));
    CX_CHECK(event_crossed(65535, 0, 1));
    CX_CHECK(!event_crossed(65534, 0, 1));
    CX_CHECK(!event_crossed(1, 1, 2));
    CX_CHECK(!event_crossed(5, 6, 0));
}
TEST_CASE("SQ57: crossing is exact for all events and batches") {
    for (const std::uint32_t moved : {0u, 1u, 2u, 3u, 255u, 32767u, 32768u, 65535u, 65536u, 100000u})
        for (const unsigned old : {0u, 1u, 32767u, 32768u, 65535u})
            CHECK(crossing_is_exact(static_cast<std::uint16_t>(old), moved));
}

TEST_CASE("SQ55, SQ57: a kick is due if the batch crosses avail_event, whatever the flags say") {
    CX_CHECK(kicked(0, 1, 0));
    CX_CHECK(kicked(0, 1, 0, 1));
    CX_CHECK(!kicked(0, 1, 1));
    CX_CHECK(!kicked(0, 1, 1, 0xffff));
    CX_CHECK(kicked(0, 3, 2));
    CX_CHECK(kicked(0, 3, 0));
    CX_CHECK(!kicked(0, 3, 3));
    CX_CHECK(kicked(65534, 4, 65534));
    CX_CHECK(kicked(65534, 4, 65535));
    CX_CHECK(kicked(65534, 4, 0));
    CX_CHECK(kicked(65534, 4, 1));
    CX_CHECK(!kicked(65534, 4, 2));
    CX_CHECK(!kicked(65534, 4, 65533));
    CX_CHECK(kicked<1>(65535, 1, 65535));
    CX_CHECK(!kicked<1>(65535, 1, 0));
    CX_CHECK(the_answer_is_given_once());
}
TEST_CASE("SQ57, trap 22: a batch of 65536 and more crosses every event") {
    CHECK(kicks_of(65536, 65536, 7) == 1);
    CHECK(kicks_of(65536 + 5, 65536 + 5, 7) == 1); // 5 in 16 bits, which would not
    CHECK(kicks_of(3 * 65536, 1, 7) == 3);         // once each time around
    CHECK(kicks_of(3 * 65536, 7, 7) == 3);
    CHECK(interrupts_of(65536 + 5, 65536 + 5, 7) == 1);
    CHECK(interrupts_of(3 * 65536, 1, 7) == 3);
    CHECK(interrupts_of(3 * 65536, 7, 7) == 3);
}

TEST_CASE("SQ50, SQ60: a driver arms used_event before it goes idle and keeps its flags at 0") {
    CX_CHECK(driver_events_are_written(0));
    CX_CHECK(driver_events_are_written(65535));
    CX_CHECK(driver_events_are_written(0x7fff));
    CHECK(an_event_that_is_there_already_holds());
}
TEST_CASE("SQ58: after arming the driver looks again") { CX_CHECK(driver_looks_again_after_arming()); }
TEST_CASE("SQ54, SQ59, trap 26: a driver without the feature neither reads nor writes an event") {
    CX_CHECK(driver_without_the_feature_touches_no_event());
}

TEST_CASE("SQ52, SQ57: an interrupt is due if the batch crosses used_event, whatever the flags say") {
    CX_CHECK(interrupted(0, 1, 0));
    CX_CHECK(interrupted(0, 1, 0, 1));
    CX_CHECK(!interrupted(0, 1, 1));
    CX_CHECK(!interrupted(0, 1, 1, 0xfffe));
    CX_CHECK(interrupted(0, 3, 2));
    CX_CHECK(interrupted(0, 3, 0));
    CX_CHECK(!interrupted(0, 3, 3));
    CX_CHECK(interrupted(65534, 4, 65534));
    CX_CHECK(interrupted(65534, 4, 1));
    CX_CHECK(!interrupted(65534, 4, 2));
    CX_CHECK(!interrupted(65534, 4, 65533));
}
TEST_CASE("SQ53, SQ60: a device arms avail_event before it goes idle and keeps its flags at 0") {
    CX_CHECK(device_events_are_written(0));
    CX_CHECK(device_events_are_written(65535));
    CX_CHECK(device_events_are_written(0x7ffe));
    CX_CHECK(every_life_of_a_device_arms());
    CHECK(device_arms_after(0));
    CHECK(device_arms_after(32768));
    CHECK(device_arms_after(65536));
}
TEST_CASE("SQ58, SQ60: after arming the device looks again") { CX_CHECK(device_looks_again_after_arming()); }

TEST_CASE("SQ67, SQ69, trap 35: the next life of a queue may be negotiated otherwise") {
    CX_CHECK(the_next_life_of_a_driver_may_do_without());
    CX_CHECK(the_next_life_of_a_device_may_do_without());
}
TEST_CASE("V6: two sides that poll need no notification and send none") {
    CX_CHECK(nobody_has_to_be_notified({}));
    CX_CHECK(nobody_has_to_be_notified(events));
}
TEST_CASE("SQ73: a broken queue writes no event") { CX_CHECK(broken_queues_write_no_event()); }
TEST_CASE("trap 32: suppression holds for all that 32768 entries allow") {
    CHECK(suppression_holds_for_a_full_queue(0));
    CHECK(suppression_holds_for_a_full_queue(40000));
    CHECK(suppression_holds_for_a_full_queue(65535));
}
