// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/console_driver.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

constexpr console_limits six_ports{.ports = 6, .multiport = true};

struct message {
    std::array<std::uint8_t, 24> bytes{};
    std::size_t size = 8;
    constexpr message(std::uint32_t id, std::uint16_t event, std::uint16_t value = 1, byte_view more = {}) {
        store_le<std::uint32_t>(bytes.data(), id);
        store_le<std::uint16_t>(bytes.data() + 4, event);
        store_le<std::uint16_t>(bytes.data() + 6, value);
        for (std::size_t i = 0; i < more.size(); ++i) bytes[size++] = more[i];
    }
    constexpr operator byte_view() const { return byte_view{bytes}.first(size); }
};

/// A driver with room for four ports, to which some are added.
struct ports : console_ports<4> {
    constexpr explicit ports(bool first = true, bool second = false) {
        start(six_ports);
        if (first) static_cast<void>(handle_control(message{0, 1}));
        if (second) static_cast<void>(handle_control(message{3, 1}));
    }
};

constexpr bool ports_come_and_go() {
    ports p{false};
    if (p.has(2)) return false;
    const auto added = p.handle_control(message{2, 1});
    if (!added || added->kind != console_news_kind::port_added || added->port != 2 || !added->has_reply ||
        added->reply != console_control{.id = 2, .event = console_event::port_ready, .value = 1} || !p.has(2))
        return false;
    if (!p.handle_control(message{2, 4}) || !p.handle_control(message{2, 6}) || !p.is_console(2) || !p.is_open(2))
        return false;
    const auto removed = p.handle_control(message{2, 2});
    if (!removed || removed->kind != console_news_kind::port_removed || removed->port != 2 || removed->has_reply)
        return false;
    if (p.has(2) || p.is_console(2) || p.is_open(2)) return false;
    // The next one of that number is another one.
    return p.handle_control(message{2, 1}) && p.has(2) && !p.is_console(2) && !p.is_open(2);
}

constexpr bool ports_without_room_are_refused() {
    ports p;
    for (std::uint32_t id = 4; id < 6; ++id) {
        const auto added = p.handle_control(message{id, 1});
        if (!added || added->kind != console_news_kind::port_refused || !added->has_reply ||
            added->reply != console_control{.id = id, .event = console_event::port_ready, .value = 0} || p.has(id))
            return false;
    }
    return p.refused() == 2 && p.handle_control(message{4, 6}).error() == errc::bad_value;
}

constexpr bool consoles_are_opened() {
    ports p;
    const auto news = p.handle_control(message{0, 4});
    return news && news->kind == console_news_kind::port_is_console && news->has_reply &&
           news->reply == console_control{.id = 0, .event = console_event::port_open, .value = 1} && p.is_console(0);
}

constexpr bool device_opens_and_closes() {
    ports p;
    auto news = p.handle_control(message{0, 6, 1});
    if (!news || news->kind != console_news_kind::opened || !p.is_open(0)) return false;
    news = p.handle_control(message{0, 6, 0});
    if (!news || news->kind != console_news_kind::closed || p.is_open(0) || news->has_reply) return false;
    // Only 1 says yes.
    news = p.handle_control(message{0, 6, 2});
    return news && news->kind == console_news_kind::closed && !p.is_open(0);
}

constexpr bool sizes_are_columns_and_rows() {
    constexpr std::array<std::uint8_t, 6> more{0x50, 0, 0x19, 1, 0xff, 0xff}; // and what may follow
    ports p;
    const auto news = p.handle_control(message{0, 5, 0, more});
    if (!news || news->kind != console_news_kind::resized || news->size != console_size{.cols = 80, .rows = 281})
        return false;
    for (std::size_t size = 0; size < 4; ++size)
        if (p.handle_control(message{0, 5, 0, byte_view{more}.first(size)}).error() != errc::truncated) return false;
    return true;
}

constexpr bool named(byte_view sent, byte_view got) {
    ports p;
    const message m{0, 7, 1, sent};
    const auto news = p.handle_control(m);
    return news && news->kind == console_news_kind::named && news->name == got && !news->has_reply;
}

constexpr errc outcome(const message& m, bool multiport = true) {
    ports p;
    if (!multiport) p.start({.ports = 6});
    return p.handle_control(m).error();
}

constexpr errc short_outcome(std::size_t size) {
    const message m{0, 4};
    ports p;
    const errc e = p.handle_control(byte_view{m.bytes}.first(size)).error();
    return p.is_console(0) && e != errc::none ? errc::peer_error : e;
}

