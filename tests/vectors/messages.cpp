// SPDX-License-Identifier: BSD-2-Clause
// `messages`: header and fields to bytes, to direct registers and to indirect buffers, and back.
#include "vectors/section.hpp"

#include <doctest/doctest.h>
#include <vmsg/text.hpp>

#include <array>
#include <string_view>
#include <vector>

using namespace vmsg;

namespace {

using bytes = std::vector<std::uint8_t>;

// Where tails live while a message views them.
struct tail_memory {
    bytes small{};
    std::vector<std::uint32_t> wide{};
};

uuid uuid_of(const json::value& text) {
    const std::string digits = text.text();
    const auto parsed = parse_uuid(digits.data(), digits.size());
    if (!parsed) text.refuse("a UUID");
    return *parsed;
}

// Fills a message from fields, which have to have the names of its layout, in its order.
class reader {
public:
    reader(const json::value& fields, tail_memory& memory) : fields_(fields.members()), memory_(memory) {}

    template <class T> void operator()(const char* name, T& member) {
        if (used_ == fields_.size() || fields_[used_].first != name) {
            names_agree_ = false;
            return;
        }
        set(member, fields_[used_].second);
        ++used_;
    }
    bool names_agree() const { return names_agree_ && used_ == fields_.size(); }

private:
    template <class T> static void set(T& member, const json::value& value) {
        const std::uint64_t number = value.number();
        member = static_cast<T>(number);
        if (static_cast<std::uint64_t>(member) != number) value.refuse("narrow enough for its field");
    }
    static void set(uuid& member, const json::value& value) { member = uuid_of(value); }
    void set(wire::tail<std::uint8_t>& member, const json::value& value) {
        for (const json::value& item : value.items()) memory_.small.push_back(static_cast<std::uint8_t>(item.number()));
        member = memory_.small;
    }
    void set(wire::tail<std::uint32_t>& member, const json::value& value) {
        for (const json::value& item : value.items()) memory_.wide.push_back(static_cast<std::uint32_t>(item.number()));
        member = memory_.wide;
    }

    std::vector<std::pair<std::string, json::value>> fields_;
    tail_memory& memory_;
    std::size_t used_ = 0;
    bool names_agree_ = true;
};

// Whether a message has the values of the fields.
class comparer {
public:
    explicit comparer(const json::value& fields) : fields_(fields.members()) {}

    template <class T> void operator()(const char* name, const T& member) {
        if (used_ == fields_.size() || fields_[used_].first != name || !same(member, fields_[used_].second))
            equal_ = false;
        ++used_;
    }
    bool equal() const { return equal_ && used_ == fields_.size(); }

private:
    template <class T> static bool same(const T& member, const json::value& value) {
        return static_cast<std::uint64_t>(member) == value.number();
    }
    static bool same(const uuid& member, const json::value& value) { return member == uuid_of(value); }
    template <class T> static bool same(const wire::tail<T>& member, const json::value& value) {
        const auto items = value.items();
        bool good = items.size() == member.size();
        for (std::size_t i = 0; good && i < items.size(); ++i) good = items[i].number() == member[i];
        return good;
    }

    std::vector<std::pair<std::string, json::value>> fields_;
    std::size_t used_ = 0;
    bool equal_ = true;
};

constexpr std::uint64_t req2 = 0xc400008d;
constexpr std::uint64_t resp2 = 0xc400008e;

// The FF-A side of a vector.
struct carriage {
    explicit carriage(const json::value& vector)
        : endpoints(static_cast<std::uint32_t>(vector["ffa"]["src"].number() << 16 | vector["ffa"]["dst"].number())),
          role(uuid_of(vector["ffa"]["uuid"])),
          is_response(vector["kind"].text() == "response") {}

    std::uint32_t endpoints;
    uuid role;
    bool is_response;

    std::array<std::uint64_t, 18> registers(const word_image& image) const {
        std::array<std::uint64_t, 18> x{is_response ? resp2 : req2, endpoints};
        if (!is_response) x[2] = role.low(), x[3] = role.high();
        for (std::size_t i = 0; i < image.size; ++i) x[4 + i] = image[i];
        return x;
    }

