// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/device_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

using namespace vmsg;
using namespace vmsg::virtio;
using rig::device_end;

namespace {

constexpr std::uint16_t more = 1;
constexpr std::uint16_t written = 2;
constexpr std::uint16_t indirect = 4;

// Enabling.

struct change {
    std::uint64_t descriptor = 0, driver = 0, device = 0; ///< added to the addresses
};

constexpr errc enable_outcome(std::uint32_t size, std::uint32_t maximum, change by = {}) {
    rig::memory<8> shared;
    auto region = shared.region();
    device_queue<8, 8> queue;
    queue_addresses at = shared.addresses();
    at.descriptor = bus_address{static_cast<std::uint64_t>(at.descriptor) + by.descriptor};
    at.driver = bus_address{static_cast<std::uint64_t>(at.driver) + by.driver};
    at.device = bus_address{static_cast<std::uint64_t>(at.device) + by.device};
    const errc outcome = queue.enable(region, at, size, maximum).error();
    chain<8> none;
    if (outcome != errc::none &&
        (queue.state() != queue_state::disabled || queue.pop(region, none).error() != errc::bad_state))
        return errc::peer_error;
    return outcome;
}

/// Areas at these offsets of a region of 4096 bytes.
constexpr errc place_outcome(std::uint64_t descriptor, std::uint64_t driver, std::uint64_t device) {
    alignas(16) std::array<std::uint8_t, 4096> bytes{};
    flat_region region{bus_address{rig::base}, bytes};
    device_queue<8, 8> queue;
    return queue
        .enable(region,
                {bus_address{rig::base + descriptor}, bus_address{rig::base + driver}, bus_address{rig::base + device}},
                8, 8)
        .error();
}

/// The same at the very end of the address space.
constexpr errc top_outcome(std::uint64_t descriptor, std::uint64_t driver, std::uint64_t device) {
    alignas(16) std::array<std::uint8_t, 4096> bytes{};
    flat_region region{bus_address{0 - std::uint64_t{4096}}, bytes};
    device_queue<8, 8> queue;
    return queue.enable(region, {bus_address{0 - descriptor}, bus_address{0 - driver}, bus_address{0 - device}}, 8, 8)
        .error();
}

constexpr bool enabled_queues_keep_their_own_copy() {
    device_end<8> end;
    if (end.queue.enable(end.region, end.shared.addresses(), 4, 8).error() != errc::bad_state) return false;
    // Past the first lap the size shows: slot 8 of the available ring would be the event field.
    end.shared.set_used_event(0x7777);
    for (std::uint16_t i = 0; i < 24; ++i) {
        end.offer(i % 8);
        if (end.pop() != errc::none || end.chain.head() != i % 8 || !end.queue.push(end.chain, 1)) return false;
    }
    return end.queue.size() == 8 && end.shared.used_idx() == 24 && end.shared.used_event() == 0x7777;
}

/// A queue that could be larger: slots are those of the enabled size.
constexpr bool enabled_size_counts() {
    rig::memory<2> shared;
    auto region = shared.region();
    shared.clear_rings();
    shared.set_used_event(0x7777);
    device_queue<8, 8> queue;
    chain<8> taken;
    if (!queue.enable(region, shared.addresses(), 2, 8)) return false;
    for (std::uint32_t round = 0; round < 9; ++round) {
        const auto head = static_cast<std::uint16_t>(round * 3 % 2);
        shared.set_descriptor(head, shared.payload_address(), 1, written);
        shared.offer(head);
        if (!queue.pop(region, taken) || taken.head() != head || !queue.push(taken, 1)) return false;
        if (shared.used_id(round % 2) != head) return false;
    }
    return shared.used_idx() == 9 && shared.avail_event() == 0;
}

constexpr errc enable_above_the_object() {
    rig::memory<16> shared;
    auto region = shared.region();
    device_queue<8, 8> queue;
    return queue.enable(region, shared.addresses(), 16, 256).error();
}

// Chains.

template <std::uint32_t N, std::uint32_t Limit> constexpr bool full_length_chains_pass_and_longer_ones_break() {
    device_end<N, Limit> end;
    constexpr std::uint32_t limit = Limit < N ? Limit : N;
    for (std::uint32_t i = 0; i < N; ++i) {
        const auto following = static_cast<std::uint16_t>((i + 1) % N);
        end.shared.set_descriptor(i, end.shared.payload_address(i), 1, i + 1 < limit ? more : 0, following);
    }
    end.shared.offer(0);
    if (end.pop() != errc::none || end.chain.readable_size() != limit || !end.queue.push(end.chain, 0)) return false;
    end.shared.set_descriptor(limit - 1, end.shared.payload_address(), 1, more, limit % N);
    end.shared.offer(0);
    return end.pop() == errc::bad_value && end.queue.fault() == queue_fault::chain_length;
}

struct element {
    std::uint64_t addr = static_cast<std::uint64_t>(rig::memory<8>::payload_address());
    std::uint32_t len = 1;
    std::uint16_t flags = 0;
    std::uint16_t next_index = 0;
};

// No fault, and not `none`: the queue did something else than break once and for all.
constexpr auto inconsistent = static_cast<queue_fault>(0xff);

/// Breaks a queue of 8 entries with the chain that starts at `head`, and looks that it is broken once and for all.
constexpr queue_fault hostile(element first, element second = {}, element third = {}, std::uint16_t head = 0,
                              std::uint16_t ahead = 1, std::uint16_t position = 0) {
    device_end<8> end{position};
    end.shared.set_descriptor(0, bus_address{first.addr}, first.len, first.flags, first.next_index);
    end.shared.set_descriptor(1, bus_address{second.addr}, second.len, second.flags, second.next_index);
    end.shared.set_descriptor(2, bus_address{third.addr}, third.len, third.flags, third.next_index);
    end.shared.set_avail_ring(position % 8, head);
    end.shared.set_avail_idx(static_cast<std::uint16_t>(position + ahead));
    const std::uint64_t used = end.shared.used_idx();
    const errc outcome = end.pop();
    if (outcome == errc::none) return queue_fault::none;
    const queue_fault fault = end.queue.fault();
    const bool counted = end.queue.faults()[fault] == 1 && end.queue.faults().total() == 1;
    // A correct request does not mend it, and nothing is written any more.
    end.shared.set_descriptor(0, end.shared.payload_address(), 1, written);
    end.shared.set_avail_ring(position % 8, 0);
    end.shared.set_avail_idx(static_cast<std::uint16_t>(position + 1));
    const bool silent = end.pop() == errc::bad_state && end.queue.state() == queue_state::broken &&
                        end.queue.push(end.chain, 0).error() == errc::bad_state && !end.queue.interrupt_needed() &&
                        !end.queue.enable_kicks();
    end.queue.suppress_kicks();
    end.queue.break_queue(queue_fault::direction);
    const bool once = end.queue.faults().total() == 1 && end.shared.used_idx() == used && end.shared.used_flags() == 0;
    return outcome == errc::bad_value && counted && silent && once ? fault : inconsistent;
}

constexpr std::uint64_t region_end = rig::base + rig::memory<8>::region_size();

constexpr bool runs_keep_their_order() {
    device_end<8> end;
    for (std::uint8_t i = 0; i < 10; ++i) end.shared.payload(i, 1).memory[0] = i;
    // Deliberately not in table order.
    end.shared.set_descriptor(5, end.shared.payload_address(0), 2, more, 1);
    end.shared.set_descriptor(1, end.shared.payload_address(2), 3, more, 7);
    end.shared.set_descriptor(7, end.shared.payload_address(5), 1, more | written, 0);
    end.shared.set_descriptor(0, end.shared.payload_address(6), 4, written, 0xffff);
    end.shared.offer(5);
    if (end.pop() != errc::none || end.chain.head() != 5 || end.chain.readable_size() != 5 ||
        end.chain.writable_size() != 5)
        return false;
    std::array<std::uint8_t, 6> got{};
    if (end.chain.reader().read(got) != 5 || got != std::array<std::uint8_t, 6>{0, 1, 2, 3, 4, 0}) return false;
    auto writer = end.chain.writer();
    constexpr std::array<std::uint8_t, 5> answer{9, 8, 7, 6, 5};
    writer.write(answer);
    if (!end.queue.push(end.chain, writer.written())) return false;
    return end.shared.payload(5, 5).memory[0] == 9 && end.shared.payload(9, 1).memory[0] == 5 &&
           end.shared.payload(0, 1).memory[0] == 0 && end.shared.used_id(0) == 5 && end.shared.used_len(0) == 5;
}

/// Resolves everything, so that lengths beyond any memory can be told apart from addresses beyond it.
struct anywhere {
    std::uint8_t* data;
    int calls = 0;
    constexpr result<byte_span> resolve(bus_address, std::uint64_t length) {
        ++calls;
        return byte_span{data, static_cast<std::size_t>(length)};
    }
};

/// What wraps is refused even where a resolver would not notice.
constexpr queue_fault wrapping(std::uint64_t addr, std::uint32_t len) {
    device_end<8> end;
    anywhere memory{end.shared.all().data()};
    end.shared.set_descriptor(0, bus_address{addr}, len, written);
    end.shared.offer(0);
    return end.queue.pop(memory, end.chain) ? queue_fault::none : end.queue.fault();
}

constexpr errc wrapping_area(std::uint64_t addr) {
    alignas(16) std::array<std::uint8_t, 128> bytes{};
    anywhere memory{bytes.data()};
    device_queue<8, 8> queue;
    return queue.enable(memory, {bus_address{addr}, bus_address{0x1000}, bus_address{0x2000}}, 8, 8).error();
}

/// A loop costs as many steps as the queue has entries, whatever the limit is.
constexpr int steps_of_a_loop() {
    device_end<8, 64> end;
    for (std::uint16_t i = 0; i < 8; ++i)
        end.shared.set_descriptor(i, bus_address{0}, 1, more, static_cast<std::uint16_t>((i + 1) % 8));
    end.shared.offer(0);
    anywhere memory{end.shared.all().data()};
    return end.queue.pop(memory, end.chain).error() == errc::bad_value ? memory.calls : -1;
}

constexpr queue_fault huge(std::uint32_t readable, std::uint32_t writable) {
    device_end<8> end;
    anywhere memory{end.shared.all().data()};
    end.shared.set_descriptor(0, bus_address{0}, readable, more, 1);
    end.shared.set_descriptor(1, bus_address{0}, writable, written);
    end.shared.offer(0);
    if (end.queue.pop(memory, end.chain))
        return end.chain.readable_size() == readable && end.chain.writable_size() == writable ? queue_fault::none
                                                                                              : queue_fault::used_id;
    return end.queue.fault();
}

/// A driver that rewrites everything it has shared while the device is looking at it.
struct rewriting {
    rig::memory<8>& shared;
    flat_region region;
    int calls = 0;

    constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) {
        ++calls;
        for (std::uint32_t i = 0; i < 8; ++i) {
            if (calls == 1 && i == 1) continue; // the second descriptor has not been read yet
            shared.set_descriptor(i, bus_address{0}, 0, indirect, 0xffff);
        }
        for (std::uint32_t i = 0; i < 8; ++i) shared.set_avail_ring(i, 0xffff);
        shared.set_avail_idx(0x4000);
        return region.resolve(address, length);
    }
};

constexpr bool shared_values_are_read_once() {
    device_end<8> end;
    end.shared.set_descriptor(3, end.shared.payload_address(0), 16, more, 1);
    end.shared.set_descriptor(1, end.shared.payload_address(16), 32, written);
    end.shared.offer(3);
    rewriting memory{end.shared, end.region};
    if (!end.queue.pop(memory, end.chain) || memory.calls != 2) return false;
    if (end.chain.head() != 3 || end.chain.readable_size() != 16 || end.chain.writable_size() != 32) return false;
    return end.chain.reader().run().data() == end.shared.payload(0, 1).memory.data() && end.queue.push(end.chain, 32) &&
           end.shared.used_id(0) == 3 && end.shared.used_len(0) == 32;
}

constexpr bool heads_in_flight_are_not_taken_twice() {
    device_end<8> end;
    end.offer(3);
    if (end.pop() != errc::none) return false;
    end.shared.offer(3);
    return end.pop() == errc::bad_value && end.queue.fault() == queue_fault::head_in_flight;
}

