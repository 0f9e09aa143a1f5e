// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/block_driver.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr std::uint64_t base = 0x0001'0000'0000'0000;
constexpr block_limits eight_sectors{.capacity = 8, .max_segments = 2, .max_segment_size = 2048, .flush = true};

constexpr buffer data_of(std::uint32_t length) { return {bus_address{base + 0x1000}, length}; }

struct setup {
    std::array<std::uint8_t, 32> bytes{};
    block_request<4> request{};
    constexpr setup() { bytes.fill(0xa5); }
    constexpr dma_buffer frame() { return {bus_address{base}, bytes}; }
};

constexpr bool read_is_composed() {
    setup s;
    const buffer data[]{{bus_address{base + 0x1000}, 512}, {bus_address{base + 0x2000}, 1024}};
    if (!s.request.read(eight_sectors, s.frame(), 5, data)) return false;
    constexpr std::array<std::uint8_t, 18> golden{0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xa5};
    if (byte_view{s.bytes}.first(18) != byte_view{golden}) return false;
    const buffer_list in = s.request.readable();
    const buffer_list out = s.request.writable();
    return in.size() == 1 && in[0] == buffer{bus_address{base}, 16} && out.size() == 3 && out[0] == data[0] &&
           out[1] == data[1] && out[2] == buffer{bus_address{base + 16}, 1};
}

constexpr bool write_is_composed() {
    setup s;
    if (!s.request.write(eight_sectors, s.frame(), 7, data_of(512))) return false;
    const buffer_list in = s.request.readable();
    const buffer_list out = s.request.writable();
    return s.bytes[0] == 1 && s.bytes[8] == 7 && s.bytes[16] == 0xff && in.size() == 2 && in[1] == data_of(512) &&
           out.size() == 1 && out[0] == buffer{bus_address{base + 16}, 1};
}

constexpr bool flush_is_composed() {
    setup s;
    if (!s.request.flush(eight_sectors, s.frame())) return false;
    return s.bytes[0] == 4 && s.bytes[8] == 0 && s.request.readable().size() == 1 && s.request.writable().size() == 1;
}

constexpr bool get_id_is_composed() {
    setup s;
    if (!s.request.get_id(s.frame(), data_of(20))) return false;
    return s.bytes[0] == 8 && s.request.readable().size() == 1 && s.request.writable().size() == 2 &&
           s.request.writable()[0] == data_of(20);
}

constexpr errc read_outcome(std::uint64_t sector, buffer_list data, const block_limits& limits = eight_sectors) {
    setup s;
    const errc outcome = s.request.read(limits, s.frame(), sector, data).error();
    // A refused request leaves its memory alone.
    return outcome != errc::none && s.bytes[0] != 0xa5 ? errc::peer_error : outcome;
}

constexpr bool small_frames_are_refused() {
    setup s;
    const dma_buffer small{bus_address{base}, byte_span{s.bytes}.first(16)};
    return s.request.get_id(small, data_of(20)).error() == errc::invalid_argument && s.bytes[0] == 0xa5;
}

/// A read of one sector that ends with a status byte, a used length and a status of the completion.
constexpr result<std::uint32_t> read_result(std::uint8_t status, std::uint32_t written, errc completed = errc::none,
                                            short_read policy = short_read::counted) {
    setup s;
    if (!s.request.read(eight_sectors, s.frame(), 0, data_of(512))) return errc::retry;
    s.bytes[16] = status;
    return s.request.finish({.written = written, .capacity = 513, .status = completed}, policy);
}

constexpr result<std::uint32_t> write_result(std::uint8_t status, std::uint32_t written) {
    setup s;
    if (!s.request.write(eight_sectors, s.frame(), 0, data_of(1024))) return errc::retry;
    s.bytes[16] = status;
    return s.request.finish({.written = written, .capacity = 1});
}

constexpr bool unanswered() {
    setup s;
    return s.request.flush(eight_sectors, s.frame()) &&
           s.request.finish({.written = 1, .capacity = 1}).error() == errc::bad_value;
}

} // namespace

TEST_CASE("BL14, BL32: requests as they are composed, status preset") {
    CX_CHECK(read_is_composed());
    CX_CHECK(write_is_composed());
    CX_CHECK(flush_is_composed());
    CX_CHECK(get_id_is_composed());
    CX_CHECK(small_frames_are_refused());
}

