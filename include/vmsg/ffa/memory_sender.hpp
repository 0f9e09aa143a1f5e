// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `memory_sender`: the calls that share, lend or donate memory, one after the other, in as many fragments as the TX
// buffer needs. Makes no call itself. Source: FF-A Memory Management Protocol, "Fragmented memory transaction
// descriptors" and "Time slicing".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// Whether a memory call was not executed and may be made again as it is, within the caller's patience. `interrupted`:
/// not again, but with FFA_RUN.
constexpr bool may_be_repeated(errc why) {
    return why == errc::busy || why == errc::retry || why == errc::no_memory || why == errc::interrupted;
}

/// How often one FFA_MEM_* call may be paused before its caller gives up.
inline constexpr std::uint32_t most_pauses = 1024;

namespace detail {

// The handle of an operation, which stays the same, and how often the operation was paused.
class operation_state {
public:
    constexpr operation_state() = default;
    constexpr explicit operation_state(memory_handle h) : handle_(h), known_(true) {}

    constexpr memory_handle handle() const { return handle_; }
    constexpr bool accept(memory_handle h) {
        if (h == invalid_handle || (known_ && h != handle_)) return false;
        handle_ = h;
        known_ = true;
        return true;
    }
    constexpr errc pause(memory_handle h) {
        if (!accept(h)) return errc::bad_value;
        if (pauses_ == most_pauses) return errc::timed_out;
        ++pauses_;
        return errc::none;
    }

private:
    memory_handle handle_ = invalid_handle;
    bool known_ = false;
    std::uint32_t pauses_ = 0;
};

} // namespace detail

/// Sends memory:
///
///     result<bool> more = sender.begin(tx);
///     while (more && *more) {
///         call_frame frame = sender.call();
///         conduit(frame);
///         more = sender.next(frame, tx);
///     }
///
/// Each answer has to bring the next fragment, so there are no more calls than fragments and pauses. After an error
/// that `may_be_repeated` the same `call` may be made again, the TX buffer unchanged; after `interrupted` the answer
/// that FFA_RUN gives is the one for `next`. After any other error the transaction is over, and the manager forgets it.
class memory_sender {
public:
    /// `receivers` and `regions` have to outlive the object.
    constexpr memory_sender(version v, memory_operation op, const memory_transaction& t,
                            const memory_accesses& receivers, const memory_regions& regions)
        : version_(v), operation_(op), transaction_(t), receivers_(receivers), rest_(regions) {}

    /// Writes the first fragment to `tx`; true: there is a `call` to make. Errors: as `encode_memory_descriptor`;
    /// `bad_state` if it was called before.
    constexpr result<bool> begin(byte_span tx) {
        if (step_ != step::start) return errc::bad_state;
        const auto first = encode_memory_descriptor(tx, version_, transaction_, receivers_, rest_);
        if (!first) return first.error();
        total_ = first->total_length;
        rest_ = rest_.drop(first->region_count);
        given_ = length_ = first->fragment_length;
        step_ = step::send;
        return true;
    }

    /// Takes the answer to `call` and writes the next fragment to `tx`, if there is one. True: there is another `call`
    /// to make; false: the memory is sent. Errors: as `outcome_of`; `bad_value` (an offset that is not where the last
    /// fragment ended, success too early, another handle), `timed_out` (paused too often), `oversize` (no room in `tx`
    /// for a region), `bad_state` (no call was made).
    constexpr result<bool> next(const call_frame& answer, byte_span tx) {
        if (!in_progress()) return errc::bad_state;
        const auto a = decode_mem_send_answer(answer);
        if (!a) return may_be_repeated(a.error()) ? a.error() : fail(a.error());
        if (a->what == mem_send_answer::kind::paused) return pause(a->handle);
        if (!operation_state_.accept(a->handle)) return fail(errc::bad_value);
        if (a->what == mem_send_answer::kind::done) return finish();
        return put_next(*a, tx);
    }

    /// The call to make; only after `begin` or `next` gave true, or an error that `may_be_repeated`.
    constexpr call_frame call() const {
        VMSG_ASSERT(in_progress());
        if (step_ == step::resume) return encode(mem_op_resume_call{handle()});
        if (step_ == step::fragment) return encode(mem_frag_tx{handle(), length_, endpoint_});
        return encode(mem_send_call{operation_, total_, length_, 0, 0, form::smc32});
    }

    constexpr bool done() const { return step_ == step::done; }
    /// `invalid_handle` until an answer had one. While not `done` it names nothing that could be reclaimed.
    constexpr memory_handle handle() const { return operation_state_.handle(); }
    constexpr std::uint32_t total_length() const { return total_; } ///< bytes; after `begin`

private:
    enum class step : std::uint8_t { start, send, fragment, resume, done, failed };

    constexpr bool in_progress() const {
        return step_ == step::send || step_ == step::fragment || step_ == step::resume;
    }
    constexpr errc fail(errc why) {
        step_ = step::failed;
        return why;
    }
    constexpr result<bool> finish() {
        if (given_ != total_) return fail(errc::bad_value);
        step_ = step::done;
        return false;
    }
    constexpr result<bool> pause(memory_handle h) {
        if (const errc why = operation_state_.pause(h); why != errc::none) return fail(why);
        step_ = step::resume;
        return true;
    }
    constexpr result<bool> put_next(const mem_send_answer& a, byte_span tx) {
        if (a.offset != given_ || given_ == total_) return fail(errc::bad_value);
        if (a.endpoint != endpoint_id{} && a.endpoint != transaction_.sender) return fail(errc::bad_value);
        const memory_fragment fragment = encode_memory_fragment(tx, rest_);
        if (fragment.region_count == 0) return fail(errc::oversize);
        rest_ = rest_.drop(fragment.region_count);
        length_ = fragment.length;
        given_ += length_;
        endpoint_ = a.endpoint;
        step_ = step::fragment;
        return true;
    }

    version version_;
    memory_operation operation_;
    memory_transaction transaction_;
    memory_accesses receivers_;
    memory_regions rest_; // not in any fragment yet
    detail::operation_state operation_state_{};
    std::uint32_t total_ = 0;
    std::uint32_t given_ = 0;  // bytes of all fragments up to the present one
    std::uint32_t length_ = 0; // bytes of the present one
    endpoint_id endpoint_{};
    step step_ = step::start;
};

} // namespace vmsg::ffa
