// SPDX-License-Identifier: BSD-2-Clause
// One device side for drivers of all revisions.
#include <vmsg/proto/any_device.hpp>
#include <vmsg/random.hpp>
#include <vmsg/virtio/resolver.hpp>

#include "proto/support/demand.hpp"
#include "proto/support/engines.hpp"
#include "proto/support/test_device.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

constexpr std::uint16_t number = 3; // of a device
constexpr ffa::endpoint_id alpha{0x0001};
constexpr ffa::endpoint_id beta{0x0002};
constexpr ffa::endpoint_id gamma{0x8003};
constexpr ffa::endpoint_id stranger{0x7777};

constexpr device_capacity capacity{.devices = 2, .areas = 2};
using bus_type = any_device_bus<3, capacity>;
static_assert(virtio::resolver<bus_type::endpoint_memory>);

constexpr any_device_options pushing_or_not(bool push) {
    any_device_options o;
    o.rfc2025.can_push = o.oasis_v1.can_push = o.oasis_v2.can_push = push;
    return o;
}

/// A bus of three endpoints with a device for each, and the memory that they share.
struct bench {
    bus_type bus{pushing_or_not(false)};
    test_device models[3]{};
    attached<test_device> ports[3]{attached<test_device>{models[0]}, attached<test_device>{models[1]},
                                   attached<test_device>{models[2]}};
    std::uint8_t pages[3][area_page_size]{};
    instant now = 1000;
    bool maps = true; ///< the owner of the bus does what it has to do about memory

    constexpr bench() = default;
    bench(const bench&) = delete;

    constexpr bool attach() {
        return bus.attach(alpha, number, ports[0]) && bus.attach(beta, number, ports[1]) &&
               bus.attach(gamma, number, ports[2]);
    }
    static constexpr std::size_t index_of(ffa::endpoint_id peer) { return peer == alpha ? 0 : peer == beta ? 1 : 2; }

    constexpr bool do_tasks() {
        bool done = false;
        while (maps) {
            const endpoint_task t = bus.poll_task();
            if (t.task.what == area_task::kind::none) break;
            if (t.task.what == area_task::kind::map)
                done = bus.mapped(t.peer, t.task.area_id, pages[index_of(t.peer)]).has_value();
            else
                done = bus.unmapped(t.peer, t.task.area_id).has_value();
            if (!done) break;
        }
        return done;
    }
    constexpr bool silent() { return bus.poll_transmit(now).error() == errc::would_block; }

    /// Takes the next frame out, which has to be for `peer`, and lets it leave.
    std::vector<std::uint8_t> take(ffa::endpoint_id peer, int line = __builtin_LINE()) {
        const auto out = bus.poll_transmit(now);
        demand(out.has_value() && out->peer == peer, "a frame for this endpoint", line);
        std::vector<std::uint8_t> bytes(out->frame.begin(), out->frame.end());
        bus.handle_sent({}, now);
        return bytes;
    }
    template <revision R, class M> errc send(ffa::endpoint_id peer, const M& m, std::uint16_t dev_num = 0) {
        std::uint8_t bytes[104]{};
        const auto size = encode<R>(byte_span{bytes}, header{.dev_num = dev_num, .token = 0x55}, m);
        demand(size.has_value(), "a message that can be sent", __LINE__);
        return bus.handle_frame(peer, {bytes, *size}, now).error();
    }
    template <revision R> errc send_version(ffa::endpoint_id peer) {
        return send<R>(peer, version_request{.bus_version = constants_of<R>.bus_version, .transport_revision = 1});
    }
    std::uint32_t dropped(drop_reason why) const { return bus.counters().dropped[why]; }
};

