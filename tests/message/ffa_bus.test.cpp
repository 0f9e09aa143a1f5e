// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/ffa_bus.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

GOLDEN(oasis_v2, version_request,
       {.bus_version = 0x13121110, .transport_revision = 0x23222120, .ffa_version = 0x33323130},
       {0x02, 0x80, 0x00, 0x00, 0x0c, 0x0d, 0x14, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33});
GOLDEN(oasis_v1, version_request, {.bus_version = 0x13121110, .transport_revision = 0x23222120},
       {0x02, 0x80, 0x00, 0x00, 0x0c, 0x0d, 0x10, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23});
GOLDEN(rfc2025, version_request,
       {.bus_version = 0x13121110,
        .transport_revision = 0x23222120,
        .feature_bits = 0x43424140,
        .bus_features = bus_feature{0x53525150},
        .max_areas = 0x6160},
       {0x02, 0x80, 0x00, 0x00, 0x18, 0x00,             //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, // driver_version, vmsg_revision
        0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, // vmsg_features, features
        0x60, 0x61});                                   // area_num

GOLDEN(oasis_v2, version_response,
       {.bus_version = 0x13121110,
        .transport_revision = 0x23222120,
        .ffa_version = 0x33323130,
        .feature_bits = 0x43424140,
        .bus_features = bus_feature{0x53525150},
        .max_areas = 0x6160},
       {0x03, 0x80, 0x00, 0x00, 0x0c, 0x0d, 0x1e, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, // bus_version, transport_revision
        0x30, 0x31, 0x32, 0x33,                         // ffa_version
        0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, // feature_bits, bus_features
        0x60, 0x61});                                   // max_areas
GOLDEN(oasis_v1, version_response,
       {.bus_version = 0x13121110,
        .transport_revision = 0x23222120,
        .feature_bits = 0x43424140,
        .bus_features = bus_feature{0x53525150},
        .max_areas = 0x6160},
       {0x03, 0x80, 0x00, 0x00, 0x0c, 0x0d, 0x1a, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, // bus_version, transport_revision
        0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, // transport_features, bus_features
        0x60, 0x61});                                   // area_num
GOLDEN(rfc2025, version_response,
       {.bus_version = 0x13121110,
        .transport_revision = 0x23222120,
        .feature_bits = 0x43424140,
        .bus_features = bus_feature{0x53525150},
        .max_areas = 0x6160},
       {0x03, 0x80, 0x00, 0x00, 0x18, 0x00,             //
        0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, // device_version, vmsg_revision
        0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53, // vmsg_features, features
        0x60, 0x61});                                   // area_num

constexpr area_share_request some_area{.area_id = 0x1110,
                                       .mem_handle = 0x27262524'23222120,
                                       .mem_tag = 0x37363534'33323130,
                                       .page_count = 0x43424140,
                                       .sharing_attrs = area_attrs{0x53525150}};
GOLDEN(oasis_v2, area_share_request, some_area,
       {0x02, 0x81, 0x00, 0x00, 0x0c, 0x0d, 0x22, 0x00,   //
        0x10, 0x11,                                       // area_id
        0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,   // mem_handle
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,   // mem_tag
        0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53}); // page_count, sharing_attrs
GOLDEN(oasis_v1, area_share_request, some_area, {0x02, 0x81, 0x00, 0x00, 0x0c, 0x0d, 0x22, 0x00,   //
                                                 0x10, 0x11,                                       // area_id
                                                 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,   // mem_handle
                                                 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,   // tag
                                                 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53}); // count, attr
GOLDEN(rfc2025, area_share_request, some_area, {0x02, 0x81, 0x00, 0x00, 0x20, 0x00,                //
                                                0x10, 0x11,                                        // area_id
                                                0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,    // mem_handle
                                                0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,    // tag
                                                0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x52, 0x53});  // count, attr

constexpr bus_result any_result{0x2120};

