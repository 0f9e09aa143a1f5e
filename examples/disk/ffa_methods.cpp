// SPDX-License-Identifier: BSD-2-Clause
// The three ways in which frames travel through a partition manager, and the choice among all carriers.
#include "ffa_carrier.hpp"
#include "loopback_carrier.hpp"
#include "run.hpp"

#include <vmsg/session/bound_notifications.hpp>
#include <vmsg/text.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/notification_doorbell.hpp>
#include <vmsg/transport/switched.hpp>

#include <fmt/core.h>

namespace disk {

namespace ffa = vmsg::ffa;
namespace transports = vmsg::transports;
using conduit = vmsg::sim::spmc_conduit;
using vmsg::bus_feature;

namespace {

// --- direct messages

constexpr vmsg::proto::retry_policy patient{
    .busy_attempts = 100, .busy_backoff = 1 * vmsg::milliseconds, .max_busy_backoff = 1 * vmsg::milliseconds};

/// The device side's end of direct messages. An answer for which nobody waits any more can never leave.
struct answers {
    transports::direct_device& entry;

    std::size_t max_msg_size() const { return entry.max_msg_size(); }
    vmsg::result<void> send(ffa::endpoint_id, vmsg::byte_view frame, vmsg::instant now) {
        const auto outcome = entry.send(entry.peer(), frame, now);
        if (outcome.error() == vmsg::errc::would_block) return vmsg::errc::no_device;
        return outcome;
    }
    vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) {
        return entry.receive(buffer, now);
    }
};

std::string report_of(const transports::direct_counters& c) {
    return fmt::format("direct messages {}, resumed {} times, refused {} times\n", c.sent, c.resumed,
                       c.busy + c.no_answer + c.refused);
}

class direct_carrier : public ffa_carrier {
public:
    explicit direct_carrier(const options& chosen) : ffa_carrier(chosen) { set_up(); }

    bus_feature features() const override { return bus_feature::direct_rx | bus_feature::direct_tx; }
    // While faults keep the device side from answering, its request is open, and every other one is busy.
    vmsg::proto::retry_policy driver_policy() const override {
        return chosen().faults.busy != 0 || chosen().faults.delay != 0 ? patient : vmsg::proto::direct_retry_policy;
    }
    vmsg::proto::retry_policy device_policy() const override { return patient; }

private:
    needed_call needs() const override { return {ffa::function_id::msg_send_direct_req2, "FFA_MSG_SEND_DIRECT_REQ2"}; }
    std::unique_ptr<wire_end> make_driver_end() override {
        const transports::direct_options how{.max_msg_size = max_msg_size(), .service = peer().service};
        auto made =
            std::make_unique<end_over<transports::direct_driver<conduit>>>(driver_call(), driver_id, peer().id, how);
        driver_ = made.get();
        return made;
    }
    std::unique_ptr<wire_end> make_device_end() override {
        return std::make_unique<end_over<answers>>(answers{device_entry()});
    }
    std::string method_report() const override { return report_of(driver_->wire().counters()); }

    end_over<transports::direct_driver<conduit>>* driver_ = nullptr;
};

// --- indirect messages

class indirect_carrier : public ffa_carrier {
public:
    explicit indirect_carrier(const options& chosen) : ffa_carrier(chosen) { set_up(); }

    bus_feature features() const override { return bus_feature::indirect_rx | bus_feature::indirect_tx; }
    vmsg::proto::retry_policy driver_policy() const override { return vmsg::proto::indirect_retry_policy; }

private:
    using end_type = end_over<transports::indirect<conduit>>;

    bool has_role() const { return chosen().revision == vmsg::revision::oasis_v2; }
    needed_call needs() const override { return {ffa::function_id::msg_send2, "FFA_MSG_SEND2"}; }
    std::unique_ptr<wire_end> make_driver_end() override {
        auto made = std::make_unique<end_type>(driver_buffers(), driver_id, peer().id,
                                               transports::indirect_driver_options(max_msg_size(), has_role()));
        driver_ = made.get();
        return made;
    }
    std::unique_ptr<wire_end> make_device_end() override {
        return std::make_unique<end_type>(device_buffers(), device_id, driver_id,
                                          transports::indirect_device_options(max_msg_size(), has_role()));
    }
    std::string method_report() const override {
        const auto& c = driver_->wire().counters();
        return fmt::format("indirect messages {} to the device, {} to the driver, refused {} times\n", c.sent,
                           c.received, c.busy + c.refused);
    }

    end_type* driver_ = nullptr;
};

// --- a FIFO, to which a bus changes that has begun with direct messages

using rings = transports::fifo<transports::notification_doorbell<conduit>>;

/// Lets rings know of the notifications that the peer has set.
void hear(rings& end, conduit& call, ffa::endpoint_id self, ffa::endpoint_id peer) {
    if (const auto bits = transports::take_notifications(call, self, peer)) end.handle_notifications(*bits);
}

/// Two transports and the switch between them.
template <vmsg::transport Bootstrap> struct switched_wire {
    Bootstrap bootstrap;
    rings runtime;
    transports::switched<Bootstrap, rings> both{bootstrap, runtime};

    template <class Make>
    switched_wire(Make make, const transports::fifo_options& how, conduit& call, ffa::endpoint_id self)
        : bootstrap(make()), runtime(how, transports::notification_doorbell<conduit>{call, self, how.peer}) {}

    std::size_t max_msg_size() const { return both.max_msg_size(); }
    vmsg::result<void> send(ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) {
        return both.send(peer, frame, now);
    }
    vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) { return both.receive(buffer, now); }
    vmsg::instant poll_timeout() const { return both.poll_timeout(); }
    void follow(const vmsg::fifo_link& link) { both.follow(link); }
};

