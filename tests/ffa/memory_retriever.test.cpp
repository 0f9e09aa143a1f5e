// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_retriever.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using ffa::version;

namespace {

constexpr ffa::memory_handle handle{0x1234};
constexpr ffa::endpoint_id owner{1};
constexpr ffa::endpoint_id self{0x8001};
constexpr auto read_write = ffa::memory_permissions::read_write;
constexpr ffa::memory_access asked[]{{self, read_write, 0, 0, {}}};
constexpr ffa::memory_region regions[]{
    {0x8000'0000, 1}, {0x8001'0000, 4}, {0x12'3456'7000, 16}, {0xff'0000'0000, 2}, {0x2'0000'0000, 512}};
constexpr ffa::memory_transaction request{owner, ffa::normal_memory, ffa::memory_flags::type_share, handle, 9};
constexpr ffa::memory_transaction answered{owner, ffa::normal_memory | ffa::memory_attributes::non_secure,
                                           ffa::memory_flags::type_share, handle, 9};

constexpr ffa::call_frame success = ffa::encode_success();
constexpr ffa::call_frame release = ffa::detail::frame_of(ffa::function_id::rx_release);

// A receiver and its RX buffer of 128 bytes. The answer for FF-A 1.1 has 160 bytes: 80 before the regions, 80 of them;
// 128 (3 regions) and 32 (2).
struct bench {
    std::array<std::uint8_t, 128> tx{};
    std::array<std::uint8_t, 128> rx{};
    std::array<ffa::memory_region, 5> room{};
    snapshot<128> copy{};
    ffa::memory_retriever retriever;

    constexpr explicit bench(std::size_t places = 5, ffa::endpoint_id who = self)
        : retriever(version::v1_1, who, request, asked, {room.data(), places}) {}

    constexpr result<bool> next(const ffa::call_frame& answer) { return retriever.next(answer, rx, copy); }
    constexpr bool begun() { return retriever.begin(tx) == true; }

    // The first fragment in the RX buffer, and the answer that says so.
    constexpr ffa::call_frame first(const ffa::memory_transaction& t = answered, ffa::endpoint_id to = self) {
        const ffa::memory_access receiver[]{{to, read_write, 0, 0, {}}};
        const auto made = ffa::encode_memory_descriptor(rx, version::v1_1, t, receiver, regions);
        return made ? encode(ffa::mem_retrieve_answer{made->total_length, made->fragment_length}) : ffa::call_frame{};
    }
    constexpr ffa::call_frame second() {
        const auto made = ffa::encode_memory_fragment(rx, ffa::memory_regions{regions}.drop(3));
        return encode(ffa::mem_frag_tx{handle, made.length, {}});
    }
};

constexpr bool retrieves_in_two_fragments() {
    bench b;
    if (!b.begun() || b.retriever.call() != encode(ffa::mem_retrieve_call{64, 64, 0, 0, ffa::form::smc32}))
        return false;
    const auto d =
        ffa::decode_memory_descriptor(byte_view{b.tx}.first(64), 64, version::v1_1, ffa::reserved_bits::zero);
    if (!d || d->transaction != request || d->composite_offset != 0) return false;
    if (b.next(b.first()) != true || !b.retriever.is_held() || b.retriever.call() != release) return false;
    if (b.next(success) != true || b.retriever.is_held()) return false;
    if (b.retriever.call() != encode(ffa::mem_frag_rx{handle, 128, {}})) return false;
    if (b.next(b.second()) != true || b.retriever.call() != release || b.retriever.done()) return false;
    if (b.next(success) != false || !b.retriever.done()) return false;
    return b.retriever.regions() == ffa::memory_regions{regions} && b.retriever.transaction() == answered &&
           b.retriever.access().permissions == read_write;
}

constexpr bool fetches_all_without_room() {
    bench b{4};
    return b.begun() && b.next(b.first()) == true && b.next(success) == true && b.next(b.second()) == true &&
           b.retriever.call() == release && b.next(success).error() == errc::full && !b.retriever.done() &&
           b.next(success).error() == errc::bad_state;
}

// What is wrong with the buffer is said after the buffer was released.
constexpr errc after_release(bench& b, const ffa::call_frame& answer) {
    if (b.next(answer) != true || !b.retriever.is_held() || b.retriever.call() != release) return errc::none;
    const auto got = b.next(success);
    return got || b.retriever.done() ? errc::none : got.error();
}

constexpr errc wrong_first(const ffa::memory_transaction& t, ffa::endpoint_id to = self) {
    bench b;
    return b.begun() ? after_release(b, b.first(t, to)) : errc::none;
}
constexpr errc wrong_lengths(std::uint32_t total, std::uint32_t fragment) {
    bench b;
    if (!b.begun()) return errc::none;
    static_cast<void>(b.first());
    return after_release(b, encode(ffa::mem_retrieve_answer{total, fragment}));
}
constexpr errc wrong_second(ffa::memory_handle h, std::uint32_t length, std::size_t at = 0, std::uint8_t value = 0) {
    bench b;
    if (!b.begun() || b.next(b.first()) != true || b.next(success) != true) return errc::none;
    static_cast<void>(b.second());
    b.rx[at] ^= value;
    return after_release(b, encode(ffa::mem_frag_tx{h, length, {}}));
}

constexpr bool is_refused(ffa::error why) {
    bench b;
    return b.begun() && b.next(ffa::encode_error(why)).error() == ffa::errc_of(why) &&
           b.next(b.first()).error() == errc::bad_state;
}

constexpr bool goes_on_after(ffa::error transient) {
    const auto refusal = ffa::encode_error(transient);
    const errc why = ffa::errc_of(transient);
    bench b;
    if (!b.begun() || b.next(refusal).error() != why || b.next(b.first()) != true) return false;
    if (b.next(refusal).error() != why || b.next(success) != true) return false;
    const ffa::call_frame call = b.retriever.call();
    if (b.next(refusal).error() != why || b.retriever.call() != call) return false;
    return b.next(b.second()) == true && b.next(success) == false;
}

constexpr bool is_paused_and_resumed() {
    bench b;
    const ffa::call_frame paused = encode(ffa::mem_op_pause{handle});
    return b.begun() && b.next(paused) == true && b.retriever.call() == encode(ffa::mem_op_resume_call{handle}) &&
           b.next(paused) == true && b.next(b.first()) == true && b.retriever.is_held();
}

constexpr ffa::memory_transaction changed(ffa::memory_transaction t, ffa::memory_handle h, std::uint64_t tag,
                                          ffa::endpoint_id sender) {
    t.handle = h;
    t.tag = tag;
    t.sender = sender;
    return t;
}

} // namespace

