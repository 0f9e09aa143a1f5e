// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/driver_areas.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v2 = revision::oasis_v2;
using enum driver_event_kind;

constexpr instant later = 100;
constexpr instant arrived = 150;  // when AREA_SHARE has arrived, or never does
constexpr std::uint16_t most = 3; // AREA_UNSHARE without an answer

constexpr area_share_request memory{.mem_handle = 0x99, .page_count = 3, .sharing_attrs = area_attrs::usual};

template <class Areas> bool next(Areas& a, driver_event_kind kind, std::uint16_t id, errc error = errc::none) {
    const driver_event e = a.poll();
    return e.kind == kind && e.index == id && e.error == error;
}

/// An area that the device side has accepted.
template <class Areas> std::uint16_t share(Areas& a) {
    const std::uint16_t id = *a.offer(memory, 0xffff);
    a.mark_sent(id);
    a.answered_offer(id, errc::none);
    a.ended(id);
    CHECK(next(a, area_shared, id));
    return id;
}

/// An area that the device side has been asked for once.
template <class Areas> std::uint16_t ask_back(Areas& a) {
    const std::uint16_t id = share(a);
    REQUIRE(a.take_back(id));
    REQUIRE(a.unsent(0) == id);
    a.mark_sent(id);
    return id;
}
template <class Areas> bool asks_again(Areas& a, std::uint16_t id) {
    const bool waits = a.state(id) == area_state::unshare_pending && a.unsent(later - 1).error() == errc::would_block;
    const bool then = a.next_due() == later && a.unsent(later) == id;
    if (then) a.mark_sent(id);
    return waits && then && a.next_due() == never;
}

constexpr bool the_way_of_an_area() {
    driver_areas<v2, 2> a;
    const auto id = a.offer(memory, 10);
    if (!id || *id != 1 || a.size() != 1 || *a.state(1) != area_state::offered || a.unsent(0) != id) return false;
    if (a.offered(1).area_id != 1 || a.offered(1).mem_handle != 0x99 || a.offered(1).page_count != 3) return false;
    a.mark_sent(1);
    if (a.unsent(0).error() != errc::would_block || a.poll().kind != none) return false;
    a.answered_offer(1, errc::none);
    a.ended(1);
    if (*a.state(1) != area_state::shared || a.poll().kind != area_shared || a.poll().kind != none) return false;
    if (!a.take_back(1) || *a.state(1) != area_state::unshare_pending || *a.unsent(0) != 1) return false;
    a.mark_sent(1);
    a.answered_take_back(1, errc::none, 0);
    a.ended(1);
    if (*a.state(1) != area_state::released || a.size() != 1) return false;
    const driver_event e = a.poll();
    return e.kind == area_released && e.index == 1 && e.error == errc::none && a.size() == 0 &&
           a.state(1).error() == errc::invalid_argument;
}

} // namespace

TEST_CASE("N11: an area is offered, shared, taken back and released") { CX_CHECK(the_way_of_an_area()); }

TEST_CASE("N11: ids go from 1 to the peer's maximum, and one is not used again right after its release") {
    driver_areas<v2, 2> a;
    for (const int expected : {1, 2, 3, 1, 2, 3, 1}) {
        const auto id = a.offer(memory, 3);
        REQUIRE(id);
        CHECK(*id == expected);
        a.answered_offer(*id, errc::peer_error);
        CHECK(next(a, area_refused, *id, errc::peer_error));
    }
    const std::uint16_t kept = *a.offer(memory, 3); // 2
    for (const int expected : {3, 1, 3}) {
        const auto id = a.offer(memory, 3);
        CHECK(*id == expected);
        a.answered_offer(*id, errc::busy);
        CHECK(next(a, area_refused, *id, errc::busy));
    }
    CHECK(*a.state(kept) == area_state::offered);
}