class fifo_carrier : public ffa_carrier {
    static constexpr std::uint16_t driver_notification = 3; // by which each side hears of new entries
    static constexpr std::uint16_t device_notification = 5;

public:
    explicit fifo_carrier(const options& chosen) : ffa_carrier(chosen) {
        set_up();
        driver_memory().own(region());
        const auto handle = driver_memory().share(region());
        if (!handle) throw failure{fmt::format("the FIFO cannot be shared: {}", vmsg::name_of(handle.error()))};
        handle_ = *handle;
        if (!bound_.bind(driver_call(), driver_id, peer().id, driver_notification))
            throw failure{"the driver side cannot bind its notification"};
    }

    bus_feature features() const override {
        return bus_feature::direct_rx | bus_feature::direct_tx | bus_feature::fifo;
    }
    vmsg::proto::retry_policy driver_policy() const override { return vmsg::proto::fifo_retry_policy; }
    vmsg::proto::fifo_offer fifo() const override {
        return {handle_, static_cast<std::uint16_t>(std::size(pages_)), driver_notification};
    }
    vmsg::result<std::uint16_t> open_fifo(vmsg::byte_span memory) override {
        if (const auto opened = device_->wire().runtime.open(memory); !opened) return opened.error();
        return device_notification;
    }
    leftovers take_down() override {
        static_cast<void>(driver_memory().reclaim(handle_));
        return ffa_carrier::take_down();
    }

private:
    using driver_wire = switched_wire<transports::direct_driver<conduit>>;
    using device_wire = switched_wire<answers>;

    /// The driver's end, which asks for its notifications after an interrupt.
    struct driver_type : end_over<driver_wire> {
        fifo_carrier& owner;
        template <class... Args>
        explicit driver_type(fifo_carrier& c, Args&&... args)
            : end_over<driver_wire>(std::forward<Args>(args)...), owner(c) {}
        vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) override {
            if (owner.take_driver_interrupt()) hear(wire().runtime, owner.driver_call(), driver_id, owner.peer().id);
            return end_over<driver_wire>::receive(buffer, now);
        }
        vmsg::instant poll_timeout() const override {
            return owner.driver_interrupt() ? 0 : end_over<driver_wire>::poll_timeout();
        }
    };

    vmsg::byte_span region() { return {pages_[0].bytes.data(), sizeof pages_}; }
    needed_call needs() const override { return {ffa::function_id::notification_bind, "FFA_NOTIFICATION_BIND"}; }
    std::unique_ptr<wire_end> make_driver_end() override {
        const transports::direct_options direct{.max_msg_size = max_msg_size(), .service = peer().service};
        const auto make = [&] {
            return transports::direct_driver<conduit>{driver_call(), driver_id, peer().id, direct};
        };
        auto made = std::make_unique<driver_type>(*this, make,
                                                  transports::fifo_options{.side = transports::fifo_side::driver,
                                                                           .peer = peer().id,
                                                                           .notif_id = driver_notification},
                                                  driver_call(), driver_id);
        // It makes its rings there each time that the bus begins.
        if (const auto opened = made->wire().runtime.open(region()); !opened)
            throw failure{fmt::format("the FIFO cannot be made: {}", vmsg::name_of(opened.error()))};
        driver_ = made.get();
        return made;
    }
    std::unique_ptr<wire_end> make_device_end() override {
        auto made = std::make_unique<end_over<device_wire>>(
            [&] { return answers{device_entry()}; },
            transports::fifo_options{
                .side = transports::fifo_side::device, .peer = driver_id, .notif_id = device_notification},
            device_call(), device_id);
        device_ = made.get();
        return made;
    }
    bool prepare_device() override {
        // Of what a partition has bound nothing is left when it starts anew.
        return vmsg::bound_notifications{}.bind(device_call(), device_id, driver_id, device_notification).has_value();
    }
    void entered() override { hear(device_->wire().runtime, device_call(), device_id, driver_id); }

    std::string method_report() const override {
        const auto& c = driver_->wire().runtime.counters();
        return report_of(driver_->wire().bootstrap.counters()) +
               fmt::format("FIFO entries {} to the device, {} to the driver, full {} times\n", c.sent, c.received,
                           c.full);
    }

    memory_page pages_[2];
    vmsg::bound_notifications bound_{};
    std::uint64_t handle_ = 0;
    driver_type* driver_ = nullptr;
    end_over<device_wire>* device_ = nullptr;
};

} // namespace

std::unique_ptr<carrier> make_carrier(const options& chosen) {
    switch (chosen.method) {
    case carriage::direct: return std::make_unique<direct_carrier>(chosen);
    case carriage::indirect: return std::make_unique<indirect_carrier>(chosen);
    case carriage::fifo:
        if (chosen.revision != vmsg::revision::oasis_v2)
            throw failure{fmt::format("{} has no FIFO: --over fifo needs oasis_v2", vmsg::name_of(chosen.revision))};
        return std::make_unique<fifo_carrier>(chosen);
    case carriage::loopback: break;
    }
    return std::make_unique<loopback_carrier>(chosen.revision);
}

} // namespace disk
