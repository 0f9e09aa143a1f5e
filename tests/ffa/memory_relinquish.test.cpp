// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_relinquish.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr ffa::memory_relinquish given{ffa::memory_handle{0x8000'0000'0000'1234}, ffa::memory_flags::zero,
                                       ffa::endpoint_id{0x8001}};
constexpr std::uint8_t bytes[]{0x34, 0x12, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 1, 0, 0, 0, 0x01, 0x80};

constexpr bool written_as_bytes() {
    std::uint8_t out[20];
    for (std::uint8_t& b : out) b = 0xa5;
    return ffa::encode_memory_relinquish(byte_span{out}.drop(1), given).has_value() && out[0] == 0xa5 &&
           out[19] == 0xa5 && byte_view{out}.drop(1).first(18) == byte_view{bytes};
}

constexpr errc refusal(std::size_t at, std::uint8_t value) {
    std::uint8_t in[18]{};
    for (std::size_t i = 0; i < sizeof in; ++i) in[i] = bytes[i];
    in[at] = value;
    return ffa::decode_memory_relinquish(in).error();
}

constexpr errc without_room(std::size_t size) {
    std::uint8_t out[18]{};
    return ffa::encode_memory_relinquish(byte_span{out, size}, given).error();
}

} // namespace

TEST_CASE("memory is given up by 18 bytes") {
    CX_CHECK(ffa::memory_relinquish_size == 18);
    CX_CHECK(written_as_bytes());
    CX_CHECK(*ffa::decode_memory_relinquish(bytes) == given);
    CX_CHECK(without_room(17) == errc::oversize);
    CX_CHECK(ffa::decode_memory_relinquish(byte_view{bytes}.first(17)).error() == errc::truncated);
}

TEST_CASE("memory is given up by one endpoint, with flags that exist") {
    CX_CHECK(refusal(12, 0) == errc::bad_value);
    CX_CHECK(refusal(12, 2) == errc::bad_value);
    CX_CHECK(refusal(15, 1) == errc::bad_value);
    CX_CHECK(refusal(8, 3) == errc::none);
    CX_CHECK(refusal(8, 4) == errc::bad_value);
    CX_CHECK(refusal(11, 0x80) == errc::bad_value);
}
