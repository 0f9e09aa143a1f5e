// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/transport/indirect.hpp>

#include "support/check.hpp"
#include "transport/support/indirect_manager.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace vmsg;
using namespace transport_test;

namespace {

using bytes = std::vector<std::uint8_t>;
using endpoint = indirect_manager::endpoint;

struct bench {
    indirect_manager manager{};
    ffa::rxtx<endpoint> driver_buffers{manager.driver, manager.driver.memory()};
    ffa::rxtx<endpoint> device_buffers{manager.device, manager.device.memory()};
    transports::indirect<endpoint> driver;
    transports::indirect<endpoint> device;
    std::uint8_t buffer[104]{};

    explicit bench(transports::indirect_options d = transports::indirect_driver_options(104))
        : driver(driver_buffers, driver_id, device_id, d),
          device(device_buffers, device_id, driver_id, transports::indirect_device_options(104)) {
        REQUIRE(driver_buffers.map());
        REQUIRE(device_buffers.map());
    }
    errc send(const bytes& frame = {1, 2, 3}) { return driver.send({}, frame, 0).error(); }
    errc at_device() { return device.receive(buffer, 0).error(); }

    // A message to the device, made by hand, and what becomes of it.
    errc inject(const bytes& buffer_content) {
        REQUIRE(manager.inject(manager.device, buffer_content));
        return at_device();
    }
    bool released() const { return !manager.device.full && !device_buffers.owns_rx(); }
};

bytes message(std::size_t size, ffa::endpoint_id src = driver_id, ffa::endpoint_id dst = device_id,
              const uuid& service = device_role_uuid, ffa::version v = ffa::version::v1_2) {
    bytes all(4096);
    const auto place = ffa::encode_indirect(all, v, src, dst, service, size);
    REQUIRE(place);
    std::fill(place->begin(), place->end(), std::uint8_t{0x55});
    return all;
}
void put(bytes& all, std::size_t at, std::uint32_t value) { store_le(all.data() + at, value); }

} // namespace

TEST_CASE("indirect: a message has the header of the negotiated version") {
    for (const auto& [version, header] : {std::pair{ffa::version::v1_1, 20}, {ffa::version::v1_2, 40}}) {
        auto options = transports::indirect_driver_options(104);
        options.ffa_version = version;
        bench b{options};
        REQUIRE(b.send() == errc::none);
        const auto at = ffa::decode_indirect_header(b.manager.driver.tx, 4096);
        REQUIRE(at);
        CHECK(at->src == driver_id);
        CHECK(at->dst == device_id);
        CHECK(at->offset == static_cast<std::size_t>(header));
        CHECK(at->size == 3);
        CHECK(at->service == (header == 40 ? device_role_uuid : uuid{}));
        const auto got = b.device.receive(b.buffer, 0);
        REQUIRE(got);
        CHECK(got->peer == driver_id);
        CHECK(byte_view{b.buffer, got->size} == byte_view{bytes{1, 2, 3}});
    }
    auto old = transports::indirect_driver_options(104);
    old.ffa_version = ffa::version::v1_0;
    CHECK(bench{old}.send() == errc::not_supported);
}

TEST_CASE("indirect: TX is zero after the message, whatever was there before (defect h)") {
    bench b; // whose TX is full of something
    for (const std::size_t size : {3u, 104u, 50u, 51u, 1u}) {
        REQUIRE(b.send(bytes(size, 0xff)) == errc::none);
        const bytes& tx = b.manager.driver.tx;
        REQUIRE(
            std::all_of(tx.begin() + 40, tx.begin() + 40 + static_cast<int>(size), [](auto c) { return c == 0xff; }));
        REQUIRE(std::all_of(tx.begin() + 40 + static_cast<int>(size), tx.end(), [](auto c) { return c == 0; }));
        REQUIRE(b.at_device() == errc::none);
    }
}

TEST_CASE("indirect: nothing is left in TX of what somebody else has written there") {
    bench b;
    REQUIRE(b.send(bytes(3, 0xff)) == errc::none);
    REQUIRE(b.at_device() == errc::none);
    const auto all = b.driver_buffers.tx();
    REQUIRE(all);
    for (std::uint8_t& byte : *all) byte = 0x5a; // a memory descriptor, another bus
    REQUIRE(b.send(bytes(3, 0xff)) == errc::none);
    const bytes& tx = b.manager.driver.tx;
    CHECK(std::all_of(tx.begin() + 43, tx.end(), [](auto c) { return c == 0; }));
}

