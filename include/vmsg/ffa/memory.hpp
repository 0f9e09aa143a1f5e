// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The words of FF-A memory sharing: handles, regions, attributes, permissions and flags. Source: FF-A Memory Management
// Protocol, "Memory region handle" and "Memory region properties". Descriptors: `memory_descriptor.hpp`; calls:
// `memory_calls.hpp`.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::ffa {

/// Shared memory, as the manager that allocated the handle names it; opaque but for bit 63.
enum class memory_handle : std::uint64_t {};

inline constexpr memory_handle invalid_handle{~std::uint64_t{0}};

/// Bit 63: the handle is of the hypervisor; otherwise it is of the SPMC. Of `invalid_handle` it says nothing.
constexpr bool is_hypervisor_handle(memory_handle h) { return static_cast<std::uint64_t>(h) >> 63 != 0; }

inline constexpr std::uint64_t page_size = 4096; ///< bytes; the unit of all page counts, whatever the granule

/// What happens to the memory: whether the owner keeps access, or even ownership.
enum class memory_operation : std::uint8_t {
    share,  ///< owner and receivers have access
    lend,   ///< only the receivers have access
    donate, ///< the receiver is the new owner
};

/// Contiguous pages ("constituent").
struct memory_region {
    std::uint64_t address{};    ///< bytes; a multiple of 4096
    std::uint32_t page_count{}; ///< 4 KiB pages
    friend bool operator==(const memory_region&, const memory_region&) = default;
};

/// Whether the region is whole pages, at least one, and does not reach the end of 64-bit addresses.
constexpr bool legal(const memory_region& r) {
    const std::uint64_t length = r.page_count * page_size; // below 2^44
    return r.page_count != 0 && r.address % page_size == 0 && r.address <= ~std::uint64_t{0} - length;
}

