// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/console_device.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// Takes some bytes at a time, and gives those of the alphabet.
struct terminal {
    std::array<std::uint8_t, 32> printed{};
    std::size_t count = 0;
    std::size_t room = 32; ///< bytes that `write` still takes
    std::size_t typed = 0; ///< bytes that `read` still gives
    std::uint8_t next = 'a';

    constexpr std::size_t write(byte_view from) {
        const std::size_t n = from.size() < room ? from.size() : room;
        for (std::size_t i = 0; i < n; ++i) printed.at(count++) = from[i];
        room -= n;
        return n;
    }
    constexpr std::size_t read(byte_span to) {
        const std::size_t n = to.size() < typed ? to.size() : typed;
        for (std::size_t i = 0; i < n; ++i) to[i] = next++;
        typed -= n;
        return n;
    }
};

struct three_elements {
    std::array<std::uint8_t, 12> bytes{};
    byte_span elements[3]{byte_span{bytes}.first(3), byte_span{bytes}.drop(3).first(4),
                          byte_span{bytes}.drop(7).first(5)};
    constexpr three_elements() {
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0xa0 + i);
    }
    constexpr chain_reader reader() const { return {elements, 3}; }
    constexpr chain_writer writer() const { return {elements, 3}; }
};

constexpr bool output_goes_through_all_elements() {
    three_elements chain;
    terminal t;
    chain_reader request = chain.reader();
    if (serve_console_output(t, request, {}).value_or(1) != 0 || t.count != 12) return false;
    for (std::size_t i = 0; i < 12; ++i)
        if (t.printed[i] != 0xa0 + i) return false;
    return true;
}

constexpr bool output_goes_on_where_it_stopped() {
    three_elements chain;
    terminal t{.room = 5};
    chain_reader request = chain.reader();
    if (serve_console_output(t, request, {}).error() != errc::would_block || t.count != 5) return false;
    if (serve_console_output(t, request, {}).error() != errc::would_block || t.count != 5) return false;
    t.room = 7;
    return serve_console_output(t, request, {}).has_value() && t.count == 12 && t.printed[5] == 0xa5 &&
           t.printed[11] == 0xab;
}

constexpr bool input_fills_what_it_can(std::size_t typed) {
    three_elements chain;
    terminal t{.typed = typed};
    const std::size_t expected = typed < 12 ? typed : 12;
    const auto used = serve_console_input(t, {}, chain.writer());
    if (!used || *used != expected) return false;
    for (std::size_t i = 0; i < 12; ++i)
        if (chain.bytes[i] != (i < expected ? 'a' + i : 0xa0 + i)) return false;
    return true;
}

constexpr bool elements_of_the_wrong_direction_break() {
    three_elements chain;
    terminal t{.typed = 12};
    chain_reader request = chain.reader();
    return serve_console_output(t, request, chain.writer()).error() == errc::bad_value && t.count == 0 &&
           serve_console_input(t, chain.reader(), chain.writer()).error() == errc::bad_value && t.typed == 12 &&
           serve_console_input(t, {}, {}).error() == errc::would_block;
}

// Ports.

constexpr std::array<std::uint8_t, 4> name{'v', 'm', 's', 'g'};

struct device : console_device_ports<3> {
    /// A message of the driver.
    constexpr result<console_control> hear(std::uint32_t id, std::uint16_t event, std::uint16_t value = 1,
                                           std::size_t size = 8) {
        std::array<std::uint8_t, 10> bytes{};
        store_le<std::uint32_t>(bytes.data(), id);
        store_le<std::uint16_t>(bytes.data() + 4, event);
        store_le<std::uint16_t>(bytes.data() + 6, value);
        const byte_span halves[2]{byte_span{bytes}.first(size / 2), byte_span{bytes}.first(size).drop(size / 2)};
        return handle_control(chain_reader{halves, 2}, {});
    }

    /// The next message to the driver is this one, with these bytes behind it.
    constexpr bool says(std::uint32_t id, std::uint16_t event, std::uint16_t value = 1, byte_view more = {},
                        std::size_t room = 16) {
        std::array<std::uint8_t, 16> bytes{};
        bytes.fill(0xa5);
        const byte_span all = byte_span{bytes}.first(room);
        const bool due = control_due();
        const auto used = fill_control({}, chain_writer{&all, 1});
        if (!due || !used || *used != 8 + more.size()) return false;
        return load_le<std::uint32_t>(bytes.data()) == id && load_le<std::uint16_t>(bytes.data() + 4) == event &&
               load_le<std::uint16_t>(bytes.data() + 6) == value && byte_view{bytes}.drop(8).first(more.size()) == more;
    }

    constexpr bool is_silent() {
        std::array<std::uint8_t, 16> bytes{};
        const byte_span all{bytes};
        const bool due = control_due();
        return fill_control({}, chain_writer{&all, 1}).error() == errc::would_block && !due && bytes[0] == 0;
    }
};

