// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A small generator of repeatable random numbers.

#include <cstdint>

namespace proto_test {

/// xorshift64*: the same sequence everywhere for the same seed.
class random_numbers {
public:
    constexpr explicit random_numbers(std::uint64_t seed) : state_(seed * 0x9e37'79b9'7f4a'7c15u + 1) {}

    constexpr std::uint64_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545'f491'4f6c'dd1du;
    }
    /// A number below `n`.
    constexpr unsigned below(unsigned n) { return static_cast<unsigned>((*this)() >> 33) % n; }
    constexpr bool one_in(unsigned n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

} // namespace proto_test
