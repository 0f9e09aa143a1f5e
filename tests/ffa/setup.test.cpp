// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/setup.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::version;

TEST_CASE("FFA_VERSION asks with w1, and says in w2 what for") {
    CX_CHECK(
        both_ways(ffa::version_call{version::v1_2, {}}, ffa::call_frame{{0x84000063, 0x10002}}, ffa::decode_version));
    CX_CHECK(both_ways(ffa::version_call{version::v1_3, ffa::version_query::compatible},
                       ffa::call_frame{{0x84000063, 0x10003, 1}}, ffa::decode_version));
    CX_CHECK(both_ways(ffa::version_call{version{0x8001'0003}, ffa::version_query::negotiated},
                       ffa::call_frame{{0x84000063, 0x8001'0003, 2}}, ffa::decode_version));
    CX_CHECK(refused_with(ffa::call_frame{{0x84000063, 0x10002}}, 2, 4, ffa::decode_version));
}

TEST_CASE("FFA_VERSION is answered in x0 alone") {
    CX_CHECK(encode(ffa::version_answer{version::v1_3}) == ffa::call_frame{{0x10003}});
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{0x10002, 0x10003}})->callee == version::v1_2);
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{0xdead'0000'0001'0002}})->callee == version::v1_2);
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{0x84000060, 0, 0xffff'ffff}}).error() == errc::peer_error);
}

TEST_CASE("trap 22: a refused version is -1 in 32 bits, however it is extended") {
    CX_CHECK(ffa::encode_unknown_function() == ffa::call_frame{{0xffff'ffff}});
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{0xffff'ffff}}).error() == errc::not_supported);
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{~std::uint64_t{0}}}).error() == errc::not_supported);
    CX_CHECK(ffa::decode_version_answer(ffa::call_frame{{0xffff'fffe}}).error() == errc::peer_error);
}

TEST_CASE("FFA_FEATURES is asked for a function or for a feature") {
    constexpr auto of_function = ffa::features_of(ffa::function_id::mem_retrieve_req, ffa::understands_ns_bit);
    constexpr auto of_feature = ffa::features_of(ffa::feature_id::schedule_receiver);
    CX_CHECK(both_ways(of_function, ffa::call_frame{{0x84000064, 0x84000074, 2}}, ffa::decode_features));
    CX_CHECK(both_ways(of_feature, ffa::call_frame{{0x84000064, 2}}, ffa::decode_features));
    CX_CHECK(ffa::is_function(of_function) && !ffa::is_feature(of_function));
    CX_CHECK(ffa::is_feature(of_feature) && !ffa::is_function(of_feature));
    CX_CHECK(!ffa::is_feature({0x100, 0}) && !ffa::is_function({0x100, 0}));
    CX_CHECK(both_ways(ffa::features_answer{0x0008'0001, 7}, ffa::call_frame{{0x84000061, 0, 0x0008'0001, 7}},
                       ffa::decode_features_answer));
    CX_CHECK(ffa::decode_features_answer(ffa::encode_error(ffa::error::not_supported)).error() == errc::not_supported);
}

TEST_CASE("the features of RXTX_MAP are a granule and, from FF-A 1.2 on, a number of pages") {
    const auto read = [](std::uint32_t w2, version v) { return ffa::rxtx_map_features_in({w2, 0}, v); };
    CHECK(*read(0, version::v1_1) == ffa::rxtx_map_features{4096, 0});
    CHECK(*read(0x0008'0001, version::v1_2) == ffa::rxtx_map_features{65536, 8});
    CHECK(*read(0x0008'0002, version::v1_1) == ffa::rxtx_map_features{16384, 0});
    CHECK(read(3, version::v1_2).error() == errc::bad_value);
    constexpr std::uint32_t granules[]{0x1000, 0x4000, 0x1'0000};
    for (const std::uint32_t granule : granules) {
        const ffa::rxtx_map_features f{granule, 63};
        CHECK(*ffa::rxtx_map_features_in(answer_of(f, version::v1_2), version::v1_2) == f);
        CHECK((answer_of(f, version::v1_1).w2 >> 16) == 0);
    }
    CX_CHECK(answer_of(ffa::rxtx_map_features{0x4000, 1}, version::v1_3) == ffa::features_answer{0x0001'0002, 0});
}

TEST_CASE("the features of memory calls and of notifications are single bits") {
    CX_CHECK(ffa::memory_features_in({1, 0}) == ffa::memory_features{true, false, false});
    CX_CHECK(ffa::memory_features_in({6, 0}) == ffa::memory_features{false, true, true});
    CX_CHECK(answer_of(ffa::memory_features{true, true, true}).w2 == 7);
    CX_CHECK(answer_of(ffa::memory_features{}).w2 == 0);
    CX_CHECK(ffa::memory_features_in(answer_of(ffa::memory_features{false, true, false})).ns_bit);
}

TEST_CASE("trap 21: a manager says that it has no notifications of single vCPUs") {
    CX_CHECK(ffa::features_of(ffa::feature_id::notifications).subject == 4);
    CX_CHECK(ffa::notification_features_in({3, 0}) == ffa::notification_features{true, true});
    CX_CHECK(ffa::notification_features_in({1, 0}) == ffa::notification_features{true, false});
    CX_CHECK(answer_of(ffa::notification_features{true, true}).w2 == 3);
    CX_CHECK(answer_of(ffa::notification_features{false, true}).w2 == 2);
}

TEST_CASE("ids are asked for without arguments") {
    CX_CHECK(both_ways(ffa::id_get_call{}, ffa::call_frame{{0x84000069}}, ffa::decode_id_get));
    CX_CHECK(both_ways(ffa::spm_id_get_call{}, ffa::call_frame{{0x84000085}}, ffa::decode_spm_id_get));
    CX_CHECK(ffa::decode_id_get(ffa::call_frame{{0x84000085}}).error() == errc::bad_type);
    CX_CHECK(refused_with(ffa::call_frame{{0x84000069}}, 1, 1, ffa::decode_id_get));
    CX_CHECK(both_ways(ffa::id_answer{device}, ffa::call_frame{{0x84000061, 0, 0x8003}}, ffa::decode_id_answer));
    CX_CHECK(ffa::decode_id_answer(ffa::call_frame{{0x84000061, 0, 0x7777'8003}})->id == device);
    CX_CHECK(ffa::decode_id_answer(ffa::call_frame{{~std::uint64_t{0}}}).error() == errc::not_supported);
}
