// SPDX-License-Identifier: BSD-2-Clause
// The sections of ffa.json that are about calls in registers and what belongs to them: partitions, the RX and TX pair,
// notifications, errors, UUIDs.
#include "vectors/section.hpp"

#include <doctest/doctest.h>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/notification_info.hpp>
#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/ffa/rxtx_calls.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/ffa/uuid_registers.hpp>

#include <iterator>
#include <string>
#include <vector>

using namespace vmsg;

namespace {

using bytes = std::vector<std::uint8_t>;

json::value document() { return vector_file("ffa.json"); }

uuid uuid_in(const json::value& v) {
    const std::string text = v.text();
    return *parse_uuid(text.data(), text.size());
}
uuid service() { return uuid_in(document()["_meta"]["uuid"]); }

ffa::endpoint_id id_in(const json::value& v) { return static_cast<ffa::endpoint_id>(v.hex_number()); }

// As many registers as the vector has, the rest zero.
ffa::call_frame registers_in(const json::value& list) {
    ffa::call_frame frame;
    const auto all = list.items();
    REQUIRE(all.size() <= std::size(frame.x));
    for (std::size_t i = 0; i < all.size(); ++i) frame.x[i] = all[i].hex_number();
    return frame;
}

// Encoded to exactly `expected`, and decoded to what was encoded.
template <class T, class Decode> std::string both_ways(const T& value, const ffa::call_frame& expected, Decode decode) {
    if (encode(value) != expected) return "other registers";
    const auto got = decode(expected);
    return got && *got == value ? "" : "reads something else";
}

ffa::partition_info partition_in(const json::value& v) {
    return {id_in(v["id"]),
            static_cast<std::uint16_t>(v["exec_ctx"].number()),
            static_cast<ffa::partition_properties>(v["properties"].hex_number()),
            service(),
            uuid_in(v["image_uuid_v1_3"]),
            ffa::version::v1_3};
}

// What a descriptor or entry of `size` bytes keeps.
ffa::partition_info cut(ffa::partition_info p, std::size_t size) {
    if (size < 48) p.image = {}, p.speaks = {};
    if (size < 24) p.protocol = {};
    return p;
}

// The place of the only bytes that are not zero.
std::size_t first_set(const bytes& all) {
    std::size_t i = 0;
    while (i < all.size() && all[i] == 0) ++i;
    return i;
}

std::size_t place_of(const ffa::partition_info& p) {
    bytes out(48);
    REQUIRE(encode_partition_descriptor(out, p));
    return first_set(out);
}

std::string same(std::size_t ours, std::size_t theirs) {
    return ours == theirs ? "" : "the library has " + std::to_string(ours);
}

} // namespace

TEST_CASE("ffa.json partition_info") {
    const json::value v = document()["partition_info"];
    const ffa::partition_info whole = partition_in(v);
    section s("ffa.json", "partition_info");
    const auto check = [&](const char* name, ffa::version version) {
        const bytes expected = v[name].bytes();
        bytes out(ffa::partition_descriptor_size(version), 0xa5);
        const bool written = encode_partition_descriptor(out, whole).has_value() && out == expected;
        const auto got = ffa::decode_partition_descriptor(expected);
        s.judge(name, !written ? "other bytes" : *got == cut(whole, expected.size()) ? "" : "reads something else");
    };
    check("v1_0", ffa::version::v1_0);
    check("v1_1_v1_2", ffa::version::v1_2);
    check("v1_3", ffa::version::v1_3);
    s.finish(3);
}

TEST_CASE("ffa.json partition_info_get_regs") {
    const json::value v = document()["partition_info_get_regs"];
    const ffa::partition_info one = partition_in(document()["partition_info"]);
    section s("ffa.json", "partition_info_get_regs");
    const ffa::call_frame request{{v["request_x0"].hex_number(), v["request_x1_x2"].items()[0].hex_number(),
                                   v["request_x1_x2"].items()[1].hex_number()}};
    s.judge("request", both_ways(ffa::partition_info_get_regs_call{service(), 0, 0}, request,
                                 ffa::decode_partition_info_get_regs));
    const auto check = [&](const char* name, std::uint16_t size, std::uint16_t first_id) {
        const json::value r = v[name];
        ffa::partition_info_get_regs_answer a;
        a.last_index = static_cast<std::uint16_t>(r["last_index"].number());
        a.current_index = static_cast<std::uint16_t>(r["current_index"].number());
        a.tag = static_cast<std::uint16_t>(r.has("tag") ? r["tag"].number() : 0);
        a.descriptor_size = static_cast<std::uint16_t>(r.has("desc_size") ? r["desc_size"].number() : size);
        a.count = static_cast<std::uint8_t>(r.has("entries") ? r["entries"].number() : 1);
        for (std::uint16_t i = 0; i < a.count; ++i) {
            a.entries[i] = cut(one, size);
            a.entries[i].id = static_cast<ffa::endpoint_id>(first_id + i);
        }
        s.judge(name, both_ways(a, registers_in(r["x0_x17"]), [](const ffa::call_frame& f) {
                    return ffa::decode_partition_info_get_regs_answer(f, 0);
                }));
    };
    check("v1_2_single", 24, 0x8003);
    check("v1_2_window0_of_7", 24, 0x8001);
    check("v1_3_window0_of_3", 48, 0x8001);
    s.finish(4);
}

