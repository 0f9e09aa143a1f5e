// SPDX-License-Identifier: BSD-2-Clause
#include "hex.hpp"

#include "rejected.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tool {

namespace {

// A character for an error line: itself, or its code if it cannot be printed.
std::string shown(char c) {
    const auto code = static_cast<unsigned char>(c);
    return code > 0x20 && code < 0x7f ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", code);
}

// The value of the digit at `at`; `where` says more about that place.
unsigned digit_at(std::string_view text, std::size_t at, std::string_view where) {
    unsigned digit = 0;
    if (std::from_chars(&text[at], &text[at] + 1, digit, 16).ec != std::errc{})
        throw rejected{vmsg::errc::invalid_argument,
                       fmt::format("{} at position {}{} is no hexadecimal digit", shown(text[at]), at + 1, where)};
    return digit;
}

} // namespace

std::vector<std::uint8_t> parse_hex(std::string_view text) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 2);
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (white_space.find(text[i]) != std::string_view::npos) continue;
        const unsigned digit = digit_at(text, i, "");
        if (digits++ % 2 == 0)
            bytes.push_back(static_cast<std::uint8_t>(digit << 4));
        else
            bytes.back() = static_cast<std::uint8_t>(bytes.back() | digit);
    }
    if (digits % 2 != 0)
        throw rejected{vmsg::errc::invalid_argument, fmt::format("{} hexadecimal digits, a byte has two", digits)};
    return bytes;
}

vmsg::ffa::call_frame parse_registers(std::string_view text) {
    constexpr std::size_t registers = std::size(vmsg::ffa::call_frame{}.x);
    const std::string separators = "," + std::string{white_space};
    vmsg::ffa::call_frame frame;
    std::size_t count = 0;
    for (std::size_t start = text.find_first_not_of(separators); start != std::string_view::npos; ++count) {
        const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
        std::size_t at = start;
        if (text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X") at += 2;
        const std::string where = fmt::format(" (x{})", count);
        if (at == end || end - at > 16)
            throw rejected{
                vmsg::errc::invalid_argument,
                fmt::format("{} digits at position {}{}, a register has 1 to 16", end - at, start + 1, where)};
        std::uint64_t value = 0;
        for (; at < end; ++at) value = value << 4 | digit_at(text, at, where);
        if (count < registers) frame.x[count] = value;
        start = text.find_first_not_of(separators, end);
    }
    if (count != registers)
        throw rejected{vmsg::errc::invalid_argument,
                       fmt::format("{} registers in one input, x0 to x17 are {}", count, registers)};
    return frame;
}

std::optional<vmsg::ffa::endpoint_id> parse_endpoint_id(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    std::uint16_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, hex ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return vmsg::ffa::endpoint_id{id};
}

std::string to_hex(vmsg::byte_view bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

std::string to_text(const vmsg::ffa::call_frame& frame) { return fmt::format("0x{:016x}", fmt::join(frame.x, " 0x")); }

} // namespace tool
