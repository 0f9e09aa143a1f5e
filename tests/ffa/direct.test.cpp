// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/direct.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr ffa::endpoint_id driver{0x0001};
constexpr ffa::endpoint_id device{0x8003};

// Bytes 0x00, 0x01, ... as a message of `size` bytes, zero after it.
constexpr word_image counted(std::size_t size) {
    std::uint8_t bytes[word_image::size_bytes]{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
    return from_bytes(bytes);
}

constexpr ffa::call_frame request_112{{0x00000000c400008d, 0x0000000000018003, 0xa14a9824b52860c6, 0xf0ab2261da77e79d,
                                       0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110, 0x1f1e1d1c1b1a1918,
                                       0x2726252423222120, 0x2f2e2d2c2b2a2928, 0x3736353433323130, 0x3f3e3d3c3b3a3938,
                                       0x4746454443424140, 0x4f4e4d4c4b4a4948, 0x5756555453525150, 0x5f5e5d5c5b5a5958,
                                       0x6766656463626160, 0x6f6e6d6c6b6a6968}};
constexpr ffa::call_frame request_44{{0x00000000c400008d, 0x0000000000018003, 0xa14a9824b52860c6, 0xf0ab2261da77e79d,
                                      0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110, 0x1f1e1d1c1b1a1918,
                                      0x2726252423222120, 0x000000002b2a2928}};
constexpr ffa::call_frame response_44{{0x00000000c400008e, 0x0000000080030001, 0, 0, 0x0706050403020100,
                                       0x0f0e0d0c0b0a0908, 0x1716151413121110, 0x1f1e1d1c1b1a1918, 0x2726252423222120,
                                       0x000000002b2a2928}};

constexpr ffa::call_frame with_register(ffa::call_frame frame, std::size_t i, std::uint64_t value) {
    frame.x[i] = value;
    return frame;
}

constexpr ffa::direct_message a_request{ffa::direct_kind::request, driver, device, device_role_uuid, counted(44)};
constexpr ffa::direct_message a_response{ffa::direct_kind::response, device, driver, uuid{}, counted(44)};

} // namespace

TEST_CASE("N7: a direct request carries ids, UUID and 112 bytes, zero after the message") {
    CX_CHECK(ffa::encode_direct_request(driver, device, device_role_uuid, counted(112)) == request_112);
    CX_CHECK(ffa::encode_direct_request(driver, device, device_role_uuid, counted(44)) == request_44);
    CX_CHECK(*ffa::decode_direct(request_44) == a_request);
    CX_CHECK(ffa::decode_direct(request_112)->payload == counted(112));
}

TEST_CASE("a direct response goes the other way and has no UUID") {
    CX_CHECK(ffa::encode_direct_response(device, driver, counted(44)) == response_44);
    CX_CHECK(*ffa::decode_direct(response_44) == a_response);
}

TEST_CASE("what is not defined in x0 and x1 is not looked at") {
    CX_CHECK(*ffa::decode_direct(with_register(request_44, 0, 0xc401008d)) == a_request);
    CX_CHECK(*ffa::decode_direct(with_register(response_44, 0, 0xc401008e)) == a_response);
    CX_CHECK(*ffa::decode_direct(with_register(request_44, 0, 0xffff'ffff'c400'008d)) == a_request);
    CX_CHECK(*ffa::decode_direct(with_register(request_44, 1, 0xffff'ffff'0001'8003)) == a_request);
}

TEST_CASE("other calls are no direct messages") {
    CX_CHECK(ffa::decode_direct(ffa::call_frame{}).error() == errc::bad_type);
    CX_CHECK(ffa::decode_direct(with_register(request_44, 0, 0x84000061)).error() == errc::bad_type);
    CX_CHECK(ffa::decode_direct(with_register(request_44, 0, 0xc400006f)).error() == errc::bad_type);
    CX_CHECK(ffa::decode_direct(with_register(request_44, 0, 0x8400008d)).error() == errc::bad_type);
    CX_CHECK(ffa::decode_direct(with_register(request_44, 0, ~std::uint64_t{0})).error() == errc::bad_type);
}

TEST_CASE("the nil UUID and the highest ids pass through") {
    CX_CHECK(ffa::encode_direct_request(ffa::endpoint_id{0xffff}, ffa::endpoint_id{0}, uuid{}, word_image{}).x[1] ==
             0xffff0000);
    CX_CHECK(ffa::decode_direct(ffa::call_frame{{0xc400008d, 0xffff0000}})->src == ffa::endpoint_id{0xffff});
    CX_CHECK(ffa::decode_direct(ffa::call_frame{{0xc400008d, 0xffff0000}})->dst == ffa::endpoint_id{0});
    CX_CHECK(ffa::decode_direct(ffa::call_frame{{0xc400008d, 0xffff0000}})->service.is_nil());
}
