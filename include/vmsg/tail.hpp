// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `wire::tail<T>`: the variable part at the end of a message, as a view in either direction.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>

namespace vmsg::wire {

/// The elements that end a message: over host values when a message is written, over the bytes of the received frame
/// when it was read. Owns nothing: what it views has to outlive it. `T` is an unsigned integer.
template <std::unsigned_integral T> class tail {
    struct none {
        VMSG_INLINE constexpr none(const std::uint8_t*) {}
    };
    static constexpr bool is_bytes = sizeof(T) == 1;

public:
    using value_type = T;

    VMSG_INLINE constexpr tail() = default;
    VMSG_INLINE constexpr tail(const T* values, std::size_t size) : values_(values), size_(size) {}
    template <class Range>
        requires requires(const Range& range) {
            { range.data() } -> std::convertible_to<const T*>;
            { range.size() } -> std::convertible_to<std::size_t>;
        }
    VMSG_INLINE constexpr tail(const Range& range) : values_(range.data()), size_(range.size()) {}
    template <std::size_t N> VMSG_INLINE constexpr tail(const T (&array)[N]) : values_(array), size_(N) {}

    /// The elements in `bytes`, little-endian, any alignment; a remainder smaller than an element is left out.
    VMSG_INLINE static constexpr tail from_wire(byte_view bytes) {
        tail made;
        if constexpr (is_bytes)
            made.values_ = bytes.data();
        else
            made.bytes_ = bytes.data();
        made.size_ = bytes.size() / sizeof(T);
        return made;
    }

    VMSG_INLINE constexpr std::size_t size() const { return size_; } ///< elements
    VMSG_INLINE constexpr bool empty() const { return size_ == 0; }
    VMSG_INLINE constexpr std::size_t size_bytes() const { return size_ * sizeof(T); }

    /// Element `i` in host order.
    VMSG_INLINE constexpr T operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        if constexpr (!is_bytes)
            if (values_ == nullptr) return load_le<T>(bytes_ + i * sizeof(T));
        return values_[i];
    }

    /// A byte tail as bytes.
    VMSG_INLINE constexpr byte_view bytes() const requires is_bytes { return {values_, size_}; }

    /// Writes all elements in wire order to `to`, which has room for `size_bytes()`.
    VMSG_INLINE constexpr void store(std::uint8_t* to) const {
        if constexpr (is_bytes) {
            copy_bytes(to, values_, size_);
        } else if (std::endian::native == std::endian::little && !__builtin_is_constant_evaluated()) {
            const void* from = values_ != nullptr ? static_cast<const void*>(values_) : bytes_;
            copy_bytes(to, static_cast<const std::uint8_t*>(from), size_bytes());
        } else {
            for (std::size_t i = 0; i < size_; ++i) store_le<T>(to + i * sizeof(T), (*this)[i]);
        }
    }

    /// By element, whatever the elements are viewed over.
    friend constexpr bool operator==(const tail& a, const tail& b) {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (a[i] != b[i]) return false;
        return true;
    }

private:
    const T* values_ = nullptr;
    [[no_unique_address]] std::conditional_t<is_bytes, none, const std::uint8_t*> bytes_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace vmsg::wire
