// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Messages with the bytes that they are, written down by hand, and everything that has to hold between the two.
// A message of the table is tested by one GOLDEN per revision that has it; message/all.test.cpp fails without.

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/info.hpp>

#include "support/check.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

/// What the headers of all golden bytes say: device number 0x0b0a (0 in a bus message other than an error) and token
/// 0x0d0c (none in rfc2025).
constexpr vmsg::header golden_header(vmsg::revision r, const vmsg::message_row& row) {
    const bool names_device = row.cls == vmsg::msg_class::transport || row.id == 0x87;
    vmsg::header h{.type = row.type(), .msg_id = row.id};
    h.dev_num = names_device ? 0x0b0a : 0;
    h.token = vmsg::constants(r).has_token ? 0x0d0c : 0;
    return h;
}

/// A message and its golden bytes, with the operations of the library that depend on the message's type.
class specimen {
public:
    vmsg::revision rev;
    const vmsg::message_info* info;

    virtual constexpr vmsg::byte_view bytes() const = 0;
    virtual constexpr vmsg::result<std::size_t> encode(vmsg::byte_span out, const vmsg::header& h) const = 0;
    virtual constexpr vmsg::result<std::size_t> encode(vmsg::word_image& out, const vmsg::header& h) const = 0;
    /// Whether what was decoded is equal to the message.
    virtual constexpr vmsg::result<bool> decode(vmsg::byte_view frame) const = 0;
    /// The same; of a message with a tail, from the image's bytes.
    virtual constexpr vmsg::result<bool> decode(const vmsg::word_image& image) const = 0;
    virtual constexpr vmsg::result<vmsg::header> decode_header(vmsg::byte_view frame) const = 0;
    virtual constexpr vmsg::result<void> validate(const vmsg::header& h) const = 0;
    /// Whether the header and the message that were accepted are `h` and the message.
    virtual constexpr vmsg::result<bool> accept(vmsg::byte_view frame, const vmsg::header& h) const = 0;
    virtual constexpr bool is_packed(const vmsg::header& h) const = 0;

    constexpr std::size_t header_size() const { return vmsg::constants(rev).header_size; }

protected:
    constexpr specimen(vmsg::revision r, const vmsg::message_info* m) : rev(r), info(m) {}
    constexpr specimen(const specimen&) = default;
    ~specimen() = default;
};

template <vmsg::revision R, class M, std::size_t N> class golden final : public specimen {
public:
    constexpr golden(const M& message, const std::uint8_t (&wire)[N])
        : specimen(R, vmsg::find_message(R, vmsg::row_of<M>.type(), vmsg::row_of<M>.id)), message_(message) {
        for (std::size_t i = 0; i < N; ++i) wire_[i] = wire[i];
    }

    constexpr vmsg::byte_view bytes() const override { return {wire_, N}; }
    constexpr vmsg::result<std::size_t> encode(vmsg::byte_span out, const vmsg::header& h) const override {
        return vmsg::encode<R>(out, h, message_);
    }
    constexpr vmsg::result<std::size_t> encode(vmsg::word_image& out, const vmsg::header& h) const override {
        return vmsg::encode<R>(out, h, message_);
    }
    constexpr vmsg::result<bool> decode(vmsg::byte_view frame) const override {
        const auto m = vmsg::decode<M, R>(frame);
        if (!m) return m.error();
        return *m == message_;
    }
    constexpr vmsg::result<bool> decode(const vmsg::word_image& image) const override {
        if constexpr (vmsg::layout_of<M, R>::has_tail) {
            std::uint8_t copy[vmsg::word_image::size_bytes]{};
            vmsg::to_bytes(image, copy);
            const auto h = vmsg::decode_header<R>(copy);
            if (!h) return h.error();
            return decode(vmsg::byte_view{copy, h->msg_size});
        } else {
            const auto m = vmsg::decode<M, R>(image);
            if (!m) return m.error();
            return *m == message_;
        }
    }
    constexpr vmsg::result<vmsg::header> decode_header(vmsg::byte_view frame) const override {
        return vmsg::decode_header<R>(frame);
    }
    constexpr vmsg::result<void> validate(const vmsg::header& h) const override {
        return vmsg::validate<R>(h, message_);
    }
    constexpr vmsg::result<bool> accept(vmsg::byte_view frame, const vmsg::header& h) const override {
        vmsg::framed<M> got;
        if (const auto done = vmsg::accept<R>(frame, got); !done) return done.error();
        return got.head == h && got.body == message_;
    }
    constexpr bool is_packed(const vmsg::header& h) const override {
        constexpr std::size_t fixed = vmsg::fixed_msg_size<M, R>;
        using image = vmsg::packed<M, R, (N - fixed) / element_size()>;
        static_assert(N >= fixed && sizeof(image) == N && alignof(image) == 1);
        static_assert(std::is_trivially_copyable_v<image>);
        const image made{h, message_};
        const auto head = made.head();
        const auto message = made.message();
        return made.view() == bytes() && head && *head == h && message && *message == message_;
    }

private:
    static constexpr std::size_t element_size() {
        if constexpr (vmsg::layout_of<M, R>::has_tail)
            return sizeof(typename vmsg::layout_of<M, R>::tail::element);
        else
            return 1;
    }

    M message_;
    std::uint8_t wire_[N]{};
};

