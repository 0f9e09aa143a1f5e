// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/partition_info.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <array>

using namespace ffa_test;
using namespace vmsg::literals;
using ffa::partition_properties;
using ffa::version;

namespace {

constexpr uuid image = "11223344-5566-7788-99aa-bbccddeeff01"_uuid;
constexpr ffa::partition_info a_partition{device,           8,     partition_properties{0x30d},
                                          device_role_uuid, image, version::v1_3};

constexpr std::uint8_t bytes_1_3[]{0x03, 0x80, 0x08, 0x00, 0x0d, 0x03, 0x00, 0x00, 0xc6, 0x60, 0x28, 0xb5,
                                   0x24, 0x98, 0x4a, 0xa1, 0x9d, 0xe7, 0x77, 0xda, 0x61, 0x22, 0xab, 0xf0,
                                   0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
                                   0xdd, 0xee, 0xff, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00};

// `a_partition` as a descriptor of `size` bytes can say it.
constexpr ffa::partition_info of_size(std::size_t size) {
    ffa::partition_info p = a_partition;
    if (size < 48) p.image = {}, p.speaks = {};
    if (size < 24) p.protocol = {};
    return p;
}

constexpr bool descriptor_both_ways(std::size_t size) {
    std::array<std::uint8_t, 64> out{};
    for (std::uint8_t& byte : out) byte = 0xa5;
    if (!encode_partition_descriptor(byte_span{out}.first(size), a_partition)) return false;
    const std::size_t defined = size < 24 ? 8 : size < 48 ? 24 : 48;
    if (!(byte_view{out}.first(defined) == byte_view{bytes_1_3}.first(defined))) return false;
    for (std::size_t i = defined; i < size; ++i)
        if (out[i] != 0) return false;
    if (out[size] != 0xa5) return false;
    return *ffa::decode_partition_descriptor(byte_view{out}.first(size)) == of_size(size);
}

constexpr errc stride_error(ffa::partition_info_get_answer a, version v = version::v1_1, std::size_t room = 4096) {
    return partition_stride(a, room, v).error();
}

constexpr ffa::partition_info_get_regs_answer window(std::uint16_t size, std::uint16_t last, std::uint16_t current,
                                                     std::uint8_t count) {
    ffa::partition_info_get_regs_answer a{last, current, 7, size, count, {}};
    for (std::size_t i = 0; i < count; ++i) {
        a.entries[i] = of_size(size);
        a.entries[i].id = static_cast<ffa::endpoint_id>(0x8001 + i);
    }
    return a;
}

constexpr bool window_both_ways(const ffa::partition_info_get_regs_answer& a, std::uint16_t start) {
    const auto got = ffa::decode_partition_info_get_regs_answer(garbled(encode(a)), start);
    return got && *got == a;
}

// x2 of an answer that starts at `start`.
constexpr errc refusal(std::uint64_t x2, std::uint16_t start) {
    return ffa::decode_partition_info_get_regs_answer(ffa::call_frame{{0xc4000061, 0, x2}}, start).error();
}

} // namespace

TEST_CASE("trap 31: descriptors in memory are little-endian, of 8, 24 or 48 bytes") {
    CX_CHECK(ffa::partition_descriptor_size(version::v1_0) == 8);
    CX_CHECK(ffa::partition_descriptor_size(version::v1_1) == 24);
    CX_CHECK(ffa::partition_descriptor_size(version::v1_2) == 24);
    CX_CHECK(ffa::partition_descriptor_size(version::v1_3) == 48);
    CX_CHECK(descriptor_both_ways(8));
    CX_CHECK(descriptor_both_ways(24));
    CX_CHECK(descriptor_both_ways(48));
}

