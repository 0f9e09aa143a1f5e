// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `sim::partition_config`: a partition or virtual machine as the manager is told about it, and the state that the
// manager keeps of each.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::sim {

/// The code of a partition: `call(context, frame)`. In: the frame it is entered with. Out: its next call, which leaves
/// the partition (MSG_WAIT, RESP2, YIELD, ...) or is answered by entering it again, as on hardware
/// `for (;;) { smc(frame); step(frame); }`.
struct partition_entry {
    void (*call)(void* context, ffa::call_frame& frame) = nullptr;
    void* context = nullptr;

    constexpr explicit operator bool() const { return call != nullptr; }
    constexpr void operator()(ffa::call_frame& frame) const { call(context, frame); }
};

/// The entry of an object with `void operator()(call_frame&)`, which has to live as long as the manager.
template <class Step> constexpr partition_entry entry_of(Step& step) {
    return {[](void* context, ffa::call_frame& frame) { (*static_cast<Step*>(context))(frame); }, &step};
}

/// All ways to reach a partition and to be reached by it.
inline constexpr ffa::partition_properties all_methods =
    ffa::partition_properties::receives_direct | ffa::partition_properties::sends_direct |
    ffa::partition_properties::indirect | ffa::partition_properties::notifications |
    ffa::partition_properties::aarch64 | ffa::partition_properties::receives_direct2 |
    ffa::partition_properties::sends_direct2;

/// A service of a partition and the methods by which it can be reached: they may differ from service to service.
struct service {
    uuid protocol{};                             ///< nil: none in particular
    ffa::partition_properties properties{0x70f}; ///< `all_methods`: as an enumerator, g++ 12 rejects `add({.id = ...})`
};

static_assert(service{}.properties == all_methods);

inline constexpr std::size_t max_services = 4; ///< of one partition

struct partition_config {
    ffa::endpoint_id id{};
    service services[max_services]{};
    std::size_t service_count = 1; ///< 1 to `max_services`
    partition_entry entry{};       ///< none: it only makes calls, and a direct request to it is BUSY
    std::uint16_t execution_contexts = 1;
    ffa::version version = ffa::version::v1_2; ///< until it negotiates another
    uuid image{};                              ///< FF-A 1.3
    partition_entry on_restart{};              ///< told with an empty frame that its state is gone
};

namespace detail {

enum class partition_state : std::uint8_t {
    waiting,   ///< can be entered
    running,   ///< entered; also while a partition runs that it called
    preempted, ///< to be entered by the FFA_RUN that names the right target
    yielded,   ///< the same, after its FFA_YIELD
    stopped,   ///< never came back with a call that leaves it
};

struct mailbox {
    byte_span tx{};
    byte_span rx{};
    bool mapped = false;
    bool rx_full = false; ///< RX is the partition's until it releases it
};

/// 64 notifications from secure partitions, or from virtual machines.
struct notification_set {
    ffa::endpoint_id sender[64]{}; ///< who may set a bound one
    std::uint64_t bound = 0;
    std::uint64_t pending = 0;
};

struct notifications {
    notification_set from_secure{};
    notification_set from_normal{};
    bool rx_full_spm = false; ///< framework notifications: a message from a partition is in RX
    bool rx_full_hyp = false; ///< a message from a virtual machine is in RX
    bool created = false;     ///< by FFA_NOTIFICATION_BITMAP_CREATE
    bool told = true;         ///< NOTIFICATION_INFO_GET has reported what is pending

    constexpr bool pending() const {
        return (from_secure.pending | from_normal.pending) != 0 || rx_full_spm || rx_full_hyp;
    }
};

/// Who waits for a partition to leave, and for what.
struct engagement {
    ffa::endpoint_id caller{};
    ffa::function_id request{}; ///< of a direct request; 0: it was entered otherwise
    ffa::target resume_by{};    ///< whom FFA_RUN has to name
    ffa::call_frame entry{};    ///< still to be delivered, if `preempted`
    std::uint32_t interruptions = 0;
    ffa::function_id interruption = ffa::function_id::interrupt;

    constexpr bool is_request() const { return request != ffa::function_id{}; }
};

/// A memory operation that was paused, and the handle to resume it by.
struct paused_operation {
    bool open = false;
    ffa::memory_handle handle{};
    ffa::call_frame call{};
    std::uint32_t left = 0; ///< further pauses
};

struct partition {
    partition_config config{};
    ffa::version version{};
    bool version_known = false;
    bool version_locked = false;
    mailbox box{};
    notifications notes{};
    partition_state state = partition_state::waiting;
    engagement work{};
    paused_operation paused{};
    bool wake = false;         ///< something came in since it last ran
    std::uint32_t epoch = 0;   ///< restarts
    std::uint32_t calls[64]{}; ///< by function number from 0x60 on

    constexpr ffa::endpoint_id id() const { return config.id; }
    constexpr bool secure() const { return ffa::is_secure(config.id); }
};

/// What `p` can do by any of its services.
constexpr ffa::partition_properties properties_of(const partition& p) {
    auto all = ffa::partition_properties{};
    for (std::size_t i = 0; i < p.config.service_count; ++i) all = all | p.config.services[i].properties;
    return all;
}

/// As a partition is after it starts.
constexpr void reset(partition& p) {
    p.version = p.config.version;
    p.version_known = p.version_locked = false;
    p.box = {};
    p.notes = {};
    p.state = partition_state::waiting;
    p.work = {};
    p.paused = {};
    p.wake = false;
}

} // namespace detail

} // namespace vmsg::sim
