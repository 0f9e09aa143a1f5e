// SPDX-License-Identifier: BSD-2-Clause
// The program at EL3: a partition manager of a few pages. Which world runs is its own business; what a call of FF-A
// means is that of `vmsg::sim::spmc`, which is compiled into it.
#include "manager.hpp"
#include "worlds.hpp"

#include "board/console.hpp"
#include "board/machine.hpp"
#include "board/page_tables.hpp"
#include "board/stack.hpp"

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/rxtx_calls.hpp>
#include <vmsg/ffa/scheduling.hpp>

#include <cstring>
#include <optional>

extern "C" {
extern const std::uint8_t partition_image[], partition_image_end[];
[[noreturn]] void monitor_main();
[[noreturn]] void unexpected_exception();
}

namespace {

using namespace vmsg;
using board::fault;
using monitor::exit_reason;

/// The secure partition as the manager enters it: with a frame, until it makes its next call.
class partition_side {
public:
    partition_side(monitor::world& secure, monitor::world*& present) : secure_(secure), present_(present) {}

    void operator()(ffa::call_frame& frame) {
        if (wakes_first_ && ffa::function_of(frame) == ffa::function_id::msg_send_direct_req2) {
            wakes_first_ = false;
            run_until_it_waits(ffa::encode(ffa::interrupt_call{}));
        }
        run(frame);
    }

    /// It has to have made its first call, and `call` is how it makes others.
    void boot(sim::spmc_conduit call) {
        call_ = call;
        static_cast<void>(secure_.run(present_));
        ffa::call_frame frame = secure_.frame();
        if (ffa::decode_msg_wait(frame)) return;
        call(frame);
        run_until_it_waits(frame);
    }
    /// Before the next request it is entered with FFA_INTERRUPT.
    void wake_first() { wakes_first_ = true; }
    /// It was interrupted, and goes on where it was when it is entered again, whatever it is entered with.
    bool is_preempted() const { return preempted_; }

private:
    void run(ffa::call_frame& frame) {
        if (!preempted_) secure_.set_frame(frame);
        preempted_ = secure_.run(present_) == exit_reason::interrupt;
        // To the manager an interrupted partition is one that has yielded: it is resumed in the same way.
        frame = preempted_ ? ffa::encode(ffa::yield_call{}) : secure_.frame();
    }
    /// The other calls it makes are those that are answered at once.
    void run_until_it_waits(ffa::call_frame frame) {
        for (run(frame); !ffa::decode_msg_wait(frame); run(frame))
            if (!preempted_) (*call_)(frame);
    }

    monitor::world& secure_;
    monitor::world*& present_;
    std::optional<sim::spmc_conduit> call_{};
    bool wakes_first_ = false;
    bool preempted_ = false;
};

void print_text(void*, ffa::endpoint_id, byte_view text) {
    for (const std::uint8_t c : text) board::print(static_cast<char>(c));
}

/// For `uncached`: what the partition finds in its RX buffer is not what the manager has written.
class retrieve_answers {
public:
    static void called(void* self, ffa::endpoint_id from, const ffa::call_frame& call, const ffa::call_frame& answer) {
        if (from == monitor::partition_id) static_cast<retrieve_answers*>(self)->change(call, answer);
    }

private:
    void change(const ffa::call_frame& call, const ffa::call_frame& answer) {
        if (const auto buffers = ffa::decode_rxtx_map(call)) rx_ = buffers->rx;
        if (ffa::function_of(answer) != ffa::function_id::mem_retrieve_resp) return;
        using enum ffa::memory_attributes;
        constexpr std::size_t attributes = 2; // offset in a memory transaction
        store_le(reinterpret_cast<std::uint8_t*>(rx_) + attributes,
                 static_cast<std::uint16_t>(normal | non_cacheable | inner_shareable | non_secure));
    }

