// SPDX-License-Identifier: BSD-2-Clause
// Any bytes as the memory of a virtqueue, which the peer goes on changing. A device takes bounded work out of it, stays
// inside the region and reports no more than it may; a driver gets every request back exactly once. Both break at most
// once, and write nothing then.
#include <vmsg/virtio/block_device.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/entropy.hpp>

#include "fuzz/script.hpp"

#include <cstdio>
#include <cstring>
#include <memory>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr std::uint64_t base = 0x0001'0000'0000'0000;
constexpr std::uint32_t max_size = 8;     // entries
constexpr std::size_t region_size = 2048; // bytes; the rings are at its start
constexpr std::size_t filled_size = 384;  // bytes of it that an input gives at first
constexpr std::uint32_t max_chain = 6;    // elements
constexpr std::size_t steps = 64;         // of one input
constexpr std::uint64_t sectors = 4;      // of the disk

/// How an input begins: what the two sides agreed on.
struct agreement {
    std::uint32_t size;
    std::uint16_t position;
    feature_set negotiated{feature::version_1};
    long_chains tables;
    overlong_use overlong;
    bool is_disk;

    explicit agreement(script& input) {
        const std::uint8_t first = input.byte();
        size = std::uint32_t{1} << first % 4;
        if ((first & 0x10) != 0) negotiated.set(feature::indirect_desc);
        if ((first & 0x20) != 0) negotiated.set(feature::event_idx);
        tables = (first & 0x40) != 0 ? long_chains::accept : long_chains::reject;
        overlong = (first & 0x40) != 0 ? overlong_use::clamp : overlong_use::reject;
        is_disk = (first & 0x80) != 0;
        position = input.half();
    }
};

/// Memory of its own, so that a sanitizer sees any access beyond it.
struct region {
    std::unique_ptr<std::uint8_t[]> bytes = std::make_unique<std::uint8_t[]>(region_size);
    std::uint8_t before[region_size]{};

    byte_span all() { return {bytes.get(), region_size}; }
    void remember() { std::memcpy(before, bytes.get(), region_size); }
    bool unchanged(std::size_t from = 0, std::size_t to = region_size) const {
        return std::memcmp(before + from, bytes.get() + from, to - from) == 0;
    }
    /// The peer writes somewhere.
    void scribble(script& input) {
        const std::size_t at = input.half() % region_size;
        bytes[at] = input.byte();
    }
};

/// Counts what it resolves.
struct counting {
    flat_region memory;
    std::uint32_t calls = 0;
    result<byte_span> resolve(bus_address address, std::uint64_t length) {
        ++calls;
        return memory.resolve(address, length);
    }
};

struct disk {
    std::uint8_t bytes[512 * sectors]{};
    std::uint64_t capacity() const { return sectors; }
    bool read_only() const { return false; }
    result<void> read(std::uint64_t sector, byte_span to) {
        require(to.size() % 512 == 0 && sectors_fit(sector, to.size(), sectors), "reads are whole sectors of the disk");
        std::memcpy(to.data(), bytes + sector * 512, to.size());
        return {};
    }
    result<void> write(std::uint64_t sector, byte_view from) {
        require(from.size() % 512 == 0 && sectors_fit(sector, from.size(), sectors),
                "writes are whole sectors of the disk");
        std::memcpy(bytes + sector * 512, from.data(), from.size());
        return {};
    }
    result<void> flush() { return {}; }
    block_id id() const { return make_block_id("fuzzed"); }
};

struct constant_source {
    result<void> fill(byte_span to) {
        std::memset(to.data(), 0x5a, to.size());
        return {};
    }
};

// The device.

using device_type = device_queue<max_chain, max_size>;

bool seen_fault[queue_fault_count];
bool seen_table;
bool seen_served[2];

