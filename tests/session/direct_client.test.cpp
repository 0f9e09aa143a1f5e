// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/direct_client.hpp>

#include "support/check.hpp"
#include "transport/support/bring_up.hpp"
#include "transport/support/direct_rig.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

using namespace vmsg;
using namespace transport_test;

namespace {

// A device side that a session has brought up, and a client of its own beside the session.
template <revision R> struct client_rig : direct_rig<R> {
    using clock_type = virtual_clock<nothing_else>;
    direct_client<R, direct_manager, clock_type> client{this->manager, this->clock, driver_id, device_id};

    client_rig() { bring_up<R>(*this); }

    // Something else comes back as the answer to the next requests.
    template <class Change> void answers(Change change) {
        this->manager.answer = [change](ffa::call_frame& frame) { change(frame); };
    }
    std::size_t made(std::size_t before) { return this->manager.requests() - before; }
};

template <revision R> result<device_status> status_of(client_rig<R>& rig) {
    const auto got = rig.client.ask(number, get_device_status_request{});
    if (!got) return got.error();
    return got->status;
}

constexpr auto running =
    device_status::acknowledge | device_status::driver | device_status::features_ok | device_status::driver_ok;

} // namespace

TEST_CASE_TEMPLATE("direct client: a request and its answer, with a tail and without", Rev, VMSG_REVISIONS) {
    client_rig<Rev::value> rig;
    CHECK(status_of(rig) == running);
    const auto config = rig.client.ask(number, get_config_request{0, 16});
    REQUIRE(config);
    CHECK(config->config.size() == 16);
    CHECK(config->config[15] == 15);
    const auto pong = rig.client.ask(0, ping_request{0x600d});
    REQUIRE(pong);
    CHECK(pong->data == 0x600d);
}

TEST_CASE_TEMPLATE("direct client: a notification reaches the device in one call", Rev, VMSG_REVISIONS) {
    client_rig<Rev::value> rig;
    const auto before = rig.manager.requests();
    const int kicks = rig.peer.model.kicks[0];
    CHECK(rig.client.notify(number, 0));
    CHECK(rig.peer.model.kicks[0] == kicks + 1);
    CHECK(rig.made(before) == 1);
}

TEST_CASE_TEMPLATE("direct client: an interrupted request is resumed and not sent again", Rev, VMSG_REVISIONS) {
    client_rig<Rev::value> rig;
    rig.manager.interrupts = 3;
    rig.peer.yields = 2;
    const auto before = rig.manager.requests();
    CHECK(status_of(rig) == running);
    CHECK(rig.client.notify(number, 0));
    CHECK(rig.made(before) == 2);
    CHECK(rig.client.counters().resumed == 10);
    CHECK(rig.manager.misuses == 0);
}

TEST_CASE("direct client: busy twice costs two attempts, for ever a bounded number") {
    client_rig<revision::oasis_v2> rig;
    const auto before = rig.manager.requests();
    rig.manager.busy = 2;
    CHECK(status_of(rig) == running);
    CHECK(rig.made(before) == 3);
    rig.manager.busy = -1;
    CHECK(status_of(rig).error() == errc::busy);
    CHECK(rig.client.notify(number, 0).error() == errc::busy);
    CHECK(rig.made(before) == 3 + 2 * direct_client_policy::attempts);
}

TEST_CASE("direct client: an answer of zeroes is asked for again, a bounded number of times") {
    client_rig<revision::oasis_v2> rig;
    const auto before = rig.manager.requests();
    rig.answers([](ffa::call_frame& frame) { frame = ffa::encode_direct_response(device_id, driver_id, {}); });
    CHECK(status_of(rig).error() == errc::no_answer);
    CHECK(rig.made(before) == direct_client_policy::attempts);
}

TEST_CASE("direct client: a request that never ends times out, and is finished before the next one") {
    client_rig<revision::oasis_v2> rig;
    const auto before = rig.manager.requests();
    const instant start = rig.clock.now();
    rig.manager.interrupts = -1;
    CHECK(status_of(rig).error() == errc::timed_out);
    CHECK(rig.clock.now() - start >= direct_client_policy::response_timeout);
    CHECK(rig.clock.now() - start < direct_client_policy::response_timeout + 1 * milliseconds);
    CHECK(status_of(rig).error() == errc::timed_out); // the first one is still open: nothing was sent
    CHECK(rig.made(before) == 1);
    rig.manager.release();
    CHECK(rig.client.ask(0, ping_request{7})->data == 7); // not the late answer
    CHECK(rig.made(before) == 2);
    rig.manager.interrupts = -1;
    CHECK(rig.client.notify(number, 0).error() == errc::timed_out);
    rig.manager.release();
    CHECK(status_of(rig) == running);
}

TEST_CASE("direct client: no request has one of the tokens that are reserved (N4)") {
    client_rig<revision::oasis_v2> rig;
    std::uint64_t least = 0xffff;
    rig.answers([&least](ffa::call_frame& frame) {
        const std::uint64_t token = frame.x[4] >> 32 & 0xffff;
        if (token < least) least = token;
    });
    std::uint32_t answered = 0;
    for (std::uint32_t i = 0; i < 20'000; ++i) answered += rig.client.ask(0, ping_request{i}) ? 1u : 0u;
    CHECK(answered == 20'000);
    CHECK(least == 2);
}

TEST_CASE_TEMPLATE("direct client: a request that the device discards fails at once", Rev, VMSG_REVISIONS) {
    client_rig<Rev::value> rig;
    const auto before = rig.manager.requests();
    CHECK(rig.client.ask(number, get_config_request{0, 17}).error() == errc::peer_error);
    CHECK(rig.made(before) == 1);
}

TEST_CASE("direct client: answers that are none") {
    client_rig<revision::oasis_v2> rig;
    const auto change = [&](std::size_t i, std::uint64_t bits) {
        rig.answers([=](ffa::call_frame& frame) { frame.x[i] ^= bits; });
        return rig.client.ask(number, get_vqueue_request{0}).error();
    };
    CHECK(rig.client.ask(number, get_vqueue_request{0}));
    CHECK(change(4, 0x0001'0000) == errc::stale_token);      // another device
    CHECK(change(4, 0x0001'0000'0000) == errc::stale_token); // another request
    CHECK(change(4, 0x0100) == errc::bad_type);              // another message
    CHECK(change(4, 0x0004'0000'0000'0000) == errc::bad_length);
    CHECK(change(4, 0x4000'0000'0000'0000) == errc::truncated);
    CHECK(change(5, 1) == errc::bad_value);          // another queue
    CHECK(change(1, 1) == errc::bad_value);          // for somebody else
    CHECK(change(0, 1 << 8) == errc::not_supported); // no FF-A at all
    CHECK(rig.client.counters().protocol_errors == 1);
}

TEST_CASE("direct client: a message that is too long for the carrier is not sent") {
    client_rig<revision::oasis_v2> rig;
    const auto before = rig.manager.requests();
    std::uint8_t bytes[96]{};
    CHECK(rig.client.ask(number, set_config_request{0, 0, 85, byte_view{bytes}.first(85)}).error() == errc::oversize);
    CHECK(rig.client.ask(number, set_config_request{0, 0, 95, byte_view{bytes}.first(94)}).error() == errc::bad_length);
    CHECK(rig.made(before) == 0);
}
