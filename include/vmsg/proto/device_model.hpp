// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a device has to offer to live on a virtio-msg bus (`device_model`), and what the bus keeps for it
// (`device_port`).

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/feature.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/status.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::proto {

/// What a device is. Constant while it is attached.
struct device_identity {
    std::uint32_t device_id{};      ///< virtio device type, not 0
    std::uint32_t vendor_id{};      ///< free
    uuid device_uuid{};             ///< nil if none
    std::uint32_t config_size{};    ///< bytes of configuration space
    std::uint32_t admin_vq_start{}; ///< first administration queue; 0 if there are none
    std::uint32_t admin_vq_count{}; ///< administration queues, part of the queues
};

/// How a driver has set up a virtqueue.
struct queue_setup {
    std::uint32_t size{};          ///< entries
    bus_address descriptor_addr{}; ///< descriptor area
    bus_address driver_addr{};     ///< driver area
    bus_address device_addr{};     ///< device area
    friend bool operator==(const queue_setup&, const queue_setup&) = default;
};

/// A device. The bus calls it from `handle_frame` only, with arguments it has checked: ranges lie inside configuration
/// space, indices below `queue_count`. It must not call the bus from there; it does its work later, in its own turn.
///
/// Optional: `bool reset_done()`, for a device whose reset takes time (virtio-msg, rule T2). After `reset` its driver
/// sees the old status until it asks for the status and `reset_done` says true. Meanwhile nothing is enabled, written
/// or notified, no event leaves, and `reset` is not called again; nor is it for a device whose status is 0. A reset of
/// the bus does not wait for the devices.
template <class D>
concept device_model = requires(D& d, const D& c, std::uint32_t n, byte_span out, byte_view in, const queue_setup& q,
                                const feature_set& f) {
    { D::queue_count } -> std::convertible_to<std::uint32_t>; // virtqueues, a constant expression
    { c.identity() } -> std::same_as<device_identity>;
    { c.offered_features() } -> std::same_as<feature_set>;
    { d.accept_features(f) } -> std::same_as<bool>;  // a subset of the offered ones; false: not in this combination
    { c.read_config(n, out) } -> std::same_as<void>; // bytes from offset n
    { d.write_config(n, in) } -> std::same_as<bool>; // all of it, or false and nothing
    { c.queue_max_size(n) } -> std::same_as<std::uint32_t>; // entries; 0: no such queue
    { d.enable_queue(n, q) } -> std::same_as<bool>;         // false: cannot be used that way, and nothing has changed
    { d.disable_queue(n) } -> std::same_as<void>;           // no access to its memory after that
    { d.start() } -> std::same_as<void>;                    // DRIVER_OK: look at every enabled queue
    { d.notify(n, n) } -> std::same_as<void>;               // EVENT_AVAIL: queue, and where the driver is (a hint)
    { d.reset() } -> std::same_as<void>;                    // all queues are disabled already
};

/// A device model whose reset takes time.
template <class D>
concept slow_to_reset = requires(D& d) {
    { d.reset_done() } -> std::same_as<bool>;
};

} // namespace vmsg::proto

namespace vmsg::archetypes {

/// The least that satisfies `proto::device_model`.
struct device_model {
    static constexpr std::uint32_t queue_count = 0;
    constexpr proto::device_identity identity() const { return {.device_id = 1}; }
    constexpr feature_set offered_features() const { return {}; }
    constexpr bool accept_features(const feature_set&) { return true; }
    constexpr void read_config(std::uint32_t, byte_span) const {}
    constexpr bool write_config(std::uint32_t, byte_view) { return false; }
    constexpr std::uint32_t queue_max_size(std::uint32_t) const { return 0; }
    constexpr bool enable_queue(std::uint32_t, const proto::queue_setup&) { return false; }
    constexpr void disable_queue(std::uint32_t) {}
    constexpr void start() {}
    constexpr void notify(std::uint32_t, std::uint32_t) {}
    constexpr void reset() {}
};
static_assert(proto::device_model<device_model>);

} // namespace vmsg::archetypes

