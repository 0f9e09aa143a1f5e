// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A session whose two sides share memory through the manager in memory: frames over a loopback transport, FF-A memory
// calls through the conduits of a guest and of a secure partition.

#include <vmsg/session/device_memory.hpp>
#include <vmsg/session/driver_memory.hpp>
#include <vmsg/session/session_memory.hpp>
#include <vmsg/sim/profiles.hpp>
#include <vmsg/sim/spmc.hpp>

#include "session/rig.hpp"
#include "support/check.hpp"

#include <cstddef>
#include <cstdint>

namespace session_test {

inline constexpr ffa::endpoint_id guest{1};
inline constexpr ffa::endpoint_id disk{0x8003};
inline constexpr std::uint64_t page = ffa::page_size;
inline constexpr std::uint64_t guest_base = 0x1'0000'0000;

/// Maps what the manager lets the partition access, if it is one piece, and keeps count.
template <class Manager> struct sim_provider {
    Manager& manager;
    std::size_t maps = 0;
    std::size_t unmaps = 0;
    std::uint64_t pages = 0;
    bool retention = false;
    errc refusal = errc::none;

    result<byte_span> map(const retrieved_memory& m) {
        if (refusal != errc::none) return refusal;
        for (std::size_t i = 1; i < m.regions.size(); ++i)
            if (m.regions[i].address != m.regions[i - 1].address + m.regions[i - 1].page_count * page)
                return errc::not_supported;
        const auto all = manager.memory(disk, m.regions[0].address, m.regions[0].page_count * page);
        if (!all) return all.error();
        ++maps;
        pages = m.page_count;
        retention = m.retention_requested;
        return byte_span{all->data(), static_cast<std::size_t>(m.page_count * page)};
    }
    void unmap(byte_span) { ++unmaps; }
};

/// Counts what an endpoint calls.
struct counting_conduit {
    sim::spmc_conduit inner;
    std::size_t calls = 0;
    void operator()(ffa::call_frame& frame) {
        ++calls;
        inner(frame);
    }
};

inline constexpr std::size_t most_shares = 40;

template <revision R, driver_memory_capacity C = driver_memory_capacity{}> struct memory_rig {
    using manager_type = sim::spmc<sim::spmc_capacity{.partitions = 2, .shares = most_shares, .regions = 8}>;
    using buffers_type = ffa::rxtx<counting_conduit>;
    using end_type = device_end<R, most_shares>;

    /// The device side with its memory.
    struct peer_type {
        memory_rig& rig;
        instant operator()(instant now) {
            bool moved = false;
            instant next = rig.end(now);
            for (int i = 0; i < 64 && rig.serves_memory && rig.far.step(rig.end.bus, guest, now); ++i) moved = true;
            if (moved) return now;
            const instant due = rig.serves_memory ? rig.far.due() : never;
            return due < next ? due : next;
        }
    };
    using clock_type = virtual_clock<peer_type>;
    using session_type = driver_session<typename end_type::end_type, clock_type, policy<R, most_shares>>;
    using memory_type = driver_memory<R, counting_conduit, C>;

    manager_type manager;
    alignas(4096) std::uint8_t guest_memory[160 * 4096]{};
    alignas(4096) std::uint8_t disk_memory[2 * 4096]{};
    counting_conduit guest_calls;
    counting_conduit disk_calls;
    buffers_type guest_buffers;
    buffers_type disk_buffers;
    sim_provider<manager_type> provider{manager};
    end_type end;
    bool serves_memory = true;
    device_memory<counting_conduit, sim_provider<manager_type>, 8> far;
    peer_type peer{*this};
    clock_type clock{peer};
    session_type session{end.driver_end, clock};
    memory_type near;
    session_memory<session_type, memory_type> both{session, near, 200 * seconds};

    explicit memory_rig(const sim::profile& rules = sim::profiles::generic, const transports::fault_rates& faults = {},
                        const memory_policy& p = {})
        : manager(rules),
          guest_calls{added(manager, guest, guest_base, guest_memory)},
          disk_calls{added(manager, disk, 2 * guest_base, disk_memory)},
          guest_buffers(guest_calls, {byte_span{guest_memory, page}, byte_span{guest_memory + page, page}, guest_base,
                                      guest_base + page}),
          disk_buffers(disk_calls, {byte_span{disk_memory, page}, byte_span{disk_memory + page, page}, 2 * guest_base,
                                    2 * guest_base + page}),
          end(faults),
          far(disk_buffers, provider, ffa::version::v1_2, disk, p),
          near(guest_buffers, ffa::version::v1_2, guest, disk, p) {
        end.maps = false;
        REQUIRE(guest_buffers.map());
        REQUIRE(disk_buffers.map());
    }

    static sim::spmc_conduit added(manager_type& m, ffa::endpoint_id id, std::uint64_t base, byte_span memory) {
        REQUIRE(m.add({.id = id, .services = {{.protocol = device_role_uuid}}}));
        REQUIRE(m.add_memory(id, base, memory));
        const auto conduit = m.conduit_for(id);
        ffa::call_frame frame = ffa::encode(ffa::version_call{ffa::version::v1_2});
        conduit(frame);
        return conduit;
    }
    static constexpr std::uint64_t page_at(std::size_t i) { return guest_base + i * page; }
    static constexpr area_attrs attributes() { return R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share; }

    std::size_t calls(ffa::endpoint_id who, ffa::function_id id) { return manager.calls(who, id); }
    /// Both sides and the manager have nothing left.
    bool nothing_left() {
        return manager.open_shares() == 0 && near.in_use() == 0 && far.mapped() == 0 && !far.busy() &&
               provider.maps == provider.unmaps && session.engine().open_areas() == 0 &&
               session.engine().open_requests() == 0 && end.bus.areas().size() == 0 && !manager.rx_full(disk) &&
               !manager.rx_full(guest);
    }
    /// Everything that is due happens.
    void run(duration time) {
        const instant until = clock.now() + time;
        while (clock.now() < until) {
            const bool moved = near.step(session.engine(), clock.now());
            const instant due = near.due() < until ? near.due() : until;
            session.turn(moved ? clock.now() : due);
            for (auto e = session.engine().poll_event(); e.kind != proto::driver_event_kind::none;
                 e = session.engine().poll_event())
                static_cast<void>(near.handle_event(e));
        }
    }
};

} // namespace session_test
