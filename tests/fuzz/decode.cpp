// SPDX-License-Identifier: BSD-2-Clause
// Any bytes as a frame of each revision. What decode accepts is encoded as the same bytes again, without the reserved
// type bits; bytes and registers, decode_any and decode, accept and validate agree; text stays in its room.
#include <vmsg/explain.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/text.hpp>

#include "fuzz/script.hpp"

#include <cstdio>
#include <initializer_list>
#include <string_view>

using namespace vmsg;

namespace {

// A message as text, on one line or in full.
class writable {
public:
    virtual void write(text_writer& out, bool full) const = 0;

protected:
    ~writable() = default;
};

template <revision R, class M> class message_text final : public writable {
public:
    message_text(const header& h, const M& m) : head_(h), message_(m) {}
    void write(text_writer& out, bool full) const override {
        full ? write_full<R>(out, head_, message_) : write_line<R>(out, head_, message_);
    }

private:
    const header& head_;
    const M& message_;
};

// Text in every room from none to enough is the start of the whole text.
void check_text(const writable& text, bool full) {
    static char whole_room[300000];
    text_writer whole{whole_room, sizeof whole_room};
    text.write(whole, full);
    require(!whole.cut() && !whole.view().empty(), "text fits into a large room");
    const std::size_t length = whole.view().size();
    for (const std::size_t room : {std::size_t{0}, std::size_t{1}, length / 2, length - 1, length}) {
        static char part_room[sizeof whole_room + 1];
        part_room[room] = '\x7f';
        text_writer part{part_room, room};
        text.write(part, full);
        require(part.view() == whole.view().substr(0, room), "text that is cut off is the start of the whole text");
        require(part.cut() == (room < length), "text knows whether it was cut off");
        require(part_room[room] == '\x7f', "text stays in its room");
    }
}

// A decoded message, encoded, is the frame again.
void check_bytes(byte_view frame, byte_view encoded, const result<std::size_t>& size) {
    require(size && *size == frame.size(), "what was decoded is encoded with the same size");
    require(encoded[0] == (frame[0] & type_bits), "reserved type bits are zero on send");
    require(encoded.drop(1) == frame.drop(1), "what was decoded is encoded as the same bytes");
}

// Which messages were seen in which revision.
bool seen_at_all[all_messages::size][3];

template <revision R> struct checker {
    byte_view frame;
    const message_info* seen = nullptr;

    template <class M> void operator()(const header& h, const M& m) {
        require(seen == nullptr, "decode_any calls the visitor once");
        seen = find_message(R, row_of<M>.type(), row_of<M>.id);
        require(seen == find_message(R, h.type, h.msg_id), "decode_any finds the message of the table");
        seen_at_all[seen - messages][static_cast<std::size_t>(R)] = true;
        require(h.msg_size == frame.size(), "a frame that is accepted has the size in its header");

        static std::uint8_t room[0x10000];
        const auto size = encode<R>(byte_span{room}, h, m);
        check_bytes(frame, {room, frame.size()}, size);
        if (frame.size() <= word_image::size_bytes) {
            word_image image;
            require(encode<R>(image, h, m).has_value(), "what fits into words is encoded into words");
            require(image == from_bytes({room, frame.size()}), "words are the bytes");
        }

        framed<M> got;
        const auto accepted = accept<R>(frame, got);
        require(accepted == validate<R>(h, m), "accept is decode and validate");
        if (accepted) require(got == framed<M>{h, m}, "accept gives what decode gives");

        const message_text<R, M> text{h, m};
        check_text(text, false);
        check_text(text, true);
    }
};

// decode of this type, against what decode_any said; registers against bytes.
template <class M, revision R>
void check_type(byte_view frame, byte_view padded, const word_image& image, const message_info* seen) {
    if constexpr (present_in<M, R>) {
        const bool is_it = seen != nullptr && seen->id == row_of<M>.id && seen->type() == row_of<M>.type();
        require(decode<M, R>(frame).has_value() == is_it, "decode and decode_any agree");
        if constexpr (!layout_of<M, R>::has_tail) {
            const auto h = decode_header<R>(padded);
            const auto from_frame = decode<M, R>(padded.first(h ? h->msg_size : 0));
            const auto from_words = decode<M, R>(image);
            require(from_words.has_value() == (h && from_frame), "words and bytes agree whether there is a message");
            if (from_words) require(*from_words == *from_frame, "words and bytes agree on the message");
        }
    }
}

template <revision R, class... M> void check_revision(message_list<M...>, byte_view frame) {
    checker<R> visitor{frame};
    const auto outcome = decode_any<R>(frame, visitor);
    require(outcome.has_value() == (visitor.seen != nullptr), "the visitor is called if and only if there is no error");
    if (!outcome) {
        char words[160];
        text_writer text{words};
        explain<R>(text, frame, outcome.error());
        require(!text.cut() && !text.view().empty(), "there are words for every rejection, and not too many");
    }
    const auto h = decode_header<R>(frame);
    if (!h) require(outcome.error() == h.error(), "decode_any starts with decode_header");
    const auto inbound = validate_inbound<R>(frame, constants_of<R>.ffa_max_msg_size);
    if (inbound) require(h && *inbound == *h, "validate_inbound gives the header");
    if (frame.size() > constants_of<R>.ffa_max_msg_size)
        require(inbound.error() == errc::oversize, "validate_inbound refuses more than the maximum");
    if (h) static_cast<void>(classify(*h));

    const std::size_t carried = frame.size() < word_image::size_bytes ? frame.size() : word_image::size_bytes;
    const word_image image = from_bytes(frame.first(carried));
    std::uint8_t padded[word_image::size_bytes];
    to_bytes(image, padded);
    require(byte_view{padded}.first(carried) == frame.first(carried), "words keep the bytes");
    require(image.zero_from(carried), "words are zero after the bytes");
    (check_type<M, R>(frame, padded, image, visitor.seen), ...);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0xffff) return 0;
    check_revision<revision::rfc2025>(all_messages{}, {data, size});
    check_revision<revision::oasis_v1>(all_messages{}, {data, size});
    check_revision<revision::oasis_v2>(all_messages{}, {data, size});
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = true;
    for (const message_info& m : messages)
        for (const revision_row& r : revision_rows) {
            if (!m.in(r.rev).present || seen_at_all[&m - messages][static_cast<std::size_t>(r.rev)]) continue;
            complete = false;
            std::printf("no seed is a %s %s of %s\n", m.name, name_of(m.kind).data(), r.name.data());
        }
    return complete;
}
