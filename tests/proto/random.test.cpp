// SPDX-License-Identifier: BSD-2-Clause
// Both engines under random use: tests/soak does the same for longer.
#include "proto/support/random_use.hpp"
#include "support/check.hpp"

#include <string>

using namespace proto_test;

namespace {

faults both_ways(const transports::fault_rates& rates, unsigned damaged = 0) {
    return {.to_device = rates, .to_driver = rates, .damaged = damaged};
}

/// What eight runs lead to, at least.
struct least_seen {
    std::uint64_t answered;
    std::uint64_t failed;
    std::uint64_t kicks;
    std::uint64_t events;
};

template <revision R> void runs(const faults& f, unsigned steps, const least_seen& least) {
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::uint64_t kicks = 0;
    std::uint64_t events = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        random_run<R> run(seed, seed % 2 != 0, f);
        const char* const wrong = run.run(steps);
        CHECK_MESSAGE(wrong == nullptr, std::string(wrong != nullptr ? wrong : ""));
        answered += run.answered;
        kicks += run.device_seen().kicks;
        events += run.driver_seen().events;
        failed += run.failed;
    }
    INFO(answered, " answered, ", failed, " failed, ", kicks, " kicks, ", events, " events");
    CHECK(answered > least.answered); // they have been somewhere
    CHECK(failed > least.failed);
    CHECK(kicks > least.kicks);
    CHECK(events > least.events);
}

} // namespace

TEST_CASE_TEMPLATE("random use over a sound carrier", Rig, loopback_rig<revision::rfc2025>,
                   loopback_rig<revision::oasis_v2>) {
    runs<Rig::rev>({}, 8000, {.answered = 1000, .failed = 30, .kicks = 200, .events = 100});
}

TEST_CASE_TEMPLATE("random use over a carrier that loses frames", Rig, loopback_rig<revision::rfc2025>,
                   loopback_rig<revision::oasis_v2>) {
    runs<Rig::rev>(both_ways({.drop = 250}), 8000, {.answered = 700, .failed = 50, .kicks = 50, .events = 50});
}

TEST_CASE_TEMPLATE("random use over a carrier that loses and doubles frames", Rig, loopback_rig<revision::rfc2025>,
                   loopback_rig<revision::oasis_v2>) {
    runs<Rig::rev>(both_ways({.drop = 250, .duplicate = 250}), 8000,
                   {.answered = 700, .failed = 50, .kicks = 100, .events = 100});
}

TEST_CASE_TEMPLATE("random use between hostile sides", Rig, loopback_rig<revision::rfc2025>,
                   loopback_rig<revision::oasis_v2>) {
    runs<Rig::rev>(both_ways({.drop = 170, .duplicate = 330}, 12), 8000,
                   {.answered = 300, .failed = 50, .kicks = 10, .events = 40});
}
