// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/recognition.hpp>

#include "support/check.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

/// A VERSION request in revision `R`, padded to 64 bytes.
template <revision R> struct version_frame {
    std::uint8_t bytes[64]{};
    std::size_t size{};

    constexpr explicit version_frame(std::uint16_t token = 0x100,
                                     std::uint32_t bus_version = constants_of<R>.bus_version) {
        size = *encode<R>(byte_span{bytes}, header{.token = token},
                          version_request{.bus_version = bus_version, .transport_revision = 1});
    }
};

/// The bytes come back as they were, also out of a padded frame.
template <revision R> constexpr bool is_recognised(const version_frame<R>& f) {
    const byte_view plain = byte_view{f.bytes}.first(f.size);
    const auto got = recognise_version(plain);
    const auto padded = recognise_version(f.bytes);
    return got && padded && got->rev == R && got->bytes() == plain && padded->rev == R && padded->bytes() == plain;
}

constexpr std::uint8_t v1_of_18_bytes[26]{2, 0x80, 0, 0, 7, 0, 26, 0,    0, 0, 1, 0,   1,
                                          0, 0,    0, 0, 0, 0, 0,  0x21, 0, 0, 0, 0xff};
constexpr std::uint8_t v1_of_8_bytes[16]{2, 0x80, 0, 0, 7, 0, 16, 0, 0, 0, 1, 0, 1, 0, 0, 0};

constexpr bool shortens() {
    const auto got = recognise_version(v1_of_18_bytes);
    return got && got->rev == revision::oasis_v1 && got->bytes() == byte_view{v1_of_8_bytes};
}

/// With this byte in this place it is no VERSION request any more.
template <revision R> constexpr bool refuses(std::size_t at, std::uint8_t value) {
    version_frame<R> f;
    f.bytes[at] = value;
    return recognise_version(f.bytes).error() == errc::bad_type;
}
template <revision R> constexpr bool refuses_what_is_something_else() {
    constexpr std::size_t size_at = header_size<R> - 2;
    return refuses<R>(0, 0) && refuses<R>(0, 1) && refuses<R>(0, 3) && refuses<R>(1, 0x83) && refuses<R>(1, 0x02) &&
           refuses<R>(2, 1) && refuses<R>(3, 1) && refuses<R>(size_at, 8) && refuses<R>(size_at, 17) &&
           refuses<R>(size_at + 1, 1);
}
template <revision R> constexpr bool refuses_what_is_cut() {
    const version_frame<R> f;
    for (std::size_t n = 0; n < f.size; ++n)
        if (recognise_version(byte_view{f.bytes, n})) return false;
    return true;
}
template <revision R> constexpr bool ignores_reserved_type_bits() {
    version_frame<R> f;
    f.bytes[0] |= 0xfc;
    const auto got = recognise_version(f.bytes);
    return got && got->rev == R;
}
/// A token does not look like the size of the 6-byte header, nor the other way round.
template <revision R> constexpr bool any_token() {
    for (const unsigned token : {0u, 1u, 2u, 16u, 20u, 24u, 26u, 0xffffu})
        if (!is_recognised(version_frame<R>{static_cast<std::uint16_t>(token)})) return false;
    return true;
}

} // namespace

TEST_CASE("N5: the shape of a VERSION request tells the revision") {
    CX_CHECK(is_recognised(version_frame<revision::rfc2025>{}));
    CX_CHECK(is_recognised(version_frame<revision::oasis_v1>{}));
    CX_CHECK(is_recognised(version_frame<revision::oasis_v2>{}));
    CX_CHECK(any_token<revision::oasis_v1>());
    CX_CHECK(any_token<revision::oasis_v2>());
}

TEST_CASE("N5: the versions in it do not matter, so a probe is recognised") {
    CX_CHECK(is_recognised(version_frame<revision::oasis_v2>{3, 0}));
    CX_CHECK(is_recognised(version_frame<revision::oasis_v1>{3, 0x0002'0000}));
    CX_CHECK(is_recognised(version_frame<revision::rfc2025>{0, 2}));
}

TEST_CASE("6.2: 18 bytes behind an 8-byte header are cut to those of oasis_v1") { CX_CHECK(shortens()); }

TEST_CASE("N5: everything else is no VERSION request") {
    CX_CHECK(refuses_what_is_something_else<revision::rfc2025>());
    CX_CHECK(refuses_what_is_something_else<revision::oasis_v1>());
    CX_CHECK(refuses_what_is_something_else<revision::oasis_v2>());
    CX_CHECK(refuses_what_is_cut<revision::rfc2025>());
    CX_CHECK(refuses_what_is_cut<revision::oasis_v1>());
    CX_CHECK(refuses_what_is_cut<revision::oasis_v2>());
    CX_CHECK(ignores_reserved_type_bits<revision::rfc2025>());
    CX_CHECK(ignores_reserved_type_bits<revision::oasis_v1>());
    CX_CHECK(ignores_reserved_type_bits<revision::oasis_v2>());
}
