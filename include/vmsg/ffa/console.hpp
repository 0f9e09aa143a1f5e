// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FFA_CONSOLE_LOG as data. Source: FF-A 1.2: characters in memory order from w2 or x2 on.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Characters that one call can carry: 24 in w2 to w7; in 64-bit form 48 in x2 to x7, or 128 in x2 to x17 from FF-A 1.2
/// on.
constexpr std::size_t console_log_capacity(form f, version negotiated) {
    if (f == form::smc32) return 24;
    return negotiated >= version::v1_2 ? 128 : 48;
}

struct console_log_call {
    form width{};
    std::uint8_t size{}; ///< characters, at most `console_log_capacity`
    std::uint8_t text[128]{};

    constexpr byte_view characters() const { return {text, size}; }
    friend bool operator==(const console_log_call&, const console_log_call&) = default;
};

/// As much of `text` as one call can carry.
constexpr console_log_call console_log_of(byte_view text, form f, version negotiated) {
    console_log_call c;
    c.width = f;
    const std::size_t room = console_log_capacity(f, negotiated);
    c.size = static_cast<std::uint8_t>(text.size() < room ? text.size() : room);
    copy_bytes(c.text, text.data(), c.size);
    return c;
}

constexpr call_frame encode(const console_log_call& c) {
    const std::size_t each = c.width == form::smc64 ? 8 : 4;
    VMSG_ASSERT(c.size <= console_log_capacity(c.width, version::v1_2));
    call_frame frame = detail::frame_of(in_form(function_id::console_log, c.width));
    frame.x[1] = c.size;
    for (std::size_t i = 0; i < c.size; ++i) frame.x[2 + i / each] |= std::uint64_t{c.text[i]} << 8 * (i % each);
    return frame;
}

/// Errors: `bad_type`; `bad_value` (no characters, or more than the form has room for in version `negotiated`).
constexpr result<console_log_call> decode_console_log(const call_frame& frame, version negotiated) {
    if (!detail::is_either(frame, function_id::console_log)) return errc::bad_type;
    console_log_call c;
    c.width = form_of(frame);
    const std::size_t each = c.width == form::smc64 ? 8 : 4;
    const std::size_t size = word_in(frame, 1) & 0xff;
    if (size == 0 || size > console_log_capacity(c.width, negotiated)) return errc::bad_value;
    c.size = static_cast<std::uint8_t>(size);
    for (std::size_t i = 0; i < size; ++i)
        c.text[i] = static_cast<std::uint8_t>(frame.x[2 + i / each] >> 8 * (i % each) & 0xff);
    return c;
}

} // namespace vmsg::ffa
