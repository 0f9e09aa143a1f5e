// EXPECT: every request with data has a segment
// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/block_driver.hpp>

#ifdef VMSG_GOOD
vmsg::virtio::block_request<1> request;
#else
vmsg::virtio::block_request<0> request;
#endif
