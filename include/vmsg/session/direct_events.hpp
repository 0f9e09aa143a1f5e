// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `detail::direct_events`: events that come over direct messages in place of an answer, judged and kept.
// Source: FF-A bus, rule N8.

#include <cstdint>

#include <vmsg/ffa/conduit.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/proto/driver_rules.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/session/clock.hpp>
#include <vmsg/session/direct_requests.hpp>

namespace vmsg::detail {

/// `Session` derives from it and has, besides what `direct_requests` needs, `is_up()`; `find(dev_num)`, a device or
/// nullptr; `is_lone`: there is one device, and nothing to ask for without it; `on(event_device)` and, if `has_areas`,
/// `on(event_area_release)`.
template <class Session, ffa::conduit Conduit, session_clock Clock, class Policy>
class direct_events : public direct_requests<Session, Conduit, Clock, Policy> {
    static constexpr revision R = Policy::rev;
    using base = direct_requests<Session, Conduit, Clock, Policy>;
    friend typename base::carrier;

protected:
    using requests = base;
    using base::base;

    /// The event that nobody has heard of, which is forgotten.
    constexpr proto::driver_event take_kept() {
        const news e = kept_;
        kept_ = {};
        return {.kind = e.kind, .dev_num = e.dev_num, .index = e.index, .error = e.error};
    }
    /// There is room for one: whoever waits takes it before the next one is asked for. `full` if he has not.
    constexpr errc keep(proto::driver_event_kind kind, std::uint16_t dev_num, std::uint32_t index) {
        if (kept_.kind != proto::driver_event_kind::none) return errc::full;
        kept_ = {index, errc::none, dev_num, kind};
        return errc::none;
    }
    /// In place of whatever is kept.
    constexpr void keep_failure(errc why) { kept_ = {0, why, 0, proto::driver_event_kind::bus_failed}; }
    constexpr void forget_kept() { kept_ = {}; }
    constexpr bool keeps_news() const { return kept_.kind != proto::driver_event_kind::none; }

    /// EVENT_POLL, whose answer can be an event. False if there was none.
    constexpr bool ask_for_event() {
        event_poll_response got;
        const errc why = this->converse(0, event_poll_request{}, got);
        if (why == errc::peer_error && present_in<error_response, R>) self().lose(why); // the peer knows nothing of us
        return this->is_other(why);
    }

private:
    struct news {
        std::uint32_t index{};
        errc error{};
        std::uint16_t dev_num{};
        proto::driver_event_kind kind{};
    };

    constexpr bool has_lost(std::uint16_t dev_num, std::uint16_t type_and_id) const {
        const bool its_own = Session::is_lone || (kept_.dev_num == dev_num && (type_and_id & type_bus) == 0);
        return kept_.kind == proto::driver_event_kind::device_removed && its_own;
    }
    constexpr Session& self() { return static_cast<Session&>(*this); }

    /// An event has come in place of an answer.
    constexpr void take_event(const header& h) {
        const errc why = self().is_up() ? judge_event(h) : errc::bad_state;
        if (why == errc::none)
            ++this->count().events;
        else
            this->drop(why);
    }
    constexpr errc judge_event(const header& h) {
        constexpr unsigned bus = 1u << 8;
        switch ((h.is_bus() ? bus : 0) | h.msg_id) {
        case row_of<event_used>.id: return take<event_used>(h);
        case row_of<event_config>.id: return take<event_config>(h);
        case row_of<event_avail>.id: return errc::bad_type;
        case bus | row_of<event_device>.id: return take<event_device>(h);
        case bus | row_of<event_area_release>.id:
            if constexpr (Session::has_areas) return take<event_area_release>(h);
            return errc::bad_type;
        default: return errc::unknown_id;
        }
    }
    template <class Event> constexpr errc take(const header& h) {
        Event e;
        const errc why = this->read_event(h, e);
        if (why != errc::none) return why;
        if constexpr (row_of<Event>.cls == msg_class::transport)
            return on(h.dev_num, e);
        else
            return self().on(e);
    }
    constexpr errc on(std::uint16_t dev_num, const event_used& e) {
        const errc why = proto::detail::check_event(self().find(dev_num), e);
        return why == errc::none ? keep(proto::driver_event_kind::used, dev_num, e.vq_index) : why;
    }
    constexpr errc on(std::uint16_t dev_num, const event_config& e) {
        proto::known_device* d = self().find(dev_num);
        const errc why = proto::detail::check_event(d, e);
        if (why != errc::none) return why;
        proto::detail::learn(*d, e);
        return keep(proto::driver_event_kind::config_changed, dev_num, 0);
    }

    [[no_unique_address]] news kept_{}; // what derives from this uses its last byte
};

} // namespace vmsg::detail
