// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `driver_session`: a driver side for those who want to call and wait. It runs `proto::driver` to completion over a
// transport; an event loop uses the engine itself.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/feature.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/virtio/feature.hpp>

namespace vmsg {

/// What a session speaks, how much it holds, and how often it tries. Derive from it to change something.
template <revision R = newest_revision> struct session_policy {
    static constexpr revision rev = R;
    static constexpr proto::driver_capacity capacity{.msg_size = constants_of<R>.ffa_max_msg_size};
    /// Tries of what may be repeated when no answer comes, or nobody takes it: all but configuration writes.
    static constexpr int attempts = 3;
    static constexpr int config_attempts = 6;               ///< reads of a configuration that changes meanwhile
    static constexpr duration reset_timeout = 10 * seconds; ///< until a device reports status 0 (FF-A bus, rule N13)
    static constexpr duration area_timeout = 30 * seconds;  ///< until an area is shared or given back
    static constexpr duration reset_interval = 10 * milliseconds; ///< between two looks at it
};

/// The same over direct messages, which are answered one by one: one request at a time. With
/// `proto::direct_retry_policy`.
template <revision R = newest_revision> struct direct_session_policy : session_policy<R> {
    static constexpr proto::driver_capacity capacity{.requests = 1, .msg_size = constants_of<R>.ffa_max_msg_size};
};

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

    class device;

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
        for (std::uint32_t n = 0; n <= 0xffff && all.count < engine_.device_count(); ++n)
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
            if (pump()) continue;
            if (clock_.now() >= until) return {};
            idle(until);
        }
    }
    /// Asks for events at once instead of at the next interval.
    constexpr void poll_now() { engine_.poll_now(clock_.now()); }

    /// How often and how soon frames are sent again that a carrier of two methods has refused, for each of them.
    constexpr void set_busy_budgets(const proto::retry_policy& direct,
                                    const proto::retry_policy& indirect) requires(by_method) {
        if constexpr (by_method) budgets_ = {direct, indirect};
    }

    constexpr const engine_type& engine() const { return engine_; }
    /// The engine, for work beside that of the session: `turn` keeps it going.
    constexpr engine_type& engine() { return engine_; }
    /// Sends and receives what there is, or waits until something may have come, `until` at the latest.
    constexpr void turn(instant until) {
        if (!pump() && clock_.now() < until) idle(until);
    }
    constexpr Clock& clock() { return clock_; }

