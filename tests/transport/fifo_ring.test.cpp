// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/fifo_ring.hpp>

#include "support/check.hpp"
#include "transport/fifo_support.hpp"

#include <initializer_list>

using namespace fifo_test;

namespace {

constexpr bool carries_frames() {
    alignas(fifo_alignment) std::uint8_t memory[1216]{};
    const auto region = make_fifo_region(memory, {104, 4});
    fifo_writer writer{region->to_device};
    fifo_reader reader{region->to_device};
    std::uint8_t frame[12]{0, 2, 1, 0, 2, 0, 12, 0, 7, 8, 9, 10};
    for (std::uint8_t n = 0; n < 9; ++n) {
        frame[8] = n;
        if (!writer.put(frame)) return false;
        std::uint8_t buffer[104]{};
        const fifo_taken got = reader.take(buffer);
        if (got.error != errc::none || got.size != 12 || got.was_full) return false;
        if (byte_view{buffer, 12} != byte_view{frame}) return false;
        if (reader.take(buffer).error != errc::would_block) return false;
    }
    return true;
}

struct ring_bench {
    explicit ring_bench(const fifo_geometry& g = {104, 4}) : memory(g), region(*make_fifo_region(memory.all(), g)) {}
    region_memory memory;
    fifo_region region;
    fifo_ring& ring = region.to_device;
    fifo_writer writer{ring};
    fifo_reader reader{ring};
    std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(104, 0xa5);

    fifo_taken take() { return reader.take(buffer); }
};

} // namespace

TEST_CASE("a ring carries frames in a constant expression") { CX_CHECK(carries_frames()); }

TEST_CASE("a writer zeroes the rest of an entry") {
    ring_bench b({128, 4});
    for (std::uint8_t& byte : b.ring.memory.drop(fifo_header_size)) byte = 0xa5;
    REQUIRE(b.writer.put(frame_of(10)));
    const byte_span entry = b.ring.memory.drop(fifo_header_size);
    CHECK(byte_view{entry.data(), 10} == byte_view{frame_of(10)});
    for (std::size_t i = 10; i < 128; ++i) CHECK(entry[i] == 0);
    CHECK(entry[128] == 0xa5); // the next one
}

TEST_CASE("what a header does not count to its frame stays at home") {
    ring_bench b;
    auto padded = frame_of(10);
    padded.resize(20, 0x77);
    REQUIRE(b.writer.put(padded));
    CHECK(b.take().size == 10);
    for (std::size_t i = 10; i < 104; ++i) {
        CHECK(b.buffer[i] == 0xa5);
        CHECK(b.ring.memory[fifo_header_size + i] == 0);
    }
}

TEST_CASE("a ring of depth n holds n - 1 frames, and says once that it was full") {
    for (const std::uint16_t depth : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{30}}) {
        ring_bench b({104, depth});
        for (int round = 0; round < 3; ++round) {
            for (unsigned i = 0; i + 1 < depth; ++i) REQUIRE(b.writer.put(frame_of(9, i)));
            CHECK(b.writer.put(frame_of(9)).error() == errc::full);
            for (unsigned i = 0; i + 1 < depth; ++i) {
                const fifo_taken got = b.take();
                CHECK(got.error == errc::none);
                CHECK(got.was_full == (i == 0));
                CHECK(b.buffer[8] == static_cast<std::uint8_t>(i));
            }
            CHECK(b.take().error == errc::would_block);
        }
    }
}

TEST_CASE("a frame that is none is not put into a ring") {
    ring_bench b;
    const auto before = b.memory.image();
    CHECK(b.writer.put(byte_view{}).error() == errc::truncated);
    CHECK(b.writer.put(byte_view{frame_of(8)}.first(7)).error() == errc::truncated);
    auto longer = frame_of(9);
    longer[6] = 10;
    CHECK(b.writer.put(longer).error() == errc::truncated);
    longer[6] = 7;
    CHECK(b.writer.put(longer).error() == errc::bad_length);
    CHECK(b.writer.put(frame_of(105)).error() == errc::oversize);
    auto bus = frame_of(8);
    bus[0] = 2;
    CHECK(b.writer.put(bus).error() == errc::bad_value); // it names a device
    CHECK(b.writer.fault() == fifo_fault::none);
    CHECK(b.memory.image() == before);
}