/// Bits 1:0 shareability, 3:2 cacheability or kind of device memory, 5:4 type, 6 non-secure.
enum class memory_attributes : std::uint16_t {
    unspecified = 0,
    non_shareable = 0,
    outer_shareable = 2,
    inner_shareable = 3,
    shareability_mask = 3,
    non_cacheable = 1 << 2, ///< normal memory
    write_back = 3 << 2,    ///< normal memory
    device_ngnrne = 0 << 2,
    device_ngnre = 1 << 2,
    device_ngre = 2 << 2,
    device_gre = 3 << 2,
    cacheability_mask = 3 << 2,
    device = 1 << 4,
    normal = 2 << 4,
    type_mask = 3 << 4,
    non_secure = 1 << 6,   ///< only in an FFA_MEM_RETRIEVE_RESP; zero from a sender and a borrower
    reserved_mask = 0xff80 ///< zero
};
constexpr memory_attributes operator|(memory_attributes a, memory_attributes b) {
    return static_cast<memory_attributes>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr memory_attributes operator&(memory_attributes a, memory_attributes b) {
    return static_cast<memory_attributes>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

/// What every manager takes of shared memory: normal, write-back, inner shareable (0x2f).
inline constexpr memory_attributes normal_memory =
    memory_attributes::normal | memory_attributes::write_back | memory_attributes::inner_shareable;

/// Whether no reserved bit or value is there.
constexpr bool legal(memory_attributes a) {
    return (a & memory_attributes::reserved_mask) == memory_attributes{} &&
           (a & memory_attributes::type_mask) != memory_attributes::type_mask &&
           (a & memory_attributes::shareability_mask) != memory_attributes{1};
}

/// What a receiver may do. Bits 1:0 data, 3:2 instructions; zero: not specified.
enum class memory_permissions : std::uint8_t {
    unspecified = 0,
    read_only = 1,
    read_write = 2,
    data_mask = 3,
    not_executable = 1 << 2,
    executable = 2 << 2,
    instruction_mask = 3 << 2,
    reserved_mask = 0xf0, ///< zero
};
constexpr memory_permissions operator|(memory_permissions a, memory_permissions b) {
    return static_cast<memory_permissions>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr memory_permissions operator&(memory_permissions a, memory_permissions b) {
    return static_cast<memory_permissions>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

/// Whether no reserved bit or value is there.
constexpr bool legal(memory_permissions p) {
    return (p & memory_permissions::reserved_mask) == memory_permissions{} &&
           (p & memory_permissions::data_mask) != memory_permissions::data_mask &&
           (p & memory_permissions::instruction_mask) != memory_permissions::instruction_mask;
}

/// Of a transaction. When memory is sent only the first two may be set.
enum class memory_flags : std::uint32_t {
    none = 0,
    zero = 1 << 0,       ///< clear the memory; not when it is shared
    time_slice = 1 << 1, ///< the operation may be paused with FFA_MEM_OP_PAUSE
    send_mask = 3,
    zero_after_relinquish = 1 << 2,
    type_any = 0,
    type_share = 1 << 3,
    type_lend = 2 << 3,
    type_donate = 3 << 3,
    type_mask = 3 << 3,
    alignment_hint_mask = 0xf << 5, ///< log2 of a multiple of 4 KiB
    alignment_hint = 1 << 9,        ///< the hint is one
    bypass_multiple_borrowers = 1 << 10,
    retrieve_mask = 0x7ff,
};
constexpr memory_flags operator|(memory_flags a, memory_flags b) {
    return static_cast<memory_flags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr memory_flags operator&(memory_flags a, memory_flags b) {
    return static_cast<memory_flags>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
/// All flags but these.
constexpr memory_flags operator~(memory_flags a) { return static_cast<memory_flags>(~static_cast<std::uint32_t>(a)); }

/// The hint that a receiver wants its memory at a multiple of 2^`order` pages; `order` is less than 16.
constexpr memory_flags aligned_to(unsigned order) {
    VMSG_ASSERT(order < 16);
    return memory_flags::alignment_hint | static_cast<memory_flags>(order << 5);
}

/// The type bits of a retrieval of memory that was sent with `op`. An FFA_MEM_RETRIEVE_RESP always has them.
constexpr memory_flags type_of(memory_operation op) {
    switch (op) {
    case memory_operation::share: return memory_flags::type_share;
    case memory_operation::lend: return memory_flags::type_lend;
    case memory_operation::donate: return memory_flags::type_donate;
    }
    return memory_flags::type_any;
}

/// 16 bytes between sender, receiver and manager ("IMPLEMENTATION DEFINED information", from FF-A 1.2 on).
struct implementation_defined {
    std::uint8_t bytes[16]{};
    friend bool operator==(const implementation_defined&, const implementation_defined&) = default;
};

/// One receiver and what it may do ("endpoint memory access descriptor").
struct memory_access {
    endpoint_id receiver{};
    memory_permissions permissions{};
    std::uint8_t flags{};             ///< bit 0: not the borrower that retrieves; zero when memory is sent
    std::uint32_t composite_offset{}; ///< bytes from the start of the descriptor; 0: no regions. Set by the encoder
    implementation_defined impdef{};  ///< no place before FF-A 1.2
    friend bool operator==(const memory_access&, const memory_access&) = default;
};

namespace detail {

using region_layout = fields<field<0, &memory_region::address>, field<8, &memory_region::page_count>, reserved<12, 4>>;
using short_access_layout =
    fields<field<0, &memory_access::receiver>, field<2, &memory_access::permissions>, field<3, &memory_access::flags>,
           field<4, &memory_access::composite_offset>, reserved<8, 8>>;
using long_access_layout =
    fields<field<0, &memory_access::receiver>, field<2, &memory_access::permissions>, field<3, &memory_access::flags>,
           field<4, &memory_access::composite_offset>, field<8, &memory_access::impdef>, reserved<24, 8>>;
static_assert(region_layout::fixed_size == 16);
static_assert(short_access_layout::fixed_size == 16);
static_assert(long_access_layout::fixed_size == 32);

// An element of `stride` bytes, which is how the longer form of an access is told from the shorter.
constexpr void read_element(const std::uint8_t* from, std::size_t, memory_region& r) {
    region_layout::get<0>(wire::byte_source{from}, r);
}
constexpr void read_element(const std::uint8_t* from, std::size_t stride, memory_access& a) {
    if (stride >= long_access_layout::fixed_size)
        long_access_layout::get<0>(wire::byte_source{from}, a);
    else
        short_access_layout::get<0>(wire::byte_source{from}, a);
}

} // namespace detail

/// Regions or receivers: host values of the caller, or elements in the bytes of a descriptor. Owns nothing: what it
/// views has to outlive it.
template <class T> class memory_list {
public:
    using value_type = T;

    constexpr memory_list() = default;
    constexpr memory_list(const T* values, std::size_t size) : values_(values), size_(size) {}
    template <class Range>
        requires requires(const Range& range) {
            { range.data() } -> std::convertible_to<const T*>;
            { range.size() } -> std::convertible_to<std::size_t>;
        }
    constexpr memory_list(const Range& range) : values_(range.data()), size_(range.size()) {}
    template <std::size_t N> constexpr memory_list(const T (&array)[N]) : values_(array), size_(N) {}

    /// The elements in `bytes`, one every `stride` bytes; a remainder smaller than that is left out.
    static constexpr memory_list from_wire(byte_view bytes, std::size_t stride) {
        memory_list made;
        made.bytes_ = bytes.data();
        made.stride_ = stride;
        made.size_ = bytes.size() / stride;
        return made;
    }

    constexpr std::size_t size() const { return size_; } ///< elements
    constexpr bool empty() const { return size_ == 0; }
    constexpr T operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        if (values_ != nullptr) return values_[i];
        T value;
        detail::read_element(bytes_ + i * stride_, stride_, value);
        return value;
    }
    /// All but the first `n`; `n` must not be more than there are.
    constexpr memory_list drop(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        memory_list rest = *this;
        if (values_ != nullptr)
            rest.values_ += n;
        else
            rest.bytes_ += n * stride_;
        rest.size_ -= n;
        return rest;
    }
    /// The first `n`; `n` must not be more than there are.
    constexpr memory_list first(std::size_t n) const {
        VMSG_ASSERT(n <= size_);
        memory_list start = *this;
        start.size_ = n;
        return start;
    }

    /// By element, whatever the elements are viewed over.
    friend constexpr bool operator==(const memory_list& a, const memory_list& b) {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (!(a[i] == b[i])) return false;
        return true;
    }

private:
    const T* values_ = nullptr;
    const std::uint8_t* bytes_ = nullptr;
    std::size_t stride_ = 0;
    std::size_t size_ = 0;
};

using memory_regions = memory_list<memory_region>;
using memory_accesses = memory_list<memory_access>;

/// Pages of all regions, in 64 bits: 2^32 regions of 2^32 - 1 pages do not wrap.
constexpr std::uint64_t page_count_of(const memory_regions& regions) {
    std::uint64_t pages = 0;
    for (std::size_t i = 0; i < regions.size(); ++i) pages += regions[i].page_count;
    return pages;
}

} // namespace vmsg::ffa
