// SPDX-License-Identifier: BSD-2-Clause
// A bus over FF-A that can do all there is: by both methods, with notifications, over a FIFO.
#include <vmsg/session/ffa_driver.hpp>

using namespace vmsg;

struct fifo_policy : ffa_policy<revision::oasis_v2> {
    static constexpr proto::driver_capacity capacity{.fifo = true};
};

using buffers_type = ffa::rxtx<ffa::archetypes::conduit>;

template class vmsg::ffa_driver<buffers_type, archetypes::session_clock, fifo_policy>;

errc bring_up(ffa_driver<buffers_type, archetypes::session_clock, fifo_policy>& bus) { return bus.open().error(); }
