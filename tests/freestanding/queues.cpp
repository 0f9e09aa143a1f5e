// SPDX-License-Identifier: BSD-2-Clause
// Uses of virtqueues on both sides, and of the devices that ride on them.
#include <vmsg/virtio/block_device.hpp>
#include <vmsg/virtio/block_driver.hpp>
#include <vmsg/virtio/console_device.hpp>
#include <vmsg/virtio/console_driver.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/entropy.hpp>

using namespace vmsg;
using namespace vmsg::virtio;

bool use_attach(driver_queue<256>& queue, const queue_memory& areas, std::uint32_t size, const feature_set& accepted) {
    return queue.attach(areas, size, {.negotiated = accepted}).has_value();
}

std::uint32_t use_driver_queue(driver_queue<256>& queue, block_request<2>& request, const block_limits& limits,
                               const dma_buffer& frame, const dma_buffer& table, const buffer& data) {
    if (!request.read(limits, frame, 0, data)) return 0;
    queue.suppress_interrupts();
    if (!queue.add(request.readable(), request.writable(), table)) return 0;
    queue.publish();
    const std::uint32_t position = queue.kick_needed() ? queue.next_offset() : 0;
    const auto done = queue.poll_used();
    if (done && request.finish(*done)) return done->written;
    return queue.enable_interrupts() ? 1 : position;
}

void use_detach(driver_queue<256>& queue) {
    queue.detach();
    while (queue.poll_used()) {}
}

bool use_enable(device_queue<16>& queue, const flat_region& region, const queue_addresses& at, std::uint32_t size,
                const feature_set& accepted) {
    return queue.enable(region, at, size, 256, {.negotiated = accepted}).has_value();
}

bool use_block_device(device_queue<16>& queue, const flat_region& region, chain<16>& taken, const feature_set& accepted,
                      archetypes::block_backend& disk) {
    queue.suppress_kicks();
    while (queue.pop(region, taken))
        if (!queue.push(taken, serve_block(disk, accepted, taken.reader(), taken.writer()))) return false;
    return queue.interrupt_needed() || queue.enable_kicks();
}

bool use_entropy_device(device_queue<16>& queue, const flat_region& region, chain<16>& taken,
                        archetypes::entropy_source& source) {
    if (!queue.pop(region, taken)) return false;
    const auto used = serve_entropy(source, taken.reader(), taken.writer());
    if (!used) queue.break_queue(queue_fault::direction);
    return used && queue.push(taken, *used);
}

std::uint32_t use_console_device(console_device_ports<4>& ports, archetypes::console_backend& terminal,
                                 const chain<16>& taken, console_control& heard) {
    chain_reader reader = taken.reader();
    if (const auto m = ports.handle_control(reader, taken.writer())) heard = *m;
    std::uint32_t used = ports.fill_control(reader, taken.writer()).value_or(0);
    used += serve_console_output(terminal, reader, taken.writer()).value_or(0);
    return used + serve_console_input(terminal, reader, taken.writer()).value_or(0);
}

bool use_console_driver(console_ports<4>& ports, const completion& done, const dma_buffer& lent, byte_span room) {
    const auto size = take_console_input(done, lent, room);
    if (!size) return false;
    const auto news = ports.handle_control(room.first(*size));
    return news && news->has_reply && encode_console_control(room, news->reply);
}

bool use_pool(dma_pool<64>& pool, dma_buffer& got) {
    const auto taken = pool.allocate(100, 64);
    if (taken) got = *taken;
    return taken || pool.free(got.address);
}
