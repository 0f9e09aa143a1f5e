// SPDX-License-Identifier: BSD-2-Clause
// `bus_addr`, `fifo` and `malformed`: what the FF-A bus adds to the messages.
#include "vectors/section.hpp"
#include "vectors/states.hpp"

#include <doctest/doctest.h>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/text.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/indirect.hpp>

#include "transport/support/direct_manager.hpp"
#include "transport/support/indirect_manager.hpp"

#include <algorithm>
#include <string_view>

using namespace vectors;

namespace {

template <revision R> std::string check_address(const json::value& v) {
    const auto area = static_cast<std::uint16_t>(v["area_id"].number());
    const std::uint64_t offset = v["offset"].hex_number();
    const bus_address expected{v["bus_addr"].hex_number()};
    if (area_of<R>(expected) != v["unpacked_area_id"].number()) return "another area";
    if (offset_of<R>(expected) != v["unpacked_offset"].hex_number()) return "another offset";
    // An offset that is too wide is refused, where the vector cuts it off.
    const auto made = make_bus_address<R>(area, offset);
    if (made.has_value() != (offset <= max_area_offset<R>)) return "refuses what fits, or takes what does not";
    const auto cut = make_bus_address<R>(area, offset & max_area_offset<R>);
    if (made && *made != expected) return "another address";
    return cut == expected ? "" : "another address of the cut offset";
}

template <revision R> void check_addresses() {
    const std::string file = std::string{name_of(R)} + ".json";
    const json::value document = vector_file(file);
    CHECK(document["bus_addr_shift"].number() == constants_of<R>.area_shift);
    section s(file, "bus_addr");
    std::size_t n = 0;
    for (const json::value& v : document["bus_addr"].items())
        s.judge(std::to_string(n++) + ' ' + v["bus_addr"].text(), check_address<R>(v));
    s.finish(document["counts"]["bus_addr"].number());
}

// What the library makes of a frame before it looks at the message: the errno names of the vectors, "0" for success.
template <revision R> std::string inbound_result(byte_view delivered) {
    const auto h = validate_inbound<R>(delivered, constants_of<R>.ffa_max_msg_size);
    return std::string{row_of_error(h.error()).linux_errno};
}

bool is_rejected(const std::string& outcome) { return outcome[0] == '-' || outcome.compare(0, 5, "drop:") == 0; }

// What a driver of rfc2025 does with a frame, in the words of the vectors.
std::string route(byte_view delivered, const json::value& known_devices) {
    constexpr revision r = revision::rfc2025;
    const auto h = validate_inbound<r>(delivered, constants_of<r>.ffa_max_msg_size);
    if (!h) return inbound_result<r>(delivered);
    if (classify(*h) == frame_class::event) {
        const message_info* const m = find_message(r, h->type, h->msg_id);
        return m != nullptr && m->dir == direction::device_to_driver ? "event" : "drop:unsupported";
    }
    if (classify(*h) != frame_class::response) return "drop:unsupported";
    if (h->is_bus()) return "complete:bus";
    const auto known = known_devices.items();
    const auto is_it = [&](const json::value& d) { return d.number() == h->dev_num; };
    return std::any_of(known.begin(), known.end(), is_it) ? "complete:dev" : "drop:no vmdev";
}

std::string class_name(frame_class c) {
    switch (c) {
    case frame_class::transport_request: return "TRANSPORT_REQUEST";
    case frame_class::bus_request: return "BUS_REQUEST";
    case frame_class::response: return "RESPONSE";
    case frame_class::event: return "EVENT";
    }
    return "";
}

// A request comes to a device side. What it is answered with before negotiation is an error.
std::string class_of_request(const json::value& v, byte_view frame, const header& h) {
    device_v2 bench;
    test_device model;
    attached<test_device> port{model};
    if (h.dev_num != bench.number) REQUIRE(bench.engine.attach(h.dev_num, port));
    if (v["negotiated"].truth()) bench.negotiate();
    const device_counters before = bench.engine.counters();
    static_cast<void>(bench.deliver(frame));
    const verdict dropped = judged(before, bench.engine.counters());
    if (!dropped.is(drop_reason::too_early)) return class_name(classify(h)) + " 0 match=0";
    const auto out = bench.engine.poll_transmit(bench.now);
    const bool error = out && decode_header<revision::oasis_v2>(*out)->msg_id == row_of<error_response>.id;
    return error ? "PRENEG_ERROR_RESPONSE 0 match=0" : "DROP 0 match=0";
}

// The request that a driver side waits for.
void open_request(driver_v2& bench, const json::value& outstanding) {
    const auto dev_num = static_cast<std::uint16_t>(outstanding["dev_num"].number());
    const auto id = static_cast<std::uint8_t>(outstanding["expected_msg_id"].number());
    const bool bus = (outstanding["expected_type"].number() & type_bus) != 0;
    if (bus && id == row_of<get_devices_request>.id) {
        REQUIRE(bench.engine.enumerate(bench.now));
        static_cast<void>(bench.expect<get_devices_request>());
    } else if (bus) {
        REQUIRE(bench.engine.share_area(0x1234, 2, area_attrs::usual));
        static_cast<void>(bench.expect<area_share_request>());
    } else if (id == row_of<get_config_request>.id) {
        static_cast<void>(bench.ask(dev_num, get_config_request{0, 4}));
        static_cast<void>(bench.expect<get_config_request>());
    } else {
        static_cast<void>(bench.ask(dev_num, get_device_info_request{}));
        static_cast<void>(bench.expect<get_device_info_request>());
    }
    const auto sent = decode_header<revision::oasis_v2>(byte_view{bench.last_frame()});
    CHECK(sent->token == outstanding["token"].number());
    CHECK(sent->msg_id == id);
    CHECK(sent->dev_num == dev_num);
}

// A response or an event comes to a driver side.
std::string class_of_answer(const json::value& v, byte_view frame, const header& h) {
    const bool waits = v["outstanding"].is_object();
    driver_v2 bench = !v["negotiated"].truth()
                          ? driver_v2{}
                          : driver_at(waits ? static_cast<std::uint16_t>(v["outstanding"]["token"].number()) : 2);
    if (waits) open_request(bench, v["outstanding"]);
    const driver_counters before = bench.engine.counters();
    bench.deliver(frame);
    const verdict dropped = judged(before, bench.engine.counters());
    if (dropped.is(drop_reason::too_early) || dropped.is(drop_reason::stale)) return "DROP 0 match=0";
    const bool error = classify(h) == frame_class::response && h.msg_id == row_of<error_response>.id;
    return class_name(classify(h)) + " 0 match=" + (!error ? "0" : dropped.dropped ? "-EPROTO" : "1");
}

// What an engine makes of a frame when it classifies it, in the words of the vectors.
std::string class_of(const json::value& v, byte_view frame) {
    constexpr revision r = revision::oasis_v2;
    if (const std::string why = inbound_result<r>(frame); why != "0") return "REJECT " + why + " match=0";
    const header h = *decode_header<r>(frame);
    const frame_class c = classify(h);
    const bool request = c == frame_class::transport_request || c == frame_class::bus_request;
    return request ? class_of_request(v, frame, h) : class_of_answer(v, frame, h);
}

// A partition answers a request with these registers.
std::string direct_result(const bytes& frame) {
    transport_test::direct_manager manager;
    manager.partition = [&](ffa::call_frame& registers) {
        registers =
            ffa::encode_direct_response(transport_test::device_id, transport_test::driver_id, from_bytes(frame));
    };
    transports::direct_driver<transport_test::direct_manager> wire{manager, transport_test::driver_id,
                                                                   transport_test::device_id};
    if (const auto sent = wire.send({}, bytes{1}, 0); !sent) return errno_of(sent.error());
    std::uint8_t buffer[word_image::size_bytes]{};
    const auto got = wire.receive(buffer, 0);
    return got ? inbound_result<revision::oasis_v2>({buffer, got->size}) : errno_of(got.error());
}

// A message comes whose payload this is.
std::string indirect_result(const bytes& frame) {
    transport_test::indirect_manager manager;
    ffa::rxtx<transport_test::indirect_manager::endpoint> buffers{manager.driver, manager.driver.memory()};
    REQUIRE(buffers.map());
    transports::indirect<transport_test::indirect_manager::endpoint> wire{buffers, transport_test::driver_id,
                                                                          transport_test::device_id};
    bytes page(4096);
    const auto place = ffa::encode_indirect(page, ffa::version::v1_2, transport_test::device_id,
                                            transport_test::driver_id, driver_role_uuid, frame.size());
    REQUIRE(place);
    std::copy(frame.begin(), frame.end(), place->begin());
    REQUIRE(manager.inject(manager.driver, page));
    std::uint8_t buffer[104]{};
    const auto got = wire.receive(buffer, 0);
    CHECK_FALSE(manager.driver.full);
    return got ? inbound_result<revision::oasis_v2>({buffer, got->size}) : errno_of(got.error());
}

} // namespace

