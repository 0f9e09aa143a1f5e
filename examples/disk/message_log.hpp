// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Prints messages as they pass, one line each, and counts them: what `transports::tracer` calls at each end.

#include <vmsg/fmt.hpp>
#include <vmsg/transport/tracer.hpp>
#include <vmsg/vmsg.hpp>

#include <fmt/core.h>

#include <cstdint>

namespace disk {

/// What the logs of both ends have in common.
struct message_totals {
    bool shown = true; ///< whether lines are printed
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

/// The log of one end. A message is logged where it is sent, when the carrier has taken it.
template <vmsg::revision R> class message_log {
public:
    message_log(message_totals& totals, const char* prefix) : totals_(totals), prefix_(prefix) {}

    void operator()(const vmsg::transports::traced& t) {
        if (!t.sent || t.outcome != vmsg::errc::none) return;
        ++totals_.messages;
        totals_.bytes += t.frame.size();
        if (!totals_.shown) return;
        const printer print{prefix_};
        if (const auto decoded = vmsg::decode_any<R>(t.frame, print); !decoded)
            fmt::print("{}unreadable frame of {} bytes: {}\n", prefix_, t.frame.size(), decoded.error());
    }

private:
    struct printer {
        const char* prefix;
        template <class M> void operator()(const vmsg::header& h, const M& m) const {
            char room[1024];
            vmsg::text_writer line{room};
            vmsg::write_line<R>(line, h, m);
            fmt::print("{}{}\n", prefix, line.view());
        }
    };

    message_totals& totals_;
    const char* prefix_;
};

} // namespace disk