TEST_CASE("N11: no more areas than there is room for, or than the peer accepts") {
    driver_areas<v2, 2> a;
    CHECK(a.offer(memory, 0).error() == errc::full);
    CHECK(a.offer(memory, 1));
    CHECK(a.offer(memory, 1).error() == errc::full);
    CHECK(a.offer(memory, 2));
    CHECK(a.offer(memory, 0xffff).error() == errc::full);
    CHECK(a.size() == 2);
}

TEST_CASE("N11: rfc2025 has 255 areas") {
    driver_areas<old, 300> a;
    for (int i = 1; i <= 255; ++i) CHECK(*a.offer(memory, 0xffff) == i);
    CHECK(a.offer(memory, 0xffff).error() == errc::full);
}

TEST_CASE("N11: the highest id is 65535, after which 1 comes again") {
    driver_areas<v2, 1> a;
    std::uint16_t before = 0;
    bool in_turn = true;
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const std::uint16_t id = *a.offer(memory, 0xffff);
        in_turn = in_turn && id == (before == 65535 ? 1 : before + 1);
        before = id;
        a.answered_offer(id, errc::busy);
        in_turn = in_turn && a.poll().kind == area_refused;
    }
    CHECK(in_turn);
    CHECK(before == 1);
}

TEST_CASE("N11: only a shared area can be taken back") {
    driver_areas<v2, 2> a;
    CHECK(a.take_back(1).error() == errc::bad_state);
    const std::uint16_t id = *a.offer(memory, 0xffff);
    CHECK(a.take_back(id).error() == errc::bad_state);
    a.answered_offer(id, errc::none);
    CHECK(a.take_back(id));
    CHECK(a.take_back(id).error() == errc::bad_state);
    a.answered_take_back(id, errc::busy, later);
    CHECK(a.take_back(id).error() == errc::bad_state);
}

TEST_CASE("N11: a busy answer leaves the area pending until its release, and it is asked for again") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = ask_back(a);
    for (int i = 0; i < 10; ++i) { // as often as it is answered
        a.answered_take_back(id, errc::busy, later);
        a.ended(id);
        CHECK(a.poll().kind == none);
        CHECK(asks_again(a, id));
    }
    SUBCASE("released") {
        CHECK(a.release(id));
        CHECK_FALSE(a.release(id)); // twice
        CHECK(next(a, area_released, id));
        CHECK(a.size() == 1); // the last request is still open
        CHECK_FALSE(a.release(id));
    }
    SUBCASE("the release was lost: the device side does not know the id any more") {
        a.answered_take_back(id, errc::peer_error, later);
        CHECK(next(a, area_released, id));
    }
    a.ended(id);
    CHECK(a.size() == 0);
    CHECK_FALSE(a.release(id)); // unknown
}

TEST_CASE("N11: a request to take back that is not answered is sent again, a few times") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = ask_back(a);
    a.failed_take_back(id, errc::timed_out, true, later, most);
    CHECK(asks_again(a, id));
    SUBCASE("answered") {
        a.answered_take_back(id, errc::none, later);
        CHECK(next(a, area_released, id));
    }
    SUBCASE("the device side has let go already") {
        a.answered_take_back(id, errc::peer_error, later);
        CHECK(next(a, area_released, id));
    }
    SUBCASE("released unasked, as it seems: the answer BUSY was lost") {
        CHECK(a.release(id));
        CHECK(next(a, area_released, id));
    }
    SUBCASE("never answered") {
        a.failed_take_back(id, errc::bad_value, true, later, most);
        CHECK(asks_again(a, id));
        CHECK(a.poll().kind == none);
        a.failed_take_back(id, errc::timed_out, false, later, most); // the last one did not even leave
        CHECK(next(a, area_kept, id, errc::timed_out));
        CHECK(*a.state(id) == area_state::shared);
        CHECK(a.next_due() == never);
        SUBCASE("then its release comes late") { CHECK(a.release(id)); }
        SUBCASE("then it is tried again") {
            REQUIRE(a.take_back(id));
            a.mark_sent(id);
            a.answered_take_back(id, errc::peer_error, later);
        }
        CHECK(next(a, area_released, id));
    }
    a.ended(id);
    CHECK(a.poll().kind == none);
    CHECK(a.size() == 0);
}

