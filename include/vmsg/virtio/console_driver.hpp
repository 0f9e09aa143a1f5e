// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver's side of a console device: what came out of a receive queue, and the ports that control messages speak
// of. Source: virtio 1.4, "Console Device", "Device Operation", "Multiport Device Operation".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/bitmap.hpp>
#include <vmsg/virtio/buffer.hpp>
#include <vmsg/virtio/console.hpp>
#include <vmsg/virtio/shared_memory.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

/// Copies what a completed request of a receive queue has brought from `memory`, where it was lent, to `to`, and gives
/// the number of bytes. Errors: the completion's own, `bad_value` (more than was lent), `oversize` (`to` has no room
/// for all of it; nothing was copied).
[[nodiscard]] constexpr result<std::uint32_t> take_console_input(const completion& done, const dma_buffer& memory,
                                                                 byte_span to) {
    if (done.status != errc::none) return done.status;
    if (done.written > memory.memory.size()) return errc::bad_value;
    if (done.written > to.size()) return errc::oversize;
    shared::copy(to, memory.memory.first(done.written));
    return done.written;
}

/// Writes a control message, for a control transmit queue. `oversize` if `out` has less than 8 bytes.
[[nodiscard]] constexpr result<void> encode_console_control(byte_span out, const console_control& message) {
    if (out.size() < console_control_size) return errc::oversize;
    wire::byte_sink sink{out.data()};
    layout_of<console_control, newest_revision>::put<0>(sink, message);
    return {};
}

/// The first message of a driver that has negotiated MULTIPORT. `ok`: it can go on.
[[nodiscard]] constexpr console_control console_ready(bool ok = true) {
    return {.event = console_event::device_ready, .value = ok ? std::uint16_t{1} : std::uint16_t{0}};
}

enum class console_news_kind : std::uint8_t {
    nothing, ///< a message that a driver does not know
    port_added,
    port_refused, ///< an added port beyond what the driver has room for
    port_removed,
    port_is_console,
    resized, ///< `size` is new
    opened,  ///< by the device
    closed,  ///< by the device
    named,   ///< `name` is new
};

/// What a control message has changed, and what has to be answered.
struct console_news {
    console_news_kind kind{};
    std::uint32_t port{};
    console_size size{};
    byte_view name{}; ///< a part of the message
    bool has_reply{}; ///< `reply` has to be sent before the next message is looked at
    console_control reply{};
};

/// The ports of a console device, of which the driver can use `MaxPorts`. Without MULTIPORT there is port 0 and nothing
/// else.
template <std::uint32_t MaxPorts> class console_ports {
    static_assert(MaxPorts != 0 && MaxPorts <= max_console_ports, "a console has 1 to 32767 ports");

public:
    /// Begins anew, after each negotiation.
    constexpr void start(const console_limits& limits) {
        limits_ = limits;
        there_.clear();
        consoles_.clear();
        open_.clear();
        refused_ = 0;
        if (!limits.multiport) there_.set(0);
    }

    /// Takes a control message of the device, which has to be a private copy. Errors, after which nothing has changed
    /// and the next message can be taken: `truncated` (not all of it is there), `bad_value` (a port that there cannot
    /// be, that is there already or is not there), `bad_state` (MULTIPORT was not negotiated).
    constexpr result<console_news> handle_control(byte_view message) {
        if (!limits_.multiport) return errc::bad_state;
        if (message.size() < console_control_size) return errc::truncated;
        console_control m;
        layout_of<console_control, newest_revision>::template get<0>(wire::byte_source{message.data()}, m);
        const byte_view rest = message.drop(console_control_size);
        switch (m.event) {
        case console_event::device_add: return add(m.id);
        case console_event::device_remove:
        case console_event::console_port:
        case console_event::resize:
        case console_event::port_open:
        case console_event::port_name: return m.id < limits_.ports && has(m.id) ? change(m, rest) : errc::bad_value;
        default: return console_news{.port = m.id};
        }
    }

    /// The message that opens or closes a port for the device. `invalid_argument` if the port is not there.
    [[nodiscard]] constexpr result<console_control> open_message(std::uint32_t port, bool open) const {
        if (!has(port)) return errc::invalid_argument;
        return say(port, console_event::port_open, open);
    }

    /// Whether the device has the port and the driver can use it.
    [[nodiscard]] constexpr bool has(std::uint32_t port) const { return port < MaxPorts && there_.test(port); }
    [[nodiscard]] constexpr bool is_console(std::uint32_t port) const {
        return port < MaxPorts && consoles_.test(port);
    }
    /// Whether the device has opened the port.
    [[nodiscard]] constexpr bool is_open(std::uint32_t port) const { return port < MaxPorts && open_.test(port); }
    /// Ports beyond `MaxPorts` that the device has added.
    [[nodiscard]] constexpr std::uint32_t refused() const { return refused_; }

private:
    static constexpr console_control say(std::uint32_t port, console_event event, bool yes) {
        return {.id = port, .event = event, .value = yes ? std::uint16_t{1} : std::uint16_t{0}};
    }

    constexpr result<console_news> add(std::uint32_t port) {
        if (port >= limits_.ports || has(port)) return errc::bad_value;
        const bool usable = port < MaxPorts;
        if (usable)
            there_.set(port);
        else
            ++refused_;
        return console_news{.kind = usable ? console_news_kind::port_added : console_news_kind::port_refused,
                            .port = port,
                            .has_reply = true,
                            .reply = say(port, console_event::port_ready, usable)};
    }

    constexpr result<console_news> change(const console_control& m, byte_view rest) {
        console_news news{.port = m.id};
        switch (m.event) {
        case console_event::device_remove:
            there_.clear(m.id);
            consoles_.clear(m.id);
            open_.clear(m.id);
            news.kind = console_news_kind::port_removed;
            break;
        case console_event::console_port:
            consoles_.set(m.id);
            news.kind = console_news_kind::port_is_console;
            news.has_reply = true;
            news.reply = say(m.id, console_event::port_open, true);
            break;
        case console_event::resize:
            if (rest.size() < layout_of<console_size, newest_revision>::fixed_size) return errc::truncated;
            layout_of<console_size, newest_revision>::template get<0>(wire::byte_source{rest.data()}, news.size);
            news.kind = console_news_kind::resized;
            break;
        case console_event::port_open:
            m.value == 1 ? open_.set(m.id) : open_.clear(m.id);
            news.kind = m.value == 1 ? console_news_kind::opened : console_news_kind::closed;
            break;
        default: {
            std::size_t length = 0; // some devices send the NUL of a C string
            while (length < rest.size() && rest[length] != 0) ++length;
            news.name = rest.first(length);
            news.kind = console_news_kind::named;
            break;
        }
        }
        return news;
    }

    console_limits limits_{};
    std::uint32_t refused_ = 0;
    vmsg::detail::bitmap<MaxPorts> there_{};
    vmsg::detail::bitmap<MaxPorts> consoles_{};
    vmsg::detail::bitmap<MaxPorts> open_{};
};

} // namespace vmsg::virtio
