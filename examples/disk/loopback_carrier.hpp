// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `--over loopback`: two ends of a queue, and a table of shared memory in place of a memory manager.

#include "carrier.hpp"
#include "shared_memory.hpp"

#include <vmsg/transport/loopback.hpp>

namespace disk {

class loopback_carrier : public carrier {
    using wire_type = vmsg::transports::loopback<16, 104>;

    // An end stays in the queue that it belongs to.
    struct end_ref {
        wire_type::end& end;
        std::size_t most; // bytes
        std::size_t max_msg_size() const { return most; }
        vmsg::result<void> send(vmsg::ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) {
            if (frame.size() > most) return vmsg::errc::oversize;
            return end.send(peer, frame, now);
        }
        vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) {
            return end.receive(buffer, now);
        }
    };

public:
    explicit loopback_carrier(vmsg::revision rev)
        : driver_(end_ref{wire_.driver_side(), vmsg::constants(rev).ffa_max_msg_size}),
          device_(end_ref{wire_.device_side(), vmsg::constants(rev).ffa_max_msg_size}) {}

    wire_end& driver_end() override { return driver_; }
    wire_end& device_end() override { return device_; }
    lender& driver_memory() override { return memory_; }
    borrower& device_memory() override { return memory_; }
    vmsg::bus_feature features() const override {
        return vmsg::bus_feature::indirect_rx | vmsg::bus_feature::indirect_tx;
    }

    void start(device_program& program) override { program_ = &program; }
    vmsg::instant run_device(vmsg::instant now) override { return program_->step(now); }
    void restart_device() override { memory_.unmap_all(); }

private:
    wire_type wire_;
    end_over<end_ref> driver_;
    end_over<end_ref> device_;
    shared_memory memory_;
    device_program* program_ = nullptr;
};

} // namespace disk
