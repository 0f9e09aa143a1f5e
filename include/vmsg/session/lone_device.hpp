// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `lone_device`: a driver side for one device over FF-A direct messages: what a boot loader or a small secure partition
// needs, in 4.0 kB of code at -Os without its counters, 4.4 kB with them. Source: virtio-msg, "Device
// Initialization"; FF-A bus, rules N5, N7, N8.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/feature.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/drop_counters.hpp>
#include <vmsg/proto/negotiator.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/direct_events.hpp>
#include <vmsg/session/direct_requests.hpp>
#include <vmsg/session/session_policy.hpp>
#include <vmsg/time.hpp>
#include <vmsg/virtio/feature.hpp>

namespace vmsg {

/// One device, whose number is known, on the bus of one peer. Every call returns when it has its answer or has failed;
/// errors are those of `direct_session` and its devices, and so is the meaning of `Policy`, of which `capacity`,
/// `enumerates` and `feature_bits` are not looked at. `direct_session` is for more devices, memory that is taken back,
/// configuration that is written, and a bus that is closed.
///
/// In order: `open`, `share`, `negotiate`, `read_config`, `setup_queue`, `driver_ok`, then `notify` and `wait`. What
/// comes too early is `bad_state` and is not sent.
template <ffa::conduit Conduit, session_clock Clock, class Policy = direct_session_policy<>>
class lone_device : public detail::direct_events<lone_device<Conduit, Clock, Policy>, Conduit, Clock, Policy> {
    using base = detail::direct_events<lone_device, Conduit, Clock, Policy>;
    static constexpr revision R = Policy::rev;

public:
    /// Device `number` of `peer`, driven by `self`. Conduit and clock stay the caller's.
    constexpr lone_device(Conduit& conduit, Clock& clock, ffa::endpoint_id self, ffa::endpoint_id peer,
                          std::uint16_t number)
        : base(conduit, clock, self, peer), number_(number) {}

    constexpr std::uint16_t number() const { return number_; }

    /// Agrees with the peer on a version and on events that are asked for, whatever has happened before: a peer that
    /// was told once how events are delivered, and refuses to be told again, gets a RESET, after which it has forgotten
    /// memory and devices, and is asked anew. What was known of the device is forgotten. Errors: why the bus cannot be
    /// up.
    constexpr result<void> open() {
        forget();
        errc why = start();
        if constexpr (has_events) {
            if (why == errc::peer_error) {
                why = this->reset_peer([](lone_device& d) { return d.ask_bus(shape<reset_request>()); });
                if (why == errc::none) why = start();
            }
        }
        up_ = why == errc::none;
        return why;
    }

    /// Tells the peer of memory, which is not taken back: `area` is a number of the caller's choice, the first part of
    /// bus addresses, not above the most that the peer takes. `page_count` in pages of 4 KiB. Errors:
    /// `invalid_argument`, those of a request, `busy` and `peer_error` (the peer has it not). After `timed_out`,
    /// `would_block`, `bad_type`, `bad_value` and `bad_length` nobody knows whether the peer has it.
    constexpr result<void> share(std::uint16_t area, std::uint64_t mem_handle, std::uint32_t page_count,
                                 area_attrs attrs) {
        if (!up_) return errc::bad_state;
        const bool good = area != 0 && area <= most_areas_ && area <= constants_of<R>.max_area_id && page_count != 0 &&
                          legal(R, attrs);
        if (!good) return errc::invalid_argument;
        area_share_response got;
        const errc why = this->converse(
            0,
            area_share_request{
                .area_id = area, .mem_handle = mem_handle, .page_count = page_count, .sharing_attrs = attrs},
            got);
        return why == errc::none ? proto::error_of(got.result) : why;
    }

    /// What the device is.
    constexpr result<get_device_info_response> info() {
        get_device_info_response got;
        if (const errc why = ask_info(got); why != errc::none) return why;
        return got;
    }

    /// What the device says of itself: NEEDS_RESET is there if only `reset` or `negotiate` helps, which also shows as
    /// `bad_state` of what comes next. A reason to look is `config_changed`.
    constexpr result<device_status> status() {
        errc why = begin(proto::detail::rule_of<get_device_status_request>);
        if (why == errc::none) why = read_status();
        if (why != errc::none) return why;
        return device_.status;
    }

