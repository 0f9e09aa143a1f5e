// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A manager in memory with a kernel in the normal world, two virtual machines and two secure partitions.

#include <cstddef>
#include <cstdint>

#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"

namespace sim_test {

using namespace vmsg;

inline constexpr ffa::endpoint_id kernel{0};
inline constexpr ffa::endpoint_id guest{0x0001};
inline constexpr ffa::endpoint_id other_guest{0x0002};
inline constexpr ffa::endpoint_id disk{0x8003};
inline constexpr ffa::endpoint_id net{0x8004};
inline constexpr uuid net_uuid = *parse_uuid("00112233-4455-6677-8899-aabbccddeeff", 36);

// Bytes 0x00, 0x01, ... as a message of `size` bytes, zero after it.
constexpr word_image ascending(std::size_t size) {
    std::uint8_t bytes[word_image::size_bytes]{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
    return from_bytes(bytes);
}

constexpr ffa::call_frame wait_frame() { return ffa::encode(ffa::msg_wait_call{}); }

// The response to a direct request, with the same message.
constexpr ffa::call_frame echo_of(const ffa::call_frame& request) {
    ffa::call_frame answer = request;
    const ffa::endpoint_pair ends = ffa::endpoints_in(request.x[1]);
    const bool second = ffa::function_of(request) == ffa::function_id::msg_send_direct_req2;
    answer.x[0] += 1;
    answer.x[1] = ffa::to_register(ffa::endpoint_pair{ends.dst, ends.src});
    if (second) answer.x[2] = answer.x[3] = 0;
    return answer;
}

constexpr bool is_request(const ffa::call_frame& f) {
    const auto wide = ffa::form_64(ffa::function_of(f));
    return wide == ffa::function_id::msg_send_direct_req_64 || wide == ffa::function_id::msg_send_direct_req2;
}

// A partition that echoes requests and waits otherwise, or does what it is told.
struct actor {
    sim::partition_entry instead{}; // does all of it, if there is one
    std::size_t entries = 0;
    ffa::call_frame seen[16]{};
    std::size_t planned = 0;
    std::size_t done = 0;
    ffa::call_frame plan[16]{};

    void then(const ffa::call_frame& f) { plan[planned++] = f; }
    void operator()(ffa::call_frame& frame) {
        if (entries < 16) seen[entries] = frame;
        ++entries;
        if (instead) return instead(frame);
        if (done < planned)
            frame = plan[done++];
        else
            frame = is_request(frame) ? echo_of(frame) : wait_frame();
    }
};

inline constexpr ffa::call_frame done = ffa::encode_success();
inline constexpr ffa::call_frame not_supported = ffa::encode_error(ffa::error::not_supported);
inline constexpr ffa::call_frame invalid = ffa::encode_error(ffa::error::invalid_parameters);
inline constexpr ffa::call_frame busy = ffa::encode_error(ffa::error::busy);
inline constexpr ffa::call_frame denied = ffa::encode_error(ffa::error::denied);
inline constexpr ffa::call_frame no_memory = ffa::encode_error(ffa::error::no_memory);

// A profile with a change: `with(sim::profiles::generic, [](auto& p) { p.strict_version = false; })`.
template <class Change> constexpr sim::profile with(sim::profile p, Change change) {
    change(p);
    return p;
}

inline constexpr sim::spmc_capacity capacity{.partitions = 5, .shares = 4, .regions = 300};
using manager = sim::spmc<capacity>;

// Four pages for each endpoint at 0x1'0000'0000 times its place in the list.
struct rig {
    actor echo{};
    actor second{};
    manager spmc;
    alignas(4096) std::uint8_t memory[5][8 * 4096]{};

    explicit rig(const sim::profile& rules, const sim::spmc_hooks& hooks = {},
                 ffa::partition_properties of_net = sim::all_methods)
        : spmc(rules, hooks) {
        const sim::partition_config all[] = {
            {.id = kernel},
            {.id = guest},
            {.id = other_guest},
            {.id = disk, .services = {{.protocol = device_role_uuid}}, .entry = sim::entry_of(echo)},
            {.id = net, .services = {{.protocol = net_uuid, .properties = of_net}}, .entry = sim::entry_of(second)},
        };
        for (std::size_t i = 0; i < 5; ++i) {
            REQUIRE(spmc.add(all[i]));
            REQUIRE(spmc.add_memory(all[i].id, base_of(all[i].id), memory[i]));
        }
    }

    static constexpr std::size_t index_of(ffa::endpoint_id id) {
        return id == kernel ? 0 : id == guest ? 1 : id == other_guest ? 2 : id == disk ? 3 : 4;
    }
    static constexpr std::uint64_t base_of(ffa::endpoint_id id) { return (index_of(id) + 1) << 32; }
    std::uint8_t* bytes_of(ffa::endpoint_id id) { return memory[index_of(id)]; }

    static constexpr std::uint64_t page_at(ffa::endpoint_id id, std::size_t i) { return base_of(id) + i * 4096; }

    // TX in the first pages of an endpoint's memory, RX in the next.
    ffa::call_frame map(ffa::endpoint_id id, std::uint8_t pages = 1) {
        return call(id, ffa::encode(ffa::rxtx_map_call{page_at(id, 0), page_at(id, pages), pages, ffa::form::smc64}));
    }
    std::uint8_t* tx(ffa::endpoint_id id) { return bytes_of(id); }
    std::uint8_t* rx(ffa::endpoint_id id, std::size_t pages = 1) { return bytes_of(id) + pages * 4096; }
    ffa::call_frame release(ffa::endpoint_id id) { return call(id, ffa::encode(ffa::rx_release_call{})); }
    ffa::call_frame speak(ffa::endpoint_id id, ffa::version v) { return call(id, ffa::encode(ffa::version_call{v})); }

    ffa::call_frame call(ffa::endpoint_id who, ffa::call_frame frame) {
        spmc.conduit_for(who)(frame);
        return frame;
    }
};

} // namespace sim_test
