// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What CLI11 would take for something else than was meant.

#include <initializer_list>
#include <string>
#include <string_view>

namespace program {

/// A value for one of the options `flags`, which have none, or an option with nothing behind its "=", for which the
/// next argument would be taken: one line about it. Empty if there is nothing like that.
inline std::string misunderstood(int argc, char** argv, std::initializer_list<std::string_view> flags) {
    for (int i = 1; i < argc && std::string_view{argv[i]} != "--"; ++i) {
        const std::string text = argv[i];
        for (const std::string_view flag : flags)
            if (text.starts_with(std::string{flag} + '=')) return text + ": " + std::string{flag} + " takes no value";
        if (text.starts_with("--") && text.ends_with('=')) return text + ": a value expected behind the \"=\"";
    }
    return "";
}

} // namespace program