TEST_CASE("N11: a request to take back that cannot be sent leaves the area shared, and says so") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = ask_back(a);
    a.failed_take_back(id, errc::busy, false, later, most);
    CHECK(next(a, area_kept, id, errc::busy));
    CHECK(*a.state(id) == area_state::shared);
    CHECK_FALSE(a.release(id)); // the device side knows nothing of it
    REQUIRE(a.take_back(id));
    CHECK(a.unsent(0) == id);
}

TEST_CASE("driver_areas: that an area was kept is no news when it is asked for again") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = ask_back(a);
    a.answered_take_back(id, errc::peer_error, later);
    REQUIRE(a.take_back(id));
    CHECK(a.poll().kind == none);
    a.answered_take_back(id, errc::none, later);
    CHECK(next(a, area_released, id));
}

TEST_CASE("N11: an offer that is not answered may have been taken: the memory is free when the device side says so") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = *a.offer(memory, 0xffff);
    a.mark_sent(id);
    a.unanswered_offer(id, errc::timed_out, arrived);
    a.ended(id);
    CHECK(a.poll().kind == none);
    CHECK(*a.state(id) == area_state::unshare_pending);
    CHECK(a.take_back(id).error() == errc::bad_state);
    REQUIRE(a.unsent(0) == id); // at once
    a.mark_sent(id);
    a.answered_offer(id, errc::none); // too late
    errc why = errc::timed_out;
    SUBCASE("it had it") { a.answered_take_back(id, errc::none, later); }
    SUBCASE("it has not got it, and never does") {
        a.answered_take_back(id, errc::peer_error, later);
        a.ended(id);
        CHECK(a.poll().kind == none);
        CHECK(*a.state(id) == area_state::unshare_pending);
        CHECK(a.next_due() == arrived);
        CHECK(a.unsent(arrived - 1).error() == errc::would_block);
        REQUIRE(a.unsent(arrived) == id);
        a.mark_sent(id);
        a.answered_take_back(id, errc::peer_error, later);
    }
    SUBCASE("K5: it has not got it yet") {
        a.answered_take_back(id, errc::peer_error, later);
        a.ended(id);
        REQUIRE(a.unsent(arrived) == id);
        a.mark_sent(id);
        a.answered_take_back(id, errc::none, later);
    }
    SUBCASE("it had it, its first answer was lost") {
        a.failed_take_back(id, errc::timed_out, true, later, most);
        CHECK(asks_again(a, id));
        a.answered_take_back(id, errc::peer_error, later);
        a.ended(id);
        REQUIRE(a.unsent(arrived) == id);
        a.mark_sent(id);
        a.answered_take_back(id, errc::peer_error, later);
    }
    SUBCASE("it lets go of it, and does not know it any more") {
        a.answered_take_back(id, errc::busy, later);
        CHECK(asks_again(a, id));
        a.answered_take_back(id, errc::peer_error, later); // it has had it: once is enough
    }
    SUBCASE("it had it, and lets go later") {
        a.answered_take_back(id, errc::busy, later);
        CHECK(a.poll().kind == none);
        CHECK(a.release(id));
    }
    SUBCASE("it never says anything") {
        a.failed_take_back(id, errc::timed_out, true, later, most);
        CHECK(asks_again(a, id));
        a.failed_take_back(id, errc::timed_out, true, later, most);
        CHECK(asks_again(a, id));
        a.failed_take_back(id, errc::timed_out, true, later, most);
        CHECK(next(a, area_kept, id, errc::timed_out));
        a.release_all();
        why = errc::none;
    }
    CHECK(next(a, why == errc::none ? area_released : area_refused, id, why));
    a.ended(id);
    CHECK(a.size() == 0);
}

