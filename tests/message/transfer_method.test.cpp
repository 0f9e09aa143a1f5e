// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/message/transfer_method.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;

namespace {

using enum bus_feature;
using methods = transfer_methods;
constexpr bus_feature nothing{};

} // namespace

TEST_CASE("N6: a method is agreed on when the device side receives and sends by it") {
    CX_CHECK(methods_of(direct_rx | direct_tx, pair_rule::both) == methods::direct);
    CX_CHECK(methods_of(indirect_rx | indirect_tx, pair_rule::both) == methods::indirect);
    CX_CHECK(methods_of(features_of(methods::both), pair_rule::both) == methods::both);
    for (const bus_feature half :
         {nothing, direct_rx, direct_tx, indirect_rx, indirect_tx, direct_rx | indirect_tx, fifo | notif_rx | notif_tx})
        CHECK(methods_of(half, pair_rule::both) == methods::none);
}

TEST_CASE("rfc2025 needs any bit of a pair, and DIRECT_RX alone is a rule of its own") {
    CX_CHECK(usual_pair_rule<revision::rfc2025> == pair_rule::any);
    CX_CHECK(usual_pair_rule<revision::oasis_v1> == pair_rule::both);
    CX_CHECK(usual_pair_rule<revision::oasis_v2> == pair_rule::both);
    CX_CHECK(methods_of(direct_tx, pair_rule::any) == methods::direct);
    CX_CHECK(methods_of(indirect_rx | direct_rx, pair_rule::any) == methods::both);
    CX_CHECK(methods_of(direct_rx | indirect_rx, pair_rule::direct_rx) == methods::direct);
    CX_CHECK(methods_of(direct_tx | indirect_rx, pair_rule::direct_rx) == methods::none);
    CX_CHECK(methods_of(indirect_rx | indirect_tx, pair_rule::direct_rx) == methods::indirect);
    CX_CHECK(methods_of(notif_rx | fifo, pair_rule::any) == methods::none);
}

TEST_CASE("the bits of a set of methods") {
    CX_CHECK(features_of(methods::none) == nothing);
    CX_CHECK(features_of(methods::both) == (direct_rx | direct_tx | indirect_rx | indirect_tx));
}
