// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/block_device.hpp>

#include "support/check.hpp"
#include "virtio/disk.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr feature_set with_flush{block_feature::flush};

/// One request as two streams of bytes, cut into elements of a given size.
struct request {
    std::array<std::uint8_t, 2048> readable{};
    std::array<std::uint8_t, 2048> writable{};
    std::array<byte_span, 2048> elements{};
    std::size_t readable_size = 16;
    std::size_t writable_size = 1;
    std::size_t cut = 2048; ///< bytes of an element

    constexpr explicit request(std::uint32_t type, std::uint64_t sector = 0) {
        for (std::size_t i = 0; i < readable.size(); ++i) readable[i] = static_cast<std::uint8_t>(0x80 + i * 3);
        writable.fill(0xa5);
        store_le<std::uint32_t>(readable.data(), type);
        store_le<std::uint32_t>(readable.data() + 4, 0xdead'beef); // reserved: not looked at
        store_le<std::uint64_t>(readable.data() + 8, sector);
    }

    template <class Disk> constexpr std::uint32_t serve(Disk& disk, feature_set negotiated = with_flush) {
        std::size_t count = 0;
        for (std::size_t at = 0; at < readable_size; at += cut)
            elements[count++] = byte_span{readable}.drop(at).first(least(cut, readable_size - at));
        const std::size_t border = count;
        for (std::size_t at = 0; at < writable_size; at += cut)
            elements[count++] = byte_span{writable}.drop(at).first(least(cut, writable_size - at));
        return serve_block(disk, negotiated, chain_reader{elements.data(), border},
                           chain_writer{elements.data() + border, count - border});
    }
    constexpr std::uint8_t status() const { return writable[writable_size - 1]; }
    /// Nothing behind the status byte was written.
    constexpr bool bounded() const {
        for (std::size_t i = writable_size; i < writable.size(); ++i)
            if (writable[i] != 0xa5) return false;
        return true;
    }
    /// Nothing before the status byte was written.
    constexpr bool data_untouched() const {
        for (std::size_t i = 0; i + 1 < writable_size; ++i)
            if (writable[i] != 0xa5) return false;
        return true;
    }

private:
    static constexpr std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
};

constexpr std::uint8_t ok = 0;
constexpr std::uint8_t ioerr = 1;
constexpr std::uint8_t unsupp = 2;

/// A read of two sectors from sector 1 on, whatever the elements are.
constexpr bool reads(std::size_t cut) {
    rig::disk<4> disk;
    request r{0, 1};
    r.writable_size = 1025;
    r.cut = cut;
    if (r.serve(disk) != 1025 || r.status() != ok || !r.bounded()) return false;
    for (std::size_t i = 0; i < 1024; ++i)
        if (r.writable[i] != disk.bytes[512 + i]) return false;
    return true;
}

constexpr bool writes(std::size_t cut) {
    rig::disk<4> disk;
    const auto before = disk.bytes;
    request r{1, 2};
    r.readable_size = 16 + 1024;
    r.cut = cut;
    if (r.serve(disk) != 1 || r.status() != ok || !r.bounded() || disk.flushes != 0) return false;
    for (std::size_t i = 0; i < 2048; ++i)
        if (disk.bytes[i] != (i < 1024 ? before[i] : r.readable[16 + i - 1024])) return false;
    return true;
}

/// What has no effect: status, used length, and the disk as it was.
struct refusal {
    std::uint32_t type;
    std::uint64_t sector = 0;
    std::size_t readable_size = 16;
    std::size_t writable_size = 1;
    bool read_only = false;
    feature_set negotiated = with_flush;
};

constexpr bool refused(refusal what, std::uint8_t status) {
    rig::disk<4> disk;
    disk.is_read_only = what.read_only;
    const auto before = disk.bytes;
    request r{what.type, what.sector};
    r.readable_size = what.readable_size;
    r.writable_size = what.writable_size;
    // Without a gap only the status itself counts as written.
    const std::uint32_t expected = what.writable_size == 1 ? 1 : 0;
    return r.serve(disk, what.negotiated) == expected && r.status() == status && r.bounded() && r.data_untouched() &&
           disk.bytes == before && disk.reads == 0 && disk.writes == 0 && disk.flushes == 0;
}

constexpr bool flushes() {
    rig::disk<4> disk;
    request r{4};
    if (r.serve(disk) != 1 || r.status() != ok || disk.flushes != 1 || !r.bounded()) return false;
    // Data is discouraged, not forbidden; what is not written is not used.
    r.readable_size = 32;
    r.writable_size = 5;
    return r.serve(disk) == 0 && r.status() == ok && disk.flushes == 2;
}

/// A driver that has not negotiated FLUSH relies on every completed write.
constexpr bool writes_are_durable_without_flush() {
    rig::disk<4> disk;
    request r{1, 2};
    r.readable_size = 16 + 512;
    if (r.serve(disk, {}) != 1 || r.status() != ok || disk.writes != 1 || disk.flushes != 1) return false;
    disk.fail_after = 1; // the write succeeds, the flush does not
    return r.serve(disk, {}) == 1 && r.status() == ioerr;
}

constexpr bool id_is_given() {
    rig::disk<4> disk;
    request r{8};
    r.writable_size = 21;
    r.cut = 7;
    if (r.serve(disk, {}) != 21 || r.status() != ok || !r.bounded()) return false;
    constexpr block_id expected = make_block_id("rig disk");
    for (std::size_t i = 0; i < 20; ++i)
        if (r.writable[i] != expected.text[i]) return false;
    return true;
}

constexpr bool unanswerable(std::size_t readable_size, std::size_t writable_size) {
    rig::disk<4> disk;
    request r{0};
    r.readable_size = readable_size;
    r.writable_size = writable_size;
    if (r.serve(disk) != 0 || disk.reads != 0) return false;
    for (const std::uint8_t byte : r.writable)
        if (byte != 0xa5) return false;
    return true;
}

constexpr bool backend_errors_are_io_errors() {
    rig::disk<4> disk;
    disk.fail_after = 0;
    request read{0};
    read.writable_size = 513;
    if (read.serve(disk) != 0 || read.status() != ioerr) return false;
    read.cut = 100; // by way of a private sector
    if (read.serve(disk) != 0 || read.status() != ioerr) return false;
    request write{1};
    write.readable_size = 528;
    if (write.serve(disk) != 1 || write.status() != ioerr) return false;
    write.cut = 100;
    if (write.serve(disk) != 1 || write.status() != ioerr) return false;
    request flush{4};
    return flush.serve(disk) == 1 && flush.status() == ioerr;
}

constexpr bool a_read_that_fails_halfway_claims_what_was_written() {
    rig::disk<4> disk;
    disk.fail_after = 1;
    request r{0};
    r.writable_size = 1025;
    r.cut = 512;
    return r.serve(disk) == 512 && r.status() == ioerr;
}

/// The data of a read lands on its own header: the header is not looked at again.
constexpr bool header_is_read_once() {
    rig::disk<4> disk;
    std::array<std::uint8_t, 1025> bytes{};
    store_le<std::uint32_t>(bytes.data(), 0);
    store_le<std::uint64_t>(bytes.data() + 8, 2);
    const byte_span readable[]{byte_span{bytes}.first(16)};
    const byte_span writable[]{byte_span{bytes}.first(512), byte_span{bytes}.drop(512).first(513)};
    if (serve_block(disk, {}, chain_reader{readable, 1}, chain_writer{writable, 2}) != 1025) return false;
    for (std::size_t i = 0; i < 1024; ++i)
        if (bytes[i] != disk.bytes[1024 + i]) return false;
    return bytes[1024] == 0;
}

constexpr bool read_only_disks_serve_the_rest() {
    rig::disk<4> disk;
    disk.is_read_only = true;
    request read{0};
    read.writable_size = 513;
    request flush{4};
    request id{8};
    id.writable_size = 21;
    return read.serve(disk) == 513 && flush.serve(disk) == 1 && id.serve(disk) == 21 && read.status() == ok &&
           flush.status() == ok && id.status() == ok;
}

constexpr bool offer_and_configuration_follow_the_disk() {
    rig::disk<4> disk;
    if (block_offer(disk) != feature_set{block_feature::seg_max, block_feature::flush}) return false;
    disk.is_read_only = true;
    return block_offer(disk).has(block_feature::ro) &&
           block_config_of(disk, 64) == block_config{.capacity = 4, .seg_max = 62} &&
           closed(block_offer(disk), block_dependencies) == block_offer(disk);
}

} // namespace

