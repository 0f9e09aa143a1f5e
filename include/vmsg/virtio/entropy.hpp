// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Entropy device: the driver lends memory, the device fills it with random bytes. Source: virtio 1.4, "Entropy Device".

#include <concepts>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/buffer.hpp>
#include <vmsg/virtio/chain.hpp>
#include <vmsg/virtio/shared_memory.hpp>

namespace vmsg::virtio {

inline constexpr std::uint32_t entropy_device_id = 4;
inline constexpr std::uint32_t most_entropy_at_once = 4096; ///< bytes; what a device gives to one request by default

/// Driver: clears `memory`, so that stale bytes never pass for random ones, and gives the request's only element.
[[nodiscard]] constexpr buffer lend_for_entropy(const dma_buffer& memory) {
    shared::zero(memory.memory);
    return memory.whole();
}

/// Driver: copies the random bytes of a completed request from `memory`, where it was lent, to `to`, and gives their
/// number. Errors: the completion's own, `bad_value` (no byte, or more than were lent).
[[nodiscard]] constexpr result<std::uint32_t> take_entropy(const completion& done, const dma_buffer& memory,
                                                           byte_span to) {
    if (done.status != errc::none) return done.status;
    if (done.written == 0 || done.written > memory.memory.size()) return errc::bad_value;
    byte_view random = memory.memory.first(done.written);
    if (random.size() > to.size()) random = random.first(to.size());
    shared::copy(to, random);
    return static_cast<std::uint32_t>(random.size());
}

/// Where random bytes come from. `fill` writes every byte or gives an error.
template <class S>
concept entropy_source = requires(S& source, byte_span to) {
    { source.fill(to) } -> std::same_as<result<void>>;
};

} // namespace vmsg::virtio

namespace vmsg::archetypes {

/// The least that a source has.
struct entropy_source {
    constexpr entropy_source() = default;
    entropy_source(const entropy_source&) = delete;
    entropy_source& operator=(const entropy_source&) = delete;
    constexpr result<void> fill(byte_span) { return errc::not_supported; }
};

static_assert(virtio::entropy_source<entropy_source>);

} // namespace vmsg::archetypes

namespace vmsg::virtio {

/// Device: fills the writable part of one request, `most` bytes of it at most, and gives its used length, for
/// `device_queue::push`. A source that ends early gives a shorter answer. Errors: `invalid_argument` (`most` is 0),
/// `bad_value` (a readable element or nothing to fill: the queue is to be broken with `queue_fault::direction`), the
/// source's own if there is not a single byte (serve the request again later, it must not be given back empty).
template <entropy_source S>
[[nodiscard]] constexpr result<std::uint32_t> serve_entropy(S& source, const chain_reader& request, chain_writer answer,
                                                            std::uint32_t most = most_entropy_at_once) {
    if (most == 0) return errc::invalid_argument;
    if (request.remaining() != 0 || answer.remaining() == 0) return errc::bad_value;
    while (answer.remaining() != 0 && answer.written() < most) {
        const byte_span all = answer.run();
        const byte_span run = all.first(all.size() < most - answer.written() ? all.size() : most - answer.written());
        if (const result<void> filled = source.fill(run); !filled) {
            if (answer.written() == 0) return filled.error();
            break;
        }
        answer.advance(run.size());
    }
    return answer.written();
}

} // namespace vmsg::virtio
