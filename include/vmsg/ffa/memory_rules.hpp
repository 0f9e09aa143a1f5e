// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What a manager checks of memory that is sent and retrieved, once a descriptor was read. Source: FF-A Memory
// Management Protocol, "Memory region properties" and "Memory transaction descriptor", as Hafnium enforces them.
// Whether the caller owns the pages, and who has access to them already, is the manager's own knowledge.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// How a manager refuses what its own checks gave as `why`: DENIED, NO_MEMORY, BUSY, RETRY, INTERRUPTED, ABORTED and
/// NOT_SUPPORTED for the words of the library that `errc_of` has for them, INVALID_PARAMETERS for all others.
constexpr error error_of(errc why) {
    switch (why) {
    case errc::denied: return error::denied;
    case errc::no_memory: return error::no_memory;
    case errc::busy: return error::busy;
    case errc::retry: return error::retry;
    case errc::interrupted: return error::interrupted;
    case errc::aborted: return error::aborted;
    case errc::not_supported: return error::not_supported;
    default: return error::invalid_parameters;
    }
}

/// Counts the regions of all fragments of one descriptor against what its first one said.
class memory_tally {
public:
    constexpr memory_tally() = default;
    constexpr memory_tally(std::uint32_t region_count, std::uint32_t page_count)
        : regions_left_(region_count), pages_left_(page_count) {}
    constexpr explicit memory_tally(const memory_descriptor& d) : memory_tally(d.region_count, d.page_count) {}

    /// The next regions. Errors: `bad_length` (more than announced), `bad_value` (a region that is not `legal`, or more
    /// pages than announced; or the last region is there and pages are missing). After an error nothing is counted.
    constexpr result<void> add(const memory_regions& regions) {
        if (regions.size() > regions_left_) return errc::bad_length;
        for (std::size_t i = 0; i < regions.size(); ++i)
            if (!legal(regions[i])) return errc::bad_value;
        const std::uint64_t pages = page_count_of(regions);
        if (pages > pages_left_) return errc::bad_value;
        if (regions.size() == regions_left_ && pages != pages_left_) return errc::bad_value;
        regions_left_ -= static_cast<std::uint32_t>(regions.size());
        pages_left_ -= static_cast<std::uint32_t>(pages);
        return {};
    }

    constexpr bool complete() const { return regions_left_ == 0; }
    constexpr std::uint32_t regions_left() const { return regions_left_; }

private:
    std::uint32_t regions_left_ = 0;
    std::uint32_t pages_left_ = 0;
};

namespace detail {

// The receivers are legal, none is the caller, and no two are the same.
constexpr bool receivers_distinct(const memory_accesses& all, endpoint_id caller) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        const endpoint_id one = all[i].receiver;
        if (one == caller) return false;
        for (std::size_t j = 0; j < i; ++j)
            if (all[j].receiver == one) return false;
    }
    return true;
}

// A longer part of a receiver is not known to a writer of an older version; a shorter one may come from any.
constexpr bool access_size_known(std::uint32_t size, version v) {
    return size == short_access_layout::fixed_size || (size == long_access_layout::fixed_size && v >= version::v1_2);
}

constexpr errc judge_access(const memory_access& a, memory_operation op) {
    if (!legal(a.permissions) || a.flags != 0) return errc::bad_value;
    if ((a.permissions & memory_permissions::instruction_mask) != memory_permissions::unspecified)
        return errc::bad_value;
    const bool data = (a.permissions & memory_permissions::data_mask) != memory_permissions::unspecified;
    return data == (op != memory_operation::donate) ? errc::none : errc::bad_value;
}

// Only what is shared, or lent to several, has attributes: those of normal memory that all can keep coherent.
constexpr errc judge_attributes(memory_attributes a, memory_operation op, std::size_t receivers) {
    if (op != memory_operation::share && receivers == 1)
        return a == memory_attributes::unspecified ? errc::none : errc::bad_value;
    if (!legal(a) || (a & memory_attributes::non_secure) != memory_attributes{}) return errc::bad_value;
    if ((a & memory_attributes::type_mask) == memory_attributes{}) return errc::bad_value;
    return a == normal_memory ? errc::none : errc::denied;
}

} // namespace detail

