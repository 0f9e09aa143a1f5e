// SPDX-License-Identifier: BSD-2-Clause
#include "options.hpp"

#include <vmsg/text.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <system_error>

namespace disk {

namespace {

/// All of `text` as a decimal number.
std::uint64_t number(const char* option, const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw CLI::ValidationError(option, "'" + text + "' is not a number of bytes; 0 or more is expected");
    return value;
}

} // namespace

options read_options(int argc, char** argv) {
    options chosen;
    std::string revision{vmsg::name_of(chosen.revision)};
    std::string flip;
    CLI::App app{
        "Reads a disk image through virtio-msg: a driver side and a device side with separate memories, in one "
        "process, that share only frames and the areas of AREA_SHARE.",
        "examples/demo"};
    app.add_option("IMAGE", chosen.image, "file to serve as a disk; by default a file system made on the spot")
        ->envname("VMSG_DEMO_IMAGE");
    app.add_option("--rev", revision, "revision to speak: rfc2025, oasis_v1 or oasis_v2")->capture_default_str();
    app.add_flag("--in-place", chosen.in_place, "the write step changes IMAGE itself, not a private copy of it");
    app.add_flag("--quiet", chosen.quiet, "do not print the messages");
    app.add_option("--flip", flip, "the device serves byte N of the image inverted, so the hashes must differ")
        ->type_name("N");
    try {
        app.parse(argc, argv);
        const auto named = vmsg::revision_named(revision);
        if (!named)
            throw CLI::ValidationError("--rev",
                                       "no revision '" + revision + "'; rfc2025, oasis_v1 or oasis_v2 is expected");
        chosen.revision = *named;
        if (!flip.empty()) chosen.flip = number("--flip", flip);
        if (chosen.image.empty()) throw CLI::RequiredError("IMAGE");
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e) == 0 ? 0 : 2);
    }
    return chosen;
}

} // namespace disk
