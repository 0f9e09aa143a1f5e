// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the driver side of the demo has around it: a wire that shows messages and can fail, and the device side.

#include "carrier.hpp"
#include "device_side.hpp"
#include "image.hpp"
#include "message_log.hpp"
#include "options.hpp"

#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/tracer.hpp>

#include <algorithm>
#include <optional>

namespace disk {

/// The two ends of a carrier, at each of which messages are shown, and faults are made before that.
template <vmsg::revision R> class faulty_wire {
    static constexpr std::size_t max_msg_size = vmsg::constants_of<R>.ffa_max_msg_size;
    static constexpr std::size_t most_held = 16; // frames that are late at one end
    using shown_type = vmsg::transports::tracer<logged_end, message_log<R>>;

public:
    using end_type = vmsg::transports::fault_injector<shown_type, most_held, max_msg_size>;

    faulty_wire(const options& chosen, carrier& below, message_totals& totals)
        : driver_below_(below.driver_end(), totals, true),
          device_below_(below.device_end(), totals, false),
          driver_log_(totals, "driver > ", true),
          device_log_(totals, "device < ", false),
          driver_(driver_shown_, chosen.faults, 2 * chosen.seed),
          device_(device_shown_, chosen.faults, 2 * chosen.seed + 1) {}

    end_type& driver_side() { return driver_; }
    end_type& device_side() { return device_; }
    /// Both ends together.
    template <class Counter> std::uint64_t count(Counter counter) const {
        return driver_.counters().*counter + device_.counters().*counter;
    }

private:
    logged_end driver_below_;
    logged_end device_below_;
    message_log<R> driver_log_;
    message_log<R> device_log_;
    shown_type driver_shown_{driver_below_, driver_log_};
    shown_type device_shown_{device_below_, device_log_};
    end_type driver_;
    end_type device_;
};

/// Everything but the driver side, as its clock lets it work. The device side starts anew once, if that is wanted.
template <vmsg::revision R> class surroundings : public device_program {
    using side_type = device_side<R, typename faulty_wire<R>::end_type>;

public:
    surroundings(const options& chosen, faulty_wire<R>& wire, carrier& below, image& image, message_totals& totals)
        : chosen_(chosen), wire_(wire), carrier_(below), image_(image) {
        if (chosen.restart) totals.before_send = [this] { start_anew_in_time(); };
        side_.emplace(wire_.device_side(), carrier_, image_, chosen_.flip);
        carrier_.start(*this);
    }

    vmsg::instant operator()(vmsg::instant now) {
        return std::min(carrier_.run_device(now), wire_.driver_side().poll_timeout());
    }

    vmsg::instant step(vmsg::instant now) override {
        return std::min(side_->step(now), wire_.device_side().poll_timeout());
    }
    bool holds_answer() const override { return side_->holds_answer(); }

    /// Of the present and the former device side.
    std::uint64_t events() const { return former_.events + side_->counters().events; }
    std::uint64_t carrier_busy() const { return former_.carrier_busy + side_->counters().carrier_busy; }
    std::uint64_t no_answers() const { return former_.no_answers + side_->counters().no_answers; }
    std::uint64_t dropped() const { return former_.dropped.total() + side_->counters().dropped.total(); }
    std::size_t open_areas() { return side_->open_areas(); }

private:
    void start_anew_in_time() {
        if (restarted_ || side_->counters().received < *chosen_.restart) return;
        restarted_ = true;
        former_ = side_->counters();
        side_.emplace(wire_.device_side(), carrier_, image_, chosen_.flip);
        wire_.device_side().restart();
        carrier_.restart_device();
    }

    const options& chosen_;
    faulty_wire<R>& wire_;
    carrier& carrier_;
    image& image_;
    std::optional<side_type> side_;
    vmsg::proto::device_counters former_{};
    bool restarted_ = false;
};

} // namespace disk
