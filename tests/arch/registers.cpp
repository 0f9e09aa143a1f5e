// SPDX-License-Identifier: BSD-2-Clause
// What the instruction of each conduit sees, and what comes back from it.
#include "arch/conduits.hpp"
#include "arch/instructions.hpp"

#include <doctest/doctest.h>

using namespace vmsg;
using arch_test::instruction;

namespace {

struct seen {
    instruction what{};
    ffa::call_frame call{};
    std::uint64_t* shared = nullptr;
    std::uint64_t found = 0;

    static void answer(void* context, instruction what, ffa::call_frame& frame) {
        auto& self = *static_cast<seen*>(context);
        self.what = what;
        self.call = frame;
        for (std::uint64_t& x : frame.x) x = ~x;
        if (self.shared == nullptr) return;
        self.found = *self.shared;
        *self.shared = 0xbad;
    }
};

ffa::call_frame pattern() {
    ffa::call_frame frame;
    for (std::uint64_t i = 0; i < 18; ++i) frame.x[i] = 0x0101'0101'0101'0101 * (i + 1);
    return frame;
}

void check(void (*conduit)(ffa::call_frame&), instruction expected) {
    seen by{};
    const arch_test::trap manager{seen::answer, &by};
    ffa::call_frame frame = pattern();
    conduit(frame);
    CHECK(by.what == expected);
    CHECK(by.call == pattern());
    for (std::size_t i = 0; i < 18; ++i) CHECK(frame.x[i] == ~pattern().x[i]);
}

} // namespace

TEST_CASE("Conduits: SMC carries x0 to x17 in both directions") { check(arch_test::call_by_smc, instruction::smc); }

TEST_CASE("Conduits: HVC carries x0 to x17 in both directions") { check(arch_test::call_by_hvc, instruction::hvc); }

TEST_CASE("Conduits: memory is written before the call and read after it") {
    std::uint64_t shared = 0;
    seen by{.shared = &shared};
    const arch_test::trap manager{seen::answer, &by};
    ffa::call_frame frame = pattern();
    CHECK(arch_test::exchange(&shared, frame) == 0xbad);
    CHECK(by.found == 0x600d);
}

TEST_CASE("Conduits: values around the call survive it") {
    seen by{};
    const arch_test::trap manager{seen::answer, &by};
    const std::uint64_t values[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};
    ffa::call_frame frame = pattern();
    CHECK(arch_test::call_among_values(values, frame) == 4095);
}
