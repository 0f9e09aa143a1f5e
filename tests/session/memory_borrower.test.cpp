// SPDX-License-Identifier: BSD-2-Clause
// What a manager may answer to a retrieval that is no answer to it. All else: device_memory.test.cpp.
#include <vmsg/session/memory_borrower.hpp>

#include <vmsg/ffa/scheduling.hpp>

#include "support/check.hpp"

#include <cstdint>
#include <vector>

using namespace vmsg;
using fid = ffa::function_id;

namespace {

/// A manager that answers every retrieval in one way.
struct manager {
    fid answer = fid::interrupt;
    unsigned refused_releases = 0;
    unsigned retrievals = 0;
    unsigned runs = 0;
    unsigned releases = 0;

    void operator()(ffa::call_frame& frame) {
        const fid asked = ffa::form_32(ffa::function_of(frame));
        frame = ffa::encode_success();
        if (asked == fid::rx_release && ++releases <= refused_releases) frame = ffa::encode_error(ffa::error::denied);
        if (asked == fid::mem_retrieve_req) ++retrievals;
        if (asked == fid::run) ++runs;
        if (asked != fid::mem_retrieve_req && asked != fid::run) return;
        frame = {};
        frame.x[0] = static_cast<std::uint64_t>(answer);
    }
};

struct rig {
    manager call{};
    std::vector<std::uint8_t> tx = std::vector<std::uint8_t>(4096);
    std::vector<std::uint8_t> rx = std::vector<std::uint8_t>(4096);
    ffa::rxtx<manager> buffers{call, {tx, rx, 0x1000, 0x2000}};
    memory_borrower<manager, 4> borrower{buffers, ffa::version::v1_2, ffa::endpoint_id{2}, memory_policy{}};

    rig() { REQUIRE(buffers.map()); }
    /// Retrieves until that is over.
    errc retrieve() {
        ffa::memory_transaction wanted;
        wanted.sender = ffa::endpoint_id{1};
        wanted.handle = ffa::memory_handle{7};
        borrower.retrieve(wanted, {});
        errc why = errc::would_block;
        for (int i = 0; i < 10'000 && why == errc::would_block; ++i) {
            const instant now = borrower.due();
            why = borrower.step(now).error();
        }
        return why;
    }
};

} // namespace

TEST_CASE("memory_borrower: what fills RX and is no answer is given back") {
    rig r;
    r.call.answer = fid::mem_frag_tx;
    SUBCASE("at once") {
        CHECK(r.retrieve() != errc::none);
        CHECK(r.call.releases == 1);
    }
    SUBCASE("with what comes next, if it is refused at first") {
        r.call.refused_releases = 1;
        CHECK(r.retrieve() != errc::none);
        CHECK(r.buffers.owns_rx());
        CHECK(r.retrieve() != errc::none);
    }
    CHECK(!r.buffers.owns_rx());
    CHECK(!r.borrower.granted());
}

TEST_CASE("memory_borrower: a retrieval that is interrupted for ever may have been carried out") {
    rig r;
    CHECK(r.retrieve() == errc::timed_out);
    CHECK(r.call.retrievals == 1);
    CHECK(r.call.runs == ffa::most_pauses - 1);
    CHECK(r.borrower.granted()); // and is to be relinquished
    r.borrower.relinquish(ffa::memory_handle{7});
    CHECK(r.borrower.step(r.borrower.due()));
}
