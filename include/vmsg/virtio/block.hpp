// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The formats of a block device: features, configuration, request header, status, and the limits that a driver derives
// from them. Source: virtio 1.4, "Block Device".

#include <cstddef>
#include <cstdint>
#include <limits>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/feature.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

inline constexpr std::uint32_t block_device_id = 2;
inline constexpr std::uint32_t sector_size = 512; ///< bytes; the unit of every sector number, whatever `blk_size` says

namespace block_feature {
inline constexpr feature size_max{1};
inline constexpr feature seg_max{2};
inline constexpr feature geometry{4};
inline constexpr feature ro{5}; ///< read-only
inline constexpr feature blk_size{6};
inline constexpr feature flush{9};
inline constexpr feature topology{10};
inline constexpr feature config_wce{11}; ///< the driver can switch the write cache
inline constexpr feature mq{12};         ///< more than one request queue
inline constexpr feature discard{13};
inline constexpr feature write_zeroes{14};
inline constexpr feature lifetime{15};
inline constexpr feature secure_erase{16};
inline constexpr feature zoned{17};
} // namespace block_feature

/// What the offer of a device has to obey.
inline constexpr feature_dependency block_dependencies[]{{block_feature::config_wce, block_feature::flush}};

/// Configuration space. All but the capacity is there only if the device offers a feature.
struct block_config {
    std::uint64_t capacity{};                      ///< sectors
    std::uint32_t size_max{};                      ///< SIZE_MAX: bytes of the largest segment
    std::uint32_t seg_max{};                       ///< SEG_MAX: data segments per request
    std::uint16_t cylinders{};                     ///< GEOMETRY
    std::uint8_t heads{};                          ///< GEOMETRY
    std::uint8_t sectors{};                        ///< GEOMETRY
    std::uint32_t blk_size{};                      ///< BLK_SIZE: bytes of a logical block; advice only
    std::uint8_t physical_block_exp{};             ///< TOPOLOGY: log2 of logical blocks per physical block
    std::uint8_t alignment_offset{};               ///< TOPOLOGY: logical blocks
    std::uint16_t min_io_size{};                   ///< TOPOLOGY: logical blocks
    std::uint32_t opt_io_size{};                   ///< TOPOLOGY: logical blocks
    std::uint8_t writeback{};                      ///< CONFIG_WCE: 0 write-through, 1 write-back; the driver writes it
    std::uint16_t num_queues{};                    ///< MQ
    std::uint32_t max_discard_sectors{};           ///< DISCARD
    std::uint32_t max_discard_seg{};               ///< DISCARD
    std::uint32_t discard_sector_alignment{};      ///< DISCARD: sectors
    std::uint32_t max_write_zeroes_sectors{};      ///< WRITE_ZEROES
    std::uint32_t max_write_zeroes_seg{};          ///< WRITE_ZEROES
    std::uint8_t write_zeroes_may_unmap{};         ///< WRITE_ZEROES
    std::uint32_t max_secure_erase_sectors{};      ///< SECURE_ERASE
    std::uint32_t max_secure_erase_seg{};          ///< SECURE_ERASE
    std::uint32_t secure_erase_sector_alignment{}; ///< SECURE_ERASE: sectors
    std::uint32_t zone_sectors{};                  ///< ZONED
    std::uint32_t max_open_zones{};                ///< ZONED
    std::uint32_t max_active_zones{};              ///< ZONED
    std::uint32_t max_append_sectors{};            ///< ZONED
    std::uint32_t write_granularity{};             ///< ZONED: bytes
    std::uint8_t model{};                          ///< ZONED: 0 none, 1 host-managed, 2 host-aware
    friend bool operator==(const block_config&, const block_config&) = default;
};

inline constexpr std::size_t block_config_size = 96; ///< bytes

enum class block_request_type : std::uint32_t {
    in = 0,  ///< read
    out = 1, ///< write
    flush = 4,
    get_id = 8,
    get_lifetime = 10,
    discard = 11,
    write_zeroes = 13,
    secure_erase = 14,
    zone_append = 15,
    zone_report = 16,
    zone_open = 18,
    zone_close = 20,
    zone_finish = 22,
    zone_reset = 24,
    zone_reset_all = 26,
};

