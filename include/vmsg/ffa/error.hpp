// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::error`: why an FF-A call failed, and what became of a call in general. Source: FF-A, "Error status codes".

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Signed, 32 bits. Others than these may be met.
enum class error : std::int32_t {
    not_supported = -1,
    invalid_parameters = -2,
    no_memory = -3,
    busy = -4,        ///< transient
    interrupted = -5, ///< transient
    denied = -6,
    retry = -7, ///< transient: begin again
    aborted = -8,
    no_data = -9,
    not_ready = -10, ///< not known to all managers
};

namespace detail {

// Where a function stands among those of FF-A, whose numbers are 0x60 to 0xef; its form and the SVE hint do not matter.
constexpr std::uint32_t place_of(function_id id) {
    return static_cast<std::uint32_t>(form_32(id)) - static_cast<std::uint32_t>(function_id::error);
}
constexpr std::uint32_t place_of(const call_frame& frame) { return place_of(function_of(frame)); }
inline constexpr std::uint32_t last_place = 0xef - 0x60;

/// The library's words for the codes 0, -1, -2 and so on.
inline constexpr errc error_words[]{
    errc::not_supported, // 0
    errc::not_supported, errc::invalid_argument, errc::no_memory,   errc::busy, errc::interrupted, errc::denied,
    errc::retry,         errc::aborted,          errc::would_block, errc::busy};
inline constexpr std::uint32_t error_word_count = sizeof error_words / sizeof *error_words;
static_assert(error_word_count == 1 - static_cast<std::int32_t>(error::not_ready));

} // namespace detail

/// The library's word for an error. An unknown code, or one that is no error, is `peer_error`; 0 comes from managers
/// that mean NOT_SUPPORTED (Xen, OP-TEE).
constexpr errc errc_of(error e) {
    const std::uint32_t place = 0 - static_cast<std::uint32_t>(e);
    return place < detail::error_word_count ? detail::error_words[place] : errc::peer_error;
}

/// The code in an FFA_ERROR. Managers extend it with zeroes or with its sign: only its 32 bits are looked at.
constexpr error error_in(const call_frame& frame) {
    return static_cast<error>(static_cast<std::int32_t>(static_cast<std::uint32_t>(frame.x[2])));
}

/// The answer that refuses a call: w2 has the code, extended with zeroes, everything else is zero.
constexpr call_frame encode_error(error why) {
    call_frame frame;
    frame.x[0] = static_cast<std::uint64_t>(function_id::error);
    frame.x[2] = static_cast<std::uint32_t>(why);
    return frame;
}

/// What became of a call that FFA_SUCCESS answers: success; the reason in an FFA_ERROR; `interrupted` (FFA_INTERRUPT or
/// FFA_YIELD: to be resumed with FFA_RUN, at the target in w1); `not_supported` for what is no FF-A answer at all, as
/// SMCCC's "unknown function"; `bad_type` for another FF-A call or answer.
constexpr result<void> outcome_of(const call_frame& frame) {
    const std::uint32_t place = detail::place_of(frame);
    switch (place) {
    case detail::place_of(function_id::success): return {};
    case detail::place_of(function_id::error): return errc_of(error_in(frame));
    case detail::place_of(function_id::interrupt):
    case detail::place_of(function_id::yield): return errc::interrupted;
    default: break;
    }
    return place <= detail::last_place ? errc::bad_type : errc::not_supported;
}

} // namespace vmsg::ffa
