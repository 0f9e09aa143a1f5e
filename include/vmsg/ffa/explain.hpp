// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `explain_direct`, `explain_indirect`: why what FF-A delivered holds no message, in words. The message itself:
// `vmsg/explain.hpp`.

#include <cstddef>
#include <cstdint>

#include <vmsg/explain.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/text.hpp>

namespace vmsg::ffa {

/// Writes why `decode_direct` gave `why` for `frame`. Without a line end. For another error, what it means in general.
constexpr void explain_direct(text_writer& out, const call_frame& frame, errc why) {
    if (why != errc::bad_type) return out.put(row_of_error(why).meaning);
    out.put("x0 is 0x");
    out.put_hex(frame.x[0], 8);
    out.put(", direct messages have 0x");
    out.put_hex(static_cast<std::uint32_t>(function_id::msg_send_direct_req2), 8);
    out.put(" (REQ2) or 0x");
    out.put_hex(static_cast<std::uint32_t>(function_id::msg_send_direct_resp2), 8);
    out.put(" (RESP2)");
}

/// Writes why `decode_indirect` gave `why` for `buffer`. Without a line end. For another error, what it means in
/// general.
constexpr void explain_indirect(text_writer& out, byte_view buffer, errc why) {
    constexpr std::size_t least = indirect_header_size(version::v1_1);
    if (why != errc::truncated && why != errc::bad_length) return out.put(row_of_error(why).meaning);
    if (buffer.size() < least)
        return vmsg::detail::explain_sizes(out, "a partition message header has ", least, buffer.size(), " given");
    detail::indirect_header h;
    detail::short_indirect_header::get<0>(wire::byte_source{buffer.data()}, h);
    out.put("partition message header says ");
    if (h.offset < least) {
        out.put("offset ");
        out.put_decimal(h.offset);
        out.put(", ");
        out.put_decimal(least);
        return out.put(" is the least");
    }
    vmsg::detail::put_bytes(out, h.size);
    out.put(" at offset ");
    out.put_decimal(h.offset);
    if (h.size == 0) return;
    out.put(", the buffer has ");
    out.put_decimal(buffer.size());
}

} // namespace vmsg::ffa
