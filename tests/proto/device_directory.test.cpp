// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/device_directory.hpp>

#include "support/check.hpp"

#include <initializer_list>
#include <set>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

using enum driver_event_kind;

template <std::size_t N> bool next(device_directory<N>& d, driver_event_kind kind, std::uint16_t number) {
    const driver_event e = d.poll();
    return e.kind == kind && e.dev_num == number;
}
template <std::size_t N>
bool next(device_directory<N>& d, driver_event_kind kind, std::uint16_t number, std::uint32_t index) {
    const driver_event e = d.poll();
    return e.kind == kind && e.dev_num == number && e.index == index;
}
template <std::size_t N> bool quiet(device_directory<N>& d) { return d.poll().kind == none; }

template <std::size_t N> result<std::uint16_t> first_unseen(const device_directory<N>& d, std::uint16_t round) {
    std::size_t place = 0;
    return d.unseen(round, place);
}

/// A directory whose user knows these devices.
template <std::size_t N> device_directory<N> knowing(std::initializer_list<std::uint16_t> numbers) {
    device_directory<N> d;
    for (const std::uint16_t n : numbers) CHECK(d.add(n, 1));
    for (const std::uint16_t n : numbers) CHECK(next(d, device_added, n));
    CHECK(quiet(d));
    return d;
}

constexpr bool works_in_a_constant_expression() {
    device_directory<2> d;
    if (!d.add(7, 1) || !d.add(7, 1) || !d.add(9, 1) || d.add(8, 1) || d.size() != 2) return false;
    d.used(7, 3);
    d.remove(9);
    if (d.find(9) != nullptr || d.find(7) == nullptr || d.size() != 1) return false;
    if (d.poll().kind != device_added || d.poll().kind != used) return false;
    return d.poll().kind == none && d.add(8, 1); // 9 came and went unheard
}

} // namespace

TEST_CASE("device_directory: in a constant expression") { CX_CHECK(works_in_a_constant_expression()); }

TEST_CASE("device_directory: a device is announced once") {
    device_directory<4> d;
    CHECK(d.find(5) == nullptr);
    CHECK(d.add(5, 1));
    CHECK(d.add(5, 1));
    CHECK(d.size() == 1);
    CHECK(next(d, device_added, 5));
    CHECK(quiet(d));
    CHECK(d.add(5, 2)); // a later enumeration, or a repeated event
    CHECK(quiet(d));
    CHECK(d.find(5) != nullptr);
}

TEST_CASE("device_directory: more devices than there is room for") {
    device_directory<2> d;
    CHECK(d.add(1, 1));
    CHECK(d.add(2, 1));
    CHECK_FALSE(d.add(3, 1));
    CHECK(d.add(1, 1));
    CHECK(d.size() == 2);
    CHECK(d.find(3) == nullptr);
    d.remove(1);
    CHECK_FALSE(d.add(3, 1)); // its user has not heard of the removal
    CHECK(next(d, device_added, 2));
    CHECK(quiet(d));
    CHECK(d.add(3, 1));
}

TEST_CASE("device_directory: a removed device is gone at once, and forgotten when its user knows") {
    auto d = knowing<2>({4});
    d.find(4)->config_size = 99;
    d.remove(4);
    CHECK(d.find(4) == nullptr);
    CHECK(d.size() == 0);
    d.remove(4);
    CHECK(next(d, device_removed, 4));
    CHECK(quiet(d));
    CHECK(d.add(4, 1));
    CHECK(d.find(4)->config_size == 0); // another device
    CHECK(next(d, device_added, 4));
    d.remove(77); // never there
    CHECK(quiet(d));
}

TEST_CASE("device_directory: news that a removal makes pointless are not told") {
    auto d = knowing<2>({4});
    d.used(4, 0);
    d.config_changed(4);
    d.kick_lost(4, 1);
    d.remove(4);
    d.config_changed(4);
    CHECK(next(d, device_removed, 4));
    CHECK(quiet(d));
}

