// SPDX-License-Identifier: BSD-2-Clause
#include "vectors/json.hpp"

#include <nlohmann/json.hpp>

#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>

namespace json {

namespace {

using document = nlohmann::ordered_json;

const document& at(const void* node) { return *static_cast<const document*>(node); }

/// What was read, by its path. Nodes stay where they are.
std::map<std::string, document>& documents() {
    static std::map<std::string, document> all;
    return all;
}

/// The JSON pointer of a node below `in`, behind `prefix`; nothing if it is not there.
std::optional<std::string> pointer_to(const void* node, const document& in, const std::string& prefix) {
    if (&in == node) return prefix;
    if (!in.is_structured()) return std::nullopt;
    for (const auto& member : in.items())
        if (auto found = pointer_to(node, member.value(), prefix + '/' + member.key())) return found;
    return std::nullopt;
}

/// The file of a node and its place there.
std::string where(const void* node) {
    for (const auto& [path, root] : documents())
        if (const auto pointer = pointer_to(node, root, "")) return path + ": " + (pointer->empty() ? "/" : *pointer);
    throw std::logic_error("a JSON value that is in no file");
}

unsigned digit(const value& in, char c) {
    const std::size_t found = std::string_view{"0123456789abcdef"}.find(c);
    if (found == std::string_view::npos) in.refuse("hexadecimal");
    return static_cast<unsigned>(found);
}

} // namespace

bool value::is_object() const { return at(node_).is_object(); }
bool value::is_text() const { return at(node_).is_string(); }
bool value::has(const std::string& key) const { return at(node_).contains(key); }

value value::operator[](const std::string& key) const {
    if (!has(key)) refuse("an object with \"" + key + '"');
    return value{&at(node_).at(key)};
}

std::vector<value> value::items() const {
    if (!at(node_).is_array()) refuse("an array");
    std::vector<value> all;
    for (const document& item : at(node_)) all.emplace_back(&item);
    return all;
}

std::vector<std::pair<std::string, value>> value::members() const {
    if (!is_object()) refuse("an object");
    std::vector<std::pair<std::string, value>> all;
    for (const auto& member : at(node_).items()) all.emplace_back(member.key(), value{&member.value()});
    return all;
}

std::string value::text() const {
    if (!is_text()) refuse("text");
    return at(node_).get<std::string>();
}

std::uint64_t value::number() const {
    if (!at(node_).is_number_unsigned()) refuse("an unsigned integer");
    return at(node_).get<std::uint64_t>();
}

std::uint64_t value::hex_number() const {
    const std::string digits = text();
    if (digits.size() < 3 || digits.size() > 18 || digits.compare(0, 2, "0x") != 0) refuse("a hex number");
    std::uint64_t number = 0;
    for (const char c : digits.substr(2)) number = number << 4 | digit(*this, c);
    return number;
}

std::vector<std::uint8_t> value::bytes() const {
    const std::string digits = text();
    if (digits.size() % 2 != 0) refuse("whole bytes");
    std::vector<std::uint8_t> all;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        all.push_back(static_cast<std::uint8_t>(digit(*this, digits[i]) << 4 | digit(*this, digits[i + 1])));
    return all;
}

bool value::truth() const {
    if (!at(node_).is_boolean()) refuse("true or false");
    return at(node_).get<bool>();
}

void value::refuse(const std::string& wanted) const {
    throw std::runtime_error(where(node_) + ": " + at(node_).dump().substr(0, 60) + " is not " + wanted);
}

value load(const std::string& path) {
    const auto known = documents().find(path);
    if (known != documents().end()) return value{&known->second};
    std::ifstream file(path);
    if (!file) throw std::runtime_error("there is no file " + path);
    try {
        return value{&documents().emplace(path, document::parse(file)).first->second};
    } catch (const std::exception& error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

} // namespace json
