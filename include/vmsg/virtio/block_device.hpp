// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The device's side of a block device: serves one request against a back end. A request is judged as a whole before
// anything is done for it. Source: virtio 1.4, "Block Device", "Device Operation".

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/block.hpp>
#include <vmsg/virtio/chain.hpp>
#include <vmsg/virtio/feature.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

/// Where the sectors are. `read` and `write` get whole sectors inside the capacity; the bytes of `write` are shared
/// with the driver, so each is to be read once. A completed `write` is durable after the next `flush`. Any error is an
/// I/O error to the driver.
template <class B>
concept block_backend = requires(B& disk, std::uint64_t sector, byte_span to, byte_view from) {
    { disk.capacity() } -> std::same_as<std::uint64_t>; // sectors
    { disk.read_only() } -> std::same_as<bool>;
    { disk.read(sector, to) } -> std::same_as<result<void>>;
    { disk.write(sector, from) } -> std::same_as<result<void>>;
    { disk.flush() } -> std::same_as<result<void>>;
    { disk.id() } -> std::same_as<block_id>;
};

} // namespace vmsg::virtio

namespace vmsg::archetypes {

/// The least that a back end has.
struct block_backend {
    constexpr block_backend() = default;
    block_backend(const block_backend&) = delete;
    block_backend& operator=(const block_backend&) = delete;
    constexpr std::uint64_t capacity() { return 0; }
    constexpr bool read_only() { return false; }
    constexpr result<void> read(std::uint64_t, byte_span) { return errc::not_supported; }
    constexpr result<void> write(std::uint64_t, byte_view) { return errc::not_supported; }
    constexpr result<void> flush() { return errc::not_supported; }
    constexpr virtio::block_id id() { return {}; }
};

static_assert(virtio::block_backend<block_backend>);

} // namespace vmsg::archetypes

namespace vmsg::virtio {

/// The bits of the device type that a device with this back end offers.
template <block_backend B> [[nodiscard]] constexpr feature_set block_offer(B& disk) {
    feature_set offer{block_feature::seg_max, block_feature::flush};
    if (disk.read_only()) offer.set(block_feature::ro);
    return offer;
}

/// Its configuration, if its queue takes chains of `max_chain` elements, at least 3.
template <block_backend B> [[nodiscard]] constexpr block_config block_config_of(B& disk, std::uint32_t max_chain) {
    VMSG_ASSERT(max_chain >= 3);
    return {.capacity = disk.capacity(), .seg_max = max_chain - 2};
}

} // namespace vmsg::virtio

namespace vmsg::detail {

// Each goes through whole sectors in place where they lie in one piece, and through a private sector where one is split
// over elements.
template <class B>
constexpr bool read_sectors(B& disk, std::uint64_t sector, virtio::chain_writer& to, std::size_t length) {
    while (length != 0) {
        const byte_span run = to.run();
        const std::size_t here = run.size() < length ? run.size() : length;
        std::size_t step = here - here % virtio::sector_size;
        if (step != 0) {
            if (!disk.read(sector, run.first(step))) return false;
            to.advance(step);
        } else {
            step = virtio::sector_size;
            std::uint8_t whole[virtio::sector_size]{};
            if (!disk.read(sector, whole)) return false;
            to.write(whole);
        }
        sector += step / virtio::sector_size;
        length -= step;
    }
    return true;
}

template <class B>
constexpr bool write_sectors(B& disk, std::uint64_t sector, virtio::chain_reader& from, std::size_t length) {
    while (length != 0) {
        const byte_view run = from.run();
        std::size_t step = run.size() - run.size() % virtio::sector_size;
        if (step != 0) {
            if (!disk.write(sector, run.first(step))) return false;
            from.skip(step);
        } else {
            step = virtio::sector_size;
            std::uint8_t whole[virtio::sector_size]{};
            from.read(whole);
            if (!disk.write(sector, whole)) return false;
        }
        sector += step / virtio::sector_size;
        length -= step;
    }
    return true;
}

// `readable` and `writable` are the bytes of data: without header and status.
template <class B>
constexpr virtio::block_status serve_block_request(B& disk, const virtio::feature_set& negotiated,
                                                   const virtio::block_request_header& head,
                                                   virtio::chain_reader& request, virtio::chain_writer& answer,
                                                   std::size_t readable, std::size_t writable) {
    using virtio::block_request_type;
    using virtio::block_status;
    switch (head.type) {
    case block_request_type::in:
        if (readable != 0 || !virtio::sectors_fit(head.sector, writable, disk.capacity())) return block_status::ioerr;
        return read_sectors(disk, head.sector, answer, writable) ? block_status::ok : block_status::ioerr;
    case block_request_type::out:
        if (disk.read_only() || writable != 0 || !virtio::sectors_fit(head.sector, readable, disk.capacity()))
            return block_status::ioerr;
        if (!write_sectors(disk, head.sector, request, readable)) return block_status::ioerr;
        // A driver that cannot flush counts on a completed write.
        return negotiated.has(virtio::block_feature::flush) || disk.flush() ? block_status::ok : block_status::ioerr;
    case block_request_type::flush: // data is discouraged, not forbidden; it is not looked at
        if (!negotiated.has(virtio::block_feature::flush)) return block_status::unsupp;
        return disk.flush() ? block_status::ok : block_status::ioerr;
    case block_request_type::get_id: {
        const virtio::block_id id = disk.id();
        if (readable != 0 || writable != sizeof id.text) return block_status::ioerr;
        answer.write(id.text);
        return block_status::ok;
    }
    default: return block_status::unsupp;
    }
}

} // namespace vmsg::detail

namespace vmsg::virtio {

/// Serves one request and gives its used length, for `device_queue::push`. The cursors stand at the start of the chain.
/// Requests that are not well formed, of an unknown type or of a feature that is not in `negotiated` are answered with
/// a status and change nothing; one without room for header or status has no answer but is to be given back all the
/// same. For a driver that has not negotiated FLUSH every write ends with one.
template <block_backend B>
[[nodiscard]] constexpr std::uint32_t serve_block(B& disk, const feature_set& negotiated, chain_reader request,
                                                  chain_writer answer) {
    if (request.remaining() < block_request_header_size || answer.remaining() == 0) return 0;
    std::uint8_t bytes[block_request_header_size]{};
    request.read(bytes);
    block_request_header head;
    layout_of<block_request_header, newest_revision>::get<0>(wire::byte_source{bytes}, head);
    const block_status status = vmsg::detail::serve_block_request(disk, negotiated, head, request, answer,
                                                                  request.remaining(), answer.remaining() - 1);
    const auto byte = static_cast<std::uint8_t>(status);
    answer.skip(answer.remaining() - 1);
    answer.write({&byte, 1});
    return answer.written();
}

} // namespace vmsg::virtio
