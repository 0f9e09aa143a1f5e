// SPDX-License-Identifier: BSD-2-Clause
// What the codec does whatever the message is; each message has its own tests in message/.
#include <vmsg/codec.hpp>

#include "support/golden.hpp"

#include <initializer_list>
#include <type_traits>
#include <vector>

using namespace vmsg;

namespace {

constexpr auto v2 = revision::oasis_v2;

// What encode says of `m`, in bytes and in words; something else if it wrote in spite of an error.
template <revision R, class M> constexpr errc encoding_error(const M& m) {
    canvas c;
    word_image image;
    for (std::size_t i = 0; i < image.size; ++i) image[i] = 5;
    const word_image before = image;
    const errc in_bytes = encode<R>(c.span(false, canvas::most), {}, m).error();
    const errc in_words = encode<R>(image, {}, m).error();
    const bool written = !c.untouched() || image != before;
    return in_bytes == in_words && written == (in_bytes == errc::none) ? in_bytes : errc::aborted;
}

// 1 for a field narrower than its member if exactly the values that fit are sent, 0 for any other field.
template <class M, revision R, std::size_t Offset, auto Member, wire::literal Name, class Wire>
constexpr unsigned narrowed(field<Offset, Member, Name, Wire> f) {
    if constexpr (f.narrowed) {
        using value = typename decltype(f)::value_type;
        const auto error = [](value v) {
            M m;
            m.*Member = v;
            return encoding_error<R>(m);
        };
        const value most = static_cast<Wire>(~Wire{});
        bool good = error(0) == errc::none && error(most) == errc::none;
        for (const value v : {most + 1, most + 2, value{1} << (8 * sizeof(value) - 1), ~value{}})
            good = good && error(v) == errc::not_representable;
        return good ? 1 : 1000;
    }
    return 0;
}
template <class M, revision R, class Other> constexpr unsigned narrowed(const Other&) { return 0; }
template <class M, revision R, class... Field> constexpr unsigned narrowed_in(const fields<Field...>&) {
    return (0u + ... + narrowed<M, R>(Field{}));
}
template <class M, revision R> constexpr unsigned narrowed_in(const absent&) { return 0; }
template <revision R, class... M> constexpr unsigned narrowed_in_all(message_list<M...>) {
    return (0u + ... + narrowed_in<M, R>(layout_of<M, R>{}));
}

// The outcome of encoding a GET_CONFIG response with `length` bytes of configuration.
result<std::size_t> encode_config(std::size_t length) {
    const std::vector<std::uint8_t> config(length, 0x5a);
    std::vector<std::uint8_t> out(70000, 0xa5);
    const auto size =
        encode<v2>(out, {}, get_config_response{.length = static_cast<std::uint32_t>(length), .config = config});
    const std::size_t written = size ? *size : 0;
    for (std::size_t i = written; i < out.size(); ++i)
        if (out[i] != 0xa5) return errc::aborted;
    for (std::size_t i = 20; i < written; ++i)
        if (out[i] != 0x5a) return errc::aborted;
    return size;
}

constexpr result<std::size_t> encode_config_in_words(std::size_t length) {
    const std::uint8_t config[100]{};
    word_image image;
    return encode<v2>(image, {},
                      get_config_response{.length = static_cast<std::uint32_t>(length), .config = {config, length}});
}

constexpr std::uint8_t ping[]{0x02, 0x03, 0x00, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13};
constexpr std::uint8_t ping_dev_1[]{0x02, 0x03, 0x01, 0x00, 0x0c, 0x0d, 0x0c, 0x00, 0x10, 0x11, 0x12, 0x13};
constexpr std::uint8_t two_blocks[]{0x01, 0x03, 0x0a, 0x0b, 0x0c, 0x0d, 0x18, 0x00, //
                                    0x10, 0x11, 0x12, 0x13, 0x02, 0x00, 0x00, 0x00, //
                                    0x30, 0x31, 0x32, 0x33, 0x40, 0x41, 0x42, 0x43};

struct counter {
    unsigned pings = 0;
    unsigned others = 0;
    constexpr void operator()(const header&, const ping_request&) { ++pings; }
    template <class M> constexpr void operator()(const header&, const M&) { ++others; }
};

constexpr bool dispatches() {
    counter c;
    return decode_any<v2>(ping, c) && decode_any<v2>(two_blocks, c) && c.pings == 1 && c.others == 1;
}
constexpr errc decode_any_error(byte_view frame) {
    counter c;
    const errc error = decode_any<v2>(frame, c).error();
    return c.pings + c.others == 0 ? error : errc::aborted;
}

constexpr bool accepts() {
    framed<ping_request> got;
    return accept<v2>(ping, got) && got.body.data == 0x13121110 && got.head == *decode_header<v2>(ping) &&
           got == framed<ping_request>{*decode_header<v2>(ping), {0x13121110}} && got != framed<ping_request>{};
}
// Whether what was in place before has no influence: this revision has two of the six members.
constexpr bool accepts_over_something_else() {
    const packed<version_request, revision::oasis_v1> image{{}, {.bus_version = 1, .transport_revision = 2}};
    framed<version_request> got{{.dev_num = 9}, {.ffa_version = 3, .feature_bits = 4, .max_areas = 5}};
    return accept<revision::oasis_v1>(image.view(), got) &&
           got.body == version_request{.bus_version = 1, .transport_revision = 2} && got.head == *image.head();
}
template <class M> constexpr errc accepting_error(byte_view frame) {
    framed<M> got;
    return accept<v2>(frame, got).error();
}

using image = packed<get_device_features_response, v2, 2>;

constexpr bool packs() {
    static_assert(sizeof(image) == 24 && alignof(image) == 1 && std::is_trivially_copyable_v<image>);
    const std::uint32_t blocks[]{0x33323130, 0x43424140};
    const image made{{.dev_num = 0x0b0a, .token = 0x0d0c},
                     {.block_index = 0x13121110, .num_blocks = 2, .features = blocks}};
    const image copy = made;
    return made.view() == byte_view{two_blocks} && copy == made && copy != image{} &&
           copy.head() == decode_header<v2>(two_blocks) && copy.message()->features[1] == 0x43424140;
}

} // namespace