TEST_CASE("ffa.json rxtx_map_forward_desc") {
    const json::value v = document()["rxtx_map_forward_desc"];
    const ffa::forwarded_rxtx d{id_in(v["endpoint"]), v["rx"].hex_number(), v["tx"].hex_number(),
                                static_cast<std::uint32_t>(v["pages"].number())};
    const bytes expected = v["bytes"].bytes();
    section s("ffa.json", "rxtx_map_forward_desc");
    bytes out(expected.size(), 0xa5);
    s.judge("encode", encode_forwarded_rxtx(out, d).has_value() && out == expected ? "" : "other bytes");
    s.judge("decode", ffa::decode_forwarded_rxtx(expected) == d ? "" : "reads something else");
    s.finish(2);
}

TEST_CASE("ffa.json notification") {
    const json::value v = document()["notification"];
    section s("ffa.json", "notification");
    const auto check = [&](const char* name, const char* registers, const auto& value, auto decode) {
        s.judge(name, both_ways(value, registers_in(v[name][registers]), decode));
    };
    const ffa::notification_list any{ffa::endpoint_id{0}, 0, {}};
    const ffa::notification_list three{ffa::endpoint_id{1}, 3, {0, 2, 3}};
    check("info_get_64_two_lists", "x0_x7", ffa::notification_info_get_answer{false, ffa::form::smc64, 2, {any, three}},
          ffa::decode_notification_info_get_answer);
    check("info_get_32_two_lists", "x0_x7", ffa::notification_info_get_answer{false, ffa::form::smc32, 2, {any, three}},
          ffa::decode_notification_info_get_answer);
    const ffa::endpoint_id vm{0x0001};
    const ffa::endpoint_id sp{0x8003};
    check("bind_sender8003_receiver0001_bits_0_2_63", "x0_x4",
          ffa::notification_bind_call{sp, vm, false, 1u | 1u << 2 | std::uint64_t{1} << 63},
          ffa::decode_notification_bind);
    check("set_sender0001_receiver8003_bit1", "x0_x4", ffa::notification_set_call{vm, sp, false, false, 0, 1u << 1},
          ffa::decode_notification_set);
    check("get_vm1_vcpu0_sp_and_spm", "x0_x2",
          ffa::notification_get_call{vm, 0,
                                     ffa::notification_sources::secure_partitions | ffa::notification_sources::spm},
          ffa::decode_notification_get);
    check("get_resp_sp_bit1_and_spm_rx_full", "x0_x7", ffa::notification_get_answer{1u << 1, 0, ffa::rx_full_bit, 0},
          ffa::decode_notification_get_answer);
    s.finish(6);
}

TEST_CASE("ffa.json errors") {
    const json::value v = document()["errors"];
    const std::uint64_t x0 = v["busy_x0"].hex_number();
    section s("ffa.json", "errors");
    s.judge("busy_x0", ffa::encode_error(ffa::error::busy).x[0] == x0 ? "" : "another id");
    const auto busy = [&](const char* name) {
        return outcome_of(ffa::call_frame{{x0, 0, v[name].hex_number()}}).error() == errc::busy;
    };
    const char* const zero = "busy_x2_zero_extended";
    const bool encoded = ffa::encode_error(ffa::error::busy).x[2] == v[zero].hex_number();
    s.judge(zero, encoded && busy(zero) ? "" : "another code");
    s.judge("busy_x2_sign_extended_seen_in_wild", busy("busy_x2_sign_extended_seen_in_wild") ? "" : "another code");
    // "0x... or 0x...": both are a refusal.
    const std::string text = v["version_not_supported_x0"].text();
    const std::size_t gap = text.find(" or ");
    REQUIRE(gap != std::string::npos);
    std::string wrong;
    for (const std::string& one : {text.substr(0, gap), text.substr(gap + 4)}) {
        const ffa::call_frame answer{{std::stoull(one, nullptr, 16)}};
        if (ffa::decode_version_answer(answer).error() != errc::not_supported) wrong = one + " is no refusal";
    }
    if (ffa::encode_unknown_function().x[0] != std::stoull(text, nullptr, 16)) wrong = "another refusal is sent";
    s.judge("version_not_supported_x0", wrong);
    s.finish(4);
}

