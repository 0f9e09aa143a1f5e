// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the demo is told on its command line.

#include <vmsg/revision.hpp>
#include <vmsg/sim/profile.hpp>
#include <vmsg/transport/fault_injector.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace disk {

/// How frames travel.
enum class carriage : std::uint8_t { loopback, direct, indirect, fifo };

/// What the partition manager does wrong.
struct manager_faults {
    std::uint32_t busy = 0;      ///< so many attempts to send a frame, from the first one on, are BUSY
    std::uint32_t interrupt = 0; ///< so often the device side is interrupted in its first message
    std::uint32_t zero = 0;      ///< so many direct messages get an answer that is all zero
    bool any() const { return (busy | interrupt | zero) != 0; }
};

struct options {
    std::string image;                               ///< path
    vmsg::revision revision = vmsg::newest_revision; ///< that both sides speak
    carriage method = carriage::loopback;
    const vmsg::sim::profile* spmc = nullptr; ///< the partition manager; none for `loopback`
    struct manager_faults manager_faults;
    bool in_place = false;                           ///< the image itself is written
    bool quiet = false;                              ///< no line per message
    std::optional<std::uint64_t> flip;               ///< byte of the image that the device serves inverted
    vmsg::transports::fault_rates faults;            ///< of what each end sends
    std::uint64_t seed = 1;                          ///< of the faults
    std::optional<std::uint64_t> restart;            ///< frames after which the device side starts anew, once
    bool real_time = false;                          ///< time-outs are waited for
};

/// The command line asked for nothing more than what has been printed.
struct usage_shown {
    int status; ///< 0 after --help, 2 after wrong usage
};

/// Reads the command line; throws `usage_shown`.
options read_options(int argc, char** argv);

} // namespace disk
