// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From an interrupt handler to the loop that owns the engines, without a lock: `interrupt_flags` for what may be merged
// (doorbells, notifications), `interrupt_queue` for values that may not. One producer, one consumer. Only loads and
// stores, no read-modify-write, which some compilers turn into calls of a library that firmware does not have.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vmsg {

namespace detail {

/// A 32-bit number that one side writes and the other one reads. What the writer did before `publish` has happened for
/// a reader that sees the number, or a later one, in `read`.
class published_number {
public:
    constexpr std::uint32_t read() const {
        if (std::is_constant_evaluated()) return value_;
        return __atomic_load_n(&value_, __ATOMIC_ACQUIRE);
    }
    constexpr void publish(std::uint32_t value) {
        if (std::is_constant_evaluated())
            value_ = value;
        else
            __atomic_store_n(&value_, value, __ATOMIC_RELEASE);
    }
    /// For its writer, who alone changes it.
    constexpr std::uint32_t own() const {
        if (std::is_constant_evaluated()) return value_;
        return __atomic_load_n(&value_, __ATOMIC_RELAXED);
    }

private:
    std::uint32_t value_ = 0;
};
static_assert(__atomic_always_lock_free(sizeof(std::uint32_t), nullptr));

} // namespace detail

/// `Sources` things that can happen: notification bits, virtqueues, devices. Raising one that was not taken yet adds to
/// it. Nothing is lost and nothing can overflow: whoever takes a source later than it was raised sees that it was.
///
/// `raise` is for one interrupt handler (of one processor, which no other producer interrupts), everything else for the
/// one loop that consumes. A source that is raised while the loop takes it is taken now or with the next `take`.
template <std::size_t Sources> class interrupt_flags {
    static_assert(Sources >= 1);

public:
    static constexpr std::size_t size() { return Sources; }

    /// From the interrupt handler. A few instructions, no loop. `source` is less than `Sources`; another one is
    /// ignored, as it may come from a peer.
    constexpr void raise(std::size_t source) {
        if (source >= Sources) return;
        raised_[source].publish(raised_[source].own() + 1);
        any_.publish(any_.own() + 1);
    }
    /// Every source whose bit is set in what FFA_NOTIFICATION_GET has given.
    constexpr void raise_bits(std::uint64_t bits) {
        for (std::size_t i = 0; bits != 0 && i < 64; ++i, bits >>= 1)
            if ((bits & 1) != 0) raise(i);
    }

    /// Whether something was raised since the last `take_any` that found nothing. With interrupts masked it decides
    /// whether to sleep: an interrupt that is pending then ends WFI.
    constexpr bool pending() const { return any_.read() != seen_any_; }

    /// How often a source was raised since it was taken last (modulo 2^32); 0: not at all.
    constexpr std::uint32_t take(std::size_t source) {
        const std::uint32_t now = raised_[source].read();
        const std::uint32_t times = now - taken_[source];
        taken_[source] = now;
        return times;
    }
    /// A source that was raised, in turn, and takes it; `Sources` if there is none. One look if nothing has happened.
    constexpr std::size_t take_any() {
        const std::uint32_t any = any_.read();
        if (any == seen_any_) return Sources;
        for (std::size_t n = 0; n < Sources; ++n) {
            const std::size_t i = next_;
            next_ = next_ + 1 == Sources ? 0 : next_ + 1;
            if (take(i) != 0) return i;
        }
        seen_any_ = any; // all that was counted in it was taken
        return Sources;
    }

private:
    detail::published_number raised_[Sources]{}; // written by the producer
    detail::published_number any_{};             // the same, after it
    std::uint32_t taken_[Sources]{};             // the consumer's
    std::uint32_t seen_any_ = 0;
    std::size_t next_ = 0;
};

/// At most `Capacity` values of type `T` on their way, in order. `push` is for one interrupt handler, everything else
/// for the one loop that consumes. `Capacity` is a power of two.
template <class T, std::size_t Capacity> class interrupt_queue {
    static_assert(Capacity >= 1 && (Capacity & (Capacity - 1)) == 0 && Capacity <= std::size_t{1} << 31);
    static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);

public:
    static constexpr std::size_t capacity() { return Capacity; }

    /// From the interrupt handler. False if it is full: nothing has changed, and `refused` counts.
    constexpr bool push(const T& value) {
        const std::uint32_t at = pushed_.own();
        if (at - popped_.read() == Capacity) {
            refused_.publish(refused_.own() + 1);
            return false;
        }
        values_[at & (Capacity - 1)] = value;
        pushed_.publish(at + 1);
        return true;
    }

    /// Takes the oldest value. False if there is none.
    constexpr bool pop(T& to) {
        const std::uint32_t at = popped_.own();
        if (at == pushed_.read()) return false;
        to = values_[at & (Capacity - 1)];
        popped_.publish(at + 1);
        return true;
    }
    constexpr bool empty() const { return popped_.own() == pushed_.read(); }
    /// Values that there was no room for (modulo 2^32). Who cannot lose any looks at everything when it changes.
    constexpr std::uint32_t refused() const { return refused_.read(); }

private:
    T values_[Capacity]{};
    detail::published_number pushed_{};  // written by the producer
    detail::published_number refused_{}; // the same
    detail::published_number popped_{};  // written by the consumer
};

} // namespace vmsg
