// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/virtio/entropy.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

/// Counts up, and ends after some calls.
struct counter {
    int calls_left = 100;
    std::uint8_t next = 1;
    constexpr result<void> fill(byte_span to) {
        if (calls_left == 0) return errc::would_block;
        --calls_left;
        for (std::uint8_t& byte : to) byte = next++;
        return {};
    }
};

struct three_elements {
    std::array<std::uint8_t, 12> bytes{};
    byte_span elements[3]{byte_span{bytes}.first(3), byte_span{bytes}.drop(3).first(4),
                          byte_span{bytes}.drop(7).first(5)};
    constexpr chain_writer writer() { return {elements, 3}; }
};

constexpr bool all_elements_are_filled() {
    three_elements chain;
    counter source;
    const auto used = serve_entropy(source, chain_reader{}, chain.writer());
    if (!used || *used != 12) return false;
    for (std::size_t i = 0; i < 12; ++i)
        if (chain.bytes[i] != i + 1) return false;
    return true;
}

constexpr bool a_source_that_ends_gives_less() {
    three_elements chain;
    counter source{.calls_left = 2};
    const auto used = serve_entropy(source, chain_reader{}, chain.writer());
    return used && *used == 7 && chain.bytes[6] == 7 && chain.bytes[7] == 0;
}

constexpr bool no_more_than(std::uint32_t most) {
    three_elements chain;
    counter source;
    const auto used = serve_entropy(source, chain_reader{}, chain.writer(), most);
    return used && *used == most && chain.bytes[most - 1] == most && chain.bytes[most] == 0;
}

constexpr errc serve_outcome(bool readable, bool writable, int calls) {
    three_elements chain;
    counter source{.calls_left = calls};
    const chain_reader request = readable ? chain_reader{chain.elements, 1} : chain_reader{};
    const auto used = serve_entropy(source, request, writable ? chain.writer() : chain_writer{});
    return used.error() != errc::none && chain.bytes[0] != 0 ? errc::peer_error : used.error();
}

constexpr bool lent_memory_is_clean() {
    std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    const buffer lent = lend_for_entropy({bus_address{0x1000}, bytes});
    return lent == buffer{bus_address{0x1000}, 8} && bytes == std::array<std::uint8_t, 8>{};
}

constexpr result<std::uint32_t> taken(completion done, std::size_t room = 8) {
    std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::uint8_t, 8> to{};
    const auto count = take_entropy(done, {bus_address{0x1000}, bytes}, byte_span{to}.first(room));
    for (std::size_t i = 0; i < to.size(); ++i)
        if (to[i] != (i < count.value_or(0) ? bytes[i] : 0)) return errc::retry;
    return count;
}

} // namespace

TEST_CASE("EN1, EN4: used.len is the number of random bytes") {
    CX_CHECK(*taken({.written = 8, .capacity = 8}) == 8);
    CX_CHECK(*taken({.written = 3, .capacity = 8}) == 3);
    CX_CHECK(*taken({.written = 8, .capacity = 8}, 5) == 5);
}

TEST_CASE("EN4: no bytes, or more than were lent, are never key material") {
    CX_CHECK(taken({.written = 0, .capacity = 8}).error() == errc::bad_value);
    CX_CHECK(taken({.written = 9, .capacity = 9}).error() == errc::bad_value);
    CX_CHECK(taken({.written = 8, .capacity = 8, .status = errc::bad_length}).error() == errc::bad_length);
    CX_CHECK(taken({.written = 8, .capacity = 8, .status = errc::aborted}).error() == errc::aborted);
}

TEST_CASE("EN4: memory is cleared before it is lent") { CX_CHECK(lent_memory_is_clean()); }

TEST_CASE("EN2, EN3: all elements are filled in turn and the length is what was written") {
    CX_CHECK(all_elements_are_filled());
    CX_CHECK(a_source_that_ends_gives_less());
}

TEST_CASE("SQ73: one request costs no more than the device wants, however much memory it names") {
    CX_CHECK(no_more_than(1));
    CX_CHECK(no_more_than(3));
    CX_CHECK(no_more_than(8));
    three_elements chain;
    counter source;
    CHECK(serve_entropy(source, chain_reader{}, chain.writer(), 0).error() == errc::invalid_argument);
}

TEST_CASE("EN2: without a single byte there is no answer") {
    CX_CHECK(serve_outcome(false, true, 0) == errc::would_block);
}

TEST_CASE("EN3: a readable element is a violation") {
    CX_CHECK(serve_outcome(true, true, 100) == errc::bad_value);
    CX_CHECK(serve_outcome(false, false, 100) == errc::bad_value);
}

TEST_CASE("serve_entropy asks nothing of a source but what the concept says") {
    three_elements chain;
    archetypes::entropy_source nothing;
    CHECK(serve_entropy(nothing, chain_reader{}, chain.writer()).error() == errc::not_supported);
}
