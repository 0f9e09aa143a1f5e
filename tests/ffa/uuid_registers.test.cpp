// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/uuid_registers.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;

TEST_CASE("trap 3: a UUID has one order in registers, in two halves or in four words") {
    CX_CHECK(ffa::uuid_of(0xa14a9824b52860c6, 0xf0ab2261da77e79d) == device_role_uuid);
    CX_CHECK(ffa::uuid_of(device_role_uuid.low(), device_role_uuid.high()) == device_role_uuid);
    CX_CHECK(ffa::uuid_word(device_role_uuid, 0) == 0xb52860c6);
    CX_CHECK(ffa::uuid_word(device_role_uuid, 1) == 0xa14a9824);
    CX_CHECK(ffa::uuid_word(device_role_uuid, 2) == 0xda77e79d);
    CX_CHECK(ffa::uuid_word(device_role_uuid, 3) == 0xf0ab2261);
    using namespace vmsg::literals;
    CX_CHECK(ffa::uuid_word("486178e0-e7f8-11e3-bc5e-0002a5d5c51b"_uuid, 3) == 0x1bc5d5a5);
}

TEST_CASE("trap 3: a UUID with swapped words is recognised") {
    constexpr uuid wrong = ffa::uuid_of(0x24984aa1c66028b5, 0x6122abf09de777da);
    CX_CHECK(ffa::word_swapped(device_role_uuid) == wrong);
    CX_CHECK(ffa::word_swapped(wrong) == device_role_uuid);
    CX_CHECK(ffa::compare(device_role_uuid, device_role_uuid) == ffa::uuid_match::same);
    CX_CHECK(ffa::compare(wrong, device_role_uuid) == ffa::uuid_match::swapped);
    CX_CHECK(ffa::compare(driver_role_uuid, device_role_uuid) == ffa::uuid_match::different);
    CX_CHECK(ffa::compare(uuid{}, uuid{}) == ffa::uuid_match::same);
    // A GUID swaps the first three fields and not the rest.
    using namespace vmsg::literals;
    CX_CHECK(ffa::compare("b52860c6-9824-a14a-9de7-77da6122abf0"_uuid, device_role_uuid) == ffa::uuid_match::different);
}
