// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory areas that one driver has shared with a device side: what is mapped where, who uses it, and which answers
// are owed. A bus address resolves only inside a live area of the endpoint that shared it.
// Source: FF-A bus, rule N11.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/result.hpp>

namespace vmsg::proto {

inline constexpr std::uint64_t area_page_size = 4096; ///< bytes; FF-A counts memory in these pages

/// What the owner of the device side has to do with an area.
struct area_task {
    enum class kind : std::uint8_t {
        none,
        map,   ///< make the memory accessible, then `mapped` or `refused`
        unmap, ///< no queue uses it any more: drop every span into it, let go of the memory, then `unmapped`
    };
    kind what{};
    std::uint16_t area_id{};
    std::uint64_t mem_handle{}; ///< as the driver gave it
    std::uint32_t page_count{}; ///< pages of 4 KiB
    area_attrs attrs{};
    std::uint64_t mem_tag{}; ///< as the driver gave it
    byte_span memory{};      ///< what `mapped` was given, `page_count` pages of it; with `unmap`
};

/// A response about an area, or the event of its release, that the driver has to get.
struct area_notice {
    enum class kind : std::uint8_t { none, share_response, unshare_response, release_event };
    kind what{};
    std::uint16_t area_id{};
    std::uint16_t token{}; ///< of the request that is answered
    bus_result result{};
};

/// Whether memory with these attributes is taken from a driver by default: in oasis_v2 what the Linux device side of
/// 2026 takes, shared or lent normal write-back memory that can be written and holds no code.
constexpr bool is_usual_memory(revision r, area_attrs attrs) {
    using enum area_attrs;
    if (r != revision::oasis_v2 || !legal(r, attrs)) return legal(r, attrs);
    const bool lent_at_most = (attrs & type_mask) <= lend;
    const bool shareable = (attrs & shareability_mask) != not_shareable;
    const area_attrs rest = writeable | executable | cacheability_mask | memory_type_mask | non_secure;
    return lent_at_most && shareable && (attrs & rest) == (writeable | write_back | normal_memory | non_secure);
}

/// The areas of one endpoint, at most `Capacity`.
template <revision R, std::size_t Capacity> class device_areas {
    enum class state : std::uint8_t { mapping, mapped, unmapping, gone };

    struct record {
        state now{};
        bool task{};           // its owner has not been told what to do
        bool listed{};         // stands in the list of areas with a task, or of which the driver is to hear
        bool unshare_wanted{}; // as soon as nobody uses it
        bool answer_due{};     // AREA_UNSHARE is to be answered when it is gone
        bool release_due{};    // an AREA_UNSHARE was answered with BUSY: after that a release event is owed
        bool forgotten{};      // the driver has reset the bus: it gets nothing
        area_notice::kind owed{};
        bus_result result{};
        std::uint16_t token{};
        std::uint16_t copies{}; // of AREA_SHARE that are to be answered, too
        std::uint32_t users{};  // enabled queues, and the devices' own
        std::uint32_t page_count{};
        area_attrs attrs{};
        std::uint64_t mem_handle{};
        std::uint64_t mem_tag{};
        byte_span memory{};
    };

public:
    constexpr device_areas() = default;
    /// `any_attrs`: memory is taken with all attributes that the revision has, not only usual memory.
    constexpr explicit device_areas(bool any_attrs) : any_attrs_(any_attrs) {}

    // --- from the bus

    /// A driver offers memory. `success`: the answer comes as a notice; `busy`: it can be taken when areas from before
    /// a reset are gone; `error`: it cannot be taken. The same request once more, with the same token, is the doing of
    /// the carrier, or of a driver without tokens that asks again: it has the same answer, so that whichever answer
    /// comes first is true.
    constexpr bus_result offer(const area_share_request& m, std::uint16_t token) {
        if (!legal(R, m) || !(any_attrs_ || is_usual_memory(R, m.sharing_attrs))) return bus_result::error;
        record* a = records_.find(m.area_id);
        if (a != nullptr) return a->forgotten ? bus_result::busy : offer_again(*a, m, token);
        a = records_.insert(m.area_id);
        if (a == nullptr) return has_forgotten() ? bus_result::busy : bus_result::error;
        a->task = true;
        list(m.area_id, *a);
        a->token = token;
        a->page_count = m.page_count;
        a->attrs = m.sharing_attrs;
        a->mem_handle = m.mem_handle;
        a->mem_tag = m.mem_tag;
        return bus_result::success;
    }

    /// A driver wants its memory back. `success`: the answer comes as a notice; `busy`: a release event comes later,
    /// after all answers that are owed.
    constexpr bus_result take_back(std::uint16_t area_id, std::uint16_t token) {
        record* a = records_.find(area_id);
        if (a == nullptr || a->forgotten) return bus_result::error;
        if (a->owed == area_notice::kind::release_event) return bus_result::busy;
        const bool offered = a->now == state::mapping || a->owed == area_notice::kind::share_response;
        if (offered || a->unshare_wanted || a->users != 0) {
            a->unshare_wanted = true;
            a->release_due = true;
            if (a->now == state::mapped && a->users == 0) begin_unmapping(area_id, *a);
            return bus_result::busy;
        }
        a->unshare_wanted = true;
        a->answer_due = true;
        a->token = token;
        begin_unmapping(area_id, *a);
        return bus_result::success;
    }

    /// A queue whose parts begin at these addresses starts to use their areas. False, and nothing happens, if one of
    /// them begins outside a live area. Where they end is for the device to find out: `resolve`.
    constexpr bool pin(bus_address a, bus_address b, bus_address c) {
        if (!resolve(a, 1) || !resolve(b, 1) || !resolve(c, 1)) return false;
        record* used[]{live(a), live(b), live(c)};
        for (const record* u : used)
            if (u->unshare_wanted) return false;
        for (record* u : used) ++u->users;
        return true;
    }
    constexpr void unpin(bus_address a, bus_address b, bus_address c) {
        unpin(area_of<R>(a));
        unpin(area_of<R>(b));
        unpin(area_of<R>(c));
    }

    /// A device keeps spans from `resolve` over several calls: the area is not unmapped before `unpin`. False, and
    /// nothing happens, if there is no such area or its driver wants it back. A reset of the bus ends all uses: no
    /// `unpin` after the device has been reset.
    constexpr bool pin(std::uint16_t area_id) {
        record* a = mapped_area(area_id);
        if (a == nullptr || a->unshare_wanted) return false;
        ++a->users;
        return true;
    }
    constexpr void unpin(std::uint16_t area_id) {
        record* a = mapped_area(area_id);
        if (a == nullptr || a->users == 0) return;
        if (--a->users == 0 && a->unshare_wanted) begin_unmapping(area_id, *a);
    }

    /// The driver has gone or started anew; no queue uses anything any more.
    constexpr void forget_all() {
        for (std::size_t i = 0; i < records_.slots(); ++i) {
            record* a = records_.at_slot(i);
            if (a == nullptr) continue;
            a->users = 0;
            a->forgotten = true;
            a->owed = area_notice::kind::none;
            a->copies = 0;
            a->answer_due = a->release_due = false;
            if (a->now == state::mapped) begin_unmapping(records_.number_at(i), *a);
            go_on(records_.number_at(i), *a);
        }
        listed_ = 0; // what was owed is not any more
        for (std::size_t i = 0; i < records_.slots(); ++i) {
            record* a = records_.at_slot(i);
            if (a == nullptr) continue;
            a->listed = false;
            if (a->task) list(records_.number_at(i), *a);
        }
    }

    /// The next response that is owed; kind `none` if none is.
    constexpr area_notice poll_response() { return poll_owed(false); }
    /// The next release event that is owed; kind `none` if none is.
    constexpr area_notice poll_release() { return poll_owed(true); }
    /// Whether `poll_release` has one.
    constexpr bool owes_release() const {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->owed == area_notice::kind::release_event)
                return true;
        return false;
    }
    /// The release event that was polled last could not be sent: it is owed again.
    constexpr void put_back_release(std::uint16_t area_id) {
        record* a = records_.insert(area_id);
        if (a == nullptr) return;
        a->now = state::gone;
        a->unshare_wanted = true;
        owe(area_id, *a, area_notice::kind::release_event, bus_result::success);
    }

