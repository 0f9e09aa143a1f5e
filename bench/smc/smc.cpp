// SPDX-License-Identifier: BSD-2-Clause
// A driver side whose way from a call of the API to the SMC instruction is counted in an execution trace. The manager
// is behind a signal handler, as in tests/arch.
#include "arch/instructions.hpp"
#include "transport/support/direct_rig.hpp"

#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/session/direct_client.hpp>
#include <vmsg/session/direct_session.hpp>
#include <vmsg/sim/spmc.hpp>

#include <cstdlib>

using namespace vmsg;
using namespace transport_test;

namespace {

constexpr revision R = newest_revision;
constexpr std::uint16_t device_number = 3;

using wire_type = transports::direct_driver<ffa::smc_conduit>;
using clock_type = virtual_clock<nothing_else>;
using session_type = driver_session<wire_type, clock_type, direct_policy<R>>;
using direct_type = direct_session<ffa::smc_conduit, clock_type, direct_policy<R>>;
using client_type = direct_client<R, ffa::smc_conduit, clock_type>;

struct world {
    direct_partition<R> peer{};
    sim::spmc<> spmc{sim::profiles::generic};
    arch_test::trap trap{answer, this};
    ffa::smc_conduit call{};
    wire_type wire{call, driver_id, device_id, {.max_msg_size = constants_of<R>.ffa_max_msg_size}};
    nothing_else others{};
    clock_type clock{others};
    session_type session{
        wire,
        clock,
        device_id,
        {.bus_features = bus_feature::direct_rx | bus_feature::direct_tx, .policy = proto::direct_retry_policy}};
    direct_type direct{call, clock, driver_id, device_id};
    client_type client{call, clock, driver_id, device_id};

    static void answer(void* context, arch_test::instruction, ffa::call_frame& frame) {
        static_cast<world*>(context)->spmc.conduit_for(driver_id)(frame);
    }
};

void need(bool good) {
    if (!good) std::abort();
}

// A device that runs.
template <class Session> void bring_up(Session& session) {
    need(session.open().has_value());
    need(session.at(device_number).negotiate(feature_set{{0x200, 0x103, 0, 0}}).has_value());
    need(session.at(device_number).driver_ok().has_value());
}

} // namespace

// What is counted begins where these begin, and ends with their first SMC.
extern "C" {
[[gnu::noinline]] bool counted_kick(session_type& session) {
    if (!session.at(device_number).notify(0, 1)) return false;
    return session.wait(0).kind == proto::driver_event_kind::none;
}
[[gnu::noinline]] bool counted_request(session_type& session) { return session.at(device_number).status().has_value(); }
[[gnu::noinline]] bool counted_direct_kick(direct_type& session) {
    return session.at(device_number).notify(0, 1).has_value();
}
[[gnu::noinline]] bool counted_direct_request(direct_type& session) {
    return session.at(device_number).status().has_value();
}
[[gnu::noinline]] bool counted_client_kick(client_type& client) {
    return client.notify(device_number, 0, 1).has_value();
}
[[gnu::noinline]] bool counted_client_request(client_type& client) {
    return client.ask(device_number, get_device_status_request{}).has_value();
}
}

int main() {
    static world w;
    need(w.spmc.add({.id = driver_id}).has_value());
    need(w.spmc.add({.id = device_id, .services = {{.protocol = device_role_uuid}}, .entry = sim::entry_of(w.peer)})
             .has_value());
    need(ffa::negotiate(w.call).has_value());
    bring_up(w.session);
    for (int i = 0; i < 2; ++i) need(counted_kick(w.session) && counted_request(w.session));
    for (int i = 0; i < 2; ++i) need(counted_client_kick(w.client) && counted_client_request(w.client));
    need(w.session.close().has_value());
    bring_up(w.direct);
    for (int i = 0; i < 2; ++i) need(counted_direct_kick(w.direct) && counted_direct_request(w.direct));
}