TEST_CASE("rfc2025.json bus_addr") { check_addresses<revision::rfc2025>(); }
TEST_CASE("oasis_v1.json bus_addr") { check_addresses<revision::oasis_v1>(); }
TEST_CASE("oasis_v2.json bus_addr") { check_addresses<revision::oasis_v2>(); }

TEST_CASE("rfc2025.json malformed") {
    const json::value document = vector_file("rfc2025.json");
    section s("rfc2025.json", "malformed");
    for (const json::value& v : document["malformed"].items()) {
        const bytes frame = v["hex"].bytes();
        const std::string expected = v["result"].text();
        CHECK(v["stage"].text() == "vmsg_ffa_notifier_cb");
        CHECK(frame.size() == v["delivered_len"].number());
        CHECK(v["accepted"].truth() == !is_rejected(expected));
        s.judge(v["name"].text(), expected, route(frame, v["known_devices"]));
    }
    s.finish(document["counts"]["malformed"].number());
}

TEST_CASE("oasis_v2.json malformed") {
    const json::value document = vector_file("oasis_v2.json");
    section s("oasis_v2.json", "malformed");
    for (const json::value& v : document["malformed"].items()) {
        const std::string stage = v["stage"].text();
        const bytes frame = v["hex"].bytes();
        const std::string expected = v["result"].text();
        if (stage == "ffa_bus.validate_inbound") {
            CHECK(frame.size() == v["delivered_len"].number());
            CHECK(v["accepted"].truth() == !is_rejected(expected));
            s.judge(v["name"].text(), expected, inbound_result<revision::oasis_v2>(frame));
        } else if (stage == "ffa_bus.classify_inbound") {
            s.judge(v["name"].text(), expected, class_of(v, frame));
        } else {
            const bool direct = stage == "direct.parse_response";
            CHECK((direct || stage == "indirect.parse_frame"));
            CHECK(frame.size() == v["delivered_len"].number());
            CHECK(v["accepted"].truth() == !is_rejected(expected));
            s.judge(v["name"].text(), expected, direct ? direct_result(frame) : indirect_result(frame));
        }
    }
    s.finish(document["counts"]["malformed"].number());
}

