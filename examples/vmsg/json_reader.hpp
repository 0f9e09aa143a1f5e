// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// JSON text as strictly as a message needs it: one object, unsigned integers, no key twice, no deep nesting.

#include "json.hpp"

#include <string>

namespace tool {

/// The object in `text`. Its numbers are unsigned integers of at most 64 bits. Throws `rejected` with the path of what
/// is wrong, for example `fields.features[2]: 1.5 is not an integer`, or its position if it is not JSON.
json parse_object(const std::string& text);

/// A value for an error line, cut off if it is long.
std::string shown(const json& value);

} // namespace tool