private:
    /// For each method of a carrier that has two.
    struct two_budgets {
        proto::retry_policy direct = proto::direct_retry_policy;
        proto::retry_policy indirect = proto::indirect_retry_policy;
        constexpr const proto::retry_policy& of(transfer_methods m) const {
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
    /// before was received. False if there was nothing.
    constexpr bool pump() {
        for (int i = 0; i < most_frames; ++i) {
            const bool sent = send_one();
            const bool received = receive_one();
            if (!sent && !received) return i != 0;
        }
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

    template <message Request>
    constexpr result<response_of<Request>> ask(std::uint16_t dev_num, const Request& asked, int attempts) {
        result<response_of<Request>> got = errc::timed_out;
        for (int i = 0; i < attempts && worth_another(got.error()); ++i)
            got = finish<Request>([&] { return engine_.request(dev_num, asked, clock_.now()); });
        return got;
    }

    T& wire_;
    Clock& clock_;
    ffa::endpoint_id peer_;
    engine_type engine_;
    [[no_unique_address]] std::conditional_t<by_method, two_budgets, no_budgets> budgets_{};
    alignas(8) std::uint8_t buffer_[msg_size]{};
};

/// A device on the bus of a session. Errors of all calls: those of `proto::driver::request`, and `timed_out`, `busy`,
/// `no_answer`, `peer_error` when the attempts of the policy are spent.
template <transport T, session_clock Clock, class Policy> class driver_session<T, Clock, Policy>::device {
public:
    constexpr device(driver_session& session, std::uint16_t number) : session_(&session), number_(number) {}

    constexpr std::uint16_t number() const { return number_; }

    /// What the device is.
    constexpr result<get_device_info_response> info() { return ask(get_device_info_request{}); }

    /// Resets the device and waits until it says so; `timed_out` if it does not. With `quirk::status_zero_panics` a
    /// device that has another status than 0 cannot be reset: `not_supported`.
    constexpr result<void> reset() {
        measured_ = no_queue;
        if constexpr (Policy::capacity.quirks.has(quirk::status_zero_panics)) {
            const auto before = status();
            if (!before) return before.error();
            return *before == device_status::reset ? errc::none : errc::not_supported;
        }
        const instant end = session_->clock_.now() + Policy::reset_timeout;
        const auto written = ask(set_device_status_request{device_status::reset});
        if (!written) return written.error();
        device_status now = written->status;
        while (now != device_status::reset) {
            if (session_->clock_.now() >= end) return errc::timed_out;
            pause(Policy::reset_interval);
            const auto read = ask(get_device_status_request{});
            if (!read) return read.error();
            now = read->status;
        }
        return {};
    }

    /// From reset to FEATURES_OK: accepts what the device offers, `wanted` names and virtio-msg allows. `not_supported`
    /// if that lacks a feature of `required`, `denied` if the device does not take the choice; the device is FAILED
    /// then. Success gives what was accepted.
    constexpr result<feature_set> negotiate(const feature_set& wanted, const feature_set& required = {}) {
        const auto what = info();
        if (!what) return what.error();
        identity_ = *what;
        if (const auto done = reset(); !done) return done.error();
        if (const auto done = advance(acknowledged); !done) return done.error();
        if (const auto done = advance(driving); !done) return done.error();
        const auto offered = read_features(feature_blocks<R>(*what));
        if (!offered) return offered.error();
        offered_ = *offered;
        const feature_set chosen = virtio::choose(offered_, wanted | required);
        if (!required.subset_of(chosen)) return give_up(errc::not_supported);
        if (const auto done = write_features(chosen); !done) return done.error();
        if (const auto done = advance(agreed); !done)
            return done.error() == errc::denied ? give_up(errc::denied) : done.error();
        accepted_ = chosen;
        return chosen;
    }
    constexpr const get_device_info_response& identity() const { return identity_; } ///< after `negotiate`
    constexpr const feature_set& offered() const { return offered_; }                ///< after `negotiate`
    constexpr const feature_set& accepted() const { return accepted_; }              ///< after `negotiate`

    /// Reads configuration from `offset` on into all of `out`, in as many messages as it takes, all of one generation.
    /// `retry` if it does not hold still. What changes after the last answer comes with an event.
    constexpr result<void> read_config(std::uint32_t offset, byte_span out) {
        const std::size_t most = chunk(fixed_msg_size<get_config_response, R>);
        for (int i = 0; i < Policy::config_attempts; ++i) {
            std::uint32_t generation = 0;
            bool torn = false;
            for (std::size_t at = 0; at < out.size() && !torn;) {
                const std::size_t n = out.size() - at < most ? out.size() - at : most;
                const auto got =
                    ask(get_config_request{offset + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(n)});
                if (!got) return got.error();
                torn = at != 0 && got->generation != generation;
                generation = got->generation;
                copy_bytes(out.data() + at, got->config.bytes().data(), n);
                at += n;
            }
            if (!torn) return {};
        }
        return errc::retry;
    }

    /// Writes configuration from `offset` on, in as many messages as it takes. `denied` if the device has not taken a
    /// part; those before it are written.
    constexpr result<void> write_config(std::uint32_t offset, byte_view in) {
        const std::size_t most = chunk(fixed_msg_size<set_config_request, R>);
        for (std::size_t at = 0; at < in.size();) {
            const std::size_t n = in.size() - at < most ? in.size() - at : most;
            const auto got = session_->template ask<set_config_request>(
                number_,
                {0, offset + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(n), in.drop(at).first(n)}, 1);
            if (!got) return got.error();
            if (got->length != n) return errc::denied;
            at += n;
        }
        return {};
    }

    /// The most entries that virtqueue `index` can have; 0 if there is no such queue.
    constexpr result<std::uint32_t> max_queue_size(std::uint32_t index) {
        const auto got = ask(get_vqueue_request{index});
        if (!got) return got.error();
        measured_ = index;
        most_entries_ = got->max_size;
        return got->max_size;
    }
    /// Enables virtqueue `index`, and reads back whether the device has taken it: `denied` if not. `invalid_argument`
    /// if the queue cannot have that many entries, which the device is asked first unless `max_queue_size` just was.
    constexpr result<void> setup_queue(std::uint32_t index, const proto::queue_setup& q) {
        if (measured_ != index)
            if (const auto most = max_queue_size(index); !most) return most.error();
        if (q.size > most_entries_) return errc::invalid_argument;
        set_vqueue_request wanted{.index = index,
                                  .size = q.size,
                                  .descriptor_addr = q.descriptor_addr,
                                  .driver_addr = q.driver_addr,
                                  .device_addr = q.device_addr};
        if (R == revision::oasis_v2) wanted.flags = vqueue_flags::enable;
        if (const auto set = ask(wanted); !set) return set.error();
        const auto got = ask(get_vqueue_request{index});
        if (!got) return got.error();
        const bool enabled = R != revision::oasis_v2 || (got->flags & vqueue_enabled) != 0;
        if (Policy::capacity.quirks.has(quirk::get_vqueue_phys_addr))
            return enabled && got->cur_size == q.size ? errc::none : errc::denied;
        const proto::queue_setup there{got->cur_size, got->descriptor_addr, got->driver_addr, got->device_addr};
        return enabled && there == q ? errc::none : errc::denied;
    }
    /// Disables virtqueue `index`; needs VIRTIO_F_RING_RESET.
    constexpr result<void> reset_queue(std::uint32_t index) { return ask(reset_vqueue_request{index}).error(); }

    /// From FEATURES_OK to DRIVER_OK.
    constexpr result<void> driver_ok() { return advance(running); }
    /// Tells the device that the driver has given it up.
    constexpr result<void> fail() {
        const auto status = ask(get_device_status_request{});
        if (!status) return status.error();
        return ask(set_device_status_request{(status->status & running) | device_status::failed}).error();
    }
    constexpr result<device_status> status() {
        const auto got = ask(get_device_status_request{});
        if (!got) return got.error();
        return got->status;
    }

    /// A region of shared memory of the device; length 0 if it has none with this id.
    constexpr result<get_shm_response> shared_memory(std::uint32_t shmid) { return ask(get_shm_request{shmid}); }

    /// Tells the device that buffers are available: see `proto::driver::notify`. It leaves with the next call that
    /// waits.
    constexpr result<void> notify(std::uint32_t vq_index, std::uint32_t next_offset) {
        return session_->engine_.notify(number_, vq_index, next_offset);
    }

private:
    // The statuses that a driver goes through.
    static constexpr device_status acknowledged = device_status::acknowledge;
    static constexpr device_status driving = acknowledged | device_status::driver;
    static constexpr device_status agreed = driving | device_status::features_ok;
    static constexpr device_status running = agreed | device_status::driver_ok;

    template <message Request> constexpr result<response_of<Request>> ask(const Request& asked) {
        return session_->ask(number_, asked, Policy::attempts);
    }
    constexpr std::size_t chunk(std::size_t fixed) const { return session_->engine_.max_msg_size() - fixed; }

    constexpr void pause(duration time) {
        const instant end = session_->clock_.now() + time;
        while (session_->clock_.now() < end)
            if (!session_->pump()) session_->idle(end);
    }

    /// Writes a status and verifies it: `denied` if the device has another one then.
    constexpr result<void> advance(device_status wanted) {
        const auto got = ask(set_device_status_request{wanted});
        if (!got) return got.error();
        return got->status == wanted ? errc::none : errc::denied;
    }
    constexpr errc give_up(errc why) {
        static_cast<void>(fail());
        return why;
    }

    constexpr result<feature_set> read_features(std::uint32_t blocks) {
        const auto most = static_cast<std::uint32_t>(chunk(fixed_msg_size<get_device_features_response, R>) / 4);
        if (blocks > feature_set::num_blocks) blocks = feature_set::num_blocks; // beyond: reserved
        feature_set offered;
        for (std::uint32_t first = 0; first < blocks;) {
            const std::uint32_t n = blocks - first < most ? blocks - first : most;
            const auto got = ask(get_device_features_request{first, n});
            if (!got) return got.error();
            for (std::uint32_t i = 0; i < n; ++i) offered.set_block(first + i, got->features[i]);
            first += n;
        }
        return offered;
    }
    constexpr result<void> write_features(const feature_set& chosen) {
        std::uint32_t blocks[feature_set::num_blocks]{};
        std::uint32_t used = 2;
        for (std::uint32_t i = 0; i < feature_set::num_blocks; ++i) {
            blocks[i] = chosen.block(i);
            if (blocks[i] != 0 && i >= used) used = i + 1;
        }
        static_assert(fixed_msg_size<set_driver_features_request, R> + sizeof blocks <= msg_size);
        return ask(set_driver_features_request{0, used, {blocks, used}}).error();
    }

    static constexpr std::uint32_t no_queue = 0xffff'ffff; // indices have 16 bits

    driver_session* session_;
    std::uint16_t number_;
    std::uint32_t measured_ = no_queue; // the queue that `most_entries_` is about
    std::uint32_t most_entries_ = 0;
    get_device_info_response identity_{};
    feature_set offered_{};
    feature_set accepted_{};
};

} // namespace vmsg
