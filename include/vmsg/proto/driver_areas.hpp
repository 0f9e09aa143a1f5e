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
#include <vmsg/time.hpp>

namespace vmsg::proto {

enum class area_state : std::uint8_t {
    offered,         ///< AREA_SHARE is to be answered
    shared,          ///< the device side uses it
    unshare_pending, ///< the device side is asked to let go until it says that it has
    released,        ///< the device side has let go: the memory may be taken back
};

/// The areas of one driver side, by id, and the news about them. A free id has no record.
///
/// An AREA_SHARE that is late does no harm as long as it arrives before the quarantine of its token ends: the memory is
/// not given back before. Against a carrier that breaks rule K5 in other ways nothing here helps: an AREA_SHARE that
/// comes even later, once more after its AREA_UNSHARE, or after the bus was started anew makes a device side map memory
/// that was given back, and one that answers a doubled AREA_SHARE with ERROR (`device_areas` does not) may be heard as
/// refusing what it holds. What was shared with FFA_MEM_SHARE is safe even so: FFA_MEM_RECLAIM fails until the device
/// side has let go of it.
template <revision R, std::size_t Capacity> class driver_areas {
    struct record {
        area_state state{};
        driver_event_kind news{}; // the user has not heard of it yet
        bool unsent{};            // the request that belongs to `state` is to be sent, not before `due`
        bool open{};              // that request has been sent and is not over: its answer names this id
        bool accepted{};          // the device side has said so: what ends now is released, not refused
        bool doubtful{};          // the device side may have let go, or may do so unasked
        bool on_its_way{};        // AREA_SHARE may not have arrived yet: that the id is unknown decides nothing
        std::uint16_t attempts{}; // AREA_UNSHARE without an answer since the last one that had one
        errc error{};             // why the device side refused or kept it
        instant due{};
        instant arrived{}; // when AREA_SHARE is no more on its way
        area_share_request offered{};
    };

public:
    // --- from the user

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
        schedule(a, 0);
        return next_;
    }

    /// Asks for a shared area back. `bad_state` if it is not shared.
    constexpr result<void> take_back(std::uint16_t id) {
        record* a = records_.find(id);
        if (a == nullptr || a->state != area_state::shared) return errc::bad_state;
        if (a->news == driver_event_kind::area_kept) hear(*a); // that is over
        begin_taking_back(*a, 0);
        a->error = errc::none;
        return {};
    }

    /// The state of an area, or `invalid_argument` if the id is free.
    constexpr result<area_state> state(std::uint16_t id) const {
        const record* a = records_.find(id);
        if (a == nullptr) return errc::invalid_argument;
        return a->state;
    }

    constexpr std::size_t size() const { return records_.size(); } ///< ids that are taken

    /// The next piece of news; kind `none` if there is none. A released id becomes free with it, or with the end of the
    /// last request about it.
    constexpr driver_event poll() {
        for (std::size_t i = 0; news_ != 0 && i < records_.slots(); ++i) {
            const record* a = records_.at_slot(i);
            if (a != nullptr && a->news != driver_event_kind::none) return poll(records_.number_at(i));
        }
        return {};
    }
    /// The news of one area.
    constexpr driver_event poll(std::uint16_t area_id) {
        record* a = records_.find(area_id);
        if (a == nullptr || a->news == driver_event_kind::none) return {};
        const driver_event e{.kind = a->news, .index = area_id, .error = a->error};
        hear(*a);
        forget_if_over(area_id);
        return e;
    }

    // --- requests

    /// An area with a request to be sent, or `would_block`: AREA_SHARE if it is offered, AREA_UNSHARE otherwise.
    constexpr result<std::uint16_t> unsent(instant now) const {
        for (std::size_t i = 0; unsent_ != 0 && i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->unsent && a->due <= now)
                return records_.number_at(i);
        return errc::would_block;
    }
    /// When `unsent` has something to give; `never` if there is nothing to be sent.
    constexpr instant next_due() const {
        instant first = never;
        for (std::size_t i = 0; unsent_ != 0 && i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->unsent && a->due < first) first = a->due;
        return first;
    }
    /// The offer of an area.
    constexpr const area_share_request& offered(std::uint16_t id) const { return records_.find(id)->offered; }
    constexpr void mark_sent(std::uint16_t id) {
        record& a = *records_.find(id);
        settle(a);
        a.open = true;
    }
    /// The request about an area is over, and what became of it has been said.
    constexpr void ended(std::uint16_t id) {
        if (record* a = records_.find(id)) {
            a->open = false;
            forget_if_over(id);
        }
    }

    // --- what became of AREA_SHARE

