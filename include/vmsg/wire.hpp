// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The layout language: a message is a plain struct, and `layout_of<M, R>` says where its members stand on the wire of
// revision R. Codec, sizes, names, text and JSON all come from that one list. Source: virtio-msg, "Message Format":
// integers are little-endian and packed.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmsg/bytes.hpp>
#include <vmsg/config.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/tail.hpp>

namespace vmsg {

namespace wire {

/// A string as a template argument.
template <std::size_t N> struct literal {
    char text[N]{};
    consteval literal(const char (&from)[N]) {
        for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
    }
};

/// 16 bytes that travel as they are, for example a UUID.
template <class T>
concept byte_block = requires(T value) {
    requires std::same_as<decltype(value.bytes), std::uint8_t[16]>;
};

template <class> struct member_traits;
template <class Owner, class T> struct member_traits<T Owner::*> {
    using owner = Owner;
    using type = T;
};
template <auto Member> using owner_of = typename member_traits<decltype(Member)>::owner;
template <auto Member> using type_of = typename member_traits<decltype(Member)>::type;

/// The unsigned integer that carries a `T` on the wire, unless a layout names a narrower one.
template <class T> struct carrier { using type = typename detail::unsigned_of_size<sizeof(T)>::type; };
template <byte_block T> struct carrier<T> { using type = T; };

struct label {
    char text[40]{};
};

/// The name of a member as the source spells it, from the compiler's "... = &vmsg::message::member]".
template <auto Member> consteval label spelled_name() {
    label name;
    std::size_t end = sizeof __PRETTY_FUNCTION__ - 2;
    std::size_t begin = end;
    while (__PRETTY_FUNCTION__[begin - 1] != ':') --begin;
    for (std::size_t i = begin; i < end; ++i) name.text[i - begin] = __PRETTY_FUNCTION__[i];
    return name;
}
template <auto Member> inline constexpr label label_of = spelled_name<Member>();

template <literal Name> inline constexpr auto kept = Name;

template <auto Member, literal Name> constexpr const char* name_of() {
    if constexpr (sizeof Name.text > 1)
        return kept<Name>.text;
    else
        return label_of<Member>.text;
}

} // namespace wire

/// One member at payload offset `Offset` (bytes). `Name` is the field's name in this revision, by default the member's;
/// `Wire` the unsigned integer that carries it, by default of the member's own width. A narrower one makes values that
/// do not fit `errc::not_representable`.
template <std::size_t Offset, auto Member, wire::literal Name = "",
          class Wire = typename wire::carrier<wire::type_of<Member>>::type>
struct field {
    using owner = wire::owner_of<Member>;
    using value_type = wire::type_of<Member>;
    using wire_type = Wire;
    static constexpr std::size_t offset = Offset;
    static constexpr std::size_t size = sizeof(Wire);
    static constexpr bool is_tail = false;
    static constexpr bool narrowed = sizeof(Wire) < sizeof(value_type);

    static constexpr const char* name() { return wire::name_of<Member, Name>(); }

    template <std::size_t Base, class Sink> VMSG_INLINE static constexpr void put(Sink& sink, const owner& m) {
        if constexpr (wire::byte_block<Wire>) {
            sink.template put<Base + Offset>(load_le<std::uint64_t>((m.*Member).bytes));
            sink.template put<Base + Offset + 8>(load_le<std::uint64_t>((m.*Member).bytes + 8));
        } else {
            sink.template put<Base + Offset>(static_cast<Wire>(m.*Member));
        }
    }

    template <std::size_t Base, class Source> VMSG_INLINE static constexpr void get(const Source& source, owner& m) {
        if constexpr (wire::byte_block<Wire>) {
            store_le((m.*Member).bytes, source.template get<Base + Offset, std::uint64_t>());
            store_le((m.*Member).bytes + 8, source.template get<Base + Offset + 8, std::uint64_t>());
        } else {
            m.*Member = static_cast<value_type>(source.template get<Base + Offset, Wire>());
        }
    }

    VMSG_INLINE static constexpr bool fits(const owner& m) {
        if constexpr (narrowed)
            return static_cast<value_type>(static_cast<Wire>(m.*Member)) == m.*Member;
        else
            return true;
    }

