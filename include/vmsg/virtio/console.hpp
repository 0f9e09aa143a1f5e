// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The formats of a console device: features, configuration, numbers of its queues, control messages, and the limits
// that a driver derives from them. Source: virtio 1.4, "Console Device".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/feature.hpp>
#include <vmsg/wire.hpp>

namespace vmsg::virtio {

inline constexpr std::uint32_t console_device_id = 3;

namespace console_feature {
inline constexpr feature size{0};        ///< the configuration has columns and rows
inline constexpr feature multiport{1};   ///< more than one port, and control queues
inline constexpr feature emerg_write{2}; ///< characters can be printed through the configuration
} // namespace console_feature

/// Configuration space. Each part is there only if the device offers its feature.
struct console_config {
    std::uint16_t cols{};         ///< SIZE: characters
    std::uint16_t rows{};         ///< SIZE: characters
    std::uint32_t max_nr_ports{}; ///< MULTIPORT
    std::uint32_t emerg_wr{};     ///< EMERG_WRITE: the driver writes it at any time; the device prints the low byte
    friend bool operator==(const console_config&, const console_config&) = default;
};

inline constexpr std::size_t console_config_size = 12;       ///< bytes
inline constexpr std::uint32_t console_emergency_offset = 8; ///< bytes; of `emerg_wr` in configuration space
inline constexpr std::size_t console_emergency_size = 4;     ///< bytes
inline constexpr std::uint32_t max_console_ports = 32767;    ///< the queues of one more would have no number

enum class console_queue_kind : std::uint8_t {
    receive,         ///< from the device; writable elements only
    transmit,        ///< to the device; readable elements only
    control_receive, ///< the same for control messages, with MULTIPORT
    control_transmit,
};

/// What a virtqueue of the device is for.
struct console_queue {
    console_queue_kind kind{};
    std::uint32_t port{}; ///< 0 for the control queues
    friend bool operator==(const console_queue&, const console_queue&) = default;
};

inline constexpr std::uint32_t console_control_receive_queue = 2;
inline constexpr std::uint32_t console_control_transmit_queue = 3;

/// The virtqueues of a port, whose number has been compared with `console_limits::ports`.
[[nodiscard]] constexpr std::uint32_t console_receive_queue(std::uint32_t port) {
    VMSG_ASSERT(port < max_console_ports);
    return port == 0 ? 0 : 2 * port + 2;
}
[[nodiscard]] constexpr std::uint32_t console_transmit_queue(std::uint32_t port) {
    return console_receive_queue(port) + 1;
}

/// How many virtqueues a device with that many ports has, from 1 to `max_console_ports`.
[[nodiscard]] constexpr std::uint32_t console_queue_count(std::uint32_t ports, bool multiport) {
    VMSG_ASSERT(ports != 0 && ports <= max_console_ports);
    return multiport ? 2 * ports + 2 : 2;
}

/// What the virtqueue with that index is for, if the device has it.
[[nodiscard]] constexpr console_queue console_queue_of(std::uint32_t index) {
    if (index == console_control_receive_queue) return {console_queue_kind::control_receive, 0};
    if (index == console_control_transmit_queue) return {console_queue_kind::control_transmit, 0};
    const std::uint32_t port = index < 2 ? 0 : index / 2 - 1;
    return {index % 2 == 0 ? console_queue_kind::receive : console_queue_kind::transmit, port};
}

enum class console_event : std::uint16_t {
    device_ready = 0,  ///< by the driver, first of all; 1: it can go on. The port has no meaning
    device_add = 1,    ///< by the device: there is a new port
    device_remove = 2, ///< by the device: the port is gone
    port_ready = 3,    ///< by the driver, for each new port; 1: it can use it
    console_port = 4,  ///< by the device: the port is a console, to be answered with `port_open`
    resize = 5,        ///< by the device: a `console_size` follows
    port_open = 6,     ///< by both; 1: opened, 0: closed
    port_name = 7,     ///< by the device: a name in UTF-8 follows
};

/// What a control message starts with. More bytes may follow.
struct console_control {
    std::uint32_t id{}; ///< port
    console_event event{};
    std::uint16_t value{}; ///< 1 says yes; everything else counts as no
    friend bool operator==(const console_control&, const console_control&) = default;
};

inline constexpr std::size_t console_control_size = 8; ///< bytes

/// What follows in RESIZE.
struct console_size {
    std::uint16_t cols{}; ///< characters
    std::uint16_t rows{}; ///< characters
    friend bool operator==(const console_size&, const console_size&) = default;
};

} // namespace vmsg::virtio

