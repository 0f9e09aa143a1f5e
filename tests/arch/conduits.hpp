// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The conduits of aarch64 as functions: conduits.cpp is compiled in many ways, its test once.

#include <vmsg/ffa/call_frame.hpp>

#include <cstdint>

namespace arch_test {

void call_by_smc(vmsg::ffa::call_frame& frame);
void call_by_hvc(vmsg::ffa::call_frame& frame);
/// Only to be looked at: at EL0 an SVC is a system call.
void call_by_svc(vmsg::ffa::call_frame& frame);

/// Writes to `shared`, makes a call, and gives what is there then.
std::uint64_t exchange(std::uint64_t* shared, vmsg::ffa::call_frame& frame);

/// A call among as many values as a compiler can keep in registers; their sum.
std::uint64_t call_among_values(const std::uint64_t* values, vmsg::ffa::call_frame& frame);

} // namespace arch_test
