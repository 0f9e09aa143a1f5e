// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::indirect`: frames as FF-A indirect messages, either side. Source: FF-A 1.1 and 1.2, FFA_MSG_SEND2 and
// the ownership of the RX buffer; FF-A bus, rule N9.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::transports {

/// How an end learns that there is a message.
enum class arrival : std::uint8_t {
    polled,    ///< each `receive` asks with FFA_NOTIFICATION_GET whether RX is full
    announced, ///< somebody else asks for this endpoint, for example when an interrupt comes, and calls `arrived`
};

/// What an end of an indirect transport is told. Make it with `indirect_driver_options` or `indirect_device_options`.
struct indirect_options {
    std::size_t max_msg_size = 104;                ///< bytes: `constants_of<R>.ffa_max_msg_size` of the revision
    ffa::version ffa_version = ffa::version::v1_2; ///< negotiated; 1.2 has a longer header, which Linux wants
    uuid own_service = driver_role_uuid;           ///< for which this end takes messages
    uuid peer_service = device_role_uuid;          ///< to which it sends
    arrival told = arrival::polled;
    bool any_peer = false; ///< messages come from and go to anybody; else the peer of the transport
};
/// A driver side takes messages for its own role; before oasis_v2 there is one UUID for both.
constexpr indirect_options indirect_driver_options(std::size_t max_msg_size, bool has_role = true) {
    return {.max_msg_size = max_msg_size, .own_service = has_role ? driver_role_uuid : device_role_uuid};
}
constexpr indirect_options indirect_device_options(std::size_t max_msg_size, bool has_role = true) {
    return {.max_msg_size = max_msg_size,
            .own_service = device_role_uuid,
            .peer_service = has_role ? driver_role_uuid : device_role_uuid};
}

/// What an end has seen.
struct indirect_counters {
    std::uint32_t sent{};      ///< frames
    std::uint32_t busy{};      ///< sends that the manager refused with FFA BUSY: the peer's RX is full, or not there
    std::uint32_t refused{};   ///< sends that ended with another error
    std::uint32_t received{};  ///< frames
    std::uint32_t malformed{}; ///< messages whose header contradicts itself or the buffer, or that are empty
    std::uint32_t oversize{};  ///< messages that are longer than the maximum or than the buffer of `receive`
    std::uint32_t foreign{};   ///< messages from or to somebody else
    std::uint32_t other_service{};  ///< messages for a service that this end is not
    std::uint32_t release_errors{}; ///< FFA_RX_RELEASE that was refused, also as there was no message
};

/// One end. The pair of buffers is shared with whoever else of this endpoint uses it; while somebody else has RX, no
/// message is looked for. A message is copied out and RX given back before anybody sees the copy, whatever the message
/// is: no answer is sent while RX is still taken, which could make two ends wait for each other for ever.
///
/// Errors of `send` besides those of every transport: `busy` (may last for ever: a peer that has no RX buffer),
/// `retry`, `interrupted`, and for good `bad_state` (no buffers are mapped), `denied`, `not_supported` (another method
/// may do; also FF-A 1.0), `invalid_argument`, `no_memory`, `bad_type` (no answer to the call). Errors of `receive`,
/// each for one message that was dropped: `truncated`, `bad_length`, `oversize`, `bad_value` (of or for somebody else).
template <ffa::conduit Conduit> class indirect {
public:
    /// The pair outlives it. `peer` counts unless `any_peer` is set.
    constexpr indirect(ffa::rxtx<Conduit>& buffers, ffa::endpoint_id self, ffa::endpoint_id peer,
                       const indirect_options& options = {})
        : buffers_(buffers), options_(options), self_(self), peer_(peer) {
        VMSG_ASSERT(options.max_msg_size + ffa::max_indirect_header_size <= buffers.size());
    }

    constexpr std::size_t max_msg_size() const { return options_.max_msg_size; }

    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant) {
        if (frame.empty()) return errc::truncated;
        if (frame.size() > options_.max_msg_size) return errc::oversize;
        // Nothing of what TX had before, of whomever, stays behind the message.
        const auto tx = buffers_.tx_zero_behind(ffa::indirect_header_size(options_.ffa_version) + frame.size());
        if (!tx) return tx.error();
        const auto place = ffa::encode_indirect(*tx, options_.ffa_version, self_, options_.any_peer ? peer : peer_,
                                                options_.peer_service, frame.size());
        if (!place) return place.error();
        copy_bytes(place->data(), frame.data(), frame.size());
        ffa::call_frame call = ffa::encode(ffa::msg_send2_call{});
        buffers_.call()(call);
        const result<void> outcome = ffa::outcome_of(call);
        ++(outcome ? counters_.sent : outcome.error() == errc::busy ? counters_.busy : counters_.refused);
        return outcome;
    }

    constexpr result<inbound> receive(byte_span buffer, instant) {
        if (held_ && give_back() == rx_fate::taken) return errc::would_block;
        if (buffers_.owns_rx()) return errc::would_block;
        if (!announced_ && !(options_.told == arrival::polled && ask())) return errc::would_block;
        announced_ = false;
        if (!buffers_.filled()) return errc::would_block; // nothing is mapped
        held_ = true;
        const auto got = take(buffer);
        if (give_back() == rx_fate::never_ours) return errc::would_block;
        if (got) ++counters_.received;
        return got;
    }

    /// Who asks for the notifications of this endpoint has seen that RX is full; `receive` takes the message. Once for
    /// each notification: one too many is counted as a release error.
    constexpr void arrived() { announced_ = true; }
    constexpr bool has_arrived() const { return announced_; } ///< and `receive` has not taken it

    constexpr const indirect_counters& counters() const { return counters_; }

