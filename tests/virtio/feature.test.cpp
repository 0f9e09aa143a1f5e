// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/feature.hpp>

#include "support/check.hpp"

using namespace vmsg::virtio;

namespace {

struct row {
    feature bit;
    std::uint8_t block;
    std::uint8_t in_block;
    bool allowed;
};
// Block and bit as the specification numbers them.
constexpr row rows[]{
    {feature::notify_on_empty, 0, 24, false}, {feature::any_layout, 0, 27, false},
    {feature::indirect_desc, 0, 28, true},    {feature::event_idx, 0, 29, true},
    {feature::version_1, 1, 0, true},         {feature::access_platform, 1, 1, true},
    {feature::ring_packed, 1, 2, true},       {feature::in_order, 1, 3, true},
    {feature::order_platform, 1, 4, true},    {feature::sr_iov, 1, 5, false},
    {feature::notification_data, 1, 6, true}, {feature::notif_config_data, 1, 7, false},
    {feature::ring_reset, 1, 8, true},        {feature::admin_vq, 1, 9, false},
    {feature::suspend, 1, 11, true},
};

constexpr bool bits_stand_in_their_blocks() {
    for (const row& r : rows) {
        const feature_set set{r.bit};
        for (std::uint32_t block = 0; block < feature_set::num_blocks; ++block)
            if (set.block(block) != (block == r.block ? std::uint32_t{1} << r.in_block : 0)) return false;
        if (allowed_on_virtio_msg.has(r.bit) != r.allowed) return false;
    }
    return true;
}

constexpr bool allow_list_is_that_of_the_ranges() {
    for (unsigned bit = 0; bit < 256; ++bit) {
        bool allowed = bit <= 23 || (bit >= 50 && bit <= 127);
        for (const row& r : rows) allowed = allowed || (static_cast<unsigned>(r.bit) == bit && r.allowed);
        if (allowed_on_virtio_msg.has(static_cast<feature>(bit)) != allowed) return false;
    }
    return true;
}

constexpr bool every_bit_can_be_set_and_cleared() {
    for (unsigned number = 0; number < 128; ++number) {
        const auto bit = static_cast<feature>(number);
        feature_set set;
        set.set(bit);
        if (!set.has(bit) || set.empty() || set != feature_set{bit}) return false;
        set.clear(bit);
        if (set.has(bit) || !set.empty()) return false;
    }
    return true;
}

constexpr bool reserved_bits_are_never_in_a_set() {
    feature_set set;
    set.set(feature{128});
    set.set_block(4, 0xffff'ffff);
    set.clear(feature{255});
    return set.empty() && !set.has(feature{128}) && set.block(4) == 0 && set.block(0xffff'ffff) == 0;
}

constexpr feature a{0};
constexpr feature b{1};
constexpr feature c{2};
// In the wrong order for one pass: c needs b, b needs a.
constexpr feature_dependency dependencies[]{{c, b}, {b, a}};

} // namespace

TEST_CASE("feature bits stand in their blocks") { CX_CHECK(bits_stand_in_their_blocks()); }
TEST_CASE("every bit can be set and cleared") { CX_CHECK(every_bit_can_be_set_and_cleared()); }
TEST_CASE("bits from 128 on are never in a set") { CX_CHECK(reserved_bits_are_never_in_a_set()); }

TEST_CASE("blocks travel in messages") {
    feature_set set;
    set.set_block(1, 1);
    CHECK(set == feature_set{feature::version_1});
    set.set_block(1, 0);
    CHECK(set.empty());
}

TEST_CASE("sets from an array of blocks: bit i of block k is feature 32 * k + i") {
    constexpr std::uint32_t blocks[]{1u << 9, 1u << 8 | 1, 0, 1u << 31};
    CX_CHECK(feature_set{blocks} == feature_set{feature{9}, feature::version_1, feature::ring_reset, feature{127}});
    for (std::uint32_t i = 0; i < 4; ++i) CHECK(feature_set{blocks}.block(i) == blocks[i]);
}

TEST_CASE("sets: intersection, union, subset") {
    CX_CHECK((feature_set{a, b} & feature_set{b, c}) == feature_set{b});
    CX_CHECK((feature_set{a} | feature_set{feature{127}}) == feature_set{a, feature{127}});
    CX_CHECK(feature_set{a}.subset_of(feature_set{a, b}));
    CX_CHECK(!feature_set{a, c}.subset_of(feature_set{a, b}));
    CX_CHECK(feature_set{}.subset_of(feature_set{}));
}

TEST_CASE("the allow-list is what virtio-msg may negotiate") { CX_CHECK(allow_list_is_that_of_the_ranges()); }

TEST_CASE("trap 42: bits that the queues do not implement are not in their list") {
    CX_CHECK(split_queue_features.subset_of(allowed_on_virtio_msg));
    CX_CHECK(!split_queue_features.has(feature::ring_packed));
    CX_CHECK(!split_queue_features.has(feature::in_order));
    CX_CHECK(!split_queue_features.has(feature::order_platform));
    CX_CHECK((split_queue_features & not_split_queue_features).empty());
    CX_CHECK(not_split_queue_features.subset_of(allowed_on_virtio_msg)); // the others are never accepted
}

TEST_CASE("a bit whose dependency is missing is left out, over several steps") {
    CX_CHECK(closed(feature_set{a, b, c}, dependencies) == feature_set{a, b, c});
    CX_CHECK(closed(feature_set{b, c}, dependencies).empty());
    CX_CHECK(closed(feature_set{a, c}, dependencies) == feature_set{a});
    CX_CHECK(closed(feature_set{feature::version_1}, dependencies) == feature_set{feature::version_1});
}

TEST_CASE("a driver chooses what it wants of the offer and always VERSION_1") {
    constexpr feature_set offered{feature::version_1, feature::event_idx, feature::access_platform, a};
    CX_CHECK(choose(offered, feature_set{a, b}) == feature_set{feature::version_1, a});
    CX_CHECK(choose(feature_set{a}, feature_set{a}) == feature_set{a});
}

TEST_CASE("unknown, reserved and foreign bits are ignored, not accepted and no reason to fail") {
    feature_set everything;
    for (std::uint32_t i = 0; i < feature_set::num_blocks; ++i) everything.set_block(i, 0xffff'ffff);
    CHECK(choose(everything, everything) == allowed_on_virtio_msg);
}

TEST_CASE("a device accepts any subset of its offer with VERSION_1 in it") {
    constexpr feature_set offered{feature::version_1, feature::access_platform, a};
    CX_CHECK(acceptable(feature_set{feature::version_1}, offered));
    CX_CHECK(acceptable(offered, offered));
    CX_CHECK(!acceptable(feature_set{feature::version_1, b}, offered));
    CX_CHECK(!acceptable(feature_set{a}, offered));
    CX_CHECK(!acceptable(feature_set{feature::version_1}, feature_set{a}));
    CX_CHECK(!acceptable(feature_set{feature::version_1, feature::notif_config_data},
                         feature_set{feature::version_1, feature::notif_config_data}));
}
