// SPDX-License-Identifier: BSD-2-Clause
// A bus over FF-A with direct messages and a partition that is known: tests/freestanding/run looks for code of other
// methods in it.
#include <vmsg/session/ffa_driver.hpp>

using namespace vmsg;

template class vmsg::ffa_driver<ffa::archetypes::conduit, archetypes::session_clock,
                                direct_ffa_policy<revision::oasis_v2>>;
template class vmsg::driver_session<transports::direct_driver<ffa::archetypes::conduit>, archetypes::session_clock,
                                    direct_ffa_policy<revision::oasis_v2>>;

using direct_bus =
    ffa_driver<ffa::archetypes::conduit, archetypes::session_clock, direct_ffa_policy<revision::oasis_v2>>;

errc bring_up(direct_bus& bus) { return bus.open().error(); }
