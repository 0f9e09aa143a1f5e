// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Messages as JSON objects and back. The fields come from the library's layouts: there is no code per message.

#include "rejected.hpp"

#include <vmsg/message/ids.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/tail.hpp>
#include <vmsg/uuid.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace tool {

using json = nlohmann::ordered_json;

/// The object of an accepted message, with "header" and "fields" still empty.
json message_object(vmsg::revision r, const vmsg::message_row& row);

/// The object of a rejected input.
json rejected_object(const rejected& why);

/// A visitor for a layout: puts each field into a JSON object, as an integer, a UUID of 32 digits, or an array of
/// integers.
class json_fields {
public:
    explicit json_fields(json& object) : object_(object) {}

    template <class T> void operator()(const char* name, const T& value) const {
        if constexpr (std::is_enum_v<T> || std::is_integral_v<T>)
            put(name, static_cast<std::uint64_t>(value));
        else
            put(name, value);
    }

private:
    void put(const char* name, std::uint64_t value) const;
    void put(const char* name, const vmsg::uuid& value) const;
    void put(const char* name, const vmsg::wire::tail<std::uint8_t>& value) const;
    void put(const char* name, const vmsg::wire::tail<std::uint32_t>& value) const;

    json& object_;
};

/// A frame made from an object.
struct encoded {
    std::vector<std::uint8_t> frame;
    vmsg::msg_kind kind{};
};

/// Reads the object of one message and encodes it. The revision is `wanted`, else the one that the object names, else
/// the newest. Throws `rejected`.
encoded encode_json(const std::string& text, std::optional<vmsg::revision> wanted);

} // namespace tool
