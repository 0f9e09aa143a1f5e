// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `direct_manager`: a conduit that knows one driver endpoint and one device partition, and that can be told to get in
// between: what managers do to direct messages, without a manager.

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/scheduling.hpp>

#include <cstddef>
#include <functional>
#include <vector>

namespace transport_test {

using namespace vmsg;

inline constexpr ffa::endpoint_id driver_id{0x0007};
inline constexpr ffa::endpoint_id device_id{0x8002};
inline constexpr ffa::endpoint_id other_id{0x8005}; ///< a partition that the device has asked for something

struct direct_manager {
    /// What the partition does each time it runs: the registers it runs with, then those of the call it leaves with.
    std::function<void(ffa::call_frame&)> partition{};

    // What happens to the next requests.
    int busy = 0;       ///< refused with FFA BUSY; -1: for ever
    int interrupts = 0; ///< FFA_INTERRUPT before the partition has run, of each request; -1: until `release`
    ffa::target preempted{device_id, 0};            ///< whom the FFA_INTERRUPT names
    std::function<void(ffa::call_frame&)> answer{}; ///< changes what comes back from the partition

    std::vector<ffa::call_frame> calls{}; ///< as they came
    int misuses = 0;                      ///< FFA_RUN of somebody else, or with something in its other registers

    void operator()(ffa::call_frame& frame) {
        calls.push_back(frame);
        switch (ffa::function_of(frame)) {
        case ffa::function_id::msg_send_direct_req2: return request(frame);
        case ffa::function_id::run: return run(frame);
        default: frame = ffa::encode_error(ffa::error::not_supported);
        }
    }

    std::size_t count(ffa::function_id id) const {
        std::size_t n = 0;
        for (const ffa::call_frame& f : calls) n += ffa::function_of(f) == id ? 1u : 0u;
        return n;
    }
    std::size_t requests() const { return count(ffa::function_id::msg_send_direct_req2); }
    std::size_t runs() const { return count(ffa::function_id::run); }
    bool suspended() const { return open_; }
    /// No more interrupts, also for a request that is open.
    void release() { interrupts = left_ = 0; }

private:
    void request(ffa::call_frame& frame) {
        if (open_ || busy != 0) { // a partition that is not waiting is busy
            if (!open_ && busy > 0) --busy;
            frame = ffa::encode_error(ffa::error::busy);
            return;
        }
        open_ = true;
        registers_ = frame;
        left_ = interrupts;
        waits_for_ = preempted;
        go_on(frame);
    }
    void run(ffa::call_frame& frame) {
        const bool right = open_ && frame == ffa::encode(ffa::run_call{waits_for_});
        if (!right) {
            ++misuses;
            frame = ffa::encode_error(ffa::error::invalid_parameters);
            return;
        }
        go_on(frame);
    }
    void go_on(ffa::call_frame& frame) {
        if (left_ != 0) {
            if (left_ > 0) --left_;
            frame = ffa::encode(ffa::interrupt_call{waits_for_});
            return;
        }
        partition(registers_);
        frame = registers_;
        if (ffa::function_of(frame) == ffa::function_id::yield) {
            waits_for_ = {device_id, 0};
            frame = ffa::encode(ffa::yield_call{waits_for_});
            registers_ = ffa::encode(ffa::run_call{waits_for_});
            return;
        }
        open_ = false;
        if (answer) answer(frame);
    }

    bool open_ = false; // a request to the partition has no answer yet
    int left_ = 0;      // interrupts that are still to come
    ffa::target waits_for_{};
    ffa::call_frame registers_{}; // with which the partition runs next
};

} // namespace transport_test
