// SPDX-License-Identifier: BSD-2-Clause
// `partition_msg_header` and `direct_req2` of ffa.json: what carries a message in a buffer and in registers.
#include "vectors/section.hpp"

#include <doctest/doctest.h>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/uuid.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace vmsg;

namespace {

using bytes = std::vector<std::uint8_t>;

uuid service_of(const json::value& document) {
    const std::string text = document["_meta"]["uuid"].text();
    return *parse_uuid(text.data(), text.size());
}

ffa::call_frame registers_of(const json::value& v) {
    ffa::call_frame frame;
    const auto all = v["x0_x17"].items();
    REQUIRE(all.size() == std::size(frame.x));
    for (std::size_t i = 0; i < all.size(); ++i) frame.x[i] = all[i].hex_number();
    return frame;
}

// Bytes 0, 1, ... and zero from `size` on.
word_image counting(std::size_t size) {
    std::uint8_t all[word_image::size_bytes]{};
    for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<std::uint8_t>(i);
    return from_bytes(all);
}

std::string same_both_ways(const ffa::direct_message& m, const ffa::call_frame& expected) {
    const auto made = m.kind == ffa::direct_kind::request
                          ? ffa::encode_direct_request(m.src, m.dst, m.service, m.payload)
                          : ffa::encode_direct_response(m.src, m.dst, m.payload);
    if (made != expected) return "other registers";
    return ffa::decode_direct(expected) == m ? "" : "another message";
}

} // namespace

TEST_CASE("ffa.json partition_msg_header") {
    const json::value document = vector_file("ffa.json");
    const json::value v = document["partition_msg_header"];
    const ffa::endpoint_id src{static_cast<std::uint16_t>(v["sender"].hex_number())};
    const ffa::endpoint_id dst{static_cast<std::uint16_t>(v["receiver"].hex_number())};
    const std::size_t size = v["size"].number();
    section s("ffa.json", "partition_msg_header");
    for (const auto& [name, version] : {std::pair{"v1_1", ffa::version::v1_1}, {"v1_2", ffa::version::v1_2}}) {
        const bytes expected = v[name].bytes();
        const bool has_service = version == ffa::version::v1_2;
        const uuid service = has_service ? service_of(document) : uuid{};
        bytes buffer(expected.size() + size, 0xa5);
        const auto place = ffa::encode_indirect(buffer, version, src, dst, service, size);
        const bool written = place && place->data() == buffer.data() + expected.size() && place->size() == size &&
                             std::equal(expected.begin(), expected.end(), buffer.begin());
        const auto got = ffa::decode_indirect(buffer);
        const bool read = got && got->src == src && got->dst == dst && got->has_service == has_service &&
                          got->service == service && got->payload.size() == size;
        s.judge(name, !written ? "another header" : !read ? "reads something else" : "");
    }
    s.finish(2);
}

TEST_CASE("ffa.json direct_req2") {
    const json::value document = vector_file("ffa.json");
    const json::value v = document["direct_req2"];
    const uuid service = service_of(document);
    const ffa::endpoint_id driver{0x0001};
    const ffa::endpoint_id device{0x8003};
    section s("ffa.json", "direct_req2");
    const auto check = [&](const char* name, const ffa::direct_message& m) {
        s.judge(name, same_both_ways(m, registers_of(v[name])));
    };
    check("payload_112_bytes_00_to_6f", {ffa::direct_kind::request, driver, device, service, counting(112)});
    check("payload_44_bytes_zero_padded", {ffa::direct_kind::request, driver, device, service, counting(44)});
    check("resp2_44_bytes", {ffa::direct_kind::response, device, driver, uuid{}, counting(44)});
    s.judge("x2", v["x2"].hex_number() == service.low() ? "" : "another low half");
    s.judge("x3", v["x3"].hex_number() == service.high() ? "" : "another high half");
    s.finish(5);
}
