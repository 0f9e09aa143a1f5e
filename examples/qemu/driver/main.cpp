// SPDX-License-Identifier: BSD-2-Clause
// The program of the normal world: finds the partition, shares memory with it, reads its disk, writes to it, and takes
// everything down again.
#include "disk.hpp"
#include "indirect.hpp"
#include "memory.hpp"
#include "sha256.hpp"
#include "timer.hpp"
#include "watched_conduit.hpp"

#include "board/endpoint.hpp"
#include "board/exceptions.hpp"
#include "board/machine.hpp"
#include "board/page_tables.hpp"
#include "board/stack.hpp"

#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/memory_calls.hpp>
#include <vmsg/session/driver_session.hpp>
#include <vmsg/transport/direct.hpp>

extern "C" [[noreturn]] void main();
extern "C" void on_exception(std::uint64_t index);

namespace {

using namespace vmsg;
using board::need;
using board::print_line;

constexpr revision R = newest_revision;

board::mailbox_pages mailbox;
driver::pool_memory pool;
[[maybe_unused]] board::page_tables tables; // not without MMU
volatile std::uint64_t timer_interrupts = 0;

void map_memory() {
#ifndef BOARD_WITHOUT_MMU
    using board::mapping;
    tables.map(board::driver_base, board::driver_data - board::driver_base, mapping::code);
    tables.map(board::driver_data, board::driver_end - board::driver_data, mapping::data);
    tables.map(board::settings_address, sizeof(board::settings), mapping::data);
    tables.map(board::interrupt_controller, 0x20'0000, mapping::device);
    tables.map(board::uart, 0x20'0000, mapping::device);
    tables.activate();
#endif
}

using endpoint = board::endpoint<driver::watched_conduit>;
using wire_type = transports::direct_driver<driver::watched_conduit>;
struct policy : direct_session_policy<R> {
    static constexpr proto::driver_capacity capacity{
        .devices = 4, .requests = 1, .areas = 1, .kicks = 1, .msg_size = constants_of<R>.ffa_max_msg_size};
};
using session_type = driver_session<wire_type, board::clock, policy>;

ffa::endpoint_id find_peer(endpoint& self) {
    ffa::partition_info room[4];
    ffa::partition_list found{room};
    need(ffa::find_partitions(self.buffers(), device_role_uuid, self.version().use, found), "discovery");
    for (const ffa::partition_info& p : found) {
        if (!ffa::has(p.properties, ffa::partition_properties::receives_direct2)) continue;
        const driver::seen_answers& seen = self.call().seen();
        print_line("partition ", board::hex{static_cast<std::uint16_t>(p.id)}, ", reached by direct messages; ",
                   seen.info_size, " bytes of information in ", seen.info_in_rx ? "RX" : "registers");
        return p.id;
    }
    board::fail("no partition with a device takes FFA_MSG_SEND_DIRECT_REQ2");
}

void print_hash(driver::disk<session_type>& disk, std::uint64_t size) {
    driver::sha256 hash;
    std::uint64_t left = size; // the padding of the last sector does not belong to the file
    for (std::uint64_t sector = 0; left != 0;) {
        const std::uint64_t rest = (disk.sectors() - sector) * virtio::sector_size;
        const auto length = static_cast<std::uint32_t>(rest < disk.transfer_size ? rest : disk.transfer_size);
        if (length == 0) board::fail("the disk is smaller than the file");
        const byte_view bytes = disk.read(sector, length);
        hash.add(bytes.first(static_cast<std::size_t>(left < length ? left : length)));
        left -= left < length ? left : length;
        sector += length / virtio::sector_size;
    }
    const auto made = hash.finish();
    print_line("sha256 driver ", byte_view{made.bytes});
}

/// Writes the first sectors inverted, reads them back, and puts them back as they were.
void write_and_read_back(driver::disk<session_type>& disk, std::uint64_t size) {
    static std::uint8_t wanted[8 * virtio::sector_size];
    const std::uint64_t sectors = disk.sectors() < 8 ? disk.sectors() : 8;
    const auto length = static_cast<std::uint32_t>(sectors * virtio::sector_size);
    const std::size_t kept = static_cast<std::size_t>(size < length ? size : length); // of the file
    const byte_view before = disk.read(0, length);
    for (std::size_t i = 0; i < length; ++i) wanted[i] = static_cast<std::uint8_t>(~before[i]);
    disk.write(0, length, [&](byte_span out) { copy_bytes(out.data(), wanted, length); });
    const byte_view after = disk.read(0, length);
    for (std::size_t i = 0; i < kept; ++i)
        if (after[i] != wanted[i]) board::fail("byte ", i, " was not kept");
    for (std::uint8_t& byte : wanted) byte = static_cast<std::uint8_t>(~byte);
    disk.write(0, length, [&](byte_span out) { copy_bytes(out.data(), wanted, length); });
    print_line("write ", length, " bytes at 0, read back: the same");
}

/// How long requests take that do nothing. Emulated, so for information only.
void measure(session_type& session) {
    constexpr std::uint32_t count = 500;
    const instant start = session.clock().now();
    for (std::uint32_t i = 0; i < count; ++i) need(session.ping(i), "PING");
    const duration time = session.clock().now() - start;
    print_line("round trips per second ", time == 0 ? 0 : count * seconds / time, ", emulated");
}

void print_counters(const transports::direct_counters& sent, const driver::seen_answers& seen) {
    print_line("direct messages ", sent.sent, ", busy ", sent.busy, ", resumed ", sent.resumed, ", interrupted ",
               seen.interrupted, ", yielded ", seen.yielded, ", timer interrupts ", std::uint64_t{timer_interrupts});
    print_line("answers: registers without a meaning ", seen.kept, " kept, ", seen.random, " random; upper halves ",
               seen.upper_halves, ", errors with a sign ", seen.extended_errors);
}

/// What no program does that is compiled for memory without MMU: it shows that the machine would notice.
void read_unaligned() {
    std::uint64_t word = reinterpret_cast<std::uint64_t>(pool.bytes) + 1;
    asm volatile("ldr %w0, [%0]" : "+r"(word) : : "memory");
    print_line("a word was read that is not aligned");
}

void run(const board::settings& chosen) {
    const auto kind = static_cast<board::conduit_kind>(chosen.conduit);
    const bool with_timer = static_cast<board::fault>(chosen.what) == board::fault::preempted;
    driver::watched_conduit call{kind, with_timer};
    endpoint self{call, mailbox};
    print_line("FF-A 1.", minor_of(self.version().use), ", the manager has 1.", minor_of(self.version().callee),
               ", endpoint ", static_cast<std::uint16_t>(self.id()));
    const ffa::endpoint_id peer = find_peer(self);
    const ffa::memory_handle handle = need(driver::share(self, peer, pool), "FFA_MEM_SHARE");

    wire_type wire{call, self.id(), peer};
    board::clock clock;
    session_type session{
        wire,
        clock,
        peer,
        {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = proto::direct_retry_policy}};
    const auto opened = session.open();
    if (!opened) print_counters(wire.counters(), call.seen());
    need(opened, "the bus does not come up");
    const auto devices = session.devices();
    if (devices.size() == 0) board::fail("there is no device on the bus");
    const auto area =
        need(session.share(static_cast<std::uint64_t>(handle), driver::pool_pages, area_attrs::usual), "AREA_SHARE");
    driver::disk<session_type> disk{session, *devices.begin(), area, pool.bytes};
    disk.bring_up();
    print_line("disk of ", disk.sectors(), " sectors");
    print_hash(disk, chosen.size);
    write_and_read_back(disk, chosen.size);
    if (!with_timer) measure(session);

    disk.shut_down();
    need(session.unshare(area), "AREA_UNSHARE");
    need(session.close(), "the bus does not go down");
    need(self.make(ffa::mem_reclaim_call{handle, {}}), "FFA_MEM_RECLAIM");
    const auto pinged = driver::ping_by_indirect_messages(self, peer);
    if (!pinged && pinged.error() != errc::not_supported) board::fail("indirect messages: ", pinged.error());
    print_line("indirect messages: ", pinged ? "PING was answered" : "not supported");
    need(self.buffers().unmap(), "FFA_RXTX_UNMAP");
    print_counters(wire.counters(), call.seen());
    if (with_timer && (call.seen().interrupted == 0 || timer_interrupts == 0))
        board::fail("no request was interrupted");
    print_line("leaks ", session.engine().open_areas(), " areas ", session.engine().open_requests(), " requests");
}

} // namespace

void on_exception(std::uint64_t index) {
    constexpr std::uint64_t synchronous = 4; // at this level, with its own stack
    constexpr std::uint64_t interrupt = 5;
    if (index == interrupt) {
        if (driver::timer::handle()) timer_interrupts = timer_interrupts + 1;
        return;
    }
    const board::exception_cause why;
    if (index == synchronous && why.syndrome >> 26 == 0)
        board::fail("an instruction is undefined at ", board::hex{why.where},
                    ": without EL3 there is no SMC at EL1, without EL2 no HVC");
    board::fail_by_exception("driver", index, why);
}

void main() {
    map_memory();
    const board::settings chosen = *reinterpret_cast<const board::settings*>(board::settings_address);
    print_line("driver at EL", board::exception_level());
    const auto what = static_cast<board::fault>(chosen.what);
    if (what == board::fault::preempted) driver::timer::prepare();
    if (what == board::fault::unaligned) read_unaligned();
    run(chosen);
    print_line("stack ", board::stack_used(), " of ", board::stack_size(), " bytes");
    board::check_stack("driver");
    board::stop(0);
}
