// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/requests.hpp>

#include <vmsg/message/all.hpp>
#include <vmsg/random.hpp>

#include "support/check.hpp"

#include <cstdint>
#include <initializer_list>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v2 = revision::oasis_v2;

template <std::size_t Slots> using table = request_table<v2, Slots, 104>;
template <std::size_t Slots> using old_table = request_table<old, Slots, 44>;

/// Opens a request and sends it; its slot.
template <class Table> constexpr std::uint16_t send(Table& t, std::uint16_t dev_num, instant deadline = 100) {
    const auto s = t.open(dev_num, get_device_info_request{}, 104);
    VMSG_ASSERT(s.has_value());
    const auto taken = t.take_queued();
    VMSG_ASSERT(taken == s);
    t.mark_sent(*taken, deadline);
    return *s;
}

/// The header of the answer to the request in a slot.
template <class Exchange> constexpr header answer_to(const Exchange& x) {
    return {.type = static_cast<std::uint8_t>(x.type | type_response),
            .msg_id = x.msg_id,
            .dev_num = x.dev_num,
            .token = x.token};
}

constexpr bool keeps_the_request_and_then_the_response() {
    table<2> t;
    const auto s = t.open(3, get_config_request{8, 4}, 104);
    if (!s || t.open_count() != 1 || !t.has_queued()) return false;
    const auto& x = t[*s];
    const std::uint8_t request[]{0x00, 0x05, 0x03, 0x00, 0x02, 0x00, 0x10, 0x00, 8, 0, 0, 0, 4, 0, 0, 0};
    if (x.state != exchange_state::queued || x.bytes() != byte_view{request} || x.is_bus() || !x.held) return false;
    if (t.take_queued() != s || t.has_queued() || x.state != exchange_state::sent) return false;
    if (x.bytes() != byte_view{request}) return false; // valid until the answer comes
    t.mark_sent(*s, 55);
    if (t.next_deadline() != 55 || t.match(answer_to(x)) != s) return false;
    const std::uint8_t response[]{0x01, 0x05, 0x03, 0x00, 0x02, 0x00, 0x08, 0x00};
    t.complete(*s, response);
    if (x.state != exchange_state::done || x.bytes() != byte_view{response}) return false;
    if (t.next_deadline() != never || t.match(answer_to(x)).error() != errc::stale_token) return false;
    t.release(*s);
    return x.state == exchange_state::idle && t.open_count() == 0;
}

constexpr bool sends_in_the_order_of_opening() {
    table<4> t;
    std::uint16_t slots[4]{};
    for (std::uint16_t i = 0; i < 4; ++i) slots[i] = *t.open(i, get_device_info_request{}, 104);
    for (const std::uint16_t s : slots)
        if (t.take_queued() != s) return false;
    return t.take_queued().error() == errc::would_block && !t.has_queued();
}

/// What is taken out of the queue, at its start, in the middle and at its end, leaves the others in order.
constexpr bool leaves_the_queue(std::uint16_t which, bool fails) {
    table<4> t;
    std::uint16_t slots[4]{};
    for (std::uint16_t i = 0; i < 3; ++i) slots[i] = *t.open(i, get_device_info_request{}, 104);
    if (fails)
        t.fail(slots[which], errc::no_device);
    else
        t.release(slots[which]);
    slots[3] = *t.open(3, get_device_info_request{}, 104);
    for (std::uint16_t i = 0; i < 4; ++i)
        if (i != which && t.take_queued() != slots[i]) return false;
    return !t.has_queued() && t[slots[which]].state == (fails ? exchange_state::done : exchange_state::idle) &&
           t.open_count() == (fails ? 4u : 3u);
}

/// A request that has left the queue long ago is no predecessor of one that leaves it now.
constexpr bool leaves_the_queue_behind_its_real_predecessor() {
    table<4> t;
    for (int i = 0; i < 2; ++i) t.release(*t.open(1, get_device_info_request{}, 104)); // tokens 2 and 3
    const auto gone = t.open(1, get_device_info_request{}, 104);                       // slot 0
    const auto next = t.open(1, get_device_info_request{}, 104);                       // slot 1
    if (t.take_queued() != gone) return false;
    t.release(*next);
    const auto a = t.open(1, get_device_info_request{}, 104);
    const auto b = t.open(1, get_device_info_request{}, 104);
    const auto last = t.open(1, get_device_info_request{}, 104);
    if (last != next) return false; // in the slot that came after `gone`
    t.release(*last);
    t.release(*gone);
    const auto c = t.open(1, get_device_info_request{}, 104);
    return t.take_queued() == a && t.take_queued() == b && t.take_queued() == c && !t.has_queued();
}