/// What can be said of every chain that was taken.
void check_chain(const chain<max_chain>& taken, region& shared, std::uint32_t size) {
    require(taken.head() < size, "a head is an index of the table");
    require(taken.readable_size() + std::uint64_t{taken.writable_size()} != 0, "a chain has bytes");
    chain_reader reader = taken.reader();
    chain_writer writer = taken.writer();
    require(reader.remaining() == taken.readable_size() && writer.remaining() == taken.writable_size(),
            "sizes are those of the elements");
    const auto inside = [&shared](const std::uint8_t* data, std::size_t length) {
        return data >= shared.bytes.get() && length <= region_size && data + length <= shared.bytes.get() + region_size;
    };
    std::uint32_t elements = 0;
    for (; reader.remaining() != 0; ++elements) {
        const byte_view run = reader.run();
        require(!run.empty() && inside(run.data(), run.size()), "readable elements lie in the region");
        reader.skip(run.size());
    }
    for (; writer.remaining() != 0; ++elements) {
        const byte_span run = writer.run();
        require(!run.empty() && inside(run.data(), run.size()), "writable elements lie in the region");
        writer.skip(run.size());
    }
    require(elements <= max_chain, "a chain is no longer than its limit");
}

void run_device(script input) {
    const agreement agreed{input};
    region shared;
    const queue_block block{agreed.size};
    const std::uint32_t ahead = input.byte() % (agreed.size + 2);
    input.fill(shared.all().first(filled_size));
    store_le(shared.bytes.get() + block.driver_offset + ring::idx, static_cast<std::uint16_t>(agreed.position + ahead));
    counting memory{{bus_address{base}, shared.all()}};
    device_type queue;
    require(queue
                .enable(memory, block.addresses(bus_address{base}), agreed.size, max_size,
                        {.position = agreed.position, .tables = agreed.tables, .negotiated = agreed.negotiated})
                .has_value(),
            "a legal queue is enabled");
    disk image;
    constant_source source;
    chain<max_chain> taken;
    chain_ticket kept;
    std::uint16_t used = agreed.position;
    for (std::size_t step = 0; step < steps; ++step) {
        if (!input.empty()) shared.scribble(input);
        const std::uint8_t what = input.byte();
        if ((what & 1) != 0) queue.suppress_kicks();
        if ((what & 2) != 0) static_cast<void>(queue.enable_kicks());
        memory.calls = 0;
        const result<void> popped = queue.pop(memory, taken);
        require(memory.calls <= max_chain + 1, "a request costs a bounded number of steps");
        if (!popped) {
            require((popped.error() == errc::would_block) == (queue.state() == queue_state::enabled),
                    "a queue that works has nothing, or is broken");
            if (popped.error() != errc::would_block) break;
            continue;
        }
        check_chain(taken, shared, agreed.size);
        seen_table = seen_table || (load_le<std::uint16_t>(shared.bytes.get() + 16 * taken.head() + 12) & 4) != 0;
        require(queue.holds(taken.ticket()), "what was taken is held");
        std::uint32_t length = 0;
        if (agreed.is_disk) {
            length = serve_block(image, feature_set{block_feature::flush}, taken.reader(), taken.writer());
        } else {
            const auto filled = serve_entropy(source, taken.reader(), taken.writer(), 100);
            if (filled) {
                length = *filled;
                require(length != 0 && length <= 100, "entropy keeps to its limit");
            } else {
                queue.break_queue(queue_fault::direction);
                break;
            }
        }
        require(length <= taken.writable_size(), "no more is used than can be written");
        seen_served[agreed.is_disk] = true;
        if ((what & 4) != 0 && !queue.holds(kept)) {
            kept = taken.ticket(); // to be given back later, or never
            continue;
        }
        require(!queue.push(taken, taken.writable_size() + 1), "an overestimate is refused");
        require(queue.push(taken, length).has_value() && !queue.holds(taken.ticket()), "what was taken is given back");
        require(!queue.push(taken, length), "and only once");
        ++used;
        if ((what & 8) != 0 && queue.holds(kept)) {
            require(queue.push(kept, 0).has_value(), "what was kept is given back");
            ++used;
        }
        // Elements may lie over the rings; the index is written last of all.
        require(load_le<std::uint16_t>(shared.bytes.get() + block.device_offset + ring::idx) == used,
                "the used index counts what was given back");
        static_cast<void>(queue.interrupt_needed());
    }
    seen_fault[static_cast<std::size_t>(queue.fault())] = true;
    require(queue.faults().total() == (queue.state() == queue_state::broken ? 1 : 0), "a queue breaks once");
    if (queue.state() != queue_state::broken) return;
    shared.remember();
    queue.suppress_kicks();
    require(!queue.enable_kicks() && !queue.interrupt_needed() && !queue.pop(memory, taken) && !queue.push(kept, 0) &&
                shared.unchanged(),
            "a broken queue is silent");
}

