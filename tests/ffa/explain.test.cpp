// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/explain.hpp>

#include "support/check.hpp"

#include <array>
#include <string_view>

using namespace vmsg;

namespace {

constexpr bool direct_says(std::uint64_t x0, errc why, std::string_view expected) {
    const ffa::call_frame frame{{x0}};
    char room[200]{};
    text_writer out{room};
    ffa::explain_direct(out, frame, why);
    return out.view() == expected;
}

/// Whether a buffer of `given` bytes whose header speaks of `size` bytes at `offset` is refused with `why` and the
/// words for it are `expected`.
constexpr bool refused(std::uint32_t offset, std::uint32_t size, std::size_t given, errc why,
                       std::string_view expected) {
    std::array<std::uint8_t, 64> buffer{};
    store_le(buffer.data() + 8, offset);
    store_le(buffer.data() + 16, size);
    const byte_view delivered = byte_view{buffer}.first(given);
    char room[200]{};
    text_writer out{room};
    ffa::explain_indirect(out, delivered, why);
    return ffa::decode_indirect(delivered).error() == why && out.view() == expected;
}

} // namespace

TEST_CASE("a call that is no direct message") {
    CX_CHECK(direct_says(0x84000061, errc::bad_type,
                         "x0 is 0x84000061, direct messages have 0xc400008d (REQ2) or 0xc400008e (RESP2)"));
    CX_CHECK(direct_says(~std::uint64_t{0}, errc::bad_type,
                         "x0 is 0xffffffffffffffff, direct messages have 0xc400008d (REQ2) or 0xc400008e (RESP2)"));
    CX_CHECK(direct_says(0xc400008d, errc::busy, "not executed, may be tried again"));
}

TEST_CASE("a buffer without an indirect message") {
    CX_CHECK(refused(20, 8, 12, errc::truncated, "a partition message header has 20 bytes, 12 given"));
    CX_CHECK(refused(8, 8, 64, errc::bad_length, "partition message header says offset 8, 20 is the least"));
    CX_CHECK(refused(20, 0, 64, errc::bad_length, "partition message header says 0 bytes at offset 20"));
    CX_CHECK(
        refused(40, 25, 64, errc::truncated, "partition message header says 25 bytes at offset 40, the buffer has 64"));
    CX_CHECK(refused(0xffff'ffff, 1, 64, errc::truncated,
                     "partition message header says 1 byte at offset 4294967295, the buffer has 64"));
    char room[200]{};
    text_writer out{room};
    ffa::explain_indirect(out, byte_view{}, errc::busy);
    CHECK(out.view() == "not executed, may be tried again");
}
