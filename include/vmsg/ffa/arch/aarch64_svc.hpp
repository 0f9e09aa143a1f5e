// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `ffa::svc_conduit`: FF-A calls by SVC: from a secure partition at S-EL0.

#include <vmsg/ffa/arch/aarch64_call.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>

namespace vmsg::ffa {

/// For partitions at S-EL0 only: above them is the manager, or a partition that stands in for it.
struct svc_conduit {
    void operator()(call_frame& frame) const { detail::aarch64_call<detail::call_instruction::svc>(frame); }
};
static_assert(conduit<svc_conduit>);

} // namespace vmsg::ffa
