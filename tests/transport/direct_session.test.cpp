// SPDX-License-Identifier: BSD-2-Clause
// A whole driver side and a whole device side on direct messages, in every revision.
#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"

#include <vector>

using namespace vmsg;
using namespace transport_test;

namespace {

// A session that tries once.
template <revision R> struct once : direct_policy<R> { static constexpr int attempts = 1; };

} // namespace

TEST_CASE_TEMPLATE("direct: a bus is brought up, used and closed", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R> rig;
    bring_up<R>(rig);
    use(rig); // an event is the answer to an EVENT_POLL
    take_down(rig);
    CHECK(dropped(rig) == 0); // no acknowledgement was taken for anything else
    CHECK(rig.peer.wire.counters().acknowledged == 1);
    CHECK(rig.peer.wire.counters().discarded == 0);
    const auto& wire = rig.wire.counters();
    CHECK(wire.sent == rig.manager.requests());
    CHECK(wire.busy + wire.no_answer + wire.refused + wire.resumed + wire.protocol_errors == 0);
    CHECK(rig.session.engine().counters().carrier_busy == 0); // nothing was sent while an answer waited
}

TEST_CASE_TEMPLATE("direct: the same when every request is interrupted and every answer late", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R> rig;
    rig.manager.interrupts = 2;
    rig.manager.preempted = {other_id, 1};
    rig.peer.yields = 2;
    bring_up<R>(rig);
    REQUIRE(rig.session.close());
    CHECK(dropped(rig) == 0);
    CHECK(rig.manager.misuses == 0);
    CHECK(rig.wire.counters().resumed == 4 * rig.wire.counters().sent);
    CHECK(rig.wire.counters().sent == rig.manager.requests()); // none was sent again
}

TEST_CASE_TEMPLATE("direct: a request that the device discards fails at once", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R> rig;
    bring_up<R>(rig);
    const auto requests = rig.manager.requests();
    const instant before = rig.clock.now();
    // The driver side believes in more configuration than there is.
    rig.peer.model.id.config_size = 8;
    std::uint8_t config[16]{};
    CHECK(rig.session.at(number).read_config(0, config).error() == errc::peer_error);
    CHECK(rig.clock.now() == before);
    CHECK(rig.manager.requests() == requests + 1);
    CHECK(rig.peer.wire.counters().discarded == 1);
    CHECK(rig.session.engine().counters().dropped.total() == 0);
    CHECK(rig.session.engine().state() == proto::bus_state::ready);
    CHECK(rig.session.at(number).status()); // and it goes on
}

TEST_CASE("direct: one that is busy twice costs two retries and nothing else") {
    direct_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    const auto requests = rig.manager.requests();
    const auto before = rig.session.engine().counters();
    const instant now = rig.clock.now();
    rig.manager.busy = 2;
    CHECK(rig.session.at(number).status());
    CHECK(rig.manager.requests() == requests + 3);
    CHECK(rig.wire.counters().busy == 2);
    CHECK(rig.session.engine().counters().carrier_busy == before.carrier_busy + 2);
    CHECK(rig.session.engine().counters().requests == before.requests + 1);
    CHECK(dropped(rig) == 0);
    CHECK(rig.clock.now() == now);
}

TEST_CASE("direct: one that is busy for ever costs three attempts, and the error says so") {
    direct_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    const auto t = rig.manager.requests();
    const instant now = rig.clock.now();
    rig.manager.busy = -1;
    CHECK(rig.session.ping(1).error() == errc::busy);
    constexpr std::size_t tries = 3; // of the session, each a request of its own
    CHECK(direct_policy<revision::oasis_v2>::attempts == tries);
    CHECK(rig.manager.requests() == t + tries * proto::direct_retry_policy.busy_attempts);
    CHECK(rig.wire.counters().busy == tries * proto::direct_retry_policy.busy_attempts);
    CHECK(rig.clock.now() == now);
    rig.manager.busy = 0;
    CHECK(rig.session.ping(2));
}

TEST_CASE("direct: the all-zero answer has the same budget, an error and a counter of its own") {
    direct_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    int zeros = 2;
    const auto zero = [&](ffa::call_frame& frame) {
        if (zeros == 0) return;
        if (zeros > 0) --zeros;
        frame = ffa::encode_direct_response(device_id, driver_id, {});
    };
    rig.manager.answer = zero;
    const auto requests = rig.manager.requests();
    CHECK(rig.session.ping(1));
    CHECK(rig.manager.requests() == requests + 3);
    CHECK(rig.wire.counters().no_answer == 2);
    zeros = -1;
    CHECK(rig.session.ping(1).error() == errc::no_answer);
    CHECK(rig.manager.requests() == requests + 3 + 9);
    CHECK(rig.wire.counters().busy == 0);
}