constexpr bool a_returned_head_may_come_again() {
    device_end<8> end;
    for (int i = 0; i < 3; ++i) {
        end.offer(3);
        if (end.pop() != errc::none || !end.queue.push(end.chain, 0)) return false;
    }
    return true;
}

// Giving back.

constexpr bool every_head_is_returned_once() {
    device_end<8> end;
    end.offer(1);
    end.offer(2);
    if (end.pop() != errc::none) return false;
    const chain_ticket one = end.chain.ticket();
    if (end.pop() != errc::none) return false;
    const chain_ticket two = end.chain.ticket();
    if (end.queue.holds(chain_ticket{})) return false;
    if (!end.queue.push(two, 0) || end.queue.holds(two) || !end.queue.holds(one)) return false;
    if (end.queue.push(two, 0).error() != errc::invalid_argument) return false;
    if (!end.queue.push(one, 0) || end.queue.push(one, 0).error() != errc::invalid_argument) return false;
    return end.shared.used_idx() == 2 && end.shared.used_id(0) == 2 && end.shared.used_id(1) == 1 &&
           end.shared.used_id(2) == 0;
}

constexpr bool used_length_is_never_an_overestimate() {
    device_end<8> end;
    end.offer(1, 16);
    if (end.pop() != errc::none || end.queue.push(end.chain, 17).error() != errc::invalid_argument) return false;
    if (end.shared.used_idx() != 0 || !end.queue.push(end.chain, 16)) return false;
    end.offer(1, 16, 0); // readable only
    if (end.pop() != errc::none || end.queue.push(end.chain, 1).error() != errc::invalid_argument) return false;
    return end.queue.push(end.chain, 0).has_value() && end.shared.used_len(1) == 0;
}

