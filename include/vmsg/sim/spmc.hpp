// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `sim::spmc`: an FF-A partition manager in memory. Each endpoint makes its calls through a conduit, and whatever has
// been written against a conduit runs against it: no instruction, no second world, no emulator. Source: FF-A 1.0 to 1.3
// as Hafnium, TF-A, OP-TEE and Xen implement it. docs/spmc.md has what each profile does.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/result.hpp>
#include <vmsg/sim/dispatch.hpp>
#include <vmsg/sim/machine.hpp>
#include <vmsg/sim/profiles.hpp>

namespace vmsg::sim {

/// How much a manager in memory has room for.
struct spmc_capacity {
    std::size_t partitions = 4; ///< with those of the normal world
    std::size_t areas = 16;     ///< regions of memory of all partitions
    std::size_t shares = 8;     ///< memory transactions at a time
    std::size_t regions = 64;   ///< of one transaction
    std::size_t faults = 16;
    std::size_t buffer_pages = 4; ///< 4 KiB pages of an RX or TX buffer
};

/// How one endpoint makes its calls. Copies are the same conduit; the manager has to outlive them.
class spmc_conduit {
public:
    constexpr spmc_conduit(detail::machine& m, detail::partition& p) : machine_(&m), partition_(&p) {}

    void operator()(ffa::call_frame& frame) const { machine_->execute(*machine_, *partition_, frame); }

private:
    detail::machine* machine_;
    detail::partition* partition_;
};
static_assert(ffa::conduit<spmc_conduit>);

/// A partition manager in memory.
///
/// - `add`, `add_memory` tell it about partitions and their memory before the first call; `add_fault` what goes wrong.
/// - `conduit_for` gives an endpoint its conduit. Normal-world endpoints call it as their code goes; partitions with an
///   entry are entered by the requests of others and by FFA_RUN, and inside their entry may make calls, too. A call
///   that would enter a partition which is running or waits for another one is BUSY, so that calls nest no deeper than
///   there are partitions, and a cycle of requests ends in an error.
/// - An address in a register or a descriptor means nothing but a place in the memory that was added for the caller, or
///   that it has retrieved.
///
/// One thread at a time. It has no heap and no system calls. Wrong use by its user (two partitions with one id, a
/// conduit for an id that was not added) is asserted on; nothing that a call has in it is.
template <spmc_capacity Capacity = spmc_capacity{}> class spmc {
public:
    explicit spmc(const profile& rules, const spmc_hooks& hooks = {}) {
        machine_.rules = rules;
        machine_.hooks = hooks;
        if (machine_.rules.max_buffer_pages > Capacity.buffer_pages)
            machine_.rules.max_buffer_pages = static_cast<std::uint32_t>(Capacity.buffer_pages);
        for (std::size_t i = 0; i < Capacity.shares; ++i)
            shares_[i].regions = std::span{regions_}.subspan(i * Capacity.regions, Capacity.regions);
    }
    spmc(const spmc&) = delete;
    spmc& operator=(const spmc&) = delete;

    /// Adds a partition or a virtual machine. Its id must be new. `full` if there is no room.
    result<void> add(const partition_config& config) {
        VMSG_ASSERT(config.service_count >= 1 && config.service_count <= max_services);
        VMSG_ASSERT(machine_.find(config.id) == nullptr && config.id != machine_.own_id);
        if (machine_.partition_count == Capacity.partitions) return errc::full;
        detail::partition& p = partitions_[machine_.partition_count++];
        p.config = config;
        detail::reset(p);
        ++machine_.generation;
        return {};
    }
    /// `memory` belongs to `owner`, which knows it by `address`, a multiple of 4096. `full` if there is no room.
    result<void> add_memory(ffa::endpoint_id owner, std::uint64_t address, byte_span memory, bool device = false) {
        VMSG_ASSERT(address % ffa::page_size == 0 && memory.size() - 1 <= ~address);
        if (machine_.area_count == Capacity.areas) return errc::full;
        areas_[machine_.area_count++] = {owner, address, memory, device};
        return {};
    }
    /// The same for memory that its owner knows by its address in this process, which has to be aligned to 4096.
    result<void> add_memory(ffa::endpoint_id owner, byte_span memory) {
        return add_memory(owner, address_of(memory), memory);
    }
    /// The address that `add_memory` gives to memory without one.
    static std::uint64_t address_of(byte_view memory) { return std::bit_cast<std::uintptr_t>(memory.data()); }

    /// The conduit of an endpoint that was added.
    spmc_conduit conduit_for(ffa::endpoint_id id) { return {machine_, partition(id)}; }

    /// `full` if there is no room. Faults strike in the order in which they were added.
    result<void> add_fault(const fault& f) { return machine_.faults.add(f); }
    void clear_faults() { machine_.faults.clear(); }
    std::size_t faults_left() const { return machine_.faults.left(); } ///< that have not run out

    /// The partition starts anew, as after a crash: its request is ABORTED, buffers and notifications are gone.
    void restart(ffa::endpoint_id id) { detail::restart(machine_, partition(id)); }

    /// Enters with FFA_RUN each waiting partition for which something came in since it last ran: what a scheduler does
    /// after it was interrupted. `scheduler` is an endpoint of the normal world. Gives how many partitions ran.
    std::size_t schedule(ffa::endpoint_id scheduler) {
        std::size_t ran = 0;
        for (detail::partition& p : machine_.partitions()) {
            if (p.id() == scheduler || !p.config.entry || p.state != detail::partition_state::waiting || !p.wake)
                continue;
            ffa::call_frame frame = ffa::encode(ffa::run_call{{p.id(), 0}});
            machine_.execute(machine_, partition(scheduler), frame);
            ++ran;
        }
        return ran;
    }

    /// The bytes that `id` can access now: its own as far as they were not lent away, and what it has retrieved. It is
    /// what an endpoint maps after FFA_MEM_RETRIEVE_REQ. `bad_value` for anything else.
    result<byte_span> memory(ffa::endpoint_id id, std::uint64_t address, std::uint64_t length) const {
        return detail::memory_of(machine_, id, address, length);
    }

    /// How often an endpoint has called `id`, in its 32-bit and 64-bit form together, successfully or not.
    std::uint32_t calls(ffa::endpoint_id from, ffa::function_id id) {
        const std::uint32_t n = (static_cast<std::uint32_t>(id) & 0xffff) - 0x60;
        VMSG_ASSERT(n < 64);
        return partition(from).calls[n];
    }
    /// Whether an endpoint owns what is in its RX buffer.
    bool rx_full(ffa::endpoint_id id) { return partition(id).box.rx_full; }
    /// The version that an endpoint has negotiated, or the one that it was added with.
    ffa::version version(ffa::endpoint_id id) { return partition(id).version; }
    /// Whether a partition can be entered: it neither runs nor was interrupted, nor has it got lost.
    bool waiting(ffa::endpoint_id id) { return partition(id).state == detail::partition_state::waiting; }
    /// Memory transactions that have not been reclaimed.
    std::size_t open_shares() const {
        std::size_t n = 0;
        for (const detail::share& s : shares_)
            n += s.state != detail::share_state::empty ? std::size_t{1} : std::size_t{0};
        return n;
    }
    const profile& rules() const { return machine_.rules; }

private:
    detail::partition& partition(ffa::endpoint_id id) {
        detail::partition* const p = machine_.find(id);
        VMSG_ASSERT(p != nullptr);
        return *p;
    }

    detail::partition partitions_[Capacity.partitions]{};
    detail::memory_area areas_[Capacity.areas]{};
    detail::share shares_[Capacity.shares]{};
    ffa::memory_region regions_[Capacity.shares * Capacity.regions]{};
    fault faults_[Capacity.faults]{};
    alignas(8) std::uint8_t scratch_[Capacity.buffer_pages * ffa::page_size]{};
    detail::machine machine_{.execute = detail::dispatch,
                             .rules = {},
                             .places = partitions_,
                             .faults = detail::script{faults_},
                             .areas = areas_,
                             .shares = shares_,
                             .scratch = scratch_};
};

} // namespace vmsg::sim
