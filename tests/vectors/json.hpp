// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What the tests need of JSON, with the parser in one file of its own because it takes long to compile.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace json {

/// A value in a document that stays in memory until the program ends. Asking for something that is not there, or is of
/// another type, throws.
class value {
public:
    explicit value(const void* node) : node_(node) {}

    bool is_object() const;
    bool is_text() const;
    bool has(const std::string& key) const;
    value operator[](const std::string& key) const;
    std::vector<value> items() const;                           ///< of an array
    std::vector<std::pair<std::string, value>> members() const; ///< of an object, in the order of the file
    std::string text() const;
    std::uint64_t number() const;            ///< an unsigned integer, exact up to 2^64 - 1
    std::uint64_t hex_number() const;        ///< of a text like 0x1f
    std::vector<std::uint8_t> bytes() const; ///< of a text of hexadecimal digits
    bool truth() const;

    /// Throws: the file, the place of this value, the value, and what it is not.
    [[noreturn]] void refuse(const std::string& wanted) const;

private:
    const void* node_;
};

/// The document in a file; each file is read once.
value load(const std::string& path);

} // namespace json
