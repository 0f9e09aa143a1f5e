// SPDX-License-Identifier: BSD-2-Clause
// A console with two ports, from its configuration to the first words.

#include <vmsg/virtio/console_device.hpp>
#include <vmsg/virtio/console_driver.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// One virtqueue with both of its ends.
struct line {
    rig::memory<4> shared{};
    flat_region region = shared.region();
    driver_queue<4> driver{};
    device_queue<4, 4> device{};
    chain<4> taken{};

    constexpr line() {
        static_cast<void>(driver.attach(shared.areas(), 4, {.negotiated = split_queue_features}));
        static_cast<void>(device.enable(region, shared.addresses(), 4, 4, {.negotiated = split_queue_features}));
    }
    /// Driver: sends bytes, as two elements.
    constexpr bool send(byte_view bytes) {
        const dma_buffer all = shared.payload(0, bytes.size());
        shared::copy(all.memory, bytes);
        const buffer halves[]{all.part(0, 1), all.part(1, bytes.size() - 1)};
        return driver.add(halves, {}, shared.payload(64, 32)) && driver.publish() == 1;
    }
    /// Driver: lends memory.
    constexpr bool lend() { return driver.add({}, shared.payload(0, 32).whole()) && driver.publish() == 1; }
    /// Device: takes a request.
    constexpr bool take() { return device.pop(region, taken).has_value(); }
    constexpr bool give_back(result<std::uint32_t> used) { return used && device.push(taken, *used); }
};

struct echo {
    std::array<std::uint8_t, 8> bytes{};
    std::size_t count = 0;
    constexpr std::size_t write(byte_view from) {
        for (const std::uint8_t byte : from) bytes.at(count++) = byte;
        return from.size();
    }
    constexpr std::size_t read(byte_span to) {
        const std::size_t n = count < to.size() ? count : to.size();
        for (std::size_t i = 0; i < n; ++i) to[i] = bytes[i];
        count = 0;
        return n;
    }
};

struct console {
    line control_out{}; ///< to the device
    line control_in{};
    line out{};
    line in{};
    console_ports<4> driver{};
    console_device_ports<2> device{};
    echo terminal{};

    /// The driver says something.
    constexpr bool say(const console_control& m) {
        std::array<std::uint8_t, console_control_size> bytes{};
        if (!encode_console_control(bytes, m) || !control_out.send(bytes) || !control_out.take()) return false;
        const auto heard = device.handle_control(control_out.taken.reader(), control_out.taken.writer());
        return heard && *heard == m && control_out.give_back(std::uint32_t{0}) && control_out.driver.poll_used();
    }
    /// The device says something, and the driver answers it.
    constexpr console_news_kind hear() {
        if (!device.control_due()) return console_news_kind::nothing;
        if (!control_in.lend() || !control_in.take()) return console_news_kind::port_refused;
        const auto used = device.fill_control(control_in.taken.reader(), control_in.taken.writer());
        if (!control_in.give_back(used)) return console_news_kind::port_refused;
        std::array<std::uint8_t, 32> bytes{};
        const auto size = take_console_input(*control_in.driver.poll_used(), control_in.shared.payload(0, 32), bytes);
        const auto news = driver.handle_control(byte_view{bytes}.first(*size));
        if (!news || (news->has_reply && !say(news->reply))) return console_news_kind::port_refused;
        return news->kind;
    }
};

constexpr std::array<std::uint8_t, 4> name{'v', 'm', 's', 'g'};
constexpr std::array<std::uint8_t, 5> words{'h', 'e', 'l', 'l', 'o'};

constexpr bool two_ports_from_end_to_end() {
    console c;
    const feature_set offered = split_queue_features | feature_set{console_feature::multiport};
    std::array<std::uint8_t, console_config_size> config{};
    if (!encode_console_config(config, {.max_nr_ports = 2})) return false;
    const auto limits = limits_of(*decode_console_config(config, offered), offered, choose(offered, offered));
    if (limits.ports != 2 || console_queue_count(limits.ports, limits.multiport) != 6) return false;
    c.driver.start(limits);

    if (!c.device.add_port(0, true) || !c.device.add_port(1, false, name) || !c.device.open_port(1, true)) return false;
    if (!c.say(console_ready())) return false;
    for (const auto expected :
         {console_news_kind::port_added, console_news_kind::port_is_console, console_news_kind::port_added,
          console_news_kind::named, console_news_kind::opened, console_news_kind::nothing})
        if (c.hear() != expected) return false;
    if (!c.device.is_open(0) || c.device.is_open(1) || !c.driver.is_open(1)) return false;
    if (!c.say(*c.driver.open_message(1, true)) || !c.device.is_open(1)) return false;

    // There and back.
    if (!c.out.send(words) || !c.out.take()) return false;
    chain_reader request = c.out.taken.reader();
    if (!c.out.give_back(serve_console_output(c.terminal, request, c.out.taken.writer()))) return false;
    if (c.out.driver.poll_used()->written != 0) return false;
    if (!c.in.lend() || !c.in.take()) return false;
    if (!c.in.give_back(serve_console_input(c.terminal, c.in.taken.reader(), c.in.taken.writer()))) return false;
    std::array<std::uint8_t, 5> back{};
    return take_console_input(*c.in.driver.poll_used(), c.in.shared.payload(0, 32), back).value_or(0) == 5 &&
           back == words;
}

} // namespace

TEST_CASE("a console with two ports from its configuration to the first words") {
    CX_CHECK(two_ports_from_end_to_end());
}
