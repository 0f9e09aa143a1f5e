// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/interrupt_queue.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool flags_are_merged_and_never_lost() {
    interrupt_flags<5> f;
    if (f.pending() || f.take_any() != 5) return false;
    f.raise(3);
    f.raise(1);
    f.raise(3);
    if (!f.pending() || f.take_any() != 1 || f.take_any() != 3 || f.take_any() != 5 || f.pending()) return false;
    f.raise(3);
    if (f.take(3) != 1 || f.take(3) != 0 || !f.pending()) return false; // pending only means: look
    return f.take_any() == 5 && !f.pending();
}

constexpr bool a_flag_raised_during_the_search_is_found() {
    interrupt_flags<3> f;
    f.raise(2);
    if (f.take_any() != 2) return false;
    f.raise(0); // meanwhile
    return f.take_any() == 0 && f.take_any() == 3 && !f.pending();
}

constexpr bool sources_take_turns() {
    interrupt_flags<2> f;
    f.raise(0);
    f.raise(1);
    if (f.take_any() != 0) return false;
    f.raise(0); // one that never stops
    return f.take_any() == 1 && f.take_any() == 0 && f.take_any() == 2;
}

constexpr bool bits_of_a_notification_are_sources() {
    interrupt_flags<64> f;
    f.raise_bits(1ull << 63 | 1ull << 7);
    if (f.take_any() != 7 || f.take_any() != 63 || f.take_any() != 64) return false;
    interrupt_flags<8> few;
    few.raise_bits(~0ull); // a peer may set what nobody has
    few.raise(8);
    for (std::size_t i = 0; i < 8; ++i)
        if (few.take_any() != i) return false;
    return few.take_any() == 8;
}

constexpr bool values_stay_in_order_and_a_full_queue_says_so() {
    interrupt_queue<int, 4> q;
    int out = 0;
    if (q.pop(out) || !q.empty()) return false;
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 4; ++i)
            if (!q.push(10 * round + i)) return false;
        if (q.push(99) || q.refused() != static_cast<std::uint32_t>(round + 1)) return false;
        for (int i = 0; i < 4; ++i)
            if (!q.pop(out) || out != 10 * round + i) return false;
        if (!q.empty()) return false;
    }
    interrupt_queue<char, 1> one;
    char c = 0;
    return one.push('a') && !one.push('b') && one.pop(c) && c == 'a' && one.push('c') && one.capacity() == 1;
}

} // namespace

TEST_CASE("Interrupt flags are merged and never lost") {
    CX_CHECK(flags_are_merged_and_never_lost());
    CX_CHECK(a_flag_raised_during_the_search_is_found());
}
TEST_CASE("Interrupt flags take turns") { CX_CHECK(sources_take_turns()); }
TEST_CASE("The bits of a notification are flags, and those that nobody has are ignored") {
    CX_CHECK(bits_of_a_notification_are_sources());
}
TEST_CASE("A queue of an interrupt keeps the order and says when it is full") {
    CX_CHECK(values_stay_in_order_and_a_full_queue_says_so());
}
