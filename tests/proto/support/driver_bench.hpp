// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `driver_bench`: a driver engine and the scripted peer that it talks to. A test says what has to come out and what the
// peer answers, so that it reads as the exchange that it is about.

#include "proto/support/demand.hpp"
#include "proto/support/drop_watch.hpp"
#include "proto/support/engines.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace proto_test {

/// What the driver side of an FF-A bus of this revision is told.
template <revision R> constexpr driver_options driver_options_for(event_method events = event_method::poll) {
    driver_options options;
    options.max_msg_size = constants_of<R>.ffa_max_msg_size;
    options.events = events;
    return options;
}

/// The message `m` as a frame.
template <revision R, class M> std::vector<std::uint8_t> frame_of(const header& h, const M& m) {
    std::vector<std::uint8_t> bytes(2048, 0xa5);
    const auto size = encode<R>(byte_span{bytes}, h, m);
    demand(size.has_value(), "a message that can be sent", __LINE__);
    bytes.resize(*size);
    return bytes;
}

/// Bytes with the bits of device numbers below `count`.
inline std::vector<std::uint8_t> bitmap_of(std::initializer_list<std::uint16_t> numbers, std::size_t count) {
    std::vector<std::uint8_t> bytes((count + 7) / 8);
    for (const std::uint16_t n : numbers) bytes.at(n / 8) |= static_cast<std::uint8_t>(1 << n % 8);
    return bytes;
}

