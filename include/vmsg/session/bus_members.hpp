// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `bus_members`: the drivers of the devices on one bus, as far as they are suspended, resumed and removed together. If
// one of them refuses to be suspended, those that were suspended before it run again.

#include <cstddef>
#include <cstdint>

#include <vmsg/result.hpp>

namespace vmsg {

enum class member_state : std::uint8_t {
    stopped,   ///< not started yet, or removed: it has no buffers
    running,   ///< between DRIVER_OK and reset
    suspended, ///< its device is reset; it has kept its buffers and knows what to set up again
    failed,    ///< its device neither runs nor has confirmed a reset: it may still use the buffers
    lost,      ///< its device is gone without a word: as `failed`, but nothing will be confirmed
};

/// The driver of one device. Derive from it; the bus of members calls it, and it calls nothing of the members.
class bus_member {
public:
    // Bodies instead of `= 0`, which would need a function of the compiler's runtime library.

    /// No new requests; success when none is in flight. An error refuses, and leaves it as it was.
    virtual constexpr result<void> quiesce() { return {}; }
    /// From whatever state the device is in to DRIVER_OK, its queues included.
    virtual constexpr result<void> start() { return errc::not_supported; }
    /// Resets the device. Success: it has confirmed that, and uses no buffer any more.
    virtual constexpr result<void> stop() { return errc::not_supported; }
    /// Nobody else uses the buffers: takes requests back that were in flight, and frees rings and buffers.
    virtual constexpr void release() {}

