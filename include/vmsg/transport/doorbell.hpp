// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `doorbell`: how a side tells the other one that there is something for it in memory that they share.

#include <concepts>
#include <cstdint>

#include <vmsg/result.hpp>

namespace vmsg::transports {

/// Rings at the peer, one attempt. An error says that it has not heard it.
template <class T>
concept doorbell = requires(T& t) {
    { t() } -> std::same_as<result<void>>;
};

/// For a peer that looks by itself.
struct no_doorbell {
    constexpr result<void> operator()() const { return {}; }
};
static_assert(doorbell<no_doorbell>);

} // namespace vmsg::transports
