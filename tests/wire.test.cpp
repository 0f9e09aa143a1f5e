// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/wire.hpp>

#include "support/check.hpp"

#include <array>
#include <cstdint>
#include <string_view>

using namespace vmsg;

namespace {

enum class shade : std::uint16_t { dark = 1 };

struct block {
    std::uint8_t bytes[16]{};
    friend bool operator==(const block&, const block&) = default;
};

// One member of each kind, with padding, at offsets that are not aligned.
struct sample {
    std::uint8_t small{};
    std::uint64_t wide{};
    shade color{};
    std::uint32_t narrow{};
    block id{};
    std::uint16_t count{};
    wire::tail<std::uint16_t> values{};
    friend bool operator==(const sample&, const sample&) = default;
};

using sample_layout =
    fields<field<0, &sample::small>, field<1, &sample::wide>, reserved<9, 3>, field<12, &sample::color, "tint">,
           field<14, &sample::narrow, "", std::uint16_t>, field<16, &sample::id>, field<32, &sample::count>,
           counted<34, &sample::values, &sample::count>>;

constexpr sample some{
    .small = 0x10,
    .wide = 0x27262524'23222120,
    .color = shade{0x3130},
    .narrow = 0x4140,
    .id = {{0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f}},
    .count = 0x6160};

constexpr std::array<std::uint8_t, 34> golden{0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x00, 0x00, 0x00,
                                              0x30, 0x31, 0x40, 0x41, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
                                              0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61};

// The sample at byte 3 of memory full of 0xa5.
constexpr bool puts() {
    std::array<std::uint8_t, 40> memory{};
    for (auto& byte : memory) byte = 0xa5;
    wire::byte_sink sink{memory.data()};
    sample_layout::put<3>(sink, some);
    for (std::size_t i = 0; i < memory.size(); ++i)
        if (memory[i] != (i >= 3 && i < 37 ? golden[i - 3] : 0xa5)) return false;
    return true;
}

constexpr bool gets(std::uint8_t padding) {
    std::array<std::uint8_t, 37> memory{};
    for (std::size_t i = 0; i < golden.size(); ++i) memory[i + 3] = golden[i];
    for (const std::size_t i : std::array<std::size_t, 3>{9, 10, 11}) memory[i + 3] = padding;
    sample m;
    sample_layout::get<3>(wire::byte_source{memory.data()}, m);
    return m == some;
}

struct name_collector {
    std::array<std::string_view, 8> names{};
    std::size_t count = 0;
    template <class T> constexpr void operator()(const char* name, T&) { names[count++] = name; }
};

constexpr name_collector collected() {
    name_collector collector;
    sample m;
    sample_layout::visit(m, collector);
    return collector;
}

struct number_setter {
    template <class T> constexpr void operator()(const char*, T& member) const {
        if constexpr (std::is_integral_v<T>) member = 7;
    }
};

constexpr bool visitor_can_write() {
    sample m;
    sample_layout::visit(m, number_setter{});
    return m.small == 7 && m.wide == 7 && m.narrow == 7 && m.count == 7 && m.color == shade{};
}

constexpr bool tail_agrees(std::uint16_t count, std::size_t bytes) {
    return sample_layout::tail::agrees(sample{.count = count}, bytes);
}

} // namespace

TEST_CASE("a layout knows its size, its tail and its names") {
    CX_CHECK(sample_layout::present);
    CX_CHECK(sample_layout::fixed_size == 34);
    CX_CHECK(sample_layout::has_tail);
    CX_CHECK(fields<>::fixed_size == 0);
    CX_CHECK(!fields<>::has_tail);
    CX_CHECK(!absent::present);
    constexpr name_collector seen = collected();
    CX_CHECK(seen.count == 7);
    CX_CHECK(seen.names[0] == "small");
    CX_CHECK(seen.names[1] == "wide");
    CX_CHECK(seen.names[2] == "tint");
    CX_CHECK(seen.names[3] == "narrow");
    CX_CHECK(seen.names[4] == "id");
    CX_CHECK(seen.names[5] == "count");
    CX_CHECK(seen.names[6] == "values");
}

TEST_CASE("a layout puts members at their offsets and zero into padding") { CX_CHECK(puts()); }

TEST_CASE("a layout gets members from their offsets and does not look at padding") {
    CX_CHECK(gets(0x00));
    CX_CHECK(gets(0xff));
}

TEST_CASE("a visitor may write") { CX_CHECK(visitor_can_write()); }

TEST_CASE("a value fits its field or not") {
    CX_CHECK(sample_layout::fits(sample{.narrow = 0xffff}));
    CX_CHECK(!sample_layout::fits(sample{.narrow = 0x10000}));
    CX_CHECK(!sample_layout::fits(sample{.narrow = 0x8000'0000}));
    CX_CHECK(sample_layout::fits(sample{.wide = ~0ull}));
}

TEST_CASE("the three ways to count a tail") {
    CX_CHECK(tail_agrees(3, 6));
    CX_CHECK(!tail_agrees(3, 5));
    CX_CHECK(!tail_agrees(3, 3));
    CX_CHECK(!tail_agrees(3, 0));
    using optional = counted_or_none<34, &sample::values, &sample::count, "data">;
    CX_CHECK(optional::agrees(sample{.count = 3}, 6));
    CX_CHECK(optional::agrees(sample{.count = 3}, 0));
    CX_CHECK(!optional::agrees(sample{.count = 3}, 4));
    CX_CHECK(std::string_view{optional::name()} == "data");
    using bitmap = bit_counted<34, &sample::values, &sample::count>;
    CX_CHECK(bitmap::agrees(sample{.count = 0}, 0));
    CX_CHECK(bitmap::agrees(sample{.count = 1}, 1));
    CX_CHECK(bitmap::agrees(sample{.count = 8}, 1));
    CX_CHECK(bitmap::agrees(sample{.count = 9}, 2));
    CX_CHECK(!bitmap::agrees(sample{.count = 9}, 1));
    CX_CHECK(!bitmap::agrees(sample{.count = 9}, 0));
    CX_CHECK(bitmap::agrees(sample{.count = 0xffff}, 8192));
}

TEST_CASE("contiguous finds gaps, overlaps, a wrong order and fields behind a tail") {
    CX_CHECK(wire::contiguous<>());
    CX_CHECK(wire::contiguous<reserved<0, 1>, reserved<1, 2>, reserved<3, 1>>());
    CX_CHECK(!wire::contiguous<reserved<1, 1>>());
    CX_CHECK(!wire::contiguous<reserved<0, 1>, reserved<2, 1>>());
    CX_CHECK(!wire::contiguous<reserved<0, 2>, reserved<1, 1>>());
    CX_CHECK(!wire::contiguous<reserved<1, 1>, reserved<0, 1>>());
    using values = counted<34, &sample::values, &sample::count>;
    CX_CHECK(wire::contiguous<reserved<0, 34>, values>());
    CX_CHECK(!wire::contiguous<reserved<0, 34>, values, reserved<34, 1>>());
}