GOLDEN(oasis_v2, area_share_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x81, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(oasis_v1, area_share_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x81, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(rfc2025, area_share_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x81, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x20, 0x21});

GOLDEN(oasis_v2, area_unshare_request, {.area_id = 0x1110},
       {0x02, 0x82, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x10, 0x11});
GOLDEN(oasis_v1, area_unshare_request, {.area_id = 0x1110},
       {0x02, 0x82, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x10, 0x11});
GOLDEN(rfc2025, area_unshare_request, {.area_id = 0x1110}, {0x02, 0x82, 0x00, 0x00, 0x08, 0x00, 0x10, 0x11});

GOLDEN(oasis_v2, area_unshare_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x82, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(oasis_v1, area_unshare_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x82, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x20, 0x21});
GOLDEN(rfc2025, area_unshare_response, {.area_id = 0x1110, .result = any_result},
       {0x03, 0x82, 0x00, 0x00, 0x0a, 0x00, 0x10, 0x11, 0x20, 0x21});

GOLDEN(oasis_v2, reset_request, {}, {0x02, 0x83, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, reset_request, {}, {0x02, 0x83, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, reset_request, {}, {0x02, 0x83, 0x00, 0x00, 0x06, 0x00});

GOLDEN(oasis_v2, reset_response, {.result = any_result}, {0x03, 0x83, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x20, 0x21});
GOLDEN(oasis_v1, reset_response, {.result = any_result}, {0x03, 0x83, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x20, 0x21});
GOLDEN(rfc2025, reset_response, {}, {0x03, 0x83, 0x00, 0x00, 0x06, 0x00});

GOLDEN(oasis_v2, event_poll_request, {}, {0x02, 0x84, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, event_poll_request, {}, {0x02, 0x84, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, event_poll_request, {}, {0x02, 0x84, 0x00, 0x00, 0x06, 0x00});

GOLDEN(oasis_v2, event_poll_response, {}, {0x03, 0x84, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, event_poll_response, {}, {0x03, 0x84, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, event_poll_response, {}, {0x03, 0x84, 0x00, 0x00, 0x06, 0x00});

GOLDEN(oasis_v2, event_configure_request, {.method = event_method{0x10}, .reserved = 0x20, .notif_id = 0x3130},
       {0x02, 0x85, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x20, 0x30, 0x31});
GOLDEN(oasis_v1, event_configure_request, {.method = event_method{0x10}, .reserved = 0x20, .notif_id = 0x3130},
       {0x02, 0x85, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x20, 0x30, 0x31});

GOLDEN(oasis_v2, event_configure_response, {.result = any_result},
       {0x03, 0x85, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x20, 0x21});
GOLDEN(oasis_v1, event_configure_response, {.result = any_result},
       {0x03, 0x85, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x20, 0x21});

constexpr fifo_configure_request some_fifo{
    .mem_handle = 0x17161514'13121110, .page_count = 0x2120, .driver_notif_id = 0x3130};
GOLDEN(oasis_v2, fifo_configure_request, some_fifo,
       {0x02, 0x86, 0x00, 0x00, 0x0c, 0x0d, 0x14, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x20, 0x21, 0x30, 0x31});
GOLDEN(oasis_v1, fifo_configure_request, some_fifo,
       {0x02, 0x86, 0x00, 0x00, 0x0c, 0x0d, 0x14, 0x00, //
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x20, 0x21, 0x30, 0x31});

GOLDEN(oasis_v2, fifo_configure_response, {.result = any_result, .device_notif_id = 0x3130},
       {0x03, 0x86, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x20, 0x21, 0x30, 0x31});
GOLDEN(oasis_v1, fifo_configure_response, {.result = any_result, .device_notif_id = 0x3130},
       {0x03, 0x86, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x20, 0x21, 0x30, 0x31});

GOLDEN(oasis_v2, error_response, {.original_msg_id = 0x1110},
       {0x03, 0x87, 0x0a, 0x0b, 0x0c, 0x0d, 0x0a, 0x00, 0x10, 0x11});

GOLDEN(oasis_v2, event_area_release, {.area_id = 0x1110}, {0x02, 0xc0, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x10, 0x11});
GOLDEN(oasis_v1, event_area_release, {.area_id = 0x1110}, {0x02, 0xc0, 0x00, 0x00, 0x0c, 0x0d, 0x0a, 0x00, 0x10, 0x11});
GOLDEN(rfc2025, event_area_release, {.area_id = 0x1110}, {0x02, 0xc0, 0x00, 0x00, 0x08, 0x00, 0x10, 0x11});

GOLDEN(oasis_v2, event_ack_response, {}, {0x03, 0x00, 0x00, 0x00, 0x0c, 0x0d, 0x08, 0x00});

template <class M, revision R> constexpr bool results_are_checked(M m) {
    for (unsigned value = 0; value < 5; ++value) {
        m.result = bus_result(value);
        if (valid<R>(m) != (value <= 2)) return false;
    }
    m.result = bus_result{0xffff};
    return !valid<R>(m);
}

template <class M> constexpr bool area_ids_are_checked(M m) {
    const auto valid_id = [](M n, std::uint16_t id, auto in) {
        n.area_id = id;
        return valid<decltype(in)::value>(n);
    };
    constexpr std::integral_constant<revision, revision::oasis_v2> v2;
    constexpr std::integral_constant<revision, revision::oasis_v1> v1;
    constexpr std::integral_constant<revision, revision::rfc2025> old;
    return !valid_id(m, 0, v2) && valid_id(m, 1, v2) && valid_id(m, 0xffff, v2) && //
           !valid_id(m, 0, v1) && valid_id(m, 0xffff, v1) &&                       //
           !valid_id(m, 0, old) && valid_id(m, 0xff, old) && !valid_id(m, 0x100, old);
}

constexpr bool valid_attrs(std::uint32_t attrs) {
    return valid<revision::oasis_v2>(
        area_share_request{.area_id = 1, .page_count = 1, .sharing_attrs = area_attrs{attrs}});
}
template <revision R> constexpr bool valid_old_attrs(std::uint32_t attrs) {
    return valid<R>(area_share_request{.area_id = 1, .page_count = 1, .sharing_attrs = area_attrs{attrs}});
}

using configure = event_configure_request;

} // namespace

TEST_CASE("members of FFA_VERSION that a revision does not have are not sent") {
    constexpr version_request request{.bus_version = 1, .transport_revision = 2};
    constexpr version_request with_ffa{.bus_version = 1, .transport_revision = 2, .ffa_version = 3};
    constexpr version_request with_features{.bus_version = 1,
                                            .transport_revision = 2,
                                            .feature_bits = 4,
                                            .bus_features = bus_feature::direct_rx,
                                            .max_areas = 6};
    CX_CHECK(sends_the_same<revision::oasis_v2>(request, with_features));
    CX_CHECK(sends_the_same<revision::oasis_v1>(request, with_features));
    CX_CHECK(sends_the_same<revision::oasis_v1>(request, with_ffa));
    CX_CHECK(sends_the_same<revision::rfc2025>(request, with_ffa));
    CX_CHECK(sends_the_same<revision::oasis_v1>(version_response{}, {.ffa_version = 3}));
    CX_CHECK(sends_the_same<revision::rfc2025>(version_response{}, {.ffa_version = 3}));
    CX_CHECK(sends_the_same<revision::rfc2025>(reset_response{}, {.result = bus_result::busy}));
}

TEST_CASE("FF-A bus: areas are numbered from 1 to the maximum of the revision") {
    CX_CHECK(area_ids_are_checked(area_share_request{.page_count = 1}));
    CX_CHECK(area_ids_are_checked(area_share_response{}));
    CX_CHECK(area_ids_are_checked(area_unshare_request{}));
    CX_CHECK(area_ids_are_checked(area_unshare_response{}));
    CX_CHECK(area_ids_are_checked(event_area_release{}));
}

TEST_CASE("FF-A bus: results are success, error and busy") {
    CX_CHECK(results_are_checked<area_share_response, revision::oasis_v2>({.area_id = 1}));
    CX_CHECK(results_are_checked<area_unshare_response, revision::oasis_v1>({.area_id = 1}));
    CX_CHECK(results_are_checked<area_unshare_response, revision::rfc2025>({.area_id = 1}));
    CX_CHECK(results_are_checked<reset_response, revision::oasis_v2>({}));
    CX_CHECK(results_are_checked<event_configure_response, revision::oasis_v2>({}));
    CX_CHECK(static_cast<unsigned>(bus_result::success) == 0);
    CX_CHECK(static_cast<unsigned>(bus_result::error) == 1);
    CX_CHECK(static_cast<unsigned>(bus_result::busy) == 2);
}

TEST_CASE("FFA_AREA_SHARE: at least one page") {
    CX_CHECK(valid<revision::oasis_v2>(area_share_request{.area_id = 1, .page_count = 1}));
    CX_CHECK(!valid<revision::oasis_v2>(area_share_request{.area_id = 1, .page_count = 0}));
}

TEST_CASE("FFA_AREA_SHARE: attributes that exist in the revision") {
    CX_CHECK(static_cast<std::uint32_t>(area_attrs::usual) == 0x6f4);
    CX_CHECK(static_cast<std::uint32_t>(area_attrs::usual | area_attrs::driver_retention_requested) == 0xef4);
    CX_CHECK(valid_attrs(0x6f4));
    CX_CHECK(valid_attrs(0xef4));
    CX_CHECK(valid_attrs(0x000));
    CX_CHECK(!valid_attrs(0x1000));
    CX_CHECK(!valid_attrs(0x8000'0000));
    CX_CHECK(valid_attrs(0x002)); // donate
    CX_CHECK(!valid_attrs(0x003));
    CX_CHECK(valid_attrs(0x020)); // outer shareable
    CX_CHECK(!valid_attrs(0x010));
    CX_CHECK(valid_attrs(0x100)); // device memory
    CX_CHECK(!valid_attrs(0x300));
    CX_CHECK(!valid_attrs(0x080)); // no such cacheability
    CX_CHECK(!valid_attrs(0x280));
    CX_CHECK(valid_attrs(0x180)); // device nGRE
    CX_CHECK(valid_old_attrs<revision::oasis_v1>(1));
    CX_CHECK(!valid_old_attrs<revision::oasis_v1>(2));
    CX_CHECK(valid_old_attrs<revision::rfc2025>(1));
    CX_CHECK(!valid_old_attrs<revision::rfc2025>(0x6f4));
}

TEST_CASE("FFA_EVENT_CONFIGURE: a known method, and a notification where the method needs one") {
    CX_CHECK(valid<revision::oasis_v2>(configure{.method = event_method::poll, .notif_id = no_notif_id}));
    CX_CHECK(valid<revision::oasis_v2>(configure{.method = event_method::fifo, .notif_id = no_notif_id}));
    CX_CHECK(valid<revision::oasis_v2>(configure{.method = event_method::notif, .notif_id = 63}));
    CX_CHECK(!valid<revision::oasis_v2>(configure{.method = event_method::notif, .notif_id = no_notif_id}));
    CX_CHECK(!valid<revision::oasis_v2>(configure{.method = event_method::notif, .notif_id = 64}));
    CX_CHECK(!valid<revision::oasis_v2>(configure{.method = event_method::poll, .notif_id = 64}));
    CX_CHECK(!valid<revision::oasis_v2>(configure{.method = event_method{4}}));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v2>(configure{}, &configure::reserved));
    CX_CHECK(reserved_bits_are_kept_and_illegal<revision::oasis_v1>(configure{}, &configure::reserved));
    CX_CHECK(static_cast<unsigned>(event_method::poll) == 0);
    CX_CHECK(static_cast<unsigned>(event_method::notif) == 1);
    CX_CHECK(static_cast<unsigned>(event_method::indirect) == 2);
    CX_CHECK(static_cast<unsigned>(event_method::fifo) == 3);
}

TEST_CASE("FFA_FIFO_CONFIGURE: pages and notifications") {
    CX_CHECK(valid<revision::oasis_v2>(fifo_configure_request{.page_count = 1, .driver_notif_id = 63}));
    CX_CHECK(!valid<revision::oasis_v2>(fifo_configure_request{.page_count = 0, .driver_notif_id = 63}));
    CX_CHECK(!valid<revision::oasis_v2>(fifo_configure_request{.page_count = 1, .driver_notif_id = 64}));
    CX_CHECK(valid<revision::oasis_v2>(fifo_configure_response{.result = bus_result::success, .device_notif_id = 63}));
    CX_CHECK(!valid<revision::oasis_v2>(fifo_configure_response{.result = bus_result::success, .device_notif_id = 64}));
    CX_CHECK(valid<revision::oasis_v2>(fifo_configure_response{.result = bus_result::error, .device_notif_id = 64}));
    CX_CHECK(!valid<revision::oasis_v2>(fifo_configure_response{.result = bus_result::busy}));
}

TEST_CASE("FFA_ERROR: the id of a request, under any device number") {
    CX_CHECK(valid<revision::oasis_v2>(error_response{.original_msg_id = 0xff}));
    CX_CHECK(!valid<revision::oasis_v2>(error_response{.original_msg_id = 0x100}));
    CX_CHECK(valid<revision::oasis_v2>(error_response{.original_msg_id = 5}, 0xffff));
}

TEST_CASE("no other message of the FF-A bus names a device") {
    CX_CHECK(!valid<revision::oasis_v2>(version_request{}, 1));
    CX_CHECK(!valid<revision::oasis_v2>(reset_response{}, 1));
    CX_CHECK(!valid<revision::oasis_v2>(event_ack_response{}, 1));
    CX_CHECK(valid<revision::oasis_v2>(event_ack_response{}, 0));
}

TEST_CASE("carriers make sets") {
    constexpr bus_feature both = bus_feature::direct_rx | bus_feature::direct_tx;
    CX_CHECK(static_cast<unsigned>(both) == 3);
    CX_CHECK((both & bus_feature::direct_tx) == bus_feature::direct_tx);
    CX_CHECK(has(both, bus_feature::direct_rx));
    CX_CHECK(!has(bus_feature::direct_rx, both));
    CX_CHECK(static_cast<unsigned>(bus_feature::indirect_rx) == 4);
    CX_CHECK(static_cast<unsigned>(bus_feature::indirect_tx) == 8);
    CX_CHECK(static_cast<unsigned>(bus_feature::notif_rx) == 16);
    CX_CHECK(static_cast<unsigned>(bus_feature::notif_tx) == 32);
    CX_CHECK(static_cast<unsigned>(bus_feature::fifo) == 64);
    CX_CHECK(strict_config_generation == 1);
}
