// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Prints messages as they pass, one line each, and counts them: what `transports::tracer` calls at each end.

#include "carrier.hpp"

#include <vmsg/fmt.hpp>
#include <vmsg/transport/tracer.hpp>
#include <vmsg/vmsg.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <string>

namespace disk {

/// What the logs of both ends have in common.
struct message_totals {
    bool shown = true; ///< whether lines are printed
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::function<void()> before_send{}; ///< by the driver side
    bool sending = false;                ///< the driver side is in `send`, in which the device side may answer
    std::string later{};                 ///< lines that come after that of the frame that is being sent
};

/// A `wire_end` that says when the driver side sends.
class logged_end {
public:
    logged_end(wire_end& below, message_totals& totals, bool of_driver)
        : below_(below), totals_(totals), of_driver_(of_driver) {}

    std::size_t max_msg_size() const { return below_.max_msg_size(); }
    vmsg::result<void> send(vmsg::ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) {
        if (of_driver_ && totals_.before_send) totals_.before_send();
        if (of_driver_) totals_.sending = true;
        const auto outcome = below_.send(peer, frame, now);
        if (of_driver_) totals_.sending = false;
        return outcome;
    }
    vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) {
        return below_.receive(buffer, now);
    }
    vmsg::instant poll_timeout() const { return below_.poll_timeout(); }
    void follow(const vmsg::fifo_link& link) { below_.follow(link); }

private:
    wire_end& below_;
    message_totals& totals_;
    bool of_driver_;
};
static_assert(vmsg::transport<logged_end>);

/// The log of one end. A message is logged where it is sent, when the carrier has taken it.
template <vmsg::revision R> class message_log {
public:
    message_log(message_totals& totals, const char* prefix, bool of_driver)
        : totals_(totals), prefix_(prefix), of_driver_(of_driver) {}

    void operator()(const vmsg::transports::traced& t) {
        if (!t.sent) return;
        if (t.outcome == vmsg::errc::none) count(t.frame);
        if (!of_driver_) return;
        fmt::print("{}", totals_.later);
        totals_.later.clear();
    }

private:
    struct line_of {
        std::string& line;
        template <class M> void operator()(const vmsg::header& h, const M& m) const {
            char room[1024];
            vmsg::text_writer text{room};
            vmsg::write_line<R>(text, h, m);
            line = text.view();
        }
    };

    void count(vmsg::byte_view frame) {
        ++totals_.messages;
        totals_.bytes += frame.size();
        if (!totals_.shown) return;
        std::string line;
        if (const auto decoded = vmsg::decode_any<R>(frame, line_of{line}); !decoded)
            line = fmt::format("unreadable frame of {} bytes: {}", frame.size(), decoded.error());
        line = fmt::format("{}{}\n", prefix_, line);
        if (!of_driver_ && totals_.sending)
            totals_.later += line;
        else
            fmt::print("{}", line);
    }

    message_totals& totals_;
    const char* prefix_;
    bool of_driver_;
};

} // namespace disk
