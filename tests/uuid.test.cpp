// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/uuid.hpp>

#include "support/check.hpp"

#include <initializer_list>

using namespace vmsg;
using namespace vmsg::literals;

namespace {

constexpr uuid some{{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};

template <std::size_t N> constexpr result<uuid> parse(const char (&text)[N]) { return parse_uuid(text, N - 1); }

// Whether every single wrong character makes the text invalid.
template <std::size_t N> constexpr bool refuses_wrong_characters(const char (&text)[N]) {
    for (std::size_t i = 0; i < N - 1; ++i)
        for (const char wrong : {'g', 'G', ' ', '/', ':', '@', '`', '-', '\0'}) {
            if (text[i] == wrong) continue;
            char copy[N]{};
            for (std::size_t k = 0; k < N; ++k) copy[k] = k == i ? wrong : text[k];
            if (parse(copy)) return false;
        }
    return true;
}

} // namespace

TEST_CASE("a UUID is read from its text form, with dashes or without") {
    CX_CHECK(parse("00112233-4455-6677-8899-aabbccddeeff") == some);
    CX_CHECK(parse("00112233-4455-6677-8899-AABBCCDDEEFF") == some);
    CX_CHECK(parse("00112233445566778899aabbccddeeff") == some);
    CX_CHECK("00112233-4455-6677-8899-aabbccddeeff"_uuid == some);
}

TEST_CASE("other text is no UUID") {
    CX_CHECK(parse("").error() == errc::invalid_argument);
    CX_CHECK(parse("00112233-4455-6677-8899-aabbccddeef").error() == errc::invalid_argument);
    CX_CHECK(parse("00112233-4455-6677-8899-aabbccddeeff0").error() == errc::invalid_argument);
    CX_CHECK(parse("00112233445566778899aabbccddeeff0").error() == errc::invalid_argument);
    CX_CHECK(parse("0011223344556677-8899aabbccddeeff").error() == errc::invalid_argument);
    CX_CHECK(parse("{0112233-4455-6677-8899-aabbccddeef}").error() == errc::invalid_argument);
    CX_CHECK(parse("0011223-34455-6677-8899-aabbccddeeff").error() == errc::invalid_argument);
    CX_CHECK(refuses_wrong_characters("00112233-4455-6677-8899-aabbccddeeff"));
    CX_CHECK(refuses_wrong_characters("00112233445566778899aabbccddeeff"));
}

TEST_CASE("registers carry a UUID in two little-endian halves") {
    CX_CHECK(some.low() == 0x7766554433221100);
    CX_CHECK(some.high() == 0xffeeddccbbaa9988);
    CX_CHECK(device_role_uuid.low() == 0xa14a9824b52860c6);
    CX_CHECK(device_role_uuid.high() == 0xf0ab2261da77e79d);
    CX_CHECK(driver_role_uuid.low() == 0x2b47956789d07fbd);
    CX_CHECK(driver_role_uuid.high() == 0x9d719a5d0cdb7fb4);
}

TEST_CASE("the nil UUID") {
    CX_CHECK(uuid{}.is_nil());
    CX_CHECK(!some.is_nil());
    CX_CHECK(!uuid{{1}}.is_nil());
    CX_CHECK(!uuid{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}.is_nil());
}
