// SPDX-License-Identifier: BSD-2-Clause
// Any bytes as the memory of a FIFO, which the peer goes on changing. A side takes bounded work out of it, gives out
// nothing but whole frames, writes nothing but its own entries and indices, and stops at a bad index for good.
#include <vmsg/transport/fifo.hpp>

#include "fuzz/script.hpp"

#include <cstdio>
#include <cstring>
#include <memory>

using namespace vmsg;
using namespace vmsg::transports;

namespace {

constexpr std::size_t region_size = 1216; // bytes: two rings of 4 entries of 104 bytes
constexpr std::size_t steps = 64;         // of one input
constexpr std::uint16_t burst = 5;

bool seen_region[4]; // made, bad_value, unsupported_revision, truncated
bool seen_fault[4];
bool seen_frame;
bool seen_skipped;
bool seen_full;

/// Memory of its own, so that a sanitizer sees any access beyond it.
struct region {
    std::unique_ptr<std::uint64_t[]> words = std::make_unique<std::uint64_t[]>(region_size / 8);
    std::uint8_t before[region_size]{};

    byte_span all() { return {static_cast<std::uint8_t*>(static_cast<void*>(words.get())), region_size}; }
    void remember() { std::memcpy(before, words.get(), region_size); }
    bool unchanged() const { return std::memcmp(before, words.get(), region_size) == 0; }
    /// Nothing has changed but in this ring.
    bool unchanged_but(const fifo_ring& ring) {
        const auto start = static_cast<std::size_t>(ring.memory.data() - all().data());
        const std::size_t end = start + ring.memory.size();
        const std::uint8_t* now = all().data();
        return std::memcmp(before, now, start) == 0 && std::memcmp(before + end, now + end, region_size - end) == 0;
    }
    /// Nothing has changed but one index of this ring.
    bool unchanged_but_index(const fifo_ring& ring, std::size_t offset) {
        const auto at = static_cast<std::size_t>(ring.memory.data() - all().data()) + offset;
        std::memcpy(before + at, all().data() + at, 2);
        return unchanged();
    }
};

/// A doorbell that fails as the input says.
struct script_bell {
    const bool* works;
    result<void> operator()() const { return *works ? errc::none : errc::denied; }
};

void run(script input) {
    const std::uint8_t first = input.byte();
    const bool is_driver = (first & 1) != 0;
    region shared;
    // A region that is right, of which the input changes something, or one of the input alone.
    if ((first & 2) == 0) require(make_fifo_region(shared.all(), {104, 4}).has_value(), "a region is made");
    if ((first & 4) == 0) input.fill(shared.all().first((first & 2) == 0 ? 28 : region_size));
    bool bell_works = (first & 8) == 0;
    fifo<script_bell> side({.side = is_driver ? fifo_side::driver : fifo_side::device,
                            .notif_id = (first & 16) != 0 ? std::uint16_t{3} : no_notif_id,
                            .burst = burst},
                           script_bell{&bell_works});
    shared.remember();
    const auto opened = side.open(shared.all(), {104, 4});
    if (!opened) {
        const errc why = opened.error();
        require(why == errc::bad_value || why == errc::unsupported_revision || why == errc::truncated,
                "a region is refused for a reason");
        require(!side.is_open() && shared.unchanged(), "and left alone");
        seen_region[why == errc::bad_value ? 1 : why == errc::truncated ? 3 : 2] = true;
        return;
    }
    seen_region[0] = true;
    const auto rings = check_fifo_region(shared.all());
    require(rings.has_value(), "what is open is a region");
    const fifo_ring& in = is_driver ? rings->to_driver : rings->to_device;
    const fifo_ring& out = is_driver ? rings->to_device : rings->to_driver;
    instant now = 0;
    unsigned in_a_row = 0;
    std::uint8_t buffer[104]{};
    std::uint8_t frame[104]{};
    for (std::size_t step = 0; step < steps && !input.empty(); ++step) {
        const std::uint8_t what = input.byte();
        bell_works = (what & 0x10) == 0;
        if ((what & 0x20) != 0) now += 1'000;
        if ((what & 0x40) != 0) side.handle_notifications(~std::uint64_t{0});
        const bool broken = side.failed();
        const fifo_counters earlier = side.counters();
        shared.remember();
        switch (what % 4) {
        case 0: { // the peer writes somewhere
            const std::size_t at = input.half() % region_size;
            shared.all()[at] = input.byte();
            break;
        }
        case 1: { // the peer writes an index
            const fifo_ring& ring = (what & 4) != 0 ? in : out;
            const bool reads = (what & 8) != 0;
            store_le(ring.memory.data() + (reads ? fifo_read_index_offset : fifo_write_index_offset),
                     static_cast<std::uint16_t>(input.byte() % 8));
            break;
        }
        case 2: {
            const std::size_t size = input.byte() % 106;
            frame[6] = static_cast<std::uint8_t>(size);
            const auto sent = side.send({}, {frame, size < 104 ? size : 104}, now);
            if (sent) {
                require(shared.unchanged_but(out), "a writer writes its own ring only");
            } else {
                require(shared.unchanged(), "what is not sent leaves no trace");
                seen_full = seen_full || sent.error() == errc::would_block;
            }
            break;
        }
        default: {
            const auto got = side.receive(buffer, now);
            require(shared.unchanged_but_index(in, fifo_read_index_offset), "a reader writes its own index only");
            const auto skipped = side.counters().skipped - earlier.skipped;
            in_a_row = got ? in_a_row + 1 : 0;
            require(in_a_row <= burst && skipped <= burst, "a burst ends");
            seen_skipped = seen_skipped || skipped != 0;
            if (!got) {
                require(got.error() == errc::would_block || got.error() == errc::aborted, "nothing else can be wrong");
                break;
            }
            seen_frame = true;
            const auto h = decode_header<revision::oasis_v2>({buffer, got->size});
            require(h.has_value() && h->msg_size == got->size, "what is received is a whole frame");
            break;
        }
        }
        if (!broken) continue;
        require(side.failed(), "what is broken stays so");
        if (what % 4 >= 2) require(shared.unchanged(), "and touches nothing");
    }
    seen_fault[static_cast<std::size_t>(side.fault())] = true;
    require(side.counters().faults <= 1 && side.counters().faults == (side.failed() ? 1 : 0), "a FIFO fails once");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    run({data, size});
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = seen_frame && seen_skipped && seen_full;
    for (int i = 0; i < 4; ++i) {
        if (!seen_region[i]) std::printf("no seed has outcome %d of a region\n", i);
        if (!seen_fault[i]) std::printf("no seed has fault %d\n", i);
        complete = complete && seen_region[i] && seen_fault[i];
    }
    return complete;
}
