// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/negotiator.hpp>

#include "support/check.hpp"

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;

constexpr bus_feature indirect = bus_feature::indirect_rx | bus_feature::indirect_tx;
constexpr version_response right_v2{.bus_version = 0x0001'0000,
                                    .transport_revision = 1,
                                    .ffa_version = 0x0001'0002,
                                    .feature_bits = strict_config_generation,
                                    .bus_features = indirect | bus_feature::fifo,
                                    .max_areas = 0xffff};

constexpr driver_options options{.bus_features = indirect};

/// The answer of a peer with this pair.
constexpr version_response speaks(std::uint32_t bus, std::uint32_t transport, std::uint32_t ffa = 0x0001'0002,
                                  bus_feature features = indirect) {
    return {.bus_version = bus, .transport_revision = transport, .ffa_version = ffa, .bus_features = features};
}

/// A negotiator that has taken these inputs.
template <revision R, class... Input> constexpr negotiator<R> after(Input... input) {
    negotiator<R> n;
    bool taken = true;
    ((taken = taken && n.feed(input).has_value()), ...);
    VMSG_ASSERT(taken);
    return n;
}

template <revision R> constexpr errc judge_in(negotiator<R> n, const version_response& got) {
    return n.judge(got, options);
}

constexpr bool walks_the_table() {
    negotiator<v2> n;
    if (n.state() != bus_state::down || n.epoch() != 0 || n.negotiated()) return false;
    if (n.feed(bus_input::accepted).error() != errc::bad_state || n.state() != bus_state::down) return false;
    if (*n.feed(bus_input::start) != bus_action::send_probe || n.epoch() != 1) return false;
    if (*n.feed(bus_input::accepted) != bus_action::send_version || n.negotiated()) return false;
    if (*n.feed(bus_input::accepted) != bus_action::send_event_configure || n.negotiated()) return false;
    if (*n.feed(bus_input::accepted) != bus_action::send_get_devices || !n.negotiated() || n.round() != 1) return false;
    if (*n.feed(bus_input::accepted) != bus_action::announce_ready || !n.negotiated()) return false;
    if (*n.feed(bus_input::reenumerate) != bus_action::send_get_devices || n.round() != 2) return false;
    if (*n.feed(bus_input::lost) != bus_action::announce_failure || n.negotiated()) return false;
    n.forget();
    return n.state() == bus_state::down && n.feed(bus_input::start) && n.epoch() == 2;
}

constexpr bool agrees_on_what_both_have() {
    auto n = after<v2>(bus_input::start, bus_input::accepted);
    if (n.judge(right_v2, {.bus_features = indirect | bus_feature::direct_rx}) != errc::none) return false;
    const version_response got = n.agreed();
    n.forget();
    return got.bus_features == indirect && got.feature_bits == 0 && got.max_areas == 0xffff &&
           got.bus_version == 0x0001'0000 && n.agreed() == version_response{};
}

/// Enumerates with windows of which each goes on at `step` more than the one before.
constexpr std::uint32_t windows_until_the_end(std::uint32_t step, errc* why) {
    auto n = after<v1>(bus_input::start, bus_input::accepted, bus_input::accepted);
    for (std::uint32_t windows = 1;; ++windows) {
        const get_devices_request asked = n.window(104);
        const std::uint32_t next = asked.offset + step;
        const get_devices_response got{.offset = asked.offset,
                                       .next_offset = static_cast<std::uint16_t>(next > 65535 ? 0 : next),
                                       .count = static_cast<std::uint16_t>(step < 256 ? step : 256)};
        *why = n.judge(got);
        if (*why != errc::none || n.next_input() != bus_input::more) return windows;
        static_cast<void>(n.feed(bus_input::more));
    }
}

constexpr bool starts_each_round_at_zero() {
    auto n = after<old>(bus_input::start, bus_input::accepted);
    if (n.window(44) != get_devices_request{0, 256}) return false;
    if (n.judge(get_devices_response{.offset = 0, .next_offset = 65400, .count = 256}) != errc::none) return false;
    if (*n.feed(n.next_input()) != bus_action::send_next_window) return false;
    if (n.window(44) != get_devices_request{65400, 136}) return false; // up to the end of the number space
    if (n.judge(get_devices_response{.offset = 65400, .next_offset = 0, .count = 136}) != errc::none) return false;
    if (*n.feed(n.next_input()) != bus_action::announce_ready) return false;
    if (*n.feed(bus_input::reenumerate) != bus_action::send_get_devices) return false;
    return n.window(44) == get_devices_request{0, 256} && n.next_input() == bus_input::accepted;
}

} // namespace

TEST_CASE("negotiator: walks through the table of the bus") { CX_CHECK(walks_the_table()); }

