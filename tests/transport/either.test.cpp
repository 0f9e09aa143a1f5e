// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/either.hpp>
#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/tracer.hpp>

#include "support/check.hpp"

#include <initializer_list>

#include <cstdint>

using namespace vmsg;
using methods = transfer_methods;

namespace {

/// A carrier that says what it is told to say.
struct scripted {
    errc answer = errc::none;
    int sends = 0;
    int asked = 0;
    bool has_frame = false;
    instant due = never;

    constexpr std::size_t max_msg_size() const { return 64; }
    result<void> send(ffa::endpoint_id, byte_view, instant) {
        ++sends;
        return answer;
    }
    result<inbound> receive(byte_span, instant) {
        ++asked;
        if (!has_frame) return errc::would_block;
        return inbound{{}, 8};
    }
    constexpr instant poll_timeout() const { return due; }
};

struct pair {
    scripted direct{};
    scripted indirect{};
    transports::either<scripted, scripted> wire;
    explicit pair(methods bootstrap) : wire(direct, indirect, bootstrap) {}

    errc request() {
        const std::uint8_t frame[8]{0x00, 0x02, 3, 0, 2, 0, 8, 0};
        return wire.send({}, frame, 0).error();
    }
    errc version() {
        const std::uint8_t frame[8]{0x02, 0x80, 0, 0, 2, 0, 8, 0};
        return wire.send({}, frame, 0).error();
    }
};

struct blind {
    void operator()(const transports::traced&) const {}
};
static_assert(vmsg::detail::has_methods<transports::either<scripted, scripted>>);
static_assert(!vmsg::detail::has_methods<transports::tracer<scripted, blind>>);
static_assert(!vmsg::detail::has_methods<transports::fault_injector<scripted, 1, 64>>);

} // namespace

TEST_CASE("what sets up the bus travels by the bootstrap method, the rest as was agreed on") {
    pair p{methods::direct};
    CHECK(p.version() == errc::none);
    CHECK(p.direct.sends == 1);
    p.wire.follow(methods::indirect);
    CHECK(p.wire.method() == methods::indirect);
    CHECK(p.request() == errc::none);
    CHECK(p.indirect.sends == 1);
    CHECK(p.wire.last_method() == methods::indirect);
    CHECK(p.version() == errc::none);
    CHECK(p.direct.sends == 2);
    p.wire.follow(methods::both);
    CHECK(p.request() == errc::none);
    CHECK(p.direct.sends == 3); // of two the one that it began with
}

TEST_CASE("a method that is missing is left for the other one, once") {
    for (const errc why : {errc::denied, errc::not_supported}) {
        pair p{methods::direct};
        p.wire.follow(methods::both);
        p.direct.answer = why;
        CHECK(p.request() == errc::none);
        CHECK(p.request() == errc::none);
        CHECK(p.direct.sends == 1);
        CHECK(p.indirect.sends == 2);
        p.indirect.answer = why;
        CHECK(p.request() == why);
        CHECK(p.wire.method() == methods::none);
        CHECK(p.request() == errc::not_supported); // nothing is left
        CHECK(p.direct.sends == 1);
        p.wire.follow(methods::none); // the bus begins anew
        p.wire.follow(methods::both);
        CHECK(p.wire.method() == methods::direct);
    }
}

TEST_CASE("a method that is busy is not left") {
    for (const errc why : {errc::busy, errc::no_answer, errc::retry, errc::interrupted, errc::no_memory}) {
        pair p{methods::direct};
        p.wire.follow(methods::both);
        p.direct.answer = why;
        CHECK(p.request() == why);
        CHECK(p.indirect.sends == 0);
        CHECK(p.wire.method() == methods::direct);
    }
}

TEST_CASE("a missing method that was the only one agreed on is an error") {
    pair p{methods::direct};
    p.wire.follow(methods::direct);
    p.direct.answer = errc::denied;
    CHECK(p.request() == errc::denied);
    CHECK(p.indirect.sends == 0);
}

TEST_CASE("only methods in use are listened to, in turns") {
    pair p{methods::direct};
    std::uint8_t buffer[64];
    CHECK(p.wire.receive(buffer, 0).error() == errc::would_block);
    CHECK(p.indirect.asked == 0);
    p.wire.follow(methods::both);
    p.direct.has_frame = p.indirect.has_frame = true;
    p.direct.asked = 0;
    for (int i = 0; i < 10; ++i) CHECK(p.wire.receive(buffer, 0));
    CHECK(p.direct.asked == 5);
    CHECK(p.indirect.asked == 5);
    p.direct.has_frame = false;
    for (int i = 0; i < 4; ++i) CHECK(p.wire.receive(buffer, 0));
    p.direct.due = 7;
    CHECK(p.wire.poll_timeout() == 7);
    const std::uint8_t frame[65]{};
    CHECK(p.wire.send({}, frame, 0).error() == errc::oversize);
}

TEST_CASE("who wraps two methods passes on what was agreed on, and tells the method") {
    pair p{methods::direct};
    blind trace;
    transports::tracer shown{p.wire, trace};
    transports::fault_injector<decltype(shown), 1, 64> end{shown, {}, 1};
    end.follow(methods::indirect);
    CHECK(p.wire.method() == methods::indirect);
    const std::uint8_t frame[8]{0x00, 0x02, 3, 0, 2, 0, 8, 0};
    CHECK(end.send({}, frame, 0));
    CHECK(p.indirect.sends == 1);
    CHECK(end.last_method() == methods::indirect);
}
