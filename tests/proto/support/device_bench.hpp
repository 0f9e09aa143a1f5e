// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `device_bench`: a device engine with one device, and the scripted driver that talks to it.

#include "proto/support/demand.hpp"
#include "proto/support/drop_watch.hpp"
#include "proto/support/engines.hpp"
#include "proto/support/test_device.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace proto_test {

/// What the device side of an FF-A bus of this revision is told.
template <revision R> constexpr device_options device_options_for(bool can_push = true) {
    device_options options;
    options.max_msg_size = constants_of<R>.ffa_max_msg_size;
    options.can_push = can_push;
    return options;
}

template <revision R, device_capacity C = device_capacity{}> class device_bench {
public:
    static constexpr revision rev = R;
    static constexpr std::uint16_t number = 3; ///< of the device

    device_bus<R, C> engine;
    test_device model{};
    attached<test_device> port{model};
    instant now = 1'000;
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(2 * area_page_size);

    explicit device_bench(const device_options& options = device_options_for<R>()) : engine(options) {
        REQUIRE(engine.attach(number, port));
    }

    // --- what the driver sends

    /// Delivers a frame; says what `handle_frame` said.
    errc deliver(byte_view frame) { return engine.handle_frame(frame, now).error(); }
    errc deliver(std::initializer_list<std::uint8_t> frame) { return deliver(std::vector<std::uint8_t>(frame)); }
    template <class M> errc deliver(const header& h, const M& m) {
        std::vector<std::uint8_t> bytes(2048, 0xa5);
        const auto size = encode<R>(byte_span{bytes}, h, m);
        demand(size.has_value(), "a message that can be sent", __LINE__);
        return deliver(byte_view{bytes.data(), *size});
    }
    /// Delivers a message under a token of its own.
    template <class M> errc send(const M& m, std::uint16_t dev_num = number) {
        const bool bus = row_of<M>.cls != msg_class::transport;
        return deliver({.dev_num = bus ? std::uint16_t{0} : dev_num, .token = ++token_}, m);
    }

    // --- what the device sends

    /// The next frame out has to be an `M`, and leaves. Its tail is valid until the next one.
    template <class M> framed<M> expect(int line = __builtin_LINE()) {
        expect_bytes(line);
        framed<M> got;
        demand(accept<R>(byte_view{last_}, got).has_value(), row_of<M>.name, line);
        return got;
    }
    const std::vector<std::uint8_t>& expect_bytes(int line = __builtin_LINE()) {
        const auto frame = engine.poll_transmit(now);
        demand(frame.has_value(), "a frame out", line);
        last_.assign(frame->begin(), frame->end());
        engine.handle_sent({}, now);
        return last_;
    }
    /// The same for the answer to the message sent last, which has to carry its token.
    template <class M> M answer(int line = __builtin_LINE()) {
        const framed<M> got = expect<M>(line);
        demand(got.head.token == token(), "the token of the request", line);
        return got.body;
    }
    bool silent() { return engine.poll_transmit(now).error() == errc::would_block; }

    /// A request and its only answer.
    template <class Request> response_of<Request> ask(const Request& m, int line = __builtin_LINE()) {
        demand(send(m) == errc::none, "a request that is taken", line);
        const framed<response_of<Request>> got = expect<response_of<Request>>(line);
        const std::uint16_t dev_num = row_of<Request>.cls == msg_class::transport ? number : 0;
        demand(got.head.token == token() && got.head.dev_num == dev_num && silent(), "one answer", line);
        return got.body;
    }
    /// The request sent last is answered by an FFA_ERROR that names it, in revisions that have one.
    bool answered_by_error(std::uint8_t msg_id, std::uint16_t dev_num) {
        if constexpr (present_in<error_response, R>) {
            const auto got = expect<error_response>();
            const bool right = got.head.dev_num == dev_num && got.head.token == token_;
            return right && got.body.original_msg_id == msg_id && silent();
        } else {
            return silent();
        }
    }

    // --- counters

    /// Since the last call one frame was dropped, for this reason.
    bool dropped_one(drop_reason why) { return drops_.one(engine.counters().dropped, why); }
    bool dropped_nothing() const { return drops_.nothing(engine.counters().dropped); }

    // --- whole exchanges

    /// VERSION, and EVENT_CONFIGURE where there is one.
    void negotiate(event_method events = event_method::poll) {
        const auto version = ask(version_request{.bus_version = constants_of<R>.bus_version, .transport_revision = 1});
        REQUIRE(version.bus_version == constants_of<R>.bus_version);
        if constexpr (present_in<event_configure_request, R>)
            REQUIRE(ask(event_configure_request{events, 0, 0}).result == bus_result::success);
        REQUIRE(engine.negotiated());
    }
    unsigned status(unsigned wanted) {
        return static_cast<unsigned>(ask(set_device_status_request{device_status{wanted}}).status);
    }
    /// Takes the device to `FEATURES_OK` with these features.
    void negotiate_device(std::uint32_t block_1 = 1) {
        REQUIRE(status(0x0) == 0x0);
        REQUIRE(status(0x1) == 0x1);
        REQUIRE(status(0x3) == 0x3);
        const std::uint32_t wanted[]{0, block_1};
        ask(set_driver_features_request{0, 2, wanted});
        REQUIRE(status(0xb) == 0xb);
    }
    /// Shares `memory` as area `id`.
    void share(std::uint16_t id, bus_result outcome = bus_result::success) {
        const auto attrs = R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share;
        REQUIRE(send(area_share_request{.area_id = id, .mem_handle = 0x77, .page_count = 2, .sharing_attrs = attrs}) ==
                errc::none);
        CHECK(silent()); // its owner has not mapped it yet
        const area_task task = engine.poll_task();
        REQUIRE(task.what == area_task::kind::map);
        CHECK(task.area_id == id);
        if (outcome == bus_result::success)
            REQUIRE(engine.areas().mapped(id, memory));
        else
            REQUIRE(engine.areas().refused(id, outcome));
        CHECK(answer<area_share_response>() == area_share_response{id, outcome});
    }
    static bus_address at(std::uint16_t area_id, std::uint64_t offset) { return *make_bus_address<R>(area_id, offset); }
    /// SET_VQUEUE that enables a queue in area 1.
    static set_vqueue_request enabling(std::uint32_t index, std::uint32_t size = 64) {
        return {.index = index,
                .flags = R == revision::oasis_v2 ? vqueue_flags::enable : vqueue_flags{},
                .size = size,
                .descriptor_addr = at(1, 0),
                .driver_addr = at(1, 0x1000),
                .device_addr = at(1, 0x1800)};
    }
    /// A device at DRIVER_OK whose queue 0 is enabled in area 1.
    void run(std::uint32_t block_1 = 1, event_method events = event_method::poll) {
        negotiate(events);
        share(1);
        negotiate_device(block_1);
        ask(enabling(0));
        REQUIRE(model.enabled[0]);
        REQUIRE(status(0xf) == 0xf);
    }

private:
    std::uint16_t token() const { return constants_of<R>.has_token ? token_ : std::uint16_t{0}; }

    std::vector<std::uint8_t> last_;
    std::uint16_t token_ = 0x100;
    drop_watch drops_{};
};

} // namespace proto_test
