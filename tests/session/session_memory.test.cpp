// SPDX-License-Identifier: BSD-2-Clause
// A pool that is shared once: traffic in it makes no call of the manager.
#include <vmsg/session/session_memory.hpp>

#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "session/memory_rig.hpp"

using namespace session_test;

namespace {
constexpr revision v2 = revision::oasis_v2;
}

TEST_CASE("Session memory: steady I/O in a pool that is shared once makes no memory call") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    constexpr std::size_t pages = 8;
    const ffa::memory_region region[]{{r.page_at(4), pages}};
    const auto memory = r.both.share(region, area_attrs::usual);
    REQUIRE(memory);
    virtio::dma_pool<pages * 16> pool{*r.near.address(*memory, 0, pages * page),
                                      byte_span{r.guest_memory + 4 * page, pages * page}, 256};
    const virtio::queue_block block{16};
    const auto ring = pool.allocate(block.size, 16);
    REQUIRE(ring);
    auto device = r.session.at(3);
    const auto accepted = device.negotiate(feature_set{feature::version_1, feature::access_platform});
    REQUIRE(accepted);
    virtio::driver_queue<16> queue;
    REQUIRE(queue.attach(block.areas(ring->memory), 16, {.negotiated = *accepted}));
    const auto at = block.addresses(ring->address);
    REQUIRE(device.setup_queue(0, {16, at.descriptor, at.driver, at.device}));
    REQUIRE(device.driver_ok());
    virtio::device_queue<4, 16> served;
    REQUIRE(served.enable(r.end.bus.areas(), at, 16, 16, {.negotiated = *accepted}));

    const std::size_t shares = r.guest_calls.calls;
    const std::size_t retrievals = r.disk_calls.calls;
    CHECK(shares == 2); // RXTX_MAP and MEM_SHARE
    const std::size_t held = pool.in_use();
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const auto buffer = pool.allocate(1000);
        REQUIRE(buffer);
        const virtio::buffer whole[]{buffer->whole()};
        REQUIRE(queue.add({}, whole));
        queue.publish();
        if (queue.kick_needed()) REQUIRE(device.notify(0, queue.next_offset()));
        r.session.turn(r.clock.now());
        virtio::chain<4> chain;
        REQUIRE(served.pop(r.end.bus.areas(), chain));
        const std::uint8_t answer[2]{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
        auto to = chain.writer();
        CHECK(to.write(answer) == 2);
        REQUIRE(served.push(chain, 2));
        const auto done = queue.poll_used();
        REQUIRE(done);
        CHECK((buffer->memory[0] | buffer->memory[1] << 8) == static_cast<int>(i));
        REQUIRE(pool.free(buffer->address));
    }
    CHECK(r.guest_calls.calls == shares);
    CHECK(r.disk_calls.calls == retrievals);
    CHECK(pool.in_use() == held);
    REQUIRE(device.reset());
    REQUIRE(r.both.unshare(*memory));
    CHECK(r.nothing_left());
}

TEST_CASE("Session memory: a device side that answers nothing does not keep the caller for ever") {
    memory_rig<v2> r;
    REQUIRE(r.session.open());
    r.serves_memory = false; // AREA_SHARE is never answered
    const ffa::memory_region region[]{{r.page_at(4), 1}};
    CHECK_FALSE(r.both.share(region, area_attrs::usual));
    CHECK(r.near.in_use() == 1); // it may still be taken
    r.serves_memory = true;
    CHECK(r.both.unshare(0));
    r.run(30 * seconds);
    CHECK(r.nothing_left());
    CHECK(r.both.unshare(0).error() == errc::invalid_argument);
}