    /// Resets the device and waits until it says so; `timed_out` if it does not.
    constexpr result<void> reset() {
        const errc why = begin(proto::detail::rule_of<set_device_status_request>);
        return why == errc::none ? reset_device() : why;
    }

    /// From whatever state to FEATURES_OK: resets the device and accepts what it offers, `wanted` names and virtio-msg
    /// allows, of the features 0 to 63. `not_supported` if that lacks VERSION_1 or a feature of `required`, `denied` if
    /// the device does not take the choice; the device is FAILED then, unless it is in need of a reset anyway.
    /// `bad_state` while a reset has not ended: `reset` goes on with it.
    constexpr result<void> negotiate(const feature_set& wanted, const feature_set& required = {}) {
        get_device_info_response about;
        errc why = ask_info(about);
        if (why == errc::none) why = reset_device();
        if (why == errc::none) why = advance(device_status::acknowledge);
        if (why == errc::none) why = advance(proto::detail::attached_driver);
        if (why != errc::none) return why;
        why = choose(wanted, required);
        if (why == errc::none) why = advance(agreed);
        if (why == errc::none) return why;
        accepted_[0] = accepted_[1] = 0;
        if (why == errc::not_supported || why == errc::denied)
            static_cast<void>(write_status((device_.status & running) | device_status::failed));
        return why;
    }
    /// What `negotiate` has agreed on; none before, and from the next reset on.
    constexpr feature_set accepted() const { return feature_set{{accepted_[0], accepted_[1], 0, 0}}; }

    /// The most bytes of configuration that one message carries.
    static constexpr std::size_t max_config_read() {
        return base::max_msg_size() - fixed_msg_size<get_config_response, R>;
    }
    /// Reads configuration from `offset` on into all of `out`, which has at most `max_config_read` bytes: they are all
    /// of one `generation`.
    constexpr result<void> read_config(std::uint32_t offset, byte_span out) {
        const errc why = begin(proto::detail::rule_of<get_config_request>);
        if (why != errc::none) return why;
        const auto length = static_cast<std::uint32_t>(out.size());
        if (out.size() > max_config_read() || proto::detail::check_range(device_, offset, length) != errc::none)
            return errc::invalid_argument;
        return read(offset, out);
    }
    /// Of the configuration, as last seen: what was read in two messages belongs together if it has not changed.
    constexpr std::uint32_t generation() const { return device_.generation; }

    /// Enables virtqueue `index`, and reads back whether the device has taken it: `denied` if not. `invalid_argument`
    /// if there is no such queue, or it cannot have that many entries. One that is enabled already, as far as the
    /// revision tells, is left as it is: `bad_state` unless it is so.
    constexpr result<void> setup_queue(std::uint32_t index, const proto::queue_setup& q) {
        errc why = begin(proto::detail::rule_of<set_vqueue_request>);
        if (why == errc::none) why = proto::detail::check_request(device_, request_for(index, q));
        if (why != errc::none) return why;
        for (bool written = false;; written = true) {
            get_vqueue_response got;
            why = this->converse(number_, get_vqueue_request{index}, got);
            if (why == errc::none) why = proto::detail::judge_queue<R>(got, q, written);
            if (why != errc::retry) return why;
            set_vqueue_response set;
            why = this->converse(number_, request_for(index, q), set);
            if (why != errc::none) return why;
        }
    }

    /// From FEATURES_OK to DRIVER_OK; `denied` if the device has another status then.
    constexpr result<void> driver_ok() {
        const errc why = begin({device_status::features_ok, device_status::failed, true});
        return why == errc::none ? advance(running) : why;
    }

    /// Tells the device that buffers are available in a virtqueue: see `direct_session::notify`.
    constexpr result<void> notify(std::uint32_t vq_index, std::uint32_t next_offset) {
        if (const errc why = proto::detail::check_kick(&device_, vq_index); why != errc::none) return why;
        return this->kick(number_, {vq_index, device_.notification_data ? next_offset : 0});
    }