template <vmsg::revision R, class M, std::size_t N>
constexpr golden<R, M, N> make_golden(const M& message, const std::uint8_t (&wire)[N]) {
    return {message, wire};
}

/// Bytes in memory that show where something was written, starting at an odd address or an even one.
class canvas {
public:
    static constexpr std::size_t margin = 8;
    static constexpr std::size_t most = 112;
    static constexpr std::uint8_t paint = 0xa5;

    constexpr canvas() {
        for (std::uint8_t& byte : room_) byte = paint;
    }
    constexpr vmsg::byte_span span(bool odd, std::size_t size) { return {room_ + margin + (odd ? 1 : 0), size}; }
    /// Whether `inside` is there and nothing was written outside of it.
    constexpr bool holds(bool odd, vmsg::byte_view inside) const {
        const std::size_t begin = margin + (odd ? 1 : 0);
        for (std::size_t i = 0; i < sizeof room_; ++i) {
            const bool in = i >= begin && i - begin < inside.size();
            if (room_[i] != (in ? inside[i - begin] : paint)) return false;
        }
        return true;
    }
    constexpr bool untouched() const { return holds(false, {}); }

private:
    alignas(8) std::uint8_t room_[margin + most + margin]{};
};

/// A frame that can be damaged, at an odd address or an even one.
class frame_copy {
public:
    constexpr frame_copy(vmsg::byte_view frame, bool odd, std::size_t header_size)
        : begin_(odd ? 1 : 0), size_at_(header_size - 2) {
        for (std::size_t i = 0; i < frame.size(); ++i) room_[begin_ + i] = frame[i];
    }
    constexpr std::uint8_t& operator[](std::size_t i) { return room_[begin_ + i]; }
    constexpr void set_msg_size(std::size_t size) {
        vmsg::store_le(room_ + begin_ + size_at_, static_cast<std::uint16_t>(size));
    }
    constexpr vmsg::byte_view first(std::size_t size) const { return {room_ + begin_, size}; }

private:
    std::size_t begin_;
    std::size_t size_at_;
    alignas(8) std::uint8_t room_[canvas::most + 16]{};
};

constexpr bool is(const vmsg::result<bool>& got, vmsg::errc error) { return !got && got.error() == error; }
constexpr bool is_same(const vmsg::result<bool>& got) { return got && *got; }

// The first of the lengths that are too short: all are tried at run time, one byte short in a constant expression.
constexpr std::size_t shortest(std::size_t size) { return std::is_constant_evaluated() ? size - 1 : 0; }

// What is wrong with the encoding of a specimen, or nullptr.
constexpr const char* inspect_encode(const specimen& s, bool odd) {
    const vmsg::byte_view wire = s.bytes();
    vmsg::header h = golden_header(s.rev, *s.info);
    h.type = static_cast<std::uint8_t>(~h.type);
    h.msg_id = static_cast<std::uint8_t>(~h.msg_id);
    h.msg_size = 0xffff; // encode takes none of these three from the header
    for (const unsigned more : {0u, 8u}) {
        canvas c;
        const auto size = s.encode(c.span(odd, wire.size() + more), h);
        if (!size || *size != wire.size()) return "encode: wrong size";
        if (!c.holds(odd, wire)) return "encode: wrong bytes, or bytes outside of the message written";
    }
    for (std::size_t room = shortest(wire.size()); room < wire.size(); ++room) {
        canvas c;
        const auto size = s.encode(c.span(odd, room), h);
        if (size || size.error() != vmsg::errc::oversize) return "encode: no error without room";
        if (!c.untouched()) return "encode: bytes written in spite of an error";
    }
    return nullptr;
}

