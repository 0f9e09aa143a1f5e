// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the demo is told on its command line.

#include <vmsg/revision.hpp>
#include <vmsg/transport/fault_injector.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace disk {

struct options {
    std::string image;                               ///< path
    vmsg::revision revision = vmsg::newest_revision; ///< that both sides speak
    bool in_place = false;                           ///< the image itself is written
    bool quiet = false;                              ///< no line per message
    std::optional<std::uint64_t> flip;               ///< byte of the image that the device serves inverted
    vmsg::transports::fault_rates faults;            ///< of what each end sends
    std::uint64_t seed = 1;                          ///< of the faults
    std::optional<std::uint64_t> restart;            ///< frames after which the device side starts anew, once
    bool real_time = false;                          ///< time-outs are waited for
};

/// Reads the command line. Ends the program with status 2 after wrong usage and 0 after --help.
options read_options(int argc, char** argv);

} // namespace disk
