// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/block.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// Every member with its own value: byte i of the wire form is i, and the padding 0.
constexpr block_config counted{
    .capacity = 0x0706'0504'0302'0100,
    .size_max = 0x0b0a'0908,
    .seg_max = 0x0f0e'0d0c,
    .cylinders = 0x1110,
    .heads = 0x12,
    .sectors = 0x13,
    .blk_size = 0x1716'1514,
    .physical_block_exp = 0x18,
    .alignment_offset = 0x19,
    .min_io_size = 0x1b1a,
    .opt_io_size = 0x1f1e'1d1c,
    .writeback = 0x20,
    .num_queues = 0x2322,
    .max_discard_sectors = 0x2726'2524,
    .max_discard_seg = 0x2b2a'2928,
    .discard_sector_alignment = 0x2f2e'2d2c,
    .max_write_zeroes_sectors = 0x3332'3130,
    .max_write_zeroes_seg = 0x3736'3534,
    .write_zeroes_may_unmap = 0x38,
    .max_secure_erase_sectors = 0x3f3e'3d3c,
    .max_secure_erase_seg = 0x4342'4140,
    .secure_erase_sector_alignment = 0x4746'4544,
    .zone_sectors = 0x4b4a'4948,
    .max_open_zones = 0x4f4e'4d4c,
    .max_active_zones = 0x5352'5150,
    .max_append_sectors = 0x5756'5554,
    .write_granularity = 0x5b5a'5958,
    .model = 0x5c,
};

constexpr bool is_padding(std::size_t i) { return i == 33 || (i >= 57 && i < 60) || i >= 93; }

constexpr std::array<std::uint8_t, block_config_size> counted_bytes() {
    std::array<std::uint8_t, block_config_size> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = is_padding(i) ? 0 : static_cast<std::uint8_t>(i);
    return bytes;
}

constexpr feature_set all_features{block_feature::size_max, block_feature::seg_max,      block_feature::geometry,
                                   block_feature::ro,       block_feature::blk_size,     block_feature::flush,
                                   block_feature::topology, block_feature::config_wce,   block_feature::mq,
                                   block_feature::discard,  block_feature::write_zeroes, block_feature::lifetime,
                                   block_feature::zoned,    block_feature::secure_erase};

constexpr bool config_is_encoded() {
    std::array<std::uint8_t, block_config_size + 1> bytes{};
    bytes.fill(0xa5);
    if (!encode_block_config(bytes, counted) || bytes.back() != 0xa5) return false;
    if (encode_block_config(byte_span{bytes}.first(95), counted).error() != errc::oversize) return false;
    return byte_view{bytes}.first(block_config_size) == byte_view{counted_bytes()};
}

constexpr bool config_is_decoded() {
    const auto bytes = counted_bytes();
    const auto config = decode_block_config(bytes, all_features);
    return config && *config == counted;
}

/// Where the fields of each feature end.
struct part {
    feature needs;
    std::size_t end;
};
constexpr part parts[]{
    {block_feature::size_max, 12},     {block_feature::seg_max, 16},  {block_feature::geometry, 20},
    {block_feature::blk_size, 24},     {block_feature::topology, 32}, {block_feature::config_wce, 33},
    {block_feature::mq, 36},           {block_feature::discard, 48},  {block_feature::write_zeroes, 57},
    {block_feature::secure_erase, 72}, {block_feature::zoned, 93}};

constexpr bool fields_exist_only_if_offered() {
    const auto bytes = counted_bytes();
    const auto bare = decode_block_config(bytes, {});
    if (!bare || *bare != block_config{.capacity = counted.capacity}) return false;
    for (const part& p : parts) {
        const feature_set offered{p.needs};
        const byte_view all{bytes};
        if (!decode_block_config(all.first(p.end), offered)) return false;
        if (decode_block_config(all.first(p.end - 1), offered).error() != errc::truncated) return false;
        // It has something and nothing else has.
        const auto config = decode_block_config(all, offered);
        std::array<std::uint8_t, block_config_size> back{};
        if (!encode_block_config(back, *config)) return false;
        std::size_t differences = 0;
        for (std::size_t i = 8; i < p.end; ++i) differences += back[i] != 0;
        if (differences == 0) return false;
        for (std::size_t i = p.end; i < back.size(); ++i)
            if (back[i] != 0) return false;
    }
    return decode_block_config(byte_view{bytes}.first(8), {}).has_value() &&
           decode_block_config(byte_view{bytes}.first(7), {}).error() == errc::truncated;
}

constexpr bool longer_spaces_are_accepted() {
    std::array<std::uint8_t, 200> bytes{};
    bytes.fill(0xa5);
    const auto config = decode_block_config(bytes, feature_set{block_feature::seg_max});
    return config && config->capacity == 0xa5a5'a5a5'a5a5'a5a5 && config->seg_max == 0xa5a5'a5a5 &&
           config->size_max == 0;
}

