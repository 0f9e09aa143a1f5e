// SPDX-License-Identifier: BSD-2-Clause
#include "ffa_carrier.hpp"

#include "run.hpp"

#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/text.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace disk {

namespace ffa = vmsg::ffa;
namespace sim = vmsg::sim;

namespace {

constexpr int most_steps = 64; // of the device side while it runs

constexpr bool is_memory_call(ffa::function_id id) {
    const auto n = static_cast<std::uint32_t>(ffa::form_64(id)) & 0xffff;
    return n >= (static_cast<std::uint32_t>(ffa::function_id::mem_donate) & 0xffff) &&
           n <= (static_cast<std::uint32_t>(ffa::function_id::mem_frag_tx) & 0xffff);
}
static_assert(is_memory_call(ffa::function_id::mem_share_64) && is_memory_call(ffa::function_id::mem_reclaim) &&
              !is_memory_call(ffa::function_id::run) && !is_memory_call(ffa::function_id::notification_bind));

std::string_view method_name(carriage method) {
    switch (method) {
    case carriage::direct: return "direct";
    case carriage::indirect: return "indirect";
    case carriage::fifo: return "fifo";
    case carriage::loopback: break;
    }
    return "loopback";
}

template <class T> void check(const vmsg::result<T>& outcome, std::string_view what) {
    if (!outcome) throw failure{fmt::format("{}: {}", what, vmsg::name_of(outcome.error()))};
}

} // namespace

ffa_carrier::ffa_carrier(const options& chosen)
    : chosen_(chosen),
      manager_(*chosen.spmc, hooks_of(*this)),
      driver_call_(added(driver_id)),
      device_call_(added(device_id)),
      driver_buffers_(driver_call_, buffers_in(0)),
      device_buffers_(device_call_, buffers_in(2)),
      entry_(chosen.revision, vmsg::device_role_uuid, max_msg_size()) {}

sim::spmc_hooks ffa_carrier::hooks_of(ffa_carrier& c) {
    return {.context = &c,
            .pending =
                [](void* context, ffa::endpoint_id receiver, bool) {
                    auto& self = *static_cast<ffa_carrier*>(context);
                    (receiver == driver_id ? self.driver_interrupt_ : self.wake_) = true;
                },
            .called =
                [](void* context, ffa::endpoint_id from, const ffa::call_frame& call, const ffa::call_frame& answer) {
                    static_cast<ffa_carrier*>(context)->note(from, call, answer);
                }};
}

sim::spmc_conduit ffa_carrier::added(ffa::endpoint_id id) {
    sim::partition_config config{.id = id};
    config.services[0].protocol = id == device_id ? vmsg::device_role_uuid : vmsg::driver_role_uuid;
    if (id == device_id) config.entry = sim::entry_of(code_);
    static_cast<void>(manager_.add(config)); // there is room for four
    return manager_.conduit_for(id);
}

ffa::rxtx_memory ffa_carrier::buffers_in(std::size_t first) {
    const vmsg::byte_span tx{pages_[first].bytes.data(), sizeof(memory_page)};
    const vmsg::byte_span rx{pages_[first + 1].bytes.data(), sizeof(memory_page)};
    for (const vmsg::byte_span one : {tx, rx}) static_cast<void>(manager_.add_memory(first == 0 ? driver_id : device_id, one));
    return {tx, rx, manager_type::address_of(tx), manager_type::address_of(rx)};
}

void ffa_carrier::require(sim::spmc_conduit& call, const needed_call& what) {
    ffa::call_frame frame = ffa::encode(ffa::features_of(what.id));
    call(frame);
    if (!ffa::outcome_of(frame))
        throw failure{fmt::format("{} has no {}: --over {} needs it", chosen_.spmc->name, what.name,
                                  method_name(chosen_.method))};
}

void ffa_carrier::set_up() {
    check(vmsg::discover(driver_buffers_, found_), "no device side is found");
    require(driver_call_, needs());
    require(driver_call_, {ffa::function_id::mem_share, "FFA_MEM_SHARE"});
    if (driver_buffers_.state() == ffa::rx_state::unmapped) check(driver_buffers_.map(), "FFA_RXTX_MAP");
    lender_.emplace(manager_, driver_buffers_, found_.version, driver_id, peer().id);
    boot_device();
    driver_end_.below = make_driver_end();
    add_faults();
}

