// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/direct.hpp>

#include "support/check.hpp"
#include "transport/support/direct_manager.hpp"

#include <cstdint>
#include <vector>

using namespace vmsg;
using namespace transport_test;

namespace {

using bytes = std::vector<std::uint8_t>;

// The partition answers with these bytes.
void answer_with(ffa::call_frame& frame, const bytes& answer) {
    frame = ffa::encode_direct_response(device_id, driver_id, from_bytes(answer));
}

struct bench {
    direct_manager manager{};
    transports::direct_driver<direct_manager> wire{manager, driver_id, device_id};
    std::uint8_t buffer[104]{};

    bench() {
        manager.partition = [](ffa::call_frame& frame) { answer_with(frame, {7, 8, 9}); };
    }
    errc send(const bytes& frame = {1, 2, 3}, instant now = 0) { return wire.send({}, frame, now).error(); }
    errc receive(instant now = 0) { return wire.receive(buffer, now).error(); }
    // What comes back from the partition, in place of its answer.
    void replace(const ffa::call_frame& reply) {
        manager.answer = [reply](ffa::call_frame& frame) { frame = reply; };
    }
};

ffa::call_frame signed_error(ffa::error why) {
    ffa::call_frame frame = ffa::encode_error(why);
    frame.x[2] = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(why)});
    frame.x[0] |= 0xffff'ffffull << 32; // as the upper halves of 32-bit registers may be
    return frame;
}

} // namespace

