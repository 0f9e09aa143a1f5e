// SPDX-License-Identifier: BSD-2-Clause
// Any bytes as a descriptor of FF-A memory sharing, of each version: what is accepted is written as it was, converts to
// each other version and back, and adds up in 64 bits. The same bytes as what a manager answers to a sender and a
// receiver: both come to an end, and the receiver never keeps the RX buffer.
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/rxtx_map_forward.hpp>

#include "fuzz/script.hpp"

#include <array>
#include <cstdio>

using namespace vmsg;
using ffa::reserved_bits;
using ffa::version;

namespace {

constexpr version versions[]{version::v1_0, version::v1_1, version::v1_2, version::v1_3};
bool accepted[std::size(versions)][2]; // by version; without and with regions

std::array<std::uint8_t, 0x10000> room;
std::array<std::uint8_t, 0x10000> second_room;

bool same_content(const ffa::memory_descriptor& a, const ffa::memory_descriptor& b) {
    if (a.transaction != b.transaction || a.receivers.size() != b.receivers.size()) return false;
    for (std::size_t i = 0; i < a.receivers.size(); ++i)
        if (a.receivers[i].receiver != b.receivers[i].receiver ||
            a.receivers[i].permissions != b.receivers[i].permissions || a.receivers[i].flags != b.receivers[i].flags)
            return false;
    return a.page_count == b.page_count && a.region_count == b.region_count && a.regions == b.regions;
}

void check_conversion(const ffa::memory_descriptor& d, version to) {
    const auto made = ffa::convert_memory_descriptor(room, to, d);
    if (!made) {
        const bool wide = static_cast<std::uint16_t>(d.transaction.attributes) > 0xff;
        require((d.composite_offset != 0 && d.regions.empty()) || made.error() == errc::oversize ||
                    (to == version::v1_0 && wide),
                "a descriptor converts");
        return;
    }
    const auto again = ffa::decode_memory_descriptor(byte_view{room}.first(made->fragment_length), made->total_length,
                                                     to, reserved_bits::zero);
    require(again && same_content(d, *again), "what was converted says the same");
}

void check_values(const ffa::memory_descriptor& d, version v) {
    ffa::memory_tally tally{d};
    const bool adds_up = tally.add(d.regions).has_value();
    if (adds_up) require(tally.complete() == (d.regions.size() == d.region_count), "the tally knows what is missing");
    for (const auto op : {ffa::memory_operation::share, ffa::memory_operation::lend, ffa::memory_operation::donate}) {
        const bool sent = ffa::validate_memory_send(d, op, d.transaction.sender, v, 8).has_value();
        if (sent) require(d.composite_offset != 0 && d.receivers.size() <= 8, "what is sent has regions");
        const ffa::sent_memory known{op, d.transaction,
                                     d.receivers.first(d.receivers.size() < 8 ? d.receivers.size() : 8)};
        static_cast<void>(ffa::validate_memory_retrieve(d, known, d.receivers[0].receiver, v));
    }
}

void check_descriptor(byte_view bytes, std::uint32_t total, version v) {
    const auto lax = ffa::decode_memory_descriptor(bytes, total, v, reserved_bits::ignored);
    const auto strict = ffa::decode_memory_descriptor(bytes, total, v, reserved_bits::zero);
    if (!lax) {
        require(!strict, "who looks at reserved bits accepts less");
        return;
    }
    require(!lax->receivers.empty() && lax->regions.size() <= lax->region_count, "what is accepted is consistent");
    check_values(*lax, v);
    for (const version to : versions) check_conversion(*lax, to);
    if (!strict) return;
    accepted[static_cast<std::size_t>(v) & 3][lax->composite_offset != 0] = true;
    const auto same = ffa::convert_memory_descriptor(second_room, v, *strict);
    // A writer may leave gaps, and take more bytes for a receiver than this library does.
    if (same && same->fragment_length == bytes.size() && same->total_length == total &&
        strict->access_size == ffa::detail::access_size(v))
        require(byte_view{second_room}.first(bytes.size()) == bytes, "what was read is written as it was");
}

void check_others(byte_view bytes) {
    if (const auto r = ffa::decode_memory_relinquish(bytes)) {
        std::uint8_t out[ffa::memory_relinquish_size];
        require(ffa::encode_memory_relinquish(out, *r).has_value() && byte_view{out} == bytes.first(sizeof out),
                "a descriptor to relinquish is written as it was read");
    }
    if (const auto m = ffa::decode_rxtx_map_forward(bytes)) {
        const auto length = ffa::encode_rxtx_map_forward(room, *m);
        // Overlapping buffers take more room when they no longer do.
        if (length) require(ffa::decode_rxtx_map_forward(byte_view{room}.first(*length)) == *m, "buffers are the same");
    }
}

constexpr ffa::memory_handle handle{0x1234};

// An answer of a manager: mostly one that fits.
ffa::call_frame next_answer(script& s, std::uint32_t offset) {
    using kind = ffa::mem_send_answer::kind;
    switch (s.byte() % 8) {
    case 0: return encode(ffa::mem_send_answer{kind::done, handle, 0, {}});
    case 1: return encode(ffa::mem_op_pause{handle});
    case 2: return ffa::encode_error(static_cast<ffa::error>(-static_cast<int>(s.byte() % 12)));
    case 3: return encode(ffa::mem_retrieve_answer{s.half(), s.half()});
    case 4: return encode(ffa::mem_frag_tx{handle, s.half(), {}});
    case 5: return ffa::encode_success();
    case 6: return encode(ffa::mem_send_answer{kind::more, handle, s.half(), {}});
    default: return encode(ffa::mem_send_answer{kind::more, handle, offset, {}});
    }
}

void check_sender(script s) {
    std::array<ffa::memory_region, 40> regions{};
    for (std::size_t i = 0; i < regions.size(); ++i) regions[i] = {i * ffa::page_size, 1};
    const ffa::memory_access receiver[]{{ffa::endpoint_id{2}, ffa::memory_permissions::read_write, 0, 0, {}}};
    std::array<std::uint8_t, 128> tx{};
    ffa::memory_sender sender{versions[s.byte() & 3],
                              ffa::memory_operation::share,
                              {ffa::endpoint_id{1}, ffa::normal_memory, {}, {}, 0},
                              receiver,
                              regions};
    auto more = sender.begin(tx);
    require(more == true, "there is room for a region");
    std::uint32_t sent = 0;
    while ((more && *more) || ffa::may_be_repeated(more.error())) {
        const ffa::call_frame call = sender.call();
        if (more && function_of(call) != ffa::function_id::mem_op_resume) {
            const auto fragment = ffa::decode_mem_frag_tx(call);
            sent += fragment ? fragment->length : ffa::decode_mem_send(call)->fragment_length;
            require(sent <= sender.total_length(), "no more is sent than there is");
        }
        if (s.empty()) return;
        more = sender.next(next_answer(s, sent), tx);
    }
    require(!sender.done() || sent == sender.total_length(), "what is done was all sent");
}

void check_retriever(script s) {
    std::array<ffa::memory_region, 8> storage{};
    const ffa::memory_access receiver[]{{ffa::endpoint_id{2}, {}, 0, 0, {}}};
    std::array<std::uint8_t, 256> buffer{};
    snapshot<256> copy;
    ffa::memory_retriever retriever{versions[s.byte() & 3],
                                    ffa::endpoint_id{2},
                                    {ffa::endpoint_id{1}, {}, {}, handle, 0},
                                    receiver,
                                    {storage.data(), storage.size()}};
    auto more = retriever.begin(buffer);
    while ((more && *more) || retriever.is_held() || ffa::may_be_repeated(more.error())) {
        static_cast<void>(retriever.call());
        if (s.empty()) return;
        const ffa::call_frame answer = next_answer(s, 0);
        if (!retriever.is_held()) s.fill(byte_span{buffer}.first(s.byte()));
        more = retriever.next(answer, buffer, copy);
    }
    require(retriever.regions().size() <= storage.size(), "regions stay in their room");
    if (!retriever.done()) return;
    for (std::size_t i = 0; i < retriever.regions().size(); ++i)
        require(legal(retriever.regions()[i]), "regions that were retrieved are legal");
}

} // namespace

// Two bytes say how much longer the descriptor is than the rest of the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 0x4000) return 0;
    const byte_view bytes = byte_view{data, size}.drop(2);
    const std::uint32_t total = static_cast<std::uint32_t>(bytes.size()) + load_le<std::uint16_t>(data);
    for (const version v : versions) check_descriptor(bytes, total, v);
    check_others(bytes);
    check_sender({data, size});
    check_retriever({data, size});
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = true;
    for (std::size_t v = 0; v < std::size(versions); ++v)
        for (const bool with_regions : {false, true}) {
            if (accepted[v][with_regions]) continue;
            complete = false;
            std::printf("no seed is a descriptor of FF-A 1.%zu %s regions\n", v, with_regions ? "with" : "without");
        }
    return complete;
}