constexpr bool put_back_is_first_again() {
    table<4> t;
    const auto a = t.open(1, get_device_info_request{}, 104);
    const auto b = t.open(2, get_device_info_request{}, 104);
    if (t.take_queued() != a) return false;
    t.put_back(*a);
    if (t.take_queued() != a || t.take_queued() != b) return false;
    t.put_back(*b); // into an empty queue
    const auto c = t.open(3, get_device_info_request{}, 104);
    return t.take_queued() == b && t.take_queued() == c && !t.has_queued();
}

constexpr bool tokens_run_on() {
    table<4> t;
    for (std::uint16_t expected = 2; expected < 40; ++expected) {
        const auto s = t.open(1, get_device_info_request{}, 104);
        if (!s || t[*s].token != expected) return false;
        t.release(*s);
    }
    return true;
}

constexpr bool an_open_slot_is_passed_over() {
    table<4> t;
    const auto kept = t.open(1, get_device_info_request{}, 104); // token 2
    for (const int expected : {3, 4, 5, 7, 8, 9, 11}) {          // 6 and 10 belong to the slot that is taken
        const auto s = t.open(1, get_device_info_request{}, 104);
        if (!s || t[*s].token != expected) return false;
        t.release(*s);
    }
    return t[*kept].token == 2;
}

constexpr bool refuses_what_cannot_be_sent() {
    table<2> t;
    const std::uint32_t words[20]{};
    const auto long_one = t.open(1, set_driver_features_request{0, 20, words}, 95); // 96 bytes
    const auto contradiction = t.open(1, set_driver_features_request{0, 3, {words, 2}}, 104);
    const std::uint32_t many[30]{};
    const auto too_long = t.open(1, set_driver_features_request{0, 30, many}, 1000); // longer than a slot
    if (long_one.error() != errc::oversize || contradiction.error() != errc::bad_length) return false;
    if (too_long.error() != errc::oversize || t.open_count() != 0 || t.has_queued()) return false;
    const auto s = t.open(1, set_driver_features_request{0, 20, words}, 96);
    return s && t[*s].token == 2 && t[*s].size == 96;
}

// --- one token for all

/// At most one request for each device number, whatever its class; all of them carry the token.
constexpr bool one_at_a_time(token_source source, std::uint16_t expected) {
    table<4> t{source, 0x1234};
    const std::uint16_t first = send(t, 3);
    if (t[first].token != expected || t.open(3, get_device_info_request{}, 104).error() != errc::busy) return false;
    const std::uint16_t second = send(t, 4);
    if (t[second].token != expected || !t.has_room(0, type_bus) || !t.has_room(0, 0)) return false;
    const auto bus = t.open(0, ping_request{}, 104);
    if (!bus || t[*bus].token != expected || t.has_room(0, 0) || t.has_room(0, type_bus)) return false;
    if (t.match(answer_to(t[second])) != second) return false;
    t.fail(second, errc::aborted);
    return t.has_room(4, 0) && !t.has_room(3, 0) && t.open(4, get_device_info_request{}, 104).has_value();
}

/// What has another token, device, class or id is no answer; an error for the device is one.
constexpr bool matches_by_class_and_id(token_source source) {
    table<4> t{source};
    const std::uint16_t s = send(t, 3);
    const header right = answer_to(t[s]);
    header h = right;
    ++h.token;
    if (t.match(h).error() != errc::stale_token) return false;
    h = right;
    h.dev_num = 4;
    if (t.match(h).error() != errc::stale_token) return false;
    h = right;
    h.msg_id = 0x03;
    if (t.match(h).error() != errc::stale_token) return false;
    h = right;
    h.type |= type_bus;
    if (t.match(h).error() != errc::stale_token) return false;
    h.msg_id = 0x87;
    return t.match(h) == s && t.match(right) == s;
}

/// An expired request keeps its device until its answer comes or its quarantine ends.
constexpr bool expired_one_blocks(token_source source) {
    table<4> t{source};
    const std::uint16_t s = send(t, 3);
    t[s].held = false;
    t.expire(s, errc::timed_out, 500);
    if (t.has_room(3, 0) || !t.has_room(4, 0)) return false;
    if (t.match(answer_to(t[s])).error() != errc::timed_out || !t.has_room(3, 0)) return false;
    const std::uint16_t again = send(t, 3);
    t[again].held = false;
    t.expire(again, errc::timed_out, 500);
    t.end_quarantine(again);
    return t.has_room(3, 0) && t.open_count() == 0;
}

