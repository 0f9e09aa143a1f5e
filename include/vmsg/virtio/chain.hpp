// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// A request as the device sees it: the resolved elements of a descriptor chain, and cursors that read and write them as
// two streams of bytes. Source: virtio 1.4, "Message Framing": the borders of elements mean nothing.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/virtio/shared_memory.hpp>

namespace vmsg::detail {

/// A position in a list of elements.
class chain_cursor {
public:
    constexpr chain_cursor() = default;
    constexpr chain_cursor(const byte_span* elements, std::size_t count) : element_(elements) {
        for (std::size_t i = 0; i < count; ++i) remaining_ += elements[i].size();
    }

    constexpr std::size_t remaining() const { return remaining_; }

    constexpr byte_span run() {
        if (remaining_ == 0) return {};
        while (offset_ == element_->size()) {
            ++element_;
            offset_ = 0;
        }
        return element_->drop(offset_);
    }

    constexpr void move(std::size_t n) {
        VMSG_ASSERT(n <= remaining_);
        while (n != 0) {
            const std::size_t here = run().size();
            const std::size_t step = n < here ? n : here;
            offset_ += step;
            remaining_ -= step;
            n -= step;
        }
    }

private:
    const byte_span* element_ = nullptr;
    std::size_t offset_ = 0;    // bytes of the element that are behind the cursor
    std::size_t remaining_ = 0; // bytes of the whole list that are ahead
};

} // namespace vmsg::detail

namespace vmsg::virtio {

/// Reads the readable part of a chain from front to back. Views the chain, which has to outlive it. The peer can change
/// the bytes at any time: what is judged has to be read into private memory first.
class chain_reader {
public:
    constexpr chain_reader() = default;
    /// Over `count` elements.
    constexpr chain_reader(const byte_span* elements, std::size_t count) : at_(elements, count) {}

    /// Bytes from the cursor to the end.
    [[nodiscard]] constexpr std::size_t remaining() const { return at_.remaining(); }

    /// Copies as many bytes as there are, at most `to.size()`, and gives their number.
    constexpr std::size_t read(byte_span to) {
        std::size_t done = 0;
        while (done < to.size() && at_.remaining() != 0) {
            byte_span from = at_.run();
            if (from.size() > to.size() - done) from = from.first(to.size() - done);
            shared::copy(to.drop(done), from);
            at_.move(from.size());
            done += from.size();
        }
        return done;
    }

    /// The bytes from the cursor on that lie in one piece, to be used in place; empty at the end only.
    [[nodiscard]] constexpr byte_view run() { return at_.run(); }
    /// Moves on by `n` bytes, which must be there.
    constexpr void skip(std::size_t n) { at_.move(n); }

private:
    vmsg::detail::chain_cursor at_{};
};

/// Writes the writable part of a chain from front to back, and counts what it may call used. Views the chain, which has
/// to outlive it.
class chain_writer {
public:
    constexpr chain_writer() = default;
    /// Over `count` elements.
    constexpr chain_writer(const byte_span* elements, std::size_t count) : at_(elements, count) {}

    /// Bytes from the cursor to the end.
    [[nodiscard]] constexpr std::size_t remaining() const { return at_.remaining(); }

    /// Copies as many bytes as there is room for, at most `from.size()`, and gives their number.
    constexpr std::size_t write(byte_view from) {
        std::size_t done = 0;
        while (done < from.size() && at_.remaining() != 0) {
            const byte_span to = at_.run();
            const byte_view rest = from.drop(done);
            const byte_view part = rest.size() > to.size() ? rest.first(to.size()) : rest;
            shared::copy(to, part);
            advance(part.size());
            done += part.size();
        }
        return done;
    }

    /// The bytes from the cursor on that lie in one piece, to be written in place; empty at the end only.
    [[nodiscard]] constexpr byte_span run() { return at_.run(); }
    /// Moves on by `n` bytes, which must be there and have been written in place.
    constexpr void advance(std::size_t n) {
        at_.move(n);
        if (!gap_) written_ += static_cast<std::uint32_t>(n);
    }
    /// Moves on by `n` bytes, which must be there and are left alone. Nothing after such a gap counts as written.
    constexpr void skip(std::size_t n) {
        at_.move(n);
        gap_ = gap_ || n != 0;
    }

    /// Bytes written from the first one on without a gap: the used length of the chain, never an overestimate.
    [[nodiscard]] constexpr std::uint32_t written() const { return written_; }

private:
    vmsg::detail::chain_cursor at_{};
    std::uint32_t written_ = 0;
    bool gap_ = false;
};

/// Names a chain until it is given back. A back end that works on after the call keeps it; of a queue that was reset in
/// the meantime it names nothing.
struct chain_ticket {
    std::uint32_t life{};     ///< which life of the queue it belongs to
    std::uint32_t capacity{}; ///< bytes of all writable elements
    std::uint16_t head{};     ///< index of the first descriptor
    friend bool operator==(const chain_ticket&, const chain_ticket&) = default;
};

/// A checked chain of at most `MaxChain` elements: everything about it is private, only its bytes are shared.
template <std::uint32_t MaxChain> class chain {
public:
    [[nodiscard]] constexpr const chain_ticket& ticket() const { return ticket_; }
    [[nodiscard]] constexpr std::uint16_t head() const { return ticket_.head; }
    [[nodiscard]] constexpr std::uint32_t readable_size() const { return readable_size_; }   ///< bytes
    [[nodiscard]] constexpr std::uint32_t writable_size() const { return ticket_.capacity; } ///< bytes
    [[nodiscard]] constexpr chain_reader reader() const { return {elements_, readable_count_}; }
    [[nodiscard]] constexpr chain_writer writer() const { return {elements_ + readable_count_, writable_count_}; }

private:
    template <std::uint32_t, std::uint32_t> friend class device_queue;

    chain_ticket ticket_{};
    std::uint32_t readable_size_ = 0;
    std::uint32_t readable_count_ = 0;
    std::uint32_t writable_count_ = 0;
    byte_span elements_[MaxChain]{};
};

} // namespace vmsg::virtio
