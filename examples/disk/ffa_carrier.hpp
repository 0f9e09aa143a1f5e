// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What `--over direct`, `indirect` and `fifo` have in common: a partition manager in memory, the driver side as an
// endpoint of the normal world that finds the device side by its UUID, and the device side as a partition. What differs
// is in ffa_methods.cpp.

#include "carrier.hpp"
#include "ffa_memory.hpp"

#include <vmsg/session/discover.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/transport/direct_device.hpp>

#include <array>
#include <memory>
#include <optional>

namespace disk {

inline constexpr vmsg::ffa::endpoint_id driver_id{0x0001}; ///< a virtual machine
inline constexpr vmsg::ffa::endpoint_id device_id{0x8002}; ///< a secure partition

struct alignas(4096) memory_page {
    std::array<std::uint8_t, 4096> bytes{};
};

/// The calls that the manager has seen.
struct call_counters {
    std::uint64_t driver = 0; ///< all of the driver side
    std::uint64_t device = 0; ///< all of the device side, those which leave it not included
    std::uint64_t runs = 0;   ///< FFA_RUN
    std::uint64_t busy = 0;   ///< answered BUSY
    std::uint64_t memory = 0; ///< FFA_MEM_*, of both sides
};

class ffa_carrier : public carrier {
public:
    explicit ffa_carrier(const options& chosen);
    ffa_carrier(const ffa_carrier&) = delete;
    ffa_carrier& operator=(const ffa_carrier&) = delete;

    wire_end& driver_end() override { return driver_end_; }
    wire_end& device_end() override { return device_end_; }
    lender& driver_memory() override { return *lender_; }
    borrower& device_memory() override { return borrower_end_; }

    void start(device_program& program) override { program_ = &program; }
    vmsg::instant run_device(vmsg::instant now) override;
    void restart_device() override;
    leftovers take_down() override;
    std::string report() const override;
    std::uint64_t memory_calls() const override { return counters_.memory; }

protected:
    /// Discovery and both sides' first steps. Throws `failure`.
    void set_up();

    /// A call that the method cannot do without.
    struct needed_call {
        vmsg::ffa::function_id id{};
        const char* name = "";
    };
    virtual needed_call needs() const = 0;
    /// The driver's end, when everything is there that it stands on.
    virtual std::unique_ptr<wire_end> make_driver_end() = 0;
    /// The device's end, each time that the partition starts.
    virtual std::unique_ptr<wire_end> make_device_end() = 0;
    /// What the partition does besides at its start. False if it fails.
    virtual bool prepare_device() { return true; }
    /// The partition runs.
    virtual void entered() {}
    /// What the driver's end has counted, a line each.
    virtual std::string method_report() const = 0;

    std::size_t max_msg_size() const { return vmsg::constants(chosen_.revision).ffa_max_msg_size; }
    const vmsg::bus_peer& peer() const { return found_[0]; }
    vmsg::sim::spmc_conduit& driver_call() { return driver_call_; }
    vmsg::sim::spmc_conduit& device_call() { return device_call_; }
    buffers_type& driver_buffers() { return driver_buffers_; }
    buffers_type& device_buffers() { return device_buffers_; }
    vmsg::transports::direct_device& device_entry() { return entry_; }
    const options& chosen() const { return chosen_; }
    /// Something has become pending for the driver since this was called last.
    bool take_driver_interrupt() { return std::exchange(driver_interrupt_, false); }
    bool driver_interrupt() const { return driver_interrupt_; }

private:
    // An end that can be exchanged, and that knows the time: the device side runs inside calls of the driver side.
    struct current_end : wire_end {
        ffa_carrier& owner;
        std::unique_ptr<wire_end> below{};
        explicit current_end(ffa_carrier& c) : owner(c) {}

        std::size_t max_msg_size() const override { return owner.max_msg_size(); }
        vmsg::result<void> send(vmsg::ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) override {
            owner.now_ = now;
            return below->send(peer, frame, now);
        }
        vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) override {
            owner.now_ = now;
            return below->receive(buffer, now);
        }
        vmsg::instant poll_timeout() const override { return below->poll_timeout(); }
        void follow(const vmsg::fifo_link& link) override { below->follow(link); }
    };
    // The partition has its memory only from its first run on.
    struct current_borrower : borrower {
        std::optional<ffa_borrower> below{};
        vmsg::result<vmsg::byte_span> map(std::uint64_t handle, std::uint32_t page_count) override {
            return below->map(handle, page_count);
        }
        void unmap(std::uint64_t handle) override { below->unmap(handle); }
    };
    // The partition's code.
    struct partition {
        ffa_carrier& owner;
        void operator()(vmsg::ffa::call_frame& frame) { owner.run_partition(frame); }
    };

    static vmsg::sim::spmc_hooks hooks_of(ffa_carrier& c);
    vmsg::sim::spmc_conduit added(vmsg::ffa::endpoint_id id);
    vmsg::ffa::rxtx_memory buffers_in(std::size_t first);
    void require(vmsg::sim::spmc_conduit& call, const needed_call& what);
    void add_faults();
    void boot_device();
    void start_partition();
    void run_partition(vmsg::ffa::call_frame& frame);
    void note(vmsg::ffa::endpoint_id from, const vmsg::ffa::call_frame& call, const vmsg::ffa::call_frame& answer);

    const options& chosen_;
    memory_page pages_[4]; // TX and RX of the driver side, then of the device side
    partition code_{*this};
    manager_type manager_;
    vmsg::sim::spmc_conduit driver_call_;
    vmsg::sim::spmc_conduit device_call_;
    buffers_type driver_buffers_;
    buffers_type device_buffers_;
    vmsg::discovery<2> found_{};
    vmsg::transports::direct_device entry_;
    std::optional<ffa_lender> lender_{};
    current_borrower borrower_end_{};
    current_end driver_end_{*this};
    current_end device_end_{*this};
    device_program* program_ = nullptr;
    call_counters counters_{};
    vmsg::instant now_ = 0;
    vmsg::instant due_ = 0;         // when the device side has to run again
    bool starting_ = true;          // the partition has not run yet
    bool started_ = false;          // and all has gone well when it did
    bool moved_ = false;            // it has done something since it was looked at last
    bool wake_ = false;             // something has become pending for it
    bool driver_interrupt_ = false; // something has become pending for the driver
    std::optional<vmsg::ffa::target> interrupted_{}; // an FFA_RUN that has to be repeated, and with whom
};

} // namespace disk
