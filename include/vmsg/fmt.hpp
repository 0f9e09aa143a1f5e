// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// fmt::formatter for every message, id and error. Needs fmt 9 or later. `{}` writes one line, `{:#}` the full form; the
// name of a revision may follow, as in `{:oasis_v1}` or `{:#rfc2025}`, and is the newest one by default.

#include <fmt/format.h>

#include <vmsg/text.hpp>

namespace vmsg {

namespace detail {

template <revision R, class Context, class M>
auto format_message(Context& context, bool full, const header& h, const M& m) {
    if constexpr (present_in<M, R>) {
        constexpr std::size_t longest = 8192;
        char room[longest];
        text_writer text{room};
        if (full)
            write_full<R>(text, h, m);
        else
            write_line<R>(text, h, m);
        auto out = fmt::format_to(context.out(), "{}", fmt::string_view{text.view().data(), text.view().size()});
        return text.cut() ? fmt::format_to(out, "...") : out;
    } else {
        return fmt::format_to(context.out(), "{} is not in this revision", row_of<M>.name);
    }
}

struct message_formatter {
    bool full = false;
    revision rev = newest_revision;

    constexpr auto parse(fmt::format_parse_context& context) {
        auto at = context.begin();
        if (at != context.end() && *at == '#') {
            full = true;
            ++at;
        }
        const auto start = at;
        while (at != context.end() && *at != '}') ++at;
        if (at != start) {
            const auto named = revision_named({start, static_cast<std::size_t>(at - start)});
            if (!named) FMT_THROW(fmt::format_error("unknown virtio-msg revision"));
            rev = *named;
        }
        return at;
    }

    template <class Context, class M> auto write(Context& context, const header& h, const M& m) const {
        switch (rev) {
        case revision::rfc2025: return format_message<revision::rfc2025>(context, full, h, m);
        case revision::oasis_v1: return format_message<revision::oasis_v1>(context, full, h, m);
        default: return format_message<revision::oasis_v2>(context, full, h, m);
        }
    }
};

struct name_formatter : fmt::formatter<fmt::string_view> {
    template <class T, class Context> auto write(const T& value, Context& context) const {
        const std::string_view name = name_of(value);
        return fmt::formatter<fmt::string_view>::format({name.data(), name.size()}, context);
    }
};

} // namespace detail

} // namespace vmsg

/// A message alone: its header is all zero.
template <vmsg::message M> struct fmt::formatter<M> : vmsg::detail::message_formatter {
    template <class Context> auto format(const M& m, Context& context) const {
        return write(context, vmsg::header{.type = vmsg::row_of<M>.type(), .msg_id = vmsg::row_of<M>.id}, m);
    }
};

/// A message with its header.
template <class M> struct fmt::formatter<vmsg::framed<M>> : vmsg::detail::message_formatter {
    template <class Context> auto format(const vmsg::framed<M>& m, Context& context) const {
        return write(context, m.head, m.body);
    }
};

template <> struct fmt::formatter<vmsg::errc> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::errc value, Context& context) const { return write(value, context); }
};
template <> struct fmt::formatter<vmsg::revision> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::revision value, Context& context) const { return write(value, context); }
};
template <> struct fmt::formatter<vmsg::transport_msg_id> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::transport_msg_id value, Context& context) const {
        return write(value, context);
    }
};
template <> struct fmt::formatter<vmsg::bus_msg_id> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::bus_msg_id value, Context& context) const {
        return write(value, context);
    }
};
template <> struct fmt::formatter<vmsg::ffa_bus_msg_id> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::ffa_bus_msg_id value, Context& context) const {
        return write(value, context);
    }
};
template <> struct fmt::formatter<vmsg::msg_kind> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::msg_kind value, Context& context) const { return write(value, context); }
};
template <> struct fmt::formatter<vmsg::msg_class> : vmsg::detail::name_formatter {
    template <class Context> auto format(vmsg::msg_class value, Context& context) const {
        return write(value, context);
    }
};
