// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_sender.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using ffa::version;
using kind = ffa::mem_send_answer::kind;

namespace {

constexpr ffa::memory_handle handle{0x8000'0000'0000'1234};
constexpr ffa::endpoint_id owner{1};
constexpr ffa::memory_access receiver[]{{ffa::endpoint_id{0x8001}, ffa::memory_permissions::read_write, 0, 0, {}}};

constexpr std::array<ffa::memory_region, 10> ten() {
    std::array<ffa::memory_region, 10> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = {0x8000'0000 + i * 0x1'0000, static_cast<std::uint32_t>(i + 1)};
    return all;
}
constexpr std::array<ffa::memory_region, 10> regions = ten();

constexpr ffa::call_frame done_frame = encode(ffa::mem_send_answer{kind::done, handle, 0, {}});
constexpr ffa::call_frame more_frame(std::uint32_t offset, ffa::memory_handle h = handle, ffa::endpoint_id of = {}) {
    return encode(ffa::mem_send_answer{kind::more, h, offset, of});
}
constexpr ffa::call_frame pause_frame = encode(ffa::mem_op_pause{handle});

// A sender of ten regions in FF-A 1.1 (240 bytes) with a TX buffer of 128: fragments of 128 (3 regions) and 112 (7).
struct bench {
    std::array<std::uint8_t, 128> tx{};
    ffa::memory_sender sender{version::v1_1,
                              ffa::memory_operation::lend,
                              {owner, ffa::memory_attributes::unspecified, {}, {}, 9},
                              receiver,
                              regions};

    constexpr bench() {
        for (std::uint8_t& b : tx) b = 0xa5;
    }
    constexpr result<bool> begin(std::size_t room = 128) { return sender.begin(byte_span{tx}.first(room)); }
    constexpr result<bool> next(const ffa::call_frame& answer, std::size_t room = 128) {
        return sender.next(answer, byte_span{tx}.first(room));
    }
};

constexpr bool sends_in_two_fragments() {
    bench b;
    if (b.begin() != true) return false;
    const ffa::mem_send_call first{ffa::memory_operation::lend, 240, 128, 0, 0, ffa::form::smc32};
    if (b.sender.call() != encode(first) || b.sender.handle() != ffa::invalid_handle) return false;
    const auto d = ffa::decode_memory_descriptor(b.tx, 240, version::v1_1, ffa::reserved_bits::zero);
    if (!d || d->regions != ffa::memory_regions{regions}.first(3)) return false;
    if (b.next(more_frame(128)) != true || b.sender.call() != encode(ffa::mem_frag_tx{handle, 112, {}})) return false;
    const auto rest = ffa::decode_memory_fragment(byte_view{b.tx}.first(112), ffa::reserved_bits::zero);
    if (!rest || *rest != ffa::memory_regions{regions}.drop(3)) return false;
    return b.next(done_frame) == false && b.sender.done() && b.sender.handle() == handle;
}

constexpr bool sends_in_one_fragment() {
    std::array<std::uint8_t, 240> tx{};
    ffa::memory_sender s{
        version::v1_1, ffa::memory_operation::share, {owner, ffa::normal_memory, {}, {}, 9}, receiver, regions};
    return s.begin(tx) == true && s.next(done_frame, tx) == false && s.done();
}

// The error that `answer` to the first call leads to, and that nothing works afterwards.
constexpr errc first_answer(const ffa::call_frame& answer, std::size_t room = 128) {
    bench b;
    if (!b.begin()) return errc::none;
    const auto got = b.next(answer, room);
    const bool over = b.next(more_frame(128)).error() == errc::bad_state && !b.sender.done();
    return got || !over ? errc::none : got.error();
}
constexpr errc second_answer(const ffa::call_frame& answer) {
    bench b;
    if (!b.begin() || !b.next(more_frame(128))) return errc::none;
    const auto got = b.next(answer);
    const bool over = b.next(done_frame).error() == errc::bad_state && !b.sender.done();
    return got || !over ? errc::none : got.error();
}

constexpr bool goes_on_after(ffa::error transient) {
    bench b;
    if (!b.begin()) return false;
    ffa::call_frame call = b.sender.call();
    if (b.next(ffa::encode_error(transient)).error() != ffa::errc_of(transient) || b.sender.call() != call)
        return false;
    if (b.next(more_frame(128)) != true) return false;
    call = b.sender.call();
    if (b.next(ffa::encode_error(transient)).error() != ffa::errc_of(transient) || b.sender.call() != call)
        return false;
    return b.next(done_frame) == false;
}

constexpr bool is_interrupted_and_resumed() {
    bench b;
    ffa::call_frame interrupt;
    interrupt.x[0] = static_cast<std::uint64_t>(ffa::function_id::interrupt);
    return b.begin() == true && b.next(interrupt).error() == errc::interrupted && b.next(more_frame(128)) == true;
}

constexpr bool is_paused_and_resumed() {
    bench b;
    if (!b.begin() || b.next(pause_frame) != true) return false;
    if (b.sender.call() != encode(ffa::mem_op_resume_call{handle})) return false;
    if (b.next(ffa::encode_error(ffa::error::busy)).error() != errc::busy) return false;
    if (b.sender.call() != encode(ffa::mem_op_resume_call{handle})) return false;
    if (b.next(pause_frame) != true || b.next(more_frame(128)) != true || b.next(pause_frame) != true) return false;
    return b.next(done_frame) == false && b.sender.done();
}

} // namespace

TEST_CASE("memory is sent in as many fragments as the buffer needs") {
    CX_CHECK(sends_in_one_fragment());
    CX_CHECK(sends_in_two_fragments());
}

TEST_CASE("the next fragment starts where the last one ended") {
    CX_CHECK(first_answer(more_frame(112)) == errc::bad_value);
    CX_CHECK(first_answer(more_frame(127)) == errc::bad_value);
    CX_CHECK(first_answer(more_frame(144)) == errc::bad_value);
    CX_CHECK(first_answer(more_frame(0)) == errc::bad_value);
    CX_CHECK(first_answer(more_frame(0xffff'fff0)) == errc::bad_value);
    CX_CHECK(second_answer(more_frame(128)) == errc::bad_value);
    CX_CHECK(second_answer(more_frame(240)) == errc::bad_value);
}

TEST_CASE("success comes after the last fragment, with the handle of the others") {
    CX_CHECK(first_answer(done_frame) == errc::bad_value);
    CX_CHECK(second_answer(encode(ffa::mem_send_answer{kind::done, ffa::memory_handle{1}, 0, {}})) == errc::bad_value);
    CX_CHECK(second_answer(more_frame(240, ffa::memory_handle{1})) == errc::bad_value);
    CX_CHECK(second_answer(encode(ffa::mem_op_pause{ffa::memory_handle{1}})) == errc::bad_value);
    CX_CHECK(first_answer(more_frame(128, ffa::invalid_handle)) == errc::bad_value);
}

TEST_CASE("the owner that a manager names is the sender") {
    CX_CHECK(first_answer(more_frame(128, handle, ffa::endpoint_id{2})) == errc::bad_value);
    bench b;
    REQUIRE(b.begin() == true);
    REQUIRE(b.next(more_frame(128, handle, owner)) == true);
    CHECK(b.sender.call() == encode(ffa::mem_frag_tx{handle, 112, owner}));
}

TEST_CASE("a refusal ends it, unless it is transient") {
    CX_CHECK(first_answer(ffa::encode_error(ffa::error::denied)) == errc::denied);
    CX_CHECK(first_answer(ffa::encode_error(ffa::error::invalid_parameters)) == errc::invalid_argument);
    CX_CHECK(second_answer(ffa::encode_error(ffa::error::aborted)) == errc::aborted);
    CX_CHECK(first_answer(ffa::call_frame{}) == errc::not_supported);
    CX_CHECK(goes_on_after(ffa::error::busy));
    CX_CHECK(goes_on_after(ffa::error::no_memory));
    CX_CHECK(goes_on_after(ffa::error::retry));
    CX_CHECK(is_interrupted_and_resumed());
}

TEST_CASE("an operation is resumed as often as it is paused, within reason") {
    CX_CHECK(is_paused_and_resumed());
    bench b;
    REQUIRE(b.begin() == true);
    for (std::uint32_t i = 0; i < ffa::most_pauses; ++i) REQUIRE(b.next(pause_frame) == true);
    CHECK(b.next(pause_frame) == errc::timed_out);
    CHECK(b.next(done_frame) == errc::bad_state);
}

TEST_CASE("what cannot be sent is not begun") {
    bench b;
    CHECK(b.begin(95) == errc::oversize);
    CHECK(b.next(done_frame) == errc::bad_state);
    CHECK(b.begin() == true);
    CHECK(b.begin() == errc::bad_state);
    CX_CHECK(first_answer(more_frame(128), 15) == errc::oversize);
}
