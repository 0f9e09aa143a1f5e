// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a session speaks, how much it holds, how often it tries and how long it waits: constants of a program.

#include <cstdint>

#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/retry_policy.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/time.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg {

/// What a session speaks, how much it holds, and how often it tries. Derive from it to change something.
template <revision R = newest_revision> struct session_policy {
    static constexpr revision rev = R;
    static constexpr proto::driver_capacity capacity{.msg_size = constants_of<R>.ffa_max_msg_size};
    /// Tries of what may be repeated when no answer comes, or nobody takes it: all but configuration writes.
    static constexpr int attempts = 3;
    static constexpr int config_attempts = 6;               ///< reads of a configuration that changes meanwhile
    static constexpr int config_writes = 3;                 ///< of one part that is refused for its generation
    static constexpr duration reset_timeout = 10 * seconds; ///< until a device reports status 0 (FF-A bus, rule N13)
    static constexpr duration area_timeout = 30 * seconds;  ///< until an area is shared or given back
    static constexpr duration reset_interval = 10 * milliseconds; ///< between two looks at it
};

/// The same over direct messages, which are answered one by one: one request at a time. A `driver_session` is given
/// `proto::direct_retry_policy` besides; the members from `retry` on are for `direct_session` alone.
template <revision R = newest_revision> struct direct_session_policy : session_policy<R> {
    static constexpr proto::driver_capacity capacity{.requests = 1, .msg_size = constants_of<R>.ffa_max_msg_size};

    static constexpr proto::retry_policy retry = proto::direct_retry_policy;
    static constexpr uuid service = device_role_uuid;         ///< of the peer; nil: any service
    static constexpr bool enumerates = true;                  ///< false: the devices are those of the list it is given
    static constexpr std::uint32_t feature_bits = 0;          ///< wanted: `strict_config_generation`
    static constexpr std::uint32_t ffa_version = 0x0001'0002; ///< of this side, in VERSION (oasis_v2)
    static constexpr bool counts = true;                      ///< false: nothing is counted
    static constexpr duration interrupt_pause = 10;           ///< until a peer that was interrupted is resumed
    static constexpr duration yield_pause = 1 * milliseconds; ///< until a peer that has yielded is resumed
};

} // namespace vmsg
