// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The device side of the demo: its engine, its two devices, and what a secure partition does when it runs.

#include "carrier.hpp"
#include "devices.hpp"

#include <vmsg/proto/device.hpp>
#include <vmsg/transport/transport.hpp>

namespace disk {

inline constexpr std::uint16_t disk_number = 1; ///< device numbers on the bus
inline constexpr std::uint16_t entropy_number = 4;

template <vmsg::revision R, vmsg::transport Wire> class device_side : public device_program {
    static constexpr std::size_t max_msg_size = vmsg::constants_of<R>.ffa_max_msg_size;
    static constexpr vmsg::proto::device_capacity capacity{
        .devices = 4, .areas = 4, .msg_size = max_msg_size, .fifo = R == vmsg::revision::oasis_v2};
    using bus_type = vmsg::proto::device_bus<R, capacity>;
    using memory_type = typename bus_type::areas_type;

public:
    device_side(Wire& wire, carrier& below, image& image, std::optional<std::uint64_t> flip)
        : wire_(wire),
          carrier_(below),
          memory_(below.device_memory()),
          bus_({.max_msg_size = max_msg_size,
                .bus_features = below.features(),
                .can_push = false,
                .policy = below.device_policy()}),
          disk_(bus_.areas(), image, flip),
          entropy_(bus_.areas()) {
        static_cast<void>(bus_.attach(disk_number, disk_port_));
        static_cast<void>(bus_.attach(entropy_number, entropy_port_));
    }

    /// Does what there is to do. Gives `now` if there was something, else when it has to be called again.
    vmsg::instant step(vmsg::instant now) override {
        bool moved = false;
        if (waiting_ == 0) {
            wire_.follow(bus_.fifo());
            const auto in = wire_.receive(buffer_, now);
            if (in) waiting_ = in->size;
            if (in.error() == vmsg::errc::aborted) bus_.abandon(); // the rings are broken
        }
        // A frame waits as long as an answer has not left. What is dropped is counted by the engine.
        if (waiting_ != 0 && bus_.handle_frame({buffer_, waiting_}, now).error() != vmsg::errc::would_block) {
            waiting_ = 0;
            moved = true;
        }
        for (auto task = bus_.poll_task(); task.what != vmsg::proto::area_task::kind::none; task = bus_.poll_task())
            attend(task);
        if (const auto task = bus_.poll_fifo_task(); task.what != vmsg::proto::fifo_task::kind::none) attend(task);
        if (disk_.work()) static_cast<void>(bus_.used(disk_number, 0));
        if (entropy_.work()) static_cast<void>(bus_.used(entropy_number, 0));
        if (disk_.broken()) static_cast<void>(bus_.needs_reset(disk_number));
        if (entropy_.broken()) static_cast<void>(bus_.needs_reset(entropy_number));
        while (const auto out = bus_.poll_transmit(now)) {
            wire_.follow(bus_.fifo());
            bus_.handle_sent(wire_.send({}, *out, now), now);
            moved = true;
        }
        return moved ? now : bus_.poll_timeout();
    }
    bool holds_answer() const override { return bus_.poll_timeout() != vmsg::never; }

    const vmsg::proto::device_counters& counters() const { return bus_.counters(); }
    std::size_t open_areas() { return bus_.areas().size(); }

private:
    void attend(const vmsg::proto::area_task& task) {
        if (task.what == vmsg::proto::area_task::kind::unmap) {
            memory_.unmap(task.mem_handle);
            static_cast<void>(bus_.areas().unmapped(task.area_id));
        } else if (const auto pages = memory_.map(task.mem_handle, task.page_count)) {
            static_cast<void>(bus_.areas().mapped(task.area_id, *pages));
        } else {
            static_cast<void>(bus_.areas().refused(task.area_id, vmsg::bus_result::error));
        }
    }

    void attend(const vmsg::proto::fifo_task& task) {
        if (task.what == vmsg::proto::fifo_task::kind::unmap) {
            wire_.follow(bus_.fifo());
            memory_.unmap(task.mem_handle);
            static_cast<void>(bus_.fifo_unmapped());
            return;
        }
        const auto pages = memory_.map(task.mem_handle, task.page_count);
        const auto notification = pages ? carrier_.open_fifo(*pages) : pages.error();
        if (notification) {
            static_cast<void>(bus_.fifo_mapped(*notification));
            return;
        }
        if (pages) memory_.unmap(task.mem_handle);
        static_cast<void>(bus_.fifo_refused());
    }

    Wire& wire_;
    carrier& carrier_;
    borrower& memory_;
    bus_type bus_;
    disk_device<memory_type> disk_;
    entropy_device<memory_type> entropy_;
    vmsg::proto::attached<disk_device<memory_type>> disk_port_{disk_};
    vmsg::proto::attached<entropy_device<memory_type>> entropy_port_{entropy_};
    std::size_t waiting_ = 0; // bytes of the frame in `buffer_`
    std::uint8_t buffer_[max_msg_size]{};
};

} // namespace disk