void ffa_carrier::add_faults() {
    const manager_faults& wrong = chosen_.manager_faults;
    const bool indirect = chosen_.method == carriage::indirect;
    const auto sending = indirect ? ffa::function_id::msg_send2 : ffa::function_id::msg_send_direct_req2;
    const auto entering = indirect ? ffa::function_id::run : ffa::function_id::msg_send_direct_req2;
    const auto add = [this](sim::fault_kind kind, ffa::function_id on, std::uint32_t times) {
        if (times != 0) static_cast<void>(manager_.add_fault({.kind = kind, .on = on, .times = times, .caller = driver_id}));
    };
    add(sim::fault_kind::refuse, sending, wrong.busy);
    add(sim::fault_kind::interrupt, entering, wrong.interrupt);
    add(sim::fault_kind::zero_response, sending, wrong.zero);
}

// --- the device side

/// It runs for the first time, as when a board starts.
void ffa_carrier::boot_device() {
    starting_ = true;
    started_ = false;
    ffa::call_frame run = ffa::encode(ffa::run_call{{device_id, 0}});
    driver_call_(run);
    if (!started_ || !ffa::decode_msg_wait(run)) throw failure{"the device side does not start"};
}

void ffa_carrier::start_partition() {
    const auto version = ffa::negotiate(device_call_);
    if (!version || !device_buffers_.map() || !prepare_device()) return;
    borrower_end_.below.emplace(manager_, device_buffers_, version->use, device_id, driver_id);
    device_end_.below = make_device_end();
    started_ = true;
}

void ffa_carrier::run_partition(ffa::call_frame& frame) {
    static_cast<void>(entry_.enter(frame));
    if (std::exchange(starting_, false)) start_partition();
    if (started_ && program_ != nullptr) {
        entered();
        due_ = now_;
        for (int i = 0; i < most_steps && due_ <= now_; ++i) {
            due_ = program_->step(now_);
            moved_ = moved_ || due_ <= now_;
        }
        if (entry_.takes_answer() && program_->holds_answer()) return entry_.yield(frame);
    }
    entry_.leave(frame, true);
}

vmsg::instant ffa_carrier::run_device(vmsg::instant now) {
    now_ = now;
    if (!interrupted_ && !manager_.waiting(device_id)) return vmsg::never; // it has a request: its driver resumes it
    if (!interrupted_ && !wake_ && now < due_ && !moved_) return due_;
    if (std::exchange(moved_, false)) return now; // in a call of the driver
    wake_ = false;
    ffa::call_frame run = ffa::encode(ffa::run_call{interrupted_.value_or(ffa::target{device_id, 0})});
    driver_call_(run);
    const auto resumption = ffa::resumption_of(run);
    interrupted_.reset();
    if (resumption) interrupted_ = *resumption;
    if (interrupted_) return now + 1;
    return std::exchange(moved_, false) ? now : due_;
}

void ffa_carrier::restart_device() {
    manager_.restart(device_id);
    device_buffers_.forget();
    entry_ = vmsg::transports::direct_device{chosen_.revision, vmsg::device_role_uuid, max_msg_size()};
    interrupted_.reset();
    boot_device();
}

// --- the end, and what was counted

leftovers ffa_carrier::take_down() {
    leftovers left;
    for (const ffa::endpoint_id id : {driver_id, device_id})
        if (manager_.rx_full(id)) ++left.buffers;
    if (!driver_buffers_.unmap()) ++left.buffers;
    left.shares = manager_.open_shares();
    return left;
}

void ffa_carrier::note(ffa::endpoint_id from, const ffa::call_frame& call, const ffa::call_frame& answer) {
    const ffa::function_id id = ffa::function_of(call);
    ++(from == driver_id ? counters_.driver : counters_.device);
    if (id == ffa::function_id::run) ++counters_.runs;
    if (is_memory_call(id)) ++counters_.memory;
    if (ffa::function_of(answer) == ffa::function_id::error && ffa::error_in(answer) == ffa::error::busy)
        ++counters_.busy;
}

std::string ffa_carrier::report() const {
    return method_report() +
           fmt::format("FF-A calls {} by the driver side, {} by the device side: FFA_RUN {}, memory {}, busy {}\n",
                       counters_.driver, counters_.device, counters_.runs, counters_.memory, counters_.busy);
}

} // namespace disk
