// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/retry_policy.hpp>

#include "support/check.hpp"

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr retry_policy usual{};
constexpr retry_policy steep{.busy_backoff = 3, .max_busy_backoff = 20};
constexpr retry_policy none{.busy_backoff = 0, .max_busy_backoff = 20};
constexpr retry_policy capped{.busy_backoff = 50, .max_busy_backoff = 20};

} // namespace

TEST_CASE("retry_policy: the defaults are bounded and written in microseconds") {
    CX_CHECK(usual.busy_attempts == 10);
    CX_CHECK(usual.busy_backoff == 1'000);
    CX_CHECK(usual.max_busy_backoff == 2'000);
    CX_CHECK(usual.response_timeout == 5'000'000);
    CX_CHECK(usual.poll_interval == 100'000);
    CX_CHECK(usual.poll_budget == 64);
    CX_CHECK(usual.max_poll_budget == 512);
    CX_CHECK(usual.area_interval == 1'000'000);
    CX_CHECK(usual.area_attempts == 3);
    CX_CHECK(usual.reset_attempts == 3);
    CX_CHECK(usual.reset_pause == 1'000);
    CX_CHECK(usual.devices_attempts == 60);
    CX_CHECK(usual.devices_pause == 50'000);
}

TEST_CASE("retry_policy: the pause doubles up to its maximum") {
    CX_CHECK(usual.backoff(1) == 1'000);
    CX_CHECK(usual.backoff(2) == 2'000);
    CX_CHECK(usual.backoff(3) == 2'000);
    CX_CHECK(steep.backoff(1) == 3);
    CX_CHECK(steep.backoff(2) == 6);
    CX_CHECK(steep.backoff(3) == 12);
    CX_CHECK(steep.backoff(4) == 20);
    CX_CHECK(steep.backoff(65535) == 20);
    CX_CHECK(none.backoff(100) == 0);
    CX_CHECK(capped.backoff(1) == 20);
}

TEST_CASE("retry_policy: a token rests for twice the response time-out") { CX_CHECK(usual.quarantine() == 10'000'000); }

TEST_CASE("N8, N9: a device side tries a frame for five seconds") {
    CX_CHECK(device_retry_policy.busy_attempts * device_retry_policy.backoff(1) == 5 * seconds);
    CX_CHECK(device_retry_policy.backoff(499) == 10 * milliseconds);
}

TEST_CASE("N7: a direct message is tried three times, at once") {
    CX_CHECK(direct_retry_policy.busy_attempts == 3);
    CX_CHECK(direct_retry_policy.backoff(1) == 0);
    CX_CHECK(direct_retry_policy.response_timeout == usual.response_timeout);
}

TEST_CASE("N9: an indirect message is tried ten times, 1 and 2 ms apart, as by default") {
    CX_CHECK(indirect_retry_policy.busy_attempts == 10);
    CX_CHECK(indirect_retry_policy.backoff(1) == 1 * milliseconds);
    CX_CHECK(indirect_retry_policy.backoff(9) == 2 * milliseconds);
    CX_CHECK(indirect_retry_policy.busy_attempts == usual.busy_attempts);
    CX_CHECK(indirect_retry_policy.backoff(9) == usual.backoff(9));
}
