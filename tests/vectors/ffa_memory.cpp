// SPDX-License-Identifier: BSD-2-Clause
// The sections of ffa.json that are about memory: descriptors both ways, their sizes and offsets, fragments.
#include "vectors/section.hpp"

#include <doctest/doctest.h>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/rxtx_map_forward.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace vmsg;

namespace {

using bytes = std::vector<std::uint8_t>;
using ffa::version;

version version_of(const json::value& v) {
    return static_cast<version>(static_cast<std::uint32_t>(v["ffa_version"].hex_number()));
}

ffa::endpoint_id endpoint_of(const json::value& v) {
    return static_cast<ffa::endpoint_id>(static_cast<std::uint16_t>(v.hex_number()));
}

std::uint32_t number_of(const json::value& v) { return static_cast<std::uint32_t>(v.number()); }

std::vector<ffa::memory_region> regions_of(const json::value& document, std::size_t count) {
    std::vector<ffa::memory_region> all;
    for (const json::value& v : document["constituent_table"].items())
        all.push_back({v["address"].hex_number(), number_of(v["pages"])});
    REQUIRE(count <= all.size());
    all.resize(count);
    return all;
}

ffa::memory_transaction transaction_of(const json::value& v) {
    return {endpoint_of(v["sender"]),
            static_cast<ffa::memory_attributes>(static_cast<std::uint16_t>(v["attributes"].hex_number())),
            static_cast<ffa::memory_flags>(static_cast<std::uint32_t>(v["flags"].hex_number())),
            static_cast<ffa::memory_handle>(v["handle"].hex_number()), v["tag"].hex_number()};
}

std::vector<ffa::memory_access> receivers_of(const json::value& v) {
    const auto permissions = static_cast<ffa::memory_permissions>(static_cast<std::uint8_t>(v["perm"].hex_number()));
    std::vector<ffa::memory_access> all;
    for (const json::value& id : v["receiver_ids"].items()) all.push_back({endpoint_of(id), permissions, 0, 0, {}});
    REQUIRE(all.size() == v["receivers"].number());
    return all;
}

std::string judge_written(const json::value& v, const bytes& expected, const std::vector<ffa::memory_region>& regions) {
    bytes buffer(expected.size() + 16, 0xa5);
    const auto made = ffa::encode_memory_descriptor(byte_span{buffer.data(), expected.size()}, version_of(v),
                                                    transaction_of(v), receivers_of(v), regions);
    if (!made) return "not written";
    if (made->total_length != v["total_length"].number() || made->fragment_length != v["fragment_length"].number())
        return "other lengths";
    if (made->region_count != regions.size()) return "not all regions";
    return std::equal(expected.begin(), expected.end(), buffer.begin()) && buffer[expected.size()] == 0xa5
               ? ""
               : "other bytes";
}

std::string judge_read(const json::value& v, const bytes& given, const std::vector<ffa::memory_region>& regions) {
    const auto d =
        ffa::decode_memory_descriptor(given, number_of(v["total_length"]), version_of(v), ffa::reserved_bits::zero);
    if (!d) return "not read";
    if (d->transaction != transaction_of(v)) return "another transaction";
    if (d->access_size != v["emad_size"].number() || d->composite_offset != v["composite_offset"].number())
        return "another place";
    if (d->page_count != v["total_pages"].number() || d->region_count != regions.size()) return "another count";
    if (d->regions != ffa::memory_regions{regions}) return "other regions";
    auto receivers = receivers_of(v);
    for (ffa::memory_access& a : receivers) a.composite_offset = d->composite_offset;
    if (d->receivers != ffa::memory_accesses{receivers}) return "other receivers";
    const auto op = v["op"].text() == "share" ? ffa::memory_operation::share : ffa::memory_operation::lend;
    if (!ffa::validate_memory_send(*d, op, d->transaction.sender, version_of(v), 2)) return "refused";
    ffa::memory_tally tally{*d};
    return tally.add(d->regions) && tally.complete() ? "" : "does not add up";
}

// Read as one version and written as each other one, and that as the first one again.
std::string judge_converted(const json::value& v, const bytes& given) {
    const auto d =
        ffa::decode_memory_descriptor(given, number_of(v["total_length"]), version_of(v), ffa::reserved_bits::zero);
    for (const version to : {version::v1_0, version::v1_1, version::v1_2, version::v1_3}) {
        bytes there(512, 0xa5);
        const auto made = ffa::convert_memory_descriptor(there, to, *d);
        if (!made || made->total_length != made->fragment_length) return "not converted";
        there.resize(made->total_length);
        const auto again = ffa::decode_memory_descriptor(there, made->total_length, to, ffa::reserved_bits::zero);
        if (!again) return "not read as another version";
        bytes back(given.size(), 0xa5);
        if (!ffa::convert_memory_descriptor(back, version_of(v), *again) || back != given) return "another way back";
    }
    return "";
}

ffa::memory_region region_of(const json::value& v, const char* name) {
    return {v[name].hex_number(), number_of(v["pages"])};
}

// The members of the structs that ffa.json has offsets of, and where this library has them.
std::map<std::string, std::size_t> our_sizes() {
    return {{"region_v1_0", ffa::detail::header_layout_1_0::fixed_size},
            {"region_v1_1", ffa::detail::header_layout_1_1::fixed_size},
            {"linux_region", ffa::detail::header_layout_1_1::fixed_size},
            {"emad_v1_0_v1_1", ffa::detail::short_access_layout::fixed_size},
            {"emad_v1_2", ffa::detail::long_access_layout::fixed_size},
            {"linux_emad", ffa::detail::long_access_layout::fixed_size},
            {"composite", ffa::detail::composite_layout::fixed_size},
            {"constituent", ffa::detail::region_layout::fixed_size},
            {"relinquish_hdr", ffa::detail::relinquish_head_size},
            {"rxtx_desc_hafnium", ffa::detail::rxtx_layout::fixed_size}};
}

// Where a value that has 0xff in `member` has that byte.
template <class Layout, class T, class Member> std::size_t place_of(Member T::*member) {
    T value{};
    value.*member = static_cast<Member>(0xff);
    std::uint8_t image[Layout::fixed_size]{};
    ffa::detail::put_at<Layout>(byte_span{image, sizeof image}, 0, value);
    return static_cast<std::size_t>(std::find(image, image + sizeof image, 0xff) - image);
}
template <class Layout> std::size_t place_of_impdef() {
    ffa::memory_access value{};
    value.impdef.bytes[0] = 0xff;
    std::uint8_t image[Layout::fixed_size]{};
    ffa::detail::put_at<Layout>(byte_span{image, sizeof image}, 0, value);
    return static_cast<std::size_t>(std::find(image, image + sizeof image, 0xff) - image);
}

std::map<std::string, std::size_t> our_offsets() {
    using h = ffa::detail::memory_header;
    using l0 = ffa::detail::header_layout_1_0;
    using l1 = ffa::detail::header_layout_1_1;
    using access = ffa::detail::long_access_layout;
    using composite = ffa::detail::composite_layout;
    using given_up = ffa::detail::relinquish_layout;
    return {
        {"ffa_memory_region.sender", place_of<l1>(&h::sender)},
        {"ffa_memory_region.attributes", place_of<l1>(&h::attributes)},
        {"ffa_memory_region.flags", place_of<l1>(&h::flags)},
        {"ffa_memory_region.handle", place_of<l1>(&h::handle)},
        {"ffa_memory_region.tag", place_of<l1>(&h::tag)},
        {"ffa_memory_region.memory_access_desc_size", place_of<l1>(&h::access_size)},
        {"ffa_memory_region.receiver_count", place_of<l1>(&h::access_count)},
        {"ffa_memory_region.receivers_offset", place_of<l1>(&h::access_offset)},
        {"ffa_memory_region.reserved", place_of<l1>(&h::access_offset) + 4},
        {"ffa_memory_region_v1_0.attributes", place_of<l0>(&h::attributes)},
        {"ffa_memory_region_v1_0.reserved_0", place_of<l0>(&h::attributes) + 1},
        {"ffa_memory_region_v1_0.flags", place_of<l0>(&h::flags)},
        {"ffa_memory_region_v1_0.handle", place_of<l0>(&h::handle)},
        {"ffa_memory_region_v1_0.tag", place_of<l0>(&h::tag)},
        {"ffa_memory_region_v1_0.reserved_1", place_of<l0>(&h::tag) + 8},
        {"ffa_memory_region_v1_0.receiver_count", place_of<l0>(&h::access_count)},
        {"ffa_memory_region_v1_0.receivers", l0::fixed_size},
        {"ffa_memory_access.composite_memory_region_offset", place_of<access>(&ffa::memory_access::composite_offset)},
        {"ffa_memory_access.impdef", place_of_impdef<access>()},
        {"ffa_memory_access.reserved_0", place_of_impdef<access>() + 16},
        {"ffa_memory_access_v1_0.reserved_0",
         place_of<ffa::detail::short_access_layout>(&ffa::memory_access::composite_offset) + 4},
        {"ffa_composite_memory_region.page_count", place_of<composite>(&ffa::detail::memory_composite::page_count)},
        {"ffa_composite_memory_region.constituent_count",
         place_of<composite>(&ffa::detail::memory_composite::region_count)},
        {"ffa_composite_memory_region.reserved_0",
         place_of<composite>(&ffa::detail::memory_composite::region_count) + 4},
        {"ffa_composite_memory_region.constituents", composite::fixed_size},
        {"ffa_mem_relinquish.flags", place_of<given_up>(&ffa::memory_relinquish::flags)},
        {"ffa_mem_relinquish.endpoint_count", ffa::detail::relinquish_count_offset},
        {"ffa_mem_relinquish.endpoints", place_of<given_up>(&ffa::memory_relinquish::endpoint)},
    };
}

bool is_of_memory(const std::string& name) {
    return name.rfind("ffa_mem", 0) == 0 || name.rfind("ffa_composite", 0) == 0;
}

} // namespace

