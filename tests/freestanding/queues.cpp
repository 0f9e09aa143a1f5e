// SPDX-License-Identifier: BSD-2-Clause
// Uses of what rides on a bus: both sides of a virtqueue, block and entropy devices, a pool of shared buffers.
#include <vmsg/virtio/block_device.hpp>
#include <vmsg/virtio/block_driver.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/entropy.hpp>
#include <vmsg/virtio/resolver.hpp>

using namespace vmsg;

template class virtio::driver_queue<64>;
template class virtio::device_queue<18, 64>;
template class virtio::dma_pool<64>;
template class virtio::block_request<4>;

using device_queue = virtio::device_queue<18, 64>;

bool use_enable(device_queue& queue, virtio::flat_region& memory, const virtio::queue_addresses& at) {
    return queue.enable(memory, at, 64, 64).has_value();
}

bool use_block(device_queue& queue, virtio::flat_region& memory, virtio::chain<18>& chain) {
    archetypes::block_backend disk;
    if (!queue.pop(memory, chain)) return false;
    return queue.push(chain, serve_block(disk, virtio::block_offer(disk), chain.reader(), chain.writer())).has_value();
}

bool use_entropy(device_queue& queue, virtio::flat_region& memory, virtio::chain<18>& chain) {
    archetypes::entropy_source source;
    if (!queue.pop(memory, chain)) return false;
    const auto used = serve_entropy(source, chain.reader(), chain.writer());
    return used && queue.push(chain, *used);
}

bool use_config(byte_view config, const feature_set& offered, byte_span out) {
    const auto read = virtio::decode_block_config(config, offered);
    return read && virtio::limits_of(*read, offered, offered).capacity != 0 &&
           virtio::encode_block_config(out, *read).has_value();
}