constexpr bool the_rest_of_the_ring_is_not_written() {
    device_end<8> end;
    for (std::uint32_t i = 0; i < 8; ++i)
        end.shared.set_descriptor(i, end.shared.payload_address(i), i + 1, written, 7);
    end.shared.set_avail_event(0xbeef);
    for (std::uint16_t i = 0; i < 8; ++i) end.shared.offer(i);
    end.queue.suppress_kicks();
    for (std::uint16_t i = 0; i < 8; ++i)
        if (end.pop() != errc::none || !end.queue.push(end.chain, 1)) return false;
    static_cast<void>(end.queue.enable_kicks());
    for (std::uint32_t i = 0; i < 8; ++i)
        if (end.shared.descriptor_len(i) != i + 1 || end.shared.descriptor_flags(i) != written ||
            end.shared.descriptor_next(i) != 7 || end.shared.avail_ring(i) != i)
            return false;
    return end.shared.avail_flags() == 0 && end.shared.avail_idx() == 8 && end.shared.avail_event() == 0xbeef;
}

// Notifications.

constexpr bool interrupts_follow_the_flags() {
    device_end<8> end;
    if (end.queue.interrupt_needed()) return false;
    const auto serve = [](device_end<8>& e) {
        e.offer(0);
        return e.pop() == errc::none && e.queue.push(e.chain, 0).has_value();
    };
    end.shared.set_used_event(0x8000); // without the feature it has no meaning
    if (!serve(end) || !end.queue.interrupt_needed() || end.queue.interrupt_needed()) return false;
    end.shared.set_avail_flags(1);
    if (!serve(end) || end.queue.interrupt_needed()) return false;
    end.shared.set_avail_flags(0xfffe);
    return serve(end) && serve(end) && end.queue.interrupt_needed() && !end.queue.interrupt_needed();
}

constexpr bool kick_flags_are_zero_or_one() {
    device_end<8> end;
    end.queue.suppress_kicks();
    if (end.shared.used_flags() != 1) return false;
    return !end.queue.enable_kicks() && end.shared.used_flags() == 0;
}

constexpr bool rearming_looks_again() {
    device_end<8> end;
    end.queue.suppress_kicks();
    if (end.pop() != errc::would_block) return false;
    end.offer(0); // between the last look and the re-arming
    if (!end.queue.enable_kicks() || end.pop() != errc::none) return false;
    return !end.queue.enable_kicks();
}

constexpr bool spurious_kicks_are_harmless() {
    device_end<8> end;
    for (int i = 0; i < 3; ++i)
        if (end.pop() != errc::would_block) return false;
    return end.queue.state() == queue_state::enabled;
}

// Reset.

