// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `device_memory`: does what a device side has to do about the memory of its drivers. Retrieves what was shared, checks
// it against what AREA_SHARE said, has it mapped, and gives it back before AREA_UNSHARE is answered. It never waits.
// Source: FF-A bus, rule N11.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/proto/device_areas.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/area_attributes.hpp>
#include <vmsg/session/memory_borrower.hpp>
#include <vmsg/session/memory_policy.hpp>
#include <vmsg/session/memory_provider.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

namespace detail {

/// Whether the manager has given what the driver has announced. The handle's owner is verified by the manager, which
/// was asked for memory of the endpoint that the carrier names.
constexpr bool as_announced(const proto::area_task& announced, const retrieved_memory& got, ffa::memory_flags type) {
    if (got.page_count != announced.page_count) return false;
    if ((type & ffa::memory_flags::type_mask) != ffa::type_of(memory_operation_of(announced.attrs))) return false;
    const auto data = got.permissions & ffa::memory_permissions::data_mask;
    if (data != memory_permissions_of(announced.attrs)) return false;
    if (!says_more_than_type(announced.attrs)) return true;
    const bool normal_world = (got.attributes & ffa::memory_attributes::non_secure) != ffa::memory_attributes{};
    if (normal_world && (announced.attrs & area_attrs::non_secure) == area_attrs{}) return false;
    const auto said = memory_attributes_of(announced.attrs);
    using enum ffa::memory_attributes;
    return said == unspecified || (got.attributes & (shareability_mask | cacheability_mask | type_mask)) == said;
}

} // namespace detail

/// One area after the other, of one bus or of all drivers of an `any_device_bus`. `Regions`: the most parts that an
/// area can consist of; memory in more parts is refused. `BufferSize`: bytes of the RX buffer.
///
///     while (memory.step(bus, driver, now)) {}  // whenever the bus has had a frame, and at `due`
template <ffa::conduit Conduit, memory_provider Provider, std::size_t Regions = 16, std::size_t BufferSize = 4096>
class device_memory {
public:
    /// `buffers` are mapped; they and `provider` outlive it. `self` retrieves with the version that it has negotiated.
    constexpr device_memory(ffa::rxtx<Conduit>& buffers, Provider& provider, ffa::version version,
                            ffa::endpoint_id self, const memory_policy& policy = {})
        : provider_(provider), borrower_(buffers, version, self, policy) {}

    /// Goes on with an area, with one FF-A call at most; false if there is nothing to do before `due`. `driver` is whom
    /// the carrier names as the peer of `bus`, a `proto::device_bus`.
    template <class Bus> constexpr bool step(Bus& bus, ffa::endpoint_id driver, instant now) {
        if (stage_ == stage::idle) {
            const proto::area_task task = bus.poll_task();
            if (task.what == proto::area_task::kind::none) return false;
            begin(task, driver);
        }
        return go_on(bus.areas(), now);
    }
    /// The same for a `proto::any_device_bus`, which knows its drivers.
    template <class Bus> constexpr bool step(Bus& bus, instant now) {
        if (stage_ == stage::idle) {
            const auto task = bus.poll_task();
            if (task.task.what == proto::area_task::kind::none) return false;
            begin(task.task, task.peer);
        }
        endpoint_areas<Bus> areas{bus, driver_};
        return go_on(areas, now);
    }

    constexpr bool busy() const { return stage_ != stage::idle; } ///< with an area; `step` at `due`
    constexpr instant due() const {
        if (stage_ == stage::idle) return never;
        return borrower_.busy() && borrower_.due() > due_ ? borrower_.due() : due_;
    }
    constexpr std::size_t mapped() const { return mapped_; } ///< areas that this endpoint has access to
    constexpr const memory_counters& counters() { return borrower_.counters(); }

private:
    enum class stage : std::uint8_t {
        idle,
        retrieving,
        returning_refused, ///< access is given up again: it cannot be used
        returning,         ///< access is given up: the driver wants it back
    };

