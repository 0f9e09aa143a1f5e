// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From the fields of a message to the 14 register values of a direct FF-A message, up to an instruction that waits for
// all of them: what counting instructions does not see is how long narrow stores delay wide loads.

#include <cstddef>

#include <vmsg/frame.hpp>
#include <vmsg/revision.hpp>

#include "samples.hpp"

namespace bench {

/// The messages without a tail.
inline constexpr std::size_t image_messages = 0
#define ONE(name, type, rev) +1
    YARDSTICK_FIXED_MESSAGES(ONE, )
#undef ONE
    ;

/// One round of them in the form of each way, and as ready images.
struct image_round {
    const vmsg_round* for_vmsg{};
    const c_round* for_c{};
    vmsg::word_image ready[image_messages]{};
};

template <vmsg::revision R> void fill(image_round& to, const vmsg_round& for_vmsg, const c_round& for_c);

/// The floor: 14 loads.
void registers_of_ready_image(const image_round& round);
/// The library: words composed with shifts.
template <vmsg::revision R> void registers_through_words(const image_round& round);
/// The library's bytes in a zeroed buffer, loaded as words.
template <vmsg::revision R> void registers_through_bytes(const image_round& round);
/// As in C drivers: the C reference into a frame, the frame copied to zeroed arguments, these loaded.
template <vmsg::revision R> void registers_through_c(const image_round& round);

} // namespace bench
