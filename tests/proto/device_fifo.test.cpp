// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/any_device.hpp>
#include <vmsg/proto/device_fifo.hpp>

#include "proto/support/device_bench.hpp"

#include <initializer_list>

using namespace proto_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
constexpr device_capacity with_fifo{.devices = 2, .areas = 2, .fifo = true};
using bench = device_bench<v2, with_fifo>;
using task = fifo_task::kind;

device_options taking() {
    device_options o = device_options_for<v2>();
    o.bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx | bus_feature::fifo;
    return o;
}
constexpr fifo_configure_request offer{0x77, 2, 9};

/// A device side that has agreed on a version.
struct agreed_bench : bench {
    explicit agreed_bench(const device_options& o = taking()) : bench(o) { agree(); }
    void agree() {
        CHECK(ask(version_request{.bus_version = 0x0001'0000, .transport_revision = 1}).bus_version == 0x0001'0000);
    }
    bool has_task(task what) {
        const fifo_task t = engine.poll_fifo_task();
        const bool same =
            t.mem_handle == offer.mem_handle && t.page_count == offer.page_count && t.notif_id == offer.driver_notif_id;
        return t.what == what && same && engine.poll_fifo_task().what == task::none;
    }
    void takes_fifo(std::uint16_t notif_id = 11) {
        REQUIRE(send(offer) == errc::none);
        CHECK(silent()); // its owner has not mapped it yet
        REQUIRE(has_task(task::map));
        REQUIRE(engine.fifo_mapped(notif_id));
        CHECK(answer<fifo_configure_response>() == fifo_configure_response{bus_result::success, notif_id});
        CHECK(engine.fifo() == fifo_link{fifo_stage::offered, 9});
    }
    bus_result events(event_method method) { return ask(event_configure_request{method, 0, 9}).result; }
};

} // namespace

TEST_CASE("N10: FIFO_CONFIGURE is answered when its memory is mapped, then events come in it") {
    agreed_bench b;
    CHECK(b.engine.fifo() == fifo_link{});
    b.takes_fifo();
    CHECK(b.events(event_method::fifo) == bus_result::success);
    CHECK(b.engine.fifo() == fifo_link{fifo_stage::active, 9});
    test_device other;
    attached<test_device> port{other};
    REQUIRE(b.engine.attach(4, port));
    CHECK(b.expect<event_device>().body == event_device{4, device_state::added});
    REQUIRE(b.engine.detach(4));
}

TEST_CASE("N8: events do not come in a FIFO that is not there") {
    agreed_bench b;
    CHECK(b.events(event_method::fifo) == bus_result::error);
    REQUIRE(b.send(offer) == errc::none);
    CHECK(b.events(event_method::fifo) == bus_result::error); // not mapped
    CHECK(b.has_task(task::map));
    REQUIRE(b.engine.fifo_mapped(0));
    CHECK(b.expect<fifo_configure_response>().body.result == bus_result::success);
    CHECK(b.events(event_method::poll) == bus_result::success); // the driver does without
    CHECK(b.engine.fifo().stage == fifo_stage::offered);
}

TEST_CASE("N10: memory that cannot be mapped is refused, and may be offered again") {
    agreed_bench b;
    REQUIRE(b.send(offer) == errc::none);
    CHECK(b.engine.fifo_refused().error() == errc::bad_state); // nobody has been asked
    CHECK(b.engine.fifo_mapped(1).error() == errc::bad_state);
    REQUIRE(b.has_task(task::map));
    CHECK(b.engine.fifo_unmapped().error() == errc::bad_state);
    CHECK(b.engine.fifo_mapped(64).error() == errc::invalid_argument);
    REQUIRE(b.engine.fifo_refused());
    CHECK(b.answer<fifo_configure_response>().result == bus_result::error);
    CHECK_FALSE(b.engine.holds_memory());
    b.takes_fifo();
}

TEST_CASE("N10: a second FIFO_CONFIGURE is answered with FFA_ERROR") {
    agreed_bench b;
    constexpr std::uint8_t id = row_of<fifo_configure_request>.id;
    REQUIRE(b.send(offer) == errc::none);
    REQUIRE(b.send(offer) == errc::none); // while the first one waits
    CHECK(b.answered_by_error(id, 0));
    REQUIRE(b.has_task(task::map));
    REQUIRE(b.engine.fifo_mapped(1));
    b.expect<fifo_configure_response>();
    REQUIRE(b.send(offer) == errc::none);
    CHECK(b.answered_by_error(id, 0));
    CHECK(b.engine.fifo().stage == fifo_stage::offered);
}

TEST_CASE("N10: an offer that no side may make, or that nobody can take, is refused at once") {
    {
        agreed_bench b;
        CHECK(b.ask(fifo_configure_request{1, 0, 3}).result == bus_result::error);
        CHECK(b.ask(fifo_configure_request{1, 2, 64}).result == bus_result::error);
        CHECK(b.ask(fifo_configure_request{1, 2, no_notif_id}).result == bus_result::error);
        CHECK(b.engine.poll_fifo_task().what == task::none);
    }
    agreed_bench without_bit(device_options_for<v2>());
    CHECK(without_bit.ask(offer).result == bus_result::error);
    device_bench<v2> without_room(taking());
    without_room.negotiate();
    CHECK(without_room.ask(offer).result == bus_result::error);
    CHECK(without_room.engine.fifo_mapped(1).error() == errc::bad_state);
    CHECK(without_room.engine.fifo_refused().error() == errc::bad_state);
    CHECK(without_room.engine.fifo_unmapped().error() == errc::bad_state);
    bench too_early(taking());
    CHECK(too_early.send(offer) == errc::bad_state);
}

TEST_CASE("N12: RESET and VERSION wait until the memory of the FIFO is let go") {
    agreed_bench b;
    for (int round = 0; round < 2; ++round) {
        b.takes_fifo();
        REQUIRE(b.events(event_method::fifo) == bus_result::success);
        if (round == 0)
            REQUIRE(b.send(reset_request{}) == errc::none);
        else
            REQUIRE(b.send(version_request{.bus_version = 0x0001'0000, .transport_revision = 1}) == errc::none);
        CHECK(b.silent());
        CHECK(b.engine.fifo() == fifo_link{}); // at once: the answer travels elsewhere
        REQUIRE(b.has_task(task::unmap));
        CHECK(b.silent());
        REQUIRE(b.engine.fifo_unmapped());
        CHECK(b.engine.fifo_unmapped().error() == errc::bad_state);
        if (round != 0) {
            CHECK(b.answer<version_response>().bus_version == 0x0001'0000);
            continue;
        }
        CHECK(b.answer<reset_response>().result == bus_result::success);
        b.agree();
    }
    CHECK(b.events(event_method::fifo) == bus_result::error);
}

TEST_CASE("N12: a reset while the FIFO is being mapped") {
    SUBCASE("its owner has not been asked") {
        agreed_bench b;
        REQUIRE(b.send(offer) == errc::none);
        CHECK(b.ask(reset_request{}).result == bus_result::success);
        CHECK(b.engine.poll_fifo_task().what == task::none);
    }
    SUBCASE("it is mapped then, and let go") {
        agreed_bench b;
        REQUIRE(b.send(offer) == errc::none);
        REQUIRE(b.has_task(task::map));
        REQUIRE(b.send(reset_request{}) == errc::none);
        CHECK(b.silent());
        REQUIRE(b.engine.fifo_mapped(1));
        CHECK(b.silent());
        REQUIRE(b.has_task(task::unmap));
        REQUIRE(b.engine.fifo_unmapped());
        CHECK(b.answer<reset_response>().result == bus_result::success);
        CHECK(b.silent());
    }
    SUBCASE("it is refused") {
        agreed_bench b;
        REQUIRE(b.send(offer) == errc::none);
        REQUIRE(b.has_task(task::map));
        REQUIRE(b.send(reset_request{}) == errc::none);
        REQUIRE(b.engine.fifo_refused());
        CHECK(b.answer<reset_response>().result == bus_result::success);
        CHECK(b.silent());
        b.agree();
        b.takes_fifo();
    }
    SUBCASE("its answer has not left") {
        agreed_bench b;
        REQUIRE(b.send(offer) == errc::none);
        REQUIRE(b.has_task(task::map));
        REQUIRE(b.engine.fifo_mapped(1));
        REQUIRE(b.send(reset_request{}) == errc::none);
        REQUIRE(b.has_task(task::unmap));
        REQUIRE(b.engine.fifo_unmapped());
        CHECK(b.answer<reset_response>().result == bus_result::success);
        CHECK(b.silent());
    }
}

TEST_CASE("a driver that has gone leaves its FIFO to be let go") {
    agreed_bench b;
    b.takes_fifo();
    b.engine.abandon();
    CHECK(b.engine.holds_memory());
    REQUIRE(b.has_task(task::unmap));
    REQUIRE(b.engine.fifo_unmapped());
    CHECK_FALSE(b.engine.holds_memory());
    CHECK(b.silent());
}

TEST_CASE("any_device_bus: each endpoint has a FIFO of its own, and its place is free when that is let go") {
    constexpr ffa::endpoint_id one{1};
    constexpr ffa::endpoint_id two{2};
    any_device_options options;
    options.oasis_v2 = taking();
    any_device_bus<2, with_fifo> bus(options);
    std::uint8_t buffer[104]{};
    const auto send = [&](ffa::endpoint_id peer, const auto& m) {
        const auto size = encode<v2>(byte_span{buffer}, header{.token = 5}, m);
        REQUIRE(size);
        REQUIRE(bus.handle_frame(peer, {buffer, *size}, 0));
    };
    const auto answered = [&] {
        const auto out = bus.poll_transmit(0);
        REQUIRE(out);
        bus.handle_sent({}, 0);
        return out->peer;
    };
    CHECK(bus.fifo(one) == fifo_link{});
    for (const auto peer : {one, two}) {
        CHECK(bus.fifo_mapped(peer, 1).error() == errc::bad_state);
        CHECK(bus.fifo_refused(peer).error() == errc::bad_state);
        CHECK(bus.fifo_unmapped(peer).error() == errc::bad_state);
        send(peer, version_request{.bus_version = 0x0001'0000, .transport_revision = 1});
        CHECK(answered() == peer);
        send(peer, offer);
    }
    for (const auto peer : {one, two}) {
        const endpoint_fifo_task t = bus.poll_fifo_task();
        CHECK(t.peer == peer);
        CHECK(t.task.what == task::map);
    }
    CHECK(bus.poll_fifo_task().task.what == task::none);
    REQUIRE(bus.fifo_mapped(two, 4));
    REQUIRE(bus.fifo_refused(one));
    CHECK(answered() == one);
    CHECK(answered() == two);
    CHECK(bus.fifo(one) == fifo_link{});
    CHECK(bus.fifo(two) == fifo_link{fifo_stage::offered, 9});
    REQUIRE(bus.close(one));
    REQUIRE(bus.close(two));
    CHECK(bus.endpoint_count() == 1);
    CHECK(bus.poll_fifo_task().task.what == task::unmap);
    REQUIRE(bus.fifo_unmapped(two));
    CHECK(bus.endpoint_count() == 0);
}