constexpr bool unknown(std::uint16_t event) {
    ports p;
    const auto news = p.handle_control(message{0xffff'ffff, event});
    return news && news->kind == console_news_kind::nothing && !news->has_reply;
}

constexpr bool start_forgets() {
    ports p{true, true};
    static_cast<void>(p.handle_control(message{3, 4}));
    static_cast<void>(p.handle_control(message{5, 1}));
    p.start(six_ports);
    if (p.has(0) || p.has(3) || p.is_console(3) || p.refused() != 0) return false;
    p.start({});
    return p.has(0) && !p.has(1);
}

constexpr bool driver_opens_what_is_there() {
    const ports p{true, true};
    return *p.open_message(3, true) == console_control{.id = 3, .event = console_event::port_open, .value = 1} &&
           *p.open_message(0, false) == console_control{.id = 0, .event = console_event::port_open, .value = 0} &&
           p.open_message(1, true).error() == errc::invalid_argument &&
           p.open_message(4, true).error() == errc::invalid_argument &&
           p.open_message(0xffff'ffff, true).error() == errc::invalid_argument;
}

constexpr result<std::uint32_t> taken(completion done, std::size_t room = 8) {
    std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::uint8_t, 8> to{};
    const auto count = take_console_input(done, {bus_address{0x1000}, bytes}, byte_span{to}.first(room));
    for (std::size_t i = 0; i < to.size(); ++i)
        if (to[i] != (i < count.value_or(0) ? bytes[i] : 0)) return errc::retry;
    return count;
}

constexpr bool control_is_encoded() {
    constexpr std::array<std::uint8_t, 9> golden{0, 0, 0, 0, 0, 0, 1, 0, 0xa5};
    std::array<std::uint8_t, 9> bytes{};
    bytes.fill(0xa5);
    if (encode_console_control(byte_span{bytes}.first(7), console_ready()).error() != errc::oversize) return false;
    if (bytes[0] != 0xa5 || !encode_console_control(bytes, console_ready()) || bytes != golden) return false;
    return console_ready(false).value == 0 && console_ready(false).event == console_event::device_ready;
}

constexpr std::uint16_t about_ports[]{2, 4, 5, 6, 7}; // all but ADD
constexpr std::array<std::uint8_t, 5> with_nul{'a', 'b', 0, 'c', 0};
constexpr std::array<std::uint8_t, 2> plain{'a', 'b'};

} // namespace

TEST_CASE("ports are added and removed, and each new one is answered") {
    CX_CHECK(ports_come_and_go());
    CX_CHECK(ports_without_room_are_refused());
    CX_CHECK(start_forgets());
}
TEST_CASE("a port that is a console is opened") { CX_CHECK(consoles_are_opened()); }
TEST_CASE("the device opens and closes ports") { CX_CHECK(device_opens_and_closes()); }
TEST_CASE("a size is columns, then rows") { CX_CHECK(sizes_are_columns_and_rows()); }
TEST_CASE("a name ends with the message or at its first NUL") {
    CX_CHECK(named(plain, plain));
    CX_CHECK(named(with_nul, plain));
    CX_CHECK(named({}, {}));
}

TEST_CASE("a port is compared with the maximum before any use") {
    CX_CHECK(outcome({5, 1}) == errc::none);
    CX_CHECK(outcome({6, 1}) == errc::bad_value);
    CX_CHECK(outcome({32767, 1}) == errc::bad_value);
    CX_CHECK(outcome({0xffff'ffff, 1}) == errc::bad_value);
    for (const std::uint16_t event : about_ports) {
        CHECK(outcome({6, event}) == errc::bad_value);
        CHECK(outcome({0xffff'ffff, event}) == errc::bad_value);
    }
}
TEST_CASE("a port is added once, and nothing else is said about one that is not there") {
    CX_CHECK(outcome({0, 1}) == errc::bad_value);
    for (const std::uint16_t event : about_ports) CHECK(outcome({1, event}) == errc::bad_value);
}
TEST_CASE("messages that are too short change nothing") {
    for (std::size_t size = 0; size < 8; ++size) CHECK(short_outcome(size) == errc::truncated);
    CX_CHECK(short_outcome(8) == errc::none);
}
TEST_CASE("unknown control events, and those that only a driver sends, are ignored") {
    CX_CHECK(unknown(0));
    CX_CHECK(unknown(3));
    CX_CHECK(unknown(8));
    CX_CHECK(unknown(0xffff));
}
TEST_CASE("without MULTIPORT there is no control message") { CX_CHECK(outcome({0, 1}, false) == errc::bad_state); }
TEST_CASE("a driver opens and closes only ports that are there") { CX_CHECK(driver_opens_what_is_there()); }
TEST_CASE("control messages of a driver are 8 bytes") { CX_CHECK(control_is_encoded()); }

TEST_CASE("SQ42, SQ47: input is what the device reports, and no more than was lent") {
    CX_CHECK(*taken({.written = 8, .capacity = 8}) == 8);
    CX_CHECK(*taken({.written = 3, .capacity = 8}) == 3);
    CX_CHECK(*taken({.written = 0, .capacity = 8}) == 0);
    CX_CHECK(*taken({.written = 3, .capacity = 8}, 3) == 3);
    CX_CHECK(taken({.written = 3, .capacity = 8}, 2).error() == errc::oversize);
    CX_CHECK(taken({.written = 9, .capacity = 9}).error() == errc::bad_value);
    CX_CHECK(taken({.written = 8, .capacity = 8, .status = errc::aborted}).error() == errc::aborted);
    CX_CHECK(taken({.written = 8, .capacity = 8, .status = errc::bad_length}).error() == errc::bad_length);
}
