// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The byte vectors, section by section: what each vector expects is compared with what the library does, and where the
// library means to differ that is said in deviations.json. The folder is that of the environment variable
// VMSG_VECTORS, or the one beside this file.

#include <cstddef>
#include <string>
#include <vector>

#include "vectors/json.hpp"

/// A file of the folder of vectors.
json::value vector_file(const std::string& name);

/// One section of one file. Its test makes one, judges every vector, and finishes it.
class section {
public:
    section(std::string file, std::string name);

    /// A vector of this name and what it leads to, in words. What differs has to be a known deviation.
    void judge(const std::string& vector, const std::string& expected, const std::string& ours);
    /// The same for a vector that is right or wrong; `wrong` says how, and is empty if it is right.
    void judge(const std::string& vector, const std::string& wrong) { judge(vector, "", wrong); }

    /// Prints the line of this section and fails the test unless there were `count` vectors, all passed, and every
    /// deviation that is noted for the section occurred.
    void finish(std::size_t count);

private:
    std::string file_;
    std::string name_;
    std::size_t passed_ = 0;
    std::size_t failed_ = 0;
    std::vector<std::string> seen_{};
    std::vector<std::string> used_{};
};
