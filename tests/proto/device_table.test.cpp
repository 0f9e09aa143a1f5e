// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/device_table.hpp>

#include "proto/support/test_device.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <vector>

using namespace proto_test;

namespace {

using kind = owed_event::kind;

struct device {
    test_device model{};
    attached<test_device> port{model};
};

template <class Table> bool next(Table& t, kind what, std::uint16_t number, std::uint32_t vq_index = 0) {
    const owed_event e = t.poll_event();
    return e.what == what && e.dev_num == number && e.vq_index == vq_index;
}
template <class Table> bool quiet(Table& t) { return t.poll_event().what == kind::none; }

/// The bits that are set in the report of a window, and the number to go on with.
template <class Table>
std::vector<unsigned> report(const Table& t, std::uint16_t offset, std::size_t count, unsigned next) {
    std::vector<std::uint8_t> bitmap((count + 7) / 8 + 1);
    CHECK(t.report(offset, count, bitmap.data()) == next);
    std::vector<unsigned> found;
    for (std::size_t i = 0; i < 8 * bitmap.size(); ++i)
        if ((bitmap[i / 8] >> i % 8 & 1) != 0) {
            CHECK(i < count); // B1: unused bits are 0
            found.push_back(static_cast<unsigned>(offset + i));
        }
    return found;
}

constexpr bool works_in_a_constant_expression() {
    device d;
    device_table<2> t;
    if (!t.attach(5, d.port, true) || t.find(5) != &d.port || t.find(6) != nullptr) return false;
    if (t.poll_event().what != kind::added || t.poll_event().what != kind::none) return false;
    std::uint8_t bitmap[1]{};
    if (t.report(0, 8, bitmap) != 0 || bitmap[0] != 0x20) return false;
    t.detach(5, true);
    return t.find(5) == nullptr && t.poll_event().what == kind::removed && t.poll_event().what == kind::none;
}

} // namespace

TEST_CASE("device_table: in a constant expression") { CX_CHECK(works_in_a_constant_expression()); }

TEST_CASE("device_table: numbers are unique and bounded") {
    device a, b, c;
    device_table<2> t;
    CHECK(t.attach(1, a.port, false));
    CHECK(t.attach(1, b.port, false).error() == errc::invalid_argument);
    CHECK(t.attach(65535, b.port, false));
    CHECK(t.attach(3, c.port, false).error() == errc::full);
    CHECK(t.find(1) == &a.port);
    CHECK(t.find(65535) == &b.port);
    t.detach(1, false);
    CHECK(t.attach(3, c.port, false));
    CHECK(quiet(t)); // nobody was there to be told
}

TEST_CASE("B3, B5: ADDED and REMOVED, when there is a driver to be told") {
    device a;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, true));
    CHECK(next(t, kind::added, 1));
    CHECK(quiet(t));
    t.detach(1, true);
    CHECK(t.find(1) == nullptr);
    CHECK(next(t, kind::removed, 1));
    CHECK(quiet(t));
    CHECK(t.slots() <= 1);
    CHECK(t.at_slot(0) == nullptr);
}

TEST_CASE("B5: a device that came and went unheard of is no news") {
    device a, b;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, true));
    t.detach(1, true);
    CHECK(t.find(1) == nullptr);
    CHECK(quiet(t));
    REQUIRE(t.attach(2, a.port, false));
    REQUIRE(t.attach(3, b.port, false)); // both places are free
}

TEST_CASE("B5: a number that was used again is removed and then added") {
    device a, b;
    device_table<1> t;
    REQUIRE(t.attach(1, a.port, false));
    t.detach(1, true);
    CHECK(t.attach(2, b.port, true).error() == errc::full); // until the driver knows
    REQUIRE(t.attach(1, b.port, true));
    CHECK(t.find(1) == &b.port);
    t.detach(1, true);
    REQUIRE(t.attach(1, a.port, true));
    CHECK(next(t, kind::removed, 1));
    CHECK(next(t, kind::added, 1));
    CHECK(quiet(t));
    CHECK(t.find(1) == &a.port);
    t.detach(1, true);
    REQUIRE(t.attach(1, b.port, true));
    t.detach(1, true);
    CHECK(next(t, kind::removed, 1));
    CHECK(quiet(t));
    CHECK(t.attach(2, b.port, true));
}

TEST_CASE("B5: a removal that the driver has to be told stays one, whatever comes after it") {
    device a, b;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, false));
    t.detach(1, true);
    REQUIRE(t.attach(1, b.port, false));
    t.detach(1, false);
    CHECK(next(t, kind::removed, 1));
    CHECK(quiet(t));
}

TEST_CASE("device_table: events of a device that has gone are not told") {
    device a;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, false));
    a.port.queue(0).used = true;
    a.port.config_changed = true;
    t.list(1);
    t.detach(1, true);
    CHECK(next(t, kind::removed, 1));
    CHECK(quiet(t));
    REQUIRE(t.attach(2, a.port, false));
    t.list(2);
    t.detach(2, false);
    CHECK(quiet(t));
    CHECK(t.find(2) == nullptr);
}

TEST_CASE("V3: each used queue is one event, queues and devices take turns") {
    device a, b;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, false));
    REQUIRE(t.attach(2, b.port, false));
    for (int i = 0; i < 3; ++i)
        for (std::uint32_t q = 0; q < 3; ++q) {
            a.port.queue(q).used = true;
            t.list(1);
        }
    b.port.queue(2).used = true;
    b.port.config_changed = true;
    t.list(2);
    CHECK(next(t, kind::used, 1, 1));
    CHECK(next(t, kind::config_changed, 2));
    CHECK(next(t, kind::used, 1, 2));
    CHECK(next(t, kind::used, 2, 2));
    a.port.queue(1).used = true; // a queue that is always used does not hide the others
    CHECK(next(t, kind::used, 1, 0));
    CHECK(next(t, kind::used, 1, 1));
    CHECK(quiet(t));
    CHECK_FALSE(a.port.queue(1).used);
    CHECK_FALSE(b.port.config_changed);
}

