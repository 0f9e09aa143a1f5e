// SPDX-License-Identifier: BSD-2-Clause
// Uses of what runs a bus: everything of both engines in the oldest and the newest revision, and all transports.
#include <vmsg/proto/any_device.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/transport/direct.hpp>
#include <vmsg/transport/direct_device.hpp>
#include <vmsg/transport/fifo.hpp>
#include <vmsg/transport/indirect.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/notification_doorbell.hpp>
#include <vmsg/transport/switched.hpp>
#include <vmsg/virtio/resolver.hpp>

using namespace vmsg;

template class proto::driver<revision::rfc2025>;
template class proto::driver<revision::oasis_v2>;
template class proto::device_bus<revision::rfc2025>;
template class proto::device_bus<revision::oasis_v2>;
template class proto::any_device_bus<2>;
template class proto::attached<archetypes::device_model>;
template class transports::loopback<4, 104>;
template class transports::direct_driver<ffa::archetypes::conduit>;
template class transports::indirect<ffa::archetypes::conduit>;

template class proto::driver<revision::oasis_v2, proto::driver_capacity{.fifo = true}>;
template class proto::device_bus<revision::oasis_v2, proto::device_capacity{.fifo = true}>;
template class transports::notification_doorbell<ffa::archetypes::conduit>;
template class transports::fifo<>;
template class transports::switched<transports::loopback<4, 104>::end, transports::fifo<>>;

static_assert(virtio::resolver<proto::device_areas<revision::rfc2025, 1>>);
static_assert(virtio::resolver<proto::device_areas<revision::oasis_v2, 8>>);

bool use_direct_device(transports::direct_device& device, ffa::call_frame& frame, byte_span buffer) {
    const bool asked = device.enter(frame) == transports::direct_entry::message && device.receive(buffer, 0);
    const bool answered = asked && device.send(device.peer(), buffer, 0);
    device.leave(frame);
    return answered;
}

using driver = proto::driver<revision::oasis_v2>;

template <class Request> static bool ask(driver& d, const Request& asked, instant now) {
    const auto ticket = d.request<Request>(1, asked, now);
    if (!ticket) return false;
    const bool answered = d.response(*ticket).has_value();
    d.release(*ticket, now);
    return answered;
}

bool use_requests(driver& d, instant now) {
    return ask(d, get_device_info_request{}, now) && ask(d, get_device_features_request{0, 2}, now) &&
           ask(d, set_driver_features_request{}, now) && ask(d, get_config_request{0, 8}, now) &&
           ask(d, set_config_request{}, now) && ask(d, get_device_status_request{}, now) &&
           ask(d, set_device_status_request{}, now) && ask(d, get_vqueue_request{}, now) &&
           ask(d, set_vqueue_request{}, now) && ask(d, reset_vqueue_request{}, now) && ask(d, get_shm_request{}, now);
}
