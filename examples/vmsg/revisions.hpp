// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From a revision that the user names to the one that the library's templates want.

#include <vmsg/revision.hpp>

#include <utility>

namespace tool {

inline constexpr vmsg::revision newest_first[]{vmsg::revision::oasis_v2, vmsg::revision::oasis_v1,
                                               vmsg::revision::rfc2025};

/// Calls `action.operator()<R>()` with `R` equal to `r`.
template <class Action> decltype(auto) with_revision(vmsg::revision r, Action&& action) {
    switch (r) {
    case vmsg::revision::rfc2025: return action.template operator()<vmsg::revision::rfc2025>();
    case vmsg::revision::oasis_v1: return action.template operator()<vmsg::revision::oasis_v1>();
    default: return action.template operator()<vmsg::revision::oasis_v2>();
    }
}

} // namespace tool
