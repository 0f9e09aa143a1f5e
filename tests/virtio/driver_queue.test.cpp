// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/driver_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <memory>
#include <vector>

using namespace vmsg;
using namespace vmsg::virtio;
using rig::driver_end;

namespace {

constexpr bool attach_clears_the_rings() {
    rig::memory<4> shared;
    driver_queue<4> queue;
    if (!queue.attach(shared.areas(), 4)) return false;
    for (std::uint32_t i = 0; i < 4; ++i)
        if (shared.descriptor_addr(i) != 0 || shared.descriptor_len(i) != 0 || shared.descriptor_flags(i) != 0 ||
            shared.descriptor_next(i) != 0 || shared.avail_ring(i) != 0 || shared.used_id(i) != 0 ||
            shared.used_len(i) != 0)
            return false;
    return shared.avail_flags() == 0 && shared.avail_idx() == 0 && shared.used_event() == 0 &&
           shared.used_flags() == 0 && shared.used_idx() == 0 && shared.avail_event() == 0 &&
           shared.payload(0, 1).memory[0] == rig::stale;
}

constexpr errc attach_outcome(std::uint32_t size, std::size_t less_descriptor = 0, std::size_t less_driver = 0,
                              std::size_t less_device = 0) {
    rig::memory<4> shared;
    driver_queue<4> queue;
    queue_memory areas = shared.areas();
    areas.descriptor = areas.descriptor.first(64 - less_descriptor);
    areas.driver = areas.driver.first(14 - less_driver);
    areas.device = areas.device.first(38 - less_device);
    const errc outcome = queue.attach(areas, size).error();
    // A refused queue is untouched and unusable.
    if (outcome != errc::none && (shared.avail_idx() != 0xa5a5 || queue.state() != queue_state::disabled ||
                                  queue.add({}, shared.element(0, 1)).error() != errc::bad_state))
        return errc::peer_error;
    return outcome;
}

/// A queue that could be larger: slots and limits are those of the attached size.
constexpr bool attached_size_counts() {
    rig::memory<2> shared;
    driver_queue<8> queue;
    if (!queue.attach(shared.areas(), 2)) return false;
    for (std::uint32_t round = 0; round < 9; ++round) {
        const auto first = queue.add({}, shared.element(0, 1));
        const auto second = queue.add({}, shared.element(0, 1));
        if (!first || !second || queue.publish() != 2 || shared.avail_ring(0) != *first ||
            shared.avail_ring(1) != *second || shared.used_event() != 0)
            return false;
        shared.use(*second, 1);
        shared.use(*first, 1);
        if (!queue.poll_used() || !queue.poll_used()) return false;
    }
    return true;
}

constexpr bool size_of_the_object_is_a_limit() {
    rig::memory<8> shared;
    driver_queue<4> queue;
    return queue.attach(shared.areas(), 8).error() == errc::invalid_argument;
}

/// Readable elements of 1 and 2 bytes, writable ones of 3 and 4.
template <std::uint32_t N> struct four_elements {
    buffer readable[2];
    buffer writable[2];
    constexpr explicit four_elements(rig::memory<N>& shared)
        : readable{shared.element(0, 1), shared.element(16, 2)},
          writable{shared.element(32, 3), shared.element(48, 4)} {}
};

constexpr bool chain_is_written_as_specified() {
    driver_end<4> end;
    const four_elements<4> elements{end.shared};
    const auto head = end.queue.add(elements.readable, elements.writable);
    if (!head || end.shared.avail_ring(0) != *head || end.shared.avail_idx() != 0) return false;
    std::uint64_t index = *head;
    for (std::uint32_t i = 0; i < 4; ++i) {
        const auto at = static_cast<std::uint32_t>(index);
        const std::uint64_t flags = (i < 3 ? 1u : 0u) | (i >= 2 ? 2u : 0u);
        const bool right =
            end.shared.descriptor_addr(at) == static_cast<std::uint64_t>(end.shared.payload_address(16 * i)) &&
            end.shared.descriptor_len(at) == i + 1 && end.shared.descriptor_flags(at) == flags;
        if (!right) return false;
        index = end.shared.descriptor_next(at);
    }
    return index == 0 && end.queue.free_descriptors() == 0 && end.queue.publish() == 1 && end.shared.avail_idx() == 1;
}

/// Everything that `add` refuses leaves all of memory as it was.
constexpr bool refused(std::size_t readable, std::size_t writable, std::uint32_t length, errc expected,
                       bool one_outstanding = false) {
    driver_end<4> end;
    if (one_outstanding) end.request();
    static_cast<void>(end.queue.kick_needed());
    std::array<buffer, 6> elements{};
    elements.fill(buffer{end.shared.payload_address(), length});
    const std::uint32_t free = end.queue.free_descriptors();
    const std::uint64_t idx = end.shared.avail_idx();
    end.shared.set_descriptor(2, bus_address{7}, 7, 7, 7);
    end.shared.set_avail_ring(1, 0x7777);
    const auto head = end.queue.add({elements.data(), readable}, {elements.data(), writable});
    return head.error() == expected && end.queue.free_descriptors() == free && end.queue.publish() == 0 &&
           end.shared.avail_idx() == idx && end.shared.descriptor_addr(2) == 7 && end.shared.avail_ring(1) == 0x7777 &&
           !end.queue.kick_needed();
}

constexpr bool long_chains_are_limited_to_what_a_length_can_say() {
    driver_end<4> end;
    const buffer half{end.shared.payload_address(), 0x8000'0000};
    const buffer almost{end.shared.payload_address(), 0x7fff'ffff};
    if (end.queue.add(half, half).error() != errc::invalid_argument) return false;
    const buffer both[]{half, half};
    if (end.queue.add({}, both).error() != errc::invalid_argument) return false;
    return end.queue.add(half, almost).has_value();
}

template <std::uint32_t N> constexpr bool a_full_chain_fits_and_one_more_does_not() {
    driver_end<N> end;
    std::array<buffer, N + 1> elements{};
    elements.fill(end.shared.element(0, 1));
    if (end.queue.add({}, elements).error() != errc::invalid_argument) return false;
    if (!end.queue.add({}, {elements.data(), N}) || end.queue.free_descriptors() != 0) return false;
    return end.queue.add({}, elements[0]).error() == errc::full;
}

constexpr bool exposed_buffers_are_not_altered() {
    driver_end<8> end;
    const four_elements<8> elements{end.shared};
    static_cast<void>(end.queue.add(elements.readable, elements.writable));
    end.queue.publish();
    const std::array<std::uint64_t, 4> before{end.shared.descriptor_addr(0), end.shared.descriptor_addr(1),
                                              end.shared.descriptor_addr(2), end.shared.descriptor_addr(3)};
    const std::uint64_t slot = end.shared.avail_ring(0);
    for (int round = 0; round < 6; ++round) {
        const std::uint16_t head = end.request();
        if (head < 4) return false;
        end.shared.use(head, 1);
        if (!end.queue.poll_used()) return false;
    }
    return before == std::array<std::uint64_t, 4>{end.shared.descriptor_addr(0), end.shared.descriptor_addr(1),
                                                  end.shared.descriptor_addr(2), end.shared.descriptor_addr(3)} &&
           end.shared.avail_ring(0) == slot;
}

constexpr bool completion_needs_nothing_shared() {
    driver_end<8> end;
    const four_elements<8> elements{end.shared};
    const auto head = end.queue.add(elements.readable, elements.writable);
    end.queue.publish();
    // The device rewrites the table and the available ring before it completes.
    for (std::uint32_t i = 0; i < 8; ++i) {
        end.shared.set_descriptor(i, bus_address{0}, 0xffff'ffff, 0xffff, static_cast<std::uint16_t>(i));
        end.shared.set_avail_ring(i, 0xffff);
    }
    end.shared.use(*head, 7);
    const auto done = end.queue.poll_used();
    if (!done || *done != completion{.head = *head, .written = 7, .capacity = 7}) return false;
    // All eight descriptors are there again, each once.
    std::array<bool, 8> seen{};
    for (int i = 0; i < 8; ++i) {
        const auto next = end.queue.add({}, end.shared.element(0, 1));
        if (!next || seen[*next]) return false;
        seen[*next] = true;
    }
    return end.queue.add({}, end.shared.element(0, 1)).error() == errc::full;
}

template <std::uint32_t N> constexpr bool batches_are_published_at_once(std::uint16_t position) {
    driver_end<N> end{{.position = position}};
    for (std::uint32_t batch = 1; batch <= N; ++batch) {
        const std::uint64_t before = end.shared.avail_idx();
        std::array<std::uint16_t, N> heads{};
        for (std::uint32_t i = 0; i < batch; ++i) {
            heads[i] = *end.queue.add({}, end.shared.element(0, 1));
            if (end.shared.avail_idx() != before) return false;
        }
        if (end.queue.publish() != batch || end.queue.outstanding() != batch) return false;
        if (end.shared.avail_idx() != static_cast<std::uint16_t>(before + batch)) return false;
        for (std::uint32_t i = 0; i < batch; ++i) {
            if (end.shared.avail_ring((before + i) % N) != heads[i]) return false;
            end.shared.use(heads[i], 0);
        }
        for (std::uint32_t i = 0; i < batch; ++i)
            if (const auto done = end.queue.poll_used(); !done || done->head != heads[i]) return false;
        if (end.queue.poll_used().error() != errc::would_block || end.queue.free_descriptors() != N) return false;
    }
    return true;
}

/// One request after the other until the indices have gone around.
template <std::uint32_t N> bool goes_around() {
    const auto end = std::make_unique<driver_end<N>>();
    for (std::uint32_t round = 0; round < 65536 + 3 * N; ++round) {
        const std::uint16_t head = end->request();
        if (end->shared.avail_idx() != static_cast<std::uint16_t>(round + 1)) return false;
        if (end->shared.avail_ring(round % N) != head) return false;
        end->shared.use(head, 16);
        const auto done = end->queue.poll_used();
        if (!done || *done != completion{.head = head, .written = 16, .capacity = 16}) return false;
    }
    return end->queue.poll_used().error() == errc::would_block && end->queue.faults().total() == 0;
}

/// Two requests outstanding, then the device misbehaves. `id` and `len` of the next element, `ahead` of the index.
constexpr errc hostile(std::uint32_t id, std::uint32_t len, std::uint16_t ahead, queue_fault expected,
                       std::uint16_t position = 0) {
    driver_end<8> end{{.position = position}};
    const four_elements<8> elements{end.shared};
    const auto first = end.queue.add(elements.readable, elements.writable); // head 0 of descriptors 0 to 3
    const auto second = end.queue.add({}, elements.writable);               // head 4 of descriptors 4 and 5
    end.queue.publish();
    if (*first != 0 || *second != 4) return errc::peer_error;
    const auto unpublished = end.queue.add({}, elements.writable[0]); // head 6
    if (*unpublished != 6) return errc::peer_error;
    for (std::uint32_t slot = 0; slot < 8; ++slot) end.shared.set_used(slot, id, len);
    end.shared.set_used_idx(static_cast<std::uint16_t>(position + ahead));
    const auto outcome = end.queue.poll_used();
    if (end.queue.fault() != expected) return errc::peer_error;
    if (expected == queue_fault::none) return outcome.error();

    // Broken once: counted once, nothing works and nothing is written until the next life.
    const std::uint64_t idx = end.shared.avail_idx();
    end.shared.set_used_idx(static_cast<std::uint16_t>(position + 1));
    end.shared.set_used(position % 8, 0, 0);
    if (end.queue.state() != queue_state::broken || end.queue.faults()[expected] != 1 ||
        end.queue.faults().total() != 1 || end.queue.poll_used().error() != errc::bad_state ||
        end.queue.add({}, elements.writable).error() != errc::bad_state || end.queue.publish() != 0 ||
        end.queue.kick_needed() || end.queue.enable_interrupts() || end.shared.avail_idx() != idx)
        return errc::peer_error;
    end.queue.suppress_interrupts();
    if (end.shared.avail_flags() != 0) return errc::peer_error;
    // And all three requests come back.
    end.queue.detach();
    std::array<bool, 8> back{};
    for (int i = 0; i < 3; ++i) {
        const auto done = end.queue.poll_used();
        if (!done || done->status != errc::aborted || back[done->head]) return errc::peer_error;
        back[done->head] = true;
    }
    if (!back[0] || !back[4] || !back[6] || end.queue.poll_used().error() != errc::bad_state) return errc::peer_error;
    if (end.queue.outstanding() != 0 || end.queue.free_descriptors() != 8) return errc::peer_error;
    return outcome.error();
}

constexpr bool a_head_completes_once() {
    driver_end<8> end;
    const std::uint16_t first = end.request();
    end.request();
    end.shared.use(first, 0);
    if (!end.queue.poll_used()) return false;
    end.shared.use(first, 0);
    return end.queue.poll_used().error() == errc::bad_value && end.queue.fault() == queue_fault::used_id;
}

constexpr bool overlong(overlong_use policy, bool writable, std::uint32_t len, completion expected) {
    driver_end<4> end{{.overlong = policy}};
    expected.head = end.request(writable);
    end.shared.use(expected.head, len);
    const auto done = end.queue.poll_used();
    const bool counted = end.queue.faults()[queue_fault::used_length] == 1 && end.queue.faults().total() == 1;
    // An error of that request only.
    return done && *done == expected && counted && end.queue.state() == queue_state::enabled &&
           end.queue.free_descriptors() == 4 && end.queue.poll_used().error() == errc::would_block;
}

constexpr bool kicks_follow_the_flags() {
    driver_end<4> end;
    if (end.queue.kick_needed()) return false; // nothing published
    end.request();
    if (!end.queue.kick_needed() || end.queue.kick_needed()) return false; // once per batch
    end.shared.set_used_flags(1);
    end.request();
    if (end.queue.kick_needed()) return false;
    end.shared.set_used_flags(0xfffe); // only bit 0 has a meaning
    end.request();
    if (!end.queue.kick_needed()) return false;
    static_cast<void>(end.queue.add({}, end.shared.element(0, 1)));
    return !end.queue.kick_needed(); // added, not published
}

constexpr bool kicks_ignore_the_event_index() {
    driver_end<4> end;
    end.shared.set_avail_event(0x8000);
    end.request();
    return end.queue.kick_needed();
}

constexpr bool interrupt_flags_are_zero_or_one() {
    driver_end<4> end;
    end.queue.suppress_interrupts();
    if (end.shared.avail_flags() != 1 || end.shared.used_event() != 0) return false;
    const bool pending = end.queue.enable_interrupts();
    return !pending && end.shared.avail_flags() == 0 && end.shared.used_event() == 0;
}

constexpr bool rearming_looks_again() {
    driver_end<4> end;
    const std::uint16_t head = end.request();
    end.queue.suppress_interrupts();
    if (end.queue.poll_used().error() != errc::would_block) return false;
    end.shared.use(head, 0); // between the last poll and the re-arming
    if (!end.queue.enable_interrupts() || !end.queue.poll_used()) return false;
    return !end.queue.enable_interrupts();
}

constexpr bool spurious_notifications_are_harmless() {
    driver_end<4> end;
    end.request();
    for (int i = 0; i < 3; ++i)
        if (end.queue.poll_used().error() != errc::would_block) return false;
    return end.queue.state() == queue_state::enabled;
}

constexpr bool next_offset_is_the_published_position() {
    driver_end<4> end{{.position = 0x7fff}};
    if (end.queue.next_offset() != 0x7fff) return false;
    static_cast<void>(end.queue.add({}, end.shared.element(0, 1)));
    if (end.queue.next_offset() != 0x7fff) return false;
    end.queue.publish();
    return end.queue.next_offset() == 0x8000'0000;
}

/// All positions, each with the index that the device finds at that moment.
bool next_offset_goes_around() {
    const auto end = std::make_unique<driver_end<4>>();
    for (std::uint32_t i = 1; i <= 65536 + 10; ++i) {
        end->shared.use(end->request(), 0);
        if (!end->queue.poll_used() || end->shared.avail_idx() != i % 65536) return false;
        if (end->queue.next_offset() != ((i & 0x7fff) | (i % 65536 >= 0x8000 ? 0x8000'0000 : 0))) return false;
    }
    return true;
}

constexpr bool detach_takes_everything_back() {
    driver_end<8> end;
    const four_elements<8> elements{end.shared};
    const auto first = end.queue.add(elements.readable, elements.writable);
    const std::uint16_t second = end.request();
    const auto third = end.queue.add(elements.readable, {}); // never published
    end.shared.use(second, 16);
    if (!end.queue.poll_used()) return false;
    const std::uint64_t idx = end.shared.avail_idx();
    end.queue.detach();
    // Not attached again before everything was taken.
    if (end.queue.attach(end.shared.areas(), 8).error() != errc::bad_state) return false;
    if (*end.queue.poll_used() != completion{.head = *first, .capacity = 7, .status = errc::aborted}) return false;
    if (*end.queue.poll_used() != completion{.head = *third, .status = errc::aborted}) return false;
    if (end.queue.poll_used().error() != errc::bad_state || end.shared.avail_idx() != idx) return false;
    // The next life starts from nothing, in memory that the device has scribbled over.
    end.shared.set_used_idx(5);
    end.shared.set_used_flags(1);
    if (!end.queue.attach(end.shared.areas(), 4) || end.shared.used_idx() != 0 || end.queue.size() != 4) return false;
    const std::uint16_t head = end.request();
    end.shared.set_used(0, head, 1);
    end.shared.set_used_idx(1);
    if (end.shared.avail_idx() != 1 || !end.queue.kick_needed() || end.queue.poll_used()->written != 1) return false;
    // And ends like the first.
    const std::uint16_t last = end.request();
    end.queue.detach();
    return *end.queue.poll_used() == completion{.head = last, .capacity = 16, .status = errc::aborted} &&
           end.queue.poll_used().error() == errc::bad_state;
}

} // namespace

TEST_CASE("SQ3, SQ4: all of the ring memory is zero before use") { CX_CHECK(attach_clears_the_rings()); }

TEST_CASE("SQ2, trap 31: attach refuses illegal sizes") {
    CX_CHECK(attach_outcome(1) == errc::none);
    CX_CHECK(attach_outcome(2) == errc::none);
    CX_CHECK(attach_outcome(4) == errc::none);
    CX_CHECK(attach_outcome(0) == errc::invalid_argument);
    CX_CHECK(attach_outcome(3) == errc::invalid_argument);
    CX_CHECK(attach_outcome(8) == errc::invalid_argument);
    CX_CHECK(attach_outcome(0x1'0000) == errc::invalid_argument);
    CX_CHECK(attach_outcome(0x8000'0000) == errc::invalid_argument);
    CX_CHECK(size_of_the_object_is_a_limit());
}

TEST_CASE("trap 34: a driver queue uses the attached size and nothing else") { CX_CHECK(attached_size_counts()); }

TEST_CASE("trap 28: attach refuses areas without room for the event fields") {
    CX_CHECK(attach_outcome(4, 1, 0, 0) == errc::invalid_argument);
    CX_CHECK(attach_outcome(4, 0, 1, 0) == errc::invalid_argument);
    CX_CHECK(attach_outcome(4, 0, 0, 1) == errc::invalid_argument);
}

TEST_CASE("SQ1: attach refuses areas that are not aligned") {
    alignas(16) std::array<std::uint8_t, 256> bytes{};
    const byte_span all{bytes};
    const queue_memory good{all.first(64), all.drop(64).first(64), all.drop(128)};
    driver_queue<4> queue;
    queue_memory bad = good;
    bad.descriptor = all.drop(8).first(64);
    CHECK(queue.attach(bad, 4).error() == errc::invalid_argument);
    bad = good;
    bad.driver = all.drop(65).first(63);
    CHECK(queue.attach(bad, 4).error() == errc::invalid_argument);
    bad = good;
    bad.device = all.drop(130);
    CHECK(queue.attach(bad, 4).error() == errc::invalid_argument);
    CHECK(queue.attach(good, 4));
    CHECK(queue.attach(good, 4).error() == errc::bad_state);
}

TEST_CASE("SQ8, SQ23: a chain has its readable elements first and no other flags") {
    CX_CHECK(chain_is_written_as_specified());
}

TEST_CASE("SQ20: an empty request is refused") { CX_CHECK(refused(0, 0, 1, errc::invalid_argument)); }
TEST_CASE("SQ19: an element of no bytes is refused") {
    CX_CHECK(refused(1, 0, 0, errc::invalid_argument));
    CX_CHECK(refused(0, 1, 0, errc::invalid_argument));
}
TEST_CASE("SQ9, SQ13, trap 14: a chain has at most as many elements as the queue") {
    CX_CHECK(refused(5, 0, 1, errc::invalid_argument));
    CX_CHECK(refused(2, 3, 1, errc::invalid_argument));
    CX_CHECK(a_full_chain_fits_and_one_more_does_not<1>());
    CX_CHECK(a_full_chain_fits_and_one_more_does_not<2>());
    CX_CHECK(a_full_chain_fits_and_one_more_does_not<4>());
    CHECK(a_full_chain_fits_and_one_more_does_not<256>());
}
TEST_CASE("SQ35: without room for all of a request nothing is written") {
    CX_CHECK(refused(2, 2, 1, errc::full, true));
    CX_CHECK(refused(4, 0, 1, errc::full, true));
}
TEST_CASE("SQ12, trap 17: the bytes of a chain fit a used length") {
    CX_CHECK(long_chains_are_limited_to_what_a_length_can_say());
}

TEST_CASE("SQ21: exposed descriptors and slots are not altered") { CX_CHECK(exposed_buffers_are_not_altered()); }
TEST_CASE("SQ22, trap 1, trap 9: a completion uses private memory only") {
    CX_CHECK(completion_needs_nothing_shared());
}

TEST_CASE("SQ31, SQ32, SQ34, trap 22: a batch fills its slots, and then moves the index once") {
    CX_CHECK(batches_are_published_at_once<1>(0));
    CX_CHECK(batches_are_published_at_once<2>(0));
    CX_CHECK(batches_are_published_at_once<1>(65535));
    CX_CHECK(batches_are_published_at_once<2>(65535));
    CX_CHECK(batches_are_published_at_once<8>(65530));
    CHECK(batches_are_published_at_once<256>(65400));
}

TEST_CASE("trap 22, trap 23: a driver queue goes around 65536") {
    CHECK(goes_around<1>());
    CHECK(goes_around<2>());
    CHECK(goes_around<256>());
}

TEST_CASE("trap 32: 32768 entries, all outstanding, across the wrap") {
    const auto end = std::make_unique<driver_end<32768>>(driver_queue_options{.position = 40000});
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t i = 0; i < 32768; ++i) REQUIRE(end->queue.add({}, end->shared.element(0, 1)));
        CHECK(end->queue.publish() == 32768);
        CHECK(end->queue.add({}, end->shared.element(0, 1)).error() == errc::full);
        CHECK(end->queue.outstanding() == 32768);
        const auto start = static_cast<std::uint16_t>(end->shared.used_idx());
        for (std::uint32_t i = 0; i < 32768; ++i)
            end->shared.set_used((start + i) % 32768,
                                 static_cast<std::uint32_t>(end->shared.avail_ring((start + 32767 - i) % 32768)), 1);
        end->shared.set_used_idx(static_cast<std::uint16_t>(start + 32768));
        for (std::uint32_t i = 0; i < 32768; ++i) REQUIRE(end->queue.poll_used());
        CHECK(end->queue.poll_used().error() == errc::would_block);
        CHECK(end->queue.free_descriptors() == 32768);
    }
    std::vector<buffer> chain(32768, end->shared.element(0, 1));
    const auto head = end->queue.add({}, chain);
    REQUIRE(head);
    end->queue.publish();
    end->shared.use(*head, 32768);
    CHECK(end->queue.poll_used()->written == 32768);
    CHECK(end->queue.free_descriptors() == 32768);
}

TEST_CASE("SQ45: a used index ahead of what is outstanding breaks the queue") {
    CX_CHECK(hostile(0, 0, 3, queue_fault::used_index) == errc::bad_value);
    CX_CHECK(hostile(0, 0, 9, queue_fault::used_index) == errc::bad_value);
    CX_CHECK(hostile(0, 0, 0xffff, queue_fault::used_index) == errc::bad_value); // backwards
    CX_CHECK(hostile(0, 0, 0x8000, queue_fault::used_index) == errc::bad_value);
    CX_CHECK(hostile(0, 0, 3, queue_fault::used_index, 65535) == errc::bad_value);
    CX_CHECK(hostile(0, 0, 2, queue_fault::none) == errc::none);
    CX_CHECK(hostile(0, 0, 2, queue_fault::none, 65535) == errc::none);
    CX_CHECK(hostile(0, 0, 0, queue_fault::none, 65535) == errc::would_block);
}

TEST_CASE("SQ46, trap 3, trap 4, trap 8: only the head of an outstanding chain completes") {
    CX_CHECK(hostile(8, 0, 1, queue_fault::used_id) == errc::bad_value);           // beyond the table
    CX_CHECK(hostile(0x1'0000, 0, 1, queue_fault::used_id) == errc::bad_value);    // 0 in 16 bits
    CX_CHECK(hostile(0x1'0004, 0, 1, queue_fault::used_id) == errc::bad_value);    // 4 in 16 bits
    CX_CHECK(hostile(0xffff'ffff, 0, 1, queue_fault::used_id) == errc::bad_value); // -1
    CX_CHECK(hostile(1, 0, 1, queue_fault::used_id) == errc::bad_value);           // inside a chain
    CX_CHECK(hostile(5, 0, 1, queue_fault::used_id) == errc::bad_value);           // the end of a chain
    CX_CHECK(hostile(7, 0, 1, queue_fault::used_id) == errc::bad_value);           // free
    CX_CHECK(hostile(6, 0, 1, queue_fault::used_id) == errc::bad_value);           // added, not published
    CX_CHECK(hostile(4, 0, 1, queue_fault::none) == errc::none);                   // out of order is fine
    CX_CHECK(a_head_completes_once());
}

TEST_CASE("SQ47, trap 5: more bytes than a chain has room for are an error of that request") {
    constexpr auto reject = overlong_use::reject;
    CX_CHECK(overlong(reject, true, 17, {.written = 0, .capacity = 16, .status = errc::bad_length}));
    CX_CHECK(overlong(reject, true, 0xffff'ffff, {.written = 0, .capacity = 16, .status = errc::bad_length}));
    CX_CHECK(overlong(reject, false, 1, {.written = 0, .capacity = 0, .status = errc::bad_length}));
}

TEST_CASE("SQ47, trap 6: as an option such a length counts as the capacity") {
    CX_CHECK(overlong(overlong_use::clamp, true, 17, {.written = 16, .capacity = 16}));
    CX_CHECK(overlong(overlong_use::clamp, false, 16, {.written = 0, .capacity = 0}));
}

TEST_CASE("SQ54, SQ56: a kick is due unless the device suppresses it") {
    CX_CHECK(kicks_follow_the_flags());
    CX_CHECK(kicks_ignore_the_event_index());
}

TEST_CASE("SQ50, SQ59: suppression is bit 0 of the flags and nothing else") {
    CX_CHECK(interrupt_flags_are_zero_or_one());
}
TEST_CASE("SQ58: after re-arming the driver looks again") { CX_CHECK(rearming_looks_again()); }
TEST_CASE("SQ56: spurious notifications are harmless") { CX_CHECK(spurious_notifications_are_harmless()); }
TEST_CASE("SQ61: NOTIFICATION_DATA is the next position not yet available") {
    CX_CHECK(next_offset_is_the_published_position());
    CHECK(next_offset_goes_around());
}

TEST_CASE("SQ70: a broken queue gives nothing back before it is detached") {
    CX_CHECK(hostile(0, 0, 3, queue_fault::used_index) == errc::bad_value);
    CX_CHECK(hostile(8, 0, 1, queue_fault::used_id) == errc::bad_value);
}
TEST_CASE("SQ68, SQ69, SQ70, trap 35: detach takes back what is outstanding, attach starts from nothing") {
    CX_CHECK(detach_takes_everything_back());
}

TEST_CASE("a queue that is not attached does nothing") {
    driver_queue<4> queue;
    CHECK(queue.state() == queue_state::disabled);
    CHECK(queue.poll_used().error() == errc::bad_state);
    CHECK(queue.publish() == 0);
    CHECK(!queue.kick_needed());
    CHECK(!queue.enable_interrupts());
    queue.suppress_interrupts();
    queue.detach();
    CHECK(queue.poll_used().error() == errc::bad_state);
}
