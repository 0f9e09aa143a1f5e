// SPDX-License-Identifier: BSD-2-Clause
// Sessions with device sides that have quirks.
#include <vmsg/codec.hpp>
#include <vmsg/quirk.hpp>
#include <vmsg/transport/indirect.hpp>

#include "session/rig.hpp"
#include "support/check.hpp"
#include "transport/support/indirect_manager.hpp"

#include <cstdint>

using namespace vmsg;
using namespace session_test;

namespace {

constexpr auto R = revision::oasis_v1;

/// A carrier that changes what the device side says about its queues.
struct tampering {
    device_end<R>::end_type& wire;
    std::uint64_t moved = 0; ///< added to each address
    bool disregards = false; ///< no size is ever taken
    int resets = 0;          ///< status 0 that was written

    constexpr std::size_t max_msg_size() const { return wire.max_msg_size(); }
    result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        if (const auto m = decode<set_device_status_request, R>(frame); m && m->status == device_status::reset)
            ++resets;
        return wire.send(peer, frame, now);
    }
    result<inbound> receive(byte_span buffer, instant now) {
        const auto in = wire.receive(buffer, now);
        if (!in) return in;
        framed<get_vqueue_response> got;
        if (!accept<R>(byte_view{buffer.first(in->size)}, got)) return in;
        if (disregards) got.body.cur_size = 0;
        const auto move = [&](bus_address& a) { a = bus_address{static_cast<std::uint64_t>(a) + moved}; };
        move(got.body.descriptor_addr);
        move(got.body.driver_addr);
        move(got.body.device_addr);
        REQUIRE(encode<R>(buffer, got.head, got.body));
        return in;
    }
    instant poll_timeout() const { return timeout_of(wire); }
};

template <quirk... Q> struct quirky : policy<R> {
    static constexpr proto::driver_capacity capacity{.devices = 2,
                                                     .requests = 2,
                                                     .areas = 2,
                                                     .kicks = 2,
                                                     .msg_size = constants_of<R>.ffa_max_msg_size,
                                                     .quirks = quirk_set{Q...}};
};

template <class Policy> struct world {
    device_end<R> peer{transports::fault_rates{}};
    virtual_clock<device_end<R>> clock{peer};
    tampering wire{peer.driver_end};
    driver_session<tampering, virtual_clock<device_end<R>>, Policy> session{wire, clock};

    auto device() {
        REQUIRE(session.open());
        auto d = session.at(3);
        REQUIRE(d.negotiate(feature_set{feature::version_1}));
        return d;
    }
    proto::queue_setup queue() {
        const auto area = session.share(0x77, 1, area_attrs::share);
        REQUIRE(area);
        return rig<R>::queue_in(*area);
    }
};

} // namespace

TEST_CASE("quirk get_vqueue_phys_addr: other addresses than those that were set") {
    world<quirky<quirk::get_vqueue_phys_addr>> w;
    auto d = w.device();
    w.wire.moved = 0x4000'0000;
    CHECK(d.setup_queue(0, w.queue()));
    world<policy<R>> strict;
    auto other = strict.device();
    strict.wire.moved = 0x4000'0000;
    CHECK(other.setup_queue(0, strict.queue()).error() == errc::denied);
}

TEST_CASE("quirk set_vqueue_size_noop: a queue that was not taken is noticed") {
    world<policy<R>> w;
    auto d = w.device();
    w.wire.disregards = true;
    CHECK(d.setup_queue(0, w.queue()).error() == errc::denied);
    world<quirky<quirk::get_vqueue_phys_addr>> also;
    auto other = also.device();
    also.wire.disregards = true;
    CHECK(other.setup_queue(0, also.queue()).error() == errc::denied);
}

TEST_CASE("quirk status_zero_panics: status 0 is not written, and a device that runs is not reset") {
    world<quirky<quirk::status_zero_panics>> w;
    auto d = w.device();
    CHECK(d.reset().error() == errc::not_supported);
    CHECK(w.wire.resets == 0);
    world<policy<R>> usual;
    auto other = usual.device();
    CHECK(other.reset());
    CHECK(usual.wire.resets == 2);
}

TEST_CASE("quirk send2_offset_24_or_40: the long header goes out also where FF-A 1.1 was agreed on") {
    transport_test::indirect_manager manager;
    ffa::rxtx<transport_test::indirect_manager::endpoint> buffers{manager.driver, manager.driver.memory()};
    REQUIRE(buffers.map());
    for (const auto v : {ffa::version::v1_1, ffa::version::v1_2}) {
        auto options = transports::indirect_driver_options(104);
        options.ffa_version = v;
        transports::indirect wire{buffers, transport_test::driver_id, transport_test::device_id, options};
        const std::uint8_t frame[8]{0, 1};
        static_cast<void>(wire.send({}, frame, 0));
        const auto tx = buffers.tx();
        REQUIRE(tx);
        CHECK(load_le<std::uint32_t>(tx->data() + 8) == (v == ffa::version::v1_1 ? 20u : 40u));
    }
}
