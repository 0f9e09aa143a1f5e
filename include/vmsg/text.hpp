// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Names and text of messages, ids, values and errors, for logs and tools. The only portable header with string_view.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/info.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg {

namespace detail {

// Without strlen, which not everything that runs without an operating system has.
constexpr std::string_view view_of(const char* text) {
    std::size_t size = 0;
    while (text[size] != 0) ++size;
    return {text, size};
}

} // namespace detail

/// One error: its code, the names in this library and in Linux, and what it means in a few words.
struct errc_row {
    errc code{};
    std::string_view name{};
    std::string_view linux_errno{};
    std::string_view meaning{};
};

inline constexpr errc_row errc_rows[]{
    {errc::none, "none", "0", "no error"},
    {errc::truncated, "truncated", "-EMSGSIZE", "bytes are missing"},
    {errc::oversize, "oversize", "-EMSGSIZE", "too many bytes"},
    {errc::bad_length, "bad_length", "-EMSGSIZE", "sizes contradict each other"},
    {errc::bad_type, "bad_type", "-EPROTO", "another message than expected"},
    {errc::unknown_id, "unknown_id", "-EPROTO", "no such message in this revision"},
    {errc::bad_value, "bad_value", "-EPROTO", "a value is not allowed"},
    {errc::not_representable, "not_representable", "-ERANGE", "a value does not fit its field"},
    {errc::bad_state, "bad_state", "-EPROTO", "not allowed in the present state"},
    {errc::stale_token, "stale_token", "-EPROTO", "no request waits for this response"},
    {errc::unsupported_revision, "unsupported_revision", "-EOPNOTSUPP", "no revision in common"},
    {errc::not_supported, "not_supported", "-EOPNOTSUPP", "not there"},
    {errc::busy, "busy", "-EBUSY", "not executed, may be tried again"},
    {errc::no_answer, "no_answer", "-EBUSY", "all-zero answer, may be tried again"},
    {errc::would_block, "would_block", "-EAGAIN", "nothing to do now"},
    {errc::retry, "retry", "-EAGAIN", "the carrier asks for the same call again"},
    {errc::interrupted, "interrupted", "-EINTR", "to be resumed"},
    {errc::timed_out, "timed_out", "-ETIMEDOUT", "no answer in time"},
    {errc::denied, "denied", "-EACCES", "not permitted"},
    {errc::no_memory, "no_memory", "-ENOMEM", "the other side has no room"},
    {errc::aborted, "aborted", "-ECANCELED", "ended by a reset or a removal"},
    {errc::no_device, "no_device", "-ENODEV", "no such device"},
    {errc::full, "full", "-ENOSPC", "no free entry"},
    {errc::peer_error, "peer_error", "-EIO", "the peer answered with an error"},
    {errc::invalid_argument, "invalid_argument", "-EINVAL", "impossible request of the caller"},
};
static_assert(sizeof errc_rows / sizeof errc_rows[0] == errc_count);

/// The row of an error; the one of `none` for a value that is no error code.
constexpr const errc_row& row_of_error(errc code) {
    const auto i = static_cast<std::size_t>(code);
    return errc_rows[i < errc_count ? i : 0];
}
constexpr std::string_view name_of(errc code) { return row_of_error(code).name; }

struct revision_row {
    revision rev{};
    std::string_view name{};
};
inline constexpr revision_row revision_rows[]{
    {revision::rfc2025, "rfc2025"}, {revision::oasis_v1, "oasis_v1"}, {revision::oasis_v2, "oasis_v2"}};

constexpr std::string_view name_of(revision r) {
    for (const revision_row& row : revision_rows)
        if (row.rev == r) return row.name;
    return detail::view_of("?");
}
/// The revision of that name, or `invalid_argument`.
constexpr result<revision> revision_named(std::string_view name) {
    for (const revision_row& row : revision_rows)
        if (row.name == name) return row.rev;
    return errc::invalid_argument;
}

constexpr std::string_view name_of(msg_class c) {
    constexpr std::string_view names[]{"transport", "bus", "ffa-bus"};
    return names[static_cast<std::size_t>(c)];
}
constexpr std::string_view name_of(msg_kind k) {
    constexpr std::string_view names[]{"request", "response", "event"};
    return names[static_cast<std::size_t>(k)];
}
constexpr std::string_view name_of(direction d) {
    constexpr std::string_view names[]{"driver to device", "device to driver", "either way"};
    return names[static_cast<std::size_t>(d)];
}

