// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/setup.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

#include <vector>

using namespace ffa_test;
using ffa::error;
using ffa::version;

namespace {

constexpr ffa::partition_info numbered(std::size_t i, bool with_image = false) {
    ffa::partition_info p{
        static_cast<ffa::endpoint_id>(0x8001 + i), 1, ffa::partition_properties{0x30d}, device_role_uuid, {}, {}};
    if (with_image) p.image = driver_role_uuid, p.speaks = version::v1_2;
    return p;
}

// A manager with some partitions, that answers with descriptors of a size of its own.
struct manager {
    std::size_t count = 0;
    std::uint16_t size = 24;
    bool has_registers = true;
    unsigned refused_releases = 0; // at first
    error refusal = error::busy;
    unsigned releases = 0;
    unsigned changes = 0; // so often the list is another one when its second window is read
    std::uint16_t tag = 0;
    bool rx_full = false;
    std::vector<std::uint8_t> rx = std::vector<std::uint8_t>(4096);
    unsigned register_calls = 0;
    unsigned buffer_calls = 0;
    unsigned spurious_releases = 0;
    bool tags_are_echoed = true;

    void operator()(ffa::call_frame& frame) {
        switch (function_of(frame)) {
        case ffa::function_id::rxtx_map_64: return void(frame = ffa::encode_success());
        case ffa::function_id::rx_release: return void(frame = release());
        case ffa::function_id::partition_info_get: return void(frame = by_buffer(*decode_partition_info_get(frame)));
        case ffa::function_id::partition_info_get_regs:
            return void(frame = by_registers(*decode_partition_info_get_regs(frame)));
        default: frame = ffa::encode_unknown_function();
        }
    }

    ffa::call_frame release() {
        if (!rx_full) ++spurious_releases;
        if (!rx_full || releases++ < refused_releases) return ffa::encode_error(refusal);
        rx_full = false;
        return ffa::encode_success();
    }

    ffa::call_frame by_buffer(const ffa::partition_info_get_call&) {
        ++buffer_calls;
        if (rx_full) return ffa::encode_error(error::busy);
        if (count == 0) return ffa::encode_error(error::invalid_parameters);
        for (std::size_t i = 0; i < count && (i + 1) * size <= rx.size(); ++i)
            (void)encode_partition_descriptor(byte_span{rx}.drop(i * size).first(size), numbered(i, size >= 48));
        rx_full = true;
        return encode(ffa::partition_info_get_answer{static_cast<std::uint32_t>(count), size == 8u ? 0u : size});
    }

    ffa::call_frame by_registers(const ffa::partition_info_get_regs_call& c) {
        ++register_calls;
        if (!has_registers) return ffa::encode_error(error::not_supported);
        if (c.start != 0 && changes != 0) {
            --changes;
            ++tag;
            return ffa::encode_error(error::retry);
        }
        tags_are_echoed = tags_are_echoed && c.tag == (c.start == 0 ? 0 : tag);
        ffa::partition_info_get_regs_answer a;
        a.descriptor_size = size;
        a.tag = tag;
        a.last_index = static_cast<std::uint16_t>(count - 1);
        std::size_t i = c.start;
        while (i < count && a.count < ffa::partitions_per_answer(size))
            a.entries[a.count++] = numbered(i++, size >= 48);
        a.current_index = static_cast<std::uint16_t>(i - 1);
        return encode(a);
    }
};

struct finding {
    explicit finding(const manager& m, version v = version::v1_2) : peer(m), negotiated(v) {
        REQUIRE(pair.map());
        done = find_partitions(pair, device_role_uuid, negotiated, found);
    }
    bool found_all() const {
        if (!done || found.size() != peer.count) return false;
        for (std::size_t i = 0; i < found.size(); ++i) {
            ffa::partition_info expected = numbered(i, peer.size >= 48);
            if (peer.size < 24) expected.protocol = {};
            if (!(found[i] == expected)) return false;
        }
        return peer.spurious_releases == 0 && !peer.rx_full && !pair.owns_rx();
    }

    manager peer;
    version negotiated;
    std::vector<std::uint8_t> tx = std::vector<std::uint8_t>(4096);
    ffa::rxtx<manager> pair{peer, {tx, peer.rx, 0x1000, 0x2000}};
    ffa::partition_info room[40]{};
    ffa::partition_list found{room};
    result<void> done;
};

manager with(std::size_t count, std::uint16_t size, bool registers = true) {
    manager m;
    m.count = count;
    m.size = size;
    m.has_registers = registers;
    return m;
}

} // namespace

TEST_CASE("partitions are found by registers, window by window, without touching RX") {
    for (std::size_t count = 1; count <= 12; ++count) {
        const finding narrow{with(count, 24)};
        CHECK(narrow.found_all());
        CHECK(narrow.peer.register_calls == (count + 4) / 5);
        const finding wide{with(count, 48)};
        CHECK(wide.found_all());
        CHECK(wide.peer.register_calls == (count + 1) / 2);
        CHECK(wide.peer.buffer_calls == 0);
    }
}

