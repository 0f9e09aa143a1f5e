// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::direct_device`: frames as FF-A direct messages, the side that answers. Source: FF-A 1.2, the ways into
// and out of a partition; FF-A bus, rules N7 and N14; the answers of other stacks to events and errors.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/plain_direct.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::transports {

/// Why a partition runs.
enum class direct_entry : std::uint8_t {
    message,       ///< a frame has come: `receive` gives it
    resumed,       ///< FFA_RUN, or FFA_SUCCESS to FFA_YIELD: goes on with what it had begun, or has nothing to do
    interrupt,     ///< FFA_INTERRUPT: an interrupt, or the first time that the partition runs
    other_service, ///< a request to another service of the partition
    framework,     ///< a message of the manager: a machine has come or gone, or the power state changes
    refused,       ///< FFA_ERROR: the call with which the partition left was refused
    unexpected,    ///< anything else
};

/// What a direct device side has seen.
struct direct_device_counters {
    std::uint32_t requests{};      ///< frames that have come
    std::uint32_t answers{};       ///< of these: answered by a frame of the device side
    std::uint32_t acknowledged{};  ///< events: answered by an acknowledgement
    std::uint32_t discarded{};     ///< requests that the device side has taken and not answered
    std::uint32_t busy{};          ///< requests that it has not taken
    std::uint32_t other_service{}; ///< requests to another service
    std::uint32_t unexpected{};    ///< calls that a partition of this kind is not entered with
};

/// What answers a frame, of which `head` is the first register, when the device side has nothing to say to it. An
/// answer is compulsory, and one that is all zero means that the frame was not taken. An event is acknowledged, with
/// what the driver of the revision expects; a request was discarded, which the driver has to know.
constexpr word_image direct_acknowledgement(revision rev, std::uint64_t head) {
    using old_header = layout_of<header, revision::rfc2025>;
    using new_header = layout_of<header, revision::oasis_v2>;
    word_image asked;
    asked[0] = head;
    header h;
    if (rev == revision::rfc2025)
        old_header::get<0>(asked, h);
    else
        new_header::get<0>(asked, h);
    word_image answer;
    if (rev == revision::oasis_v2 && !h.is_event()) {
        static_cast<void>(encode<revision::oasis_v2>(answer, h, error_response{h.msg_id}));
        return answer;
    }
    h.type = type_bus | type_response;
    h.msg_size = constants(rev).header_size;
    if (rev != revision::oasis_v2 && (asked[0] >> 8 & event_id_bit) != 0) {
        h.type = type_response; // the id and the device of the event
    } else {
        h.msg_id = row_of<event_ack_response>.id;
        h.dev_num = 0;
    }
    if (rev == revision::rfc2025)
        old_header::put<0>(answer, h);
    else
        new_header::put<0>(answer, h);
    return answer;
}

/// One partition that is asked with direct messages, by one driver at a time. Each time it runs: `enter` with the
/// registers that it runs with; for a message `receive`, and `send` the answer; `leave` or `yield` for the call with
/// which it gives the processor back. There is no other way to send: an event is the answer to an EVENT_POLL.
///
/// Errors of `send` besides those of every transport: `would_block` (nobody waits for an answer, or has one already),
/// `bad_value` (a frame that is all zero would mean that the request was not taken).
class direct_device {
public:
    /// `rev` decides how frames are answered to which there is nothing to say.
    constexpr explicit direct_device(revision rev = newest_revision, const uuid& service = device_role_uuid,
                                     std::size_t max_msg_size = 104)
        : service_(service), max_msg_size_(max_msg_size), rev_(rev) {
        VMSG_ASSERT(max_msg_size <= word_image::size_bytes);
    }

    /// The driver that asks now speaks another revision.
    constexpr void set_revision(revision rev) { rev_ = rev; }

    // --- into and out of the partition

    /// The partition runs, with these registers.
    constexpr direct_entry enter(const ffa::call_frame& frame) {
        using ffa::function_id;
        switch (ffa::function_of(frame)) {
        case function_id::msg_send_direct_req2: return enter_with_request(frame);
        case function_id::msg_send_direct_req:
        case function_id::msg_send_direct_req_64: return enter_with_plain_request(frame);
        case function_id::interrupt:
        case function_id::interrupt_64: return direct_entry::interrupt;
        case function_id::run:
        case function_id::run_64: return direct_entry::resumed;
        case function_id::success:
            if (open()) return direct_entry::resumed;
            break;
        case function_id::error:
        case function_id::error_64: ++counters_.unexpected; return direct_entry::refused;
        default: break;
        }
        ++counters_.unexpected;
        return direct_entry::unexpected;
    }

    /// The call with which the partition gives the processor back: the answer to what it was asked, or FFA_MSG_WAIT,
    /// which throws away what is in the RX buffer unless `retain_rx` is set (FF-A 1.2).
    constexpr void leave(ffa::call_frame& frame, bool retain_rx = false) {
        const owed what = owed_;
        owed_ = owed::nothing;
        switch (what) {
        case owed::nothing: frame = ffa::encode(ffa::msg_wait_call{retain_rx}); return;
        case owed::answer: frame = ffa::encode_direct_response(self_, peer_, answer()); return;
        case owed::plain_answer: frame = ffa::encode(plain_answer_, plain_version); return;
        }
    }

