// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What every program beside this file ends with: it prints its text, or compares a page with it.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace docs {

/// Without an argument prints `wanted`. With one: 0 if `right(text)` holds for the text of that file, otherwise 1 and
/// `complaint` with `wanted` behind the name of the file.
template <class Right>
int print_or_compare(int argc, char** argv, const std::string& wanted, const char* complaint, Right right) {
    if (argc != 2) {
        std::fputs(wanted.c_str(), stdout);
        return 0;
    }
    std::ifstream file(argv[1]);
    const std::string there{std::istreambuf_iterator<char>(file), {}};
    if (right(there)) return 0;
    std::printf("%s %s:\n%s", argv[1], complaint, wanted.c_str());
    return 1;
}

/// The same for a page that is nothing but `wanted`.
inline int print_or_compare(int argc, char** argv, const std::string& wanted) {
    return print_or_compare(argc, argv, wanted, "is not what the table says; this is",
                            [&](const std::string& there) { return there == wanted; });
}

} // namespace docs
