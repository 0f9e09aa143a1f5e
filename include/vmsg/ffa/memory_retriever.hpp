// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `memory_retriever`: the calls with which a receiver gets access to memory that was sent to it and learns its regions,
// in as many fragments as the manager makes of them. Makes no call itself. Source: FF-A Memory Management Protocol,
// FFA_MEM_RETRIEVE_REQ and "Fragmented memory transaction descriptors".

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/snapshot.hpp>

namespace vmsg::ffa {

/// The caller's room for regions.
struct region_storage {
    memory_region* data = nullptr;
    std::size_t size = 0; ///< regions
};

/// Retrieves memory:
///
///     snapshot<4096> copy; // as large as the RX buffer
///     result<bool> more = retriever.begin(tx);
///     while (more && *more) {
///         call_frame frame = retriever.call();
///         conduit(frame);
///         more = retriever.next(frame, rx, copy);
///     }
///
/// What the manager put into the RX buffer is copied once; then the buffer is released, also when the copy turns out to
/// be wrong, and only then the next fragment is asked for. Each fragment brings a region, so there are no more calls
/// than regions ask for. After an error that `may_be_repeated` the same `call` may be made again; after `interrupted`
/// the answer that FFA_RUN gives is the one for `next`; and while the RX buffer `is_held`, FFA_RX_RELEASE may be made
/// again after any error (managers refuse it until the notification that the buffer is full was read). After any other
/// error it is over.
class memory_retriever {
public:
    /// `self` retrieves the memory with the handle of `request` as one of `receivers`. They and `storage` have to
    /// outlive the object.
    constexpr memory_retriever(version v, endpoint_id self, const memory_transaction& request,
                               const memory_accesses& receivers, region_storage storage,
                               reserved_bits rule = reserved_bits::ignored)
        : version_(v),
          rule_(rule),
          self_(self),
          transaction_(request),
          receivers_(receivers),
          storage_(storage),
          state_(request.handle) {}

    /// Writes the request to `tx`; true: there is a `call` to make. Errors: as `encode_memory_retrieve`; `bad_state` if
    /// it was called before.
    constexpr result<bool> begin(byte_span tx) {
        if (step_ != step::start) return errc::bad_state;
        const auto length = encode_memory_retrieve(tx, version_, transaction_, receivers_);
        if (!length) return length.error();
        length_ = *length;
        step_ = step::request;
        return true;
    }

    /// Takes the answer to `call`; `rx` is the RX buffer. True: there is another `call` to make; false: the memory is
    /// retrieved. Errors: as `outcome_of` and `decode_memory_descriptor`; `oversize` (a fragment larger than `rx` or
    /// `copy`), `bad_value` (another handle, owner or tag, this endpoint is not among the receivers, regions that do
    /// not add up), `full` (more regions than `storage` has room for; all were fetched nevertheless, so that the memory
    /// can be relinquished), `timed_out` (paused too often), `bad_state` (no call was made).
    template <std::size_t Capacity>
    constexpr result<bool> next(const call_frame& answer, byte_view rx, snapshot<Capacity>& copy) {
        switch (step_) {
        case step::request:
        case step::resume: {
            if (const auto paused = decode_mem_op_pause(answer)) return pause(paused->handle);
            const auto a = decode_mem_retrieve_answer(answer);
            if (!a) return refuse(a.error());
            total_ = a->total_length;
            return keep(take_fragment(a->fragment_length, rx, copy, true));
        }
        case step::fragment: {
            const auto a = decode_mem_frag_rx_answer(answer);
            if (!a) return refuse(a.error());
            return keep(state_.accept(a->handle) ? take_fragment(a->length, rx, copy, false) : errc::bad_value);
        }
        case step::release: return released(answer);
        default: return errc::bad_state;
        }
    }

    /// The call to make; only after `begin` or `next` gave true, or an error after which it may be made again.
    constexpr call_frame call() const {
        VMSG_ASSERT(step_ != step::start && step_ != step::done && step_ != step::failed);
        switch (step_) {
        case step::resume: return encode(mem_op_resume_call{state_.handle()});
        case step::release: return detail::frame_of(function_id::rx_release);
        case step::fragment: return encode(mem_frag_rx{state_.handle(), taken_, {}});
        default: return encode(mem_retrieve_call{length_, length_, 0, 0, form::smc32});
        }
    }

