// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/fifo_region.hpp>

#include "support/check.hpp"
#include "transport/fifo_support.hpp"

#include <initializer_list>

using namespace fifo_test;

namespace {

constexpr bool both_sides_see_the_same_rings() {
    alignas(fifo_alignment) std::uint8_t memory[8064]{};
    for (auto& b : memory) b = 0xa5;
    const auto made = make_fifo_region(memory);
    const auto found = check_fifo_region(memory);
    if (!made || !found) return false;
    return made->to_device.memory.data() == found->to_device.memory.data() &&
           made->to_driver.memory.data() == found->to_driver.memory.data() && found->to_device.memory.size() == 4032 &&
           found->to_driver.memory.size() == 4032 && found->to_device.geometry == fifo_geometry{128, 30} &&
           found->to_driver.geometry == fifo_geometry{128, 30};
}

constexpr std::uint64_t size_of(std::uint16_t message_size, std::uint16_t depth) {
    return fifo_region_size({message_size, depth});
}

} // namespace

TEST_CASE("a region that the driver side makes is one for the device side") {
    CX_CHECK(both_sides_see_the_same_rings());
    for (const fifo_geometry g : {fifo_geometry{104, 1}, fifo_geometry{105, 3}, fifo_geometry{0xffff, 1},
                                  fifo_geometry{111, 7}, fifo_geometry{104, 0xffff}}) {
        std::vector<std::uint8_t> memory(static_cast<std::size_t>(fifo_region_size(g)) + 16, 0xa5);
        const auto made = make_fifo_region(memory, g);
        REQUIRE(made);
        const auto found = check_fifo_region(memory);
        REQUIRE(found);
        CHECK(found->to_device.memory.size() == g.ring_size());
        CHECK(found->to_driver.memory.data() == made->to_driver.memory.data());
        CHECK(made->to_driver.memory.data() >= made->to_device.memory.end());
    }
}

TEST_CASE("sizes of regions do not overflow") {
    CX_CHECK(size_of(128, 30) == 8064);
    CX_CHECK(size_of(104, 4) == 1216);
    CX_CHECK(size_of(105, 1) == 304 + 297);
    CX_CHECK(size_of(0xffff, 0xffff) == 2 * (192 + 0xffffull * 0xffff) + 7);
}

TEST_CASE("a region is not made where it does not fit, or of a geometry that is not legal") {
    region_memory memory;
    CHECK(make_fifo_region(memory.all(), {104, 5}).error() == errc::oversize);
    CHECK(make_fifo_region(memory.all().first(1215), {104, 4}).error() == errc::oversize);
    CHECK(make_fifo_region(memory.all(), {103, 4}).error() == errc::invalid_argument);
    CHECK(make_fifo_region(memory.all(), {104, 0}).error() == errc::invalid_argument);
    CHECK(make_fifo_region(memory.all().drop(4), {104, 1}).error() == errc::invalid_argument);
    CHECK(check_fifo_region(memory.all().drop(2)).error() == errc::invalid_argument);
    for (const std::uint8_t b : memory.all()) CHECK(b == 0);
}

TEST_CASE("a second ring at an odd offset is refused: its indices could not be read in one access") {
    region_memory memory({104, 4});
    REQUIRE(make_fifo_region(memory.all(), {105, 3}));
    store_le(memory.all().data() + 24, std::uint32_t{192 + 315}); // both rings fit
    copy_bytes(memory.all().data() + 507, memory.all().data() + 512, 192);
    CHECK(check_fifo_region(memory.all()).error() == errc::bad_value);
}

TEST_CASE("a region that is one byte too short for any of its parts is refused") {
    region_memory memory({104, 4});
    REQUIRE(make_fifo_region(memory.all(), {104, 4}));
    for (std::size_t size = 0; size < 1216; ++size) {
        // A view of its own, so that a sanitizer sees a read beyond it.
        std::vector<std::uint64_t> words((size + 7) / 8 + 1);
        const byte_span cut{static_cast<std::uint8_t*>(static_cast<void*>(words.data())), size};
        copy_bytes(cut.data(), memory.all().data(), size);
        const errc why = check_fifo_region(cut).error();
        // The second ring begins behind the end.
        CHECK(why == (size >= 608 && size <= 608 ? errc::bad_value : errc::truncated));
    }
    CHECK(check_fifo_region(memory.all()));
}

TEST_CASE("each byte of the header that is checked counts") {
    region_memory memory({104, 4});
    for (const std::size_t ring : {std::size_t{0}, std::size_t{608}}) {
        for (std::size_t at = 0; at < fifo_header_size; ++at) {
            REQUIRE(make_fifo_region(memory.all(), {104, 4}));
            memory.all()[ring + at] ^= 0x80;
            const bool judged = at < 10 || (at >= 16 && at < 20) || (at >= 24 && at < 28);
            CHECK(check_fifo_region(memory.all()).has_value() != judged);
        }
    }
}