namespace detail {

constexpr std::string_view name_of_id(msg_class c, unsigned id) {
    for (const message_info& m : messages)
        if (m.cls == c && m.id == id) return view_of(m.name);
    return detail::view_of("?");
}

struct value_name {
    std::uint32_t value{};
    std::string_view name{};
};

// What the values of an enumeration are called; a set of bits is written as the names of its bits.
template <class E> inline constexpr value_name value_names[]{{0, ""}};
template <>
inline constexpr value_name value_names<device_status>[] {
    {0x01, "ACKNOWLEDGE"}, {0x02, "DRIVER"}, {0x04, "DRIVER_OK"}, {0x08, "FEATURES_OK"}, {0x10, "SUSPEND"},
        {0x40, "NEEDS_RESET"}, {
        0x80, "FAILED"
    }
};
template <>
inline constexpr value_name value_names<bus_feature>[] {
    {0x01, "DIRECT_RX"}, {0x02, "DIRECT_TX"}, {0x04, "INDIRECT_RX"}, {0x08, "INDIRECT_TX"}, {0x10, "NOTIF_RX"},
        {0x20, "NOTIF_TX"}, {
        0x40, "FIFO"
    }
};
template <>
inline constexpr value_name value_names<vqueue_flags>[] {
    {0x01, "ENABLE"}, {0x02, "KEEP_STATE"}, {0x04, "SIZE_IGNORE"}, {0x08, "DESC_ADDR_IGNORE"},
        {0x10, "DRIVER_ADDR_IGNORE"}, {
        0x20, "DEVICE_ADDR_IGNORE"
    }
};
template <>
inline constexpr value_name value_names<bus_result>[] {
    {0, "SUCCESS"}, {1, "ERROR"}, { 2, "BUSY" }
};
template <>
inline constexpr value_name value_names<device_state>[] {
    {1, "ADDED"}, { 2, "REMOVED" }
};
template <>
inline constexpr value_name value_names<event_method>[] {
    {0, "POLL"}, {1, "NOTIF"}, {2, "INDIRECT"}, { 3, "FIFO" }
};

template <class E> inline constexpr bool is_named = !value_names<E>[0].name.empty();

template <class E>
inline constexpr bool is_bit_set =
    std::is_same_v<E, device_status> || std::is_same_v<E, bus_feature> || std::is_same_v<E, vqueue_flags>;

} // namespace detail

constexpr std::string_view name_of(transport_msg_id id) {
    return detail::name_of_id(msg_class::transport, static_cast<unsigned>(id));
}
constexpr std::string_view name_of(bus_msg_id id) {
    return detail::name_of_id(msg_class::bus, static_cast<unsigned>(id));
}
constexpr std::string_view name_of(ffa_bus_msg_id id) {
    return detail::name_of_id(msg_class::ffa_bus, static_cast<unsigned>(id));
}

/// Writes text into a caller's characters; what does not fit is cut off.
class text_writer {
public:
    constexpr text_writer(char* out, std::size_t room) : out_(out), room_(room) {}
    template <std::size_t N> constexpr explicit text_writer(char (&out)[N]) : out_(out), room_(N) {}

    constexpr std::string_view view() const { return {out_, size_}; }
    constexpr bool cut() const { return cut_; } ///< whether something did not fit

    constexpr void put(char c) {
        if (size_ < room_)
            out_[size_++] = c;
        else
            cut_ = true;
    }
    constexpr void put(std::string_view text) {
        for (const char c : text) put(c);
    }
    constexpr void put(const char* text) { put(detail::view_of(text)); }
    constexpr void put_decimal(std::uint64_t value) {
        char digits[20]{};
        std::size_t n = 0;
        do digits[n++] = static_cast<char>('0' + value % 10);
        while ((value /= 10) != 0);
        while (n != 0) put(digits[--n]);
    }
    /// At least `width` hexadecimal digits, without a prefix.
    constexpr void put_hex(std::uint64_t value, std::size_t width) {
        std::size_t n = 16;
        while (n > 1 && n > width && value >> (4 * (n - 1)) == 0) --n;
        while (n != 0) put("0123456789abcdef"[value >> (4 * --n) & 0xf]);
    }
    /// Short numbers in decimal, long ones in hexadecimal with 0x.
    constexpr void put_number(std::uint64_t value) {
        if (value < 0x10000) return put_decimal(value);
        put("0x");
        put_hex(value, 1);
    }
    /// Adds blanks up to column `column` of the present line.
    constexpr void pad_to(std::size_t column) {
        std::size_t start = size_;
        while (start != 0 && out_[start - 1] != '\n') --start;
        while (!cut_ && size_ - start < column) put(' ');
    }

private:
    char* out_;
    std::size_t room_;
    std::size_t size_ = 0;
    bool cut_ = false;
};