/// A driver on that bus. Its frames reach the bus under the id of its endpoint.
template <revision R> struct driver_on {
    bench& b;
    ffa::endpoint_id id;
    driver<R, rig_driver_capacity> engine{options()};

    static constexpr driver_options options() {
        driver_options o;
        o.max_msg_size = constants_of<R>.ffa_max_msg_size;
        return o;
    }

    constexpr bool step() {
        bool moved = false;
        if (const auto frame = engine.poll_transmit(b.now)) {
            const auto taken = b.bus.handle_frame(id, *frame, b.now);
            engine.handle_sent(taken.error() == errc::would_block ? errc::busy : errc::none, b.now);
            moved = true;
        }
        moved = b.do_tasks() || moved;
        if (const auto out = b.bus.poll_transmit(b.now)) {
            if (out->peer == id) engine.handle_frame(out->frame, b.now);
            b.bus.handle_sent(out->peer == id ? errc::none : errc::busy, b.now);
            moved = moved || out->peer == id;
        }
        return moved;
    }
    constexpr driver_event next_event() {
        for (int i = 0; i < 200; ++i) {
            if (const driver_event e = engine.poll_event(); e.kind != none) return e;
            if (step()) continue;
            if (engine.poll_timeout() == never) break;
            if (engine.poll_timeout() > b.now) b.now = engine.poll_timeout();
            engine.handle_timeout(b.now);
        }
        return {};
    }
    constexpr bool bring_up() {
        if (!engine.start(b.now)) return false;
        const driver_event found = next_event();
        return found.kind == device_added && found.dev_num == number && next_event().kind == bus_ready &&
               b.bus.negotiated(id) && *b.bus.revision_of(id) == R;
    }
    template <class Request> constexpr result<response_of<Request>> ask(const Request& m) {
        const auto t = engine.request(number, m, b.now);
        if (!t) return t.error();
        if (const driver_event e = next_event(); !e.is(*t)) return errc::bad_state;
        const auto got = engine.response(*t);
        engine.release(*t, b.now);
        return got;
    }
    constexpr bool status(unsigned wanted) {
        const auto got = ask(set_device_status_request{device_status{wanted}});
        return got && got->status == device_status{wanted};
    }
    /// Shares a page and gets its device to DRIVER_OK with queue 0 in it.
    constexpr bool run() {
        const auto attrs = R == v2 ? area_attrs::usual : area_attrs::share;
        const auto area = engine.share_area(0x77, 1, attrs);
        if (!area || next_event().kind != area_shared) return false;
        const std::uint32_t wanted[]{0, 1};
        const auto at = [](std::uint16_t a, std::uint64_t offset) { return *make_bus_address<R>(a, offset); };
        return ask(get_device_info_request{}) && status(0) && status(1) && status(3) &&
               ask(set_driver_features_request{0, 2, wanted}) && status(0xb) &&
               ask(set_vqueue_request{.index = 0,
                                      .flags = R == v2 ? vqueue_flags::enable : vqueue_flags{},
                                      .size = 16,
                                      .descriptor_addr = at(*area, 0),
                                      .driver_addr = at(*area, 0x400),
                                      .device_addr = at(*area, 0x800)}) &&
               status(0xf);
    }
    /// A buffer goes to the device and comes back.
    constexpr bool transfer() {
        test_device& model = b.models[bench::index_of(id)];
        const int kicks = model.kicks[0];
        if (!engine.notify(number, 0, 0)) return false;
        while (step()) {}
        if (model.kicks[0] != kicks + 1 || !b.bus.used(id, number, 0)) return false;
        engine.poll_now(b.now);
        const driver_event e = next_event();
        return e.kind == used && e.dev_num == number;
    }
};

/// Three drivers, all of another revision, use their devices side by side.
constexpr bool all_at_once() {
    bench b;
    driver_on<old> a{b, alpha};
    driver_on<v1> c{b, beta};
    driver_on<v2> d{b, gamma};
    if (!b.attach() || !a.bring_up() || !c.bring_up() || !d.bring_up()) return false;
    if (!a.run() || !d.run() || !c.run()) return false;
    for (int i = 0; i < 2; ++i)
        if (!c.transfer() || !a.transfer() || !d.transfer()) return false;
    return b.bus.counters().recognised == 3 && b.bus.counters().dropped.total() == 0 && b.bus.endpoint_count() == 3;
}

template <revision R> constexpr bool alone() {
    bench b;
    driver_on<R> a{b, alpha};
    return b.attach() && a.bring_up() && a.run() && a.transfer();
}

} // namespace

TEST_CASE("drivers of three revisions on one bus") { CHECK(all_at_once()); }

TEST_CASE("a driver of each revision in a constant expression") {
    CX_CHECK(alone<old>());
    CX_CHECK(alone<v1>());
    CX_CHECK(alone<v2>());
}

