// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/resolver.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr std::uint64_t base = 0x0001'0000'0000'1000;

constexpr errc outcome(std::uint64_t address, std::uint64_t length, std::uint64_t at = base) {
    std::array<std::uint8_t, 64> bytes{};
    const flat_region region{bus_address{at}, bytes};
    const auto found = region.resolve(bus_address{address}, length);
    if (!found) return found.error();
    // Exactly what was asked for, at the right place.
    const bool right = found->size() == length && found->data() == bytes.data() + (address - at);
    return right ? errc::none : errc::peer_error;
}

constexpr bool archetype_resolves_nothing() {
    archetypes::resolver none;
    return none.resolve(bus_address{0}, 1).error() == errc::bad_value;
}

} // namespace

TEST_CASE("a region resolves what is inside, to the last byte") {
    CX_CHECK(outcome(base, 64) == errc::none);
    CX_CHECK(outcome(base, 1) == errc::none);
    CX_CHECK(outcome(base + 63, 1) == errc::none);
    CX_CHECK(outcome(base + 32, 32) == errc::none);
    CX_CHECK(outcome(base + 64, 0) == errc::none);
}

TEST_CASE("a region refuses what is not inside, without wrapping") {
    CX_CHECK(outcome(base - 1, 1) == errc::bad_value);
    CX_CHECK(outcome(base - 1, 65) == errc::bad_value);
    CX_CHECK(outcome(base + 64, 1) == errc::bad_value);
    CX_CHECK(outcome(base + 65, 0) == errc::bad_value);
    CX_CHECK(outcome(base + 1, 64) == errc::bad_value);
    CX_CHECK(outcome(base, 65) == errc::bad_value);
    CX_CHECK(outcome(base + 1, 0xffff'ffff'ffff'ffff) == errc::bad_value);
    CX_CHECK(outcome(base, 0 - base) == errc::bad_value);
    CX_CHECK(outcome(0, 1) == errc::bad_value);
    CX_CHECK(outcome(0xffff'ffff'ffff'ffff, 1) == errc::bad_value);
}

TEST_CASE("trap 15: a region at the very end of the address space is whole") {
    constexpr std::uint64_t top = 0xffff'ffff'ffff'ffc0;
    CX_CHECK(outcome(top, 64, top) == errc::none);
    CX_CHECK(outcome(top + 63, 1, top) == errc::none);
    CX_CHECK(outcome(top + 63, 2, top) == errc::bad_value);
}

TEST_CASE("an empty region resolves nothing") {
    CX_CHECK(flat_region{}.resolve(bus_address{0}, 1).error() == errc::bad_value);
    CX_CHECK(archetype_resolves_nothing());
}

TEST_CASE("a region knows where it is") {
    std::array<std::uint8_t, 8> bytes{};
    const flat_region region{bus_address{base}, bytes};
    CHECK(region.base() == bus_address{base});
    CHECK(region.memory().data() == bytes.data());
    CHECK(region.memory().size() == 8);
}
