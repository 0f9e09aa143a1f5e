// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/indirect.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <array>
#include <limits>

using namespace vmsg;

namespace {

constexpr ffa::endpoint_id driver{0x0001};
constexpr ffa::endpoint_id device{0x8003};

constexpr std::uint8_t header_1_1[]{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00,
                                    0x00, 0x00, 0x03, 0x80, 0x01, 0x00, 0x2c, 0x00, 0x00, 0x00};
constexpr std::uint8_t header_1_2[]{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x03, 0x80,
                                    0x01, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc6, 0x60, 0x28, 0xb5,
                                    0x24, 0x98, 0x4a, 0xa1, 0x9d, 0xe7, 0x77, 0xda, 0x61, 0x22, 0xab, 0xf0};

using page = std::array<std::uint8_t, 128>;

constexpr page dirty() {
    page made{};
    for (std::uint8_t& byte : made) byte = 0xa5;
    return made;
}

// What encode_indirect makes of a dirty buffer, and whether the place that it gives lies behind the header.
struct written {
    page bytes = dirty();
    result<byte_span> place{errc::would_block};
    bool place_is_right = false;

    constexpr written(ffa::version v, std::size_t size, std::size_t room = sizeof(page), std::size_t start = 0) {
        const byte_span out = byte_span{bytes}.drop(start).first(room - start);
        place = ffa::encode_indirect(out, v, driver, device, device_role_uuid, size);
        if (place) place_is_right = place->data() == out.data() + ffa::indirect_header_size(v) && place->size() == size;
    }
    constexpr bool starts_with(byte_view header, std::size_t start = 0) const {
        for (std::size_t i = start + header.size(); i < bytes.size(); ++i)
            if (bytes[i] != 0xa5) return false;
        return byte_view{bytes}.drop(start).first(header.size()) == header;
    }
};

// A buffer of 128 bytes with a header that speaks of `size` bytes at `offset`.
constexpr page received(std::uint32_t offset, std::uint32_t size) {
    page made = dirty();
    for (std::size_t i = 0; i < sizeof header_1_2; ++i) made[i] = header_1_2[i];
    store_le(made.data() + 8, offset);
    store_le(made.data() + 16, size);
    return made;
}

constexpr errc refusal(std::uint32_t offset, std::uint32_t size, std::size_t room = sizeof(page)) {
    const page buffer = received(offset, size);
    return ffa::decode_indirect(byte_view{buffer}.first(room)).error();
}

constexpr bool found_at(std::uint32_t offset, std::uint32_t size, bool has_service) {
    const page buffer = received(offset, size);
    const auto m = ffa::decode_indirect(buffer);
    return m && m->payload.data() == buffer.data() + offset && m->payload.size() == size && m->src == driver &&
           m->dst == device && m->has_service == has_service && m->service == (has_service ? device_role_uuid : uuid{});
}

constexpr bool header_alone_is_enough(std::size_t given) {
    const page buffer = received(20, 1);
    return ffa::decode_indirect(byte_view{buffer}.first(given)).has_value();
}

constexpr bool reserved_words_are_ignored() {
    page buffer = received(40, 44);
    for (const std::size_t at : {0u, 4u, 20u}) store_le(buffer.data() + at, 0xffff'ffffu);
    const auto m = ffa::decode_indirect(buffer);
    return m && m->payload.size() == 44 && m->service == device_role_uuid;
}

} // namespace

TEST_CASE("the header has 20 bytes in FF-A 1.1 and 40 from 1.2 on") {
    CX_CHECK(ffa::indirect_header_size(ffa::version::v1_1) == 20);
    CX_CHECK(ffa::indirect_header_size(ffa::version::v1_2) == 40);
    CX_CHECK(ffa::indirect_header_size(ffa::version::v1_3) == 40);
    CX_CHECK(written(ffa::version::v1_1, 44).place_is_right);
    CX_CHECK(written(ffa::version::v1_1, 44).starts_with(header_1_1));
    CX_CHECK(written(ffa::version::v1_2, 44).place_is_right);
    CX_CHECK(written(ffa::version::v1_2, 44).starts_with(header_1_2));
    CX_CHECK(written(ffa::version::v1_3, 44).starts_with(header_1_2));
    CX_CHECK(written(ffa::version::v1_2, 44, sizeof(page), 1).starts_with(header_1_2, 1));
}

TEST_CASE("a message that does not fit is not announced") {
    CX_CHECK(written(ffa::version::v1_1, 108).place_is_right);
    CX_CHECK(written(ffa::version::v1_1, 109).place.error() == errc::oversize);
    CX_CHECK(written(ffa::version::v1_2, 88).place_is_right);
    CX_CHECK(written(ffa::version::v1_2, 89).place.error() == errc::oversize);
    CX_CHECK(written(ffa::version::v1_2, 1, 39).place.error() == errc::oversize);
    CX_CHECK(written(ffa::version::v1_2, 1, 40).place.error() == errc::oversize);
    CX_CHECK(written(ffa::version::v1_2, std::numeric_limits<std::size_t>::max()).place.error() == errc::oversize);
    CX_CHECK(written(ffa::version::v1_2, 89).starts_with(byte_view{}));
    CX_CHECK(written(ffa::version::v1_2, 0).place.error() == errc::invalid_argument);
    CX_CHECK(written(ffa::version::v1_0, 44).place.error() == errc::not_supported);
}

TEST_CASE("a message is found where the header says") {
    CX_CHECK(found_at(20, 44, false));
    CX_CHECK(found_at(24, 44, false));
    CX_CHECK(found_at(36, 44, false));
    CX_CHECK(found_at(39, 44, false));
    CX_CHECK(found_at(40, 44, true));
    CX_CHECK(found_at(41, 44, true));
    CX_CHECK(found_at(64, 44, true));
    CX_CHECK(found_at(127, 1, true));
    CX_CHECK(found_at(20, 108, false));
    CX_CHECK(found_at(40, 88, true));
    CX_CHECK(reserved_words_are_ignored());
}

TEST_CASE("a message outside the buffer or inside the header is refused") {
    CX_CHECK(refusal(40, 89) == errc::truncated);
    CX_CHECK(refusal(128, 1) == errc::truncated);
    CX_CHECK(refusal(129, 1) == errc::truncated);
    CX_CHECK(refusal(0xffff'ffff, 1) == errc::truncated);
    CX_CHECK(refusal(40, 0xffff'ffff) == errc::truncated);
    CX_CHECK(refusal(0xffff'fff0, 0x20) == errc::truncated);
    CX_CHECK(refusal(0x8000'0000, 0x8000'0000) == errc::truncated);
    CX_CHECK(refusal(40, 1, 40) == errc::truncated);
    CX_CHECK(refusal(40, 1, 39) == errc::truncated);
    CX_CHECK(refusal(20, 1, 19) == errc::truncated);
    CX_CHECK(refusal(20, 1, 0) == errc::truncated);
    CX_CHECK(refusal(19, 44) == errc::bad_length);
    CX_CHECK(refusal(8, 44) == errc::bad_length);
    CX_CHECK(refusal(0, 44) == errc::bad_length);
    CX_CHECK(refusal(20, 0) == errc::bad_length);
    CX_CHECK(refusal(40, 0) == errc::bad_length);
    CX_CHECK(!header_alone_is_enough(20));
    CX_CHECK(header_alone_is_enough(21));
}

TEST_CASE("FFA_MSG_SEND2 has the VM it is forwarded for in the upper half of w1") {
    using namespace ffa_test;
    CX_CHECK(both_ways(ffa::msg_send2_call{}, ffa::call_frame{{0x84000086}}, ffa::decode_msg_send2));
    CX_CHECK(both_ways(ffa::msg_send2_call{ffa::endpoint_id{2}, true}, ffa::call_frame{{0x84000086, 0x0002'0000, 2}},
                       ffa::decode_msg_send2));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000086}}, 1, 1, ffa::decode_msg_send2));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000086}}, 2, 1, ffa::decode_msg_send2));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000086}}, 3, 1, ffa::decode_msg_send2));
}
