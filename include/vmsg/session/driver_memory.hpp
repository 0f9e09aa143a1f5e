// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `driver_memory`: memory of a driver side on its way to the device side and back: FFA_MEM_SHARE, AREA_SHARE, and after
// the area was released FFA_MEM_RECLAIM. Memory that is too large for one share is split. It never waits. Source: FF-A
// bus, rule N11.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/proto/driver_areas.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/proto/number_map.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/session/area_attributes.hpp>
#include <vmsg/session/driver_memory_types.hpp>
#include <vmsg/session/memory_owner.hpp>
#include <vmsg/session/memory_policy.hpp>
#include <vmsg/session/memory_splitter.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// `Engine`, where one is asked for, is the `proto::driver` of the bus. After each of its events `handle_event`, and
/// until it is false `step`; again at `due`.
template <revision R, ffa::conduit Conduit, driver_memory_capacity C = driver_memory_capacity{}> class driver_memory {
    static_assert(C.shares >= 1 && C.shares < 0xffff && C.regions >= 1 && C.pages >= 1);

public:
    /// `buffers` are mapped, and outlive it. `self` shares with the device side at `peer`, and `version` is the one
    /// that was negotiated with the manager.
    constexpr driver_memory(ffa::rxtx<Conduit>& buffers, ffa::version version, ffa::endpoint_id self,
                            ffa::endpoint_id peer, const memory_policy& policy = {})
        : owner_(buffers, version, policy), self_(self), peer_(peer) {}

    // --- from the user

    /// Begins to share `regions`, which have to stay until `shared` or `returned`, and gives the number of the memory.
    /// It is split into areas of the sizes that `C` allows; a bus address is inside one of them. Errors:
    /// `invalid_argument` (no region, one that is not `legal`, attributes that the revision does not have, or to be
    /// donated: nothing would come back), `full` (no room for so many areas).
    constexpr result<std::uint16_t> share(const ffa::memory_regions& regions, area_attrs attrs) {
        if (regions.empty() || !legal(R, attrs)) return errc::invalid_argument;
        if (memory_operation_of(attrs) == ffa::memory_operation::donate) return errc::invalid_argument;
        for (std::size_t i = 0; i < regions.size(); ++i)
            if (!ffa::legal(regions[i])) return errc::invalid_argument;
        const std::size_t count = splitter::count(regions, C.shares);
        if (count > C.shares) return errc::full;
        const std::size_t first = room_for(count);
        if (first == C.shares) return errc::full;
        detail::region_place from{};
        std::uint64_t offset = 0;
        for (std::size_t i = 0; i < count; ++i) {
            part& p = parts_[first + i];
            p = part{.now = state::queued, .first = static_cast<std::uint16_t>(first), .from = from, .offset = offset};
            const detail::region_run e = splitter::run_at(regions, from);
            p.pages = e.pages;
            offset += e.pages;
            from = e.end;
        }
        groups_[first] = group{regions, attrs, static_cast<std::uint16_t>(count), aim::up, errc::none, {}};
        ++open_;
        return static_cast<std::uint16_t>(first);
    }

    /// Begins to take memory back; `returned` follows when the device side has let go of all of it and it was
    /// reclaimed. Nothing may use it any more. `invalid_argument`: no such memory.
    constexpr result<void> unshare(std::uint16_t memory) {
        group* g = find(memory);
        if (g == nullptr) return errc::invalid_argument;
        aim_at(*g, aim::down);
        static_cast<void>(change_parts(memory, state::kept, state::shared));
        return {};
    }
    /// `stuck` memory is reclaimed again, with a new budget. `bad_state` if it is not stuck.
    constexpr result<void> retry(std::uint16_t memory) {
        return change_parts(memory, state::stuck, state::reclaiming) ? errc::none : errc::bad_state;
    }
    /// `stuck` memory is not the manager's any more, as the user knows: after the manager itself has restarted.
    constexpr result<void> forget(std::uint16_t memory) {
        if (!change_parts(memory, state::stuck, state::gone)) return errc::bad_state;
        settle(memory);
        return {};
    }
    /// The device side is gone for good: what it had is reclaimed without asking it. The manager refuses that as long
    /// as anybody has access.
    constexpr void abandon() {
        for (std::size_t i = 0; i < C.shares; ++i) {
            if (has_area(parts_[i])) let_go(parts_[i], errc::aborted);
            if (group* g = find(i)) aim_at(*g, aim::down);
        }
    }

    /// The bus address of `length` bytes from byte `offset` of the memory. Errors: `bad_value` (beyond its end, or not
    /// inside one area), `bad_state` (it is not shared).
    constexpr result<bus_address> address(std::uint16_t memory, std::uint64_t offset, std::uint64_t length) const {
        const group* g = find(memory);
        if (g == nullptr || g->wanted != aim::held) return errc::bad_state;
        for (std::size_t i = memory; i < std::size_t{memory} + g->count; ++i) {
            const part& p = parts_[i];
            const std::uint64_t start = p.offset * ffa::page_size;
            const std::uint64_t size = p.pages * ffa::page_size;
            if (offset < start || offset - start >= size) continue;
            if (length > size - (offset - start)) return errc::bad_value;
            return make_bus_address<R>(p.area, offset - start);
        }
        return errc::bad_value;
    }
    /// The pages of the area in which byte `offset` of the memory is; 0 if there is none.
    constexpr std::uint32_t area_pages(std::uint16_t memory, std::uint64_t offset) const {
        const group* g = find(memory);
        for (std::size_t i = memory; g != nullptr && i < std::size_t{memory} + g->count; ++i)
            if (offset / ffa::page_size - parts_[i].offset < parts_[i].pages) return parts_[i].pages;
        return 0;
    }
    constexpr std::size_t in_use() const { return C.shares - free_parts(); } ///< areas that are not over

    // --- events

    /// What has happened; kind `none` if nothing has.
    constexpr memory_event poll_event() {
        for (std::size_t i = 0; news_ != 0 && i < C.shares; ++i)
            if (group& g = groups_[i]; g.news.what != memory_event::kind::none) return take_news(g);
        return {};
    }
    /// The same for one memory.
    constexpr memory_event poll_event(std::uint16_t memory) {
        if (memory >= C.shares || groups_[memory].news.what == memory_event::kind::none) return {};
        return take_news(groups_[memory]);
    }
    /// An event of the engine has come; true if it was about memory from here.
    constexpr bool handle_event(const proto::driver_event& e) {
        using enum proto::driver_event_kind;
        if (e.kind != area_shared && e.kind != area_refused && e.kind != area_released && e.kind != area_kept)
            return false;
        const std::uint16_t* found = by_area_.find(static_cast<std::uint16_t>(e.index));
        if (found == nullptr) return false;
        part& p = parts_[*found];
        if (e.kind == area_shared) {
            if (p.now == state::offering) p.now = state::shared;
            settle(p.first);
        } else if (e.kind == area_kept) {
            p.now = state::kept;
            fail(groups_[p.first], e.error);
            tell(p.first, {memory_event::kind::kept, p.first, e.error});
        } else {
            let_go(p, e.kind == area_refused ? e.error : errc::none);
        }
        return true;
    }
    /// Events of the engine were thrown away, as `driver_session::open` does: finds out which areas are over.
    template <class Engine> constexpr void look_again(const Engine& engine) {
        for (part& p : parts_) {
            if (!has_area(p)) continue;
            const auto there = engine.area(p.area);
            if (!there || *there == proto::area_state::released) let_go(p, errc::none);
        }
    }

    // --- work

    /// Goes on, with one FF-A call at most; false if there is nothing to do before `due`.
    template <class Engine> constexpr bool step(Engine& engine, instant now) {
        if (open_ == 0) return false;
        bool moved = false;
        for (std::size_t i = 0; i < C.shares; ++i) moved = go_on(engine, i) || moved;
        if (!owner_.busy()) begin_next(now);
        if (!owner_.busy() || now < owner_.due()) return moved;
        const errc why = owner_.step(now).error();
        if (why != errc::would_block) over(engine, why, now);
        return true;
    }
    constexpr instant due() const {
        if (open_ == 0) return never;
        if (owner_.busy()) return owner_.due();
        instant first = never;
        for (const part& p : parts_) {
            if (p.now == state::queued) return 0;
            if (p.now == state::reclaiming && p.due < first) first = p.due;
        }
        return first;
    }
    constexpr const memory_counters& counters() { return owner_.counters(); }

private:
    enum class state : std::uint8_t { free, queued, offering, shared, taking_back, kept, reclaiming, stuck, gone };
    enum class aim : std::uint8_t { none, up, held, down };
    using splitter = detail::memory_splitter<C.pages, C.regions>;

    struct part { // one area
        state now{};
        std::uint16_t first{}; // part of the same memory
        std::uint16_t area{};
        std::uint16_t attempts{}; // FFA_MEM_RECLAIM that were denied
        detail::region_place from{};
        std::uint64_t offset{}; // pages from the start of the memory
        std::uint32_t pages{};
        ffa::memory_handle handle{};
        instant due{};
    };
    struct group { // what was shared with one call: parts from its own index on
        ffa::memory_regions regions{};
        area_attrs attrs{};
        std::uint16_t count{};
        aim wanted{};
        errc error{};
        memory_event news{};
    };

    // --- the table

    constexpr std::size_t room_for(std::size_t count) const {
        std::size_t run = 0;
        for (std::size_t i = 0; i < C.shares; ++i) {
            run = parts_[i].now == state::free && groups_[i].news.what == memory_event::kind::none ? run + 1 : 0;
            if (run == count) return i + 1 - count;
        }
        return C.shares;
    }
    constexpr std::size_t free_parts() const {
        std::size_t n = 0;
        for (const part& p : parts_) n += p.now == state::free ? std::size_t{1} : std::size_t{0};
        return n;
    }
    constexpr group* find(std::size_t memory) {
        return memory < C.shares && groups_[memory].wanted != aim::none ? &groups_[memory] : nullptr;
    }
    constexpr const group* find(std::size_t memory) const {
        return memory < C.shares && groups_[memory].wanted != aim::none ? &groups_[memory] : nullptr;
    }
    static constexpr bool has_area(const part& p) { return p.area != 0; }
    constexpr bool change_parts(std::uint16_t memory, state from, state to) {
        const group* g = find(memory);
        bool any = false;
        for (std::size_t i = memory; g != nullptr && i < std::size_t{memory} + g->count; ++i) {
            if (parts_[i].now != from) continue;
            parts_[i].now = to;
            parts_[i].attempts = 0;
            parts_[i].due = 0;
            any = true;
        }
        return any;
    }
    constexpr void aim_at(group& g, aim wanted) {
        if (g.wanted == aim::held && wanted != aim::held) ++open_;
        if (g.wanted != aim::held && wanted == aim::held) --open_;
        g.wanted = wanted;
    }
    constexpr void tell(std::size_t first, const memory_event& e) {
        if (groups_[first].news.what == memory_event::kind::none) ++news_;
        groups_[first].news = e;
    }
    constexpr memory_event take_news(group& g) {
        const memory_event e = g.news;
        g.news = {};
        --news_;
        return e;
    }

    // --- from state to state

    /// The device side does not have it, or no longer.
    constexpr void let_go(part& p, errc why) {
        by_area_.erase(p.area);
        p.area = 0;
        p.now = state::reclaiming;
        p.attempts = 0;
        p.due = 0;
        fail(groups_[p.first], why == errc::none ? errc::aborted : why);
    }
    /// It cannot be, or stay, shared: what there is of it comes back.
    constexpr void fail(group& g, errc why) {
        if (g.wanted != aim::down && g.error == errc::none) g.error = why;
        aim_at(g, aim::down);
    }

    /// Whether a memory has arrived where it is wanted.
    constexpr void settle(std::size_t first) {
        group& g = groups_[first];
        bool all_shared = true;
        bool all_gone = true;
        for (std::size_t i = first; i < first + g.count; ++i) {
            all_shared = all_shared && parts_[i].now == state::shared;
            all_gone = all_gone && parts_[i].now == state::gone;
        }
        if (g.wanted == aim::up && all_shared) {
            aim_at(g, aim::held);
            tell(first, {memory_event::kind::shared, static_cast<std::uint16_t>(first), errc::none});
        } else if (g.wanted == aim::down && all_gone) {
            for (std::size_t i = first; i < first + g.count; ++i) parts_[i] = {};
            tell(first, {memory_event::kind::returned, static_cast<std::uint16_t>(first), g.error});
            g.wanted = aim::none;
            g.error = errc::none;
            --open_;
        }
    }

    /// What part `i` can do without an FF-A call.
    template <class Engine> constexpr bool go_on(Engine& engine, std::size_t i) {
        part& p = parts_[i];
        if (p.now == state::offering || p.now == state::taking_back)
            return handle_event(engine.poll_area_event(p.area));
        if (groups_[p.first].wanted != aim::down) return false;
        if (p.now == state::shared) {
            if (!engine.unshare_area(p.area)) return handle_event(engine.poll_area_event(p.area));
            p.now = state::taking_back;
            return true;
        }
        const bool sharing = owner_.busy() && current_ == i;
        if (p.now != state::queued || sharing) return false;
        p.now = state::gone; // was never shared
        settle(p.first);
        return true;
    }

    constexpr void begin_next(instant now) {
        for (std::size_t n = 0; n < C.shares; ++n) {
            const std::size_t i = (current_ + 1 + n) % C.shares;
            part& p = parts_[i];
            const bool back = p.now == state::reclaiming && p.due <= now;
            if (!back && p.now != state::queued) continue;
            current_ = i;
            return back ? owner_.reclaim(p.handle) : send(p);
        }
    }
    constexpr void send(const part& p) {
        const group& g = groups_[p.first];
        const std::size_t count = splitter::copy(g.regions, p.from, scratch_);
        const ffa::memory_operation op = memory_operation_of(g.attrs);
        ffa::memory_transaction t;
        t.sender = self_;
        t.attributes = op == ffa::memory_operation::share ? ffa::normal_memory : ffa::memory_attributes::unspecified;
        if (const auto said = memory_attributes_of(g.attrs);
            op == ffa::memory_operation::share && said != ffa::memory_attributes::unspecified)
            t.attributes = said;
        owner_.share(op, t, {.receiver = peer_, .permissions = memory_permissions_of(g.attrs)},
                     ffa::memory_regions{scratch_, count});
    }

    /// The operation of the current part is over.
    template <class Engine> constexpr void over(Engine& engine, errc why, instant now) {
        part& p = parts_[current_];
        if (p.now == state::queued)
            sent(engine, p, why);
        else if (why == errc::none)
            p.now = state::gone;
        else
            not_reclaimed(p, why, now);
        settle(p.first);
    }
    template <class Engine> constexpr void sent(Engine& engine, part& p, errc why) {
        group& g = groups_[p.first];
        if (why != errc::none) {
            p.now = state::gone;
            return fail(g, why);
        }
        p.handle = owner_.handle();
        if (g.wanted == aim::down) return let_go(p, errc::none); // meanwhile nobody wants it any more
        const auto offered = engine.share_area(static_cast<std::uint64_t>(p.handle), p.pages, g.attrs);
        if (!offered) return let_go(p, offered.error());
        *by_area_.insert(*offered) = static_cast<std::uint16_t>(current_); // one for each part at most
        p.area = *offered;
        p.now = state::offering;
    }
    constexpr void not_reclaimed(part& p, errc why, instant now) {
        const memory_policy& policy = owner_.policy();
        const bool later = why == errc::denied || ffa::may_be_repeated(why) || why == errc::timed_out;
        if (why == errc::denied) ++owner_.counters().denied;
        if (later && ++p.attempts < policy.reclaim_attempts) {
            p.due = now + policy.reclaim_interval;
            return;
        }
        ++owner_.counters().unreturned;
        p.now = state::stuck; // until its user decides
        tell(p.first, {memory_event::kind::stuck, p.first, why});
    }

    memory_owner<Conduit> owner_;
    ffa::endpoint_id self_;
    ffa::endpoint_id peer_;
    part parts_[C.shares]{};
    group groups_[C.shares]{};
    proto::number_map<std::uint16_t, C.shares> by_area_{}; // index of a part
    ffa::memory_region scratch_[C.regions]{};              // of the part that is sent
    std::size_t open_ = 0;                                 // memories on their way
    std::size_t news_ = 0;
    std::size_t current_ = 0;
};

} // namespace vmsg