    template <class Bus> struct endpoint_areas {
        Bus& bus;
        ffa::endpoint_id peer;
        constexpr result<void> mapped(std::uint16_t id, byte_span m) { return bus.mapped(peer, id, m); }
        constexpr result<void> refused(std::uint16_t id, bus_result why) { return bus.refused(peer, id, why); }
        constexpr result<void> unmapped(std::uint16_t id) { return bus.unmapped(peer, id); }
    };

    constexpr void begin(const proto::area_task& task, ffa::endpoint_id driver) {
        task_ = task;
        driver_ = driver;
        due_ = 0;
        rounds_ = 0;
        if (task.what == proto::area_task::kind::unmap) {
            provider_.unmap(task.memory);
            return give_back(stage::returning);
        }
        stage_ = stage::retrieving;
        ffa::memory_transaction wanted;
        wanted.sender = driver;
        wanted.flags = ffa::type_of(memory_operation_of(task.attrs));
        wanted.handle = ffa::memory_handle{task.mem_handle};
        wanted.tag = task.mem_tag;
        borrower_.retrieve(wanted, memory_permissions_of(task.attrs));
    }
    constexpr void give_back(stage why) {
        stage_ = why;
        borrower_.relinquish(ffa::memory_handle{task_.mem_handle});
    }

    template <class Areas> constexpr bool go_on(Areas&& areas, instant now) {
        if (now < due()) return false;
        if (!borrower_.busy()) give_back(stage_); // after a pause
        const auto done = borrower_.step(now);
        if (done.error() == errc::would_block) return true;
        if (stage_ == stage::retrieving)
            retrieved(areas, done.error());
        else
            given_back(areas, done.error(), now);
        return true;
    }

    template <class Areas> constexpr void retrieved(Areas& areas, errc why) {
        if (why == errc::none) why = take(areas);
        if (why == errc::none) {
            ++mapped_;
            stage_ = stage::idle;
            return;
        }
        // What the manager or the provider has no room for now, it may have later.
        const bool later = ffa::may_be_repeated(why) || why == errc::timed_out;
        answer_ = later ? bus_result::busy : bus_result::error;
        if (borrower_.granted()) return give_back(stage::returning_refused);
        stage_ = stage::idle;
        static_cast<void>(areas.refused(task_.area_id, answer_));
    }
    /// Checks what was retrieved and has it mapped.
    template <class Areas> constexpr errc take(Areas& areas) {
        const auto regions = borrower_.regions();
        const retrieved_memory got{.owner = driver_,
                                   .regions = regions,
                                   .page_count = ffa::page_count_of(regions),
                                   .attributes = borrower_.transaction().attributes,
                                   .permissions = borrower_.access().permissions,
                                   .retention_requested =
                                       (task_.attrs & area_attrs::driver_retention_requested) != area_attrs{}};
        if (!detail::as_announced(task_, got, borrower_.transaction().flags)) return errc::bad_value;
        const auto memory = provider_.map(got);
        if (!memory) return memory.error();
        const auto told = areas.mapped(task_.area_id, *memory);
        if (!told) provider_.unmap(*memory); // smaller than its pages
        return told.error();
    }

    template <class Areas> constexpr void given_back(Areas& areas, errc why, instant now) {
        const memory_policy& policy = borrower_.policy();
        const bool later = ffa::may_be_repeated(why) || why == errc::timed_out;
        if (later && ++rounds_ < policy.reclaim_attempts) {
            due_ = now + policy.reclaim_interval;
            return;
        }
        // If the manager does not take it back now it never will. It does not let the owner reclaim it either.
        if (why != errc::none) ++borrower_.counters().unreturned;
        const stage was = stage_;
        stage_ = stage::idle;
        if (was == stage::returning) {
            --mapped_;
            static_cast<void>(areas.unmapped(task_.area_id));
        } else {
            static_cast<void>(areas.refused(task_.area_id, answer_));
        }
    }

    Provider& provider_;
    memory_borrower<Conduit, Regions, BufferSize> borrower_;
    stage stage_{};
    proto::area_task task_{};
    ffa::endpoint_id driver_{};
    bus_result answer_{};
    std::uint16_t rounds_ = 0; // budgets that were spent on giving it back
    instant due_ = 0;
    std::size_t mapped_ = 0;
};

} // namespace vmsg
