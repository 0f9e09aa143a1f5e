// SPDX-License-Identifier: BSD-2-Clause
// Indirect tables: what a driver writes into them, and what a device makes of any.

#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <array>
#include <memory>

using namespace vmsg;
using namespace vmsg::virtio;
using rig::device_end;
using rig::driver_end;

namespace {

constexpr std::uint16_t more = 1;
constexpr std::uint16_t written = 2;
constexpr std::uint16_t indirect = 4;
constexpr feature_set tables{feature::version_1, feature::indirect_desc};
constexpr driver_queue_options with_tables{.negotiated = tables};

// The driver.

/// Readable elements of 1 and 2 bytes, writable ones of 3 and 4.
template <std::uint32_t N> struct four_elements {
    buffer readable[2];
    buffer writable[2];
    constexpr explicit four_elements(rig::memory<N>& shared)
        : readable{shared.element(0, 1), shared.element(16, 2)},
          writable{shared.element(32, 3), shared.element(48, 4)} {}
};

/// A table at `offset` of the payload, and what is right behind it.
constexpr bool table_is_written_as_specified(std::size_t offset) {
    driver_end<4> end{with_tables};
    const four_elements<4> elements{end.shared};
    const auto head = end.queue.add(elements.readable, elements.writable, end.shared.payload(offset, 64));
    if (!head || *head != 0 || end.queue.free_descriptors() != 3 || end.queue.publish() != 1) return false;
    const auto table = static_cast<std::uint64_t>(end.shared.payload_address(offset));
    if (end.shared.descriptor_addr(0) != table || end.shared.descriptor_len(0) != 64 ||
        end.shared.descriptor_flags(0) != indirect || end.shared.descriptor_next(0) != 0)
        return false;
    for (std::uint32_t i = 0; i < 4; ++i) {
        const std::uint64_t flags = (i < 3 ? more : 0u) | (i >= 2 ? written : 0u);
        const bool right =
            end.shared.entry_addr(offset, i) == static_cast<std::uint64_t>(end.shared.payload_address(16 * i)) &&
            end.shared.entry_len(offset, i) == i + 1 && end.shared.entry_flags(offset, i) == flags &&
            end.shared.entry_next(offset, i) == (i < 3 ? i + 1 : 0);
        if (!right) return false;
    }
    return end.shared.payload(offset + 64, 1).memory[0] == rig::stale && end.shared.avail_ring(0) == 0 &&
           end.shared.descriptor_flags(1) == 0;
}

/// The ring itself, and not the table.
constexpr bool table_is_left_alone(feature_set negotiated, std::size_t elements, std::size_t table_size) {
    driver_end<4> end{{.negotiated = negotiated}};
    std::array<buffer, 4> all{};
    all.fill(end.shared.element(0, 1));
    const dma_buffer table = end.shared.payload(256, table_size);
    const auto head = end.queue.add({}, {all.data(), elements}, table);
    if (!head || end.queue.free_descriptors() != 4 - elements) return false;
    for (std::uint32_t i = 0; i < 4; ++i)
        if ((end.shared.descriptor_flags(i) & indirect) != 0) return false;
    for (const std::uint8_t byte : table.memory)
        if (byte != rig::stale) return false;
    return true;
}

/// Everything that `add` refuses leaves all of memory as it was.
constexpr errc refused(std::size_t elements, std::size_t table_size, std::uint32_t outstanding = 0) {
    driver_end<4> end{with_tables};
    for (std::uint32_t i = 0; i < outstanding; ++i) end.request();
    std::array<buffer, 5> all{};
    all.fill(end.shared.element(0, 1));
    const std::uint32_t free = end.queue.free_descriptors();
    const std::uint64_t idx = end.shared.avail_idx();
    const dma_buffer table = end.shared.payload(256, table_size);
    const errc outcome = end.queue.add({}, {all.data(), elements}, table).error();
    for (const std::uint8_t byte : table.memory)
        if (byte != rig::stale) return errc::peer_error;
    const bool unchanged =
        end.queue.free_descriptors() == free && end.queue.publish() == 0 && end.shared.avail_idx() == idx;
    return unchanged ? outcome : errc::peer_error;
}

/// As many chains of the full length as the queue has entries.
template <std::uint32_t N> bool every_entry_takes_a_full_chain() {
    const auto end = std::make_unique<driver_end<N>>(with_tables);
    std::array<buffer, N> all{};
    all.fill(end->shared.element(0, 2));
    std::array<std::uint8_t, 16 * N> table{};
    for (std::uint32_t i = 0; i < N; ++i)
        if (!end->queue.add({}, all, {bus_address{rig::base}, table})) return false;
    if (end->queue.add({}, all, {bus_address{rig::base}, table}).error() != errc::full) return false;
    if (end->queue.publish() != N) return false;
    for (std::uint32_t i = 0; i < N; ++i) {
        end->shared.use(i, 2 * N);
        const auto done = end->queue.poll_used();
        if (!done || *done != completion{.head = static_cast<std::uint16_t>(i), .written = 2 * N, .capacity = 2 * N})
            return false;
    }
    return end->queue.free_descriptors() == N;
}

constexpr bool completion_needs_nothing_shared() {
    driver_end<8> end{with_tables};
    const four_elements<8> elements{end.shared};
    const auto head = end.queue.add(elements.readable, elements.writable, end.shared.payload(256, 64));
    const std::uint16_t other = end.request();
    end.queue.publish();
    // The device rewrites both tables before it completes.
    for (std::uint32_t i = 0; i < 8; ++i) {
        end.shared.set_descriptor(i, bus_address{0}, 0xffff'ffff, 0xffff, static_cast<std::uint16_t>(i));
        end.shared.set_entry(256, i, bus_address{0}, 0xffff'ffff, 0xffff, 0);
    }
    end.shared.use(*head, 7);
    if (*end.queue.poll_used() != completion{.head = *head, .written = 7, .capacity = 7}) return false;
    end.shared.use(other, 0);
    return end.queue.poll_used() && end.queue.free_descriptors() == 8 && end.queue.outstanding() == 0;
}

constexpr bool an_entry_of_a_table_is_no_head() {
    driver_end<8> end{with_tables};
    const four_elements<8> elements{end.shared};
    if (!end.queue.add(elements.readable, elements.writable, end.shared.payload(256, 64))) return false;
    end.queue.publish();
    end.shared.use(1, 0);
    return end.queue.poll_used().error() == errc::bad_value && end.queue.fault() == queue_fault::used_id;
}

constexpr bool detach_takes_tables_back() {
    driver_end<4> end{with_tables};
    const four_elements<4> elements{end.shared};
    const auto head = end.queue.add(elements.readable, elements.writable, end.shared.payload(256, 64));
    end.queue.publish();
    end.queue.detach();
    if (*end.queue.poll_used() != completion{.head = *head, .capacity = 7, .status = errc::aborted}) return false;
    if (end.queue.poll_used().error() != errc::bad_state) return false;
    // The next life may have been negotiated otherwise.
    if (!end.queue.attach(end.shared.areas(), 4)) return false;
    return end.queue.add(elements.readable, elements.writable, end.shared.payload(256, 64)) &&
           end.queue.free_descriptors() == 0 && (end.shared.descriptor_flags(0) & indirect) == 0;
}

constexpr errc attach_outcome(feature with) {
    rig::memory<4> shared;
    driver_queue<4> queue;
    return queue.attach(shared.areas(), 4, {.negotiated = feature_set{feature::version_1, with}}).error();
}
constexpr errc enable_outcome(feature with) {
    device_end<4> end{{.negotiated = feature_set{feature::version_1, with}}};
    return end.queue.enable(end.region, end.shared.addresses(), 4, 4, {.negotiated = feature_set{with}}).error();
}

// The device.

constexpr std::size_t at = 256; // the table, in the payload

struct entry {
    std::uint64_t addr = static_cast<std::uint64_t>(rig::memory<8>::payload_address());
    std::uint32_t len = 1;
    std::uint16_t flags = 0;
    std::uint16_t next_index = 0;
};

/// The descriptor that refers to the table, if it is not the usual one for two entries.
struct reference {
    std::uint64_t addr = static_cast<std::uint64_t>(rig::memory<8>::payload_address(at));
    std::uint32_t len = 32;
    std::uint16_t flags = indirect;
    feature_set negotiated = tables;
    std::uint32_t direct = 0; ///< readable elements of one byte in front of it
};

/// What becomes of a queue of 8 entries whose next chain has a table.
constexpr queue_fault fate(reference to, entry first = {}, entry second = {}) {
    device_end<8> end{{.negotiated = to.negotiated}};
    for (std::uint16_t i = 0; i < to.direct; ++i)
        end.shared.set_descriptor(i, end.shared.payload_address(i), 1, more, static_cast<std::uint16_t>(i + 1));
    end.shared.set_descriptor(to.direct, bus_address{to.addr}, to.len, to.flags, 7);
    end.shared.set_entry(at, 0, bus_address{first.addr}, first.len, first.flags, first.next_index);
    end.shared.set_entry(at, 1, bus_address{second.addr}, second.len, second.flags, second.next_index);
    for (std::uint16_t i = 2; i < 10; ++i)
        end.shared.set_entry(at, i, end.shared.payload_address(i), 1, more, static_cast<std::uint16_t>(i + 1));
    end.shared.set_descriptor(7, end.shared.payload_address(), 1, written);
    end.shared.offer(0);
    if (end.pop() == errc::none) return queue_fault::none;
    // Once and for all.
    const bool once = end.queue.faults().total() == 1 && end.pop() == errc::bad_state && end.shared.used_idx() == 0;
    return once ? end.queue.fault() : queue_fault::used_id;
}

/// A chain of `direct` normal descriptors and a table of `entries` that are all used.
template <std::uint32_t N, std::uint32_t MaxChain>
constexpr queue_fault chain_of(std::uint32_t direct, std::uint32_t entries, long_chains policy = long_chains::reject) {
    device_end<N, MaxChain> end{{.tables = policy, .negotiated = tables}};
    for (std::uint16_t i = 0; i < direct; ++i)
        end.shared.set_descriptor(i, end.shared.payload_address(i), 1, more, static_cast<std::uint16_t>(i + 1));
    end.shared.set_descriptor(direct, end.shared.payload_address(at), 16 * entries, indirect);
    for (std::uint32_t i = 0; i < entries; ++i)
        end.shared.set_entry(at, i, end.shared.payload_address(direct + i), 1, i + 1 < entries ? more : 0,
                             static_cast<std::uint16_t>(i + 1));
    end.shared.offer(0);
    if (end.pop() != errc::none) return end.queue.fault();
    return end.chain.readable_size() == direct + entries && end.queue.push(end.chain, 0) ? queue_fault::none
                                                                                         : queue_fault::used_id;
}

/// Normal descriptors and then a table, neither in order, at any address.
constexpr bool both_parts_of_a_mixed_chain_keep_their_order(std::size_t table) {
    device_end<8> end{{.negotiated = tables}};
    for (std::uint8_t i = 0; i < 10; ++i) end.shared.payload(i, 1).memory[0] = i;
    end.shared.set_descriptor(5, end.shared.payload_address(0), 2, more, 1);
    end.shared.set_descriptor(1, end.shared.payload_address(2), 3, more, 6);
    end.shared.set_descriptor(6, end.shared.payload_address(table), 64, indirect, 0xffff);
    end.shared.set_entry(table, 0, end.shared.payload_address(5), 1, more, 3);
    end.shared.set_entry(table, 3, end.shared.payload_address(6), 1, more | written, 2);
    end.shared.set_entry(table, 2, end.shared.payload_address(7), 3, written, 0xffff);
    end.shared.offer(5);
    if (end.pop() != errc::none || end.chain.head() != 5 || end.chain.readable_size() != 6 ||
        end.chain.writable_size() != 4)
        return false;
    std::array<std::uint8_t, 6> got{};
    if (end.chain.reader().read(got) != 6 || got != std::array<std::uint8_t, 6>{0, 1, 2, 3, 4, 5}) return false;
    auto writer = end.chain.writer();
    constexpr std::array<std::uint8_t, 4> answer{9, 8, 7, 6};
    writer.write(answer);
    // The head is that of the ring, and neither table was written to.
    return end.queue.push(end.chain, writer.written()) && end.shared.used_id(0) == 5 && end.shared.used_len(0) == 4 &&
           end.shared.payload(6, 4).memory[0] == 9 && end.shared.payload(9, 1).memory[0] == 6 &&
           end.shared.entry_len(table, 0) == 1 && end.shared.entry_next(table, 0) == 3 &&
           end.shared.descriptor_len(6) == 64;
}

/// A driver that rewrites everything that was read, each time the device resolves an address.
struct rewriting {
    rig::memory<8>& shared;
    flat_region region;
    int calls = 0;

    constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) {
        for (std::uint32_t i = 0; i < 8; ++i) shared.set_descriptor(i, bus_address{0}, 0, 0xffff, 0xffff);
        for (int i = 0; i < calls; ++i)
            shared.set_entry(at, static_cast<std::uint32_t>(i), bus_address{0}, 0, 0xffff, 0xffff);
        ++calls;
        return region.resolve(address, length);
    }
};

constexpr bool tables_are_read_once() {
    device_end<8> end{{.negotiated = tables}};
    end.shared.set_descriptor(3, end.shared.payload_address(at), 48, indirect);
    end.shared.set_entry(at, 0, end.shared.payload_address(0), 16, more, 1);
    end.shared.set_entry(at, 1, end.shared.payload_address(16), 32, more | written, 2);
    end.shared.set_entry(at, 2, end.shared.payload_address(48), 8, written);
    end.shared.offer(3);
    rewriting memory{end.shared, end.region};
    if (!end.queue.pop(memory, end.chain) || memory.calls != 4) return false;
    return end.chain.head() == 3 && end.chain.readable_size() == 16 && end.chain.writable_size() == 40 &&
           end.chain.writer().run().data() == end.shared.payload(16, 1).memory.data();
}

/// Resolves everything and counts.
struct anywhere {
    std::uint8_t* data;
    std::size_t size;
    int calls = 0;
    constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) {
        ++calls;
        if (static_cast<std::uint64_t>(address) == 0) return byte_span{data, static_cast<std::size_t>(length)};
        return flat_region{bus_address{rig::base}, {data, size}}.resolve(address, length);
    }
};

/// Steps of a table of 8 entries that loops, in a queue of `N` entries.
template <std::uint32_t N> constexpr int steps_of_a_loop(std::uint16_t length) {
    device_end<N, 64> end{{.tables = long_chains::accept, .negotiated = tables}};
    end.shared.set_descriptor(0, end.shared.payload_address(at), 128, indirect);
    for (std::uint16_t i = 0; i < 8; ++i)
        end.shared.set_entry(at, i, bus_address{0}, 1, more, static_cast<std::uint16_t>((i + 1) % length));
    end.shared.offer(0);
    anywhere memory{end.shared.all().data(), end.shared.all().size()};
    const errc outcome = end.queue.pop(memory, end.chain).error();
    return outcome == errc::bad_value && end.queue.fault() == queue_fault::chain_length ? memory.calls : -1;
}

constexpr queue_fault huge(std::uint32_t direct, std::uint32_t in_table) {
    device_end<8> end{{.negotiated = tables}};
    anywhere memory{end.shared.all().data(), end.shared.all().size()};
    end.shared.set_descriptor(0, bus_address{0}, direct, more, 1);
    end.shared.set_descriptor(1, end.shared.payload_address(at), 16, indirect);
    end.shared.set_entry(at, 0, bus_address{0}, in_table, written);
    end.shared.offer(0);
    return end.queue.pop(memory, end.chain) ? queue_fault::none : end.queue.fault();
}

/// What wraps is refused even where a resolver would not notice.
constexpr queue_fault wrapping(std::uint64_t addr, std::uint32_t len) {
    struct everywhere {
        std::uint8_t* data;
        constexpr result<byte_span> resolve(bus_address, std::uint64_t length) {
            return byte_span{data, static_cast<std::size_t>(length)};
        }
    };
    device_end<8> end{{.negotiated = tables}};
    everywhere memory{end.shared.payload(at, 1).memory.data()};
    end.shared.set_entry(at, 0, bus_address{0}, 1, written);
    end.shared.set_descriptor(0, bus_address{addr}, len, indirect);
    end.shared.offer(0);
    return end.queue.pop(memory, end.chain) ? queue_fault::none : end.queue.fault();
}

constexpr std::uint64_t region_end = rig::base + rig::memory<8>::region_size();

} // namespace

