// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `memory_borrower`: FFA_MEM_RETRIEVE_REQ and RELINQUISH of one endpoint, one operation at a time and one call at a
// time, with the retries that FF-A leaves to its callers. It never waits. Source: FF-A bus, rule N11.

#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/memory_policy.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// Regions of what is retrieved: at most `Regions`. `BufferSize`: bytes of an RX buffer, of which it has a copy.
///
/// Uses TX only inside `step`. What the manager puts into RX is copied and RX given back in the same step, unless the
/// manager refuses the release: then it is tried again with the next steps, also of later operations, and RX stays
/// `full` meanwhile.
template <ffa::conduit Conduit, std::size_t Regions, std::size_t BufferSize = 4096> class memory_borrower {
public:
    /// `buffers` are mapped, and outlive it. `version` is the one that was negotiated with the manager.
    constexpr memory_borrower(ffa::rxtx<Conduit>& buffers, ffa::version version, ffa::endpoint_id self,
                              const memory_policy& policy)
        : buffers_(buffers), version_(version), self_(self), attempts_(policy) {}
    memory_borrower(const memory_borrower&) = delete;
    memory_borrower& operator=(const memory_borrower&) = delete;

    constexpr bool busy() const { return work_ != work::none; } ///< an operation is not over yet

    /// Begins to retrieve what `request` names (owner, handle, tag, type); only while not `busy`.
    constexpr void retrieve(const ffa::memory_transaction& request, ffa::memory_permissions permissions) {
        begin(work::retrieve);
        handle_ = request.handle;
        access_ = {.receiver = self_, .permissions = permissions};
        retriever_ = {version_, self_, request, ffa::memory_accesses{&access_, 1}, {regions_, Regions}};
        granted_ = false;
    }
    /// Begins to give access up; only while not `busy`.
    constexpr void relinquish(ffa::memory_handle handle) {
        begin(work::relinquish);
        handle_ = handle;
        granted_ = false;
    }

    /// Goes on, with one call at most, and a release of RX. Success: the operation is over; `would_block`: not yet, go
    /// on at `due`; otherwise it is over. Errors of a retrieval: as `memory_retriever::next`.
    constexpr result<void> step(instant now) {
        VMSG_ASSERT(busy());
        if (now < attempts_.due()) return errc::would_block;
        if (owes_rx_) owes_rx_ = !given_back();
        const errc why = work_ == work::retrieve ? fetch(now) : give_up(now);
        if (why != errc::would_block) work_ = work::none;
        return why;
    }
    constexpr instant due() const { return busy() ? attempts_.due() : never; }

    /// The manager has given access, or may have, so that a retrieval that has failed is to be relinquished.
    constexpr bool granted() const { return granted_; }
    /// After a retrieval: what the manager said of the memory, what may be done with it, and where it is.
    constexpr const ffa::memory_transaction& transaction() const { return retriever_.transaction(); }
    constexpr const ffa::memory_access& access() const { return retriever_.access(); }
    constexpr ffa::memory_regions regions() const { return retriever_.regions(); }

    constexpr const memory_policy& policy() const { return attempts_.policy(); }
    constexpr memory_counters& counters() { return attempts_.counters; }

private:
    enum class work : std::uint8_t { none, retrieve, relinquish };

    constexpr void begin(work what) {
        VMSG_ASSERT(!busy());
        work_ = what;
        attempts_.begin();
    }

    constexpr errc fetch(instant now) {
        if (retriever_.is_held()) return release(now);
        // Somebody else's message is in there, who will give it back.
        if (buffers_.owns_rx()) return attempts_.judge(errc::busy, now);
        const auto tx = buffers_.tx();
        if (!tx) return tx.error();
        // Others may have used TX since: before there is an answer the request is written anew.
        auto begun = retriever_;
        if (!granted_)
            if (const auto ready = begun.begin(*tx); !ready && ready.error() != errc::bad_state) return ready.error();
        const ffa::call_frame answer = attempts_.make(buffers_.call(), begun.call());
        const ffa::function_id id = ffa::function_of(answer);
        const bool filled = id == ffa::function_id::mem_retrieve_resp || id == ffa::function_id::mem_frag_tx;
        if (filled) static_cast<void>(buffers_.filled()); // it was empty
        granted_ = granted_ || id == ffa::function_id::mem_retrieve_resp;
        const auto rx = buffers_.rx();
        const bool paused = id == ffa::function_id::mem_op_pause;
        const auto more = begun.next(answer, rx ? *rx : byte_view{}, copy_);
        if (granted_ || paused) retriever_ = begun;
        if (!more) {
            // What fills RX and is no answer to this is given back, too.
            if (buffers_.owns_rx()) owes_rx_ = !given_back();
            const errc why = attempts_.judge(more.error(), now);
            granted_ = granted_ || why == errc::timed_out; // an interrupted call can have been carried out
            return why;
        }
        attempts_.begin();
        return retriever_.is_held() ? release(now) : errc::would_block;
    }
    constexpr errc release(instant now) {
        if (const auto released = buffers_.release(); !released) {
            ++attempts_.counters.calls;
            // Some managers deny it until somebody has read the notification that RX is full.
            const errc why = attempts_.judge(released.error() == errc::denied ? errc::busy : released.error(), now);
            owes_rx_ = why != errc::would_block;
            return why;
        }
        ++attempts_.counters.calls;
        attempts_.begin();
        const auto more = retriever_.next(ffa::encode_success(), {}, copy_);
        if (!more) return more.error();
        return *more ? errc::would_block : errc::none;
    }

    /// RX that an operation could not give back before it ended.
    constexpr bool given_back() {
        if (!buffers_.owns_rx()) return true; // somebody else did
        ++attempts_.counters.calls;
        return buffers_.release().has_value();
    }

    constexpr errc give_up(instant now) {
        const auto tx = buffers_.tx();
        if (!tx) return tx.error();
        if (const auto written = ffa::encode_memory_relinquish(*tx, {handle_, {}, self_}); !written)
            return written.error();
        return attempts_.attempt(buffers_.call(), ffa::encode(ffa::mem_relinquish_call{}), handle_, now);
    }

    ffa::rxtx<Conduit>& buffers_;
    ffa::version version_;
    ffa::endpoint_id self_;
    work work_{};
    bool granted_ = false;
    bool owes_rx_ = false; // an operation has ended with RX still full
    ffa::memory_handle handle_ = ffa::invalid_handle;
    ffa::memory_access access_{};
    ffa::memory_retriever retriever_{{}, {}, {}, {}, {}};
    ffa::memory_region regions_[Regions]{};
    snapshot<BufferSize> copy_{};
    detail::memory_attempts attempts_;
};

} // namespace vmsg
