// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The outcome of everything that can fail: a value or an `errc`, without exceptions and without a heap.

#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>

namespace vmsg {

/// Why something did not happen. Names and errno values of all rows: `text.hpp`. A register wide: anything narrower
/// costs an extension wherever a result is returned.
enum class errc : std::uint32_t {
    none,                 ///< no error
    truncated,            ///< fewer bytes than the frame says it has
    oversize,             ///< more bytes than the frame, the maximum or the destination can hold
    bad_length,           ///< the sizes inside a frame contradict each other
    bad_type,             ///< a well-formed frame of another class, kind or id than the one expected
    unknown_id,           ///< the revision has no message with this class, kind and id
    bad_value,            ///< a value the specification forbids
    not_representable,    ///< a value does not fit the field this revision has for it
    bad_state,            ///< not allowed in the present state
    stale_token,          ///< a response that no open request waits for
    unsupported_revision, ///< the peers have no revision in common
    not_supported,        ///< a valid request for something that is not there
    busy,                 ///< not executed; may be tried again
    no_answer,            ///< an all-zero answer: not executed; may be tried again
    would_block,          ///< nothing to give or no room to take it now
    retry,                ///< the carrier asks for the same call again
    interrupted,          ///< ended before anything was done; FFA_INTERRUPT, FFA_YIELD: to be resumed, not repeated
    timed_out,            ///< no answer within the policy's time and attempts
    denied,               ///< not permitted
    no_memory,            ///< the other side has no room
    aborted,              ///< ended by a reset, a removal or a new epoch
    no_device,            ///< no such device
    full,                 ///< a table or queue of this side has no free entry
    peer_error,           ///< the peer answered with an error
    invalid_argument,     ///< the caller asked for something impossible
};

/// Whether an error of a carrier says that nothing has happened, and that the same may be tried again.
constexpr bool is_retryable(errc why) {
    return why == errc::busy || why == errc::no_answer || why == errc::would_block || why == errc::retry ||
           why == errc::interrupted;
}

inline constexpr std::size_t errc_count = static_cast<std::size_t>(errc::invalid_argument) + 1;

/// A `T` or the reason why there is none. `T` is default constructible.
template <class T> class [[nodiscard]] result {
public:
    using value_type = T;

    VMSG_INLINE constexpr result(const T& value) : value_(value) {}
    VMSG_INLINE constexpr result(errc error) : error_(error) { VMSG_ASSERT(error != errc::none); }

    VMSG_INLINE constexpr bool has_value() const { return error_ == errc::none; }
    VMSG_INLINE constexpr explicit operator bool() const { return error_ == errc::none; }
    VMSG_INLINE constexpr errc error() const { return error_; } ///< `errc::none` when there is a value

    VMSG_INLINE constexpr const T& operator*() const& {
        VMSG_ASSERT(error_ == errc::none);
        return value_;
    }
    VMSG_INLINE constexpr T& operator*() & {
        VMSG_ASSERT(error_ == errc::none);
        return value_;
    }
    VMSG_INLINE constexpr const T* operator->() const {
        VMSG_ASSERT(error_ == errc::none);
        return &value_;
    }
    VMSG_INLINE constexpr T* operator->() {
        VMSG_ASSERT(error_ == errc::none);
        return &value_;
    }
    VMSG_INLINE constexpr T value_or(const T& other) const { return error_ == errc::none ? value_ : other; }

    friend constexpr bool operator==(const result&, const result&) = default;

private:
    T value_{};
    errc error_ = errc::none;
};

/// Success, or the reason for the failure.
template <> class [[nodiscard]] result<void> {
public:
    using value_type = void;

    VMSG_INLINE constexpr result() = default;
    VMSG_INLINE constexpr result(errc error) : error_(error) {} ///< `errc::none` is success

    VMSG_INLINE constexpr bool has_value() const { return error_ == errc::none; }
    VMSG_INLINE constexpr explicit operator bool() const { return error_ == errc::none; }
    VMSG_INLINE constexpr errc error() const { return error_; }

    friend constexpr bool operator==(const result&, const result&) = default;

private:
    errc error_ = errc::none;
};

} // namespace vmsg