TEST_CASE("direct: the same when the all-zero answer comes only after an interrupt") {
    direct_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    int zeros = 2;
    rig.manager.interrupts = 1;
    rig.manager.answer = [&](ffa::call_frame& frame) {
        if (zeros == 0) return;
        if (zeros > 0) --zeros;
        frame = ffa::encode_direct_response(device_id, driver_id, {});
    };
    const auto requests = rig.manager.requests();
    const auto counted = rig.session.engine().counters();
    CHECK(rig.session.ping(1));
    CHECK(rig.manager.requests() == requests + 3);
    CHECK(rig.session.engine().counters().no_answers == counted.no_answers + 2);
    CHECK(rig.session.engine().counters().timeouts == 0);
    zeros = -1;
    CHECK(rig.session.ping(1).error() == errc::no_answer);
    CHECK(rig.manager.requests() == requests + 3 + 9);
    CHECK(rig.session.engine().counters().timeouts == 0);
    // A kick that has not arrived is not forgotten.
    REQUIRE(rig.session.at(number).notify(0, 0));
    const auto e = rig.session.wait(rig.clock.now() + 1 * milliseconds);
    CHECK(e.kind == proto::driver_event_kind::kick_lost);
    CHECK(e.dev_num == number);
    CHECK(e.index == 0);
}

TEST_CASE_TEMPLATE("direct: an answer after the time-out does not reach the next request (defects b, c)", Rev,
                   VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R, once<R>> rig;
    bring_up<R>(rig);
    const auto requests = rig.manager.requests();
    rig.manager.interrupts = -1; // for as long as the driver side waits
    CHECK(rig.session.ping(1).error() == errc::timed_out);
    CHECK(rig.manager.suspended());
    CHECK(rig.wire.open());
    CHECK(rig.manager.requests() == requests + 1); // resumed all the time, sent once
    CHECK(rig.manager.misuses == 0);

    rig.manager.release();
    CHECK(rig.session.ping(2)); // the late answer comes, and then its own
    CHECK_FALSE(rig.manager.suspended());
    CHECK(dropped_late(rig) == 1);
    CHECK(rig.session.engine().counters().dropped.total() == 1);
}

TEST_CASE_TEMPLATE("direct: an answer after the quarantine does not reach the next request either", Rev,
                   VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R, once<R>> rig;
    bring_up<R>(rig);
    rig.manager.interrupts = -1;
    rig.peer.model.id.config_size = 16;
    std::uint8_t config[4]{};
    CHECK(rig.session.at(number).read_config(4, config).error() == errc::timed_out);
    CHECK(rig.session.at(number).read_config(8, config).error() ==
          errc::busy); // the token is free again, the peer is not
    rig.manager.release();
    CHECK(rig.session.at(number).read_config(8, config)); // once the first one has its answer
    CHECK(config[0] == 8);
    CHECK(rig.session.engine().counters().dropped[proto::drop_reason::stale] == 1);
}

TEST_CASE("trap 7: a request that is given up is still resumed, and the partition is not busy for ever") {
    direct_rig<revision::oasis_v2> rig;
    bring_up<revision::oasis_v2>(rig);
    rig.manager.interrupts = -1;
    CHECK(rig.session.at(number).status().error() != errc::none);
    CHECK(rig.wire.counters().busy == 0); // the partition has seen no second request
    rig.manager.release();
    CHECK(rig.session.at(number).status());
    CHECK(rig.wire.counters().busy == 0);
}

TEST_CASE_TEMPLATE("direct: an answer may say any size (defects a, g)", Rev, VMSG_REVISIONS) {
    constexpr revision R = Rev::value;
    direct_rig<R> rig;
    bring_up<R>(rig);
    std::uint32_t size = 0;
    rig.manager.answer = [&](ffa::call_frame& frame) {
        constexpr unsigned shift = 8 * (header_size<R> - 2);
        frame.x[4] = (frame.x[4] & ~(0xffffull << shift)) | std::uint64_t{size} << shift;
        for (std::size_t i = 6; i < 18; ++i) frame.x[i] = ~0ull;
    };
    std::vector<std::uint8_t> buffer(constants_of<R>.ffa_max_msg_size + 16, 0xa5);
    for (size = 0; size <= 0xffff; size += size < 300 ? 1 : 997) {
        proto::driver<R, direct_policy<R>::capacity> engine{{.max_msg_size = constants_of<R>.ffa_max_msg_size}};
        REQUIRE(engine.start(0));
        const auto out = engine.poll_transmit(0);
        REQUIRE(out);
        REQUIRE(rig.wire.send({}, *out, 0));
        engine.handle_sent({}, 0);
        const auto in = rig.wire.receive({buffer.data(), buffer.size() - 16}, 0);
        REQUIRE(in);
        REQUIRE(in->size == constants_of<R>.ffa_max_msg_size);
        for (std::size_t i = buffer.size() - 16; i < buffer.size(); ++i) REQUIRE(buffer[i] == 0xa5);
        engine.handle_frame({buffer.data(), in->size}, 0);
        constexpr std::size_t right = fixed_msg_size<version_response, R>;
        REQUIRE((engine.counters().dropped.total() == 0) == (size == right));
    }
}

TEST_CASE("direct: a session needs room for one request only") {
    CHECK(direct_session_policy<>::capacity.requests == 1);
    using wire = transports::direct_driver<direct_manager>;
    using clock = virtual_clock<nothing_else>;
    CHECK(sizeof(driver_session<wire, clock, direct_session_policy<>>) + 2 * 104 <
          sizeof(driver_session<wire, clock, session_policy<>>));
}