// --- restarts

namespace {

/// A driver of revision `From` has gone in the middle of its work, and one of revision `To` comes in its place.
template <revision From, revision To> bool takes_over() {
    bench b;
    driver_on<From> before{b, alpha};
    driver_on<v1> other{b, beta};
    if (!b.attach() || !before.bring_up() || !before.run() || !other.bring_up() || !other.run()) return false;
    driver_on<To> after{b, alpha};
    if (!after.bring_up() || b.models[0].enabled[0] || b.ports[0].status != device_status::reset) return false;
    if (!after.run() || !after.transfer() || !other.transfer()) return false;
    driver_on<From> again{b, alpha};
    return again.bring_up() && again.run() && again.transfer() && other.transfer() && b.models[0].misuses == 0 &&
           b.bus.endpoint_count() == 3 && b.bus.counters().recognised == (From == To ? 2u : 4u);
}

} // namespace

TEST_CASE("a driver that starts anew with another revision is recognised again") {
    CHECK(takes_over<old, old>());
    CHECK(takes_over<old, v1>());
    CHECK(takes_over<old, v2>());
    CHECK(takes_over<v1, old>());
    CHECK(takes_over<v1, v1>());
    CHECK(takes_over<v1, v2>());
    CHECK(takes_over<v2, old>());
    CHECK(takes_over<v2, v1>());
    CHECK(takes_over<v2, v2>());
}

TEST_CASE("the next driver waits until the memory of the one before is let go") {
    bench b;
    driver_on<v2> before{b, alpha};
    REQUIRE(b.attach());
    REQUIRE(before.bring_up());
    REQUIRE(before.run());
    auto memory = b.bus.memory_of(alpha);
    const bus_address address = *make_bus_address<v2>(1, 0x10);
    REQUIRE(memory.resolve(address, 16).has_value());
    REQUIRE(memory.pin(1));
    memory.unpin(1);

    CHECK(b.send_version<v1>(alpha) == errc::none);
    CHECK(b.silent());
    CHECK(*b.bus.revision_of(alpha) == v2);
    CHECK_FALSE(b.bus.negotiated(alpha));
    CHECK_FALSE(memory.resolve(address, 16).has_value());
    CHECK(b.send<v1>(alpha, ping_request{1}) == errc::bad_state);
    CHECK(b.dropped(drop_reason::too_early) == 1);

    SUBCASE("it asks again") { CHECK(b.send_version<v1>(alpha) == errc::none); }
    SUBCASE("an even newer one comes") {
        CHECK(b.send_version<old>(alpha) == errc::none);
        CHECK(b.send_version<v1>(alpha) == errc::none);
    }
    SUBCASE("the other endpoints are served") {
        driver_on<old> other{b, beta};
        b.maps = false;
        CHECK(other.bring_up());
        b.maps = true;
    }
    CHECK(b.silent());
    REQUIRE(b.do_tasks());
    CHECK(b.take(alpha).size() == 26);
    CHECK(*b.bus.revision_of(alpha) == v1);
    CHECK(b.bus.negotiated(alpha));
    CHECK(b.silent());
    CHECK(b.bus.memory_of(stranger).resolve(address, 1).error() == errc::bad_value);
    CHECK_FALSE(b.bus.memory_of(stranger).pin(1));
}

TEST_CASE("an answer that has not left is not sent to the next driver") {
    bench b;
    REQUIRE(b.attach());
    CHECK(b.send_version<v1>(alpha) == errc::none);
    SUBCASE("it waits") {
        CHECK(b.send_version<v2>(alpha) == errc::none);
        CHECK(b.take(alpha).size() == 30);
    }
    SUBCASE("it is out for sending") {
        REQUIRE(b.bus.poll_transmit(b.now).has_value());
        CHECK(b.send_version<v2>(alpha) == errc::would_block);
        CHECK(b.bus.close(alpha).error() == errc::would_block);
        b.bus.handle_sent({}, b.now);
        CHECK(b.send_version<v2>(alpha) == errc::none);
        CHECK(b.take(alpha).size() == 30);
    }
    CHECK(b.silent());
}

// --- what cannot be served

