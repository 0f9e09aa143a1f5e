// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The devices of a device side by number, and the events about them that the driver is owed. What is owed is kept as
// flags, so events of one kind merge and nothing can overflow.

#include <cstddef>
#include <cstdint>

#include <vmsg/proto/device_model.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

/// An event that is to be sent.
struct owed_event {
    enum class kind : std::uint8_t { none, added, removed, config_changed, used };
    kind what{};
    std::uint16_t dev_num{};
    std::uint32_t vq_index{};
    std::uint32_t changed_offset{}; ///< bytes; the range of a change of the configuration
    std::uint32_t changed_length{}; ///< bytes; 0, 0: any of it
};

/// Up to `Capacity` devices. A number that was taken off the bus counts until the driver knows.
template <std::size_t Capacity> class device_table {
    struct record {
        device_port* port{};
        bool listed{};
        bool added{};
        bool removed{};
        std::uint32_t cursor{}; // virtqueue at which the search for used ones goes on
    };

public:
    /// The device under this number, or nullptr.
    constexpr device_port* find(std::uint16_t number) const {
        const record* d = records_.find(number);
        return d != nullptr ? d->port : nullptr;
    }

    /// `announce`: there is a driver to be told. Errors: `invalid_argument` (the number is taken, or the port has one),
    /// `full`.
    constexpr result<void> attach(std::uint16_t number, device_port& port, bool announce) {
        if (find(number) != nullptr || has(port)) return errc::invalid_argument;
        record* d = records_.insert(number);
        if (d == nullptr) return errc::full;
        d->port = &port;
        d->added = announce;
        if (announce) list(number);
        return {};
    }

    constexpr void detach(std::uint16_t number, bool announce) {
        record& d = *records_.find(number);
        d.port = nullptr;
        // The driver has not heard of a device that is still to be added, unless one was removed before it.
        if (!d.added) d.removed = d.removed || announce;
        d.added = false;
        if (d.removed) return list(number);
        unlist(number);
        records_.erase(number);
    }

    /// There is an event about a device.
    constexpr void list(std::uint16_t number) {
        record& d = *records_.find(number);
        if (d.listed) return;
        d.listed = true;
        list_[(first_ + listed_++) % Capacity] = number;
    }

    /// No driver is left who would have to be told.
    constexpr void forget_events() {
        for (; listed_ != 0; --listed_) {
            const std::uint16_t number = list_[first_];
            first_ = (first_ + 1) % Capacity;
            record& d = *records_.find(number);
            d.listed = d.added = d.removed = false;
            if (d.port == nullptr) records_.erase(number);
        }
    }

    constexpr bool owes_events() const { return listed_ != 0; }
    /// The next event; kind `none` if none is owed. Devices take turns.
    constexpr owed_event poll_event() {
        for (std::size_t turns = listed_; turns != 0; --turns) {
            const std::uint16_t number = list_[first_];
            first_ = (first_ + 1) % Capacity;
            --listed_;
            record& d = *records_.find(number);
            d.listed = false;
            const owed_event e = take(number, d);
            if (d.port == nullptr && !d.removed)
                records_.erase(number);
            else if (e.what != owed_event::kind::none)
                list(number); // there may be more
            if (e.what != owed_event::kind::none) return e;
        }
        return {};
    }

    /// An event that was polled could not be sent: it is owed again, unless it means nothing any more. False if there
    /// is no room to remember a device that has gone.
    constexpr bool put_back(const owed_event& e) {
        record* d = records_.find(e.dev_num);
        if (e.what == owed_event::kind::removed) {
            if (d == nullptr) d = records_.insert(e.dev_num);
            if (d == nullptr) return false;
            d->removed = true;
            // The device that has its number now is another one to the driver.
            d->added = d->port != nullptr;
            list(e.dev_num);
            return true;
        }
        if (d == nullptr || d->port == nullptr) return true;
        switch (e.what) {
        case owed_event::kind::added: d->added = true; break;
        case owed_event::kind::config_changed: d->port->note_change(e.changed_offset, e.changed_length); break;
        case owed_event::kind::used:
            if (e.vq_index >= d->port->queue_count() || !d->port->queue(e.vq_index).enabled) return true;
            d->port->queue(e.vq_index).used = true;
            break;
        default: return true;
        }
        list(e.dev_num);
        return true;
    }

    /// Sets the bits of `count` numbers from `offset` on in `bitmap`, which is zero, and gives the number at which a
    /// driver should go on: 0 if no device has a higher number.
    constexpr std::uint16_t report(std::uint16_t offset, std::size_t count, std::uint8_t* bitmap) const {
        const std::size_t end = offset + count;
        std::size_t next = 65536;
        for (std::size_t i = 0; i < records_.slots(); ++i) {
            const record* d = records_.at_slot(i);
            if (d == nullptr || d->port == nullptr) continue;
            const std::size_t number = records_.number_at(i);
            if (number >= offset && number < end)
                bitmap[(number - offset) / 8] |= static_cast<std::uint8_t>(1u << (number - offset) % 8);
            if (number >= end && number > offset && number < next) next = number;
        }
        return static_cast<std::uint16_t>(next == 65536 ? 0 : count != 0 ? end : next);
    }

    constexpr std::size_t slots() const { return records_.slots(); }
    /// The device in a place, nullptr in those that are free.
    constexpr device_port* at_slot(std::size_t i) const {
        const record* d = records_.at_slot(i);
        return d != nullptr ? d->port : nullptr;
    }

private:
    constexpr bool has(const device_port& port) const {
        for (std::size_t i = 0; i < slots(); ++i)
            if (at_slot(i) == &port) return true;
        return false;
    }

    constexpr void unlist(std::uint16_t number) {
        for (std::size_t turns = listed_; turns != 0; --turns) {
            const std::uint16_t first = list_[first_];
            first_ = (first_ + 1) % Capacity;
            --listed_;
            if (first != number) list_[(first_ + listed_++) % Capacity] = first;
        }
        records_.find(number)->listed = false;
    }

    static constexpr owed_event take(std::uint16_t number, record& d) {
        if (d.removed) {
            d.removed = false;
            return {.what = owed_event::kind::removed, .dev_num = number};
        }
        if (d.port == nullptr) return {};
        if (d.added) {
            d.added = false;
            return {.what = owed_event::kind::added, .dev_num = number};
        }
        if (d.port->config_changed) {
            d.port->config_changed = false;
            return {.what = owed_event::kind::config_changed,
                    .dev_num = number,
                    .changed_offset = d.port->changed_offset,
                    .changed_length = d.port->changed_length};
        }
        const std::uint32_t queues = d.port->queue_count();
        for (std::uint32_t i = 0; i < queues; ++i) {
            d.cursor = d.cursor + 1 < queues ? d.cursor + 1 : 0;
            if (!d.port->queue(d.cursor).used) continue;
            d.port->queue(d.cursor).used = false;
            return {.what = owed_event::kind::used, .dev_num = number, .vq_index = d.cursor};
        }
        return {};
    }

    number_map<record, Capacity> records_{};
    std::uint16_t list_[Capacity]{}; // numbers of devices with events, each at most once, as a ring
    std::size_t first_ = 0;
    std::size_t listed_ = 0;
};

} // namespace vmsg::proto
