// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The disk image behind the block device: a file, or a private copy of one, in whole sectors.

#include <cstdint>
#include <span>
#include <string>

namespace disk {

inline constexpr std::uint64_t sector_size = 512; ///< bytes

/// What can go wrong with a file; the message says which file and why.
struct image_error {
    std::string message;
};

/// A disk of whole sectors over a file whose last sector may be cut short: what is missing reads as zeros and is not
/// kept. Every function throws `image_error` when the system refuses.
class image {
public:
    /// Opens `path`. Unless `in_place`, a private copy of it is used and the file itself is never written. A file that
    /// nobody may write to is a read-only disk.
    image(const std::string& path, bool in_place);
    ~image();
    image(const image&) = delete;
    image& operator=(const image&) = delete;

    std::uint64_t size() const { return size_; } ///< bytes of the file
    std::uint64_t sectors() const { return (size_ + sector_size - 1) / sector_size; }
    bool read_only() const { return read_only_; }

    /// SHA-256 of the file as it is on the file system, as 64 lower-case hexadecimal digits.
    std::string file_hash() const;

    /// Reads or writes bytes from `offset` on; both stay inside the sectors of the disk.
    void read(std::uint64_t offset, std::span<std::uint8_t> to) const;
    void write(std::uint64_t offset, std::span<const std::uint8_t> from);
    void flush();

private:
    std::string path_;
    std::uint64_t size_ = 0;
    bool read_only_ = false;
    int file_ = -1; // of the image itself
    int disk_ = -1; // of what is served: the same, or the copy
};

/// SHA-256 over data that comes in pieces.
class sha256 {
public:
    sha256();
    ~sha256();
    sha256(const sha256&) = delete;
    sha256& operator=(const sha256&) = delete;

    void add(std::span<const std::uint8_t> bytes);
    std::string hex(); ///< 64 lower-case digits; ends the computation

private:
    void* context_;
};

} // namespace disk