TEST_CASE("a first frame that tells no revision is dropped") {
    bench b;
    CHECK(b.send<v2>(alpha, ping_request{1}) == errc::bad_type);
    CHECK(b.send<old>(alpha, get_devices_request{0, 8}) == errc::bad_type);
    CHECK(b.bus.handle_frame(alpha, {}, b.now).error() == errc::bad_type);
    CHECK(b.bus.endpoint_count() == 0);
    REQUIRE(b.attach());
    CHECK(b.send<v1>(alpha, reset_request{}) == errc::bad_type);
    CHECK(b.dropped(drop_reason::malformed) == 4);
    CHECK(b.bus.counters().dropped.total() == 4);
    CHECK(b.bus.revision_of(alpha).error() == errc::bad_state);
    CHECK(b.silent());
    CHECK(b.bus.poll_timeout() == never);
    CHECK(b.send_version<v1>(alpha) == errc::none);
    CHECK(b.take(alpha).size() == 26);
}

TEST_CASE("a later frame of another shape is the engine's to drop") {
    bench b;
    CHECK(b.send_version<v2>(alpha) == errc::none);
    b.take(alpha);
    const std::uint8_t noise[]{2, 0x80, 0, 0, 1, 0, 12, 0, 1, 2, 3, 4};
    CHECK(b.bus.handle_frame(alpha, noise, b.now).error() == errc::bad_length);
    CHECK(b.bus.counters(alpha).dropped[drop_reason::malformed] == 1);
    CHECK(b.bus.counters().dropped.total() == 0);
    CHECK(b.take(alpha)[1] == 0x87); // the bus's error
    CHECK(*b.bus.revision_of(alpha) == v2);
}

TEST_CASE("6.2: VERSION with 18 bytes behind an 8-byte header is served as oasis_v1") {
    bench b;
    const std::uint8_t request[26]{2, 0x80, 0, 0, 1, 0, 26, 0, 0, 0, 1, 0, 1};
    for (int i = 0; i < 2; ++i) {
        CHECK(b.bus.handle_frame(alpha, request, b.now));
        CHECK(b.take(alpha).size() == 26);
        CHECK(b.bus.negotiated(alpha));
        CHECK(*b.bus.revision_of(alpha) == v1);
    }
    CHECK(b.bus.counters().recognised == 1);
}

TEST_CASE("more endpoints than there are places") {
    bench b;
    SUBCASE("attached ones keep theirs") { REQUIRE(b.attach()); }
    SUBCASE("else the first ones have them") {
        CHECK(b.send_version<v1>(alpha) == errc::none);
        CHECK(b.send_version<v2>(beta) == errc::none);
        CHECK(b.send_version<old>(gamma) == errc::none);
        b.take(alpha);
        b.take(beta);
        b.take(gamma);
    }
    CHECK(b.send_version<v2>(stranger) == errc::full);
    CHECK(b.send_version<old>(stranger) == errc::full);
    CHECK(b.dropped(drop_reason::overflow) == 2);
    test_device model;
    attached<test_device> port{model};
    CHECK(b.bus.attach(stranger, number, port).error() == errc::full);
    CHECK(b.silent());
    CHECK(b.bus.endpoint_count() == 3);
    CHECK(b.send_version<v1>(gamma) == errc::none);
    CHECK(b.bus.negotiated(gamma));
    b.take(gamma);

    CHECK(b.bus.close(beta));
    CHECK(b.bus.close(beta).error() == errc::invalid_argument);
    CHECK(b.bus.endpoint_count() == 2);
    CHECK(b.send_version<v2>(stranger) == errc::none);
    CHECK(b.take(stranger).size() == 30);
}

TEST_CASE("an endpoint that is closed with memory in use") {
    bench b;
    driver_on<v1> a{b, beta};
    REQUIRE(b.attach());
    REQUIRE(a.bring_up());
    REQUIRE(a.run());
    CHECK(b.bus.close(beta));
    CHECK_FALSE(b.models[1].enabled[0]);
    CHECK(b.bus.endpoint_count() == 3);
    CHECK(b.silent());
    CHECK(b.send_version<v1>(beta) == errc::bad_state);
    CHECK(b.send<v1>(beta, ping_request{1}) == errc::bad_state);
    CHECK(b.dropped(drop_reason::too_early) == 2);
    CHECK(b.bus.attach(beta, 4, b.ports[1]).error() == errc::busy);
    CHECK(b.bus.poll_timeout() == never);
    REQUIRE(b.do_tasks());
    CHECK(b.bus.endpoint_count() == 2);
    CHECK(b.bus.unmapped(beta, 1).error() == errc::bad_state);
    CHECK(b.bus.attach(beta, number, b.ports[1]));
    driver_on<v2> again{b, beta};
    CHECK(again.bring_up());
    CHECK(again.run());
}

