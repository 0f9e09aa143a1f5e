// SPDX-License-Identifier: BSD-2-Clause
// `vmsg encode`: JSON objects as frames.

#include "input.hpp"
#include "json.hpp"
#include "verbs.hpp"

namespace tool {

int encode(const encode_options& options) {
    int status = 0;
    for (inputs in{options.inputs}; in.next();) {
        try {
            const encoded made = encode_json(in.text(), options.rev);
            print_line(pack(options.as, options.to, made.kind, made.frame));
        } catch (const rejected& why) {
            status = 1;
            print_line("");
            in.report(why);
        }
    }
    return status;
}

} // namespace tool
