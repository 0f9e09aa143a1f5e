// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `driver_session`: a driver side for those who want to call and wait. It runs `proto::driver` to completion over a
// transport; an event loop uses the engine itself.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/session_device.hpp>
#include <vmsg/session/session_policy.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg {

/// A bus and its devices, as seen by a driver that waits. Every call returns when it is done or has failed; what comes
/// unasked is kept for `wait`.
template <transport T, session_clock Clock, class Policy = session_policy<>> class driver_session {
    static constexpr revision R = Policy::rev;
    static constexpr std::size_t msg_size = Policy::capacity.msg_size;
    static constexpr bool by_method = requires(const T& t) { t.last_method(); };
    static constexpr int most_frames = 64; // taken in a row before anything else has its turn

public:
    using engine_type = proto::driver<R, Policy::capacity>;

    /// The numbers of the devices on the bus, in no order.
    struct device_numbers {
        std::uint16_t number[Policy::capacity.devices]{};
        std::size_t count = 0;
        constexpr const std::uint16_t* begin() const { return number; }
        constexpr const std::uint16_t* end() const { return number + count; }
        constexpr std::size_t size() const { return count; }
    };

    using device = session_device<driver_session>;

    /// A session with `peer` over `wire`. Both stay the caller's.
    constexpr driver_session(T& wire, Clock& clock, ffa::endpoint_id peer = {}, proto::driver_options options = {})
        : wire_(wire), clock_(clock), peer_(peer), engine_(fitting(options, wire.max_msg_size())) {}

    // --- the bus

    /// Brings the bus up: version, event delivery, enumeration. What was kept for `wait` is forgotten; the devices that
    /// are there are in `devices()`. Errors: `bad_state` (it is up), the reason of the last attempt.
    constexpr result<void> open() {
        result<void> outcome;
        for (int i = 0; i < Policy::attempts; ++i) {
            outcome = engine_.start(clock_.now());
            if (outcome) outcome = bus_outcome(proto::driver_event_kind::bus_ready);
            if (!worth_another(outcome.error())) break;
        }
        if (outcome)
            while (engine_.poll_event().kind != proto::driver_event_kind::none) {}
        return outcome;
    }
    /// Makes the peer forget everything. The devices are to be reset before. Errors: `bad_state` (it is not up), the
    /// reason of the last attempt.
    constexpr result<void> close() {
        result<void> outcome;
        for (int i = 0; i < Policy::attempts; ++i) {
            static_cast<void>(engine_.poll_bus_event()); // news from before would be taken for the outcome
            outcome = engine_.reset(clock_.now());
            if (outcome) outcome = bus_outcome(proto::driver_event_kind::bus_down);
            if (!worth_another(outcome.error())) break;
        }
        return outcome;
    }
    /// Starts anew, whatever has happened: the bus has failed, the device side has started anew, a step was left half
    /// done. Success says that the device side has reset all devices and has let go of all memory. Errors: those of
    /// `open`.
    constexpr result<void> reopen() {
        if (alive()) static_cast<void>(close()); // it is down or has failed then
        return open();
    }

    /// The device side is gone for good: see `proto::driver::abandon`.
    constexpr void abandon() { engine_.abandon(clock_.now()); }

    constexpr device_numbers devices() const {
        device_numbers all;
        const std::size_t there = engine_.device_count();
        for (std::uint32_t n = 0; n <= 0xffff && all.count < there; ++n)
            if (engine_.device(static_cast<std::uint16_t>(n)) != nullptr)
                all.number[all.count++] = static_cast<std::uint16_t>(n);
        return all;
    }
    /// A device by its number; that it is there shows when it is asked.
    constexpr device at(std::uint16_t dev_num) { return {*this, dev_num}; }

    /// Whether the peer answers, and with what it was sent. Errors: of a request; `bad_value` (something else came
    /// back).
    constexpr result<void> ping(std::uint32_t data) {
        result<ping_response> got = errc::timed_out;
        for (int i = 0; i < Policy::attempts && worth_another(got.error()); ++i)
            got = finish<ping_request>([&] { return engine_.ping(data); });
        return got.error();
    }

    /// Shares memory and gives the id of its area. `page_count` in pages of 4 KiB. Errors: `timed_out` (nobody knows
    /// whether the device side has the memory: `area_released` or `area_kept` comes to `wait`), every other one says
    /// that it has not.
    constexpr result<std::uint16_t> share(std::uint64_t mem_handle, std::uint32_t page_count, area_attrs attrs) {
        const auto area = engine_.share_area(mem_handle, page_count, attrs);
        if (!area) return area;
        const proto::driver_event e = area_outcome(*area);
        if (e.kind == proto::driver_event_kind::area_shared) return *area;
        if (e.kind == proto::driver_event_kind::area_refused) return e.error;
        return e.kind == proto::driver_event_kind::area_released ? errc::aborted : errc::timed_out;
    }
    /// Takes memory back: after success it is not used any more. Errors: `bad_state` (it is not shared), `timed_out`
    /// (the device side still uses it: `area_released` comes to `wait`), every other one says that it stays shared.
    constexpr result<void> unshare(std::uint16_t area) {
        if (const auto begun = engine_.unshare_area(area); !begun) return begun;
        const proto::driver_event e = area_outcome(area);
        if (e.kind == proto::driver_event_kind::area_released) return {};
        return e.kind == proto::driver_event_kind::area_kept ? e.error : errc::timed_out;
    }

    // --- what comes unasked

    /// The next thing that has happened by itself: used buffers, a changed configuration, devices that come and go, a
    /// notification that was lost, a bus that failed. Kind `none` if there is nothing until `until`.
    constexpr proto::driver_event wait(instant until) {
        for (;;) {
            if (const proto::driver_event e = engine_.poll_event(); e.kind != proto::driver_event_kind::none) return e;
            const bool moved = pump();
            if (clock_.now() >= until) return engine_.poll_event();
            if (!moved) idle(until);
        }
    }
    /// Asks for events at once instead of at the next interval.
    constexpr void poll_now() { engine_.poll_now(clock_.now()); }

    /// How often and how soon frames are sent again that a carrier of several methods has refused, for each of them;
    /// `fifo`: of frames that have no method.
    constexpr void set_busy_budgets(const proto::retry_policy& direct, const proto::retry_policy& indirect,
                                    const proto::retry_policy& fifo = proto::fifo_retry_policy) requires(by_method) {
        if constexpr (by_method) budgets_ = {direct, indirect, fifo};
    }

    constexpr const engine_type& engine() const { return engine_; }
    /// The engine, for work beside that of the session: `turn` keeps it going. A call of the session waits as long as
    /// tickets that were made here, and are not given back, leave it no slot.
    constexpr engine_type& engine() { return engine_; }
    /// Sends and receives what there is, or waits until something may have come, `until` at the latest.
    constexpr void turn(instant until) {
        if (!pump() && clock_.now() < until) idle(until);
    }
    constexpr Clock& clock() { return clock_; }

private:
    /// For each method of a carrier that has several.
    struct budgets_by_method {
        proto::retry_policy direct = proto::direct_retry_policy;
        proto::retry_policy indirect = proto::indirect_retry_policy;
        proto::retry_policy fifo = proto::fifo_retry_policy;
        constexpr const proto::retry_policy& of(transfer_methods m) const {
            if (m == transfer_methods::none) return fifo;
            return m == transfer_methods::direct ? direct : indirect;
        }
    };
    struct no_budgets {};

    static constexpr proto::driver_options fitting(proto::driver_options options, std::size_t carried) {
        if (options.max_msg_size > carried) options.max_msg_size = carried;
        return options;
    }
    static constexpr bool worth_another(errc why) {
        return why == errc::timed_out || why == errc::busy || why == errc::no_answer;
    }

    /// A carrier that goes by the state of the bus is told.
    constexpr void tell_carrier() {
        detail::tell(wire_, engine_.fifo());
        if constexpr (requires { wire_.follow(engine_.methods()); }) wire_.follow(engine_.methods());
    }

    /// Sends and receives what there is, in turns: a carrier may take the next frame only when the answer to the one
    /// before was received. False if there was nothing. Time passes also for a peer that never stops.
    constexpr bool pump() {
        for (int i = 0; i < most_frames; ++i) {
            const bool sent = send_one();
            const bool received = receive_one();
            if (!sent && !received) return i != 0;
        }
        engine_.handle_timeout(clock_.now());
        return true;
    }
    constexpr bool send_one() {
        const auto out = engine_.poll_transmit(clock_.now());
        if (!out) return false;
        tell_carrier();
        const auto outcome = wire_.send(peer_, *out, clock_.now());
        if constexpr (by_method) engine_.set_busy_budget(budgets_.of(wire_.last_method()));
        engine_.handle_sent(outcome, clock_.now());
        return true;
    }
    constexpr bool receive_one() {
        tell_carrier();
        const auto in = wire_.receive(byte_span{buffer_}, clock_.now());
        if (in) engine_.handle_frame({buffer_, in->size}, clock_.now());
        if (in.error() == errc::aborted) engine_.carrier_lost(clock_.now());
        if (in.error() == errc::no_answer) engine_.handle_refused(clock_.now());
        return in || in.error() != errc::would_block;
    }
    constexpr void idle(instant until) {
        if (engine_.poll_timeout() < until) until = engine_.poll_timeout();
        if (timeout_of(wire_) < until) until = timeout_of(wire_);
        clock_.idle(until);
        engine_.handle_timeout(clock_.now());
    }
    constexpr void step() {
        if (!pump()) idle(never);
    }

    /// What became of the way to `wanted`.
    constexpr result<void> bus_outcome(proto::driver_event_kind wanted) {
        for (;;) {
            const proto::driver_event e = engine_.poll_bus_event();
            if (e.kind == wanted) return {};
            if (e.kind != proto::driver_event_kind::none) return e.error != errc::none ? e.error : errc::aborted;
            step();
        }
    }
    constexpr proto::driver_event area_outcome(std::uint16_t area) {
        const instant end = clock_.now() + Policy::area_timeout;
        for (;;) {
            const proto::driver_event e = engine_.poll_area_event(area);
            if (e.kind != proto::driver_event_kind::none || !alive() || clock_.now() >= end) return e;
            if (!pump()) idle(end);
        }
    }

    /// Whether the bus can still bring something.
    constexpr bool alive() const {
        return engine_.state() != proto::bus_state::down && engine_.state() != proto::bus_state::failed;
    }

    /// Makes a request as soon as there is room for one, waits for its answer and gives the ticket back. A tail in the
    /// answer lives until the next request.
    template <message Request, class Make> constexpr result<response_of<Request>> finish(Make make) {
        auto ticket = make();
        for (; !ticket && ticket.error() == errc::busy; ticket = make()) step();
        if (!ticket) return ticket.error();
        auto got = engine_.response(*ticket);
        for (; got.error() == errc::would_block; got = engine_.response(*ticket)) step();
        engine_.release(*ticket, clock_.now());
        return got;
    }

    // --- for `session_device`

    friend device;
    static constexpr revision rev = R;
    using policy = Policy;
    struct answer_room {}; // a tail lives in the engine until the next request

    constexpr std::size_t max_msg_size() const { return engine_.max_msg_size(); }
    constexpr const version_response& agreed() const { return engine_.agreed(); }

    template <message Request>
    constexpr errc ask(std::uint16_t dev_num, const Request& asked, response_of<Request>& got, answer_room = {}) {
        // A configuration write is not repeated: nobody knows what has become of the first one.
        constexpr int attempts = std::is_same_v<Request, set_config_request> ? 1 : Policy::attempts;
        result<response_of<Request>> answer = errc::timed_out;
        for (int i = 0; i < attempts && worth_another(answer.error()); ++i)
            answer = finish<Request>([&] { return engine_.request(dev_num, asked, clock_.now()); });
        if (answer) got = *answer;
        return answer.error();
    }
    constexpr result<void> notify(std::uint16_t dev_num, std::uint32_t vq_index, std::uint32_t next_offset) {
        return engine_.notify(dev_num, vq_index, next_offset);
    }
    constexpr void pause(duration time) {
        const instant end = clock_.now() + time;
        while (clock_.now() < end)
            if (!pump()) idle(end);
    }

    T& wire_;
    Clock& clock_;
    ffa::endpoint_id peer_;
    engine_type engine_;
    [[no_unique_address]] std::conditional_t<by_method, budgets_by_method, no_budgets> budgets_{};
    alignas(8) std::uint8_t buffer_[msg_size]{};
};

} // namespace vmsg
