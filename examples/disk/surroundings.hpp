// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the driver side of the demo has around it: a carrier that shows messages and can fail, and the device side.

#include "device_side.hpp"
#include "image.hpp"
#include "message_log.hpp"
#include "options.hpp"
#include "shared_memory.hpp"

#include <vmsg/transport/fault_injector.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/tracer.hpp>

#include <algorithm>
#include <optional>

namespace disk {

/// The carrier between the two sides, at each end of which messages are shown, and faults are made before that.
template <vmsg::revision R> class carrier {
    static constexpr std::size_t max_msg_size = vmsg::constants_of<R>.ffa_max_msg_size;
    static constexpr std::size_t most_held = 16; // frames that are late at one end
    using wire_type = vmsg::transports::loopback<16, max_msg_size>;
    using traced_type = vmsg::transports::tracer<typename wire_type::end, message_log<R>>;

public:
    using end_type = vmsg::transports::fault_injector<traced_type, most_held, max_msg_size>;

    carrier(const options& chosen, message_totals& totals)
        : driver_log_(totals, "driver > "),
          device_log_(totals, "device < "),
          driver_(driver_traced_, chosen.faults, 2 * chosen.seed),
          device_(device_traced_, chosen.faults, 2 * chosen.seed + 1) {}

    end_type& driver_side() { return driver_; }
    end_type& device_side() { return device_; }
    /// When a frame that is held back is due.
    vmsg::instant poll_timeout() const { return std::min(driver_.poll_timeout(), device_.poll_timeout()); }
    /// Both ends together.
    template <class Counter> std::uint64_t count(Counter counter) const {
        return driver_.counters().*counter + device_.counters().*counter;
    }

private:
    wire_type wire_;
    message_log<R> driver_log_;
    message_log<R> device_log_;
    traced_type driver_traced_{wire_.driver_side(), driver_log_};
    traced_type device_traced_{wire_.device_side(), device_log_};
    end_type driver_;
    end_type device_;
};

/// Everything but the driver side, as its clock lets it work. The device side starts anew once, if that is wanted.
template <vmsg::revision R> class surroundings {
    using side_type = device_side<R, typename carrier<R>::end_type>;

public:
    surroundings(const options& chosen, carrier<R>& wire, shared_memory& memory, image& image)
        : chosen_(chosen), wire_(wire), memory_(memory), image_(image) {
        side_.emplace(wire_.device_side(), memory_, image_, chosen_.flip);
    }

    vmsg::instant operator()(vmsg::instant now) {
        if (!restarted_ && chosen_.restart && side_->counters().received >= *chosen_.restart) start_anew();
        return std::min(side_->step(now), wire_.poll_timeout());
    }

    /// Of the present and the former device side.
    std::uint64_t events() const { return former_.events + side_->counters().events; }
    std::uint64_t carrier_busy() const { return former_.carrier_busy + side_->counters().carrier_busy; }
    std::uint64_t no_answers() const { return former_.no_answers + side_->counters().no_answers; }
    std::uint64_t dropped() const { return former_.dropped.total() + side_->counters().dropped.total(); }
    std::size_t open_areas() { return side_->open_areas(); }

private:
    void start_anew() {
        restarted_ = true;
        former_ = side_->counters();
        side_.emplace(wire_.device_side(), memory_, image_, chosen_.flip);
        wire_.device_side().restart();
        memory_.unmap_all();
    }

    const options& chosen_;
    carrier<R>& wire_;
    shared_memory& memory_;
    image& image_;
    std::optional<side_type> side_;
    vmsg::proto::device_counters former_{};
    bool restarted_ = false;
};

} // namespace disk
