// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/bytes.hpp>

#include "support/check.hpp"

#include <array>
#include <span>

using namespace vmsg;

namespace {

constexpr std::array<std::uint8_t, 9> counted{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88};

} // namespace

TEST_CASE("load_le reads little-endian integers at any alignment") {
    CX_CHECK(load_le<std::uint8_t>(counted.data() + 8) == 0x88);
    CX_CHECK(load_le<std::uint16_t>(counted.data() + 1) == 0x0201);
    CX_CHECK(load_le<std::uint32_t>(counted.data() + 1) == 0x04030201);
    CX_CHECK(load_le<std::uint64_t>(counted.data()) == 0x0706050403020100);
    CX_CHECK(load_le<std::uint64_t>(counted.data() + 1) == 0x8807060504030201);
}
