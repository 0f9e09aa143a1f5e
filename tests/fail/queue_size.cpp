// EXPECT: a split virtqueue has a power of two of entries, at most 32768
// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/driver_queue.hpp>

#ifdef VMSG_GOOD
vmsg::virtio::driver_queue<32768> queue;
#else
vmsg::virtio::driver_queue<65536> queue;
#endif
