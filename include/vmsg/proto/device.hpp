// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `proto::device_bus`: the device side of a virtio-msg bus as a sans-IO engine, for one driver endpoint. Requests are
// carried out in the order in which they come and each valid one is answered once: at once, or when memory has been
// mapped or let go (AREA_SHARE, AREA_UNSHARE, RESET, VERSION). What is wrong is counted.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/proto/device_areas.hpp>
#include <vmsg/proto/device_fifo.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/proto/device_rules.hpp>
#include <vmsg/proto/device_table.hpp>
#include <vmsg/proto/drop_counters.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/quirk.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>

namespace vmsg::proto {

/// How much a device side can hold for one driver endpoint. All of it is part of the engine object.
struct device_capacity {
    std::size_t devices = 4;    ///< devices on the bus
    std::size_t areas = 8;      ///< memory areas of the driver
    std::size_t msg_size = 104; ///< longest message, bytes
    bool fifo = false;          ///< the bus can go on over a FIFO (oasis_v2), if `bus_features` say so
    quirk_set quirks{};         ///< of the drivers that can be met: `quirks_of`
};

/// What a device side is told about its carrier.
struct device_options {
    std::size_t max_msg_size = 104;                                                 ///< of the carrier, bytes
    bus_feature bus_features = bus_feature::indirect_rx | bus_feature::indirect_tx; ///< what this side can use
    std::uint32_t feature_bits = 0;          ///< transport features of this bus (oasis_v2): `strict_config_generation`
    std::uint32_t ffa_version = 0x0001'0002; ///< of this side, in VERSION (oasis_v2)
    bool can_push = true;                    ///< the carrier can send events unasked: EVENT_CONFIGURE with INDIRECT
    bool can_notify = false;                 ///< the driver can be notified: EVENT_CONFIGURE with NOTIF, `poll_bell`
    bool any_area_attrs = false;             ///< areas of any kind are taken, not only usual memory
    retry_policy policy = device_retry_policy;
};

/// What a device side has done and seen.
struct device_counters {
    std::uint64_t sent{};         ///< frames
    std::uint64_t received{};     ///< frames
    std::uint64_t requests{};     ///< of the received ones: requests that were answered, or will be
    std::uint64_t kicks{};        ///< of the received ones: EVENT_AVAIL that were taken
    std::uint64_t events{};       ///< of the sent ones: events
    std::uint64_t carrier_busy{}; ///< sends that the carrier refused for now: `busy`, `would_block`, `retry`
    std::uint64_t no_answers{};   ///< sends that came back all-zero: the receiver was there and has not taken them
    std::uint64_t lost{};         ///< answers that could not be sent, events that could not be kept
    drop_counters dropped{};      ///< received frames that were not acted on
};

/// The device side of one bus in revision `R`, as one driver endpoint sees it.
///
/// After `handle_frame`, `handle_sent` and every operation, those of `areas()` too: `poll_transmit` until `would_block`
/// (each frame is answered with `handle_sent` before the next one is asked for) and `poll_task` until there is none.
template <revision R, device_capacity C = device_capacity{}> class device_bus {
    static_assert(C.msg_size >= constants_of<R>.min_max_msg_size, "too small for the longest message without a tail");

public:
    static constexpr bool has_fifo = C.fifo && R == revision::oasis_v2;
    using areas_type = device_areas<R, C.areas>;

    constexpr explicit device_bus(const device_options& options) : options_(options), areas_(options.any_area_attrs) {
        VMSG_ASSERT(options.max_msg_size >= constants_of<R>.min_max_msg_size);
        if (options_.max_msg_size > C.msg_size) options_.max_msg_size = C.msg_size;
    }

    // --- devices

    /// Puts a device on the bus; the port stays the caller's. A driver that is already there is told with an event.
    /// Errors: `invalid_argument` (the number is taken, the port is on the bus already, or the identity breaks a rule),
    /// `full`.
    constexpr result<void> attach(std::uint16_t dev_num, device_port& port) {
        if (!can_show(port)) return errc::invalid_argument;
        return devices_.attach(dev_num, port, negotiated_);
    }

    /// Whether the identity of a device breaks no rule and fits the messages of this revision.
    static constexpr bool can_show(const device_port& port) {
        const get_device_info_response info = info_of(port);
        return info.device_id != 0 && legal(R, info) && layout_of<get_device_info_response, R>::fits(info);
    }

    /// Takes a device off the bus, after a reset of it. The port is free at once; the driver is told with an event.
    constexpr result<void> detach(std::uint16_t dev_num) {
        device_port* port = devices_.find(dev_num);
        if (port == nullptr) return errc::no_device;
        reset_device(*port);
        devices_.detach(dev_num, negotiated_);
        return {};
    }

    /// Device `dev_num` has used buffers of a virtqueue: an EVENT_USED is owed. Several before it leaves are one.
    constexpr result<void> used(std::uint16_t dev_num, std::uint32_t vq_index) {
        device_port* port = devices_.find(dev_num);
        if (port == nullptr) return errc::no_device;
        if (vq_index >= port->queue_count()) return errc::invalid_argument;
        if (!runs(*port) || !port->queue(vq_index).enabled) return errc::bad_state;
        port->queue(vq_index).used = true;
        devices_.list(dev_num);
        return {};
    }

    /// Bytes `offset` to `offset + length - 1` of a device's configuration have changed by themselves; 0, 0: any of
    /// them.
    constexpr result<void> config_changed(std::uint16_t dev_num, std::uint32_t offset, std::uint32_t length) {
        device_port* port = devices_.find(dev_num);
        if (port == nullptr) return errc::no_device;
        const std::uint32_t size = port->identity().config_size;
        if (offset > size || length > size - offset) return errc::invalid_argument;
        ++port->generation;
        if (port->resetting) return {};
        port->note_change(offset, length);
        devices_.list(dev_num);
        return {};
    }

    /// Device `dev_num` cannot go on: NEEDS_RESET is set, and the driver is told once. `bad_state` during a reset.
    constexpr result<void> needs_reset(std::uint16_t dev_num) {
        device_port* port = devices_.find(dev_num);
        if (port == nullptr) return errc::no_device;
        if (port->resetting) return errc::bad_state;
        if (has(port->status, device_status::needs_reset)) return {};
        port->status = port->status | device_status::needs_reset;
        port->note_change(0, 0);
        devices_.list(dev_num);
        return {};
    }

    // --- memory

    /// The next thing to do about the driver's memory; kind `none` if there is none. Answer with `areas().mapped`,
    /// `refused` or `unmapped`. RESET and VERSION are not answered before everything is unmapped.
    constexpr area_task poll_task() { return areas_.poll_task(); }
    /// The driver's memory; a `resolver` for the queues of the devices.
    constexpr areas_type& areas() { return areas_; }
    constexpr std::size_t open_areas() const { return areas_.size(); } ///< that are not finished with

    /// The next thing to do about the memory of a FIFO; kind `none` if there is none. RESET and VERSION are not
    /// answered before it is unmapped.
    constexpr fifo_task poll_fifo_task() { return fifo_.poll_task(); }
    /// The FIFO can be used: its rings were checked. `notif_id`, 0..63, is the one by which this side hears of new
    /// entries. Errors: `bad_state` (that was not asked for), `invalid_argument` (no such id).
    constexpr result<void> fifo_mapped(std::uint16_t notif_id) { return fifo_.mapped(notif_id); }
    /// It cannot. `bad_state` if that was not asked for.
    constexpr result<void> fifo_refused() { return fifo_.refused(); }
    /// The device side has let go of its memory. `bad_state` if that was not asked for.
    constexpr result<void> fifo_unmapped() { return fifo_.unmapped(); }
    /// How the FIFO stands, for the carrier: to be told before a frame is sent and before one is received.
    constexpr fifo_link fifo() const { return fifo_.link(); }
    /// Memory of the driver is in use, or is to be.
    constexpr bool holds_memory() const { return areas_.size() != 0 || fifo_.holds_memory(); }

    /// The notification of the driver to set, because it has an event to ask for; `would_block` if there is none, or it
    /// was told. It has asked for delivery in this way (EVENT_CONFIGURE with NOTIF).
    constexpr result<std::uint16_t> poll_bell() {
        const bool waits = negotiated_ && bell_ != no_notif_id && !rung_;
        if (!waits || !(devices_.owes_events() || areas_.owes_release())) return errc::would_block;
        rung_ = true;
        return bell_;
    }

    // --- frames in

    /// The driver has gone, without a word: what was agreed is over, what has not left is lost, nothing is answered.
    /// Its memory is let go with `poll_task`. Not between `poll_transmit` and `handle_sent`.
    constexpr void abandon() {
        if (out_size_ != 0) ++counters_.lost;
        end_everything();
        ending_ = false;
        sent_or_given_up();
    }

    /// A frame has come from the driver. Success if it was acted on; `would_block` if it was not taken because an
    /// answer has not left yet: offer it again. Every other error says why the frame was dropped.
    constexpr result<void> handle_frame(byte_view delivered, instant now) {
        if (out_size_ != 0) return errc::would_block;
        static_cast<void>(now);
        ++counters_.received;
        const auto h = validate_inbound<R>(delivered, options_.max_msg_size);
        if (!h) return drop(h.error() == errc::bad_value ? drop_reason::bad_value : drop_reason::malformed, h.error());
        const byte_view frame = delivered.first(h->msg_size);
        switch (classify(*h)) {
        case frame_class::event: return handle_event(*h, frame);
        case frame_class::response: return drop(drop_reason::stale, errc::stale_token);
        case frame_class::bus_request: return handle_bus_request(*h, frame);
        case frame_class::transport_request: return handle_transport_request(*h, frame);
        }
        return {};
    }

    // --- frames out

    /// The next frame for the driver, valid until `handle_sent`, which has to follow; `would_block` if there is none
    /// now.
    constexpr result<byte_view> poll_transmit(instant now) {
        if (now < next_send_) return errc::would_block;
        if (out_size_ == 0) compose_what_is_owed(now);
        if (out_size_ == 0) return errc::would_block;
        return byte_view{out_, out_size_};
    }

    /// What became of the frame that `poll_transmit` gave last. After a transient error (`is_retryable`) an answer is
    /// tried again within the policy's budget, and is lost then: the driver times out. An event that was not sent is
    /// owed again, whatever the reason, and does not keep an answer waiting.
    constexpr void handle_sent(result<void> outcome, instant now) {
        VMSG_ASSERT(out_size_ != 0);
        const bool refused = detail::count_refusal(outcome.error(), counters_);
        const bool event = out_event_.what != owed_event::kind::none || out_release_ != 0;
        if (outcome) {
            ++counters_.sent;
            if (event) ++counters_.events;
            if (out_pushed_) event_attempts_ = 0;
        } else if (out_pushed_) {
            const bool soon = refused && ++event_attempts_ < options_.policy.busy_attempts;
            next_event_ = now + (soon ? options_.policy.backoff(event_attempts_) : options_.policy.poll_interval);
            if (!soon) event_attempts_ = 0;
            put_back_event();
        } else {
            if (refused && ++attempts_ < options_.policy.busy_attempts) {
                next_send_ = now + options_.policy.backoff(attempts_);
                return;
            }
            ++counters_.lost;
            if (event) put_back_event(); // it was the answer to EVENT_POLL
        }
        sent_or_given_up();
    }

    /// When `poll_transmit` has something to do without any other input; `never` if nothing is due.
    constexpr instant poll_timeout() const {
        if (out_size_ != 0) return next_send_;
        return next_event_ != 0 ? next_event_ : never;
    }

    /// A version is agreed on, and nothing from before it is left.
    constexpr bool negotiated() const { return negotiated_; }
    constexpr std::uint32_t epoch() const { return epoch_; } ///< counts the VERSION exchanges and resets
    constexpr const device_counters& counters() const { return counters_; }

private:
    constexpr result<void> drop(drop_reason why, errc error) {
        counters_.dropped.count(why);
        return error;
    }

    /// There is no frame out any more.
    constexpr void sent_or_given_up() {
        attempts_ = 0;
        next_send_ = 0;
        out_size_ = 0;
        out_event_ = {};
        out_release_ = 0;
        out_pushed_ = false;
    }

    template <class M> constexpr void compose(const header& h, const M& m) {
        if constexpr (present_in<M, R>) { // nothing calls it for another one
            const auto size = encode<R>(byte_span{out_, options_.max_msg_size}, h, m);
            VMSG_ASSERT(size.has_value());
            out_size_ = *size;
        }
    }
    template <class M> constexpr void answer(const header& asked, const M& m) {
        compose(header{.dev_num = asked.dev_num, .token = asked.token}, m);
    }

    /// The bus's own error, where the revision has one: for a request that no device or state can answer.
    constexpr void answer_error(const header& asked) { answer(asked, error_response{asked.msg_id}); }

    constexpr result<void> refuse(const header& asked, drop_reason why, errc error) {
        answer_error(asked);
        return drop(why, error);
    }

    // --- transport requests

    constexpr result<void> handle_transport_request(const header& h, byte_view frame) {
        if (!negotiated_) return refuse(h, drop_reason::too_early, errc::bad_state);
        device_port* port = devices_.find(h.dev_num);
        if (port == nullptr) return refuse(h, drop_reason::no_device, errc::no_device);
        using enum transport_msg_id;
        switch (static_cast<transport_msg_id>(h.msg_id)) {
        case get_device_info: return serve<get_device_info_request>(h, frame, *port);
        case get_device_features: return serve<get_device_features_request>(h, frame, *port);
        case set_driver_features: return serve<set_driver_features_request>(h, frame, *port);
        case get_config: return serve<get_config_request>(h, frame, *port);
        case set_config: return serve<set_config_request>(h, frame, *port);
        case get_device_status: return serve<get_device_status_request>(h, frame, *port);
        case set_device_status: return serve<set_device_status_request>(h, frame, *port);
        case get_vqueue: return serve<get_vqueue_request>(h, frame, *port);
        case set_vqueue: return serve<set_vqueue_request>(h, frame, *port);
        case reset_vqueue: return serve<reset_vqueue_request>(h, frame, *port);
        case get_shm: return serve<get_shm_request>(h, frame, *port);
        default: return drop(drop_reason::unknown_id, errc::unknown_id);
        }
    }

    /// Decodes a transport request and lets the device answer it; a malformed one is discarded in silence.
    template <class Request> constexpr result<void> serve(const header& h, byte_view frame, device_port& port) {
        const auto asked = decode<Request, R>(frame);
        if (!asked) return drop(drop_reason::malformed, asked.error());
        const auto served = on(h, *asked, port);
        if (!served) return drop(drop_reason::bad_value, served.error());
        ++counters_.requests;
        return {};
    }

    static constexpr get_device_info_response info_of(const device_port& port) {
        const device_identity id = port.identity();
        const std::uint32_t blocks = detail::blocks_needed(port.offered_features());
        return {.device_id = id.device_id,
                .vendor_id = id.vendor_id,
                .device_uuid = id.device_uuid,
                .num_feature_blocks = R == revision::oasis_v2 ? blocks : 0,
                .num_feature_bits = R == revision::oasis_v2 ? 0 : 32 * blocks,
                .config_size = id.config_size,
                .max_virtqueues = port.queue_count(),
                .admin_vq_start = id.admin_vq_start,
                .admin_vq_count = id.admin_vq_count};
    }

    constexpr result<void> on(const header& h, const get_device_info_request&, device_port& port) {
        answer(h, info_of(port));
        return {};
    }

    constexpr result<void> on(const header& h, const get_device_features_request& asked, device_port& port) {
        constexpr std::size_t fixed = fixed_msg_size<get_device_features_response, R>;
        if (!legal(R, asked) || asked.num_blocks > (options_.max_msg_size - fixed) / 4) return errc::bad_value;
        const feature_set offered = port.offered_features();
        std::uint32_t blocks[C.msg_size / 4]{};
        for (std::uint32_t i = 0; i < asked.num_blocks; ++i) {
            const std::uint64_t block = std::uint64_t{asked.block_index} + i;
            blocks[i] = block < feature_set::num_blocks ? offered.block(static_cast<std::uint32_t>(block)) : 0;
        }
        answer(h, get_device_features_response{asked.block_index, asked.num_blocks, {blocks, asked.num_blocks}});
        return {};
    }

    constexpr result<void> on(const header& h, const set_driver_features_request& asked, device_port& port) {
        if (!legal(R, asked)) return errc::bad_value;
        detail::set_features(port, asked);
        answer(h, set_driver_features_response{});
        return {};
    }

    constexpr result<void> on(const header& h, const get_config_request& asked, device_port& port) {
        constexpr std::size_t fixed = fixed_msg_size<get_config_response, R>;
        const std::uint32_t size = port.identity().config_size;
        if (asked.offset > size || asked.length > size - asked.offset) return errc::bad_value;
        if (asked.length > options_.max_msg_size - fixed) return errc::oversize;
        std::uint8_t data[C.msg_size]{};
        port.read_config(asked.offset, {data, asked.length});
        answer(h, get_config_response{port.generation, asked.offset, asked.length, {data, asked.length}});
        return {};
    }

    constexpr result<void> on(const header& h, const set_config_request& asked, device_port& port) {
        const std::uint32_t size = port.identity().config_size;
        const bool in_range = asked.offset <= size && asked.length <= size - asked.offset;
        const bool stale = (feature_bits() & strict_config_generation) != 0 && asked.generation != port.generation;
        const bool allowed = in_range && !stale && configurable(port);
        const bool written = allowed && (asked.length == 0 || port.write_config(asked.offset, asked.config.bytes()));
        if (written && asked.length != 0) ++port.generation;
        set_config_response done{port.generation, asked.offset, written ? asked.length : 0, {}};
        if (written) done.config = asked.config;
        answer(h, done);
        return {};
    }

    constexpr result<void> on(const header& h, const get_device_status_request&, device_port& port) {
        detail::end_reset(port);
        answer(h, get_device_status_response{port.status});
        return {};
    }

    constexpr result<void> on(const header& h, const set_device_status_request& asked, device_port& port) {
        if (!legal(R, asked)) return errc::bad_value;
        if (asked.status == device_status::reset)
            reset_device(port);
        else
            detail::advance_status(port, asked.status);
        answer(h, set_device_status_response{port.status});
        return {};
    }

    constexpr result<void> on(const header& h, const get_vqueue_request& asked, device_port& port) {
        get_vqueue_response got{.index = asked.index};
        if (asked.index < port.queue_count()) got.max_size = port.queue_max_size(asked.index);
        if (got.max_size != 0) {
            const queue_state& q = port.queue(asked.index);
            got.cur_size = q.setup.size;
            got.flags = R == revision::oasis_v2 && q.enabled ? vqueue_enabled : 0;
            got.descriptor_addr = q.setup.descriptor_addr;
            got.driver_addr = q.setup.driver_addr;
            got.device_addr = q.setup.device_addr;
        }
        answer(h, got);
        return {};
    }

    constexpr result<void> on(const header& h, const set_vqueue_request& asked, device_port& port) {
        set_queue(asked, port);
        answer(h, set_vqueue_response{});
        return {};
    }

    /// Applies a legal request to a queue that is there and disabled, all of it or nothing.
    constexpr void set_queue(const set_vqueue_request& asked, device_port& port) {
        if (!legal(R, asked) || asked.index >= port.queue_count()) return;
        queue_state& q = port.queue(asked.index);
        const std::uint32_t max_size = port.queue_max_size(asked.index);
        if (q.enabled || max_size == 0 || port.resetting) return;
        const queue_setup wanted = detail::merged(q.setup, asked);
        if (wanted.size > max_size) return;
        const bool enable = R != revision::oasis_v2 || (asked.flags & vqueue_flags::state_mask) == vqueue_flags::enable;
        if (enable) {
            if (!has(port.status, device_status::features_ok)) return;
            if (wanted.size == 0 || !areas_.pin(wanted.descriptor_addr, wanted.driver_addr, wanted.device_addr)) return;
            if (!port.enable_queue(asked.index, wanted)) {
                areas_.unpin(wanted.descriptor_addr, wanted.driver_addr, wanted.device_addr);
                return;
            }
        }
        q.setup = wanted;
        q.enabled = enable;
    }

    constexpr result<void> on(const header& h, const reset_vqueue_request& asked, device_port& port) {
        const bool agreed = has(port.status, device_status::features_ok) &&
                            (port.accepted.has(feature::ring_reset) || C.quirks.has(quirk::reset_vqueue_unconditional));
        if (agreed && asked.index < port.queue_count()) reset_queue(port, asked.index);
        answer(h, reset_vqueue_response{});
        return {};
    }

    constexpr result<void> on(const header& h, const get_shm_request& asked, device_port&) {
        answer(h, get_shm_response{.shmid = asked.shmid}); // length 0: no such region
        return {};
    }

    constexpr void reset_queue(device_port& port, std::uint32_t index) {
        queue_state& q = port.queue(index);
        if (q.enabled) {
            port.disable_queue(index);
            areas_.unpin(q.setup.descriptor_addr, q.setup.driver_addr, q.setup.device_addr);
        }
        q = queue_state{};
    }

    constexpr void reset_device(device_port& port) {
        for (std::uint32_t i = 0; i < port.queue_count(); ++i) reset_queue(port, i);
        detail::begin_reset(port);
    }

    static constexpr bool runs(const device_port& port) {
        return has(port.status, device_status::driver_ok) && !port.resetting;
    }
    static constexpr bool configurable(const device_port& port) {
        return has(port.status, device_status::features_ok) && !port.resetting;
    }

    // --- bus requests

    constexpr result<void> handle_bus_request(const header& h, byte_view frame) {
        const bool first_contact = h.msg_id == row_of<version_request>.id || h.msg_id == row_of<reset_request>.id;
        if (!negotiated_ && !first_contact) return refuse(h, drop_reason::too_early, errc::bad_state);
        if (h.msg_id == row_of<get_devices_request>.id) return serve_bus<get_devices_request>(h, frame);
        if (h.msg_id == row_of<ping_request>.id) return serve_bus<ping_request>(h, frame);
        using enum ffa_bus_msg_id;
        switch (static_cast<ffa_bus_msg_id>(h.msg_id)) {
        case version: return serve_bus<version_request>(h, frame);
        case area_share: return serve_bus<area_share_request>(h, frame);
        case area_unshare: return serve_bus<area_unshare_request>(h, frame);
        case reset: return serve_bus<reset_request>(h, frame);
        case event_poll: return serve_bus<event_poll_request>(h, frame);
        case event_configure: return serve_bus<event_configure_request>(h, frame);
        case fifo_configure: return serve_bus<fifo_configure_request>(h, frame);
        default: return drop(drop_reason::unknown_id, errc::unknown_id);
        }
    }

    /// Decodes a bus request, exact length wanted, and answers it; a malformed one gets the bus's error.
    template <class Request> constexpr result<void> serve_bus(const header& h, byte_view frame) {
        if constexpr (present_in<Request, R>) {
            const auto asked = decode<Request, R>(frame);
            if (!asked) return refuse(h, drop_reason::malformed, asked.error());
            ++counters_.requests;
            on(h, *asked);
            return {};
        } else {
            return drop(drop_reason::unknown_id, errc::unknown_id);
        }
    }

    /// Transport features of this bus.
    constexpr std::uint32_t feature_bits() const {
        return R == revision::oasis_v2 ? options_.feature_bits & strict_config_generation : 0;
    }

    constexpr void on(const header& h, const version_request& asked) {
        const auto verdict =
            ending_ ? detail::version_verdict::nothing_in_common : detail::judge_version<R>(asked, negotiated_);
        if (verdict == detail::version_verdict::agreed) return begin_to_end(h);
        const bool told = verdict == detail::version_verdict::told;
        answer(h, told ? own_version() : version_response{.ffa_version = options_.ffa_version});
    }
    constexpr version_response own_version() const {
        return {.bus_version = constants_of<R>.bus_version,
                .transport_revision = constants_of<R>.transport_revision,
                .ffa_version = options_.ffa_version,
                .feature_bits = feature_bits(),
                .bus_features = options_.bus_features,
                .max_areas = constants_of<R>.max_area_id};
    }

    constexpr void on(const header& h, const get_devices_request& asked) {
        constexpr std::size_t fixed = fixed_msg_size<get_devices_response, R>;
        const std::size_t most = 8 * (options_.max_msg_size - fixed);
        const std::size_t to_end = 65536 - std::size_t{asked.offset};
        std::size_t count = asked.count < most ? asked.count : most;
        if (count > to_end) count = to_end;
        std::uint8_t bitmap[C.msg_size]{};
        const std::uint16_t next = devices_.report(asked.offset, count, bitmap);
        answer(h,
               get_devices_response{asked.offset, next, static_cast<std::uint16_t>(count), {bitmap, (count + 7) / 8}});
    }

    constexpr void on(const header& h, const ping_request& asked) { answer(h, ping_response{asked.data}); }

    constexpr void on(const header& h, const area_share_request& asked) {
        const bus_result r = areas_.offer(asked, h.token);
        if (r != bus_result::success) answer(h, area_share_response{asked.area_id, r});
    }

    constexpr void on(const header& h, const area_unshare_request& asked) {
        const bus_result r = areas_.take_back(asked.area_id, h.token);
        if (r != bus_result::success) answer(h, area_unshare_response{asked.area_id, r});
    }

    constexpr void on(const header& h, const reset_request&) {
        constexpr bool can_say_busy = fixed_msg_size<reset_response, R> != header_size<R>;
        if (!ending_) return begin_to_end(h);
        if (can_say_busy) return answer(h, reset_response{bus_result::busy});
        ended_by_ = h; // rfc2025: its driver has given up whatever it had asked for before
    }

    constexpr void on(const header& h, const event_poll_request&) {
        if (!constants_of<R>.has_token) push_ = false; // its driver could not tell a pushed event from a polled one
        if (events_configured_ && compose_event(h.token)) return;
        rung_ = false; // it has seen everything
        answer(h, event_poll_response{});
    }

    constexpr void on(const header& h, const event_configure_request& asked) {
        const bool notif = asked.method == event_method::notif;
        const bool polled = asked.method == event_method::poll ||
                            (notif && (options_.can_notify || C.quirks.has(quirk::event_configure_notif_always)));
        const bool possible =
            legal(R, asked) && (polled || (asked.method == event_method::indirect && options_.can_push) ||
                                (asked.method == event_method::fifo && fifo_.can_be_used()));
        if (!possible || events_configured_) {
            answer(h, event_configure_response{bus_result::error});
            return;
        }
        events_configured_ = true;
        push_ = !polled;
        bell_ = notif && options_.can_notify ? asked.notif_id : no_notif_id;
        rung_ = false;
        if (asked.method == event_method::fifo) fifo_.use();
        answer(h, event_configure_response{bus_result::success});
    }

    constexpr void on(const header& h, const fifo_configure_request& asked) {
        if constexpr (has_fifo) {
            if (fifo_.holds_memory()) return answer_error(h);
            if (has(options_.bus_features, bus_feature::fifo) && legal(R, asked) && fifo_.offer(asked, h.token)) return;
        }
        answer(h, fifo_configure_response{.result = bus_result::error});
    }

    /// RESET or VERSION end everything, and are answered when the driver's memory is let go.
    constexpr void begin_to_end(const header& asked) {
        end_everything();
        ending_ = true;
        ended_by_ = asked;
        end_if_possible();
    }
    constexpr void end_if_possible() {
        if (!ending_ || holds_memory()) return;
        ending_ = false;
        negotiated_ = ended_by_.msg_id == row_of<version_request>.id;
        if (negotiated_)
            answer(ended_by_, own_version());
        else
            answer(ended_by_, reset_response{bus_result::success});
    }

    /// Everything that was agreed with the driver is over; the devices stay.
    constexpr void end_everything() {
        negotiated_ = false;
        for (std::size_t i = 0; i < devices_.slots(); ++i)
            if (device_port* port = devices_.at_slot(i)) reset_device(*port);
        devices_.forget_events();
        areas_.forget_all();
        fifo_.forget();
        // Before EVENT_CONFIGURE no event leaves; rfc2025 does not have it, and its driver polls or listens as it
        // likes.
        events_configured_ = R == revision::rfc2025;
        push_ = R == revision::rfc2025 && options_.can_push;
        bell_ = no_notif_id;
        next_event_ = 0;
        event_attempts_ = 0;
        ++epoch_;
    }

    // --- events

    constexpr result<void> handle_event(const header& h, byte_view frame) {
        if (!negotiated_) return drop(drop_reason::too_early, errc::bad_state);
        if (h.is_response() || h.is_bus() || h.msg_id != row_of<event_avail>.id)
            return drop(drop_reason::unexpected, errc::bad_type);
        framed<event_avail> got;
        if (const auto accepted = accept<R>(frame, got); !accepted)
            return drop(accepted.error() == errc::bad_value ? drop_reason::bad_value : drop_reason::malformed,
                        accepted.error());
        device_port* port = devices_.find(h.dev_num);
        if (port == nullptr) return drop(drop_reason::no_device, errc::no_device);
        if (got.body.vq_index >= port->queue_count()) return drop(drop_reason::bad_value, errc::bad_value);
        if (!runs(*port) || !port->queue(got.body.vq_index).enabled)
            return drop(drop_reason::too_early, errc::bad_state);
        ++counters_.kicks;
        port->notify(got.body.vq_index, got.body.next_offset);
        return {};
    }

    constexpr void compose_what_is_owed(instant now) {
        end_if_possible();
        if (out_size_ != 0 || !negotiated_) return;
        if constexpr (has_fifo) {
            header asked;
            fifo_configure_response configured;
            if (fifo_.poll_response(asked, configured)) return compose(asked, configured);
        }
        const area_notice notice = areas_.poll_response();
        const header h{.token = notice.token};
        if (notice.what == area_notice::kind::share_response)
            return compose(h, area_share_response{notice.area_id, notice.result});
        if (notice.what == area_notice::kind::unshare_response)
            return compose(h, area_unshare_response{notice.area_id, notice.result});
        if (now < next_event_) return;
        next_event_ = 0;
        if (push_) out_pushed_ = compose_event(0);
    }

    constexpr void put_back_event() {
        if (out_release_ != 0)
            areas_.put_back_release(out_release_);
        else if (!devices_.put_back(out_event_))
            ++counters_.lost;
    }

    /// Writes the next event to the buffer for frames; false if none is owed.
    constexpr bool compose_event(std::uint16_t token) {
        if (const area_notice released = areas_.poll_release(); released.what != area_notice::kind::none) {
            compose(header{.token = token}, event_area_release{released.area_id});
            out_release_ = released.area_id;
            return true;
        }
        const owed_event e = devices_.poll_event();
        const header h{.dev_num = e.dev_num, .token = token};
        switch (e.what) {
        case owed_event::kind::none: return false;
        case owed_event::kind::added:
            compose(header{.token = token}, event_device{e.dev_num, device_state::added});
            break;
        case owed_event::kind::removed:
            compose(header{.token = token}, event_device{e.dev_num, device_state::removed});
            break;
        case owed_event::kind::config_changed: {
            const device_port& port = *devices_.find(e.dev_num);
            if (C.quirks.has(quirk::event_config_needs_data))
                compose(h, event_config{port.status, port.generation, 0, 0, {}});
            else
                compose(h, event_config{port.status, port.generation, e.changed_offset, e.changed_length, {}});
            break;
        }
        case owed_event::kind::used: compose(h, event_used{e.vq_index}); break;
        }
        out_event_ = e;
        return true;
    }

    device_options options_;
    bool negotiated_ = false;
    bool events_configured_ = false;
    bool push_ = false;                // events are sent unasked
    bool rung_ = false;                // the driver was told that there are events, and has not asked for the last one
    std::uint16_t bell_ = no_notif_id; // by which it is told
    bool ending_ = false;              // everything has ended but for the driver's memory, which is let go
    bool out_pushed_ = false;          // the frame in `out_` is an event that is sent unasked
    std::uint16_t attempts_ = 0;
    std::uint16_t event_attempts_ = 0;
    std::uint16_t out_release_ = 0; // area of the release event in `out_`
    std::uint32_t epoch_ = 0;
    instant next_send_ = 0;
    instant next_event_ = 0; // when events that were refused may be sent
    header ended_by_{};      // the request that is answered then
    owed_event out_event_{}; // the event of a device in `out_`
    std::size_t out_size_ = 0;
    device_table<C.devices> devices_{};
    areas_type areas_{};
    device_fifo<has_fifo> fifo_{};
    device_counters counters_{};
    alignas(8) std::uint8_t out_[C.msg_size]{};
};

} // namespace vmsg::proto