// --- devices

TEST_CASE("a device belongs to one endpoint at a time") {
    bench b;
    CHECK(b.bus.attach(alpha, number, b.ports[0]));
    CHECK(b.bus.attach(beta, number, b.ports[0]).error() == errc::invalid_argument);
    CHECK(b.bus.attach(alpha, number + 1, b.ports[0]).error() == errc::invalid_argument);
    CHECK(b.bus.attach(alpha, number, b.ports[1]).error() == errc::invalid_argument);
    CHECK(b.bus.detach(beta, number).error() == errc::no_device);
    CHECK(b.bus.detach(alpha, number + 1).error() == errc::no_device);
    CHECK(b.bus.detach(alpha, number));
    CHECK(b.bus.attach(beta, number, b.ports[0]));
    CHECK(b.bus.attach(beta, number + 1, b.ports[1]));
    CHECK(b.bus.attach(beta, number + 2, b.ports[2]).error() == errc::full);
}

TEST_CASE("a device that not all revisions can show") {
    bench b;
    b.models[0].id.device_id = 0;
    CHECK(b.bus.attach(alpha, number, b.ports[0]).error() == errc::invalid_argument);
    b.models[0].id = {.device_id = 2, .admin_vq_start = 0, .admin_vq_count = 4};
    CHECK(b.bus.attach(alpha, number, b.ports[0]).error() == errc::invalid_argument);
    CHECK(b.bus.endpoint_count() == 0);
}

TEST_CASE("devices that come and go while a driver is there") {
    bench b;
    driver_on<v2> a{b, alpha};
    REQUIRE(b.attach());
    CHECK(b.bus.used(alpha, number, 0).error() == errc::bad_state);
    CHECK(b.bus.config_changed(alpha, number, 0, 0).error() == errc::bad_state);
    CHECK(b.bus.needs_reset(stranger, number).error() == errc::bad_state);
    CHECK(b.bus.refused(alpha, 1, bus_result::error).error() == errc::bad_state);
    CHECK(b.bus.mapped(alpha, 1, b.pages[0]).error() == errc::bad_state);
    REQUIRE(a.bring_up());
    REQUIRE(a.run());
    CHECK(b.bus.used(alpha, 99, 0).error() == errc::no_device);
    CHECK(b.bus.config_changed(alpha, number, 4, 2));
    CHECK(a.next_event().kind == config_changed);
    CHECK(b.bus.needs_reset(alpha, number));
    CHECK(a.next_event().kind == config_changed);
    CHECK(b.bus.detach(alpha, number));
    CHECK(a.next_event().kind == device_removed);
    CHECK(b.bus.attach(alpha, 77, b.ports[0]));
    const driver_event e = a.next_event();
    CHECK(e.kind == device_added);
    CHECK(e.dev_num == 77);

    // Without a driver a device only comes off the list.
    CHECK(b.bus.detach(beta, number));
    driver_on<v1> other{b, beta};
    REQUIRE(other.engine.start(b.now));
    CHECK(other.next_event().kind == bus_ready);
}

TEST_CASE("memory that is refused") {
    bench b;
    driver_on<v2> a{b, alpha};
    REQUIRE(b.attach());
    REQUIRE(a.bring_up());
    b.maps = false;
    REQUIRE(a.engine.share_area(0x77, 1, area_attrs::usual));
    while (a.step()) {}
    const endpoint_task t = b.bus.poll_task();
    REQUIRE(t.task.what == area_task::kind::map);
    CHECK(t.peer == alpha);
    CHECK(b.bus.refused(alpha, t.task.area_id, bus_result::error));
    CHECK(a.next_event().kind == area_refused);
}

// --- sending

