// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/direct_device.hpp>

#include "support/check.hpp"

#include <cstdint>
#include <vector>

using namespace vmsg;
using transports::direct_acknowledgement;
using transports::direct_device;
using transports::direct_entry;

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr ffa::endpoint_id driver{0x0007};
constexpr ffa::endpoint_id self{0x8002};

ffa::call_frame request(const bytes& message, const uuid& service = device_role_uuid) {
    return ffa::encode_direct_request(driver, self, service, from_bytes(message));
}
// The answer that `device` leaves with has to be a RESP2 to the driver; its bytes.
bytes answer_of(direct_device& device) {
    ffa::call_frame frame{{1, 2, 3, 4, 5}};
    device.leave(frame);
    const auto m = ffa::decode_direct(frame);
    REQUIRE(m);
    CHECK(m->kind == ffa::direct_kind::response);
    CHECK(m->src == self);
    CHECK(m->dst == driver);
    CHECK(m->service == uuid{});
    bytes all(word_image::size_bytes);
    to_bytes(m->payload, all.data());
    return all;
}
bytes padded(bytes message) {
    message.resize(word_image::size_bytes);
    return message;
}
bool waits(direct_device& device) {
    ffa::call_frame frame{{1, 2, 3, 4, 5}};
    device.leave(frame);
    return frame == ffa::call_frame{{0x8400'006b}};
}
errc take(direct_device& device) {
    std::uint8_t buffer[104]{};
    return device.receive(buffer, 0).error();
}

} // namespace

TEST_CASE("direct device: a frame is given once, and its answer leaves with the partition") {
    direct_device device;
    REQUIRE(device.enter(request({1, 2, 3})) == direct_entry::message);
    std::uint8_t buffer[104]{};
    const auto got = device.receive(buffer, 0);
    REQUIRE(got);
    CHECK(got->peer == driver); // x1, not the frame
    CHECK(got->size == 104);
    CHECK(byte_view{buffer, 4} == byte_view{bytes{1, 2, 3, 0}});
    CHECK(take(device) == errc::would_block);
    CHECK(device.send(driver, bytes{9, 8}, 0));
    CHECK(answer_of(device) == padded({9, 8})); // and zero after it: defect h
    CHECK(device.counters().requests == 1);
    CHECK(device.counters().answers == 1);
    CHECK(waits(device)); // nothing is owed any more
}

TEST_CASE("direct device: a frame that is not received was not taken: all zero, which is busy") {
    direct_device device;
    REQUIRE(device.enter(request({1, 2, 3})) == direct_entry::message);
    CHECK(device.send(driver, bytes{1}, 0).error() == errc::would_block); // no answer to what nobody has seen
    CHECK(answer_of(device) == bytes(112));
    CHECK(device.counters().busy == 1);
    CHECK(take(device) == errc::would_block); // it is gone
}

TEST_CASE("direct device: one answer for each request, to the one who has asked, never all zero") {
    direct_device device;
    CHECK(device.send(driver, bytes{1}, 0).error() == errc::would_block);
    REQUIRE(device.enter(request({1})) == direct_entry::message);
    CHECK(take(device) == errc::none);
    CHECK(device.send({}, {}, 0).error() == errc::truncated);
    CHECK(device.send(driver, bytes(105, 1), 0).error() == errc::oversize);
    CHECK(device.send(driver, bytes(104), 0).error() == errc::bad_value);
    CHECK(device.send(ffa::endpoint_id{9}, bytes{1}, 0).error() == errc::would_block);
    CHECK(device.send(driver, bytes{1}, 0));
    CHECK(device.send(driver, bytes{2}, 0).error() == errc::would_block);
    CHECK(answer_of(device) == padded({1}));
}

TEST_CASE("direct device: an event without an answer is acknowledged as its revision expects") {
    const bytes event{0x00, 0x41, 0x03, 0x00, 0xf4, 0x01, 0x10, 0x00, 1, 0, 0, 0, 0, 0, 0, 0};
    const bytes old_event{0x00, 0x41, 0x03, 0x00, 0x0e, 0x00, 1, 0, 0, 0, 0, 0, 0, 0};
    const struct {
        revision rev;
        bytes event;
        bytes expected;
    } rows[]{
        {revision::oasis_v2, event, {0x03, 0x00, 0x00, 0x00, 0xf4, 0x01, 0x08, 0x00}},
        {revision::oasis_v1, event, {0x01, 0x41, 0x03, 0x00, 0xf4, 0x01, 0x08, 0x00}},
        {revision::rfc2025, old_event, {0x01, 0x41, 0x03, 0x00, 0x06, 0x00}},
    };
    for (const auto& row : rows) {
        direct_device device{row.rev};
        REQUIRE(device.enter(request(row.event)) == direct_entry::message);
        CHECK(take(device) == errc::none);
        CHECK(answer_of(device) == padded(row.expected));
        CHECK(device.counters().acknowledged == 1);
    }
}

TEST_CASE("direct device: a request without an answer was discarded, and the driver hears of it") {
    const bytes asked{0x02, 0x99, 0x00, 0x00, 0xf4, 0x01, 0x08, 0x00};
    const struct {
        revision rev;
        bytes expected;
    } rows[]{
        {revision::oasis_v2, {0x03, 0x87, 0x00, 0x00, 0xf4, 0x01, 0x0a, 0x00, 0x99, 0x00}},
        {revision::oasis_v1, {0x03, 0x00, 0x00, 0x00, 0xf4, 0x01, 0x08, 0x00}},
        {revision::rfc2025, {0x03, 0x00, 0x00, 0x00, 0x06, 0x00}},
    };
    direct_device device;
    for (const auto& row : rows) {
        device.set_revision(row.rev);
        REQUIRE(device.enter(request(asked)) == direct_entry::message);
        CHECK(take(device) == errc::none);
        CHECK(answer_of(device) == padded(row.expected));
    }
    CHECK(device.counters().discarded == 3);
    // A request to a device: the error names it, the null message does not.
    CHECK(direct_acknowledgement(revision::oasis_v2, 0x0008'01f4'0003'9900) ==
          from_bytes(bytes{0x03, 0x87, 0x03, 0x00, 0xf4, 0x01, 0x0a, 0x00, 0x99, 0x00}));
    CHECK(direct_acknowledgement(revision::oasis_v1, 0x0008'01f4'0003'9900) ==
          from_bytes(bytes{0x03, 0x00, 0x00, 0x00, 0xf4, 0x01, 0x08, 0x00}));
}

TEST_CASE("direct device: no frame that can come is answered by all zero but the one that was not taken") {
    for (const revision rev : {revision::rfc2025, revision::oasis_v1, revision::oasis_v2})
        for (std::uint64_t head = 0; head <= 0xffff; ++head)
            REQUIRE_FALSE(direct_acknowledgement(rev, head | head << 48).zero_from(0));
}

TEST_CASE("direct device: whoever asks for any service, or another one of the partition") {
    direct_device device;
    CHECK(device.enter(request({1}, uuid{})) == direct_entry::message);
    CHECK(device.enter(request({1}, driver_role_uuid)) == direct_entry::other_service);
    CHECK(take(device) == errc::would_block);
    CHECK(device.send(driver, bytes{1}, 0).error() == errc::would_block);
    CHECK(answer_of(device) != bytes(112)); // for ever, not for now
    CHECK(device.counters().other_service == 1);
}

TEST_CASE("direct device: every way into a partition has its way out") {
    direct_device device;
    CHECK(device.enter(ffa::encode(ffa::interrupt_call{})) == direct_entry::interrupt);
    CHECK(waits(device));
    CHECK(device.enter(ffa::encode(ffa::run_call{{self, 0}})) == direct_entry::resumed);
    CHECK(waits(device));
    CHECK(device.enter(ffa::encode_error(ffa::error::denied)) == direct_entry::refused);
    CHECK(waits(device));
    CHECK(device.enter(ffa::encode_success()) == direct_entry::unexpected);
    CHECK(waits(device));
    CHECK(device.enter({}) == direct_entry::unexpected);
    CHECK(waits(device));
    CHECK(device.counters().unexpected == 3);
    CHECK(device.counters().requests == 0);
}

TEST_CASE("trap 32: a partition can wait without losing what is in its RX buffer") {
    direct_device device;
    ffa::call_frame frame;
    device.leave(frame, true);
    CHECK(frame == ffa::call_frame{{0x8400'006b, 0, 1}});
}

TEST_CASE("direct device: a message of the framework is accepted in its own form") {
    direct_device device;
    const struct {
        std::uint64_t id;
        std::uint64_t expected;
    } rows[]{{0, 2}, {1, 2}, {4, 5}, {6, 7}};
    for (const auto& row : rows) {
        const ffa::call_frame asked{{0x8400'006f, 0x8000'8002, 0x8000'0000 | row.id, 0x8400'0002}};
        CHECK(device.enter(asked) == direct_entry::framework);
        CHECK(take(device) == errc::would_block);
        CHECK(device.send(driver, bytes{1}, 0).error() == errc::would_block);
        ffa::call_frame frame{{1, 2, 3, 4, 5}};
        device.leave(frame);
        CHECK(frame == ffa::call_frame{{0x8400'0070, 0x8002'8000, 0x8000'0000 | row.expected}});
    }
    CHECK(device.counters().unexpected == 0);
}

TEST_CASE("direct device: FFA_MSG_SEND_DIRECT_REQ is answered by the RESP of the same width, with nothing in it") {
    direct_device device;
    ffa::call_frame frame{{0x8400'006f, 0x0007'8002, 0, 1, 2, 3}};
    CHECK(device.enter(frame) == direct_entry::unexpected);
    device.leave(frame);
    CHECK(frame == ffa::call_frame{{0x8400'0070, 0x8002'0007}});
    frame = ffa::call_frame{{0xc400'006f, 0x0007'8002, 0, 1, 2, 3}};
    CHECK(device.enter(frame) == direct_entry::unexpected);
    device.leave(frame);
    CHECK(frame == ffa::call_frame{{0xc400'0070, 0x8002'0007}});
    CHECK(device.counters().unexpected == 2);
    CHECK(waits(device));
}

TEST_CASE("direct device: an answer that is not ready yields, and leaves later") {
    direct_device device;
    REQUIRE(device.enter(request({1})) == direct_entry::message);
    CHECK(take(device) == errc::none);
    ffa::call_frame frame{{1, 2, 3, 4, 5}};
    device.yield(frame);
    CHECK(frame == ffa::call_frame{{0x8400'006c}});
    CHECK(device.enter(ffa::encode(ffa::interrupt_call{})) == direct_entry::interrupt); // in between
    CHECK(device.enter(ffa::encode(ffa::run_call{{self, 0}})) == direct_entry::resumed);
    CHECK(device.enter(ffa::encode_success()) == direct_entry::resumed); // as other managers put it
    CHECK(device.counters().unexpected == 0);
    CHECK(device.takes_answer());
    CHECK(device.send(driver, bytes{4}, 0));
    device.yield(frame); // the answer is there: it leaves
    CHECK(ffa::decode_direct(frame)->payload == from_bytes(bytes{4}));
    device.yield(frame);
    CHECK(frame == ffa::call_frame{{0x8400'006b}});
}
