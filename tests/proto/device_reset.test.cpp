// SPDX-License-Identifier: BSD-2-Clause
// A device whose reset takes time, on the device side of a bus. Source: virtio-msg, rules T1, T2.
#include <vmsg/proto/device.hpp>

#include "proto/support/device_bench.hpp"

using namespace proto_test;

namespace {

constexpr auto old = revision::rfc2025;
constexpr auto v1 = revision::oasis_v1;
constexpr auto v2 = revision::oasis_v2;

struct slow_device : test_device {
    bool done = true;
    int asked = 0; // whether it is over
    constexpr void reset() {
        test_device::reset();
        done = false;
    }
    constexpr bool reset_done() {
        ++asked;
        return done;
    }
};
static_assert(slow_to_reset<slow_device> && !slow_to_reset<test_device>);
static_assert(device_model<slow_device>);

template <revision R> struct slow_bench : device_bench<R> {
    static constexpr std::uint16_t slow_number = 9;
    slow_device slow{};
    attached<slow_device> slow_port{slow};

    slow_bench() { REQUIRE(this->engine.attach(slow_number, slow_port)); }
    slow_bench(const slow_bench&) = delete;

    template <class Request> response_of<Request> ask_slow(const Request& m, int line = __builtin_LINE()) {
        demand(this->send(m, slow_number) == errc::none, "a request that is taken", line);
        return this->template answer<response_of<Request>>(line);
    }
    unsigned write(unsigned wanted, int line = __builtin_LINE()) {
        return static_cast<unsigned>(ask_slow(set_device_status_request{device_status{wanted}}, line).status);
    }
    unsigned read(int line = __builtin_LINE()) {
        return static_cast<unsigned>(ask_slow(get_device_status_request{}, line).status);
    }
    /// DRIVER_OK, queue 0 enabled in area 1.
    void run_slow() {
        this->negotiate(event_method::indirect);
        this->share(1);
        REQUIRE(write(0) == 0);
        REQUIRE(write(1) == 1);
        REQUIRE(write(3) == 3);
        const std::uint32_t wanted[]{0, 0x101};
        ask_slow(set_driver_features_request{0, 2, wanted});
        REQUIRE(write(0xb) == 0xb);
        ask_slow(this->enabling(0));
        REQUIRE(slow.enabled[0]);
        REQUIRE(write(0xf) == 0xf);
    }
};

} // namespace

TEST_CASE_TEMPLATE_DEFINE("T1, T2: the status is 0 when the reset is over, and not before", Bench, over) {
    Bench b;
    b.run_slow();
    REQUIRE(b.slow.resets == 0); // there was nothing to reset
    CHECK(b.write(0) == 0xf);
    CHECK(b.slow.resets == 1);
    CHECK_FALSE(b.slow.enabled[0]);
    CHECK(b.read() == 0xf);
    CHECK(b.write(0) == 0xf);
    CHECK(b.write(0x1) == 0xf);
    CHECK(b.slow.resets == 1);
    CHECK(b.slow.asked == 4);
    b.slow.done = true;
    SUBCASE("as the driver reads") { CHECK(b.read() == 0); }
    SUBCASE("as it asks for the reset again") { CHECK(b.write(0) == 0); }
    SUBCASE("as it goes on without looking") { CHECK(b.write(0x1) == 0x1); }
    CHECK(b.slow.resets == 1);
    CHECK(b.slow.asked == 5);
    CHECK(b.silent());
    CHECK(b.slow.misuses == 0);
}
TEST_CASE_TEMPLATE_INVOKE(over, slow_bench<old>, slow_bench<v1>, slow_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("T2: nothing happens during a reset", Bench, quiet) {
    Bench b;
    b.run_slow();
    REQUIRE(b.engine.used(b.slow_number, 0)); // owed, and void with the reset
    CHECK(b.write(0) == 0xf);
    CHECK(b.silent());
    CHECK(b.engine.used(b.slow_number, 0).error() == errc::bad_state);
    CHECK(b.engine.needs_reset(b.slow_number).error() == errc::bad_state);
    const std::uint32_t generation = b.slow_port.generation;
    CHECK(b.engine.config_changed(b.slow_number, 4, 2));
    CHECK(b.slow_port.generation == generation + 1);
    CHECK(b.silent());

    const int enables = b.slow.enables;
    b.ask_slow(b.enabling(0));
    b.ask_slow(b.enabling(1));
    CHECK(b.slow.enables == enables);
    CHECK(b.slow_port.queue(0).setup == queue_setup{});
    b.ask_slow(reset_vqueue_request{0});
    CHECK(b.ask_slow(get_vqueue_request{0}).max_size == 256);
    const std::uint32_t wanted[]{0, 1};
    b.ask_slow(set_driver_features_request{0, 2, wanted});
    CHECK(b.slow_port.accepted == feature_set{});
    const std::uint8_t bytes[]{1, 2};
    CHECK(b.ask_slow(set_config_request{b.slow_port.generation, 4, 2, byte_view{bytes}}).length == 0);
    CHECK(b.send(event_avail{0, 0}, b.slow_number) == errc::bad_state);
    CHECK(b.dropped_one(drop_reason::too_early));
    CHECK(b.slow.kicks[0] == 0);
    CHECK(b.ask_slow(get_device_info_request{}).device_id == 2);

    b.slow.done = true;
    CHECK(b.read() == 0);
    CHECK(b.silent());
    CHECK(b.slow.misuses == 0);
}
TEST_CASE_TEMPLATE_INVOKE(quiet, slow_bench<old>, slow_bench<v1>, slow_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("T2: the other devices do not wait", Bench, others) {
    Bench b;
    b.run_slow();
    CHECK(b.write(0) == 0xf);
    CHECK(b.status(0x1) == 0x1);
    CHECK(b.status(0x0) == 0x0);
    CHECK(b.model.resets != 0);
}
TEST_CASE_TEMPLATE_INVOKE(others, slow_bench<old>, slow_bench<v1>, slow_bench<v2>);

TEST_CASE_TEMPLATE_DEFINE("T2: a reset outlives its bus and its place on it", Bench, outlives) {
    Bench b;
    b.run_slow();
    const auto let_go = [&] {
        const area_task task = b.engine.poll_task();
        if (task.what == area_task::kind::unmap) CHECK(b.engine.areas().unmapped(task.area_id));
    };
    SUBCASE("reset of the bus") {
        REQUIRE(b.send(reset_request{}) == errc::none);
        let_go();
        b.template answer<reset_response>();
        b.negotiate(event_method::indirect);
    }
    SUBCASE("VERSION of a driver that has started anew") {
        const version_request again{.bus_version = constants_of<Bench::rev>.bus_version, .transport_revision = 1};
        REQUIRE(b.send(again) == errc::none);
        let_go();
        b.template answer<version_response>();
    }
    SUBCASE("off the bus and on it again") {
        REQUIRE(b.engine.detach(b.slow_number));
        REQUIRE(b.engine.attach(b.slow_number, b.slow_port));
        while (b.engine.poll_transmit(b.now)) b.engine.handle_sent({}, b.now);
    }
    CHECK(b.slow.resets == 1);
    CHECK(b.read() == 0xf);
    CHECK(b.write(0) == 0xf);
    CHECK(b.slow.resets == 1);
    b.slow.done = true;
    CHECK(b.write(0) == 0);
    CHECK(b.write(1) == 1);
    CHECK(b.slow.resets == 1);
}
TEST_CASE_TEMPLATE_INVOKE(outlives, slow_bench<old>, slow_bench<v1>, slow_bench<v2>);