TEST_CASE("a value that does not fit its revision's field is not representable, and nothing is written") {
    CX_CHECK(narrowed_in_all<revision::rfc2025>(all_messages{}) == 4);
    CX_CHECK(narrowed_in_all<revision::oasis_v1>(all_messages{}) == 4);
    CX_CHECK(narrowed_in_all<revision::oasis_v2>(all_messages{}) == 0);
}

TEST_CASE("a message is at most as long as msg_size can say") {
    CHECK(encode_config(65535 - 20) == 65535u);
    CHECK(encode_config(65536 - 20).error() == errc::oversize);
    CHECK(encode_config(66000).error() == errc::oversize);
}

TEST_CASE("a message with a tail is at most as long as its registers") {
    CX_CHECK(encode_config_in_words(92) == 112u);
    CX_CHECK(encode_config_in_words(93).error() == errc::oversize);
    CX_CHECK(encoding_error<v2>(get_config_response{.length = 1}) == errc::bad_length);
}

TEST_CASE("a decoded tail views the frame") {
    const auto m = decode<get_device_features_response, v2>(two_blocks);
    REQUIRE(m);
    CHECK(m->features.size() == 2);
    CX_CHECK(decode<get_device_features_response, v2>(two_blocks)->features[1] == 0x43424140);
    static constexpr std::uint8_t config[]{0x01, 0x05, 0, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x77};
    CX_CHECK(decode<get_config_response, v2>(config)->config.bytes().data() == config + 20);
}

TEST_CASE("sizes and presence of messages") {
    CX_CHECK(fixed_msg_size<get_device_info_response, revision::oasis_v2> == 52);
    CX_CHECK(fixed_msg_size<get_device_info_response, revision::oasis_v1> == 32);
    CX_CHECK(fixed_msg_size<get_device_info_response, revision::rfc2025> == 30);
    CX_CHECK(present_in<error_response, revision::oasis_v2>);
    CX_CHECK(!present_in<error_response, revision::oasis_v1>);
}

TEST_CASE("decode_any calls the visitor once, with the type of the message") {
    CX_CHECK(dispatches());
    CX_CHECK(decode_any<v2>(ping, counter{}).has_value());
}

TEST_CASE("decode_any says why there is no message") {
    static constexpr std::uint8_t event_response[]{0x01, 0x40, 0, 0, 0, 0, 0x08, 0x00};
    static constexpr std::uint8_t reserved_id[]{0x00, 0x01, 0, 0, 0, 0, 0x08, 0x00, 0xee};
    static constexpr std::uint8_t bad_count[]{0x00, 0x04, 0, 0, 0, 0, 0x10, 0x00, 0, 0, 0, 0, 0x01, 0, 0, 0, 0xee};
    CX_CHECK(decode_any_error({}) == errc::truncated);
    CX_CHECK(decode_any_error(byte_view{ping}.first(7)) == errc::truncated);
    CX_CHECK(decode_any_error(byte_view{ping}.first(11)) == errc::truncated);
    CX_CHECK(decode_any_error(event_response) == errc::unknown_id);
    CX_CHECK(decode_any_error(reserved_id) == errc::unknown_id); // before the byte too many
    CX_CHECK(decode_any_error(bad_count) == errc::bad_length);   // before the byte too many
}

TEST_CASE("decode says why it is not this message") {
    CX_CHECK(decode<ping_response, v2>(ping).error() == errc::bad_type);
    CX_CHECK(decode<event_used, v2>(ping).error() == errc::bad_type);
    CX_CHECK(decode<ping_request, v2>(byte_view{}).error() == errc::truncated);
    // Sizes come first: of a frame that is cut off the type does not matter.
    CX_CHECK(decode<ping_response, v2>(byte_view{ping}.first(11)).error() == errc::truncated);
}

TEST_CASE("validate judges the device number of a bus message") {
    CX_CHECK(validate<v2>(header{.dev_num = 0}, ping_request{}).has_value());
    CX_CHECK(validate<v2>(header{.dev_num = 1}, ping_request{}).error() == errc::bad_value);
    CX_CHECK(validate<v2>(header{.dev_num = 1}, get_vqueue_request{}).has_value());
    CX_CHECK(validate<v2>(header{.dev_num = 1}, get_shm_response{.reserved = 1}).error() == errc::bad_value);
}

TEST_CASE("accept is decode and validate, with the header") {
    CX_CHECK(accepts());
    CX_CHECK(accepts_over_something_else());
    CX_CHECK(accepting_error<ping_request>(ping_dev_1) == errc::bad_value);
    CX_CHECK(accepting_error<ping_response>(ping) == errc::bad_type);
    CX_CHECK(accepting_error<ping_request>(byte_view{ping}.first(8)) == errc::truncated);
}

TEST_CASE("H1: header and payload are little-endian") {
    CX_CHECK(accepts());
    CX_CHECK(packs());
}

TEST_CASE("packed is the wire image") { CX_CHECK(packs()); }
