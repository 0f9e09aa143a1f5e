// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Views over bytes, and little-endian integers in them. `byte_view` and `byte_span` stand in for std::span in the
// portable core, which costs a tenth of a second to include, and convert from and to it.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/config.hpp>

namespace vmsg {

/// Bytes that are only read. Does not own them.
class byte_view {
public:
    VMSG_INLINE constexpr byte_view() = default;
    VMSG_INLINE constexpr byte_view(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    template <class Range>
        requires requires(const Range& range) {
            { range.data() } -> std::convertible_to<const std::uint8_t*>;
            { range.size() } -> std::convertible_to<std::size_t>;
        }
    VMSG_INLINE constexpr byte_view(const Range& range) : data_(range.data()), size_(range.size()) {}
    template <std::size_t N> VMSG_INLINE constexpr byte_view(const std::uint8_t (&array)[N]) : data_(array), size_(N) {}

    VMSG_INLINE constexpr const std::uint8_t* data() const { return data_; }
    VMSG_INLINE constexpr std::size_t size() const { return size_; }
    VMSG_INLINE constexpr bool empty() const { return size_ == 0; }
    VMSG_INLINE constexpr const std::uint8_t* begin() const { return data_; }
    VMSG_INLINE constexpr const std::uint8_t* end() const { return data_ + size_; }
    VMSG_INLINE constexpr const std::uint8_t& operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        return data_[i];
    }
    /// The first `n` bytes; `n` must not be more than there are.
    VMSG_INLINE constexpr byte_view first(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        return {data_, n};
    }
    /// All but the first `n` bytes; `n` must not be more than there are.
    VMSG_INLINE constexpr byte_view drop(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        return {data_ + n, size_ - n};
    }
    /// By content.
    friend constexpr bool operator==(byte_view a, byte_view b) {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (a.data_[i] != b.data_[i]) return false;
        return true;
    }

private:
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes that may be written. Does not own them.
class byte_span {
public:
    VMSG_INLINE constexpr byte_span() = default;
    VMSG_INLINE constexpr byte_span(std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    template <class Range>
        requires(!std::same_as<std::remove_cvref_t<Range>, byte_span>)
    &&requires(Range&& range) {
        { range.data() } -> std::convertible_to<std::uint8_t*>;
        { range.size() } -> std::convertible_to<std::size_t>;
    }
    VMSG_INLINE constexpr byte_span(Range&& range) : data_(range.data()), size_(range.size()) {}
    template <std::size_t N> VMSG_INLINE constexpr byte_span(std::uint8_t (&array)[N]) : data_(array), size_(N) {}

    VMSG_INLINE constexpr std::uint8_t* data() const { return data_; }
    VMSG_INLINE constexpr std::size_t size() const { return size_; }
    VMSG_INLINE constexpr bool empty() const { return size_ == 0; }
    VMSG_INLINE constexpr std::uint8_t* begin() const { return data_; }
    VMSG_INLINE constexpr std::uint8_t* end() const { return data_ + size_; }
    VMSG_INLINE constexpr std::uint8_t& operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        return data_[i];
    }
    VMSG_INLINE constexpr byte_span first(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        return {data_, n};
    }
    VMSG_INLINE constexpr byte_span drop(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        return {data_ + n, size_ - n};
    }

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

template <std::size_t Size> struct unsigned_of_size;
template <> struct unsigned_of_size<1> { using type = std::uint8_t; };
template <> struct unsigned_of_size<2> { using type = std::uint16_t; };
template <> struct unsigned_of_size<4> { using type = std::uint32_t; };
template <> struct unsigned_of_size<8> { using type = std::uint64_t; };

template <std::unsigned_integral T> VMSG_INLINE constexpr T from_little(T value) {
    if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1)
        return value;
    else if constexpr (sizeof(T) == 2)
        return __builtin_bswap16(value);
    else if constexpr (sizeof(T) == 4)
        return __builtin_bswap32(value);
    else
        return __builtin_bswap64(value);
}

// Straight-line shifts over single bytes, for constant evaluation and for VMSG_STRICT_ALIGN.
template <std::unsigned_integral T> VMSG_INLINE constexpr T load_bytes(const std::uint8_t* from) {
    if constexpr (sizeof(T) == 1) {
        return *from;
    } else {
        using half = typename unsigned_of_size<sizeof(T) / 2>::type;
        return static_cast<T>(T{load_bytes<half>(from)} |
                              static_cast<T>(T{load_bytes<half>(from + sizeof(half))} << (8 * sizeof(half))));
    }
}

template <std::unsigned_integral T> VMSG_INLINE constexpr void store_bytes(std::uint8_t* to, T value) {
    if constexpr (sizeof(T) == 1) {
        *to = value;
    } else {
        using half = typename unsigned_of_size<sizeof(T) / 2>::type;
        store_bytes<half>(to, static_cast<half>(value));
        store_bytes<half>(to + sizeof(half), static_cast<half>(value >> (8 * sizeof(half))));
    }
}

} // namespace detail

// __builtin_is_constant_evaluated: the function of the standard library is a call without optimisation.

/// The little-endian integer at `from`, which may have any alignment.
template <std::unsigned_integral T> VMSG_INLINE constexpr T load_le(const std::uint8_t* from) {
    if (VMSG_STRICT_ALIGN || __builtin_is_constant_evaluated()) return detail::load_bytes<T>(from);
    T value{};
    __builtin_memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native != std::endian::little) value = detail::from_little(value);
    return value;
}

