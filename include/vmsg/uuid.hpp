// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// UUIDs: of a virtio device, and of the two virtio-msg roles that FF-A discovery looks for.

#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>

namespace vmsg {

/// A UUID in the order of its text form (RFC 4122): `bytes[0]` is its first hexadecimal pair.
struct uuid {
    std::uint8_t bytes[16]{};

    /// The two registers that carry it in FF-A calls: little-endian loads of bytes 0..7 and 8..15.
    constexpr std::uint64_t low() const { return load_le<std::uint64_t>(bytes); }
    constexpr std::uint64_t high() const { return load_le<std::uint64_t>(bytes + 8); }

    constexpr bool is_nil() const { return (low() | high()) == 0; }

    friend bool operator==(const uuid&, const uuid&) = default;
};

namespace detail {

constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace detail

/// Reads 32 hexadecimal digits, with or without the four dashes of the text form. `invalid_argument` for anything else.
constexpr result<uuid> parse_uuid(const char* text, std::size_t length) {
    uuid made;
    std::size_t digits = 0;
    const bool dashed = length == 36;
    if (!dashed && length != 32) return errc::invalid_argument;
    for (std::size_t i = 0; i < length; ++i) {
        if (dashed && (i == 8 || i == 13 || i == 18 || i == 23)) {
            if (text[i] != '-') return errc::invalid_argument;
            continue;
        }
        const int digit = detail::hex_digit(text[i]);
        if (digit < 0) return errc::invalid_argument;
        auto& byte = made.bytes[digits / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | digit);
        ++digits;
    }
    return made;
}

namespace literals {

/// A UUID in its text form.
consteval uuid operator""_uuid(const char* text, std::size_t length) { return *parse_uuid(text, length); }

} // namespace literals

/// The FF-A service that a virtio-msg device side answers to. Source: FF-A bus, all revisions.
inline constexpr uuid device_role_uuid = *parse_uuid("c66028b5-2498-4aa1-9de7-77da6122abf0", 36);
/// The FF-A service that a virtio-msg driver side answers to. Source: FF-A bus, oasis_v2 only.
inline constexpr uuid driver_role_uuid = *parse_uuid("bd7fd089-6795-472b-b47f-db0c5d9a719d", 36);

} // namespace vmsg
