// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `direct_session`: a driver side for those who want to call and wait, over FF-A direct messages and nothing else. It
// has the calls of `driver_session` in a quarter of the code and less than half of the memory.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/driver_areas.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/negotiator.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/direct_events.hpp>
#include <vmsg/session/session_device.hpp>
#include <vmsg/session/session_policy.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// A bus and its devices, as seen by a driver that waits for the answer to each direct message. No request is in flight
/// between two calls, but for one that was interrupted and timed out: the next call ends it first.
///
/// Calls, errors and events are those of `driver_session`, except that
/// - a kick leaves with `notify`, whose errors say what became of it, and there is no event `kick_lost`;
/// - a request that has timed out is not repeated: its answer is still to come;
/// - the peer's PING is not answered: a peer that is asked can say nothing but its answer.
///
/// `Policy::capacity` counts with `devices` and `areas`; without areas there is no `share`.
template <ffa::conduit Conduit, session_clock Clock, class Policy = direct_session_policy<>>
class direct_session : public detail::direct_events<direct_session<Conduit, Clock, Policy>, Conduit, Clock, Policy> {
    using base = detail::direct_events<direct_session, Conduit, Clock, Policy>;
    static constexpr revision R = Policy::rev;
    static constexpr bool has_areas = Policy::capacity.areas != 0;
    static constexpr std::size_t capacity = Policy::capacity.devices;

    struct known : proto::known_device {
        std::uint16_t number{};
        bool present{};
    };
    struct no_areas {};
    using areas_type =
        std::conditional_t<has_areas, proto::driver_areas<R, has_areas ? Policy::capacity.areas : 1>, no_areas>;

public:
    /// The numbers of the devices on the bus, in no order.
    struct device_numbers {
        std::uint16_t number[capacity]{};
        std::size_t count = 0;
        constexpr const std::uint16_t* begin() const { return number; }
        constexpr const std::uint16_t* end() const { return number + count; }
        constexpr std::size_t size() const { return count; }
    };

    using device = session_device<direct_session>;

    /// A session of `self` with `peer`. Conduit, clock and the array of the list stay the caller's. With a list the bus
    /// is not asked for its devices.
    constexpr direct_session(Conduit& conduit, Clock& clock, ffa::endpoint_id self, ffa::endpoint_id peer,
                             proto::device_list devices = {})
        : base(conduit, clock, self, peer), list_(devices) {}

    // --- the bus

    /// Brings the bus up: version, event delivery, enumeration. What was kept for `wait` is forgotten; the devices that
    /// are there are in `devices()`. Errors: `bad_state` (it is up), why it cannot be up.
    constexpr result<void> open() {
        if (bus_.state() != proto::bus_state::down && bus_.state() != proto::bus_state::failed) return errc::bad_state;
        forget();
        const errc why = walk(proto::bus_input::start);
        if (why == errc::none)
            while (poll_event().kind != proto::driver_event_kind::none) {}
        return why;
    }
    /// Makes the peer forget everything. The devices are to be reset before. Errors: `bad_state` (it is not up), why
    /// the peer has not.
    constexpr result<void> close() { return walk(proto::bus_input::reset); }
    /// Starts anew, whatever has happened: see `driver_session`. Errors: those of `open`.
    constexpr result<void> reopen() {
        if (bus_.state() != proto::bus_state::down) static_cast<void>(close()); // it is down or has failed then
        return open();
    }

    constexpr proto::bus_state state() const { return bus_.state(); }
    constexpr const version_response& agreed() const { return bus_.agreed(); } ///< all zero before VERSION

    constexpr device_numbers devices() const {
        device_numbers all;
        for (const known& d : known_)
            if (d.present) all.number[all.count++] = d.number;
        return all;
    }
    /// A device by its number; that it is there shows when it is asked.
    constexpr device at(std::uint16_t dev_num) { return {*this, dev_num}; }

    /// Whether the peer answers, and with what it was sent. Errors: of a request; `bad_value` (something else came
    /// back).
    constexpr result<void> ping(std::uint32_t data) {
        if (!bus_.negotiated()) return errc::bad_state;
        ping_response got;
        return this->converse(0, ping_request{data}, got);
    }

