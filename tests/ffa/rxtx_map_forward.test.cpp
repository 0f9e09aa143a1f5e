// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/rxtx_map_forward.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;

namespace {

constexpr ffa::memory_region rx[]{{0x9000'1000, 1}};
constexpr ffa::memory_region tx[]{{0x9000'0000, 1}, {0xa000'0000, 2}};
using image = std::array<std::uint8_t, 96>;

constexpr image written() {
    image out{};
    for (std::uint8_t& b : out) b = 0xa5;
    if (ffa::encode_rxtx_map_forward(out, {ffa::endpoint_id{2}, rx, tx}) != 96u) out[0] = 0xee;
    return out;
}

constexpr bool read_back() {
    const image out = written();
    return ffa::decode_rxtx_map_forward(out) == ffa::rxtx_map_forward{ffa::endpoint_id{2}, rx, tx};
}

constexpr errc refusal(std::size_t at, std::uint32_t value) {
    image in = written();
    store_le(in.data() + at, value);
    return ffa::decode_rxtx_map_forward(in).error();
}

constexpr errc cut(std::size_t size) {
    const image in = written();
    return ffa::decode_rxtx_map_forward(byte_view{in}.first(size)).error();
}

constexpr errc not_written(const ffa::memory_regions& r, const ffa::memory_regions& t, std::size_t room) {
    image out{};
    return ffa::encode_rxtx_map_forward(byte_span{out}.first(room), {ffa::endpoint_id{2}, r, t}).error();
}

} // namespace

TEST_CASE("forwarded buffers are read as they were written") {
    CX_CHECK(read_back());
    CX_CHECK(not_written(rx, tx, 96) == errc::none);
    CX_CHECK(not_written(rx, tx, 95) == errc::oversize);
    CX_CHECK(not_written(ffa::memory_regions{}, tx, 96) == errc::invalid_argument);
    constexpr ffa::memory_region odd[]{{0x9000'0001, 1}};
    CX_CHECK(not_written(rx, odd, 96) == errc::invalid_argument);
}

TEST_CASE("forwarded buffers lie behind the header, aligned to 8, and inside") {
    CX_CHECK(refusal(4, 8) == errc::bad_length);
    CX_CHECK(refusal(4, 12) == errc::bad_length);
    CX_CHECK(refusal(4, 0) == errc::bad_length);
    CX_CHECK(refusal(8, 52) == errc::bad_length);
    CX_CHECK(refusal(8, 88) == errc::truncated);
    CX_CHECK(refusal(8, 0xffff'fff8) == errc::truncated);
    CX_CHECK(refusal(48 + 4, 3) == errc::truncated);
    CX_CHECK(refusal(48 + 4, 0xffff'ffff) == errc::truncated);
    CX_CHECK(cut(15) == errc::truncated);
    CX_CHECK(cut(95) == errc::truncated);
}

TEST_CASE("forwarded buffers have the pages that they say") {
    CX_CHECK(refusal(16, 2) == errc::bad_value);
    CX_CHECK(refusal(20, 0) == errc::bad_value);
    CX_CHECK(refusal(32, 0x9000'1001) == errc::bad_value);
    CX_CHECK(refusal(40, 0) == errc::bad_value);
}
