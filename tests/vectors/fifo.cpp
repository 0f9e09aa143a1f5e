// SPDX-License-Identifier: BSD-2-Clause
// `fifo.region`, `fifo.enqueue`, `fifo.dequeue`: the rings of the FIFO, each of them written and read.
#include "vectors/section.hpp"
#include "vectors/states.hpp"

#include <doctest/doctest.h>
#include <vmsg/transport/fifo_region.hpp>
#include <vmsg/transport/fifo_ring.hpp>

#include <string>
#include <vector>

using namespace vectors;
using namespace vmsg::transports;

namespace {

const json::value& fifo_vectors() {
    static const json::value all = vector_file("oasis_v2.json")["fifo"];
    return all;
}

/// The vectors have names of their own for what the rings say of themselves.
std::string region_result(errc why) { return why == errc::unsupported_revision ? "-EPROTONOSUPPORT" : errno_of(why); }
std::string take_result(errc why) { return why == errc::would_block ? "-ENOENT" : errno_of(why); }

/// A ring of the vectors: 4 entries of 104 bytes, in memory that is aligned.
struct ring_memory {
    static constexpr fifo_geometry geometry{104, 4};
    alignas(8) std::uint8_t bytes_[608]{};

    explicit ring_memory(const bytes& image) {
        REQUIRE(image.size() == sizeof bytes_);
        copy_bytes(bytes_, image.data(), image.size());
    }
    fifo_ring ring() { return {byte_span{bytes_}, geometry}; }
    bool is(const bytes& image) const { return byte_view{bytes_} == byte_view{image}; }
    unsigned read_index() const { return load_le<std::uint16_t>(bytes_ + fifo_read_index_offset); }
};

bytes made(const fifo_geometry& g) {
    bytes memory(static_cast<std::size_t>(fifo_region_size(g)), 0xa5);
    REQUIRE(make_fifo_region(memory, g));
    return memory;
}

/// The region with the rings of Linux, as its numbers say.
bytes linux_region() {
    const json::value numbers = fifo_vectors()["linux_default"];
    const auto number = [&](const char* name) { return static_cast<std::uint32_t>(numbers[name].number()); };
    const std::uint32_t second = number("tx_next_offset");
    fifo_header h{.message_size = static_cast<std::uint16_t>(number("message_size")),
                  .depth = static_cast<std::uint16_t>(number("depth")),
                  .next_offset = second};
    bytes memory(number("total_bytes"));
    REQUIRE(encode_fifo_header(memory, h));
    h.next_offset = number("rx_next_offset");
    REQUIRE(encode_fifo_header(byte_span{memory}.drop(second), h));
    CHECK(memory.size() == 2 * number("ring_bytes"));
    CHECK((memory.size() + 4095) / 4096 == number("ffa_pages"));
    return memory;
}

} // namespace

TEST_CASE("oasis_v2.json fifo.region") {
    section s("oasis_v2.json", "fifo.region");
    std::size_t n = 0;
    for (const json::value& v : fifo_vectors()["region"].items()) {
        ++n;
        bytes memory = v["hex"].is_text() ? v["hex"].bytes() : linux_region();
        const bytes before = memory;
        REQUIRE(memory.size() == v["len"].number());
        const auto region = check_fifo_region(memory);
        s.judge(v["name"].text(), v["result"].text(), region_result(region.error()));
        CHECK(memory == before);
    }
    s.finish(n);
    CHECK(n == 16);
    CHECK(made({}) == linux_region());
    CHECK(made({104, 4}) == fifo_vectors()["region"].items()[0]["hex"].bytes());
}

TEST_CASE("oasis_v2.json fifo.enqueue") {
    section s("oasis_v2.json", "fifo.enqueue");
    const bytes region = made({104, 4});
    const bytes empty(region.begin() + 608, region.end()); // the second ring has no next one
    ring_memory memory{empty};
    fifo_writer writer{memory.ring()};
    std::vector<bytes> sent;
    std::size_t n = 0;
    for (const json::value& v : fifo_vectors()["enqueue"].items()) {
        const bytes message = v["msg"].bytes();
        if (v.has("step")) {
            REQUIRE(v["step"].number() == n);
            s.judge(v["name"].text(), v["result"].text(), errno_of(writer.put(message).error()));
            CHECK(memory.is(v["ring_after"].bytes()));
            if (v["result"].text() == "0") sent.push_back(message);
        } else {
            ring_memory other{empty};
            fifo_writer fresh{other.ring()};
            s.judge(v["name"].text(), v["result"].text(), errno_of(fresh.put(message).error()));
            CHECK(other.is(empty));
        }
        ++n;
    }
    s.finish(n);
    CHECK(n == 6);

    fifo_reader reader{memory.ring()};
    for (const bytes& message : sent) {
        bytes buffer(104, 0xa5);
        const fifo_taken got = reader.take(buffer);
        CHECK(got.error == errc::none);
        buffer.resize(got.size);
        CHECK(buffer == message);
    }
}

TEST_CASE("oasis_v2.json fifo.dequeue") {
    section s("oasis_v2.json", "fifo.dequeue");
    std::size_t n = 0;
    for (const json::value& v : fifo_vectors()["dequeue"].items()) {
        ++n;
        ring_memory memory{v["ring"].bytes()};
        fifo_reader reader{memory.ring()};
        bytes buffer(104, 0xa5);
        const fifo_taken got = reader.take(buffer);
        s.judge(v["name"].text(), v["result"].text(), take_result(got.error));
        CHECK(got.was_full == v["was_full"].truth());
        CHECK(memory.read_index() == v["read_index_after"].number());
        if (v["message"].is_text()) {
            buffer.resize(got.size);
            CHECK(buffer == v["message"].bytes());
        } else {
            CHECK(got.size == 0);
            CHECK(buffer == bytes(104, 0xa5));
        }
        // A bad index ends the ring, and is not moved; a bad entry does not.
        CHECK((reader.fault() != fifo_fault::none) == (got.error == errc::bad_value && memory.is(v["ring"].bytes())));
    }
    s.finish(n);
    CHECK(n == 11);
}
