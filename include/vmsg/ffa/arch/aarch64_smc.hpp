// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::smc_conduit`: FF-A calls by SMC: from a kernel or firmware without a hypervisor, from a hypervisor, and from a
// secure partition at S-EL1.

#include <vmsg/ffa/arch/aarch64_call.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>

namespace vmsg::ffa {

/// Whether SMC is the conduit has to be known before: from the PSCI node of the device tree or the FADT, or because the
/// firmware is the caller's own. It cannot be tried: without EL3 an SMC at EL1 is undefined and traps. An EL3 without
/// FF-A answers -1 to everything (`not_supported`).
struct smc_conduit {
    void operator()(call_frame& frame) const { detail::aarch64_call<detail::call_instruction::smc>(frame); }
};
static_assert(conduit<smc_conduit>);

} // namespace vmsg::ffa
