// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/driver_session.hpp>

#include "session/bodies.hpp"
#include "session/rig.hpp"
#include "support/check.hpp"

using namespace session_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
/// What the bus said before it was closed is not taken for the outcome.
constexpr bool closes_after_a_failure() {
    rig<v2> r;
    if (!r.session.open()) return false;
    std::uint8_t frame[104]{};
    const auto size = encode<v2>(byte_span{frame}, header{.token = 1}, reset_request{});
    if (!size || !r.peer.driver_end.send({}, {frame, *size}, 0)) return false; // somebody else resets the bus
    if (r.session.ping(1).error() != errc::peer_error) return false;
    return r.session.close() && r.session.reopen() && r.session.ping(2) && r.session.close() && r.nothing_left();
}

/// A carrier whose device side never comes to the end of a reset, and whose configuration changes again and again.
class restless {
public:
    using end_type = device_end<v2>::end_type;
    int statuses = 0; ///< responses about the status
    int reads = 0;    ///< responses to GET_CONFIG
    int changes = 0;  ///< of the configuration: before so many of them after the first

    explicit restless(end_type& wire) : wire_(wire) {}
    std::size_t max_msg_size() const { return wire_.max_msg_size(); }
    result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) { return wire_.send(peer, frame, now); }
    result<inbound> receive(byte_span buffer, instant now) {
        const auto got = wire_.receive(buffer, now);
        if (!got || (buffer[0] & type_response) == 0 || (buffer[0] & type_bus) != 0) return got;
        const auto id = static_cast<transport_msg_id>(buffer[1]);
        if (id == transport_msg_id::get_device_status || id == transport_msg_id::set_device_status) {
            ++statuses;
            buffer[8] = 0x0f;
        }
        if (id == transport_msg_id::get_config) buffer[8] = static_cast<std::uint8_t>(min(reads++, changes));
        return got;
    }

private:
    static int min(int a, int b) { return a < b ? a : b; }
    end_type& wire_;
};

/// A carrier that takes everything and always has an answer that nobody waits for.
struct flood {
    std::size_t max_msg_size() const { return 104; }
    result<void> send(ffa::endpoint_id, byte_view, instant) { return {}; }
    result<inbound> receive(byte_span buffer, instant) {
        const auto size = encode<v2>(buffer, header{.token = 1}, ping_response{});
        return inbound{{}, static_cast<std::uint16_t>(*size)};
    }
};
/// Time that passes with every look at it.
struct passing_time {
    mutable instant time = 0;
    instant now() const { return time += 1 * milliseconds; }
    void idle(instant) {}
};

} // namespace

static_assert(whole_life<rig<revision::rfc2025>>());
static_assert(whole_life<rig<revision::oasis_v1>>());
static_assert(whole_life<rig<revision::oasis_v2>>());

TEST_CASE_TEMPLATE("a session, from nothing to a transfer and back", Rev,
                   std::integral_constant<revision, revision::rfc2025>,
                   std::integral_constant<revision, revision::oasis_v1>,
                   std::integral_constant<revision, revision::oasis_v2>) {
    CHECK(whole_life<rig<Rev::value>>());
}

TEST_CASE("a session reports what a device lacks or refuses") {
    CX_CHECK(required_features_are_required<rig<v2>>());
    CX_CHECK(a_refused_choice_is_reported<rig<v2>>());
}

TEST_CASE("Q1, Q3: no queue is set up that is not there, or larger than the device can have it") {
    CX_CHECK(impossible_queues_are_not_set_up<rig<v2>>());
}
TEST_CASE("Q3: a queue that is enabled is left as it is") { CHECK(enabled_queues_are_left_alone<rig<v2>>()); }

TEST_CASE("T7, Q3: a queue that the device has not taken is no queue") {
    CX_CHECK(a_refused_queue_is_reported<rig<v2>>());
}

TEST_CASE("C4: a write that is refused for its generation is read again, then repeated, a few times") {
    CX_CHECK(stale_writes_are_repeated(rig<v2>{{}, strict_config_generation}));
    CX_CHECK(plain_writes_are_not_repeated<rig<v2>>());
}

TEST_CASE("events that come while a session waits for something else are kept") {
    CX_CHECK(what_comes_meanwhile_is_kept<rig<v2>>());
}

TEST_CASE("round trips of a bring-up: a network device with 3 queues takes 18, the bus 4") {
    constexpr round_trips trips = bring_up_trips<rig<v2>, net_model>();
    CHECK(trips.bus == 4);
    CHECK(trips.device == 18);
}

TEST_CASE("a session starts anew") {
    CHECK(starts_anew<rig<revision::rfc2025>>());
    CHECK(starts_anew<rig<revision::oasis_v1>>());
    CHECK(starts_anew<rig<revision::oasis_v2>>());
    CX_CHECK(closes_after_a_failure());
}

