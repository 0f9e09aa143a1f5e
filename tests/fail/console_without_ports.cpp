// EXPECT: a console has 1 to 32767 ports
// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/console_driver.hpp>

#ifdef VMSG_GOOD
vmsg::virtio::console_ports<1> ports;
#else
vmsg::virtio::console_ports<0> ports;
#endif
