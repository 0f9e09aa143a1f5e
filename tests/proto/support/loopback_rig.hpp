// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `loopback_rig`: a driver engine and a device engine with its devices, connected by a loopback transport, with a clock
// that advances when nothing else happens. Everything works in a constant expression, too.

#include <vmsg/transport/loopback.hpp>

#include "proto/support/engines.hpp"
#include "proto/support/test_device.hpp"

#include <cstddef>
#include <cstdint>

namespace proto_test {

/// `Fifo`: the engines can have one.
template <revision R, bool Fifo = false> struct loopback_rig {
    static constexpr driver_capacity capacity_of_driver() {
        driver_capacity c = rig_driver_capacity;
        c.fifo = Fifo;
        return c;
    }
    static constexpr device_capacity capacity_of_device() {
        device_capacity c = rig_device_capacity;
        c.fifo = Fifo;
        return c;
    }
    static constexpr revision rev = R;
    static constexpr std::uint16_t first = 3;    ///< number of a device
    static constexpr std::uint16_t second = 300; ///< number of another one, beyond the first window

    static constexpr driver_options options_of_driver(bool polls) {
        driver_options options;
        options.max_msg_size = constants_of<R>.ffa_max_msg_size;
        options.events = polls ? event_method::poll : event_method::indirect;
        return options;
    }
    static constexpr device_options options_of_device(bool polls) {
        device_options options;
        options.max_msg_size = constants_of<R>.ffa_max_msg_size;
        options.can_push = !polls;
        return options;
    }

    transports::loopback<2, 104> wire{};
    driver<R, capacity_of_driver()> drv;
    device_bus<R, capacity_of_device()> dev;
    test_device models[2]{};
    attached<test_device> ports[2]{attached<test_device>{models[0]}, attached<test_device>{models[1]}};
    std::uint8_t memory[area_page_size]{};
    instant now = 1000;
    bool maps = true; ///< the owner of the device side does what it has to do about areas

    /// `polls`: the driver asks for events; otherwise they are sent to it unasked.
    constexpr explicit loopback_rig(bool polls) : drv(options_of_driver(polls)), dev(options_of_device(polls)) {}

    constexpr bool attach() {
        return dev.attach(first, ports[0]).has_value() && dev.attach(second, ports[1]).has_value();
    }

    /// Moves what can be moved by one place; false if there was nothing.
    constexpr bool step() {
        std::uint8_t buffer[104]{};
        bool moved = false;
        if (const auto frame = drv.poll_transmit(now)) {
            drv.handle_sent(wire.driver_side().send({}, *frame, now), now);
            moved = true;
        }
        if (const auto in = wire.device_side().receive(buffer, now)) {
            static_cast<void>(dev.handle_frame({buffer, in->size}, now));
            moved = true;
        }
        while (maps) {
            const area_task task = dev.poll_task();
            if (task.what == area_task::kind::none) break;
            if (task.what == area_task::kind::map)
                static_cast<void>(dev.areas().mapped(task.area_id, memory));
            else
                static_cast<void>(dev.areas().unmapped(task.area_id));
            moved = true;
        }
        if (const auto frame = dev.poll_transmit(now)) {
            dev.handle_sent(wire.device_side().send({}, *frame, now), now);
            moved = true;
        }
        if (const auto in = wire.driver_side().receive(buffer, now)) {
            drv.handle_frame({buffer, in->size}, now);
            moved = true;
        }
        return moved;
    }

    /// The next event, for which time passes if it has to; kind `none` if there never is one.
    constexpr driver_event next_event() {
        for (int i = 0; i < 100; ++i) {
            if (const driver_event e = drv.poll_event(); e.kind != driver_event_kind::none) return e;
            if (step()) continue;
            if (drv.poll_timeout() == never) break;
            if (drv.poll_timeout() > now) now = drv.poll_timeout();
            drv.handle_timeout(now);
        }
        return {};
    }
    constexpr bool next_is(driver_event_kind kind, std::uint16_t dev_num = 0) {
        const driver_event e = next_event();
        return e.kind == kind && e.dev_num == dev_num;
    }
    /// Lets everything settle without any time passing.
    constexpr void settle() {
        while (step()) {}
    }

    /// A request and its answer, the ticket given back. A tail would view memory that is gone: only its status counts.
    template <class Request> constexpr result<response_of<Request>> ask(std::uint16_t dev_num, const Request& m) {
        const auto t = drv.request(dev_num, m, now);
        if (!t) return t.error();
        if (const driver_event e = next_event(); !e.is(*t)) return errc::bad_state;
        const auto got = drv.response(*t);
        drv.release(*t, now);
        return got;
    }
    constexpr bool status(std::uint16_t dev_num, unsigned wanted) {
        const auto got = ask(dev_num, set_device_status_request{device_status{wanted}});
        return got && got->status == device_status{wanted};
    }

    // --- the life of a bus, step by step: each says whether it went as it should

    constexpr bool bring_up() {
        return drv.start(now) && next_is(driver_event_kind::device_added, first) &&
               next_is(driver_event_kind::device_added, second) && next_is(driver_event_kind::bus_ready) &&
               drv.state() == bus_state::ready && drv.device_count() == 2 && dev.negotiated();
    }
    constexpr result<std::uint16_t> share() {
        const auto attrs = R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share;
        const auto id = drv.share_area(0x77, 1, attrs);
        if (!id) return id;
        const driver_event e = next_event();
        if (e.kind != driver_event_kind::area_shared || e.index != *id) return errc::bad_state;
        return id;
    }
    constexpr bool negotiate_device(std::uint16_t dev_num) {
        const auto info = ask(dev_num, get_device_info_request{});
        if (!info || info->device_id != 2 || feature_blocks<R>(*info) != 2 || info->config_size != 16) return false;
        if (!status(dev_num, 0x0) || !status(dev_num, 0x1) || !status(dev_num, 0x3)) return false;
        if (!ask(dev_num, get_device_features_request{0, 2})) return false;
        const std::uint32_t wanted[]{0x200, 0x103}; // with VIRTIO_F_RING_RESET
        return ask(dev_num, set_driver_features_request{0, 2, wanted}) && status(dev_num, 0xb);
    }
    constexpr bool enable_queue(std::uint16_t dev_num, std::uint16_t area) {
        const auto at = [](std::uint16_t id, std::uint64_t offset) { return *make_bus_address<R>(id, offset); };
        const auto before = ask(dev_num, get_vqueue_request{0});
        if (!before || before->max_size != 256 || before->cur_size != 0) return false;
        if (!ask(dev_num, set_vqueue_request{.index = 0,
                                             .flags = R == revision::oasis_v2 ? vqueue_flags::enable : vqueue_flags{},
                                             .size = 64,
                                             .descriptor_addr = at(area, 0),
                                             .driver_addr = at(area, 0x400),
                                             .device_addr = at(area, 0x800)}))
            return false;
        const auto after = ask(dev_num, get_vqueue_request{0});
        return after && after->cur_size == 64 && after->device_addr == at(area, 0x800);
    }
    /// A buffer goes to the device and comes back.
    constexpr bool transfer(std::uint16_t dev_num, test_device& model) {
        const int kicks = model.kicks[0];
        if (!drv.notify(dev_num, 0, 0)) return false;
        settle();
        if (model.kicks[0] != kicks + 1 || !dev.used(dev_num, 0)) return false;
        const driver_event e = next_event();
        return e.kind == driver_event_kind::used && e.dev_num == dev_num && e.index == 0;
    }
    constexpr bool run_device(std::uint16_t dev_num, test_device& model, std::uint16_t area) {
        return negotiate_device(dev_num) && enable_queue(dev_num, area) && status(dev_num, 0xf) && model.enabled[0] &&
               transfer(dev_num, model);
    }
    constexpr bool unshare(std::uint16_t area) {
        if (!drv.unshare_area(area)) return false;
        const driver_event e = next_event();
        return e.kind == driver_event_kind::area_released && e.index == area;
    }
    constexpr bool take_down() {
        if (!drv.reset(now) || !next_is(driver_event_kind::bus_down)) return false;
        while (drv.poll_event().kind == driver_event_kind::device_removed) {}
        settle();
        return drv.state() == bus_state::down && !dev.negotiated() && all_given_back();
    }
    constexpr bool all_given_back() {
        return drv.poll_event().kind == driver_event_kind::none && drv.open_requests() == 0 && drv.open_areas() == 0 &&
               dev.areas().size() == 0 && drv.poll_timeout() == never && dev.poll_timeout() == never &&
               drv.counters().dropped.total() == 0 && dev.counters().dropped.total() == 0 && dev.counters().lost == 0;
    }

    /// From nothing to a transfer and back to nothing.
    constexpr bool whole_life() {
        if (!attach() || !bring_up()) return false;
        const auto area = share();
        return area && run_device(first, models[0], *area) && status(first, 0) && unshare(*area) && take_down();
    }
};

} // namespace proto_test
