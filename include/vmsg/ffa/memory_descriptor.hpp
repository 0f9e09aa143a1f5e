// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory transaction descriptor: what FFA_MEM_SHARE, LEND and DONATE, FFA_MEM_RETRIEVE_REQ and
// FFA_MEM_RETRIEVE_RESP have in their buffer. Source: FF-A Memory Management Protocol, "Memory transaction descriptor",
// in the forms of FF-A 1.0 (32 bytes, 16 per receiver), 1.1 (48 and 16) and from 1.2 on (48 and 32).

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::ffa {

/// What a descriptor says about the memory as a whole.
struct memory_transaction {
    endpoint_id sender{};           ///< the owner, also in what a receiver writes
    memory_attributes attributes{}; ///< unspecified for a lend or donate to a single receiver
    memory_flags flags{};
    memory_handle handle{}; ///< 0 when memory is sent
    std::uint64_t tag{};    ///< the sender's choice; a receiver names the same
    friend bool operator==(const memory_transaction&, const memory_transaction&) = default;
};

/// What to make of bits that have to be zero and are not.
enum class reserved_bits : std::uint8_t {
    ignored, ///< for a peer that leaves what was in the buffer before (Linux with FF-A 1.1)
    zero,    ///< `bad_value`
};

/// A descriptor that was read. Views the bytes that it was read from.
struct memory_descriptor {
    memory_transaction transaction{};
    memory_accesses receivers{};      ///< at least one
    std::uint32_t access_size{};      ///< bytes per receiver: 16, or 32 from FF-A 1.2 on
    std::uint32_t composite_offset{}; ///< bytes; 0: no regions, a request to retrieve
    std::uint32_t page_count{};       ///< 4 KiB pages, as the descriptor says; judged by `memory_tally`
    std::uint32_t region_count{};     ///< regions in all fragments
    memory_regions regions{};         ///< those of the first fragment; not judged
};

/// A fragment that was written.
struct memory_fragment {
    std::uint32_t length{};     ///< bytes
    std::size_t region_count{}; ///< regions in it
    friend bool operator==(const memory_fragment&, const memory_fragment&) = default;
};

/// A descriptor that was written, whole or as far as the buffer goes.
struct encoded_memory {
    std::uint32_t total_length{};    ///< bytes of the whole descriptor
    std::uint32_t fragment_length{}; ///< bytes that were written
    std::size_t region_count{};      ///< regions among them
    friend bool operator==(const encoded_memory&, const encoded_memory&) = default;
};

namespace detail {

struct memory_header {
    endpoint_id sender{};
    memory_attributes attributes{};
    memory_flags flags{};
    memory_handle handle{};
    std::uint64_t tag{};
    std::uint32_t access_size{};
    std::uint32_t access_count{};
    std::uint32_t access_offset{};
};
using header_layout_1_0 =
    fields<field<0, &memory_header::sender>, field<2, &memory_header::attributes, "", std::uint8_t>, reserved<3, 1>,
           field<4, &memory_header::flags>, field<8, &memory_header::handle>, field<16, &memory_header::tag>,
           reserved<24, 4>, field<28, &memory_header::access_count>>;
using header_layout_1_1 =
    fields<field<0, &memory_header::sender>, field<2, &memory_header::attributes>, field<4, &memory_header::flags>,
           field<8, &memory_header::handle>, field<16, &memory_header::tag>, field<24, &memory_header::access_size>,
           field<28, &memory_header::access_count>, field<32, &memory_header::access_offset>, reserved<36, 12>>;
static_assert(header_layout_1_0::fixed_size == 32);
static_assert(header_layout_1_1::fixed_size == 48);

struct memory_composite {
    std::uint32_t page_count{};
    std::uint32_t region_count{};
};
using composite_layout =
    fields<field<0, &memory_composite::page_count>, field<4, &memory_composite::region_count>, reserved<8, 8>>;
static_assert(composite_layout::fixed_size == 16);

inline constexpr std::size_t region_size = region_layout::fixed_size;
inline constexpr std::size_t composite_size = composite_layout::fixed_size;

template <class Layout, class T> constexpr void put_at(byte_span out, std::size_t offset, const T& value) {
    wire::byte_sink sink{out.drop(offset).first(Layout::fixed_size).data()};
    Layout::template put<0>(sink, value);
}
template <class Layout, class T> constexpr T get_at(byte_view in, std::size_t offset) {
    T value;
    Layout::template get<0>(wire::byte_source{in.drop(offset).first(Layout::fixed_size).data()}, value);
    return value;
}
// Whether the bytes say nothing but what was read from them.
template <class Layout, class T> constexpr bool nothing_else(byte_view in, std::size_t offset, const T& value) {
    std::uint8_t expected[Layout::fixed_size]{};
    put_at<Layout>(byte_span{expected, sizeof expected}, 0, value);
    return in.drop(offset).first(Layout::fixed_size) == byte_view{expected};
}

constexpr std::size_t header_size(version v) {
    return v >= version::v1_1 ? header_layout_1_1::fixed_size : header_layout_1_0::fixed_size;
}
constexpr std::uint32_t access_size(version v) {
    return v >= version::v1_2 ? std::uint32_t{long_access_layout::fixed_size} : short_access_layout::fixed_size;
}
constexpr std::uint64_t end_of_accesses(version v, std::size_t receivers) {
    return header_size(v) + std::uint64_t{receivers} * access_size(v);
}

} // namespace detail

/// Bytes before the regions in what `encode_memory_descriptor` writes.
constexpr std::uint64_t memory_regions_offset(version v, std::size_t receivers) {
    return detail::end_of_accesses(v, receivers) + detail::composite_size;
}

/// How many regions there is room for in the first fragment: of 4096 bytes with one receiver 252, 251 or 250 in FF-A
/// 1.0, 1.1 or from 1.2 on.
constexpr std::size_t regions_in_first_fragment(version v, std::size_t receivers, std::size_t buffer_size) {
    const std::uint64_t offset = memory_regions_offset(v, receivers);
    return buffer_size < offset ? 0 : static_cast<std::size_t>((buffer_size - offset) / detail::region_size);
}

/// The same for every other fragment, which is nothing but regions.
constexpr std::size_t regions_in_fragment(std::size_t buffer_size) { return buffer_size / detail::region_size; }

/// Writes the first of `regions`, as many as there is room for, to the start of `out`: a fragment after the first one.
constexpr memory_fragment encode_memory_fragment(byte_span out, const memory_regions& regions) {
    const std::size_t room = regions_in_fragment(out.size());
    const std::size_t count = regions.size() < room ? regions.size() : room;
    for (std::size_t i = 0; i < count; ++i)
        detail::put_at<detail::region_layout>(out, i * detail::region_size, regions[i]);
    return {static_cast<std::uint32_t>(count * detail::region_size), count};
}

namespace detail {

// Header and receivers. Every byte is written: none of what was in the buffer before reaches the reader.
constexpr void put_accesses(byte_span out, version v, const memory_transaction& t, const memory_accesses& receivers,
                            std::uint32_t composite_offset) {
    const auto count = static_cast<std::uint32_t>(receivers.size());
    const auto offset = static_cast<std::uint32_t>(header_size(v));
    const memory_header h{t.sender, t.attributes, t.flags, t.handle, t.tag, access_size(v), count, offset};
    if (v >= version::v1_1)
        put_at<header_layout_1_1>(out, 0, h);
    else
        put_at<header_layout_1_0>(out, 0, h);
    for (std::size_t i = 0; i < receivers.size(); ++i) {
        memory_access access = receivers[i];
        access.composite_offset = composite_offset;
        if (v >= version::v1_2)
            put_at<long_access_layout>(out, offset + i * access_size(v), access);
        else
            put_at<short_access_layout>(out, offset + i * access_size(v), access);
    }
}

constexpr bool has_impdef(const memory_accesses& receivers) {
    for (std::size_t i = 0; i < receivers.size(); ++i)
        if (receivers[i].impdef != implementation_defined{}) return true;
    return false;
}

constexpr bool attributes_fit(version v, const memory_transaction& t) {
    return v >= version::v1_1 || static_cast<std::uint16_t>(t.attributes) <= 0xff;
}

constexpr errc check_accesses(version v, const memory_transaction& t, const memory_accesses& receivers) {
    if (receivers.empty()) return errc::invalid_argument;
    if (!attributes_fit(v, t)) return errc::not_representable;
    if (v < version::v1_2 && has_impdef(receivers)) return errc::not_representable;
    return errc::none;
}

constexpr result<encoded_memory> put_request(byte_span out, version v, const memory_transaction& t,
                                             const memory_accesses& receivers) {
    const std::uint64_t length = end_of_accesses(v, receivers.size());
    if (length > out.size() || length > 0xffff'ffff) return errc::oversize;
    put_accesses(out, v, t, receivers, 0);
    return encoded_memory{static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(length), 0};
}

// `regions` are the first of `region_count`, with `page_count` pages in all.
constexpr result<encoded_memory> put_descriptor_at(byte_span out, version v, const memory_transaction& t,
                                                   const memory_accesses& receivers, const memory_regions& regions,
                                                   std::uint64_t region_count, std::uint64_t page_count) {
    const std::uint64_t offset = memory_regions_offset(v, receivers.size());
    const std::uint64_t total = offset + region_count * region_size;
    if (page_count > 0xffff'ffff || total > 0xffff'ffff) return errc::oversize;
    if (regions_in_first_fragment(v, receivers.size(), out.size()) == 0) return errc::oversize;
    const auto composite_offset = static_cast<std::uint32_t>(offset - composite_size);
    put_accesses(out, v, t, receivers, composite_offset);
    put_at<composite_layout>(
        out, composite_offset,
        memory_composite{static_cast<std::uint32_t>(page_count), static_cast<std::uint32_t>(region_count)});
    const auto first = encode_memory_fragment(out.drop(static_cast<std::size_t>(offset)), regions);
    return encoded_memory{static_cast<std::uint32_t>(total), static_cast<std::uint32_t>(offset) + first.length,
                          first.region_count};
}

} // namespace detail

/// Writes the descriptor of `regions` for `receivers` to the start of `out`, with as many regions as there is room for;
/// the others follow in fragments (`encode_memory_fragment`). All bytes of the descriptor are written; those of `out`
/// behind it are left. `composite_offset` of the receivers is not looked at. Errors: `invalid_argument` (no receiver,
/// no region, or one that is not `legal`), `not_representable` (attributes of more than 8 bits in FF-A 1.0, IMPDEF
/// information before 1.2), `oversize` (no room for all receivers and one region, or more than 32 bits can count).
constexpr result<encoded_memory> encode_memory_descriptor(byte_span out, version v, const memory_transaction& t,
                                                          const memory_accesses& receivers,
                                                          const memory_regions& regions) {
    if (const errc why = detail::check_accesses(v, t, receivers); why != errc::none) return why;
    if (regions.empty()) return errc::invalid_argument;
    for (std::size_t i = 0; i < regions.size(); ++i)
        if (!legal(regions[i])) return errc::invalid_argument;
    return detail::put_descriptor_at(out, v, t, receivers, regions, regions.size(), page_count_of(regions));
}

/// Writes a request to retrieve memory, which has no regions, to the start of `out`. Gives its length in bytes. Errors:
/// as `encode_memory_descriptor`; `oversize` if there is no room for all receivers.
constexpr result<std::uint32_t> encode_memory_retrieve(byte_span out, version v, const memory_transaction& t,
                                                       const memory_accesses& receivers) {
    if (const errc why = detail::check_accesses(v, t, receivers); why != errc::none) return why;
    const auto made = detail::put_request(out, v, t, receivers);
    return made ? result<std::uint32_t>{made->total_length} : made.error();
}

/// Writes what was read as one version, also a request to retrieve, in the form of another to the start of `out`, with
/// the regions of its first fragment; a relayer's work. Before FF-A 1.2 IMPDEF information is lost. Errors:
/// `invalid_argument` (no receivers), `not_representable` (attributes of more than 8 bits in FF-A 1.0), `oversize` (no
/// room for all of it, or no region in the first fragment).
constexpr result<encoded_memory> convert_memory_descriptor(byte_span out, version to, const memory_descriptor& d) {
    const std::size_t receivers = d.receivers.size();
    if (receivers == 0) return errc::invalid_argument;
    if (!detail::attributes_fit(to, d.transaction)) return errc::not_representable;
    if (d.composite_offset == 0) return detail::put_request(out, to, d.transaction, d.receivers);
    if (d.regions.size() > regions_in_first_fragment(to, receivers, out.size())) return errc::oversize;
    return detail::put_descriptor_at(out, to, d.transaction, d.receivers, d.regions, d.region_count, d.page_count);
}

/// The regions in `fragment`, a private copy of a fragment after the first one. Their values are not judged. Errors:
/// `bad_length` (nothing, or no whole number of regions), `bad_value` (reserved bits).
constexpr result<memory_regions> decode_memory_fragment(byte_view fragment, reserved_bits rule) {
    if (fragment.empty() || fragment.size() % detail::region_size != 0) return errc::bad_length;
    const auto regions = memory_regions::from_wire(fragment, detail::region_size);
    for (std::size_t i = 0; rule == reserved_bits::zero && i < regions.size(); ++i)
        if (!detail::nothing_else<detail::region_layout>(fragment, i * detail::region_size, regions[i]))
            return errc::bad_value;
    return regions;
}

namespace detail {

constexpr result<memory_header> read_memory_header(byte_view in, version v, reserved_bits rule) {
    if (in.size() < header_size(v)) return errc::truncated;
    memory_header h;
    bool clean = false;
    if (v >= version::v1_1) {
        h = get_at<header_layout_1_1, memory_header>(in, 0);
        clean = nothing_else<header_layout_1_1>(in, 0, h);
    } else {
        h = get_at<header_layout_1_0, memory_header>(in, 0);
        clean = nothing_else<header_layout_1_0>(in, 0, h);
        h.access_size = access_size(v);
        h.access_offset = header_layout_1_0::fixed_size;
    }
    if (rule == reserved_bits::zero && !clean) return errc::bad_value;
    if (h.access_size < short_access_layout::fixed_size || h.access_size % 16 != 0) return errc::bad_length;
    if (h.access_offset < header_size(v) || h.access_offset % 16 != 0) return errc::bad_length;
    if (h.access_count == 0) return errc::bad_value;
    // The product of two 32-bit numbers and a third one fit into 64 bits.
    const std::uint64_t end = h.access_offset + std::uint64_t{h.access_size} * h.access_count;
    return end > in.size() ? result<memory_header>{errc::truncated} : h;
}

constexpr bool clean_access(byte_view in, std::size_t at, std::uint32_t size, const memory_access& a) {
    return size >= long_access_layout::fixed_size ? nothing_else<long_access_layout>(in, at, a)
                                                  : nothing_else<short_access_layout>(in, at, a);
}

// All receivers name the same place of the regions, whatever it is.
constexpr errc check_receivers(byte_view in, const memory_header& h, const memory_accesses& all, reserved_bits rule) {
    const std::uint32_t offset = all[0].composite_offset;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const memory_access access = all[i];
        if (access.composite_offset != offset) return errc::bad_value;
        const std::size_t at = h.access_offset + i * h.access_size; // inside `in`
        if (rule == reserved_bits::zero && !clean_access(in, at, h.access_size, access)) return errc::bad_value;
    }
    return errc::none;
}

// The regions of `d`, behind the receivers, which end at `least`.
constexpr errc read_composite(memory_descriptor& d, byte_view in, std::uint32_t total, std::uint64_t least,
                              reserved_bits rule) {
    if (d.composite_offset % 16 != 0 || d.composite_offset < least) return errc::bad_length;
    const std::uint64_t start = std::uint64_t{d.composite_offset} + composite_size;
    if (start > in.size()) return errc::truncated;
    const auto c = get_at<composite_layout, memory_composite>(in, d.composite_offset);
    if (rule == reserved_bits::zero && !nothing_else<composite_layout>(in, d.composite_offset, c))
        return errc::bad_value;
    if (c.region_count == 0) return errc::bad_value;
    if (start + std::uint64_t{c.region_count} * region_size != total) return errc::bad_length;
    d.page_count = c.page_count;
    d.region_count = c.region_count;
    const byte_view rest = in.drop(static_cast<std::size_t>(start));
    if (rest.empty()) return errc::none; // the regions are all in other fragments
    const auto regions = decode_memory_fragment(rest, rule);
    if (regions) d.regions = *regions;
    return regions.error();
}

} // namespace detail

/// The descriptor of `total_length` bytes that starts with `fragment`, a private copy: its writer can change the
/// original at any time. `v` is the version of the writer; before FF-A 1.1 it decides about the layout, from then on
/// the descriptor says how long the part of a receiver is. All sizes, counts and offsets are checked, values are left
/// to `memory_rules.hpp`. Errors: `truncated` (header, receivers or the head of the regions not all in this fragment),
/// `bad_length` (sizes, offsets and counts that contradict each other, or a region cut in two), `bad_value` (no
/// receiver, no region, receivers that name different regions, reserved bits).
constexpr result<memory_descriptor> decode_memory_descriptor(byte_view fragment, std::uint32_t total_length, version v,
                                                             reserved_bits rule) {
    if (fragment.size() > total_length) return errc::bad_length;
    const auto h = detail::read_memory_header(fragment, v, rule);
    if (!h) return h.error();
    const std::size_t array_size = std::size_t{h->access_size} * h->access_count; // not more than `fragment` has
    memory_descriptor d;
    d.transaction = {h->sender, h->attributes, h->flags, h->handle, h->tag};
    d.access_size = h->access_size;
    d.receivers =
        memory_accesses::from_wire(fragment.drop(h->access_offset).first(array_size), std::size_t{h->access_size});
    if (const errc why = detail::check_receivers(fragment, *h, d.receivers, rule); why != errc::none) return why;
    d.composite_offset = d.receivers[0].composite_offset;
    const std::size_t end = h->access_offset + array_size;
    if (d.composite_offset == 0) return end == total_length ? result<memory_descriptor>{d} : errc::bad_length;
    const errc why = detail::read_composite(d, fragment, total_length, end, rule);
    return why == errc::none ? result<memory_descriptor>{d} : why;
}

} // namespace vmsg::ffa