    // --- from the owner of the device side

    /// The next thing to do; kind `none` if there is none.
    constexpr area_task poll_task() {
        for (std::size_t n = listed_; n != 0; --n) {
            const std::uint16_t area_id = next_listed();
            record& a = *records_.find(area_id);
            const bool task = a.task;
            a.task = false;
            if (a.owed != area_notice::kind::none) list(area_id, a);
            if (!task) continue;
            const auto what = a.now == state::mapping ? area_task::kind::map : area_task::kind::unmap;
            return {what, area_id, a.mem_handle, a.page_count, a.attrs, a.mem_tag, a.memory};
        }
        return {};
    }

    /// The memory of an area is accessible: `memory` covers at least its pages. `bad_state` if that was not asked for,
    /// `invalid_argument` if it is too small.
    constexpr result<void> mapped(std::uint16_t area_id, byte_span memory) {
        record* a = records_.find(area_id);
        if (a == nullptr || a->now != state::mapping || a->task) return errc::bad_state;
        const std::uint64_t size = a->page_count * area_page_size;
        if (memory.size() < size) return errc::invalid_argument;
        a->memory = memory.first(static_cast<std::size_t>(size));
        a->now = state::mapped;
        if (!a->forgotten) owe(area_id, *a, area_notice::kind::share_response, bus_result::success);
        if (a->forgotten || a->unshare_wanted) begin_unmapping(area_id, *a);
        return {};
    }