TEST_CASE("oasis_v2.json fifo.layout") {
    struct named_field {
        std::string name;
        std::size_t offset;
        std::size_t size;
    };
    std::vector<named_field> ours;
    const auto list = [&]<class... Field>(const fields<Field...>&) {
        const auto add = [&]<class F>(F) {
            if constexpr (requires { F::name(); }) ours.push_back({F::name(), F::offset, F::size});
        };
        (add(Field{}), ...);
    };
    list(layout_of<fifo_header, revision::oasis_v2>{});

    const json::value fifo = vector_file("oasis_v2.json")["fifo"];
    CHECK(fifo["header_size"].number() == fifo_header_size);
    CHECK(fifo["message_area_offset"].number() == fifo_header_size);
    section s("oasis_v2.json", "fifo.layout");
    std::size_t named = 0;
    for (const json::value& v : fifo["layout"].items()) {
        const std::string name = v["name"].text();
        const std::size_t offset = v["offset"].number();
        const std::size_t end = offset + v["size"].number();
        std::string wrong = name.compare(0, 8, "reserved") == 0 ? "" : "the library does not have it";
        for (const named_field& f : ours) {
            if (f.name == name) {
                wrong = f.offset == offset && f.offset + f.size == end ? "" : "is elsewhere, or has another size";
                ++named;
            } else if (f.offset < end && offset < f.offset + f.size) {
                wrong = "overlaps " + f.name;
            }
        }
        s.judge(name, wrong);
    }
    CHECK(named == ours.size());
    s.finish(fifo["layout"].items().size());
}

TEST_CASE("oasis_v2.json fifo.headers") {
    const json::value headers = vector_file("oasis_v2.json")["fifo"]["headers"];
    section s("oasis_v2.json", "fifo.headers");
    std::size_t n = 0;
    for (const json::value& v : headers.items()) {
        const auto half = [&](const char* name) { return static_cast<std::uint16_t>(v[name].number()); };
        const fifo_header h{.version = half("version"),
                            .message_size = half("message_size"),
                            .depth = half("depth"),
                            .next_offset = static_cast<std::uint32_t>(v["next_offset"].number()),
                            .read_index = half("read_index"),
                            .write_index = half("write_index")};
        const bytes expected = v["hex"].bytes();
        bytes encoded(fifo_header_size, 0xa5);
        const bool same = encode_fifo_header(encoded, h) && encoded == expected && decode_fifo_header(expected) == h;
        s.judge(std::to_string(n++), same ? "" : "is another header");
    }
    s.finish(n);
}

TEST_CASE("the vector files have no section that nobody knows") {
    const std::vector<std::string> known{"revision",       "note",   "ffa",       "uuids",     "messages", "bus_addr",
                                         "bus_addr_shift", "counts", "malformed", "behaviour", "fifo"};
    for (const revision_row& row : revision_rows)
        for (const auto& member : vector_file(std::string{row.name} + ".json").members())
            CHECK_MESSAGE(std::find(known.begin(), known.end(), member.first) != known.end(), member.first);
}

TEST_CASE("the UUIDs of the vector files are those of the library") {
    for (const revision_row& row : revision_rows) {
        const json::value uuids = vector_file(std::string{row.name} + ".json")["uuids"];
        for (const auto& [role, id] : {std::pair{"device_role", device_role_uuid}, {"driver_role", driver_role_uuid}}) {
            char text[36];
            text_writer out{text};
            write_text(out, id);
            CHECK(uuids[role]["text"].text() == out.view());
            CHECK(uuids[role]["bytes"].bytes() == bytes(id.bytes, id.bytes + 16));
            CHECK(uuids[role]["x2"].hex_number() == id.low());
            CHECK(uuids[role]["x3"].hex_number() == id.high());
        }
    }
}
