// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/rxtx.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <vector>

using namespace ffa_test;
using ffa::rx_state;

namespace {

constexpr ffa::call_frame granted = ffa::encode_success();
constexpr ffa::call_frame refused(ffa::error why) { return ffa::encode_error(why); }

// A pair of one page each, or of `size` bytes, with a manager that answers as it is told.
struct bench {
    explicit bench(const scripted& answers, std::size_t size = 4096, std::uint64_t base = 0x9000'0000)
        : manager(answers), tx(size), rx(size), pair(manager, {tx, rx, base, base + size}) {}
    scripted manager;
    std::vector<std::uint8_t> tx;
    std::vector<std::uint8_t> rx;
    ffa::rxtx<scripted> pair;

    std::uint64_t asked(std::size_t i) const { return manager.seen[i].x[0]; }
};

} // namespace

TEST_CASE("a pair is mapped with TX first, in pages") {
    bench b(scripted{granted}, 2 * 4096);
    CHECK(b.pair.state() == rx_state::unmapped);
    CHECK(b.pair.tx().error() == errc::bad_state);
    CHECK(b.pair.tx_zero_behind(1).error() == errc::bad_state);
    CHECK(b.pair.rx().error() == errc::bad_state);
    CHECK(b.pair.filled().error() == errc::bad_state);
    REQUIRE(b.pair.map());
    CHECK(b.manager.seen[0] == ffa::call_frame{{0xc4000066, 0x9000'0000, 0x9000'2000, 2}});
    CHECK(b.pair.state() == rx_state::empty);
    CHECK(b.pair.size() == 8192);
    CHECK(b.pair.tx()->data() == b.tx.data());
    CHECK(b.pair.map().error() == errc::bad_state);
    CHECK(b.manager.calls == 1);
}

TEST_CASE("a manager without the 64-bit form is asked in the other one") {
    bench b(scripted{refused(ffa::error::not_supported), granted});
    REQUIRE(b.pair.map());
    CHECK(b.manager.seen[1] == ffa::call_frame{{0x84000066, 0x9000'0000, 0x9000'1000, 1}});
    bench high(scripted{refused(ffa::error::not_supported), granted}, 4096, 0x1'0000'0000);
    CHECK(high.pair.map().error() == errc::not_supported);
    CHECK(high.manager.calls == 1);
}

TEST_CASE("a pair that cannot be mapped stays unmapped") {
    const auto refusal = [](ffa::error why) {
        bench b(scripted{refused(why)});
        const errc got = b.pair.map().error();
        CHECK(b.pair.state() == rx_state::unmapped);
        return got;
    };
    CHECK(refusal(ffa::error::denied) == errc::denied);
    CHECK(refusal(ffa::error::invalid_parameters) == errc::invalid_argument);
    CHECK(refusal(ffa::error::no_memory) == errc::no_memory);
    const auto by_size = [](std::size_t size) {
        bench b(scripted{granted}, size);
        const errc got = b.pair.map().error();
        CHECK(b.manager.calls == (got == errc::none ? 1 : 0));
        return got;
    };
    CHECK(by_size(0) == errc::invalid_argument);
    CHECK(by_size(4095) == errc::invalid_argument);
    CHECK(by_size(4096 + 16) == errc::invalid_argument);
    CHECK(by_size(63 * 4096) == errc::none);
    CHECK(by_size(64 * 4096) == errc::invalid_argument);
}

TEST_CASE("trap 10: RX is released once, and never without having been filled") {
    bench b(scripted{granted, granted, granted});
    REQUIRE(b.pair.map());
    CHECK(b.pair.release().error() == errc::bad_state);
    REQUIRE(b.pair.filled());
    CHECK(b.pair.owns_rx());
    CHECK(b.pair.rx()->data() == b.rx.data());
    CHECK(b.pair.filled().error() == errc::bad_state);
    REQUIRE(b.pair.release());
    CHECK(b.asked(1) == 0x84000065);
    CHECK(b.manager.seen[1].x[1] == 0);
    CHECK(b.pair.rx().error() == errc::bad_state);
    for (int i = 0; i < 3; ++i) CHECK(b.pair.release().error() == errc::bad_state);
    CHECK(b.manager.calls == 2);
}

TEST_CASE("trap 11: a denied release leaves RX ours until it is granted") {
    bench b(scripted{granted, refused(ffa::error::denied), granted});
    REQUIRE(b.pair.map());
    REQUIRE(b.pair.filled());
    CHECK(b.pair.release().error() == errc::denied);
    CHECK(b.pair.owns_rx());
    CHECK(b.pair.release());
    CHECK(b.pair.state() == rx_state::empty);
}

TEST_CASE("trap 32: FFA_MSG_WAIT releases RX unless it is retained") {
    const auto after = [](bool retain, const ffa::call_frame& entry) {
        bench b(scripted{granted, entry});
        CHECK(b.pair.map());
        CHECK(b.pair.filled());
        CHECK(b.pair.wait(retain) == entry);
        CHECK(b.manager.seen[1] == ffa::call_frame{{0x8400006b, 0, retain ? 1u : 0u}});
        return b.pair.state();
    };
    const ffa::call_frame run = encode(ffa::run_call{{device, 0}});
    CHECK(after(false, run) == rx_state::empty);
    CHECK(after(true, run) == rx_state::full);
    CHECK(after(false, encode(ffa::interrupt_call{})) == rx_state::empty);
    CHECK(after(false, ffa::call_frame{{0xc400008d}}) == rx_state::empty);
    CHECK(after(false, refused(ffa::error::denied)) == rx_state::full);
    CHECK(after(false, refused(ffa::error::interrupted)) == rx_state::full);
    CHECK(after(false, ffa::call_frame{{0xffff'ffff}}) == rx_state::full);
}

TEST_CASE("waiting with an empty RX leaves it empty, and without a pair unmapped") {
    bench b(scripted{granted, encode(ffa::run_call{})});
    REQUIRE(b.pair.map());
    CHECK(b.pair.wait() == encode(ffa::run_call{}));
    CHECK(b.pair.state() == rx_state::empty);
    bench none(scripted{encode(ffa::run_call{})});
    CHECK(none.pair.wait() == encode(ffa::run_call{}));
    CHECK(none.pair.state() == rx_state::unmapped);
}

TEST_CASE("a pair is unmapped when RX is free, and can be mapped again") {
    bench b(scripted{granted, granted, refused(ffa::error::denied), granted, granted});
    CHECK(b.pair.unmap().error() == errc::bad_state);
    REQUIRE(b.pair.map());
    REQUIRE(b.pair.filled());
    CHECK(b.pair.unmap().error() == errc::busy);
    REQUIRE(b.pair.release());
    CHECK(b.pair.unmap().error() == errc::denied);
    CHECK(b.pair.state() == rx_state::empty);
    REQUIRE(b.pair.unmap());
    CHECK(b.manager.seen[3] == ffa::call_frame{{0x84000067}});
    CHECK(b.pair.map());
}

TEST_CASE("after a restart of the manager the pair is mapped anew") {
    bench b(scripted{granted, granted});
    REQUIRE(b.pair.map());
    REQUIRE(b.pair.filled());
    b.pair.forget();
    CHECK(b.pair.release().error() == errc::bad_state);
    CHECK(b.pair.map());
    CHECK(b.pair.state() == rx_state::empty);
}
