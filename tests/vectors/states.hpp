// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The engines in the state that a vector asks for, and what they make of its frame in the words of the vectors.

#include "proto/support/device_bench.hpp"
#include "proto/support/driver_bench.hpp"

#include <vmsg/text.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace vectors {

using namespace proto_test;

using bytes = std::vector<std::uint8_t>;
using driver_v2 = driver_bench<revision::oasis_v2>;
using device_v2 = device_bench<revision::oasis_v2>;

/// The errno name of an error; "0" is success.
inline std::string errno_of(errc why) { return std::string{row_of_error(why).linux_errno}; }

/// A driver side that is up, with the devices 0, 3, 5 and 7, whose next request has this token. Device 3 is at
/// DRIVER_OK and has 2 virtqueues and 64 bytes of configuration.
driver_v2 driver_at(std::uint16_t token);

/// Whether a frame was dropped, and why.
struct verdict {
    bool dropped{};
    drop_reason why{};
    bool is(drop_reason reason) const { return dropped && why == reason; }
};
/// What became of the only frame that came between two looks at the counters of an engine.
template <class Counters> verdict judged(const Counters& before, const Counters& after) {
    for (std::size_t i = 0; i < drop_reason_count; ++i) {
        const auto reason = static_cast<drop_reason>(i);
        if (after.dropped[reason] != before.dropped[reason]) return {true, reason};
    }
    return {};
}

/// The errno name for a frame that was dropped; a response that nobody waits for has none.
inline std::string errno_of(drop_reason why) {
    if (why == drop_reason::malformed) return "-EMSGSIZE";
    return why == drop_reason::stale ? "drop:stale" : "-EPROTO";
}

/// What a response does to the request that is open: the errno of its end, or of the frame if it does not end.
template <class Request> std::string end_of(driver_v2& bench, ticket<Request> t, byte_view response) {
    const driver_counters before = bench.engine.counters();
    bench.deliver(response);
    const errc why = bench.engine.response(t).error();
    if (why != errc::would_block) return errno_of(why);
    const verdict v = judged(before, bench.engine.counters());
    return v.dropped ? errno_of(v.why) : "nothing";
}

} // namespace vectors
