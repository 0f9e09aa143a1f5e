// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Prints messages as they pass, one line each, and counts them.

#include <vmsg/fmt.hpp>
#include <vmsg/vmsg.hpp>

#include <fmt/core.h>

#include <cstdint>

namespace disk {

class message_log {
public:
    bool shown = true; ///< whether lines are printed

    /// A frame on its way from the driver side (`to_device`) or to it.
    template <vmsg::revision R> void frame(bool to_device, vmsg::byte_view bytes) {
        ++messages;
        bytes_carried += bytes.size();
        if (!shown) return;
        const printer<R> print{to_device ? "driver > " : "device < "};
        if (const auto decoded = vmsg::decode_any<R>(bytes, print); !decoded)
            fmt::print("{}unreadable frame of {} bytes: {}\n", print.prefix, bytes.size(), decoded.error());
    }

    std::uint64_t messages = 0;
    std::uint64_t bytes_carried = 0;

private:
    template <vmsg::revision R> struct printer {
        const char* prefix;
        template <class M> void operator()(const vmsg::header& h, const M& m) const {
            char room[1024];
            vmsg::text_writer line{room};
            vmsg::write_line<R>(line, h, m);
            fmt::print("{}{}\n", prefix, line.view());
        }
    };
};

} // namespace disk
