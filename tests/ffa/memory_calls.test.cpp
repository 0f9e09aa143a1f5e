// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_calls.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;
using ffa::form;
using ffa::memory_operation;
using kind = ffa::mem_send_answer::kind;

namespace {

constexpr ffa::memory_handle handle{0x8123'4567'89ab'cdef};

constexpr ffa::call_frame regs(std::initializer_list<std::uint64_t> values) {
    ffa::call_frame frame;
    std::size_t i = 0;
    for (const std::uint64_t v : values) frame.x[i++] = v;
    return frame;
}

// The same answer with garbage wherever nothing is defined.
constexpr ffa::call_frame with_garbage(ffa::call_frame frame, std::size_t defined) {
    for (std::size_t i = 0; i < defined; ++i) frame.x[i] |= 0xdead'beef'0000'0000;
    for (std::size_t i = defined; i < 18; ++i) frame.x[i] = 0xa5a5'a5a5'a5a5'a5a5;
    return frame;
}

constexpr ffa::call_frame busy = ffa::encode_error(ffa::error::busy);
constexpr ffa::call_frame success = regs({0x8400'0061});
constexpr ffa::call_frame unknown = regs({0xffff'ffff'ffff'ffff});
constexpr ffa::call_frame interrupt = regs({0x8400'0062, 0x8001'0000});

} // namespace

TEST_CASE("memory is sent by three calls, each in two forms") {
    using c = ffa::mem_send_call;
    constexpr c share{memory_operation::share, 4880, 4096, 0, 0, form::smc32};
    constexpr c lend{memory_operation::lend, 96, 96, 0x9000'0000, 1, form::smc64};
    constexpr c donate{memory_operation::donate, 96, 96, 0x12'3456'7000, 2, form::smc64};
    CX_CHECK(encode(share) == regs({0x8400'0073, 4880, 4096, 0, 0}));
    CX_CHECK(encode(lend) == regs({0xc400'0072, 96, 96, 0x9000'0000, 1}));
    CX_CHECK(encode(donate) == regs({0xc400'0071, 96, 96, 0x12'3456'7000, 2}));
    CX_CHECK(encode(c{memory_operation::lend, 1, 2, 3, 4, form::smc32}) == regs({0x8400'0072, 1, 2, 3, 4}));
    CX_CHECK(encode(c{memory_operation::donate, 1, 2, 3, 4, form::smc32}) == regs({0x8400'0071, 1, 2, 3, 4}));
    CX_CHECK(encode(c{memory_operation::share, 1, 2, 3, 4, form::smc64}) == regs({0xc400'0073, 1, 2, 3, 4}));
    CX_CHECK(*decode_mem_send(encode(share)) == share);
    CX_CHECK(*decode_mem_send(encode(lend)) == lend);
    CX_CHECK(*decode_mem_send(encode(donate)) == donate);
    CX_CHECK(*decode_mem_send(with_garbage(encode(share), 5)) == share);
    CX_CHECK(decode_mem_send(success).error() == errc::bad_type);
}

TEST_CASE("an address above 4 GiB is sent in the 64-bit form") {
    constexpr ffa::mem_send_call c{memory_operation::share, 96, 96, 0x1'0000'0000, 1, form::smc32};
    CX_CHECK(encode(c).x[0] == 0xc400'0073);
    CX_CHECK(encode(ffa::mem_retrieve_call{96, 96, 0x1'0000'0000, 1, form::smc32}).x[0] == 0xc400'0074);
}

TEST_CASE("memory is retrieved, and the answer says how much of the descriptor is there") {
    constexpr ffa::mem_retrieve_call c{80, 80, 0, 0, form::smc32};
    CX_CHECK(encode(c) == regs({0x8400'0074, 80, 80, 0, 0}));
    CX_CHECK(*decode_mem_retrieve(encode(c)) == c);
    CX_CHECK(*decode_mem_retrieve(regs({0xc400'0074, 80, 80})) == ffa::mem_retrieve_call{80, 80, 0, 0, form::smc64});
    CX_CHECK(decode_mem_retrieve(success).error() == errc::bad_type);

    constexpr ffa::mem_retrieve_answer a{4880, 4096};
    CX_CHECK(encode(a) == regs({0x8400'0075, 4880, 4096}));
    CX_CHECK(*decode_mem_retrieve_answer(with_garbage(encode(a), 3)) == a);
    CX_CHECK(decode_mem_retrieve_answer(busy).error() == errc::busy);
    CX_CHECK(decode_mem_retrieve_answer(success).error() == errc::bad_type);
    CX_CHECK(decode_mem_retrieve_answer(unknown).error() == errc::not_supported);
    CX_CHECK(decode_mem_retrieve_answer(interrupt).error() == errc::interrupted);
}

TEST_CASE("memory is relinquished and reclaimed") {
    using flags = ffa::memory_flags;
    CX_CHECK(encode(ffa::mem_relinquish_call{}) == regs({0x8400'0076}));
    CX_CHECK(decode_mem_relinquish(regs({0x8400'0076})).has_value());
    CX_CHECK(decode_mem_relinquish(success).error() == errc::bad_type);
    CX_CHECK(decode_mem_relinquish_answer(success).has_value());
    CX_CHECK(decode_mem_relinquish_answer(busy).error() == errc::busy);

    constexpr ffa::mem_reclaim_call c{handle, flags::zero | flags::time_slice};
    CX_CHECK(encode(c) == regs({0x8400'0077, 0x89ab'cdef, 0x8123'4567, 3}));
    CX_CHECK(*decode_mem_reclaim(with_garbage(encode(c), 4)) == c);
    CX_CHECK(decode_mem_reclaim(success).error() == errc::bad_type);
    CX_CHECK(decode_mem_reclaim_answer(success).has_value());
    CX_CHECK(decode_mem_reclaim_answer(ffa::encode_error(ffa::error::denied)).error() == errc::denied);
}

TEST_CASE("an operation is paused and resumed") {
    CX_CHECK(encode(ffa::mem_op_pause{handle}) == regs({0x8400'0078, 0x89ab'cdef, 0x8123'4567}));
    CX_CHECK(encode(ffa::mem_op_resume_call{handle}) == regs({0x8400'0079, 0x89ab'cdef, 0x8123'4567}));
    CX_CHECK(decode_mem_op_pause(encode(ffa::mem_op_pause{handle}))->handle == handle);
    CX_CHECK(decode_mem_op_resume(encode(ffa::mem_op_resume_call{handle}))->handle == handle);
    CX_CHECK(decode_mem_op_pause(success).error() == errc::bad_type);
    CX_CHECK(decode_mem_op_resume(success).error() == errc::bad_type);
}

TEST_CASE("fragments are asked for by their offset and sent with their length") {
    constexpr ffa::mem_frag_rx rx{handle, 4096, ffa::endpoint_id{0x8003}};
    constexpr ffa::mem_frag_tx tx{handle, 784, ffa::endpoint_id{0x8003}};
    CX_CHECK(encode(rx) == regs({0x8400'007a, 0x89ab'cdef, 0x8123'4567, 4096, 0x8003'0000}));
    CX_CHECK(encode(tx) == regs({0x8400'007b, 0x89ab'cdef, 0x8123'4567, 784, 0x8003'0000}));
    CX_CHECK(*decode_mem_frag_rx(with_garbage(encode(rx), 5)) == rx);
    CX_CHECK(*decode_mem_frag_tx(with_garbage(encode(tx), 5)) == tx);
    CX_CHECK(decode_mem_frag_rx(encode(tx)).error() == errc::bad_type);
    CX_CHECK(decode_mem_frag_tx(encode(rx)).error() == errc::bad_type);
    CX_CHECK(*decode_mem_frag_rx_answer(encode(tx)) == tx);
    CX_CHECK(decode_mem_frag_rx_answer(busy).error() == errc::busy);
    CX_CHECK(decode_mem_frag_rx_answer(success).error() == errc::bad_type);
}

TEST_CASE("who sends memory is done, has to send more, or has to resume") {
    constexpr ffa::mem_send_answer done{kind::done, handle, 0, {}};
    constexpr ffa::mem_send_answer more{kind::more, handle, 4096, {}};
    constexpr ffa::mem_send_answer paused{kind::paused, handle, 0, {}};
    CX_CHECK(encode(done) == regs({0x8400'0061, 0, 0x89ab'cdef, 0x8123'4567}));
    CX_CHECK(encode(more) == regs({0x8400'007a, 0x89ab'cdef, 0x8123'4567, 4096}));
    CX_CHECK(encode(paused) == regs({0x8400'0078, 0x89ab'cdef, 0x8123'4567}));
    CX_CHECK(*decode_mem_send_answer(with_garbage(encode(done), 4)) == done);
    CX_CHECK(*decode_mem_send_answer(encode(more)) == more);
    CX_CHECK(*decode_mem_send_answer(with_garbage(encode(paused), 3)) == paused);
    CX_CHECK(decode_mem_send_answer(busy).error() == errc::busy);
    CX_CHECK(decode_mem_send_answer(interrupt).error() == errc::interrupted);
    CX_CHECK(decode_mem_send_answer(unknown).error() == errc::not_supported);
    CX_CHECK(decode_mem_send_answer(encode(ffa::mem_frag_tx{})).error() == errc::bad_type);
}
