// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Which FF-A methods both sides of a bus have agreed on. Source: FF-A bus, rule N6: a method is used when both of its
// bits were agreed on, what the device side receives (RX) and what it sends (TX).

#include <cstdint>

#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/revision.hpp>

namespace vmsg {

/// A set of methods that carry frames by themselves; a FIFO begins on one of them.
enum class transfer_methods : std::uint8_t { none = 0, direct = 1, indirect = 2, both = 3 };
constexpr transfer_methods operator|(transfer_methods a, transfer_methods b) {
    return static_cast<transfer_methods>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr transfer_methods operator&(transfer_methods a, transfer_methods b) {
    return static_cast<transfer_methods>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr bool has(transfer_methods all, transfer_methods wanted) { return (all & wanted) == wanted; }

/// The bits that stand for methods.
constexpr bus_feature features_of(transfer_methods m) {
    using enum bus_feature;
    const bus_feature direct = has(m, transfer_methods::direct) ? direct_rx | direct_tx : bus_feature{};
    return has(m, transfer_methods::indirect) ? direct | indirect_rx | indirect_tx : direct;
}

/// How many bits of a pair it takes.
enum class pair_rule : std::uint8_t {
    both,      ///< RX and TX
    direct_rx, ///< the same, but direct messages need RX alone: what the device side sends is an answer (OP-TEE)
    any,       ///< one of them (the drivers of rfc2025)
};
template <revision R>
inline constexpr pair_rule usual_pair_rule = R == revision::rfc2025 ? pair_rule::any : pair_rule::both;

/// Whether one method is among a set of agreed bits.
constexpr bool carries(transfer_methods m, bus_feature agreed, pair_rule rule) {
    const bus_feature pair = features_of(m);
    const bool whole = has(agreed, pair);
    const bool rx = m == transfer_methods::direct && has(agreed, bus_feature::direct_rx);
    const bool some = (agreed & pair) != bus_feature{};
    return whole || (rule == pair_rule::direct_rx && rx) || (rule == pair_rule::any && some);
}
/// The methods of a set of agreed bits.
constexpr transfer_methods methods_of(bus_feature agreed, pair_rule rule) {
    transfer_methods all{};
    constexpr transfer_methods each[]{transfer_methods::direct, transfer_methods::indirect};
    for (const transfer_methods m : each) {
        if (carries(m, agreed, rule)) all = all | m;
    }
    return all;
}

} // namespace vmsg
