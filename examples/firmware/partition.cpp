// SPDX-License-Identifier: BSD-2-Clause
// The least of a device side: a secure partition at S-EL1 with a source of random numbers, reached by direct messages.
#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/entropy.hpp>
#include <vmsg/virtio/feature.hpp>

using namespace vmsg;

/// What the platform supplies: memory that the driver has shared, and random bytes.
extern "C" {
std::uint8_t* platform_map(std::uint64_t mem_handle, std::uint32_t pages); // FFA_MEM_RETRIEVE_REQ; null: cannot
void platform_unmap(std::uint64_t mem_handle);                             // FFA_MEM_RELINQUISH
void platform_random(std::uint8_t* to, std::size_t size);
}

namespace {

constexpr revision R = newest_revision;
constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
using bus_type = proto::device_bus<R, proto::device_capacity{.devices = 1, .areas = 1, .msg_size = msg_size}>;

struct random_source {
    result<void> fill(byte_span to) {
        platform_random(to.data(), to.size());
        return {};
    }
};

/// The device: what the bus asks it, and its work.
class entropy_device {
public:
    static constexpr std::uint32_t queue_count = 1;

    explicit entropy_device(bus_type::areas_type& memory) : memory_(memory) {}

    proto::device_identity identity() const { return {.device_id = virtio::entropy_device_id}; }
    feature_set offered_features() const { return virtio::split_queue_features; }
    bool accept_features(const feature_set& accepted) {
        accepted_ = accepted;
        return accepted.has(feature::version_1);
    }
    void read_config(std::uint32_t, byte_span) const {}
    bool write_config(std::uint32_t, byte_view) { return false; }
    std::uint32_t queue_max_size(std::uint32_t) const { return queue_size; }
    bool enable_queue(std::uint32_t, const proto::queue_setup& q) {
        const auto on = queue_.enable(memory_, {q.descriptor_addr, q.driver_addr, q.device_addr}, q.size, queue_size,
                                      {.negotiated = accepted_});
        return on.has_value();
    }
    void disable_queue(std::uint32_t) { queue_.reset(); }
    void start() { kicked_ = true; }
    void notify(std::uint32_t, std::uint32_t) { kicked_ = true; }
    void reset() { kicked_ = false; }

    /// True if the driver is to be told.
    bool work() {
        if (!kicked_) return false;
        kicked_ = false;
        while (queue_.pop(memory_, chain_)) {
            const auto used = virtio::serve_entropy(source_, chain_.reader(), chain_.writer());
            if (used)
                static_cast<void>(queue_.push(chain_, *used));
            else
                queue_.break_queue(virtio::queue_fault::direction);
        }
        return queue_.interrupt_needed();
    }
    bool broken() const { return queue_.state() == virtio::queue_state::broken; }

private:
    static constexpr std::uint32_t queue_size = 16; // entries
    static constexpr std::uint32_t max_chain = 4;   // descriptors

    bus_type::areas_type& memory_;
    virtio::device_queue<max_chain, queue_size> queue_;
    virtio::chain<max_chain> chain_;
    random_source source_;
    feature_set accepted_;
    bool kicked_ = false;
};

void attend(bus_type& bus, const proto::area_task& task) {
    if (task.what == proto::area_task::kind::unmap) {
        platform_unmap(task.mem_handle);
        static_cast<void>(bus.areas().unmapped(task.area_id));
    } else if (std::uint8_t* const memory = platform_map(task.mem_handle, task.page_count)) {
        static_cast<void>(bus.areas().mapped(task.area_id, {memory, task.page_count * proto::area_page_size}));
    } else {
        static_cast<void>(bus.areas().refused(task.area_id, bus_result::error));
    }
}

} // namespace

/// Runs for ever: in turns the manager's guest and the server of whoever asks.
extern "C" void partition_main() {
    transports::direct_device wire{R, device_role_uuid, msg_size};
    bus_type bus{
        {.max_msg_size = msg_size, .bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .can_push = false}};
    entropy_device device{bus.areas()};
    proto::attached<entropy_device> port{device};
    if (!bus.attach(1, port)) return;
    const ffa::smc_conduit call;
    ffa::call_frame frame;
    wire.leave(frame); // FFA_MSG_WAIT
    for (;;) {
        call(frame);
        static_cast<void>(wire.enter(frame)); // whatever it is, `leave` has the answer
        std::uint8_t buffer[msg_size];
        if (const auto in = wire.receive(buffer, 0)) static_cast<void>(bus.handle_frame({buffer, in->size}, 0));
        for (auto task = bus.poll_task(); task.what != proto::area_task::kind::none; task = bus.poll_task())
            attend(bus, task);
        if (device.work()) static_cast<void>(bus.used(1, 0));
        if (device.broken()) static_cast<void>(bus.needs_reset(1));
        if (const auto out = bus.poll_transmit(0)) bus.handle_sent(wire.send(wire.peer(), *out, 0), 0);
        wire.leave(frame);
    }
}
