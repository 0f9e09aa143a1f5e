// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::hvc_conduit`: FF-A calls by HVC: from a virtual machine whose hypervisor relays them.

#include <vmsg/ffa/arch/aarch64_call.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>

namespace vmsg::ffa {

/// Whether HVC is the conduit has to be known before: from the PSCI node of the device tree or the FADT. Without EL2 an
/// HVC at EL1 is undefined and traps.
struct hvc_conduit {
    void operator()(call_frame& frame) const { detail::aarch64_call<detail::call_instruction::hvc>(frame); }
};
static_assert(conduit<hvc_conduit>);

} // namespace vmsg::ffa