TEST_CASE("N11: an id is not free while an answer may name it") {
    driver_areas<v2, 1> a;
    const std::uint16_t id = ask_back(a);
    CHECK(a.release(id));
    CHECK(next(a, area_released, id));
    CHECK(*a.state(id) == area_state::released);
    CHECK(a.offer(memory, 1).error() == errc::full);
    a.answered_take_back(id, errc::peer_error, later);
    a.ended(id);
    CHECK(a.poll().kind == none);
    CHECK(*a.offer(memory, 1) == id);
}

TEST_CASE("threats 2: a release that is not owed changes nothing") {
    driver_areas<v2, 2> a;
    CHECK_FALSE(a.release(1));
    const std::uint16_t id = *a.offer(memory, 0xffff);
    CHECK_FALSE(a.release(id));
    a.answered_offer(id, errc::none);
    CHECK_FALSE(a.release(id)); // in use
    CHECK(*a.state(id) == area_state::shared);
}

TEST_CASE("N11: a release may come before the answer, and before the request has left") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = share(a);
    REQUIRE(a.take_back(id));
    CHECK(*a.unsent(0) == id);
    a.mark_sent(id);
    a.failed_take_back(id, errc::timed_out, true, 0, most);
    CHECK(*a.unsent(0) == id);
    CHECK(a.release(id));
    CHECK(a.unsent(0).error() == errc::would_block);
    a.answered_take_back(id, errc::peer_error, later); // means nothing any more
    CHECK(*a.state(id) == area_state::released);
    CHECK(next(a, area_released, id));
    a.answered_take_back(id, errc::none, later);
    CHECK(a.poll().kind == none);
}

TEST_CASE("N11: a refused request to take back leaves the area shared, and says so") {
    driver_areas<v2, 2> a;
    const std::uint16_t id = ask_back(a);
    a.answered_take_back(id, errc::peer_error, later);
    CHECK(*a.state(id) == area_state::shared);
    CHECK(next(a, area_kept, id, errc::peer_error));
    CHECK_FALSE(a.release(id));
    REQUIRE(a.take_back(id));
    a.answered_take_back(id, errc::none, later);
    CHECK(next(a, area_released, id));
}

TEST_CASE("N2: when the bus ends what has not left is given up, and what has is asked for again") {
    driver_areas<v2, 4> a;
    const std::uint16_t pending = ask_back(a);
    const std::uint16_t offered = *a.offer(memory, 0xffff);
    a.give_up_offers(errc::aborted);
    a.postponed_take_back(pending);
    a.ended(pending);
    CHECK(next(a, area_refused, offered, errc::aborted));
    CHECK(a.poll().kind == none);
    CHECK(a.unsent(0) == pending);
    a.give_up_offers(errc::aborted); // it is no offer
    CHECK(*a.state(pending) == area_state::unshare_pending);
    a.postponed_take_back(offered);
    CHECK(a.size() == 1);
}

TEST_CASE("N11: answers that nobody waits for change nothing") {
    driver_areas<v2, 2> a;
    a.answered_offer(1, errc::none);
    a.answered_take_back(1, errc::none, 0);
    CHECK(a.size() == 0);
    const std::uint16_t id = share(a);
    a.answered_offer(id, errc::peer_error);
    a.answered_take_back(id, errc::none, later);
    CHECK(*a.state(id) == area_state::shared);
    CHECK(a.poll().kind == none);
}

TEST_CASE("driver_areas: when the peer has forgotten everything all areas are released") {
    driver_areas<v2, 4> a;
    const std::uint16_t shared = share(a);
    const std::uint16_t pending = share(a);
    REQUIRE(a.take_back(pending));
    const std::uint16_t offered = *a.offer(memory, 0xffff);
    const std::uint16_t refused = *a.offer(memory, 0xffff);
    a.answered_offer(refused, errc::busy);
    a.release_all();
    a.release_all();
    CHECK(a.unsent(0).error() == errc::would_block);
    CHECK(next(a, area_released, shared));
    CHECK(next(a, area_released, pending));
    CHECK(next(a, area_refused, offered, errc::aborted)); // nobody has heard that it was shared
    CHECK(next(a, area_refused, refused, errc::busy));
    CHECK(a.poll().kind == none);
    CHECK(a.size() == 0);
}
