// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::call_frame`: the registers of an FF-A call and of its answer. Source: SMCCC 1.2 and FF-A 1.2, which use x0 to
// x17 in both directions.

#include <cstdint>

namespace vmsg::ffa {

/// x0 to x17 as values, all zero at first: some callees reject a call with a register that it does not use and that is
/// not zero. After the call it holds the answer; a register that the answer does not define has no meaning.
/// Aligned for code that loads and stores the registers in pairs.
struct alignas(16) call_frame {
    std::uint64_t x[18]{};

    friend bool operator==(const call_frame&, const call_frame&) = default;
};
static_assert(sizeof(call_frame) == 18 * 8);

} // namespace vmsg::ffa
