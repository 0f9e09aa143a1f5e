// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/console.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// Byte i of the wire form is i.
constexpr console_config counted{.cols = 0x0100, .rows = 0x0302, .max_nr_ports = 0x0706'0504, .emerg_wr = 0x0b0a'0908};

constexpr std::array<std::uint8_t, console_config_size> counted_bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

constexpr feature_set all_features{console_feature::size, console_feature::multiport, console_feature::emerg_write};

constexpr bool config_is_encoded() {
    std::array<std::uint8_t, console_config_size + 1> bytes{};
    bytes.fill(0xa5);
    if (encode_console_config(byte_span{bytes}.first(11), counted).error() != errc::oversize || bytes[0] != 0xa5)
        return false;
    return encode_console_config(bytes, counted) && bytes.back() == 0xa5 &&
           byte_view{bytes}.first(console_config_size) == byte_view{counted_bytes};
}

constexpr result<console_config> decoded(std::size_t size, feature_set offered) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(0xa5);
    for (std::size_t i = 0; i < console_config_size; ++i) bytes[i] = counted_bytes[i];
    return decode_console_config(byte_view{bytes}.first(size), offered);
}

constexpr bool control_bytes() {
    constexpr std::array<std::uint8_t, 8> golden{4, 3, 2, 1, 7, 0, 0x34, 0x12};
    constexpr console_control m{.id = 0x0102'0304, .event = console_event::port_name, .value = 0x1234};
    std::array<std::uint8_t, 8> bytes{};
    bytes.fill(0xa5);
    wire::byte_sink sink{bytes.data()};
    layout_of<console_control, newest_revision>::put<0>(sink, m);
    console_control back;
    layout_of<console_control, newest_revision>::get<0>(wire::byte_source{bytes.data()}, back);
    return bytes == golden && back == m;
}

constexpr bool queues_and_ports_agree() {
    for (std::uint32_t port = 0; port < 1000; ++port) {
        const std::uint32_t in = console_receive_queue(port);
        const std::uint32_t out = console_transmit_queue(port);
        if (out != in + 1 || in != (port == 0 ? 0 : 2 * port + 2)) return false;
        if (console_queue_of(in) != console_queue{console_queue_kind::receive, port}) return false;
        if (console_queue_of(out) != console_queue{console_queue_kind::transmit, port}) return false;
        if (console_queue_count(port + 1, true) != (port == 0 ? 4 : out + 1)) return false;
    }
    return true;
}

constexpr bool emergency_bytes() {
    std::array<std::uint8_t, 5> bytes{};
    bytes.fill(0xa5);
    if (encode_emergency_write(byte_span{bytes}.first(3), 'x').error() != errc::oversize || bytes[0] != 0xa5)
        return false;
    if (!encode_emergency_write(bytes, 'x') || bytes != std::array<std::uint8_t, 5>{'x', 0, 0, 0, 0xa5}) return false;
    return decode_emergency_write(8, byte_view{bytes}.first(4)).value_or(0) == 'x';
}

constexpr errc emergency_outcome(std::uint32_t offset, std::size_t size) {
    constexpr std::array<std::uint8_t, 12> bytes{'a'};
    return decode_emergency_write(offset, byte_view{bytes}.first(size)).error();
}

} // namespace

TEST_CASE("the configuration of a console on the wire") {
    CX_CHECK(config_is_encoded());
    CX_CHECK(*decoded(12, all_features) == console_config{.cols = 0x0100, .rows = 0x0302, .max_nr_ports = 0x0706'0504});
}

TEST_CASE("a field is read only if its feature is offered; longer spaces are accepted") {
    CX_CHECK(*decoded(0, {}) == console_config{});
    CX_CHECK(*decoded(32, {}) == console_config{});
    CX_CHECK(*decoded(32, feature_set{console_feature::emerg_write}) == console_config{}); // it says nothing
    CX_CHECK(*decoded(4, feature_set{console_feature::size}) == console_config{.cols = 0x0100, .rows = 0x0302});
    CX_CHECK(decoded(3, feature_set{console_feature::size}).error() == errc::truncated);
    CX_CHECK(*decoded(8, feature_set{console_feature::multiport}) == console_config{.max_nr_ports = 0x0706'0504});
    CX_CHECK(decoded(7, feature_set{console_feature::multiport}).error() == errc::truncated);
    CX_CHECK(decoded(0, feature_set{console_feature::multiport}).error() == errc::truncated);
}

TEST_CASE("control messages on the wire") { CX_CHECK(control_bytes()); }

TEST_CASE("queues: 0 and 1, two for control, then two for each port") {
    CX_CHECK(console_queue_of(2) == console_queue{console_queue_kind::control_receive, 0});
    CX_CHECK(console_queue_of(3) == console_queue{console_queue_kind::control_transmit, 0});
    CX_CHECK(console_receive_queue(1) == 4);
    CX_CHECK(console_transmit_queue(1) == 5);
    CX_CHECK(console_queue_count(1, false) == 2);
    CX_CHECK(console_queue_count(1, true) == 4);
    CX_CHECK(queues_and_ports_agree());
}

TEST_CASE("queues: numbers are computed in 32 bits") {
    CX_CHECK(console_transmit_queue(max_console_ports - 1) == 65535);
    CX_CHECK(console_queue_count(max_console_ports, true) == 65536);
    CX_CHECK(console_queue_of(65535) == console_queue{console_queue_kind::transmit, 32766});
    CX_CHECK(console_queue_of(0xffff'ffff) == console_queue{console_queue_kind::transmit, 0x7fff'fffe});
}

TEST_CASE("limits: no ports count as one, and there are never more than have queues") {
    constexpr feature_set offered = all_features;
    CX_CHECK(limits_of(console_config{.cols = 80, .rows = 25, .max_nr_ports = 7}, offered, offered) ==
             console_limits{.ports = 7,
                            .multiport = true,
                            .emergency_write = true,
                            .has_size = true,
                            .size = {.cols = 80, .rows = 25}});
    CX_CHECK(limits_of(console_config{.max_nr_ports = 0}, offered, offered).ports == 1);
    CX_CHECK(limits_of(console_config{.max_nr_ports = 32768}, offered, offered).ports == max_console_ports);
    CX_CHECK(limits_of(console_config{.max_nr_ports = 0xffff'ffff}, offered, offered).ports == max_console_ports);
    // What was not accepted is not there; an emergency write needs an offer only.
    CX_CHECK(limits_of(console_config{.cols = 80, .rows = 25, .max_nr_ports = 7}, offered, {}) ==
             console_limits{.emergency_write = true});
    CX_CHECK(limits_of(console_config{}, {}, {}) == console_limits{});
}

TEST_CASE("an emergency write is one to all of its field") {
    CX_CHECK(emergency_bytes());
    CX_CHECK(emergency_outcome(8, 4) == errc::none);
    CX_CHECK(emergency_outcome(8, 0) == errc::denied);
    CX_CHECK(emergency_outcome(8, 3) == errc::denied);
    CX_CHECK(emergency_outcome(8, 5) == errc::denied);
    CX_CHECK(emergency_outcome(4, 8) == errc::denied);
    CX_CHECK(emergency_outcome(0, 4) == errc::denied);
    CX_CHECK(emergency_outcome(0xffff'ffff, 4) == errc::denied);
}