TEST_CASE("ffa.json mem_transaction") {
    const json::value document = vector_file("ffa.json");
    section s("ffa.json", "mem_transaction");
    for (const json::value& v : document["mem_transaction"].items()) {
        const bytes expected = v["bytes"].bytes();
        const auto regions = regions_of(document, v["constituents"].number());
        std::string wrong = judge_written(v, expected, regions);
        if (wrong.empty()) wrong = judge_read(v, expected, regions);
        if (wrong.empty()) wrong = judge_converted(v, expected);
        s.judge(v["name"].text(), wrong);
    }
    s.finish(16);
}

TEST_CASE("ffa.json fragmentation") {
    const json::value document = vector_file("ffa.json");
    section s("ffa.json", "fragmentation");
    const ffa::memory_access receiver[]{{ffa::endpoint_id{0x8001}, ffa::memory_permissions::read_write, 0, 0, {}}};
    const ffa::memory_handle handle{0x8000'0000'0000'1234};
    for (const json::value& v : document["fragmentation"].items()) {
        std::vector<ffa::memory_region> regions;
        for (std::size_t i = 0; i < v["constituents"].number(); ++i) regions.push_back({0x8000'0000 + i * 0x2000, 1});
        const std::size_t buffer = v["buffer"].number();
        bytes tx(buffer, 0xa5);
        ffa::memory_sender sender{version_of(v),
                                  ffa::memory_operation::share,
                                  {ffa::endpoint_id{1}, ffa::normal_memory, {}, {}, 0xcafe'0001},
                                  receiver,
                                  regions};
        std::vector<std::uint64_t> lengths;
        std::uint32_t offset = 0;
        auto more = sender.begin(tx);
        while (more && *more) {
            const ffa::call_frame call = sender.call();
            const auto first = ffa::decode_mem_send(call);
            const auto other = ffa::decode_mem_frag_tx(call);
            lengths.push_back(first ? first->fragment_length : other ? other->length : 0);
            offset += static_cast<std::uint32_t>(lengths.back());
            const bool all = offset == v["total_length"].number();
            more = sender.next(
                encode(ffa::mem_send_answer{all ? ffa::mem_send_answer::kind::done : ffa::mem_send_answer::kind::more,
                                            handle,
                                            all ? 0 : offset,
                                            {}}),
                tx);
        }
        std::vector<std::uint64_t> expected;
        for (const json::value& length : v["fragments"].items()) expected.push_back(length.number());
        const std::size_t room = ffa::regions_in_first_fragment(version_of(v), 1, buffer);
        std::string wrong;
        if (!more || !sender.done() || sender.total_length() != v["total_length"].number()) wrong = "not sent";
        if (lengths != expected) wrong = "other fragments";
        if (std::min(room, regions.size()) != v["first_fragment_constituents"].number()) wrong = "another first one";
        s.judge(v["name"].text(), wrong);
    }
    s.finish(7);
}

TEST_CASE("ffa.json retrieve_req_v1_2") {
    const json::value v = vector_file("ffa.json")["retrieve_req_v1_2"];
    const bytes expected = v["bytes"].bytes();
    section s("ffa.json", "retrieve_req_v1_2");
    CHECK(v["flags"].text() == "0x8 (type SHARE)");
    const ffa::memory_transaction t{endpoint_of(v["sender"]), ffa::normal_memory, ffa::memory_flags::type_share,
                                    static_cast<ffa::memory_handle>(v["handle"].hex_number()), 0xcafe'0001};
    const ffa::memory_access receiver[]{{endpoint_of(v["receiver"]), ffa::memory_permissions::read_write, 0, 0, {}}};
    bytes buffer(expected.size(), 0xa5);
    const auto length = ffa::encode_memory_retrieve(buffer, version::v1_2, t, receiver);
    s.judge("written", length == number_of(v["length"]) && buffer == expected ? "" : "other bytes");
    const auto d =
        ffa::decode_memory_descriptor(expected, number_of(v["length"]), version::v1_2, ffa::reserved_bits::zero);
    const bool same = d && d->transaction == t && d->receivers == ffa::memory_accesses{receiver} &&
                      d->composite_offset == 0 && d->regions.empty();
    s.judge("read", same ? "" : "something else");
    s.finish(2);
}

TEST_CASE("ffa.json relinquish") {
    const json::value v = vector_file("ffa.json")["relinquish"];
    const bytes expected = v["bytes"].bytes();
    section s("ffa.json", "relinquish");
    const ffa::memory_relinquish r{static_cast<ffa::memory_handle>(v["handle"].hex_number()),
                                   static_cast<ffa::memory_flags>(number_of(v["flags"])),
                                   endpoint_of(v["endpoints"].items().at(0))};
    bytes buffer(v["length"].number(), 0xa5);
    const bool written = ffa::encode_memory_relinquish(buffer, r).has_value();
    s.judge("written", written && buffer == expected ? "" : "other bytes");
    s.judge("read", ffa::decode_memory_relinquish(expected) == r ? "" : "something else");
    s.finish(2);
}

TEST_CASE("ffa.json rxtx_map_forward_desc") {
    const json::value v = vector_file("ffa.json")["rxtx_map_forward_desc"];
    const bytes expected = v["bytes"].bytes();
    section s("ffa.json", "rxtx_map_forward_desc");
    const ffa::memory_region rx[]{region_of(v, "rx")};
    const ffa::memory_region tx[]{region_of(v, "tx")};
    const ffa::rxtx_map_forward m{endpoint_of(v["endpoint"]), rx, tx};
    bytes buffer(80, 0xa5);
    s.judge("written", ffa::encode_rxtx_map_forward(buffer, m) == 80u && buffer == expected ? "" : "other bytes");
    s.judge("read", ffa::decode_rxtx_map_forward(expected) == m ? "" : "something else");
    s.finish(2);
}

TEST_CASE("ffa.json sizes of memory descriptors") {
    const auto ours = our_sizes();
    section s("ffa.json", "sizes of memory descriptors");
    for (const auto& [name, size] : vector_file("ffa.json")["sizes"].members())
        if (const auto found = ours.find(name); found != ours.end())
            s.judge(name, std::to_string(size.number()), std::to_string(found->second));
    s.finish(ours.size());
}

TEST_CASE("ffa.json offsets of memory descriptors") {
    const auto ours = our_offsets();
    section s("ffa.json", "offsets of memory descriptors");
    for (const auto& [name, offset] : vector_file("ffa.json")["offsets"].members()) {
        if (!is_of_memory(name)) continue;
        const auto found = ours.find(name);
        s.judge(name, std::to_string(offset.number()), found == ours.end() ? "" : std::to_string(found->second));
    }
    s.finish(ours.size());
}