    /// The message behind a header of 20 bytes (FF-A 1.1) or 40 bytes with the UUID (1.2).
    bytes buffer(const bytes& message, std::size_t header_size) const {
        bytes all(header_size);
        store_le(all.data() + 8, static_cast<std::uint32_t>(header_size));
        store_le(all.data() + 12, endpoints);
        store_le(all.data() + 16, static_cast<std::uint32_t>(message.size()));
        if (header_size == 40)
            for (std::size_t i = 0; i < 16; ++i) all[24 + i] = role.bytes[i];
        all.insert(all.end(), message.begin(), message.end());
        return all;
    }
};

// The message in such a buffer.
byte_view message_in(const bytes& buffer) {
    const std::size_t offset = load_le<std::uint32_t>(buffer.data() + 8);
    const std::size_t size = load_le<std::uint32_t>(buffer.data() + 16);
    return byte_view{buffer}.drop(offset).first(size);
}

// A message that was filled from a vector, in bytes and in words.
struct made {
    bool names_agree = false; ///< of the fields
    bytes encoded{};
    result<std::size_t> size = errc::no_answer;
    word_image image{};
    result<std::size_t> image_size = errc::no_answer;
};

// What depends on the type of a message and its revision.
struct message_codec {
    void (*encode)(const json::value& fields, const header& h, made& out);
    bool (*decodes_to)(byte_view frame, comparer& fields);
    bool (*image_decodes_to)(const word_image& image, comparer& fields);
};

template <class M, revision R> void encode_fields(const json::value& fields, const header& h, made& out) {
    tail_memory memory;
    M m;
    reader read(fields, memory);
    layout_of<M, R>::visit(m, read);
    out.names_agree = read.names_agree();
    out.size = encode<R>(out.encoded, h, m);
    out.image_size = encode<R>(out.image, h, m);
}

template <class M, revision R> bool decodes_to(byte_view frame, comparer& fields) {
    const auto m = decode<M, R>(frame);
    if (m) layout_of<M, R>::visit(*m, fields);
    return m.has_value();
}

template <class M, revision R> bool image_decodes_to(const word_image& image, comparer& fields) {
    if constexpr (layout_of<M, R>::has_tail) {
        std::uint8_t copy[word_image::size_bytes];
        to_bytes(image, copy);
        const auto h = decode_header<R>(copy);
        return h && image.zero_from(h->msg_size) && decodes_to<M, R>({copy, h->msg_size}, fields);
    } else {
        const auto m = decode<M, R>(image);
        if (m) layout_of<M, R>::visit(*m, fields);
        return m.has_value();
    }
}

template <class M, revision R> constexpr message_codec codec_of() {
    if constexpr (present_in<M, R>)
        return {encode_fields<M, R>, decodes_to<M, R>, image_decodes_to<M, R>};
    else
        return {};
}
// In the order of the table of messages.
template <class List, revision R> struct codec_table;
template <class... M, revision R> struct codec_table<message_list<M...>, R> {
    static constexpr message_codec rows[]{codec_of<M, R>()...};
};

std::string check_carriage(const json::value& vector, const made& m) {
    const carriage c(vector);
    if (c.buffer(m.encoded, 20) != vector["send2"]["v1_1"].bytes()) return "MSG_SEND2 of FF-A 1.1 differs";
    if (c.buffer(m.encoded, 40) != vector["send2"]["v1_2"].bytes()) return "MSG_SEND2 of FF-A 1.2 differs";
    if (m.image_size.has_value() != vector.has("direct")) return "fits the registers, or not, against the vector";
    if (!m.image_size) return "";
    const json::value direct = vector["direct"];
    const std::string fid = c.is_response ? "FFA_MSG_SEND_DIRECT_RESP2" : "FFA_MSG_SEND_DIRECT_REQ2";
    if (direct["fid"].text() != fid) return "another direct message call";
    const auto x = c.registers(m.image);
    const auto expected = direct["x0_x17"].items();
    if (expected.size() != x.size()) return "not 18 registers";
    for (std::size_t i = 0; i < x.size(); ++i)
        if (expected[i].hex_number() != x[i]) return "register x" + std::to_string(i) + " differs";
    bytes payload(word_image::size_bytes);
    to_bytes(m.image, payload.data());
    return payload == direct["payload112"].bytes() ? "" : "payload112 differs";
}

word_image image_of(const json::value& x0_x17) {
    const auto x = x0_x17.items();
    word_image image;
    for (std::size_t i = 0; i < image.size; ++i) image[i] = x.at(4 + i).hex_number();
    return image;
}

std::string check_message(const message_codec& codec, const json::value& vector, const header& h) {
    const json::value fields = vector["fields"];
    const bytes expected = vector["hex"].bytes();
    made m{.encoded = bytes(expected.size() + 16)};
    codec.encode(fields, h, m);
    if (!m.names_agree) return "fields of other names or in another order";
    if (!m.size) return "is not encoded";
    m.encoded.resize(*m.size);
    if (m.encoded != expected) return "is encoded as other bytes";
    if (m.image_size ? *m.image_size != *m.size : *m.size <= word_image::size_bytes) return "is not encoded into words";

    const auto decodes = [&](byte_view frame) {
        comparer same(fields);
        return codec.decodes_to(frame, same) && same.equal();
    };
    const bytes v1_1 = vector["send2"]["v1_1"].bytes();
    const bytes v1_2 = vector["send2"]["v1_2"].bytes();
    if (!decodes(expected)) return "is decoded as another message";
    if (!decodes(message_in(v1_1))) return "is decoded as another message from MSG_SEND2 of FF-A 1.1";
    if (!decodes(message_in(v1_2))) return "is decoded as another message from MSG_SEND2 of FF-A 1.2";
    if (vector.has("direct")) {
        comparer same(fields);
        if (!codec.image_decodes_to(image_of(vector["direct"]["x0_x17"]), same) || !same.equal())
            return "is decoded as another message from registers";
    }
    return check_carriage(vector, m);
}

std::string direction_text(direction d) {
    if (d == direction::either) return "either";
    return d == direction::driver_to_device ? "driver->device" : "device->driver";
}

template <revision R> std::string check_header(const json::value& vector, header& h) {
    tail_memory memory;
    reader read(vector["header"], memory);
    layout_of<header, R>::visit(h, read);
    if (!read.names_agree()) return "header fields of other names or in another order";
    const bytes frame = vector["hex"].bytes();
    if (frame.size() != vector["len"].number() || frame.size() != h.msg_size) return "another length";
    if ((frame.size() <= constants_of<R>.ffa_max_msg_size) != vector["fits_bus_max"].truth()) return "another maximum";
    if (decode_header<R>(frame) != h) return "another header is decoded";
    return "";
}

template <revision R> std::string check_vector(const json::value& vector) {
    header h;
    if (const std::string wrong = check_header<R>(vector, h); !wrong.empty()) return wrong;
    const message_info* const info = find_message(R, h.type, h.msg_id);
    if (info == nullptr) return "no such message";
    if (vector["message"].text() != info->name || vector["class"].text() != name_of(info->cls) ||
        vector["kind"].text() != name_of(info->kind) || vector["dir"].text() != direction_text(info->dir) ||
        vector["id"].number() != info->id)
        return "another name, class, kind, direction or id";
    return check_message(codec_table<all_messages, R>::rows[info - messages], vector, h);
}

template <revision R> void check_messages() {
    const std::string file = std::string{name_of(R)} + ".json";
    const json::value document = vector_file(file);
    CHECK(document["revision"].text() == name_of(R));
    section s(file, "messages");
    for (const json::value& vector : document["messages"].items())
        s.judge(vector["name"].text(), check_vector<R>(vector));
    s.finish(document["counts"]["messages"].number());
}

} // namespace

TEST_CASE("rfc2025.json messages") { check_messages<revision::rfc2025>(); }
TEST_CASE("oasis_v1.json messages") { check_messages<revision::oasis_v1>(); }
TEST_CASE("oasis_v2.json messages") { check_messages<revision::oasis_v2>(); }
