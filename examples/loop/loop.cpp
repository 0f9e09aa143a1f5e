// SPDX-License-Identifier: BSD-2-Clause
// An event loop that owns both engines itself: bus up, the devices, a PING, bus down. Those who would rather call and
// wait take `driver_session`, which runs the driver's half of this loop.
#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/transport/loopback.hpp>

#include <algorithm>
#include <cstdio>

namespace {

using namespace vmsg;
using proto::driver_event_kind;

constexpr revision R = newest_revision;
constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;

struct random_source : archetypes::device_model {
    proto::device_identity identity() const { return {.device_id = 4}; }
};

class event_loop {
public:
    /// True if the bus came up, answered a PING, and went down.
    bool run() {
        if (!peer_.attach(3, first_port_) || !peer_.attach(5, second_port_) || !driver_.start(now_)) return false;
        for (;;) {
            const bool driver_moved = step(driver_, wire_.driver_side());
            const bool peer_moved = step(peer_, wire_.device_side());
            for (auto e = driver_.poll_event(); e.kind != driver_event_kind::none; e = driver_.poll_event()) {
                if (e.kind == driver_event_kind::bus_failed) return false;
                if (e.kind == driver_event_kind::bus_down) return answered_ && driver_.open_requests() == 0;
                on(e);
            }
            if (driver_moved || peer_moved) continue;
            // Here a program waits for its carrier until this time. A loopback brings nothing by itself.
            const instant next = std::min(driver_.poll_timeout(), peer_.poll_timeout());
            if (next == never) return false;
            now_ = std::max(now_, next);
            driver_.handle_timeout(now_);
        }
    }

private:
    /// Sends what an engine has to send and gives it what has come; false if there was neither. This device side has
    /// no memory to map, else it would attend to `poll_task` here; and its answers always have room, else it would keep
    /// a frame that `handle_frame` does not take and offer it again.
    template <class Engine, class Wire> bool step(Engine& engine, Wire& wire) {
        bool moved = false;
        while (const auto out = engine.poll_transmit(now_)) {
            engine.handle_sent(wire.send({}, *out, now_), now_);
            moved = true;
        }
        if (const auto in = wire.receive(byte_span{buffer_}, now_)) {
            static_cast<void>(engine.handle_frame({buffer_, in->size}, now_)); // what is wrong is counted
            moved = true;
        }
        return moved;
    }

    void on(const proto::driver_event& e) {
        if (e.kind == driver_event_kind::device_added) std::printf("device %d\n", int{e.dev_num});
        if (e.kind == driver_event_kind::bus_ready)
            if (const auto asked = driver_.ping(0x600d)) ping_ = *asked;
        if (!e.is(ping_)) return;
        answered_ = driver_.response(ping_).has_value();
        std::printf("ping %s\n", answered_ ? "answered" : "failed");
        driver_.release(ping_, now_);
        static_cast<void>(driver_.reset(now_));
    }

    transports::loopback<4, msg_size> wire_;
    proto::driver<R> driver_{{.max_msg_size = msg_size}};
    proto::device_bus<R> peer_{{.max_msg_size = msg_size}};
    random_source first_;
    random_source second_;
    proto::attached<random_source> first_port_{first_};
    proto::attached<random_source> second_port_{second_};
    proto::ticket<ping_request> ping_{};
    bool answered_ = false;
    instant now_ = 0;
    std::uint8_t buffer_[msg_size]{};
};

} // namespace

int main() {
    event_loop loop;
    const bool good = loop.run();
    std::printf("%s\n", good ? "bus down" : "failed");
    return good ? 0 : 1;
}
