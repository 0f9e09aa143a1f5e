// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_descriptor.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using ffa::reserved_bits;
using ffa::version;

namespace {

using page = std::array<std::uint8_t, 512>;

constexpr ffa::memory_region regions[]{{0x8000'0000, 1}, {0x8001'0000, 4}};
constexpr ffa::memory_transaction transaction{
    ffa::endpoint_id{1}, ffa::normal_memory, ffa::memory_flags::none, {}, 0x1122'3344'5566'7788};
constexpr auto read_write = ffa::memory_permissions::read_write;

constexpr std::array<ffa::memory_access, 2> two_receivers(std::uint8_t impdef) {
    std::array<ffa::memory_access, 2> all{
        {{ffa::endpoint_id{0x8001}, read_write, 0, 0, {}}, {ffa::endpoint_id{0x8002}, read_write, 0, 0, {}}}};
    for (auto& a : all)
        for (std::size_t i = 0; i < 16 && impdef != 0; ++i) a.impdef.bytes[i] = static_cast<std::uint8_t>(impdef + i);
    return all;
}

// A descriptor of two regions for two receivers, in a dirty page.
struct written {
    page bytes{};
    result<ffa::encoded_memory> made{errc::would_block};

    constexpr explicit written(version v, std::size_t room = sizeof(page), std::uint8_t impdef = 0,
                               const ffa::memory_transaction& t = transaction) {
        for (std::uint8_t& b : bytes) b = 0xa5;
        const auto receivers = two_receivers(impdef);
        made = ffa::encode_memory_descriptor(byte_span{bytes}.first(room), v, t, receivers, regions);
    }
    constexpr std::uint32_t total() const { return made ? made->total_length : 0; }
    constexpr bool clean_behind(std::size_t end) const {
        for (std::size_t i = end; i < bytes.size(); ++i)
            if (bytes[i] != 0xa5) return false;
        return true;
    }
    constexpr errc read(version v, std::size_t size, std::uint32_t total, reserved_bits rule) const {
        return ffa::decode_memory_descriptor(byte_view{bytes}.first(size), total, v, rule).error();
    }
};

constexpr bool read_back(version v, std::uint8_t impdef = 0) {
    const written w{v, sizeof(page), impdef};
    const auto d =
        ffa::decode_memory_descriptor(byte_view{w.bytes}.first(w.total()), w.total(), v, reserved_bits::zero);
    if (!d || d->transaction != transaction || d->page_count != 5 || d->region_count != 2) return false;
    auto receivers = two_receivers(impdef);
    for (auto& a : receivers) a.composite_offset = d->composite_offset;
    return d->regions == ffa::memory_regions{regions} && d->receivers == ffa::memory_accesses{receivers} &&
           w.clean_behind(w.total());
}

// What becomes of a good descriptor with another 32-bit value at `at`.
constexpr errc refusal(version v, std::size_t at, std::uint32_t value, reserved_bits rule = reserved_bits::ignored) {
    written w{v};
    store_le(w.bytes.data() + at, value);
    return w.read(v, w.total(), w.total(), rule);
}
constexpr errc refusal_1_1(std::size_t at, std::uint32_t value) { return refusal(version::v1_1, at, value); }

// Each byte that no field covers, set to one.
constexpr std::size_t reserved_bytes(version v) {
    std::size_t refused = 0;
    const written good{v};
    for (std::size_t i = 0; i < good.total(); ++i) {
        written w = good;
        w.bytes[i] ^= 0x01;
        const errc strict = w.read(v, w.total(), w.total(), reserved_bits::zero);
        const errc lax = w.read(v, w.total(), w.total(), reserved_bits::ignored);
        if (strict == errc::bad_value && lax == errc::none) ++refused;
    }
    return refused;
}

constexpr bool first_fragment_then_rest(version v) {
    const written whole{v};
    const std::size_t first = whole.total() - 16;
    const written w{v, first + 15};
    if (!w.made || w.made->total_length != whole.total() || w.made->fragment_length != first) return false;
    if (w.made->region_count != 1 || !w.clean_behind(first)) return false;
    const auto d =
        ffa::decode_memory_descriptor(byte_view{w.bytes}.first(first), whole.total(), v, reserved_bits::zero);
    return d && d->regions == ffa::memory_regions{regions}.first(1) && d->region_count == 2 && d->page_count == 5;
}

constexpr errc request_length(std::uint32_t total, std::size_t size) {
    page out{};
    const auto receivers = two_receivers(1);
    const auto length = ffa::encode_memory_retrieve(out, version::v1_2, transaction, receivers);
    if (!length || *length != 112) return errc::aborted;
    return ffa::decode_memory_descriptor(byte_view{out}.first(size), total, version::v1_2, reserved_bits::zero).error();
}

constexpr errc encode_error(const ffa::memory_accesses& receivers, const ffa::memory_regions& all) {
    page out{};
    return ffa::encode_memory_descriptor(out, version::v1_2, transaction, receivers, all).error();
}

constexpr result<ffa::encoded_memory> converted(version from, version to, std::size_t room, std::uint8_t impdef,
                                                page& out) {
    const written w{from, sizeof(page), impdef};
    const auto d =
        ffa::decode_memory_descriptor(byte_view{w.bytes}.first(w.total()), w.total(), from, reserved_bits::zero);
    for (std::uint8_t& b : out) b = 0xa5;
    return ffa::convert_memory_descriptor(byte_span{out}.first(room), to, *d);
}

constexpr bool converts_to_what_would_be_written(version from, version to) {
    page out{};
    const written expected{to};
    const auto made = converted(from, to, sizeof(page), 0, out);
    return made == expected.made && out == expected.bytes;
}

constexpr bool loses_impdef() {
    page out{};
    return converted(version::v1_2, version::v1_1, sizeof(page), 7, out).has_value() &&
           out == written{version::v1_1}.bytes;
}

constexpr errc conversion_error(std::size_t room) {
    page out{};
    return converted(version::v1_0, version::v1_2, room, 0, out).error();
}

// A request in the form of 1.2, converted to that of another version.
constexpr bool request_converts(version to) {
    const auto receivers = two_receivers(0);
    page in{};
    page out{};
    page expected{};
    const auto length = ffa::encode_memory_retrieve(in, version::v1_2, transaction, receivers);
    const auto wanted = ffa::encode_memory_retrieve(expected, to, transaction, receivers);
    if (!length || !wanted) return false;
    const auto d =
        ffa::decode_memory_descriptor(byte_view{in}.first(*length), *length, version::v1_2, reserved_bits::zero);
    const auto made = ffa::convert_memory_descriptor(out, to, *d);
    const auto without_room = ffa::convert_memory_descriptor(byte_span{out}.first(*wanted - 1), to, *d);
    return made == ffa::encoded_memory{*wanted, *wanted, 0} && out == expected &&
           without_room.error() == errc::oversize;
}

constexpr errc fragment_error(std::size_t size, std::uint8_t reserved, reserved_bits rule) {
    std::uint8_t bytes[48]{};
    bytes[28] = reserved;
    return ffa::decode_memory_fragment(byte_view{bytes}.first(size), rule).error();
}

// A descriptor of one receiver for whom `access_size` bytes are taken, in the form of 1.1.
constexpr result<ffa::memory_descriptor> with_access_size(std::uint32_t access_size, page& bytes) {
    const ffa::memory_access receiver[]{{ffa::endpoint_id{0x8001}, read_write, 0, 0, {}}};
    static_cast<void>(ffa::encode_memory_descriptor(bytes, version::v1_1, transaction, receiver, regions));
    const std::uint32_t composite = 48 + access_size;
    for (std::size_t i = 0; i < 48; ++i) bytes[composite + i] = bytes[64 + i];
    store_le(bytes.data() + 24, access_size);
    store_le(bytes.data() + 52, composite);
    return ffa::decode_memory_descriptor(byte_view{bytes}.first(composite + 48), composite + 48, version::v1_1,
                                         reserved_bits::ignored);
}

constexpr bool access_size_is_taken(std::uint32_t access_size) {
    page bytes{};
    const auto d = with_access_size(access_size, bytes);
    return d && d->access_size == access_size && d->receivers.size() == 1 && d->regions.size() == 2;
}
constexpr errc access_size_refused(std::uint32_t access_size) {
    page bytes{};
    return with_access_size(access_size, bytes).error();
}

} // namespace

TEST_CASE("a descriptor is read as it was written, and every byte of it is written") {
    CX_CHECK(read_back(version::v1_0));
    CX_CHECK(read_back(version::v1_1));
    CX_CHECK(read_back(version::v1_2));
    CX_CHECK(read_back(version::v1_3));
    CX_CHECK(read_back(version::v1_2, 0x40));
    CX_CHECK(written{version::v1_0}.total() == 32 + 2 * 16 + 16 + 32);
    CX_CHECK(written{version::v1_1}.total() == 48 + 2 * 16 + 16 + 32);
    CX_CHECK(written{version::v1_2}.total() == 48 + 2 * 32 + 16 + 32);
}

TEST_CASE("a page has room for 252, 251 or 250 regions, and then for 256") {
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_0, 1, 4096) == 252);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_1, 1, 4096) == 251);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_2, 1, 4096) == 250);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_3, 1, 4096) == 250);
    CX_CHECK(ffa::regions_in_fragment(4096) == 256);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_1, 1, 95) == 0);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_1, 1, 96) == 1);
    CX_CHECK(ffa::regions_in_first_fragment(version::v1_2, 1000, 4096) == 0);
    CX_CHECK(ffa::memory_regions_offset(version::v1_2, 0xffff'ffff) == 0x20'0000'0020);
}

TEST_CASE("what the caller cannot send") {
    constexpr auto receivers = two_receivers(0);
    constexpr ffa::memory_region wraps[]{{0xffff'ffff'ffff'f000, 1}};
    constexpr ffa::memory_region too_many[]{{0, 0xffff'ffff}, {0x1000'0000'0000, 1}};
    CX_CHECK(encode_error(receivers, regions) == errc::none);
    CX_CHECK(encode_error(ffa::memory_accesses{}, regions) == errc::invalid_argument);
    CX_CHECK(encode_error(receivers, ffa::memory_regions{}) == errc::invalid_argument);
    CX_CHECK(encode_error(receivers, wraps) == errc::invalid_argument);
    CX_CHECK(encode_error(receivers, too_many) == errc::oversize);
    CX_CHECK(written(version::v1_1, 111).made.error() == errc::oversize);
    CX_CHECK(written(version::v1_1, 112).made->region_count == 1);
    CX_CHECK(written(version::v1_1, 0).made.error() == errc::oversize);
}

TEST_CASE("what an older version has no place for") {
    constexpr ffa::memory_transaction wide{ffa::endpoint_id{1}, ffa::memory_attributes{0x12f}, {}, {}, 0};
    CX_CHECK(written(version::v1_1, sizeof(page), 1).made.error() == errc::not_representable);
    CX_CHECK(written(version::v1_0, sizeof(page), 1).made.error() == errc::not_representable);
    CX_CHECK(written(version::v1_0, sizeof(page), 0, wide).made.error() == errc::not_representable);
    CX_CHECK(written(version::v1_1, sizeof(page), 0, wide).made.has_value());
}

TEST_CASE("the first fragment has all receivers and some regions") {
    CX_CHECK(first_fragment_then_rest(version::v1_0));
    CX_CHECK(first_fragment_then_rest(version::v1_1));
    CX_CHECK(first_fragment_then_rest(version::v1_2));
    const written w{version::v1_1};
    for (std::uint32_t size = 0; size < w.total(); ++size) {
        const errc why = w.read(version::v1_1, size, w.total(), reserved_bits::zero);
        CHECK(why == (size < 96 ? errc::truncated : size % 16 != 0 ? errc::bad_length : errc::none));
    }
    CHECK(w.read(version::v1_1, w.total() + 1, w.total(), reserved_bits::zero) == errc::bad_length);
}

TEST_CASE("the number of regions agrees with the length, to the region") {
    constexpr std::size_t count_at = 80 + 4;
    CX_CHECK(refusal_1_1(count_at, 2) == errc::none);
    CX_CHECK(refusal_1_1(count_at, 1) == errc::bad_length);
    CX_CHECK(refusal_1_1(count_at, 3) == errc::bad_length);
    CX_CHECK(refusal_1_1(count_at, 0) == errc::bad_value);
    CX_CHECK(refusal_1_1(count_at, 0x1000'0002) == errc::bad_length);
    CX_CHECK(refusal_1_1(count_at, 0xffff'ffff) == errc::bad_length);
    CX_CHECK(written{version::v1_1}.read(version::v1_1, 128, 127, reserved_bits::ignored) == errc::bad_length);
    CX_CHECK(written{version::v1_1}.read(version::v1_1, 128, 129, reserved_bits::ignored) == errc::bad_length);
    CX_CHECK(written{version::v1_1}.read(version::v1_1, 112, 144, reserved_bits::ignored) == errc::bad_length);
}

TEST_CASE("receivers are counted and placed inside, whatever the numbers are") {
    CX_CHECK(refusal_1_1(28, 0) == errc::bad_value);
    CX_CHECK(refusal_1_1(28, 6) == errc::truncated);
    CX_CHECK(refusal_1_1(28, 0x1000'0000) == errc::truncated);
    CX_CHECK(refusal_1_1(28, 0x1000'0002) == errc::truncated);
    CX_CHECK(refusal_1_1(28, 0xffff'ffff) == errc::truncated);
    CX_CHECK(refusal(version::v1_0, 28, 0x1000'0002) == errc::truncated);
    CX_CHECK(refusal(version::v1_0, 28, 0) == errc::bad_value);
    CX_CHECK(refusal_1_1(32, 0) == errc::bad_length);
    CX_CHECK(refusal_1_1(32, 32) == errc::bad_length);
    CX_CHECK(refusal_1_1(32, 56) == errc::bad_length);
    CX_CHECK(refusal_1_1(32, 112) == errc::truncated);
    CX_CHECK(refusal_1_1(32, 0xffff'fff0) == errc::truncated);
    CX_CHECK(refusal_1_1(24, 0) == errc::bad_length);
    CX_CHECK(refusal_1_1(24, 8) == errc::bad_length);
    CX_CHECK(refusal_1_1(24, 24) == errc::bad_length);
    CX_CHECK(refusal_1_1(24, 0xffff'fff0) == errc::truncated);
}

TEST_CASE("the part of a receiver is as long as the descriptor says") {
    CX_CHECK(access_size_is_taken(16));
    CX_CHECK(access_size_is_taken(32));
    CX_CHECK(access_size_is_taken(48));
    CX_CHECK(access_size_refused(17) == errc::bad_length);
    CX_CHECK(access_size_refused(40) == errc::bad_length);
}

TEST_CASE("all receivers name the same regions, behind the last of them") {
    CX_CHECK(refusal_1_1(52, 96) == errc::bad_value);
    CX_CHECK(refusal_1_1(68, 64) == errc::bad_value);
    CX_CHECK(refusal_1_1(68, 0) == errc::bad_value);
    const auto moved = [](std::uint32_t offset) {
        written w{version::v1_1};
        store_le(w.bytes.data() + 52, offset);
        store_le(w.bytes.data() + 68, offset);
        return w.read(version::v1_1, w.total(), w.total(), reserved_bits::ignored);
    };
    CHECK(moved(80) == errc::none);
    CHECK(moved(64) == errc::bad_length);
    CHECK(moved(88) == errc::bad_length);
    CHECK(moved(81) == errc::bad_length);
    CHECK(moved(128) == errc::truncated);
    CHECK(moved(0xffff'fff0) == errc::truncated);
    CHECK(moved(0) == errc::bad_length);
}

TEST_CASE("reserved bytes are looked at by who wants to") {
    // Header, receivers, composite, regions.
    CX_CHECK(reserved_bytes(version::v1_0) == 1 + 4 + 2 * 8 + 8 + 2 * 4);
    CX_CHECK(reserved_bytes(version::v1_1) == 12 + 2 * 8 + 8 + 2 * 4);
    CX_CHECK(reserved_bytes(version::v1_2) == 12 + 2 * 8 + 8 + 2 * 4);
}

TEST_CASE("a request has no regions and is in one piece") {
    CX_CHECK(request_length(112, 112) == errc::none);
    CX_CHECK(request_length(113, 112) == errc::bad_length);
    CX_CHECK(request_length(128, 128) == errc::bad_length);
    CX_CHECK(request_length(111, 112) == errc::bad_length);
    CX_CHECK(request_length(112, 111) == errc::truncated);
    constexpr auto receivers = two_receivers(0);
    page out{};
    CHECK(ffa::encode_memory_retrieve(byte_span{out}.first(111), version::v1_2, transaction, receivers) ==
          errc::oversize);
    CHECK(ffa::encode_memory_retrieve(out, version::v1_2, transaction, {}) == errc::invalid_argument);
}

TEST_CASE("a relayer writes the form of another version") {
    CX_CHECK(converts_to_what_would_be_written(version::v1_0, version::v1_2));
    CX_CHECK(converts_to_what_would_be_written(version::v1_2, version::v1_0));
    CX_CHECK(converts_to_what_would_be_written(version::v1_1, version::v1_3));
    CX_CHECK(converts_to_what_would_be_written(version::v1_1, version::v1_1));
    CX_CHECK(loses_impdef());
    CX_CHECK(request_converts(version::v1_0));
    CX_CHECK(request_converts(version::v1_1));
    CX_CHECK(request_converts(version::v1_3));
    CX_CHECK(conversion_error(160) == errc::none);
    CX_CHECK(conversion_error(159) == errc::oversize);
    CX_CHECK(conversion_error(0) == errc::oversize);
    page out{};
    CHECK(ffa::convert_memory_descriptor(out, version::v1_1, {}) == errc::invalid_argument);
}

TEST_CASE("a later fragment is regions and nothing else") {
    CX_CHECK(fragment_error(48, 0, reserved_bits::zero) == errc::none);
    CX_CHECK(fragment_error(48, 1, reserved_bits::zero) == errc::bad_value);
    CX_CHECK(fragment_error(48, 1, reserved_bits::ignored) == errc::none);
    CX_CHECK(fragment_error(0, 0, reserved_bits::zero) == errc::bad_length);
    CX_CHECK(fragment_error(47, 0, reserved_bits::zero) == errc::bad_length);
    std::uint8_t out[40];
    CHECK(ffa::encode_memory_fragment(out, regions) == ffa::memory_fragment{32, 2});
    CHECK(ffa::encode_memory_fragment(byte_span{out}.first(31), regions) == ffa::memory_fragment{16, 1});
    CHECK(ffa::encode_memory_fragment(byte_span{out}.first(15), regions) == ffa::memory_fragment{0, 0});
}
