// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A fixed number of flags, for queues and pools.

#include <cstddef>
#include <cstdint>

namespace vmsg::detail {

/// `Bits` flags, clear at first. The caller has checked every index.
template <std::size_t Bits> class bitmap {
public:
    [[nodiscard]] constexpr bool test(std::size_t i) const { return (words_[i / 32] >> i % 32 & 1) != 0; }
    constexpr void set(std::size_t i) { words_[i / 32] |= std::uint32_t{1} << i % 32; }
    constexpr void clear(std::size_t i) { words_[i / 32] &= ~(std::uint32_t{1} << i % 32); }
    constexpr void clear() {
        for (std::uint32_t& word : words_) word = 0;
    }

private:
    std::uint32_t words_[(Bits + 31) / 32]{};
};

} // namespace vmsg::detail
