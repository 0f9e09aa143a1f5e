// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/quirk.hpp>

#include "support/check.hpp"

#include <cstddef>
#include <string_view>

using namespace vmsg;

TEST_CASE("every quirk has a name, a peer and a word about what is done") {
    for (std::size_t i = 0; i < quirk_count; ++i) {
        const quirk_row& r = quirk_row_of(static_cast<quirk>(i));
        CAPTURE(i);
        CHECK(static_cast<std::size_t>(r.what) == i);
        CHECK(std::string_view{r.name}.size() > 3);
        CHECK(std::string_view{r.effect}.size() > 3);
        CHECK(static_cast<unsigned>(r.peers) != 0);
        CHECK(static_cast<unsigned>(r.peers) < 1u << known_peer_count);
        for (std::size_t k = 0; k < i; ++k) CHECK(std::string_view{r.name} != quirk_row_of(static_cast<quirk>(k)).name);
    }
}

TEST_CASE("the options for a peer are those of its quirks that are options") {
    CX_CHECK(quirks_of::qemu_arm.empty());
    CX_CHECK(quirks_of::optee_l1.has(quirk::get_devices_popcount));
    CX_CHECK(quirks_of::optee_l1.has(quirk::event_poll_missing));
    CX_CHECK(!quirks_of::optee_l1.has(quirk::null_msg_echo_id));       // another peer's
    CX_CHECK(!quirks_of::optee_l1.has(quirk::version_8_18));           // its revision
    CX_CHECK(!quirks_of::linux_poc2.has(quirk::fifo_bad_index_spins)); // a defect
    CX_CHECK((quirks_of::optee_l1 | quirks_of::optee_qa).has(quirk::null_msg_echo_id));
    CX_CHECK((quirk_set{} | quirk_set{}).empty());
    CX_CHECK(quirk_set{quirk::version_18_18, quirk::send2_offset_24_or_40}.has(quirk::send2_offset_24_or_40));
}
