// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The descriptor that FFA_MEM_RELINQUISH has in its buffer: 18 bytes for the one endpoint that managers take. Source:
// FF-A Memory Management Protocol, "Descriptor to relinquish a memory region".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::ffa {

struct memory_relinquish {
    memory_handle handle{};
    memory_flags flags{};   ///< `zero`, `time_slice`
    endpoint_id endpoint{}; ///< the receiver that gives up its access, which is the caller
    friend bool operator==(const memory_relinquish&, const memory_relinquish&) = default;
};

namespace detail {

// The number of endpoints is no member: there is one.
using relinquish_layout = fields<field<0, &memory_relinquish::handle>, field<8, &memory_relinquish::flags>,
                                 reserved<12, 4>, field<16, &memory_relinquish::endpoint>>;
static_assert(relinquish_layout::fixed_size == 18);
inline constexpr std::size_t relinquish_count_offset = 12;
inline constexpr std::size_t relinquish_head_size = 16; // bytes before the endpoints

} // namespace detail

inline constexpr std::size_t memory_relinquish_size = detail::relinquish_layout::fixed_size; ///< bytes

/// Writes the descriptor to the start of `out`. `oversize` if `out` has less than 18 bytes.
constexpr result<void> encode_memory_relinquish(byte_span out, const memory_relinquish& r) {
    if (out.size() < memory_relinquish_size) return errc::oversize;
    wire::byte_sink sink{out.data()};
    detail::relinquish_layout::put<0>(sink, r);
    store_le(out.data() + detail::relinquish_count_offset, std::uint32_t{1});
    return {};
}

/// The descriptor at the start of `in`, a private copy. Errors: `truncated` (less than 18 bytes), `bad_value` (not one
/// endpoint, or other flags).
constexpr result<memory_relinquish> decode_memory_relinquish(byte_view in) {
    if (in.size() < memory_relinquish_size) return errc::truncated;
    memory_relinquish r;
    detail::relinquish_layout::get<0>(wire::byte_source{in.data()}, r);
    const auto count = load_le<std::uint32_t>(in.data() + detail::relinquish_count_offset);
    if (count != 1 || (r.flags & ~memory_flags::send_mask) != memory_flags::none) return errc::bad_value;
    return r;
}

} // namespace vmsg::ffa
