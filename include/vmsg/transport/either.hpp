// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `transports::either`: a bus that can use direct and indirect messages, as both sides agree. Source: FF-A bus, rule
// N6.

#include <cstddef>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/result.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/switched.hpp>
#include <vmsg/transport/transport.hpp>

namespace vmsg::transports {

/// Whether an error of a send says that the method is not there: managers differ in the word (Hafnium and TF-A:
/// DENIED, OP-TEE: NOT_SUPPORTED).
constexpr bool lacks_method(errc why) { return why == errc::not_supported || why == errc::denied; }

/// The driver side of two transports, both of which outlive it. What sets up the bus travels by `bootstrap`; the rest,
/// when the bus says what was agreed on, too if it was agreed on, else by the other one. A method that turns out to be
/// missing is given up for the other one, if that was agreed on, until the bus begins anew; a method that is busy is
/// not.
template <transport Direct, transport Indirect> class either {
public:
    constexpr either(Direct& direct, Indirect& indirect, transfer_methods bootstrap)
        : direct_(direct), indirect_(indirect), bootstrap_(bootstrap) {
        VMSG_ASSERT(bootstrap == transfer_methods::direct || bootstrap == transfer_methods::indirect);
    }

    /// How the bus stands, `proto::driver::methods`: to be told before a frame is sent and before one is received.
    constexpr void follow(transfer_methods agreed) {
        if (agreed == transfer_methods::none) missing_ = transfer_methods::none;
        agreed_ = agreed;
    }
    /// The method of frames that do not set up the bus; `none` if there is none that both sides have.
    constexpr transfer_methods method() const {
        if (agreed_ == transfer_methods::none) return bootstrap_;
        if (can_use(bootstrap_)) return bootstrap_;
        const bool direct = bootstrap_ == transfer_methods::direct;
        const transfer_methods other = direct ? transfer_methods::indirect : transfer_methods::direct;
        return can_use(other) ? other : transfer_methods::none;
    }

    /// The method of the last frame, which was sent or not.
    constexpr transfer_methods last_method() const { return last_; }

    constexpr std::size_t max_msg_size() const {
        return vmsg::detail::lesser<std::size_t>(direct_.max_msg_size(), indirect_.max_msg_size());
    }

    /// `not_supported` also if neither method is left.
    constexpr result<void> send(ffa::endpoint_id peer, byte_view frame, instant now) {
        if (frame.size() > max_msg_size()) return errc::oversize;
        if (sets_up_bus(frame)) return send_by(bootstrap_, peer, frame, now);
        const transfer_methods first = method();
        const auto outcome = send_by(first, peer, frame, now);
        if (!lacks_method(outcome.error())) return outcome;
        missing_ = missing_ | first;
        const transfer_methods second = method();
        // Nothing was sent: this is the first attempt of the other method.
        return second != first && second != transfer_methods::none ? send_by(second, peer, frame, now) : outcome;
    }

    /// The transports that are in use take turns.
    constexpr result<inbound> receive(byte_span buffer, instant now) {
        direct_next_ = !direct_next_;
        const auto first = receive_by(direct_next_, buffer, now);
        return first.error() == errc::would_block ? receive_by(!direct_next_, buffer, now) : first;
    }

    /// When one of the transports has something to do without any input; `never` if nothing is due.
    constexpr instant poll_timeout() const { return vmsg::detail::lesser(timeout_of(direct_), timeout_of(indirect_)); }

private:
    constexpr bool can_use(transfer_methods m) const { return has(agreed_, m) && (missing_ & m) != m; }

    constexpr result<void> send_by(transfer_methods m, ffa::endpoint_id peer, byte_view frame, instant now) {
        if (m == transfer_methods::none) return errc::not_supported;
        last_ = m;
        return m == transfer_methods::direct ? direct_.send(peer, frame, now) : indirect_.send(peer, frame, now);
    }
    constexpr result<inbound> receive_by(bool direct, byte_span buffer, instant now) {
        const transfer_methods m = direct ? transfer_methods::direct : transfer_methods::indirect;
        if (m != bootstrap_ && !has(agreed_, m)) return errc::would_block;
        return direct ? direct_.receive(buffer, now) : indirect_.receive(buffer, now);
    }

    Direct& direct_;
    Indirect& indirect_;
    transfer_methods bootstrap_;
    transfer_methods agreed_{};
    transfer_methods missing_{};
    transfer_methods last_{};
    bool direct_next_ = false;
};

static_assert(transport<either<archetypes::transport, archetypes::transport>>);

} // namespace vmsg::transports
