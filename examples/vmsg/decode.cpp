// SPDX-License-Identifier: BSD-2-Clause
// `vmsg decode`: frames as text or JSON.

#include "frame_reader.hpp"
#include "input.hpp"
#include "json.hpp"
#include "revisions.hpp"
#include "verbs.hpp"

namespace tool {

namespace {

std::string decode_as(vmsg::revision r, const delivery& frame, bool as_json) {
    const reading read = read_frame(r, frame, as_json ? form::object : form::text);
    return as_json ? read.object.dump() : read.text;
}

std::string decode_one(const decode_options& options, const std::string& input) {
    const delivery frame = unpack(options.as, input);
    if (options.rev) return decode_as(*options.rev, frame, options.json);
    for (const vmsg::revision r : newest_first) {
        try {
            return decode_as(r, frame, options.json);
        } catch (const rejected&) {
            continue;
        }
    }
    return decode_as(vmsg::newest_revision, frame, options.json);
}

} // namespace

int decode(const decode_options& options) {
    int status = 0;
    for (inputs in{options.inputs}; in.next();) {
        try {
            print_line(decode_one(options, in.text()));
        } catch (const rejected& why) {
            status = 1;
            if (options.json)
                print_line(rejected_object(why).dump());
            else
                in.report(why);
        }
    }
    return status;
}

} // namespace tool
