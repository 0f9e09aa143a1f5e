// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Repeatable random numbers, for tests and faults on purpose. Nothing secret can be made of them.

#include <cstdint>

namespace vmsg {

/// xorshift64*: the same sequence everywhere for the same seed.
class random_numbers {
public:
    constexpr explicit random_numbers(std::uint64_t seed) : state_(seed * 0x9e37'79b9'7f4a'7c15u + 1) {
        if (state_ == 0) state_ = 1; // the only state that leads nowhere
    }

    constexpr std::uint64_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545'f491'4f6c'dd1du;
    }
    /// A number below `n`, which is not 0.
    constexpr std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((*this)() >> 33) % n; }
    constexpr bool one_in(std::uint32_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

} // namespace vmsg
