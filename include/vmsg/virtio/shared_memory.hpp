// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The only code that touches memory which the peer may write at the same time: ordered little-endian accesses, the
// full fence, and copies. Source: virtio 1.4, "Split Virtqueues" (memory barriers in its subsections).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio::shared {

/// Whether `p` is a multiple of `alignment`, a power of two. A constant expression has no addresses and needs no
/// alignment.
[[nodiscard]] constexpr bool is_aligned(const std::uint8_t* p, std::size_t alignment) {
    if (std::is_constant_evaluated()) return true;
    return (reinterpret_cast<std::uintptr_t>(p) & (alignment - 1)) == 0;
}

// The compiler's atomics are always inline; std::atomic_ref costs half a second to include. The casts are sound because
// memory that arrives from outside, like an array of unsigned char, implicitly contains the integers that the program
// goes on to use in it, and because both sides use one integer type per address. Every address is aligned by
// construction: attach and enable check the start of each part, and the offsets are multiples of the access.
template <std::unsigned_integral T, int Order> VMSG_INLINE constexpr T load_ordered(const std::uint8_t* from) {
    if (std::is_constant_evaluated()) return vmsg::detail::load_bytes<T>(from);
    if constexpr (__atomic_always_lock_free(sizeof(T), nullptr)) {
        const auto* place = static_cast<const T*>(static_cast<const void*>(from));
        return vmsg::detail::from_little(__atomic_load_n(place, Order));
    } else {
        using half = typename vmsg::detail::unsigned_of_size<sizeof(T) / 2>::type;
        const T low = load_ordered<half, Order>(from);
        return low | static_cast<T>(T{load_ordered<half, Order>(from + sizeof(half))} << (8 * sizeof(half)));
    }
}

template <int Order, std::unsigned_integral T> VMSG_INLINE constexpr void store_ordered(std::uint8_t* to, T value) {
    if (std::is_constant_evaluated()) return vmsg::detail::store_bytes<T>(to, value);
    if constexpr (__atomic_always_lock_free(sizeof(T), nullptr)) {
        __atomic_store_n(static_cast<T*>(static_cast<void*>(to)), vmsg::detail::from_little(value), Order);
    } else {
        using half = typename vmsg::detail::unsigned_of_size<sizeof(T) / 2>::type;
        store_ordered<Order>(to, static_cast<half>(value));
        store_ordered<Order>(to + sizeof(half), static_cast<half>(value >> (8 * sizeof(half))));
    }
}

/// The little-endian integer at `offset` bytes, read once; orders nothing else. Where a target has no atomic access of
/// 64 bits, both halves are read once.
template <std::unsigned_integral T> VMSG_INLINE constexpr T load(byte_span memory, std::size_t offset) {
    VMSG_ASSERT(offset + sizeof(T) <= memory.size());
    return load_ordered<T, __ATOMIC_RELAXED>(memory.data() + offset);
}

/// The same; accesses that follow in the program happen after it. For an index, before what it publishes is read.
template <std::unsigned_integral T> VMSG_INLINE constexpr T load_acquire(byte_span memory, std::size_t offset) {
    static_assert(sizeof(T) <= sizeof(std::uint32_t), "a single access on every target");
    VMSG_ASSERT(offset + sizeof(T) <= memory.size());
    return load_ordered<T, __ATOMIC_ACQUIRE>(memory.data() + offset);
}

/// Writes `value` in little-endian order at `offset` bytes.
template <std::unsigned_integral T> VMSG_INLINE constexpr void store(byte_span memory, std::size_t offset, T value) {
    VMSG_ASSERT(offset + sizeof(T) <= memory.size());
    store_ordered<__ATOMIC_RELAXED>(memory.data() + offset, value);
}

/// The same; accesses that precede it in the program happen before it. For an index, after what it publishes.
template <std::unsigned_integral T>
VMSG_INLINE constexpr void store_release(byte_span memory, std::size_t offset, T value) {
    static_assert(sizeof(T) <= sizeof(std::uint32_t), "a single access on every target");
    VMSG_ASSERT(offset + sizeof(T) <= memory.size());
    store_ordered<__ATOMIC_RELEASE>(memory.data() + offset, value);
}

/// Keeps a store before a later load of another place, which release and acquire do not.
VMSG_INLINE constexpr void fence() {
    if (!std::is_constant_evaluated()) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/// Copies all of `from` to the start of `to`. What is checked and used afterwards must be the private side.
constexpr void copy(byte_span to, byte_view from) {
    VMSG_ASSERT(from.size() <= to.size());
    if (std::is_constant_evaluated()) return copy_bytes(to.data(), from.data(), from.size());
    if (from.empty()) return;
    __builtin_memcpy(to.data(), from.data(), from.size());
    // Without it the compiler may read the shared bytes again instead of the copy.
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/// Writes zero to every byte.
constexpr void zero(byte_span memory) {
    for (std::uint8_t& byte : memory) byte = 0;
}

// A source and a sink for `fields`: each field is one access.
class field_source {
public:
    VMSG_INLINE constexpr explicit field_source(const std::uint8_t* from) : from_(from) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr T get() const {
        return load_ordered<T, __ATOMIC_RELAXED>(from_ + Offset);
    }

private:
    const std::uint8_t* from_;
};

class field_sink {
public:
    VMSG_INLINE constexpr explicit field_sink(std::uint8_t* to) : to_(to) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr void put(T value) {
        store_ordered<__ATOMIC_RELAXED>(to_ + Offset, value);
    }

private:
    std::uint8_t* to_;
};

/// A private copy of the struct at `offset` bytes, whose `layout_of` says what is where. Each field is read once.
template <class M> VMSG_INLINE constexpr M read(byte_span memory, std::size_t offset) {
    using layout = layout_of<M, newest_revision>;
    VMSG_ASSERT(offset + layout::fixed_size <= memory.size());
    M m;
    layout::template get<0>(field_source{memory.data() + offset}, m);
    return m;
}

/// Writes a struct at `offset` bytes, each field in one access.
template <class M> VMSG_INLINE constexpr void write(byte_span memory, std::size_t offset, const M& m) {
    using layout = layout_of<M, newest_revision>;
    VMSG_ASSERT(offset + layout::fixed_size <= memory.size());
    field_sink sink{memory.data() + offset};
    layout::template put<0>(sink, m);
}

/// A private copy of the struct at `offset` bytes, which may have any address. Each byte is read once.
template <class M> VMSG_INLINE constexpr M read_unaligned(byte_span memory, std::size_t offset) {
    using layout = layout_of<M, newest_revision>;
    std::uint8_t bytes[layout::fixed_size]{};
    copy(bytes, memory.drop(offset).first(layout::fixed_size));
    M m;
    layout::template get<0>(wire::byte_source{bytes}, m);
    return m;
}

/// Writes a struct at `offset` bytes, which may have any address.
template <class M> VMSG_INLINE constexpr void write_unaligned(byte_span memory, std::size_t offset, const M& m) {
    using layout = layout_of<M, newest_revision>;
    wire::byte_sink sink{memory.drop(offset).first(layout::fixed_size).data()};
    layout::template put<0>(sink, m);
}

} // namespace vmsg::virtio::shared