private:
    /// Only the framework's bits are asked for: the others are cleared by reading, and are not for this transport.
    constexpr bool ask() {
        using enum ffa::notification_sources;
        const auto sources = self_ == ffa::hypervisor_id ? spm : spm | hypervisor;
        ffa::call_frame call = ffa::encode(ffa::notification_get_call{self_, 0, sources});
        buffers_.call()(call);
        const auto got = ffa::decode_notification_get_answer(call);
        return got && got->rx_full();
    }

    enum class rx_fate : std::uint8_t {
        given_back,
        taken,      // the manager could not take it back now
        never_ours, // there was no message, whoever has said so
    };
    /// A manager refuses RX with DENIED when it is empty; Hafnium also until the notification of the message was read.
    constexpr rx_fate give_back() {
        errc why = buffers_.release().error();
        if (why == errc::denied) {
            static_cast<void>(ask());
            why = buffers_.release().error();
        }
        if (why != errc::none) ++counters_.release_errors;
        if (why != errc::none && why != errc::denied) return rx_fate::taken;
        held_ = false;
        if (why == errc::none) return rx_fate::given_back;
        buffers_.emptied();
        return rx_fate::never_ours;
    }

    constexpr result<inbound> take(byte_span buffer) {
        const byte_view rx = *buffers_.rx();
        std::uint8_t header[ffa::max_indirect_header_size]{};
        copy_shared(header, rx.first(sizeof header));
        const auto at = ffa::decode_indirect_header(header, rx.size());
        if (!at) return refuse(counters_.malformed, at.error());
        if (at->dst != self_ || (!options_.any_peer && at->src != peer_))
            return refuse(counters_.foreign, errc::bad_value);
        if (at->service != uuid{} && at->service != options_.own_service)
            return refuse(counters_.other_service, errc::bad_value);
        if (at->size > options_.max_msg_size || at->size > buffer.size())
            return refuse(counters_.oversize, errc::oversize);
        copy_shared(buffer, rx.drop(at->offset).first(at->size));
        return inbound{at->src, static_cast<std::uint16_t>(at->size)};
    }
    static constexpr errc refuse(std::uint32_t& counter, errc why) {
        ++counter;
        return why;
    }

    ffa::rxtx<Conduit>& buffers_;
    indirect_options options_;
    ffa::endpoint_id self_;
    ffa::endpoint_id peer_;
    bool announced_ = false;
    bool held_ = false; // RX is ours, and what is in it was taken
    indirect_counters counters_{};
};

static_assert(transport<indirect<ffa::archetypes::conduit>>);

} // namespace vmsg::transports