TEST_CASE("a descriptor of another size has what fits, and more is ignored") {
    CX_CHECK(descriptor_both_ways(16));
    CX_CHECK(descriptor_both_ways(40));
    CX_CHECK(descriptor_both_ways(56));
    CX_CHECK(ffa::decode_partition_descriptor(byte_view{bytes_1_3}.first(7)).error() == errc::truncated);
    std::uint8_t small[7]{};
    CHECK(encode_partition_descriptor(small, a_partition).error() == errc::invalid_argument);
}

TEST_CASE("properties of messages mean something for endpoints only") {
    constexpr partition_properties all{0x30d};
    CX_CHECK(has(all, partition_properties::receives_direct2));
    CX_CHECK(has(all, partition_properties::indirect | partition_properties::notifications));
    CX_CHECK(!has(all, partition_properties::sends_direct));
    CX_CHECK(!has(all, partition_properties::indirect | partition_properties::sends_direct2));
    CX_CHECK(has(all, partition_properties::aarch64));
    CX_CHECK(kind_of(all) == ffa::partition_kind::endpoint);
    constexpr partition_properties stream{0x32d};
    CX_CHECK(kind_of(stream) == ffa::partition_kind::sepid_dependent);
    CX_CHECK(!has(stream, partition_properties::receives_direct2));
    CX_CHECK(!has(stream, partition_properties::notifications));
    CX_CHECK(has(stream, partition_properties::aarch64));
    CX_CHECK(kind_of(partition_properties{0x10}) == ffa::partition_kind::sepid_independent);
    CX_CHECK(kind_of(partition_properties{0x30}) == ffa::partition_kind::auxiliary);
}

TEST_CASE("FFA_PARTITION_INFO_GET has the UUID in four words") {
    constexpr ffa::call_frame asked{{0x84000068, 0xb52860c6, 0xa14a9824, 0xda77e79d, 0xf0ab2261}};
    CX_CHECK(both_ways(ffa::partition_info_get_call{device_role_uuid, false}, asked, ffa::decode_partition_info_get));
    CX_CHECK(both_ways(ffa::partition_info_get_call{{}, true}, ffa::call_frame{{0x84000068, 0, 0, 0, 0, 1}},
                       ffa::decode_partition_info_get));
    CX_CHECK(refused_with(asked, 5, 2, ffa::decode_partition_info_get));
    CX_CHECK(refused_with(asked, 6, 1, ffa::decode_partition_info_get));
    CX_CHECK(both_ways(ffa::partition_info_get_answer{3, 48}, ffa::call_frame{{0x84000061, 0, 3, 48}},
                       ffa::decode_partition_info_get_answer));
    CX_CHECK(ffa::decode_partition_info_get_answer(ffa::encode_error(ffa::error::busy)).error() == errc::busy);
}

