// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// encode, decode, decode_any, validate, packed: from messages to frames and back, in each revision.
// `decode` judges structure only, `validate` the values.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/frame.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/result.hpp>
#include <vmsg/wire.hpp>

namespace vmsg {

/// Bytes of the fixed part of a message, header included.
template <class M, revision R>
inline constexpr std::size_t fixed_msg_size = header_size<R> + layout_of<M, R>::fixed_size;

/// Whether revision `R` has the message.
template <class M, revision R> inline constexpr bool present_in = layout_of<M, R>::present;

namespace detail {

/// The first two bytes of a message as an integer: type and id.
template <class M>
inline constexpr std::uint16_t type_and_id = static_cast<std::uint16_t>(row_of<M>.id << 8 | row_of<M>.type());
inline constexpr std::uint16_t type_and_id_mask = 0xff00 | type_bits;

/// Why `frame` is not a message with this type and id. One that is, and has all its bytes, has contradicting lengths.
template <revision R> VMSG_COLD constexpr errc diagnose(byte_view frame, std::uint16_t expected) {
    if (frame.size() < header_size<R>) return errc::truncated;
    const std::size_t msg_size = load_le<std::uint16_t>(frame.data() + header_size<R> - 2);
    if (msg_size < header_size<R>) return errc::bad_length;
    if (frame.size() < msg_size) return errc::truncated;
    if ((load_le<std::uint16_t>(frame.data()) & type_and_id_mask) != expected) return errc::bad_type;
    return frame.size() > msg_size ? errc::oversize : errc::bad_length;
}

/// Whether class, kind, id and sizes are those of `M` in a frame of `size` bytes: for a fixed message of 8 bytes or
/// more one comparison of a masked word.
template <class M, revision R, class Source>
VMSG_INLINE constexpr bool header_matches(const Source& source, std::size_t size) {
    constexpr std::size_t size_offset = header_size<R> - 2;
    if constexpr (layout_of<M, R>::has_tail) {
        const auto word = source.template get<0, std::uint64_t>();
        return (word & type_and_id_mask) == type_and_id<M> && (word >> (8 * size_offset) & 0xffff) == size;
    } else if constexpr (fixed_msg_size<M, R> >= 8) {
        constexpr std::uint64_t mask = std::uint64_t{0xffff} << (8 * size_offset) | type_and_id_mask;
        constexpr std::uint64_t bits = std::uint64_t{fixed_msg_size<M, R>} << (8 * size_offset) | type_and_id<M>;
        return (source.template get<0, std::uint64_t>() & mask) == bits;
    } else {
        return (source.template get<0, std::uint16_t>() & type_and_id_mask) == type_and_id<M> &&
               source.template get<size_offset, std::uint16_t>() == fixed_msg_size<M, R>;
    }
}

/// The header of message `M`, in as few stores as it has runs of constants and variables.
template <class M, revision R, class Sink>
VMSG_INLINE constexpr void put_header(Sink& sink, const header& h, std::size_t size) {
    sink.template put<0>(type_and_id<M>);
    sink.template put<2>(h.dev_num);
    if constexpr (constants_of<R>.has_token) sink.template put<4>(h.token);
    sink.template put<header_size<R> - 2>(static_cast<std::uint16_t>(size));
}

} // namespace detail

/// Writes `m` with the device number and token of `h` to `out` and gives its size in bytes. Type, id and size of the
/// header follow from the message; what `h` says of them is not looked at. Bytes after the message are left alone.
/// `out` must not overlap the bytes that a tail of `m` views.
/// Errors: `oversize` (no room in `out`, or more than `msg_size` can say), `bad_length` (the tail does not have the
/// size that its count member says), `not_representable` (a value too wide for this revision's field).
template <revision R, class M> VMSG_INLINE constexpr result<std::size_t> encode(byte_span out, header h, M m) {
    using layout = layout_of<M, R>;
    static_assert(layout::present, "this revision does not have the message");
    constexpr std::size_t fixed = fixed_msg_size<M, R>;
    std::size_t size = fixed;
    if constexpr (layout::has_tail) {
        const std::size_t tail_size = layout::tail::data(m).size_bytes();
        if (!layout::tail::agrees(m, tail_size)) return errc::bad_length;
        if (tail_size > constants_of<R>.max_max_msg_size - fixed) return errc::oversize;
        size += tail_size;
    }
    if (out.size() < size) return errc::oversize;
    if (!layout::fits(m)) return errc::not_representable;
    wire::byte_sink sink{out.data()};
    detail::put_header<M, R>(sink, h, size);
    layout::template put<header_size<R>>(sink, m);
    if constexpr (layout::has_tail) layout::tail::data(m).store(out.data() + fixed);
    return size;
}

namespace detail {

/// Whether class, kind, id and sizes of `frame` are those of `M`; its tail is not looked at.
template <class M, revision R> VMSG_INLINE constexpr bool has_shape(byte_view frame) {
    static_assert(present_in<M, R>, "this revision does not have the message");
    constexpr std::size_t fixed = fixed_msg_size<M, R>;
    const bool right_size = layout_of<M, R>::has_tail ? frame.size() >= fixed : frame.size() == fixed;
    return right_size && header_matches<M, R>(wire::byte_source{frame.data()}, frame.size());
}

/// Reads a frame of the right shape into `m`, which has its defaults. `errc::none` unless the tail is not as long as
/// its count says.
template <revision R, class M> VMSG_INLINE constexpr errc fill(byte_view frame, M& m) {
    using layout = layout_of<M, R>;
    constexpr std::size_t fixed = fixed_msg_size<M, R>;
    layout::template get<header_size<R>>(wire::byte_source{frame.data()}, m);
    if constexpr (layout::has_tail) {
        layout::tail::set(m, frame.drop(fixed));
        if (!layout::tail::agrees(m, frame.size() - fixed)) return errc::bad_length;
    }
    return errc::none;
}

} // namespace detail

/// The message `M` in `frame`, whose size is the message's: a carrier's padding is cut off before (`decode_header`
/// tells the size). Members that the revision does not have stay at their defaults. A tail of the result views `frame`.
/// Errors: `truncated` (bytes are missing), `oversize` (bytes after the message), `bad_type` (another class, kind or
/// id), `bad_length` (`msg_size` and the inner counts contradict each other or the message's layout).
template <class M, revision R> VMSG_INLINE constexpr result<M> decode(byte_view frame) {
    if (!detail::has_shape<M, R>(frame)) return detail::diagnose<R>(frame, detail::type_and_id<M>);
    M m;
    if (const errc why = detail::fill<R>(frame, m); why != errc::none) return why;
    return m;
}

/// The same for a message without a tail that travels in registers. Errors: as for bytes; what follows the message in
/// the image is the carrier's padding and not looked at.
template <class M, revision R> VMSG_INLINE constexpr result<M> decode(const word_image& image) {
    using layout = layout_of<M, R>;
    static_assert(layout::present, "this revision does not have the message");
    static_assert(!layout::has_tail, "a tail views bytes: copy the image with to_bytes and decode the copy");
    static_assert(fixed_msg_size<M, R> <= word_image::size_bytes);
    if (!detail::header_matches<M, R>(image, fixed_msg_size<M, R>)) {
        std::uint8_t bytes[word_image::size_bytes]{};
        to_bytes(image, bytes);
        const errc why = detail::diagnose<R>(bytes, detail::type_and_id<M>);
        return why == errc::oversize ? errc::bad_length : why;
    }
    M m;
    layout::template get<header_size<R>>(image, m);
    return m;
}

/// Writes `m` into a register image, which is zero after it. Errors: as for bytes.
template <revision R, class M> VMSG_INLINE constexpr result<std::size_t> encode(word_image& out, header h, M m) {
    using layout = layout_of<M, R>;
    static_assert(layout::present, "this revision does not have the message");
    if constexpr (layout::has_tail) {
        std::uint8_t bytes[word_image::size_bytes]{};
        const auto size = encode<R>(byte_span{bytes}, h, m);
        if (size) out = from_bytes({bytes, *size});
        return size;
    } else {
        constexpr std::size_t size = fixed_msg_size<M, R>;
        static_assert(size <= word_image::size_bytes);
        if (!layout::fits(m)) return errc::not_representable;
        out = word_image{};
        detail::put_header<M, R>(out, h, size);
        layout::template put<header_size<R>>(out, m);
        return size;
    }
}

/// Whether the values of a decoded message are legal: the rules of the specification for its fields, and no device
/// number in a bus message (an FFA_ERROR may have one). `bad_value` if not. What follows from it depends on the
/// message: some requests must be answered all the same.
template <revision R, class M> VMSG_INLINE constexpr result<void> validate(const header& h, const M& m) {
    constexpr message_row row = row_of<M>;
    if constexpr (row.cls != msg_class::transport && !std::is_same_v<M, error_response>)
        if (h.dev_num != 0) return errc::bad_value;
    if (!legal(R, m)) return errc::bad_value;
    return {};
}

/// A message and the header that it came with.
template <class M> struct framed {
    header head{};
    M body{};
    friend bool operator==(const framed&, const framed&) = default;
};

/// `decode` and `validate` in one, with the header: for a receiver that knows what it waits for. In place: `out` must
/// not lie in the bytes of `frame`, and has no defined value after an error. Errors: those of both.
template <revision R, class M> VMSG_INLINE constexpr result<void> accept(byte_view frame, framed<M>& __restrict out) {
    if (!detail::has_shape<M, R>(frame)) return detail::diagnose<R>(frame, detail::type_and_id<M>);
    out = framed<M>{};
    layout_of<header, R>::template get<0>(wire::byte_source{frame.data()}, out.head);
    if (const errc why = detail::fill<R>(frame, out.body); why != errc::none) return why;
    return validate<R>(out.head, out.body);
}

namespace detail {

template <class M, revision R, class Visitor>
constexpr result<void> visit_decoded(const header& h, byte_view frame, Visitor& visitor) {
    if constexpr (present_in<M, R>) {
        const auto m = decode<M, R>(frame.first(h.msg_size));
        if (!m) return m.error();
        if (frame.size() > h.msg_size) return errc::oversize;
        visitor(h, *m);
        return {};
    } else {
        return errc::unknown_id;
    }
}

template <revision R, class Visitor, class... M>
constexpr result<void> visit_any(message_list<M...>, const header& h, byte_view frame, Visitor& visitor) {
    const unsigned key = (unsigned{h.type} & type_bits) << 8 | h.msg_id;
    result<void> outcome = errc::unknown_id;
    static_cast<void>(((key == (unsigned{row_of<M>.type()} << 8 | row_of<M>.id) &&
                        (outcome = visit_decoded<M, R>(h, frame, visitor), true)) ||
                       ...));
    return outcome;
}

} // namespace detail

/// Decodes whatever message of revision `R` is in `frame` and calls `visitor(header, message)` with it.
/// Errors: as `decode`, and `unknown_id` if the revision has no message with this class, kind and id.
template <revision R, class Visitor> constexpr result<void> decode_any(byte_view frame, Visitor&& visitor) {
    const auto h = decode_header<R>(frame);
    if (!h) return h.error();
    return detail::visit_any<R>(all_messages{}, *h, frame, visitor);
}

/// The wire image of a message with `Tail` bytes or elements after its fixed part: alignment 1, the size on the wire,
/// trivially copyable.
template <class M, revision R, std::size_t Tail = 0> class packed {
    using layout = layout_of<M, R>;
    static_assert(layout::present, "this revision does not have the message");
    static_assert(Tail == 0 || layout::has_tail, "the message has no tail");

    static constexpr std::size_t tail_bytes() {
        if constexpr (layout::has_tail)
            return Tail * sizeof(typename layout::tail::element);
        else
            return 0;
    }

public:
    std::uint8_t bytes[fixed_msg_size<M, R> + tail_bytes()]{};

    constexpr packed() = default;
    /// The tail of `m` must have `Tail` elements and its values must fit: anything else is a caller's mistake.
    constexpr packed(const header& h, const M& m) {
        const auto size = encode<R>(byte_span{bytes}, h, m);
        VMSG_ASSERT(size.has_value() && *size == sizeof bytes);
    }

    constexpr byte_view view() const { return {bytes, sizeof bytes}; }
    constexpr result<header> head() const { return decode_header<R>(view()); }
    constexpr result<M> message() const { return decode<M, R>(view()); }

    friend bool operator==(const packed&, const packed&) = default;
};

} // namespace vmsg
