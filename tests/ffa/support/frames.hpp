// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Frames for tests of FF-A calls: what is not defined in them filled with garbage, and a manager that says what it is
// told to.

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>

#include <cstddef>
#include <cstdint>

namespace ffa_test {

using namespace vmsg;

inline constexpr ffa::endpoint_id driver{0x0001};
inline constexpr ffa::endpoint_id device{0x8003};

constexpr ffa::call_frame with_register(ffa::call_frame frame, std::size_t i, std::uint64_t value) {
    frame.x[i] = value;
    return frame;
}

// The SVE hint, garbage in the upper half of x0 and, in a 32-bit call or answer, in everything above w1 to w7.
constexpr ffa::call_frame garbled(ffa::call_frame frame) {
    const bool narrow = ffa::form_of(frame) == ffa::form::smc32;
    frame.x[0] |= 0xa5a5'a5a5'0001'0000;
    for (std::size_t i = 1; narrow && i < 8; ++i) frame.x[i] |= 0xa5a5'a5a5'0000'0000;
    for (std::size_t i = 8; narrow && i < 18; ++i) frame.x[i] = 0xa5a5'a5a5'a5a5'a5a5;
    return frame;
}

// `encode(c)` is `frame`, `decode(frame)` is `c`, also in the midst of garbage; other calls are something else.
template <class Call, class Decode>
constexpr bool both_ways(const Call& c, const ffa::call_frame& frame, Decode decode) {
    if (encode(c) != frame || !reserved_zero(frame, encode(c))) return false;
    const auto plain = decode(frame);
    const auto dirty = decode(garbled(frame));
    if (!plain || !(*plain == c) || !dirty || !(*dirty == c)) return false;
    return decode(with_register(frame, 0, 0x8400'0060)).error() != errc::none && !decode(ffa::call_frame{});
}

// The same for what `encode` needs the version for, or `decode` something else: both are given.
template <class T, class Decode>
constexpr bool both_ways(const T& value, const ffa::call_frame& made, const ffa::call_frame& frame, Decode decode) {
    const auto plain = decode(frame);
    const auto dirty = decode(garbled(frame));
    return made == frame && plain && *plain == value && dirty && *dirty == value;
}

// Whether a strict callee refuses `frame` once register `i` has `value` too.
template <class Decode>
constexpr bool refused_with(ffa::call_frame frame, std::size_t i, std::uint64_t value, Decode decode) {
    frame.x[i] |= value;
    const auto c = decode(frame);
    return !c || !reserved_zero(frame, encode(*c));
}

// Answers one call after the other with what it was given; after that it knows no function any more.
struct scripted {
    static constexpr std::size_t room = 24;
    ffa::call_frame answers[room]{};
    ffa::call_frame seen[room]{};
    std::size_t answer_count = 0;
    std::size_t calls = 0;

    constexpr scripted() = default;
    template <class... Frame>
    constexpr explicit scripted(const ffa::call_frame& first, const Frame&... rest)
        : answers{first, rest...}, answer_count(1 + sizeof...(rest)) {}

    constexpr void operator()(ffa::call_frame& frame) {
        if (calls < room) seen[calls] = frame;
        frame = calls < answer_count ? answers[calls] : ffa::call_frame{{0xffff'ffff}};
        ++calls;
    }
};
static_assert(ffa::conduit<scripted>);

} // namespace ffa_test
