// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/shared_memory.hpp>

#include <vmsg/virtio/split_layout.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

struct place {
    alignas(16) std::array<std::uint8_t, 32> bytes{};
};

template <class T> constexpr bool store_and_load(T value, std::size_t offset) {
    place p;
    p.bytes.fill(0xa5);
    shared::store(byte_span{p.bytes}, offset, value);
    for (std::size_t i = 0; i < p.bytes.size(); ++i) {
        const bool inside = i >= offset && i < offset + sizeof(T);
        const auto expected = inside ? static_cast<std::uint8_t>(value >> 8 * (i - offset)) : std::uint8_t{0xa5};
        if (p.bytes[i] != expected) return false;
    }
    return shared::load<T>(p.bytes, offset) == value;
}

constexpr bool acquire_and_release() {
    place p;
    shared::store_release<std::uint16_t>(p.bytes, 2, 0x1234);
    shared::fence();
    const bool half = p.bytes[2] == 0x34 && p.bytes[3] == 0x12;
    shared::store_release<std::uint32_t>(p.bytes, 4, 0x89ab'cdef);
    return half && shared::load_acquire<std::uint16_t>(p.bytes, 2) == 0x1234 &&
           shared::load_acquire<std::uint32_t>(p.bytes, 4) == 0x89ab'cdef;
}

constexpr bool copy_takes_all_of_the_source() {
    constexpr std::array<std::uint8_t, 5> from{1, 2, 3, 4, 5};
    std::array<std::uint8_t, 7> to{};
    to.fill(0xa5);
    shared::copy(to, from);
    if (to != std::array<std::uint8_t, 7>{1, 2, 3, 4, 5, 0xa5, 0xa5}) return false;
    shared::copy(byte_span{}, byte_view{});
    shared::copy(to, byte_view{});
    return to[0] == 1;
}

constexpr bool zero_clears_the_span_only() {
    std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
    shared::zero(byte_span{bytes}.first(3));
    shared::zero(byte_span{});
    return bytes == std::array<std::uint8_t, 4>{0, 0, 0, 4};
}

constexpr bool structs_are_copied_field_by_field() {
    place p;
    constexpr descriptor d{
        .addr = bus_address{0x0102'0304'0506'0708}, .len = 9, .flags = descriptor_flags::write, .next = 0x0a0b};
    shared::write(byte_span{p.bytes}, 16, d);
    return p.bytes[15] == 0 && p.bytes[16] == 8 && p.bytes[24] == 9 && p.bytes[28] == 2 && p.bytes[31] == 0x0a &&
           shared::read<descriptor>(p.bytes, 16) == d;
}

constexpr bool structs_have_any_address(std::size_t offset) {
    place p;
    p.bytes.fill(0xa5);
    constexpr descriptor d{
        .addr = bus_address{0x0102'0304'0506'0708}, .len = 9, .flags = descriptor_flags::write, .next = 0x0a0b};
    shared::write_unaligned(byte_span{p.bytes}, offset, d);
    return p.bytes[offset - 1] == 0xa5 && p.bytes[offset] == 8 && p.bytes[offset + 8] == 9 &&
           p.bytes[offset + 12] == 2 && p.bytes[offset + 15] == 0x0a && p.bytes[offset + 16] == 0xa5 &&
           shared::read_unaligned<descriptor>(p.bytes, offset) == d;
}

} // namespace

TEST_CASE("shared integers are little-endian and touch their own bytes only") {
    CX_CHECK(store_and_load<std::uint8_t>(0x12, 3));
    CX_CHECK(store_and_load<std::uint16_t>(0x1234, 2));
    CX_CHECK(store_and_load<std::uint32_t>(0x1234'5678, 4));
    CX_CHECK(store_and_load<std::uint64_t>(0x1234'5678'9abc'def0, 8));
}

TEST_CASE("ordered accesses and the fence") { CX_CHECK(acquire_and_release()); }
TEST_CASE("copy takes all of the source and nothing more") { CX_CHECK(copy_takes_all_of_the_source()); }
TEST_CASE("zero clears the span and nothing more") { CX_CHECK(zero_clears_the_span_only()); }
TEST_CASE("structs are read and written by their layout") { CX_CHECK(structs_are_copied_field_by_field()); }
TEST_CASE("what need not be aligned is read and written at any address") {
    CX_CHECK(structs_have_any_address(1));
    CX_CHECK(structs_have_any_address(8));
    CX_CHECK(structs_have_any_address(15));
}

TEST_CASE("alignment is that of the address") {
    place p;
    CHECK(shared::is_aligned(p.bytes.data(), 16));
    CHECK(shared::is_aligned(p.bytes.data() + 4, 4));
    CHECK(!shared::is_aligned(p.bytes.data() + 4, 16));
    CHECK(!shared::is_aligned(p.bytes.data() + 1, 2));
    static_assert(shared::is_aligned(nullptr, 16));
}
