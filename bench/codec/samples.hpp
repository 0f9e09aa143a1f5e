// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the benchmarks feed to the codecs: rounds of the eight messages with seeded contents, the same in the form of
// each implementation.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#include "c_reference.h"
#include "yardstick.h"

namespace bench {

/// Bytes between two messages; more than the longest one.
inline constexpr std::size_t slot_size = 64;

enum class kind : std::size_t {
#define KIND(name, type, rev) name,
    YARDSTICK_MESSAGES(KIND, )
#undef KIND
        count
};

/// A `T` for each message of a round.
template <class T> struct per_kind {
    T of[static_cast<std::size_t>(kind::count)]{};

    T& operator[](kind k) { return of[static_cast<std::size_t>(k)]; }
    const T& operator[](kind k) const { return of[static_cast<std::size_t>(k)]; }
};

inline constexpr auto messages_per_round = static_cast<std::size_t>(kind::count);

/// One round on the wire.
struct alignas(slot_size) wire_round : per_kind<std::uint8_t[slot_size]> {};

/// Sizes of the messages of a round; the compiler of a codec does not know them.
using wire_sizes = per_kind<std::size_t>;

/// One round as the library's user has it.
struct vmsg_round {
    per_kind<vmsg::header> heads{};
    vmsg::get_device_info_response device_info{};
    vmsg::set_vqueue_request set_vqueue{};
    vmsg::event_avail event_avail{};
    vmsg::version_response version{};
    vmsg::area_share_request area_share{};
    vmsg::get_device_features_response features{};
    vmsg::set_config_request set_config{};
    vmsg::get_devices_response devices{};
    std::uint32_t feature_blocks[2]{};
    std::uint8_t config[16]{};
    std::uint8_t bitmap[32]{};

    vmsg_round() = default;
    vmsg_round(const vmsg_round&) = delete; // its tails view its arrays
    vmsg_round& operator=(const vmsg_round&) = delete;
};

/// Where the library decodes a round to.
struct vmsg_decoded {
#define MEMBER(name, type, rev) vmsg::framed<vmsg::type> name{};
    YARDSTICK_MESSAGES(MEMBER, )
#undef MEMBER
};

/// One round as the user of the C reference has it.
struct c_round {
    per_kind<c_header> heads{};
#define MEMBER(name, type, rev) c_##name name{};
    YARDSTICK_MESSAGES(MEMBER, )
#undef MEMBER
};

/// Rounds of revision `R`, distinct and legal, the same in all forms.
template <vmsg::revision R> struct samples {
    explicit samples(std::size_t rounds);

    std::vector<vmsg_round> for_vmsg;
    std::vector<c_round> for_c;
    std::vector<wire_round> on_wire;
    wire_sizes sizes;
};

} // namespace bench
