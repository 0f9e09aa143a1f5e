// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `explain`: why a frame was refused or a message cannot be sent, in words, with the numbers that contradict each
// other. For logs, traces and tools.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/text.hpp>

namespace vmsg {

namespace detail {

// What writes is not a template and not inlined: per message there is little more than a call.

VMSG_COLD constexpr void put_bytes(text_writer& out, std::uint64_t count) {
    out.put_decimal(count);
    out.put(count == 1 ? " byte" : " bytes");
}

VMSG_COLD constexpr void put_type_and_id(text_writer& out, const header& h) {
    out.put("type 0x");
    out.put_hex(h.type, 2);
    out.put(" and id 0x");
    out.put_hex(h.msg_id, 2);
}

VMSG_COLD constexpr void put_name(text_writer& out, const message_row& row) {
    out.put(row.name);
    out.put(' ');
    out.put(name_of(row.kind));
}

/// `header says 48 bytes, 12 given`
VMSG_COLD constexpr void explain_sizes(text_writer& out, const char* what, std::size_t said, std::size_t other,
                                       const char* is) {
    out.put(what);
    put_bytes(out, said);
    out.put(", ");
    out.put_decimal(other);
    out.put(is);
}

/// `GET_VQUEUE response has 48 bytes, header says 50`
VMSG_COLD constexpr void explain_fixed(text_writer& out, const message_row& row, const char* has, std::size_t fixed,
                                       std::size_t said) {
    put_name(out, row);
    out.put(has);
    put_bytes(out, fixed);
    out.put(", header says ");
    out.put_decimal(said);
}

/// `num_blocks 3 needs 12 bytes of features, 8 given`
VMSG_COLD constexpr void explain_counted(text_writer& out, std::uint64_t count, std::uint64_t needed, const char* tail,
                                         bool or_none, std::size_t given) {
    out.put(' ');
    out.put_decimal(count);
    out.put(" needs ");
    put_bytes(out, needed);
    out.put(" of ");
    out.put(tail);
    out.put(or_none ? " or none, " : ", ");
    out.put_decimal(given);
    out.put(" given");
}

/// `admin_vq_start 70000 does not fit in 16 bits`
VMSG_COLD constexpr void explain_narrow(text_writer& out, const char* name, std::uint64_t value, std::size_t bits) {
    out.put(name);
    out.put(' ');
    out.put_decimal(value);
    out.put(" does not fit in ");
    out.put_decimal(bits);
    out.put(" bits");
}

// The name of the field if it is the one of `Wanted`.
template <auto Wanted, std::size_t Offset, auto Member, wire::literal Name, class Wire>
constexpr void put_name_if(text_writer& out, field<Offset, Member, Name, Wire> which) {
    if constexpr (std::is_same_v<decltype(Member), decltype(Wanted)>)
        if (Member == Wanted) out.put(which.name());
}
template <auto Wanted, class Field> constexpr void put_name_if(text_writer&, Field) {}

template <auto Wanted, class... Field> constexpr void put_name_in(text_writer& out, const fields<Field...>&) {
    (put_name_if<Wanted>(out, Field{}), ...);
}

template <revision R, class M> constexpr void explain_count(text_writer& out, const M& m, std::size_t given) {
    using layout = layout_of<M, R>;
    using tail = typename layout::tail;
    put_name_in<tail::count>(out, layout{});
    explain_counted(out, m.*tail::count, tail::counted_bytes(m), tail::name(),
                    tail::rule == wire::tail_rule::elements_or_none, given);
}

/// For a frame of message `M` with as many bytes as its header says. False if they are those of the message.
template <class M, revision R> constexpr bool explain_length(text_writer& out, byte_view frame) {
    using layout = layout_of<M, R>;
    constexpr std::size_t fixed = fixed_msg_size<M, R>;
    if constexpr (layout::has_tail) {
        if (frame.size() >= fixed) {
            M m;
            layout::template get<header_size<R>>(wire::byte_source{frame.data()}, m);
            const std::size_t given = frame.size() - fixed;
            if (layout::tail::agrees(m, given)) return false;
            explain_count<R>(out, m, given);
            return true;
        }
    }
    if (frame.size() == fixed) return false;
    explain_fixed(out, row_of<M>, layout::has_tail ? " has at least " : " has ", fixed, frame.size());
    return true;
}

/// For a frame that is a message `M`, whatever was expected. Whether there was something to say.
template <class M, revision R> constexpr bool explain_if(text_writer& out, const header& h, byte_view frame, errc why) {
    if constexpr (present_in<M, R>) {
        if ((h.type & type_bits) != row_of<M>.type() || h.msg_id != row_of<M>.id) return false;
        if (why == errc::bad_length) return explain_length<M, R>(out, frame);
        out.put(", ");
        put_name(out, row_of<M>);
        return true;
    } else {
        return false;
    }
}

template <revision R, class... M>
constexpr bool explain_any(message_list<M...>, text_writer& out, const header& h, byte_view frame, errc why) {
    return (explain_if<M, R>(out, h, frame, why) || ...);
}

// Whether the field is too narrow for its value.
template <std::size_t Offset, auto Member, wire::literal Name, class Wire, class M>
constexpr bool explain_misfit(text_writer& out, field<Offset, Member, Name, Wire> which, const M& m) {
    if constexpr (which.narrowed) {
        if (which.fits(m)) return false;
        explain_narrow(out, which.name(), m.*Member, 8 * which.size);
        return true;
    } else {
        return false;
    }
}
template <class Field, class M> constexpr bool explain_misfit(text_writer&, Field, const M&) { return false; }

/// For the first field that is too narrow for its value.
template <class M, class... Field>
constexpr bool explain_misfits(text_writer& out, const fields<Field...>&, const M& m) {
    return (false || ... || explain_misfit(out, Field{}, m));
}

} // namespace detail

/// Writes why `decode_any` or `decode` gave `why` for `frame`, for example `header says 48 bytes, 12 given`. Without a
/// line end. For an error that says nothing about a frame, and for one that this frame does not have, what it means in
/// general.
template <revision R> constexpr void explain(text_writer& out, byte_view frame, errc why) {
    constexpr std::size_t header_bytes = header_size<R>;
    const std::size_t given = frame.size();
    header h;
    if (given >= header_bytes) layout_of<header, R>::template get<0>(wire::byte_source{frame.data()}, h);
    const std::size_t said = h.msg_size;

    if (given < header_bytes) {
        if (why == errc::truncated) return detail::explain_sizes(out, "a header has ", header_bytes, given, " given");
    } else if ((why == errc::truncated && given < said) || (why == errc::oversize && given > said)) {
        return detail::explain_sizes(out, "header says ", said, given, " given");
    } else if (why == errc::bad_length && said < header_bytes) {
        return detail::explain_sizes(out, "header says ", said, header_bytes, " is the least");
    } else if (why == errc::bad_length && given >= said) {
        if (detail::explain_any<R>(all_messages{}, out, h, frame.first(said), why)) return;
    } else if (why == errc::unknown_id) {
        out.put("no message with ");
        detail::put_type_and_id(out, h);
        out.put(" in ");
        return out.put(name_of(R));
    } else if (why == errc::bad_type) {
        out.put("it has ");
        detail::put_type_and_id(out, h);
        return static_cast<void>(detail::explain_any<R>(all_messages{}, out, h, frame, why));
    }
    out.put(row_of_error(why).meaning);
}

/// Writes why `encode` gave `why` for `m`, for example `admin_vq_start 70000 does not fit in 16 bits`. Without a line
/// end.
template <revision R, message M> constexpr void explain(text_writer& out, const M& m, errc why) {
    using layout = layout_of<M, R>;
    if (why == errc::not_representable && detail::explain_misfits(out, layout{}, m)) return;
    std::size_t size = fixed_msg_size<M, R>;
    if constexpr (layout::has_tail) {
        const std::size_t given = layout::tail::data(m).size_bytes();
        if (why == errc::bad_length && !layout::tail::agrees(m, given)) return detail::explain_count<R>(out, m, given);
        size += given;
    }
    if (why == errc::oversize) {
        detail::put_name(out, row_of<M>);
        out.put(" has ");
        detail::put_bytes(out, size);
        if (size <= constants_of<R>.max_max_msg_size) return out.put(", more than there is room for");
        out.put(", header can say ");
        return out.put_decimal(constants_of<R>.max_max_msg_size);
    }
    out.put(row_of_error(why).meaning);
}

} // namespace vmsg
