// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `discover`: the version of FF-A, one's own id, and the partitions that offer a service, in one call. Source: FF-A,
// FFA_VERSION, FFA_ID_GET, "Partition discovery"; FF-A bus, rule N6 (which methods a partition can be reached by).

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/ffa/uuid_registers.hpp>
#include <vmsg/result.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg {

/// A partition with a device side, and what it can do for this endpoint: all that the transports have to know.
struct bus_peer {
    ffa::endpoint_id id{};
    ffa::endpoint_id self{};                ///< of the caller
    ffa::version version{};                 ///< of FF-A, agreed with the manager
    uuid service{};                         ///< as the partition knows it, in requests
    ffa::partition_properties properties{}; ///< for this service
    friend bool operator==(const bus_peer&, const bus_peer&) = default;

    /// FFA_MSG_SEND_DIRECT_REQ2, which is of FF-A 1.2 and only between 64-bit endpoints.
    constexpr bool takes_direct() const {
        using enum ffa::partition_properties;
        return version >= ffa::version::v1_2 && has(properties, receives_direct2 | aarch64);
    }
    /// FFA_MSG_SEND2, both ways.
    constexpr bool takes_indirect() const {
        return version >= ffa::version::v1_1 && has(properties, ffa::partition_properties::indirect);
    }
    /// It can be told with a notification.
    constexpr bool takes_notifications() const {
        return version >= ffa::version::v1_1 && has(properties, ffa::partition_properties::notifications);
    }
};

/// What is looked for.
struct discovery_options {
    uuid service = device_role_uuid; ///< nil: every partition
    ffa::version_range versions{};
    /// A partition that is declared with a UUID of swapped words (`ffa::word_swapped`) is taken, too.
    bool take_swapped = false;
};

/// What `discover` has found.
template <std::size_t Room = 4> struct discovery {
    ffa::version version{};
    ffa::endpoint_id self{};
    /// `swapped`: nobody offers the service, but somebody offers its UUID with swapped words. It is a mistake in the
    /// manifest of the partition, unless `discovery_options::take_swapped` says that it is meant.
    ffa::uuid_match match = ffa::uuid_match::different;
    std::size_t count = 0; ///< partitions, each once
    bus_peer peers[Room]{};

    constexpr const bus_peer* begin() const { return peers; }
    constexpr const bus_peer* end() const { return peers + count; }
    constexpr std::size_t size() const { return count; }
    constexpr const bus_peer& operator[](std::size_t i) const {
        VMSG_ASSERT(i < count);
        return peers[i];
    }
};

namespace detail {

/// The id that the manager knows the caller by.
template <ffa::conduit Conduit> constexpr result<ffa::endpoint_id> own_id(Conduit& call) {
    ffa::call_frame frame = ffa::encode(ffa::id_get_call{});
    call(frame);
    const auto answer = ffa::decode_id_answer(frame);
    if (!answer) return answer.error();
    return answer->id;
}

/// Takes what is no stream endpoint, not the caller, and not there yet. `full` if there is no room.
template <std::size_t Room>
constexpr result<void> take_peers(discovery<Room>& all, const ffa::partition_list& found, const uuid& service) {
    for (const ffa::partition_info& p : found) {
        bool wanted = p.id != all.self && kind_of(p.properties) == ffa::partition_kind::endpoint;
        for (const bus_peer& known : all) wanted = wanted && known.id != p.id;
        if (!wanted) continue;
        if (all.count == Room) return errc::full;
        all.peers[all.count++] = {p.id, all.self, all.version, service, p.properties};
    }
    return {};
}

/// By registers alone, or with the help of a pair of buffers.
template <ffa::conduit Conduit> struct by_registers {
    Conduit& call;
    constexpr result<void> find(const uuid& service, ffa::version, ffa::partition_list& found) {
        return ffa::find_by_registers(call, service, found);
    }
};
template <ffa::conduit Conduit> struct by_buffers {
    ffa::rxtx<Conduit>& buffers;
    Conduit& call = buffers.call();
    constexpr result<void> find(const uuid& service, ffa::version v, ffa::partition_list& found) {
        if (buffers.state() == ffa::rx_state::unmapped)
            if (const auto mapped = buffers.map(); !mapped) return mapped;
        return ffa::find_partitions(buffers, service, v, found);
    }
};

template <std::size_t Room, class Finder>
constexpr result<void> look_for(discovery<Room>& all, Finder& finder, const uuid& service) {
    ffa::partition_info room[2 * Room]{}; // a service can be listed twice, and the caller be among them
    ffa::partition_list found{room};
    const auto done = finder.find(service, all.version, found);
    const errc why = done.error();
    // What managers say when nobody offers a service.
    if (why == errc::invalid_argument || why == errc::not_supported) return errc::no_device;
    if (!done && why != errc::full) return done;
    const auto taken = take_peers(all, found, service);
    return taken ? done : taken;
}

template <std::size_t Room, class Finder>
constexpr result<void> discover_by(Finder finder, discovery<Room>& all, const discovery_options& options) {
    all.match = ffa::uuid_match::different;
    all.count = 0;
    const auto agreed = ffa::negotiate(finder.call, options.versions);
    if (!agreed) return agreed.error();
    all.version = agreed->use;
    const auto self = own_id(finder.call);
    if (!self) return self.error();
    all.self = *self;
    auto done = look_for(all, finder, options.service);
    if (all.count != 0) {
        all.match = ffa::uuid_match::same;
        return done;
    }
    if (!done && done.error() != errc::no_device) return done;
    if (options.service == uuid{}) return errc::no_device;
    done = look_for(all, finder, ffa::word_swapped(options.service));
    if (all.count == 0) return errc::no_device;
    all.match = ffa::uuid_match::swapped;
    if (options.take_swapped) return done;
    return errc::no_device;
}

} // namespace detail

/// Agrees on a version of FF-A, which stays as it is from then on, and looks for partitions. The buffers are needed
/// before FF-A 1.2 and with managers that have no FFA_PARTITION_INFO_GET_REGS; they are mapped if they are not, and
/// stay so. Errors: those of `ffa::negotiate` and `ffa::rxtx::map`, `no_device` (nobody offers the service; see
/// `discovery::match`), `full` (`all` has no room for everybody; it has the first), those of `ffa::find_partitions`.
template <ffa::conduit Conduit, std::size_t Room>
constexpr result<void> discover(ffa::rxtx<Conduit>& buffers, discovery<Room>& all,
                                const discovery_options& options = {}) {
    return detail::discover_by(detail::by_buffers<Conduit>{buffers}, all, options);
}

/// The same by registers alone, from FF-A 1.2 on; `no_device` also if the manager has no such call.
template <ffa::conduit Conduit, std::size_t Room>
constexpr result<void> discover(Conduit& call, discovery<Room>& all, const discovery_options& options = {}) {
    return detail::discover_by(detail::by_registers<Conduit>{call}, all, options);
}

} // namespace vmsg
