// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/chain.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// Ten bytes 0..9 in elements of 1, 4, 2 and 3 bytes.
struct pieces {
    std::array<std::uint8_t, 10> bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    byte_span elements[4]{byte_span{bytes}.first(1), byte_span{bytes}.drop(1).first(4),
                          byte_span{bytes}.drop(5).first(2), byte_span{bytes}.drop(7)};
};

constexpr bool reading_does_not_see_borders() {
    for (std::size_t step = 1; step <= 11; ++step) {
        pieces p;
        chain_reader reader{p.elements, 4};
        std::size_t position = 0;
        for (;;) {
            std::array<std::uint8_t, 11> got{};
            const std::size_t n = reader.read(byte_span{got}.first(step));
            if (n != (step < 10 - position ? step : 10 - position)) return false;
            for (std::size_t i = 0; i < n; ++i)
                if (got[i] != position + i) return false;
            for (std::size_t i = n; i < got.size(); ++i)
                if (got[i] != 0) return false;
            position += n;
            if (reader.remaining() != 10 - position) return false;
            if (n == 0) break;
        }
    }
    return true;
}

constexpr bool runs_end_at_borders() {
    pieces p;
    chain_reader reader{p.elements, 4};
    if (reader.run() != byte_view{p.elements[0]}) return false;
    reader.skip(3);
    if (reader.run() != byte_view{p.bytes}.drop(3).first(2) || reader.remaining() != 7) return false;
    reader.skip(2);
    if (reader.run() != byte_view{p.elements[2]}) return false;
    reader.skip(5);
    return reader.run().empty() && reader.remaining() == 0;
}

constexpr bool writing_does_not_see_borders() {
    for (std::size_t step = 1; step <= 11; ++step) {
        pieces p;
        p.bytes.fill(0xa5);
        chain_writer writer{p.elements, 4};
        std::array<std::uint8_t, 11> from{};
        std::size_t position = 0;
        while (writer.remaining() != 0) {
            for (std::size_t i = 0; i < step; ++i) from[i] = static_cast<std::uint8_t>(position + i);
            const std::size_t n = writer.write(byte_view{from}.first(step));
            if (n != (step < 10 - position ? step : 10 - position)) return false;
            position += n;
            if (writer.written() != position) return false;
        }
        for (std::size_t i = 0; i < 10; ++i)
            if (p.bytes[i] != i) return false;
        if (writer.write(from) != 0 || writer.written() != 10 || !writer.run().empty()) return false;
    }
    return true;
}

constexpr bool writing_in_place_counts() {
    pieces p;
    chain_writer writer{p.elements, 4};
    writer.advance(1);
    if (writer.run().size() != 4 || writer.written() != 1) return false;
    writer.run()[0] = 0xee;
    writer.advance(4);
    return p.bytes[1] == 0xee && writer.written() == 5 && writer.remaining() == 5;
}

constexpr bool nothing_counts_behind_a_gap() {
    pieces p;
    chain_writer writer{p.elements, 4};
    constexpr std::array<std::uint8_t, 2> two{0xee, 0xee};
    writer.write(two);
    writer.skip(0);
    writer.write(two);
    if (writer.written() != 4) return false;
    writer.skip(4);
    writer.write(two);
    return writer.written() == 4 && writer.remaining() == 0 && p.bytes[9] == 0xee && p.bytes[7] == 7;
}

constexpr bool empty_cursors_have_nothing() {
    chain_reader reader;
    chain_writer writer;
    std::array<std::uint8_t, 1> one{};
    return reader.remaining() == 0 && reader.read(one) == 0 && reader.run().empty() && writer.remaining() == 0 &&
           writer.write(one) == 0 && writer.run().empty() && writer.written() == 0;
}

} // namespace

TEST_CASE("SQ10, BL30: a reader sees bytes, not elements") {
    CX_CHECK(reading_does_not_see_borders());
    CX_CHECK(runs_end_at_borders());
}

TEST_CASE("SQ10: a writer sees bytes, not elements") {
    CX_CHECK(writing_does_not_see_borders());
    CX_CHECK(writing_in_place_counts());
}

TEST_CASE("SQ40, SQ41: only bytes before the first gap count as written") { CX_CHECK(nothing_counts_behind_a_gap()); }
TEST_CASE("cursors over nothing") { CX_CHECK(empty_cursors_have_nothing()); }