namespace vmsg {

template <>
struct layout_of<virtio::console_config, revision::oasis_v2>
    : fields<field<0, &virtio::console_config::cols>, field<2, &virtio::console_config::rows>,
             field<4, &virtio::console_config::max_nr_ports>, field<8, &virtio::console_config::emerg_wr>> {};
static_assert(layout_of<virtio::console_config, revision::oasis_v2>::fixed_size == virtio::console_config_size);

template <>
struct layout_of<virtio::console_control, revision::oasis_v2>
    : fields<field<0, &virtio::console_control::id>, field<4, &virtio::console_control::event>,
             field<6, &virtio::console_control::value>> {};
static_assert(layout_of<virtio::console_control, revision::oasis_v2>::fixed_size == virtio::console_control_size);

template <>
struct layout_of<virtio::console_size, revision::oasis_v2>
    : fields<field<0, &virtio::console_size::cols>, field<2, &virtio::console_size::rows>> {};
static_assert(layout_of<virtio::console_size, revision::oasis_v2>::fixed_size == 4);

} // namespace vmsg

namespace vmsg::virtio {

/// Writes configuration space. `oversize` if `out` has less than 12 bytes.
[[nodiscard]] constexpr result<void> encode_console_config(byte_span out, const console_config& config) {
    if (out.size() < console_config_size) return errc::oversize;
    wire::byte_sink sink{out.data()};
    layout_of<console_config, newest_revision>::put<0>(sink, config);
    return {};
}

/// Reads configuration space: the members of features that are not in `offered` stay 0, whatever is there, and so does
/// `emerg_wr`, which has nothing to say. `truncated` if the member of an offered feature is missing.
[[nodiscard]] constexpr result<console_config> decode_console_config(byte_view in, const feature_set& offered) {
    constexpr std::size_t size_end = 4;
    constexpr std::size_t ports_end = 8;
    std::uint8_t bytes[console_config_size]{};
    if (offered.has(console_feature::size)) {
        if (in.size() < size_end) return errc::truncated;
        copy_bytes(bytes, in.data(), size_end);
    }
    if (offered.has(console_feature::multiport)) {
        if (in.size() < ports_end) return errc::truncated;
        copy_bytes(bytes + size_end, in.data() + size_end, ports_end - size_end);
    }
    console_config config;
    layout_of<console_config, newest_revision>::get<0>(wire::byte_source{bytes}, config);
    return config;
}

/// Driver: what has to be written to configuration space at `console_emergency_offset` to print a character, in any
/// state of a device that offers EMERG_WRITE. `oversize` if `out` has less than 4 bytes.
[[nodiscard]] constexpr result<void> encode_emergency_write(byte_span out, std::uint8_t character) {
    if (out.size() < console_emergency_size) return errc::oversize;
    store_le<std::uint32_t>(out.data(), character);
    return {};
}

/// Device that offers EMERG_WRITE: the character that a write to configuration space prints. `denied` if it is a write
/// to anything but the whole of `emerg_wr`.
[[nodiscard]] constexpr result<std::uint8_t> decode_emergency_write(std::uint32_t offset, byte_view data) {
    if (offset != console_emergency_offset || data.size() != console_emergency_size) return errc::denied;
    return data[0];
}

/// What a driver has to keep to.
struct console_limits {
    std::uint32_t ports = 1; ///< numbers of ports are smaller
    bool multiport{};        ///< MULTIPORT was negotiated: there are control queues
    bool emergency_write{};  ///< EMERG_WRITE was offered
    bool has_size{};         ///< SIZE was negotiated: `size` is that of port 0
    console_size size{};
    friend bool operator==(const console_limits&, const console_limits&) = default;
};

/// The limits that a configuration and a negotiation give. `config` as `decode_console_config` made it with `offered`.
/// No ports count as one, and more than can have queues as `max_console_ports`.
[[nodiscard]] constexpr console_limits limits_of(const console_config& config, const feature_set& offered,
                                                 const feature_set& accepted) {
    console_limits limits{.multiport = accepted.has(console_feature::multiport),
                          .emergency_write = offered.has(console_feature::emerg_write),
                          .has_size = accepted.has(console_feature::size)};
    if (limits.has_size) limits.size = {config.cols, config.rows};
    if (limits.multiport && config.max_nr_ports != 0)
        limits.ports = config.max_nr_ports < max_console_ports ? config.max_nr_ports : max_console_ports;
    return limits;
}

} // namespace vmsg::virtio