/// rfc2025 has no token to choose.
constexpr bool old_has_none(token_source source) {
    old_table<4> t{source, 7};
    const std::uint16_t s = send(t, 0);
    return t[s].token == 0 && t.has_room(0, type_bus) && !t.has_room(0, 0) && t.match(answer_to(t[s])) == s;
}

/// Three requests are over in the order 2 0 1; the user of one of them does not want to know.
constexpr bool tells(int unwanted, std::initializer_list<std::uint16_t> order) {
    table<4> t;
    std::uint16_t slots[4]{};
    for (std::uint16_t i = 0; i < 4; ++i) slots[i] = send(t, i);
    for (const int i : {2, 0, 1}) {
        t.fail(slots[i], errc::aborted);
        t.tell(slots[i]);
    }
    t.forget_untold(slots[unwanted]);
    t.forget_untold(slots[unwanted]);
    t.release(slots[unwanted]);
    t.expire(slots[3], errc::timed_out, 200);
    t.tell(slots[3]);
    t.end_quarantine(slots[3]); // is still to be told
    for (const std::uint16_t i : order)
        if (t.take_untold() != slots[i]) return false;
    return t.take_untold().error() == errc::would_block;
}

} // namespace

TEST_CASE("request_table: users are told in the order in which their requests were over") {
    CX_CHECK(tells(0, {2, 1, 3}));
    CX_CHECK(tells(1, {2, 0, 3}));
    CX_CHECK(tells(2, {0, 1, 3}));
}

TEST_CASE("request_table: the life of a request") {
    CX_CHECK(keeps_the_request_and_then_the_response());
    CX_CHECK(sends_in_the_order_of_opening());
}

TEST_CASE("request_table: a request that ends in the queue leaves it") {
    CX_CHECK(leaves_the_queue(0, true));
    CX_CHECK(leaves_the_queue(1, true));
    CX_CHECK(leaves_the_queue(2, true));
    CX_CHECK(leaves_the_queue(0, false));
    CX_CHECK(leaves_the_queue(1, false));
    CX_CHECK(leaves_the_queue(2, false));
    CX_CHECK(leaves_the_queue_behind_its_real_predecessor());
}

TEST_CASE("request_table: a request that the carrier refused is sent before all others") {
    CX_CHECK(put_back_is_first_again());
}

TEST_CASE("request_table: what cannot be encoded takes no slot") { CX_CHECK(refuses_what_cannot_be_sent()); }

TEST_CASE("N4: tokens start at 2 and each request has the next one") {
    CX_CHECK(tokens_run_on());
    CX_CHECK(an_open_slot_is_passed_over());
}

TEST_CASE("N4: tokens wrap from 65535 to 2") {
    table<4> t;
    std::uint16_t before = 1;
    bool in_order = true;
    for (int i = 0; i < 2 * 65536; ++i) {
        const auto s = t.open(1, get_device_info_request{}, 104);
        REQUIRE(s);
        const std::uint16_t token = t[*s].token;
        in_order = in_order && token == (before == 65535 ? 2 : before + 1);
        before = token;
        t.release(*s);
    }
    CHECK(in_order);
}

TEST_CASE("N4: the only free slot is found across the wrap as well") {
    table<4> t;
    for (std::uint16_t token = 2; token <= 4; ++token)
        CHECK(t.open(1, get_device_info_request{}, 104)); // slots 2, 3, 0
    std::uint16_t before = 0;
    for (int i = 0; i < 3 * 65536 / 4; ++i) {
        const auto s = t.open(1, get_device_info_request{}, 104);
        REQUIRE(s);
        REQUIRE(*s == 1);
        const std::uint16_t token = t[*s].token;
        REQUIRE(token == (before == 65533 || before == 0 ? 5 : before + 4));
        before = token;
        t.release(*s);
    }
}

TEST_CASE("N4: a full table is busy and uses up no token") {
    table<4> t;
    std::uint16_t slots[4]{};
    for (auto& s : slots) s = *t.open(1, get_device_info_request{}, 104); // tokens 2 to 5
    for (int i = 0; i < 100; ++i) CHECK(t.open(1, get_device_info_request{}, 104).error() == errc::busy);
    CHECK_FALSE(t.has_room(1, 0));
    t.release(slots[0]);
    CHECK(t.has_room(1, 0));
    CHECK(t[*t.open(1, get_device_info_request{}, 104)].token == 6);
}

