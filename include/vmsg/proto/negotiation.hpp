// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How a bus comes up and goes down on the driver side: one table of states, inputs and actions for all revisions.
// Source: FF-A bus, rules N5 (VERSION), N8 (EVENT_CONFIGURE), N10 (FIFO_CONFIGURE), N12 (RESET), N15 (GET_DEVICES).

#include <cstdint>

#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto {

enum class bus_state : std::uint8_t {
    down,        ///< nothing agreed; the state after a reset
    probing,     ///< asked for the peer's newest version (oasis_v2)
    agreeing,    ///< proposed a version
    offering,    ///< offered the memory of a FIFO (oasis_v2)
    configuring, ///< asked for a way of event delivery (from oasis_v1 on)
    enumerating, ///< asks for device numbers, window by window
    ready,       ///< devices can be used
    resetting,   ///< asked the peer to forget everything
    failed,      ///< cannot be used; a new start is possible
};

enum class bus_input : std::uint8_t {
    start,       ///< the user wants the bus
    accepted,    ///< the peer did what was asked
    fifo_wanted, ///< the peer agreed on a version, and both sides can have a FIFO
    more,        ///< a window of devices was reported and there are further ones
    refused,     ///< the peer answered with an error, something unusable, or not at all
    fall_back,   ///< the peer refused to send events in this way
    reenumerate, ///< the user, or a device event, wants the devices looked up again
    reset,       ///< the user wants the bus down
    lost,        ///< the peer has restarted
};

enum class bus_action : std::uint8_t {
    none,
    send_probe,
    send_version,
    send_fifo_configure,
    send_event_configure,
    send_get_devices, ///< of the first window
    send_next_window,
    announce_ready,
    send_reset,
    announce_down,
    announce_failure,
};

/// A line of the table: in `from`, on `input`, do `action` and go to `to`.
struct bus_transition {
    bus_state from{};
    bus_input input{};
    bus_state to{};
    bus_action action{};
};

/// The whole life of a bus. What has no line here is not allowed and changes nothing.
template <revision R> struct bus_table {
private:
    using enum bus_state;
    using enum bus_input;
    using enum bus_action;

    static constexpr bool probes = R == revision::oasis_v2;
    static constexpr bool configures_events = R != revision::rfc2025;
    static constexpr bool fifo = R == revision::oasis_v2; // without it there is no way to `offering`
    static constexpr bus_transition line(bus_state from, bus_input input, bus_state to, bus_action action) {
        return {from, input, to, action};
    }

public:
    // clang-format off
    static constexpr bus_transition lines[]{
        line(down,        start,       probes ? probing : agreeing,                   probes ? send_probe : send_version),
        line(failed,      start,       probes ? probing : agreeing,                   probes ? send_probe : send_version),
        line(probing,     accepted,    agreeing,                                      send_version),
        line(agreeing,    accepted,    configures_events ? configuring : enumerating, configures_events ? send_event_configure : send_get_devices),
        line(fifo ? agreeing : offering,    fifo_wanted, fifo ? offering : failed,    send_fifo_configure),
        line(offering,    accepted,    configuring,                                   send_event_configure),
        line(offering,    refused,     configuring,                                   send_event_configure),
        line(configuring, fall_back,   configuring,                                   send_event_configure),
        line(configuring, accepted,    enumerating,                                   send_get_devices),
        line(enumerating, more,        enumerating,                                   send_next_window),
        line(enumerating, accepted,    ready,                                         announce_ready),
        line(ready,       reenumerate, enumerating,                                   send_get_devices),

        line(probing,     refused,     failed,                                        announce_failure),
        line(agreeing,    refused,     failed,                                        announce_failure),
        line(configuring, refused,     failed,                                        announce_failure),
        line(enumerating, refused,     failed,                                        announce_failure),
        line(resetting,   refused,     failed,                                        announce_failure),

        line(offering,    reset,       resetting,                                     send_reset),
        line(configuring, reset,       resetting,                                     send_reset),
        line(enumerating, reset,       resetting,                                     send_reset),
        line(ready,       reset,       resetting,                                     send_reset),
        line(failed,      reset,       resetting,                                     send_reset),
        line(resetting,   accepted,    down,                                          announce_down),

        line(offering,    lost,        failed,                                        announce_failure),
        line(configuring, lost,        failed,                                        announce_failure),
        line(enumerating, lost,        failed,                                        announce_failure),
        line(ready,       lost,        failed,                                        announce_failure),
    };
    // clang-format on

    /// The line for an input in a state, or `bad_state`.
    static constexpr result<bus_transition> find(bus_state from, bus_input input) {
        for (const bus_transition& t : lines)
            if (t.from == from && t.input == input) return t;
        return errc::bad_state;
    }
};

} // namespace vmsg::proto
