// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// From the bytes that a carrier delivered to what they say in some revision.

#include "carriage.hpp"
#include "json.hpp"

#include <vmsg/message/ids.hpp>
#include <vmsg/revision.hpp>

#include <string>

namespace tool {

/// What a frame says, in one of three forms.
enum class form { name, text, object };
struct reading {
    vmsg::message_row row{};
    std::string text; ///< for people, several lines; only in that form
    json object;      ///< only in that form
};

/// Decodes what was delivered as a frame of revision `r`. Throws `rejected`.
reading read_frame(vmsg::revision r, const delivery& d, form wanted);

} // namespace tool
