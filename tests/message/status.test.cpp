// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/status.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

constexpr device_status any_bits{0x13121110};

GOLDEN(oasis_v2, get_device_status_request, {}, {0x00, 0x07, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(oasis_v1, get_device_status_request, {}, {0x00, 0x07, 0x0a, 0x0b, 0x0c, 0x0d, 0x08, 0x00});
GOLDEN(rfc2025, get_device_status_request, {}, {0x00, 0x07, 0x0a, 0x0b, 0x06, 0x00});

GOLDEN(oasis_v2, get_device_status_response, {.status = any_bits},
       {0x01, 0x07, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, get_device_status_response, {.status = any_bits},
       {0x01, 0x07, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, get_device_status_response, {.status = any_bits},
       {0x01, 0x07, 0x0a, 0x0b, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

GOLDEN(oasis_v2, set_device_status_request, {.status = any_bits},
       {0x00, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, set_device_status_request, {.status = any_bits},
       {0x00, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, set_device_status_request, {.status = any_bits},
       {0x00, 0x08, 0x0a, 0x0b, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

GOLDEN(oasis_v2, set_device_status_response, {.status = any_bits},
       {0x01, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(oasis_v1, set_device_status_response, {.status = any_bits},
       {0x01, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13});
GOLDEN(rfc2025, set_device_status_response, {.status = any_bits},
       {0x01, 0x08, 0x0a, 0x0b, 0x0a, 0x00, 0x10, 0x11, 0x12, 0x13});

template <class M> constexpr bool status_is_a_byte() {
    return valid<revision::oasis_v2>(M{device_status::reset}) && valid<revision::oasis_v2>(M{device_status{0xff}}) &&
           !valid<revision::oasis_v2>(M{device_status{0x100}}) && !valid<revision::oasis_v1>(M{device_status{0x101}}) &&
           !valid<revision::rfc2025>(M{device_status{0x8000'0000}});
}

} // namespace

TEST_CASE("the status is a byte") {
    CX_CHECK(status_is_a_byte<get_device_status_response>());
    CX_CHECK(status_is_a_byte<set_device_status_request>());
    CX_CHECK(status_is_a_byte<set_device_status_response>());
}

TEST_CASE("status bits have virtio's values") {
    CX_CHECK(static_cast<unsigned>(device_status::acknowledge) == 1);
    CX_CHECK(static_cast<unsigned>(device_status::driver) == 2);
    CX_CHECK(static_cast<unsigned>(device_status::driver_ok) == 4);
    CX_CHECK(static_cast<unsigned>(device_status::features_ok) == 8);
    CX_CHECK(static_cast<unsigned>(device_status::suspend) == 0x10);
    CX_CHECK(static_cast<unsigned>(device_status::needs_reset) == 0x40);
    CX_CHECK(static_cast<unsigned>(device_status::failed) == 0x80);
}

TEST_CASE("status bits make sets") {
    constexpr device_status both = device_status::acknowledge | device_status::driver;
    CX_CHECK(static_cast<unsigned>(both) == 3);
    CX_CHECK((both & device_status::driver) == device_status::driver);
    CX_CHECK((both & ~device_status::driver) == device_status::acknowledge);
    CX_CHECK(has(both, device_status::acknowledge));
    CX_CHECK(has(both, both));
    CX_CHECK(!has(device_status::driver, both));
}
