// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Bytes, registers and ids as people type them.

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

inline constexpr std::string_view white_space = " \t\r\n\v\f";

/// The bytes that pairs of hexadecimal digits stand for; white space does not count. Throws `rejected`.
std::vector<std::uint8_t> parse_hex(std::string_view text);

/// x0 to x17: 18 hexadecimal numbers, with or without 0x, between commas or white space. Throws `rejected`.
vmsg::ffa::call_frame parse_registers(std::string_view text);

/// An endpoint id, decimal or hexadecimal with 0x.
std::optional<vmsg::ffa::endpoint_id> parse_endpoint_id(std::string_view text);

std::string to_hex(vmsg::byte_view bytes);

/// Eighteen words of 16 digits with 0x.
std::string to_text(const vmsg::ffa::call_frame& frame);

} // namespace tool
