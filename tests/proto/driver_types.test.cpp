// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/driver_types.hpp>

#include <vmsg/message/all.hpp>

#include "support/check.hpp"

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr driver_event done{.kind = driver_event_kind::completed, .slot = 3, .serial = 7};
constexpr driver_event lost{.kind = driver_event_kind::kick_lost, .slot = 3, .serial = 7};

} // namespace

TEST_CASE("driver_event: belongs to the ticket with its slot and serial number") {
    CX_CHECK(done.is(ticket<ping_request>{3, 7}));
    CX_CHECK(!done.is(ticket<ping_request>{3, 8}));
    CX_CHECK(!done.is(ticket<ping_request>{4, 7}));
    CX_CHECK(!lost.is(ticket<ping_request>{3, 7}));
    CX_CHECK(ticket<ping_request>{3, 7} == ticket<ping_request>{3, 7});
    CX_CHECK(!driver_event{}.is(ticket<ping_request>{}));
}
