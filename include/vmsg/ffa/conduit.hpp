// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `conduit`: how an FF-A call is made. On hardware an SMC, HVC or SVC instruction, in a test the manager in memory.

#include <concepts>

#include <vmsg/ffa/call_frame.hpp>

namespace vmsg::ffa {

/// `c(frame)` makes the call in `frame` and leaves the answer there: x0 to x17, in and out. It returns when the caller
/// is on the processor again, which after an FFA_MSG_SEND_DIRECT_REQ2 may be before the answer (FFA_INTERRUPT,
/// FFA_YIELD). It makes one call, whatever comes back. Memory that was written before is visible to the callee.
template <class C>
concept conduit = requires(C& c, call_frame& frame) {
    { c(frame) } -> std::same_as<void>;
};

namespace archetypes {

/// The least that satisfies `conduit`: a world without FF-A.
struct conduit {
    constexpr void operator()(call_frame& frame) const { frame.x[0] = ~std::uint64_t{0}; }
};

} // namespace archetypes
static_assert(conduit<archetypes::conduit>);

} // namespace vmsg::ffa
