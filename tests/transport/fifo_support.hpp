// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the tests of the FIFO share: frames, and rings whose memory ends where they end.

#include <vmsg/bytes.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/transport/fifo_region.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fifo_test {

using namespace vmsg;
using namespace vmsg::transports;

/// A frame of a transport message that has `size` bytes, all of them marked.
inline std::vector<std::uint8_t> frame_of(std::size_t size, unsigned mark = 1) {
    std::vector<std::uint8_t> bytes(size, static_cast<std::uint8_t>(mark));
    bytes[0] = 0;
    bytes[6] = static_cast<std::uint8_t>(size);
    bytes[7] = 0;
    return bytes;
}

/// A region of its own, so that a sanitizer sees any access beyond it.
class region_memory {
public:
    explicit region_memory(const fifo_geometry& g = {104, 4})
        : size_(static_cast<std::size_t>(fifo_region_size(g))), words_(new std::uint64_t[size_ / 8]{}) {}

    byte_span all() { return {static_cast<std::uint8_t*>(static_cast<void*>(words_.get())), size_}; }
    std::vector<std::uint8_t> image() { return {all().begin(), all().end()}; }

private:
    std::size_t size_; // a multiple of 8 for the geometries of the tests
    std::unique_ptr<std::uint64_t[]> words_;
};

/// The peer writes an index of a ring.
inline void write_index(const fifo_ring& ring, std::size_t offset, unsigned value) {
    store_le(ring.memory.data() + offset, static_cast<std::uint16_t>(value));
}
inline unsigned read_index(const fifo_ring& ring, std::size_t offset) {
    return load_le<std::uint16_t>(ring.memory.data() + offset);
}

} // namespace fifo_test