    /// Shares memory and gives the id of its area. `page_count` in pages of 4 KiB. Errors: `timed_out` (nobody knows
    /// whether the device side has the memory: `area_released` or `area_kept` comes to `wait`), every other one says
    /// that it has not.
    constexpr result<std::uint16_t> share(std::uint64_t mem_handle, std::uint32_t page_count,
                                          area_attrs attrs) requires has_areas {
        if (!bus_.negotiated()) return errc::bad_state;
        if (page_count == 0 || !legal(R, attrs)) return errc::invalid_argument;
        const auto area = areas_.offer({.mem_handle = mem_handle, .page_count = page_count, .sharing_attrs = attrs},
                                       bus_.agreed().max_areas);
        if (!area) return area;
        const proto::driver_event e = area_outcome(*area);
        if (e.kind == proto::driver_event_kind::area_shared) return *area;
        if (e.kind == proto::driver_event_kind::area_refused) return e.error;
        return e.kind == proto::driver_event_kind::area_released ? errc::aborted : errc::timed_out;
    }
    /// Takes memory back: after success it is not used any more. Errors: `bad_state` (it is not shared), `timed_out`
    /// (the device side still uses it: `area_released` comes to `wait`), every other one says that it stays shared.
    constexpr result<void> unshare(std::uint16_t area) requires has_areas {
        if (!bus_.negotiated()) return errc::bad_state;
        if (const auto begun = areas_.take_back(area); !begun) return begun;
        const proto::driver_event e = area_outcome(area);
        if (e.kind == proto::driver_event_kind::area_released) return {};
        return e.kind == proto::driver_event_kind::area_kept ? e.error : errc::timed_out;
    }
    constexpr std::size_t open_areas() const { ///< ids that are taken
        if constexpr (has_areas)
            return areas_.size();
        else
            return 0;
    }

    /// Tells a device that buffers are available in a virtqueue (EVENT_AVAIL). `next_offset` is sent if
    /// VIRTIO_F_NOTIFICATION_DATA was accepted, 0 otherwise. Errors: `bad_state` (before DRIVER_OK), `no_device`,
    /// `invalid_argument` (no such queue), of a request; an acknowledgement that is none is counted.
    constexpr result<void> notify(std::uint16_t dev_num, std::uint32_t vq_index, std::uint32_t next_offset) {
        const known* d = find(dev_num);
        if (const errc why = proto::detail::check_kick(d, vq_index); why != errc::none) return why;
        return this->kick(dev_num, {vq_index, d->notification_data ? next_offset : 0});
    }

    // --- what comes unasked

    /// The next thing that has happened by itself: used buffers, a changed configuration, devices that come and go, a
    /// bus that failed. Kind `none` if there is nothing until `until`.
    constexpr proto::driver_event wait(instant until) {
        for (std::uint16_t left = Policy::retry.poll_budget;;) {
            if (const proto::driver_event e = poll_event(); e.kind != proto::driver_event_kind::none) return e;
            const instant now = clock().now();
            if (work_on_areas(now)) continue;
            if (bus_.negotiated() && now >= next_poll_) {
                if (!this->ask_for_event() || left-- <= 1) { // which may have taken its time
                    next_poll_ = clock().now() + Policy::retry.poll_interval;
                    left = Policy::retry.poll_budget;
                }
                continue;
            }
            if (now >= until) return {};
            instant next = until;
            if (bus_.negotiated() && next_poll_ < next) next = next_poll_;
            clock().idle(areas_due() < next ? areas_due() : next);
        }
    }
    /// Asks for events at once instead of at the next interval.
    constexpr void poll_now() { next_poll_ = clock().now(); }

    constexpr Clock& clock() { return this->the_clock(); }

private:
    friend device;
    friend base;
    friend typename base::requests;
    friend typename base::carrier;

    // --- for `session_device`

    static constexpr revision rev = R;
    using policy = Policy;
    struct answer_room {
        std::uint8_t bytes[base::max_msg_size()]; // written before it is read
    };

    /// Asks a device. Errors: as `proto::driver::request`, and those of an exchange; a tail of the answer is in `room`.
    template <message Request> constexpr errc ask(std::uint16_t dev_num, Request asked, response_of<Request>& got) {
        return this->ask_device(dev_num, asked, got, nullptr);
    }
    template <message Request>
    constexpr errc ask(std::uint16_t dev_num, Request asked, response_of<Request>& got, answer_room& room) {
        return this->ask_device(dev_num, asked, got, room.bytes);
    }
    using base::pause;