TEST_CASE("SQ24, SQ25, SQ8: a chain in a table, at any address, behind one descriptor without NEXT") {
    CX_CHECK(table_is_written_as_specified(256));
    CX_CHECK(table_is_written_as_specified(257));
    CX_CHECK(table_is_written_as_specified(263));
}
TEST_CASE("SQ23: without the feature a table is not used") {
    CX_CHECK(table_is_left_alone({}, 3, 64));
    CX_CHECK(table_is_left_alone(feature_set{feature::version_1, feature::event_idx}, 4, 64));
}
TEST_CASE("a single element needs no table, and no table is no mistake") {
    CX_CHECK(table_is_left_alone(tables, 1, 64));
    CX_CHECK(table_is_left_alone(tables, 1, 8));
    CX_CHECK(table_is_left_alone(tables, 4, 0));
}
TEST_CASE("SQ35: without room for all of a request in its table nothing is written") {
    CX_CHECK(refused(2, 31) == errc::invalid_argument);
    CX_CHECK(refused(4, 1) == errc::invalid_argument);
    CX_CHECK(refused(4, 64, 4) == errc::full);
    CX_CHECK(refused(2, 64, 4) == errc::full);
}
TEST_CASE("SQ13: tables do not make a chain longer than the queue") {
    CX_CHECK(refused(5, 80) == errc::invalid_argument);
}
TEST_CASE("a chain in a table takes one descriptor of the ring") {
    CHECK(every_entry_takes_a_full_chain<1>());
    CHECK(every_entry_takes_a_full_chain<2>());
    CHECK(every_entry_takes_a_full_chain<8>());
    CHECK(every_entry_takes_a_full_chain<256>());
}
TEST_CASE("SQ22, trap 1, trap 9: a completion looks at no table") { CX_CHECK(completion_needs_nothing_shared()); }
TEST_CASE("SQ46: an entry of a table is no head") { CX_CHECK(an_entry_of_a_table_is_no_head()); }
TEST_CASE("SQ70: detach takes back what is in tables") { CX_CHECK(detach_takes_tables_back()); }

