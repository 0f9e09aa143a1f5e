// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The inputs of a verb, and how it tells what became of each.

#include "rejected.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The arguments or, if there are none, the lines of standard input without the empty ones and those that start with #.
class inputs {
public:
    explicit inputs(const std::vector<std::string>& arguments) : arguments_(arguments) {}

    /// Goes to the next input; false if there is none.
    bool next();
    const std::string& text() const { return text_; }

    /// Writes `error: <input number>: <errc>: <detail>` to standard error.
    void report(const rejected& why) const;

private:
    const std::vector<std::string>& arguments_;
    std::string text_;
    std::size_t number_ = 0;
};

/// Writes a line to standard output at once, so that the order of both outputs is that of the inputs and a program at
/// the other end of a pipe gets an answer for each line that it sends. Failures are found out at the end, by `main`.
void print_line(std::string_view line);

} // namespace tool