TEST_CASE("trap 13: the stride in RX is the size that the answer says") {
    CX_CHECK(*partition_stride({2, 48}, 4096, version::v1_1) == 48);
    CX_CHECK(*partition_stride({2, 24}, 4096, version::v1_3) == 24);
    CX_CHECK(*partition_stride({2, 56}, 4096, version::v1_2) == 56);
    CX_CHECK(*partition_stride({512, 0}, 4096, version::v1_0) == 8);
    CX_CHECK(*partition_stride({512, 0xffff'ffff}, 4096, version::v1_0) == 8);
    CX_CHECK(stride_error({513, 0}, version::v1_0) == errc::truncated);
    CX_CHECK(stride_error({1, 8}) == errc::bad_length);
    CX_CHECK(stride_error({1, 0}) == errc::bad_length);
    CX_CHECK(stride_error({1, 28}) == errc::bad_length);
    CX_CHECK(stride_error({170, 24}) == errc::none);
    CX_CHECK(stride_error({171, 24}) == errc::truncated);
    CX_CHECK(stride_error({0, 24}) == errc::none);
}

TEST_CASE("trap 16: count times size is not cut to 32 bits") {
    CX_CHECK(stride_error({0x1000'0000, 0x30}) == errc::truncated);
    CX_CHECK(stride_error({0x2000'0000, 0x8000'0000}) == errc::truncated);
    CX_CHECK(stride_error({0xffff'ffff, 0xffff'fff8}) == errc::truncated);
}

TEST_CASE("FFA_PARTITION_INFO_GET_REGS starts at an index and echoes the tag") {
    constexpr ffa::call_frame first{{0xc400008b, 0xa14a9824b52860c6, 0xf0ab2261da77e79d}};
    constexpr ffa::call_frame next{{0xc400008b, 0xa14a9824b52860c6, 0xf0ab2261da77e79d, 0x0007'0005}};
    CX_CHECK(both_ways(ffa::partition_info_get_regs_call{device_role_uuid, 0, 0}, first,
                       ffa::decode_partition_info_get_regs));
    CX_CHECK(both_ways(ffa::partition_info_get_regs_call{device_role_uuid, 5, 7}, next,
                       ffa::decode_partition_info_get_regs));
    CX_CHECK(refused_with(next, 3, 0x1'0000'0000, ffa::decode_partition_info_get_regs));
    CX_CHECK(refused_with(next, 4, 1, ffa::decode_partition_info_get_regs));
    CX_CHECK(ffa::decode_partition_info_get_regs(ffa::call_frame{{0x8400008b}}).error() == errc::bad_type);
}

TEST_CASE("trap 13: an answer in registers holds 5 descriptors of 24 bytes or 2 of 48") {
    CX_CHECK(ffa::partitions_per_answer(24) == 5);
    CX_CHECK(ffa::partitions_per_answer(48) == 2);
    CX_CHECK(ffa::partitions_per_answer(120) == 1);
    CX_CHECK(ffa::partitions_per_answer(128) == 0);
    CX_CHECK(ffa::partitions_per_answer(16) == 0);
    CX_CHECK(window_both_ways(window(24, 0, 0, 1), 0));
    CX_CHECK(window_both_ways(window(24, 6, 4, 5), 0));
    CX_CHECK(window_both_ways(window(24, 6, 6, 2), 5));
    CX_CHECK(window_both_ways(window(48, 2, 1, 2), 0));
    CX_CHECK(window_both_ways(window(48, 2, 2, 1), 2));
    CX_CHECK(window_both_ways(window(32, 3, 2, 3), 0));
    CX_CHECK(window_both_ways(window(120, 1, 1, 1), 1));
    CX_CHECK(window_both_ways(window(24, 0xffff, 0xffff, 5), 0xfffb));
}

TEST_CASE("trap 13: indices of an answer in registers are not believed") {
    CX_CHECK(refusal(0x0018'0000'0000'0000, 0) == errc::none);
    CX_CHECK(refusal(0x0018'0000'0005'0006, 0) == errc::bad_length); // 6 of 24 bytes
    CX_CHECK(refusal(0x0030'0000'0002'0006, 0) == errc::bad_length); // 3 of 48 bytes
    CX_CHECK(refusal(0x0018'0000'0003'0002, 0) == errc::bad_length); // behind the last
    CX_CHECK(refusal(0x0018'0000'0004'0006, 5) == errc::bad_length); // before the start
    CX_CHECK(refusal(0x0018'0000'ffff'ffff, 0) == errc::bad_length);
    CX_CHECK(refusal(0x0000'0000'0000'0000, 0) == errc::bad_length); // no size
    CX_CHECK(refusal(0x0010'0000'0000'0000, 0) == errc::bad_length);
    CX_CHECK(refusal(0x001c'0000'0000'0000, 0) == errc::bad_length);
    CX_CHECK(refusal(0x0080'0000'0000'0000, 0) == errc::bad_length); // more than the registers
    CX_CHECK(refusal(0xfff8'0000'0000'0000, 0) == errc::bad_length);
    CX_CHECK(ffa::decode_partition_info_get_regs_answer(ffa::encode_error(ffa::error::retry), 0).error() ==
             errc::retry);
}