    std::uint64_t rx_ = 0;
};

[[maybe_unused]] board::page_tables tables; // not without MMU

void map_memory() {
#ifdef BOARD_WITHOUT_MMU
    BOARD_WRITE("sctlr_el3", BOARD_READ("sctlr_el3") | board::alignment_check);
#else
    using board::mapping;
    tables.map(board::flash, 0x400'0000, mapping::code);
    tables.map(board::interrupt_controller, 0x20'0000, mapping::device);
    tables.map(board::uart, 0x20'0000, mapping::device);
    tables.map(board::secure_memory, board::secure_memory_end - board::secure_memory, mapping::data);
    tables.map(board::memory, board::disk - board::memory, mapping::normal_world);
    tables.activate();
#endif
}

/// All interrupts belong to the normal world.
void give_interrupts_away() {
    const auto at = [](std::uint64_t offset) {
        return reinterpret_cast<volatile std::uint32_t*>(board::interrupt_controller + offset);
    };
    for (std::uint64_t group = 0x80; group < 0xa0; group += 4) *at(group) = 0xffff'ffff; // GICD_IGROUPR
    *at(0x1'0004) = 0xff;                                                                // GICC_PMR
    *at(0x1'0000) = 3;                                                                   // GICC_CTLR
    *at(0) = 3;                                                                          // GICD_CTLR
}

/// EL2 as a driver at EL2 or the program that relays calls needs it.
void prepare_el2() {
    BOARD_WRITE("hcr_el2", std::uint64_t{1} << 31);
    BOARD_WRITE("sctlr_el2", 0x30c5'0830 | board::alignment_check);
    BOARD_WRITE("cptr_el2", 0x33ff);
    BOARD_WRITE("cnthctl_el2", 3);
    BOARD_WRITE("cntvoff_el2", 0);
}

std::uint64_t address_in(const std::uint8_t* place) { return reinterpret_cast<std::uint64_t>(place); }

/// It begins without caches.
void load_partition() {
    const std::uint64_t size = address_in(partition_image_end) - address_in(partition_image);
    std::memcpy(reinterpret_cast<void*>(board::partition_base), partition_image, size);
    board::write_back(board::partition_base, size);
}

} // namespace

extern "C" void unexpected_exception() {
    board::fail("monitor: exception at EL3, esr ", board::hex{BOARD_READ("esr_el3")}, ", elr ",
                board::hex{BOARD_READ("elr_el3")}, ", far ", board::hex{BOARD_READ("far_el3")});
}

extern "C" void monitor_main() {
    map_memory();
    give_interrupts_away();
    const board::settings chosen = *reinterpret_cast<const board::settings*>(board::settings_address);
    const auto what = static_cast<fault>(chosen.what);
    const auto conduit = static_cast<board::conduit_kind>(chosen.conduit);
    const bool relayed = conduit == board::conduit_kind::hvc || conduit == board::conduit_kind::trapped;
    const bool at_el2 = relayed || conduit == board::conduit_kind::smc_el2;
    if (at_el2) prepare_el2();
    load_partition();

    constexpr std::uint64_t masked = 0x3c0;                      // all interrupts
    constexpr std::uint64_t common = 3 << 4 | 1 << 10 | 1 << 11; // bits that are one, AArch64, timers
    constexpr std::uint64_t to_el3 = 1 << 1;                     // IRQ
    constexpr std::uint64_t non_secure = 1 << 0 | 1 << 8;        // and HVC is allowed
    monitor::world secure{"partition", board::partition_base, masked | 5, common | to_el3};
    monitor::world normal{"driver", relayed ? board::hypervisor_base : board::driver_base,
                          masked | (at_el2 ? std::uint64_t{9} : std::uint64_t{5}), common | non_secure};
    monitor::world* present = nullptr;
    partition_side partition{secure, present};

    retrieve_answers answers;
    sim::spmc_hooks hooks{.context = &answers, .console = print_text};
    if (what == fault::uncached) hooks.called = retrieve_answers::called;
    monitor::manager manager{monitor::rules_for(what), hooks};
    monitor::add_faults(manager, what);
    const auto span_of = [](std::uint64_t from, std::uint64_t to) {
        return byte_span{reinterpret_cast<std::uint8_t*>(from), to - from};
    };
    bool ready = manager.add({.id = monitor::driver_id}).has_value();
    ready &= manager
                 .add({.id = monitor::partition_id,
                       .services = {{.protocol = device_role_uuid}},
                       .entry = sim::entry_of(partition)})
                 .has_value();
    ready &= manager.add_memory(monitor::driver_id, board::memory, span_of(board::memory, board::disk)).has_value();
    ready &= manager
                 .add_memory(monitor::partition_id, board::partition_base,
                             span_of(board::partition_base, board::secure_memory_end))
                 .has_value();
    if (!ready) board::fail("monitor: no room for two partitions");

    secure.x(0) = board::disk;
    secure.x(1) = chosen.size;
    secure.x(2) = chosen.what;
    partition.boot(manager.conduit_for(monitor::partition_id));
    if (what == fault::interrupt_first) partition.wake_first();

    auto call_of_driver = manager.conduit_for(monitor::driver_id);
    normal.x(0) = board::settings_address;
    for (;;) {
        static_cast<void>(normal.run(present));
        ffa::call_frame frame = normal.frame();
        if (what == fault::no_ffa)
            frame.x[0] = ~std::uint64_t{0};
        else
            call_of_driver(frame);
        const auto yielded = ffa::decode_yield(frame);
        if (yielded && partition.is_preempted()) frame = ffa::encode(ffa::interrupt_call{yielded->who});
        normal.set_frame(frame);
        board::check_stack("monitor");
    }
}
