// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `random_run`: both engines over some transport, a loopback as a rule, under random use: every operation in every
// state, a carrier with faults, sides that start anew, an owner of the memory that takes its time. What must hold is
// checked at every step.

#include <vmsg/message/info.hpp>
#include <vmsg/random.hpp>
#include <vmsg/transport/fault_injector.hpp>

#include "proto/support/answer_book.hpp"
#include "proto/support/loopback_rig.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <variant>
#include <vector>

namespace proto_test {

using any_ticket = std::variant<ticket<get_device_info_request>, ticket<get_device_status_request>,
                                ticket<set_device_status_request>, ticket<set_driver_features_request>,
                                ticket<get_config_request>, ticket<set_config_request>, ticket<get_vqueue_request>,
                                ticket<set_vqueue_request>, ticket<reset_vqueue_request>, ticket<ping_request>>;

struct user_ticket {
    any_ticket t{};
    bool completed = false;
    errc error{};
};

/// What goes wrong.
struct faults {
    transports::fault_rates to_device{};
    transports::fault_rates to_driver{};
    unsigned damaged = 0;  ///< one frame in so many has some other bytes, or another size; 0 for none
    unsigned invented = 0; ///< one step in so many the driver side gets a frame that nobody has sent; 0 for none
    unsigned restarts = 0; ///< one step in so many a side loses all it knows; 0 for none

    bool none() const { return restarts + to_device.busy + to_driver.busy == 0; }
    /// Whether each side hears only what the other one has said.
    constexpr bool keeps_sense() const { return to_device.corrupt + to_driver.corrupt + damaged + invented == 0; }
    /// Whether the device side hears it in the same order (K5): only then nothing from before a new start comes after
    /// it.
    constexpr bool keeps_order() const { return to_device.delay + to_device.reorder == 0; }
};

/// What is between the engines: two ends, and who shares and maps memory. The others: ffa_carriages.hpp.
class loopback_carriage {
public:
    using driver_wire = transports::loopback<2, 104>::end;
    using device_wire = driver_wire;
    static constexpr bool has_fifo = false;
    static constexpr bool can_push = true;
    static constexpr bool takes_at_once = true; // a frame that was held back