/// The text form of a UUID, with dashes.
constexpr void write_text(text_writer& out, const uuid& id) {
    for (std::size_t i = 0; i < sizeof id.bytes; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.put('-');
        out.put_hex(id.bytes[i], 2);
    }
}

namespace detail {

/// The value of a field as text.
template <class T> constexpr void write_value(text_writer& out, const T& value) {
    if constexpr (std::is_same_v<T, uuid>) {
        write_text(out, value);
    } else if constexpr (std::is_enum_v<T>) {
        const auto number = static_cast<std::uint64_t>(value);
        std::uint64_t rest = number;
        bool first = true;
        for (const value_name& v : value_names<T>) {
            const bool named = is_bit_set<T> ? (number & v.value) != 0 : number == v.value && !v.name.empty();
            if (!named) continue;
            if (!first) out.put('|');
            first = false;
            out.put(v.name);
            rest &= ~std::uint64_t{v.value};
        }
        if (first) return out.put_number(number);
        if (is_bit_set<T> && rest != 0) {
            out.put("|0x");
            out.put_hex(rest, 1);
        }
    } else if constexpr (std::is_integral_v<T>) {
        out.put_number(value);
    } else { // a tail
        out.put('[');
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (sizeof(typename T::value_type) > 1 && i != 0) out.put(' ');
            out.put_hex(value[i], 2 * sizeof(typename T::value_type));
        }
        out.put(']');
    }
}

struct line_fields {
    text_writer& out;
    template <class T> constexpr void operator()(const char* name, const T& value) const {
        out.put(' ');
        out.put(name);
        out.put('=');
        write_value(out, value);
    }
};

struct full_fields {
    text_writer& out;
    template <class T> constexpr void operator()(const char* name, const T& value) const {
        out.put("\n  ");
        out.put(name);
        out.pad_to(24);
        write_value(out, value);
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            const auto number = static_cast<std::uint64_t>(value);
            if (number < 10 && !is_named<T>) return;
            out.put(" (");
            if (is_named<T> || number >= 0x10000) {
                out.put_decimal(number);
            } else {
                out.put("0x");
                out.put_hex(number, 1);
            }
            out.put(')');
        }
    }
};

} // namespace detail

/// One line: name, kind, device number, token, fields. For example
/// `SET_DEVICE_STATUS request dev_num=1 token=7 status=ACKNOWLEDGE|DRIVER`. Without a line end.
template <revision R, class M> constexpr void write_line(text_writer& out, const header& h, const M& m) {
    constexpr message_row row = row_of<M>;
    out.put(row.name);
    out.put(' ');
    out.put(name_of(row.kind));
    const detail::line_fields fields{out};
    if (row.cls == msg_class::transport || h.dev_num != 0)
        fields(R == revision::rfc2025 ? "dev_id" : "dev_num", h.dev_num);
    if constexpr (constants_of<R>.has_token) fields("token", h.token);
    layout_of<M, R>::visit(m, fields);
}

/// Several lines: what the message is, then header and payload with one field per line. Without a line end at the end.
template <revision R, class M> constexpr void write_full(text_writer& out, const header& h, const M& m) {
    constexpr message_row row = row_of<M>;
    out.put(row.name);
    out.put(' ');
    out.put(name_of(row.kind));
    out.put(" (");
    out.put(name_of(R));
    out.put(", ");
    out.put(name_of(row.cls));
    out.put(", ");
    out.put(name_of(row.dir));
    out.put(')');
    const detail::full_fields fields{out};
    layout_of<header, R>::visit(h, fields);
    layout_of<M, R>::visit(m, fields);
}

} // namespace vmsg