TEST_CASE("N5: the probe asks for (0, 0), the proposal names this side's pair") {
    constexpr driver_options options{.bus_features = bus_feature::direct_rx};
    CX_CHECK(negotiator<v2>{}.probe(options) == version_request{.ffa_version = 0x0001'0002});
    CX_CHECK(negotiator<v2>{}.proposal(options).bus_version == 0x0001'0000);
    CX_CHECK(negotiator<v2>{}.proposal(options).transport_revision == 1);
    CX_CHECK(negotiator<v1>{}.proposal(options).bus_version == 0x0001'0000);
    CX_CHECK(negotiator<old>{}.proposal(options) == version_request{.bus_version = 1,
                                                                    .transport_revision = 1,
                                                                    .ffa_version = 0x0001'0002,
                                                                    .bus_features = bus_feature::direct_rx,
                                                                    .max_areas = 0xff});
}

TEST_CASE("N5: a version that cannot be used") {
    constexpr auto probing = after<v2>(bus_input::start);
    constexpr auto agreeing = after<v2>(bus_input::start, bus_input::accepted);
    using enum errc;
    CX_CHECK(judge_in(probing, speaks(0, 0)) == unsupported_revision);
    CX_CHECK(judge_in(probing, speaks(0x0002'0000, 1)) == none);
    CX_CHECK(judge_in(probing, speaks(0x0001'0000, 1, 0x0001'0001)) == unsupported_revision);
    CX_CHECK(judge_in(probing, speaks(0x0001'0000, 1, 0)) == unsupported_revision);
    CX_CHECK(judge_in(probing, speaks(0x0001'0000, 1, 0xffff'ffff)) == unsupported_revision); // no version at all
    CX_CHECK(judge_in(agreeing, speaks(0, 0)) == unsupported_revision);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0001, 1)) == unsupported_revision);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0000, 2)) == unsupported_revision);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0000, 1, 0x0001'0001)) == unsupported_revision);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0000, 1, 0x0001'0003)) == none);
    CX_CHECK(judge_in(agreeing, right_v2) == none);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0000, 1, 0x0001'0002, bus_feature::direct_rx)) == not_supported);
    CX_CHECK(judge_in(agreeing, speaks(0x0001'0000, 1, 0x0001'0002, bus_feature{})) == not_supported);
    constexpr auto old_agreeing = after<old>(bus_input::start);
    CX_CHECK(judge_in(old_agreeing, speaks(0x0001'0000, 1, 0)) == unsupported_revision);
    CX_CHECK(judge_in(old_agreeing, speaks(1, 1, 0)) == none); // it does not say which FF-A it has
    CX_CHECK(judge_in(old_agreeing, speaks(1, 1, 0, bus_feature{})) == not_supported);
}

TEST_CASE("S6: the strict profile, if both sides want it") {
    constexpr auto agreed_bits = []<revision R>(negotiator<R> n, version_response got, std::uint32_t wanted) {
        driver_options o = options;
        o.feature_bits = wanted;
        got.feature_bits = 0xffff'ffff;
        return n.judge(got, o) == errc::none ? n.agreed().feature_bits : 0xbad;
    };
    constexpr auto agreeing = after<v2>(bus_input::start, bus_input::accepted);
    CX_CHECK(agreed_bits(agreeing, right_v2, 0) == 0);
    CX_CHECK(agreed_bits(agreeing, right_v2, strict_config_generation) == strict_config_generation);
    CX_CHECK(agreed_bits(agreeing, right_v2, 0xffff'ffff) == strict_config_generation); // the only one there is
    CX_CHECK(agreed_bits(after<old>(bus_input::start), speaks(1, 1), 1) == 0);          // not before oasis_v2
}

TEST_CASE("S3: only what both sides have is agreed on") { CX_CHECK(agrees_on_what_both_have()); }

TEST_CASE("N15: windows are as long as a response can report, at most 256") {
    constexpr auto n = after<v1>(bus_input::start, bus_input::accepted, bus_input::accepted);
    CX_CHECK(n.window(104) == get_devices_request{0, 256});
    CX_CHECK(n.window(46) == get_devices_request{0, 256});
    CX_CHECK(n.window(45) == get_devices_request{0, 248});
    CX_CHECK(n.window(15) == get_devices_request{0, 8});
}

TEST_CASE("B1: enumeration goes on window by window and starts again at 0") { CX_CHECK(starts_each_round_at_zero()); }

TEST_CASE("N15: enumeration is bounded") {
    errc why{};
    CHECK(windows_until_the_end(256, &why) == 256);
    CHECK(why == errc::none);
    CHECK(windows_until_the_end(8, &why) == 8192); // one byte of bitmap at a time: still the whole number space
    CHECK(why == errc::none);
    CHECK(windows_until_the_end(1, &why) == 8192);
    CHECK(why == errc::bad_value);
}

TEST_CASE("negotiator: what a bus result stands for") {
    CX_CHECK(error_of(bus_result::success) == errc::none);
    CX_CHECK(error_of(bus_result::error) == errc::peer_error);
    CX_CHECK(error_of(bus_result::busy) == errc::busy);
    CX_CHECK(error_of(bus_result{3}) == errc::peer_error);
}
