// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/driver_session.hpp>

#include "session/rig.hpp"
#include "support/check.hpp"

using namespace session_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr feature_set wanted{feature::version_1, feature::access_platform, feature::notification_data,
                             feature::ring_reset, feature::in_order};

/// From nothing to a transfer and back to nothing.
template <revision R> constexpr bool whole_life() {
    rig<R> r;
    auto& s = r.session;
    if (!s.open() || s.devices().size() != 1 || *s.devices().begin() != 3) return false;
    const auto area = s.share(0x77, 1, r.attributes());
    if (!area) return false;
    auto d = s.at(3);
    const auto accepted = d.negotiate(wanted, feature_set{feature::version_1});
    // IN_ORDER is not offered.
    if (!accepted || accepted->has(feature::in_order) || !accepted->has(feature::ring_reset)) return false;
    std::uint8_t config[16]{};
    if (!d.read_config(0, config) || config[15] != 15) return false;
    const std::uint8_t changed[2]{0xaa, 0xbb};
    if (!d.write_config(8, changed) || !d.read_config(0, config) || config[9] != 0xbb) return false;
    if (d.write_config(2, changed).error() != errc::denied) return false; // read-only
    if (*d.max_queue_size(0) != 256 || *d.max_queue_size(2) != 0) return false;
    if (!d.setup_queue(0, r.queue_in(*area)) || !d.driver_ok() || r.peer.model.starts != 1) return false;
    if (!d.notify(0, 5)) return false;
    if (s.wait(s.clock().now()).kind == proto::driver_event_kind::used) return false; // not yet
    if (r.peer.model.kicks[0] != 1 && s.wait(s.clock().now() + 1).kind == proto::driver_event_kind::used) return false;
    if (r.peer.model.kicks[0] != 1 || !r.peer.bus.used(3, 0)) return false;
    s.poll_now();
    proto::driver_event e = s.wait(s.clock().now() + 1 * seconds);
    while (e.kind != proto::driver_event_kind::used && e.kind != proto::driver_event_kind::none)
        e = s.wait(s.clock().now() + 1 * seconds);
    if (e.kind != proto::driver_event_kind::used || e.dev_num != 3 || e.index != 0) return false;
    if (!d.reset() || !s.unshare(*area) || !s.close()) return false;
    return r.nothing_left() && r.peer.bus.areas().size() == 0;
}

constexpr bool required_features_are_required() {
    rig<v2> r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    if (d.negotiate(wanted, feature_set{feature::in_order}).error() != errc::not_supported) return false;
    return has(r.peer.port.status, device_status::failed);
}

constexpr bool a_refused_choice_is_reported() {
    rig<v2> r;
    r.peer.model.takes_features = false;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    if (d.negotiate(wanted).error() != errc::denied || !has(r.peer.port.status, device_status::failed)) return false;
    r.peer.model.takes_features = true;
    return d.negotiate(wanted).has_value(); // a reset makes it usable again
}

constexpr bool a_refused_queue_is_reported() {
    rig<v2> r;
    r.peer.model.takes_queues = false;
    if (!r.session.open()) return false;
    const auto area = r.session.share(0x77, 1, r.attributes());
    auto d = r.session.at(3);
    return area && d.negotiate(wanted) && d.setup_queue(0, r.queue_in(*area)).error() == errc::denied;
}

/// A queue that is too large for the device, or not there, is not even asked for.
constexpr bool impossible_queues_are_not_set_up() {
    rig<v2> r;
    if (!r.session.open()) return false;
    const auto area = r.session.share(0x77, 1, r.attributes());
    auto d = r.session.at(3);
    if (!area || !d.negotiate(wanted)) return false;
    proto::queue_setup queue = r.queue_in(*area);
    if (d.setup_queue(2, queue).error() != errc::invalid_argument) return false;
    queue.size = 257;
    if (d.setup_queue(0, queue).error() != errc::invalid_argument) return false;
    if (!d.max_queue_size(0)) return false;
    const std::uint64_t before = r.session.engine().counters().requests;
    if (d.setup_queue(0, queue).error() != errc::invalid_argument) return false;
    if (r.session.engine().counters().requests != before || *d.max_queue_size(2) != 0) return false;
    return d.setup_queue(0, r.queue_in(*area)) && r.peer.port.queue(0).enabled;
}

constexpr bool what_comes_meanwhile_is_kept() {
    rig<v2> r;
    if (!r.session.open()) return false;
    auto d = r.session.at(3);
    const auto area = r.session.share(0x77, 1, r.attributes());
    if (!area || !d.negotiate(wanted) || !d.setup_queue(0, r.queue_in(*area)) || !d.driver_ok()) return false;
    if (!r.peer.bus.used(3, 0) || !r.peer.bus.config_changed(3, 0, 4)) return false;
    // Requests go on while the events arrive.
    for (int i = 0; i < 4; ++i) {
        r.session.poll_now();
        if (!d.status()) return false;
    }
    bool used = false;
    bool changed = false;
    for (;;) {
        const auto e = r.session.wait(r.session.clock().now());
        if (e.kind == proto::driver_event_kind::none) break;
        used = used || e.kind == proto::driver_event_kind::used;
        changed = changed || e.kind == proto::driver_event_kind::config_changed;
    }
    return used && changed;
}

