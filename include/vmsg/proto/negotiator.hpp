// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Where a driver side stands in the life of its bus: walks through `bus_table`, writes the bus's own requests and
// judges their answers. Source: FF-A bus, rules N5, N8, N12, N15.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/bus.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/negotiation.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// The error that a bus result stands for.
constexpr errc error_of(bus_result r) {
    if (r == bus_result::success) return errc::none;
    return r == bus_result::busy ? errc::busy : errc::peer_error;
}

/// The transport features that a revision has.
template <revision R>
inline constexpr std::uint32_t transport_features = R == revision::oasis_v2 ? strict_config_generation : 0;

namespace detail {

/// FF-A 1.2 or newer. The highest bit is set in errors only.
constexpr bool recent_ffa(std::uint32_t version) { return version >= 0x0001'0002 && version >> 31 == 0; }

/// The answer to a VERSION that proposes nothing.
template <revision R> constexpr errc judge_probe(const version_response& got) {
    const bool usable = got.bus_version != 0 && (R != revision::oasis_v2 || recent_ffa(got.ffa_version));
    return usable ? errc::none : errc::unsupported_revision;
}
/// Whether the answer to a VERSION that proposes this revision says the same.
template <revision R> constexpr bool same_version(const version_response& got) {
    constexpr revision_constants mine = constants_of<R>;
    return got.bus_version == mine.bus_version && got.transport_revision == mine.transport_revision &&
           judge_probe<R>(got) == errc::none;
}

} // namespace detail

template <revision R> class negotiator {
public:
    constexpr bus_state state() const { return state_; }
    constexpr const version_response& agreed() const { return agreed_; } ///< all zero before VERSION
    constexpr std::uint32_t epoch() const { return epoch_; }             ///< counts the starts
    constexpr std::uint16_t round() const { return round_; }             ///< of enumeration
    constexpr bool negotiated() const { return state_ == bus_state::enumerating || state_ == bus_state::ready; }

    /// Takes the step that the table has for `input` and gives its action; `bad_state` if it has none.
    constexpr result<bus_action> feed(bus_input input) {
        const auto t = bus_table<R>::find(state_, input);
        if (!t) return t.error();
        if (input == bus_input::start) ++epoch_;
        state_ = t->to;
        next_ = bus_input::accepted;
        if (t->action == bus_action::send_get_devices) {
            ++round_;
            window_ = 0;
            windows_ = 0;
        }
        return t->action;
    }
    /// The devices are looked up, and nothing has been reported yet.
    constexpr bool at_first_window() const { return state_ == bus_state::enumerating && windows_ == 0; }
    /// What to feed after a request of the bus has been answered.
    constexpr bus_input next_input() const { return next_; }
    /// The same for the request that is open, if its answer is good.
    constexpr void take_way(bus_input next) { next_ = next; }

    constexpr void forget() {
        state_ = bus_state::down;
        agreed_ = {};
    }

    // --- requests

    constexpr version_request probe(const driver_options& o) const { return {.ffa_version = o.ffa_version}; }
    constexpr version_request proposal(const driver_options& o) const {
        return {.bus_version = constants_of<R>.bus_version,
                .transport_revision = constants_of<R>.transport_revision,
                .ffa_version = o.ffa_version,
                .bus_features = o.bus_features,
                .max_areas = constants_of<R>.max_area_id};
    }
    /// The next window of device numbers, as many as a response of `max_msg_size` bytes can report.
    constexpr get_devices_request window(std::size_t max_msg_size) const {
        const std::size_t most = 8 * (max_msg_size - fixed_msg_size<get_devices_response, R>);
        const std::size_t left = 65536 - std::size_t{window_};
        const std::size_t wanted = most < 256 ? most : 256;
        return {window_, static_cast<std::uint16_t>(wanted < left ? wanted : left)};
    }

    // --- answers: `none`, or why they cannot be used

    /// `pairs`: what makes a method of the agreed bits.
    constexpr errc judge(const version_response& got, const driver_options& own, pair_rule pairs = usual_pair_rule<R>) {
        if (state_ == bus_state::probing) return detail::judge_probe<R>(got);
        const bus_feature common = got.bus_features & own.bus_features;
        if (!detail::same_version<R>(got)) return errc::unsupported_revision;
        if (methods_of(common, pairs) == transfer_methods::none) return errc::not_supported; // nothing carries messages
        agreed_ = got;
        agreed_.bus_features = common;
        agreed_.feature_bits = got.feature_bits & own.feature_bits & transport_features<R>;
        return errc::none;
    }
    constexpr errc judge(const get_devices_response& got) {
        if (got.next_offset != 0 && ++windows_ == max_windows) return errc::bad_value;
        window_ = got.next_offset;
        next_ = window_ != 0 ? bus_input::more : bus_input::accepted;
        return errc::none;
    }

private:
    bus_state state_{};
    bus_input next_ = bus_input::accepted;
    static constexpr std::uint16_t max_windows = 65536 / 8; // a peer that reports less at a time never ends

    std::uint16_t window_ = 0;  // next device number to ask for
    std::uint16_t windows_ = 0; // seen in this round
    std::uint16_t round_ = 0;
    std::uint32_t epoch_ = 0;
    version_response agreed_{};
};

} // namespace vmsg::proto
