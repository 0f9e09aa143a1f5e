// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::loopback`: two ends in one process. For tests, demonstrations and constant expressions.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// Two ends and a queue of `Depth` frames of at most `MaxMsgSize` bytes in each direction. Frames arrive in order, each
/// once, unpadded. A full queue refuses with `would_block`. The ends refer to this object, which therefore stays put.
template <std::size_t Depth, std::size_t MaxMsgSize> class loopback {
    static_assert(Depth >= 1 && MaxMsgSize >= 1 && MaxMsgSize <= 0xffff);

    struct slot {
        std::uint16_t size{};
        alignas(8) std::uint8_t bytes[MaxMsgSize]{};
    };

    struct queue {
        slot slots[Depth]{};
        std::size_t first = 0;
        std::size_t count = 0;
    };

public:
    /// One of the two ends.
    class end {
    public:
        constexpr std::size_t max_msg_size() const { return MaxMsgSize; }

        constexpr result<void> send(ffa::endpoint_id, byte_view frame, instant) {
            if (frame.empty()) return errc::truncated;
            if (frame.size() > MaxMsgSize) return errc::oversize;
            if (out_.count == Depth) return errc::would_block;
            slot& s = out_.slots[(out_.first + out_.count) % Depth];
            copy_bytes(s.bytes, frame.data(), frame.size());
            s.size = static_cast<std::uint16_t>(frame.size());
            ++out_.count;
            return {};
        }

        constexpr result<inbound> receive(byte_span buffer, instant) {
            if (in_.count == 0) return errc::would_block;
            const slot& s = in_.slots[in_.first];
            in_.first = (in_.first + 1) % Depth;
            --in_.count;
            if (s.size > buffer.size()) return errc::oversize;
            copy_bytes(buffer.data(), s.bytes, s.size);
            return inbound{peer_, s.size};
        }

    private:
        friend loopback;
        constexpr end(queue& out, queue& in, ffa::endpoint_id peer) : out_(out), in_(in), peer_(peer) {}

        queue& out_;
        queue& in_;
        ffa::endpoint_id peer_;
    };

    /// The ids are what each end reports about the other one.
    constexpr explicit loopback(ffa::endpoint_id driver_id = ffa::endpoint_id{1},
                                ffa::endpoint_id device_id = ffa::endpoint_id{0x8001})
        : driver_(to_device_, to_driver_, device_id), device_(to_driver_, to_device_, driver_id) {}

    constexpr end& driver_side() { return driver_; }
    constexpr end& device_side() { return device_; }

    loopback(const loopback&) = delete;
    loopback& operator=(const loopback&) = delete;

private:
    queue to_device_{};
    queue to_driver_{};
    end driver_;
    end device_;
};

static_assert(transport<loopback<1, 64>::end>);

} // namespace vmsg::transports
