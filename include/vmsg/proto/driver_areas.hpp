// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory areas that a driver side has shared: which ids are taken, and when memory may be taken back.
// Source: FF-A bus, rule N11.

#include <cstddef>
#include <cstdint>

#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto {

enum class area_state : std::uint8_t {
    offered,         ///< AREA_SHARE is to be answered
    shared,          ///< the device side uses it
    unshare_pending, ///< AREA_UNSHARE is to be answered, or was answered busy: a release is owed
    released,        ///< the device side has let go: the memory may be taken back
};

/// The areas of one driver side, by id, and the news about them. A free id has no record.
template <revision R, std::size_t Capacity> class driver_areas {
    struct record {
        area_state state{};
        bool unsent{}; // the request that belongs to `state` is still to be sent
        bool news{};   // the user has not heard of `state` yet
        errc error{};  // why the device side refused it
        area_share_request offered{};
    };

public:
    /// Offers memory under a free id; ids are taken in turn, so that one is not used again right after its release.
    /// `full` if there is no room, or the peer accepts no more than `max_areas` ids.
    constexpr result<std::uint16_t> offer(area_share_request m, std::uint16_t max_areas) {
        const std::uint16_t last = max_areas < constants_of<R>.max_area_id ? max_areas : constants_of<R>.max_area_id;
        if (records_.size() == Capacity || records_.size() >= last) return errc::full;
        do next_ = next_ >= last ? std::uint16_t{1} : static_cast<std::uint16_t>(next_ + 1);
        while (records_.find(next_) != nullptr);
        m.area_id = next_;
        record& a = *records_.insert(next_);
        a.offered = m;
        a.unsent = true;
        ++unsent_;
        return next_;
    }

    /// An area with a request to be sent, or `would_block`: AREA_SHARE if it is offered, AREA_UNSHARE otherwise.
    constexpr result<std::uint16_t> unsent() const {
        for (std::size_t i = 0; unsent_ != 0 && i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->unsent) return records_.number_at(i);
        return errc::would_block;
    }
    /// The offer of an area.
    constexpr const area_share_request& offered(std::uint16_t id) const { return records_.find(id)->offered; }
    constexpr void mark_sent(std::uint16_t id) { settle(*records_.find(id)); }

    /// The state of an area, or `invalid_argument` if the id is free.
    constexpr result<area_state> state(std::uint16_t id) const {
        const record* a = records_.find(id);
        if (a == nullptr) return errc::invalid_argument;
        return a->state;
    }

    /// Asks for a shared area back. `bad_state` if it is not shared.
    constexpr result<void> take_back(std::uint16_t id) {
        record* a = records_.find(id);
        if (a == nullptr || a->state != area_state::shared) return errc::bad_state;
        a->state = area_state::unshare_pending;
        a->unsent = true;
        ++unsent_;
        return {};
    }

    /// AREA_SHARE was answered, or failed for good.
    constexpr void answered_offer(std::uint16_t id, errc why) {
        record* a = records_.find(id);
        if (a == nullptr || a->state != area_state::offered) return;
        a->error = why;
        enter(*a, why == errc::none ? area_state::shared : area_state::released);
    }

    /// AREA_UNSHARE was answered, or failed for good: `busy` leaves the area pending until its release, any other error
    /// leaves it shared.
    constexpr void answered_take_back(std::uint16_t id, errc why) {
        record* a = records_.find(id);
        if (a == nullptr || a->state != area_state::unshare_pending) return;
        if (why == errc::none)
            enter(*a, area_state::released);
        else if (why != errc::busy)
            a->state = area_state::shared;
    }

    /// AREA_RELEASE has come. False if no release was owed.
    constexpr bool release(std::uint16_t id) {
        record* a = records_.find(id);
        if (a == nullptr || a->state != area_state::unshare_pending) return false;
        enter(*a, area_state::released);
        return true;
    }

    /// The peer has forgotten everything.
    constexpr void release_all() {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (record* a = records_.at_slot(i); a != nullptr && a->state != area_state::released)
                enter(*a, area_state::released);
    }

    constexpr std::size_t size() const { return records_.size(); } ///< ids that are taken

    /// The next piece of news; kind `none` if there is none. A released id becomes free with it.
    constexpr driver_event poll() {
        for (std::size_t i = 0; news_ != 0 && i < records_.slots(); ++i) {
            record* a = records_.at_slot(i);
            if (a == nullptr || !a->news) continue;
            a->news = false;
            --news_;
            const std::uint16_t id = records_.number_at(i);
            driver_event e{.kind = driver_event_kind::area_shared, .index = id, .error = a->error};
            if (a->state == area_state::released) {
                e.kind = a->error != errc::none ? driver_event_kind::area_refused : driver_event_kind::area_released;
                records_.erase(id);
            }
            return e;
        }
        return {};
    }

private:
    constexpr void settle(record& a) {
        if (a.unsent) --unsent_;
        a.unsent = false;
    }
    constexpr void enter(record& a, area_state state) {
        settle(a);
        if (!a.news) ++news_;
        a.news = true;
        a.state = state;
    }

    number_map<record, Capacity> records_{};
    std::size_t unsent_ = 0;
    std::size_t news_ = 0;
    std::uint16_t next_ = 0;
};

} // namespace vmsg::proto
