// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using attributes = ffa::memory_attributes;
using permissions = ffa::memory_permissions;

namespace {

constexpr ffa::memory_region three[]{{0x8000'0000, 1}, {0x8001'0000, 4}, {0x12'3456'7000, 16}};
constexpr std::uint8_t three_bytes[]{0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
                                     0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x01, 0x80, 0x00, 0x00, 0x00, 0x00,
                                     0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x70, 0x56, 0x34,
                                     0x12, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

constexpr ffa::memory_regions in_bytes(std::size_t size = sizeof three_bytes) {
    return ffa::memory_regions::from_wire(byte_view{three_bytes}.first(size), 16);
}

} // namespace

TEST_CASE("bit 63 of a handle tells who allocated it") {
    CX_CHECK(ffa::is_hypervisor_handle(ffa::memory_handle{0x8000'0000'0000'0000}));
    CX_CHECK(!ffa::is_hypervisor_handle(ffa::memory_handle{0x7fff'ffff'ffff'ffff}));
    CX_CHECK(ffa::invalid_handle == ffa::memory_handle{0xffff'ffff'ffff'ffff});
}

TEST_CASE("a region is whole pages that do not wrap") {
    CX_CHECK(legal(ffa::memory_region{0, 1}));
    CX_CHECK(legal(ffa::memory_region{0x1000, 0xffff'ffff}));
    CX_CHECK(legal(ffa::memory_region{0xffff'ffff'ffff'e000, 1}));
    CX_CHECK(!legal(ffa::memory_region{0xffff'ffff'ffff'f000, 1}));
    CX_CHECK(!legal(ffa::memory_region{0xffff'ffff'ffff'e000, 2}));
    CX_CHECK(!legal(ffa::memory_region{0xffff'f000'0000'1000, 0xffff'ffff}));
    CX_CHECK(!legal(ffa::memory_region{0x1000, 0}));
    CX_CHECK(!legal(ffa::memory_region{0x1001, 1}));
    CX_CHECK(!legal(ffa::memory_region{0x1800, 1}));
}

TEST_CASE("attributes and permissions have bits that are zero and values that do not exist") {
    CX_CHECK(static_cast<std::uint16_t>(ffa::normal_memory) == 0x2f);
    CX_CHECK(legal(ffa::normal_memory));
    CX_CHECK(legal(ffa::normal_memory | attributes::non_secure));
    CX_CHECK(legal(attributes::device | attributes::device_ngnre));
    CX_CHECK(!legal(attributes{0x80} | ffa::normal_memory));
    CX_CHECK(!legal(attributes{0x8000} | ffa::normal_memory));
    CX_CHECK(!legal(attributes{0x3f}));
    CX_CHECK(!legal(attributes{0x2d}));
    CX_CHECK(legal(permissions::unspecified));
    CX_CHECK(legal(permissions::read_write | permissions::executable));
    CX_CHECK(!legal(permissions{3}));
    CX_CHECK(!legal(permissions{0xc}));
    CX_CHECK(!legal(permissions{0x12}));
}

TEST_CASE("each operation has a type for who retrieves") {
    CX_CHECK(type_of(ffa::memory_operation::share) == ffa::memory_flags{0x08});
    CX_CHECK(type_of(ffa::memory_operation::lend) == ffa::memory_flags{0x10});
    CX_CHECK(type_of(ffa::memory_operation::donate) == ffa::memory_flags{0x18});
}

TEST_CASE("who retrieves may hint at an alignment") {
    CX_CHECK(ffa::aligned_to(0) == ffa::memory_flags{0x200});
    CX_CHECK(ffa::aligned_to(9) == ffa::memory_flags{0x320});
    CX_CHECK(ffa::aligned_to(15) == (ffa::memory_flags::alignment_hint | ffa::memory_flags::alignment_hint_mask));
}

TEST_CASE("a list is the same over values and over bytes") {
    CX_CHECK(in_bytes() == ffa::memory_regions{three});
    CX_CHECK(in_bytes(47).size() == 2);
    CX_CHECK(in_bytes().drop(1) == ffa::memory_regions{three}.drop(1));
    CX_CHECK(in_bytes().drop(1).first(1)[0] == three[1]);
    CX_CHECK(ffa::memory_regions{three}.drop(2).first(1)[0] == three[2]);
    CX_CHECK(in_bytes().drop(3).empty());
    CX_CHECK(!(in_bytes() == ffa::memory_regions{three}.first(2)));
    CX_CHECK(!(in_bytes().first(2) == ffa::memory_regions{three}.drop(1)));
    const std::array<ffa::memory_region, 2> two{three[0], three[1]};
    CHECK(ffa::memory_regions{two} == in_bytes(32));
}

TEST_CASE("pages are counted in 64 bits") {
    constexpr ffa::memory_region large[]{{0, 0xffff'ffff}, {0, 0xffff'ffff}, {0, 2}};
    CX_CHECK(page_count_of(three) == 21);
    CX_CHECK(page_count_of(large) == 0x2'0000'0000);
    CX_CHECK(page_count_of(ffa::memory_regions{}) == 0);
}