    /// Whether the device may be asked now; it is `asked_` then.
    constexpr errc begin(std::uint16_t dev_num, proto::detail::request_rule rule) {
        if (!bus_.negotiated()) return errc::bad_state;
        asked_ = find(dev_num);
        return asked_ != nullptr ? proto::detail::check_order(*asked_, rule) : errc::no_device;
    }
    constexpr known& asked_device() { return *asked_; }
    static constexpr bool is_there(const known& d) { return d.present; }
    static constexpr bool is_lone = false;
    constexpr bool is_up() const { return bus_.negotiated(); }
    constexpr bool is_strict() const { return (agreed().feature_bits & strict_config_generation) != 0; }

    constexpr void lose(errc why) {
        if (!bus_.feed(proto::bus_input::lost)) return;
        end_work();
        this->keep_failure(why);
    }

    // --- devices

    constexpr known* find(std::uint16_t number) {
        for (known& d : known_)
            if (d.present && d.number == number) return &d;
        return nullptr;
    }
    constexpr bool add(std::uint16_t number) {
        if (find(number) != nullptr) return true;
        for (known& d : known_) {
            if (d.present) continue;
            d = known{};
            d.number = number;
            d.present = true;
            return true;
        }
        this->drop(errc::full);
        return false;
    }

    // --- the bus, as its table says

    constexpr void forget() {
        for (known& d : known_) d.present = false;
        this->forget_kept();
        next_poll_ = 0;
        end_work();
    }
    /// Nothing that was meant for the bus as it was is said any more: no device runs.
    constexpr void end_work() {
        for (known& d : known_) d.status = device_status::reset;
        if constexpr (has_areas) areas_.give_up_offers(errc::aborted);
    }

    /// Goes from state to state until the bus is up, down, or has failed.
    constexpr errc walk(proto::bus_input input) {
        errc why = errc::none;
        for (;;) {
            const auto action = bus_.feed(input);
            if (!action) return why != errc::none ? why : action.error();
            switch (*action) {
            case proto::bus_action::announce_ready: return errc::none;
            case proto::bus_action::announce_down:
                forget();
                bus_.forget();
                if constexpr (has_areas) areas_.release_all();
                return errc::none;
            case proto::bus_action::announce_failure: end_work(); return why;
            default: break;
            }
            why = act(*action);
            input = why == errc::none ? bus_.next_input() : proto::bus_input::refused;
        }
    }

    constexpr errc act(proto::bus_action action) {
        using enum proto::bus_action;
        switch (action) {
        case send_probe: return agree(bus_.probe(options));
        case send_version: return agree(bus_.proposal(options));
        case send_event_configure:
            if constexpr (present_in<event_configure_request, R>)
                return finish(event_configure_request{event_method::poll, 0, 0});
            return errc::none;
        case send_get_devices:
        case send_next_window: return enumerate();
        case send_reset: return this->reset_peer([](direct_session& s) { return s.finish(reset_request{}); });
        default: return errc::none;
        }
    }
    constexpr errc agree(const version_request& asked) {
        version_response got;
        const bool anew = bus_.state() == proto::bus_state::agreeing;
        errc why = this->converse(0, asked, got);
        if (why == errc::none) why = bus_.judge(got, options);
        if constexpr (has_areas)
            if (anew && why == errc::none) areas_.release_all(); // a peer that agrees has let go of what was before
        return why;
    }
    /// For requests that are answered with a result.
    template <message Request> constexpr errc finish(const Request& asked) {
        response_of<Request> got;
        const errc why = this->converse(0, asked, got);
        return why == errc::none ? this->said(got.result) : why;
    }
    constexpr errc enumerate() {
        if (!Policy::enumerates || list_.given()) {
            for (std::size_t i = 0; i < list_.count; ++i) add(list_.numbers[i]);
            return errc::none;
        }
        if constexpr (Policy::enumerates) {
            answer_room room;
            get_devices_response got;
            errc why = errc::busy;
            for (std::uint16_t left = Policy::retry.devices_attempts;; pause(Policy::retry.devices_pause)) {
                why = this->converse(0, bus_.window(base::max_msg_size()), got, room.bytes);
                const bool nobody = why == errc::busy || why == errc::no_answer;
                if (!nobody || !bus_.at_first_window() || left-- <= 1) break;
            }
            if (why != errc::none) return why;
            for (std::uint32_t i = 0; i < got.count; ++i)
                if ((got.bitmap[i / 8] >> i % 8 & 1) != 0) add(static_cast<std::uint16_t>(got.offset + i));
            return bus_.judge(got);
        }
        return errc::none;
    }