/// Whether `caller`, which negotiated version `v`, may send this with `op`. The most receivers that a manager has room
/// for bounds the work, which grows with their square: `max_receivers`. Regions are the business of `memory_tally`.
/// Errors: `denied` (another sender, attributes that are not those of coherent normal memory, clearing of what a
/// receiver can only read), `no_memory` (too many receivers), `bad_value` (everything else).
constexpr result<void> validate_memory_send(const memory_descriptor& d, memory_operation op, endpoint_id caller,
                                            version v, std::size_t max_receivers) {
    const memory_transaction& t = d.transaction;
    if (t.sender != caller) return errc::denied;
    if (d.composite_offset == 0 || !detail::access_size_known(d.access_size, v)) return errc::bad_value;
    if (t.handle != memory_handle{} || (t.flags & ~memory_flags::send_mask) != memory_flags::none)
        return errc::bad_value;
    const bool clears = (t.flags & memory_flags::zero) != memory_flags::none;
    if (clears && op == memory_operation::share) return errc::bad_value;
    if (d.receivers.size() > max_receivers) return errc::no_memory;
    if (op == memory_operation::donate && d.receivers.size() != 1) return errc::bad_value;
    if (!detail::receivers_distinct(d.receivers, caller)) return errc::bad_value;
    for (std::size_t i = 0; i < d.receivers.size(); ++i) {
        const memory_access access = d.receivers[i];
        if (const errc why = detail::judge_access(access, op); why != errc::none) return why;
        const bool read_only = (access.permissions & memory_permissions::data_mask) == memory_permissions::read_only;
        if (clears && read_only) return errc::denied;
    }
    return detail::judge_attributes(t.attributes, op, d.receivers.size());
}

/// Memory that was sent, as the manager remembers it.
struct sent_memory {
    memory_operation operation{};
    memory_transaction transaction{}; ///< with the handle
    memory_accesses receivers{};
};

namespace detail {

// A borrower may ask for less than it was given. What the sender left open has a default: no execution of what is
// shared.
constexpr errc judge_request(const memory_access& asked, const memory_access& given, memory_operation op) {
    if (!legal(asked.permissions) || (asked.flags & ~1) != 0) return errc::bad_value;
    if (asked.impdef != given.impdef) return errc::bad_value;
    const auto data = asked.permissions & memory_permissions::data_mask;
    const auto most = given.permissions & memory_permissions::data_mask;
    if (data == memory_permissions::read_write && most == memory_permissions::read_only) return errc::denied;
    const auto code = asked.permissions & memory_permissions::instruction_mask;
    if (code == memory_permissions::executable && op == memory_operation::share) return errc::denied;
    return errc::none;
}

constexpr result<memory_access> find_receiver(const memory_accesses& all, endpoint_id who) {
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].receiver == who) return all[i];
    return errc::denied;
}

} // namespace detail

/// Whether `caller`, which negotiated version `v`, may retrieve `sent` with this request. `denied`: it is no receiver,
/// or asks for more than it was given. `bad_value`: another owner, handle, tag, type or IMPDEF information than was
/// sent, regions in the request, bits that are not for a request.
constexpr result<void> validate_memory_retrieve(const memory_descriptor& request, const sent_memory& sent,
                                                endpoint_id caller, version v) {
    const memory_transaction& asked = request.transaction;
    const memory_transaction& given = sent.transaction;
    if (request.composite_offset != 0 || !detail::access_size_known(request.access_size, v)) return errc::bad_value;
    if (asked.sender != given.sender || asked.handle != given.handle || asked.tag != given.tag) return errc::bad_value;
    if ((asked.flags & ~memory_flags::retrieve_mask) != memory_flags::none) return errc::bad_value;
    const memory_flags type = asked.flags & memory_flags::type_mask;
    if (type != memory_flags::type_any && type != type_of(sent.operation)) return errc::bad_value;
    const bool clears = (asked.flags & (memory_flags::zero | memory_flags::zero_after_relinquish)) != memory_flags{};
    if (clears && sent.operation == memory_operation::share) return errc::bad_value;
    if (request.receivers.size() > sent.receivers.size()) return errc::bad_value;
    if (!detail::receivers_distinct(request.receivers, given.sender)) return errc::bad_value;
    if (!legal(asked.attributes) || (asked.attributes & memory_attributes::non_secure) != memory_attributes{})
        return errc::bad_value;
    const auto mine = detail::find_receiver(request.receivers, caller);
    if (!mine) return errc::denied;
    for (std::size_t i = 0; i < request.receivers.size(); ++i) {
        const memory_access access = request.receivers[i];
        const auto was_given = detail::find_receiver(sent.receivers, access.receiver);
        if (!was_given) return errc::denied;
        if (const errc why = detail::judge_request(access, *was_given, sent.operation); why != errc::none) return why;
    }
    return {};
}

} // namespace vmsg::ffa
