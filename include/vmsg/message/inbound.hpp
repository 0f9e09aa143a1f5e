// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `validate_inbound`: what a bus checks of a delivered frame before anything else. Source: FF-A bus, rule N1.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg {

/// Whether a header names a device where it must not: a bus message other than an error.
constexpr bool wrongly_names_device(const header& h) {
    return h.is_bus() && h.dev_num != 0 && h.msg_id != static_cast<std::uint8_t>(ffa_bus_msg_id::error);
}

/// The header of a frame that a bus whose largest message has `max_msg_size` bytes may take in. The frame may be longer
/// than its `msg_size`: the rest is padding. Errors: `oversize` (more delivered than the maximum), `truncated` and
/// `bad_length` as `decode_header`, `bad_value` (a bus message other than an error that names a device).
template <revision R> constexpr result<header> validate_inbound(byte_view delivered, std::size_t max_msg_size) {
    if (delivered.size() > max_msg_size) return errc::oversize;
    const auto h = decode_header<R>(delivered);
    if (h && wrongly_names_device(*h)) return errc::bad_value;
    return h;
}

} // namespace vmsg