    // --- events

    /// The next one that nobody has heard of.
    constexpr proto::driver_event poll_event() {
        const proto::driver_event e = this->take_kept();
        if constexpr (has_areas)
            if (e.kind == proto::driver_event_kind::none) return areas_.poll();
        return e;
    }
    constexpr errc on(const event_device& e) {
        known* d = find(e.dev_num);
        if (e.state == device_state::removed) {
            if (d == nullptr) return errc::no_device;
            d->present = false;
            return this->keep(proto::driver_event_kind::device_removed, e.dev_num, 0);
        }
        if (e.state != device_state::added || d != nullptr || !add(e.dev_num)) return errc::none;
        return this->keep(proto::driver_event_kind::device_added, e.dev_num, 0);
    }
    constexpr errc on(const event_area_release& e) { return areas_.release(e.area_id) ? errc::none : errc::bad_type; }

    // --- areas

    constexpr instant areas_due() const {
        if constexpr (has_areas)
            if (bus_.negotiated()) return areas_.next_due();
        return never;
    }
    /// Sends what is to be said about an area. False if nothing is.
    constexpr bool work_on_areas(instant now) {
        if constexpr (has_areas) {
            if (!bus_.negotiated()) return false;
            const auto id = areas_.unsent(now);
            if (!id) return false;
            const bool offered = *areas_.state(*id) == proto::area_state::offered;
            areas_.mark_sent(*id);
            const errc why = offered ? offer(*id) : take_back(*id);
            areas_.ended(*id);
            if (why == errc::peer_error && present_in<error_response, R>) lose(why);
            return true;
        } else {
            static_cast<void>(now);
            return false;
        }
    }
    /// Whether a request that has failed may have been carried out.
    static constexpr bool is_unclear(errc why) { return why == errc::timed_out || base::is_other(why); }

    /// The error of the exchange; what the peer has said is told to the area.
    constexpr errc offer(std::uint16_t id) {
        area_share_response got;
        const errc why = this->converse(0, areas_.offered(id), got);
        if (is_unclear(why))
            areas_.unanswered_offer(id, why, clock().now()); // nothing overtakes a direct message
        else
            areas_.answered_offer(id, why == errc::none ? this->said(got.result) : why);
        return why;
    }
    constexpr errc take_back(std::uint16_t id) {
        area_unshare_response got;
        const errc why = this->converse(0, area_unshare_request{id}, got);
        const instant again = clock().now() + Policy::retry.area_interval;
        if (why == errc::none)
            areas_.answered_take_back(id, this->said(got.result), again);
        else if (why == errc::peer_error || why == errc::aborted)
            areas_.postponed_take_back(id); // the bus has ended
        else
            areas_.failed_take_back(id, why, is_unclear(why), again, Policy::retry.area_attempts);
        return why;
    }
    constexpr proto::driver_event area_outcome(std::uint16_t area) {
        const instant end = clock().now() + Policy::area_timeout;
        for (;;) {
            const instant now = clock().now();
            if (work_on_areas(now)) continue;
            const proto::driver_event e = areas_.poll(area);
            if (e.kind != proto::driver_event_kind::none || !bus_.negotiated() || now >= end) return e;
            if (now >= next_poll_) {
                static_cast<void>(this->ask_for_event()); // it can be the release
                next_poll_ = clock().now() + Policy::retry.poll_interval;
                continue;
            }
            instant next = next_poll_ < end ? next_poll_ : end;
            clock().idle(areas_due() < next ? areas_due() : next);
        }
    }

    static constexpr proto::driver_options options{.max_msg_size = base::max_msg_size(),
                                                   .bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
                                                   .feature_bits = Policy::feature_bits,
                                                   .ffa_version = Policy::ffa_version};

    proto::device_list list_;
    proto::negotiator<R> bus_{};
    instant next_poll_ = 0;
    known* asked_ = nullptr; // the device of the request that is being made
    known known_[capacity]{};
    [[no_unique_address]] areas_type areas_{};
};

} // namespace vmsg