constexpr bool header_bytes() {
    constexpr std::array<std::uint8_t, 16> golden{0x01, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
    constexpr block_request_header h{.type = block_request_type::out, .sector = 0x0102'0304'0506'0708};
    std::array<std::uint8_t, 16> bytes{};
    wire::byte_sink sink{bytes.data()};
    layout_of<block_request_header, newest_revision>::put<0>(sink, h);
    block_request_header back;
    layout_of<block_request_header, newest_revision>::get<0>(wire::byte_source{bytes.data()}, back);
    return bytes == golden && back == h;
}

constexpr block_id named = make_block_id("vmsg");
constexpr block_id longest = make_block_id("12345678901234567890");

} // namespace

TEST_CASE("BL5: configuration space on the wire, padding zero") {
    CX_CHECK(config_is_encoded());
    CX_CHECK(config_is_decoded());
}

TEST_CASE("BL6: a field is read only if its feature is offered; longer spaces are accepted") {
    CX_CHECK(fields_exist_only_if_offered());
    CX_CHECK(longer_spaces_are_accepted());
}

TEST_CASE("the request header on the wire") { CX_CHECK(header_bytes()); }

TEST_CASE("BL11: an id is padded with zeros and needs no terminator") {
    CX_CHECK(named.text[0] == 'v' && named.text[3] == 'g' && named.text[4] == 0 && named.text[19] == 0);
    CX_CHECK(longest.text[19] == '0');
}

TEST_CASE("BL3: an offer of CONFIG_WCE needs FLUSH") {
    CX_CHECK(closed(feature_set{block_feature::config_wce}, block_dependencies).empty());
    CX_CHECK(closed(feature_set{block_feature::config_wce, block_feature::flush}, block_dependencies) ==
             feature_set{block_feature::config_wce, block_feature::flush});
}

TEST_CASE("BL34: limits of 0 count as absent") {
    constexpr feature_set offered{block_feature::seg_max, block_feature::size_max, block_feature::mq};
    CX_CHECK(limits_of(block_config{.capacity = 7}, offered, offered) == block_limits{.capacity = 7});
    CX_CHECK(
        limits_of(block_config{.capacity = 7, .size_max = 4096, .seg_max = 9, .num_queues = 3}, offered, offered) ==
        block_limits{.capacity = 7, .max_segments = 9, .max_segment_size = 4096, .num_queues = 3});
    CX_CHECK(limits_of(block_config{.num_queues = 3}, offered, {}).num_queues == 1); // MQ was not accepted
}

TEST_CASE("BL7, BL15: a device that offers RO is read-only, accepted or not") {
    CX_CHECK(limits_of(block_config{}, feature_set{block_feature::ro}, {}).read_only);
    CX_CHECK(!limits_of(block_config{}, {}, {}).read_only);
}

TEST_CASE("BL1: FLUSH is available once negotiated") {
    CX_CHECK(limits_of(block_config{}, feature_set{block_feature::flush}, feature_set{block_feature::flush}).flush);
    CX_CHECK(!limits_of(block_config{}, feature_set{block_feature::flush}, {}).flush);
}

TEST_CASE("BL35: bytes of a capacity are checked for overflow") {
    CX_CHECK(*capacity_bytes(3) == 1536);
    CX_CHECK(*capacity_bytes(0x007f'ffff'ffff'ffff) == 0xffff'ffff'ffff'fe00);
    CX_CHECK(capacity_bytes(0x0080'0000'0000'0000).error() == errc::bad_value);
}

TEST_CASE("BL8, BL9, BL28: sectors fit a capacity without wrapping") {
    CX_CHECK(sectors_fit(0, 512 * 8, 8));
    CX_CHECK(sectors_fit(7, 512, 8));
    CX_CHECK(sectors_fit(8, 0, 8));
    CX_CHECK(!sectors_fit(8, 512, 8));
    CX_CHECK(!sectors_fit(9, 0, 8));
    CX_CHECK(!sectors_fit(1, 512 * 8, 8));
    CX_CHECK(!sectors_fit(0, 512 * 9, 8));
    CX_CHECK(!sectors_fit(0, 511, 8));
    CX_CHECK(!sectors_fit(0, 513, 8));
    CX_CHECK(!sectors_fit(0xffff'ffff'ffff'ffff, 512, 8));
    CX_CHECK(!sectors_fit(0xffff'ffff'ffff'fff8, 512 * 9, 0xffff'ffff'ffff'ffff));
    CX_CHECK(sectors_fit(0xffff'ffff'ffff'fffe, 512, 0xffff'ffff'ffff'ffff));
}
