// SPDX-License-Identifier: BSD-2-Clause
// What holds for all messages together: each one has golden bytes, and decode_any finds each one by its bytes.
#include <vmsg/message/all.hpp>

#include "support/golden.hpp"

using namespace vmsg;

namespace {

// Writes what it is called with, so that it can be compared with the bytes that it came from.
template <revision R> struct writer {
    canvas out{};
    std::size_t size = 0;
    const message_info* info = nullptr;
    header head{};
    unsigned calls = 0;

    template <class M> void operator()(const header& h, const M& m) {
        info = find_message(R, row_of<M>.type(), row_of<M>.id);
        head = h;
        ++calls;
        if (const auto done = encode<R>(out.span(false, canvas::most), h, m)) size = *done;
    }
};

template <revision R> void find_again(const specimen& s) {
    CAPTURE(s.info->name);
    for (const bool odd : {false, true}) {
        const frame_copy frame(s.bytes(), odd, header_size<R>);
        writer<R> seen;
        const auto done = decode_any<R>(frame.first(s.bytes().size()), seen);
        CHECK(done.has_value());
        CHECK(seen.calls == 1);
        CHECK(seen.info == s.info);
        CHECK(seen.head == *decode_header<R>(s.bytes()));
        CHECK(seen.size == s.bytes().size());
        CHECK(seen.out.holds(false, s.bytes()));
    }
}

template <revision R> void find_damaged(const specimen& s) {
    CAPTURE(s.info->name);
    const std::size_t size = s.bytes().size();
    frame_copy frame(s.bytes(), false, header_size<R>);
    writer<R> seen;
    CHECK(decode_any<R>(frame.first(size + 1), seen).error() == errc::oversize);
    CHECK(decode_any<R>(frame.first(size - 1), seen).error() == errc::truncated);
    frame.set_msg_size(size + 1);
    CHECK(decode_any<R>(frame.first(size + 1), seen).error() == errc::bad_length);
    CHECK(decode_any<R>(frame.first(size), seen).error() == errc::truncated);
    CHECK(seen.calls == 0);

    frame.set_msg_size(size);
    frame[0] = static_cast<std::uint8_t>(frame[0] | 0xfc);
    CHECK(decode_any<R>(frame.first(size), seen).has_value());
    CHECK(seen.info == s.info);
    CHECK(seen.head.type == frame[0]);
    CHECK(seen.out.holds(false, s.bytes()));
}

template <revision R> void each_specimen(void (*test)(const specimen&)) {
    std::size_t tested = 0;
    for (const listing* l = listing::first(); l != nullptr; l = l->next()) {
        if (l->what().rev != R) continue;
        test(l->what());
        ++tested;
    }
    CHECK(tested >= 41);
}

// For every type byte and id: decode_any knows exactly the messages of the table.
template <revision R> void every_id() {
    for (unsigned type = 0; type < 256; ++type)
        for (unsigned id = 0; id < 256; ++id) {
            std::uint8_t frame[8]{static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(id)};
            store_le(frame + header_size<R> - 2, static_cast<std::uint16_t>(header_size<R>));
            writer<R> seen;
            const auto done = decode_any<R>(byte_view{frame}.first(header_size<R>), seen);
            const message_info* const known = find_message(R, frame[0], frame[1]);
            const bool empty = known != nullptr && known->in(R).fixed_size == header_size<R>;
            const errc expected = known == nullptr ? errc::unknown_id : empty ? errc::none : errc::bad_length;
            if (done.error() != expected || seen.calls != (empty ? 1u : 0u)) FAIL_CHECK("type ", type, ", id ", id);
        }
}

} // namespace

TEST_CASE("every message has golden bytes in every revision that has it") {
    for (const message_info& m : messages)
        for (const revision r : {revision::rfc2025, revision::oasis_v1, revision::oasis_v2}) {
            bool listed = false;
            for (const listing* l = listing::first(); l != nullptr; l = l->next())
                if (l->what().rev == r && l->what().info == &m) listed = true;
            CHECK_MESSAGE(listed == m.in(r).present, m.name, ", kind ", static_cast<int>(m.kind), ", revision ",
                          static_cast<int>(r));
        }
}

TEST_CASE("decode_any calls the visitor with the message that is there") {
    each_specimen<revision::rfc2025>(find_again<revision::rfc2025>);
    each_specimen<revision::oasis_v1>(find_again<revision::oasis_v1>);
    each_specimen<revision::oasis_v2>(find_again<revision::oasis_v2>);
}

TEST_CASE("decode_any refuses what decode refuses, and ignores reserved type bits") {
    each_specimen<revision::rfc2025>(find_damaged<revision::rfc2025>);
    each_specimen<revision::oasis_v1>(find_damaged<revision::oasis_v1>);
    each_specimen<revision::oasis_v2>(find_damaged<revision::oasis_v2>);
}

TEST_CASE("decode_any knows the ids of the table and no others") {
    every_id<revision::rfc2025>();
    every_id<revision::oasis_v1>();
    every_id<revision::oasis_v2>();
}