TEST_CASE("BL30, SQ10, trap 36, trap 37: IN, whatever the elements are") {
    CX_CHECK(reads(2048));
    CX_CHECK(reads(512));
    CX_CHECK(reads(513));
    CX_CHECK(reads(700));
    for (std::size_t cut = 1; cut < 1030; ++cut) CHECK(reads(cut));
}

TEST_CASE("BL30, SQ10, trap 36, trap 37: OUT, whatever the elements are") {
    CX_CHECK(writes(2048));
    CX_CHECK(writes(512));
    CX_CHECK(writes(528));
    CX_CHECK(writes(16));
    for (std::size_t cut = 1; cut < 1045; ++cut) CHECK(writes(cut));
}

TEST_CASE("BL31: FLUSH and GET_ID with their used lengths") {
    CX_CHECK(flushes());
    CX_CHECK(id_is_given());
}

TEST_CASE("BL21: without FLUSH a write is durable when it completes") { CX_CHECK(writes_are_durable_without_flush()); }

TEST_CASE("BL9: transfers are whole sectors") {
    CX_CHECK(refused({.type = 0, .writable_size = 512}, ioerr)); // 511 bytes and the status
    CX_CHECK(refused({.type = 0, .writable_size = 514}, ioerr));
    CX_CHECK(refused({.type = 1, .readable_size = 16 + 511}, ioerr));
    CX_CHECK(refused({.type = 1, .readable_size = 16 + 513}, ioerr));
}

