// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/fifo.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;

namespace {

constexpr fifo_header some_ring{
    .message_size = 0x2120, .depth = 0x3130, .next_offset = 0x43424140, .read_index = 0x5150, .write_index = 0x6160};

// The ring header that `some_ring` is, with `filler` in its reserved bytes.
constexpr std::array<std::uint8_t, 192> ring_bytes(std::uint8_t filler) {
    std::array<std::uint8_t, 192> bytes{};
    for (auto& byte : bytes) byte = filler;
    const std::uint8_t magic_and_version[]{'V', 'F', 'F', 'A', 'F', 'I', 'F', 'O', 0x00, 0x00};
    for (std::size_t i = 0; i < 10; ++i) bytes[i] = magic_and_version[i];
    const std::uint8_t sizes[]{0x20, 0x21, 0x30, 0x31};
    for (std::size_t i = 0; i < 4; ++i) bytes[16 + i] = sizes[i];
    const std::uint8_t next[]{0x40, 0x41, 0x42, 0x43};
    for (std::size_t i = 0; i < 4; ++i) bytes[24 + i] = next[i];
    bytes[64] = 0x50;
    bytes[65] = 0x51;
    bytes[128] = 0x60;
    bytes[129] = 0x61;
    return bytes;
}

// What encode makes of memory full of 0xa5: nothing behind the header, nothing at all without room for it.
constexpr bool encodes(std::size_t room) {
    std::array<std::uint8_t, 200> memory{};
    for (auto& byte : memory) byte = 0xa5;
    const auto done = encode_fifo_header(byte_span{memory}.first(room), some_ring);
    const bool enough = room >= 192;
    if (done.error() != (enough ? errc::none : errc::oversize)) return false;
    const auto golden = ring_bytes(0);
    for (std::size_t i = 0; i < memory.size(); ++i)
        if (memory[i] != (enough && i < 192 ? golden[i] : 0xa5)) return false;
    return true;
}

} // namespace

TEST_CASE("a ring header is written with zero in its reserved bytes") {
    CX_CHECK(encodes(192));
    CX_CHECK(encodes(200));
    CX_CHECK(encodes(191));
    CX_CHECK(encodes(0));
}

TEST_CASE("a ring header is read whatever its reserved bytes are") {
    CX_CHECK(decode_fifo_header(ring_bytes(0)) == some_ring);
    CX_CHECK(decode_fifo_header(ring_bytes(0xff)) == some_ring);
    CX_CHECK(decode_fifo_header(byte_view{ring_bytes(0)}.first(191)).error() == errc::truncated);
    CX_CHECK(decode_fifo_header({}).error() == errc::truncated);
}

TEST_CASE("reading a ring header does not judge its values") {
    constexpr std::array<std::uint8_t, 192> nothing{};
    CX_CHECK(decode_fifo_header(nothing) == fifo_header{.magic = 0});
}

TEST_CASE("each index of a ring has a cache line of its own") {
    CX_CHECK(fifo_header_size == 192);
    CX_CHECK(fifo_read_index_offset == 64);
    CX_CHECK(fifo_write_index_offset == 128);
}
