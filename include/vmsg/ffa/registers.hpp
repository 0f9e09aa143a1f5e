// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What all FF-A calls have in common as data: their two forms, half registers, and the check that unused ones are zero.
// Source: SMCCC 1.2, "Register use": a 32-bit call has w0 to w7 and the upper halves of x1 to x7 mean nothing.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// How wide the registers of a call or an answer are.
enum class form : std::uint8_t {
    smc32, ///< w0 to w7
    smc64, ///< x0 to x17 (x0 to x7 before FF-A 1.2)
};

constexpr form form_of(const call_frame& frame) { return is_64_bit(function_of(frame)) ? form::smc64 : form::smc32; }

/// The id of a call that FF-A has in both forms; `id` is the 32-bit one.
constexpr function_id in_form(function_id id, form f) { return f == form::smc64 ? form_64(id) : id; }

/// The lower half of register `i`.
constexpr std::uint32_t word_in(const call_frame& frame, std::size_t i) {
    return static_cast<std::uint32_t>(frame.x[i]);
}

/// Two 32-bit registers, the lower half of the value in the first.
constexpr std::uint64_t words_in(const call_frame& frame, std::size_t i) {
    return std::uint64_t{word_in(frame, i)} | std::uint64_t{word_in(frame, i + 1)} << 32;
}

/// The answer that grants a call and gives nothing else.
constexpr call_frame encode_success(form f = form::smc32) {
    call_frame frame;
    frame.x[0] = static_cast<std::uint64_t>(in_form(function_id::success, f));
    return frame;
}

/// Whether x1 to x17 of `given` have nothing in them but what they have in `encoded`, which is what its decoded form
/// encodes to: `reserved_zero(frame, encode(*decode_run(frame)))`. Decoders drop reserved bits and ignore registers
/// that the call does not use; who has to refuse such a call asks this. The upper halves of x1 to x7 of a 32-bit call
/// are never looked at. `registers`: 18, or 8 for a caller before FF-A 1.2, of which x8 to x17 mean nothing.
constexpr bool reserved_zero(const call_frame& given, const call_frame& encoded, std::size_t registers = 18) {
    VMSG_ASSERT(registers <= 18);
    const bool narrow = form_of(given) == form::smc32;
    for (std::size_t i = 1; i < registers; ++i) {
        const std::uint64_t differs = given.x[i] ^ encoded.x[i];
        if ((narrow && i < 8 ? differs & 0xffff'ffff : differs) != 0) return false;
    }
    return true;
}

namespace detail {

constexpr call_frame frame_of(function_id id) {
    call_frame frame;
    frame.x[0] = static_cast<std::uint64_t>(id);
    return frame;
}

constexpr bool is_call(const call_frame& frame, function_id id) { return function_of(frame) == id; }
// `id` is the 32-bit form.
constexpr bool is_either(const call_frame& frame, function_id id) { return form_64(function_of(frame)) == form_64(id); }

constexpr void put_words(call_frame& frame, std::size_t i, std::uint64_t value) {
    frame.x[i] = value & 0xffff'ffff;
    frame.x[i + 1] = value >> 32;
}

// A register as the answer's or call's form has it.
constexpr std::uint64_t wide_in(const call_frame& frame, std::size_t i) {
    return form_of(frame) == form::smc64 ? frame.x[i] : word_in(frame, i);
}

} // namespace detail

} // namespace vmsg::ffa
