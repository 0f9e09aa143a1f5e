// SPDX-License-Identifier: BSD-2-Clause
// Uses of text: of every message in every revision, and of the names.
#include <vmsg/text.hpp>

using namespace vmsg;

namespace {

template <revision R> struct line_writer {
    text_writer& out;
    template <class M> void operator()(const header& h, const M& m) const { write_line<R>(out, h, m); }
};

struct full_writer {
    text_writer& out;
    template <class M> void operator()(const header& h, const M& m) const { write_full<revision::oasis_v2>(out, h, m); }
};

template <revision R> bool line_of(byte_view frame, text_writer& out) {
    return decode_any<R>(frame, line_writer<R>{out}).has_value();
}

} // namespace

bool use_lines(revision r, byte_view frame, text_writer& out) {
    switch (r) {
    case revision::rfc2025: return line_of<revision::rfc2025>(frame, out);
    case revision::oasis_v1: return line_of<revision::oasis_v1>(frame, out);
    default: return line_of<revision::oasis_v2>(frame, out);
    }
}

bool use_full_form(byte_view frame, text_writer& out) {
    return decode_any<revision::oasis_v2>(frame, full_writer{out}).has_value();
}

void use_names(text_writer& out, errc error, std::uint8_t id) {
    out.put(name_of(error));
    out.put(row_of_error(error).linux_errno);
    out.put(name_of(transport_msg_id{id}));
    out.put(name_of(bus_msg_id{id}));
    out.put(name_of(ffa_bus_msg_id{id}));
    if (const auto r = revision_named(out.view())) out.put(name_of(*r));
}
