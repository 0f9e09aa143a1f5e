// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// FF-A endpoint ids. Source: FF-A, "Partition identification": bit 15 is set for secure partitions.

#include <cstdint>

namespace vmsg::ffa {

/// A partition, as the framework names it: what a carrier says about the sender of a frame.
enum class endpoint_id : std::uint16_t {};

} // namespace vmsg::ffa
