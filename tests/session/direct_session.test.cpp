// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/session/direct_session.hpp>

#include "session/bodies.hpp"
#include "session/direct_rig.hpp"
#include "support/check.hpp"

#include <type_traits>

using namespace session_test;

namespace {

constexpr revision v2 = revision::oasis_v2;
template <revision R> using each = std::integral_constant<revision, R>;
#define EVERY_REVISION each<revision::rfc2025>, each<revision::oasis_v1>, each<revision::oasis_v2>

} // namespace

static_assert(whole_life<lean_rig<revision::rfc2025>>());
static_assert(whole_life<lean_rig<revision::oasis_v1>>());
static_assert(whole_life<lean_rig<revision::oasis_v2>>());

TEST_CASE_TEMPLATE("a lean session does what every session does", Rev, EVERY_REVISION) {
    using rig = lean_rig<Rev::value>;
    CHECK(whole_life<rig>());
    CHECK(required_features_are_required<rig>());
    CHECK(a_refused_choice_is_reported<rig>());
    CHECK(impossible_queues_are_not_set_up<rig>());
    CHECK(a_refused_queue_is_reported<rig>());
    CHECK(what_comes_meanwhile_is_kept<rig>());
    CHECK(starts_anew<rig>());
    CHECK(pings<rig>());
}

TEST_CASE("Q3, lean: a queue that is enabled is left as it is") {
    CX_CHECK(enabled_queues_are_left_alone<lean_rig<v2>>());
}

TEST_CASE("C4, lean: a write that is refused for its generation is read again, then repeated, a few times") {
    CX_CHECK(stale_writes_are_repeated(lean_rig<v2, strict_policy<v2>>{}));
    CX_CHECK(plain_writes_are_not_repeated<lean_rig<v2>>());
}

TEST_CASE("lean: a network device with 3 queues takes 18 round trips, the bus 4") {
    constexpr round_trips trips = bring_up_trips<lean_rig<v2>, net_model>();
    CHECK(trips.bus == 4);
    CHECK(trips.device == 18);
}