    /// The same when the answer is not ready: FFA_YIELD. The driver has the partition run again. While an AREA_SHARE is
    /// being mapped (`poll_task`) a partition has to yield: `leave` would discard a request that is to be answered.
    constexpr void yield(ffa::call_frame& frame) {
        if (!open()) return leave(frame);
        frame = ffa::encode(ffa::yield_call{});
    }

    // --- as a transport

    constexpr std::size_t max_msg_size() const { return max_msg_size_; }

    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant) {
        if (frame.empty()) return errc::truncated;
        if (frame.size() > max_msg_size_) return errc::oversize;
        if (!takes_answer() || peer != peer_) return errc::would_block;
        const word_image image = from_bytes(frame);
        if (image.zero_from(0)) return errc::bad_value;
        image_ = image;
        state_ = state::answered;
        return {};
    }

    constexpr result<inbound> receive(byte_span buffer, instant) {
        if (owed_ != owed::answer || state_ != state::unread) return errc::would_block;
        state_ = state::unanswered;
        std::size_t size = max_msg_size_;
        if (buffer.size() < size) {
            size = buffer.size();
            if (!image_.zero_from(size)) return errc::oversize;
        }
        vmsg::detail::store_words(buffer.first(size), image_);
        return inbound{peer_, static_cast<std::uint16_t>(size)};
    }

    /// Whether somebody waits for an answer to a frame that has been received.
    constexpr bool takes_answer() const { return owed_ == owed::answer && state_ == state::unanswered; }
    /// Who has asked last.
    constexpr ffa::endpoint_id peer() const { return peer_; }

    constexpr const direct_device_counters& counters() const { return counters_; }

private:
    static constexpr ffa::version plain_version = ffa::version::v1_2; // the registers that all versions have

    enum class owed : std::uint8_t { nothing, answer, plain_answer };
    enum class state : std::uint8_t {
        unread,     // `image_` holds the request
        unanswered, // it has been received
        answered,   // `image_` holds the answer
        foreign,    // it is for somebody else
    };

    /// Whether there is a request that the device side has still something to do about.
    constexpr bool open() const {
        return owed_ == owed::answer && (state_ == state::unread || state_ == state::unanswered);
    }

    constexpr direct_entry enter_with_request(const ffa::call_frame& frame) {
        const ffa::direct_message m = *ffa::decode_direct(frame);
        self_ = m.dst;
        peer_ = m.src;
        image_ = m.payload;
        head_ = m.payload[0];
        owed_ = owed::answer;
        const bool ours = m.service == service_ || m.service == uuid{};
        state_ = ours ? state::unread : state::foreign;
        ++(ours ? counters_.requests : counters_.other_service);
        return ours ? direct_entry::message : direct_entry::other_service;
    }

    /// A partition that is entered by FFA_MSG_SEND_DIRECT_REQ has to leave by the RESP of the same width: with nothing
    /// in it, or to the framework with the id of the answer and success in w3.
    constexpr direct_entry enter_with_plain_request(const ffa::call_frame& frame) {
        const ffa::plain_direct_message m = *ffa::decode_plain_direct(frame, plain_version);
        plain_answer_ = {.kind = ffa::direct_kind::response, .width = m.width, .src = m.dst, .dst = m.src};
        owed_ = owed::plain_answer;
        if (!ffa::is_framework(m)) {
            ++counters_.unexpected;
            return direct_entry::unexpected;
        }
        const auto id = static_cast<std::uint8_t>(ffa::framework_message_in(m));
        const bool power = id < static_cast<std::uint8_t>(ffa::framework_message::vm_created);
        const auto response = static_cast<std::uint8_t>(ffa::framework_message::psci_response);
        plain_answer_.flags = ffa::framework_flag | (power ? response : id | 1u);
        return direct_entry::framework;
    }

    /// What the partition leaves with when it was asked by a direct message.
    constexpr word_image answer() {
        switch (state_) {
        case state::answered: ++counters_.answers; return image_;
        case state::unread: ++counters_.busy; return {};
        case state::unanswered: ++((head_ >> 8 & event_id_bit) != 0 ? counters_.acknowledged : counters_.discarded);
        case state::foreign: break;
        }
        return direct_acknowledgement(rev_, head_);
    }

    uuid service_;
    std::size_t max_msg_size_;
    revision rev_;
    owed owed_ = owed::nothing;
    state state_ = state::unread;
    ffa::endpoint_id self_{};
    ffa::endpoint_id peer_{};
    std::uint64_t head_ = 0; // of the request
    word_image image_{};
    ffa::plain_direct_message plain_answer_{};
    direct_device_counters counters_{};
};

static_assert(transport<direct_device>);

} // namespace vmsg::transports