namespace vmsg::proto {

/// What the bus knows of one virtqueue.
struct queue_state {
    queue_setup setup{};
    bool enabled{};
    bool used{}; ///< an EVENT_USED is owed
};

/// A device on a bus: the state that the protocol keeps, and the calls into the model. Not used alone: see `attached`.
class device_port {
public:
    device_status status{};
    feature_set accepted{}; ///< as the driver has set them
    std::uint64_t beyond{}; ///< blocks behind those of `accepted` in which the driver wants features, a bit each
    bool config_changed{};  ///< an EVENT_CONFIG is owed
    std::uint32_t changed_offset{}; ///< bytes; the range of the change
    std::uint32_t changed_length{}; ///< bytes; 0, 0: any of it
    std::uint32_t generation{};     ///< of the configuration
    bool resetting{};               ///< `status` is the one from before a reset that is not over

    // Bodies instead of `= 0`, which would need a function of the compiler's runtime library.
    virtual constexpr device_identity identity() const { return {}; }
    virtual constexpr feature_set offered_features() const { return {}; }
    virtual constexpr bool accept_features(const feature_set&) { return false; }
    virtual constexpr void read_config(std::uint32_t, byte_span) const {}
    virtual constexpr bool write_config(std::uint32_t, byte_view) { return false; }
    virtual constexpr std::uint32_t queue_max_size(std::uint32_t) const { return 0; }
    virtual constexpr bool enable_queue(std::uint32_t, const queue_setup&) { return false; }
    virtual constexpr void disable_queue(std::uint32_t) {}
    virtual constexpr void start() {}
    virtual constexpr void notify(std::uint32_t, std::uint32_t) {}
    virtual constexpr void reset() {}
    virtual constexpr bool reset_done() { return true; }

    /// An EVENT_CONFIG is owed for a range; two ranges are any of it.
    constexpr void note_change(std::uint32_t offset, std::uint32_t length) {
        const bool whole = config_changed && (changed_offset != offset || changed_length != length);
        config_changed = true;
        changed_offset = whole ? 0 : offset;
        changed_length = whole ? 0 : length;
    }

    constexpr bool resets_slowly() const { return slow_; }
    constexpr std::uint32_t queue_count() const { return queue_count_; }
    constexpr queue_state& queue(std::uint32_t index) { return queues_[index]; }
    constexpr const queue_state& queue(std::uint32_t index) const { return queues_[index]; }

    device_port(const device_port&) = delete;
    device_port& operator=(const device_port&) = delete;

protected:
    constexpr device_port(queue_state* queues, std::uint32_t queue_count, bool resets_slowly = false)
        : queues_(queues), queue_count_(queue_count), slow_(resets_slowly) {}
    constexpr ~device_port() = default;

private:
    queue_state* queues_;
    std::uint32_t queue_count_;
    bool slow_;
};

/// Connects a device model with a bus. Both outlive their time on the bus; the caller owns them.
template <device_model Model> class attached final : public device_port {
    static constexpr std::uint32_t count = Model::queue_count;

public:
    constexpr explicit attached(Model& model) : device_port(states_, count, slow_to_reset<Model>), model_(model) {}

    constexpr device_identity identity() const override { return model_.identity(); }
    constexpr feature_set offered_features() const override {
        feature_set offered = model_.offered_features();
        offered.clear(feature::notif_config_data);
        return offered;
    }
    constexpr bool accept_features(const feature_set& f) override { return model_.accept_features(f); }
    constexpr void read_config(std::uint32_t offset, byte_span out) const override { model_.read_config(offset, out); }
    constexpr bool write_config(std::uint32_t offset, byte_view in) override { return model_.write_config(offset, in); }
    constexpr std::uint32_t queue_max_size(std::uint32_t index) const override { return model_.queue_max_size(index); }
    constexpr bool enable_queue(std::uint32_t index, const queue_setup& q) override {
        return model_.enable_queue(index, q);
    }
    constexpr void disable_queue(std::uint32_t index) override { model_.disable_queue(index); }
    constexpr void start() override { model_.start(); }
    constexpr void notify(std::uint32_t index, std::uint32_t next_offset) override {
        model_.notify(index, next_offset);
    }
    constexpr void reset() override { model_.reset(); }
    constexpr bool reset_done() override {
        if constexpr (slow_to_reset<Model>)
            return model_.reset_done();
        else
            return true;
    }

private:
    Model& model_;
    queue_state states_[count != 0 ? count : 1]{};
};

} // namespace vmsg::proto
