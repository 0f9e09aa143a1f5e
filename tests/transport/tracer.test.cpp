// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/tracer.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

using wire = transports::loopback<1, 8>;

struct last_seen {
    transports::traced what{};
    std::uint8_t first = 0; // byte of the frame
    int calls = 0;
    constexpr void operator()(const transports::traced& t) {
        what = t;
        first = t.frame.empty() ? 0 : t.frame[0];
        ++calls;
    }
};

constexpr bool sees_what_passes() {
    wire w{ffa::endpoint_id{7}, ffa::endpoint_id{0x8002}};
    last_seen seen;
    transports::tracer<wire::end, last_seen> end{w.driver_side(), seen};
    const std::uint8_t frame[]{0x11, 0x22};
    std::uint8_t buffer[8]{};
    if (!end.send(ffa::endpoint_id{0x8002}, frame, 5) || seen.calls != 1) return false;
    if (!seen.what.sent || seen.what.peer != ffa::endpoint_id{0x8002} || seen.first != 0x11 || seen.what.now != 5 ||
        seen.what.frame.size() != 2 || seen.what.outcome != errc::none)
        return false;
    if (end.receive(buffer, 6).error() != errc::would_block || seen.calls != 1) return false; // nothing to see
    if (!w.device_side().send({}, frame, 7) || !end.receive(buffer, 8) || seen.calls != 2) return false;
    return !seen.what.sent && seen.what.peer == ffa::endpoint_id{0x8002} && seen.first == 0x11 && seen.what.now == 8;
}

constexpr bool sees_what_is_refused() {
    wire w;
    last_seen seen;
    transports::tracer<wire::end, last_seen> end{w.driver_side(), seen};
    const std::uint8_t frame[]{0x11, 0x22};
    std::uint8_t one[1]{};
    if (!end.send({}, frame, 0) || end.send({}, frame, 0).error() != errc::would_block) return false;
    if (seen.calls != 2 || seen.what.outcome != errc::would_block || seen.what.frame.size() != 2) return false;
    if (!w.device_side().send({}, frame, 0) || end.receive(one, 0).error() != errc::oversize) return false;
    return seen.calls == 3 && seen.what.outcome == errc::oversize && seen.what.frame.empty();
}

} // namespace

TEST_CASE("a tracer sees every frame that passes") { CX_CHECK(sees_what_passes()); }

TEST_CASE("a tracer sees what is refused") { CX_CHECK(sees_what_is_refused()); }
