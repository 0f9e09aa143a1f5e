// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What goes into a driver engine and what comes out of it: capacities, options, tickets, events, counters.

#include <cstddef>
#include <cstdint>

#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/proto/driver_fifo.hpp>
#include <vmsg/proto/drop_counters.hpp>
#include <vmsg/proto/requests.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/quirk.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// How much a driver side can hold. All of it is part of the engine object.
struct driver_capacity {
    std::size_t devices = 8;    ///< devices known at a time
    std::size_t requests = 4;   ///< requests in flight, a power of two; rfc2025 has one per device
    std::size_t areas = 4;      ///< memory areas shared at a time
    std::size_t kicks = 8;      ///< queues with an EVENT_AVAIL that has not left yet
    std::size_t msg_size = 104; ///< longest message, bytes
    bool fifo = false;          ///< the bus can go on over a FIFO (oasis_v2): `driver_options::fifo`
    quirk_set quirks{};         ///< of the peers that can be met: `quirks_of`
};

/// Numbers of devices that are known beforehand. The array is the caller's, and outlives the engine.
struct device_list {
    const std::uint16_t* numbers{}; ///< nullptr: the bus is asked for its devices
    std::size_t count{};            ///< may be 0: all devices come with an EVENT_DEVICE

    constexpr device_list() = default;
    constexpr device_list(const std::uint16_t* first, std::size_t size) : numbers(first), count(size) {}
    template <std::size_t N> constexpr device_list(const std::uint16_t (&array)[N]) : numbers(array), count(N) {}

    constexpr bool given() const { return numbers != nullptr; }
};

/// What a driver side is told about its carrier and its user.
struct driver_options {
    std::size_t max_msg_size = 104;                                                 ///< of the carrier, bytes
    bus_feature bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx; ///< what this side can use
    std::uint32_t feature_bits = 0;          ///< wanted transport features: `strict_config_generation`
    std::uint32_t ffa_version = 0x0001'0002; ///< of this side, in VERSION (oasis_v2)
    /// How events should come: `poll` asks with EVENT_POLL, `notif` does so when `poll_now` says, `indirect` waits for
    /// them. What the peer refuses is tried again with the next simpler method, POLL at last.
    event_method events = event_method::poll;
    std::uint16_t notif_id = 0; ///< in EVENT_CONFIGURE
    fifo_offer fifo{};          ///< if the peer takes it, events come in it, else as `events` says
    device_list devices{};      ///< in place of GET_DEVICES, which is not sent then
    /// An EVENT_DEVICE, and a frame for a device that the carrier refuses until its budget is spent, are hints: the bus
    /// is asked for its devices, and what it lists stays, as the Linux driver of 2026 does (FF-A bus, rule N9). Else an
    /// EVENT_DEVICE is acted on at once, as the text of virtio-msg has it. Without effect where there is a list.
    bool device_events_are_hints = false;
    bool any_event_ends_poll = false;            ///< for peers whose events never carry the token of an EVENT_POLL
    token_source tokens = token_source::counter; ///< all but `counter`: one request at a time for each device number
    std::uint16_t fixed_token = 1;               ///< with `token_source::fixed`
    retry_policy policy{};
};

/// A request that was made, to ask for its result. Valid until it is released.
template <message Request> struct ticket {
    std::uint16_t slot{};
    std::uint16_t serial{};
    friend bool operator==(const ticket&, const ticket&) = default;
};

enum class driver_event_kind : std::uint8_t {
    none,
    bus_ready,      ///< devices have been announced and can be used
    bus_down,       ///< reset; `start` brings it up again
    bus_failed,     ///< `error` says why; `start` may be tried again
    device_added,   ///< `dev_num`
    device_removed, ///< `dev_num`; its requests have failed
    completed,      ///< the request of a ticket has its response or its error
    used,           ///< virtqueue `index` of `dev_num` has used buffers; `every_queue`: look at all of them
    config_changed, ///< configuration or status of `dev_num` changed: read them again
    kick_lost,      ///< the carrier did not take the EVENT_AVAIL for `index` (as with `used`) of `dev_num`
    area_shared,    ///< area `index` can be used
    area_refused,   ///< area `index` is not used by the device side: take the memory back; `error` says why
    area_released,  ///< area `index` is not used any more: take the memory back
    area_kept,      ///< area `index` could not be taken back and is still used; `error` says why; may be tried again
};

inline constexpr std::uint32_t every_queue = 0xffff'ffff; ///< in place of a virtqueue index

/// What the user of the engine should know.
struct driver_event {
    driver_event_kind kind{};
    std::uint16_t dev_num{};
    std::uint32_t index{};  ///< virtqueue or area
    errc error{};           ///< of a bus failure, a completed request, a refused or kept area
    std::uint16_t slot{};   ///< of the ticket
    std::uint16_t serial{}; ///< of the ticket

    template <message Request> constexpr bool is(ticket<Request> t) const {
        return kind == driver_event_kind::completed && slot == t.slot && serial == t.serial;
    }
};

/// What a driver side has done and seen.
struct driver_counters {
    std::uint64_t sent{};         ///< frames
    std::uint64_t received{};     ///< frames
    std::uint64_t requests{};     ///< of the sent ones: requests
    std::uint64_t kicks{};        ///< of the sent ones: EVENT_AVAIL
    std::uint64_t events{};       ///< of the received ones: events that were taken
    std::uint64_t empty_polls{};  ///< EVENT_POLL without an event
    std::uint64_t carrier_busy{}; ///< sends that the carrier refused for now: `busy`, `would_block`, `retry`
    std::uint64_t no_answers{};   ///< sends that came back all-zero: the receiver was there and has not taken them
    std::uint64_t peer_busy{};    ///< responses with the result BUSY: the peer has taken the request and refuses it
    std::uint64_t timeouts{};     ///< requests that left and have no response in time: silence
    drop_counters dropped{};      ///< received frames that were not acted on
};

} // namespace vmsg::proto
