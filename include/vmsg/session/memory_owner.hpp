// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `memory_owner`: FFA_MEM_SHARE, LEND and RECLAIM of one endpoint, one operation at a time and one call at a time, with
// the retries that FF-A leaves to its callers. It never waits. Source: FF-A bus, rule N11.

#include <cstdint>

#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/memory_policy.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// Uses the TX buffer only inside `step`: between two of them it is free for messages.
template <ffa::conduit Conduit> class memory_owner {
public:
    /// `buffers` are mapped, and outlive it. `version` is the one that was negotiated with the manager.
    constexpr memory_owner(ffa::rxtx<Conduit>& buffers, ffa::version version, const memory_policy& policy)
        : buffers_(buffers), version_(version), attempts_(policy) {}
    memory_owner(const memory_owner&) = delete;
    memory_owner& operator=(const memory_owner&) = delete;

    constexpr bool busy() const { return work_ != work::none; } ///< an operation is not over yet

    /// Begins to send memory to one receiver; only while not `busy`. `regions` have to stay until it is over.
    constexpr void share(ffa::memory_operation op, const ffa::memory_transaction& t, const ffa::memory_access& receiver,
                         const ffa::memory_regions& regions) {
        begin(work::share);
        receiver_ = receiver;
        sender_ = {version_, op, t, ffa::memory_accesses{&receiver_, 1}, regions};
        answered_ = false;
    }
    /// Begins to take memory back; only while not `busy`. `denied` is not tried again here: it may take long.
    constexpr void reclaim(ffa::memory_handle handle) {
        begin(work::reclaim);
        handle_ = handle;
    }

    /// Goes on, with one call at most (two when a send is given up half-way). Success: the operation is over;
    /// `would_block`: not yet, go on at `due`; otherwise it is over, and nothing was sent or taken back.
    constexpr result<void> step(instant now) {
        VMSG_ASSERT(busy());
        if (now < attempts_.due()) return errc::would_block;
        const errc why = work_ == work::share ? send(now) : take_back(now);
        if (why != errc::would_block) work_ = work::none;
        return why;
    }
    constexpr instant due() const { return busy() ? attempts_.due() : never; }
    /// Of the memory that was sent last.
    constexpr ffa::memory_handle handle() const { return handle_; }

    constexpr const memory_policy& policy() const { return attempts_.policy(); }
    constexpr memory_counters& counters() { return attempts_.counters; }

private:
    enum class work : std::uint8_t { none, share, reclaim };

    constexpr void begin(work what) {
        VMSG_ASSERT(!busy());
        work_ = what;
        attempts_.begin();
    }

    constexpr errc send(instant now) {
        const auto tx = buffers_.tx();
        if (!tx) return tx.error();
        // Others may have used TX since: the fragment is written anew, by what was there before the last one.
        ffa::memory_sender sender = sender_;
        const auto ready = answered_ ? sender.next(answer_, *tx) : sender.begin(*tx);
        if (!ready) return ready.error();
        const ffa::call_frame answer = attempts_.make(buffers_.call(), sender.call());
        const ffa::memory_handle begun = sender.handle();
        ffa::memory_sender next = sender;
        const auto more = next.next(answer, *tx);
        if (!more) {
            const errc why = attempts_.judge(more.error(), now);
            if (why != errc::would_block && begun != ffa::invalid_handle) abandon(begun);
            return why;
        }
        attempts_.begin();
        if (*more) {
            sender_ = sender;
            answer_ = answer;
            answered_ = true;
            return errc::would_block;
        }
        handle_ = next.handle();
        return errc::none;
    }
    /// A fragment of no bytes ends a transaction of which the manager has a part.
    constexpr void abandon(ffa::memory_handle begun) {
        static_cast<void>(attempts_.make(buffers_.call(), ffa::encode(ffa::mem_frag_tx{begun, 0, {}})));
    }

    constexpr errc take_back(instant now) {
        return attempts_.attempt(buffers_.call(), ffa::encode(ffa::mem_reclaim_call{handle_, {}}), handle_, now);
    }

    ffa::rxtx<Conduit>& buffers_;
    ffa::version version_;
    work work_{};
    bool answered_ = false; // the manager has answered a call of this transaction
    ffa::memory_access receiver_{};
    ffa::call_frame answer_{};                      // the last one
    ffa::memory_sender sender_{{}, {}, {}, {}, {}}; // before that answer
    ffa::memory_handle handle_ = ffa::invalid_handle;
    detail::memory_attempts attempts_;
};

} // namespace vmsg
