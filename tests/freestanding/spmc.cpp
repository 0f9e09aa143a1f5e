// SPDX-License-Identifier: BSD-2-Clause
// Uses of the manager in memory.
#include <vmsg/sim/spmc.hpp>

using namespace vmsg;

struct step {
    unsigned requests = 0;
    void operator()(ffa::call_frame& frame) {
        ++requests;
        frame = ffa::encode(ffa::msg_wait_call{});
    }
};

// Everything that a conduit can be called for, with the memory of the caller.
errc use_manager(sim::spmc<>& manager, step& code, byte_span memory, ffa::call_frame& frame) {
    constexpr ffa::endpoint_id self{1};
    constexpr ffa::endpoint_id other{0x8001};
    const result<void> one = manager.add({.id = self});
    const result<void> two = manager.add({.id = other, .entry = sim::entry_of(code)});
    const result<void> three = manager.add_memory(self, memory);
    const result<void> four = manager.add_fault({.kind = sim::fault_kind::refuse, .times = 2});
    if (!one || !two || !three || !four) return errc::full;
    manager.conduit_for(self)(frame);
    if (manager.schedule(self) != 0) manager.restart(other);
    manager.clear_faults();
    return manager.memory(other, manager.address_of(memory), 4096).error();
}

void construct(void* place, const sim::profile& rules);
inline void* operator new(decltype(sizeof 0), void* place, int) noexcept { return place; }
void construct(void* place, const sim::profile& rules) { new (place, 0) sim::spmc<>(rules); }