constexpr bool a_port_is_introduced() {
    device d;
    if (!d.add_port(1, true, name) || !d.open_port(1, true) || !d.resize_port(1, {80, 25})) return false;
    if (!d.is_silent() || d.driver_ready()) return false; // until the driver speaks
    if (!d.hear(0, 0) || !d.driver_ready()) return false;
    if (!d.says(1, 1) || !d.is_silent() || d.is_ready(1)) return false; // until it has answered
    if (!d.hear(1, 3) || !d.is_ready(1)) return false;
    constexpr std::array<std::uint8_t, 4> size{80, 0, 25, 0};
    if (!d.says(1, 4) || !d.says(1, 7, 1, name) || !d.says(1, 5, 1, size) || !d.says(1, 6) || !d.is_silent())
        return false;
    if (d.is_open(1) || !d.hear(1, 6) || !d.is_open(1) || !d.hear(1, 6, 0) || d.is_open(1)) return false;
    return d.is_silent();
}

constexpr bool a_bare_port_is_introduced() {
    device d;
    return d.hear(0, 0) && d.add_port(0) && d.says(0, 1) && d.hear(0, 3) && d.is_silent() && d.open_port(0, false) &&
           d.is_silent();
}

constexpr bool changes_are_told_once() {
    device d;
    if (!d.add_port(2) || !d.hear(0, 0) || !d.says(2, 1) || !d.hear(2, 3)) return false;
    for (std::uint16_t i = 0; i < 100; ++i)
        if (!d.resize_port(2, {i, 25}) || !d.open_port(2, true) || !d.open_port(2, false) || !d.open_port(2, true))
            return false;
    constexpr std::array<std::uint8_t, 4> size{99, 0, 25, 0};
    if (!d.says(2, 5, 1, size) || !d.says(2, 6) || !d.is_silent()) return false;
    return d.open_port(2, false) && d.says(2, 6, 0) && d.is_silent();
}

constexpr bool ports_are_removed() {
    device d;
    if (!d.add_port(0) || !d.hear(0, 0) || !d.says(0, 1) || !d.hear(0, 3) || !d.hear(0, 6)) return false;
    if (!d.remove_port(0) || d.has(0) || d.is_ready(0) || d.is_open(0)) return false;
    // Another one of the same number before the driver has heard of it.
    if (!d.add_port(0, true) || !d.says(0, 2) || !d.says(0, 1) || !d.is_silent()) return false;
    if (!d.hear(0, 3) || !d.says(0, 4) || !d.is_silent()) return false;
    if (!d.remove_port(0) || !d.says(0, 2) || !d.is_silent()) return false;
    // Nothing is said of a port that the driver never knew.
    return d.add_port(0) && d.remove_port(0) && d.is_silent();
}

constexpr bool a_port_that_comes_and_goes_is_removed_once() {
    device d;
    if (!d.add_port(0) || !d.hear(0, 0) || !d.says(0, 1)) return false;
    for (int i = 0; i < 3; ++i)
        if (!d.remove_port(0) || !d.add_port(0)) return false;
    return d.remove_port(0) && d.says(0, 2) && d.is_silent();
}

constexpr bool refused_ports_are_not_used() {
    device d;
    if (!d.add_port(0, true, name) || !d.open_port(0, true) || !d.hear(0, 0) || !d.says(0, 1)) return false;
    if (!d.hear(0, 3, 0) || d.is_ready(0) || !d.is_silent()) return false;
    return d.hear(0, 6).error() == errc::no_device && !d.is_open(0);
}

constexpr bool repeated_answers_repeat_nothing() {
    device d;
    if (!d.add_port(0, true) || !d.hear(0, 0) || !d.says(0, 1) || !d.hear(0, 3) || !d.says(0, 4)) return false;
    return d.hear(0, 3) && d.hear(0, 0) && d.is_silent() && d.hear(0, 0, 0) && !d.driver_ready() && d.is_silent();
}

constexpr bool reset_tells_everything_again() {
    device d;
    if (!d.add_port(0, true, name) || !d.add_port(1) || !d.open_port(0, true) || !d.hear(0, 0)) return false;
    if (!d.says(0, 1) || !d.says(1, 1) || !d.hear(0, 3) || !d.hear(0, 6) || !d.remove_port(1)) return false;
    d.reset();
    if (d.driver_ready() || d.is_ready(0) || d.is_open(0) || !d.has(0) || d.has(1) || !d.is_silent()) return false;
    if (!d.hear(0, 0) || !d.says(0, 1) || !d.hear(0, 3)) return false; // not that port 1 is gone
    return d.says(0, 4) && d.says(0, 7, 1, name) && d.says(0, 6) && d.is_silent();
}

constexpr bool what_does_not_fit_is_left_out() {
    device d;
    if (!d.add_port(0, true, name) || !d.resize_port(0, {80, 25}) || !d.open_port(0, true) || !d.hear(0, 0))
        return false;
    if (!d.says(0, 1, 1, {}, 8) || !d.hear(0, 3) || !d.says(0, 4, 1, {}, 8)) return false;
    return d.says(0, 6, 1, {}, 11) && d.is_silent();
}