TEST_CASE("an endpoint that is refused does not keep the others waiting") {
    bench b;
    CHECK(b.send_version<v1>(alpha) == errc::none);
    CHECK(b.send_version<v2>(beta) == errc::none);
    const auto first = b.bus.poll_transmit(b.now);
    REQUIRE(first.has_value());
    CHECK(first->peer == alpha);
    b.bus.handle_sent(errc::busy, b.now);
    CHECK(b.take(beta).size() == 30);
    CHECK(b.silent());
    CHECK(b.bus.poll_timeout() > b.now);
    b.now = b.bus.poll_timeout();
    CHECK(b.take(alpha).size() == 26);
    CHECK(b.bus.poll_timeout() == never);
    CHECK(b.bus.counters(alpha).carrier_busy == 1);
    CHECK(b.bus.counters(stranger).sent == 0);
    CHECK(b.bus.revision_of(stranger).error() == errc::bad_state);
}

TEST_CASE("endpoints take turns") {
    bench b;
    for (const auto peer : {alpha, beta, gamma}) {
        CHECK(b.send_version<v2>(peer) == errc::none);
        b.take(peer);
    }
    for (int i = 0; i < 3; ++i) {
        for (const auto peer : {gamma, beta, alpha}) CHECK(b.send<v2>(peer, ping_request{1}) == errc::none);
        CHECK(b.send<v2>(alpha, ping_request{1}) == errc::would_block); // one answer at a time
        b.take(alpha);
        b.take(beta);
        b.take(gamma);
    }
}

// --- anything in any order

TEST_CASE("drivers of all revisions that restart, break off, and send noise") {
    constexpr ffa::endpoint_id peers[]{alpha, beta, gamma, stranger};
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        random_numbers random{seed};
        bench b;
        REQUIRE(b.attach());
        b.maps = false;
        for (int i = 0; i < 400; ++i) {
            const ffa::endpoint_id peer = peers[random.below(4)];
            const area_share_request share{.area_id = static_cast<std::uint16_t>(random.below(3)),
                                           .page_count = 1,
                                           .sharing_attrs = random.one_in(2) ? area_attrs::usual : area_attrs::share};
            errc said{};
            switch (random.below(9)) {
            case 0: said = b.send_version<old>(peer); break;
            case 1: said = b.send_version<v1>(peer); break;
            case 2: said = b.send_version<v2>(peer); break;
            case 3: said = b.send<old>(peer, share); break;
            case 4: said = b.send<v1>(peer, share); break;
            case 5: said = b.send<v2>(peer, share); break;
            case 6: said = b.send<v2>(peer, reset_request{}); break;
            case 7: said = b.send<v1>(peer, get_device_status_request{}, number); break;
            default: {
                std::uint8_t noise[30]{};
                for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
                if (random.one_in(2)) noise[1] = 0x80;
                said = b.bus.handle_frame(peer, {noise, random.below(sizeof noise + 1)}, b.now).error();
                break;
            }
            }
            if (peer == stranger) CHECK((said == errc::full || said == errc::bad_type));
            if (random.one_in(3)) {
                const endpoint_task t = b.bus.poll_task();
                if (t.task.what == area_task::kind::map)
                    CHECK(b.bus.mapped(t.peer, t.task.area_id, b.pages[bench::index_of(t.peer)]));
                else if (t.task.what == area_task::kind::unmap)
                    CHECK(b.bus.unmapped(t.peer, t.task.area_id));
            }
            if (random.one_in(2) && b.bus.poll_transmit(b.now))
                b.bus.handle_sent(random.one_in(4) ? errc::busy : errc::none, b.now);
            b.now += random.below(20'000);
        }
        // Whatever there was: a driver that begins now is served.
        b.maps = true;
        for (int i = 0; i < 40; ++i) {
            b.do_tasks();
            if (b.bus.poll_transmit(b.now)) b.bus.handle_sent({}, b.now);
            b.now += 20'000;
        }
        driver_on<v1> a{b, alpha};
        driver_on<old> c{b, beta};
        driver_on<v2> d{b, gamma};
        CHECK(a.bring_up());
        CHECK(c.bring_up());
        CHECK(d.bring_up());
        CHECK(d.run());
        CHECK(a.run());
        CHECK(c.run());
        for (const test_device& model : b.models) CHECK(model.misuses == 0);
        CHECK(b.bus.endpoint_count() == 3);
    }
}
