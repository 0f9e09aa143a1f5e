// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `drop_watch`: what an engine has dropped since a test last asked.

#include <vmsg/proto/drop_counters.hpp>

#include <cstddef>
#include <cstdint>

namespace proto_test {

class drop_watch {
public:
    /// Since the last call one frame was dropped, for this reason.
    bool one(const vmsg::proto::drop_counters& now, vmsg::proto::drop_reason why) {
        bool right = true;
        for (std::size_t i = 0; i < vmsg::proto::drop_reason_count; ++i) {
            const auto reason = static_cast<vmsg::proto::drop_reason>(i);
            const std::uint32_t n = now[reason] - seen_[reason];
            right = right && n == (reason == why ? 1u : 0u);
        }
        seen_ = now;
        return right;
    }
    bool nothing(const vmsg::proto::drop_counters& now) const { return now.total() == seen_.total(); }

private:
    vmsg::proto::drop_counters seen_{};
};

} // namespace proto_test
