// SPDX-License-Identifier: BSD-2-Clause
// A peer that writes after every single instruction: the processor traps after each one, and the handler is the peer.
// What is read twice is read differently, and what is used is not what was checked.
#include <vmsg/transport/fifo_ring.hpp>

#include "support/check.hpp"
#include "transport/fifo_support.hpp"

#include <csignal>
#include <cstring>
#include <initializer_list>
#include <ucontext.h>

#if defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define VMSG_NO_STEPS 1
#    endif
#endif
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(VMSG_NO_STEPS)

using namespace fifo_test;

namespace {

/// Writes one of two values to its place, in turn, each time `period` instructions have passed.
struct peer {
    std::uint8_t* place;
    std::uint16_t values[2];
    unsigned period;
    unsigned steps = 0;
    bool works = false;
};
peer* present = nullptr;

void handle_trap(int, siginfo_t* info, void* context) {
    constexpr greg_t trap_flag = 0x100;
    greg_t& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
    if (info->si_code == SI_TKILL) { // by `raise`: begin, or end
        present->works = !present->works;
        flags = present->works ? flags | trap_flag : flags & ~trap_flag;
        return;
    }
    const std::uint16_t value = present->values[present->steps++ / present->period % 2];
    std::memcpy(present->place, &value, sizeof value);
}

/// `what`, with a peer that works after each of its instructions.
template <class What> void step_through(peer& p, const What& what) {
    struct sigaction trap {};
    trap.sa_sigaction = handle_trap;
    trap.sa_flags = SA_SIGINFO;
    struct sigaction before {};
    REQUIRE(sigaction(SIGTRAP, &trap, &before) == 0);
    present = &p;
    static_cast<void>(std::raise(SIGTRAP));
    what();
    static_cast<void>(std::raise(SIGTRAP));
    REQUIRE(sigaction(SIGTRAP, &before, nullptr) == 0);
    REQUIRE(p.steps > 20); // else the processor does not trap
}

constexpr fifo_geometry geometry{104, 4};
constexpr std::uint16_t indices[]{0, 1, 3, 4, 0xffff};
constexpr std::uint16_t sizes[]{7, 8, 20, 104, 105};
constexpr unsigned periods[]{1, 5};

struct bench {
    region_memory memory{geometry};
    fifo_region region = *make_fifo_region(memory.all(), geometry);
    fifo_ring ring = region.to_device;
    fifo_writer writer{ring};
    fifo_reader reader{ring};
    std::uint8_t buffer[104]{};

    std::uint8_t* at(std::size_t offset) const { return ring.memory.data() + offset; }
};

/// Whatever was taken is a whole frame, or there was none.
void judge(const bench& b, const fifo_taken& got) {
    if (got.error != errc::none) {
        CHECK(got.size == 0);
        for (const std::uint8_t byte : b.buffer) REQUIRE(byte == 0);
        return;
    }
    const auto h = decode_header<revision::oasis_v2>(byte_view{b.buffer, got.size});
    REQUIRE(h.has_value());
    CHECK(h->msg_size == got.size);
}

} // namespace

TEST_CASE("N10: an index that changes after every instruction is checked and used as one value") {
    unsigned frames = 0;
    unsigned faults = 0;
    for (const std::size_t offset : {fifo_read_index_offset, fifo_write_index_offset})
        for (const std::uint16_t first : indices)
            for (const std::uint16_t second : indices)
                for (const unsigned period : periods) {
                    if (first == second) continue;
                    bench reading;
                    REQUIRE(reading.writer.put(frame_of(9)));
                    fifo_taken got;
                    peer p{reading.at(offset), {first, second}, period};
                    step_through(p, [&] { got = reading.reader.take(reading.buffer); });
                    judge(reading, got);
                    frames += got.error == errc::none ? 1u : 0u;
                    faults += reading.reader.fault() != fifo_fault::none ? 1u : 0u;

                    bench writing;
                    const auto frame = frame_of(104, 0x5a);
                    result<void> put;
                    peer q{writing.at(offset), {first, second}, period};
                    step_through(q, [&] { put = writing.writer.put(frame); });
                    // Its place is its own to choose: the peer cannot move it.
                    const byte_view entry{writing.at(fifo_header_size), frame.size()};
                    REQUIRE((entry == byte_view{frame}) == put.has_value());
                    for (const std::uint8_t byte : writing.ring.memory.drop(fifo_header_size + frame.size()))
                        REQUIRE(byte == 0);
                }
    CHECK(frames != 0);
    CHECK(faults != 0);
}

TEST_CASE("N10: the size of a frame that changes after every instruction is checked and used as one value") {
    unsigned frames = 0;
    unsigned skipped = 0;
    for (const std::uint16_t first : sizes)
        for (const std::uint16_t second : sizes)
            for (const unsigned period : periods) {
                if (first == second) continue;
                bench b;
                REQUIRE(b.writer.put(frame_of(9)));
                fifo_taken got;
                peer p{b.at(fifo_header_size + 6), {first, second}, period};
                step_through(p, [&] { got = b.reader.take(b.buffer); });
                judge(b, got);
                CHECK(b.reader.fault() == fifo_fault::none);
                frames += got.error == errc::none ? 1u : 0u;
                skipped += got.error == errc::bad_value ? 1u : 0u;
            }
    CHECK(frames != 0);
    CHECK(skipped != 0);
}

#endif
