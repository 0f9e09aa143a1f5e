// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// How this driver makes its calls. The choice cannot be tried out: it comes from whoever has started the driver, as on
// a real machine from the PSCI node of the device tree.

#include "board/machine.hpp"

#include <vmsg/ffa/arch/aarch64_hvc.hpp>
#include <vmsg/ffa/arch/aarch64_smc.hpp>

namespace driver {

class conduit {
public:
    explicit conduit(board::conduit_kind kind) : by_hvc_(kind == board::conduit_kind::hvc) {}

    void operator()(vmsg::ffa::call_frame& frame) const {
        if (by_hvc_)
            vmsg::ffa::hvc_conduit{}(frame);
        else
            vmsg::ffa::smc_conduit{}(frame);
    }

private:
    bool by_hvc_;
};
static_assert(vmsg::ffa::conduit<conduit>);

} // namespace driver
