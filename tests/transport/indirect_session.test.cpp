// SPDX-License-Identifier: BSD-2-Clause
// A whole driver side and a whole device side on indirect messages, in every revision.
#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/indirect_rig.hpp"

using namespace vmsg;
using namespace transport_test;

namespace {

// A session that tries once.
template <revision R> struct once : indirect_policy<R> { static constexpr int attempts = 1; };

template <class Rig> std::size_t sends(const Rig& rig) {
    return rig.peer.manager.driver.count(ffa::function_id::msg_send2);
}
template <class Rig> bool all_given_back(const Rig& rig) {
    return !rig.peer.manager.driver.full && !rig.peer.manager.device.full && !rig.peer.driver_buffers.owns_rx() &&
           !rig.peer.device_buffers.owns_rx();
}

} // namespace

TEST_CASE_TEMPLATE("indirect: a bus is brought up, used and closed, with events that are polled", Rev, VMSG_REVISIONS) {
    indirect_rig<Rev::value> rig;
    bring_up<Rev::value>(rig);
    use(rig);
    take_down(rig);
    CHECK(dropped(rig) == 0);
    CHECK(all_given_back(rig));
    CHECK(rig.peer.driver_wire.counters().release_errors + rig.peer.wire.counters().release_errors == 0);
}

TEST_CASE_TEMPLATE("indirect: the same with events that are pushed", Rev, VMSG_REVISIONS) {
    indirect_rig<Rev::value> rig{true};
    bring_up<Rev::value>(rig);
    use(rig);
    CHECK(rig.session.engine().counters().empty_polls == 0);
    take_down(rig);
    CHECK(dropped(rig) == 0);
    CHECK(all_given_back(rig));
}

TEST_CASE("indirect: one that is busy twice costs two retries and nothing else") {
    indirect_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    const auto before = sends(rig);
    const auto counted = rig.session.engine().counters();
    const instant now = rig.clock.now();
    rig.peer.manager.busy = 2;
    CHECK(rig.session.ping(1));
    CHECK(sends(rig) == before + 3);
    CHECK(rig.peer.driver_wire.counters().busy == 2);
    CHECK(rig.session.engine().counters().carrier_busy == counted.carrier_busy + 2);
    CHECK(rig.session.engine().counters().requests == counted.requests + 1);
    CHECK(dropped(rig) == 0);
    CHECK(rig.clock.now() == now + 3 * milliseconds); // 1 and 2
}

TEST_CASE("indirect: one that is busy for ever costs ten attempts, and the error says so") {
    indirect_rig<revision::oasis_v2, once<revision::oasis_v2>> rig;
    bring_up<revision::oasis_v2>(rig);
    const auto before = sends(rig);
    const instant now = rig.clock.now();
    rig.peer.manager.busy = -1;
    CHECK(rig.session.ping(1).error() == errc::busy);
    CHECK(sends(rig) == before + 10);
    CHECK(rig.clock.now() == now + 17 * milliseconds); // 1 and eight times 2
    rig.peer.manager.busy = 0;
    CHECK(rig.session.ping(1));
}

TEST_CASE_TEMPLATE("indirect: an answer after the time-out does not reach the next request (defects b, c)", Rev,
                   VMSG_REVISIONS) {
    indirect_rig<Rev::value, once<Rev::value>> rig{true};
    bring_up<Rev::value>(rig);
    rig.peer.serves = false;
    CHECK(rig.session.ping(1).error() == errc::timed_out);
    rig.peer.serves = true;
    CHECK(rig.session.ping(2));
    CHECK(dropped_late(rig) == 1);
    CHECK(dropped(rig) == 1);
}

TEST_CASE_TEMPLATE("indirect: whatever comes in between, the bus goes on", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    indirect_rig<R> rig{true};
    bring_up<R>(rig);
    std::uint32_t drops = 0;
    for (std::uint32_t size = 0; size <= 0xffff; size += size < 120 ? 1 : 4093) {
        // A response of 16 bytes whose header says another size.
        std::vector<std::uint8_t> m(4096);
        const auto place = *ffa::encode_indirect(m, ffa::version::v1_2, device_id, driver_id, {}, 16);
        place[0] = type_bus | type_response;
        place[1] = row_of<ping_response>.id;
        store_le(place.data() + header_size<R> - 2, static_cast<std::uint16_t>(size));
        REQUIRE(rig.peer.manager.inject(rig.peer.manager.driver, m));
        static_cast<void>(rig.session.wait(rig.clock.now()));
        ++drops;
        REQUIRE(dropped(rig) == drops);
        REQUIRE_FALSE(rig.peer.manager.driver.full);
    }
    CHECK(rig.session.ping(1));
    CHECK(dropped(rig) == drops);
}