TEST_CASE("request_table: the smallest table has one request") {
    table<1> t;
    const auto s = t.open(1, get_device_info_request{}, 104);
    CHECK(s == result<std::uint16_t>{std::uint16_t{0}});
    CHECK(t.open(2, get_device_info_request{}, 104).error() == errc::busy);
    t.release(*s);
    CHECK(t.open(2, get_device_info_request{}, 104));
    t.release(0);
    t.release(0); // nothing there any more
    CHECK(t.open_count() == 0);
}

TEST_CASE("request_table: the serial number tells the users of a slot apart") {
    table<1> t;
    std::uint16_t before = 0;
    for (int i = 0; i < 10; ++i) {
        const auto s = t.open(1, get_device_info_request{}, 104);
        CHECK(t[*s].serial != before);
        before = t[*s].serial;
        t.release(*s);
    }
}

TEST_CASE("N2: a response is matched by device number and token") {
    table<4> t;
    const std::uint16_t first = send(t, 3);
    const std::uint16_t second = send(t, 4);
    const header right = answer_to(t[first]);
    CHECK(*t.match(right) == first);
    CHECK(*t.match(answer_to(t[second])) == second);

    header h = right;
    h.token = static_cast<std::uint16_t>(right.token + 4); // the same slot
    CHECK(t.match(h).error() == errc::stale_token);
    h.token = t[second].token;
    CHECK(t.match(h).error() == errc::stale_token);
    h = right;
    h.dev_num = 4;
    CHECK(t.match(h).error() == errc::stale_token);

    // Class and id are not part of the key: a wrong one fails the request.
    h = right;
    h.msg_id = 0x03;
    CHECK(*t.match(h) == first);
    h.type |= type_bus;
    CHECK(*t.match(h) == first);
}

TEST_CASE("N2: no response is expected before the request has left, or after the first one") {
    table<4> t;
    const auto s = t.open(3, get_device_info_request{}, 104);
    const header h = answer_to(t[*s]);
    CHECK(t.match(h).error() == errc::stale_token);
    REQUIRE(t.take_queued() == s);
    CHECK(t.match(h) == s); // a carrier can bring it before it says that the request has left
    t.fail(*s, errc::bad_value);
    CHECK(t[*s].error == errc::bad_value);
    CHECK(t.match(h).error() == errc::stale_token);
    t.release(*s);
    CHECK(t.match(h).error() == errc::stale_token);
}

TEST_CASE("threat 1c: a late answer ends the quarantine of its token and answers nothing") {
    table<2> t;
    const std::uint16_t s = send(t, 3);
    const header late = answer_to(t[s]);
    t.expire(s, errc::timed_out, 200);
    CHECK(t.next_deadline() == 200);
    const std::uint16_t younger = send(t, 3);
    CHECK(younger != s);
    CHECK(t.open(3, get_device_info_request{}, 104).error() == errc::busy); // the slot in quarantine is not free

    SUBCASE("while its ticket is out the slot stays") {
        CHECK(t.match(late).error() == errc::timed_out);
        CHECK(t[s].state == exchange_state::done);
        CHECK(t[s].error == errc::timed_out);
        CHECK(t.match(late).error() == errc::stale_token);
        CHECK(t.open_count() == 2);
    }
    SUBCASE("without a ticket the slot is free") {
        t[s].held = false;
        CHECK(t.match(late).error() == errc::timed_out);
        CHECK(t[s].state == exchange_state::idle);
        CHECK(t.match(late).error() == errc::stale_token);
        CHECK(t.open_count() == 1);
        const auto next = t.open(3, get_device_info_request{}, 104);
        REQUIRE(next);
        CHECK(t[*next].token != late.token);
    }
    CHECK(t[younger].state == exchange_state::sent);
}

TEST_CASE("request_table: the next deadline is the earliest of those that wait") {
    table<4> t;
    CHECK(t.next_deadline() == never);
    const std::uint16_t a = send(t, 1, 300);
    const std::uint16_t b = send(t, 2, 200);
    CHECK(t.open(3, get_device_info_request{}, 104)); // queued: no deadline yet
    CHECK(t.next_deadline() == 200);
    t.expire(b, errc::timed_out, 900);
    CHECK(t.next_deadline() == 300);
    t.complete(a, {});
    CHECK(t.next_deadline() == 900);
}

