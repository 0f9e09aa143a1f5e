// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What each verb does and what it can be told. Each gives the exit status: 0 all good, 1 something was rejected.

#include "carriage.hpp"

#include <vmsg/revision.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tool {

struct decode_options {
    std::optional<vmsg::revision> rev; ///< none: the newest that accepts the frame
    carriage as = carriage::message;
    bool json = false;
    std::vector<std::string> inputs; ///< none: the lines of standard input
};
int decode(const decode_options& options);

struct encode_options {
    std::optional<vmsg::revision> rev; ///< none: as the input says, or the newest
    carriage as = carriage::message;
    address to;
    std::vector<std::string> inputs; ///< none: the lines of standard input
};
int encode(const encode_options& options);

struct identify_options {
    bool json = false;
    std::vector<std::string> inputs; ///< none: the lines of standard input
};
int identify(const identify_options& options);

} // namespace tool
