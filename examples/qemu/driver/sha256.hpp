// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// SHA-256. Source: FIPS 180-4.

#include <vmsg/bytes.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace driver {

namespace detail {

// The first 32 bits of the fractional part of the root of the n-th prime: the square root for the initial state, the
// cube root for the round constants. Whole-number arithmetic: the root of p x 2^(32 x degree), without its whole part.
constexpr std::uint32_t fraction_of_root(std::uint64_t prime, int degree) {
    __extension__ using wide = unsigned __int128;
    std::uint64_t root = 0;
    for (int bit = 36; bit >= 0; --bit) {
        const wide next = root | std::uint64_t{1} << bit;
        const wide power = degree == 2 ? next * next : next * next * next;
        if (power <= static_cast<wide>(prime) << (32 * degree)) root = static_cast<std::uint64_t>(next);
    }
    return static_cast<std::uint32_t>(root);
}

struct sha256_constants {
    std::uint32_t initial[8]{};
    std::uint32_t round[64]{};

    constexpr sha256_constants() {
        std::uint64_t candidate = 1;
        for (int i = 0; i < 64; ++i) {
            for (bool prime = false; !prime;) {
                prime = true;
                ++candidate;
                for (std::uint64_t d = 2; d * d <= candidate; ++d) prime = prime && candidate % d != 0;
            }
            if (i < 8) initial[i] = fraction_of_root(candidate, 2);
            round[i] = fraction_of_root(candidate, 3);
        }
    }
};
inline constexpr sha256_constants constants{};

} // namespace detail

class sha256 {
public:
    static constexpr std::size_t size = 32; ///< bytes of the result

    constexpr void add(vmsg::byte_view bytes) {
        length_ += bytes.size();
        for (const std::uint8_t byte : bytes) {
            block_[used_++] = byte;
            if (used_ == sizeof block_) consume();
        }
    }

    /// The hash of everything that was added; nothing can be added after it.
    struct value {
        std::uint8_t bytes[size]{};
        friend bool operator==(const value&, const value&) = default;
    };
    constexpr value finish() {
        const std::uint64_t bits = length_ * 8;
        const std::uint8_t one[] = {0x80};
        const std::uint8_t zero[] = {0};
        add(one);
        while (used_ != sizeof block_ - 8) add(zero);
        for (int shift = 56; shift >= 0; shift -= 8) {
            const std::uint8_t byte[] = {static_cast<std::uint8_t>(bits >> shift)};
            add(byte);
        }
        value made;
        for (std::size_t i = 0; i < size; ++i)
            made.bytes[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - i % 4 * 8));
        return made;
    }

private:
    constexpr void consume() {
        std::uint32_t w[64]{};
        for (std::size_t i = 0; i < sizeof block_; ++i) w[i / 4] = w[i / 4] << 8 | block_[i];
        for (std::size_t i = 16; i < 64; ++i) {
            const std::uint32_t low = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
            const std::uint32_t high = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + low + w[i - 7] + high;
        }
        auto [a, b, c, d, e, f, g, h] = state_;
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
            const std::uint32_t first = h + sum1 + ((e & f) ^ (~e & g)) + detail::constants.round[i] + w[i];
            const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
            const std::uint32_t second = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first;
            d = c, c = b, b = a, a = first + second;
        }
        const std::uint32_t change[] = {a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < 8; ++i) state_[i] += change[i];
        used_ = 0;
    }

    std::uint32_t state_[8] = {detail::constants.initial[0], detail::constants.initial[1], detail::constants.initial[2],
                               detail::constants.initial[3], detail::constants.initial[4], detail::constants.initial[5],
                               detail::constants.initial[6], detail::constants.initial[7]};
    std::uint8_t block_[64]{};
    std::size_t used_ = 0;
    std::uint64_t length_ = 0; // bytes
};

} // namespace driver