TEST_CASE("a ping, and none") { CHECK(pings<rig<v2>>()); }

TEST_CASE("a peer that says nothing: every call ends") {
    rig<v2> r;
    r.peer.serves = false;
    CHECK(r.session.open().error() == errc::timed_out);
    CHECK(r.clock.now() >= 3 * 5 * seconds); // three attempts, which cost no time
    CHECK(r.session.close().error() == errc::timed_out);
    r.peer.serves = true;
    REQUIRE(r.session.open());
    const auto area = r.session.share(0x77, 1, r.attributes());
    REQUIRE(area);
    auto d = r.session.at(3);
    REQUIRE(d.negotiate(wanted));
    r.peer.serves = false;
    CHECK(d.info().error() == errc::timed_out);
    CHECK(d.reset().error() == errc::timed_out);
    CHECK(r.session.unshare(*area).error() == errc::timed_out);
    CHECK(r.session.share(0x78, 1, r.attributes()).error() == errc::timed_out);
    CHECK(r.session.close().error() == errc::timed_out);
}

TEST_CASE("a peer that never stops sending: every call ends") {
    flood wire;
    passing_time clock;
    driver_session<flood, passing_time, policy<v2>> session{wire, clock};
    CHECK(session.open().error() == errc::timed_out);
    CHECK(session.engine().counters().timeouts == policy<v2>::attempts);
    const instant until = clock.now() + 1 * seconds;
    CHECK(session.wait(until).kind == proto::driver_event_kind::none);
    CHECK(clock.now() >= until);
    CHECK(clock.now() < until + 1 * seconds);
}

TEST_CASE("T1, E6: a reset that never ends is waited for in bounded time") {
    device_end<v2> peer{{}};
    virtual_clock<device_end<v2>> clock{peer};
    restless wire{peer.driver_end};
    driver_session<restless, virtual_clock<device_end<v2>>, policy<v2>> session{wire, clock};
    REQUIRE(session.open());
    const instant began = clock.now();
    CHECK(session.at(3).reset().error() == errc::timed_out);
    CHECK(clock.now() - began >= policy<v2>::reset_timeout);
    CHECK(clock.now() - began <= policy<v2>::reset_timeout + 1 * seconds);
    CHECK(wire.statuses > 100);
    CHECK(wire.statuses <= 1002);
}

TEST_CASE("C7: a configuration that changes while it is read is read again, a few times") {
    device_end<v2> peer{{}};
    virtual_clock<device_end<v2>> clock{peer};
    restless wire{peer.driver_end};
    driver_session<restless, virtual_clock<device_end<v2>>, policy<v2>> session{wire, clock};
    peer.model.id.config_size = 100; // two messages
    REQUIRE(session.open());
    auto d = session.at(3);
    REQUIRE(d.info());
    REQUIRE(d.status()); // DRIVER_OK, says the carrier
    std::uint8_t config[100]{};
    wire.changes = 1;
    CHECK(d.read_config(0, config));
    CHECK(wire.reads == 4);
    wire.reads = 0;
    wire.changes = 1000;
    CHECK(d.read_config(0, config).error() == errc::retry);
    CHECK(wire.reads == 2 * policy<v2>::config_attempts);
}

TEST_CASE("a carrier that is always busy: every call ends") {
    rig<v2> r{{.busy = transports::fault_rates::always}};
    CHECK(r.session.open().error() == errc::busy);
}

TEST_CASE("a device side that does not map: the share fails, and nothing hangs") {
    rig<v2> r;
    r.peer.maps = false;
    REQUIRE(r.session.open());
    CHECK(r.session.share(0x77, 1, r.attributes()).error() == errc::timed_out);
    CHECK(r.session.engine().open_areas() == 1); // it may still get it
}

TEST_CASE_TEMPLATE("a session gets through faults of the carrier", Rev,
                   std::integral_constant<revision, revision::rfc2025>,
                   std::integral_constant<revision, revision::oasis_v1>,
                   std::integral_constant<revision, revision::oasis_v2>) {
    constexpr revision R = Rev::value;
    rig<R> r{{.busy = 3000, .drop = 300, .delay = 300, .duplicate = 300, .reorder = 300}};
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        // A reset that was held back and arrives late undoes everything: then it starts again from the beginning.
        bool good = false;
        for (int i = 0; i < 20 && !good; ++i) {
            std::uint8_t config[16]{};
            auto d = r.session.at(3);
            good = r.session.open() && d.negotiate(wanted) && d.read_config(0, config) && config[15] == 15;
            static_cast<void>(d.reset());
            static_cast<void>(r.session.close());
        }
        REQUIRE(good);
    }
    CHECK(r.session.engine().open_areas() == 0);
}
