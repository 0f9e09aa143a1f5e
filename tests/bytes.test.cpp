// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/bytes.hpp>

#include "support/check.hpp"

#include <array>
#include <bit>
#include <span>
#include <vector>

using namespace vmsg;

#ifdef VMSG_TEST_BIG_ENDIAN
static_assert(std::endian::native == std::endian::big, "the tests for a big-endian machine are built for another one");
#endif

namespace {

constexpr std::array<std::uint8_t, 9> counted{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88};

// The bytes around a value stored at offset 1 into memory full of 0xa5.
template <class T> constexpr std::array<std::uint8_t, 10> stored(T value) {
    std::array<std::uint8_t, 10> memory{};
    for (auto& byte : memory) byte = 0xa5;
    store_le(memory.data() + 1, value);
    return memory;
}

// Whether `copy` moves exactly the first `size` bytes.
template <class Copy> constexpr bool copies(std::size_t size, Copy copy) {
    std::array<std::uint8_t, 80> from{};
    std::array<std::uint8_t, 82> to{};
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint8_t>(i + 1);
    for (auto& byte : to) byte = 0xa5;
    copy(to.data() + 1, from.data(), size);
    for (std::size_t i = 0; i < to.size(); ++i)
        if (to[i] != (i >= 1 && i <= size ? i : 0xa5)) return false;
    return true;
}

constexpr bool copies_every_size() {
    for (std::size_t size = 0; size <= 80; ++size)
        if (!copies(size, copy_bytes)) return false;
    return true;
}

constexpr bool writes_through() {
    std::uint8_t memory[4]{1, 2, 3, 4};
    const byte_span all{memory};
    all[0] = 5;
    for (std::uint8_t& byte : all.drop(2)) byte = 6;
    return byte_view{memory} == byte_view{std::array<std::uint8_t, 4>{5, 2, 6, 6}} && all.first(1).size() == 1 &&
           all.drop(4).empty() && all.data() == memory;
}

} // namespace

TEST_CASE("load_le reads little-endian integers at any alignment") {
    CX_CHECK(load_le<std::uint8_t>(counted.data() + 8) == 0x88);
    CX_CHECK(load_le<std::uint16_t>(counted.data() + 1) == 0x0201);
    CX_CHECK(load_le<std::uint32_t>(counted.data() + 1) == 0x04030201);
    CX_CHECK(load_le<std::uint64_t>(counted.data()) == 0x0706050403020100);
    CX_CHECK(load_le<std::uint64_t>(counted.data() + 1) == 0x8807060504030201);
}

TEST_CASE("store_le writes little-endian integers and nothing beside them") {
    using memory = std::array<std::uint8_t, 10>;
    CX_CHECK(stored(std::uint8_t{0x10}) == memory{0xa5, 0x10, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5});
    CX_CHECK(stored(std::uint16_t{0x1110}) == memory{0xa5, 0x10, 0x11, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5});
    CX_CHECK(stored(0x13121110u) == memory{0xa5, 0x10, 0x11, 0x12, 0x13, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5});
    CX_CHECK(stored(std::uint64_t{0x1716151413121110}) ==
             memory{0xa5, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0xa5});
}

TEST_CASE("copy_bytes copies every size") {
    CX_CHECK(copies_every_size());
    for (std::size_t size = 0; size <= 80; ++size) CHECK(copies(size, copy_short));
    copy_bytes(nullptr, nullptr, 0);
}

TEST_CASE("a byte_view is made from anything contiguous") {
    static constexpr std::uint8_t array[]{1, 2, 3};
    CX_CHECK(byte_view{array}.size() == 3);
    CX_CHECK(byte_view{counted}.size() == 9);
    CX_CHECK(byte_view{}.empty());
    CX_CHECK(byte_view{}.data() == nullptr);
    CX_CHECK(byte_view{std::span<const std::uint8_t>{array}}.data() == array);
    CX_CHECK(std::span<const std::uint8_t>{byte_view{array}}.size() == 3);
    const std::vector<std::uint8_t> vector{1, 2, 3};
    CHECK(byte_view{vector} == byte_view{array});
    std::array<std::uint8_t, 3> memory{1, 2, 3};
    CHECK(byte_view{byte_span{memory}} == byte_view{array});
}

TEST_CASE("a byte_view gives its parts") {
    constexpr byte_view all{counted};
    CX_CHECK(all[8] == 0x88);
    CX_CHECK(all.first(2) == all.first(2));
    CX_CHECK(all.first(2)[1] == 0x01);
    CX_CHECK(all.drop(8)[0] == 0x88);
    CX_CHECK(all.drop(9).empty());
    CX_CHECK(all.end() - all.begin() == 9);
    CX_CHECK(byte_view{}.drop(0).empty());
}

TEST_CASE("byte views are equal by content") {
    static constexpr std::uint8_t same[]{0, 1};
    static constexpr std::uint8_t other[]{0, 2};
    constexpr byte_view start = byte_view{counted}.first(2);
    CX_CHECK(start == byte_view{same});
    CX_CHECK(start != byte_view{other});
    CX_CHECK(start != byte_view{same, 1});
    CX_CHECK(byte_view{} == byte_view{same, 0});
}

TEST_CASE("a byte_span writes through to what it was made from") {
    CX_CHECK(writes_through());
    std::vector<std::uint8_t> vector(3);
    const byte_span all{vector};
    const std::span<std::uint8_t> standard{all};
    standard[2] = 7;
    CHECK(all[2] == 7);
    CHECK(byte_span{standard}.data() == vector.data());
    CX_CHECK(byte_span{}.empty());
    CX_CHECK(byte_span{}.begin() == byte_span{}.end());
}
