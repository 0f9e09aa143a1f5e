// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `snapshot`: a private copy of bytes that somebody else can write at any time. Everything that a peer shares is copied
// once, the copy is checked, and the copy is used.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>

namespace vmsg {

/// Copies all of `shared` to `to`, which is private and has room for it.
constexpr void copy_shared(byte_span to, byte_view shared) {
    VMSG_ASSERT(shared.size() <= to.size());
    if (std::is_constant_evaluated()) {
        for (std::size_t i = 0; i < shared.size(); ++i) to[i] = shared[i];
    } else if (shared.size() != 0) { // an empty view may have no address at all
        __builtin_memcpy(to.data(), shared.data(), shared.size());
        // Without it the compiler may read the shared bytes again instead of the copy.
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
}

/// Up to `Capacity` bytes, aligned to 8, empty at first.
template <std::size_t Capacity> class snapshot {
public:
    constexpr snapshot() = default;

    /// Copies all of `shared`. `oversize`, with nothing read, if it does not fit.
    constexpr result<void> take(byte_view shared) {
        if (shared.size() > Capacity) return errc::oversize;
        size_ = shared.size();
        copy_shared(bytes_, shared);
        return {};
    }

    constexpr byte_view view() const { return {bytes_, size_}; }
    constexpr std::size_t size() const { return size_; } ///< bytes
    static constexpr std::size_t capacity() { return Capacity; }

private:
    alignas(8) std::uint8_t bytes_[Capacity]{};
    std::size_t size_ = 0;
};

} // namespace vmsg