constexpr bool reset_restores_everything() {
    device_end<8> end;
    end.offer(0);
    end.offer(1);
    if (end.pop() != errc::none || !end.queue.push(end.chain, 0) || end.pop() != errc::none) return false;
    const chain_ticket late = end.chain.ticket();
    end.queue.suppress_kicks();
    end.queue.reset();
    // Nothing is executed, written or notified.
    if (end.pop() != errc::bad_state || end.queue.push(late, 0).error() != errc::bad_state || end.queue.holds(late) ||
        end.queue.interrupt_needed() || end.queue.enable_kicks() || end.queue.state() != queue_state::disabled)
        return false;
    end.queue.suppress_kicks();
    end.queue.break_queue(queue_fault::direction);
    if (end.shared.used_idx() != 1 || end.shared.used_flags() != 1 || end.queue.faults().total() != 0) return false;
    // The next life: indices from 0, the same head is free again, no interrupt left over.
    end.shared.clear_rings();
    if (!end.queue.enable(end.region, end.shared.addresses(), 8, 8) || end.queue.interrupt_needed()) return false;
    end.offer(1);
    if (end.pop() != errc::none || end.chain.head() != 1) return false;
    // A completion of the last life does not complete the same head of this one.
    if (end.queue.holds(late) || end.queue.push(late, 0).error() != errc::bad_state || end.shared.used_idx() != 0)
        return false;
    return end.queue.holds(end.chain.ticket()) && end.queue.push(end.chain, 3) && end.shared.used_idx() == 1 &&
           end.shared.used_len(0) == 3;
}

/// The next life has a size of its own.
constexpr bool enabled_again_with_another_size() {
    device_end<8> end;
    end.queue.reset();
    end.shared.clear_rings();
    if (!end.queue.enable(end.region, end.shared.addresses(), 4, 8) || end.queue.size() != 4) return false;
    end.offer(4);
    return end.pop() == errc::bad_value && end.queue.fault() == queue_fault::head_range;
}

constexpr bool reset_mends_a_broken_queue() {
    device_end<8> end;
    end.shared.set_avail_idx(9);
    if (end.pop() != errc::bad_value) return false;
    end.queue.reset();
    end.shared.clear_rings();
    if (!end.queue.enable(end.region, end.shared.addresses(), 8, 8) || end.queue.fault() != queue_fault::none)
        return false;
    end.offer(0);
    return end.pop() == errc::none && end.queue.faults()[queue_fault::available_index] == 1;
}

constexpr bool a_device_model_can_break_its_queue() {
    device_end<8> end;
    end.queue.break_queue(queue_fault::direction);
    return end.queue.state() == queue_state::broken && end.queue.faults()[queue_fault::direction] == 1 &&
           end.pop() == errc::bad_state;
}

template <std::uint32_t N> bool goes_around() {
    const auto end = std::make_unique<device_end<N>>();
    for (std::uint32_t round = 0; round < 65536 + 3 * N; ++round) {
        const auto head = static_cast<std::uint16_t>(round * 7 % N);
        end->offer(head, 16);
        if (end->pop() != errc::none || end->chain.head() != head || !end->queue.push(end->chain, round % 17))
            return false;
        if (end->shared.used_idx() != static_cast<std::uint16_t>(round + 1) || end->shared.used_id(round % N) != head ||
            end->shared.used_len(round % N) != round % 17)
            return false;
    }
    return end->pop() == errc::would_block;
}

template <std::uint32_t N> constexpr bool full_rings_are_taken(std::uint16_t position) {
    device_end<N> end{position};
    for (std::uint16_t i = 0; i < N; ++i) end.offer(i);
    for (std::uint16_t i = 0; i < N; ++i)
        if (end.pop() != errc::none || end.chain.head() != i || !end.queue.push(end.chain, 0)) return false;
    return end.pop() == errc::would_block && end.shared.used_idx() == static_cast<std::uint16_t>(position + N);
}

} // namespace

TEST_CASE("SQ5, trap 31: a size is a power of two and not above the maxima, judged in 32 bits") {
    CX_CHECK(enable_outcome(8, 8) == errc::none);
    CX_CHECK(enable_outcome(1, 8) == errc::none);
    CX_CHECK(enable_outcome(0, 8) == errc::bad_value);
    CX_CHECK(enable_outcome(3, 8) == errc::bad_value);
    CX_CHECK(enable_outcome(8, 4) == errc::bad_value);
    CX_CHECK(enable_above_the_object() == errc::bad_value);          // above what this queue is made for
    CX_CHECK(enable_outcome(0x1'0000, 0x1'0000) == errc::bad_value); // 0 in 16 bits
    CX_CHECK(enable_outcome(0x1'0008, 0xffff'ffff) == errc::bad_value);
}