    /// The memory of an area cannot be made accessible: `busy` for now, or `error`.
    constexpr result<void> refused(std::uint16_t area_id, bus_result why) {
        record* a = records_.find(area_id);
        if (a == nullptr || a->now != state::mapping || a->task || why == bus_result::success) return errc::bad_state;
        a->now = state::gone;
        if (!a->forgotten) owe(area_id, *a, area_notice::kind::share_response, why);
        go_on(area_id, *a);
        return {};
    }

    /// The device side has let go of an area.
    constexpr result<void> unmapped(std::uint16_t area_id) {
        record* a = records_.find(area_id);
        if (a == nullptr || a->now != state::unmapping || a->task) return errc::bad_state;
        a->now = state::gone;
        go_on(area_id, *a);
        return {};
    }

    // --- from the devices

    /// The memory behind a bus address: exactly `length` bytes inside one live area, else `bad_value`. Valid until the
    /// area's task `unmap`: who keeps the span over calls of the bus pins the area.
    constexpr result<byte_span> resolve(bus_address address, std::uint64_t length) {
        const record* a = live(address);
        if (a == nullptr) return errc::bad_value;
        const std::uint64_t offset = offset_of<R>(address);
        if (offset > a->memory.size() || length > a->memory.size() - offset) return errc::bad_value;
        return a->memory.drop(static_cast<std::size_t>(offset)).first(static_cast<std::size_t>(length));
    }

    constexpr std::size_t size() const { return records_.size(); } ///< areas that are not finished with

private:
    /// An id that is taken is offered. Its record stands for the first offer.
    constexpr bus_result offer_again(record& a, const area_share_request& m, std::uint16_t token) {
        const bool same = a.token == token && a.mem_handle == m.mem_handle && a.mem_tag == m.mem_tag &&
                          a.page_count == m.page_count && a.attrs == m.sharing_attrs;
        const bool owed = a.now == state::mapping || a.owed == area_notice::kind::share_response;
        const bool answered = a.now == state::mapped && !a.unshare_wanted;
        if (!same || !(owed || answered) || a.copies == 0xffff) return bus_result::error;
        if (owed)
            ++a.copies;
        else
            owe(m.area_id, a, area_notice::kind::share_response, bus_result::success);
        return bus_result::success;
    }
    constexpr area_notice poll_owed(bool release) {
        using enum area_notice::kind;
        for (std::size_t n = listed_; n != 0; --n) {
            const std::uint16_t area_id = next_listed();
            record& a = *records_.find(area_id);
            const bool wanted = a.owed != none && (a.owed == release_event) == release;
            const area_notice notice{a.owed, area_id, a.token, a.result};
            const bool last = wanted && a.copies == 0;
            if (wanted && a.copies != 0) --a.copies;
            if (last) a.owed = none;
            if (a.task || a.owed != none) list(area_id, a);
            if (last) go_on(area_id, a);
            if (wanted) return notice;
        }
        return {};
    }
    // The areas with a task or something owed, each once, in a ring.
    constexpr void list(std::uint16_t area_id, record& a) {
        if (a.listed) return;
        a.listed = true;
        list_[(first_listed_ + listed_++) % Capacity] = area_id;
    }
    constexpr std::uint16_t next_listed() {
        const std::uint16_t area_id = list_[first_listed_];
        first_listed_ = first_listed_ + 1 == Capacity ? 0 : first_listed_ + 1;
        --listed_;
        records_.find(area_id)->listed = false;
        return area_id;
    }
    constexpr record* mapped_area(std::uint16_t area_id) {
        record* a = records_.find(area_id);
        return a != nullptr && a->now == state::mapped ? a : nullptr;
    }
    constexpr record* live(bus_address address) { return mapped_area(area_of<R>(address)); }
    constexpr bool has_forgotten() const {
        for (std::size_t i = 0; i < records_.slots(); ++i)
            if (const record* a = records_.at_slot(i); a != nullptr && a->forgotten) return true;
        return false;
    }
    constexpr void begin_unmapping(std::uint16_t area_id, record& a) {
        a.now = state::unmapping;
        a.task = true;
        list(area_id, a);
    }
    constexpr void owe(std::uint16_t area_id, record& a, area_notice::kind what, bus_result result) {
        a.owed = what;
        list(area_id, a);
        a.result = result;
    }
    /// What comes next for an area that is gone, if nothing is owed: an answer, then a release, then nothing.
    constexpr void go_on(std::uint16_t area_id, record& a) {
        if (a.now != state::gone || a.owed != area_notice::kind::none) return;
        if (a.answer_due) {
            a.answer_due = false;
            owe(area_id, a, area_notice::kind::unshare_response, bus_result::success);
        } else if (a.release_due) {
            a.release_due = false;
            owe(area_id, a, area_notice::kind::release_event, bus_result::success);
        } else {
            records_.erase(area_id);
        }
    }

    bool any_attrs_ = false;
    number_map<record, Capacity> records_{};
    std::uint16_t list_[Capacity]{};
    std::size_t first_listed_ = 0;
    std::size_t listed_ = 0;
};

} // namespace vmsg::proto
