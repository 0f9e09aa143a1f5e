// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `answer_book`: which requests a device side still has to answer.

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/inbound.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace proto_test {

using namespace vmsg;

template <revision R> class answer_book {
public:
    /// The device side has said `why` of a frame. `ends_all`: a RESET or VERSION ended what was before.
    void received(byte_view frame, errc why, bool ends_all) {
        const auto h = validate_inbound<R>(frame, constants_of<R>.ffa_max_msg_size);
        if (!h || h->is_event() || h->is_response()) return;
        if (ends_all) owed_.clear();
        constexpr bool has_error = present_in<error_response, R>;
        const bool out_of_place = why == errc::bad_state || why == errc::no_device;
        const bool malformed = h->is_bus() && why != errc::none && why != errc::unknown_id;
        if (why != errc::none && !(has_error && (out_of_place || malformed))) return;
        // In rfc2025 another RESET takes the place of the one that is not answered yet.
        const bool is_reset = h->is_bus() && h->msg_id == row_of<reset_request>.id;
        if (is_reset && !constants_of<R>.has_token && !ends_all && why == errc::none) return;
        owed_.push_back(h->token);
        polled_ = h->is_bus() && h->msg_id == row_of<event_poll_request>.id && why == errc::none;
    }

    /// The device side has sent a frame, or has given up sending it. False if it is an answer that nobody waits for.
    bool left(const header& h) {
        const bool is_answer = !h.is_event() || polled_; // EVENT_POLL is answered before anything else
        polled_ = false;
        if (!is_answer) return true;
        const auto found = std::find(owed_.begin(), owed_.end(), h.token);
        if (found == owed_.end()) return false;
        owed_.erase(found);
        return true;
    }

    bool settled() const { return owed_.empty(); }
    void forget() {
        owed_.clear();
        polled_ = false;
    }

private:
    std::vector<std::uint16_t> owed_; // tokens
    bool polled_ = false;             // the next frame of the device side answers an EVENT_POLL
};

} // namespace proto_test
