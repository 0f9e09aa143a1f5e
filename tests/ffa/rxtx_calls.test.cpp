// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/rxtx_calls.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <array>

using namespace ffa_test;
using ffa::form;

namespace {

constexpr ffa::forwarded_rxtx a_pair{ffa::endpoint_id{2}, 0x9000'1000, 0x9000'0000, 1};

using descriptor = std::array<std::uint8_t, ffa::forwarded_rxtx_size>;

constexpr descriptor written(const ffa::forwarded_rxtx& d) {
    descriptor out{};
    for (std::uint8_t& byte : out) byte = 0xa5;
    return encode_forwarded_rxtx(out, d) ? out : descriptor{};
}

// The descriptor with a word of it changed.
constexpr result<ffa::forwarded_rxtx> changed(std::size_t offset, std::uint32_t value) {
    descriptor d = written(a_pair);
    store_le(d.data() + offset, value);
    return ffa::decode_forwarded_rxtx(d);
}

constexpr errc refusal(std::size_t size) {
    const descriptor d = written(a_pair);
    return ffa::decode_forwarded_rxtx(byte_view{d}.first(size)).error();
}

} // namespace

TEST_CASE("FFA_RXTX_MAP has TX before RX") {
    CX_CHECK(both_ways(ffa::rxtx_map_call{0x9'0000'0000, 0x9'0000'1000, 1},
                       ffa::call_frame{{0xc4000066, 0x9'0000'0000, 0x9'0000'1000, 1}}, ffa::decode_rxtx_map));
    CX_CHECK(both_ways(ffa::rxtx_map_call{0x9000'0000, 0xffff'f000, 63, form::smc32},
                       ffa::call_frame{{0x84000066, 0x9000'0000, 0xffff'f000, 63}}, ffa::decode_rxtx_map));
    CX_CHECK(refused_with(ffa::call_frame{{0xc4000066, 0x1000, 0x2000, 1}}, 3, 0x40, ffa::decode_rxtx_map));
    CX_CHECK(refused_with(ffa::call_frame{{0xc4000066, 0x1000, 0x2000, 1}}, 4, 1, ffa::decode_rxtx_map));
}

TEST_CASE("the VM that a call is forwarded for stands in another half of w1 in each") {
    constexpr ffa::endpoint_id vm{0x0002};
    CX_CHECK(both_ways(ffa::rxtx_unmap_call{vm}, ffa::call_frame{{0x84000067, 0x0002'0000}}, ffa::decode_rxtx_unmap));
    CX_CHECK(both_ways(ffa::rx_release_call{vm}, ffa::call_frame{{0x84000065, 0x0002}}, ffa::decode_rx_release));
    CX_CHECK(both_ways(ffa::rx_acquire_call{vm}, ffa::call_frame{{0x84000084, 0x0002}}, ffa::decode_rx_acquire));
    CX_CHECK(encode(ffa::rxtx_unmap_call{}) == ffa::call_frame{{0x84000067}});
    CX_CHECK(encode(ffa::rx_release_call{}) == ffa::call_frame{{0x84000065}});
    CX_CHECK(refused_with(ffa::call_frame{{0x84000067}}, 1, 1, ffa::decode_rxtx_unmap));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000065}}, 1, 0x1'0000, ffa::decode_rx_release));
}

TEST_CASE("trap 26: what is forwarded has a header of 16 bytes, its parts are aligned to 8") {
    constexpr descriptor d = written(a_pair);
    CX_CHECK(load_le<std::uint16_t>(d.data()) == 2);
    CX_CHECK(load_le<std::uint32_t>(d.data() + 4) == 16);
    CX_CHECK(load_le<std::uint32_t>(d.data() + 8) == 48);
    CX_CHECK(load_le<std::uint64_t>(d.data() + 32) == 0x9000'1000);
    CX_CHECK(load_le<std::uint64_t>(d.data() + 64) == 0x9000'0000);
    CX_CHECK(*ffa::decode_forwarded_rxtx(d) == a_pair);
    CX_CHECK(changed(4, 12).error() == errc::bad_length);
    CX_CHECK(changed(8, 52).error() == errc::bad_length);
    CX_CHECK(changed(8, 0).error() == errc::bad_length);
    CX_CHECK(changed(8, 16)->tx == 0x9000'1000);
}

TEST_CASE("a forwarded pair that is not all there is refused") {
    CX_CHECK(refusal(80) == errc::none);
    CX_CHECK(refusal(79) == errc::truncated);
    CX_CHECK(refusal(15) == errc::truncated);
    CX_CHECK(refusal(0) == errc::truncated);
    CX_CHECK(changed(4, 0xffff'fff8).error() == errc::truncated);
    CX_CHECK(changed(8, 56).error() == errc::truncated);
    CX_CHECK(changed(20, 2).error() == errc::not_supported);
    CX_CHECK(changed(20, 0).error() == errc::not_supported);
    CX_CHECK(changed(40, 2).error() == errc::bad_value);
    CX_CHECK(changed(48, 2).error() == errc::bad_value);
    CX_CHECK(changed(12, 0xffff'ffff)->rx == a_pair.rx);
    std::uint8_t small[79]{};
    CHECK(ffa::encode_forwarded_rxtx(small, a_pair).error() == errc::oversize);
}

TEST_CASE("both buffers of a forwarded pair have the same size") {
    constexpr auto uneven = [] {
        descriptor d = written(a_pair);
        store_le(d.data() + 48, std::uint32_t{2});
        store_le(d.data() + 72, std::uint32_t{2});
        return ffa::decode_forwarded_rxtx(d).error();
    };
    CX_CHECK(uneven() == errc::bad_value);
}
