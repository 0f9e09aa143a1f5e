// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/session/bound_notifications.hpp>
#include <vmsg/sim/spmc.hpp>

#include "support/check.hpp"

#include <cstdint>

using namespace vmsg;

namespace {

using manager = sim::spmc<>;
using enum ffa::function_id;

constexpr ffa::endpoint_id self{1};
constexpr ffa::endpoint_id first{0x8003};
constexpr ffa::endpoint_id second{0x8004};

struct world {
    manager spmc{sim::profiles::generic};
    sim::spmc_conduit call;
    bound_notifications bound{};

    world() : call(with_all()) {}

    result<void> bind(ffa::endpoint_id peer, std::uint16_t id) { return bound.bind(call, self, peer, id); }
    /// Whether `sender` can set the notification.
    bool sets(ffa::endpoint_id sender, std::uint16_t id) {
        sim::spmc_conduit other = spmc.conduit_for(sender);
        ffa::call_frame frame =
            ffa::encode(ffa::notification_set_call{.sender = sender, .receiver = self, .bits = std::uint64_t{1} << id});
        other(frame);
        return ffa::outcome_of(frame).has_value();
    }
    std::uint32_t calls(ffa::function_id id) { return spmc.calls(self, id); }
    void refuses_unbind(std::uint32_t times, ffa::error code) {
        REQUIRE(spmc.add_fault({.kind = sim::fault_kind::refuse,
                                .on = notification_unbind,
                                .times = times,
                                .caller = self,
                                .code = code}));
    }

private:
    sim::spmc_conduit with_all() {
        for (const auto id : {self, first, second})
            REQUIRE(spmc.add({.id = id, .services = {{.protocol = device_role_uuid}}}));
        for (const auto id : {self, first, second}) {
            sim::spmc_conduit c = spmc.conduit_for(id);
            REQUIRE(ffa::negotiate(c));
        }
        return spmc.conduit_for(self);
    }
};

} // namespace

TEST_CASE("notifications are for one partition at a time: those of another one are unbound first") {
    world w;
    CHECK(w.bind(first, 64).error() == errc::invalid_argument);
    REQUIRE(w.bind(first, 5));
    REQUIRE(w.bind(first, 63));
    REQUIRE(w.bind(first, 5));
    CHECK(w.calls(notification_bind) == 2);
    REQUIRE(w.bind(second, 5));
    CHECK(w.calls(notification_unbind) == 2);
    CHECK(w.calls(notification_get) == 0); // which could have taken what is for somebody else
    CHECK(w.sets(second, 5));
    CHECK_FALSE(w.sets(first, 5));
    CHECK_FALSE(w.sets(first, 63));
}

TEST_CASE("what is pending is taken before it is unbound") {
    world w;
    REQUIRE(w.bind(first, 5));
    REQUIRE(w.bind(first, 9));
    REQUIRE(w.sets(first, 9));
    REQUIRE(w.bind(second, 9));
    CHECK(w.calls(notification_get) == 1);
    CHECK(w.sets(second, 9));
    CHECK_FALSE(w.sets(first, 5));
}

TEST_CASE("a notification that is not let go of is tried again, and its new partition is not named before") {
    world w;
    REQUIRE(w.bind(first, 5));
    REQUIRE(w.bind(first, 9));
    w.refuses_unbind(2, ffa::error::denied); // 5, also after what was pending
    CHECK(w.bind(second, 9).error() == errc::denied);
    CHECK(w.calls(notification_unbind) == 3);
    CHECK(w.calls(notification_bind) == 2);
    CHECK(w.sets(first, 5));
    CHECK_FALSE(w.sets(first, 9)); // the other one does not wait for it
    ffa::call_frame get = ffa::encode(ffa::notification_get_call{self, 0, ffa::sources_for(self)});
    w.call(get);
    w.refuses_unbind(1, ffa::error::busy);
    CHECK(w.bind(second, 5).error() == errc::busy);
    REQUIRE(w.bind(first, 5)); // it still is
    CHECK(w.calls(notification_bind) == 2);
    REQUIRE(w.bind(second, 5));
    CHECK(w.calls(notification_unbind) == 5);
    CHECK(w.sets(second, 5));
    CHECK_FALSE(w.sets(first, 5));
}

TEST_CASE("a partition that the manager does not know any more is in nobody's way") {
    world w;
    REQUIRE(w.bind(first, 5));
    w.refuses_unbind(1, ffa::error::invalid_parameters);
    REQUIRE(w.bind(second, 9));
    CHECK(w.calls(notification_get) == 0);
    CHECK(w.sets(second, 9));
}