    /// The next thing that has happened by itself, asked for at once and then at every interval of the policy: used
    /// buffers, a changed configuration, a device that is gone (`device_removed`), a bus that failed, after which
    /// `open` starts anew. Kind `none` if there is nothing until `until`.
    constexpr proto::driver_event wait(instant until) {
        await_news(until);
        return this->take_kept();
    }

private:
    friend base;
    friend typename base::carrier;

    /// Whether the device may be asked now.
    constexpr errc begin(proto::detail::request_rule rule) const {
        return up_ ? proto::detail::check_order(device_, rule) : errc::bad_state;
    }

    // The statuses that a driver goes through.
    static constexpr device_status agreed = proto::detail::attached_driver | device_status::features_ok;
    static constexpr device_status running = agreed | device_status::driver_ok;

    static constexpr version_request proposal{.bus_version = constants_of<R>.bus_version,
                                              .transport_revision = constants_of<R>.transport_revision,
                                              .ffa_version = Policy::ffa_version,
                                              .bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
                                              .max_areas = constants_of<R>.max_area_id};

    struct answer_room {
        std::uint8_t bytes[base::max_msg_size()]; // written before it is read
    };

    constexpr void drop_device() {
        device_ = {};
        accepted_[0] = accepted_[1] = 0;
    }
    constexpr void forget() {
        drop_device();
        this->forget_kept();
        up_ = false;
    }
    static constexpr bool has_events = present_in<event_configure_request, R>; // that are configured
    template <message Request> static consteval detail::exchange_shape shape() {
        return detail::shape_of<Request, response_of<Request>, R>();
    }

    /// VERSION and EVENT_CONFIGURE.
    constexpr errc start() {
        const errc why = agree();
        if constexpr (has_events)
            if (why == errc::none) return ask_bus(shape<event_configure_request>());
        return why;
    }
    /// EVENT_CONFIGURE and RESET are the same but for what is asked for, which the latter has no place for.
    constexpr errc ask_bus(detail::exchange_shape shape) {
        event_configure_response got;
        const errc why = this->converse_as(shape, 0, event_configure_request{event_method::poll, 0, 0}, got);
        return why == errc::none ? this->said(got.result) : why;
    }
    /// VERSION, in oasis_v2 once more before, to see what the peer has.
    VMSG_INLINE constexpr errc agree() {
        version_request asked{.ffa_version = Policy::ffa_version};
        if (R != revision::oasis_v2) asked = proposal;
        for (;;) {
            version_response got;
            if (const errc why = this->converse(0, asked, got); why != errc::none) return why;
            if (asked.bus_version == 0) {
                if (const errc why = proto::detail::judge_probe<R>(got); why != errc::none) return why;
                asked = proposal;
                continue;
            }
            if (!proto::detail::same_version<R>(got)) return errc::unsupported_revision;
            most_areas_ = got.max_areas;
            const bool usable = carries(transfer_methods::direct, got.bus_features, usual_pair_rule<R>);
            return usable ? errc::none : errc::not_supported;
        }
    }

    static constexpr set_vqueue_request request_for(std::uint32_t index, const proto::queue_setup& q) {
        return {.index = index,
                .flags = R == revision::oasis_v2 ? vqueue_flags::enable : vqueue_flags{},
                .size = q.size,
                .descriptor_addr = q.descriptor_addr,
                .driver_addr = q.driver_addr,
                .device_addr = q.device_addr};
    }
    constexpr errc ask_info(get_device_info_response& got) {
        errc why = begin(proto::detail::rule_of<get_device_info_request>);
        if (why == errc::none) why = this->converse(number_, get_device_info_request{}, got);
        if (why == errc::none) proto::detail::learn(device_, get_device_info_request{}, got);
        return why;
    }

    /// A round of EVENT_POLL at every interval, until there is something or it is late.
    constexpr void await_news(instant until) {
        for (;;) {
            for (std::uint16_t left = Policy::retry.poll_budget; up_ && !this->keeps_news();)
                if (!this->ask_for_event() || left-- <= 1) break;
            const instant now = this->the_clock().now();
            if (this->keeps_news() || now >= until) return;
            const instant next = now + Policy::retry.poll_interval;
            this->the_clock().idle(next < until ? next : until);
        }
    }

