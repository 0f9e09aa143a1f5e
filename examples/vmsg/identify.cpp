// SPDX-License-Identifier: BSD-2-Clause
// `vmsg identify`: what a frame is in each revision.

#include "frame_reader.hpp"
#include "input.hpp"
#include "json.hpp"
#include "revisions.hpp"
#include "verbs.hpp"

#include <vmsg/text.hpp>

#include <fmt/format.h>

#include <utility>

namespace tool {

namespace {

// What the input is in one revision, or why it is nothing there.
struct finding {
    bool accepted = false;
    std::string line;
    json object;
};

finding identify_as(vmsg::revision r, const std::string& input, bool as_json) {
    try {
        reading read = read_frame(r, unpack(carriage::message, input), as_json ? form::object : form::name);
        return {true, fmt::format("{} {}", read.row.name, vmsg::name_of(read.row.kind)), std::move(read.object)};
    } catch (const rejected& why) {
        return {false, fmt::format("{}: {}", vmsg::name_of(why.code()), why.detail()), rejected_object(why)};
    }
}

} // namespace

int identify(const identify_options& options) {
    int status = 0;
    for (inputs in{options.inputs}; in.next();) {
        json object;
        bool accepted = false;
        for (const vmsg::revision r : newest_first) {
            finding found = identify_as(r, in.text(), options.json);
            accepted = accepted || found.accepted;
            if (options.json)
                object[std::string{vmsg::name_of(r)}] = std::move(found.object);
            else
                print_line(fmt::format("{}: {}", vmsg::name_of(r), found.line));
        }
        if (options.json) print_line(object.dump());
        if (!accepted) status = 1;
    }
    return status;
}

} // namespace tool