/// What a request starts with. Data follows, and one status byte is the last that the device writes.
struct block_request_header {
    block_request_type type{};
    std::uint32_t reserved{}; ///< zero on send, not looked at
    std::uint64_t sector{};   ///< the first one for reads and writes; zero elsewhere
    friend bool operator==(const block_request_header&, const block_request_header&) = default;
};

inline constexpr std::size_t block_request_header_size = 16; ///< bytes

enum class block_status : std::uint8_t {
    ok = 0,
    ioerr = 1,
    unsupp = 2,
    invalid_cmd = 3,        ///< zoned devices only, as the rest
    unaligned_wp = 4,       ///< not at the write pointer
    open_resource = 5,      ///< too many open zones
    active_resource = 6,    ///< too many active zones
    not_yet_written = 0xff, ///< never sent by a device: what the driver puts there before
};

/// The answer to GET_ID: ASCII padded with zeros, without a zero at the end if all bytes are used.
struct block_id {
    std::uint8_t text[20]{};
    friend bool operator==(const block_id&, const block_id&) = default;
};

/// A `block_id` of a string literal of at most 20 characters.
template <std::size_t N> [[nodiscard]] consteval block_id make_block_id(const char (&text)[N]) {
    static_assert(N - 1 <= sizeof block_id::text, "an id has at most 20 characters");
    block_id id;
    for (std::size_t i = 0; i + 1 < N; ++i) id.text[i] = static_cast<std::uint8_t>(text[i]);
    return id;
}

} // namespace vmsg::virtio

namespace vmsg {

template <>
struct layout_of<virtio::block_config, revision::oasis_v2>
    : fields<field<0, &virtio::block_config::capacity>, field<8, &virtio::block_config::size_max>,
             field<12, &virtio::block_config::seg_max>, field<16, &virtio::block_config::cylinders>,
             field<18, &virtio::block_config::heads>, field<19, &virtio::block_config::sectors>,
             field<20, &virtio::block_config::blk_size>, field<24, &virtio::block_config::physical_block_exp>,
             field<25, &virtio::block_config::alignment_offset>, field<26, &virtio::block_config::min_io_size>,
             field<28, &virtio::block_config::opt_io_size>, field<32, &virtio::block_config::writeback>,
             reserved<33, 1>, field<34, &virtio::block_config::num_queues>,
             field<36, &virtio::block_config::max_discard_sectors>, field<40, &virtio::block_config::max_discard_seg>,
             field<44, &virtio::block_config::discard_sector_alignment>,
             field<48, &virtio::block_config::max_write_zeroes_sectors>,
             field<52, &virtio::block_config::max_write_zeroes_seg>,
             field<56, &virtio::block_config::write_zeroes_may_unmap>, reserved<57, 3>,
             field<60, &virtio::block_config::max_secure_erase_sectors>,
             field<64, &virtio::block_config::max_secure_erase_seg>,
             field<68, &virtio::block_config::secure_erase_sector_alignment>,
             field<72, &virtio::block_config::zone_sectors>, field<76, &virtio::block_config::max_open_zones>,
             field<80, &virtio::block_config::max_active_zones>, field<84, &virtio::block_config::max_append_sectors>,
             field<88, &virtio::block_config::write_granularity>, field<92, &virtio::block_config::model>,
             reserved<93, 3>> {};
static_assert(layout_of<virtio::block_config, revision::oasis_v2>::fixed_size == virtio::block_config_size);

template <>
struct layout_of<virtio::block_request_header, revision::oasis_v2>
    : fields<field<0, &virtio::block_request_header::type>, field<4, &virtio::block_request_header::reserved>,
             field<8, &virtio::block_request_header::sector>> {};
static_assert(layout_of<virtio::block_request_header, revision::oasis_v2>::fixed_size ==
              virtio::block_request_header_size);

} // namespace vmsg

