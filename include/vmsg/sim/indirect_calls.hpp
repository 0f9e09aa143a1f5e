// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of FFA_MSG_SEND2: from the TX buffer of one endpoint to the RX buffer of another.

#include <cstddef>
#include <cstdint>
#include <optional>

#include <vmsg/ffa/indirect.hpp>
#include <vmsg/sim/discovery.hpp>
#include <vmsg/sim/notification_calls.hpp>
#include <vmsg/sim/setup.hpp>

namespace vmsg::sim::detail {

using ffa::detail::indirect_header;

// Whether the message lies behind the header that `sender` has to write, and inside its buffer.
constexpr bool message_fits(const partition& sender, const indirect_header& h) {
    const std::uint64_t end = std::uint64_t{h.offset} + h.size;
    return h.offset >= ffa::indirect_header_size(sender.version) && end <= sender.box.tx.size();
}

constexpr bool takes_indirect(const partition& p) {
    return ffa::has(properties_of(p), ffa::partition_properties::indirect);
}

// The checks in the order of Hafnium, and in that of Xen. `to` may be null.
constexpr std::optional<ffa::error> send_objection_hafnium(machine& m, const partition& from, const partition* to,
                                                           const indirect_header& h, std::uint32_t flags) {
    if (h.src != from.id() || h.dst == from.id()) return ffa::error::invalid_parameters;
    if (flags != 0 && (!from.secure() || flags != 2)) return ffa::error::invalid_parameters;
    if (to == nullptr) return ffa::error::invalid_parameters;
    if (from.version < ffa::version::v1_1) return ffa::error::not_supported;
    if (to->version < ffa::version::v1_1 || !takes_indirect(*to) || !takes_indirect(from)) return ffa::error::denied;
    if (!rx_free(m, *to, ffa::function_id::msg_send2, from.id())) return ffa::error::busy;
    if (!message_fits(from, h) || h.offset + std::uint64_t{h.size} > to->box.rx.size())
        return ffa::error::invalid_parameters;
    return std::nullopt;
}

constexpr std::optional<ffa::error> send_objection_xen(machine& m, const partition& from, const partition* to,
                                                       const indirect_header& h, std::uint32_t flags) {
    if (flags != 0 || h.size == 0 || !message_fits(from, h)) return ffa::error::invalid_parameters;
    if (h.src != from.id() || h.dst == from.id() || to == nullptr) return ffa::error::invalid_parameters;
    if (from.version < ffa::version::v1_1 || to->version < ffa::version::v1_1) return ffa::error::not_supported;
    if (!takes_indirect(*to)) return m.rules.unsupported_method;
    if (!to->box.mapped) return ffa::error::denied;
    if (!rx_free(m, *to, ffa::function_id::msg_send2, from.id())) return ffa::error::busy;
    const std::size_t offset = ffa::indirect_header_size(to->version);
    if (offset + std::uint64_t{h.size} > to->box.rx.size()) return ffa::error::no_memory;
    return std::nullopt;
}

// Header and message as they are, or the message behind a header in the receiver's version.
constexpr std::size_t deliver_message(const machine& m, partition& to, const indirect_header& h) {
    if (m.rules.order == check_order::hafnium) {
        const std::size_t length = std::size_t{h.offset} + h.size;
        copy_bytes(to.box.rx.data(), m.scratch.data(), length);
        return length;
    }
    const auto place = ffa::encode_indirect(to.box.rx, to.version, h.src, h.dst, h.service, h.size);
    VMSG_ASSERT(place.has_value()); // room and version were checked
    copy_bytes(place->data(), m.scratch.data() + h.offset, h.size);
    return static_cast<std::size_t>(place->data() - to.box.rx.data()) + h.size;
}

constexpr answer answer_send2(machine& m, partition& from, const ffa::call_frame& frame) {
    const ffa::msg_send2_call call = *ffa::decode_msg_send2(frame);
    if (call.forwarded_for != ffa::endpoint_id{}) return refuse(ffa::error::invalid_parameters);
    if (!from.box.mapped) return refuse(ffa::error::denied);
    // Everything is judged and sent from this copy: the sender can write its TX buffer at any time.
    const byte_view tx = private_copy(m, from.box.tx);
    const wire::byte_source source{tx.data()};
    indirect_header h;
    ffa::detail::short_indirect_header::get<0>(source, h);
    if (extended(from)) ffa::detail::long_indirect_header::get<0>(source, h);
    partition* const to = m.find(h.dst);
    const std::uint32_t flags = ffa::word_in(frame, 2);
    const auto why = m.rules.order == check_order::xen ? send_objection_xen(m, from, to, h, flags)
                                                       : send_objection_hafnium(m, from, to, h, flags);
    if (why) return refuse(*why);
    hand_over_rx(*to, deliver_message(m, *to, h));
    if (m.faults.strike(fault_kind::lose_notification, ffa::function_id::msg_send2, from.id())) return granted();
    // The framework's notification is the only word of it: a receiver without notifications has to be told by whoever
    // runs it (`hooks.pending`, FFA_RUN), as with real managers, and says so to its transport (`arrival::announced`).
    if (has_notifications(m, *to)) (from.secure() ? to->notes.rx_full_spm : to->notes.rx_full_hyp) = true;
    became_pending(m, *to, !call.delay_sri);
    return granted();
}

} // namespace vmsg::sim::detail