// The driver.

void run_driver(script input) {
    const agreement agreed{input};
    region shared;
    const queue_block block{agreed.size};
    const std::size_t table_offset = (block.size + 63) / 64 * 64;
    driver_queue<max_size> queue;
    require(queue
                .attach(block.areas(shared.all()), agreed.size,
                        {.position = agreed.position, .overlong = agreed.overlong, .negotiated = agreed.negotiated})
                .has_value(),
            "a legal queue is attached");
    int open[max_size]{};
    std::uint32_t count = 0; // open requests
    const auto judge = [&](const completion& done) {
        require(done.head < agreed.size && open[done.head] == 1, "a request completes once");
        require(done.written <= done.capacity, "no more is written than there is room for");
        open[done.head] = 0;
        --count;
    };
    // What the device does is confined to its own area: the driver never depends on any other.
    const auto scribble = [&] {
        const std::size_t at = block.device_offset + input.byte() % device_area_size(agreed.size);
        shared.bytes[at] = input.byte();
    };
    for (std::size_t step = 0; step < steps && !input.empty(); ++step) {
        const std::uint8_t what = input.byte();
        shared.remember();
        switch (what % 8) {
        case 0:
        case 1: {
            buffer elements[4];
            const std::size_t n = what / 8 % 5;
            const std::size_t readable = n == 0 ? 0 : what / 64 % (n + 1);
            for (buffer& b : elements) b = {bus_address{base + 1024}, static_cast<std::uint32_t>(input.byte() % 32)};
            const dma_buffer table{bus_address{base + table_offset}, shared.all().drop(table_offset).first(64)};
            const auto head = queue.add({elements, readable}, {elements + readable, n - readable},
                                        what % 2 != 0 ? table : dma_buffer{});
            if (!head) break;
            require(*head < agreed.size && open[*head] == 0, "a head is not exposed twice");
            open[*head] = 1;
            ++count;
            break;
        }
        case 2: static_cast<void>(queue.publish()); break;
        case 3: static_cast<void>(queue.kick_needed()); break;
        case 4: what / 8 % 2 != 0 ? queue.suppress_interrupts() : static_cast<void>(queue.enable_interrupts()); break;
        case 5: {
            // The device completes something, more or less.
            const std::size_t idx = block.device_offset + ring::idx;
            store_le(shared.bytes.get() + idx,
                     static_cast<std::uint16_t>(load_le<std::uint16_t>(shared.bytes.get() + idx) + what / 8 % 4));
            [[fallthrough]];
        }
        case 6: scribble(); break;
        default: {
            const auto done = queue.poll_used();
            if (done) judge(*done);
            require(done || done.error() == (queue.state() == queue_state::enabled ? errc::would_block : done.error()),
                    "a queue that works has nothing, or is broken");
        }
        }
        if (what % 8 < 5 || what % 8 == 7)
            require(shared.unchanged(block.device_offset, block.size) && shared.unchanged(table_offset + 64),
                    "a driver writes its own areas and tables only");
        require(queue.free_descriptors() <= agreed.size && queue.outstanding() <= count, "the books are right");
    }
    seen_fault[static_cast<std::size_t>(queue.fault())] = true;
    const std::uint32_t overlong = queue.faults()[queue_fault::used_length];
    require(queue.faults().total() - overlong == (queue.state() == queue_state::broken ? 1 : 0), "a queue breaks once");
    shared.remember();
    queue.detach();
    for (std::uint32_t i = 0; i <= max_size; ++i) {
        const auto done = queue.poll_used();
        if (!done) break;
        require(done->status == errc::aborted, "what had not completed is aborted");
        judge(*done);
    }
    require(count == 0 && queue.outstanding() == 0 && queue.free_descriptors() == agreed.size,
            "every request comes back exactly once");
    require(shared.unchanged(), "a detached queue is silent");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    run_device({data, size});
    run_driver({data, size});
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = seen_table && seen_served[0] && seen_served[1];
    for (std::size_t i = 0; i < queue_fault_count; ++i) {
        if (seen_fault[i] || i == static_cast<std::size_t>(queue_fault::used_length)) continue;
        complete = false;
        std::printf("no seed has fault %zu\n", i);
    }
    return complete;
}
