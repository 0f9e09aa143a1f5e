// SPDX-License-Identifier: BSD-2-Clause
// The least of a driver side: direct messages only, one revision, no heap, no RX and TX buffers. Who the partition is
// and what memory it shares come from elsewhere, for example from a device tree.
#include "clock.hpp"

#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/session/direct_client.hpp>

using namespace vmsg;

namespace {

constexpr revision R = newest_revision;

struct device_driver {
    explicit device_driver(ffa::endpoint_id self, ffa::endpoint_id partition) : bus_{call_, clock_, self, partition} {}

    /// From nothing to a device that runs, with one queue whose rings are at `ring`, inside the memory that
    /// `mem_handle` names.
    result<void> bring_up(std::uint16_t device, std::uint64_t mem_handle, std::uint32_t pages, bus_address ring) {
        if (const auto done = ffa::negotiate(call_, {ffa::version::v1_2, ffa::version::v1_2}); !done)
            return done.error();
        if (const auto done = agree_on_version(); !done) return done;
        const area_share_request area{
            .area_id = 1, .mem_handle = mem_handle, .page_count = pages, .sharing_attrs = area_attrs::usual};
        const auto shared = bus_.ask(0, area);
        if (!shared) return shared.error();
        if (shared->result != bus_result::success) return errc::denied;
        return start(device, ring);
    }

    /// The device has new buffers to look at.
    result<void> kick(std::uint16_t device) { return bus_.notify(device, 0); }

private:
    using enum device_status;

    result<void> agree_on_version() {
        constexpr auto mine = constants_of<R>;
        const auto got = bus_.ask(0, version_request{.bus_version = mine.bus_version,
                                                     .transport_revision = mine.transport_revision,
                                                     .ffa_version = 0x0001'0002});
        if (!got) return got.error();
        const bool same = got->bus_version == mine.bus_version && got->transport_revision == mine.transport_revision;
        return same ? errc::none : errc::unsupported_revision;
    }

    result<void> set_status(std::uint16_t device, device_status wanted) {
        const auto got = bus_.ask(device, set_device_status_request{wanted});
        if (!got) return got.error();
        return got->status == wanted ? errc::none : errc::denied;
    }

    result<void> start(std::uint16_t device, bus_address ring) {
        const auto info = bus_.ask(device, get_device_info_request{});
        if (!info) return info.error();
        for (const device_status next : {reset, acknowledge, acknowledge | driver})
            if (const auto done = set_status(device, next); !done) return done;
        const std::uint32_t wanted[] = {0, 1}; // VIRTIO_F_VERSION_1
        const auto taken = bus_.ask(device, set_driver_features_request{0, 2, wanted});
        if (!taken) return taken.error();
        if (const auto done = set_status(device, acknowledge | driver | features_ok); !done) return done;
        const auto at = [ring](std::uint64_t offset) { return bus_address{static_cast<std::uint64_t>(ring) + offset}; };
        const auto queue = bus_.ask(device, set_vqueue_request{.flags = vqueue_flags::enable,
                                                               .size = 16,
                                                               .descriptor_addr = at(0),
                                                               .driver_addr = at(0x100),
                                                               .device_addr = at(0x200)});
        if (!queue) return queue.error();
        return set_status(device, acknowledge | driver | features_ok | driver_ok);
    }

    ffa::smc_conduit call_{};
    firmware::counter clock_{};
    direct_client<R, ffa::smc_conduit, firmware::counter> bus_;
};

} // namespace

/// 0, or the number of an error. What it needs of memory, below half a kilobyte, is on the stack.
extern "C" int driver_main(std::uint16_t self, std::uint16_t partition, std::uint64_t mem_handle) {
    device_driver it{ffa::endpoint_id{self}, ffa::endpoint_id{partition}};
    const auto done = it.bring_up(1, mem_handle, 1, *make_bus_address<R>(1, 0));
    return static_cast<int>(done ? it.kick(1).error() : done.error());
}
static_assert(sizeof(device_driver) <= 512);
