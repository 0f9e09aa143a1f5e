// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/snapshot.hpp>

#include "support/check.hpp"

#include <array>
#include <cstdint>

using namespace vmsg;

namespace {

constexpr std::array<std::uint8_t, 9> shared{1, 2, 3, 4, 5, 6, 7, 8, 9};

constexpr bool keeps_what_was_there() {
    std::array<std::uint8_t, 4> memory{1, 2, 3, 4};
    snapshot<8> copy;
    if (!copy.take(memory)) return false;
    memory[0] = 99;
    return copy.view() == byte_view{std::array<std::uint8_t, 4>{1, 2, 3, 4}};
}

constexpr bool takes_again() {
    snapshot<8> copy;
    if (!copy.take(byte_view{shared}.first(8)) || !copy.take(byte_view{shared}.first(3))) return false;
    return copy.view() == byte_view{shared}.first(3) && copy.size() == 3;
}

constexpr errc taking(std::size_t size) {
    snapshot<8> copy;
    return copy.take({shared.data(), size}).error();
}

constexpr bool oversize_leaves_it_alone() {
    snapshot<8> copy;
    if (!copy.take(byte_view{shared}.first(2)) || copy.take(shared)) return false;
    return copy.view() == byte_view{shared}.first(2);
}

constexpr bool takes_nothing() {
    snapshot<8> copy;
    return copy.size() == 0 && copy.view().empty() && copy.take({}) && copy.view().empty();
}

} // namespace

TEST_CASE("a snapshot does not change with what it was taken of") { CX_CHECK(keeps_what_was_there()); }

TEST_CASE("a snapshot is taken again") { CX_CHECK(takes_again()); }

TEST_CASE("a snapshot of nothing is empty") { CX_CHECK(takes_nothing()); }

TEST_CASE("a snapshot has a capacity") {
    CX_CHECK(snapshot<8>::capacity() == 8);
    CX_CHECK(taking(8) == errc::none);
    CX_CHECK(taking(9) == errc::oversize);
    CX_CHECK(oversize_leaves_it_alone());
}

TEST_CASE("a snapshot is aligned for any integer") {
    const snapshot<3> copy;
    CHECK(reinterpret_cast<std::uintptr_t>(copy.view().data()) % 8 == 0);
}
