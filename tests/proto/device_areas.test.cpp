// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/device_areas.hpp>

#include "support/check.hpp"

#include <cstdint>
#include <vector>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v2 = revision::oasis_v2;
using task = area_task::kind;
using notice = area_notice::kind;

constexpr area_share_request request(std::uint16_t id, std::uint32_t pages = 1) {
    return {.area_id = id, .mem_handle = 0x1000u + id, .page_count = pages, .sharing_attrs = area_attrs::usual};
}
constexpr bus_address at(std::uint16_t id, std::uint64_t offset) { return *make_bus_address<v2>(id, offset); }

template <class Areas> bool next_task(Areas& a, task what, std::uint16_t id) {
    const area_task t = a.poll_task();
    return t.what == what && t.area_id == id;
}
template <class Areas> bool nothing_to_do(Areas& a) {
    return a.poll_task().what == task::none && a.poll_response().what == notice::none &&
           a.poll_release().what == notice::none;
}

/// The areas of one endpoint, of which `id` is mapped and answered.
struct bench {
    device_areas<v2, 4> areas;
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(4 * area_page_size);

    void share(std::uint16_t id, std::uint32_t pages = 1) {
        REQUIRE(areas.offer(request(id, pages), id) == bus_result::success);
        REQUIRE(next_task(areas, task::map, id));
        REQUIRE(areas.mapped(id, memory));
        const area_notice n = areas.poll_response();
        REQUIRE(n.what == notice::share_response);
        CHECK(n.area_id == id);
        CHECK(n.token == id);
        CHECK(n.result == bus_result::success);
    }
    bool live(std::uint16_t id) { return areas.resolve(at(id, 0), 1).has_value(); }
};

constexpr bool the_way_of_an_area() {
    device_areas<v2, 2> a;
    std::uint8_t memory[area_page_size + 10]{};
    if (a.offer(request(9), 77) != bus_result::success || a.size() != 1) return false;
    if (a.resolve(at(9, 0), 1).error() != errc::bad_value) return false; // not yet
    const area_task t = a.poll_task();
    if (t.what != task::map || t.area_id != 9 || t.mem_handle != 0x1009 || t.page_count != 1) return false;
    if (t.attrs != area_attrs::usual || a.poll_task().what != task::none) return false;
    if (!a.mapped(9, memory)) return false;
    const area_notice shared = a.poll_response();
    if (shared.what != notice::share_response || shared.token != 77 || shared.result != bus_result::success)
        return false;
    const auto bytes = a.resolve(at(9, 5), 7);
    if (!bytes || bytes->data() != memory + 5 || bytes->size() != 7) return false;
    if (a.take_back(9, 78) != bus_result::success) return false;
    if (a.resolve(at(9, 0), 1) || a.poll_response().what != notice::none) return false; // not any more
    const area_task u = a.poll_task();
    if (u.what != task::unmap || u.area_id != 9 || !a.unmapped(9)) return false;
    const area_notice back = a.poll_response();
    return back.what == notice::unshare_response && back.area_id == 9 && back.token == 78 &&
           back.result == bus_result::success && a.size() == 0;
}

} // namespace

TEST_CASE("N11: an area is offered, mapped, taken back and unmapped") { CX_CHECK(the_way_of_an_area()); }

