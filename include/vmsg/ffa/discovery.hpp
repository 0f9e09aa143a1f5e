// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `find_partitions`: who offers a service, by FFA_PARTITION_INFO_GET_REGS where there is one and by
// FFA_PARTITION_INFO_GET and the RX buffer where not. Source: FF-A, "Partition discovery".

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::ffa {

/// Room for what is found; not owned.
class partition_list {
public:
    constexpr partition_list() = default;
    template <std::size_t N> constexpr explicit partition_list(partition_info (&room)[N]) : data_(room), room_(N) {}
    constexpr partition_list(partition_info* room, std::size_t size) : data_(room), room_(size) {}

    constexpr std::size_t size() const { return size_; }
    constexpr const partition_info& operator[](std::size_t i) const {
        VMSG_ASSERT(i < size_);
        return data_[i];
    }
    constexpr const partition_info* begin() const { return data_; }
    constexpr const partition_info* end() const { return data_ + size_; }
    /// `full` if there is no room.
    constexpr result<void> add(const partition_info& p) {
        if (size_ == room_) return errc::full;
        data_[size_++] = p;
        return {};
    }
    constexpr void clear() { size_ = 0; }

private:
    partition_info* data_ = nullptr;
    std::size_t room_ = 0;
    std::size_t size_ = 0;
};

/// How often the list may change while it is read before `find_by_registers` gives up.
inline constexpr unsigned list_restarts = 4;

/// How often a manager may put off the release of RX before `find_by_buffer` leaves it to the caller.
inline constexpr unsigned release_attempts = 3;

namespace detail {

template <conduit Conduit>
constexpr result<void> read_windows(Conduit& call, const uuid& service, partition_list& found) {
    partition_info_get_regs_call ask{service, 0, 0};
    for (;;) {
        call_frame frame = encode(ask);
        call(frame);
        const auto window = decode_partition_info_get_regs_answer(frame, ask.start);
        if (!window) return window.error();
        for (std::size_t i = 0; i < window->count; ++i) {
            const result<void> added = found.add(window->entries[i]);
            if (!added) return added;
        }
        if (window->current_index == window->last_index) return {};
        // An index that a decoder let pass is behind `start`: the list ends after 65,536 entries at the latest.
        ask.start = static_cast<std::uint16_t>(window->current_index + 1);
        ask.tag = window->tag;
    }
}

} // namespace detail

/// By registers alone. A list that changes meanwhile (RETRY) is read again from its start, a limited number of times.
/// Errors: `not_supported` (the manager has no such call, or no partitions), `invalid_argument` (no such service),
/// `retry` (it changes all the time), `full` (`found` has no room for all; it has the first), `bad_length`, and others
/// of `outcome_of`.
template <conduit Conduit>
constexpr result<void> find_by_registers(Conduit& call, const uuid& service, partition_list& found) {
    for (unsigned i = 0; i <= list_restarts; ++i) {
        found.clear();
        const result<void> done = detail::read_windows(call, service, found);
        if (done.error() != errc::retry) return done;
    }
    return errc::retry;
}

/// By the RX buffer, which is released on every way out. Errors: `busy` (RX is not free), `bad_state` (no buffers),
/// `bad_length` and `truncated` (the answer does not fit the buffer), `full`, and those of `outcome_of`. If the release
/// is refused, its error, whatever else there is to say: RX stays the caller's (`owns_rx`), who has to release it. What
/// may pass by itself (`is_retryable`) is tried `release_attempts` times, `denied` once: it wants something to be done
/// before (see `rxtx::release`).
template <conduit Conduit>
constexpr result<void> find_by_buffer(rxtx<Conduit>& buffers, const uuid& service, version negotiated,
                                      partition_list& found) {
    found.clear();
    if (buffers.state() == rx_state::unmapped) return errc::bad_state;
    if (buffers.owns_rx()) return errc::busy;
    call_frame frame = encode(partition_info_get_call{service, false});
    buffers.call()(frame);
    const auto answer = decode_partition_info_get_answer(frame);
    if (!answer) return answer.error();
    const result<void> filled = buffers.filled();
    VMSG_ASSERT(filled.has_value());
    result<void> done;
    const auto stride = partition_stride(*answer, buffers.size(), negotiated);
    if (!stride) done = stride.error();
    for (std::size_t i = 0; done && i < answer->count; ++i) {
        snapshot<48> copy;
        const byte_view rx = *buffers.rx();
        const result<void> taken = copy.take(rx.drop(i * *stride).first(*stride < 48 ? *stride : 48));
        VMSG_ASSERT(taken.has_value());
        done = found.add(*decode_partition_descriptor(copy.view()));
    }
    result<void> released = buffers.release();
    for (unsigned i = 1; i < release_attempts && is_retryable(released.error()); ++i) released = buffers.release();
    return released ? done : released;
}

/// By registers from FF-A 1.2 on, by the RX buffer before, and where the manager has no such call. Entries of the
/// caller itself are as they came: Xen lists the caller from 1.2 on. Errors: of both.
template <conduit Conduit>
constexpr result<void> find_partitions(rxtx<Conduit>& buffers, const uuid& service, version negotiated,
                                       partition_list& found) {
    if (negotiated >= version::v1_2) {
        const result<void> done = find_by_registers(buffers.call(), service, found);
        if (done.error() != errc::not_supported) return done;
    }
    return find_by_buffer(buffers, service, negotiated, found);
}

} // namespace vmsg::ffa