    bus_member(const bus_member&) = delete;
    bus_member& operator=(const bus_member&) = delete;

protected:
    constexpr bus_member() = default;
    constexpr ~bus_member() = default;
};

/// What members have refused or failed at, since the beginning.
struct member_counters {
    std::uint64_t refusals{};    ///< suspensions that a member did not want
    std::uint64_t rolled_back{}; ///< members that ran again because another one refused
    std::uint64_t not_resumed{}; ///< members that did not run again after a suspension or a roll-back
    std::uint64_t unconfirmed{}; ///< resets that no device has confirmed
};

/// At most `Capacity` members, in the order in which they were added. What a call does to one member stands in its
/// `state`; errors of later ones do not hide the first. A member that was not added is an `invalid_argument`.
template <std::size_t Capacity> class bus_members {
    struct entry {
        bus_member* member = nullptr;
        member_state state{};
    };

public:
    /// Errors: `full`, `invalid_argument` (it is there).
    constexpr result<void> add(bus_member& m) {
        if (find(m) != nullptr) return errc::invalid_argument;
        if (count_ == Capacity) return errc::full;
        members_[count_++] = {&m, member_state::stopped};
        return {};
    }
    /// Forgets a member; `bad_state` if it is not `stopped`.
    constexpr result<void> forget(bus_member& m) {
        entry* e = find(m);
        if (e == nullptr) return errc::invalid_argument;
        if (e->state != member_state::stopped) return errc::bad_state;
        --count_;
        for (; e != members_ + count_; ++e) *e = e[1];
        return {};
    }
    constexpr std::size_t size() const { return count_; }
    constexpr std::size_t count(member_state s) const {
        std::size_t n = 0;
        for (std::size_t i = 0; i < count_; ++i) n += members_[i].state == s ? std::size_t{1} : std::size_t{0};
        return n;
    }
    constexpr result<member_state> state(bus_member& m) {
        const entry* e = find(m);
        return e != nullptr ? result<member_state>{e->state} : errc::invalid_argument;
    }

    /// Starts a member that is `stopped` or `failed`. Errors: `bad_state` (it runs, is suspended, or lost), its own.
    constexpr result<void> start(bus_member& m) {
        entry* e = find(m);
        if (e == nullptr) return errc::invalid_argument;
        if (e->state != member_state::stopped && e->state != member_state::failed) return errc::bad_state;
        return run(*e);
    }
    /// Suspends one running member. Errors: `bad_state` (it does not run); its own: it runs as before, or is `failed`
    /// if it does not.
    constexpr result<void> suspend(bus_member& m) {
        entry* e = find(m);
        return e != nullptr ? suspend(*e) : errc::invalid_argument;
    }
    /// Resumes one suspended member. Errors: `bad_state` (it is not suspended), its own, after which it is `failed`.
    constexpr result<void> resume(bus_member& m) {
        entry* e = find(m);
        return e != nullptr ? resume(*e) : errc::invalid_argument;
    }

    /// Suspends all that run. If one refuses, those that this call has suspended run again, the last one first, and its
    /// error is the outcome.
    constexpr result<void> suspend_all() {
        bool suspended_here[Capacity]{};
        for (std::size_t i = 0; i < count_; ++i) {
            if (members_[i].state != member_state::running) continue;
            if (const auto done = suspend(members_[i]); !done) {
                while (i-- != 0)
                    if (suspended_here[i] && resume(members_[i])) ++counters_.rolled_back;
                return done;
            }
            suspended_here[i] = true;
        }
        return {};
    }
    /// Resumes all that are suspended, the last one first. One that fails does not keep the others from running; the
    /// first error is the outcome.
    constexpr result<void> resume_all() {
        errc first = errc::none;
        for (std::size_t i = count_; i-- != 0;) {
            if (members_[i].state != member_state::suspended) continue;
            const auto done = resume(members_[i]);
            if (first == errc::none) first = done.error();
        }
        return first;
    }

    /// Orderly removal of one member, in whatever state. Errors: its own, if no reset is confirmed: it is `failed`, and
    /// keeps its buffers until another `remove`, or until `memory_returned`. `bad_state`: it is lost.
    constexpr result<void> remove(bus_member& m) {
        entry* e = find(m);
        return e != nullptr ? remove(*e) : errc::invalid_argument;
    }
    /// The same for all that are not lost, the last one first; the first error is the outcome.
    constexpr result<void> remove_all() {
        errc first = errc::none;
        for (std::size_t i = count_; i-- != 0;) {
            if (members_[i].state == member_state::lost) continue;
            const auto done = remove(members_[i]);
            if (first == errc::none) first = done.error();
        }
        return first;
    }

    /// A device has gone without a word: nothing is sent to it any more. Its buffers stay taken until
    /// `memory_returned`, unless it was suspended.
    constexpr void lose(bus_member& m) {
        if (entry* e = find(m)) lose(*e);
    }
    constexpr void lose_all() {
        for (std::size_t i = 0; i < count_; ++i) lose(members_[i]);
    }
    /// All devices were reset with the bus, or all memory that was shared is this side's alone again: what any member
    /// has in flight is over.
    constexpr void memory_returned() {
        for (std::size_t i = 0; i < count_; ++i)
            if (members_[i].state != member_state::stopped) end(members_[i]);
    }

    constexpr const member_counters& counters() const { return counters_; }

private:
    constexpr entry* find(const bus_member& m) {
        for (std::size_t i = 0; i < count_; ++i)
            if (members_[i].member == &m) return &members_[i];
        return nullptr;
    }
    static constexpr result<void> run(entry& e) {
        const auto runs = e.member->start();
        e.state = runs ? member_state::running : member_state::failed;
        return runs;
    }
    static constexpr void end(entry& e) {
        e.state = member_state::stopped;
        e.member->release();
    }
    constexpr result<void> suspend(entry& e) {
        if (e.state != member_state::running) return errc::bad_state;
        if (const auto quiet = e.member->quiesce(); !quiet) {
            ++counters_.refusals;
            return quiet;
        }
        if (const auto reset = e.member->stop(); !reset) { // half done: it is brought up from whatever state it is in
            ++counters_.refusals;
            ++counters_.unconfirmed;
            if (!run(e)) ++counters_.not_resumed;
            return reset;
        }
        e.state = member_state::suspended;
        return {};
    }
    constexpr result<void> resume(entry& e) {
        if (e.state != member_state::suspended) return errc::bad_state;
        const auto runs = run(e);
        if (!runs) ++counters_.not_resumed;
        return runs;
    }
    constexpr result<void> remove(entry& e) {
        if (e.state == member_state::stopped) return {};
        if (e.state == member_state::lost) return errc::bad_state;
        if (e.state == member_state::running) static_cast<void>(e.member->quiesce());
        if (e.state != member_state::suspended) {
            if (const auto reset = e.member->stop(); !reset) {
                ++counters_.unconfirmed;
                e.state = member_state::failed;
                return reset;
            }
        }
        end(e);
        return {};
    }
    static constexpr void lose(entry& e) {
        if (e.state == member_state::suspended) return end(e);
        if (e.state != member_state::stopped) e.state = member_state::lost;
    }

    entry members_[Capacity]{};
    std::size_t count_ = 0;
    member_counters counters_{};
};

} // namespace vmsg
