// SPDX-License-Identifier: BSD-2-Clause
#include "image.hpp"

#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace disk {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) { throw image_error{path + ": " + what}; }
[[noreturn]] void fail_errno(const std::string& path, const std::string& what) {
    fail(path, what + ": " + std::strerror(errno));
}

/// As many bytes as there are, at most `to.size()`.
std::size_t read_some(int file, std::uint64_t offset, std::span<std::uint8_t> to, const std::string& path) {
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t n = pread(file, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail_errno(path, "cannot read");
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

void write_all(int file, std::uint64_t offset, std::span<const std::uint8_t> from, const std::string& path) {
    std::size_t done = 0;
    while (done < from.size()) {
        const ssize_t n = pwrite(file, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail_errno(path, "cannot write");
        done += static_cast<std::size_t>(n);
    }
}

/// A file without a name that has the same contents.
int private_copy(int file, std::uint64_t size, const std::string& path) {
    std::error_code error;
    const auto folder = std::filesystem::temp_directory_path(error);
    if (error) fail("TMPDIR", "no folder for a private copy of " + path + ": " + error.message());
    std::string name = (folder / "vmsg-disk-XXXXXX").string();
    const int copy = mkstemp(name.data());
    if (copy < 0) fail_errno(name, "cannot make a private copy of " + path);
    unlink(name.c_str());
    if (ftruncate(copy, static_cast<off_t>(size)) != 0) fail_errno(name, "cannot make a private copy of " + path);
    std::vector<std::uint8_t> piece(1 << 20);
    for (std::uint64_t offset = 0; offset < size;) {
        // Holes stay holes.
        const off_t data = lseek(file, static_cast<off_t>(offset), SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        if (data > 0) offset = static_cast<std::uint64_t>(data);
        const std::size_t n = read_some(file, offset, piece, path);
        if (n == 0) fail(path, "became shorter while it was being copied");
        write_all(copy, offset, {piece.data(), n}, name);
        offset += n;
    }
    struct stat status {};
    if (fstat(file, &status) != 0 || static_cast<std::uint64_t>(status.st_size) < size)
        fail(path, "became shorter while it was being copied");
    return copy;
}

} // namespace

image::image(const std::string& path, bool in_place) : path_(path) {
    file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would keep it waiting
    if (file_ < 0) fail_errno(path, "cannot open the image");
    struct stat status {};
    if (fstat(file_, &status) != 0) fail_errno(path, "cannot look at the image");
    if (!S_ISREG(status.st_mode)) fail(path, "is not a regular file; a disk image is expected");
    if (status.st_size == 0) fail(path, "is empty; an image of at least one byte is expected");
    size_ = static_cast<std::uint64_t>(status.st_size);
    // The superuser may write to every file: what counts is what the file says of itself.
    read_only_ = (status.st_mode & 0222) == 0 || access(path.c_str(), W_OK) != 0;
    if (!in_place) {
        disk_ = private_copy(file_, size_, path);
    } else {
        disk_ = open(path.c_str(), (read_only_ ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (disk_ < 0) fail_errno(path, "cannot open the image for writing");
    }
}

image::~image() {
    if (disk_ >= 0) close(disk_);
    if (file_ >= 0) close(file_);
}

std::string image::file_hash() const {
    sha256 hash;
    std::vector<std::uint8_t> piece(1 << 20);
    for (std::uint64_t offset = 0; offset < size_;) {
        const std::size_t n = read_some(file_, offset, piece, path_);
        if (n == 0) fail(path_, "became shorter while it was being read");
        hash.add({piece.data(), n});
        offset += n;
    }
    return hash.hex();
}

void image::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
    const std::size_t n = read_some(disk_, offset, to, path_);
    if (n < to.size() && offset + n < size_) fail(path_, "became shorter while it was being served");
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(n), to.end(), std::uint8_t{0});
}

void image::write(std::uint64_t offset, std::span<const std::uint8_t> from) {
    if (offset >= size_) return;
    write_all(disk_, offset, from.first(static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), size_ - offset))),
              path_);
}

void image::flush() {
    if (fdatasync(disk_) != 0) fail_errno(path_, "cannot flush");
}

sha256::sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1)
        throw image_error{"OpenSSL has no SHA-256"};
}

sha256::~sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void sha256::add(std::span<const std::uint8_t> bytes) {
    if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) != 1)
        throw image_error{"OpenSSL could not compute SHA-256"};
}

std::string sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), &size) != 1)
        throw image_error{"OpenSSL could not compute SHA-256"};
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += "0123456789abcdef"[digest[i] >> 4];
        text += "0123456789abcdef"[digest[i] & 0xf];
    }
    return text;
}

} // namespace disk