// What is wrong with the decoding of a specimen, or nullptr.
constexpr const char* inspect_decode(const specimen& s, bool odd) {
    using vmsg::errc;
    const vmsg::byte_view wire = s.bytes();
    const std::size_t size = wire.size();
    const frame_copy good(wire, odd, s.header_size());
    vmsg::header h = golden_header(s.rev, *s.info);
    h.msg_size = static_cast<std::uint16_t>(size);

    if (!is_same(s.decode(good.first(size)))) return "decode: another message";
    const auto head = s.decode_header(good.first(size));
    if (!head || *head != h) return "decode_header: another header";
    const bool legal = s.validate(h).has_value();
    const auto accepted = s.accept(good.first(size), h);
    if (legal ? !is_same(accepted) : !is(accepted, errc::bad_value)) return "accept: not decode and validate";

    for (std::size_t n = shortest(size); n < size; ++n) {
        if (!is(s.decode(good.first(n)), errc::truncated)) return "decode: accepts a frame that is cut off";
        if (!is(s.accept(good.first(n), h), errc::truncated)) return "accept: accepts a frame that is cut off";
        if (s.decode_header(good.first(n))) return "decode_header: accepts a frame that is cut off";
    }
    if (!is(s.decode(good.first(size + 1)), errc::oversize)) return "decode: accepts bytes after the message";
    if (!is(s.accept(good.first(size + 1), h), errc::oversize)) return "accept: accepts bytes after the message";
    if (!s.decode_header(good.first(size + 1))) return "decode_header: does not accept padding";

    frame_copy bad = good;
    for (std::size_t n = 0; n < s.header_size(); ++n) {
        bad.set_msg_size(n);
        if (!is(s.decode(bad.first(size)), errc::bad_length)) return "decode: accepts msg_size below the header";
        if (s.decode_header(bad.first(size)).error() != errc::bad_length) return "decode_header: accepts such a size";
    }
    for (const std::size_t n : {size + 1, std::size_t{0xffff}}) {
        bad.set_msg_size(n);
        if (!is(s.decode(bad.first(size)), errc::truncated)) return "decode: accepts msg_size beyond the frame";
        if (s.decode_header(bad.first(size)).error() != errc::truncated) return "decode_header: accepts such a size";
    }
    bad.set_msg_size(size + 1);
    if (!is(s.decode(bad.first(size + 1)), errc::bad_length)) return "decode: accepts a message one byte too long";
    if (size > s.header_size()) {
        bad.set_msg_size(size - 1);
        if (!is(s.decode(bad.first(size - 1)), errc::bad_length)) return "decode: accepts a message one byte too short";
    }

    for (unsigned bit = 0; bit < 16; ++bit) {
        bad = good;
        bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1u << bit % 8);
        const auto got = s.decode(bad.first(size));
        if (bit < 2 || bit >= 8) {
            if (!is(got, errc::bad_type)) return "decode: accepts another type or id";
            continue;
        }
        vmsg::header marked = h;
        marked.type = bad[0];
        if (!is_same(got)) return "decode: does not ignore a reserved type bit";
        if (s.decode_header(bad.first(size)) != marked) return "decode_header: does not keep a reserved type bit";
        if (legal && !is_same(s.accept(bad.first(size), marked))) return "accept: does not ignore a reserved type bit";
    }
    return nullptr;
}

// What is wrong with the specimen in registers, or nullptr.
constexpr const char* inspect_words(const specimen& s) {
    using vmsg::errc;
    const vmsg::byte_view wire = s.bytes();
    const vmsg::header h = golden_header(s.rev, *s.info);
    vmsg::word_image image;
    for (std::size_t i = 0; i < image.size; ++i) image[i] = ~std::uint64_t{};
    const auto size = s.encode(image, h);
    if (!size || *size != wire.size()) return "encode into words: wrong size";
    std::uint8_t bytes[vmsg::word_image::size_bytes]{};
    vmsg::to_bytes(image, bytes);
    for (std::size_t i = 0; i < sizeof bytes; ++i)
        if (bytes[i] != (i < wire.size() ? wire[i] : 0)) return "encode into words: wrong bytes";
    if (image != vmsg::from_bytes(wire)) return "from_bytes: another image";
    if (!is_same(s.decode(image))) return "decode from words: another message";

    for (std::size_t i = wire.size(); i < sizeof bytes; ++i) bytes[i] = canvas::paint;
    if (!is_same(s.decode(vmsg::from_bytes(bytes)))) return "decode from words: padding is looked at";
    for (const std::size_t n : {s.header_size() - 1, s.header_size(), wire.size() - 1, wire.size() + 1, sizeof bytes,
                                sizeof bytes + 1, std::size_t{0xffff}}) {
        if (n == wire.size()) continue;
        vmsg::store_le(bytes + s.header_size() - 2, static_cast<std::uint16_t>(n));
        const auto got = s.decode(vmsg::from_bytes(bytes));
        // A tail that may be missing has two right sizes.
        const bool without_tail = n == s.info->in(s.rev).fixed_size && got;
        if (!without_tail && !is(got, n <= sizeof bytes ? errc::bad_length : errc::truncated))
            return "decode from words: accepts another msg_size";
    }
    for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = i < wire.size() ? wire[i] : 0;
    for (unsigned bit = 0; bit < 16; ++bit) {
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
        const auto got = s.decode(vmsg::from_bytes(bytes));
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
        if (bit >= 2 && bit < 8 ? !is_same(got) : !is(got, errc::bad_type))
            return "decode from words: another type or id, or a reserved type bit";
    }
    return nullptr;
}

