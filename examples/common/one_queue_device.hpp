// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the models of devices with one queue have in common. It needs no operating system.

#include <vmsg/proto/device_model.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/feature.hpp>

#include <optional>

namespace device {

/// What a device with one queue has: the queue on the driver's memory, worked on when it was notified.
template <class Memory> class one_queue_device {
public:
    static constexpr std::uint32_t queue_count = 1;
    static constexpr std::uint32_t max_queue_size = 64; ///< entries
    static constexpr std::uint32_t max_chain = 18;      ///< descriptors

    explicit one_queue_device(Memory& memory) : memory_(memory) {}

    bool accept_features(const vmsg::feature_set& accepted) {
        negotiated_ = accepted;
        return negotiated_.has(vmsg::feature::version_1);
    }
    std::uint32_t queue_max_size(std::uint32_t) const { return max_queue_size; }
    bool enable_queue(std::uint32_t, const vmsg::proto::queue_setup& q) {
        if (negotiated_.empty()) return false; // what kind of queue it is has not been agreed on
        return queue_
            .enable(memory_, {q.descriptor_addr, q.driver_addr, q.device_addr}, q.size, max_queue_size,
                    {.negotiated = negotiated_})
            .has_value();
    }
    void disable_queue(std::uint32_t) { queue_.reset(); }
    void start() { kicked_ = true; }
    void notify(std::uint32_t, std::uint32_t) { kicked_ = true; }
    void reset() {
        kicked_ = false;
        negotiated_ = {};
    }

    bool broken() const { return queue_.state() == vmsg::virtio::queue_state::broken; }

protected:
    /// Serves every request with `serve(chain)`, which gives the used length, or nothing to break the queue. True if
    /// the driver is to be notified.
    template <class Serve> bool serve_all(Serve serve) {
        if (!kicked_) return false;
        kicked_ = false;
        while (queue_.pop(memory_, chain_)) {
            const std::optional<std::uint32_t> used = serve(chain_);
            if (used)
                static_cast<void>(queue_.push(chain_, *used));
            else
                queue_.break_queue(vmsg::virtio::queue_fault::direction);
        }
        return queue_.interrupt_needed();
    }
    const vmsg::feature_set& negotiated() const { return negotiated_; }

private:
    Memory& memory_;
    vmsg::virtio::device_queue<max_chain, max_queue_size> queue_;
    vmsg::virtio::chain<max_chain> chain_;
    vmsg::feature_set negotiated_;
    bool kicked_ = false;
};

} // namespace device