    template <class M, class Visitor> static constexpr void visit(M& m, Visitor& visitor) {
        visitor(name(), m.*Member);
    }
};

/// `Length` bytes of padding: zero on send, not looked at on receive.
template <std::size_t Offset, std::size_t Length> struct reserved {
    static constexpr std::size_t offset = Offset;
    static constexpr std::size_t size = Length;
    static constexpr bool is_tail = false;

    template <std::size_t Base, class Sink, class M> VMSG_INLINE static constexpr void put(Sink& sink, const M&) {
        sink.template zero<Base + Offset, Length>();
    }
    template <std::size_t Base, class Source, class M> VMSG_INLINE static constexpr void get(const Source&, M&) {}
    template <class M> VMSG_INLINE static constexpr bool fits(const M&) { return true; }
    template <class M, class Visitor> static constexpr void visit(M&, Visitor&) {}
};

namespace wire {

enum class tail_rule : std::uint8_t {
    elements,         ///< the count is the number of elements
    elements_or_none, ///< the same, or no element at all whatever the count says
    bits,             ///< the count is a number of bits in whole bytes
};

/// The variable end of a message, counted by another member. Use `counted`, `counted_or_none` or `bit_counted`.
template <std::size_t Offset, auto Data, auto Count, literal Name, tail_rule Rule> struct tail_field {
    using owner = owner_of<Data>;
    using element = typename type_of<Data>::value_type;
    static constexpr std::size_t offset = Offset;
    static constexpr std::size_t size = 0;
    static constexpr bool is_tail = true;
    static constexpr tail_rule rule = Rule;
    static constexpr auto count = Count; ///< the member that counts

    static constexpr const char* name() { return name_of<Data, Name>(); }

    VMSG_INLINE static constexpr const tail<element>& data(const owner& m) { return m.*Data; }

    // The fixed part does not contain it.
    template <std::size_t Base, class Sink> VMSG_INLINE static constexpr void put(Sink&, const owner&) {}
    template <std::size_t Base, class Source> VMSG_INLINE static constexpr void get(const Source&, owner&) {}
    VMSG_INLINE static constexpr bool fits(const owner&) { return true; }

    /// Bytes that the count member asks for.
    VMSG_INLINE static constexpr std::uint64_t counted_bytes(const owner& m) {
        if constexpr (Rule == tail_rule::bits)
            return (std::uint64_t{m.*Count} + 7) / 8;
        else
            return std::uint64_t{m.*Count} * sizeof(element);
    }

    /// Whether a tail of `bytes` agrees with the count member.
    VMSG_INLINE static constexpr bool agrees(const owner& m, std::size_t bytes) {
        return counted_bytes(m) == bytes || (Rule == tail_rule::elements_or_none && bytes == 0);
    }

    VMSG_INLINE static constexpr void set(owner& m, byte_view bytes) { m.*Data = tail<element>::from_wire(bytes); }

    template <class M, class Visitor> static constexpr void visit(M& m, Visitor& visitor) { visitor(name(), m.*Data); }
};

} // namespace wire

/// A tail with as many elements as the member `Count` says.
template <std::size_t Offset, auto Data, auto Count, wire::literal Name = "">
using counted = wire::tail_field<Offset, Data, Count, Name, wire::tail_rule::elements>;
/// The same, or nothing: an EVENT_CONFIG or a SET_CONFIG response may name a range and carry no data.
template <std::size_t Offset, auto Data, auto Count, wire::literal Name = "">
using counted_or_none = wire::tail_field<Offset, Data, Count, Name, wire::tail_rule::elements_or_none>;
/// A bitmap of `Count` bits in whole bytes.
template <std::size_t Offset, auto Data, auto Count, wire::literal Name = "">
using bit_counted = wire::tail_field<Offset, Data, Count, Name, wire::tail_rule::bits>;

namespace wire {

template <class... Field> struct last { using type = void; };
template <class Field> struct last<Field> { using type = Field; };
template <class Field, class... Rest> struct last<Field, Rest...> : last<Rest...> {};

template <class... Field> consteval bool contiguous() {
    [[maybe_unused]] std::size_t end = 0;
    [[maybe_unused]] bool ended = false;
    bool good = true;
    ((good = good && !ended && Field::offset == end, end += Field::size, ended = Field::is_tail), ...);
    return good;
}

} // namespace wire

/// The payload of a message: its fields in wire order, without gap or overlap, a tail only at the end.
template <class... Field> struct fields {
    static constexpr bool present = true;
    static constexpr std::size_t fixed_size = (std::size_t{0} + ... + Field::size); ///< bytes, without the tail
    static constexpr bool has_tail = (false || ... || Field::is_tail);
    using tail = typename wire::last<Field...>::type; ///< the last field, which is the tail if there is one

    template <std::size_t Base, class Sink, class M> VMSG_INLINE static constexpr void put(Sink& sink, const M& m) {
        (Field::template put<Base>(sink, m), ...);
    }
    template <std::size_t Base, class Source, class M>
    VMSG_INLINE static constexpr void get(const Source& source, M& m) {
        (Field::template get<Base>(source, m), ...);
    }
    template <class M> VMSG_INLINE static constexpr bool fits(const M& m) { return (true && ... && Field::fits(m)); }

    /// Calls `visitor(name, member)` for each field in wire order; a tail is visited as `wire::tail`.
    template <class M, class Visitor> static constexpr void visit(M& m, Visitor&& visitor) {
        (Field::visit(m, visitor), ...);
    }

    static_assert(wire::contiguous<Field...>(), "fields must stand in wire order without gap or overlap, a tail last");
};

/// In place of a layout: the revision does not have the message.
struct absent {
    static constexpr bool present = false;
    static constexpr std::size_t fixed_size = 0;
    static constexpr bool has_tail = false;
};

/// Where the members of `M` stand in revision `R`. Every message has one for the newest revision; a revision without
/// one of its own has the layout of the newest.
template <class M, revision R> struct layout_of : layout_of<M, newest_revision> {
    static_assert(R != newest_revision, "no layout for the newest revision");
};

namespace wire {

/// Writes integers at constant offsets into bytes.
class byte_sink {
public:
    VMSG_INLINE constexpr explicit byte_sink(std::uint8_t* to) : to_(to) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr void put(T value) {
        store_le<T>(to_ + Offset, value);
    }
    template <std::size_t Offset, std::size_t Length> VMSG_INLINE constexpr void zero() {
        for (std::size_t i = 0; i < Length; ++i) to_[Offset + i] = 0;
    }

private:
    std::uint8_t* to_;
};

/// Reads integers at constant offsets from bytes.
class byte_source {
public:
    VMSG_INLINE constexpr explicit byte_source(const std::uint8_t* from) : from_(from) {}
    template <std::size_t Offset, std::unsigned_integral T> VMSG_INLINE constexpr T get() const {
        return load_le<T>(from_ + Offset);
    }

private:
    const std::uint8_t* from_;
};

} // namespace wire

} // namespace vmsg