TEST_CASE("ffa.json direct_req2, the forms of a UUID") {
    const json::value v = document()["direct_req2"];
    const uuid id = service();
    section s("ffa.json", "direct_req2 uuid");
    const auto words = v["uuid_w_regs_partition_info_get_w1_w4"].items();
    const ffa::call_frame asked = encode(ffa::partition_info_get_call{id, false});
    REQUIRE(words.size() == 4);
    std::string wrong;
    std::string manifest = "uuid = <";
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (asked.x[1 + i] != words[i].hex_number() || ffa::uuid_word(id, i) != words[i].hex_number())
            wrong = "another word " + std::to_string(i);
        manifest += (i == 0 ? "" : " ") + words[i].text();
    }
    s.judge("uuid_w_regs_partition_info_get_w1_w4", wrong);
    s.judge("hafnium_manifest_u32_list", v["hafnium_manifest_u32_list"].text() == manifest + ">;" ? "" : "other words");
    const uuid met = ffa::uuid_of(v["WRONG_big_endian_word_variant_x2"].hex_number(),
                                  v["WRONG_big_endian_word_variant_x3"].hex_number());
    s.judge("WRONG_big_endian_word_variant",
            ffa::compare(met, id) == ffa::uuid_match::swapped && ffa::word_swapped(id) == met ? "" : "not recognised");
    s.judge("x2 and x3", ffa::uuid_of(v["x2"].hex_number(), v["x3"].hex_number()) == id ? "" : "another UUID");
    s.finish(4);
}

TEST_CASE("ffa.json sizes and offsets of partitions and messages") {
    const json::value sizes = document()["sizes"];
    const json::value offsets = document()["offsets"];
    section s("ffa.json", "sizes and offsets of partitions and messages");
    const auto size = [&](const char* name, std::size_t ours) { s.judge(name, same(ours, sizes[name].number())); };
    size("partition_info_v1_0", ffa::partition_descriptor_size(ffa::version::v1_0));
    size("partition_info_v1_1_v1_2", ffa::partition_descriptor_size(ffa::version::v1_1));
    size("partition_info_v1_3", ffa::partition_descriptor_size(ffa::version::v1_3));
    size("msg_hdr_v1_1", ffa::indirect_header_size(ffa::version::v1_1));
    size("msg_hdr_v1_2", ffa::indirect_header_size(ffa::version::v1_2));
    size("linux_indirect_hdr", ffa::indirect_header_size(ffa::version::v1_2));
    bytes forwarded(ffa::forwarded_rxtx_size);
    REQUIRE(ffa::encode_forwarded_rxtx(forwarded, {}));
    size("rxtx_desc_hafnium", load_le<std::uint32_t>(forwarded.data() + 4)); // RX follows the header

    const auto at = [&](const char* name, std::size_t ours) { s.judge(name, same(ours, offsets[name].number())); };
    const uuid ones = ffa::uuid_of(~std::uint64_t{0}, ~std::uint64_t{0});
    at("ffa_partition_info.vm_id", place_of({ffa::endpoint_id{0xffff}, 0, {}, {}, {}, {}}));
    at("ffa_partition_info.vcpu_count", place_of({{}, 0xffff, {}, {}, {}, {}}));
    at("ffa_partition_info.properties", place_of({{}, 0, ffa::partition_properties{~0u}, {}, {}, {}}));
    at("ffa_partition_info.protocol_uuid", place_of({{}, 0, {}, ones, {}, {}}));
    at("ffa_partition_info.image_uuid", place_of({{}, 0, {}, {}, ones, {}}));
    at("ffa_partition_info.partition_ffa_version", place_of({{}, 0, {}, {}, {}, ffa::version{~0u}}));

    // A header is read from where the vector says it is.
    bytes buffer(128);
    const auto put = [&](const char* name, auto value) {
        store_le(buffer.data() + offsets[std::string("ffa_partition_rxtx_header.") + name].number(), value);
    };
    put("offset", std::uint32_t{48});
    put("receiver", std::uint16_t{0x8003});
    put("sender", std::uint16_t{0x0001});
    put("size", std::uint32_t{44});
    put("reserved_2", ~std::uint32_t{0});
    put("uuid", service().low());
    store_le(buffer.data() + offsets["ffa_partition_rxtx_header.uuid"].number() + 8, service().high());
    const auto m = ffa::decode_indirect(buffer);
    REQUIRE(m);
    s.judge("offset", same(static_cast<std::size_t>(m->payload.data() - buffer.data()), 48));
    s.judge("receiver", m->dst == ffa::endpoint_id{0x8003} ? "" : "another receiver");
    s.judge("sender", m->src == ffa::endpoint_id{0x0001} ? "" : "another sender");
    s.judge("size", same(m->payload.size(), 44));
    s.judge("uuid and reserved_2", m->service == service() ? "" : "another UUID");
    s.finish(18);
}
