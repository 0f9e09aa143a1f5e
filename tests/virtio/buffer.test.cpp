// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/buffer.hpp>

#include "support/check.hpp"

#include <array>
#include <span>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr std::array<buffer, 2> two{buffer{bus_address{0x10}, 1}, buffer{bus_address{0x20}, 2}};
constexpr buffer plain[]{{bus_address{0x10}, 1}, {bus_address{0x20}, 2}};

constexpr std::uint64_t sum(buffer_list list) {
    std::uint64_t total = 0;
    for (const buffer& b : list) total += b.length;
    return total;
}

constexpr bool parts_have_their_addresses() {
    std::array<std::uint8_t, 32> bytes{};
    const dma_buffer memory{bus_address{0x1000}, bytes};
    return memory.whole() == buffer{bus_address{0x1000}, 32} && memory.part(16, 1) == buffer{bus_address{0x1010}, 1} &&
           memory.part(32, 0) == buffer{bus_address{0x1020}, 0};
}

} // namespace

TEST_CASE("a list of buffers views arrays, ranges and single ones") {
    CX_CHECK(buffer_list{}.empty());
    CX_CHECK(buffer_list{two}.size() == 2);
    CX_CHECK(buffer_list{plain}.size() == 2);
    CX_CHECK(buffer_list{two.data(), 1}.size() == 1);
    CX_CHECK(buffer_list{std::span<const buffer>{two}}[1] == two[1]);
    CX_CHECK(buffer_list{two[1]}.begin()->length == 2);
    CX_CHECK(sum(two) == 3);
    CX_CHECK(sum({}) == 0);
}

TEST_CASE("parts of a buffer by bus address") { CX_CHECK(parts_have_their_addresses()); }
