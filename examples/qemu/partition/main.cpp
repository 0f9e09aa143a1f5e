// SPDX-License-Identifier: BSD-2-Clause
// The program at S-EL1: a secure partition with a disk. It runs only when the driver asks it for something.
#include "disk.hpp"
#include "lent_memory.hpp"
#include "log.hpp"

#include "board/endpoint.hpp"
#include "board/exceptions.hpp"
#include "board/machine.hpp"
#include "board/page_tables.hpp"
#include "board/stack.hpp"

#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/text.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/transport/indirect.hpp>

extern "C" {
[[noreturn]] void main(std::uint64_t image, std::uint64_t size, std::uint64_t what);
[[noreturn]] void on_exception(std::uint64_t index);
}

namespace {

using namespace vmsg;
using transports::direct_entry;

constexpr revision R = newest_revision;
constexpr std::size_t msg_size = constants_of<R>.ffa_max_msg_size;
constexpr std::uint16_t disk_number = 1; // on the bus

board::mailbox_pages mailbox;
board::page_tables tables;

void map_memory([[maybe_unused]] std::uint64_t image, [[maybe_unused]] std::uint64_t size) {
#ifndef BOARD_WITHOUT_MMU
    using board::mapping;
    tables.map(board::partition_base, board::partition_data - board::partition_base, mapping::code);
    tables.map(board::partition_data, board::secure_memory_end - board::partition_data, mapping::data);
    tables.map(board::uart, 0x20'0000, mapping::device);
    tables.map(image, size, mapping::normal_world);
    tables.activate();
#endif
}

/// A bus without devices that is reached by indirect messages: whether they arrive can be tried with PING.
class second_bus {
public:
    explicit second_bus(board::endpoint<ffa::smc_conduit>& self) : wire_(self.buffers(), self.id(), {}, options()) {}

    /// Answers what has come.
    void work() {
        std::uint8_t buffer[msg_size];
        for (auto in = wire_.receive(buffer, 0); in; in = wire_.receive(buffer, 0)) {
            static_cast<void>(bus_.handle_frame({buffer, in->size}, 0)); // what is wrong is counted
            if (const auto out = bus_.poll_transmit(0)) bus_.handle_sent(wire_.send(in->peer, *out, 0), 0);
        }
    }

private:
    static transports::indirect_options options() {
        auto made = transports::indirect_device_options(msg_size);
        made.any_peer = true;
        return made;
    }

    transports::indirect<ffa::smc_conduit> wire_;
    proto::device_bus<R, proto::device_capacity{.devices = 1, .areas = 1, .msg_size = msg_size}> bus_{
        {.max_msg_size = msg_size}};
};

/// The device side and its way into and out of the partition.
class partition_side {
    using bus_type = proto::device_bus<R, proto::device_capacity{.devices = 1, .areas = 1, .msg_size = msg_size}>;

public:
    partition_side(board::endpoint<ffa::smc_conduit>& self, byte_span image, board::fault what)
        : self_(self),
          memory_(self, tables),
          bus_({.max_msg_size = msg_size,
                .bus_features = bus_feature::direct_rx | bus_feature::direct_tx,
                .can_push = false}),
          disk_(bus_.areas(), {image, what}),
          second_(self) {
        board::need(bus_.attach(disk_number, port_), "attach");
    }

    /// What the partition was entered with becomes the call it leaves with.
    void operator()(ffa::call_frame& frame) {
        board::check_stack("partition");
        const direct_entry why = wire_.enter(frame);
        if (why == direct_entry::refused) board::fail("partition: a call was refused");
        if (why == direct_entry::interrupt) ++interrupts_;
        if (why == direct_entry::message && !asked_) note_first_request();
        if (why == direct_entry::resumed || why == direct_entry::interrupt) second_.work();
        std::uint8_t buffer[msg_size];
        if (const auto in = wire_.receive(buffer, 0))
            static_cast<void>(bus_.handle_frame({buffer, in->size}, 0)); // what is wrong is counted
        for (auto task = bus_.poll_task(); task.what != proto::area_task::kind::none; task = bus_.poll_task())
            attend(task);
        if (disk_.work()) static_cast<void>(bus_.used(disk_number, 0));
        if (disk_.broken()) static_cast<void>(bus_.needs_reset(disk_number));
        if (const auto out = bus_.poll_transmit(0)) bus_.handle_sent(wire_.send(wire_.peer(), *out, 0), 0);
        wire_.leave(frame);
    }

private:
    void note_first_request() {
        asked_ = true;
        char room[64];
        text_writer line{room};
        line.put("partition: FFA_INTERRUPT before the first request: ");
        line.put_decimal(interrupts_);
        line.put('\n');
        partition::log(self_.call(), self_.version().use, line);
    }
    void attend(const proto::area_task& task) {
        if (task.what == proto::area_task::kind::unmap) {
            if (!memory_.unmap()) board::fail("partition: memory cannot be given back");
            static_cast<void>(bus_.areas().unmapped(task.area_id));
        } else if (const auto bytes = memory_.map(wire_.peer(), task.mem_handle, task.page_count)) {
            static_cast<void>(bus_.areas().mapped(task.area_id, *bytes));
        } else {
            static_cast<void>(bus_.areas().refused(task.area_id, bus_result::error));
        }
    }

    board::endpoint<ffa::smc_conduit>& self_;
    partition::lent_memory<ffa::smc_conduit> memory_;
    bus_type bus_;
    partition::disk_device<typename bus_type::areas_type> disk_;
    proto::attached<decltype(disk_)> port_{disk_};
    second_bus second_;
    transports::direct_device wire_{R, device_role_uuid, msg_size};
    std::uint32_t interrupts_ = 0; // with which it was entered
    bool asked_ = false;           // by a request, ever
};

} // namespace

void on_exception(std::uint64_t index) { board::fail_by_exception("partition", index, {}); }

void main(std::uint64_t image, std::uint64_t size, std::uint64_t what) {
    map_memory(image, size);
    ffa::smc_conduit call;
    board::endpoint self{call, mailbox};
    partition_side side{self, {reinterpret_cast<std::uint8_t*>(image), size}, static_cast<board::fault>(what)};
    ffa::call_frame frame = ffa::encode(ffa::msg_wait_call{});
    for (;;) {
        call(frame);
        side(frame);
    }
}
