// SPDX-License-Identifier: BSD-2-Clause
// `vmsg`: virtio-msg at the bench.

#include "common/arguments.hpp"
#include "common/program.hpp"
#include "hex.hpp"
#include "verbs.hpp"

#include <vmsg/text.hpp>
#include <vmsg/version.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace tool;

/// The value of an option as it was typed, if it was given.
std::optional<std::string> given(const CLI::Option* option) {
    return option->count() == 0 ? std::nullopt : std::optional{option->results().front()};
}

/// Inputs as they were typed. Not bound to a variable: CLI11 would take `{}` for nothing.
CLI::Option* add_inputs(CLI::App* verb, const std::string& name, const std::string& help) {
    return verb->add_option(name)
        ->description(help + "; without any, one per line of standard input")
        ->expected(1, -1)
        ->allow_extra_args()
        ->type_name("");
}

/// The arguments in the reverse order that CLI11 wants. One in brackets gets a blank at its end, where it says nothing,
/// or CLI11 would take it apart.
std::vector<std::string> arguments(int argc, char** argv) {
    std::vector<std::string> all(std::reverse_iterator(argv + argc), std::reverse_iterator(argv + 1));
    for (std::string& text : all)
        if (text.starts_with('[') && text.ends_with(']')) text += ' ';
    return all;
}

/// What CLI11 would misunderstand, or a verb that is none. Empty if there is nothing.
std::string misunderstood(const CLI::App& app, int argc, char** argv) {
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    const auto meant = [&](const CLI::App* verb) { return verb->get_name() == argv[1]; };
    if (argc > 1 && argv[1][0] != '-' && std::none_of(verbs.begin(), verbs.end(), meant))
        return fmt::format("\"{}\" is no verb; decode, encode or identify expected", argv[1]);
    return program::misunderstood(argc, argv, {"--json"});
}

CLI::Option* add_revision(CLI::App* verb, const std::vector<std::string>& more, const std::string& help) {
    std::vector<std::string> names;
    for (const vmsg::revision_row& row : vmsg::revision_rows) names.emplace_back(row.name);
    names.insert(names.end(), more.begin(), more.end());
    return verb->add_option("--rev", help)->type_name("R")->check(CLI::IsMember(names));
}

std::optional<vmsg::revision> revision_of(const CLI::Option* option, std::optional<vmsg::revision> otherwise) {
    const auto name = given(option);
    if (!name) return otherwise;
    const auto named = vmsg::revision_named(*name);
    return named ? std::optional{*named} : std::nullopt;
}

std::string check_endpoint_id(const std::string& text) {
    return parse_endpoint_id(text) ? "" : text + " is no endpoint id (0 to 65535, decimal or 0x)";
}

std::string check_uuid(const std::string& text) {
    return vmsg::parse_uuid(text.data(), text.size()) ? "" : text + " is no UUID";
}

void add_decode(CLI::App& app, int& status) {
    CLI::App* verb = app.add_subcommand("decode", "Show what frames say");
    const auto* rev = add_revision(verb, {"auto"}, "Wire revision, oasis_v2 by default; auto: the newest that fits");
    const auto* as = verb->add_option("--as", "What the input is, message by default: the frame alone, the 18 "
                                              "registers of a direct FF-A message, or the buffer of an indirect one")
                         ->type_name("FORM")
                         ->check(CLI::IsMember(decode_carriages));
    const auto* json = verb->add_flag("--json")->description("One JSON object per input");
    const auto* hex = add_inputs(verb, "HEX", "Frames in hexadecimal");
    verb->callback([=, &status] {
        decode_options options;
        options.rev = revision_of(rev, vmsg::newest_revision);
        if (const auto name = given(as)) options.as = decode_carriages.at(*name);
        options.json = json->count() != 0;
        options.inputs = hex->results();
        status = decode(options);
    });
}

void add_encode(CLI::App& app, int& status) {
    CLI::App* verb = app.add_subcommand("encode", "Make frames from the JSON objects that decode prints");
    const auto* rev = add_revision(verb, {}, "Wire revision, by default the one in the object or oasis_v2");
    const auto* as = verb->add_option("--as", "What to print, message by default: the frame alone, the 18 registers "
                                              "of a direct FF-A message, or the buffer of an indirect one")
                         ->type_name("FORM")
                         ->check(CLI::IsMember(encode_carriages));
    const auto* src =
        verb->add_option("--src", "Endpoint id of the sender, 0 by default")->type_name("ID")->check(check_endpoint_id);
    const auto* dst = verb->add_option("--dst", "Endpoint id of the receiver, 0 by default")
                          ->type_name("ID")
                          ->check(check_endpoint_id);
    const auto* uuid =
        verb->add_option("--uuid", "UUID of the service, zero by default")->type_name("UUID")->check(check_uuid);
    const auto* objects = add_inputs(verb, "JSON", "Messages as JSON objects");
    verb->callback([=, &status] {
        encode_options options;
        options.rev = revision_of(rev, std::nullopt);
        if (const auto name = given(as)) options.as = encode_carriages.at(*name);
        if (const auto id = given(src)) options.to.src = *parse_endpoint_id(*id);
        if (const auto id = given(dst)) options.to.dst = *parse_endpoint_id(*id);
        if (const auto text = given(uuid)) options.to.service = *vmsg::parse_uuid(text->data(), text->size());
        options.inputs = objects->results();
        status = encode(options);
    });
}

void add_identify(CLI::App& app, int& status) {
    CLI::App* verb = app.add_subcommand("identify", "Show what frames are in each revision");
    const auto* json = verb->add_flag("--json")->description("One JSON object per input");
    const auto* hex = add_inputs(verb, "HEX", "Frames in hexadecimal");
    verb->callback([=, &status] { status = identify({.json = json->count() != 0, .inputs = hex->results()}); });
}

int run(int argc, char** argv) {
    int status = 0;
    CLI::App app{"virtio-msg at the bench", "vmsg"};
    app.require_subcommand(1);
    app.set_version_flag("--version",
                         fmt::format("vmsg {}.{}.{}", vmsg::version.major, vmsg::version.minor, vmsg::version.patch));
    add_decode(app, status);
    add_encode(app, status);
    add_identify(app, status);
    if (const std::string wrong = misunderstood(app, argc, argv); !wrong.empty()) {
        fmt::print(stderr, "vmsg: {}\n", wrong);
        return program::usage_status;
    }
    try {
        app.parse(arguments(argc, argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : program::usage_status;
    }
    return status;
}

} // namespace

int main(int argc, char** argv) {
    return program::run("vmsg", [&] { return run(argc, argv); });
}