/// Writes `value` in little-endian order to `to`, which may have any alignment.
template <std::unsigned_integral T> VMSG_INLINE constexpr void store_le(std::uint8_t* to, T value) {
    if (VMSG_STRICT_ALIGN || __builtin_is_constant_evaluated()) return detail::store_bytes<T>(to, value);
    if constexpr (std::endian::native != std::endian::little) value = detail::from_little(value);
    __builtin_memcpy(to, &value, sizeof value);
}

namespace detail {

// g++ 12 takes the way for 16 bytes and more for one that a shorter copy can go, once all is inlined.
#if defined(__GNUC__) && !defined(__clang__)
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif
VMSG_INLINE void copy_16(std::uint8_t* to, const std::uint8_t* from) {
    std::uint64_t half[2];
    __builtin_memcpy(half, from, sizeof half);
    __builtin_memcpy(to, half, sizeof half);
}
#if defined(__GNUC__) && !defined(__clang__)
#    pragma GCC diagnostic pop
#endif

template <class T> VMSG_INLINE void copy_ends(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    T head;
    T end;
    __builtin_memcpy(&head, from, sizeof head);
    __builtin_memcpy(&end, from + size - sizeof end, sizeof end);
    __builtin_memcpy(to, &head, sizeof head);
    __builtin_memcpy(to + size - sizeof end, &end, sizeof end);
}

} // namespace detail

/// Copies `size` bytes between places that do not overlap, at run time. For the short tails of messages: a few wide
/// moves instead of a call, the last of them over bytes that are already there.
inline void copy_short(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    if (size >= 16) {
        for (std::size_t i = 0; i < size - 16; i += 16) detail::copy_16(to + i, from + i);
        detail::copy_16(to + size - 16, from + size - 16);
    } else if (size >= 8) {
        detail::copy_ends<std::uint64_t>(to, from, size);
    } else if (size >= 4) {
        detail::copy_ends<std::uint32_t>(to, from, size);
    } else if (size != 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

/// Copies `size` bytes between places that do not overlap.
VMSG_INLINE constexpr void copy_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    if (!VMSG_STRICT_ALIGN && !VMSG_SMALL && !__builtin_is_constant_evaluated()) return copy_short(to, from, size);
    while (size-- != 0) *to++ = *from++;
}

} // namespace vmsg
