// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `session_device`: a device on the bus of a session, for those who want to call and wait: the steps of the driver
// side, whatever carries them. Source: virtio-msg, "Device Initialization"; virtio 1.4, "Device Initialization".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/feature.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/device_model.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/quirk.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/virtio/feature.hpp>

namespace vmsg {

/// A device of `Session`: `driver_session` or `direct_session`. Errors of all calls: those of `proto::driver::request`,
/// and `timed_out`, `busy`, `no_answer`, `peer_error` when the attempts of the policy are spent.
template <class Session> class session_device {
    using room = typename Session::answer_room; // where a tail of an answer lives
    using policy = typename Session::policy;
    static constexpr revision R = Session::rev;

public:
    constexpr session_device(Session& session, std::uint16_t number) : session_(&session), number_(number) {}

    constexpr std::uint16_t number() const { return number_; }

    /// What the device is.
    constexpr result<get_device_info_response> info() { return answer_to(get_device_info_request{}); }

    /// Resets the device and waits until it says so; `timed_out` if it does not. With `quirk::status_zero_panics` a
    /// device that has another status than 0 cannot be reset: `not_supported`.
    constexpr result<void> reset() {
        measured_ = no_queue;
        if constexpr (policy::capacity.quirks.has(quirk::status_zero_panics)) {
            device_status before{};
            const errc why = read_status(before);
            return why == errc::none && before != device_status::reset ? errc::not_supported : why;
        }
        const instant end = session_->clock().now() + policy::reset_timeout;
        device_status now{};
        errc why = write_status(device_status::reset, now);
        while (why == errc::none && now != device_status::reset) {
            if (session_->clock().now() >= end) return errc::timed_out;
            session_->pause(policy::reset_interval);
            why = read_status(now);
        }
        return why;
    }

    /// From reset to FEATURES_OK: accepts what the device offers, `wanted` names and virtio-msg allows. `not_supported`
    /// if that lacks a feature of `required`, `denied` if the device does not take the choice; the device is FAILED
    /// then. Success gives what was accepted.
    constexpr result<feature_set> negotiate(const feature_set& wanted, const feature_set& required = {}) {
        if (const errc why = prepare(); why != errc::none) return why;
        const feature_set chosen = virtio::choose(offered_, wanted | required);
        if (!required.subset_of(chosen)) return give_up(errc::not_supported);
        if (const errc why = write_features(chosen); why != errc::none) return why;
        if (const errc why = advance(agreed); why != errc::none) return why == errc::denied ? give_up(why) : why;
        accepted_ = chosen;
        return chosen;
    }
    constexpr const get_device_info_response& identity() const { return identity_; } ///< after `negotiate`
    constexpr const feature_set& offered() const { return offered_; }                ///< after `negotiate`
    constexpr const feature_set& accepted() const { return accepted_; }              ///< after `negotiate`

    /// Reads configuration from `offset` on into all of `out`, in as many messages as it takes, all of one generation.
    /// `retry` if it does not hold still. What changes after the last answer comes with an event.
    constexpr result<void> read_config(std::uint32_t offset, byte_span out) {
        for (int i = 0; i < policy::config_attempts; ++i)
            if (const errc why = read_once(offset, out); why != errc::retry) return why;
        return errc::retry;
    }

    /// Writes configuration from `offset` on, in as many messages as it takes. `denied` if the device has not taken a
    /// part; those before it are written. Where a device may refuse a write because its configuration has changed since
    /// it was read (strict profile, revisions before oasis_v2), the part is read again and then written, up to
    /// `policy::config_writes` times in all; whoever derives what it writes from what it has read wants 1 there, to be
    /// told `denied` and do so anew.
    constexpr result<void> write_config(std::uint32_t offset, byte_view in) {
        const std::size_t most = chunk(fixed_msg_size<set_config_request, R>);
        for (std::size_t at = 0; at < in.size();) {
            const std::size_t n = in.size() - at < most ? in.size() - at : most;
            const errc why = write_part(offset + static_cast<std::uint32_t>(at), in.drop(at).first(n));
            if (why != errc::none) return why;
            at += n;
        }
        return {};
    }

    /// The most entries that virtqueue `index` can have; 0 if there is no such queue.
    constexpr result<std::uint32_t> max_queue_size(std::uint32_t index) {
        if (const errc why = measure(index); why != errc::none) return why;
        return queue_.max_size;
    }
    /// Enables virtqueue `index`, and reads back whether the device has taken it: `denied` if not. `invalid_argument`
    /// if the queue cannot have that many entries, which the device is asked first unless `max_queue_size` just was.
    /// One that is enabled already, as far as the revision tells, is left as it is: `bad_state` unless it is so.
    constexpr result<void> setup_queue(std::uint32_t index, const proto::queue_setup& q) {
        constexpr bool places = !policy::capacity.quirks.has(quirk::get_vqueue_phys_addr);
        set_vqueue_request wanted{.index = index,
                                  .size = q.size,
                                  .descriptor_addr = q.descriptor_addr,
                                  .driver_addr = q.driver_addr,
                                  .device_addr = q.device_addr};
        if (R == revision::oasis_v2) wanted.flags = vqueue_flags::enable;
        for (bool written = false;; written = true) {
            errc why = measured_ != index ? measure(index) : errc::none;
            measured_ = no_queue; // it can change from now on
            if (why == errc::none) why = proto::detail::judge_queue<R>(queue_, q, written, places);
            if (why != errc::retry) return why;
            set_vqueue_response set;
            why = session_->ask(number_, wanted, set);
            if (why != errc::none) return why;
        }
    }
    /// Disables virtqueue `index`; needs VIRTIO_F_RING_RESET.
    constexpr result<void> reset_queue(std::uint32_t index) {
        measured_ = no_queue;
        return answer_to(reset_vqueue_request{index}).error();
    }

    /// From FEATURES_OK to DRIVER_OK.
    constexpr result<void> driver_ok() { return advance(running); }
    /// Tells the device that the driver has given it up.
    constexpr result<void> fail() {
        device_status now{};
        const errc why = read_status(now);
        return why != errc::none ? why : write_status((now & running) | device_status::failed, now);
    }
    constexpr result<device_status> status() {
        device_status now{};
        if (const errc why = read_status(now); why != errc::none) return why;
        return now;
    }

    /// A region of shared memory of the device; length 0 if it has none with this id.
    constexpr result<get_shm_response> shared_memory(std::uint32_t shmid) { return answer_to(get_shm_request{shmid}); }

    /// Tells the device that buffers are available: see `notify` of the session's engine, or of the session itself. A
    /// session with an engine sends it with the next call that waits.
    constexpr result<void> notify(std::uint32_t vq_index, std::uint32_t next_offset) {
        return session_->notify(number_, vq_index, next_offset);
    }

private:
    // The statuses that a driver goes through.
    static constexpr device_status acknowledged = device_status::acknowledge;
    static constexpr device_status driving = acknowledged | device_status::driver;
    static constexpr device_status agreed = driving | device_status::features_ok;
    static constexpr device_status running = agreed | device_status::driver_ok;

    constexpr errc measure(std::uint32_t index) {
        const errc why = session_->ask(number_, get_vqueue_request{index}, queue_);
        measured_ = why == errc::none ? index : no_queue;
        return why;
    }
    /// For answers without a tail.
    template <message Request> constexpr result<response_of<Request>> answer_to(const Request& asked) {
        response_of<Request> got;
        if (const errc why = session_->ask(number_, asked, got); why != errc::none) return why;
        return got;
    }
    constexpr std::size_t chunk(std::size_t fixed) const { return session_->max_msg_size() - fixed; }

    constexpr errc read_status(device_status& now) {
        get_device_status_response got;
        const errc why = session_->ask(number_, get_device_status_request{}, got);
        now = got.status;
        return why;
    }
    constexpr errc write_status(device_status wanted, device_status& now) {
        set_device_status_response got;
        const errc why = session_->ask(number_, set_device_status_request{wanted}, got);
        now = got.status;
        return why;
    }
    /// Writes a status and verifies it: `denied` if the device has another one then.
    constexpr errc advance(device_status wanted) {
        device_status now{};
        const errc why = write_status(wanted, now);
        return why == errc::none && now != wanted ? errc::denied : why;
    }
    constexpr errc give_up(errc why) {
        static_cast<void>(fail());
        return why;
    }

    /// Up to where the features are chosen.
    constexpr errc prepare() {
        errc why = session_->ask(number_, get_device_info_request{}, identity_);
        if (why == errc::none) why = reset().error();
        if (why == errc::none) why = advance(acknowledged);
        if (why == errc::none) why = advance(driving);
        return why == errc::none ? read_features(feature_blocks<R>(identity_)) : why;
    }

    /// `retry` if the configuration has changed between two messages.
    constexpr errc read_once(std::uint32_t offset, byte_span out) {
        const std::size_t most = chunk(fixed_msg_size<get_config_response, R>);
        std::uint32_t generation = 0;
        for (std::size_t at = 0; at < out.size();) {
            const std::size_t n = out.size() - at < most ? out.size() - at : most;
            room tail;
            get_config_response got;
            const errc why = session_->ask(
                number_, get_config_request{offset + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(n)},
                got, tail);
            if (why != errc::none) return why;
            if (at != 0 && got.generation != generation) return errc::retry;
            generation = got.generation;
            copy_bytes(out.data() + at, got.config.bytes().data(), n);
            at += n;
        }
        return errc::none;
    }

    /// Whether a device looks at the generation of a write.
    constexpr bool writes_have_generation() const {
        return R != revision::oasis_v2 || (session_->agreed().feature_bits & strict_config_generation) != 0;
    }
    /// What fits one message. The bus fills in the generation of the answer before.
    constexpr errc write_part(std::uint32_t offset, byte_view in) {
        const auto length = static_cast<std::uint32_t>(in.size());
        get_config_response read;
        for (int left = policy::config_writes;; --left) {
            room tail;
            set_config_response got;
            errc why = session_->ask(number_, set_config_request{0, offset, length, in}, got, tail);
            if (why != errc::none || got.length == length) return why;
            const bool other_reason = left < policy::config_writes && got.generation == read.generation;
            if (left <= 1 || other_reason || !writes_have_generation()) return errc::denied;
            why = session_->ask(number_, get_config_request{offset, length}, read, tail);
            if (why != errc::none) return why;
        }
    }

    constexpr errc read_features(std::uint32_t blocks) {
        const auto most = static_cast<std::uint32_t>(chunk(fixed_msg_size<get_device_features_response, R>) / 4);
        if (blocks > feature_set::num_blocks) blocks = feature_set::num_blocks; // beyond: reserved
        offered_ = {};
        for (std::uint32_t first = 0; first < blocks;) {
            const std::uint32_t n = blocks - first < most ? blocks - first : most;
            room tail;
            get_device_features_response got;
            const errc why = session_->ask(number_, get_device_features_request{first, n}, got, tail);
            if (why != errc::none) return why;
            for (std::uint32_t i = 0; i < n; ++i) offered_.set_block(first + i, got.features[i]);
            first += n;
        }
        return errc::none;
    }
    constexpr errc write_features(const feature_set& chosen) {
        std::uint32_t blocks[feature_set::num_blocks]{};
        std::uint32_t used = 2;
        for (std::uint32_t i = 0; i < feature_set::num_blocks; ++i) {
            blocks[i] = chosen.block(i);
            if (blocks[i] != 0 && i >= used) used = i + 1;
        }
        static_assert(fixed_msg_size<set_driver_features_request, R> + sizeof blocks <=
                      constants_of<R>.min_max_msg_size);
        set_driver_features_response got;
        return session_->ask(number_, set_driver_features_request{0, used, {blocks, used}}, got);
    }

    static constexpr std::uint32_t no_queue = 0xffff'ffff; // indices have 16 bits

    Session* session_;
    std::uint16_t number_;
    std::uint32_t measured_ = no_queue; // the queue that was just asked about
    get_vqueue_response queue_{};       // what is known of it
    get_device_info_response identity_{};
    feature_set offered_{};
    feature_set accepted_{};
};

} // namespace vmsg