TEST_CASE("trap 42: the queues refuse to start as what they are not") {
    CX_CHECK(attach_outcome(feature::indirect_desc) == errc::none);
    CX_CHECK(attach_outcome(feature::ring_packed) == errc::not_supported);
    CX_CHECK(attach_outcome(feature::in_order) == errc::not_supported);
    CX_CHECK(attach_outcome(feature::order_platform) == errc::not_supported);
    CX_CHECK(enable_outcome(feature::event_idx) == errc::bad_state); // enabled already
    CX_CHECK(enable_outcome(feature::ring_packed) == errc::not_supported);
    CX_CHECK(enable_outcome(feature::in_order) == errc::not_supported);
    CX_CHECK(enable_outcome(feature::order_platform) == errc::not_supported);
}

TEST_CASE("SQ27, SQ10, SQ15, trap 20: normal descriptors and then a table, which may have any address") {
    CX_CHECK(both_parts_of_a_mixed_chain_keep_their_order(at));
    CX_CHECK(both_parts_of_a_mixed_chain_keep_their_order(at + 1));
    CX_CHECK(both_parts_of_a_mixed_chain_keep_their_order(at + 4));
    CX_CHECK(both_parts_of_a_mixed_chain_keep_their_order(at + 15));
}
TEST_CASE("SQ26: whether the referring descriptor is writable means nothing") {
    CX_CHECK(fate({.flags = indirect | written}) == queue_fault::none);
    CX_CHECK(fate({.flags = indirect | written}, {.flags = written}) == queue_fault::none);
    CX_CHECK(fate({.flags = indirect | written, .direct = 1}) == queue_fault::none); // readable after it
}
TEST_CASE("SQ28, trap 18: a table has whole entries, at least one, not more than a chain") {
    CX_CHECK(fate({.len = 16}) == queue_fault::none);
    CX_CHECK(fate({.len = 128}) == queue_fault::none);
    CX_CHECK(fate({.len = 0}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 1}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 15}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 17}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 40}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 144}) == queue_fault::table_length);
    CX_CHECK(fate({.len = 0x10'0000}) == queue_fault::table_length); // 0 entries in 16 bits
    CX_CHECK(fate({.len = 0x10'0010}) == queue_fault::table_length); // 1 entry in 16 bits
    CX_CHECK(fate({.len = 0xffff'fff0}) == queue_fault::table_length);
}
TEST_CASE("SQ23, SQ24, SQ25, SQ29: the driver's rules for tables, violated") {
    CX_CHECK(fate({.negotiated = feature_set{feature::version_1, feature::event_idx}}) == queue_fault::indirect);
    CX_CHECK(fate({.flags = indirect | more}) == queue_fault::indirect);
    CX_CHECK(fate({}, {.len = 16, .flags = indirect}) == queue_fault::indirect);
    CX_CHECK(fate({}, {.flags = more, .next_index = 1}, {.len = 16, .flags = indirect | written}) ==
             queue_fault::indirect);
}
TEST_CASE("SQ16, SQ28, trap 19: inside a table its own size is the limit") {
    CX_CHECK(fate({}, {.flags = more, .next_index = 1}) == queue_fault::none);
    CX_CHECK(fate({}, {.flags = more, .next_index = 2}) == queue_fault::next_range); // an index of the ring
    CX_CHECK(fate({}, {.flags = more, .next_index = 0xffff}) == queue_fault::next_range);
    CX_CHECK(fate({}, {.flags = more, .next_index = 1}, {.flags = more, .next_index = 2}) ==
             queue_fault::chain_length); // there are only two
    CX_CHECK(fate({.len = 16}, {.flags = more, .next_index = 0}) == queue_fault::chain_length);
    CX_CHECK(fate({}, {.next_index = 0xffff}) == queue_fault::none); // without NEXT it has no meaning
}
TEST_CASE("SQ13, SQ16, trap 14: a chain of the full length passes with its table, one more breaks") {
    CX_CHECK(chain_of<8, 8>(0, 8) == queue_fault::none);
    CX_CHECK(chain_of<8, 8>(3, 5) == queue_fault::none);
    CX_CHECK(chain_of<8, 8>(7, 1) == queue_fault::none);
    CX_CHECK(chain_of<8, 8>(0, 9) == queue_fault::table_length);
    CX_CHECK(chain_of<8, 8>(1, 8) == queue_fault::chain_length);
    CX_CHECK(chain_of<8, 8>(7, 2) == queue_fault::chain_length);
    CX_CHECK(chain_of<1, 1>(0, 1) == queue_fault::none);
    CX_CHECK(chain_of<1, 8>(0, 2) == queue_fault::table_length);
    CX_CHECK(chain_of<8, 3>(0, 3) == queue_fault::none); // the device's own limit
    CX_CHECK(chain_of<8, 3>(0, 4) == queue_fault::table_length);
    CX_CHECK(chain_of<8, 3>(2, 2) == queue_fault::chain_length);
    CX_CHECK(chain_of<8, 3>(3, 1) == queue_fault::chain_length);
}
TEST_CASE("SQ11, SQ13: as an option a table may make a chain longer than the queue") {
    constexpr auto accept = long_chains::accept;
    CX_CHECK(chain_of<2, 8>(0, 8, accept) == queue_fault::none);
    CX_CHECK(chain_of<2, 8>(1, 7, accept) == queue_fault::none);
    CX_CHECK(chain_of<2, 8>(0, 9, accept) == queue_fault::table_length);
    CX_CHECK(chain_of<2, 8>(1, 8, accept) == queue_fault::chain_length);
    CX_CHECK(chain_of<8, 3>(0, 4, accept) == queue_fault::table_length);
}
TEST_CASE("SQ73: a loop in a table costs no more steps than it has entries") {
    CX_CHECK(steps_of_a_loop<8>(8) == 1 + 8);
    CX_CHECK(steps_of_a_loop<8>(1) == 1 + 8);
    CX_CHECK(steps_of_a_loop<2>(3) == 1 + 8);
}
TEST_CASE("SQ17: the order of directions holds from the ring to the table") {
    CX_CHECK(fate({}, {.flags = more | written, .next_index = 1}, {}) == queue_fault::direction);
    CX_CHECK(fate({}, {.flags = more, .next_index = 1}, {.flags = written}) == queue_fault::none);
    CX_CHECK(fate({.direct = 1}, {.flags = written}) == queue_fault::none);
}
TEST_CASE("SQ18, SQ28, trap 15, trap 16: a table and its elements lie in one live area each") {
    CX_CHECK(fate({.addr = region_end - 16, .len = 16}) == queue_fault::indirect); // is read: 0xa5a5
    CX_CHECK(fate({.addr = region_end - 15, .len = 16}) == queue_fault::address);
    CX_CHECK(fate({.addr = region_end - 16}) == queue_fault::address);
    CX_CHECK(fate({.addr = rig::base - 1}) == queue_fault::address);
    CX_CHECK(fate({.addr = 0}) == queue_fault::address);
    CX_CHECK(fate({.addr = 0xffff'ffff'ffff'fff1, .len = 16}) == queue_fault::address);
    CX_CHECK(wrapping(0xffff'ffff'ffff'fff0, 16) == queue_fault::none);
    CX_CHECK(wrapping(0xffff'ffff'ffff'fff1, 16) == queue_fault::address);
    CX_CHECK(wrapping(0xffff'ffff'ffff'fff0, 32) == queue_fault::address);
    CX_CHECK(fate({}, {.addr = region_end - 1}) == queue_fault::none);
    CX_CHECK(fate({}, {.addr = region_end - 1, .len = 2}) == queue_fault::address);
    CX_CHECK(fate({}, {.addr = 0xffff'ffff'ffff'ffff, .len = 2}) == queue_fault::address);
}
TEST_CASE("SQ18, trap 17: ring and table together fit a used length") {
    CX_CHECK(huge(0xffff'fffe, 1) == queue_fault::none);
    CX_CHECK(huge(0xffff'ffff, 1) == queue_fault::total_length);
    CX_CHECK(huge(0x8000'0000, 0x8000'0000) == queue_fault::total_length);
}
TEST_CASE("SQ19: an element of no bytes in a table breaks the queue") {
    CX_CHECK(fate({}, {.len = 0}) == queue_fault::empty_element);
    CX_CHECK(fate({}, {.flags = more, .next_index = 1}, {.len = 0}) == queue_fault::empty_element);
}
TEST_CASE("SQ30, trap 1, trap 2: tables are read once") { CX_CHECK(tables_are_read_once()); }
