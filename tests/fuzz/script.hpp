// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the fuzz targets share: `require`, and an input as a script.

#include <vmsg/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// The bytes of an input, one after the other; zeros when there are no more.
class script {
public:
    script(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    bool empty() const { return size_ == 0; }
    std::uint8_t byte() {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    std::uint16_t half() { return static_cast<std::uint16_t>(byte() | byte() << 8); }
    /// As many as there are go to the start of `to`; the number of them.
    std::size_t fill(vmsg::byte_span to) {
        const std::size_t n = size_ < to.size() ? size_ : to.size();
        if (n != 0) std::memcpy(to.data(), data_, n);
        data_ += n;
        size_ -= n;
        return n;
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};