/// What is wrong with a specimen, or nullptr.
constexpr const char* inspect(const specimen& s) {
    for (const bool odd : {false, true}) {
        if (const char* wrong = inspect_encode(s, odd); wrong != nullptr) return wrong;
        if (const char* wrong = inspect_decode(s, odd); wrong != nullptr) return wrong;
    }
    if (const char* wrong = inspect_words(s); wrong != nullptr) return wrong;
    vmsg::header h = golden_header(s.rev, *s.info);
    h.msg_size = static_cast<std::uint16_t>(s.bytes().size());
    return s.is_packed(h) ? nullptr : "packed: another image";
}

/// The same at run time, where memory is real and so is its alignment.
void check(const specimen& s);

/// All specimens of the program.
class listing {
public:
    explicit listing(const specimen& what) : what_(what), next_(first_) { first_ = this; }
    listing(const listing&) = delete;

    static const listing* first() { return first_; }
    const listing* next() const { return next_; }
    const specimen& what() const { return what_; }

private:
    const specimen& what_;
    const listing* next_;
    inline static const listing* first_ = nullptr;
};

/// GOLDEN_AS(name, revision, message type, {members}, {bytes}): a test of that name.
#define GOLDEN_AS(name, rev, type, ...)                                                                                \
    namespace name##_in_##rev {                                                                                        \
        constexpr auto made = make_golden<vmsg::revision::rev, vmsg::type>(__VA_ARGS__);                               \
        static_assert(inspect(made) == nullptr);                                                                       \
        const listing listed{made};                                                                                    \
    }                                                                                                                  \
    TEST_CASE(#name " in " #rev) { check(name##_in_##rev::made); }                                                     \
    static_assert(true)

/// GOLDEN(revision, message type, {members}, {bytes})
#define GOLDEN(rev, type, ...) GOLDEN_AS(type, rev, type, __VA_ARGS__)

/// Whether the values of a message are legal under a header with this device number.
template <vmsg::revision R, class M> constexpr bool valid(const M& m, std::uint16_t dev_num = 0) {
    const auto judged = vmsg::validate<R>(vmsg::header{.dev_num = dev_num}, m);
    return judged.has_value();
}

/// Whether each bit of a named reserved field is sent and received as it is, and makes the message illegal.
template <vmsg::revision R, class M>
constexpr bool reserved_bits_are_kept_and_illegal(const M& good, auto M::*field, unsigned from_bit = 0) {
    using value = std::remove_cvref_t<decltype(good.*field)>;
    if (!valid<R>(good)) return false;
    for (unsigned bit = from_bit; bit < 8 * sizeof(value); ++bit) {
        M marked = good;
        marked.*field = static_cast<value>(std::uint64_t{1} << bit);
        canvas c;
        const auto size = vmsg::encode<R>(c.span(false, canvas::most), {}, marked);
        if (!size) return false;
        const auto got = vmsg::decode<M, R>(c.span(false, *size));
        if (!got || *got != marked || valid<R>(*got)) return false;
    }
    return true;
}

/// Whether two different messages are the same on the wire, as they differ in what the revision has no place for.
template <vmsg::revision R, class M> constexpr bool sends_the_same(const M& a, const M& b) {
    canvas one;
    canvas other;
    const auto size = vmsg::encode<R>(one.span(false, canvas::most), {}, a);
    const auto same = vmsg::encode<R>(other.span(false, canvas::most), {}, b);
    return a != b && size && same && *size == *same && other.holds(false, one.span(false, *size));
}