TEST_CASE("device_table: without a driver there are no events") {
    device a, b, c;
    device_table<3> t;
    REQUIRE(t.attach(1, a.port, true));
    REQUIRE(t.attach(2, b.port, false));
    REQUIRE(t.attach(3, c.port, false));
    t.list(2);
    t.detach(3, true);
    t.forget_events();
    CHECK(quiet(t));
    CHECK(t.find(1) == &a.port);
    CHECK(t.find(2) == &b.port);
    CHECK(t.find(3) == nullptr);
    CHECK(t.attach(4, c.port, false)); // the place of 3 is free
    t.list(1);
    a.port.queue(0).used = true;
    CHECK(next(t, kind::used, 1));
}

TEST_CASE("B1: the report of a window") {
    device devices[5];
    device_table<8> t;
    device* d = devices;
    for (const int n : {0, 7, 8, 300, 65535}) REQUIRE(t.attach(static_cast<std::uint16_t>(n), d++->port, false));
    CHECK(report(t, 0, 8, 8) == std::vector<unsigned>{0, 7});
    CHECK(report(t, 0, 9, 9) == std::vector<unsigned>{0, 7, 8});
    CHECK(report(t, 0, 1, 1) == std::vector<unsigned>{0});
    CHECK(report(t, 8, 256, 264) == std::vector<unsigned>{8});
    CHECK(report(t, 9, 720, 729) == std::vector<unsigned>{300});
    CHECK(report(t, 301, 720, 1021).empty());
    CHECK(report(t, 65280, 256, 0) == std::vector<unsigned>{65535});
    CHECK(report(t, 65535, 1, 0) == std::vector<unsigned>{65535});
    t.detach(65535, false);
    CHECK(report(t, 0, 720, 0) == std::vector<unsigned>{0, 7, 8, 300});
    CHECK(report(t, 300, 1, 0) == std::vector<unsigned>{300});
    CHECK(report(t, 301, 8, 0).empty());
}

TEST_CASE("B1: an empty window") {
    device a, b;
    device_table<8> t;
    CHECK(report(t, 0, 0, 0).empty());
    REQUIRE(t.attach(5, a.port, false));
    REQUIRE(t.attach(40, b.port, false));
    CHECK(report(t, 0, 0, 5).empty()); // progress, to where there is one
    CHECK(report(t, 5, 0, 40).empty());
    CHECK(report(t, 40, 0, 0).empty());
}

TEST_CASE("device_table: places can be visited") {
    device a, b;
    device_table<4> t;
    REQUIRE(t.attach(1, a.port, false));
    REQUIRE(t.attach(2, b.port, false));
    t.detach(1, false);
    std::size_t there = 0;
    for (std::size_t i = 0; i < t.slots(); ++i)
        if (t.at_slot(i) != nullptr) {
            ++there;
            CHECK(t.at_slot(i) == &b.port);
        }
    CHECK(there == 1);
}

TEST_CASE("device_table: without a driver a device that has gone leaves its place, whatever it had to say") {
    device a, b, c;
    device_table<3> t;
    REQUIRE(t.attach(1, a.port, false));
    REQUIRE(t.attach(2, b.port, false));
    REQUIRE(t.attach(3, c.port, false));
    for (const std::uint16_t n : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) t.list(n);
    c.port.queue(0).used = true;
    t.detach(2, false);
    CHECK(t.attach(4, b.port, false));
    t.list(4);
    CHECK(next(t, kind::used, 3)); // the list is in order
    CHECK(quiet(t));
}

TEST_CASE("V4: events that could not be sent are owed again") {
    device a, b;
    device_table<2> t;
    REQUIRE(t.attach(1, a.port, true));
    owed_event e = t.poll_event();
    CHECK(e.what == kind::added);
    CHECK(t.put_back(e));
    CHECK(next(t, kind::added, 1));
    a.port.note_change(4, 2);
    t.list(1);
    e = t.poll_event();
    CHECK(e.changed_offset == 4);
    CHECK(e.changed_length == 2);
    a.port.note_change(8, 1);
    t.list(1);
    CHECK(t.put_back(e));
    e = t.poll_event();
    CHECK(e.what == kind::config_changed);
    CHECK(e.changed_length == 0); // any of it
    a.port.queue(1).used = true;
    t.list(1);
    e = t.poll_event();
    CHECK(t.put_back(e)); // of a queue that is not enabled any more
    CHECK(quiet(t));
    a.port.queue(1).enabled = true;
    CHECK(t.put_back(e));
    CHECK(next(t, kind::used, 1, 1));

    t.detach(1, true);
    e = t.poll_event();
    CHECK(e.what == kind::removed);
    CHECK(t.put_back(e));
    CHECK(next(t, kind::removed, 1));
    CHECK(t.put_back({.what = kind::used, .dev_num = 1})); // of a device that has gone
    CHECK(t.put_back({.what = kind::added, .dev_num = 1}));
    CHECK(quiet(t));
    REQUIRE(t.attach(2, a.port, false));
    REQUIRE(t.attach(3, b.port, false));
    CHECK_FALSE(t.put_back(e)); // no room
    CHECK(t.put_back({}));
    CHECK(quiet(t));
}
