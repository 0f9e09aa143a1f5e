// SPDX-License-Identifier: BSD-2-Clause
#include "frame_reader.hpp"

#include "rejected.hpp"
#include "revisions.hpp"

#include <vmsg/codec.hpp>
#include <vmsg/explain.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace tool {

namespace {

// Takes over a message of revision R.
template <vmsg::revision R> class reader {
public:
    reader(reading& out, form wanted) : out_(out), wanted_(wanted) {}

    template <class M> void operator()(const vmsg::header& h, const M& m) const {
        out_.row = vmsg::row_of<M>;
        if (wanted_ == form::object) {
            out_.object = message_object(R, out_.row);
            vmsg::layout_of<vmsg::header, R>::visit(h, json_fields{out_.object["header"]});
            vmsg::layout_of<M, R>::visit(m, json_fields{out_.object["fields"]});
        } else if (wanted_ == form::text) {
            // Enough for all names and values of the fixed part, and for the longest tail.
            out_.text.resize(4096 + std::size_t{3} * h.msg_size);
            vmsg::text_writer text{out_.text.data(), out_.text.size()};
            vmsg::write_full<R>(text, h, m);
            out_.text.resize(text.view().size());
        }
    }

private:
    reading& out_;
    form wanted_;
};

template <vmsg::revision R> reading read_frame_as(const delivery& d, form wanted) {
    vmsg::byte_view frame{d.bytes.data(), d.size};
    auto stray = d.bytes.end();
    if (const auto h = vmsg::decode_header<R>(frame); h && d.padded) {
        frame = frame.first(h->msg_size);
        stray = std::find_if(d.bytes.begin() + h->msg_size, d.bytes.end(), [](std::uint8_t byte) { return byte != 0; });
    }
    reading out;
    if (const auto outcome = vmsg::decode_any<R>(frame, reader<R>{out, wanted}); !outcome) {
        char words[160];
        vmsg::text_writer text{words};
        vmsg::explain<R>(text, frame, outcome.error());
        throw rejected{outcome.error(), text.view()};
    }
    if (stray != d.bytes.end())
        throw rejected{vmsg::errc::oversize,
                       fmt::format("header says {} bytes, byte {} is 0x{:02x} where only zero padding may be",
                                   frame.size(), stray - d.bytes.begin(), *stray)};
    return out;
}

} // namespace

reading read_frame(vmsg::revision r, const delivery& d, form wanted) {
    return with_revision(r, [&]<vmsg::revision R>() { return read_frame_as<R>(d, wanted); });
}

} // namespace tool
