// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `session_memory`: FF-A memory for those who call and wait. It runs `driver_memory` beside a `driver_session`.

#include <cstdint>

#include <vmsg/ffa/memory.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/result.hpp>
#include <vmsg/session/driver_memory.hpp>
#include <vmsg/time.hpp>

namespace vmsg {

/// `Session` is a `driver_session`, `Memory` a `driver_memory` of the same revision. Both stay the caller's. What the
/// session's `wait` gives is for `Memory::handle_event` first.
template <class Session, class Memory> class session_memory {
public:
    /// `timeout`: until memory is shared or given back.
    constexpr session_memory(Session& session, Memory& memory, duration timeout = 30 * seconds)
        : session_(session), memory_(memory), timeout_(timeout) {}

    /// Shares memory and gives its number; `regions` have to stay during the call. Errors: those of
    /// `driver_memory::share`, the reason why it is not shared, after which it is the driver's again; `timed_out`: it
    /// is on its way back, `returned` comes to `finish`.
    constexpr result<std::uint16_t> share(const ffa::memory_regions& regions, area_attrs attrs) {
        const auto memory = memory_.share(regions, attrs);
        if (!memory) return memory;
        const memory_event e = outcome(*memory);
        if (e.what == memory_event::kind::shared) return *memory;
        if (e.what == memory_event::kind::returned) return e.error;
        static_cast<void>(memory_.unshare(*memory));
        return errc::timed_out;
    }
    /// Takes memory back. Errors: `invalid_argument` (no such memory), why a part is not given back, `timed_out`.
    /// After an error it may be called again.
    constexpr result<void> unshare(std::uint16_t memory) {
        if (const auto begun = memory_.unshare(memory); !begun) return begun;
        return finish(memory);
    }
    /// Waits until memory that is on its way back is there.
    constexpr result<void> finish(std::uint16_t memory) {
        const memory_event e = outcome(memory);
        if (e.what == memory_event::kind::returned) return {};
        return e.what == memory_event::kind::none ? errc::timed_out : e.error;
    }

private:
    constexpr memory_event outcome(std::uint16_t memory) {
        const instant end = session_.clock().now() + timeout_;
        for (;;) {
            const instant now = session_.clock().now();
            const bool moved = memory_.step(session_.engine(), now);
            const memory_event e = memory_.poll_event(memory);
            if (e.what != memory_event::kind::none || now >= end) return e;
            const instant next = memory_.due() < end ? memory_.due() : end;
            session_.turn(moved ? now : next);
        }
    }

    Session& session_;
    Memory& memory_;
    duration timeout_;
};

} // namespace vmsg