TEST_CASE("N11: offers that cannot be") {
    device_areas<v2, 2> a;
    CHECK(a.offer(request(0), 1) == bus_result::error);
    CHECK(a.offer(request(1, 0), 1) == bus_result::error);
    auto m = request(1);
    for (const unsigned attrs : {0x3u, 0x10u, 0x300u, 0x1000u, 0xffff'ffffu}) {
        m.sharing_attrs = area_attrs{attrs};
        CHECK(a.offer(m, 1) == bus_result::error);
    }
    CHECK(a.size() == 0);
    CHECK(a.offer(request(1), 1) == bus_result::success);
    CHECK(a.offer(request(1), 2) == bus_result::error); // duplicate
    CHECK(a.offer(request(2), 1) == bus_result::success);
    CHECK(a.offer(request(3), 1) == bus_result::error); // no room
    CHECK(a.size() == 2);
}

// Vectors device_area_attrs_supported and device_area_share_precheck.
TEST_CASE("N11: memory that a device side takes") {
    for (const unsigned attrs : {0x6e4u, 0x6f4u, 0x6f5u, 0xef4u, 0xee5u}) CHECK(is_usual_memory(v2, area_attrs{attrs}));
    for (const unsigned attrs : {0x6f6u, 0x6f0u, 0x6fcu, 0xffff'ffffu, 0x16f4u, 0x6d4u, 0x0u, // of the vectors
                                 0x6c4u, 0x2f4u, 0x674u, 0x4f4u, 0x5f4u})
        CHECK_FALSE(is_usual_memory(v2, area_attrs{attrs}));
    CX_CHECK(is_usual_memory(v2, area_attrs::usual));
    CX_CHECK(!is_usual_memory(v2, area_attrs::usual | area_attrs::executable));
    CX_CHECK(is_usual_memory(old, area_attrs::lend));
    CX_CHECK(!is_usual_memory(old, area_attrs::usual));
    device_areas<v2, 4> a;
    auto m = request(1);
    for (const unsigned attrs : {0x0u, 0x6f0u, 0x6fcu, 0x6f6u, 0x5f4u}) {
        m.sharing_attrs = area_attrs{attrs};
        CHECK(a.offer(m, 1) == bus_result::error);
        device_areas<v2, 4> wide(true);
        CHECK(wide.offer(m, 1) == bus_result::success);
    }
    m = request(1, 0xffff'ffff);
    m.sharing_attrs = area_attrs{0xef4};
    CHECK(a.offer(m, 1) == bus_result::success);
}

TEST_CASE("N11: rfc2025 has 255 areas and two attributes") {
    device_areas<old, 2> a;
    area_share_request m{.area_id = 255, .page_count = 1, .sharing_attrs = area_attrs::lend};
    CHECK(a.offer(m, 0) == bus_result::success);
    m.area_id = 256;
    CHECK(a.offer(m, 0) == bus_result::error);
    m.area_id = 1;
    m.sharing_attrs = area_attrs::usual;
    CHECK(a.offer(m, 0) == bus_result::error);
}

TEST_CASE("N11: memory that cannot be made accessible") {
    bench b;
    REQUIRE(b.areas.offer(request(1), 5) == bus_result::success);
    CHECK(b.areas.refused(1, bus_result::error).error() == errc::bad_state); // nobody has been told yet
    REQUIRE(next_task(b.areas, task::map, 1));
    CHECK(b.areas.refused(1, bus_result::success).error() == errc::bad_state);
    bus_result why = bus_result::error;
    SUBCASE("ERROR") {}
    SUBCASE("BUSY") { why = bus_result::busy; }
    CHECK(b.areas.refused(1, why));
    CHECK_FALSE(b.live(1));
    CHECK(b.areas.mapped(1, b.memory).error() == errc::bad_state);
    const area_notice n = b.areas.poll_response();
    CHECK(n.what == notice::share_response);
    CHECK(n.result == why);
    CHECK(n.token == 5);
    CHECK(b.areas.size() == 0);
    CHECK(nothing_to_do(b.areas));
    CHECK(b.areas.offer(request(1), 5) == bus_result::success); // the id is free
}

TEST_CASE("device_areas: what its owner must not say") {
    bench b;
    CHECK(b.areas.mapped(1, b.memory).error() == errc::bad_state);
    CHECK(b.areas.unmapped(1).error() == errc::bad_state);
    CHECK(b.areas.refused(1, bus_result::error).error() == errc::bad_state);
    REQUIRE(b.areas.offer(request(1, 2), 5) == bus_result::success);
    CHECK(b.areas.mapped(1, b.memory).error() == errc::bad_state); // nobody has been told yet
    REQUIRE(next_task(b.areas, task::map, 1));
    CHECK(b.areas.unmapped(1).error() == errc::bad_state);
    CHECK(b.areas.mapped(1, byte_span{b.memory}.first(2 * area_page_size - 1)).error() == errc::invalid_argument);
    CHECK(b.areas.mapped(1, byte_span{b.memory}.first(2 * area_page_size)));
    CHECK(b.areas.mapped(1, b.memory).error() == errc::bad_state); // twice
    CHECK(b.areas.poll_response().what == notice::share_response);
    CHECK(b.areas.unmapped(1).error() == errc::bad_state);
    REQUIRE(b.areas.take_back(1, 6) == bus_result::success);
    CHECK(b.areas.unmapped(1).error() == errc::bad_state); // nobody has been told yet
    REQUIRE(next_task(b.areas, task::unmap, 1));
    CHECK(b.areas.unmapped(1));
    CHECK(b.areas.unmapped(1).error() == errc::bad_state);
}

TEST_CASE("N11: the size of an area is counted in 64 bits") {
    bench b;
    REQUIRE(b.areas.offer(request(1, 0xffff'ffff), 5) == bus_result::success);
    REQUIRE(next_task(b.areas, task::map, 1));
    CHECK(b.areas.mapped(1, b.memory).error() == errc::invalid_argument); // not 4096 * 0xffffffff in 32 bits
}

TEST_CASE("K5: a doubled AREA_SHARE is answered as the first one") {
    bench b;
    const auto said = [&b](bus_result result) {
        const area_notice n = b.areas.poll_response();
        return n.what == notice::share_response && n.area_id == 1 && n.token == 7 && n.result == result;
    };
    REQUIRE(b.areas.offer(request(1), 7) == bus_result::success);
    CHECK(b.areas.offer(request(1), 7) == bus_result::success);
    REQUIRE(next_task(b.areas, task::map, 1));
    CHECK(nothing_to_do(b.areas));
    CHECK(b.areas.offer(request(1), 7) == bus_result::success);
    SUBCASE("mapped") {
        REQUIRE(b.areas.mapped(1, b.memory));
        CHECK(said(bus_result::success));
        CHECK(b.areas.offer(request(1), 7) == bus_result::success); // while answers are owed
        for (int i = 0; i < 3; ++i) CHECK(said(bus_result::success));
        CHECK(nothing_to_do(b.areas));
        CHECK(b.areas.offer(request(1), 7) == bus_result::success); // after them
        CHECK(said(bus_result::success));
        CHECK(nothing_to_do(b.areas));
        CHECK(b.live(1));
        CHECK(b.areas.take_back(1, 8) == bus_result::success);
        CHECK(b.areas.offer(request(1), 7) == bus_result::error); // not any more
        REQUIRE(next_task(b.areas, task::unmap, 1));
        REQUIRE(b.areas.unmapped(1));
        CHECK(b.areas.poll_response().what == notice::unshare_response);
    }
    SUBCASE("refused") {
        REQUIRE(b.areas.refused(1, bus_result::error));
        for (int i = 0; i < 3; ++i) CHECK(said(bus_result::error));
    }
    SUBCASE("taken back before it is answered") {
        CHECK(b.areas.take_back(1, 8) == bus_result::busy);
        REQUIRE(b.areas.mapped(1, b.memory));
        REQUIRE(next_task(b.areas, task::unmap, 1));
        REQUIRE(b.areas.unmapped(1));
        for (int i = 0; i < 3; ++i) CHECK(said(bus_result::success));
        CHECK(b.areas.poll_release().area_id == 1);
    }
    SUBCASE("forgotten by a reset") {
        b.areas.forget_all();
        CHECK(b.areas.offer(request(1), 7) == bus_result::busy);
        REQUIRE(b.areas.mapped(1, b.memory));
        REQUIRE(next_task(b.areas, task::unmap, 1));
        REQUIRE(b.areas.unmapped(1));
    }
    CHECK(nothing_to_do(b.areas));
    CHECK(b.areas.size() == 0);
}

TEST_CASE("N11: another AREA_SHARE for an area that is there is an error") {
    bench b;
    b.share(1);
    area_share_request other = request(1);
    std::uint16_t token = 1;
    SUBCASE("another token") { token = 2; }
    SUBCASE("other memory") { ++other.mem_handle; }
    SUBCASE("another size") { ++other.page_count; }
    SUBCASE("other attributes") { other.sharing_attrs = area_attrs{0x6e4}; }
    CHECK(b.areas.offer(other, token) == bus_result::error);
    CHECK(nothing_to_do(b.areas));
    CHECK(b.live(1));
}

TEST_CASE("threats 2: a bounded number of answers is owed to one AREA_SHARE") {
    bench b;
    REQUIRE(b.areas.offer(request(1), 7) == bus_result::success);
    for (int i = 0; i < 0xffff; ++i) REQUIRE(b.areas.offer(request(1), 7) == bus_result::success);
    CHECK(b.areas.offer(request(1), 7) == bus_result::error);
}

TEST_CASE("areas: an address resolves only inside a live area") {
    bench b;
    b.share(1, 2);
    const std::uint64_t size = 2 * area_page_size;
    using enum errc;
    CHECK(b.areas.resolve(at(1, 0), size)->size() == size);
    CHECK(b.areas.resolve(at(1, size - 1), 1)->data() == b.memory.data() + size - 1);
    CHECK(b.areas.resolve(at(1, size), 0)->size() == 0);
    CHECK(b.areas.resolve(at(1, 0), size + 1).error() == bad_value);
    CHECK(b.areas.resolve(at(1, 1), size).error() == bad_value);
    CHECK(b.areas.resolve(at(1, size), 1).error() == bad_value);
    CHECK(b.areas.resolve(at(1, size + 1), 0).error() == bad_value);
    CHECK(b.areas.resolve(at(1, 1), ~std::uint64_t{0}).error() == bad_value); // the sum wraps
    CHECK(b.areas.resolve(at(1, 0xffff'ffff'ffff), ~std::uint64_t{0}).error() == bad_value);
    CHECK(b.areas.resolve(at(2, 0), 1).error() == bad_value);
    CHECK(b.areas.resolve(at(0, 0), 1).error() == bad_value);
    CHECK(b.areas.resolve(bus_address{~std::uint64_t{0}}, 1).error() == bad_value);
}

TEST_CASE("N11: an area that is not there cannot be taken back") {
    bench b;
    CHECK(b.areas.take_back(1, 5) == bus_result::error);
    CHECK(b.areas.size() == 0);
}

TEST_CASE("N11: an area that is taken back before it was answered: BUSY, the answer, a release") {
    bench b;
    REQUIRE(b.areas.offer(request(1), 5) == bus_result::success);
    SUBCASE("its owner knows of nothing yet") {}
    SUBCASE("its owner is at it") { REQUIRE(next_task(b.areas, task::map, 1)); }
    CHECK(b.areas.take_back(1, 6) == bus_result::busy);
    CHECK(b.areas.take_back(1, 7) == bus_result::busy);
    static_cast<void>(b.areas.poll_task());
    REQUIRE(b.areas.mapped(1, b.memory));
    CHECK_FALSE(b.live(1));
    REQUIRE(next_task(b.areas, task::unmap, 1));
    CHECK(b.areas.poll_release().what == notice::none);
    REQUIRE(b.areas.unmapped(1));
    CHECK(b.areas.poll_release().what == notice::none); // not before the answer
    const area_notice n = b.areas.poll_response();
    CHECK(n.what == notice::share_response);
    CHECK(n.token == 5); // the answer to AREA_SHARE is that one's
    CHECK(n.result == bus_result::success);
    CHECK(b.areas.poll_release().area_id == 1);
    CHECK(b.areas.size() == 0);
}

TEST_CASE("N11: an area that is taken back while its answer is owed: BUSY, the answer, a release") {
    bench b;
    REQUIRE(b.areas.offer(request(1), 5) == bus_result::success);
    REQUIRE(next_task(b.areas, task::map, 1));
    bus_result outcome = bus_result::success;
    SUBCASE("it is mapped") {
        REQUIRE(b.areas.mapped(1, b.memory));
        CHECK(b.areas.take_back(1, 6) == bus_result::busy);
        CHECK_FALSE(b.live(1));
        REQUIRE(next_task(b.areas, task::unmap, 1));
    }
    SUBCASE("it was refused") {
        outcome = bus_result::error;
        REQUIRE(b.areas.refused(1, outcome));
        CHECK(b.areas.take_back(1, 6) == bus_result::busy);
        CHECK(b.areas.poll_task().what == task::none); // there is nothing to unmap
    }
    const area_notice n = b.areas.poll_response();
    CHECK(n.what == notice::share_response);
    CHECK(n.token == 5);
    CHECK(n.result == outcome);
    if (outcome == bus_result::success) {
        CHECK(b.areas.poll_release().what == notice::none);
        REQUIRE(b.areas.unmapped(1));
    }
    CHECK(b.areas.poll_response().what == notice::none);
    CHECK(b.areas.poll_release().area_id == 1);
    CHECK(b.areas.size() == 0);
    CHECK(b.areas.take_back(1, 7) == bus_result::error);
}

TEST_CASE("N11: taking back what is on its way back is busy, and a release follows the answer") {
    bench b;
    b.share(1);
    REQUIRE(b.areas.take_back(1, 6) == bus_result::success);
    bool again = false;
    SUBCASE("before its owner knows") {
        CHECK(b.areas.take_back(1, 7) == bus_result::busy);
        again = true;
    }
    CHECK(b.areas.offer(request(1), 8) == bus_result::error); // the id is not free
    REQUIRE(next_task(b.areas, task::unmap, 1));
    SUBCASE("while its owner is at it") {
        CHECK(b.areas.take_back(1, 7) == bus_result::busy);
        again = true;
    }
    REQUIRE(b.areas.unmapped(1));
    SUBCASE("before the answer has left") {
        CHECK(b.areas.take_back(1, 7) == bus_result::busy);
        again = true;
    }
    SUBCASE("once") {}
    CHECK(b.areas.poll_release().what == notice::none);
    const area_notice n = b.areas.poll_response();
    CHECK(n.what == notice::unshare_response);
    CHECK(n.token == 6);
    CHECK(b.areas.size() == (again ? 1 : 0));
    CHECK(b.areas.poll_release().what == (again ? notice::release_event : notice::none));
    CHECK(b.areas.size() == 0);
    CHECK(b.areas.take_back(1, 7) == bus_result::error);
    CHECK(nothing_to_do(b.areas));
}

TEST_CASE("N11: a release that could not be sent is owed again") {
    bench b;
    b.share(1);
    REQUIRE(b.areas.pin(1));
    REQUIRE(b.areas.take_back(1, 6) == bus_result::busy);
    b.areas.unpin(1);
    REQUIRE(next_task(b.areas, task::unmap, 1));
    REQUIRE(b.areas.unmapped(1));
    for (int i = 0; i < 3; ++i) {
        CHECK(b.areas.poll_release().area_id == 1);
        CHECK(b.areas.size() == 0);
        b.areas.put_back_release(1);
        CHECK(b.areas.size() == 1);
        CHECK(b.areas.poll_task().what == task::none);
        CHECK(b.areas.take_back(1, 7) == bus_result::busy); // it does come
    }
    CHECK(b.areas.poll_release().area_id == 1);
    CHECK(b.areas.size() == 0);
}

TEST_CASE("threats 2: a device pins what it uses over several calls") {
    bench b;
    CHECK_FALSE(b.areas.pin(1));
    b.share(1);
    REQUIRE(b.areas.pin(1));
    REQUIRE(b.areas.pin(1));
    CHECK(b.areas.take_back(1, 6) == bus_result::busy);
    CHECK_FALSE(b.areas.pin(1)); // wanted back
    b.areas.unpin(1);
    CHECK(b.live(1));
    CHECK(b.areas.poll_task().what == task::none);
    b.areas.unpin(1);
    CHECK_FALSE(b.live(1));
    CHECK(next_task(b.areas, task::unmap, 1));
    b.areas.unpin(1); // nothing left
    b.areas.unpin(9);
    CHECK_FALSE(b.areas.pin(1));
}

TEST_CASE("threats 2: an area in use is not unmapped under a queue; a release follows") {
    bench b;
    b.share(1);
    b.share(2);
    REQUIRE(b.areas.pin(at(1, 0), at(2, 0), at(1, 16)));
    CHECK(b.areas.take_back(1, 6) == bus_result::busy);
    CHECK(b.areas.poll_task().what == task::none);
    CHECK(b.live(1)); // the queue goes on
    CHECK(b.areas.take_back(1, 7) == bus_result::busy);
    b.areas.unpin(at(1, 0), at(2, 0), at(1, 16));
    CHECK_FALSE(b.live(1));
    CHECK(b.live(2));
    REQUIRE(next_task(b.areas, task::unmap, 1));
    CHECK(b.areas.poll_release().what == notice::none); // not before it is unmapped
    REQUIRE(b.areas.unmapped(1));
    CHECK(b.areas.poll_response().what == notice::none); // that was answered with BUSY
    const area_notice n = b.areas.poll_release();
    CHECK(n.what == notice::release_event);
    CHECK(n.area_id == 1);
    CHECK(b.areas.size() == 1);
    CHECK(nothing_to_do(b.areas));
    CHECK(b.areas.take_back(2, 8) == bus_result::success); // nobody uses it any more
}

TEST_CASE("threats 2: references pin areas, as many as there are") {
    bench b;
    b.share(1);
    REQUIRE(b.areas.pin(at(1, 0), at(1, 1), at(1, 2)));
    REQUIRE(b.areas.pin(at(1, 0), at(1, 1), at(1, 2)));
    CHECK(b.areas.take_back(1, 6) == bus_result::busy);
    b.areas.unpin(at(1, 0), at(1, 1), at(1, 2));
    CHECK(b.live(1));
    b.areas.unpin(at(1, 0), at(1, 1), at(1, 2));
    CHECK_FALSE(b.live(1));
    b.areas.unpin(at(1, 0), at(1, 1), at(1, 2)); // nothing left
    CHECK(next_task(b.areas, task::unmap, 1));
    CHECK(b.areas.poll_task().what == task::none);
}

TEST_CASE("threats 2: a queue cannot start on areas that are not there, foreign or on their way back") {
    bench b;
    b.share(1);
    b.share(2);
    REQUIRE(b.areas.offer(request(3), 5) == bus_result::success);
    CHECK_FALSE(b.areas.pin(at(1, 0), at(1, 0), at(4, 0))); // unknown
    CHECK_FALSE(b.areas.pin(at(0, 0), at(1, 0), at(1, 0)));
    CHECK_FALSE(b.areas.pin(at(1, 0), at(1, area_page_size), at(1, 0))); // behind its end
    CHECK_FALSE(b.areas.pin(at(1, 0), at(1, 0), at(1, 0xffff'ffff'ffff)));
    CHECK_FALSE(b.areas.pin(at(1, 0), at(3, 0), at(1, 0))); // not mapped yet
    REQUIRE(b.areas.pin(at(2, 0), at(2, 0), at(2, 0)));
    REQUIRE(b.areas.take_back(2, 6) == bus_result::busy);
    CHECK_FALSE(b.areas.pin(at(1, 0), at(1, 0), at(2, 0))); // wanted back
    CHECK(b.areas.take_back(1, 7) == bus_result::success);  // the failed ones pinned nothing
    CHECK_FALSE(b.areas.pin(at(1, 0), at(1, 0), at(1, 0))); // on its way back
}

TEST_CASE("N12: a reset takes everything back and owes no answers") {
    bench b;
    b.share(1);
    b.share(2);
    REQUIRE(b.areas.pin(at(2, 0), at(2, 0), at(2, 0)));
    REQUIRE(b.areas.offer(request(3), 5) == bus_result::success);
    REQUIRE(b.areas.offer(request(4), 6) == bus_result::success);
    REQUIRE(next_task(b.areas, task::map, 3));
    REQUIRE(b.areas.mapped(3, b.memory));
    REQUIRE(next_task(b.areas, task::map, 4)); // its owner is at it
    b.areas.unpin(at(2, 0), at(2, 0), at(2, 0));
    b.areas.forget_all();
    CHECK(b.areas.poll_response().what == notice::none);      // nobody waits for it any more
    CHECK(b.areas.offer(request(10), 9) == bus_result::busy); // no room yet
    for (std::uint16_t id = 1; id <= 3; ++id) {
        CHECK_FALSE(b.live(id));
        CHECK(next_task(b.areas, task::unmap, id));
        CHECK(b.areas.take_back(id, 9) == bus_result::error);
        CHECK(b.areas.offer(request(id), 9) == bus_result::busy); // not free yet
        CHECK(b.areas.unmapped(id));
    }
    CHECK(b.areas.size() == 1);
    SUBCASE("a mapping that arrives late is undone") {
        REQUIRE(b.areas.mapped(4, b.memory));
        CHECK_FALSE(b.live(4));
        REQUIRE(next_task(b.areas, task::unmap, 4));
        REQUIRE(b.areas.unmapped(4));
    }
    SUBCASE("a mapping that did not work out is nothing") { REQUIRE(b.areas.refused(4, bus_result::error)); }
    CHECK(b.areas.size() == 0);
    CHECK(nothing_to_do(b.areas));
    b.share(1); // of the next driver
}

TEST_CASE("N12: a reset while answers are owed") {
    bench b;
    b.share(1);
    REQUIRE(b.areas.take_back(1, 6) == bus_result::success);
    REQUIRE(next_task(b.areas, task::unmap, 1));
    REQUIRE(b.areas.unmapped(1));
    REQUIRE(b.areas.offer(request(2), 5) == bus_result::success);
    REQUIRE(next_task(b.areas, task::map, 2));
    REQUIRE(b.areas.refused(2, bus_result::error));
    b.areas.forget_all();
    CHECK(nothing_to_do(b.areas));
    CHECK(b.areas.size() == 0);
    b.areas.forget_all();
}
