// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The device's side of a console device: moves characters between a chain and a back end, and tells the driver of its
// ports. Source: virtio 1.4, "Console Device", "Device Operation", "Multiport Device Operation".

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/chain.hpp>
#include <vmsg/virtio/console.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

/// Where characters go to and come from. `write` gives how many bytes it has taken, `read` how many it has put there; 0
/// says that nothing is possible now. The bytes of `write` are shared with the driver, so each is to be read once.
template <class B>
concept console_backend = requires(B& terminal, byte_view from, byte_span to) {
    { terminal.write(from) } -> std::same_as<std::size_t>;
    { terminal.read(to) } -> std::same_as<std::size_t>;
};

} // namespace vmsg::virtio

namespace vmsg::archetypes {

/// The least that a back end has.
struct console_backend {
    constexpr console_backend() = default;
    console_backend(const console_backend&) = delete;
    console_backend& operator=(const console_backend&) = delete;
    constexpr std::size_t write(byte_view) { return 0; }
    constexpr std::size_t read(byte_span) { return 0; }
};

static_assert(virtio::console_backend<console_backend>);

} // namespace vmsg::archetypes

namespace vmsg::virtio {

/// Moves the characters of one request of a transmit queue to a back end, and gives its used length, which is 0.
/// `request` stands behind what was taken. Errors: `would_block` (the back end takes no more: call again with the same
/// `request` before it is given back), `bad_value` (a writable element: the queue is to be broken with
/// `queue_fault::direction`).
template <console_backend B>
[[nodiscard]] constexpr result<std::uint32_t> serve_console_output(B& terminal, chain_reader& request,
                                                                   const chain_writer& answer) {
    if (answer.remaining() != 0) return errc::bad_value;
    while (request.remaining() != 0) {
        const byte_view run = request.run();
        const std::size_t taken = terminal.write(run);
        VMSG_ASSERT(taken <= run.size());
        request.skip(taken);
        if (taken == 0) return errc::would_block;
    }
    return std::uint32_t{0};
}

/// Fills one request of a receive queue with the characters that a back end has, and gives its used length. Errors:
/// `would_block` (there are none: serve it later, it must not be given back empty), `bad_value` (a readable element:
/// the queue is to be broken with `queue_fault::direction`).
template <console_backend B>
[[nodiscard]] constexpr result<std::uint32_t> serve_console_input(B& terminal, const chain_reader& request,
                                                                  chain_writer answer) {
    if (request.remaining() != 0) return errc::bad_value;
    while (answer.remaining() != 0) {
        const byte_span run = answer.run();
        const std::size_t came = terminal.read(run);
        VMSG_ASSERT(came <= run.size());
        answer.advance(came);
        if (came != run.size()) break;
    }
    if (answer.written() == 0) return errc::would_block;
    return answer.written();
}

/// The ports of a console device with MULTIPORT, and what the driver has yet to be told of them. All that is due is a
/// property of a port: it takes no room, however often something changes.
template <std::uint32_t MaxPorts> class console_device_ports {
    static_assert(MaxPorts != 0 && MaxPorts <= max_console_ports, "a console has 1 to 32767 ports");

public:
    /// There is a new port. `name` is UTF-8 without NUL, viewed until the port is removed; none is sent if it is empty.
    /// `invalid_argument` if the port is there already or beyond `MaxPorts`.
    constexpr result<void> add_port(std::uint32_t id, bool is_console = false, byte_view name = {}) {
        if (id >= MaxPorts || ports_[id].there) return errc::invalid_argument;
        ports_[id] = {.name = name, .there = true, .is_console = is_console, .remove_due = ports_[id].remove_due};
        return {};
    }
    /// The port is gone. `invalid_argument` if it is not there.
    constexpr result<void> remove_port(std::uint32_t id) {
        if (!has(id)) return errc::invalid_argument;
        ports_[id] = {.remove_due = ports_[id].remove_due || ports_[id].told};
        return {};
    }
    /// The device opens or closes its end of the port. `invalid_argument` if the port is not there.
    constexpr result<void> open_port(std::uint32_t id, bool open) {
        if (!has(id)) return errc::invalid_argument;
        port& p = ports_[id];
        p.open_due = p.open_due || (p.ready && p.open != open);
        p.open = open;
        return {};
    }
    /// The port has a new size. `invalid_argument` if it is not there.
    constexpr result<void> resize_port(std::uint32_t id, console_size size) {
        if (!has(id)) return errc::invalid_argument;
        port& p = ports_[id];
        p.size_due = p.ready;
        p.has_size = true;
        p.size = size;
        return {};
    }
    /// After a reset of the device: the driver knows nothing. The ports stay.
    constexpr void reset() {
        driver_ready_ = false;
        for (port& p : ports_)
            p = {.name = p.name,
                 .size = p.size,
                 .there = p.there,
                 .is_console = p.is_console,
                 .has_size = p.has_size,
                 .open = p.open};
    }

    /// Takes one request of the control transmit queue and gives its message. The request is then given back with used
    /// length 0. Errors: `bad_value` (a writable element: the queue is to be broken with `queue_fault::direction`); for
    /// a message that is to be ignored `truncated` (not all of it is there), `unknown_id` (an event that no driver
    /// sends), `no_device` (a port of which the driver has not been told, or which it cannot use).
    constexpr result<console_control> handle_control(chain_reader request, const chain_writer& answer) {
        if (answer.remaining() != 0) return errc::bad_value;
        std::uint8_t bytes[console_control_size]{};
        if (request.read(bytes) < sizeof bytes) return errc::truncated;
        console_control m;
        layout_of<console_control, newest_revision>::template get<0>(wire::byte_source{bytes}, m);
        const bool yes = m.value == 1;
        switch (m.event) {
        case console_event::device_ready: driver_ready_ = yes; return m;
        case console_event::port_ready:
            if (m.id >= MaxPorts || !ports_[m.id].told) return errc::no_device;
            if (ports_[m.id].ready != yes) set_ready(ports_[m.id], yes);
            return m;
        case console_event::port_open:
            if (!is_ready(m.id)) return errc::no_device;
            ports_[m.id].driver_open = yes;
            return m;
        default: return errc::unknown_id;
        }
    }

    /// Whether `fill_control` has something to say.
    [[nodiscard]] constexpr bool control_due() const {
        if (!driver_ready_) return false;
        for (const port& p : ports_)
            if (p.something_due()) return true;
        return false;
    }

    /// Fills one request of the control receive queue with the next message, and gives its used length. A name or size
    /// for which the request has no room is left out. Errors: `would_block` (nothing is due: serve it later, it must
    /// not be given back empty), `bad_value` (a readable element, or no room for any message: the queue is to be broken
    /// with `queue_fault::direction`).
    [[nodiscard]] constexpr result<std::uint32_t> fill_control(const chain_reader& request, chain_writer answer) {
        if (request.remaining() != 0 || answer.remaining() < console_control_size) return errc::bad_value;
        if (!driver_ready_) return errc::would_block;
        for (std::uint32_t id = 0; id < MaxPorts; ++id) {
            while (ports_[id].something_due()) {
                std::uint8_t size[layout_of<console_size, newest_revision>::fixed_size]{};
                byte_view more;
                const console_control m = next_message(id, size, more);
                if (answer.remaining() - console_control_size < more.size()) continue;
                std::uint8_t bytes[console_control_size]{};
                wire::byte_sink sink{bytes};
                layout_of<console_control, newest_revision>::template put<0>(sink, m);
                answer.write(bytes);
                answer.write(more);
                return answer.written();
            }
        }
        return errc::would_block;
    }

    [[nodiscard]] constexpr bool driver_ready() const { return driver_ready_; }
    /// Whether the device has the port.
    [[nodiscard]] constexpr bool has(std::uint32_t id) const { return id < MaxPorts && ports_[id].there; }
    /// Whether the driver can use the port.
    [[nodiscard]] constexpr bool is_ready(std::uint32_t id) const { return id < MaxPorts && ports_[id].ready; }
    /// Whether the driver has opened the port.
    [[nodiscard]] constexpr bool is_open(std::uint32_t id) const { return id < MaxPorts && ports_[id].driver_open; }

private:
    struct port {
        byte_view name{};
        console_size size{};
        bool there = false;
        bool is_console = false;
        bool has_size = false;
        bool open = false;        // by the device
        bool driver_open = false; // by the driver
        bool told = false;        // the driver knows of it
        bool ready = false;       // the driver can use it
        bool remove_due = false;  // the driver knows of one that is gone
        bool console_due = false;
        bool name_due = false;
        bool size_due = false;
        bool open_due = false;

        constexpr bool something_due() const {
            return remove_due || (there && !told) || console_due || name_due || size_due || open_due;
        }
    };

    static constexpr void set_ready(port& p, bool yes) {
        p.ready = yes;
        p.driver_open = false;
        p.console_due = yes && p.is_console;
        p.name_due = yes && !p.name.empty();
        p.size_due = yes && p.has_size;
        p.open_due = yes && p.open;
    }

    // The first message that is due, which then is not due any more. `size` is room for what follows.
    constexpr console_control next_message(std::uint32_t id, byte_span size, byte_view& more) {
        port& p = ports_[id];
        console_control m{.id = id, .value = 1};
        if (p.remove_due) {
            p.remove_due = false;
            m.event = console_event::device_remove;
        } else if (!p.told) {
            p.told = true;
            m.event = console_event::device_add;
        } else if (p.console_due) {
            p.console_due = false;
            m.event = console_event::console_port;
        } else if (p.name_due) {
            p.name_due = false;
            m.event = console_event::port_name;
            more = p.name;
        } else if (p.size_due) {
            p.size_due = false;
            m.event = console_event::resize;
            wire::byte_sink sink{size.data()};
            layout_of<console_size, newest_revision>::template put<0>(sink, p.size);
            more = size;
        } else {
            p.open_due = false;
            m.event = console_event::port_open;
            m.value = p.open ? std::uint16_t{1} : std::uint16_t{0};
        }
        return m;
    }

    port ports_[MaxPorts]{};
    bool driver_ready_ = false;
};

} // namespace vmsg::virtio