    /// It was answered with success or an error, or has never left.
    constexpr void answered_offer(std::uint16_t id, errc why) {
        record* a = in_state(id, area_state::offered);
        if (a == nullptr) return;
        a->error = why;
        if (why != errc::none) return let_go(*a);
        settle(*a);
        a->state = area_state::shared;
        a->accepted = true;
        tell(*a, driver_event_kind::area_shared);
    }
    /// It has no answer that can be used: the device side may have the memory, and is asked to let go of it. From
    /// `arrived` on it is taken to have the memory or never to get it.
    constexpr void unanswered_offer(std::uint16_t id, errc why, instant arrived) {
        record* a = in_state(id, area_state::offered);
        if (a == nullptr) return;
        a->error = why;
        a->doubtful = a->on_its_way = true;
        a->arrived = arrived;
        begin_taking_back(*a, 0);
    }
    /// Offers that have not left never will.
    constexpr void give_up_offers(errc why) {
        for (std::size_t i = 0; unsent_ != 0 && i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->unsent)
                answered_offer(records_.number_at(i), why);
    }

    // --- what became of AREA_UNSHARE

    /// It was answered. `busy`: a release is owed; asked again at `again`, as the release may be lost. Any other error:
    /// the device side keeps the area, unless it may have let go already and does not know the id any more; if it may
    /// not know it yet, it is asked once more.
    constexpr void answered_take_back(std::uint16_t id, errc why, instant again) {
        record* a = in_state(id, area_state::unshare_pending);
        if (a == nullptr) return;
        if (why == errc::busy) {
            a->doubtful = true;
            a->on_its_way = false;
            begin_taking_back(*a, again);
        } else if (why != errc::none && a->on_its_way) {
            a->on_its_way = false;
            begin_taking_back(*a, a->arrived);
        } else if (why == errc::none || a->doubtful) {
            let_go(*a);
        } else {
            keep(*a, why);
        }
    }
    /// It has no answer that can be used (`left`), or was never taken by the carrier. Asked again at `again`, but if it
    /// could not be sent at all, or has failed `most` times without an answer: then the area is kept.
    constexpr void failed_take_back(std::uint16_t id, errc why, bool left, instant again, std::uint16_t most) {
        record* a = in_state(id, area_state::unshare_pending);
        if (a == nullptr) return;
        a->doubtful = a->doubtful || left;
        if (a->doubtful && ++a->attempts < most)
            schedule(*a, again);
        else
            keep(*a, why);
    }
    /// The bus has ended before it was answered.
    constexpr void postponed_take_back(std::uint16_t id) {
        if (record* a = in_state(id, area_state::unshare_pending)) schedule(*a, 0);
    }

    // --- what the peer does

    /// AREA_RELEASE has come. False if no release can be owed.
    constexpr bool release(std::uint16_t id) {
        record* a = records_.find(id);
        if (a == nullptr || a->state == area_state::released) return false;
        if (a->state != area_state::unshare_pending && !a->doubtful) return false;
        let_go(*a);
        return true;
    }

    /// The peer has let go of everything and forgotten it.
    constexpr void release_all() {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (record* a = records_.at_slot(i); a != nullptr && a->state != area_state::released) let_go(*a);
    }

private:
    constexpr record* in_state(std::uint16_t id, area_state state) {
        record* a = records_.find(id);
        return a != nullptr && a->state == state ? a : nullptr;
    }
    constexpr void schedule(record& a, instant due) {
        if (!a.unsent) ++unsent_;
        a.unsent = true;
        a.due = due;
    }
    constexpr void settle(record& a) {
        if (a.unsent) --unsent_;
        a.unsent = false;
    }
    constexpr void tell(record& a, driver_event_kind news) {
        if (a.news == driver_event_kind::none) ++news_;
        a.news = news;
    }
    constexpr void hear(record& a) {
        a.news = driver_event_kind::none;
        --news_;
    }
    constexpr void begin_taking_back(record& a, instant due) {
        a.state = area_state::unshare_pending;
        a.attempts = 0;
        schedule(a, due);
    }
    constexpr void let_go(record& a) {
        settle(a);
        a.state = area_state::released;
        if (a.accepted)
            a.error = errc::none;
        else if (a.error == errc::none)
            a.error = errc::aborted;
        tell(a, a.accepted ? driver_event_kind::area_released : driver_event_kind::area_refused);
    }
    constexpr void keep(record& a, errc why) {
        a.state = area_state::shared;
        a.accepted = true;
        a.error = why;
        tell(a, driver_event_kind::area_kept);
    }
    constexpr void forget_if_over(std::uint16_t id) {
        const record& a = *records_.find(id);
        if (a.state == area_state::released && a.news == driver_event_kind::none && !a.open) records_.erase(id);
    }

    number_map<record, Capacity> records_{};
    std::size_t unsent_ = 0;
    std::size_t news_ = 0;
    std::uint16_t next_ = 0;
};

} // namespace vmsg::proto
