// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/explain.hpp>

#include "support/check.hpp"

#include <string_view>

using namespace vmsg;

namespace {

constexpr auto oasis_v1 = revision::oasis_v1;
constexpr auto oasis_v2 = revision::oasis_v2;
constexpr auto rfc2025 = revision::rfc2025;

struct ignore {
    template <class M> constexpr void operator()(const header&, const M&) const {}
};

/// Whether `decode_any` refuses `frame` with `why` and the words for it are `expected`.
template <revision R = oasis_v2> constexpr bool refused(byte_view frame, errc why, std::string_view expected) {
    char room[200]{};
    text_writer out{room};
    explain<R>(out, frame, why);
    return decode_any<R>(frame, ignore{}).error() == why && out.view() == expected;
}

template <revision R = oasis_v2> constexpr bool says(byte_view frame, errc why, std::string_view expected) {
    char room[200]{};
    text_writer out{room};
    explain<R>(out, frame, why);
    return out.view() == expected;
}

/// Whether `encode` into `room` bytes refuses `m` with `why` and the words for it are `expected`.
template <revision R = oasis_v2, class M>
constexpr bool not_sent(const M& m, errc why, std::string_view expected, std::size_t space = 104) {
    std::uint8_t bytes[104]{};
    const errc got = encode<R>(byte_span{bytes}.first(space), header{}, m).error();
    char room[200]{};
    text_writer out{room};
    explain<R>(out, m, got);
    return got == why && out.view() == expected;
}

constexpr std::uint8_t zeros[70'000]{};

constexpr std::uint8_t cut_header[]{0x00, 0x0a, 0x01};
constexpr std::uint8_t cut_payload[]{0x00, 0x0a, 0x01, 0x00, 0x07, 0x00, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00};
constexpr std::uint8_t tiny_size[]{0x00, 0x02, 0x01, 0x00, 0x07, 0x00, 0x04, 0x00};
constexpr std::uint8_t no_size[]{0x00, 0x02, 0x01, 0x00, 0x07, 0x00, 0x00, 0x00};
constexpr std::uint8_t unknown[]{0x03, 0x99, 0x00, 0x00, 0x07, 0x00, 0x08, 0x00};
constexpr std::uint8_t too_long[]{0x00, 0x02, 0x01, 0x00, 0x07, 0x00, 0x08, 0x00, 0x00};
constexpr std::uint8_t left_over[]{0x00, 0x08, 0x01, 0x00, 0x07, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
constexpr std::uint8_t too_short[]{0x00, 0x08, 0x01, 0x00, 0x07, 0x00, 0x0a, 0x00, 0x00, 0x00};
constexpr std::uint8_t no_fixed_part[]{0x01, 0x05, 0x01, 0x00, 0x07, 0x00, 0x0a, 0x00, 0x00, 0x00};
constexpr std::uint8_t status_request[]{0x00, 0x08, 0x01, 0x00, 0x07, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00};
constexpr std::uint8_t no_blocks[]{0x01, 0x03, 0x01, 0x00, 0x07, 0x00, 0x10, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
constexpr std::uint8_t few_blocks[]{0x01, 0x03, 0x01, 0x00, 0x07, 0x00, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00};
constexpr std::uint8_t many_blocks[]{0x01, 0x03, 0x01, 0x00, 0x07, 0x00, 0x10, 0x00,
                                     0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff};
constexpr std::uint8_t few_blocks_rfc[]{0x01, 0x03, 0x01, 0x00, 0x0f, 0x00, 0x00, 0x00,
                                        0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0xff};
constexpr std::uint8_t few_bits[]{0x03, 0x02, 0x00, 0x00, 0x07, 0x00, 0x0f, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0xff};
constexpr std::uint8_t few_bits_v1[]{0x03, 0x02, 0x00, 0x00, 0x07, 0x00, 0x10, 0x00,
                                     0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0xff, 0xff};
constexpr std::uint8_t half_range[]{0x00, 0x40, 0x01, 0x00, 0x07, 0x00, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0xff};

constexpr std::uint32_t blocks[]{1, 2};

} // namespace

TEST_CASE("missing bytes") {
    CX_CHECK(refused(byte_view{}, errc::truncated, "a header has 8 bytes, 0 given"));
    CX_CHECK(refused(cut_header, errc::truncated, "a header has 8 bytes, 3 given"));
    CX_CHECK(refused<rfc2025>(cut_header, errc::truncated, "a header has 6 bytes, 3 given"));
    CX_CHECK(refused(cut_payload, errc::truncated, "header says 48 bytes, 12 given"));
}

TEST_CASE("sizes that contradict each other") {
    CX_CHECK(refused(tiny_size, errc::bad_length, "header says 4 bytes, 8 is the least"));
    CX_CHECK(refused(no_size, errc::bad_length, "header says 0 bytes, 8 is the least"));
    CX_CHECK(refused(left_over, errc::bad_length, "SET_DEVICE_STATUS request has 12 bytes, header says 14"));
    CX_CHECK(refused(too_short, errc::bad_length, "SET_DEVICE_STATUS request has 12 bytes, header says 10"));
    CX_CHECK(refused(no_fixed_part, errc::bad_length, "GET_CONFIG response has at least 20 bytes, header says 10"));
    CX_CHECK(refused(few_blocks, errc::bad_length, "num_blocks 3 needs 12 bytes of features, 8 given"));
    CX_CHECK(
        refused(many_blocks, errc::bad_length, "num_blocks 4294967295 needs 17179869180 bytes of features, 0 given"));
    CX_CHECK(refused<rfc2025>(few_blocks_rfc, errc::bad_length, "num 1 needs 4 bytes of features, 1 given"));
    CX_CHECK(refused(few_bits, errc::bad_length, "count 9 needs 2 bytes of bitmap, 1 given"));
    CX_CHECK(refused<oasis_v1>(few_bits_v1, errc::bad_length, "num 8 needs 1 byte of devices, 2 given"));
    CX_CHECK(refused(half_range, errc::bad_length, "length 4 needs 4 bytes of data or none, 1 given"));
}

TEST_CASE("ids and bytes that should not be there") {
    CX_CHECK(refused(unknown, errc::unknown_id, "no message with type 0x03 and id 0x99 in oasis_v2"));
    CX_CHECK(refused<oasis_v1>(unknown, errc::unknown_id, "no message with type 0x03 and id 0x99 in oasis_v1"));
    CX_CHECK(refused(too_long, errc::oversize, "header says 8 bytes, 9 given"));
    CX_CHECK(says(left_over, errc::bad_type, "it has type 0x00 and id 0x08, SET_DEVICE_STATUS request"));
    CX_CHECK(says(unknown, errc::bad_type, "it has type 0x03 and id 0x99"));
}

TEST_CASE("an error that the frame does not have is explained in general") {
    for (const errc_row& row : errc_rows) {
        if (row.code == errc::truncated) continue;
        CHECK(says(cut_header, row.code, row.meaning));
    }
    CX_CHECK(says(too_long, errc::truncated, "bytes are missing"));
    CX_CHECK(says(cut_payload, errc::oversize, "too many bytes"));
    CX_CHECK(says(cut_payload, errc::bad_length, "sizes contradict each other"));
    CX_CHECK(says(unknown, errc::bad_length, "sizes contradict each other"));
    CX_CHECK(says(status_request, errc::bad_length, "sizes contradict each other"));
    CX_CHECK(says(no_blocks, errc::bad_length, "sizes contradict each other"));
    CX_CHECK(says(unknown, errc::busy, "not executed, may be tried again"));
}

TEST_CASE("messages that cannot be sent") {
    CX_CHECK(not_sent(get_device_features_response{.num_blocks = 3, .features = blocks}, errc::bad_length,
                      "num_blocks 3 needs 12 bytes of features, 8 given"));
    CX_CHECK(not_sent<rfc2025>(event_config{.length = 1, .data = {zeros, 2}}, errc::bad_length,
                               "size 1 needs 1 byte of config or none, 2 given"));
    CX_CHECK(not_sent(get_config_response{.length = 70'000, .config = zeros}, errc::oversize,
                      "GET_CONFIG response has 70020 bytes, header can say 65535"));
    CX_CHECK(not_sent(ping_request{}, errc::oversize, "PING request has 12 bytes, more than there is room for", 11));
    CX_CHECK(not_sent<oasis_v1>(get_device_info_response{.admin_vq_start = 1, .admin_vq_count = 70'000},
                                errc::not_representable, "admin_vq_count 70000 does not fit in 16 bits"));
    CX_CHECK(not_sent<rfc2025>(get_device_info_response{.admin_vq_start = 65'536, .admin_vq_count = 70'000},
                               errc::not_representable, "admin_vq_start_idx 65536 does not fit in 16 bits"));
    CX_CHECK(not_sent<rfc2025>(get_shm_response{.address = 0x1'0000'0000}, errc::not_representable,
                               "addr 4294967296 does not fit in 32 bits"));
}

TEST_CASE("a reason that the message does not have is explained in general") {
    char room[200]{};
    text_writer out{room};
    explain<oasis_v2>(out, get_config_response{}, errc::bad_length);
    CHECK(out.view() == "sizes contradict each other");
    text_writer again{room};
    explain<oasis_v2>(again, ping_request{}, errc::not_representable);
    CHECK(again.view() == "a value does not fit its field");
}
