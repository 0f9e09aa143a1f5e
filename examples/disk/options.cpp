// SPDX-License-Identifier: BSD-2-Clause
#include "options.hpp"

#include "common/arguments.hpp"
#include "common/program.hpp"

#include <vmsg/sim/profiles.hpp>
#include <vmsg/text.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <system_error>

namespace disk {

namespace {

/// All of `text` as a decimal number.
std::uint64_t number(const char* option, const std::string& text, const char* what) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw CLI::ValidationError(option, "'" + text + "' is not " + what + "; 0 or more is expected");
    return value;
}

/// The same for what cannot be that many.
std::uint32_t count(const char* option, const std::string& text) {
    const std::uint64_t value = number(option, text, "a number of times");
    if (value > 0xffff'fffe) throw CLI::ValidationError(option, "'" + text + "' is too much");
    return static_cast<std::uint32_t>(value);
}

carriage method_named(const std::string& name) {
    if (name == "loopback") return carriage::loopback;
    if (name == "direct") return carriage::direct;
    if (name == "indirect") return carriage::indirect;
    if (name == "fifo") return carriage::fifo;
    throw CLI::ValidationError("--over", "no method '" + name + "'; loopback, direct, indirect or fifo is expected");
}

const vmsg::sim::profile* spmc_named(const std::string& name) {
    for (const vmsg::sim::profile* p : vmsg::sim::profiles::all)
        if (name == p->name) return p;
    throw CLI::ValidationError("--spmc", "no profile '" + name + "'; hafnium, tfa_el3, optee or xen is expected");
}

/// A percentage with at most two decimals and with or without its sign, in hundredths of a percent.
std::uint32_t percentage(const char* option, const std::string& text) {
    const CLI::ValidationError wrong{option, "'" + text +
                                                 "' is not a percentage; 0% to 100%, with at most two "
                                                 "decimals, is expected"};
    const std::string_view digits = "0123456789";
    std::string_view rest = text;
    if (rest.ends_with('%')) rest.remove_suffix(1);
    const std::size_t point = rest.find('.');
    std::string whole{rest.substr(0, point)};
    std::string decimals{point == std::string_view::npos ? "0" : rest.substr(point + 1)};
    const bool plain = (whole + decimals).find_first_not_of(digits) == std::string::npos;
    if (!plain || whole.empty() || whole.size() > 3 || decimals.empty() || decimals.size() > 2) throw wrong;
    decimals.resize(2, '0');
    const auto value = static_cast<std::uint32_t>(std::stoul(whole + decimals));
    if (value > vmsg::transports::fault_rates::always) throw wrong;
    return value;
}

/// An option for how often something goes wrong.
struct fault_option {
    const char* name;
    std::uint32_t vmsg::transports::fault_rates::*rate;
    const char* what;
};
using rates = vmsg::transports::fault_rates;
constexpr fault_option fault_options[]{
    {"--busy", &rates::busy, "the carrier refuses so many frames as busy"},
    {"--drop", &rates::drop, "so many frames never arrive"},
    {"--late", &rates::delay, "so many frames arrive up to 12 s later"},
    {"--delay", &rates::delay, "the same as --late"},
    {"--duplicate", &rates::duplicate, "so many frames arrive twice"},
    {"--corrupt", &rates::corrupt, "so many frames have a wrong bit, which virtio-msg cannot always tell"},
    {"--reorder", &rates::reorder, "so many frames are overtaken by the next one"},
};

/// An option for what the partition manager does wrong.
struct manager_option {
    const char* name;
    std::uint32_t manager_faults::*times;
    const char* what;
};
constexpr manager_option manager_options[]{
    {"--ffa-busy", &manager_faults::busy, "it answers the first N attempts to send a frame with BUSY"},
    {"--ffa-interrupt", &manager_faults::interrupt, "the device side is interrupted N times in its first message"},
    {"--ffa-zero", &manager_faults::zero, "the first N direct messages get an answer that is all zero"},
};

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
        ->type_name("");
    app.add_option("--rev", revision, "revision to speak: rfc2025, oasis_v1 or oasis_v2")->capture_default_str();
    std::string method = "loopback";
    std::string spmc = "hafnium";
    app.add_option(
           "--over", method,
           "how frames travel: loopback, or direct, indirect or fifo through an FF-A partition manager in memory")
        ->type_name("")
        ->capture_default_str();
    app.add_option("--spmc", spmc, "the partition manager: like hafnium, tfa_el3, optee or xen")
        ->type_name("")
        ->capture_default_str();
    app.add_flag("--in-place", chosen.in_place, "the write step changes IMAGE itself, not a private copy of it");
    app.add_flag("--quiet", chosen.quiet, "do not print the messages");
    app.add_option("--flip", flip, "the device serves byte N of the image inverted, so the hashes must differ")
        ->type_name("N");
    std::string faults[std::size(fault_options)];
    for (std::size_t i = 0; i < std::size(fault_options); ++i)
        app.add_option(fault_options[i].name, faults[i], fault_options[i].what)->type_name("N%")->group("Faults");
    std::string seed;
    std::string restart;
    app.add_option("--seed", seed, "which faults happen: the same N, the same faults (1)")
        ->type_name("N")
        ->group("Faults");
    app.add_option("--restart", restart, "the device side starts anew after it has received N frames, once")
        ->type_name("N")
        ->group("Faults");
    std::string manager_faults[std::size(manager_options)];
    for (std::size_t i = 0; i < std::size(manager_options); ++i)
        app.add_option(manager_options[i].name, manager_faults[i], manager_options[i].what)
            ->type_name("N")
            ->group("Faults of the partition manager");
    app.add_flag("--real-time", chosen.real_time, "wait for time-outs; else a clock jumps when there is nothing to do");
    app.footer("Exit status: 0 everything agreed; 1 it did not, or could not be done; 2 wrong usage.");
    app.failure_message(
        [](const CLI::App*, const CLI::Error& e) { return "error: " + std::string{e.what()} + "; see --help\n"; });
    const auto given = [&](const char* name) { return app.get_option(name)->count() != 0; };
    try {
        if (const std::string wrong = program::misunderstood(argc, argv, {"--in-place", "--quiet", "--real-time"});
            !wrong.empty())
            throw CLI::ParseError(wrong, CLI::ExitCodes::ValidationError);
        app.parse(argc, argv);
        const auto named = vmsg::revision_named(revision);
        if (!named)
            throw CLI::ValidationError("--rev",
                                       "no revision '" + revision + "'; rfc2025, oasis_v1 or oasis_v2 is expected");
        chosen.revision = *named;
        if (given("--flip")) chosen.flip = number("--flip", flip, "a number of bytes");
        for (std::size_t i = 0; i < std::size(fault_options); ++i)
            if (given(fault_options[i].name))
                chosen.faults.*fault_options[i].rate = percentage(fault_options[i].name, faults[i]);
        if (given("--seed")) chosen.seed = number("--seed", seed, "a seed");
        if (given("--restart")) chosen.restart = number("--restart", restart, "a number of frames");
        chosen.method = method_named(method);
        const bool through_manager = chosen.method != carriage::loopback;
        if (!through_manager && given("--spmc"))
            throw CLI::ValidationError("--spmc", "there is no partition manager in --over loopback");
        if (through_manager) chosen.spmc = spmc_named(spmc);
        for (std::size_t i = 0; i < std::size(manager_options); ++i) {
            const auto [name, times, what] = manager_options[i];
            if (!given(name)) continue;
            chosen.manager_faults.*times = count(name, manager_faults[i]);
            if (!through_manager) throw CLI::ValidationError(name, "there is no partition manager in --over loopback");
            if (times == &manager_faults::zero && chosen.method == carriage::indirect)
                throw CLI::ValidationError(name, "there are no direct messages in --over indirect");
        }
        const char* const otherwise = std::getenv("VMSG_DEMO_IMAGE"); // from the script, which makes one
        if (!given("IMAGE") && otherwise != nullptr) chosen.image = otherwise;
        if (chosen.image.empty()) throw CLI::ValidationError("IMAGE", "'' is no name of a file");
    } catch (const CLI::ParseError& e) {
        throw usage_shown{app.exit(e) == 0 ? 0 : program::usage_status};
    }
    return chosen;
}

} // namespace disk
