// SPDX-License-Identifier: BSD-2-Clause
// Seeded contents. Every optional part is there, so that every check of a decoder is made.
#include "samples.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

namespace {

using namespace vmsg;

/// splitmix64: the same numbers everywhere.
class random_numbers {
public:
    explicit random_numbers(std::uint64_t seed) : state_(seed) {}

    std::uint64_t bits() {
        std::uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }
    std::uint32_t word() { return static_cast<std::uint32_t>(bits()); }
    /// From `low` to `high`, both included.
    template <class T> T between(T low, T high) {
        return static_cast<T>(low + bits() % (static_cast<std::uint64_t>(high) - low + 1));
    }
    template <std::size_t N> void fill(std::uint8_t (&bytes)[N]) {
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(bits());
    }

private:
    std::uint64_t state_;
};

template <revision R> void fill(vmsg_round& to, random_numbers& random) {
    constexpr bool newest = R == revision::oasis_v2;
    for (header& h : to.heads.of) {
        h.dev_num = static_cast<std::uint16_t>(random.bits());
        h.token = constants_of<R>.has_token ? static_cast<std::uint16_t>(random.bits()) : std::uint16_t{0};
    }
    for (const kind bus : {kind::version, kind::area_share, kind::devices}) to.heads[bus].dev_num = 0;

    auto& info = to.device_info;
    info.device_id = random.word();
    info.vendor_id = random.word();
    if constexpr (newest) {
        random.fill(info.device_uuid.bytes);
        info.num_feature_blocks = random.between(2u, 64u);
    } else {
        info.num_feature_bits = 32 * random.between(2u, 64u);
    }
    info.config_size = random.between(0u, 4096u);
    info.admin_vq_start = random.between(1u, 30'000u);
    info.admin_vq_count = random.between(1u, 30'000u);
    info.max_virtqueues = random.between(info.admin_vq_start + info.admin_vq_count, 65'536u);

    auto& queue = to.set_vqueue;
    queue.index = random.between(0u, 65'535u);
    queue.flags = newest ? vqueue_flags{random.between(0u, 15u) << 2 | random.between(0u, 2u)} : vqueue_flags{};
    queue.size = 1u << random.between(0u, 15u);
    queue.descriptor_addr = bus_address{random.bits()};
    queue.driver_addr = bus_address{random.bits()};
    queue.device_addr = bus_address{random.bits()};

    to.event_avail.vq_index = random.between(0u, 65'535u);
    to.event_avail.next_offset = random.word();

    auto& version = to.version;
    version.bus_version = random.word();
    version.transport_revision = random.word();
    if constexpr (newest) version.ffa_version = random.word();
    version.feature_bits = random.word();
    version.bus_features = bus_feature{random.word()};
    version.max_areas = static_cast<std::uint16_t>(random.bits());

    auto& share = to.area_share;
    share.area_id = random.between(std::uint16_t{1}, std::uint16_t{0xff});
    share.mem_handle = random.bits();
    share.mem_tag = random.bits();
    share.page_count = random.between(1u, 0xffff'ffffu);
    share.sharing_attrs = newest ? area_attrs::usual : area_attrs{random.between(0u, 1u)};

    auto& features = to.features;
    features.block_index = random.between(0u, 0x7fff'ffffu);
    features.num_blocks = 2;
    for (std::uint32_t& block : to.feature_blocks) block = random.word();
    features.features = to.feature_blocks;

    auto& config = to.set_config;
    config.generation = random.word();
    config.offset = random.between(0u, 0x7fff'ffffu);
    config.length = sizeof to.config;
    random.fill(to.config);
    config.config = to.config;

    auto& devices = to.devices;
    devices.count = 8 * sizeof to.bitmap - 3;
    devices.offset = random.between(std::uint16_t{0}, std::uint16_t{30'000});
    devices.next_offset = random.between(std::uint16_t{30'001}, std::uint16_t{0xffff});
    random.fill(to.bitmap);
    to.bitmap[sizeof to.bitmap - 1] &= 0x1f;
    devices.bitmap = to.bitmap;
}

void copy(c_round& to, const vmsg_round& from) {
    for (std::size_t i = 0; i < messages_per_round; ++i)
        to.heads.of[i] = {from.heads.of[i].dev_num, from.heads.of[i].token};

    const auto& info = from.device_info;
    to.device_info = {.device_id = info.device_id,
                      .vendor_id = info.vendor_id,
                      .device_uuid = {},
                      .num_feature_blocks = info.num_feature_blocks,
                      .num_feature_bits = info.num_feature_bits,
                      .config_size = info.config_size,
                      .max_virtqueues = info.max_virtqueues,
                      .admin_vq_start = info.admin_vq_start,
                      .admin_vq_count = info.admin_vq_count};
    std::memcpy(to.device_info.device_uuid, info.device_uuid.bytes, sizeof info.device_uuid.bytes);

    const auto& queue = from.set_vqueue;
    to.set_vqueue = {.index = queue.index,
                     .flags = static_cast<std::uint32_t>(queue.flags),
                     .size = queue.size,
                     .reserved = queue.reserved,
                     .descriptor_addr = static_cast<std::uint64_t>(queue.descriptor_addr),
                     .driver_addr = static_cast<std::uint64_t>(queue.driver_addr),
                     .device_addr = static_cast<std::uint64_t>(queue.device_addr)};

    to.event_avail = {.vq_index = from.event_avail.vq_index, .next_offset = from.event_avail.next_offset};

    const auto& version = from.version;
    to.version = {.bus_version = version.bus_version,
                  .transport_revision = version.transport_revision,
                  .ffa_version = version.ffa_version,
                  .feature_bits = version.feature_bits,
                  .bus_features = static_cast<std::uint32_t>(version.bus_features),
                  .max_areas = version.max_areas};

    const auto& share = from.area_share;
    to.area_share = {.area_id = share.area_id,
                     .mem_handle = share.mem_handle,
                     .mem_tag = share.mem_tag,
                     .page_count = share.page_count,
                     .sharing_attrs = static_cast<std::uint32_t>(share.sharing_attrs)};

    to.features = {.block_index = from.features.block_index, .num_blocks = from.features.num_blocks, .features = {}};
    std::memcpy(to.features.features, from.feature_blocks, sizeof from.feature_blocks);

    const auto& config = from.set_config;
    to.set_config = {.generation = config.generation, .offset = config.offset, .length = config.length, .config = {}};
    std::memcpy(to.set_config.config, from.config, sizeof from.config);

    const auto& devices = from.devices;
    to.devices = {.offset = devices.offset, .next_offset = devices.next_offset, .count = devices.count, .bitmap = {}};
    std::memcpy(to.devices.bitmap, from.bitmap, sizeof from.bitmap);
}

template <revision R, class M> std::size_t encode_or_exit(byte_span out, const header& h, const M& m) {
    const auto size = encode<R>(out, h, m);
    if (!size) {
        std::fprintf(stderr, "samples: %s in revision %u: expected a message that can be encoded, got error %u\n",
                     row_of<M>.name, static_cast<unsigned>(R), static_cast<unsigned>(size.error()));
        std::exit(1);
    }
    return *size;
}

} // namespace

template <revision R> samples<R>::samples(std::size_t rounds) : for_vmsg(rounds), for_c(rounds), on_wire(rounds) {
    random_numbers random{static_cast<std::uint64_t>(R) + 1};
    for (std::size_t i = 0; i < rounds; ++i) {
        fill<R>(for_vmsg[i], random);
        copy(for_c[i], for_vmsg[i]);
#define WRITE(name, type, rev)                                                                                         \
    sizes[kind::name] = encode_or_exit<R>(on_wire[i][kind::name], for_vmsg[i].heads[kind::name], for_vmsg[i].name);
        YARDSTICK_MESSAGES(WRITE, )
#undef WRITE
    }
}

template struct samples<revision::rfc2025>;
template struct samples<revision::oasis_v1>;
template struct samples<revision::oasis_v2>;

} // namespace bench