TEST_CASE("SQ5, trap 27: the areas are aligned") {
    CX_CHECK(enable_outcome(4, 8, {.descriptor = 0 - std::uint64_t{8}}) == errc::bad_value);
    CX_CHECK(place_outcome(8, 1024, 2048) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1025, 2048) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1026, 2048) == errc::none);
    CX_CHECK(place_outcome(0, 1024, 2050) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1024, 2052) == errc::none);
}

TEST_CASE("SQ5, trap 15, trap 16: the areas lie in shared memory and do not wrap") {
    CX_CHECK(place_outcome(4096 - 128, 0, 1024) == errc::none);
    CX_CHECK(place_outcome(4096 - 112, 0, 1024) == errc::bad_value);
    CX_CHECK(place_outcome(0, 4096 - 22, 1024) == errc::none);
    CX_CHECK(place_outcome(0, 4096 - 20, 1024) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1024, 4096 - 72) == errc::none);
    CX_CHECK(place_outcome(0, 1024, 4096 - 68) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1024, 0 - rig::base) == errc::bad_value);
    CX_CHECK(place_outcome(0 - std::uint64_t{16}, 1024, 2048) == errc::bad_value);
    CX_CHECK(top_outcome(128, 2048, 1024) == errc::none);
    CX_CHECK(top_outcome(112, 2048, 1024) == errc::bad_value);
    CX_CHECK(top_outcome(2048, 20, 1024) == errc::bad_value);
    CX_CHECK(top_outcome(2048, 1024, 68) == errc::bad_value);
}

TEST_CASE("SQ5: the areas have no byte in common") {
    CX_CHECK(place_outcome(0, 128, 152) == errc::none);
    CX_CHECK(place_outcome(96, 74, 0) == errc::none);
    CX_CHECK(place_outcome(0, 126, 1024) == errc::bad_value); // descriptor and driver area
    CX_CHECK(place_outcome(1024, 1004, 2048) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1024, 124) == errc::bad_value); // descriptor and device area
    CX_CHECK(place_outcome(1024, 0, 956) == errc::bad_value);
    CX_CHECK(place_outcome(0, 1024, 1044) == errc::bad_value); // driver and device area
    CX_CHECK(place_outcome(0, 1092, 1024) == errc::bad_value);
    CX_CHECK(place_outcome(0, 0, 0) == errc::bad_value);
}

TEST_CASE("SQ5: a resolver that maps an aligned address to one that is not is the device's own mistake") {
    alignas(16) std::array<std::uint8_t, 513> bytes{};
    flat_region region{bus_address{rig::base}, byte_span{bytes}.drop(1)};
    device_queue<8, 8> queue;
    CHECK(queue.enable(region, queue_block{8}.addresses(bus_address{rig::base}), 8, 8).error() ==
          errc::invalid_argument);
}

TEST_CASE("SQ5, trap 34: an enabled queue keeps its own copy of size and addresses") {
    CX_CHECK(enabled_queues_keep_their_own_copy());
    CX_CHECK(enabled_size_counts());
}

TEST_CASE("SQ16, SQ13, trap 14: a chain of the full length passes, one more breaks") {
    CX_CHECK(full_length_chains_pass_and_longer_ones_break<1, 1>());
    CX_CHECK(full_length_chains_pass_and_longer_ones_break<2, 2>());
    CX_CHECK(full_length_chains_pass_and_longer_ones_break<8, 8>());
    CHECK(full_length_chains_pass_and_longer_ones_break<256, 256>());
}

TEST_CASE("SQ11: the device has a limit of its own") {
    CX_CHECK(full_length_chains_pass_and_longer_ones_break<8, 3>());
    CX_CHECK(full_length_chains_pass_and_longer_ones_break<8, 64>());
    CX_CHECK(steps_of_a_loop() == 8);
}

TEST_CASE("SQ16, trap 11: head, more and chain length are bounded") {
    CX_CHECK(hostile({}, {}, {}, 8) == queue_fault::head_range);
    CX_CHECK(hostile({}, {}, {}, 0xffff) == queue_fault::head_range);
    CX_CHECK(hostile({.flags = more, .next_index = 8}) == queue_fault::next_range);
    CX_CHECK(hostile({.flags = more, .next_index = 0xffff}) == queue_fault::next_range);
    CX_CHECK(hostile({.flags = more, .next_index = 0}) == queue_fault::chain_length); // a loop of one
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.flags = more, .next_index = 0}) == queue_fault::chain_length);
    CX_CHECK(hostile({.next_index = 0xffff}) == queue_fault::none); // without NEXT it has no meaning
}

