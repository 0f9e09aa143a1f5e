// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/either.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/switched.hpp>

#include "support/check.hpp"

#include <cstdint>
#include <initializer_list>

using namespace vmsg;

namespace {

using wire = transports::loopback<8, 64>;
using short_wire = transports::loopback<8, 60>;
using switched = transports::switched<wire::end, short_wire::end>;

struct bench {
    wire begin{ffa::endpoint_id{1}, ffa::endpoint_id{2}};
    short_wire run{ffa::endpoint_id{1}, ffa::endpoint_id{2}};
    switched driver{begin.driver_side(), run.driver_side()};
    std::uint8_t buffer[64]{};

    /// Whether a frame with this header is sent over the transport on which the bus began.
    bool on_bootstrap(std::uint8_t type, unsigned id) {
        const std::uint8_t frame[]{type, static_cast<std::uint8_t>(id), 0, 0, 0, 0, 8, 0};
        REQUIRE(driver.send({}, frame, 0));
        const bool first = begin.device_side().receive(buffer, 0).has_value();
        const bool second = run.device_side().receive(buffer, 0).has_value();
        REQUIRE(first != second);
        return first;
    }
};

bool always_on_bootstrap(unsigned type, unsigned id) {
    return (type & 2) != 0 && (id == 0x80 || id == 0x83 || id == 0x85 || id == 0x86);
}

} // namespace

TEST_CASE("N6: every class and id goes its way") {
    bench b;
    for (const fifo_stage stage : {fifo_stage::off, fifo_stage::offered, fifo_stage::active}) {
        b.driver.follow({stage, 0});
        CHECK(b.driver.active() == (stage == fifo_stage::active));
        for (unsigned type = 0; type < 8; ++type)
            for (unsigned id = 0; id < 0x100; ++id)
                REQUIRE(b.on_bootstrap(static_cast<std::uint8_t>(type), id) ==
                        (stage != fifo_stage::active || always_on_bootstrap(type, id)));
    }
    b.driver.follow({});
    CHECK(b.on_bootstrap(0, 2)); // after a reset
    CHECK(transports::sets_up_bus(byte_view{}));
    const std::uint8_t one[]{0};
    CHECK(transports::sets_up_bus(one));
}

TEST_CASE("frames come from both transports in turn while both are in use") {
    bench b;
    const std::uint8_t first[]{2, 0x80, 1};
    const std::uint8_t second[]{0, 2, 2};
    const auto send_both = [&] {
        for (int i = 0; i < 2; ++i) {
            REQUIRE(b.begin.device_side().send({}, first, 0));
            REQUIRE(b.run.device_side().send({}, second, 0));
        }
    };
    send_both();
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block); // the other one is not looked at
    b.driver.follow({fifo_stage::active, 0});
    for (int i = 0; i < 2; ++i) {
        REQUIRE(b.driver.receive(b.buffer, 0));
        CHECK(b.buffer[2] == 2);
    }
    send_both();
    std::uint8_t last = 0;
    for (int i = 0; i < 4; ++i) {
        REQUIRE(b.driver.receive(b.buffer, 0));
        CHECK(b.buffer[2] != last);
        last = b.buffer[2];
    }
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block);
}

TEST_CASE("the shorter of both maxima counts for both") {
    bench b;
    CHECK(b.driver.max_msg_size() == 60);
    const std::uint8_t frame[61]{2, 0x80};
    CHECK(b.driver.send({}, frame, 0).error() == errc::oversize);
}

TEST_CASE("a deadline is that of the transports in use") {
    struct timed : archetypes::transport {
        instant due = never;
        instant poll_timeout() const { return due; }
    };
    timed first;
    timed second;
    transports::switched<timed, timed> both{first, second};
    CHECK(both.poll_timeout() == never);
    first.due = 7;
    second.due = 5;
    CHECK(both.poll_timeout() == 7);
    both.follow({fifo_stage::active, 0});
    CHECK(both.poll_timeout() == 5);
    archetypes::transport timeless;
    transports::switched<archetypes::transport, timed> one{timeless, second};
    CHECK(one.poll_timeout() == never);
    one.follow({fifo_stage::active, 0});
    CHECK(one.poll_timeout() == 5);
}

TEST_CASE("N6: a transport of several methods hears what was agreed on also from behind a switch") {
    struct recorder : archetypes::transport {
        unsigned sent = 0;
        result<void> send(ffa::endpoint_id, byte_view, instant) {
            ++sent;
            return {};
        }
    };
    using methods = transfer_methods;
    using several = transports::either<recorder, recorder>;
    recorder direct;
    recorder indirect;
    recorder run;
    several begin{direct, indirect, methods::direct};
    transports::switched<several, recorder> both{begin, run};
    const std::uint8_t version[]{2, 0x80};
    const std::uint8_t ping[]{2, 3};
    both.follow(methods::indirect);
    CHECK(begin.method() == methods::indirect);
    REQUIRE(both.send({}, version, 0));
    CHECK(both.last_method() == methods::direct);
    REQUIRE(both.send({}, ping, 0));
    CHECK(both.last_method() == methods::indirect);
    CHECK_FALSE(both.runtime_was_last());
    both.follow({fifo_stage::active, 0});
    REQUIRE(both.send({}, ping, 0));
    CHECK(both.last_method() == methods::none);
    CHECK(both.runtime_was_last());
    REQUIRE(both.send({}, version, 0));
    CHECK(both.last_method() == methods::direct);
    CHECK(direct.sent == 2);
    CHECK(indirect.sent == 1);
    CHECK(run.sent == 1);
    static_assert(!vmsg::detail::has_methods<switched>);
}
