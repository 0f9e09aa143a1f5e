// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What every transport has to do, whatever carries its frames. A new transport adds one line to conformance.test.cpp.

#include <vmsg/transport/transport.hpp>

#include "support/check.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace conformance {

/// Two ends of a transport, and what a test has to know about the wire between them.
template <class Rig>
concept rig = requires(Rig& r) {
    requires vmsg::transport<std::remove_cvref_t<decltype(r.driver_side())>>;
    requires vmsg::transport<std::remove_cvref_t<decltype(r.device_side())>>;
    r.driver_id(); // what the device side hears of the driver side
    r.device_id(); // the other way round
    r.step(r.now); // lets the carrier work; time may pass
};

/// A frame of a transport message; where there is room for a header of oasis_v2, it says how long the frame is.
inline std::vector<std::uint8_t> pattern(std::size_t size, unsigned seed) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(seed * 37 + i * 11 + (i >> 3));
    if (size < 8) return bytes;
    bytes[0] &= 1;
    bytes[6] = static_cast<std::uint8_t>(size);
    bytes[7] = static_cast<std::uint8_t>(size >> 8);
    return bytes;
}

/// Receives one frame into a buffer that is longer by a guard, and checks that the guard is untouched.
template <class End>
vmsg::result<vmsg::inbound> receive(End& end, std::vector<std::uint8_t>& frame, vmsg::instant now) {
    constexpr std::size_t guard = 16;
    std::vector<std::uint8_t> buffer(end.max_msg_size() + guard, 0xa5);
    const auto got = end.receive({buffer.data(), end.max_msg_size()}, now);
    const std::size_t size = got ? got->size : 0;
    for (std::size_t i = size; i < buffer.size(); ++i) REQUIRE(buffer[i] == 0xa5);
    frame.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    return got;
}

/// Waits for a frame as long as the carrier may need.
template <class Rig, class End> vmsg::result<vmsg::inbound> await(Rig& r, End& end, std::vector<std::uint8_t>& frame) {
    for (int i = 0; i < 100; ++i) {
        const auto got = receive(end, frame, r.now);
        if (got || got.error() != vmsg::errc::would_block) return got;
        r.step(r.now);
    }
    return vmsg::errc::would_block;
}

/// One direction of a rig.
template <class Rig, class From, class To>
void one_way(Rig& r, From& from, To& to, vmsg::ffa::endpoint_id from_id, vmsg::ffa::endpoint_id to_id) {
    std::vector<std::uint8_t> frame;
    const std::size_t most = from.max_msg_size();
    CHECK(to.max_msg_size() == most);

    SUBCASE("nothing comes out of an idle carrier") {
        CHECK(receive(to, frame, r.now).error() == vmsg::errc::would_block);
        CHECK(receive(from, frame, r.now).error() == vmsg::errc::would_block);
    }
    SUBCASE("a frame of every size arrives once, whole, from the right peer") {
        for (std::size_t size = r.least_frame(); size <= most; ++size) {
            const auto sent = pattern(size, static_cast<unsigned>(size));
            REQUIRE(from.send(to_id, sent, r.now));
            const auto got = await(r, to, frame);
            REQUIRE(got);
            CHECK(got->peer == from_id);
            REQUIRE(got->size >= size);
            for (std::size_t i = size; i < frame.size(); ++i) REQUIRE(frame[i] == 0); // padding is zero
            frame.resize(size);
            CHECK(frame == sent);
            CHECK(receive(to, frame, r.now).error() == vmsg::errc::would_block);
        }
    }
    SUBCASE("frames keep their order, and a full carrier refuses without losing any") {
        std::size_t sent = 0;
        vmsg::errc refusal = vmsg::errc::none;
        for (; sent < 1000; ++sent) {
            const auto outcome =
                from.send(to_id, pattern(r.least_frame() + sent % 8, static_cast<unsigned>(sent)), r.now);
            refusal = outcome.error();
            if (!outcome) break;
        }
        REQUIRE(sent >= 1);
        CHECK(vmsg::is_retryable(refusal));
        for (std::size_t i = 0; i < sent; ++i) {
            REQUIRE(await(r, to, frame));
            frame.resize(r.least_frame() + i % 8);
            CHECK(frame == pattern(frame.size(), static_cast<unsigned>(i)));
        }
        CHECK(receive(to, frame, r.now).error() == vmsg::errc::would_block);
        CHECK(from.send(to_id, pattern(r.least_frame(), 1), r.now)); // there is room again
    }
    SUBCASE("the sender's bytes are its own again after send") {
        auto bytes = pattern(r.least_frame() + 4, 9);
        const auto original = bytes;
        REQUIRE(from.send(to_id, bytes, r.now));
        for (auto& b : bytes) b = 0xff;
        REQUIRE(await(r, to, frame));
        frame.resize(original.size());
        CHECK(frame == original);
    }
    SUBCASE("a frame that is too long, or empty, is refused and nothing arrives") {
        CHECK(from.send(to_id, pattern(most + 1, 1), r.now).error() == vmsg::errc::oversize);
        CHECK(from.send(to_id, vmsg::byte_view{}, r.now).error() == vmsg::errc::truncated);
        r.step(r.now);
        CHECK(receive(to, frame, r.now).error() == vmsg::errc::would_block);
    }
    SUBCASE("a buffer that is too small gets nothing, and the frame is gone") {
        REQUIRE(from.send(to_id, pattern(r.least_frame() + 4, 1), r.now));
        std::vector<std::uint8_t> small(r.least_frame() - 1, 0xa5);
        vmsg::errc error = vmsg::errc::would_block;
        for (int i = 0; i < 100 && error == vmsg::errc::would_block; ++i, r.step(r.now))
            error = to.receive(small, r.now).error();
        CHECK(error == vmsg::errc::oversize);
        for (const auto b : small) CHECK(b == 0xa5);
        CHECK(receive(to, frame, r.now).error() == vmsg::errc::would_block);
        REQUIRE(from.send(to_id, pattern(r.least_frame(), 2), r.now));
        CHECK(await(r, to, frame));
    }
}

template <rig Rig> void to_device(Rig& r) {
    one_way(r, r.driver_side(), r.device_side(), r.driver_id(), r.device_id());
}
template <rig Rig> void to_driver(Rig& r) {
    one_way(r, r.device_side(), r.driver_side(), r.device_id(), r.driver_id());
}

} // namespace conformance