TEST_CASE("direct: a request has the service's UUID and is zero after the message (defect h)") {
    bench b;
    for (std::size_t size = 1; size <= 104; ++size) {
        const bytes message(size, 0xff);
        REQUIRE(b.send(message) == errc::none);
        REQUIRE(b.receive() == errc::none);
        const ffa::call_frame& call = b.manager.calls.back();
        REQUIRE(call.x[0] == 0xc400'008d);
        REQUIRE(call.x[1] == 0x0007'8002);
        REQUIRE(call.x[2] == 0xa14a'9824'b528'60c6);
        REQUIRE(call.x[3] == 0xf0ab'2261'da77'e79d);
        std::uint8_t carried[112]{};
        ffa::copy_direct_payload(call, carried);
        for (std::size_t i = 0; i < sizeof carried; ++i) REQUIRE(carried[i] == (i < size ? 0xff : 0));
    }
}

TEST_CASE("direct: one call for each frame, whose answer waits for the next receive") {
    bench b;
    CHECK(b.send() == errc::none);
    CHECK(b.manager.calls.size() == 1);
    CHECK(b.wire.poll_timeout() == 0);
    const auto got = b.wire.receive(b.buffer, 0);
    REQUIRE(got);
    CHECK(got->peer == device_id);
    CHECK(got->size == 104);
    CHECK(byte_view{b.buffer, 4} == byte_view{bytes{7, 8, 9, 0}});
    CHECK(b.receive() == errc::would_block);
    CHECK(b.wire.poll_timeout() == never);
    CHECK(b.manager.calls.size() == 1);
    CHECK(b.wire.counters().sent == 1);
}

TEST_CASE("direct: an answer that was not received yet is not lost to the next request") {
    bench b;
    CHECK(b.send() == errc::none);
    CHECK(b.send() == errc::busy);
    CHECK(b.manager.calls.size() == 1);
    CHECK(b.receive() == errc::none);
    CHECK(b.send() == errc::none);
    CHECK(b.wire.counters().busy == 0); // that is for the manager's
}

TEST_CASE("direct: what a short buffer has no room for is a message only if it is not zero") {
    bench b;
    std::uint8_t small[3]{};
    CHECK(b.send() == errc::none);
    CHECK(b.wire.receive(small, 0)->size == 3);
    CHECK(b.send() == errc::none);
    CHECK(b.wire.receive({small, 2}, 0).error() == errc::oversize);
    CHECK(b.receive() == errc::would_block);
}

TEST_CASE("direct: BUSY, the all-zero answer and all other refusals are told apart, and nothing is held") {
    const struct {
        ffa::call_frame reply;
        errc expected;
    } rows[]{
        {ffa::encode_error(ffa::error::busy), errc::busy},
        {signed_error(ffa::error::busy), errc::busy},
        {ffa::encode_direct_response(device_id, driver_id, {}), errc::no_answer},
        {ffa::encode_error(ffa::error::retry), errc::retry},
        {ffa::encode_error(ffa::error::interrupted), errc::interrupted},
        {ffa::encode_error(ffa::error::denied), errc::denied},
        {ffa::encode_error(ffa::error::not_supported), errc::not_supported},
        {signed_error(ffa::error::not_supported), errc::not_supported},
        {ffa::encode_error(ffa::error{0}), errc::not_supported},
        {ffa::call_frame{{~0ull}}, errc::not_supported},
        {ffa::call_frame{{0xffff'ffff}}, errc::not_supported},
        {ffa::encode_error(ffa::error::invalid_parameters), errc::invalid_argument},
        {ffa::encode_error(ffa::error::no_memory), errc::no_memory},
        {ffa::encode_error(ffa::error::aborted), errc::aborted},
        {ffa::encode_error(ffa::error{-77}), errc::peer_error},
    };
    for (const auto& row : rows) {
        bench b;
        b.replace(row.reply);
        CHECK(b.send() == row.expected);
        CHECK(b.receive() == errc::would_block);
        const auto& seen = b.wire.counters();
        CHECK(seen.sent == 0);
        CHECK(seen.busy == (row.expected == errc::busy ? 1u : 0u));
        CHECK(seen.no_answer == (row.expected == errc::no_answer ? 1u : 0u));
        CHECK(seen.busy + seen.no_answer + seen.refused == 1);
        CHECK(seen.protocol_errors == 0);
        b.manager.answer = nullptr;
        CHECK(b.send() == errc::none); // and it goes on
    }
}

TEST_CASE("direct: what is no answer, or is somebody else's, is counted and given once as an error") {
    word_image seven;
    seven[0] = 7;
    const struct {
        ffa::call_frame reply;
        errc expected;
    } rows[]{
        {ffa::encode_direct_response(other_id, driver_id, seven), errc::bad_value},
        {ffa::encode_direct_response(device_id, other_id, seven), errc::bad_value},
        {ffa::encode_direct_response(driver_id, device_id, seven), errc::bad_value},
        {ffa::encode_direct_response(other_id, driver_id, {}), errc::bad_value},
        {ffa::encode_success(), errc::bad_type},
        {ffa::encode(ffa::msg_wait_call{}), errc::bad_type},
        {ffa::encode_direct_request(device_id, driver_id, device_role_uuid, seven), errc::bad_type},
        {ffa::call_frame{{0x8400'0070, 0x8002'0007, 0, 7}}, errc::bad_type}, // RESP to a REQ2
    };
    for (const auto& row : rows) {
        bench b;
        b.replace(row.reply);
        CHECK(b.send() == errc::none); // it may have been carried out
        CHECK(b.receive() == row.expected);
        CHECK(b.receive() == errc::would_block);
        CHECK(b.wire.counters().protocol_errors == 1);
        b.manager.answer = nullptr;
        CHECK(b.send() == errc::none);
    }
}

TEST_CASE("direct: registers that the answer does not define are not looked at") {
    bench b;
    b.manager.answer = [](ffa::call_frame& frame) {
        frame.x[0] |= 0xdead'0000'0000'0000;
        frame.x[1] |= 0xbeef'0000'0000'0000;
        frame.x[2] = frame.x[3] = ~0ull;
    };
    CHECK(b.send() == errc::none);
    CHECK(b.receive() == errc::none);
}

TEST_CASE("direct: after FFA_INTERRUPT the request is sent, and each receive resumes it once (resumed request)") {
    bench b;
    b.manager.interrupts = 3;
    CHECK(b.send({1}, 1000) == errc::none);
    CHECK(b.wire.open());
    CHECK(b.wire.poll_timeout() == 1010);
    CHECK(b.send() == errc::busy); // makes no call
    CHECK(b.manager.calls.size() == 1);
    for (int i = 0; i < 2; ++i) CHECK(b.receive(2000) == errc::would_block);
    CHECK(b.manager.runs() == 2);
    CHECK(b.receive() == errc::none);
    CHECK(b.manager.runs() == 3);
    CHECK(b.buffer[0] == 7);
    CHECK_FALSE(b.wire.open());
    CHECK(b.wire.counters().resumed == 3);
    CHECK(b.wire.counters().sent == 1);
    CHECK(b.manager.requests() == 1);
    CHECK(b.manager.misuses == 0);
}

TEST_CASE("R2: FFA_RUN goes where the FFA_INTERRUPT says, and its other registers are zero") {
    bench b;
    b.manager.interrupts = 2;
    b.manager.preempted = {other_id, 3};
    CHECK(b.send() == errc::none);
    CHECK(b.receive() == errc::would_block);
    CHECK(b.manager.calls.back() == ffa::call_frame{{0x8400'006d, 0x8005'0003}});
    CHECK(b.receive() == errc::none);
    CHECK(b.manager.misuses == 0);
}

TEST_CASE("direct: a chain of interrupts may name another partition each time") {
    bench b;
    b.manager.partition = nullptr;
    std::vector<ffa::target> chain{{other_id, 0}, {device_id, 1}, {ffa::endpoint_id{0x8009}, 2}};
    std::size_t at = 0;
    std::vector<std::uint64_t> resumed;
    const auto conduit = [&](ffa::call_frame& frame) {
        if (ffa::function_of(frame) == ffa::function_id::run) resumed.push_back(frame.x[1]);
        if (at == chain.size()) return answer_with(frame, {5});
        frame = ffa::encode(ffa::interrupt_call{chain[at++], 0, at % 2 == 0 ? ffa::form::smc32 : ffa::form::smc64});
    };
    transports::direct_driver<decltype(conduit)> wire{conduit, driver_id, device_id};
    CHECK(wire.send({}, bytes{1}, 0));
    for (std::size_t i = 0; i < 2; ++i) CHECK(wire.receive(b.buffer, 0).error() == errc::would_block);
    CHECK(wire.receive(b.buffer, 0));
    CHECK(resumed == std::vector<std::uint64_t>{0x8005'0000, 0x8002'0001, 0x8009'0002});
}

TEST_CASE("direct: after FFA_YIELD the request is resumed a little later") {
    bench b;
    bool yielded = false;
    b.manager.partition = [&](ffa::call_frame& frame) {
        if (yielded) return answer_with(frame, {5});
        frame = ffa::encode(ffa::yield_call{});
        yielded = true;
    };
    CHECK(b.send({1}, 5000) == errc::none);
    CHECK(b.wire.poll_timeout() == 6000);
    CHECK(b.receive(6000) == errc::none);
    CHECK(b.manager.runs() == 1);
}

TEST_CASE("direct: FFA_RUN that is refused for the moment leaves the request open") {
    for (const ffa::error why : {ffa::error::busy, ffa::error::retry, ffa::error::interrupted}) {
        int runs = 0;
        const auto conduit = [&](ffa::call_frame& frame) {
            if (ffa::function_of(frame) != ffa::function_id::run)
                frame = ffa::encode(ffa::interrupt_call{{device_id, 0}});
            else if (++runs < 3)
                frame = ffa::encode_error(why);
            else
                answer_with(frame, {5});
        };
        transports::direct_driver<decltype(conduit)> wire{conduit, driver_id, device_id};
        std::uint8_t buffer[104]{};
        CHECK(wire.send({}, bytes{1}, 0));
        CHECK(wire.receive(buffer, 0).error() == errc::would_block);
        CHECK(wire.poll_timeout() == 1000);
        CHECK(wire.receive(buffer, 0).error() == errc::would_block);
        CHECK(wire.send({}, bytes{1}, 0).error() == errc::busy);
        CHECK(wire.receive(buffer, 0));
    }
}

TEST_CASE("direct: a request that cannot be resumed any more is over, with one error") {
    const struct {
        ffa::call_frame reply;
        errc expected;
    } rows[]{
        {ffa::encode_error(ffa::error::denied), errc::denied},
        {ffa::encode_error(ffa::error::invalid_parameters), errc::invalid_argument},
        {ffa::encode_error(ffa::error::aborted), errc::aborted},
        {ffa::encode(ffa::msg_wait_call{}), errc::bad_type},
        {ffa::encode_direct_response(device_id, driver_id, {}), errc::no_answer},
        {ffa::encode_direct_response(other_id, driver_id, {}), errc::bad_value},
    };
    for (const auto& row : rows) {
        const auto conduit = [&](ffa::call_frame& frame) {
            const bool first = ffa::function_of(frame) != ffa::function_id::run;
            frame = first ? ffa::encode(ffa::interrupt_call{{device_id, 0}}) : row.reply;
        };
        transports::direct_driver<decltype(conduit)> wire{conduit, driver_id, device_id};
        std::uint8_t buffer[104]{};
        CHECK(wire.send({}, bytes{1}, 0));
        CHECK(wire.receive(buffer, 0).error() == row.expected);
        CHECK(wire.receive(buffer, 0).error() == errc::would_block);
        CHECK(wire.poll_timeout() == never);
        CHECK(wire.send({}, bytes{1}, 0));
    }
}

TEST_CASE("direct: frames that no message can be") {
    bench b;
    CHECK(b.send({}) == errc::truncated);
    CHECK(b.send(bytes(105, 1)) == errc::oversize);
    CHECK(b.manager.calls.empty());
    transports::direct_driver<direct_manager> whole{b.manager, driver_id, device_id, {.max_msg_size = 112}};
    CHECK(whole.send({}, bytes(112, 1), 0));
}
