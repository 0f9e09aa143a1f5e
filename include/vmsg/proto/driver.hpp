// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `proto::driver`: the driver side of a virtio-msg bus as a sans-IO engine. Frames and time go in (`handle_*`), frames,
// deadlines and events come out (`poll_*`); it never waits, allocates, or calls back.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/proto/device_directory.hpp>
#include <vmsg/proto/driver_areas.hpp>
#include <vmsg/proto/driver_fifo.hpp>
#include <vmsg/proto/driver_quirks.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/negotiator.hpp>
#include <vmsg/proto/requests.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg::proto {

/// The driver side of one bus in revision `R`.
///
/// After `handle_frame`, `handle_sent`, `handle_timeout` and every operation: `poll_transmit` until `would_block` (each
/// frame is answered with `handle_sent` before the next one is asked for; everything else may happen in between),
/// `poll_event` until there is none, and `poll_timeout` for the time at which to call `handle_timeout` and
/// `poll_transmit` again.
template <revision R, driver_capacity C = driver_capacity{}> class driver {
    using table = request_table<R, C.requests, C.msg_size>;
    using slot = typename table::slot;
    using exchange_type = typename table::exchange_type;
    static constexpr bool has_fifo = C.fifo && R == revision::oasis_v2;
    static constexpr pair_rule pairs = detail::pairs_for<R, C.quirks>;
    static constexpr bool lengthens_version = R == revision::oasis_v1 && C.quirks.has(quirk::version_18_18_bus_1_0);
    static constexpr bool has_refusals =
        C.quirks.has(quirk::null_msg_echo_id) || C.quirks.has(quirk::zero_payload_error);
    using mender = detail::mender<R, C.quirks>;
    using judge_function = errc (driver::*)(slot, byte_view, instant);

public:
    constexpr explicit driver(const driver_options& options)
        : options_(options), requests_(options.tokens, options.fixed_token) {
        VMSG_ASSERT(options.max_msg_size >= constants_of<R>.min_max_msg_size);
        VMSG_ASSERT(!options.fifo.given() || (has_fifo && options.fifo.notif_id <= max_notif_id));
        // Without the FIFO events have to come in another way.
        VMSG_ASSERT(!options.fifo.given() || options.events != event_method::fifo);
        if (options_.max_msg_size > C.msg_size) options_.max_msg_size = C.msg_size;
    }

    // --- the bus

    /// Brings the bus up: version, event delivery, enumeration. Everything from before is over: requests fail with
    /// `aborted`, devices are gone. Areas are released when the peer has agreed on a version, which ends them there.
    /// `bad_state` if it is already on the way or up.
    constexpr result<void> start(instant now) {
        if (const auto line = bus_table<R>::find(state(), bus_input::start); !line) return line.error();
        forget_everything(now);
        events_ = options_.events;
        events_refused_ = errc::none;
        return feed(bus_input::start, now);
    }
    /// Asks the peer to forget everything (FFA_RESET), then forgets it here. `bad_state` if the bus is not up.
    constexpr result<void> reset(instant now) { return feed(bus_input::reset, now); }
    /// The device side is gone for good, without a word: nothing is sent, and everything is over at once, requests,
    /// devices and areas. That these are reported as released is for `driver_memory`, which asks the manager; who has
    /// none has to know that nobody uses the memory. Not between `poll_transmit` and `handle_sent`.
    constexpr void abandon(instant now) { act(bus_action::announce_down, now); }
    /// Looks the devices up again. `bad_state` if the bus is not ready. With a list of devices, those of the list that
    /// were removed are there again.
    constexpr result<void> enumerate(instant now) { return feed(bus_input::reenumerate, now); }

    constexpr bus_state state() const { return bus_.state(); }
    constexpr std::uint32_t epoch() const { return bus_.epoch(); } ///< counts the starts
    /// What the VERSION exchange agreed on; all zero before.
    constexpr const version_response& agreed() const { return bus_.agreed(); }
    constexpr std::size_t max_msg_size() const { return options_.max_msg_size; } ///< bytes

    /// How the FIFO stands, for the carrier: to be told before a frame is sent and before one is received.
    constexpr fifo_link fifo() const { return fifo_.link(bus_.negotiated()); }
    /// By which methods frames that do not set up the bus can travel: all that both sides have agreed on, none before.
    constexpr transfer_methods methods() const { return methods_of(agreed().bus_features, pairs); }
    /// How events come: as the options want, or in a simpler way as the peer has refused that.
    constexpr event_method events() const { return fifo_.configured() ? event_method::fifo : events_; }
    /// Why events come in a simpler way than the options want, or `none`.
    constexpr errc events_refused() const { return events_refused_; }
    /// Why the FIFO that was offered is not used; `none` if it is, or none was offered.
    constexpr errc fifo_refused() const { return fifo_.refused(); }
    /// From the next start on no FIFO is offered: its memory is not shared any more.
    constexpr void withdraw_fifo() { options_.fifo = {}; }
    /// The carrier cannot go on, as when a ring of a FIFO is broken: the bus fails, and can be reset or started anew.
    constexpr void carrier_lost(instant now) {
        if (bus_table<R>::find(state(), bus_input::lost)) go_on(bus_input::lost, errc::aborted, now);
    }

    // --- devices

    /// What is known of the device with this number, or nullptr. Valid until the next call of a non-const function.
    constexpr const known_device* device(std::uint16_t dev_num) const { return devices_.find(dev_num); }
    constexpr std::size_t device_count() const { return devices_.size(); }

    /// Asks a device. Errors: `bad_state` (the bus is not up, or the order of the specification forbids it now),
    /// `no_device`, `invalid_argument` (out of the device's range, or an illegal value), `not_supported` (needs a
    /// feature that was not accepted), `oversize` (the request or its answer does not fit a message), `busy` (no free
    /// slot; in rfc2025, or without a token of its own, also a second request to one device), those of `encode`.
    template <message Request>
    constexpr result<ticket<Request>> request(std::uint16_t dev_num, Request asked, instant now) {
        static_assert(row_of<Request>.kind == msg_kind::request && row_of<Request>.cls == msg_class::transport,
                      "only a transport request is sent to a device");
        static_cast<void>(now);
        if (!bus_.negotiated()) return errc::bad_state;
        known_device* d = devices_.find(dev_num);
        if (d == nullptr) return errc::no_device;
        if (const errc why = detail::check_order<Request>(*d); why != errc::none) return why;
        if (const errc why = detail::check_request(*d, asked); why != errc::none) return why;
        detail::prepare_request(R, (agreed().feature_bits & strict_config_generation) != 0, *d, asked);
        if (!legal(R, asked)) return errc::invalid_argument;
        constexpr std::size_t fixed = fixed_msg_size<response_of<Request>, R>;
        if (detail::answer_tail(asked) > options_.max_msg_size - fixed) return errc::oversize;
        const auto t = ticket_of<Request>(open(dev_num, asked));
        if (t) detail::note_request(*d, asked);
        return t;
    }

    /// Sends a PING; the peer has to give `data` back. Errors: `bad_state`, `busy`.
    constexpr result<ticket<ping_request>> ping(std::uint32_t data) {
        if (!bus_.negotiated()) return errc::bad_state;
        return ticket_of<ping_request>(open(0, ping_request{data}));
    }

    /// The response to a request, valid until the ticket is released: a tail views the engine's copy of the frame.
    /// Errors: `would_block` (none yet), the reason of a failure, `invalid_argument` (the ticket is not open).
    template <message Request> constexpr result<response_of<Request>> response(ticket<Request> t) const {
        const exchange_type* x = find(t.slot, t.serial);
        if (x == nullptr) return errc::invalid_argument;
        if (x->state == exchange_state::queued || x->state == exchange_state::sent) return errc::would_block;
        if (x->error != errc::none) return x->error;
        return decode<response_of<Request>, R>(x->bytes());
    }

    /// Gives a ticket back. A request that is still waiting is given up; its answer, when it comes, is dropped.
    template <message Request> constexpr void release(ticket<Request> t, instant now) {
        const exchange_type* x = find(t.slot, t.serial);
        if (x == nullptr) return;
        requests_.forget_untold(t.slot);
        requests_[t.slot].held = false;
        if (x->state == exchange_state::sent) requests_.expire(t.slot, errc::aborted, quarantine_from(now));
        if (x->state != exchange_state::expired) requests_.release(t.slot);
    }

    /// Tells a device that buffers are available in a virtqueue (EVENT_AVAIL). `next_offset` is sent if
    /// VIRTIO_F_NOTIFICATION_DATA was accepted, 0 otherwise. Repeated calls before it has left are one notification.
    /// Errors: `bad_state` (before DRIVER_OK), `no_device`, `invalid_argument` (no such queue), `full`.
    constexpr result<void> notify(std::uint16_t dev_num, std::uint32_t vq_index, std::uint32_t next_offset) {
        const known_device* d = devices_.find(dev_num);
        const errc why = detail::check_kick(d, vq_index);
        if (why != errc::no_device && !bus_.negotiated()) return errc::bad_state;
        if (why != errc::none) return why;
        const event_avail event{vq_index, d->notification_data ? next_offset : 0};
        std::size_t i = first_waiting_kick();
        while (i < kick_count_ && (kicks_[i].dev_num != dev_num || kicks_[i].event.vq_index != vq_index)) ++i;
        if (i == C.kicks) return errc::full;
        if (i == kick_count_) kicks_[kick_count_++] = {.dev_num = dev_num};
        kicks_[i].event = event;
        return {};
    }

    /// Asks for events at once instead of at the next interval (EVENT_POLL).
    constexpr void poll_now(instant now) { next_poll_ = now; }

    // --- memory areas

    /// Offers memory to the device side under a new area id; `area_shared` or `area_refused` reports what became of it,
    /// or `area_kept` if the device side answers nothing at all.
    /// `page_count` in pages of 4 KiB. Errors: `bad_state`, `full` (no id), `invalid_argument`.
    constexpr result<std::uint16_t> share_area(std::uint64_t mem_handle, std::uint32_t page_count, area_attrs attrs) {
        if (!bus_.negotiated()) return errc::bad_state;
        if (page_count == 0 || !legal(R, attrs)) return errc::invalid_argument;
        return areas_.offer({.mem_handle = mem_handle, .page_count = page_count, .sharing_attrs = attrs},
                            agreed().max_areas);
    }

    /// Asks the device side to let go of an area, again and again; `area_released` follows, possibly much later, or
    /// `area_kept` if the device side refuses or does not answer.
    /// `bad_state` if it is not shared, or the bus is not up.
    constexpr result<void> unshare_area(std::uint16_t area_id) {
        if (!bus_.negotiated()) return errc::bad_state;
        return areas_.take_back(area_id);
    }

    /// The state of an area, or `invalid_argument` if the id is free.
    constexpr result<area_state> area(std::uint16_t area_id) const { return areas_.state(area_id); }

    // --- frames and time in

    /// A frame has come from the peer. What is wrong with it is counted, never answered.
    constexpr void handle_frame(byte_view delivered, instant now) {
        ++counters_.received;
        [[maybe_unused]] std::uint8_t room[mender::needed ? C.msg_size : 1]{};
        if constexpr (mender::needed) delivered = mender::mend(delivered, byte_span{room});
        const auto h = validate_inbound<R>(delivered, options_.max_msg_size);
        if (!h) return drop(h.error() == errc::bad_value ? drop_reason::bad_value : drop_reason::malformed);
        const byte_view frame = delivered.first(h->msg_size);
        switch (classify(*h)) {
        case frame_class::event: return handle_event(*h, frame, now);
        case frame_class::response: return handle_response(*h, frame, now);
        case frame_class::bus_request: return handle_bus_request(*h, frame);
        case frame_class::transport_request: return drop(drop_reason::unexpected);
        }
    }

    /// What became of the frame that `poll_transmit` gave last: success, or why the carrier did not take it. What is
    /// transient (`is_retryable`) is tried again within the policy's budget, everything else is final. A request whose
    /// budget is spent has failed with `busy` or `no_answer`.
    constexpr void handle_sent(result<void> outcome, instant now) {
        VMSG_ASSERT(sending_ != sending::nothing);
        const sending what = sending_;
        sending_ = sending::nothing;
        const errc why = outcome.error();
        bool again = false;
        if (detail::count_refusal(why, counters_)) {
            again = is_wanted(what) && ++attempts_of(what) < options_.policy.busy_attempts;
            if (again) next_send_ = now + options_.policy.backoff(attempts_of(what));
            // To a user the others would mean that nothing is decided yet.
            if (why != errc::no_answer) outcome = errc::busy;
        }
        if (!again) next_send_ = 0;
        if (outcome) ++counters_.sent;
        last_sent_ = outcome ? what : sending::nothing;
        if (what == sending::kick) last_kick_ = kicks_[0];
        if (what == sending::request)
            request_left(outcome, again, now);
        else if (what == sending::kick && !again)
            kick_left(outcome);
        else if (what == sending::pong && !again)
            pong_left();
    }

    /// The frame that was sent last was not carried out after all: `receive` of a carrier that had taken it gives
    /// `no_answer` in place of its answer. A request is tried again within the policy's budget, a kick is reported. If
    /// the frame of another request is out for sending already, the one before is left to its time-out.
    constexpr void handle_refused(instant now) {
        ++counters_.no_answers;
        const sending what = last_sent_;
        last_sent_ = sending::nothing;
        const slot s = sending_slot_;
        if (what == sending::kick) {
            doubt_device(errc::no_answer);
            return devices_.kick_lost(last_kick_.dev_num, last_kick_.event.vq_index);
        }
        if (what != sending::request || sending_ == sending::request) return; // or it is not the last request any more
        if (!is_out(s) || requests_[s].state != exchange_state::sent) return;
        const bool again = ++requests_[s].attempts < options_.policy.busy_attempts;
        next_send_ = again ? now + options_.policy.backoff(requests_[s].attempts) : 0;
        request_left(errc::no_answer, again, now);
    }

    /// Time has passed: requests time out, quarantines end.
    constexpr void handle_timeout(instant now) {
        for (auto s = requests_.due(now); s; s = requests_.due(now)) {
            if (requests_[*s].state == exchange_state::expired) {
                requests_.end_quarantine(*s);
            } else {
                ++counters_.timeouts;
                give_up(*s, errc::timed_out, now);
            }
        }
    }

    /// From now on, how often and how soon a frame is sent again that the carrier has refused: `busy_attempts`,
    /// `busy_backoff` and `max_busy_backoff` of `p`. For a carrier that is more than one.
    constexpr void set_busy_budget(const retry_policy& p) {
        options_.policy.busy_attempts = p.busy_attempts;
        options_.policy.busy_backoff = p.busy_backoff;
        options_.policy.max_busy_backoff = p.max_busy_backoff;
    }

    // --- frames, deadlines and events out

    /// The next frame for the peer, valid until `handle_sent`, which has to follow; `would_block` if there is none now.
    constexpr result<byte_view> poll_transmit(instant now) {
        VMSG_ASSERT(sending_ == sending::nothing);
        if (now < next_send_) return errc::would_block;
        if (pong_count_ != 0) return compose(sending::pong, {.token = pongs_[0].token}, ping_response{pongs_[0].data});
        if (kick_count_ != 0) return compose(sending::kick, {.dev_num = kicks_[0].dev_num}, kicks_[0].event);
        open_what_is_due(now);
        const auto s = requests_.take_queued();
        if (!s) return s.error();
        const exchange_type& x = requests_[*s];
        sending_ = sending::request;
        sending_slot_ = *s;
        sending_serial_ = x.serial;
        // A copy: a carrier may bring the answer with the call, and the answer takes the place of the request.
        copy_bytes(out_, x.frame, x.size);
        if constexpr (lengthens_version)
            if (x.is_bus() && x.msg_id == row_of<version_request>.id)
                return byte_view{out_,
                                 detail::lengthen_version(out_, options_.bus_features, constants_of<R>.max_area_id)};
        return byte_view{out_, x.size};
    }

    /// When `handle_timeout` or `poll_transmit` has something to do without any other input; `never` if nothing is due.
    constexpr instant poll_timeout() const {
        instant first = requests_.next_deadline();
        const bool queued = pong_count_ != 0 || kick_count_ != 0 || requests_.has_queued();
        if (queued && next_send_ < first) first = next_send_;
        instant own = never; // the engine's own requests
        if (todo_ != bus_action::none) own = next_step_;
        if (looks_again() && next_look_ < own) own = next_look_;
        if (bus_.negotiated() && areas_.next_due() < own) own = areas_.next_due();
        if (polls() && poll_slot_ == no_slot && next_poll_ < own) own = next_poll_;
        if (own < next_send_) own = next_send_;
        return own < first && requests_.has_room(0, type_bus) ? own : first;
    }

    /// What has happened; kind `none` if nothing has. Requests come in the order in which they were over, `bus_ready`
    /// after the devices that it is about.
    constexpr driver_event poll_event() {
        if (bus_news_ != driver_event_kind::none && bus_news_ != driver_event_kind::bus_ready) return bus_event();
        if (const auto s = requests_.take_untold()) {
            const exchange_type& x = requests_[*s];
            return {.kind = driver_event_kind::completed,
                    .dev_num = x.dev_num,
                    .error = x.error,
                    .slot = *s,
                    .serial = x.serial};
        }
        if (const driver_event e = areas_.poll(); e.kind != driver_event_kind::none) return e;
        if (const driver_event e = devices_.poll(); e.kind != driver_event_kind::none) return e;
        return bus_event();
    }

    /// The same for the bus alone, or for one area: for those who wait for nothing else.
    constexpr driver_event poll_bus_event() { return bus_event(); }
    constexpr driver_event poll_area_event(std::uint16_t area_id) { return areas_.poll(area_id); }

    constexpr const driver_counters& counters() const { return counters_; }
    constexpr std::size_t open_requests() const { return requests_.open_count(); } ///< not released, or in quarantine
    constexpr std::size_t open_areas() const { return areas_.size(); }             ///< ids that are taken

private:
    enum class sending : std::uint8_t { nothing, request, kick, pong };
    /// How a request ended.
    enum class ending : std::uint8_t {
        answered, // the peer has said what became of it
        unclear,  // no answer that can be used: the peer may have carried it out
        unsent,   // it has never left
    };
    static constexpr slot no_slot = 0xffff;
    static constexpr std::size_t max_pongs = 4; // PINGs that wait for their echo

    struct kick {
        std::uint16_t dev_num{};
        std::uint16_t attempts{}; // sends that the carrier refused
        event_avail event{};
    };
    struct pong {
        std::uint16_t token{};
        std::uint32_t data{};
    };

    constexpr bool polls() const { return bus_.negotiated() && events() <= event_method::notif; }
    /// From a round of EVENT_POLL without an event to the next one.
    constexpr duration interval() const {
        return events() == event_method::notif ? options_.policy.notified_interval : options_.policy.poll_interval;
    }
    constexpr instant quarantine_from(instant now) const { return now + options_.policy.quarantine(); }
    constexpr void drop(drop_reason why) { counters_.dropped.count(why); }

    template <class M> constexpr result<byte_view> compose(sending what, const header& h, const M& m) {
        const auto size = encode<R>(byte_span{out_}, h, m);
        if (!size) return size.error();
        sending_ = what;
        return byte_view{out_, *size};
    }

    constexpr driver_event bus_event() {
        const driver_event e{.kind = bus_news_, .error = bus_error_};
        bus_news_ = driver_event_kind::none;
        bus_error_ = errc::none;
        return e;
    }

    // --- sending

    /// Whether what is out for sending still has somebody to go to.
    constexpr bool is_wanted(sending what) const {
        if (what == sending::request) return is_out(sending_slot_);
        return bus_.negotiated() && (what == sending::pong || devices_.find(kicks_[0].dev_num) != nullptr);
    }
    constexpr std::uint16_t& attempts_of(sending what) {
        if (what == sending::request) return requests_[sending_slot_].attempts;
        return what == sending::kick ? kicks_[0].attempts : pong_attempts_;
    }

    /// Whether a slot still holds the request whose frame was given to the carrier.
    constexpr bool is_out(slot s) const {
        return requests_[s].state != exchange_state::idle && requests_[s].serial == sending_serial_;
    }
    /// The frame of a request was out for sending; meanwhile the request can have been answered or given up.
    constexpr void request_left(result<void> outcome, bool again, instant now) {
        const slot s = sending_slot_;
        if (outcome) ++counters_.requests;
        if (!is_out(s)) return;
        const exchange_state state = requests_[s].state;
        if (state == exchange_state::expired && !outcome) return requests_.end_quarantine(s);
        if (state != exchange_state::sent) return;
        if (outcome) return requests_.mark_sent(s, now + options_.policy.response_timeout);
        if (again) return requests_.put_back(s);
        if (!requests_[s].is_bus()) doubt_device(outcome.error());
        requests_.fail(s, outcome.error());
        conclude(s, ending::unsent, now);
    }

    /// A device that takes nothing may have gone.
    constexpr void doubt_device(errc why) { look_again_ = look_again_ || (are_hints() && is_retryable(why)); }
    constexpr bool are_hints() const { return options_.device_events_are_hints && !options_.devices.given(); }
    /// The devices are to be looked up again, and that can begin.
    constexpr bool looks_again() const { return look_again_ && bus_.state() == bus_state::ready; }

    /// The first kick may be out for sending.
    constexpr std::size_t first_waiting_kick() const { return sending_ == sending::kick ? 1 : 0; }
    constexpr void kick_left(result<void> outcome) {
        if (outcome)
            ++counters_.kicks;
        else
            devices_.kick_lost(kicks_[0].dev_num, kicks_[0].event.vq_index);
        doubt_device(outcome.error());
        --kick_count_;
        for (std::size_t i = 1; i < C.kicks && i <= kick_count_; ++i) kicks_[i - 1] = kicks_[i];
    }
    constexpr void pong_left() {
        pong_attempts_ = 0;
        --pong_count_;
        for (std::size_t i = 0; i < pong_count_; ++i) pongs_[i] = pongs_[i + 1];
    }
    constexpr void drop_kicks(std::uint16_t dev_num) {
        std::size_t kept = first_waiting_kick();
        for (std::size_t i = kept; i < kick_count_; ++i)
            if (kicks_[i].dev_num != dev_num) kicks_[kept++] = kicks_[i];
        if (kept < kick_count_) kick_count_ = kept;
    }

    // --- requests

    template <class Request> constexpr result<slot> open(std::uint16_t dev_num, const Request& asked) {
        const auto s = requests_.open(dev_num, asked, options_.max_msg_size);
        if (s) judges_[*s] = &driver::template judge<Request>;
        if constexpr (has_refusals)
            if (s) empty_answers_[*s] = fixed_msg_size<response_of<Request>, R> == header_size<R>;
        return s;
    }
    template <class Request> constexpr result<slot> open_internal(const Request& asked) {
        const auto s = open(0, asked);
        if (s) requests_[*s].held = false;
        return s;
    }
    /// Opens the request that the present state of the bus stands for.
    template <class Request> constexpr result<slot> open_step(const Request& asked) {
        const auto s = open_internal(asked);
        if (s) step_slot_ = *s;
        return s;
    }
    /// A request of a state that the bus has left leads nowhere any more.
    constexpr void abandon_step(instant now) {
        const slot s = step_slot_;
        step_slot_ = no_slot;
        if (s != no_slot) give_up(s, errc::aborted, now);
    }
    template <class Request> constexpr result<ticket<Request>> ticket_of(result<slot> s) const {
        if (!s) return s.error();
        return ticket<Request>{*s, requests_[*s].serial};
    }
    constexpr const exchange_type* find(slot s, std::uint16_t serial) const {
        const bool open = s < table::capacity && requests_[s].state != exchange_state::idle;
        return open && requests_[s].serial == serial && requests_[s].held ? &requests_[s] : nullptr;
    }

    /// Decodes and checks the response to a `Request`, and learns from it.
    template <class Request> constexpr errc judge(slot s, byte_view frame, instant now) {
        framed<response_of<Request>> got;
        if (const auto accepted = accept<R>(frame, got); !accepted) return accepted.error();
        const auto asked = decode<Request, R>(requests_[s].bytes());
        VMSG_ASSERT(asked.has_value());
        if (!detail::echoes(*asked, got.body)) return errc::bad_value;
        if (const errc why = detail::check_answer(got.body); why != errc::none) return why;
        if constexpr (row_of<Request>.cls == msg_class::transport) {
            known_device* const d = devices_.find(requests_[s].dev_num);
            if (d != nullptr) detail::learn(*d, *asked, got.body);
            if constexpr (C.quirks.has(quirk::device_info_config_size_0))
                if (d != nullptr && d->info_known && d->config_size == 0) d->config_size = ~std::uint32_t{0};
        } else if (!requests_[s].held) {
            return agree(*asked, got.body, now);
        }
        return errc::none;
    }

    constexpr void handle_response(const header& h, byte_view frame, instant now) {
        if (h.is_bus() && h.msg_id == row_of<event_ack_response>.id) return handle_null(h, now);
        if constexpr (has_refusals)
            if (const auto refused = refused_by(h, frame)) {
                requests_.fail(*refused, errc::peer_error);
                return conclude(*refused, ending::answered, now);
            }
        const auto s = requests_.match(h);
        if (!s) return drop(s.error() == errc::timed_out ? drop_reason::late : drop_reason::stale);
        const exchange_type& x = requests_[*s];
        errc why = errc::bad_type;
        if (h.is_bus() && h.msg_id == row_of<error_response>.id)
            why = said_by_error(x, frame);
        else if (h.is_bus() == x.is_bus() && h.msg_id == x.msg_id)
            why = (this->*judges_[*s])(*s, frame, now);
        if (why == errc::none) {
            requests_.complete(*s, frame);
        } else {
            if (why == errc::bad_type || why == errc::bad_value) drop(drop_reason::bad_value);
            if (why == errc::bad_length) drop(drop_reason::malformed);
            requests_.fail(*s, why);
        }
        const bool unusable = why == errc::bad_type || why == errc::bad_value || why == errc::bad_length;
        conclude(*s, unusable ? ending::unclear : ending::answered, now);
    }

    /// A bus response without an id: the event that was sent last, with token 0, was taken; or, before there was
    /// FFA_ERROR, a request was discarded. Direct messages are answered one by one, so that there is no doubt which.
    constexpr void handle_null(const header& h, instant now) {
        if (h.msg_size != header_size<R>) return drop(drop_reason::bad_value);
        if (last_sent_ == sending::kick) {
            last_sent_ = sending::nothing;
            if (h.token != 0) drop(drop_reason::bad_value);
            return;
        }
        const result<slot> s = present_in<error_response, R> ? errc::stale_token : requests_.match_null(h.token);
        if (!s) return drop(drop_reason::stale);
        requests_.fail(*s, errc::peer_error);
        conclude(*s, ending::answered, now);
    }
    /// The request that a response without anything in it refuses: one of a device, while the response names none; or,
    /// with only a header, any whose answer has a payload. `stale_token` if it is none.
    constexpr result<slot> refused_by(const header& h, byte_view frame) const {
        const auto s = requests_.match_null(h.token);
        if (!s || h.dev_num != 0) return errc::stale_token;
        const exchange_type& x = requests_[*s];
        if (h.is_bus() != x.is_bus() || h.msg_id != x.msg_id) return errc::stale_token;
        for (std::size_t i = header_size<R>; i < frame.size(); ++i)
            if (frame[i] != 0) return errc::stale_token;
        const bool bare = frame.size() == header_size<R> && !empty_answers_[*s];
        return x.dev_num != 0 || bare ? s : result<slot>{errc::stale_token};
    }

    /// What device sides before oasis_v2 answer to an EVENT_AVAIL that came as a direct message: its own id.
    constexpr bool acknowledges(const header& h) {
        const bool right = !present_in<event_ack_response, R> && last_sent_ == sending::kick && !h.is_bus() &&
                           h.msg_id == row_of<event_avail>.id && h.msg_size == header_size<R> &&
                           h.dev_num == last_kick_.dev_num && h.token == 0;
        if (right) last_sent_ = sending::nothing;
        return right;
    }

    /// What an FFA_ERROR says to the request that it answers.
    static constexpr errc said_by_error(const exchange_type& x, byte_view frame) {
        if constexpr (present_in<error_response, R>) {
            framed<error_response> got;
            if (const auto accepted = accept<R>(frame, got); !accepted) return accepted.error();
            if (got.body.original_msg_id == x.msg_id) return errc::peer_error;
        }
        return errc::bad_type;
    }

    /// Ends a request whose response has not come.
    constexpr void give_up(slot s, errc why, instant now) {
        const exchange_state state = requests_[s].state;
        if (state == exchange_state::sent)
            requests_.expire(s, why, quarantine_from(now));
        else if (state == exchange_state::queued)
            requests_.fail(s, why);
        else
            return;
        conclude(s, state == exchange_state::sent ? ending::unclear : ending::unsent, now);
    }

    /// A request is over: its user is told, or the bus goes on.
    constexpr void conclude(slot s, ending how, instant now) {
        exchange_type& x = requests_[s];
        const errc why = x.error;
        if (x.held) {
            const bool unknown = x.is_bus() && why == errc::peer_error && present_in<error_response, R>;
            requests_.tell(s);
            if (unknown && bus_.negotiated()) go_on(bus_input::lost, why, now); // a PING that is not allowed any more
            return;
        }
        const std::uint8_t id = x.msg_id;
        const std::uint16_t area_id = load_le<std::uint16_t>(x.frame + header_size<R>);
        const bool expired = x.state == exchange_state::expired;
        const instant gone = expired ? x.deadline : quarantine_from(now + options_.policy.response_timeout);
        if (x.state == exchange_state::done) requests_.release(s);
        if (id == row_of<event_poll_request>.id) {
            if (why == errc::none) ++counters_.empty_polls;
            end_poll(now, false);
        } else if (id == row_of<area_share_request>.id) {
            if (why != errc::none) offer_failed(area_id, why, how, gone);
            areas_.ended(area_id);
        } else if (id == row_of<area_unshare_request>.id) {
            if (why != errc::none) take_back_failed(area_id, why, how, now);
            areas_.ended(area_id);
        } else {
            if (s != step_slot_) return;
            step_slot_ = no_slot;
            if (tries_again(id, why, how, now)) return;
            if (looking_ && (is_retryable(why) || why == errc::timed_out)) return look_later(now);
            if (why == errc::none) return go_on(bus_.next_input(), why, now);
            if (!falls_back(why, how, now)) go_on(bus_input::refused, why, now);
            return;
        }
        // A null message may come from a device side that has never known the request.
        const bool forgotten = why == errc::peer_error && present_in<error_response, R>;
        if (forgotten && bus_.negotiated()) go_on(bus_input::lost, why, now);
    }

    /// The peer does not want to be reset yet, or nobody takes the first question for its devices: asked again later.
    constexpr bool tries_again(std::uint8_t id, errc why, ending how, instant now) {
        const bool resets = id == row_of<reset_request>.id && why == errc::busy && how == ending::answered;
        const bool looks = bus_.at_first_window() && is_retryable(why);
        if ((!resets && !looks) || steps_left_ <= 1) return false;
        --steps_left_;
        todo_ = resets ? bus_action::send_reset : bus_action::send_get_devices;
        next_step_ = now + (resets ? options_.policy.reset_pause : options_.policy.devices_pause);
        return true;
    }

    /// Nobody has answered the question that a hint has led to: the devices stay as they are, and it is put again.
    constexpr void look_later(instant now) {
        static_cast<void>(bus_.feed(bus_input::accepted)); // ready as before, which is no news
        looking_ = false;
        look_again_ = true;
        next_look_ = now + options_.policy.notified_interval;
    }

    /// The peer does not want the FIFO, or it cannot be used, or the peer says no to a way of event delivery: events
    /// come in another way. False if it is not about that.
    constexpr bool falls_back(errc why, ending how, instant now) {
        const bool configuring = bus_.state() == bus_state::configuring;
        if constexpr (has_fifo) {
            const bool offered = bus_.state() == bus_state::offering;
            if (offered || (configuring && fifo_.configured())) {
                fifo_.give_up(why);
                go_on(offered ? bus_input::refused : bus_input::fall_back, errc::none, now);
                return true;
            }
        }
        if (!configuring || how != ending::answered || events_ == event_method::poll) return false;
        events_ = event_method::poll;
        events_refused_ = why;
        go_on(bus_input::fall_back, errc::none, now);
        return true;
    }

    // What the peer says in an answer about an area comes through `agree`. Here it is an FFA_ERROR at most.

    constexpr void offer_failed(std::uint16_t area_id, errc why, ending how, instant gone) {
        if (how == ending::unclear)
            areas_.unanswered_offer(area_id, why, gone);
        else
            areas_.answered_offer(area_id, why);
    }
    constexpr void take_back_failed(std::uint16_t area_id, errc why, ending how, instant now) {
        if (how == ending::answered || why == errc::aborted)
            areas_.postponed_take_back(area_id); // the bus has ended
        else
            areas_.failed_take_back(area_id, why, how == ending::unclear, now + options_.policy.area_interval,
                                    options_.policy.area_attempts);
    }

    constexpr std::uint16_t larger_budget() const {
        const retry_policy& p = options_.policy;
        const std::uint32_t most = p.max_poll_budget > p.poll_budget ? p.max_poll_budget : p.poll_budget;
        const std::uint32_t twice = 2u * poll_budget_;
        return static_cast<std::uint16_t>(twice < most ? twice : most);
    }
    /// After an event there may be more: the next EVENT_POLL follows at once, after a full round with the next call.
    constexpr void end_poll(instant now, bool had_event) {
        poll_slot_ = no_slot;
        const bool round_goes_on = had_event && round_left_ > 1;
        if (!round_goes_on) poll_budget_ = had_event ? larger_budget() : options_.policy.poll_budget;
        round_left_ = round_goes_on ? static_cast<std::uint16_t>(round_left_ - 1) : poll_budget_;
        next_poll_ = now + (round_goes_on ? 0 : had_event ? 1 : interval());
    }

    /// Opens the engine's own requests. Those that find no free slot wait for one.
    constexpr void open_what_is_due(instant now) {
        if (todo_ != bus_action::none && now >= next_step_) act(todo_, now);
        if (looks_again() && now >= next_look_) {
            looking_ = true;
            go_on(bus_input::reenumerate, errc::none, now);
        }
        if (!bus_.negotiated()) return;
        while (const auto id = areas_.unsent(now)) {
            const bool offered = *areas_.state(*id) == area_state::offered;
            if (!(offered ? open_internal(areas_.offered(*id)) : open_internal(area_unshare_request{*id}))) break;
            areas_.mark_sent(*id);
        }
        if (!polls() || poll_slot_ != no_slot || now < next_poll_) return;
        if constexpr (C.quirks.has(quirk::event_poll_missing)) {
            devices_.used_in_all();
            next_poll_ = now + interval();
        } else if (const auto s = open_internal(event_poll_request{})) {
            poll_slot_ = *s;
        }
    }

    // --- the bus, as its table says

    constexpr result<void> feed(bus_input input, instant now) {
        const auto action = bus_.feed(input);
        if (!action) return action.error();
        abandon_step(now);
        next_step_ = 0;
        steps_left_ = *action == bus_action::send_reset ? options_.policy.reset_attempts
                      : looking_                        ? std::uint16_t{1} // it is put again later
                                                        : options_.policy.devices_attempts;
        act(*action, now);
        return {};
    }
    constexpr void go_on(bus_input input, errc why, instant now) {
        if (why != errc::none) bus_error_ = why;
        static_cast<void>(feed(input, now)); // an input without a line changes nothing
    }

    constexpr void act(bus_action action, instant now) {
        using enum bus_action;
        result<slot> opened = slot{};
        switch (action) {
        case none: break;
        case send_probe: opened = open_step(bus_.probe(options_)); break;
        case send_version: opened = open_step(bus_.proposal(options_)); break;
        case send_event_configure:
            if constexpr (present_in<event_configure_request, R>)
                opened = open_step(event_configure_request{
                    events(), 0, fifo_.configured() ? options_.fifo.notif_id : options_.notif_id});
            break;
        case send_fifo_configure:
            if constexpr (has_fifo) {
                fifo_.offer();
                opened = open_step(
                    fifo_configure_request{options_.fifo.mem_handle, options_.fifo.page_count, options_.fifo.notif_id});
            }
            break;
        case send_get_devices:
            look_again_ = false;
            if (options_.devices.given()) {
                take_list();
                static_cast<void>(feed(bus_input::accepted, now));
                break;
            }
            [[fallthrough]];
        case send_next_window: opened = open_step(bus_.window(options_.max_msg_size)); break;
        case announce_ready:
            if (!options_.devices.given()) remove_unseen(now);
            if (poll_slot_ == no_slot && next_poll_ == never) end_poll(now, false);
            if (looking_) next_look_ = now + options_.policy.devices_pause;
            looking_ = false;
            bus_news_ = driver_event_kind::bus_ready;
            break;
        case send_reset: opened = open_step(reset_request{}); break;
        case announce_down:
            forget_everything(now);
            areas_.release_all();
            // After the answer to the reset no older one can come.
            for (slot s = 0; s < table::capacity; ++s)
                if (requests_[s].state == exchange_state::expired) requests_.end_quarantine(s);
            bus_news_ = driver_event_kind::bus_down;
            break;
        case announce_failure:
            end_work(now);
            bus_news_ = driver_event_kind::bus_failed;
            break;
        }
        todo_ = opened ? none : action;
    }

    /// Devices that are known beforehand are there.
    constexpr void take_list() {
        for (std::size_t i = 0; i < options_.devices.count; ++i)
            if (!devices_.add(options_.devices.numbers[i], bus_.round())) drop(drop_reason::overflow);
    }

    constexpr void remove_unseen(instant now) {
        std::size_t place = 0;
        while (const auto gone = devices_.unseen(bus_.round(), place)) remove_device(*gone, now);
    }
    constexpr void remove_device(std::uint16_t number, instant now) {
        devices_.remove(number);
        drop_kicks(number);
        for (slot s = 0; s < table::capacity; ++s)
            if (!requests_[s].is_bus() && requests_[s].dev_num == number) give_up(s, errc::no_device, now);
    }

    /// Nothing that was meant for the bus as it was is sent or waited for any more.
    constexpr void end_work(instant now) {
        fifo_.forget();
        step_slot_ = no_slot; // nothing that ends now leads to another step
        for (slot s = 0; s < table::capacity; ++s) give_up(s, errc::aborted, now);
        areas_.give_up_offers(errc::aborted);
        kick_count_ = first_waiting_kick();
        pong_count_ = sending_ == sending::pong ? 1 : 0;
        next_poll_ = never;
        poll_budget_ = round_left_ = options_.policy.poll_budget;
        looking_ = false;
        next_look_ = 0;
    }

    constexpr void forget_everything(instant now) {
        bus_.forget();
        end_work(now);
        devices_.remove_all();
        bus_news_ = driver_event_kind::none;
        bus_error_ = errc::none;
    }

    /// What a result in an answer means.
    constexpr errc said(bus_result r) {
        if (r == bus_result::busy) ++counters_.peer_busy;
        return error_of(r);
    }

    // What the bus itself learns from an answer; `none`, or why it cannot be used.

    template <class Request, class Response> constexpr errc agree(const Request&, const Response&, instant) {
        return errc::none;
    }
    constexpr errc agree(const version_request&, const version_response& got, instant) {
        const bool anew = bus_.state() == bus_state::agreeing;
        const errc why = bus_.judge(got, options_, pairs);
        if (!anew || why != errc::none) return why;
        areas_.release_all(); // a peer that agrees has let go of what was before
        if constexpr (has_fifo)
            if (options_.fifo.given() && can_have_fifo(agreed().bus_features)) bus_.take_way(bus_input::fifo_wanted);
        return why;
    }
    constexpr errc agree(const fifo_configure_request&, const fifo_configure_response& got, instant) {
        if constexpr (has_fifo) return fifo_.judge(got);
        return errc::bad_state; // nobody asks
    }
    constexpr errc agree(const event_configure_request&, const event_configure_response& got, instant) {
        return said(got.result);
    }
    constexpr errc agree(const reset_request&, const reset_response& got, instant) { return said(got.result); }
    constexpr errc agree(const get_devices_request&, const get_devices_response& got, instant) {
        bool room = true;
        for (std::uint32_t i = 0; i < got.count; ++i)
            if ((got.bitmap[i / 8] >> i % 8 & 1) != 0)
                room = devices_.add(static_cast<std::uint16_t>(got.offset + i), bus_.round()) && room;
        if (!room) drop(drop_reason::overflow);
        return bus_.judge(got);
    }
    constexpr errc agree(const area_share_request& asked, const area_share_response& got, instant) {
        areas_.answered_offer(asked.area_id, said(got.result));
        return errc::none;
    }
    constexpr errc agree(const area_unshare_request& asked, const area_unshare_response& got, instant now) {
        areas_.answered_take_back(asked.area_id, said(got.result), now + options_.policy.area_interval);
        return errc::none;
    }

    // --- what comes unasked

    constexpr void handle_bus_request(const header& h, byte_view frame) {
        if (!bus_.negotiated()) return drop(drop_reason::too_early);
        if (h.msg_id != row_of<ping_request>.id) return drop(drop_reason::unexpected);
        framed<ping_request> got;
        if (!accept<R>(frame, got)) return drop(drop_reason::malformed);
        if (pong_count_ == max_pongs) return drop(drop_reason::overflow);
        pongs_[pong_count_++] = {got.head.token, got.body.data};
    }

    constexpr void handle_event(const header& h, byte_view frame, instant now) {
        if (!bus_.negotiated() && !may_be_early(h)) return drop(drop_reason::too_early);
        if (h.is_response() && acknowledges(h)) return;
        const bool taken = h.is_response() ? refuse(drop_reason::unknown_id) : take_event(h, frame, now);
        if (taken) ++counters_.events;
        if (!answers_poll(h)) return;
        requests_.release(poll_slot_);
        end_poll(now, true);
    }

    /// The peer may announce devices as soon as it has taken EVENT_CONFIGURE, on a way that is faster than its answer.
    /// Without GET_DEVICES nothing else would tell of them.
    constexpr bool may_be_early(const header& h) const {
        return bus_.state() == bus_state::configuring && h.is_bus() && h.msg_id == row_of<event_device>.id;
    }
    /// The enumeration in which a device that is announced now counts as seen.
    constexpr std::uint16_t present_round() const {
        const bool early = bus_.state() == bus_state::configuring;
        return static_cast<std::uint16_t>(bus_.round() + (early ? 1 : 0));
    }

    /// Whether an event, of whatever worth, is the answer to the EVENT_POLL that is open: then it has its token.
    constexpr bool answers_poll(const header& h) const {
        if (poll_slot_ == no_slot || requests_[poll_slot_].state != exchange_state::sent) return false;
        return !constants_of<R>.has_token || options_.any_event_ends_poll || h.token == requests_[poll_slot_].token;
    }

    constexpr bool refuse(drop_reason why) {
        drop(why);
        return false;
    }

    constexpr bool take_event(const header& h, byte_view frame, instant now) {
        if (h.is_bus()) {
            if (h.msg_id == row_of<event_device>.id) return take<event_device>(frame, now);
            if (h.msg_id == row_of<event_area_release>.id) return take<event_area_release>(frame, now);
        } else {
            if (h.msg_id == row_of<event_used>.id) return take<event_used>(frame, now);
            if (h.msg_id == row_of<event_config>.id) return take<event_config>(frame, now);
            if (h.msg_id == row_of<event_avail>.id) return refuse(drop_reason::unexpected);
        }
        return refuse(drop_reason::unknown_id);
    }

    template <class Event> constexpr bool take(byte_view frame, instant now) {
        framed<Event> got;
        const auto accepted = accept<R>(frame, got);
        if (!accepted)
            return refuse(accepted.error() == errc::bad_value ? drop_reason::bad_value : drop_reason::malformed);
        return on(got.head, got.body, now);
    }

    constexpr bool on(const header&, const event_device& e, instant now) {
        const bool news = e.state == device_state::added || e.state == device_state::removed;
        if (news && are_hints()) {
            look_again_ = true;
        } else if (e.state == device_state::removed) {
            if (devices_.find(e.dev_num) == nullptr) return refuse(drop_reason::no_device);
            remove_device(e.dev_num, now);
        } else if (e.state == device_state::added && !devices_.add(e.dev_num, present_round())) {
            return refuse(drop_reason::overflow);
        }
        return true;
    }
    constexpr bool on(const header&, const event_area_release& e, instant) {
        return areas_.release(e.area_id) || refuse(drop_reason::unexpected);
    }
    constexpr bool on(const header& h, const event_used& e, instant) {
        if (const errc why = detail::check_event(devices_.find(h.dev_num), e); why != errc::none)
            return refuse(reason_of(why));
        devices_.used(h.dev_num, e.vq_index);
        return true;
    }
    constexpr bool on(const header& h, const event_config& e, instant) {
        known_device* d = devices_.find(h.dev_num);
        if (const errc why = detail::check_event(d, e); why != errc::none) return refuse(reason_of(why));
        detail::learn(*d, e);
        devices_.config_changed(h.dev_num);
        return true;
    }

    driver_options options_;
    negotiator<R> bus_{};
    errc events_refused_{};
    errc bus_error_{};
    slot sending_slot_ = no_slot; // of the request whose frame is out for sending
    std::uint16_t sending_serial_ = 0;
    slot step_slot_ = no_slot; // of the request that the state of the bus waits for
    slot poll_slot_ = no_slot; // of the open EVENT_POLL
    std::uint16_t round_left_ = options_.policy.poll_budget;
    std::uint16_t poll_budget_ = round_left_; // of the present round
    std::uint16_t pong_attempts_ = 0;         // sends that the carrier refused
    std::uint16_t steps_left_ = 0; // tries of what the state of the bus stands for that may find nobody ready
    event_method events_{};        // that are asked for, or come, but for a FIFO
    bus_action todo_{};            // wanted, but there was no free slot
    bool look_again_ = false;      // something has happened to the devices
    bool looking_ = false;         // that is why they are looked up now
    driver_event_kind bus_news_{};
    sending sending_{};
    sending last_sent_{};
    std::size_t kick_count_ = 0;
    std::size_t pong_count_ = 0;
    instant next_step_ = 0; // when `todo_` may be sent
    instant next_send_ = 0;
    instant next_look_ = 0; // when `look_again_` may lead to something
    instant next_poll_ = never;
    pong pongs_[max_pongs]{};
    kick kicks_[C.kicks]{};
    kick last_kick_{}; // that has left
    table requests_{};
    judge_function judges_[C.requests]{};
    bool empty_answers_[has_refusals ? C.requests : 1]{}; // whether the answer to the request has no payload
    device_directory<C.devices> devices_{};
    driver_areas<R, C.areas> areas_{};
    driver_fifo<has_fifo> fifo_{};
    driver_counters counters_{};
    alignas(8) std::uint8_t out_[C.msg_size]{}; // the frame that is out for sending
};

} // namespace vmsg::proto
