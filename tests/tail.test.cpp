// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/tail.hpp>

#include "support/check.hpp"

#include <array>
#include <span>

using namespace vmsg;
using wire::tail;

namespace {

constexpr std::uint32_t words[]{0x33323130, 0x43424140, 0x53525150};
constexpr std::array<std::uint16_t, 2> halves{0x1110, 0x2120};
constexpr std::uint64_t wide[]{0x1716151413121110};
constexpr std::uint8_t raw[]{0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, 0x60};

// Whether a tail is written as these bytes, at an odd address, with nothing beside them.
template <class T, std::size_t N> constexpr bool stores(tail<T> t, const std::uint8_t (&expected)[N]) {
    std::uint8_t memory[N + 2]{};
    for (auto& byte : memory) byte = 0xa5;
    t.store(memory + 1);
    for (std::size_t i = 0; i < sizeof memory; ++i)
        if (memory[i] != (i >= 1 && i <= N ? expected[i - 1] : 0xa5)) return false;
    return t.size_bytes() == N;
}

constexpr bool stores_nothing() {
    std::uint8_t memory[1]{0xa5};
    tail<std::uint32_t>{}.store(memory);
    tail<std::uint8_t>{}.store(memory);
    return memory[0] == 0xa5;
}

} // namespace

TEST_CASE("a tail views host values") {
    CX_CHECK(tail<std::uint32_t>{words}.size() == 3);
    CX_CHECK(tail<std::uint32_t>{words}.size_bytes() == 12);
    CX_CHECK(tail<std::uint32_t>{words}[1] == 0x43424140);
    CX_CHECK(tail<std::uint16_t>{halves}[1] == 0x2120);
    CX_CHECK(tail<std::uint8_t>{raw}[12] == 0x60);
    CX_CHECK(tail<std::uint32_t>{std::span{words}.first(1)}.size() == 1);
    CX_CHECK(tail<std::uint32_t>{words, 2}.size() == 2);
    CX_CHECK(tail<std::uint32_t>{}.empty());
    CX_CHECK(!tail<std::uint32_t>{words}.empty());
}

TEST_CASE("a tail views wire bytes, at any alignment, and leaves a rest out") {
    CX_CHECK(tail<std::uint32_t>::from_wire(raw).size() == 3);
    CX_CHECK(tail<std::uint32_t>::from_wire(raw)[2] == 0x53525150);
    CX_CHECK(tail<std::uint32_t>::from_wire(byte_view{raw}.drop(1))[0] == 0x40333231);
    CX_CHECK(tail<std::uint64_t>::from_wire(raw)[0] == 0x4342414033323130);
    CX_CHECK(tail<std::uint8_t>::from_wire(raw).size() == 13);
    CX_CHECK(tail<std::uint8_t>::from_wire(raw)[4] == 0x40);
    CX_CHECK(tail<std::uint32_t>::from_wire({}).empty());
}

TEST_CASE("tails are equal by element, whatever they view") {
    CX_CHECK(tail<std::uint32_t>{words} == tail<std::uint32_t>::from_wire(raw));
    CX_CHECK(tail<std::uint32_t>::from_wire(raw) == tail<std::uint32_t>{words});
    CX_CHECK(tail<std::uint32_t>{words, 2} != tail<std::uint32_t>{words});
    CX_CHECK(tail<std::uint32_t>{words, 2} != tail<std::uint32_t>{words + 1, 2});
    CX_CHECK(tail<std::uint32_t>{} == tail<std::uint32_t>::from_wire({}));
}

TEST_CASE("a tail of bytes is bytes") {
    CX_CHECK(tail<std::uint8_t>{raw}.bytes() == byte_view{raw});
    CX_CHECK(tail<std::uint8_t>::from_wire(raw).bytes().data() == raw);
}

TEST_CASE("a tail is stored in wire order, whatever it views") {
    CX_CHECK(stores<std::uint32_t>(words, {0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53}));
    CX_CHECK(stores(tail<std::uint32_t>::from_wire(raw),
                    {0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53}));
    CX_CHECK(stores<std::uint16_t>(halves, {0x10, 0x11, 0x20, 0x21}));
    CX_CHECK(stores<std::uint64_t>(wide, {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17}));
    CX_CHECK(stores<std::uint8_t>(raw, {0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, 0x60}));
    CX_CHECK(stores_nothing());
}
