// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The devices of a bus as its driver side knows them, and the news about them that its user has not heard yet. News of
// one device are merged, so a peer that repeats itself costs nothing.

#include <cstddef>
#include <cstdint>

#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// Up to `Capacity` devices by number.
template <std::size_t Capacity> class device_directory {
    struct record : known_device {
        std::uint16_t round{};     // of the enumeration that saw it last
        bool listed{};             // stands in the list of devices with news
        bool told{};               // the user knows that it is there
        bool added{};              // news: it is there
        bool removed{};            // news: it is gone
        bool back{};               // news: after that it was there again
        bool config_changed{};     // news
        bool kick_lost{};          // news
        bool any_used{};           // news: a queue from 64 on has used buffers
        std::uint64_t used{};      // news: queues 0 to 63 that have, a bit each
        std::uint32_t lost_kick{}; // virtqueue, or `every_queue` if there are several
    };

public:
    /// The device under this number, unless it has been removed.
    constexpr known_device* find(std::uint16_t number) {
        record* d = records_.find(number);
        return d != nullptr && !d->removed ? d : nullptr;
    }
    constexpr const known_device* find(std::uint16_t number) const {
        const record* d = records_.find(number);
        return d != nullptr && !d->removed ? d : nullptr;
    }

    /// A device is there, as enumeration `round` says. False if there is no room for it.
    constexpr bool add(std::uint16_t number, std::uint16_t round) {
        record* d = records_.find(number);
        if (d == nullptr) {
            d = records_.insert(number);
            if (d == nullptr) return false;
            d->added = true;
            list(number, *d);
        }
        d->back = d->removed;
        d->round = round;
        return true;
    }

    constexpr void remove(std::uint16_t number) {
        if (record* d = records_.find(number)) {
            d->removed = true;
            d->back = false;
            list(number, *d);
        }
    }

    constexpr void remove_all() {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (records_.at_slot(i) != nullptr) remove(records_.number_at(i));
    }

    constexpr void config_changed(std::uint16_t number) {
        if (record* d = records_.find(number)) {
            d->config_changed = true;
            list(number, *d);
        }
    }

    constexpr void used(std::uint16_t number, std::uint32_t vq_index) {
        if (record* d = records_.find(number)) {
            if (vq_index < 64)
                d->used |= std::uint64_t{1} << vq_index;
            else
                d->any_used = true;
            list(number, *d);
        }
    }

    /// Any queue of any device that runs may have used buffers.
    constexpr void used_in_all() {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (record* d = records_.at_slot(i); d != nullptr && !d->removed && detail::runs(*d))
                used(records_.number_at(i), every_queue);
    }

    constexpr void kick_lost(std::uint16_t number, std::uint32_t vq_index) {
        if (record* d = records_.find(number)) {
            d->lost_kick = d->kick_lost && d->lost_kick != vq_index ? every_queue : vq_index;
            d->kick_lost = true;
            list(number, *d);
        }
    }

    /// The number of a device that enumeration `round` has not seen, or `no_device`. The search goes on at `place`,
    /// which is 0 at first.
    constexpr result<std::uint16_t> unseen(std::uint16_t round, std::size_t& place) const {
        for (; place < records_.slots(); ++place) {
            const record* d = records_.at_slot(place);
            if (d != nullptr && (!d->removed || d->back) && d->round != round) return records_.number_at(place);
        }
        return errc::no_device;
    }

    /// Devices that are there.
    constexpr std::size_t size() const {
        std::size_t n = 0;
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (const record* d = records_.at_slot(i); d != nullptr && !d->removed) ++n;
        return n;
    }

    /// The next piece of news; kind `none` if there is none. A removed device is forgotten with its last news.
    constexpr driver_event poll() {
        while (listed_ != 0) {
            const std::uint16_t number = list_[first_];
            record& d = *records_.find(number);
            const driver_event e = d.removed ? removal(number, d) : news(number, d);
            if (e.kind != driver_event_kind::none) return e;
            d.listed = false;
            if (d.removed) records_.erase(number);
            first_ = first_ + 1 == Capacity ? 0 : first_ + 1;
            --listed_;
        }
        return {};
    }

private:
    constexpr void list(std::uint16_t number, record& d) {
        if (d.listed) return;
        d.listed = true;
        list_[(first_ + listed_++) % Capacity] = number;
    }

    static constexpr driver_event removal(std::uint16_t number, record& d) {
        if (d.told) {
            d.told = false;
            return {.kind = driver_event_kind::device_removed, .dev_num = number};
        }
        if (!d.back) return {};
        const std::uint16_t round = d.round;
        d = record{};
        d.round = round;
        d.listed = true;
        d.added = true;
        return news(number, d);
    }

    static constexpr driver_event news(std::uint16_t number, record& d) {
        if (d.added) {
            d.added = false;
            d.told = true;
            return {.kind = driver_event_kind::device_added, .dev_num = number};
        }
        if (d.config_changed) {
            d.config_changed = false;
            return {.kind = driver_event_kind::config_changed, .dev_num = number};
        }
        if (d.kick_lost) {
            d.kick_lost = false;
            return {.kind = driver_event_kind::kick_lost, .dev_num = number, .index = d.lost_kick};
        }
        if (d.any_used) {
            d.any_used = false;
            d.used = 0;
            return {.kind = driver_event_kind::used, .dev_num = number, .index = every_queue};
        }
        if (d.used == 0) return {};
        std::uint32_t index = 0;
        while ((d.used >> index & 1) == 0) ++index;
        d.used &= d.used - 1;
        return {.kind = driver_event_kind::used, .dev_num = number, .index = index};
    }

    number_map<record, Capacity> records_{};
    std::uint16_t list_[Capacity]{}; // numbers of devices with news, each at most once, as a ring
    std::size_t first_ = 0;
    std::size_t listed_ = 0;
};

} // namespace vmsg::proto