TEST_CASE("N10: an entry that holds no frame is skipped, whatever its header says") {
    ring_bench b;
    for (unsigned size = 0; size <= 0xffff; ++size) {
        auto frame = frame_of(8);
        REQUIRE(b.writer.put(frame));
        const unsigned at = read_index(b.ring, fifo_read_index_offset);
        store_le(b.ring.memory.data() + fifo_header_size + std::size_t{104} * at + 6, static_cast<std::uint16_t>(size));
        const fifo_taken got = b.take();
        const bool legal_size = size >= 8 && size <= 104;
        REQUIRE(got.error == (legal_size ? errc::none : errc::bad_value));
        REQUIRE(got.size == (legal_size ? size : 0));
        REQUIRE(b.reader.fault() == fifo_fault::none);
        REQUIRE(b.take().error == errc::would_block);
    }
}

TEST_CASE("a frame that does not fit the buffer is gone, and nothing of it is written") {
    ring_bench b;
    REQUIRE(b.writer.put(frame_of(20)));
    std::uint8_t small[19]{};
    CHECK(b.reader.take(small).error == errc::oversize);
    for (const std::uint8_t byte : small) CHECK(byte == 0);
    CHECK(b.take().error == errc::would_block);
}

TEST_CASE("N10: an index beyond the depth ends a ring, at every moment and for every value") {
    constexpr unsigned depth = 4;
    // A ring that has gone on for some time, with so many frames in it.
    for (unsigned turned = 0; turned < depth; ++turned)
        for (unsigned frames = 0; frames < depth; ++frames)
            for (const std::size_t offset : {fifo_read_index_offset, fifo_write_index_offset})
                for (unsigned value = 0; value <= 0xffff; value += value < 2 * depth ? 1 : 251) {
                    ring_bench b;
                    for (unsigned i = 0; i < turned; ++i) {
                        REQUIRE(b.writer.put(frame_of(8)));
                        REQUIRE(b.take().error == errc::none);
                    }
                    for (unsigned i = 0; i < frames; ++i) REQUIRE(b.writer.put(frame_of(8)));
                    const bool reads = offset == fifo_read_index_offset;
                    const unsigned right = read_index(b.ring, offset);
                    write_index(b.ring, offset, value);
                    const auto before = b.memory.image();

                    // The reader: its own index is not to be touched, the other one is the peer's affair.
                    unsigned taken = 0;
                    fifo_taken got = b.take();
                    for (; got.error != errc::would_block && b.reader.fault() == fifo_fault::none; got = b.take())
                        REQUIRE(++taken < depth);
                    const fifo_fault beyond = reads ? fifo_fault::read_index : fifo_fault::write_index;
                    if (value >= depth)
                        REQUIRE(b.reader.fault() == beyond);
                    else if (reads && value != right)
                        REQUIRE(b.reader.fault() == fifo_fault::foreign_write);
                    else
                        REQUIRE(b.reader.fault() == fifo_fault::none);
                    if (b.reader.fault() != fifo_fault::none) {
                        REQUIRE(got.error == errc::bad_value);
                        REQUIRE_FALSE(got.was_full);
                        REQUIRE(b.memory.image() == before); // it is not moved, and nothing else is written
                        write_index(b.ring, offset, right);
                        REQUIRE(b.take().error == errc::bad_value); // for good
                        write_index(b.ring, offset, value);
                    }

                    // The writer.
                    copy_bytes(b.memory.all().data(), before.data(), before.size());
                    const auto put = b.writer.put(frame_of(8));
                    if (value >= depth)
                        REQUIRE(b.writer.fault() == beyond);
                    else if (!reads && value != right)
                        REQUIRE(b.writer.fault() == fifo_fault::foreign_write);
                    else
                        REQUIRE((put || put.error() == errc::full));
                    if (b.writer.fault() == fifo_fault::none) continue;
                    REQUIRE(put.error() == errc::bad_value);
                    REQUIRE(b.memory.image() == before);
                    write_index(b.ring, offset, right);
                    REQUIRE(b.writer.put(frame_of(8)).error() == errc::bad_value);
                }
}

TEST_CASE("a ring that is taken over where it stands goes on there") {
    ring_bench b;
    REQUIRE(b.writer.put(frame_of(8, 1)));
    REQUIRE(b.writer.put(frame_of(9, 2)));
    CHECK(b.take().size == 8);
    fifo_writer writer{b.ring};
    fifo_reader reader{b.ring};
    REQUIRE(writer.put(frame_of(10, 3)));
    CHECK(reader.take(b.buffer).size == 9);
    CHECK(reader.take(b.buffer).size == 10);
}