    constexpr bool done() const { return step_ == step::done; }
    /// Whether the RX buffer is full and `call` is FFA_RX_RELEASE.
    constexpr bool is_held() const { return step_ == step::release; }
    /// What the manager said of the memory, once it is `done`.
    constexpr const memory_transaction& transaction() const { return transaction_; }
    /// What this endpoint may do, once it is `done`.
    constexpr const memory_access& access() const { return access_; }
    /// The regions, in `storage`, once it is `done`.
    constexpr memory_regions regions() const { return {storage_.data, stored_}; }

private:
    enum class step : std::uint8_t { start, request, resume, release, fragment, done, failed };

    constexpr errc fail(errc why) {
        step_ = step::failed;
        return why;
    }
    // An error instead of a full RX buffer.
    constexpr errc refuse(errc why) { return may_be_repeated(why) ? why : fail(why); }

    constexpr result<bool> pause(memory_handle h) {
        if (const errc why = state_.pause(h); why != errc::none) return fail(why);
        step_ = step::resume;
        return true;
    }

    // The RX buffer is full, whatever was found in it: it is released before anything else happens.
    constexpr result<bool> keep(errc why) {
        if (why != errc::none) {
            failure_ = why;
            complete_ = true;
        }
        step_ = step::release;
        return true;
    }

    constexpr result<bool> released(const call_frame& answer) {
        if (const auto outcome = outcome_of(answer); !outcome) return outcome.error();
        if (!complete_) {
            step_ = step::fragment;
            return true;
        }
        if (failure_ != errc::none) return fail(failure_);
        if (dropped_) return fail(errc::full);
        step_ = step::done;
        return false;
    }

    template <std::size_t Capacity>
    constexpr errc take_fragment(std::uint32_t length, byte_view rx, snapshot<Capacity>& copy, bool first) {
        if (length > rx.size()) return errc::oversize;
        if (const auto taken = copy.take(rx.first(length)); !taken) return taken.error();
        const errc why = first ? take_first(copy.view()) : take_more(copy.view());
        taken_ += length;
        return why;
    }

    constexpr errc take_first(byte_view fragment) {
        const auto d = decode_memory_descriptor(fragment, total_, version_, rule_);
        if (!d) return d.error();
        const memory_transaction& t = d->transaction;
        if (t.handle != state_.handle() || t.sender != transaction_.sender || t.tag != transaction_.tag)
            return errc::bad_value;
        const auto mine = detail::find_receiver(d->receivers, self_);
        if (!mine || d->composite_offset == 0) return errc::bad_value;
        transaction_ = t;
        access_ = *mine;
        tally_ = memory_tally{*d};
        return store(d->regions);
    }

    constexpr errc take_more(byte_view fragment) {
        const auto regions = decode_memory_fragment(fragment, rule_);
        return regions ? store(*regions) : regions.error();
    }

    constexpr errc store(const memory_regions& regions) {
        if (const auto counted = tally_.add(regions); !counted) return counted.error();
        for (std::size_t i = 0; i < regions.size(); ++i) {
            if (stored_ == storage_.size)
                dropped_ = true;
            else
                storage_.data[stored_++] = regions[i];
        }
        complete_ = tally_.complete();
        return errc::none;
    }

    version version_;
    reserved_bits rule_;
    endpoint_id self_;
    memory_transaction transaction_; // the request, then the answer
    memory_accesses receivers_;
    region_storage storage_;
    detail::operation_state state_;
    memory_access access_{};
    memory_tally tally_{};
    std::size_t stored_ = 0;
    std::uint32_t length_ = 0; // bytes of the request
    std::uint32_t total_ = 0;  // bytes of the answer
    std::uint32_t taken_ = 0;  // bytes of it that were copied
    errc failure_ = errc::none;
    bool complete_ = false; // there is nothing more to fetch
    bool dropped_ = false;  // regions for which there was no room
    step step_ = step::start;
};

} // namespace vmsg::ffa