TEST_CASE("SQ17: a readable element after a writable one breaks the queue") {
    CX_CHECK(hostile({.flags = more | written, .next_index = 1}, {}) == queue_fault::direction);
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.flags = more | written, .next_index = 2}, {}) ==
             queue_fault::direction);
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.flags = written}) == queue_fault::none);
}

TEST_CASE("SQ18, trap 15, trap 16: every element lies in one live area") {
    CX_CHECK(hostile({.addr = region_end - 1}) == queue_fault::none); // the last byte
    CX_CHECK(hostile({.addr = region_end - 16, .len = 16}) == queue_fault::none);
    CX_CHECK(hostile({.addr = region_end}) == queue_fault::address);
    CX_CHECK(hostile({.addr = region_end - 1, .len = 2}) == queue_fault::address);
    CX_CHECK(hostile({.addr = rig::base - 1, .len = 2}) == queue_fault::address);
    CX_CHECK(hostile({.addr = 0}) == queue_fault::address);
    CX_CHECK(hostile({.len = 0xffff'ffff}) == queue_fault::address);
    CX_CHECK(hostile({.addr = 0xffff'ffff'ffff'ffff, .len = 2}) == queue_fault::address); // wraps
    CX_CHECK(hostile({.addr = 0xffff'ffff'ffff'fff0, .len = 0x100}) == queue_fault::address);
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.addr = 0, .flags = written}) == queue_fault::address);
}

TEST_CASE("SQ5, SQ18, trap 16: an address that wraps is refused before anybody is asked") {
    CX_CHECK(wrapping(0xffff'ffff'ffff'ffff, 1) == queue_fault::none);
    CX_CHECK(wrapping(0xffff'ffff'ffff'ffff, 2) == queue_fault::address);
    CX_CHECK(wrapping(0xffff'ffff'ffff'ff00, 0x101) == queue_fault::address);
    CX_CHECK(wrapping_area(0 - std::uint64_t{128}) == errc::none);
    CX_CHECK(wrapping_area(0 - std::uint64_t{112}) == errc::bad_value);
}

TEST_CASE("SQ18, trap 17: the bytes of a chain are added in 64 bits and fit a used length") {
    CX_CHECK(huge(0xffff'fffe, 1) == queue_fault::none);
    CX_CHECK(huge(1, 0xffff'fffe) == queue_fault::none);
    CX_CHECK(huge(0xffff'ffff, 1) == queue_fault::total_length);
    CX_CHECK(huge(0x8000'0000, 0x8000'0000) == queue_fault::total_length);
    CX_CHECK(huge(0xffff'ffff, 0xffff'ffff) == queue_fault::total_length);
}

TEST_CASE("SQ19, trap 38: an element of no bytes breaks the queue") {
    CX_CHECK(hostile({.len = 0}) == queue_fault::empty_element);
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.len = 0, .flags = written}) == queue_fault::empty_element);
}

TEST_CASE("SQ23, SQ29: an indirect descriptor without the feature breaks the queue") {
    CX_CHECK(hostile({.len = 16, .flags = indirect}) == queue_fault::indirect);
    CX_CHECK(hostile({.len = 16, .flags = indirect | more}) == queue_fault::indirect);
    CX_CHECK(hostile({.len = 16, .flags = indirect | written}) == queue_fault::indirect);
    CX_CHECK(hostile({.flags = more, .next_index = 1}, {.len = 16, .flags = indirect}) == queue_fault::indirect);
}

TEST_CASE("SQ36, trap 10: an available index ahead by more than the size breaks the queue") {
    CX_CHECK(hostile({}, {}, {}, 0, 9) == queue_fault::available_index);
    CX_CHECK(hostile({}, {}, {}, 0, 0xffff) == queue_fault::available_index); // backwards
    CX_CHECK(hostile({}, {}, {}, 0, 0x8000) == queue_fault::available_index);
    CX_CHECK(hostile({}, {}, {}, 0, 9, 65535) == queue_fault::available_index);
    CX_CHECK(hostile({}, {}, {}, 0, 8) == queue_fault::none);
    CX_CHECK(hostile({}, {}, {}, 0, 8, 65535) == queue_fault::none);
}

TEST_CASE("SQ37, SQ30, trap 1, trap 2: index, slot and descriptors are read once") {
    CX_CHECK(shared_values_are_read_once());
}

TEST_CASE("SQ38, trap 8, trap 10: a head in flight does not come again, a returned one does") {
    CX_CHECK(heads_in_flight_are_not_taken_twice());
    CX_CHECK(a_returned_head_may_come_again());
}

TEST_CASE("SQ10, SQ43, SQ44: both runs of a chain keep their order, the used element names the head") {
    CX_CHECK(runs_keep_their_order());
}

TEST_CASE("SQ14: a device has no way to write to a readable element") {
    CX_CHECK(std::is_same_v<decltype(std::declval<chain_reader&>().run()), byte_view>);
    CX_CHECK(std::is_same_v<decltype(std::declval<chain_writer&>().run()), byte_span>);
    CX_CHECK(!std::is_convertible_v<byte_view, byte_span>);
}

TEST_CASE("SQ41, SQ44: a used length is never above the writable part") {
    CX_CHECK(used_length_is_never_an_overestimate());
}
TEST_CASE("SQ49: every head is returned exactly once") { CX_CHECK(every_head_is_returned_once()); }
TEST_CASE("SQ15, SQ59, trap 28, trap 41: the device writes its own part of the ring only") {
    CX_CHECK(the_rest_of_the_ring_is_not_written());
}

TEST_CASE("SQ51: an interrupt is due unless the driver suppresses it; the event field is ignored") {
    CX_CHECK(interrupts_follow_the_flags());
}
TEST_CASE("SQ53: suppression is bit 0 of the flags and nothing else") { CX_CHECK(kick_flags_are_zero_or_one()); }
TEST_CASE("SQ58: after re-arming the device looks again") { CX_CHECK(rearming_looks_again()); }
TEST_CASE("SQ56: spurious notifications are harmless") { CX_CHECK(spurious_kicks_are_harmless()); }

TEST_CASE("SQ65, SQ66, SQ67, SQ69, SQ71, trap 35: after a reset nothing of the last life happens") {
    CX_CHECK(reset_restores_everything());
    CX_CHECK(enabled_again_with_another_size());
}
TEST_CASE("SQ73, trap 12: a violation breaks a queue once and a reset mends it") {
    CX_CHECK(reset_mends_a_broken_queue());
    CX_CHECK(a_device_model_can_break_its_queue());
}

TEST_CASE("trap 22, trap 23: a device queue goes around 65536") {
    CX_CHECK(full_rings_are_taken<1>(65535));
    CX_CHECK(full_rings_are_taken<2>(65535));
    CX_CHECK(full_rings_are_taken<8>(65530));
    CHECK(full_rings_are_taken<256>(65400));
    CHECK(goes_around<1>());
    CHECK(goes_around<2>());
    CHECK(goes_around<256>());
}

TEST_CASE("trap 32: 32768 entries, all in flight, across the wrap") {
    const auto end = std::make_unique<device_end<32768, 4>>(std::uint16_t{40000});
    for (std::uint32_t i = 0; i < 32768; ++i) end->offer(static_cast<std::uint16_t>(i), 1);
    std::vector<chain_ticket> tickets;
    for (std::uint32_t i = 0; i < 32768; ++i) {
        REQUIRE(end->pop() == errc::none);
        REQUIRE(end->chain.head() == i);
        tickets.push_back(end->chain.ticket());
    }
    CHECK(end->pop() == errc::would_block);
    for (const chain_ticket& ticket : tickets) REQUIRE(end->queue.push(ticket, 1));
    CHECK(end->shared.used_idx() == static_cast<std::uint16_t>(40000 + 32768));
    CHECK(end->shared.used_id((40000 + 32767) % 32768) == 32767);
}

TEST_CASE("a device queue asks nothing of a resolver but what the concept says") {
    rig::memory<8> shared;
    archetypes::resolver none;
    device_queue<8, 8> queue;
    chain<8> out;
    CHECK(queue.enable(none, shared.addresses(), 8, 8).error() == errc::bad_value);
    CHECK(queue.pop(none, out).error() == errc::bad_state);
}