namespace vmsg::detail {

/// The bytes of configuration space that a feature adds.
struct block_config_part {
    virtio::feature needs{};
    std::uint8_t offset{}; ///< bytes
    std::uint8_t size{};   ///< bytes
};
inline constexpr block_config_part block_config_parts[]{
    {virtio::block_feature::size_max, 8, 4},      {virtio::block_feature::seg_max, 12, 4},
    {virtio::block_feature::geometry, 16, 4},     {virtio::block_feature::blk_size, 20, 4},
    {virtio::block_feature::topology, 24, 8},     {virtio::block_feature::config_wce, 32, 1},
    {virtio::block_feature::mq, 34, 2},           {virtio::block_feature::discard, 36, 12},
    {virtio::block_feature::write_zeroes, 48, 9}, {virtio::block_feature::secure_erase, 60, 12},
    {virtio::block_feature::zoned, 72, 21},
};

} // namespace vmsg::detail

namespace vmsg::virtio {

/// Writes configuration space, its padding as zero. `oversize` if `out` has less than 96 bytes.
[[nodiscard]] constexpr result<void> encode_block_config(byte_span out, const block_config& config) {
    if (out.size() < block_config_size) return errc::oversize;
    wire::byte_sink sink{out.data()};
    layout_of<block_config, newest_revision>::put<0>(sink, config);
    return {};
}

/// Reads configuration space: the members of features that are not in `offered` stay 0, whatever is there, and bytes
/// after the last member are not looked at. `truncated` if the member of an offered feature is missing.
[[nodiscard]] constexpr result<block_config> decode_block_config(byte_view in, const feature_set& offered) {
    std::uint8_t bytes[block_config_size]{};
    if (in.size() < sizeof(block_config::capacity)) return errc::truncated;
    copy_bytes(bytes, in.data(), sizeof(block_config::capacity));
    for (const vmsg::detail::block_config_part& part : vmsg::detail::block_config_parts) {
        if (!offered.has(part.needs)) continue;
        if (in.size() < std::size_t{part.offset} + part.size) return errc::truncated;
        copy_bytes(bytes + part.offset, in.data() + part.offset, part.size);
    }
    block_config config;
    layout_of<block_config, newest_revision>::get<0>(wire::byte_source{bytes}, config);
    return config;
}

/// What a driver has to keep to. A limit that the device reports as 0 counts as absent.
struct block_limits {
    std::uint64_t capacity{};                                                   ///< sectors
    std::uint32_t max_segments = 1;                                             ///< data segments per request
    std::uint32_t max_segment_size = std::numeric_limits<std::uint32_t>::max(); ///< bytes
    std::uint16_t num_queues = 1;                                               ///< request queues
    bool read_only{};
    bool flush{}; ///< FLUSH was negotiated
    friend bool operator==(const block_limits&, const block_limits&) = default;
};

/// The limits that a configuration and a negotiation give. `config` as `decode_block_config` made it with `offered`.
[[nodiscard]] constexpr block_limits limits_of(const block_config& config, const feature_set& offered,
                                               const feature_set& accepted) {
    block_limits limits{.capacity = config.capacity,
                        .read_only = offered.has(block_feature::ro),
                        .flush = accepted.has(block_feature::flush)};
    if (config.seg_max != 0) limits.max_segments = config.seg_max;
    if (config.size_max != 0) limits.max_segment_size = config.size_max;
    if (accepted.has(block_feature::mq) && config.num_queues != 0) limits.num_queues = config.num_queues;
    return limits;
}

/// Sectors as bytes; `bad_value` if there are more than 64 bits of them.
[[nodiscard]] constexpr result<std::uint64_t> capacity_bytes(std::uint64_t sectors) {
    if (sectors > std::numeric_limits<std::uint64_t>::max() / sector_size) return errc::bad_value;
    return sectors * sector_size;
}

/// Whether `length` bytes from `sector` on are whole sectors inside `capacity` sectors, without wrapping.
[[nodiscard]] constexpr bool sectors_fit(std::uint64_t sector, std::uint64_t length, std::uint64_t capacity) {
    const std::uint64_t count = length / sector_size;
    return length % sector_size == 0 && count <= capacity && sector <= capacity - count;
}

} // namespace vmsg::virtio