/// A network device, as far as its bring-up goes.
struct net_model : archetypes::device_model {
    static constexpr std::uint32_t queue_count = 3;
    static constexpr std::uint32_t config_size = 12;
    constexpr proto::device_identity identity() const { return {.device_id = 1, .config_size = config_size}; }
    constexpr feature_set offered_features() const { return feature_set{feature::version_1}; }
    constexpr void read_config(std::uint32_t, byte_span out) const {
        for (std::uint8_t& byte : out) byte = 0;
    }
    constexpr std::uint32_t queue_max_size(std::uint32_t) const { return 64; }
    constexpr bool enable_queue(std::uint32_t, const proto::queue_setup&) { return true; }
};

struct round_trips {
    std::uint64_t bus = 0;
    std::uint64_t device = 0;
};

/// Requests of a bring-up, from nothing to DRIVER_OK.
template <class Model> constexpr round_trips bring_up_trips() {
    rig<v2> r;
    Model model;
    proto::attached<Model> port{model};
    auto& s = r.session;
    round_trips trips;
    if (!r.peer.bus.attach(4, port) || !s.open()) return {};
    trips.bus = s.engine().counters().requests;
    const auto area = s.share(0x77, 1, r.attributes());
    const std::uint64_t before = s.engine().counters().requests;
    auto d = s.at(4);
    std::uint8_t config[Model::config_size]{};
    if (!area || !d.negotiate(wanted) || !d.read_config(0, config)) return {};
    for (std::uint32_t i = 0; i < Model::queue_count; ++i)
        if (!d.max_queue_size(i) || !d.setup_queue(i, r.queue_in(*area))) return {};
    if (!d.driver_ok()) return {};
    trips.device = s.engine().counters().requests - before;
    return trips;
}

/// A bus that is up, one that has failed, and one whose peer has started anew.
template <revision R> constexpr bool starts_anew() {
    rig<R> r;
    auto& s = r.session;
    if (!s.reopen() || s.open().error() != errc::bad_state) return false;
    if (!s.share(0x77, 1, r.attributes())) return false;
    auto d = s.at(3);
    if (!d.negotiate(wanted) || d.identity().config_size != 16) return false;
    if (!s.reopen() || !r.nothing_left() || r.peer.bus.areas().size() != 0) return false;
    if (r.peer.port.status != device_status::reset) return false;
    r.peer.serves = false;
    if (s.reopen().error() != errc::timed_out) return false;
    r.peer.serves = true;
    return s.reopen() && s.share(0x78, 1, r.attributes()) && d.negotiate(wanted) && s.reopen() && s.close() &&
           r.nothing_left();
}

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

constexpr bool pings() {
    rig<v2> r;
    if (r.session.ping(7).error() != errc::bad_state || !r.session.open()) return false;
    if (!r.session.ping(7)) return false;
    r.peer.serves = false;
    return r.session.ping(7).error() == errc::timed_out;
}

} // namespace

static_assert(whole_life<revision::rfc2025>());
static_assert(whole_life<revision::oasis_v1>());
static_assert(whole_life<revision::oasis_v2>());

TEST_CASE_TEMPLATE("a session, from nothing to a transfer and back", Rev,
                   std::integral_constant<revision, revision::rfc2025>,
                   std::integral_constant<revision, revision::oasis_v1>,
                   std::integral_constant<revision, revision::oasis_v2>) {
    CHECK(whole_life<Rev::value>());
}

TEST_CASE("a session reports what a device lacks or refuses") {
    CX_CHECK(required_features_are_required());
    CX_CHECK(a_refused_choice_is_reported());
}

TEST_CASE("Q1, Q3: no queue is set up that is not there, or larger than the device can have it") {
    CX_CHECK(impossible_queues_are_not_set_up());
}
TEST_CASE("T7, Q3: a queue that the device has not taken is no queue") { CX_CHECK(a_refused_queue_is_reported()); }

TEST_CASE("events that come while a session waits for something else are kept") {
    CX_CHECK(what_comes_meanwhile_is_kept());
}

TEST_CASE("round trips of a bring-up: a network device with 3 queues takes 18, the bus 4") {
    constexpr round_trips trips = bring_up_trips<net_model>();
    CHECK(trips.bus == 4);
    CHECK(trips.device == 18);
}

TEST_CASE("a session starts anew") {
    CHECK(starts_anew<revision::rfc2025>());
    CHECK(starts_anew<revision::oasis_v1>());
    CHECK(starts_anew<revision::oasis_v2>());
    CX_CHECK(closes_after_a_failure());
}

TEST_CASE("a ping, and none") { CHECK(pings()); }

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
