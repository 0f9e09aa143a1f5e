// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `tool::rejected`: why one input is not good. The others go on.

#include <vmsg/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace tool {

/// Thrown by whatever reads an input and caught by the verb, which reports it.
class rejected : public std::runtime_error {
public:
    rejected(vmsg::errc code, std::string_view detail) : std::runtime_error(std::string{detail}), code_(code) {}

    vmsg::errc code() const { return code_; }
    const char* detail() const { return what(); } ///< what was wrong, where, and what was expected; one line of ASCII

private:
    vmsg::errc code_;
};

} // namespace tool
