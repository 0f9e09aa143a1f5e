// SPDX-License-Identifier: BSD-2-Clause
#include "json.hpp"

#include "hex.hpp"
#include "json_reader.hpp"
#include "revisions.hpp"

#include <vmsg/codec.hpp>
#include <vmsg/explain.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/info.hpp>
#include <vmsg/text.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>

namespace tool {

namespace {

using vmsg::errc;
using vmsg::revision;

using names = std::vector<std::string_view>;

[[noreturn]] void reject(errc code, std::string_view where, const std::string& what) {
    throw rejected{code, fmt::format("{}: {}", where, what)};
}

// The names of a layout's fields in wire order.
template <class Layout, class M> names names_in(const M& m) {
    names all;
    Layout::visit(m, [&](const char* name, const auto&) { all.emplace_back(name); });
    return all;
}

void refuse_unknown_keys(const json& object, std::string_view where, const names& known, std::string_view owner) {
    for (const auto& [key, value] : object.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        reject(errc::invalid_argument, where,
               known.empty()
                   ? fmt::format("unknown key {}, {} has none", shown(json(key)), owner)
                   : fmt::format("unknown key {}, {} has {}", shown(json(key)), owner, fmt::join(known, ", ")));
    }
}

const json& member(const json& object, std::string_view where, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) reject(errc::invalid_argument, where, fmt::format("\"{}\" is missing", name));
    return *found;
}

const json& object_member(const json& object, const char* name) {
    const json& value = member(object, "object", name);
    if (!value.is_object()) reject(errc::invalid_argument, name, "an object expected, got " + shown(value));
    return value;
}

std::string string_member(const json& object, const char* name) {
    const json& value = member(object, "object", name);
    if (!value.is_string()) reject(errc::invalid_argument, name, "a string expected, got " + shown(value));
    return value.get<std::string>();
}

// Fills a struct from an object, field by field. Owns what its tails view.
class field_reader {
public:
    field_reader(const json& object, const char* where, names optional)
        : object_(object), where_(where), optional_(std::move(optional)) {}

    template <class T> void operator()(const char* name, T& value) {
        const bool may_miss = std::find(optional_.begin(), optional_.end(), name) != optional_.end();
        if (may_miss && !object_.contains(name)) return;
        const json& given = member(object_, where_, name);
        if constexpr (std::is_same_v<T, vmsg::uuid>)
            value = read_uuid(given, name);
        else if constexpr (std::is_enum_v<T>)
            value = static_cast<T>(read_integer<std::underlying_type_t<T>>(given, name));
        else if constexpr (std::is_integral_v<T>)
            value = read_integer<T>(given, name);
        else
            value = read_tail<typename T::value_type>(given, name);
    }

private:
    static constexpr std::size_t no_index = std::numeric_limits<std::size_t>::max();

    std::string path(const char* name, std::size_t index = no_index) const {
        return index == no_index ? fmt::format("{}.{}", where_, name) : fmt::format("{}.{}[{}]", where_, name, index);
    }

    template <std::unsigned_integral T>
    T read_integer(const json& given, const char* name, std::size_t index = no_index) const {
        if (!given.is_number_unsigned())
            reject(errc::invalid_argument, path(name, index), "an integer expected, got " + shown(given));
        const auto value = given.get<std::uint64_t>();
        if (value > std::numeric_limits<T>::max())
            reject(errc::not_representable, path(name, index),
                   fmt::format("{} does not fit in {} bits", value, std::numeric_limits<T>::digits));
        return static_cast<T>(value);
    }

    vmsg::uuid read_uuid(const json& given, const char* name) const {
        if (given.is_string()) {
            const auto& text = given.get_ref<const std::string&>();
            if (const auto id = vmsg::parse_uuid(text.data(), text.size())) return *id;
        }
        reject(errc::invalid_argument, path(name),
               "a UUID of 32 hexadecimal digits expected, with or without dashes, got " + shown(given));
    }

    template <std::unsigned_integral T> vmsg::wire::tail<T> read_tail(const json& given, const char* name) {
        if (!given.is_array())
            reject(errc::invalid_argument, path(name), "an array of integers expected, got " + shown(given));
        auto& elements = std::get<std::vector<T>>(elements_);
        elements.reserve(given.size());
        for (const json& element : given) elements.push_back(read_integer<T>(element, name, elements.size()));
        return elements;
    }

