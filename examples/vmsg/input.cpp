// SPDX-License-Identifier: BSD-2-Clause
#include "input.hpp"

#include "hex.hpp"

#include <vmsg/text.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <iostream>

namespace tool {

bool inputs::next() {
    if (!arguments_.empty()) {
        if (number_ == arguments_.size()) return false;
        text_ = arguments_[number_++];
        return true;
    }
    while (std::getline(std::cin, text_)) {
        const std::size_t start = text_.find_first_not_of(white_space);
        if (start == std::string::npos || text_[start] == '#') continue;
        ++number_;
        return true;
    }
    return false;
}

void inputs::report(const rejected& why) const {
    const std::string line = fmt::format("error: {}: {}: {}\n", number_, vmsg::name_of(why.code()), why.detail());
    std::fputs(line.c_str(), stderr);
}

void print_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

} // namespace tool