TEST_CASE("trap 13: descriptors in RX have the size that the manager says, also for a caller of FF-A 1.1") {
    CHECK(finding{with(3, 8), version::v1_0}.found_all());
    CHECK(finding{with(3, 24), version::v1_1}.found_all());
    CHECK(finding{with(3, 48), version::v1_1}.found_all());
    CHECK(finding{with(3, 56), version::v1_1}.found_all());
    CHECK(finding{with(3, 48), version::v1_1}.peer.register_calls == 0);
}

TEST_CASE("a manager without the call by registers is asked for the buffer") {
    const finding f{with(7, 24, false), version::v1_2};
    CHECK(f.found_all());
    CHECK(f.peer.register_calls == 1);
    CHECK(f.peer.buffer_calls == 1);
}

TEST_CASE("trap 14: a list that changes is read again, with a limit") {
    manager m = with(7, 24);
    m.tag = 3;
    m.changes = 2;
    const finding f{m};
    CHECK(f.found_all());
    CHECK(f.peer.tags_are_echoed);
    CHECK(f.peer.register_calls == 2 * 3);
    m.changes = ~0u;
    const finding never{m};
    CHECK(never.done.error() == errc::retry);
    CHECK(never.peer.register_calls == 2 * (1 + ffa::list_restarts));
    CHECK(never.peer.buffer_calls == 0);
}

TEST_CASE("trap 10: RX is released however the reading ends") {
    const auto ends = [](const manager& m, errc why) {
        const finding f{m, version::v1_1};
        CHECK(f.done.error() == why);
        CHECK(!f.pair.owns_rx());
        CHECK(!f.peer.rx_full);
        CHECK(f.peer.spurious_releases == 0);
    };
    ends(with(41, 24), errc::full);
    ends(with(3, 20), errc::bad_length);
    ends(with(400, 24), errc::truncated);
    ends(with(0, 24), errc::invalid_argument);
    for (const std::size_t count : {3u, 41u}) { // also if there is no room for all
        manager keeps = with(count, 24);
        keeps.refused_releases = ffa::release_attempts;
        finding kept{keeps, version::v1_1};
        CHECK(kept.done.error() == errc::busy);
        CHECK(kept.peer.releases == ffa::release_attempts);
        CHECK(kept.pair.owns_rx());
        CHECK(kept.pair.release());    // later
        keeps.refusal = error::denied; // which does not become better by itself
        const finding denied{keeps, version::v1_1};
        CHECK(denied.done.error() == errc::denied);
        CHECK(denied.peer.releases == 1);
        CHECK(denied.pair.owns_rx());
    }
    manager keeps = with(3, 24);
    keeps.refused_releases = ffa::release_attempts - 1;
    const finding late{keeps, version::v1_1};
    CHECK(late.done);
    CHECK(!late.pair.owns_rx());
}

TEST_CASE("a full or missing RX is no place for descriptors") {
    manager m = with(3, 24, false);
    std::vector<std::uint8_t> tx(4096);
    ffa::rxtx<manager> pair{m, {tx, m.rx, 0x1000, 0x2000}};
    ffa::partition_info room[1];
    ffa::partition_list found{room};
    CHECK(find_by_buffer(pair, {}, version::v1_2, found).error() == errc::bad_state);
    REQUIRE(pair.map());
    REQUIRE(pair.filled());
    CHECK(find_by_buffer(pair, {}, version::v1_2, found).error() == errc::busy);
    CHECK(m.buffer_calls == 0);
    m.rx_full = true;
    REQUIRE(pair.release());
    m.rx_full = true; // a message that the caller has not been told of
    CHECK(find_by_buffer(pair, {}, version::v1_2, found).error() == errc::busy);
    CHECK(m.buffer_calls == 1);
    CHECK(m.spurious_releases == 0);
    CHECK(!pair.owns_rx());
}

TEST_CASE("a list in registers that never ends ends") {
    // Each window has one entry more, and says that there are others.
    struct endless {
        unsigned calls = 0;
        void operator()(ffa::call_frame& frame) {
            ++calls;
            const auto c = ffa::decode_partition_info_get_regs(frame);
            ffa::partition_info_get_regs_answer a;
            a.current_index = c->start;
            a.last_index = 0xffff;
            a.count = 1;
            frame = encode(a);
        }
    } peer;
    ffa::partition_info room[4];
    ffa::partition_list few{room};
    CHECK(find_by_registers(peer, {}, few).error() == errc::full);
    CHECK(peer.calls == 5);
    std::vector<ffa::partition_info> much(0x10001);
    ffa::partition_list many{much.data(), much.size()};
    peer.calls = 0;
    CHECK(find_by_registers(peer, {}, many));
    CHECK(many.size() == 0x10000);
}

TEST_CASE("windows that contradict themselves end the reading") {
    scripted peer{encode(ffa::partition_info_get_regs_answer{6, 4, 0, 24, 5, {}}),
                  encode(ffa::partition_info_get_regs_answer{6, 4, 0, 24, 5, {}})};
    ffa::partition_info room[20];
    ffa::partition_list found{room};
    CHECK(find_by_registers(peer, {}, found).error() == errc::bad_length);
    CHECK(peer.calls == 2);
}
