// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/ids.hpp>
#include <vmsg/message/info.hpp>

#include "support/check.hpp"

using namespace vmsg;

namespace {

constexpr bool starts_with_ffa(const char* name) { return name[0] == 'F' && name[1] == 'F' && name[2] == 'A'; }

constexpr bool same(const char* a, const char* b) {
    while (*a != 0 && *a == *b) ++a, ++b;
    return *a == *b;
}

// The type byte follows from class and kind.
constexpr bool types_follow() {
    for (const message_info& m : messages) {
        const bool is_bus = m.cls != msg_class::transport;
        const unsigned type = (is_bus ? 2u : 0u) + (m.kind == msg_kind::response ? 1u : 0u);
        if (m.type() != type) return false;
    }
    return true;
}

// Of one bus are the ids below 0x80, of the FF-A bus the others and that of the acknowledgement.
constexpr bool id_ranges_are_kept() {
    for (const message_info& m : messages) {
        const bool ffa_id = m.id >= 0x80 || m.id == 0;
        if (ffa_id != (m.cls == msg_class::ffa_bus) || starts_with_ffa(m.name) != ffa_id) return false;
    }
    return true;
}

// A request comes with the response that has its name and goes the other way.
constexpr bool requests_have_responses() {
    for (const message_info& m : messages) {
        if (m.kind != msg_kind::request) continue;
        unsigned found = 0;
        for (const message_info& other : messages) {
            if (other.kind != msg_kind::response || other.cls != m.cls || other.id != m.id) continue;
            const bool opposite = m.dir == direction::either ? other.dir == direction::either : other.dir != m.dir;
            if (same(m.name, other.name) && opposite) ++found;
        }
        if (found != 1) return false;
    }
    return true;
}

struct not_a_message {};

} // namespace

TEST_CASE("H2, H7: the type byte of every message") { CX_CHECK(types_follow()); }

TEST_CASE("the ids of the classes") { CX_CHECK(id_ranges_are_kept()); }

TEST_CASE("every request has a response") { CX_CHECK(requests_have_responses()); }

TEST_CASE("ids have the values of the specification") {
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_device_info) == 0x02);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_device_features) == 0x03);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::set_driver_features) == 0x04);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_config) == 0x05);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::set_config) == 0x06);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_device_status) == 0x07);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::set_device_status) == 0x08);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_vqueue) == 0x09);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::set_vqueue) == 0x0a);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::reset_vqueue) == 0x0b);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::get_shm) == 0x0c);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::event_config) == 0x40);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::event_avail) == 0x41);
    CX_CHECK(static_cast<unsigned>(transport_msg_id::event_used) == 0x42);
    CX_CHECK(static_cast<unsigned>(bus_msg_id::get_devices) == 0x02);
    CX_CHECK(static_cast<unsigned>(bus_msg_id::ping) == 0x03);
    CX_CHECK(static_cast<unsigned>(bus_msg_id::event_device) == 0x40);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::event_ack) == 0x00);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::version) == 0x80);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::area_share) == 0x81);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::area_unshare) == 0x82);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::reset) == 0x83);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::event_poll) == 0x84);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::event_configure) == 0x85);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::fifo_configure) == 0x86);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::error) == 0x87);
    CX_CHECK(static_cast<unsigned>(ffa_bus_msg_id::event_area_release) == 0xc0);
}

TEST_CASE("a row is found by its message type") {
    CX_CHECK(same(row_of<area_share_request>.name, "FFA_AREA_SHARE"));
    CX_CHECK(row_of<area_share_request>.kind == msg_kind::request);
    CX_CHECK(row_of<event_used>.dir == direction::device_to_driver);
    CX_CHECK(row_of<event_avail>.dir == direction::driver_to_device);
    CX_CHECK(message<ping_request>);
    CX_CHECK(!message<not_a_message>);
    CX_CHECK(!message<int>);
    CX_CHECK(all_messages::size == 47);
}
