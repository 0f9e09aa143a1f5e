// SPDX-License-Identifier: BSD-2-Clause
// `behaviour`: what the engines do in a certain state. Each vector is brought about with frames, and judged by what
// comes out. Source of the format: the description of the vector files, "behaviour".
#include "vectors/section.hpp"
#include "vectors/states.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

using namespace vectors;

namespace {

constexpr revision v2 = revision::oasis_v2;

template <class T> T number(const json::value& v, const char* name) { return static_cast<T>(v[name].number()); }

header header_of(byte_view frame) { return *decode_header<v2>(frame); }

// The request of a vector, sent by an engine, has to be the vector's.
template <class Request> ticket<Request> asked_by(driver_v2& bench, const header& h, const Request& m) {
    const auto t = bench.ask(h.dev_num, m);
    static_cast<void>(bench.expect<Request>());
    CHECK(header_of(bench.last_frame()) == h);
    return t;
}

// GET_CONFIG as in the vector, or the same with another token.
ticket<get_config_request> get_config_of(driver_v2& bench, byte_view request) {
    const auto m = decode<get_config_request, v2>(request);
    REQUIRE(m);
    const auto t = asked_by(bench, header_of(request), *m);
    CHECK(byte_view{bench.last_frame()} == request);
    return t;
}

// --- the driver side

// An area is shared with the next free id and with legal values; those of the vector are random.
std::string end_of_share(driver_v2& bench, const header& asked, byte_view response) {
    const auto id = bench.engine.share_area(0x1234, 2, area_attrs::usual);
    REQUIRE(id);
    static_cast<void>(bench.expect<area_share_request>());
    CHECK(header_of(bench.last_frame()) == asked);
    const driver_counters before = bench.engine.counters();
    bench.deliver(response);
    const driver_event e = bench.engine.poll_area_event(*id);
    const verdict dropped = judged(before, bench.engine.counters());
    if (dropped.dropped) return errno_of(dropped.why); // the area is asked back, as it may have been taken
    return e.kind == driver_event_kind::none ? "nothing" : errno_of(e.error);
}

std::string driver_complete(const json::value& v) {
    const bytes request = v["request"].bytes();
    const header h = header_of(request);
    driver_v2 bench = driver_at(h.token);
    if (h.is_bus()) return end_of_share(bench, h, v["response"].bytes());
    return end_of(bench, get_config_of(bench, request), v["response"].bytes());
}

// The token is not what these vectors are about: the response gets that of the request.
std::string transport_validate_response(const json::value& v) {
    const bytes request = v["request"].bytes();
    const header h = header_of(request);
    bytes response = v["response"].bytes();
    store_le(response.data() + 4, h.token);
    driver_v2 bench = driver_at(h.token);
    CHECK(v["max_msg_size"].number() == bench.engine.max_msg_size());
    return end_of(bench, get_config_of(bench, request), response);
}

// The words of the vectors for what the library calls one reason.
drop_reason reason_of(std::string_view word) {
    if (word == "drop:invalid msg_id") return drop_reason::unknown_id;
    if (word == "drop:dev_num") return drop_reason::no_device;
    const bool value = word == "drop:vq>=max" || word == "drop:range" || word == "drop:type";
    return value ? drop_reason::bad_value : drop_reason::malformed;
}

std::string driver_event_outcome(const json::value& v) {
    const std::string expected = v["result"].text();
    driver_v2 bench = driver_at(2);
    const std::uint16_t dev_num = number<std::uint16_t>(v, "dev_num");
    CHECK(v["max_msg_size"].number() == bench.engine.max_msg_size());
    CHECK(v["max_virtqueues"].number() == bench.engine.device(dev_num)->max_virtqueues);
    CHECK(v["config_size"].number() == bench.engine.device(dev_num)->config_size);
    const driver_counters before = bench.engine.counters();
    bench.deliver(v["event"].bytes());
    const verdict dropped = judged(before, bench.engine.counters());
    const driver_event e = bench.engine.poll_event();
    if (dropped.dropped) {
        CHECK(e.kind == driver_event_kind::none);
        return dropped.why == reason_of(expected) ? expected : "drop:another reason";
    }
    CHECK(e.dev_num == dev_num);
    if (e.kind == driver_event_kind::used) return "dispatch:used";
    return e.kind == driver_event_kind::config_changed ? "dispatch:config_changed" : "nothing";
}

// The event of a vector has a token; ours have 0, as the specification wants, and so has their acknowledgement.
std::string direct_event_ack(const json::value& v) {
    bytes event = v["event"].bytes();
    const header h = header_of(event);
    const auto m = decode<event_avail, v2>(event);
    REQUIRE(m);
    driver_v2 bench = driver_at(2);
    REQUIRE(bench.engine.notify(h.dev_num, m->vq_index, m->next_offset));
    static_cast<void>(bench.expect<event_avail>());
    store_le(event.data() + 4, std::uint16_t{0});
    CHECK(bench.last_frame() == event);
    bytes ack = v["ack"].bytes();
    store_le(ack.data() + 4, static_cast<std::uint16_t>(load_le<std::uint16_t>(ack.data() + 4) - h.token));
    ack.resize(bench.engine.max_msg_size());
    const driver_counters before = bench.engine.counters();
    bench.deliver(ack);
    const verdict dropped = judged(before, bench.engine.counters());
    return dropped.dropped ? errno_of(dropped.why) : "0";
}

// A transport request to the device that the response names, and its end.
template <class Request>
std::string answered(const json::value& v, const Request& m, response_of<Request>* got = nullptr) {
    const bytes response = v["response"].bytes();
    const header h = header_of(response);
    driver_v2 bench = driver_at(h.token);
    const auto t = bench.ask(h.dev_num, m);
    static_cast<void>(bench.expect<Request>());
    const std::string end = end_of(bench, t, response);
    if (got != nullptr && end == "0") *got = *bench.engine.response(t);
    return end;
}

std::string driver_get_vqueue_response(const json::value& v) {
    get_vqueue_response got{};
    const std::string end = answered(v, get_vqueue_request{number<std::uint32_t>(v, "index")}, &got);
    return end == "0" && got.max_size == 0 ? "-ENOENT" : end; // an answer of its own kind, and no error
}

std::string driver_set_config_response(const json::value& v) {
    const bytes data(v["length"].number(), 0x11);
    return answered(v, set_config_request{.offset = number<std::uint32_t>(v, "offset"),
                                          .length = number<std::uint32_t>(v, "length"),
                                          .config = byte_view{data}});
}

std::string driver_get_config_response(const json::value& v) {
    return answered(v, get_config_request{number<std::uint32_t>(v, "offset"), number<std::uint32_t>(v, "length")});
}

std::string driver_get_devices_response(const json::value& v) {
    const bytes response = v["response"].bytes();
    driver_v2 bench = driver_at(header_of(response).token);
    REQUIRE(bench.engine.enumerate(bench.now));
    const auto asked = bench.expect<get_devices_request>();
    CHECK(asked.body.offset == v["offset"].number());
    CHECK(asked.body.count == v["count"].number());
    bench.deliver(response);
    if (bench.engine.state() == bus_state::ready) return "0 next=0";
    if (bench.engine.state() == bus_state::enumerating)
        return "more next=" + std::to_string(bench.expect<get_devices_request>().body.offset);
    for (;;) {
        const driver_event e = bench.engine.poll_event();
        if (e.kind == driver_event_kind::bus_failed) return errno_of(e.error) + " next=0"; // has no defined value
        if (e.kind == driver_event_kind::none) return "nothing";
    }
}

std::string token_sequence(const json::value& v) {
    CHECK(v["start"].number() == 0); // the first tokens of an engine
    driver_v2 bench{driver_options_for<v2>(event_method::indirect)};
    REQUIRE(bench.engine.start(bench.now));
    std::string ours;
    const auto note = [&](const header& h) { ours += std::to_string(h.token) + ' '; };
    for (int i = 0; i < 2; ++i) {
        const auto asked = bench.expect<version_request>();
        note(asked.head);
        bench.reply(asked, bench.version());
    }
    const auto events = bench.expect<event_configure_request>();
    note(events.head);
    bench.reply(events, event_configure_response{});
    note(bench.expect<get_devices_request>().head);
    return ours;
}

// --- the device side

std::string offered_area(device_v2& bench, const area_share_request& m) {
    CHECK(bench.send(m) == errc::none);
    if (!bench.silent()) return std::to_string(static_cast<unsigned>(bench.answer<area_share_response>().result));
    return bench.engine.poll_task().what == area_task::kind::map ? "0" : "nothing"; // its owner is asked to map it
}

std::string device_area_attrs_supported(const json::value& v) {
    device_v2 bench;
    bench.negotiate();
    const auto attrs = static_cast<area_attrs>(v["attrs"].hex_number());
    return offered_area(bench, {.area_id = 1, .page_count = 1, .sharing_attrs = attrs}) == "0" ? "true" : "false";
}

std::string device_area_share_precheck(const json::value& v) {
    device_v2 bench;
    bench.negotiate();
    const auto id = number<std::uint16_t>(v, "area_id");
    if (v["already_shared"].truth()) bench.share(id);
    return offered_area(bench, {.area_id = id,
                                .page_count = number<std::uint32_t>(v, "page_count"),
                                .sharing_attrs = static_cast<area_attrs>(v["sharing_attrs"].number())});
}

std::string device_bus_request(const json::value& v) {
    device_v2 bench;
    bench.negotiate();
    const auto id = number<std::uint8_t>(v, "id");
    bytes frame(v["msg_size"].number());
    frame[0] = type_bus;
    frame[1] = id;
    store_le(frame.data() + 4, std::uint16_t{0x1234});
    store_le(frame.data() + 6, static_cast<std::uint16_t>(frame.size()));
    const errc why = bench.deliver(frame);
    const auto out = bench.engine.poll_transmit(bench.now);
    if (!out) return "discarded";
    const header h = header_of(*out);
    CHECK(h.token == 0x1234);
    if (h.msg_id == row_of<error_response>.id) return why != errc::none ? "ERROR(0x87)" : "nothing";
    return h.msg_id == id && why == errc::none ? "handled" : "nothing";
}

std::string device_version(const json::value& v) {
    device_v2 bench;
    if (v["negotiated_before"].truth()) bench.negotiate();
    if (v["reset_in_progress"].truth()) { // one that waits for the driver's memory
        bench.negotiate();
        bench.share(1);
        REQUIRE(bench.send(reset_request{}) == errc::none);
        CHECK(bench.silent());
    }
    CHECK(bench.engine.negotiated() == v["negotiated_before"].truth());
    CHECK(bench.send(version_request{.bus_version = static_cast<std::uint32_t>(v["req_bus_version"].hex_number()),
                                     .transport_revision = number<std::uint32_t>(v, "req_transport_revision")}) ==
          errc::none);
    const auto got = bench.answer<version_response>();
    CHECK(got.ffa_version != 0);
    const bool told = got.bus_features != bus_feature{} && got.max_areas != 0;
    CHECK(told != (got.bus_features == bus_feature{} && got.max_areas == 0 && got.feature_bits == 0));
    return std::to_string(got.bus_version) + ' ' + std::to_string(got.transport_revision) +
           (told ? " told" : " zeros") + (bench.engine.negotiated() ? " negotiated" : "");
}
std::string version_expected(const json::value& v) {
    return std::to_string(v["resp_bus_version"].number()) + ' ' +
           std::to_string(v["resp_transport_revision"].number()) +
           (v["features_and_max_areas_nonzero"].truth() ? " told" : " zeros") +
           (v["negotiated_after"].truth() ? " negotiated" : "");
}
std::string version_name(const json::value& v) {
    return v["req_bus_version"].text() + ' ' + std::to_string(v["req_transport_revision"].number()) +
           (v["negotiated_before"].truth() ? " again" : "") + (v["reset_in_progress"].truth() ? " during reset" : "");
}

// A device whose queues all have the maximum of a vector.
struct sized_device : archetypes::device_model {
    static constexpr std::uint32_t queue_count = 2;
    std::uint32_t max_size{};
    std::uint32_t queue_max_size(std::uint32_t) const { return max_size; }
    bool enable_queue(std::uint32_t, const queue_setup&) { return true; }
};

// Addresses are those of the vector, as offsets in area 1: a queue lies in memory that its driver has shared.
bus_address in_area_1(const json::value& v, const char* name) { return device_v2::at(1, v[name].number()); }
queue_setup setup_of(const json::value& v) {
    return {number<std::uint32_t>(v, "size"), in_area_1(v, "descriptor_addr"), in_area_1(v, "driver_addr"),
            in_area_1(v, "device_addr")};
}

std::string device_set_vqueue(const json::value& v) {
    constexpr std::uint16_t dev_num = 9;
    const json::value before = v["before"];
    device_v2 bench;
    bench.memory.resize(8 * area_page_size);
    sized_device model;
    model.max_size = number<std::uint32_t>(before, "max_size");
    attached<sized_device> port{model};
    REQUIRE(v["num_queues"].number() == port.queue_count());
    REQUIRE(bench.engine.attach(dev_num, port));
    bench.negotiate();
    REQUIRE(bench.send(area_share_request{.area_id = 1, .page_count = 8, .sharing_attrs = area_attrs::usual}) ==
            errc::none);
    REQUIRE(bench.engine.poll_task().what == area_task::kind::map);
    REQUIRE(bench.engine.areas().mapped(1, bench.memory));
    static_cast<void>(bench.answer<area_share_response>());
    // States that no driver could bring about are among the vectors.
    port.status = device_status{0xb};
    for (std::uint32_t i = 0; i < port.queue_count(); ++i)
        port.queue(i) = {.setup = setup_of(before), .enabled = before["enabled"].number() != 0};

    const json::value asked = v["request"];
    const auto index = number<std::uint32_t>(asked, "index");
    const queue_setup wanted = setup_of(asked);
    CHECK(bench.send(set_vqueue_request{.index = index,
                                        .flags = static_cast<vqueue_flags>(asked["flags"].number()),
                                        .size = wanted.size,
                                        .reserved = number<std::uint32_t>(asked, "reserved"),
                                        .descriptor_addr = wanted.descriptor_addr,
                                        .driver_addr = wanted.driver_addr,
                                        .device_addr = wanted.device_addr},
                     dev_num) == errc::none);
    static_cast<void>(bench.answer<set_vqueue_response>());
    const json::value after = v["after"];
    for (std::uint32_t i = 0; i < port.queue_count(); ++i) {
        const json::value expected = i == index ? after : before;
        if (port.queue(i).setup != setup_of(expected)) return "another set-up";
        if (port.queue(i).enabled != (expected["enabled"].number() != 0)) return "another state";
    }
    return v["result"].text(); // the response is empty: what can be seen is the state after it
}

// The name of a vector in the messages of a section.
std::string name_of_vector(const json::value& v, const std::string& op) {
    if (v.has("name")) return op + ' ' + v["name"].text();
    if (op == "device_area_attrs_supported") return op + ' ' + v["attrs"].text();
    if (op == "device_version") return op + ' ' + version_name(v);
    if (op == "token_sequence") return op;
    return op + ' ' + std::to_string(v["id"].number()) + ' ' + std::to_string(v["msg_size"].number());
}

// What the library does, in the words of the vectors.
std::string outcome(const json::value& v, const std::string& op) {
    if (op == "driver_complete") return driver_complete(v);
    if (op == "transport_validate_response") return transport_validate_response(v);
    if (op == "driver_event") return driver_event_outcome(v);
    if (op == "driver_get_vqueue_response") return driver_get_vqueue_response(v);
    if (op == "driver_device_info_response") return answered(v, get_device_info_request{});
    if (op == "driver_set_config_response") return driver_set_config_response(v);
    if (op == "driver_get_config_response") return driver_get_config_response(v);
    if (op == "driver_get_devices_response") return driver_get_devices_response(v);
    if (op == "device_area_attrs_supported") return device_area_attrs_supported(v);
    if (op == "device_area_share_precheck") return device_area_share_precheck(v);
    if (op == "device_bus_request") return device_bus_request(v);
    if (op == "device_version") return device_version(v);
    if (op == "token_sequence") return token_sequence(v);
    if (op == "device_set_vqueue") return device_set_vqueue(v);
    CHECK(op == "direct_event_ack");
    return direct_event_ack(v);
}

std::string expectation(const json::value& v, const std::string& op) {
    if (op == "device_version") return version_expected(v);
    if (op == "device_area_attrs_supported") return v["result"].truth() ? "true" : "false";
    if (op == "device_area_share_precheck") return std::to_string(v["wire_result"].number());
    if (op != "token_sequence") return v["result"].text();
    std::string all;
    for (const json::value& token : v["tokens"].items()) all += std::to_string(token.number()) + ' ';
    return all;
}

// --- rfc2025

using driver_old = driver_bench<revision::rfc2025>;

// The July 2025 driver has one error for everything that it does not like.
std::string version_response_of_rfc2025(const json::value& v) {
    const bool direct = v["method"].text() == "direct";
    CHECK((direct || v["method"].text() == "indirect"));
    driver_options options = driver_options_for<revision::rfc2025>(event_method::indirect);
    options.bus_features =
        direct ? bus_feature::direct_rx | bus_feature::direct_tx : bus_feature::indirect_rx | bus_feature::indirect_tx;
    driver_old bench{options};
    REQUIRE(bench.engine.start(bench.now));
    static_cast<void>(bench.expect<version_request>());
    bench.deliver(v["response"].bytes());
    if (bench.engine.state() == bus_state::enumerating) return "0";
    return bench.engine.state() == bus_state::failed ? "-EINVAL" : "nothing";
}

std::string get_devices_response_of_rfc2025(const json::value& v) {
    driver_old bench{driver_options_for<revision::rfc2025>(event_method::indirect)};
    bench.negotiate();
    static_cast<void>(bench.expect<get_devices_request>());
    bench.deliver(v["response"].bytes());
    if (bench.engine.state() == bus_state::ready) return "0";
    if (bench.engine.state() == bus_state::enumerating)
        return "more next=" + std::to_string(bench.expect<get_devices_request>().body.offset);
    for (;;) {
        const driver_event e = bench.engine.poll_event();
        if (e.kind == driver_event_kind::bus_failed) return errno_of(e.error);
        if (e.kind == driver_event_kind::none) return "nothing";
    }
}

} // namespace

TEST_CASE("oasis_v2.json behaviour") {
    const json::value document = vector_file("oasis_v2.json");
    section s("oasis_v2.json", "behaviour");
    for (const json::value& v : document["behaviour"].items()) {
        const std::string op = v["op"].text();
        s.judge(name_of_vector(v, op), expectation(v, op), outcome(v, op));
    }
    s.finish(document["counts"]["behaviour"].number());
}

TEST_CASE("rfc2025.json behaviour") {
    const json::value document = vector_file("rfc2025.json");
    section s("rfc2025.json", "behaviour");
    for (const json::value& v : document["behaviour"].items()) {
        const std::string op = v["op"].text();
        const std::string name = op + ' ' + v["name"].text();
        if (op == "driver_version_response") {
            s.judge(name + ' ' + v["method"].text(), v["result"].text(), version_response_of_rfc2025(v));
        } else {
            CHECK(op == "driver_get_devices_response");
            s.judge(name, v["result"].text(), get_devices_response_of_rfc2025(v));
        }
    }
    s.finish(document["counts"]["behaviour"].number());
}