template <revision R, driver_capacity C = bench_capacity> class driver_bench {
public:
    static constexpr revision rev = R;
    driver<R, C> engine;
    instant now = 1'000;
    std::uint32_t offered_bits = 0;                                             ///< transport features of the peer
    bus_feature carriers = bus_feature::indirect_rx | bus_feature::indirect_tx; ///< of the peer

    explicit driver_bench(const driver_options& options = driver_options_for<R>()) : engine(options) {}

    // --- what the driver sends

    /// The next frame out has to be an `M`, and leaves. Its tail is valid until the next one.
    template <class M> framed<M> expect(int line = __builtin_LINE()) {
        transmit({}, line);
        framed<M> got;
        demand(accept<R>(byte_view{last_}, got).has_value(), row_of<M>.name, line);
        return got;
    }
    /// The carrier refuses the next frame out.
    void refuse_next(errc why, int line = __builtin_LINE()) { transmit(why, line); }
    /// Nothing comes out.
    bool silent() { return engine.poll_transmit(now).error() == errc::would_block; }
    const std::vector<std::uint8_t>& last_frame() const { return last_; }

    // --- what the peer sends

    void deliver(byte_view frame) { engine.handle_frame(frame, now); }
    void deliver(std::initializer_list<std::uint8_t> frame) { deliver(std::vector<std::uint8_t>(frame)); }
    template <class M> void deliver(const header& h, const M& m) { deliver(frame_of<R>(h, m)); }
    template <class Asked, class M> void reply(const framed<Asked>& asked, const M& m) {
        deliver(header{.dev_num = asked.head.dev_num, .token = asked.head.token}, m);
    }

    /// The answer of a peer that speaks the same revision.
    version_response version() const {
        return {.bus_version = constants_of<R>.bus_version,
                .transport_revision = 1,
                .ffa_version = R == revision::oasis_v2 ? 0x0001'0002u : 0u,
                .feature_bits = offered_bits,
                .bus_features = carriers,
                .max_areas = constants_of<R>.max_area_id};
    }

    // --- events

    /// The next event has to be of this kind.
    driver_event event(driver_event_kind kind, int line = __builtin_LINE()) {
        const driver_event e = engine.poll_event();
        demand(e.kind == kind, "the next event", line);
        return e;
    }
    bool no_event() { return engine.poll_event().kind == driver_event_kind::none; }

    // --- counters

    /// Since the last call one frame was dropped, for this reason.
    bool dropped_one(drop_reason why) { return drops_.one(engine.counters().dropped, why); }
    bool dropped_nothing() const { return drops_.nothing(engine.counters().dropped); }

    // --- whole exchanges

    /// Everything up to the first GET_DEVICES.
    void negotiate() {
        REQUIRE(engine.start(now));
        if (R == revision::oasis_v2) reply(expect<version_request>(), version());
        reply(expect<version_request>(), version());
        if constexpr (present_in<event_configure_request, R>)
            reply(expect<event_configure_request>(), event_configure_response{});
    }
    /// Answers an enumeration in one window.
    void enumerated(std::initializer_list<std::uint16_t> numbers) {
        const auto asked = expect<get_devices_request>();
        const auto bitmap = bitmap_of(numbers, asked.body.count);
        reply(asked, get_devices_response{.offset = 0, .count = asked.body.count, .bitmap = bitmap});
    }
    /// A ready bus with these devices, in ascending order.
    void bring_up(std::initializer_list<std::uint16_t> numbers = {}) {
        negotiate();
        enumerated(numbers);
        for (const std::uint16_t n : numbers) CHECK(event(driver_event_kind::device_added).dev_num == n);
        event(driver_event_kind::bus_ready);
        REQUIRE(engine.state() == bus_state::ready);
    }

    /// Makes a request that the engine has to take.
    template <class Request> ticket<Request> ask(std::uint16_t dev_num, const Request& m, int line = __builtin_LINE()) {
        const auto t = engine.request(dev_num, m, now);
        demand(t.has_value(), "a request that is taken", line);
        return *t;
    }
    /// Makes a request, answers it and gives the ticket back. Why it failed, or `none`.
    template <class Request>
    errc exchange(std::uint16_t dev_num, const Request& m, const response_of<Request>& answer,
                  int line = __builtin_LINE()) {
        const auto t = ask(dev_num, m, line);
        reply(expect<Request>(line), answer);
        const driver_event e = event(driver_event_kind::completed, line);
        const bool right = e.is(t) && e.dev_num == dev_num && engine.response(t).error() == e.error;
        demand(right, "the end of the request", line);
        engine.release(t, now);
        return e.error;
    }
    /// Writes a status that the device takes over.
    void status(std::uint16_t dev_num, unsigned bits, int line = __builtin_LINE()) {
        const device_status s{bits};
        demand(exchange(dev_num, set_device_status_request{s}, {s}, line) == errc::none, "a status", line);
    }
    /// Takes a device as far as `FEATURES_OK`.
    void negotiated_device(std::uint16_t dev_num, std::uint32_t block_1 = 1, std::uint32_t config_size = 64) {
        get_device_info_response info{.device_id = 2, .config_size = config_size, .max_virtqueues = 70};
        (R == revision::oasis_v2 ? info.num_feature_blocks : info.num_feature_bits) = R == revision::oasis_v2 ? 2 : 64;
        REQUIRE(exchange(dev_num, get_device_info_request{}, info) == errc::none);
        for (const unsigned s : {0x0u, 0x1u, 0x3u}) status(dev_num, s);
        const std::uint32_t wanted[]{0, block_1};
        REQUIRE(exchange(dev_num, set_driver_features_request{0, 2, wanted}, {}) == errc::none);
        status(dev_num, 0xb);
    }
    /// Takes a device to `DRIVER_OK`.
    void running_device(std::uint16_t dev_num, std::uint32_t block_1 = 1) {
        negotiated_device(dev_num, block_1);
        status(dev_num, 0xf);
    }
    /// Shares memory; gives the area's id.
    std::uint16_t shared_area() {
        const auto attrs = R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share;
        const auto id = engine.share_area(0x1234, 2, attrs);
        REQUIRE(id);
        const auto asked = expect<area_share_request>();
        CHECK(asked.body.area_id == *id);
        reply(asked, area_share_response{*id, bus_result::success});
        CHECK(event(driver_event_kind::area_shared).index == *id);
        return *id;
    }

private:
    void transmit(result<void> outcome, int line) {
        const auto frame = engine.poll_transmit(now);
        demand(frame.has_value(), "a frame out", line);
        last_.assign(frame->begin(), frame->end());
        engine.handle_sent(outcome, now);
    }

    std::vector<std::uint8_t> last_;
    drop_watch drops_{};
};

/// A request was answered, and its answer failed it for this reason.
template <class Bench, class Request> bool failed(Bench& b, ticket<Request> t, errc why) {
    const driver_event e = b.engine.poll_event();
    return e.is(t) && e.error == why && b.engine.response(t).error() == why;
}

/// It is still waiting for its answer.
template <class Bench, class Request> bool open(Bench& b, ticket<Request> t) {
    return b.engine.response(t).error() == errc::would_block && b.no_event();
}

/// The devices of a bus in the order in which they were announced, up to `bus_ready`.
template <class Bench> std::vector<int> announced(Bench& b) {
    std::vector<int> numbers;
    for (;;) {
        const driver_event e = b.engine.poll_event();
        if (e.kind == driver_event_kind::bus_ready) return numbers;
        REQUIRE(e.kind == driver_event_kind::device_added);
        numbers.push_back(e.dev_num);
    }
}

/// The bus has failed for this reason, is silent, and says so once.
template <class Bench> bool has_failed(Bench& b, errc why) {
    const driver_event e = b.engine.poll_event();
    return e.kind == driver_event_kind::bus_failed && e.error == why && b.no_event() && b.silent() &&
           b.engine.state() == bus_state::failed;
}

} // namespace proto_test