TEST_CASE("BL15: a write to a read-only device changes nothing, the rest works") {
    CX_CHECK(refused({.type = 1, .readable_size = 16 + 512, .read_only = true}, ioerr));
    CX_CHECK(read_only_disks_serve_the_rest());
}

TEST_CASE("BL26: unknown types and features that were not negotiated are unsupported") {
    for (std::uint32_t type = 0; type < 64; ++type)
        if (type != 0 && type != 1 && type != 4 && type != 8) CHECK(refused({.type = type}, unsupp));
    CX_CHECK(refused({.type = 11, .readable_size = 32}, unsupp));           // DISCARD
    CX_CHECK(refused({.type = 10, .writable_size = 7}, unsupp));            // GET_LIFETIME
    CX_CHECK(refused({.type = 4, .negotiated = {}}, unsupp));               // FLUSH
    CX_CHECK(refused({.type = 0x8000'0000, .writable_size = 513}, unsupp)); // legacy BARRIER
    CX_CHECK(refused({.type = 0xffff'ffff}, unsupp));
    CX_CHECK(refused({.type = 0x1'0000, .writable_size = 513}, unsupp)); // 0 in 16 bits
}

TEST_CASE("BL23: zone requests are unsupported") {
    for (const std::uint32_t type : {15u, 16u, 18u, 20u, 22u, 24u, 26u}) CHECK(refused({.type = type}, unsupp));
}

TEST_CASE("BL27, trap 13: without room for header or status there is no answer") {
    CX_CHECK(unanswerable(15, 513));
    CX_CHECK(unanswerable(0, 513));
    CX_CHECK(unanswerable(16, 0));
}

TEST_CASE("BL28: the range is inside the capacity") {
    CX_CHECK(refused({.type = 0, .sector = 4, .writable_size = 513}, ioerr));
    CX_CHECK(refused({.type = 0, .sector = 3, .writable_size = 1025}, ioerr));
    CX_CHECK(refused({.type = 0, .sector = 0xffff'ffff'ffff'ffff, .writable_size = 513}, ioerr));
    CX_CHECK(refused({.type = 0, .sector = 0x0080'0000'0000'0000, .writable_size = 513}, ioerr)); // 0 in bytes
    CX_CHECK(refused({.type = 1, .sector = 4, .readable_size = 528}, ioerr));
    CX_CHECK(refused({.type = 1, .sector = 0xffff'ffff'ffff'fffe, .readable_size = 16 + 1024}, ioerr));
}

TEST_CASE("BL29: a request of the wrong shape has no effect") {
    CX_CHECK(refused({.type = 0, .readable_size = 528, .writable_size = 513}, ioerr));
    CX_CHECK(refused({.type = 0, .readable_size = 17, .writable_size = 513}, ioerr));
    CX_CHECK(refused({.type = 1, .readable_size = 528, .writable_size = 513}, ioerr));
    CX_CHECK(refused({.type = 1, .readable_size = 528, .writable_size = 2}, ioerr));
    CX_CHECK(refused({.type = 8, .writable_size = 20}, ioerr));
    CX_CHECK(refused({.type = 8, .writable_size = 22}, ioerr));
    CX_CHECK(refused({.type = 8, .readable_size = 17, .writable_size = 21}, ioerr));
}

TEST_CASE("BL30: the header is copied once, the copy is used") { CX_CHECK(header_is_read_once()); }

TEST_CASE("BL31, trap 7: used lengths of failed requests") {
    CX_CHECK(backend_errors_are_io_errors());
    CX_CHECK(a_read_that_fails_halfway_claims_what_was_written());
}

TEST_CASE("BL3: the offer of a device has FLUSH, and RO if the disk is read-only") {
    CX_CHECK(offer_and_configuration_follow_the_disk());
}

TEST_CASE("serve_block asks nothing of a back end but what the concept says") {
    archetypes::block_backend nothing;
    request read{0};
    request write{1};
    request flush{4};
    request id{8};
    id.writable_size = 21;
    CHECK(read.serve(nothing) == 1); // no sectors from sector 0 of none
    CHECK(write.serve(nothing) == 1);
    CHECK(flush.serve(nothing) == 1);
    CHECK(flush.status() == ioerr);
    CHECK(id.serve(nothing) == 21);
    CHECK(nothing.read(0, {}).error() == errc::not_supported);
    CHECK(nothing.write(0, {}).error() == errc::not_supported);
    CHECK(block_config_of(nothing, 3) == block_config{.seg_max = 1});
}
