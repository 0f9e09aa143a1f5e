// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the partition has to say, by FFA_CONSOLE_LOG: the manager prints it.

#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/console.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/text.hpp>

#include <cstdint>

namespace partition {

using namespace vmsg;

/// `line`, as much as one call can carry. That nobody prints it is no error.
template <ffa::conduit Conduit> void log(Conduit& call, ffa::version negotiated, const text_writer& line) {
    ffa::console_log_call text{.width = ffa::form::smc64};
    const std::size_t room = ffa::console_log_capacity(text.width, negotiated);
    for (const char c : line.view())
        if (text.size < room) text.text[text.size++] = static_cast<std::uint8_t>(c);
    ffa::call_frame frame = ffa::encode(text);
    call(frame);
}

} // namespace partition
