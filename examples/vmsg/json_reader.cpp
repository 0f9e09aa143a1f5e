// SPDX-License-Identifier: BSD-2-Clause
#include "json_reader.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace tool {

namespace {

using vmsg::errc;

constexpr std::size_t deepest = 3;    // message, fields, array
constexpr std::size_t most_keys = 32; // of one object; a lookup looks at each

// The JSON parser reports to this and stops at what it throws. The names are those of nlohmann's SAX interface.
class strict_handler {
public:
    explicit strict_handler(json& root) : root_(root) {}

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_unsigned(std::uint64_t value) { return add(value); }
    bool number_integer(std::int64_t value) {
        if (value < 0) fail(errc::not_representable, fmt::format("{} is negative", value));
        return add(std::uint64_t{0}); // "-0"
    }
    bool number_float(double, const std::string& digits) {
        const bool negative = digits.front() == '-';
        if (digits.find_first_not_of("0123456789", negative ? 1 : 0) == std::string::npos)
            fail(errc::not_representable,
                 shown_part(digits) + (negative ? " is negative" : " does not fit in 64 bits"));
        fail(errc::invalid_argument, fmt::format("{} is not an integer", shown_part(digits)));
    }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(std::vector<std::uint8_t>&) { return false; } // JSON text has none
    bool start_object(std::size_t) { return open(json::object()); }
    bool start_array(std::size_t) { return open(json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool key(std::string& name) {
        path_.back().key = name;
        if (path_.back().container->contains(name)) fail(errc::invalid_argument, "given twice");
        if (path_.back().container->size() == most_keys) fail(errc::invalid_argument, "more keys than any message has");
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
        constexpr int out_of_range = 406; // a number that is too large even for a double
        if (error.id == out_of_range) fail(errc::not_representable, "does not fit in 64 bits");
        // Without its own "[json.exception.parse_error.101] parse error at line 1, column 7: ".
        std::string_view what = behind(error.what(), "] ");
        if (what.starts_with("parse error")) what = behind(what, ": ");
        throw rejected{errc::invalid_argument,
                       fmt::format("no JSON at position {}: {}", position, shown_part(std::string{what}))};
    }

private:
    struct level {
        json* container;
        std::string key{}; // of the member that is being read
    };

    static std::string_view behind(std::string_view text, std::string_view mark) {
        const auto at = text.find(mark);
        return at == std::string_view::npos ? text : text.substr(at + mark.size());
    }

    // Only printable ASCII, and not too much of it.
    static std::string shown_part(const std::string& text) {
        constexpr std::size_t longest = 160;
        std::string out;
        for (const char c : text.substr(0, longest)) {
            const auto code = static_cast<unsigned char>(c);
            out += code >= 0x20 && code < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", code);
        }
        return text.size() > longest ? out + "..." : out;
    }

    std::string path() const {
        std::string out;
        for (const level& l : path_) {
            if (l.container->is_array())
                out += fmt::format("[{}]", l.container->size());
            else
                out += (out.empty() ? "" : ".") + shown_part(l.key);
        }
        return out;
    }

    [[noreturn]] void fail(errc code, const std::string& what) const {
        throw rejected{code, path_.empty() ? what : path() + ": " + what};
    }

    template <class Value> json& place(Value&& value) {
        json& container = *path_.back().container;
        if (container.is_array()) return container.emplace_back(std::forward<Value>(value));
        return container[path_.back().key] = std::forward<Value>(value);
    }

    template <class Value> bool add(Value&& value) {
        if (path_.empty()) fail(errc::invalid_argument, "an object expected, got " + shown(json(value)));
        place(std::forward<Value>(value));
        return true;
    }

    bool open(json&& container) {
        if (path_.empty()) {
            if (!container.is_object()) fail(errc::invalid_argument, "an object expected, got an array");
            root_ = std::move(container);
            path_.push_back({&root_});
            return true;
        }
        if (path_.size() == deepest) fail(errc::invalid_argument, "nested deeper than any message");
        json& placed = place(std::move(container));
        path_.push_back({&placed});
        return true;
    }

    bool close() {
        path_.pop_back();
        return true;
    }

    json& root_;
    std::vector<level> path_;
};

} // namespace

json parse_object(const std::string& text) {
    json root;
    strict_handler handler{root};
    json::sax_parse(text, &handler);
    return root;
}

std::string shown(const json& value) {
    constexpr std::size_t longest = 40;
    if (value.is_array()) return "an array";
    if (value.is_object()) return "an object";
    const std::string text = value.dump(-1, ' ', true);
    return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

} // namespace tool