    explicit loopback_carriage(std::uint64_t) {}
    driver_wire& driver_side() { return wire_.driver_side(); }
    device_wire& device_side() { return wire_.device_side(); }
    void adapt(const driver_options&) const {}
    void adapt(const device_options&) const {}
    void silent() {}
    void sent(instant) {}
    void drain(instant now) {
        std::uint8_t buffer[104];
        while (wire_.device_side().receive(buffer, now)) {}
        while (wire_.driver_side().receive(buffer, now)) {}
    }
    std::uint64_t share() { return 1; }
    void give_back(std::uint64_t) {}
    byte_span map(std::uint64_t, std::uint32_t) { return memory_; }
    void unmap(std::uint64_t) {}
    void unmap_all() {}
    const char* left_over() { return nullptr; }
    template <class Numbers> void trouble(Numbers&) {}
    void no_trouble() {}

private:
    transports::loopback<2, 104> wire_{};
    std::uint8_t memory_[area_page_size]{};
};

/// `Numbers` decides what is done; like `random_numbers`.
template <revision R, class Numbers = random_numbers, class Carriage = loopback_carriage> class random_run {
    using driver_injector = transports::fault_injector<typename Carriage::driver_wire, 4, 104>;
    using device_injector = transports::fault_injector<typename Carriage::device_wire, 4, 104>;

public:
    random_run(std::uint64_t seed, bool polls, const faults& f) : random_run(Numbers{seed}, seed, polls, f) {}
    /// `seed` is that of the carrier.
    random_run(const Numbers& numbers, std::uint64_t seed, bool polls, const faults& f)
        : random_(numbers),
          polls_(polls || !Carriage::can_push),
          faults_(f),
          carriage_(seed),
          rig_(polls_),
          driver_end_(carriage_.driver_side(), f.to_device, 2 * seed),
          device_end_(carriage_.device_side(), f.to_driver, 2 * seed + 1) {
        rig_.drv = new_driver();
        rig_.dev = new_device();
    }

    /// What was wrong, or nullptr.
    const char* run(unsigned steps) {
        while (done_ < steps && advance() == nullptr) {}
        return finish();
    }
    /// Both sides meet, without any fault.
    void bring_up() {
        sound_ = true;
        expect(rig_.attach() && rig_.drv.start(rig_.now), "a bus can be started");
        settle();
        events();
        expect(rig_.drv.state() == bus_state::ready && rig_.drv.device_count() == 2, "a bus comes up");
        sound_ = false;
    }
    /// One step.
    const char* advance() {
        step();
        check();
        if (wrong_ == nullptr) ++done_;
        return wrong_;
    }
    /// The orderly end of everything.
    const char* finish() {
        if (wrong_ == nullptr) end();
        return wrong_;
    }
    const Carriage& carriage() const { return carriage_; }
    const Numbers& numbers() const { return random_; }
    unsigned done() const { return done_; } ///< steps without a fault

    const driver_counters& driver_seen() const { return rig_.drv.counters(); }
    const device_counters& device_seen() const { return rig_.dev.counters(); }
    std::uint64_t answered = 0; ///< tickets with a response
    std::uint64_t failed = 0;   ///< tickets with an error

private:
    void expect(bool good, const char* what) {
        if (!good && wrong_ == nullptr) wrong_ = what;
    }

    auto new_driver() const {
        driver_options options = rig_.options_of_driver(polls_);
        carriage_.adapt(options);
        return decltype(rig_.drv){options};
    }
    auto new_device() const {
        device_options options = rig_.options_of_device(polls_);
        carriage_.adapt(options);
        return decltype(rig_.dev){options};
    }
    void tell() {
        vmsg::detail::tell(driver_end_, rig_.drv.fifo());
        vmsg::detail::tell(device_end_, rig_.dev.fifo());
    }

    // --- the steps

    void step() {
        if (!faults_.none() && random_.one_in(100)) carriage_.trouble(random_);
        if (strikes(faults_.invented)) return invent();
        if (strikes(faults_.restarts)) return random_.one_in(2) ? restart_driver() : restart_device();
        switch (random_.below(20)) {
        case 0: return use_bus();
        case 1:
        case 2:
        case 3: return go_on();
        case 4: return ask();
        case 5:
        case 6: return give_back();
        case 7: return use_memory();
        case 8: return use_devices();
        case 9: return own_memory();
        case 10:
        case 11: return events();
        case 12: return pass_time();
        case 13:
        case 14:
        case 15: return settle();
        default: return move_one();
        }
    }

    void use_bus() {
        const bus_state s = rig_.drv.state();
        if (s == bus_state::down || s == bus_state::failed) {
            if (random_.one_in(8) && s == bus_state::failed)
                static_cast<void>(rig_.drv.reset(rig_.now));
            else
                static_cast<void>(rig_.drv.start(rig_.now));
        } else if (random_.one_in(60)) {
            static_cast<void>(rig_.drv.reset(rig_.now));
        } else if (random_.one_in(8)) {
            static_cast<void>(rig_.drv.enumerate(rig_.now));
        } else {
            rig_.drv.poll_now(rig_.now);
        }
    }

    template <class Request> void keep(const result<ticket<Request>>& t) {
        if (t) tickets_.push_back({*t});
    }
    template <class Request> void ask(std::uint16_t dev_num, const Request& m) {
        keep(rig_.drv.request(dev_num, m, rig_.now));
    }
    /// The next sensible step of a driver with one of its devices.
    void go_on() {
        const std::uint16_t dev_num = device();
        const known_device* d = rig_.drv.device(dev_num);
        if (d == nullptr) return;
        const auto status = static_cast<unsigned>(d->status);
        const auto write = [&](unsigned wanted) { ask(dev_num, set_device_status_request{device_status{wanted}}); };
        const std::uint32_t words[]{0x200u, random_.one_in(4) ? 0x3u : 0x103u};
        if (!d->info_known) return ask(dev_num, get_device_info_request{});
        if (!d->status_known || d->resetting || (status & 0xc0) != 0) return write(0x0);
        switch (status) {
        case 0x0: return write(0x1);
        case 0x1: return write(0x3);
        case 0x3:
            if (random_.one_in(2)) return ask(dev_num, set_driver_features_request{0, 2, words});
            return write(0xb);
        case 0xb:
            if (random_.one_in(3)) return write(0xf);
            return ask(dev_num, enabling());
        default:
            static_cast<void>(rig_.drv.notify(dev_num, random_.below(2), 0));
            if (random_.one_in(4)) ask(dev_num, enabling());
        }
    }
    set_vqueue_request enabling() {
        const auto at = [this](std::uint64_t offset) {
            return bus_address{std::uint64_t{last_area_} << constants_of<R>.area_shift | offset};
        };
        return {.index = random_.below(2),
                .flags = R == revision::oasis_v2 ? vqueue_flags::enable : vqueue_flags{},
                .size = 64,
                .descriptor_addr = at(0),
                .driver_addr = at(0x400),
                .device_addr = at(0x800)};
    }
    /// Any request, sensible or not.
    void ask() {
        const std::uint16_t dev_num = device();
        const std::uint32_t words[]{random_.one_in(2) ? 0x400u : 0x200u, random_.below(0x200)};
        const std::uint8_t bytes[]{1, 2, 3, 4};
        const std::uint32_t index = random_.below(4);
        const unsigned statuses[]{0x0, 0x1, 0x3, 0xb, 0xf, 0xf, 0x8f, 0x4f};
        switch (random_.below(11)) {
        case 0: return ask(dev_num, get_device_info_request{});
        case 1: return ask(dev_num, get_device_status_request{});
        case 2: return ask(dev_num, set_device_status_request{device_status{statuses[random_.below(8)]}});
        case 3: return ask(dev_num, set_driver_features_request{random_.below(2), 2, words});
        case 4: return ask(dev_num, get_config_request{random_.below(20), random_.below(20)});
        case 5: return ask(dev_num, set_config_request{.offset = random_.below(20), .length = 4, .config = bytes});
        case 6: return ask(dev_num, get_vqueue_request{index});
        case 7: {
            set_vqueue_request m = enabling();
            m.index = index;
            if (R == revision::oasis_v2) m.flags = vqueue_flags{random_.below(64)};
            m.size = random_.below(400);
            m.driver_addr = bus_address{random_()};
            return ask(dev_num, m);
        }
        case 8: return ask(dev_num, reset_vqueue_request{index});
        default: return keep(rig_.drv.ping(random_.below(1000)));
        }
    }

    /// Tickets of requests that are over, sometimes others.
    void give_back() {
        for (std::size_t i = tickets_.size(); i-- != 0;) {
            if (!tickets_[i].completed && !random_.one_in(30)) continue;
            release(tickets_[i]);
            tickets_.erase(tickets_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    void release(const user_ticket& u) {
        std::visit(
            [this](const auto& t) {
                rig_.drv.release(t, rig_.now);
                expect(rig_.drv.response(t).error() == errc::invalid_argument, "a ticket that was given back is over");
            },
            u.t);
    }

    void use_memory() {
        if (last_area_ == 0 || !rig_.drv.area(last_area_) || random_.one_in(8)) {
            const auto attrs = R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share;
            const std::uint64_t handle = carriage_.share();
            const auto id = rig_.drv.share_area(handle, 1, attrs);
            if (!id) carriage_.give_back(handle);
            if (id) {
                if (const auto former = handles_.find(*id); former != handles_.end())
                    carriage_.give_back(former->second);
                handles_[*id] = handle;
                last_area_ = *id;
                shared_in_[*id] = rig_.drv.epoch();
                given_back_[*id] = false;
            }
        } else if (random_.one_in(12)) {
            static_cast<void>(rig_.drv.unshare_area(last_area_));
        }
    }

    /// Whether what the sides say about an area has to be right.
    bool counts(std::uint16_t area_id) const {
        // A frame that is held back and then finds its carrier busy comes later than any time-out allows for.
        const bool in_time = Carriage::takes_at_once && shared_in_[area_id] == rig_.drv.epoch();
        return faults_.keeps_sense() && (faults_.keeps_order() || in_time);
    }

    void use_devices() {
        const unsigned which = random_.below(2);
        const std::uint16_t number = which == 0 ? rig_.first : rig_.second;
        switch (random_.below(10)) {
        case 0:
            if (random_.one_in(4)) static_cast<void>(rig_.dev.detach(number));
            break;
        case 1:
        case 2:
            if (!attached(number)) static_cast<void>(rig_.dev.attach(number, rig_.ports[which]));
            break;
        case 3: static_cast<void>(rig_.dev.config_changed(number, random_.below(18), random_.below(18))); break;
        case 4:
            if (random_.one_in(8)) static_cast<void>(rig_.dev.needs_reset(number));
            break;
        case 5: rig_.models[which].takes_features = !random_.one_in(10); break;
        case 6: rig_.models[which].takes_queues = !random_.one_in(10); break;
        default: static_cast<void>(rig_.dev.used(number, random_.below(3))); break;
        }
    }
    bool attached(std::uint16_t number) { return rig_.dev.config_changed(number, 17, 0).error() != errc::no_device; }

    /// The owner of the device side learns what to do, and does it when it likes.
    void own_memory() {
        std::size_t count = 0;
        for (area_task t = rig_.dev.poll_task(); t.what != area_task::kind::none; t = rig_.dev.poll_task()) {
            tasks_.push_back(t);
            if (t.what == area_task::kind::map) {
                mapped_.push_back(t.area_id);
                expect(!counts(t.area_id) || !given_back_[t.area_id], "memory that was given back is not mapped");
            }
            if (++count > 2 * rig_device_capacity.areas) return expect(false, "a bounded number of tasks at a time");
        }
        if constexpr (Carriage::has_fifo) own_fifo();
        if (tasks_.empty()) return;
        const std::size_t i = random_.below(static_cast<unsigned>(tasks_.size()));
        const area_task t = tasks_[i];
        tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(i));
        if (t.what == area_task::kind::map && t.page_count == 1 && !random_.one_in(6)) { // the memory is one page
            const byte_span memory = carriage_.map(t.mem_handle, 1);
            if (memory.size() != 0) {
                expect(rig_.dev.areas().mapped(t.area_id, memory).has_value(), "an area that was to be mapped can be");
                return;
            }
        }
        mapped_.erase(std::find(mapped_.begin(), mapped_.end(), t.area_id));
        if (t.what == area_task::kind::unmap) carriage_.unmap(t.mem_handle);
        if (t.what == area_task::kind::unmap)
            expect(rig_.dev.areas().unmapped(t.area_id).has_value(), "an area that was to be unmapped can be");
        else
            expect(rig_.dev.areas().refused(t.area_id, bus_result::error).has_value(), "an area can be refused");
    }

    void own_fifo() {
        const fifo_task t = rig_.dev.poll_fifo_task();
        if (t.what == fifo_task::kind::unmap) {
            tell();
            carriage_.unmap(t.mem_handle);
            expect(rig_.dev.fifo_unmapped().has_value(), "a FIFO that was to be unmapped can be");
        } else if (t.what == fifo_task::kind::map) {
            const auto id = carriage_.open_fifo(t.mem_handle, t.page_count);
            expect((id ? rig_.dev.fifo_mapped(*id) : rig_.dev.fifo_refused()).has_value(),
                   "a FIFO can be answered for");
        }
    }

    void events() {
        using enum driver_event_kind;
        int count = 0;
        for (driver_event e = rig_.drv.poll_event(); e.kind != none; e = rig_.drv.poll_event()) {
            if (++count > most_events) return expect(false, "a bounded number of events at a time");
            if (e.kind == completed) {
                int owners = 0;
                for (user_ticket& u : tickets_)
                    if (std::visit([&e](const auto& t) { return e.is(t); }, u.t)) {
                        ++owners;
                        expect(!u.completed, "a request is over once");
                        u.completed = true;
                        u.error = e.error;
                        ++(e.error == errc::none ? answered : failed);
                    }
                expect(owners == 1, "the end of a request belongs to one ticket");
            }
            const bool given_back = e.kind == area_released || e.kind == area_refused;
            if (!given_back) continue;
            const auto id = static_cast<std::uint16_t>(e.index);
            given_back_[id] = true;
            if (const auto handle = handles_.find(id); handle != handles_.end()) {
                carriage_.give_back(handle->second);
                handles_.erase(handle);
            }
            if (counts(id))
                expect(std::find(mapped_.begin(), mapped_.end(), e.index) == mapped_.end(),
                       "memory that is given back is not mapped any more");
        }
    }

    void pass_time() {
        const duration steps[]{1, 500, 2 * milliseconds, 100 * milliseconds, seconds, 6 * seconds, 11 * seconds};
        const instant due = rig_.drv.poll_timeout();
        if (random_.one_in(3) && due != never && due > rig_.now)
            rig_.now = due;
        else
            rig_.now += steps[random_.below(random_.one_in(30) ? 7 : 4)];
        rig_.drv.handle_timeout(rig_.now);
    }

    /// Both sides do all that they can do without any time passing: then nothing is due.
    void settle() {
        rig_.drv.handle_timeout(rig_.now);
        for (int i = 0; i < 1000; ++i) {
            bool moved = driver_sends(false);
            moved = device_receives() || moved;
            moved = device_sends() || moved;
            moved = driver_receives() || moved;
            if (!moved) {
                expect(rig_.drv.poll_timeout() > rig_.now, "a driver side that is idle has nothing due");
                expect(rig_.dev.poll_timeout() > rig_.now, "a device side that is idle has nothing due");
                return;
            }
        }
        expect(false, "both sides come to rest");
    }

    /// A second goes by, and then what was refused is tried again as soon as it is due: a ring that nobody reads is
    /// full for every attempt of every frame, and only the last attempt makes way for the frame behind.
    void pass_second() {
        rig_.now += seconds;
        settle();
        for (int i = 0; i < 1000 && rig_.drv.poll_timeout() <= rig_.now + retry_policy{}.max_busy_backoff; ++i) {
            rig_.now = rig_.drv.poll_timeout();
            settle();
        }
    }

    void move_one() {
        switch (random_.below(4)) {
        case 0: driver_sends(random_.one_in(4)); break;
        case 1: device_receives(); break;
        case 2: device_sends(); break;
        default: driver_receives(); break;
        }
    }

    // --- the wire

    template <class Through, class Directly> result<void> pass(Through& through, Directly& directly, byte_view frame) {
        tell();
        return sound_ ? directly.send({}, frame, rig_.now) : through.send({}, frame, rig_.now);
    }

    bool driver_sends(bool meanwhile) {
        const auto frame = rig_.drv.poll_transmit(rig_.now);
        if (!frame) {
            expect(frame.error() == errc::would_block, "a driver side has a frame or none");
            return false;
        }
        const auto h = decode_header<R>(*frame);
        expect(h && h->msg_size == frame->size() && frame->size() <= rig_.drv.max_msg_size(), "a frame has its size");
        if (h && !h->is_event() && !h->is_response()) {
            last_token_ = h->token;
            sent_in_[last_token_] = rig_.drv.epoch();
        }
        const auto outcome = !sound_ && random_.one_in(50) ? result<void>{errc::denied}
                                                           : pass(driver_end_, carriage_.driver_side(), *frame);
        if (meanwhile) { // anything may happen before the carrier says what became of it
            switch (random_.below(4)) {
            case 0: give_back(); break;
            case 1: pass_time(); break;
            case 2: use_bus(); break;
            default: driver_receives(); break;
            }
        }
        rig_.drv.handle_sent(outcome, rig_.now);
        return true;
    }

    bool device_sends() {
        const auto frame = rig_.dev.poll_transmit(rig_.now);
        if (!frame) return false;
        const auto h = decode_header<R>(*frame);
        expect(h && h->msg_size == frame->size() && frame->size() <= 104, "a frame has its size");
        const std::uint64_t lost = rig_.dev.counters().lost;
        const auto outcome = pass(device_end_, carriage_.device_side(), *frame);
        rig_.dev.handle_sent(outcome, rig_.now);
        if (!outcome && rig_.dev.counters().lost == lost) return true; // it is tried again
        carriage_.sent(rig_.now);
        expect(h && book_.left(*h), "a request has at most one answer, with its token");
        return true;
    }

    std::vector<std::uint8_t> damaged(byte_view frame) {
        std::vector<std::uint8_t> bytes(frame.begin(), frame.end());
        const unsigned count = 1 + random_.below(3);
        for (unsigned i = 0; i < count; ++i)
            bytes[random_.below(static_cast<unsigned>(bytes.size()))] = static_cast<std::uint8_t>(random_());
        if (random_.one_in(4)) bytes.resize(random_.below(104));
        return bytes;
    }
    bool strikes(unsigned one_in) { return one_in != 0 && random_.one_in(one_in); }

    bool device_receives() {
        if (held_.empty()) {
            std::uint8_t buffer[104]{};
            tell();
            const auto in = device_end_.receive(buffer, rig_.now);
            if (in.error() == errc::aborted) {
                rig_.dev.abandon();
                book_.forget();
            }
            if (!in) return false;
            held_.assign(buffer, buffer + in->size);
            if (!sound_ && strikes(faults_.damaged)) held_ = damaged(held_);
        }
        const std::uint32_t epoch = rig_.dev.epoch();
        const errc why = rig_.dev.handle_frame(held_, rig_.now).error();
        expect(rig_.dev.epoch() - epoch <= 1, "an epoch follows the other");
        if (why == errc::would_block) return false; // it is offered again
        book_.received(held_, why, rig_.dev.epoch() != epoch);
        const auto h = decode_header<R>(held_);
        if ((why != errc::none || !h || h->is_event()) && rig_.dev.poll_timeout() == never) carriage_.silent();
        held_.clear();
        return true;
    }
    bool driver_receives() {
        std::uint8_t buffer[104]{};
        tell();
        const auto in = driver_end_.receive(buffer, rig_.now);
        if (in.error() == errc::no_answer) rig_.drv.handle_refused(rig_.now);
        if (in.error() == errc::aborted) rig_.drv.carrier_lost(rig_.now);
        if (!in) return false;
        byte_view frame{buffer, in->size};
        std::vector<std::uint8_t> other;
        if (!sound_ && strikes(faults_.damaged)) frame = other = damaged(frame);
        take(frame);
        return true;
    }
    void take(byte_view frame) {
        const auto h = decode_header<R>(frame);
        const bool is_acknowledgement = h && h->is_bus() && h->msg_id == row_of<event_ack_response>.id;
        const bool from_before = constants_of<R>.has_token && h && h->is_response() && !h->is_event() &&
                                 !is_acknowledgement && sent_in_[h->token] != rig_.drv.epoch();
        const std::uint64_t dropped = rig_.drv.counters().dropped.total();
        const bus_state state = rig_.drv.state();
        rig_.drv.handle_frame(frame, rig_.now);
        expect(!from_before || (rig_.drv.counters().dropped.total() == dropped + 1 && rig_.drv.state() == state),
               "no answer of another epoch is accepted");
    }
    /// A frame for the driver side: any message, with some fields that make sense, or anything.
    void invent() {
        std::vector<std::uint8_t> bytes(104);
        for (auto& b : bytes) b = static_cast<std::uint8_t>(random_.one_in(4) ? random_.below(256) : random_.below(3));
        const message_info& m = messages[random_.below(static_cast<unsigned>(std::size(messages)))];
        std::size_t size = random_.below(105);
        if (m.in(R).present && !random_.one_in(8)) {
            size = std::min<std::size_t>(m.in(R).fixed_size + 4 * random_.below(4) * random_.below(2), 104);
            bytes[0] = m.type();
            bytes[1] = m.id;
            const std::uint16_t dev_num = m.cls == msg_class::transport ? device() : std::uint16_t{0};
            store_le(bytes.data() + 2, dev_num);
            if (constants_of<R>.has_token) store_le(bytes.data() + 4, random_.one_in(2) ? last_token_ : below_64k());
            store_le(bytes.data() + header_size<R> - 2, static_cast<std::uint16_t>(size));
        }
        bytes.resize(size);
        take(bytes);
    }
    std::uint16_t below_64k() { return static_cast<std::uint16_t>(random_()); }

    // --- sides that start anew

    void drain() {
        driver_end_.restart();
        device_end_.restart();
        carriage_.drain(rig_.now);
        held_.clear();
    }
    /// The carrier of a driver that is gone gives it nothing.
    void restart_driver() {
        drain();
        tickets_.clear();
        last_area_ = 0;
        std::fill(sent_in_.begin(), sent_in_.end(), ~0u);
        std::fill(given_back_.begin(), given_back_.end(), false);
        rig_.drv = new_driver();
        handles_.clear(); // what they stand for is taken back at the end
        epoch_ = 0;
    }
    void restart_device() {
        drain();
        tasks_.clear();
        mapped_.clear();
        book_.forget();
        for (const std::uint16_t number : {rig_.first, rig_.second}) static_cast<void>(rig_.dev.detach(number));
        rig_.dev = new_device();
        carriage_.unmap_all();
    }

    // --- what must hold

    void check() {
        const auto& drv = rig_.drv;
        expect(drv.epoch() - epoch_ <= 1, "an epoch follows the other");
        epoch_ = drv.epoch();
        expect(drv.open_requests() <= rig_driver_capacity.requests, "no more requests than slots");
        expect(drv.open_areas() <= rig_driver_capacity.areas, "no more areas than there is room for");
        expect(drv.device_count() <= rig_driver_capacity.devices, "no more devices than there is room for");
        expect(rig_.dev.areas().size() <= rig_device_capacity.areas, "no more areas than there is room for");
        expect(drv.counters().dropped.total() <= drv.counters().received, "a frame is dropped for one reason");
        expect(rig_.dev.counters().dropped.total() <= rig_.dev.counters().received,
               "a frame is dropped for one reason");
        for (const user_ticket& u : tickets_) {
            const errc state = std::visit([&drv](const auto& t) { return drv.response(t).error(); }, u.t);
            expect(state != errc::invalid_argument, "a ticket is valid until it is given back");
            if (u.completed) expect(state == u.error, "a request that is over stays as it ended");
        }
        for (unsigned which = 0; which < 2; ++which) {
            const test_device& model = rig_.models[which];
            const device_port& port = rig_.ports[which];
            expect(model.misuses == 0, "a device is called as its contract says");
            const bool started = has(port.status, device_status::driver_ok);
            expect(!started || has(port.status, device_status{0xb}), "DRIVER_OK comes last");
            for (std::uint32_t i = 0; i < test_device::queue_count; ++i) {
                const queue_state& q = port.queue(i);
                expect(q.enabled == model.enabled[i], "a device and its bus agree on what is enabled");
                expect(!q.used || q.enabled, "a queue that is not enabled has used nothing");
                for (const bus_address a : {q.setup.descriptor_addr, q.setup.driver_addr, q.setup.device_addr})
                    expect(!q.enabled || rig_.dev.areas().resolve(a, 1), "a queue that is enabled pins its memory");
            }
        }
    }

    /// Everything is given back, and then nothing is left.
    void end() {
        for (int i = 0; i < 20; ++i) { // longer than any time-out or delay
            pass_second();
            for (int k = 0; k < 4; ++k) own_memory();
            events();
        }
        for (const user_ticket& u : tickets_) expect(u.completed, "every request ends");
        sound_ = true;
        carriage_.no_trouble();
        for (const user_ticket& u : tickets_) release(u);
        tickets_.clear();
        // What a driver that started anew had shared before ends when it brings the bus up.
        if (rig_.drv.state() == bus_state::down) static_cast<void>(rig_.drv.start(rig_.now));
        for (int i = 0; i < 100 && rig_.drv.state() != bus_state::down; ++i) {
            if (rig_.drv.state() == bus_state::failed || rig_.drv.state() == bus_state::ready)
                static_cast<void>(rig_.drv.reset(rig_.now));
            settle();
            for (int k = 0; k < 10; ++k) own_memory(); // without which no reset ends
            settle();
            events();
            rig_.now += seconds;
            rig_.drv.handle_timeout(rig_.now);
        }
        expect(rig_.drv.state() == bus_state::down, "a bus can be brought down");
        rig_.now += 20 * seconds;
        rig_.drv.handle_timeout(rig_.now);
        for (int i = 0; i < 3; ++i) settle(); // what an injector held leaves it with the last look into the carrier
        events();
        expect(rig_.drv.open_requests() == 0, "no request is left");
        expect(rig_.drv.open_areas() == 0, "no area of the driver side is left");
        expect(rig_.drv.device_count() == 0, "no device is left");
        expect(rig_.drv.poll_timeout() == never, "nothing is due");
        for (int i = 0; i < 10; ++i) own_memory();
        expect(rig_.dev.areas().size() == 0, "no area of the device side is left");
        expect(book_.settled(), "a request has an answer");
        for (const auto& model : rig_.models)
            for (const bool enabled : model.enabled) expect(!enabled, "no queue is left");
        if (const char* const left = carriage_.left_over()) expect(false, left);
        check();
    }

    std::uint16_t device() {
        return random_.one_in(12) ? std::uint16_t{7} : random_.one_in(3) ? rig_.second : rig_.first;
    }

    static constexpr int most_events = 64;

    Numbers random_;
    bool polls_;
    faults faults_;
    Carriage carriage_;
    loopback_rig<R, Carriage::has_fifo> rig_;
    const char* wrong_ = nullptr;
    std::vector<user_ticket> tickets_;
    std::vector<area_task> tasks_;
    std::vector<std::uint32_t> mapped_; // areas that the owner of the device side has been told to map
    std::uint16_t last_area_ = 0;
    std::map<std::uint16_t, std::uint64_t> handles_;                                // of the areas
    std::vector<std::uint32_t> shared_in_ = std::vector<std::uint32_t>(65536, ~0u); // epoch of an area
    std::vector<bool> given_back_ = std::vector<bool>(65536);                       // areas
    std::vector<std::uint8_t> held_; // a frame that the device side has not taken yet
    bool sound_ = false;             // no new faults
    unsigned done_ = 0;
    std::uint16_t last_token_ = 0; // of the driver side
    std::uint32_t epoch_ = 0;
    answer_book<R> book_;
    std::vector<std::uint32_t> sent_in_ = std::vector<std::uint32_t>(65536, ~0u); // epoch of a token's last request
    driver_injector driver_end_;
    device_injector device_end_;
};

} // namespace proto_test
