// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/info.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

// Exactly the types and ids of the table are found, whatever the reserved type bits are.
constexpr bool finds_the_table(revision r) {
    std::size_t found = 0;
    for (unsigned type = 0; type < 4; ++type)
        for (unsigned id = 0; id < 256; ++id) {
            const message_info* const m =
                find_message(r, static_cast<std::uint8_t>(0xfc | type), static_cast<std::uint8_t>(id));
            if (m == nullptr) continue;
            if (m->type() != type || m->id != id || !m->in(r).present) return false;
            ++found;
        }
    std::size_t present = 0;
    for (const message_info& m : messages)
        if (m.in(r).present) ++present;
    return found == present;
}

constexpr const message_info& vqueue = detail::info_of<get_vqueue_response>;
constexpr const message_info& features = detail::info_of<get_device_features_response>;
constexpr const message_info& configure = detail::info_of<event_configure_request>;

} // namespace

TEST_CASE("find_message finds every message of a revision and no other") {
    CHECK(finds_the_table(revision::rfc2025));
    CHECK(finds_the_table(revision::oasis_v1));
    CHECK(finds_the_table(revision::oasis_v2));
}

TEST_CASE("an event id with the response bit and a reserved id are no message") {
    CHECK(find_message(revision::oasis_v2, 0, 0x40) != nullptr);
    CHECK(find_message(revision::oasis_v2, 1, 0x40) == nullptr);
    CHECK(find_message(revision::oasis_v2, 3, 0xc0) == nullptr);
    CHECK(find_message(revision::oasis_v2, 0, 0x00) == nullptr);
    CHECK(find_message(revision::oasis_v2, 0, 0x01) == nullptr);
}

TEST_CASE("the table says which revision has how much of a message") {
    CX_CHECK(vqueue.in(revision::oasis_v2).fixed_size == 48);
    CX_CHECK(vqueue.in(revision::rfc2025).fixed_size == 42);
    CX_CHECK(!vqueue.in(revision::oasis_v2).has_tail);
    CX_CHECK(features.in(revision::oasis_v1).has_tail);
    CX_CHECK(features.in(revision::oasis_v1).fixed_size == 16);
    CX_CHECK(features.in(revision::rfc2025).fixed_size == 14);
    CX_CHECK(configure.in(revision::oasis_v1).present);
    CX_CHECK(!configure.in(revision::rfc2025).present);
    CX_CHECK(configure.in(revision::rfc2025).fixed_size == 0);
}

TEST_CASE("the messages that a revision lacks") {
    std::size_t absent[3]{};
    for (const message_info& m : messages)
        for (std::size_t r = 0; r < 3; ++r)
            if (!m.shapes[r].present) ++absent[r];
    CHECK(absent[0] == 6);
    CHECK(absent[1] == 2);
    CHECK(absent[2] == 0);
}