TEST_CASE("a table has room for the longest request") {
    static_assert(block_request<1>::table_size == 48);
    static_assert(block_request<126>::table_size == 2048);
}

TEST_CASE("BL8: no request reaches beyond the capacity") {
    CX_CHECK(read_outcome(7, data_of(512)) == errc::none);
    CX_CHECK(read_outcome(8, data_of(512)) == errc::invalid_argument);
    CX_CHECK(read_outcome(7, data_of(1024)) == errc::invalid_argument);
    CX_CHECK(read_outcome(0xffff'ffff'ffff'ffff, data_of(512)) == errc::invalid_argument);
}

TEST_CASE("BL9: transfers are whole sectors") {
    CX_CHECK(read_outcome(0, data_of(511)) == errc::invalid_argument);
    CX_CHECK(read_outcome(0, data_of(0)) == errc::invalid_argument);
    CX_CHECK(read_outcome(0, {}) == errc::invalid_argument);
    constexpr buffer halves[]{data_of(100), data_of(412)};
    CX_CHECK(read_outcome(0, halves) == errc::none);
}

TEST_CASE("BL14: segments keep to the limits of device and request") {
    constexpr buffer three[]{data_of(512), data_of(512), data_of(512)};
    CX_CHECK(read_outcome(0, three) == errc::invalid_argument);
    CX_CHECK(read_outcome(0, data_of(2560)) == errc::invalid_argument);
    constexpr buffer five[]{data_of(512), data_of(512), data_of(512), data_of(512), data_of(512)};
    CX_CHECK(read_outcome(0, five, {.capacity = 8, .max_segments = 100}) == errc::invalid_argument);
    constexpr buffer huge[]{data_of(0xffff'fe00), data_of(512)};
    CX_CHECK(read_outcome(0, huge, {.capacity = 1 << 30, .max_segments = 2}) == errc::invalid_argument);
}

TEST_CASE("BL1, BL12: FLUSH is sent only if it was negotiated") {
    setup s;
    CHECK(s.request.flush({.capacity = 8}, s.frame()).error() == errc::not_supported);
}

TEST_CASE("BL15: no write to a read-only device") {
    setup s;
    CHECK(s.request.write({.capacity = 8, .read_only = true}, s.frame(), 0, data_of(512)).error() == errc::denied);
}

TEST_CASE("BL11: GET_ID has 20 bytes of data") {
    setup s;
    CHECK(s.request.get_id(s.frame(), data_of(19)).error() == errc::invalid_argument);
    CHECK(s.request.get_id(s.frame(), data_of(21)).error() == errc::invalid_argument);
}

TEST_CASE("BL32: the status decides, and what is no status is an error") {
    CX_CHECK(*read_result(0, 513) == 512);
    CX_CHECK(read_result(1, 513).error() == errc::peer_error);
    CX_CHECK(read_result(2, 513).error() == errc::not_supported);
    CX_CHECK(unanswered());
    for (unsigned status = 3; status < 256; ++status)
        CHECK(read_result(static_cast<std::uint8_t>(status), 513).error() == errc::bad_value);
    CX_CHECK(*write_result(0, 1) == 1024);
    CX_CHECK(write_result(1, 1).error() == errc::peer_error);
}

TEST_CASE("BL33, SQ42, trap 6: of a short read only what the device reports counts") {
    CX_CHECK(*read_result(0, 512) == 512);
    CX_CHECK(*read_result(0, 511) == 511);
    CX_CHECK(*read_result(0, 1) == 1);
    CX_CHECK(*read_result(0, 0) == 0);
    CX_CHECK(*read_result(0, 0, errc::none, short_read::trusted) == 512);
    CX_CHECK(*write_result(0, 0) == 1024); // nothing of a write stands in the writable part
}

TEST_CASE("trap 7: an error status is accepted with any used length") {
    CX_CHECK(read_result(1, 0).error() == errc::peer_error);
    CX_CHECK(read_result(1, 1).error() == errc::peer_error);
}

TEST_CASE("SQ47: an error of the completion comes first") {
    CX_CHECK(read_result(0, 0, errc::bad_length).error() == errc::bad_length);
    CX_CHECK(read_result(0, 0, errc::aborted).error() == errc::aborted);
}
