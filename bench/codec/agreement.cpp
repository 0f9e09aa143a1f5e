// SPDX-License-Identifier: BSD-2-Clause
#include "agreement.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "codecs.hpp"

namespace bench {

namespace {

struct place {
    const char* revision;
    const char* codec;
    const char* message;
    std::size_t round;
};

void require(bool condition, const place& at, const char* expected) {
    if (condition) return;
    std::fprintf(stderr, "agreement: %s, %s, message %s of round %zu: expected %s\n", at.revision, at.codec, at.message,
                 at.round, expected);
    std::exit(1);
}

/// `written` is what an encoder says it has written to `bytes`.
void require_same(long long written, const std::uint8_t* bytes, const std::uint8_t* wire, std::size_t size,
                  const place& at) {
    require(written == static_cast<long long>(size), at, "the size that the library writes");
    require(std::memcmp(bytes, wire, size) == 0, at, "the bytes that the library writes");
}

} // namespace

#define AGREE_C(prefix, name, rev)                                                                                     \
    {                                                                                                                  \
        const place at{#rev, #prefix, #name, i};                                                                       \
        std::uint8_t bytes[slot_size];                                                                                 \
        int written =                                                                                                  \
            prefix##_encode_##name##_##rev(bytes, sizeof bytes, &given.for_c[i].heads[k], &given.for_c[i].name);       \
        require_same(written, bytes, wire, size, at);                                                                  \
        c_header head;                                                                                                 \
        c_##name body;                                                                                                 \
        require(prefix##_decode_##name##_##rev(wire, size, &head, &body) == 0, at, "the message to be accepted");      \
        written = prefix##_encode_##name##_##rev(bytes, sizeof bytes, &head, &body);                                   \
        require_same(written, bytes, wire, size, at);                                                                  \
        require(prefix##_decode_##name##_##rev(wire, size - 1, &head, &body) != 0, at, "a short frame to be refused"); \
    }
#define AGREE(name, type, rev)                                                                                         \
    {                                                                                                                  \
        constexpr kind k = kind::name;                                                                                 \
        const std::uint8_t* wire = given.on_wire[i][k];                                                                \
        const std::size_t size = given.sizes[k];                                                                       \
        AGREE_C(c, name, rev)                                                                                          \
        AGREE_C(cool, name, rev)                                                                                       \
        const place at{#rev, "vmsg", #name, i};                                                                        \
        std::uint8_t bytes[slot_size];                                                                                 \
        auto written =                                                                                                 \
            vmsg_encode_##name##_##rev(bytes, sizeof bytes, given.for_vmsg[i].heads[k], given.for_vmsg[i].name);       \
        require_same(written ? static_cast<long long>(*written) : -1, bytes, wire, size, at);                          \
        vmsg::framed<vmsg::type> got;                                                                                  \
        require(vmsg_decode_##name##_##rev(wire, size, got).has_value(), at, "the message to be accepted");            \
        written = vmsg_encode_##name##_##rev(bytes, sizeof bytes, got.head, got.body);                                 \
        require_same(written ? static_cast<long long>(*written) : -1, bytes, wire, size, at);                          \
        require(!vmsg_decode_##name##_##rev(wire, size - 1, got).has_value(), at, "a short frame to be refused");      \
    }
#define REQUIRE_AGREEMENT(rev)                                                                                         \
    template <> void require_agreement(const samples<vmsg::revision::rev>& given) {                                    \
        for (std::size_t i = 0; i < given.on_wire.size(); ++i) {                                                       \
            YARDSTICK_MESSAGES(AGREE, rev)                                                                             \
        }                                                                                                              \
    }
YARDSTICK_REVISIONS(REQUIRE_AGREEMENT)

} // namespace bench