constexpr errc hear_outcome(std::uint32_t id, std::uint16_t event, std::size_t size = 8) {
    device d;
    static_cast<void>(d.add_port(1));
    static_cast<void>(d.hear(0, 0));
    return d.hear(id, event, 1, size).error();
}

constexpr errc fill_outcome(std::size_t readable, std::size_t writable) {
    device d;
    static_cast<void>(d.add_port(1));
    static_cast<void>(d.hear(0, 0));
    std::array<std::uint8_t, 16> bytes{};
    const byte_span in = byte_span{bytes}.first(readable);
    const byte_span out = byte_span{bytes}.first(writable);
    return d.fill_control(chain_reader{&in, 1}, chain_writer{&out, 1}).error();
}

constexpr bool writable_control_requests_break() {
    device d;
    std::array<std::uint8_t, 8> bytes{0, 0, 0, 0, 0, 0, 1, 0};
    const byte_span all{bytes};
    return d.handle_control(chain_reader{&all, 1}, chain_writer{&all, 1}).error() == errc::bad_value &&
           !d.driver_ready();
}

constexpr bool a_device_speaks_of_its_own_ports() {
    device d;
    return d.add_port(3).error() == errc::invalid_argument &&
           d.add_port(0xffff'ffff).error() == errc::invalid_argument && d.add_port(0) &&
           d.add_port(0).error() == errc::invalid_argument && d.remove_port(1).error() == errc::invalid_argument &&
           d.remove_port(3).error() == errc::invalid_argument &&
           d.open_port(1, true).error() == errc::invalid_argument &&
           d.resize_port(1, {}).error() == errc::invalid_argument;
}

constexpr std::uint16_t not_of_a_driver[]{1, 2, 4, 5, 7, 8, 0xffff};

} // namespace

TEST_CASE("SQ10, SQ44: output is the readable bytes of all elements, and nothing is written") {
    CX_CHECK(output_goes_through_all_elements());
}
TEST_CASE("output that the back end does not take yet is not lost") { CX_CHECK(output_goes_on_where_it_stopped()); }
TEST_CASE("SQ40: input fills all elements in turn") {
    CX_CHECK(input_fills_what_it_can(1));
    CX_CHECK(input_fills_what_it_can(3));
    CX_CHECK(input_fills_what_it_can(5));
    CX_CHECK(input_fills_what_it_can(12));
    CX_CHECK(input_fills_what_it_can(20));
}
TEST_CASE("receive queues are writable only, transmit queues readable only") {
    CX_CHECK(elements_of_the_wrong_direction_break());
    CX_CHECK(writable_control_requests_break());
    CX_CHECK(fill_outcome(1, 16) == errc::bad_value);
    CX_CHECK(fill_outcome(0, 7) == errc::bad_value);
    CX_CHECK(fill_outcome(0, 8) == errc::none);
}

TEST_CASE("a driver is told of a port, and of the rest once it can use it") {
    CX_CHECK(a_port_is_introduced());
    CX_CHECK(a_bare_port_is_introduced());
    CX_CHECK(refused_ports_are_not_used());
    CX_CHECK(reset_tells_everything_again());
}
TEST_CASE("only a port that was added is removed, and it is added only once") {
    CX_CHECK(ports_are_removed());
    CX_CHECK(a_port_that_comes_and_goes_is_removed_once());
    CX_CHECK(a_device_speaks_of_its_own_ports());
}
TEST_CASE("SQ73: what is due takes no room") {
    CX_CHECK(changes_are_told_once());
    CX_CHECK(repeated_answers_repeat_nothing());
}
TEST_CASE("a message that does not fit is left out") { CX_CHECK(what_does_not_fit_is_left_out()); }
TEST_CASE("messages of a driver about other ports, of other events and parts of messages are ignored") {
    CX_CHECK(hear_outcome(1, 3) == errc::no_device); // not told yet
    CX_CHECK(hear_outcome(0, 3) == errc::no_device);
    CX_CHECK(hear_outcome(3, 3) == errc::no_device);
    CX_CHECK(hear_outcome(0xffff'ffff, 3) == errc::no_device);
    CX_CHECK(hear_outcome(1, 6) == errc::no_device);
    CX_CHECK(hear_outcome(3, 6) == errc::no_device);
    CX_CHECK(hear_outcome(0xffff'ffff, 6) == errc::no_device);
    for (const std::uint16_t event : not_of_a_driver) CHECK(hear_outcome(1, event) == errc::unknown_id);
    for (std::size_t size = 0; size < 8; ++size) CHECK(hear_outcome(0, 0, size) == errc::truncated);
    CX_CHECK(hear_outcome(0, 0, 10) == errc::none); // more bytes may follow
}
TEST_CASE("a console asks nothing of a back end but what the concept says") {
    archetypes::console_backend nothing;
    three_elements chain;
    chain_reader request = chain.reader();
    CHECK(serve_console_output(nothing, request, {}).error() == errc::would_block);
    CHECK(serve_console_input(nothing, {}, chain.writer()).error() == errc::would_block);
}