TEST_CASE("memory is retrieved in as many fragments as the manager makes, each released before the next") {
    CX_CHECK(retrieves_in_two_fragments());
}

TEST_CASE("regions without room are fetched, so that the memory can be relinquished") {
    CX_CHECK(fetches_all_without_room());
}

TEST_CASE("an answer about other memory is released and refused") {
    CX_CHECK(wrong_first(changed(answered, ffa::memory_handle{0x1235}, 9, owner)) == errc::bad_value);
    CX_CHECK(wrong_first(changed(answered, handle, 10, owner)) == errc::bad_value);
    CX_CHECK(wrong_first(changed(answered, handle, 9, ffa::endpoint_id{2})) == errc::bad_value);
    CX_CHECK(wrong_first(answered, ffa::endpoint_id{0x8002}) == errc::bad_value);
}

TEST_CASE("lengths that do not agree are refused after the release") {
    CX_CHECK(wrong_lengths(160, 129) == errc::oversize);
    CX_CHECK(wrong_lengths(160, 0xffff'ffff) == errc::oversize);
    CX_CHECK(wrong_lengths(127, 128) == errc::bad_length);
    CX_CHECK(wrong_lengths(161, 128) == errc::bad_length);
    CX_CHECK(wrong_lengths(176, 128) == errc::bad_length);
    CX_CHECK(wrong_lengths(160, 0) == errc::truncated);
    CX_CHECK(wrong_lengths(160, 120) == errc::bad_length);
    CX_CHECK(wrong_second(handle, 0) == errc::bad_length);
    CX_CHECK(wrong_second(handle, 31) == errc::bad_length);
    CX_CHECK(wrong_second(handle, 48) == errc::bad_length);
    CX_CHECK(wrong_second(handle, 0xffff'fff0) == errc::oversize);
}

TEST_CASE("a later fragment has the same handle and regions that add up") {
    CX_CHECK(wrong_second(ffa::memory_handle{1}, 32) == errc::bad_value);
    CX_CHECK(wrong_second(handle, 32, 8, 1) == errc::bad_value);
    CX_CHECK(wrong_second(handle, 32, 0, 1) == errc::bad_value);
}

TEST_CASE("a manager that never finishes brings a region each time") {
    bench b;
    REQUIRE(b.begun());
    REQUIRE(b.next(b.first()) == true);
    std::size_t calls = 0;
    result<bool> more = b.next(success);
    while (more && *more) {
        ++calls;
        static_cast<void>(ffa::encode_memory_fragment(b.rx, ffa::memory_regions{regions}.drop(3).first(1)));
        more = b.next(encode(ffa::mem_frag_tx{handle, 16, {}}));
        if (more && *more) more = b.next(success);
    }
    CHECK(calls == 2);
    CHECK(more == errc::bad_value);
}

TEST_CASE("a refused request is over, unless the refusal is transient") {
    CX_CHECK(is_refused(ffa::error::denied));
    CX_CHECK(is_refused(ffa::error::invalid_parameters));
    CX_CHECK(is_refused(ffa::error::not_supported));
    CX_CHECK(goes_on_after(ffa::error::busy));
    CX_CHECK(goes_on_after(ffa::error::no_memory));
    CX_CHECK(goes_on_after(ffa::error::retry));
    CX_CHECK(is_paused_and_resumed());
}

TEST_CASE("a release that is refused is made again") {
    bench b;
    REQUIRE(b.begun());
    REQUIRE(b.next(b.first()) == true);
    CHECK(b.next(ffa::encode_error(ffa::error::denied)) == errc::denied);
    CHECK(b.retriever.is_held());
    CHECK(b.retriever.call() == release);
    CHECK(b.next(success) == true);
}

TEST_CASE("nothing is retrieved before it was asked for, or twice") {
    bench b;
    CHECK(b.next(success) == errc::bad_state);
    CHECK(b.retriever.begin(byte_span{b.tx}.first(63)) == errc::oversize);
    CHECK(b.begun());
    CHECK(b.retriever.begin(b.tx) == errc::bad_state);
    CHECK(b.retriever.regions().empty());
}

TEST_CASE("a copy that is smaller than the buffer is no reason to keep the buffer") {
    bench b;
    snapshot<64> small;
    REQUIRE(b.begun());
    const ffa::call_frame answer = b.first();
    CHECK(b.retriever.next(answer, b.rx, small) == true);
    CHECK(b.retriever.call() == release);
    CHECK(b.retriever.next(success, b.rx, small) == errc::oversize);
}