TEST_CASE("indirect: RX is given back before anybody sees the message") {
    bench b;
    REQUIRE(b.send() == errc::none);
    CHECK(b.send() == errc::busy); // there is one message at a time
    CHECK(b.driver.counters().busy == 1);
    CHECK(b.at_device() == errc::none);
    CHECK(b.released());
    CHECK(b.device.send({}, bytes{4}, 0)); // nothing of ours is in the way of the answer
    CHECK(b.driver.receive(b.buffer, 0)->peer == device_id);
    CHECK(b.send() == errc::none);
}

TEST_CASE("indirect: nothing is read, and nothing released, when nothing has come") {
    bench b;
    for (int i = 0; i < 3; ++i) CHECK(b.at_device() == errc::would_block);
    CHECK(b.manager.device.count(ffa::function_id::notification_get) == 3);
    CHECK(b.manager.device.count(ffa::function_id::rx_release) == 0);
    // Only the framework's bitmaps are read: the others have other readers.
    CHECK(b.manager.device.calls.back() == ffa::call_frame{{0x8400'0082, 0x8002, 0xc}});
}

TEST_CASE("indirect: an endpoint without a hypervisor asks for the bitmap of the secure world only") {
    bench b;
    transports::indirect<endpoint> kernel{b.driver_buffers, ffa::hypervisor_id, device_id};
    CHECK(kernel.receive(b.buffer, 0).error() == errc::would_block);
    CHECK(b.manager.driver.calls.back() == ffa::call_frame{{0x8400'0082, 0, 0x4}});
}

TEST_CASE("indirect: somebody else can say that a message is there") {
    auto options = transports::indirect_driver_options(104);
    options.told = transports::arrival::announced;
    bench b{options};
    REQUIRE(b.device.send({}, bytes{4}, 0));
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block);
    b.manager.driver.pending = false; // it was read elsewhere
    b.driver.arrived();
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block);
    CHECK(b.manager.driver.count(ffa::function_id::notification_get) == 0);
    // Once too often: nothing comes of it, not even the old message again.
    b.driver.arrived();
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block);
    CHECK(b.driver.counters().release_errors == 1);
    CHECK(b.driver.counters().received == 1);
    REQUIRE(b.device.send({}, bytes{5}, 0));
    b.driver.arrived();
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK(b.buffer[0] == 5);
}

TEST_CASE("trap 11: RX is given back although its notification was not read yet") {
    auto options = transports::indirect_driver_options(104);
    options.told = transports::arrival::announced;
    bench b{options};
    b.manager.wants_to_be_read = true;
    REQUIRE(b.device.send({}, bytes{4}, 0));
    b.driver.arrived();
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK_FALSE(b.manager.driver.full);
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block); // not twice
    CHECK(b.driver.counters().received == 1);
}

TEST_CASE("indirect: RX that is not taken back at once is not read twice") {
    bench b;
    REQUIRE(b.send() == errc::none);
    b.manager.sticky_releases = 2;
    CHECK(b.at_device() == errc::none);
    CHECK(b.manager.device.full);
    CHECK(b.at_device() == errc::would_block);
    CHECK(b.manager.device.full);
    CHECK(b.at_device() == errc::would_block);
    CHECK(b.released());
    CHECK(b.device.counters().release_errors == 2);
    CHECK(b.device.counters().received == 1);
    CHECK(b.send() == errc::none);
    CHECK(b.at_device() == errc::none);
}

TEST_CASE("indirect: while somebody else of the endpoint reads RX, no message is looked for") {
    bench b;
    b.manager.device.full = true; // descriptors, say
    REQUIRE(b.device_buffers.filled());
    CHECK(b.at_device() == errc::would_block);
    CHECK(b.manager.device.count(ffa::function_id::notification_get) == 0);
    REQUIRE(b.device_buffers.release());
    REQUIRE(b.send() == errc::none);
    CHECK(b.at_device() == errc::none);
}

TEST_CASE("indirect: what is wrong with a message is counted, and RX is given back (defect a)") {
    bench b;
    bytes m = message(8);
    put(m, 16, 0); // no bytes
    CHECK(b.inject(m) == errc::bad_length);
    CHECK(b.released());
    for (const std::uint32_t offset : {0u, 19u}) { // in the header
        put(m = message(8), 8, offset);
        CHECK(b.inject(m) == errc::bad_length);
        CHECK(b.released());
    }
    for (const std::uint32_t offset : {4089u, 4097u, 0x8000'0000u, 0xffff'ffffu}) { // not all inside
        put(m = message(8), 8, offset);
        CHECK(b.inject(m) == errc::truncated);
        CHECK(b.released());
    }
    for (const std::uint32_t size : {4057u, 0x8000'0000u, 0xffff'ffffu, 0xffff'ffd8u}) {
        put(m = message(8), 16, size);
        CHECK(b.inject(m) == errc::truncated);
        CHECK(b.released());
    }
    CHECK(b.device.counters().malformed == 11);
    for (const std::uint32_t size : {105u, 4056u}) {
        put(m = message(8), 16, size);
        CHECK(b.inject(m) == errc::oversize);
        CHECK(b.released());
    }
    CHECK(b.device.counters().oversize == 2);
    CHECK(b.inject(message(104)) == errc::none); // and it goes on
    CHECK(b.device.counters().received == 1);
}

TEST_CASE("indirect: nothing is written beyond the buffer") {
    bench b;
    std::vector<std::uint8_t> small(20, 0xa5);
    REQUIRE(b.manager.inject(b.manager.device, message(11)));
    CHECK(b.device.receive({small.data(), 10}, 0).error() == errc::oversize);
    CHECK(small == std::vector<std::uint8_t>(20, 0xa5));
    CHECK(b.released());
    REQUIRE(b.manager.inject(b.manager.device, message(10)));
    CHECK(b.device.receive({small.data(), 10}, 0));
    CHECK(small[9] == 0x55);
    CHECK(small[10] == 0xa5);
}

TEST_CASE("indirect: the message is where the header says") {
    bench b;
    for (const std::uint32_t offset : {20u, 24u, 36u, 40u, 48u, 4088u}) {
        bytes m = message(8);
        std::fill(m.begin() + 40, m.end(), std::uint8_t{0});
        put(m, 8, offset);
        if (offset < 40) std::fill(m.begin() + 20, m.begin() + 40, std::uint8_t{0});
        for (std::size_t i = 0; i < 8; ++i) m[offset + i] = 0x66;
        CHECK(b.inject(m) == errc::none);
        CHECK(b.buffer[0] == 0x66);
        CHECK(b.buffer[7] == 0x66);
    }
}

TEST_CASE("N9: a message of or for somebody else, or for the other role, is not taken") {
    bench b;
    CHECK(b.inject(message(8, other_id)) == errc::bad_value);
    CHECK(b.inject(message(8, driver_id, other_id)) == errc::bad_value);
    CHECK(b.device.counters().foreign == 2);
    CHECK(b.inject(message(8, driver_id, device_id, driver_role_uuid)) == errc::bad_value);
    CHECK(b.device.counters().other_service == 1);
    CHECK(b.inject(message(8, driver_id, device_id, uuid{})) == errc::none); // for any service
    CHECK(b.inject(message(8, driver_id, device_id, uuid{}, ffa::version::v1_1)) == errc::none);
    CHECK(b.released());
}

TEST_CASE("indirect: an end without a fixed peer takes from anybody and sends to whom it is told") {
    bench b;
    auto options = transports::indirect_device_options(104);
    options.any_peer = true;
    transports::indirect<endpoint> hub{b.device_buffers, device_id, {}, options};
    REQUIRE(b.manager.inject(b.manager.device, message(8, other_id)));
    CHECK(hub.receive(b.buffer, 0)->peer == other_id);
    CHECK(hub.send(driver_id, bytes{1}, 0));
    CHECK(b.driver.receive(b.buffer, 0));
    CHECK(hub.send(other_id, bytes{1}, 0).error() == errc::invalid_argument); // nobody knows it
}

TEST_CASE("indirect: refusals are told apart") {
    const struct {
        ffa::error reply;
        errc expected;
    } rows[]{
        {ffa::error::denied, errc::denied},
        {ffa::error::not_supported, errc::not_supported},
        {ffa::error::invalid_parameters, errc::invalid_argument},
        {ffa::error::no_memory, errc::no_memory},
        {ffa::error::retry, errc::retry},
        {ffa::error::interrupted, errc::interrupted},
        {ffa::error::aborted, errc::aborted},
    };
    bench b;
    for (const auto& row : rows) {
        b.manager.refusal = row.reply;
        CHECK(b.send() == row.expected);
    }
    CHECK(b.driver.counters().refused == 7);
    CHECK(b.driver.counters().sent == 0);
    b.manager.refusal = {};
    CHECK(b.send() == errc::none);
}

TEST_CASE("indirect: nothing goes without buffers") {
    bench b;
    b.driver_buffers.forget();
    CHECK(b.send() == errc::bad_state);
    b.manager.driver.pending = true;
    CHECK(b.driver.receive(b.buffer, 0).error() == errc::would_block);
    CHECK(b.send({}) == errc::truncated);
    CHECK(b.send(bytes(105)) == errc::oversize);
}
