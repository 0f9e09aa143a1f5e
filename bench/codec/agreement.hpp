// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Before anything is measured: all codecs do the same work.

#include <vmsg/revision.hpp>

#include "samples.hpp"

namespace bench {

/// Ends the program with a message unless every codec writes the same bytes for these samples, accepts them, and writes
/// them again from what it has decoded.
template <vmsg::revision R> void require_agreement(const samples<R>& given);

} // namespace bench