TEST_CASE("K4: what is due is found among any, in whatever order they were sent and are over") {
    constexpr std::uint16_t slots = 8;
    table<slots> t;
    random_numbers numbers{5};
    for (int i = 0; i < 20'000; ++i) {
        const auto s = static_cast<std::uint16_t>(numbers.below(slots));
        const exchange_state state = t[s].state;
        const instant deadline = numbers.below(20) == 0 ? never : 100 + numbers.below(100);
        if (t.has_room(1, 0) && numbers.below(4) == 0) {
            send(t, 1, deadline);
        } else if (state == exchange_state::sent) {
            switch (numbers.below(5)) {
            case 0: t.mark_sent(s, deadline); break;
            case 1: t.complete(s, {}); break;
            case 2: t.fail(s, errc::aborted); break;
            case 3: t.expire(s, errc::timed_out, deadline); break;
            default:
                t.put_back(s);
                REQUIRE(t.take_queued() == s);
                t.mark_sent(s, deadline);
            }
        } else if (state == exchange_state::expired && numbers.below(2) == 0) {
            t.end_quarantine(s);
        } else if (state != exchange_state::idle) {
            t.release(s);
        }
        instant first[2]{never, never}; // of those that are sent, of those that are expired
        for (std::uint16_t k = 0; k < slots; ++k) {
            if (t[k].state != exchange_state::sent && t[k].state != exchange_state::expired) continue;
            instant& f = first[t[k].state == exchange_state::expired ? 1 : 0];
            f = t[k].deadline < f ? t[k].deadline : f;
        }
        REQUIRE(t.next_deadline() == (first[0] < first[1] ? first[0] : first[1]));
        const instant now = 100 + numbers.below(100);
        const instant wanted = first[0] <= now ? first[0] : first[1];
        const auto due = t.due(now);
        REQUIRE(due.has_value() == (wanted <= now));
        if (due) REQUIRE(t[*due].deadline == wanted);
    }
}

TEST_CASE("rfc2025: one request per device and class, matched by device, class and id") {
    old_table<8> t;
    const std::uint16_t s = send(t, 3);
    CHECK(t[s].token == 0);
    CHECK_FALSE(t.has_room(3, 0));
    CHECK(t.open(3, get_device_status_request{}, 44).error() == errc::busy);
    CHECK(t.has_room(3, type_bus));
    CHECK(t.open(0, ping_request{1}, 44)); // another class
    CHECK(t.open(0, ping_request{2}, 44).error() == errc::busy);
    CHECK(t.open(4, get_device_info_request{}, 44)); // another device
    CHECK(t.open_count() == 3);

    header h = answer_to(t[s]);
    CHECK(*t.match(h) == s);
    h.msg_id = 0x03;
    CHECK(t.match(h).error() == errc::stale_token);
    h = answer_to(t[s]);
    h.type |= type_bus;
    CHECK(t.match(h).error() == errc::stale_token);
    h = answer_to(t[s]);
    h.dev_num = 5;
    CHECK(t.match(h).error() == errc::stale_token);

    t.complete(s, {});
    CHECK(t.open(3, get_device_status_request{}, 44)); // the answered one does not block the device
}

TEST_CASE("rfc2025: a request that was given up blocks its device until its answer or the end of the quarantine") {
    old_table<4> t;
    const std::uint16_t s = send(t, 3);
    const header late = answer_to(t[s]);
    t[s].held = false;
    t.expire(s, errc::timed_out, 500);
    CHECK(t.open(3, get_device_info_request{}, 44).error() == errc::busy);
    SUBCASE("late answer") { CHECK(t.match(late).error() == errc::timed_out); }
    SUBCASE("end of the quarantine") { t.end_quarantine(s); }
    CHECK(t.open(3, get_device_info_request{}, 44));
}

TEST_CASE("rfc2025: a full table is busy") {
    old_table<2> t;
    CHECK(t.open(1, get_device_info_request{}, 44));
    CHECK(t.open(2, get_device_info_request{}, 44));
    CHECK(t.open(3, get_device_info_request{}, 44).error() == errc::busy);
    CHECK_FALSE(t.has_room(3, 0));
}

TEST_CASE("6.5: one token for all requests") {
    CX_CHECK(one_at_a_time(token_source::fixed, 0x1234));
    CX_CHECK(one_at_a_time(token_source::none, 0));
    CX_CHECK(matches_by_class_and_id(token_source::fixed));
    CX_CHECK(matches_by_class_and_id(token_source::none));
    CX_CHECK(expired_one_blocks(token_source::fixed));
    CX_CHECK(expired_one_blocks(token_source::none));
    CX_CHECK(old_has_none(token_source::counter));
    CX_CHECK(old_has_none(token_source::fixed));
}
