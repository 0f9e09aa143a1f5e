// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the monitor knows of FF-A: `vmsg::sim::spmc`, with the behaviour that `board::fault` asks for.

#include "board/machine.hpp"

#include <vmsg/sim/spmc.hpp>

namespace monitor {

using namespace vmsg;

inline constexpr ffa::endpoint_id driver_id{0};
inline constexpr ffa::endpoint_id partition_id{0x8001};

using manager = sim::spmc<sim::spmc_capacity{
    .partitions = 2, .areas = 4, .shares = 2, .regions = 8, .faults = 8, .buffer_pages = 1}>;

inline sim::profile without_indirect(sim::profile rules) {
    using enum ffa::function_id;
    for (sim::function_set* set : {&rules.normal_world, &rules.secure})
        *set = set->without(msg_send2, notification_bind, notification_unbind, notification_set, notification_get)
                   .without(notification_bitmap_create, notification_bitmap_destroy, notification_info_get)
                   .without(notification_info_get_64);
    return rules;
}

/// The manager that everything but `fault` expects: FF-A 1.2, all calls, zeroes in what is not used.
inline sim::profile rules_for(board::fault what) {
    sim::profile rules = sim::profiles::generic;
    rules.newest = ffa::version::v1_2;
    const auto regs = ffa::function_id::partition_info_get_regs;
    switch (what) {
    case board::fault::sign_extended_errors: rules.sign_extends_errors = true; break;
    case board::fault::uncleared_registers:
        rules.unused_low = rules.unused_high = rules.unused_high_before_v1_2 = sim::unused_registers::keep;
        break;
    case board::fault::garbage_registers:
        rules.unused_low = rules.unused_high = rules.unused_high_before_v1_2 = sim::unused_registers::garbage;
        rules.garbage_upper_halves = true;
        break;
    case board::fault::higher_version: rules.newest = ffa::version::v1_3; break;
    case board::fault::older_version: rules.newest = ffa::version::v1_1; break;
    case board::fault::descriptors_24:
    case board::fault::descriptors_48:
        rules.descriptor_size = what == board::fault::descriptors_24 ? 24 : 48;
        rules.normal_world = rules.normal_world.without(regs);
        break;
    case board::fault::no_send2: rules = without_indirect(rules); break;
    default: break;
    }
    return rules;
}

/// What goes wrong in calls.
inline void add_faults(manager& m, board::fault what) {
    using enum sim::fault_kind;
    const auto request = ffa::function_id::msg_send_direct_req2;
    switch (what) {
    case board::fault::sign_extended_errors:
        static_cast<void>(m.add_fault({.kind = refuse, .on = request, .times = 2}));
        break;
    case board::fault::busy:
        static_cast<void>(m.add_fault({.kind = refuse, .on = request, .times = sim::for_ever}));
        break;
    case board::fault::interrupted:
        for (std::uint32_t i = 0; i < 8; ++i)
            static_cast<void>(m.add_fault({.kind = i % 2 == 0 ? interrupt : yield, .on = request, .times = 3}));
        break;
    default: break;
    }
}

} // namespace monitor
