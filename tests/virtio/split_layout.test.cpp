// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/split_layout.hpp>

#include <vmsg/virtio/shared_memory.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

struct sizes {
    std::uint32_t entries, descriptor, driver, device, driver_offset, device_offset, end;
};
// As the specification's formulas give them, computed by hand.
constexpr sizes table[]{
    {1, 16, 8, 14, 16, 24, 38},
    {8, 128, 22, 70, 128, 152, 222},
    {256, 4096, 518, 2054, 4096, 4616, 6670},
    {32768, 524288, 65542, 262150, 524288, 589832, 851982},
};

constexpr bool sizes_match() {
    for (const sizes& row : table) {
        const queue_block block{row.entries};
        if (descriptor_area_size(row.entries) != row.descriptor || driver_area_size(row.entries) != row.driver ||
            device_area_size(row.entries) != row.device || block.driver_offset != row.driver_offset ||
            block.device_offset != row.device_offset || block.size != row.end)
            return false;
    }
    return true;
}

constexpr bool areas_are_aligned_disjoint_and_tight() {
    for (std::uint32_t n = 1; n <= max_queue_size; n *= 2) {
        const queue_block block{n};
        if (block.driver_offset % driver_area_alignment != 0 || block.device_offset % device_area_alignment != 0)
            return false;
        const std::uint32_t driver_end = block.driver_offset + driver_area_size(n);
        if (block.driver_offset < descriptor_area_size(n) || block.device_offset < driver_end ||
            block.device_offset - driver_end >= device_area_alignment ||
            block.size != block.device_offset + device_area_size(n))
            return false;
    }
    return true;
}

constexpr bool only_powers_of_two_are_legal() {
    for (std::uint32_t n = 0; n <= 70000; ++n) {
        bool legal = false;
        for (unsigned bit = 0; bit <= 15; ++bit) legal = legal || n == std::uint32_t{1} << bit;
        if (legal_queue_size(n) != legal) return false;
    }
    return !legal_queue_size(0x8000'0000) && !legal_queue_size(0xffff'ffff);
}

constexpr bool entries_of_the_largest_queue_do_not_wrap() {
    return ring::descriptor_entry(32767) == 524272 && ring::available_entry(32767) == 65538 &&
           ring::used_entry(32767) == 262140 && ring::available_entry(32768) + 2 == driver_area_size(32768) &&
           ring::used_entry(32768) + 2 == device_area_size(32768);
}

constexpr bool positions_survive_the_notification() {
    for (std::uint32_t index = 0; index < 65536; ++index) {
        const auto i = static_cast<std::uint16_t>(index);
        const std::uint32_t word = next_offset_of(i);
        if ((word & 0x7fff'8000) != 0 || word >> 31 != index >> 15) return false;
        if (available_index_of(word) != i || available_index_of(index) != i) return false;
    }
    return true;
}

struct place {
    alignas(16) std::array<std::uint8_t, 16> bytes{};
};

constexpr bool descriptor_bytes() {
    constexpr std::array<std::uint8_t, 16> golden{0x00, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0x0c,
                                                  0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x34, 0x12};
    constexpr descriptor d{.addr = bus_address{0x0cba'9876'5432'1000},
                           .len = 512,
                           .flags = descriptor_flags::next | descriptor_flags::write,
                           .next = 0x1234};
    place p;
    p.bytes.fill(0xa5);
    shared::write(byte_span{p.bytes}, 0, d);
    return p.bytes == golden && shared::read<descriptor>(p.bytes, 0) == d;
}

constexpr bool used_element_bytes() {
    constexpr std::array<std::uint8_t, 8> golden{0x34, 0x12, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00};
    constexpr used_element u{.id = 0x1234, .len = 513};
    place p;
    shared::write(byte_span{p.bytes}, 4, u);
    return byte_view{p.bytes}.drop(4).first(8) == byte_view{golden} && shared::read<used_element>(p.bytes, 4) == u;
}

constexpr bool block_is_cut_into_areas() {
    std::array<std::uint8_t, 240> memory{};
    const queue_block block{8};
    const queue_memory areas = block.areas(memory);
    return areas.descriptor.data() == memory.data() && areas.descriptor.size() == 128 &&
           areas.driver.data() == memory.data() + 128 && areas.driver.size() >= 22 &&
           areas.device.data() == memory.data() + 152 && areas.device.size() == 70;
}

} // namespace

TEST_CASE("sizes and offsets of the areas") { CX_CHECK(sizes_match()); }
TEST_CASE("SQ1: the areas of a block are aligned and disjoint") { CX_CHECK(areas_are_aligned_disjoint_and_tight()); }
TEST_CASE("SQ2, trap 31: a size is a power of two from 1 to 32768") { CHECK(only_powers_of_two_are_legal()); }

TEST_CASE("SQ2: the chosen size respects both maxima") {
    CX_CHECK(best_queue_size(256, 256) == 256);
    CX_CHECK(best_queue_size(100, 256) == 64);
    CX_CHECK(best_queue_size(256, 8) == 8);
    CX_CHECK(best_queue_size(1, 8) == 1);
    CX_CHECK(best_queue_size(0xffff'ffff, 0xffff'ffff) == 32768);
    CX_CHECK(best_queue_size(0, 256) == 0);
}

TEST_CASE("trap 27: the end of a block is no place for the next one") {
    for (const sizes& row : table) CHECK(queue_block{row.entries}.size % descriptor_area_alignment != 0);
}

TEST_CASE("trap 28: the event fields are inside the areas") {
    CX_CHECK(driver_area_size(8) == ring::available_entry(8) + 2);
    CX_CHECK(device_area_size(8) == ring::used_entry(8) + 2);
    CX_CHECK(ring::used_event(8) == 4 + 2 * 8);
    CX_CHECK(ring::avail_event(8) == 4 + 8 * 8);
    CX_CHECK(ring::used_event(32768) == 65540);
    CX_CHECK(ring::avail_event(32768) == 262148);
}

TEST_CASE("trap 32: 32768 entries need more than 16 bits") { CX_CHECK(entries_of_the_largest_queue_do_not_wrap()); }

TEST_CASE("a block is cut into its areas by both names") {
    CX_CHECK(queue_block{8}.addresses(bus_address{0x1000}) ==
             queue_addresses{bus_address{0x1000}, bus_address{0x1080}, bus_address{0x1098}});
    CX_CHECK(block_is_cut_into_areas());
}

TEST_CASE("descriptor and used element on the wire") {
    CX_CHECK(descriptor_bytes());
    CX_CHECK(used_element_bytes());
}

TEST_CASE("descriptor flags") {
    CX_CHECK(has(descriptor_flags::next | descriptor_flags::write, descriptor_flags::write));
    CX_CHECK(!has(descriptor_flags::next | descriptor_flags::write, descriptor_flags::indirect));
    CX_CHECK(static_cast<std::uint16_t>(descriptor_flags::indirect) == 4);
}

TEST_CASE("SQ61: a notification carries the available index in the core form and both are understood") {
    CX_CHECK(next_offset_of(0x8123) == 0x8000'0123);
    CX_CHECK(next_offset_of(0x0123) == 0x0000'0123);
    CX_CHECK(available_index_of(0x8000'0123) == 0x8123);
    CX_CHECK(available_index_of(0x0000'8123) == 0x8123);
    CHECK(positions_survive_the_notification());
}