    constexpr errc reset_device() {
        const instant end = this->the_clock().now() + Policy::reset_timeout;
        device_.resetting = true;
        accepted_[0] = accepted_[1] = 0;
        device_.notification_data = false;
        for (errc why = write_status(device_status::reset);; why = read_status()) {
            if (why != errc::none || !device_.resetting) return why;
            if (this->the_clock().now() >= end) return errc::timed_out;
            this->pause(Policy::reset_interval);
        }
    }
    /// But for a reset no bit is taken back that the device has.
    constexpr errc write_status(device_status wanted) {
        if (wanted != device_status::reset && !has(wanted, device_.status)) return errc::bad_state;
        return ask_status(shape<set_device_status_request>(), wanted);
    }
    constexpr errc read_status() { return ask_status(shape<get_device_status_request>(), {}); }
    /// GET_DEVICE_STATUS and SET_DEVICE_STATUS are the same but for what is written, which the former has no place for.
    constexpr errc ask_status(detail::exchange_shape shape, device_status wanted) {
        set_device_status_response got;
        const errc why = this->converse_as(shape, number_, set_device_status_request{wanted}, got);
        if (why == errc::none) proto::detail::learn_status(device_, got.status);
        return why;
    }
    /// Writes a status and verifies it: `denied` if the device has another one then.
    constexpr errc advance(device_status wanted) {
        const errc why = write_status(wanted);
        return why == errc::none && device_.status != wanted ? errc::denied : why;
    }

    VMSG_INLINE constexpr errc choose(const feature_set& wanted, const feature_set& required) {
        constexpr std::uint32_t blocks = 2;
        answer_room room;
        get_device_features_response offered;
        const errc why = this->converse(number_, get_device_features_request{0, blocks}, offered, room.bytes);
        if (why != errc::none) return why;
        const std::uint64_t needed = required.low() | virtio::always_accepted.low();
        const std::uint64_t there = offered.features[0] | std::uint64_t{offered.features[1]} << 32;
        const std::uint64_t chosen = there & virtio::allowed_on_virtio_msg.low() & (needed | wanted.low());
        if ((needed & ~chosen) != 0 || (required.block(2) | required.block(3)) != 0) return errc::not_supported;
        accepted_[0] = static_cast<std::uint32_t>(chosen);
        accepted_[1] = static_cast<std::uint32_t>(chosen >> 32);
        device_.notification_data = (chosen >> static_cast<unsigned>(feature::notification_data) & 1) != 0;
        set_driver_features_response done;
        return this->converse(number_, set_driver_features_request{0, blocks, accepted_}, done);
    }

    constexpr errc read(std::uint32_t offset, byte_span out) {
        answer_room room;
        get_config_response got;
        const auto length = static_cast<std::uint32_t>(out.size());
        const errc why = this->converse(number_, get_config_request{offset, length}, got, room.bytes);
        if (why != errc::none) return why;
        device_.generation = got.generation;
        copy_bytes(out.data(), got.config.bytes().data(), length);
        return errc::none;
    }

    // --- events

    [[gnu::cold, gnu::noinline]] constexpr void lose(errc why) {
        forget();
        this->keep_failure(why);
    }
    constexpr bool is_up() const { return up_; }
    static constexpr bool is_lone = true;
    static constexpr bool has_areas = false; // that can be given back
    constexpr proto::known_device* find(std::uint16_t dev_num) { return dev_num == number_ ? &device_ : nullptr; }
    constexpr errc on(const event_device& e) {
        if (e.dev_num != number_) return errc::no_device;
        if (e.state != device_state::removed) return errc::none;
        drop_device();
        this->forget_kept(); // what it had to say before matters no more
        return this->keep(proto::driver_event_kind::device_removed, number_, 0);
    }

    bool up_ = false; // next to what is kept
    proto::known_device device_{};
    std::uint32_t accepted_[2]{}; // blocks
    std::uint16_t number_;
    std::uint16_t most_areas_ = 0; // as the peer has said
};

} // namespace vmsg
