// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The demo in one revision. Each is compiled in a file of its own.

#include "image.hpp"
#include "options.hpp"

#include <vmsg/revision.hpp>

#include <string>

namespace disk {

class carrier;

/// The demo cannot go on; the message says at which step and why.
struct failure {
    std::string message;
};

/// What was agreed on with the device side is lost: the demo can go on from a new start of the bus.
struct lost : failure {};

/// Brings both devices up, compares hashes, writes, reads random bytes, takes everything down. True if all agreed.
template <vmsg::revision R> bool run(const options& chosen, carrier& below, image& image);
template <> bool run<vmsg::revision::rfc2025>(const options& chosen, carrier& below, image& image);
template <> bool run<vmsg::revision::oasis_v1>(const options& chosen, carrier& below, image& image);
template <> bool run<vmsg::revision::oasis_v2>(const options& chosen, carrier& below, image& image);

} // namespace disk