TEST_CASE("device_directory: removed and there again is two pieces of news, however often it happens") {
    auto d = knowing<2>({4});
    d.find(4)->status = device_status::driver_ok;
    d.remove(4);
    CHECK(d.add(4, 2));
    CHECK(d.find(4) == nullptr); // not before its user has heard
    d.remove(4);
    CHECK(d.add(4, 2));
    CHECK(next(d, device_removed, 4));
    CHECK(next(d, device_added, 4));
    CHECK(quiet(d));
    REQUIRE(d.find(4) != nullptr);
    CHECK(d.find(4)->status == device_status::reset);

    d.remove(4);
    CHECK(d.add(4, 3));
    d.remove(4);
    CHECK(next(d, device_removed, 4));
    CHECK(quiet(d));
    CHECK(d.find(4) == nullptr);
}

TEST_CASE("device_directory: devices that an enumeration has not seen") {
    auto d = knowing<4>({1, 2, 3});
    CHECK(first_unseen(d, 1).error() == errc::no_device);
    CHECK(d.add(2, 2));
    CHECK(*first_unseen(d, 2) == 1);
    d.remove(1);
    CHECK(*first_unseen(d, 2) == 3);
    d.remove(3);
    CHECK(first_unseen(d, 2).error() == errc::no_device);
}

TEST_CASE("device_directory: a device that came back and was not seen again is gone") {
    auto d = knowing<4>({1});
    d.remove(1);
    CHECK(d.add(1, 1));
    REQUIRE(*first_unseen(d, 2) == 1);
    d.remove(1);
    CHECK(first_unseen(d, 2).error() == errc::no_device);
    CHECK(next(d, device_removed, 1));
    CHECK(quiet(d));
}

TEST_CASE("device_directory: news of one kind merge") {
    auto d = knowing<2>({4});
    for (int i = 0; i < 3; ++i) {
        d.used(4, 0);
        d.used(4, 63);
        d.config_changed(4);
        d.kick_lost(4, 2);
    }
    CHECK(next(d, config_changed, 4));
    CHECK(next(d, kick_lost, 4, 2));
    CHECK(next(d, used, 4, 0));
    CHECK(next(d, used, 4, 63));
    CHECK(quiet(d));
    d.used(4, 0);
    CHECK(next(d, used, 4, 0));
    CHECK(quiet(d));
}

TEST_CASE("device_directory: queues from 64 on mean all of them") {
    auto d = knowing<2>({4});
    d.used(4, 5);
    d.used(4, 64);
    d.used(4, 65535);
    CHECK(next(d, used, 4, every_queue));
    CHECK(quiet(d));
}

TEST_CASE("device_directory: several lost kicks mean all queues, so that none is forgotten") {
    auto d = knowing<2>({4});
    d.kick_lost(4, 1);
    d.kick_lost(4, 7);
    CHECK(next(d, kick_lost, 4, every_queue));
    CHECK(quiet(d));
    d.kick_lost(4, 1);
    CHECK(next(d, kick_lost, 4, 1));
    d.kick_lost(4, 7); // the first one has been told
    CHECK(next(d, kick_lost, 4, 7));
    CHECK(quiet(d));
}

TEST_CASE("device_directory: news of devices that are not there are ignored") {
    device_directory<2> d;
    d.used(1, 0);
    d.config_changed(1);
    d.kick_lost(1, 0);
    d.remove(1);
    CHECK(quiet(d));
}

TEST_CASE("device_directory: every device is heard of, whatever the order") {
    auto d = knowing<4>({10, 20, 30, 40});
    for (int round = 0; round < 5; ++round) { // the ring of news goes around
        d.used(30, 1);
        d.used(10, 1);
        d.remove(20);
        CHECK(d.add(20, 1));
        d.used(40, 1);
        CHECK(next(d, used, 30));
        CHECK(next(d, used, 10));
        CHECK(next(d, device_removed, 20));
        CHECK(next(d, device_added, 20));
        CHECK(next(d, used, 40));
        CHECK(quiet(d));
    }
}