    const json& object_;
    const char* where_;
    names optional_;
    std::tuple<std::vector<std::uint8_t>, std::vector<std::uint32_t>> elements_;
};

std::string full_name(const vmsg::message_row& row) { return fmt::format("{} {}", row.name, vmsg::name_of(row.kind)); }

template <revision R> vmsg::header read_header(const json& object, const vmsg::message_row& row) {
    using layout = vmsg::layout_of<vmsg::header, R>;
    vmsg::header h{.type = row.type(), .msg_id = row.id};
    refuse_unknown_keys(object, "header", names_in<layout>(h), "it");
    layout::visit(h, field_reader{object, "header", {"type", "msg_id", "msg_size"}});
    return h;
}

template <revision R, class M> std::vector<std::uint8_t> encode_fields(const json& object, const vmsg::header& h) {
    using layout = vmsg::layout_of<M, R>;
    M m;
    refuse_unknown_keys(object, "fields", names_in<layout>(m), full_name(vmsg::row_of<M>));
    field_reader reader{object, "fields", {"reserved", "unused"}};
    layout::visit(m, reader);

    std::vector<std::uint8_t> frame(vmsg::constants_of<R>.max_max_msg_size);
    const auto size = vmsg::encode<R>(frame, h, m);
    if (!size) {
        char words[160];
        vmsg::text_writer out{words};
        vmsg::explain<R>(out, m, size.error());
        throw rejected{size.error(), out.view()};
    }
    frame.resize(*size);
    return frame;
}

template <revision R, class M>
bool encode_if(const json& fields, const vmsg::header& h, std::vector<std::uint8_t>& frame) {
    if constexpr (vmsg::present_in<M, R>) {
        if (h.type != vmsg::row_of<M>.type() || h.msg_id != vmsg::row_of<M>.id) return false;
        frame = encode_fields<R, M>(fields, h);
        return true;
    } else {
        return false;
    }
}

template <revision R, class... M>
std::vector<std::uint8_t> encode_any(vmsg::message_list<M...>, const json& fields, const vmsg::header& h) {
    std::vector<std::uint8_t> frame;
    (encode_if<R, M>(fields, h, frame) || ...);
    return frame;
}

const vmsg::message_info& find_message(revision r, const std::string& name, const std::string& kind) {
    names kinds;
    for (const vmsg::message_info& m : vmsg::messages) {
        if (m.name != name || !m.in(r).present) continue;
        if (vmsg::name_of(m.kind) == kind) return m;
        kinds.push_back(vmsg::name_of(m.kind));
    }
    if (kinds.empty())
        reject(errc::unknown_id, "message", fmt::format("no {} in {}", shown(json(name)), vmsg::name_of(r)));
    reject(errc::unknown_id, "kind",
           fmt::format("{} given, {} has {}", shown(json(kind)), name, fmt::join(kinds, " and ")));
}

revision revision_of(const json& object, std::optional<revision> wanted) {
    if (!object.contains("rev")) return wanted.value_or(vmsg::newest_revision);
    const std::string name = string_member(object, "rev");
    const auto named = vmsg::revision_named(name);
    if (!named)
        reject(errc::invalid_argument, "rev",
               fmt::format("rfc2025, oasis_v1 or oasis_v2 expected, got {}", shown(json(name))));
    if (wanted && *wanted != *named)
        reject(errc::invalid_argument, "rev",
               fmt::format("{} in the object, {} asked for", name, vmsg::name_of(*wanted)));
    return *named;
}

// What follows from the message may be in the header, but then it has to be right.
void check_header(errc code, const char* name, std::size_t given, const vmsg::message_row& row, std::size_t right) {
    if (given != right)
        reject(code, fmt::format("header.{}", name), fmt::format("{} given, {} has {}", given, full_name(row), right));
}

template <class Tail> json array_of(const Tail& tail) {
    json array = json::array();
    for (std::size_t i = 0; i < tail.size(); ++i) array.push_back(tail[i]);
    return array;
}

} // namespace

json message_object(revision r, const vmsg::message_row& row) {
    json object;
    object["ok"] = true;
    object["rev"] = vmsg::name_of(r);
    object["message"] = row.name;
    object["class"] = vmsg::name_of(row.cls);
    object["kind"] = vmsg::name_of(row.kind);
    object["header"] = json::object();
    object["fields"] = json::object();
    return object;
}

json rejected_object(const rejected& why) {
    json object;
    object["ok"] = false;
    object["error"] = vmsg::name_of(why.code());
    object["detail"] = why.detail();
    return object;
}

void json_fields::put(const char* name, std::uint64_t value) const { object_[name] = value; }
void json_fields::put(const char* name, const vmsg::uuid& value) const {
    object_[name] = to_hex(vmsg::byte_view{value.bytes});
}
void json_fields::put(const char* name, const vmsg::wire::tail<std::uint8_t>& value) const {
    object_[name] = array_of(value);
}
void json_fields::put(const char* name, const vmsg::wire::tail<std::uint32_t>& value) const {
    object_[name] = array_of(value);
}

encoded encode_json(const std::string& text, std::optional<revision> wanted) {
    const json object = parse_object(text);
    refuse_unknown_keys(object, "object", {"ok", "rev", "message", "class", "kind", "header", "fields"}, "it");
    if (object.contains("ok") && object["ok"] != true)
        reject(errc::invalid_argument, "ok", "true expected, got " + shown(object["ok"]));
    const revision r = revision_of(object, wanted);

    const std::string name = string_member(object, "message");
    const vmsg::message_info& row = find_message(r, name, string_member(object, "kind"));
    const std::string cls = string_member(object, "class");
    if (cls != vmsg::name_of(row.cls))
        reject(errc::bad_type, "class",
               fmt::format("{} given, {} is {}", shown(json(cls)), row.name, vmsg::name_of(row.cls)));

    const json& header = object_member(object, "header");
    const vmsg::header h = with_revision(r, [&]<revision R>() { return read_header<R>(header, row); });
    check_header(errc::bad_type, "type", h.type, row, row.type());
    check_header(errc::bad_type, "msg_id", h.msg_id, row, row.id);

    const json& fields = object_member(object, "fields");
    encoded made{with_revision(r, [&]<revision R>() { return encode_any<R>(vmsg::all_messages{}, fields, h); }),
                 row.kind};
    if (header.contains("msg_size")) check_header(errc::bad_length, "msg_size", h.msg_size, row, made.frame.size());
    return made;
}

} // namespace tool
