// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The table of messages as data: every row with its sizes in each revision, and how to find one at run time.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/revision.hpp>

namespace vmsg {

/// A message's shape in one revision.
struct message_shape {
    bool present{};             ///< whether the revision has it
    bool has_tail{};            ///< whether bytes may follow the fixed part
    std::uint16_t fixed_size{}; ///< bytes of the fixed part, header included; 0 if it is not there
};

/// A row of the table with its shape in each revision.
struct message_info : message_row {
    message_shape shapes[3]{}; ///< by revision

    constexpr const message_shape& in(revision r) const { return shapes[static_cast<std::size_t>(r)]; }
};

namespace detail {

template <class M, revision R> consteval message_shape shape_of() {
    if constexpr (present_in<M, R>)
        return {true, layout_of<M, R>::has_tail, static_cast<std::uint16_t>(fixed_msg_size<M, R>)};
    else
        return {};
}

template <class M>
inline constexpr message_info info_of{
    row_of<M>,
    {shape_of<M, revision::rfc2025>(), shape_of<M, revision::oasis_v1>(), shape_of<M, revision::oasis_v2>()}};

template <class> struct info_table;
template <class... M> struct info_table<message_list<M...>> { static constexpr message_info rows[]{info_of<M>...}; };

} // namespace detail

/// All messages in the order of the table.
inline constexpr const auto& messages = detail::info_table<all_messages>::rows;

/// The message with this type byte (its reserved bits are ignored) and id in revision `r`, or nullptr.
constexpr const message_info* find_message(revision r, std::uint8_t type, std::uint8_t id) {
    for (const message_info& m : messages)
        if (m.id == id && m.type() == (type & type_bits) && m.in(r).present) return &m;
    return nullptr;
}

namespace detail {

consteval bool table_is_sound() {
    for (const message_info& a : messages) {
        for (const message_info& b : messages)
            if (&a != &b && a.type() == b.type() && a.id == b.id) return false;
        const bool event_id = (a.id & event_id_bit) != 0;
        if (event_id != (a.kind == msg_kind::event) || !(a.in(newest_revision).present)) return false;
    }
    return true;
}
static_assert(table_is_sound(), "two rows for one message, an event id that is no event, or a missing newest layout");

} // namespace detail

} // namespace vmsg
