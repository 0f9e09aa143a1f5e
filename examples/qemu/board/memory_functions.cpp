// SPDX-License-Identifier: BSD-2-Clause
// The four functions that a compiler calls by itself, whatever it was told. Compiled so that it does not find its own
// loops in them.
#include <cstddef>
#include <cstdint>

namespace {

using word [[gnu::may_alias]] = std::uint64_t; // of memory that has objects of any type

bool both_aligned(const void* a, const void* b) {
    return ((reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b)) & (sizeof(word) - 1)) == 0;
}

} // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
    auto* out = static_cast<std::uint8_t*>(to);
    const auto* in = static_cast<const std::uint8_t*>(from);
    if (both_aligned(to, from)) {
        for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word), in += sizeof(word))
            *reinterpret_cast<word*>(out) = *reinterpret_cast<const word*>(in);
    }
    for (; size != 0; --size) *out++ = *in++;
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* out = static_cast<std::uint8_t*>(to);
    const auto* in = static_cast<const std::uint8_t*>(from);
    if (out <= in) return memcpy(to, from, size);
    while (size-- != 0) out[size] = in[size];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* out = static_cast<std::uint8_t*>(to);
    const auto byte = static_cast<std::uint8_t>(value);
    if (both_aligned(to, nullptr)) {
        const std::uint64_t all = byte * std::uint64_t{0x0101'0101'0101'0101};
        for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word)) *reinterpret_cast<word*>(out) = all;
    }
    for (; size != 0; --size) *out++ = byte;
    return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
    const auto* x = static_cast<const std::uint8_t*>(a);
    const auto* y = static_cast<const std::uint8_t*>(b);
    for (std::size_t i = 0; i < size; ++i)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}
}
