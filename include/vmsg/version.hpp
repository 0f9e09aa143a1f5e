// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The version of the library itself; the revisions of virtio-msg that it speaks are in revision.hpp.

#include <cstdint>

namespace vmsg {

/// Semantic version of the library.
struct library_version {
    std::uint16_t major{}; ///< incompatible changes of the interface
    std::uint16_t minor{}; ///< additions
    std::uint16_t patch{}; ///< corrections
};

inline constexpr library_version version{0, 1, 0};

} // namespace vmsg
